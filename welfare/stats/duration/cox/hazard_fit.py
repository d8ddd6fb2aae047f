"""A model of hazards fitted to spells: what runs to infinity left out by name, and the covariance of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.doubt.sandwich import MANY_CLUSTERS, Covariance
from welfare.stats.duration.asked import Asked
from welfare.stats.duration.cox.hazard_design import HazardDesign, Spells, build_hazards, read_spells
from welfare.stats.duration.hazards.monotone import compared_with_none, separating, suspected
from welfare.stats.duration.hazards.partial import PartialFit, fit_hazards, refuse_repeated, repeated_columns
from welfare.stats.duration.hazards.residuals import changes_without
from welfare.stats.estimates import effects_table

# Of a linear predictor over the range of a column: where it gets so far, ask first whether it has an end.
_GIVEN_UP = 16.0


@dataclass(frozen=True)
class HazardEstimates:
    """A model of hazards, fitted.

    Attributes
    ----------
    asked : Asked
    model : HazardDesign
    fit : PartialFit
    covariance : Covariance
    table : DataFrame
        As :class:`welfare.stats.duration.cox.hazard_result.DurationModel` has it.
    moves : array, shape (G or n, k)
        How each cluster, or row, moves the estimates, about.
    groups : array of int, shape (n,), or None
        Cluster of each row.
    infinite : tuple of str
        Terms without a finite hazard ratio.
    """

    asked: Asked
    model: HazardDesign
    fit: PartialFit
    covariance: Covariance
    table: pd.DataFrame
    moves: np.ndarray
    groups: np.ndarray | None
    infinite: tuple[str, ...]

    @property
    def clusters(self) -> int | None:
        """How many clusters there are."""
        return None if self.groups is None else int(self.groups.max()) + 1


def estimate_hazards(asked: Asked, df: pd.DataFrame) -> HazardEstimates:
    """Fit what is asked.

    Parameters
    ----------
    asked : Asked
    df : DataFrame

    Raises
    ------
    BadParameter, BadValue, NotEstimable
        As :func:`welfare.stats.duration.model.duration`.
    """
    spells = read_spells(asked, df)
    model, fit, infinite = _finite(spells)
    groups = None
    if model.design.clusters:
        groups = pd.factorize(model.design.clusters[0], sort=True)[0].astype(np.int64)
        if groups.max() == 0:
            raise NotEstimable(
                f"all rows that can be used belong to one {asked.together}",
                where="duration(cluster=)",
                spoiled="The spread between clusters cannot be seen from one.",
                todo="Cluster by a finer unit, or give no cluster.",
            )
        if asked.cluster is None and len(groups) == groups.max() + 1:
            groups = None  # a unit has one spell: clusters of one row are rows
    moves = changes_without(fit, groups)
    covariance = _covariance(asked, fit, moves, groups)
    table = effects_table(model.design.names, fit.estimates, covariance.matrix, covariance.degrees)
    return HazardEstimates(spells.asked, model, fit, covariance, table, moves, groups, infinite)


def _finite(spells: Spells) -> tuple[HazardDesign, PartialFit, tuple[str, ...]]:
    """Fit; leave out the rows that only an infinite ratio could fit, in turn, until all that is left is finite."""
    infinite: list[str] = []
    without: tuple[str, ...] = ()
    efron = spells.asked.efron
    while True:
        model = build_hazards(spells, without=without, mended=bool(infinite))
        repeated = repeated_columns(model.at_risk, model.columns, efron)
        if infinite and repeated.any():
            without = (*without, model.design.names[int(np.flatnonzero(repeated)[-1])])
            continue
        refuse_repeated(model.design.names, repeated, spells.formula.text)
        fit = fit_hazards(model.at_risk, model.columns, efron=efron, furthest=_GIVEN_UP)
        if not suspected(model.columns, fit.estimates, fit.settled):
            return model, fit, tuple(infinite)
        direction = separating(model.at_risk, model.columns)
        if direction is None:
            fit = fit if fit.settled else fit_hazards(model.at_risk, model.columns, efron=efron)
            _refuse_unsettled(fit, spells)
            return model, fit, tuple(infinite)
        infinite += _leave_out(spells, model, direction)


def _refuse_unsettled(fit: PartialFit, spells: Spells) -> None:
    if not fit.settled or not np.isfinite(fit.inverse).all():
        raise NotEstimable(
            "the fit does not settle",
            where=spells.formula.text,
            spoiled="What the steps ended on is not the maximum.",
            todo="Look for a term of very unequal values, or one that nearly repeats others.",
        )


def _leave_out(spells: Spells, model: HazardDesign, direction: np.ndarray) -> list[str]:
    """Give a reason to the rows that then are compared with none; refuse if there are none."""
    felt = np.abs(direction) * np.ptp(model.columns, axis=0) > 1e-6
    named = [name for name, moved in zip(model.design.names, felt, strict=True) if moved]
    out = compared_with_none(model.at_risk, model.columns, direction)
    where = spells.formula.text
    if not out.any() or (model.design.counts[out] > 0).any() or out.all():
        raise NotEstimable(
            f"the hazard ratio of {', '.join(named)} runs to infinity: at every event the row that had it was, of all "
            "at risk, one with the most extreme value",
            where=where,
            spoiled="No finite ratio fits best, and any that is printed would be where the steps were stopped.",
            todo="Report the events themselves; leave the term out, or join levels.",
        )
    spells.reasons[model.design.places[out]] = "separated"
    down = "zero" if (direction[felt] < 0).all() else "infinity" if (direction[felt] > 0).all() else "zero or infinity"
    spells.notes.append(
        f"No finite hazard ratio exists for {', '.join(named)}: it runs to {down}. Rows left out as separated, since "
        f"no event is then compared with them: {int(out.sum()):,}. They remain rows in which nothing was recorded."
    )
    return named


def _covariance(asked: Asked, fit: PartialFit, moves: np.ndarray, groups: np.ndarray | None) -> Covariance:
    kind = asked.errors or ("model" if groups is None else "CR0")
    many = len(moves)
    if kind == "model":
        words = "Errors trust the model (inverse information), rows standing alone; intervals use the normal."
        return Covariance(fit.inverse, np.full(len(fit.inverse), np.inf), "model", words)
    factor = many / (many - 1) if kind == "CR1" else 1.0
    few = groups is not None and many < MANY_CLUSTERS
    degrees = np.full(len(fit.inverse), many - 1.0 if few else np.inf)
    who = f"{many:,} clusters of {asked.together}" if groups is not None else "each row standing alone"
    by = f"Student's t with {many - 1} degrees of freedom" if few else "the normal"
    how = ", times G/(G-1)" if kind == "CR1" else ""
    words = f"Errors are robust (Lin and Wei{how}; {kind}), {who}; intervals use {by}."
    return Covariance(moves.T @ moves * factor, degrees, kind, words, (many,))
