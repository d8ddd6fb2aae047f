"""Ratios of events observed under treatment to those expected without it, the latter imputed from untreated rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.calendars import calendars
from welfare.stats.adoption.absorbing.cells import (
    Cells,
    Explained,
    blanked,
    by_cluster,
    cells_of,
    one_cluster,
    refuse_few_clusters,
    unseen,
)
from welfare.stats.adoption.absorbing.fits import Fit, fit_poisson
from welfare.stats.adoption.absorbing.separation import refuse_separating_covariates, separated
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.imputation import refuse_nothing_imputed, untreated_rows
from welfare.stats.adoption.imputing.imputation_errors import (
    ONE_CLUSTER,
    UNMATCHED,
    WORDS,
    Reach,
    from_fit,
    predicted,
    reach_of,
    settled,
    unmatched,
)
from welfare.stats.adoption.saturating.saturated_poisson import log_exposure

Array = np.ndarray


@dataclass(frozen=True)
class Ratios:
    """Events observed and expected in groups of treated rows, m groups.

    Attributes
    ----------
    observed, expected : array of float, shape (m,)
        Of the rows used.
    estimate : array of float, shape (m,)
        Logarithm of their ratio; missing where either is 0.
    influence : array of float, shape (C, m)
        What each cluster adds to each estimate.
    covariance : array of float, shape (m, m)
        influence' @ influence.
    weight : array of float, shape (m,)
        Rows used.
    reason : array of str, shape (m,)
        Why a group has no estimate; empty where it has.
    alone : array of bool, shape (m,)
        Whether the rows of a group are of one cluster.
    words : str
        How errors were made.
    """

    observed: Array
    expected: Array
    estimate: Array
    influence: Array
    covariance: Array
    weight: Array
    reason: Array
    alone: Array
    words: str


@dataclass(frozen=True)
class _Expected:
    """The fit to untreated rows; the treated rows that have an expectation (a mask), that, and why others have none."""

    fit: Fit
    reach: Reach
    rows: Array
    events: Array
    reason: Array


def impute_poisson(adoption: Adoption) -> Explained:
    """Estimate ratios by cohort and period: treated events over those that untreated rows lead one to expect.

    A Poisson model with unit effects, period effects and covariates is fitted to the rows of units never treated and of
    those not yet treated, with the logarithm of the exposure as an offset.

    Parameters
    ----------
    adoption : Adoption
        With counts, or averages of 0 or more, as outcomes.

    Returns
    -------
    Explained
        `estimate` is log(sum of events / sum of expected events) of a cell; missing where either is 0. Cells are those
        with a treated row; `weight` counts rows with an expectation.

    Raises
    ------
    BadValue
        If an outcome is below 0, or an exposure not above 0.
    NotEstimable
        As :func:`welfare.stats.adoption.imputing.imputation.impute`; if a covariate varies among rows without events
        alone; or if the fit does not settle.

    Notes
    -----
    A unit without events in its untreated rows has an expectation of 0, the limit of the fit. Its treated rows stay in:
    without them the units left would be those that had events by chance, whose expectation is too high. In a period
    without untreated events all expectations would be 0: its rows are left out.

    Errors: by the delta method. What a cluster adds to log(O / E) is the sum of its (y - (O / E) e) / O over treated
    rows, less what its untreated rows add to log E through the fit. Where ratios differ
    within a cell this is too large, if anything. Logarithms of ratios of few events are skewed, and a cell without
    events drops out of averages of logarithms, which then lean upwards: :func:`pooled_ratios` adds events first.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J. Review of Economic Studies 2024; 91: 3253-3285. Wooldridge JM. Simple approaches to
    nonlinear difference-in-differences with panel data. Econometrics Journal 2023; 26: C31-C66.
    """
    expected, cells = _expected(adoption), cells_of(adoption, adoption.treated)
    found = _ratios(adoption, expected, cells)
    return Explained(
        cells.cohort,
        cells.period,
        found.estimate,
        found.covariance,
        found.weight,
        found.influence,
        found.words,
        expected.reason,
        found.reason,
        found.alone,
    )


def pooled_ratios(adoption: Adoption, groups: Array) -> Ratios:
    """Estimate the ratio of events to those expected in groups of treated rows, events added up first.

    Parameters
    ----------
    adoption : Adoption
    groups : array of int, shape (n,)
        Group of each row from 0 on, -1 for rows of none; untreated rows are of none whatever their group. Horizons,
        calendar periods or cohorts, or 0 throughout for all treated rows.

    Returns
    -------
    Ratios

    Raises
    ------
    BadValue, NotEstimable
        As :func:`impute_poisson`.

    Notes
    -----
    Units with many events weigh most. Treated rows are taken to vary about the ratio of their group, which makes errors
    too large, if anything, where ratios differ within it.
    """
    code, blank = np.where(adoption.treated, groups, -1), np.zeros(int(groups.max()) + 1, dtype=np.int64)
    return _ratios(adoption, _expected(adoption), Cells(code, blank, blank))


def _expected(adoption: Adoption) -> _Expected:
    """Fit untreated rows and predict treated ones."""
    offset, untreated = log_exposure(adoption), np.flatnonzero(~adoption.treated)
    whole = untreated_rows(adoption, ~adoption.treated)
    fitted = untreated[~separated(whole, adoption.outcome[untreated])]
    if not len(fitted):
        raise NotEstimable(
            "untreated rows have no event",
            where="event_study(family='poisson', method='imputation')",
            spoiled="A ratio to nothing has no value.",
            todo="Count something more frequent, or use longer periods.",
        )
    model = calendars(adoption.unit[fitted], 0 * fitted, adoption.period[fitted], adoption.covariates[fitted])
    refuse_separating_covariates(model, adoption.outcome[fitted])
    fit = fit_poisson(model, adoption.outcome[fitted], offset[fitted])
    reach = reach_of(adoption, fit)
    none = _nothing_expected(adoption, fit, reach)
    reason = reach.reason.copy()
    # What reach calls a unit or period without rows may be one without events.
    quiet = (reach.unit < 0) & np.isin(adoption.unit, adoption.unit[untreated])
    reason[adoption.treated & quiet] = "no untreated rows with events link its unit and its period"
    reason[none] = ""
    silent = (reach.slot < 0) & np.isin(adoption.period, adoption.period[untreated])
    reason[adoption.treated & silent] = "no event in untreated rows of its period"
    rows = reach.rows | none
    refuse_nothing_imputed(reach.rows)
    refuse_few_clusters(adoption, rows | ~adoption.treated)
    events = np.zeros(len(offset))
    events[reach.rows] = np.exp(offset[reach.rows] + predicted(adoption, fit, reach))
    return _Expected(fit, reach, rows, events[rows], reason)


def _nothing_expected(adoption: Adoption, fit: Fit, reach: Reach) -> Array:
    """Return which treated rows are of a unit without an event while untreated, whose expectation is 0."""
    model, untreated = fit.model, ~adoption.treated
    events = np.bincount(adoption.unit[untreated], adoption.outcome[untreated], adoption.units)
    # Its untreated rows tie it to periods, whose set that of the treated row must be.
    at = np.flatnonzero(untreated & (reach.slot >= 0))[::-1]
    tied = np.full(adoption.units, -1)
    tied[adoption.unit[at]] = model.components[1][reach.slot[at]]
    slot_set = np.where(reach.slot >= 0, model.components[1][reach.slot], -2)
    return adoption.treated & (events[adoption.unit] == 0) & (tied[adoption.unit] == slot_set)


def _ratios(adoption: Adoption, expected: _Expected, cells: Cells) -> Ratios:
    """Add events up by cell, and what each cluster adds to their ratio."""
    rows, reach = expected.rows & (cells.code >= 0), expected.reach
    events = np.zeros(len(rows))
    events[expected.rows] = expected.events
    seen, due = cells.sums(rows, adoption.outcome[rows]), cells.sums(rows, events[rows])
    reason = cells.reasons(cells.count(rows), expected.reason)
    reason[(reason == "") & (seen == 0)] = "no event"
    reason[(reason == "") & (due == 0)] = "no event is expected"
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(reason == "", seen / due, np.nan)
        estimate = np.log(ratio)
        alone = one_cluster(adoption, rows, cells)
        about = np.where(alone, seen.sum() / due.sum(), ratio)[cells.code[rows]]
        own = (adoption.outcome[rows] - about * events[rows]) / seen[cells.code[rows]]
        influence = by_cluster(adoption, rows, cells, own)
        mine = Reach(reach.rows & rows, reach.unit, reach.slot, reach.reason)
        share = events[mine.rows] / due[cells.code[mine.rows]]
        influence -= from_fit(adoption, expected.fit, mine, cells, share)
    influence, covariance = blanked(settled(adoption, rows, influence), reason)
    unsure = unmatched(adoption, expected.fit, reach, cells, rows)
    words = WORDS + (ONE_CLUSTER if alone.any() else "") + (UNMATCHED if unsure.any() else "")
    covariance, alone = unseen(covariance, unsure), alone | unsure
    return Ratios(seen, due, estimate, influence, covariance, cells.count(rows).astype(float), reason, alone, words)
