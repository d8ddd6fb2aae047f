"""One question to three estimators, and their answers in one form: effects, averages, what was there before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.aggregate import Averages, by_horizon
from welfare.stats.adoption.arrays import Adoption, Array, Effects
from welfare.stats.adoption.comparing.group_time import from_last_before, group_time
from welfare.stats.adoption.imputing.imputation import impute
from welfare.stats.adoption.imputing.imputation_leads import Leads, leads, leads_poisson
from welfare.stats.adoption.imputing.poisson_imputation import impute_poisson
from welfare.stats.adoption.question import EventQuestion
from welfare.stats.adoption.saturating.saturated import saturate
from welfare.stats.adoption.saturating.saturated_poisson import saturate_poisson
from welfare.stats.adoption.trends.pretrend import wald
from welfare.stats.doubt.reach import p_values

_LEADS = 5
# Clusters for each effect before adoption: for a test of all cells at once, and of their averages by steps.
_PER_CELL, _PER_EFFECT = 20, 3


@dataclass(frozen=True)
class Answer:
    """What an estimator says.

    Attributes
    ----------
    effects : Explained
        By cohort and period.
    averages : Averages
        By steps since adoption; with imputation those before adoption are from untreated rows alone.
    pretrend_p : float
        Of no difference before adoption, jointly; missing where there is no period to see it in.
    """

    effects: Explained
    averages: Averages
    pretrend_p: float


def estimated(question: EventQuestion, data: Adoption) -> Effects:
    """Return effects by cohort and period alone, as placebos take them.

    Parameters
    ----------
    question : EventQuestion
    data : Adoption
    """
    return _effects(question, data)


def answer(question: EventQuestion, data: Adoption) -> Answer:
    """Put a question to the estimator that it names.

    Parameters
    ----------
    question : EventQuestion
    data : Adoption

    Raises
    ------
    NotEstimable
        If there is nobody to compare with.
    """
    effects = _effects(question, data)
    averages = by_horizon(data, effects, shares=question.shares)
    if question.method == "imputation":
        before = _before(question, data)
        if before is None:
            return Answer(effects, averages, np.nan)
        joined = _joined(before, averages)
        return Answer(effects, joined, _jointly(before.estimate, before.covariance, _fewest(data)))
    return Answer(effects, averages, _tested(question, effects, averages, data))


def from_last(question: EventQuestion, data: Adoption, effects: Effects) -> Averages:
    """Return averages by steps since adoption, each a difference from the last period before it, which is left out.

    Parameters
    ----------
    question : EventQuestion
    data : Adoption
    effects : Effects
        Of :func:`answer`.

    Raises
    ------
    NotEstimable
        By imputation, whose differences before adoption are from other periods than those after it.
    """
    if question.method == "imputation":
        raise NotEstimable(
            "by imputation, differences before and after adoption are not from the same period",
            where="EventStudy.honest",
            spoiled="A trend could not be carried on from one side to the other.",
            todo="Use method='callaway_santanna' or 'sun_abraham'.",
        )
    each = effects if question.method == "sun_abraham" else from_last_before(effects)
    return by_horizon(data, each, shares=question.shares)


def _effects(question: EventQuestion, data: Adoption) -> Explained:
    if question.method == "imputation":
        return impute_poisson(data) if question.ratio else impute(data)
    if question.method == "sun_abraham":
        return saturate_poisson(data) if question.ratio else saturate(data)
    return group_time(data, control=question.control, ratio=question.ratio)


def _tested(question: EventQuestion, effects: Effects, averages: Averages, data: Adoption) -> float:
    """Return the p-value of no difference before adoption.

    Of all cells by the chi-squared distribution, as did prints it, where each cohort has many clusters per cell: with
    fewer, the inverse of their covariance would find a difference whatever the truth. Then of their averages by steps.
    """
    before = (effects.period < effects.cohort) & np.isfinite(np.diag(effects.covariance))
    if not before.any():
        return np.nan
    if _many_per_cell(effects.cohort[before], data):
        return wald(effects.estimate[before], effects.covariance[np.ix_(before, before)]).p_value
    seen = np.isfinite(np.diag(effects.covariance))
    if (np.isfinite(effects.estimate) & ~seen).any():  # one plant's own change is no proof that plants moved apart
        told = replace(effects, estimate=np.where(seen, effects.estimate, np.nan))
        averages = by_horizon(data, told, shares=question.shares)
    early = averages.step < 0
    return _jointly(averages.estimate[early], averages.covariance[np.ix_(early, early)], _fewest(data))


def _jointly(estimate: Array, covariance: Array, clusters: int) -> float:
    """Return the p-value of several effects at once.

    By Hotelling's F; where clusters are few beside the effects, the smallest p-value of Student's t times their number
    (Bonferroni), which no inverse can lead astray.
    """
    known = np.isfinite(estimate) & (np.diag(covariance) > 0)
    many = int(known.sum())
    if not many or clusters < 2:
        return np.nan
    if clusters >= _PER_EFFECT * many:
        return wald(estimate, covariance, clusters=clusters).p_value
    error = np.sqrt(np.diag(covariance)[known])
    return float(min(1.0, many * p_values(estimate[known], error, clusters - 1.0).min()))


def _many_per_cell(cohort: Array, data: Adoption) -> bool:
    own, cells = np.unique(cohort, return_counts=True)
    clusters = np.array([data.clusters_of(data.cohort == each) for each in own])
    others = data.clusters_of(data.cohort == data.never)
    return bool((clusters >= _PER_CELL * cells).all() and (not others or others >= _PER_CELL * cells.max()))


def _fewest(data: Adoption) -> int:
    """Return how many clusters the smaller side has: a test of several effects is no surer than it."""
    ever = data.cohort < data.never
    return min(data.clusters_of(side) for side in (ever, ~ever) if side.any())


def _before(question: EventQuestion, data: Adoption) -> Leads | None:
    """Return the leads among untreated rows; None where there are not two periods before any adoption."""
    horizon = data.horizon[~data.treated & (data.cohort[data.unit] < data.never)]
    most = int(-horizon.min()) - 1 if len(horizon) else 0
    if most < 1:
        return None
    try:
        return (leads_poisson if question.ratio else leads)(data, min(most, _LEADS))
    except NotEstimable:
        return None


def _joined(before: Leads, after: Averages) -> Averages:
    """Put the leads before the averages; both tell what each cluster adds, so their covariance is known too."""
    order = np.argsort(before.horizon)
    order = order[np.isfinite(before.estimate[order])]
    influence = None
    covariance: Array = np.zeros((len(order) + len(after.step),) * 2)
    if after.influence is not None:
        influence = np.column_stack([before.influence[:, order], after.influence])
        covariance = influence.T @ influence
    else:
        covariance[: len(order), : len(order)] = before.covariance[np.ix_(order, order)]
        covariance[len(order) :, len(order) :] = after.covariance
    return Averages(
        np.concatenate([before.horizon[order], after.step]),
        np.concatenate([np.zeros(len(order), dtype=np.int64), after.cohorts]),
        np.concatenate([before.estimate[order], after.estimate]),
        covariance,
        influence,
    )
