"""What outcomes did in the periods just before treatment, among untreated rows alone: a look for other causes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.absorbing.cells import refuse_few_clusters, small_sample
from welfare.stats.adoption.absorbing.fits import Fit, fit_linear, fit_poisson
from welfare.stats.adoption.absorbing.separation import refuse_separating_covariates, separated
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.imputation import untreated_rows
from welfare.stats.adoption.saturating.saturated_poisson import log_exposure

Array = np.ndarray


@dataclass(frozen=True)
class Leads:
    """Differences of units soon to be treated from what their earlier periods and the others lead one to expect.

    Attributes
    ----------
    horizon : array of int, shape (k,)
        -1, -2, ...: steps before the first treated period.
    estimate : array of float, shape (k,)
        Differences; logarithms of ratios for counts. Missing where it cannot be estimated.
    covariance : array of float, shape (k, k)
    weight : array of float, shape (k,)
        Rows at each horizon.
    influence : array of float, shape (C, k)
        What each cluster adds to each estimate: influence' @ influence is `covariance`.
    words : str
        What was done, in sentences.
    """

    horizon: Array
    estimate: Array
    covariance: Array
    weight: Array
    influence: Array
    words: str


def leads(adoption: Adoption, how_many: int) -> Leads:
    """Estimate, among untreated rows alone, how the last periods before treatment differ from earlier ones.

    Parameters
    ----------
    adoption : Adoption
    how_many : int
        How many steps before treatment to look at, 1 or more.

    Returns
    -------
    Leads

    Raises
    ------
    BadParameter
        If `how_many` is not 1 or more.
    NotEstimable
        If no row is treated, none untreated, or all are of one cluster.

    Notes
    -----
    Least squares with unit effects, period effects, the covariates, and a dummy for each horizon. Periods further
    before treatment, and units never treated, are what they are compared with; if there is neither, the horizons
    furthest back have none and are missing. Since no treated row is used, looking does not colour the effects that are
    estimated by imputation, as dummies in one model for both would (Roth 2022). No difference found is no proof of
    none: few units cannot show a small one. Units with one untreated row say nothing and are left out.

    The covariance is clustered, times G / (G - 1) x (n - 1) / (n - K), as for the saturated model.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J. Review of Economic Studies 2024; 91: 3253-3285. Roth J. Pretest with
    caution. American Economic Review: Insights 2022; 4: 305-322.
    """
    wider, untreated, places = _widened(adoption, how_many)
    untreated = _in_company(adoption, untreated)
    model = untreated_rows(wider, untreated)
    refuse_few_clusters(adoption, untreated)
    return _read(adoption, fit_linear(model, adoption.outcome[untreated]), places, untreated)


def leads_poisson(adoption: Adoption, how_many: int) -> Leads:
    """Estimate the same for counts, as logarithms of ratios, in a Poisson model.

    Parameters
    ----------
    adoption : Adoption
    how_many : int
        How many steps before treatment to look at, 1 or more.

    Returns
    -------
    Leads
        A horizon without events is missing.

    Raises
    ------
    BadParameter, NotEstimable
        As :func:`leads`; also if the fit does not settle, or a covariate varies among rows without events alone.
    BadValue
        If an outcome is below 0, or an exposure not above 0.
    """
    offset = log_exposure(adoption)
    wider, untreated, places = _widened(adoption, how_many)
    # A horizon without events would have its logarithm at minus infinity: its rows say nothing of the others.
    for at in places:
        mine = wider.covariates[:, at] > 0
        if not adoption.outcome[mine & untreated].any():
            untreated = untreated & ~mine
    used = np.flatnonzero(untreated)
    if not adoption.outcome[used].any():
        raise NotEstimable(
            "untreated rows have no event",
            where="event_study(family='poisson')",
            spoiled="A ratio to nothing has no value.",
            todo="Count something more frequent, or use longer periods.",
        )
    gone = used[separated(untreated_rows(wider, untreated), adoption.outcome[used])]
    untreated = _in_company(adoption, untreated & ~np.isin(np.arange(len(offset)), gone))
    refuse_few_clusters(adoption, untreated)
    model = untreated_rows(wider, untreated)
    refuse_separating_covariates(model, adoption.outcome[untreated])
    return _read(adoption, fit_poisson(model, adoption.outcome[untreated], offset[untreated]), places, untreated)


def _widened(adoption: Adoption, how_many: int) -> tuple[Adoption, Array, Array]:
    """Return the data with a dummy per horizon after the covariates, the untreated rows, and where the dummies are."""
    if how_many < 1:
        raise BadParameter(
            f"{how_many} leads",
            where="event_study",
            spoiled="There is nothing to look at.",
            todo="Ask for 1 or more.",
        )
    untreated = ~adoption.treated
    dummies = (adoption.horizon[:, None] == -np.arange(1, how_many + 1)) & untreated[:, None]
    covariates = np.column_stack([adoption.covariates, dummies.astype(float)])
    return replace(adoption, covariates=covariates), untreated, np.arange(how_many) + adoption.covariates.shape[1]


def _in_company(adoption: Adoption, rows: Array) -> Array:
    """Return the rows (a mask) without those that are alone in their unit."""
    return rows & (np.bincount(adoption.unit[rows], minlength=adoption.units)[adoption.unit] > 1)


def _read(adoption: Adoption, fit: Fit, places: Array, rows: Array) -> Leads:
    model, kept = fit.model, fit.equations.covariates_kept
    cluster = adoption.cluster[adoption.unit[rows]]
    estimates = int(model.free.sum()) + 1 + int(kept.sum())
    factor = small_sample(len(np.unique(cluster)), int(rows.sum()), estimates, model.units)
    influence = fit.influence(cluster, adoption.clusters)[1][:, places] * np.sqrt(factor)
    influence[:, ~kept[places]] = np.nan
    weight = (model.covariates + model.centre)[:, places].sum(axis=0).round()
    words = (
        "Periods just before treatment are compared with earlier ones, and with units never treated, among untreated "
        "rows alone. Errors are clustered: G/(G-1) x (n-1)/(n-K)."
    )
    estimate = np.where(kept[places], fit.solution.slopes[places], np.nan)
    return Leads(-(np.arange(len(places)) + 1), estimate, influence.T @ influence, weight, influence, words)
