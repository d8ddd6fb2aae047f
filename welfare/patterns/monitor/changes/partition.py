"""How far cutting a series raises its likelihood, per cut: compiled, for thousands of random series.

Kept apart because numba takes half a second to import; only changepoints ask for it.
"""

from __future__ import annotations

from math import log

import numpy as np

from welfare.stats.compiled import compiled

_ABOVE = 1 + 1e-9


@compiled()
def _likelihood(observed: float, expected: float) -> float:
    return 2.0 * observed * log(observed / expected) if observed > 0.0 else 0.0


@compiled()
def best_cuts(o: np.ndarray, e: np.ndarray, penalty: float) -> tuple[float, int]:
    """Return the gain in twice the log likelihood of the best cuts at a penalty, and how many they are.

    Parameters
    ----------
    o, e : array of float, shape (t + 1,)
        Running sums of counts and expected counts, from 0.
    penalty : float
        Per cut.
    """
    n = len(o) - 1
    best, cuts = np.empty(n + 1), np.zeros(n + 1, np.int64)
    best[0] = penalty
    for end in range(1, n + 1):
        top, at = -np.inf, 0
        for begin in range(end):
            value = best[begin] + _likelihood(o[end] - o[begin], e[end] - e[begin])
            if value > top:
                top, at = value, begin
        best[end] = top - penalty
        cuts[end] = cuts[at] + 1 if at > 0 else 0
    return best[n] + penalty * cuts[n] - _likelihood(o[n], e[n]), cuts[n]


@compiled()
def gain_per_cut(counts: np.ndarray, mean: np.ndarray) -> float:
    """Return the highest penalty at which a series is still cut.

    Parameters
    ----------
    counts, mean : array of float, shape (t,)
        Counts, and expected counts above 0.

    Returns
    -------
    float
        0 where no cut gains anything.
    """
    n = len(counts)
    o, e = np.zeros(n + 1), np.zeros(n + 1)
    for t in range(n):
        o[t + 1], e[t + 1] = o[t] + counts[t], e[t] + mean[t]
    whole, gain = _likelihood(o[n], e[n]), 0.0
    for cut in range(1, n):
        one = _likelihood(o[cut], e[cut]) + _likelihood(o[n] - o[cut], e[n] - e[cut]) - whole
        gain = max(gain, one)
    for _ in range(50):
        more, cuts = best_cuts(o, e, gain * _ABOVE + 1e-12)
        if cuts == 0 or more <= gain * cuts * _ABOVE:
            break
        gain = more / cuts
    return gain


__all__ = ["best_cuts", "gain_per_cut"]
