"""Errors of effects by imputation: what each cluster adds to the effect of each cell, treated rows and fit alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.adoption.absorbing.cells import Cells
from welfare.stats.adoption.absorbing.fits import Fit
from welfare.stats.adoption.arrays import Adoption

Array = np.ndarray

_OUT_OF_SPAN = 1e-7  # relative size of what untreated rows leave of a covariate that they should hold wholly
WORDS = (
    "Errors are clustered, hold what the fit to untreated rows adds, and take treated rows to vary about the mean of "
    "their cohort and period (Borusyak, Jaravel and Spiess 2024): they are too large, if anything, where effects "
    "differ within it."
)
ONE_CLUSTER = (
    " A cell whose treated rows are of one cluster is taken to vary about the mean of all treated rows, for it cannot "
    "vary about its own."
)

UNMATCHED = (
    " Where the untreated rows of a cell's periods are of one cluster, what is particular to it passes for that of the "
    "period, and no error can be seen: none is given."
)


@dataclass(frozen=True)
class Reach:
    """Which effects of the untreated rows' fit the treated rows are predicted from.

    Attributes
    ----------
    rows : array of bool, shape (n,)
        Treated rows whose outcome without treatment is predicted from the fit.
    unit, slot : array of int, shape (n,)
        Their unit and period in the fit; -1 where it has none.
    reason : array of str, shape (n,)
        Why a treated row is not in `rows`.
    """

    rows: Array
    unit: Array
    slot: Array
    reason: Array


def reach_of(adoption: Adoption, fit: Fit) -> Reach:
    """Find the treated rows whose unit and period the untreated rows tie together.

    Parameters
    ----------
    adoption : Adoption
    fit : Fit
        To untreated rows.
    """
    model = fit.model
    by_unit, by_slot = np.full(adoption.units, -1), np.full(len(adoption.periods), -1)
    by_unit[model.unit_names], by_slot[model.slot_period] = np.arange(model.units), np.arange(model.slots)
    unit, slot = by_unit[adoption.unit], by_slot[adoption.period]
    reason = np.full(len(unit), "", dtype=object)
    treated = adoption.treated
    linked_unit, linked_slot = model.components
    reason[treated & (linked_unit[unit] != linked_slot[slot])] = "no untreated rows link its unit and its period"
    reason[treated & (slot < 0)] = "no untreated row in its period"
    reason[treated & (unit < 0)] = "no untreated row of its unit"
    found = treated & (reason == "")
    beyond = np.flatnonzero(found)[_beyond(fit, adoption.covariates[found], unit[found], slot[found])]
    reason[beyond] = "its covariates go beyond what untreated rows hold"
    return Reach(treated & (reason == ""), unit, slot, reason)


def _beyond(fit: Fit, covariates: Array, unit: Array, slot: Array) -> Array:
    """Return which rows have covariates that had no slope among untreated rows, yet matter here."""
    model, eqs = fit.model, fit.equations
    out = np.zeros(len(unit), dtype=bool)
    for at in np.flatnonzero(~eqs.covariates_kept):
        held = eqs.solve(model.covariates[:, at])
        here = covariates - model.centre
        left = here[:, at] - held.unit[unit] - held.slot[slot] - here @ held.slopes
        out |= np.abs(left) > _OUT_OF_SPAN * (np.abs(model.covariates[:, at]).max() + np.abs(here[:, at]))
    return out


def predicted(adoption: Adoption, fit: Fit, reach: Reach) -> Array:
    """Return what the fit predicts of the rows in reach, without an offset, shape (r,)."""
    rows, solution = reach.rows, fit.solution
    slopes = (adoption.covariates[rows] - fit.model.centre) @ solution.slopes
    return np.asarray(solution.unit[reach.unit[rows]] + solution.slot[reach.slot[rows]] + slopes)


def from_fit(adoption: Adoption, fit: Fit, reach: Reach, cells: Cells, share: Array) -> Array:
    """Return what each cluster adds, through the fit, to the mean linear prediction of each cell, shape (C, m).

    Parameters
    ----------
    adoption : Adoption
    fit : Fit
        To untreated rows.
    reach : Reach
    cells : Cells
    share : array of float, shape (r,)
        What each row in reach counts for in the mean of its cell.

    Notes
    -----
    A unit's own effect answers to those of periods and to the slopes through the unit's untreated rows; its own rows
    add nothing to it, as their residuals sum to 0. Their noise is in the unit's treated rows, of which it is taken off.
    """
    from scipy.sparse import csr_array

    model, eqs, rows = fit.model, fit.equations, reach.rows
    cluster = adoption.cluster[model.unit_names[model.unit]]
    by_slot, by_slope = fit.influence(cluster, adoption.clusters)
    code, unit = cells.code[rows], reach.unit[rows]
    weights = csr_array((share, (code, unit)), shape=(cells.many, model.units))
    parts = eqs.weights / eqs.unit_weights[model.unit]
    untreated = csr_array((parts, (model.unit, model.slot)), shape=(model.units, model.slots))
    on_slots = csr_array((share, (code, reach.slot[rows])), shape=(cells.many, model.slots)) - weights @ untreated
    here = (adoption.covariates[rows] - model.centre) - eqs.unit_means[unit]
    on_slopes = [np.bincount(code, share * column, cells.many) for column in here.T]
    return np.asarray(by_slot @ on_slots.T + by_slope @ np.reshape(on_slopes, (len(on_slopes), cells.many)))


def unmatched(adoption: Adoption, fit: Fit, reach: Reach, cells: Cells, rows: Array) -> Array:
    """Return which cells have no row (of a mask) in a period whose untreated rows are of two clusters, shape (m,).

    The residual of a period's only cluster is 0: the fit shows no error there.
    """
    model = fit.model
    pairs = np.unique(model.slot * adoption.clusters + adoption.cluster[model.unit_names[model.unit]])
    clusters = np.bincount(pairs // adoption.clusters, minlength=model.slots)
    return np.asarray((cells.count(rows) > 0) & (cells.count(rows & (clusters[reach.slot] > 1)) == 0))


def settled(adoption: Adoption, rows: Array, influence: Array) -> Array:
    """Return the influence as errors are made from it.

    Missing throughout if the treated rows (a mask) are of one cluster, which shows no spread. Where units belong
    together, times the root of C / (C - 1), without which the errors of few clusters would be too small.
    """
    if len(np.unique(adoption.cluster[adoption.unit[rows]])) < 2:
        return np.full_like(influence, np.nan)
    many = adoption.clusters
    return influence if many == adoption.units else influence * np.sqrt(many / (many - 1))
