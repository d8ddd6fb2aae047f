"""What a model of grouped counts may be given: a row that could only give a wrong number is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.design.separation import null_directions, separated_rows
from welfare.stats.glm.columns import Columns
from welfare.stats.inputs import whole_counts


def check_rows(counts: np.ndarray, design: np.ndarray, log_exposure: np.ndarray, groups: np.ndarray) -> None:
    """Refuse arrays that differ in length, are not finite, hold what is no count, or do not number their groups.

    Parameters
    ----------
    counts, log_exposure : array of float, shape (n,)
    design : array of float, shape (n, k)
    groups : array of int, shape (n,)
        Numbered from 0 without a gap.

    Raises
    ------
    BadParameter
        If lengths differ, there is no column, or group numbers are not whole numbers from 0 without a gap.
    BadValue
        If a value is missing or infinite, or a count is negative or not whole.
    NotEstimable
        If every count is 0.
    """
    n = len(counts)
    shapes = {"counts": (n,), "log_exposure": (n,), "groups": (n,), "design": (n, max(1, np.shape(design)[-1]))}
    given = {"counts": counts, "log_exposure": log_exposure, "groups": groups, "design": design}
    for name, shape in shapes.items():
        if np.shape(given[name]) != shape:
            raise BadParameter(
                f"{name} has shape {np.shape(given[name])}, not {shape}",
                where=name,
                spoiled="One row's value would be used for another row.",
                todo="Give arrays of one length, and a design with one column per term.",
            )
    for name in ("counts", "design", "log_exposure"):
        if not np.isfinite(given[name]).all():
            raise BadValue(
                f"{name} is missing or infinite in some rows",
                where=name,
                spoiled="Every estimate would be missing or infinite too.",
                todo="Leave out rows without a value or without exposure.",
            )
    whole_counts(counts, "counts", pd.RangeIndex(n))
    _check_numbering(groups)
    if not (counts > 0).any():
        raise NotEstimable(
            "every count is 0",
            where="counts",
            spoiled="The best rate would be 0, and its logarithm minus infinity.",
            todo="Give an exact interval for the rate instead.",
        )


def _check_numbering(groups: np.ndarray) -> None:
    if not (np.issubdtype(groups.dtype, np.integer) and groups.min() == 0 and (np.bincount(groups) > 0).all()):
        raise BadParameter(
            "groups are not numbered from 0 without a gap",
            where="groups",
            spoiled="A group without rows would be counted as one.",
            todo="Number them with numpy.unique(labels, return_inverse=True).",
        )


def check_rank(design: np.ndarray, why: str) -> None:
    """Refuse columns of which a combination vanishes.

    Parameters
    ----------
    design : array of float, shape (n, k)
    why : str
        What that means for the model.

    Raises
    ------
    NotEstimable
    """
    if null_directions(design).shape[1]:
        raise NotEstimable(
            why,
            where="design",
            spoiled="Any value would fit as well as any other.",
            todo="Leave out one of the columns concerned.",
        )


def check_separation(outcome: np.ndarray, columns: np.ndarray, upper: float | None = None) -> None:
    """Refuse rows at a bound that the likelihood would fit perfectly by sending an estimate to infinity.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        0 or more.
    columns : array of float, shape (n, k)
    upper : float or None
        The upper bound of the outcome; None if there is none.

    Raises
    ------
    NotEstimable
    """
    found = separated_rows(outcome, Columns(columns), upper)
    if found.any():
        raise NotEstimable(
            f"an estimate would run to infinity to fit {int(found.sum()):,} rows whose outcome has no exception "
            "(separation)",
            where="design",
            spoiled="Its size would be that of the last iteration, and its error without meaning.",
            todo="Leave out those rows, or the column that singles them out.",
        )


def check_trials(counts: np.ndarray, trials: np.ndarray) -> None:
    """Refuse trials that are not whole numbers above 0 and no fewer than the events, or that are all events.

    Parameters
    ----------
    counts, trials : array of float, shape (n,)

    Raises
    ------
    BadParameter
        If there is not one whole number of trials per row.
    BadValue
        If a row has no trials, or more events than trials.
    NotEstimable
        If every trial is an event.
    """
    if trials.shape != counts.shape or not (np.isfinite(trials).all() and (trials == np.floor(trials)).all()):
        raise BadParameter(
            "trials are not one whole number per row",
            where="trials",
            spoiled="A proportion of them would mean nothing.",
            todo="Give the number of trials of each row.",
        )
    wrong = (counts > trials) | (trials <= 0)
    if wrong.any():
        raise BadValue(
            f"counts exceed their trials, or there are no trials, in {int(wrong.sum()):,} rows",
            where="trials",
            spoiled="No probability gives more events than trials.",
            todo="Correct the rows, and leave out those without trials.",
        )
    if (counts == trials).all():
        raise NotEstimable(
            "every trial is an event",
            where="counts",
            spoiled="The best odds would be infinite.",
            todo="Give an exact interval for the share instead.",
        )


__all__ = ["check_rank", "check_rows", "check_separation", "check_trials"]
