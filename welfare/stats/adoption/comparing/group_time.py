"""Group-time effects: what became of a cohort, less what became of those not treated then (Callaway and Sant'Anna)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.cells import ALONE, Explained, unseen
from welfare.stats.adoption.arrays import Adoption, Array, Effects, sum_by_cluster
from welfare.stats.adoption.comparing.doubly_robust import doubly_robust


@dataclass(frozen=True)
class Wide:
    """Outcomes by period and unit, missing where a unit has no row.

    Attributes
    ----------
    outcome : array of float, shape (T, U)
    known : array of bool, shape (T, U)
        Where it is not missing.
    exposure : array of float, shape (T, U), or None
    covariates : array of float, shape (T, U, k)
    """

    outcome: Array
    known: Array
    exposure: Array | None
    covariates: Array


def group_time(adoption: Adoption, *, control: str = "never", ratio: bool = False) -> Explained:
    """Compare each cohort's change since the period before its own adoption with that of untreated units.

    Parameters
    ----------
    adoption : Adoption
        With covariates, the doubly robust estimator is used, with their values in the earlier of the two periods.
    control : {"never", "notyet"}
        Whom a cohort is compared with: units never treated, or all not treated by the later of the two periods.
    ratio : bool
        Compare ratios of rates instead of differences: estimates are then logarithms of ratios of ratios, of totals of
        counts over totals of exposure.

    Returns
    -------
    Explained
        One per cohort and period after the first; before adoption, the change since the period before (a varying base),
        which says whether the cohorts moved alike. Units count in a comparison where they have a row in both periods.

    Raises
    ------
    NotEstimable
        If there is nobody to compare with.

    Notes
    -----
    Where every unit is treated in the end, the last cohort is the comparison and has no effects of its own, and no
    period after its adoption can be judged, as in R's did. Errors are analytic and clustered.

    References
    ----------
    Callaway B, Sant'Anna PHC. Journal of Econometrics 2021; 225: 200-230.
    """
    wide = _widen(adoption)
    cohorts, last = _judged(adoption, control)
    pairs = [(cohort, at) for cohort in cohorts for at in range(1, last)]
    influence = np.zeros((len(pairs), adoption.units))
    estimate = np.full(len(pairs), np.nan)
    reason = np.full(len(pairs), "", dtype=object)
    alone = np.zeros(len(pairs), dtype=bool)
    used = np.zeros_like(wide.known)
    for place, (cohort, at) in enumerate(pairs):
        base = cohort - 1 if at >= cohort else at - 1
        there = wide.known[at] & wide.known[base]
        mine = there & (adoption.cohort == cohort)
        beside = there & _untreated(adoption, cohort, max(at, base), control)
        treated, others = np.flatnonzero(mine), np.flatnonzero(beside)
        if not len(treated) or not len(others):
            reason[place] = "nobody in both periods to compare"
            continue
        estimate[place] = _compared(wide, treated, others, at, base, ratio, influence[place])
        if np.isnan(estimate[place]):
            reason[place] = "no events" if ratio else "covariates tell who adopts, or repeat one another"
            continue
        alone[place] = any(_one_cluster(adoption, side) for side in (treated, others))
        for period in (at, base):
            used[period] |= mine | beside
    influence[np.isnan(estimate)] = np.nan
    summed = sum_by_cluster(influence.T, adoption)
    cohort_of, period_of = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    return Explained(
        cohort=cohort_of,
        period=period_of,
        estimate=estimate,
        covariance=unseen(summed.T @ summed, alone),
        weight=np.bincount(adoption.cohort, minlength=adoption.never + 1)[cohort_of].astype(float),
        influence=summed,
        words="Errors are from each unit's influence on the estimate (analytic, as R's did prints them), summed by "
        "cluster; of C clusters of several units times C / (C - 1)." + (ALONE if alone.any() else ""),
        row_reason=_unused(adoption, used, last),
        cell_reason=reason,
        alone=alone,
    )


def from_last_before(effects: Effects) -> Effects:
    """Turn changes since the period before into differences from the last period before adoption.

    Parameters
    ----------
    effects : Effects
        Of :func:`group_time`.

    Returns
    -------
    Effects
        Those before adoption are summed backwards; the last period before it, which is the reference, has none.
    """
    before = effects.period < effects.cohort
    turn = np.diag((~before).astype(float))
    for place in np.flatnonzero(before):  # what changed into this period and the later ones, taken back
        later = before & (effects.cohort == effects.cohort[place]) & (effects.period >= effects.period[place])
        turn[later, place] = -1.0
    unknown = np.isnan(effects.estimate)
    lost = (turn[unknown] != 0).any(axis=0)
    uncertain = (turn[np.isnan(np.diag(effects.covariance))] != 0).any(axis=0)
    estimate = np.where(lost, np.nan, np.where(unknown, 0.0, effects.estimate) @ turn)
    covariance = turn.T @ np.nan_to_num(effects.covariance) @ turn
    covariance[uncertain] = covariance[:, uncertain] = np.nan
    influence = None if effects.influence is None else np.nan_to_num(effects.influence) @ turn
    return Effects(
        effects.cohort,
        np.where(before, effects.period - 1, effects.period),
        estimate,
        covariance,
        effects.weight,
        influence,
        effects.words,
    )


def _one_cluster(adoption: Adoption, units: Array) -> bool:
    if adoption.clusters == adoption.units:
        return len(units) == 1
    return bool(np.ptp(adoption.cluster[units]) == 0)


def _unused(adoption: Adoption, used: Array, last: int) -> Array:
    """Return why rows are in no comparison, shape (n,); empty for those that are."""
    seen, judged = used[adoption.period, adoption.unit], adoption.period < last
    if seen.all() and judged.all():
        return np.full(len(seen), "")  # short text compares fast, where rows are many
    reason = np.full(len(seen), "", dtype=object)
    reason[~seen] = "in no comparison that could be made"
    reason[~judged] = "no controls: every cohort is treated by then"
    return reason


def _widen(adoption: Adoption) -> Wide:
    shape = (len(adoption.periods), adoption.units)
    at = (adoption.period, adoption.unit)

    def spread(values: Array) -> Array:
        wide = np.full((*shape, *values.shape[1:]), np.nan)
        wide[at] = values
        return wide

    exposure = None if adoption.exposure is None else spread(adoption.exposure)
    outcome = spread(adoption.outcome)
    return Wide(outcome, ~np.isnan(outcome), exposure, spread(adoption.covariates))


def _judged(adoption: Adoption, control: str) -> tuple[Array, int]:
    """Return the cohorts whose effects can be judged, and the first period in which none can."""
    never_treated = bool((adoption.cohort == adoption.never).any())
    cohorts = adoption.cohorts
    if never_treated:
        return cohorts, len(adoption.periods)
    if control == "never":
        raise NotEstimable(
            "every unit adopts the change in the end: none is never treated",
            where="event_study(control='never')",
            spoiled="There would be nobody to compare with.",
            todo="Use control='notyet', which compares with units that adopt later.",
        )
    if len(cohorts) < 2:
        raise NotEstimable(
            "all units adopt the change in the same period",
            where="event_study(treated_from=)",
            spoiled="There is nobody to compare with: whatever else happened then would be taken for the effect.",
            todo="Add units that did not adopt it, or look at it as an interrupted series, which says what it assumes.",
        )
    return cohorts[:-1], int(cohorts[-1])


def _untreated(adoption: Adoption, cohort: int, by: int, control: str) -> Array:
    never = adoption.cohort == adoption.never
    if control == "never":
        return never
    return never | ((adoption.cohort > by) & (adoption.cohort != cohort))


def _compared(wide: Wide, treated: Array, others: Array, at: int, base: int, ratio: bool, influence: Array) -> float:
    """Return one comparison and write what each unit adds to it into `influence`; missing where it cannot be made."""
    if ratio:
        one, of_treated = _log_growth(wide, treated, at, base)
        other, of_others = _log_growth(wide, others, at, base)
    elif wide.covariates.shape[2]:
        both = np.concatenate([treated, others])
        change = wide.outcome[at, both] - wide.outcome[base, both]
        found = doubly_robust(change, np.arange(len(both)) < len(treated), wide.covariates[min(at, base), both])
        influence[both] = found.influence
        return found.estimate
    else:
        one, of_treated = _mean_change(wide.outcome[at, treated] - wide.outcome[base, treated])
        other, of_others = _mean_change(wide.outcome[at, others] - wide.outcome[base, others])
    influence[treated], influence[others] = of_treated, -of_others
    return one - other


def _mean_change(change: Array) -> tuple[float, Array]:
    mean = float(change.mean())
    return mean, (change - mean) / len(change)


def _log_growth(wide: Wide, units: Array, at: int, base: int) -> tuple[float, Array]:
    """Return the logarithm of the ratio of two rates, of totals over totals, and what each unit adds to it."""
    log_rate, influence = [], []
    for period in (at, base):
        counts = wide.outcome[period, units]
        over = np.ones(len(units)) if wide.exposure is None else wide.exposure[period, units]
        total = counts.sum()
        if total == 0:  # no logarithm of nothing
            return np.nan, np.full(len(units), np.nan)
        rate = total / over.sum()
        log_rate.append(np.log(rate))
        influence.append((counts - rate * over) / total)
    return float(log_rate[0] - log_rate[1]), influence[0] - influence[1]
