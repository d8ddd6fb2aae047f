"""How each row, or cluster of rows, moves a curve: the infinitesimal jackknife, whose squares sum to the variance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from welfare.stats.duration.product_limit import ProductLimit

_CELLS = 4_000_000  # of a block of rows by times


@dataclass(frozen=True)
class Watched:
    """Rows as they stand to a curve.

    Attributes
    ----------
    came, went : array of int, shape (n,)
        How many of the curve's times lie at or before each row's entry, and its exit.
    event : array of bool, shape (n,)
    codes : array of int, shape (n,)
        Cluster of each row, from 0.
    """

    came: np.ndarray
    went: np.ndarray
    event: np.ndarray
    codes: np.ndarray


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
        Clusters; None where each row is its own.
    """
    came = np.searchsorted(curve.time, entry, side="right")
    went = np.searchsorted(curve.time, exit_, side="right")
    return Watched(came, went, event, np.arange(len(entry)) if codes is None else codes)


def survival_variance(curve: ProductLimit, rows: Watched) -> np.ndarray:
    """Return the variance of a Kaplan-Meier curve at each of its times, shape (T,).

    Parameters
    ----------
    curve : ProductLimit
    rows : Watched
    """
    variance = np.zeros(len(curve.time))
    for block, moves in _moves(curve, rows):
        variance[block - 1] = (moves**2).sum(axis=0)
    return variance


def area_variance(curve: ProductLimit, rows: Watched, until: float) -> float:
    """Return the variance of the area below a Kaplan-Meier curve up to a time.

    Parameters
    ----------
    curve : ProductLimit
    rows : Watched
    until : float
    """
    ends = np.clip(np.append(curve.time[1:], np.inf), None, until)
    steps = np.clip(ends - curve.time, 0, None)
    return float(np.sum(sum(moves @ steps[block - 1] for block, moves in _moves(curve, rows)) ** 2))


def _moves(curve: ProductLimit, rows: Watched) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of the curve's times, from 1, and how each cluster moves the curve there, shape (G, block)."""
    presence, event = _log_survival(curve, rows)
    many, places = int(rows.codes.max()) + 1, np.arange(1, len(curve.time) + 1)
    for block in np.array_split(places, max(1, len(rows.came) * len(places) // _CELLS)):
        till, since = _while_there(rows, block)
        log_moves = presence[till] - presence[since] + event[:, None] * (rows.went[:, None] <= block)
        yield block, _summed(log_moves, rows.codes, many) * curve.survival[block - 1]


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
    presence, event = _log_survival(curve, rows)
    before = np.concatenate([[1.0], curve.survival[:-1]])
    jump = before * of_cause / curve.at_risk
    incidence, drawn, drag = (_from_zero(part) for part in (jump, presence[:-1] * jump, jump / curve.at_risk))
    many, places = int(rows.codes.max()) + 1, np.arange(1, len(curve.time) + 1)
    own = np.where(cause, (before / curve.at_risk)[rows.went - 1], 0.0)
    at_end = event + presence[rows.went] - presence[rows.came]
    variance = np.zeros(len(places))
    for block in np.array_split(places, max(1, len(rows.came) * len(places) // _CELLS)):
        till, since = _while_there(rows, block)
        gone = rows.went[:, None] <= block
        # A row that is there lowers all hazards; once it is gone, what it did to the curve goes on.
        moves = drawn[till] - drawn[since] - presence[since] * (incidence[till] - incidence[since])
        moves -= drag[till] - drag[since]
        moves += gone * (own[:, None] + at_end[:, None] * (incidence[block] - incidence[till]))
        variance[block - 1] = (_summed(moves, rows.codes, many) ** 2).sum(axis=0)
    return variance


def _log_survival(curve: ProductLimit, rows: Watched) -> tuple[np.ndarray, np.ndarray]:
    """Return how presence until each time moves the logarithm of the curve, from zero on, and how each event does."""
    left = curve.at_risk - curve.events
    with np.errstate(divide="ignore", invalid="ignore"):
        presence = np.where(left > 0, curve.events / (curve.at_risk * left), 0.0)
        event = np.where(rows.event & (left[rows.went - 1] > 0), -1 / left[rows.went - 1], 0.0)
    return _from_zero(presence), event


def _from_zero(steps: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(steps)])


def _while_there(rows: Watched, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the end of each row's presence up to the times of a block, and its beginning, shape (n, block)."""
    till = np.minimum(rows.went[:, None], block)
    return till, np.minimum(rows.came[:, None], till)


def _summed(moves: np.ndarray, codes: np.ndarray, many: int) -> np.ndarray:
    if many == len(codes):
        return moves
    found = np.zeros((many, moves.shape[1]))
    np.add.at(found, codes, moves)
    return found
