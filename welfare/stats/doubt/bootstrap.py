"""The bootstrap by clusters: what estimates would have been with other clusters, for when these are few."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import BadParameter, NotEstimable, WelfareError
from welfare.stats.glm.columns import Columns, Factor
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.maximum import maximise
from welfare.stats.glm.solving import independent

# Webb's six points; below so many clusters two points give too few different draws.
_WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
_FEW_CLUSTERS, _LEAST_DRAWS, _USUAL_DRAWS, _MOST_FAILED = 12, 99, 999, 0.05


@dataclass(frozen=True)
class Bootstrapped:
    """Intervals and p-values of q estimates from a bootstrap.

    Attributes
    ----------
    low, high, p_value : arrays, shape (q,)
    words : str
        How they were made, in a sentence.
    """

    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    words: str


def read_bootstrap(asked: object) -> tuple[str, int]:
    """Return the kind and the number of draws that ``bootstrap=`` asks for.

    Parameters
    ----------
    asked : int, str, or tuple of str and int
        Draws of the wild bootstrap; ``"wild"`` or ``"pairs"``, 999 draws; or the one with the other.

    Raises
    ------
    BadParameter
        If it is neither, or fewer than 99 draws.
    """
    kind, draws = asked if isinstance(asked, tuple) and len(asked) == 2 else ("wild", asked)
    if isinstance(asked, str):
        kind, draws = asked, _USUAL_DRAWS
    if kind in ("wild", "pairs") and isinstance(draws, int) and not isinstance(draws, bool) and draws >= _LEAST_DRAWS:
        return str(kind), draws
    raise BadParameter(
        f"bootstrap={asked!r} is not a number of draws",
        where="count_model(bootstrap=)",
        spoiled="Intervals would be of another kind than meant, or rest on too few draws.",
        todo=f"Give {_LEAST_DRAWS} draws or more, e.g. 999 (wild), or ('pairs', 999).",
    )


def wild(fit: Fit, groups: Factor, std_error: np.ndarray, draws: int, seed: int) -> Bootstrapped:
    """Bootstrap scores: each cluster's pull on the estimates keeps its size and gets a sign, or weight, by chance.

    Parameters
    ----------
    fit : Fit
    groups : Factor
        Cluster of each row, G of them.
    std_error : array, shape (q,)
        Cluster-robust and without a correction (CR0), as each draw's own is.
    draws : int
    seed : int

    Returns
    -------
    Bootstrapped
        Symmetric in t: intervals reach as many standard errors either side as 95% of draws' estimates lie from 0 by
        their own. Weights are 1 and -1, below 12 clusters Webb's six.

    References
    ----------
    Kline P, Santos A. A score based approach to wild bootstrap inference. Journal of Econometric Methods 2012; 1:
    23-41. Webb MD. Reworking wild bootstrap-based inference for clustered errors. Canadian Journal of Economics 2023;
    56: 839-858.
    """
    rng = np.random.default_rng(seed)
    sums, inverse, reporting = fit.score_sums(groups), fit.small_inverse, fit.columns.reporting
    own = fit.products_by(groups)
    points = _WEBB if groups.levels < _FEW_CLUSTERS else np.array([-1.0, 1.0])
    sizes = np.empty((draws, reporting.shape[1]))
    for draw in range(draws):
        weights = rng.choice(points, groups.levels)
        shift = inverse @ (weights @ sums)
        # What each cluster's score is once the estimates have moved.
        moved = weights[:, None] * sums - own @ shift
        error = np.sqrt((((moved @ inverse) @ reporting) ** 2).sum(axis=0))
        sizes[draw] = np.abs(reporting.T @ shift) / error
    found = np.abs(fit.estimates) / std_error
    # The draw in hand counts as one of them, so that no p-value is 0 (Davison and Hinkley 1997, section 4.2).
    p_value = (1 + (sizes >= found * (1 - 1e-12)).sum(axis=0)) / (draws + 1)
    reach = np.quantile(sizes, 0.95, axis=0, method="higher") * std_error
    words = (
        f"Intervals and p-values are from {draws:,} draws of the wild score bootstrap over {groups.levels:,} clusters "
        f"({'six-point' if len(points) == 6 else 'two-point'} weights, symmetric in t)."
    )
    return Bootstrapped(fit.estimates - reach, fit.estimates + reach, p_value, words)


def pairs(fit: Fit, groups: Factor, draws: int, seed: int) -> Bootstrapped:
    """Bootstrap clusters whole: as many as there are, drawn with replacement, and the model fitted anew.

    Parameters
    ----------
    fit : Fit
        A negative binomial's own parameter is held where it is.
    groups : Factor
        Cluster of each row.
    draws : int
    seed : int

    Returns
    -------
    Bootstrapped
        Percentile intervals; the p-value is twice the smaller share of draws on either side of 0.

    Raises
    ------
    NotEstimable
        If more than one draw in twenty cannot be fitted, so that the rest are no fair sample.

    References
    ----------
    Cameron AC, Gelbach JB, Miller DL. Review of Economics and Statistics 2008; 90: 414-427.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(groups.codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(groups.codes, minlength=groups.levels))[:-1])
    found = []
    for _ in range(draws):
        rows = np.concatenate([members[at] for at in rng.integers(0, groups.levels, groups.levels)])
        estimates = _refitted(fit, rows)
        if estimates is not None:
            found.append(estimates)
    failed = draws - len(found)
    if failed > _MOST_FAILED * draws:
        raise NotEstimable(
            f"{failed:,} of {draws:,} draws of clusters cannot be fitted",
            where="count_model(bootstrap=)",
            spoiled="The draws that can be fitted are no fair sample of all.",
            todo="Use the wild bootstrap, e.g. bootstrap=999, or fewer terms.",
        )
    drawn = np.array(found)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    below = ((drawn <= 0).sum(axis=0) + 1) / (len(drawn) + 1)
    above = ((drawn >= 0).sum(axis=0) + 1) / (len(drawn) + 1)
    words = (
        f"Intervals and p-values are percentiles of {len(drawn):,} draws of {groups.levels:,} whole clusters with "
        f"replacement{f'; {failed:,} more could not be fitted' if failed else ''}."
    )
    return Bootstrapped(low, high, np.minimum(2 * np.minimum(below, above), 1.0), words)


def _refitted(fit: Fit, rows: np.ndarray) -> np.ndarray | None:
    """Return the estimates from some rows, None where these cannot carry them."""
    columns = _used_levels(fit.columns.take(rows))
    outcome, offset = fit.outcome[rows], fit.offset[rows]
    kept = independent(columns, np.ones(len(rows)))
    if not (columns.reporting[~kept] == 0).all() or not outcome.any():
        return None
    trials = getattr(fit.family, "trials", None)
    family = fit.family if trials is None else replace(fit.family, trials=trials[rows])  # type: ignore[type-var]
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            maximum = maximise(family, outcome, columns, offset, kept)
    except WelfareError:
        return None
    estimates = np.asarray(columns.reporting.T @ maximum.solution.estimates)
    # A draw without an event on one side of a comparison runs off: no finite estimate exists.
    return estimates if np.abs(maximum.linear).max() < 30 + np.abs(fit.maximum.linear).max() else None


def _used_levels(columns: Columns) -> Columns:
    """Give the absorbed levels new numbers, without those that no row has."""
    renumbered = []
    for factor in columns.absorbed:
        levels, codes = np.unique(factor.codes, return_inverse=True)
        renumbered.append(Factor(codes.astype(np.int64), len(levels)))
    return replace(columns, absorbed=tuple(renumbered))
