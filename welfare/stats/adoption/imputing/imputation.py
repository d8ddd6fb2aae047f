"""Effects as outcomes less what they would have been, imputed from rows not yet treated (Borusyak, Jaravel, Spiess)."""

from __future__ import annotations

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.calendars import Calendars, calendars
from welfare.stats.adoption.absorbing.cells import (
    Explained,
    blanked,
    by_cluster,
    cells_of,
    one_cluster,
    refuse_few_clusters,
    unseen,
)
from welfare.stats.adoption.absorbing.fits import fit_linear
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.imputation_errors import (
    ONE_CLUSTER,
    UNMATCHED,
    WORDS,
    from_fit,
    predicted,
    reach_of,
    settled,
    unmatched,
)

Array = np.ndarray


def impute(adoption: Adoption) -> Explained:
    """Estimate effects by cohort and period as treated outcomes less what untreated rows predict of them.

    Unit effects, period effects and covariates are fitted by least squares to the rows of units never treated and of
    those not yet treated. The effect of a treated row is its outcome less its prediction; that of a cell, their mean.

    Parameters
    ----------
    adoption : Adoption

    Returns
    -------
    Explained
        Cells are those with a treated row, whether or not one could be predicted. `weight` counts the rows that were.
        The error of any average of cells is a quadratic form in `covariance`: see Notes.

    Raises
    ------
    NotEstimable
        If no row is treated, none untreated, none can be predicted, or all are of one cluster.

    Notes
    -----
    A row cannot be predicted if its unit has no untreated row (treated from its first row on), if its period has none,
    or if no chain of untreated rows links the two. Those rows are left out of their cells with a reason.

    The variance is the paper's conservative one, times C / (C - 1) where units belong together in C clusters. Untreated
    rows enter with their residual, treated ones with their effect less the mean of its group. The group is the cell
    (cohort and period), in which every row has one weight, so the mean is the cell's own whatever the average asked
    for, and the errors of all averages are quadratic forms of one influence per cluster and cell. A cell whose rows are
    all of one cluster has no spread of its own: its rows are compared with the mean of all treated rows instead, which
    is too large, if anything, where effects differ. If all treated rows are of one cluster there are no errors.

    Errors hold if outcomes of units untreated would have moved alike.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J. Revisiting event-study designs: robust and efficient estimation. Review of Economic
    Studies 2024; 91: 3253-3285.
    """
    untreated = ~adoption.treated
    fit = fit_linear(untreated_rows(adoption, untreated), adoption.outcome[untreated])
    cells, reach = cells_of(adoption, ~untreated), reach_of(adoption, fit)
    rows = reach.rows
    refuse_nothing_imputed(rows)
    refuse_few_clusters(adoption, rows | untreated)
    effect = adoption.outcome[rows] - predicted(adoption, fit, reach)
    weight = cells.count(rows).astype(float)
    with np.errstate(invalid="ignore"):
        estimate = cells.sums(rows, effect) / weight
    alone = one_cluster(adoption, rows, cells)
    share = 1 / weight[cells.code[rows]]
    about = np.where(alone, effect.mean(), estimate)[cells.code[rows]]
    influence = by_cluster(adoption, rows, cells, share * (effect - about))
    influence -= from_fit(adoption, fit, reach, cells, share)
    reason = cells.reasons(weight, reach.reason)
    influence, covariance = blanked(settled(adoption, rows, influence), reason)
    unsure = unmatched(adoption, fit, reach, cells, rows)
    words = WORDS + (ONE_CLUSTER if alone.any() else "") + (UNMATCHED if unsure.any() else "")
    covariance, alone = unseen(covariance, unsure), alone | unsure
    return Explained(
        cells.cohort, cells.period, estimate, covariance, weight, influence, words, reach.reason, reason, alone
    )


def untreated_rows(adoption: Adoption, untreated: Array) -> Calendars:
    """Return the rows not treated (a mask) as one group with one calendar.

    Raises
    ------
    NotEstimable
        If there is none, or no row is treated.
    """
    if untreated.all() or not untreated.any():
        raise NotEstimable(
            "no row is treated" if untreated.all() else "every row is treated",
            where="event_study(method='imputation')",
            spoiled="There is nothing to compare.",
            todo="Check the column that says from when units are treated, and that earlier periods are in the data.",
        )
    unit = adoption.unit[untreated]
    return calendars(unit, np.zeros_like(unit), adoption.period[untreated], adoption.covariates[untreated])


def refuse_nothing_imputed(rows: Array) -> None:
    """Refuse if no treated row (a mask) could be predicted.

    Raises
    ------
    NotEstimable
    """
    if not rows.any():
        raise NotEstimable(
            "no treated row shares its unit and its period with untreated rows",
            where="event_study(method='imputation')",
            spoiled="What outcomes would have been without treatment cannot be told.",
            todo="Bring periods before treatment, and units untreated in the periods after.",
        )
