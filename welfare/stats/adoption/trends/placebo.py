"""Treatments that never were: earlier dates for the same units, and the same dates for other units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.arrays import Adoption

Array = np.ndarray


def earlier(adoption: Adoption, steps: int) -> Adoption:
    """Pretend that every cohort was treated some steps earlier, and keep only rows before the true treatment.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    steps : int
        How much earlier, in the steps that `periods` count; 1 or more.

    Returns
    -------
    Adoption
        Without treated rows, and without units that would have no period before the pretended date: they are left out
        whole. What an estimator finds in it is no effect of the treatment, unless units changed ahead of it.

    Raises
    ------
    BadParameter
        If `steps` is not a whole number from 1 on.
    NotEstimable
        If no cohort has a period before the pretended date and one from then on.
    """
    if not isinstance(steps, int | np.integer) or steps < 1:
        raise BadParameter(
            f"a treatment cannot be pretended {steps!r} steps earlier",
            where="earlier(steps=)",
            todo="Give a whole number from 1 on.",
        )
    ever = adoption.cohort < adoption.never
    true = adoption.periods[np.where(ever, adoption.cohort, 0)]
    pretended = np.where(ever, np.searchsorted(adoption.periods, true - steps), adoption.never)
    # A cohort without a period between the two dates has nothing to show; one without any before has no comparison.
    usable = ~ever | ((pretended >= 1) & (pretended < adoption.cohort))
    rows = ~adoption.treated & usable[adoption.unit]
    found = _taken(replace(adoption, cohort=pretended), rows)
    if not len(found.cohorts) or not found.treated.any():
        raise NotEstimable(
            f"no cohort has a period before a treatment pretended {steps} steps earlier",
            where="earlier",
            spoiled="There is nothing to compare.",
            todo="Pretend fewer steps, or bring earlier periods.",
        )
    return found


def _taken(adoption: Adoption, rows: Array) -> Adoption:
    """Return a panel with some of the rows; units, periods and clusters without a row go."""
    units, unit = np.unique(adoption.unit[rows], return_inverse=True)
    places, period = np.unique(adoption.period[rows], return_inverse=True)
    clusters = np.unique(adoption.cluster[units], return_inverse=True)[1]
    # The first period that is left from the treatment on; none is the code of units that are never treated.
    cohort = np.searchsorted(places, adoption.cohort[units])
    return Adoption(
        outcome=adoption.outcome[rows],
        exposure=None if adoption.exposure is None else adoption.exposure[rows],
        unit=unit,
        period=period,
        periods=adoption.periods[places],
        cohort=cohort,
        cluster=clusters,
        covariates=adoption.covariates[rows],
        labels=adoption.labels[places],
    )


def permuted(adoption: Adoption, generator: np.random.Generator) -> Adoption:
    """Give the dates of treatment to other units at random, as many of each date as there are.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    generator : Generator
        Of the permutation.

    Returns
    -------
    Adoption
        Where all units of each cluster share one date, dates are permuted across clusters; else across the units
        within each cluster.
    """
    if _shared_within(adoption):
        first = _first_of(adoption)
        dates = adoption.cohort[first][generator.permutation(len(first))]
        return replace(adoption, cohort=dates[adoption.cluster])
    order = np.argsort(adoption.cluster, kind="stable")
    drawn = np.lexsort((generator.random(adoption.units), adoption.cluster))
    cohort = np.empty_like(adoption.cohort)
    cohort[order] = adoption.cohort[drawn]
    return replace(adoption, cohort=cohort)


def _first_of(adoption: Adoption) -> Array:
    """Return the first unit of each cluster."""
    return np.unique(adoption.cluster, return_index=True)[1]


def _shared_within(adoption: Adoption) -> bool:
    return bool((adoption.cohort[_first_of(adoption)][adoption.cluster] == adoption.cohort).all())


def assignments(adoption: Adoption) -> float:
    """Return in how many ways dates can be given to units (or clusters) as :func:`permuted` does; infinite if beyond.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    """
    from scipy.special import gammaln

    def ways(dates: Array) -> float:
        counts = np.unique(dates, return_counts=True)[1]
        return float(gammaln(len(dates) + 1) - gammaln(counts + 1).sum())

    if _shared_within(adoption):
        total = ways(adoption.cohort[_first_of(adoption)])
    else:
        groups = np.split(
            adoption.cohort[np.argsort(adoption.cluster, kind="stable")],
            np.cumsum(np.bincount(adoption.cluster))[:-1],
        )
        total = sum(ways(dates) for dates in groups)
    return float("inf") if total > 700 else float(np.round(np.exp(total)))


@dataclass(frozen=True)
class Randomisation:
    """An estimate beside those of dates given out at random.

    Attributes
    ----------
    estimate : float
        With the true dates.
    draws : array of float, shape (draws,)
        With permuted dates; missing where these could not be estimated.
    p_value : float
        (1 + how many are as far from 0) / (1 + draws); a draw that could not be estimated counts as that far.
    failed : int
        How many could not be estimated.
    words : str
        What was permuted, and the least p-value there could be.
    """

    estimate: float
    draws: Array
    p_value: float
    failed: int
    words: str


def randomise(
    adoption: Adoption, estimate: Callable[[Adoption], float], *, draws: int = 999, seed: int = 0
) -> Randomisation:
    """Compare an estimate with what it is when dates of treatment are given to units at random.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    estimate : callable
        From a panel to a number, such as an average effect, or better that over its standard error.
    draws : int
        Permutations.
    seed : int
        Of the permutations.

    Returns
    -------
    Randomisation

    Raises
    ------
    BadParameter
        If there is no draw.
    NotEstimable
        If the true dates give no estimate, or dates cannot be exchanged.

    Notes
    -----
    The p-value is exact if nothing was changed for any unit and any unit could as well have had another's date: where
    large plants were treated first, it is not. It tests no effect for anybody, not an average of none; an estimate over
    its standard error holds better for the latter.

    References
    ----------
    Fisher RA. The design of experiments. Oliver & Boyd, 1935. Phipson B, Smyth GK. Statistical Applications in Genetics
    and Molecular Biology 2010; 9: 39.
    """
    if not isinstance(draws, int | np.integer) or draws < 1:
        raise BadParameter(f"{draws!r} draws are none", where="randomise(draws=)", todo="Give 99 or more.")
    possible = assignments(adoption)
    if possible <= 1:
        raise NotEstimable(
            "dates of treatment cannot be exchanged: all that could exchange them have the same",
            where="randomise",
            spoiled="Every draw would be the true one.",
            todo="Name no cluster, or bring units with other dates.",
        )
    true = float(estimate(adoption))
    if not np.isfinite(true):
        raise NotEstimable(
            "the true dates give no estimate",
            where="randomise",
            spoiled="There is nothing to compare draws with.",
            todo="Use an estimator that these units and periods can carry.",
        )
    generator = np.random.default_rng(seed)
    drawn = np.array([_or_missing(estimate, permuted(adoption, generator)) for _ in range(draws)])
    failed = int((~np.isfinite(drawn)).sum())
    # Rounding must not tell a draw that is the true one from it.
    extreme = int((np.abs(drawn) >= abs(true) * (1 - 1e-9)).sum()) + failed
    across = "clusters" if _shared_within(adoption) and adoption.clusters < adoption.units else "units"
    if not _shared_within(adoption):
        across = "units within clusters"
    few = f"; they can be given in {possible:,.0f} ways, so that no p-value is below {1 / possible:.2g}"
    lost = f"; {failed:,} could not be estimated and count as extreme" if failed else ""
    words = f"Dates of treatment were permuted across {across}, {draws:,} times{few if possible < 1e4 else ''}{lost}."
    return Randomisation(true, drawn, (1 + extreme) / (1 + draws), failed, words)


def _or_missing(estimate: Callable[[Adoption], float], adoption: Adoption) -> float:
    try:
        return float(estimate(adoption))
    except NotEstimable:
        return float("nan")
