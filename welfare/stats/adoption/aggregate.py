"""Averages of effects over cohorts and periods, with the errors that their dependence and their weights give."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.arrays import Adoption, Array, Effects, sum_by_cluster

KINDS = ("simple", "dynamic", "group", "calendar")
# An average of which more than this share is of effects whose error cannot be seen has none either.
_UNSEEN = 0.1


@dataclass(frozen=True)
class Averages:
    """Averages of effects, k of them.

    Attributes
    ----------
    step : array of int, shape (k,)
        What each is at: steps since adoption, or a place in the periods (a cohort's, a period's).
    cohorts : array of int, shape (k,)
        How many cohorts each is an average over.
    estimate : array of float, shape (k,)
    covariance : array of float, shape (k, k)
    influence : array of float, shape (C, k), or None
        As :class:`welfare.stats.adoption.arrays.Effects` has it.
    """

    step: Array
    cohorts: Array
    estimate: Array
    covariance: Array
    influence: Array | None


def by_horizon(adoption: Adoption, effects: Effects, *, shares: bool) -> Averages:
    """Average effects over the cohorts, at each number of steps since adoption.

    Parameters
    ----------
    adoption : Adoption
    effects : Effects
        Those that could not be estimated are left out of the averages.
    shares : bool
        Whether weights are shares of cohorts among the units, drawn like the units: their doubt then enters, as in R's
        did. Else weights are fixed numbers of rows.
    """
    steps = adoption.periods[effects.period] - adoption.periods[effects.cohort]
    return _averaged(adoption, effects, steps, shares=shares)


def overall(adoption: Adoption, effects: Effects, kind: str, *, shares: bool) -> tuple[float, float]:
    """Average all effects after adoption, and return the average and its standard error.

    Parameters
    ----------
    adoption : Adoption
    effects : Effects
    kind : {"simple", "dynamic", "group", "calendar"}
        Over all cells by weight; over steps since adoption, each the same; over cohorts by weight, each first averaged
        over its periods; over calendar periods, each the same.
    shares : bool
        As :func:`by_horizon`.

    Raises
    ------
    BadParameter
        If the kind is none of these.
    NotEstimable
        If no effect after adoption could be estimated.

    References
    ----------
    Callaway B, Sant'Anna PHC. Journal of Econometrics 2021; 225: 200-230, section 3.
    """
    if kind not in KINDS:
        raise BadParameter(
            f"no average of effects is called {kind!r}",
            where="EventStudy.overall",
            spoiled="Another average would be printed under that name.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )
    after = _only(effects, (effects.period >= effects.cohort) & ~np.isnan(effects.estimate))
    if not len(after.estimate):
        raise NotEstimable(
            "no effect after adoption could be estimated",
            where="EventStudy.overall",
            spoiled="There is nothing to average.",
            todo="Look at the table: each cell needs treated and untreated units in both of its periods.",
        )
    steps = adoption.periods[after.period] - adoption.periods[after.cohort]
    if kind == "simple":
        parts = _averaged(adoption, after, np.zeros(len(after.estimate), dtype=np.int64), shares=shares)
    elif kind == "group":
        return _over_cohorts(adoption, after, shares)
    else:
        parts = _averaged(adoption, after, steps if kind == "dynamic" else after.period, shares=shares)
    even = np.full(len(parts.step), 1 / len(parts.step))
    if even @ np.isnan(np.diag(parts.covariance)) > _UNSEEN:
        return float(even @ parts.estimate), np.nan
    return float(even @ parts.estimate), _root(even @ np.nan_to_num(parts.covariance) @ even)


def _over_cohorts(adoption: Adoption, after: Effects, shares: bool) -> tuple[float, float]:
    """Average each cohort over its periods, then the cohorts by their size."""
    flat = replace(after, weight=np.ones(len(after.estimate)))
    each = _averaged(adoption, flat, after.cohort, shares=False)
    if shares:
        size = np.bincount(adoption.cohort, minlength=adoption.never + 1)[each.step].astype(float)
    else:
        size = np.array([after.weight[after.cohort == cohort].sum() for cohort in each.step])
    cohorts = Effects(each.step, each.step, each.estimate, each.covariance, size, each.influence, after.words)
    parts = _averaged(adoption, cohorts, np.zeros(len(each.step), dtype=np.int64), shares=shares)
    return float(parts.estimate[0]), _root(parts.covariance[0, 0])


def _averaged(adoption: Adoption, effects: Effects, at: Array, *, shares: bool) -> Averages:
    """Average effects of the same `at` by their weights."""
    known = _only(effects, ~np.isnan(effects.estimate))
    levels, place = np.unique(at[~np.isnan(effects.estimate)], return_inverse=True)
    weight = np.zeros((len(known.estimate), len(levels)))
    weight[np.arange(len(place)), place] = known.weight
    weight /= weight.sum(axis=0)
    estimate = weight.T @ known.estimate
    cohorts = np.array([len(np.unique(known.cohort[place == level])) for level in range(len(levels))], dtype=np.int64)
    if known.influence is None:
        return Averages(levels, cohorts, estimate, weight.T @ known.covariance @ weight, None)
    influence = known.influence
    if np.isnan(influence).any():
        influence = np.nan_to_num(influence)
    influence = influence @ weight
    if shares:
        influence = influence + _of_shares(adoption, known, place, estimate, len(levels))
    influence[:, np.isnan(np.diag(known.covariance)) @ weight > _UNSEEN] = np.nan
    return Averages(levels, cohorts, estimate, influence.T @ influence, influence)


def _of_shares(adoption: Adoption, known: Effects, place: Array, estimate: Array, levels: int) -> Array:
    """Return what each cluster adds because the cohorts' shares, which are the weights, are estimated too."""
    share = np.bincount(adoption.cohort, minlength=adoption.never + 1) / adoption.units
    by_cohort = np.zeros((adoption.never + 1, levels))
    for level in range(levels):
        cells = np.flatnonzero(place == level)
        cohort, off = known.cohort[cells], known.estimate[cells] - estimate[level]
        # Weighed by the shares, what effects are off their average sums to nothing: no unit's mean need be taken away.
        np.add.at(by_cohort[:, level], cohort, off / share[cohort].sum())
    return sum_by_cluster(by_cohort[adoption.cohort] / adoption.units, adoption)


def _only(effects: Effects, keep: Array) -> Effects:
    if keep.all():
        return effects
    return Effects(
        effects.cohort[keep],
        effects.period[keep],
        effects.estimate[keep],
        effects.covariance[np.ix_(keep, keep)],
        effects.weight[keep],
        None if effects.influence is None else effects.influence[:, keep],
        effects.words,
    )


def _root(variance: float) -> float:
    return float(np.sqrt(max(variance, 0.0)))
