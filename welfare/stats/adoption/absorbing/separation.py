"""Rows without events that a Poisson model with unit and period effects would fit by sending effects to infinity."""

from __future__ import annotations

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.calendars import Array, Calendars, calendars, linked
from welfare.stats.adoption.absorbing.equations import Equations


def separated(model: Calendars, outcome: Array) -> Array:
    """Find every row that unit and period effects would fit perfectly in the limit.

    Rows with events tie units to slots. Each tied set may move as one: its units up by as much as its slots go down. A
    row without events lets its unit's set rise no more than its slot's. It holds both still if other such rows lead
    back (a cycle); else the likelihood rises for ever as the two part, and the row says nothing of the others.

    Parameters
    ----------
    model : Calendars
    outcome : array of float, shape (n,)
        0 or more.

    Returns
    -------
    array of bool, shape (n,)

    References
    ----------
    Correia S, Guimaraes P, Zylkin T. Verifying the existence of maximum likelihood estimates for generalized linear
    models. arXiv:1903.01633, 2019. Haberman SJ. The analysis of frequency data. Chicago, 1974 (tables with holes).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    none = outcome == 0
    by_unit, by_slot = linked(model, ~none)
    ends = (by_unit[model.unit[none]], by_slot[model.slot[none]])
    size = model.units + model.slots
    _, held = connected_components(coo_array((np.ones(len(ends[0])), ends), shape=(size, size)), connection="strong")
    out = np.zeros(len(outcome), dtype=bool)
    out[none] = held[ends[0]] != held[ends[1]]
    return out


def refuse_separating_covariates(model: Calendars, outcome: Array) -> None:
    """Refuse covariates that vary, within units and periods, among rows without events alone.

    Parameters
    ----------
    model : Calendars
        Without the rows that units and periods separate.
    outcome : array of float, shape (n,)

    Raises
    ------
    NotEstimable
        If such a covariate might have its slope at infinity. Without one, no slope can be.
    """
    kept = Equations(model, np.ones(len(outcome))).covariates_kept
    some = outcome > 0
    if not kept.any():
        return
    inner = calendars(
        model.unit[some], model.slot_group[model.slot[some]], model.slot[some], model.covariates[some][:, kept]
    )
    varies = Equations(inner, np.ones(int(some.sum()))).covariates_kept
    if not varies.all():
        places = ", ".join(str(at + 1) for at in np.flatnonzero(kept)[~varies])
        raise NotEstimable(
            f"covariate {places} does not vary, within units and periods, among rows with events",
            where="event_study(family='poisson')",
            spoiled="Its slope may run to infinity, and rows without events would be fitted by it alone.",
            todo="Leave it out, or group it more coarsely.",
        )
