"""Which rows a saturated model uses, its calendars, and its effects as differences of differences of slots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.calendars import Calendars, calendars
from welfare.stats.adoption.absorbing.cells import (
    ALONE,
    Cells,
    Explained,
    blanked,
    cells_of,
    refuse_few_clusters,
    small_sample,
    unseen,
)
from welfare.stats.adoption.absorbing.fits import Fit
from welfare.stats.adoption.absorbing.separation import refuse_separating_covariates, separated
from welfare.stats.adoption.arrays import Adoption

Array = np.ndarray


@dataclass(frozen=True)
class Saturated:
    """A saturated model before it is fitted.

    Attributes
    ----------
    rows : array of bool, shape (n,)
        Those used.
    reason : array of str, shape (n,)
        Why the others are not.
    control : int
        Cohort code of the controls.
    cells : Cells
    model : Calendars
        Of the rows used, one calendar per cohort.
    """

    rows: Array
    reason: Array
    control: int
    cells: Cells
    model: Calendars


def saturated_design(adoption: Adoption, outcome: Array | None = None) -> Saturated:
    """Choose the controls, leave out what says nothing, and give each cohort a calendar of its own.

    Parameters
    ----------
    adoption : Adoption
    outcome : array of float, shape (n,), optional
        Counts, for a Poisson model: rows that it would fit with effects at infinity are then left out.

    Raises
    ------
    NotEstimable
        If there are no controls or no cohort beside them, or all rows are of one cluster.
    """
    control = _control(adoption)
    cohort = adoption.cohort[adoption.unit]
    reason = np.full(len(cohort), "", dtype=object)
    if control < adoption.never:
        reason[adoption.period >= control] = "no controls: every cohort is treated by then"
    cells = cells_of(adoption, (cohort != control) & (adoption.period != cohort - 1))
    if outcome is not None:
        _leave_out_separated(adoption, outcome, reason)
    used = reason == ""
    many = np.bincount(adoption.unit[used], minlength=adoption.units)
    reason[used & (many[adoption.unit] == 1)] = "the only usable row of its unit"
    rows = reason == ""
    refuse_few_clusters(adoption, rows)
    if outcome is not None:
        refuse_separating_covariates(_model(adoption, rows), outcome[rows])
    return Saturated(rows, reason, control, cells, _model(adoption, rows))


def _control(adoption: Adoption) -> int:
    """Return the cohort code of the controls."""
    if (adoption.cohort == adoption.never).any():
        if not len(adoption.cohorts):
            raise _nothing("no unit is ever treated")
        return adoption.never
    if len(adoption.cohorts) < 2:
        raise _nothing("all units are treated from one period on, so that none can serve as control")
    return int(adoption.cohorts[-1])


def _nothing(what: str) -> NotEstimable:
    return NotEstimable(
        what,
        where="event_study(method='sun_abraham')",
        spoiled="There is nothing to compare.",
        todo="Bring units that are treated never, or later.",
    )


def _model(adoption: Adoption, rows: Array) -> Calendars:
    unit = adoption.unit[rows]
    return calendars(unit, adoption.cohort[unit], adoption.period[rows], adoption.covariates[rows])


def _leave_out_separated(adoption: Adoption, outcome: Array, reason: Array) -> None:
    """Give a reason to rows without events that effects at infinity would fit."""
    used = np.flatnonzero(reason == "")
    model = _model(adoption, reason == "")
    gone = separated(model, outcome[used])
    by_slot = np.bincount(model.slot, outcome[used], model.slots)[model.slot] == 0
    by_unit = np.bincount(model.unit, outcome[used], model.units)[model.unit] == 0
    why = np.where(by_slot, "no event in its cohort and period", "separated")
    reason[used[gone]] = np.where(by_unit, "no event in its unit", why)[gone]


def contrasted(adoption: Adoption, design: Saturated, fit: Fit) -> Explained:
    """Return the effects of cells, each a difference from the controls of a difference from before treatment.

    Parameters
    ----------
    adoption : Adoption
    design : Saturated
    fit : Fit
    """
    model, cells = design.model, design.cells
    places = np.full((adoption.never + 1, len(adoption.periods)), -1)
    places[model.slot_group, model.slot_period] = np.arange(model.slots)
    before = cells.cohort - 1
    four = np.array(
        [
            places[cells.cohort, cells.period],
            places[cells.cohort, before],
            places[design.control, cells.period],
            places[design.control, before],
        ]
    )
    reason = _reasons(design, four)
    sums = fit.influence(adoption.cluster[adoption.unit[design.rows]], adoption.clusters)[0]
    influence = _differences(sums, four) * np.sqrt(_factor(adoption, design, fit))
    estimate = np.where(reason == "", _differences(fit.solution.slot, four), np.nan)
    influence, covariance = blanked(influence, reason)
    weight = cells.count(design.rows).astype(float)
    alone = (reason == "") & (_clusters_by_slot(adoption, design)[four] < 2).any(axis=0)
    covariance = unseen(covariance, alone)
    words = _words(adoption, design, bool(alone.any()))
    return Explained(
        cells.cohort,
        cells.period,
        estimate,
        covariance,
        weight,
        influence,
        words,
        design.reason,
        reason,
        alone,
    )


def _clusters_by_slot(adoption: Adoption, design: Saturated) -> Array:
    """Return how many clusters have rows in each slot, shape (S,)."""
    cluster = adoption.cluster[adoption.unit[design.rows]]
    pairs = np.unique(design.model.slot * adoption.clusters + cluster)
    return np.bincount(pairs // adoption.clusters, minlength=design.model.slots)


def _differences(values: Array, four: Array) -> Array:
    out = values[..., four[0]] - values[..., four[1]]
    out -= values[..., four[2]]
    out += values[..., four[3]]
    return out


def _reasons(design: Saturated, four: Array) -> Array:
    """Return why each cell has no estimate, shape (m,); empty for those that have."""
    linked, cells = design.model.components[1], design.cells
    own, before, control, control_before = four
    reason = np.full(cells.many, "", dtype=object)
    unlinked = "link its period with the one before treatment"
    reason[linked[own] != linked[before]] = f"no rows of its cohort {unlinked}"
    reason[linked[control] != linked[control_before]] = f"no rows of controls {unlinked}"
    reason[before < 0] = "no usable row of its cohort in the period before treatment"
    reason[control_before < 0] = "no usable row of controls in the period before treatment"
    reason[control < 0] = "no usable row of controls in its period"
    return np.where(own < 0, cells.reasons(own >= 0, design.reason), reason)


def _factor(adoption: Adoption, design: Saturated, fit: Fit) -> float:
    """Return what errors of few clusters and many estimates are multiplied by, squared."""
    estimates = int(design.model.free.sum()) + 1 + int(fit.equations.covariates_kept.sum())
    clusters = refuse_few_clusters(adoption, design.rows)
    return small_sample(clusters, int(design.rows.sum()), estimates, design.model.units)


def _words(adoption: Adoption, design: Saturated, alone: bool) -> str:
    """Return how errors were made and who served as control."""
    who = "units never treated"
    if design.control < adoption.never:
        label = adoption.labels[design.control]
        who = f"the last cohort, treated from {label} on, as no unit is never treated; rows from then on are left out"
    return (
        "Errors are clustered: G/(G-1) x (n-1)/(n-K), where unit effects, which lie within clusters, do not count in "
        f"K. Controls are {who}." + (ALONE if alone else "")
    )
