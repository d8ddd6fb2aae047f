"""Since when a chart has been climbing, and what was counted and expected in that time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_GROUND = 1e-12
NEVER = -1


@dataclass(frozen=True)
class Evidence:
    """When each chart signalled and since when it climbed: positions of periods, NEVER where not.

    Attributes
    ----------
    signal, since, until : array of int, shape (facilities,)
        First period at the limit; first after the chart last stood on the ground before that (before the end, for a
        chart without a signal); last before it came back to the ground.
    observed, expected : array of float, shape (facilities,)
        From since to until; NaN where the chart stands on the ground.
    """

    signal: np.ndarray
    since: np.ndarray
    until: np.ndarray
    observed: np.ndarray
    expected: np.ndarray


def first_signal(path: np.ndarray, limit: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Return the first live period in which each chart stands at its limit or above, or NEVER."""
    with np.errstate(invalid="ignore"):
        over = (path >= limit * (1 - 1e-12)) & live
    return np.where(over.any(axis=0), over.argmax(axis=0), NEVER)


def accumulated(
    path: np.ndarray, limit: np.ndarray, counts: np.ndarray, mean: np.ndarray, live: np.ndarray
) -> Evidence:
    """Find the climb that led to each chart's first signal, or the one it is on at the end.

    Parameters
    ----------
    path, counts, mean, live : array, shape (periods, facilities)
        Heights, counts, expected counts, periods that count.
    limit : array, shape (facilities,)
        Of the heights.

    References
    ----------
    Page ES. Biometrika 1954; 41: 100-115: the last zero before the signal is the likeliest time of the change.
    """
    periods, facilities = path.shape
    steps, each = np.arange(periods)[:, None], np.arange(facilities)
    ground = path <= _GROUND
    signal = first_signal(path, limit, live)
    seen_from = np.where(signal == NEVER, periods - 1, signal)
    grounded = np.maximum.accumulate(np.where(ground, steps, -1), axis=0)
    climbing = ~ground[seen_from, each]
    since = np.where(climbing, grounded[seen_from, each] + 1, NEVER)
    back = np.minimum.accumulate(np.where(ground, steps, periods)[::-1], axis=0)[::-1]
    until = np.where(climbing, back[seen_from, each] - 1, NEVER)
    return _added(signal, since, until, counts, mean, live)


def at_once(path: np.ndarray, limit: np.ndarray, counts: np.ndarray, mean: np.ndarray, live: np.ndarray) -> Evidence:
    """Do as :func:`accumulated` does for a chart without a memory: the period of the signal alone."""
    signal = first_signal(path, limit, live)
    return _added(signal, signal, signal, counts, mean, live)


def _added(
    signal: np.ndarray, since: np.ndarray, until: np.ndarray, counts: np.ndarray, mean: np.ndarray, live: np.ndarray
) -> Evidence:
    steps = np.arange(len(counts))[:, None]
    inside = live & (steps >= since) & (steps <= until)
    none = since == NEVER
    observed = np.where(none, np.nan, np.where(inside, counts, 0.0).sum(axis=0))
    expected = np.where(none, np.nan, np.where(inside, mean, 0.0).sum(axis=0))
    # A period that does not count cannot end a climb.
    last = np.where(inside, steps, NEVER).max(axis=0, initial=NEVER)
    return Evidence(signal, since, np.where(none, NEVER, last), observed, expected)


__all__ = ["NEVER", "Evidence", "accumulated", "at_once", "first_signal"]
