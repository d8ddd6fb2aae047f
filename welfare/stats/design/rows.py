"""Which rows of a frame a model can use: what is missing, what has no exposure, what a fixed effect settles alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NoDenominator
from welfare.stats.inputs import numbers


def first_reasons(rows: pd.DataFrame, exposure: str | None) -> np.ndarray:
    """Return for each row why it cannot be used, None where nothing speaks against it.

    Parameters
    ----------
    rows : DataFrame
        The columns that the model uses.
    exposure : str or None
        Column of exposures.

    Returns
    -------
    array of n str or None

    Raises
    ------
    NoDenominator
        If an exposure was named and no row has one above zero.
    """
    reasons = np.full(len(rows), None, dtype=object)
    for name in reversed(list(rows)):
        reasons[rows[name].isna().to_numpy()] = f"missing {name}"
    if exposure is not None:
        amounts = numbers(rows[exposure], exposure)
        reasons[np.isnan(amounts) | (amounts == 0)] = "no exposure"
        reasons[amounts < 0] = "negative exposure"
        if not (amounts > 0).any():
            raise NoDenominator(
                f"no row has {exposure!r} above zero",
                where="count_model(exposure=)",
                spoiled="Counts over unequal exposure would pass for rates.",
                todo="Name a column that says over how many animals, tasks or hours each count was made.",
            )
    return reasons


def unused(reasons: np.ndarray) -> np.ndarray:
    """Return which rows have a reason against them, array of n bool."""
    return np.asarray(pd.notna(reasons))


def settled_alone(effects: list[np.ndarray], outcome: np.ndarray, upper: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows that fixed effects fit perfectly by themselves, so that they say nothing of any term.

    Parameters
    ----------
    effects : list of arrays of int, shape (n,)
        Level of each row, from 0, one array per fixed effect.
    outcome : array of float, shape (n,)
    upper : float or None
        The highest value an outcome can have; None if there is none.

    Returns
    -------
    singletons, separated : arrays of n bool
        Rows that are the only one of their level; rows of levels in which every outcome is 0 (or the highest). Leaving
        some out can make others so: what is found is found in turn until nothing is left to find.
    """
    alone, separated = np.zeros(len(outcome), dtype=bool), np.zeros(len(outcome), dtype=bool)
    before = -1
    while before != (lost := int(alone.sum() + separated.sum())):
        before = lost
        for levels in effects:
            left = ~(alone | separated)
            many = np.bincount(levels, left, levels.max(initial=0) + 1)
            events = np.bincount(levels, left * outcome, len(many))
            bound = events == 0
            if upper is not None:
                bound |= events == upper * many
            separated |= left & bound[levels]
            alone |= left & ~bound[levels] & (many[levels] == 1)
    return alone, separated
