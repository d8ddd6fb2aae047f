"""The static two-way estimate of a change adopted at different dates: what a naive analysis would report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from welfare.errors import NoDenominator, NotEstimable
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.design.separation import separated_rows
from welfare.stats.doubt.reach import degrees_of, p_values, reach_of
from welfare.stats.glm.columns import Columns, Factor
from welfare.stats.glm.likelihoods import fit_poisson
from welfare.stats.glm.solving import independent, solve

Array = np.ndarray

_NOTHING_LEFT = 1e-9


@dataclass(frozen=True)
class TwoWay:
    """One effect for all cohorts and periods, unit and period effects held fixed.

    Attributes
    ----------
    estimate : float
        A difference; the logarithm of a ratio where the model is multiplicative.
    std_error : float
        Clustered, CR1: G/(G-1) x (n-1)/(n-k), unit effects not counted in k where they lie within the clusters.
    low, high : float
        95% interval.
    p_value : float
        Of no effect.
    degrees : float
        Of Student's t; infinite for the normal.
    clusters : int
        How many there are among the rows used.
    used : array of bool, shape (n,)
        Rows of the panel that were used; of a multiplicative model, those whose unit and period counted anything and
        which no estimate fits at infinity.
    left : array of float, shape (n,)
        What unit and period effects and covariates leave of treatment in each row, times the row's weight in the fit:
        the estimate is the sum of `left` times what is explained, over the sum of `left` in treated rows. 0 where a
        row was not used.
    multiplicative : bool
        Whether the model is of ratios (Poisson).
    words : str
        How errors were made, in a sentence.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    degrees: float
    clusters: int
    used: Array
    left: Array
    multiplicative: bool
    words: str


def two_way(adoption: Adoption, *, family: str = "gaussian") -> TwoWay:
    """Fit one effect of treatment beside unit and period effects.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    family : {"gaussian", "poisson"}
        Differences by least squares; or ratios of rates, by a Poisson model with the exposure as offset.

    Returns
    -------
    TwoWay

    Raises
    ------
    NotEstimable
        If unit and period effects and covariates leave nothing of treatment, or there is one cluster.
    NoDenominator
        If `family` is gaussian and the panel has an exposure: differences of counts would ignore it.

    Notes
    -----
    It misleads where effects differ between cohorts or grow with time: units treated already then serve as controls
    for those treated later, and some effects enter with negative weight. See
    :func:`welfare.stats.adoption.naive.decomposition.cell_weights`.

    References
    ----------
    Goodman-Bacon A. Difference-in-differences with variation in treatment timing. Journal of Econometrics 2021; 225:
    254-277.
    """
    if family == "poisson":
        return _poisson(adoption)
    if adoption.exposure is not None:
        raise NoDenominator(
            "a difference of counts takes no exposure",
            where="two_way(family='gaussian')",
            spoiled="A place that grew would seem to have become worse.",
            todo="Use family='poisson', or give rates as the outcome and no exposure.",
        )
    treated = adoption.treated.astype(float)
    others, effects = _within_units(adoption), (_units(adoption), _periods(adoption))
    columns = Columns(others, absorbed=effects)
    balanced = not others.shape[1] and len(treated) == adoption.units * len(adoption.periods)
    rest = partial(_centred, adoption) if balanced else partial(residual, columns)
    left = rest(treated)
    _refuse_nothing_left(left, treated)
    left = rest(left)  # once more: the digits that a first round loses
    estimate = float(left @ adoption.outcome / (left @ treated))
    unexplained = rest(adoption.outcome - estimate * treated)
    beside = len(adoption.periods) - 1 if balanced else int(independent(columns, np.ones(columns.rows)).sum())
    return _told(adoption, estimate, left, left @ treated, left * unexplained, beside, np.ones(len(left), dtype=bool))


def _centred(adoption: Adoption, values: Array) -> Array:
    """Return what unit and period effects leave of values where every unit has every period: it has a closed form."""
    by_unit = np.bincount(adoption.unit, values) / len(adoption.periods)
    by_period = np.bincount(adoption.period, values) / adoption.units
    return np.asarray(values - by_unit[adoption.unit] - by_period[adoption.period] + by_period.mean())


def residual(columns: Columns, values: Array, weights: Array | None = None) -> Array:
    """Return what weighted least squares on columns leaves of values, shape (n,).

    Parameters
    ----------
    columns : Columns
        Absorbed effects among them.
    values : array of float, shape (n,)
        What is to be explained.
    weights : array of float, shape (n,), optional
        Above 0; 1 by default.
    """
    weights = np.ones(len(values)) if weights is None else weights
    kept = independent(columns, weights)
    found = solve(columns, weights, values, kept)
    return np.asarray(values - columns.linear(found.estimates, found.swept))


def _units(adoption: Adoption) -> Factor:
    return Factor(adoption.unit, adoption.units)


def _periods(adoption: Adoption) -> Factor:
    return Factor(adoption.period, len(adoption.periods))


def _within_units(adoption: Adoption) -> Array:
    """Return covariates about their unit's mean: what unit effects leave of them, kept free of their level's digits."""
    rows = np.maximum(np.bincount(adoption.unit, minlength=adoption.units), 1)
    centred = adoption.covariates.astype(float).copy()
    for at in range(centred.shape[1]):
        centred[:, at] -= (np.bincount(adoption.unit, centred[:, at], adoption.units) / rows)[adoption.unit]
    moving = np.abs(centred).max(axis=0, initial=0) > _NOTHING_LEFT * np.abs(adoption.covariates).max(axis=0, initial=0)
    return centred[:, moving]


def _refuse_nothing_left(left: Array, treated: Array) -> None:
    if left @ left <= _NOTHING_LEFT * max(float(treated @ treated), 1.0):
        raise NotEstimable(
            "unit and period effects leave nothing of treatment",
            where="two_way",
            spoiled="There is no row with which treated rows can be compared.",
            todo="Bring units that are treated later or never, and periods before treatment.",
        )


def _poisson(adoption: Adoption) -> TwoWay:
    used = _rows_with_counts(adoption)
    offset = np.zeros(len(used)) if adoption.exposure is None else np.log(adoption.exposure)
    treated, others = adoption.treated.astype(float), _within_units(adoption)
    whole = Columns(np.column_stack([treated, others]), absorbed=(_units(adoption), _periods(adoption)))
    for _ in range(len(used)):
        columns = _compact(whole.take(used))
        lost = separated_rows(adoption.outcome[used], columns)
        if not lost.any():
            break
        used[np.flatnonzero(used)[lost]] = False
        used &= _rows_with_counts(adoption, used)
    if not used.any() or not adoption.treated[used].any() or adoption.treated[used].all():
        raise NotEstimable(
            "no treated and untreated rows are left whose unit and period counted anything",
            where="two_way(family='poisson')",
            spoiled="A ratio of nothing to nothing has no size.",
            todo="Use longer periods or larger units.",
        )
    rest = Columns(columns.dense[:, 1:], absorbed=columns.absorbed)
    _refuse_nothing_left(residual(rest, treated[used]), treated[used])
    fit = fit_poisson(adoption.outcome[used], columns, offset[used])
    left = residual(rest, treated[used], fit.weights)
    left = residual(rest, left, fit.weights)
    every = np.zeros(len(used))
    every[used] = left * fit.weights
    scores = np.zeros(len(used))
    scores[used] = left * fit.slopes
    information = float(every[used] @ treated[used])
    beside = int(independent(rest, np.ones(rest.rows)).sum())
    return _told(adoption, float(fit.estimates[0]), every, information, scores, beside, used, multiplicative=True)


def _rows_with_counts(adoption: Adoption, among: Array | None = None) -> Array:
    """Return the rows whose unit and whose period counted something; the others fit at a rate of nothing."""
    used = np.ones(len(adoption.outcome), dtype=bool) if among is None else among.copy()
    while True:
        counts = np.where(used, adoption.outcome, 0.0)
        by_unit = np.bincount(adoption.unit, counts, adoption.units)
        by_period = np.bincount(adoption.period, counts, len(adoption.periods))
        kept = used & (by_unit[adoption.unit] > 0) & (by_period[adoption.period] > 0)
        if (kept == used).all():
            return used
        used = kept


def _compact(columns: Columns) -> Columns:
    """Return the same columns with only the levels that occur."""
    factors = []
    for factor in columns.absorbed:
        levels, codes = np.unique(factor.codes, return_inverse=True)
        factors.append(Factor(codes.astype(np.int64), len(levels)))
    return Columns(columns.dense, absorbed=tuple(factors))


def _told(
    adoption: Adoption,
    estimate: float,
    left: Array,
    information: float,
    scores: Array,
    beside: int,
    used: Array,
    *,
    multiplicative: bool = False,
) -> TwoWay:
    cluster = adoption.cluster[adoption.unit]
    many = int((np.bincount(cluster[used]) > 0).sum())
    if many < 2:
        raise NotEstimable(
            "all rows belong to one cluster",
            where="two_way",
            spoiled="The spread between clusters cannot be seen from one.",
            todo="Cluster by a finer unit.",
        )
    sums = np.bincount(cluster, scores)
    # A unit lies within one cluster by construction: its effect does not count, but for the level of all.
    rows, estimated = int(used.sum()), 1 + beside + 1
    factor = many / (many - 1) * (rows - 1) / max(rows - estimated, 1)
    error = float(np.sqrt(factor * (sums @ sums)) / information)
    if np.count_nonzero(np.bincount(cluster[used & adoption.treated])) < 2:
        error = np.nan  # one cluster shows no spread
    degrees = degrees_of(many)
    reach = reach_of(degrees) * error
    p_value = p_values(np.array([estimate]), np.array([error]), degrees)[0] if error > 0 else np.nan
    by = "the normal" if np.isinf(degrees) else f"Student's t with {degrees:.0f} degrees of freedom"
    words = f"Errors are clustered (CR1), {many:,} clusters; intervals use {by}."
    return TwoWay(
        estimate=estimate,
        std_error=error,
        low=estimate - float(reach),
        high=estimate + float(reach),
        p_value=float(p_value),
        degrees=float(degrees),
        clusters=many,
        used=used,
        left=left,
        multiplicative=multiplicative,
        words=words,
    )
