"""The infinitesimal jackknife: how each row, or cluster of rows, moves a curve; their squares sum to the variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.duration.shares.product_limit import ProductLimit


@dataclass(frozen=True)
class Watched:
    """Rows as they stand to a curve.

    Attributes
    ----------
    codes : array of int, shape (n,)
        Cluster of each row, from 0.
    event : array of bool, shape (n,)
    by_entry, by_exit : array of int, shape (n,)
        Rows in the order in which they enter, and end.
    entered, ended : array of int, shape (T,)
        How many have entered before each of the curve's times, and ended by it.
    """

    codes: np.ndarray
    event: np.ndarray
    by_entry: np.ndarray
    by_exit: np.ndarray
    entered: np.ndarray
    ended: np.ndarray

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.codes.max()) + 1


def watched(
    curve: ProductLimit, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, codes: np.ndarray | None
) -> Watched:
    """Place rows among the times of their curve.

    Parameters
    ----------
    curve : ProductLimit
        Of these rows.
    entry, exit_, event : array, shape (n,)
    codes : array of int, shape (n,), or None
        Clusters from 0; None where each row is its own.
    """
    by_entry, by_exit = np.argsort(entry, kind="stable"), np.argsort(exit_, kind="stable")
    return Watched(
        np.arange(len(entry)) if codes is None else codes,
        event,
        by_entry,
        by_exit,
        np.searchsorted(entry[by_entry], curve.time, side="left"),
        np.searchsorted(exit_[by_exit], curve.time, side="right"),
    )


def survival_variance(curve: ProductLimit, rows: Watched) -> np.ndarray:
    """Return the variance of a Kaplan-Meier curve at each of its times, shape (T,).

    Parameters
    ----------
    curve : ProductLimit
    rows : Watched
    """
    return _moves(curve, rows, np.zeros(len(curve.time)), np.zeros(len(rows.codes), dtype=bool), curve.time)[0]


def incidence_variance(curve: ProductLimit, of_cause: np.ndarray, cause: np.ndarray, rows: Watched) -> np.ndarray:
    """Return the variance of the cumulative incidence of one cause at each time of a curve, shape (T,).

    Parameters
    ----------
    curve : ProductLimit
        Of all causes together.
    of_cause : array, shape (T,)
        Events of the cause.
    cause : array of bool, shape (n,)
        Whether a row ends with that cause.
    rows : Watched
    """
    return _moves(curve, rows, of_cause, cause, curve.time)[1]


def area_variance(curve: ProductLimit, rows: Watched, until: float) -> float:
    """Return the variance of the area below a Kaplan-Meier curve up to a time within it.

    Parameters
    ----------
    curve : ProductLimit
    rows : Watched
    until : float
    """
    none = np.zeros(len(rows.codes), dtype=bool)
    area = _moves(curve, rows, np.zeros(len(curve.time)), none, np.clip(curve.time, None, until))[2]
    return float(np.sum(area**2))


def _moves(
    curve: ProductLimit, rows: Watched, of_cause: np.ndarray, cause: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from welfare.stats.duration.shares.influences import spread_of_moves  # compiled

    return spread_of_moves(
        curve.at_risk.astype(float),
        curve.events.astype(float),
        of_cause.astype(float),
        curve.survival,
        np.diff(ends, prepend=0.0),
        rows.codes.astype(np.int64),
        rows.clusters,
        rows.event,
        cause,
        rows.by_entry,
        rows.entered,
        rows.by_exit,
        rows.ended,
    )
