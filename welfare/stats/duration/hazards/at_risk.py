"""Rows at risk over a time each, sorted once so that risk sets can be summed in one sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Times closer than this, as a share of themselves, are one: what rounding sets apart is a tie.
_TIED = 1e-10


@dataclass(frozen=True)
class AtRisk:
    """Rows that are at risk in (entry, exit].

    Attributes
    ----------
    entry, exit : array of float, shape (n,)
        Times, those that differ by rounding alone made one.
    event : array of bool, shape (n,)
        Whether the time ends with the event.
    stratum : array of int, shape (n,)
        Rows are compared within strata only.
    entry_rank, exit_rank : array of int, shape (n,)
        Places of the times among all times.
    by_exit, by_entry : array of int, shape (n,)
        Rows by stratum, and within it by time, the latest first.
    """

    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    stratum: np.ndarray
    entry_rank: np.ndarray
    exit_rank: np.ndarray
    by_exit: np.ndarray
    by_entry: np.ndarray


def in_order(rows: AtRisk) -> AtRisk:
    """Return the same rows in the order of `by_exit`, so that a sweep reads them one after another.

    Parameters
    ----------
    rows : AtRisk
    """
    order = rows.by_exit
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return AtRisk(
        rows.entry[order],
        rows.exit[order],
        rows.event[order],
        rows.stratum[order],
        rows.entry_rank[order],
        rows.exit_rank[order],
        np.arange(len(order)),
        place[rows.by_entry],
    )


def at_risk(entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray | None = None) -> AtRisk:
    """Sort rows for sweeps over their risk sets.

    Parameters
    ----------
    entry, exit_ : array of float, shape (n,)
        Entry before exit.
    event : array of bool, shape (n,)
    stratum : array of int, shape (n,), optional
        From 0; all rows in one by default.
    """
    entry, exit_ = tied(entry, exit_)
    ranks = np.unique(np.concatenate([entry, exit_]), return_inverse=True)[1]
    entry_rank, exit_rank = ranks[: len(entry)].astype(np.int64), ranks[len(entry) :].astype(np.int64)
    codes = np.zeros(len(entry), dtype=np.int64) if stratum is None else stratum.astype(np.int64)
    return AtRisk(
        entry,
        exit_,
        event.astype(bool),
        codes,
        entry_rank,
        exit_rank,
        np.lexsort((-exit_rank, codes)),
        np.lexsort((-entry_rank, codes)),
    )


def tied(entry: np.ndarray, exit_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give times that differ by rounding alone the same number.

    Parameters
    ----------
    entry, exit_ : array of float, shape (n,)
    """
    both = np.concatenate([entry, exit_])
    times, place = np.unique(both, return_inverse=True)
    apart = np.diff(times, prepend=-np.inf) > _TIED * np.abs(times)
    if apart.all():
        return entry, exit_
    merged = times[apart][np.cumsum(apart) - 1][place]
    return merged[: len(entry)], merged[len(entry) :]
