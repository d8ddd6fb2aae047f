"""Whether groups of counts differ at all: what they would show if all recorded alike, by simulation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_ROUNDED = 1e-9  # ties are ties whatever the order of the sums


class _Alike(NamedTuple):
    """What counts would be if every group recorded alike: expected, and squared spread beyond Poisson (0 or more)."""

    due: np.ndarray
    extra: float


def alike_p(counts: np.ndarray, over: np.ndarray, groups: np.ndarray, replicates: int, seed: int) -> float:
    """Return the p-value of groups of counts that differ no more than chance makes them.

    Parameters
    ----------
    counts, over : array of float, shape (n,)
        Counts, and what each was made over (above 0).
    groups : array of int, shape (n,)
        From 0 without a gap.
    replicates : int
        Simulations; 0 gives NaN.
    seed : int

    Notes
    -----
    The statistic sums over groups the squared difference from what is expected, divided by its variance. Its
    distribution is had by drawing negative binomial counts (Poisson where they spread no more), the rate and spread
    estimated anew each time. A likelihood ratio at the bound of no spread, half chi-squared, gives half the false
    alarms it should where counts are near Poisson: the spread within takes up what lies between.
    """
    if not replicates:
        return np.nan
    rng, alike = np.random.default_rng(seed), _alike(counts, over)
    seen = _apart(counts, alike, groups) * (1 - _ROUNDED)
    as_far = 0
    for _ in range(replicates):
        rates = alike.due * rng.gamma(1 / alike.extra, alike.extra, len(counts)) if alike.extra > 0 else alike.due
        drawn = rng.poisson(rates).astype(float)
        as_far += bool(drawn.any()) and _apart(drawn, _alike(drawn, over), groups) >= seen
    return (1 + as_far) / (1 + replicates)


def _alike(counts: np.ndarray, over: np.ndarray) -> _Alike:
    due = counts.sum() / over.sum() * over
    return _Alike(due, max(float(np.sum((counts - due) ** 2 - counts) / np.sum(due**2)), 0.0))


def _apart(counts: np.ndarray, alike: _Alike, groups: np.ndarray) -> float:
    difference = np.bincount(groups, counts - alike.due)
    return float(np.sum(difference**2 / np.bincount(groups, alike.due + alike.extra * alike.due**2)))


__all__ = ["alike_p"]
