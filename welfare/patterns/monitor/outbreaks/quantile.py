"""The highest count that raises no alarm, by adding up probabilities from 0: compiled.

For counts of a few events, of which there are millions, this is many times as fast as a quantile function for any.
"""

from __future__ import annotations

from math import exp, log

import numpy as np

from welfare.stats.compiled import compiled

_FARTHEST = 600.0  # beyond that, the probability of 0 cannot be held
_MOST = 20_000  # counts added up


@compiled()
def highest_ordinary(mean: np.ndarray, total: np.ndarray, alpha: float) -> np.ndarray:
    """Return the lowest count that is exceeded with a chance of no more than `alpha`.

    Parameters
    ----------
    mean : array of float, shape (n,)
        Means, above 0.
    total : array of float, shape (n,)
        Variance over mean: 1 for Poisson counts, above it negative binomial.
    alpha : float
        Chance, not so small that 1 less it is 1.

    Returns
    -------
    array of float, shape (n,)
        NaN where it lies too far from 0 to be found so.
    """
    out = np.full(len(mean), np.nan)
    for i in range(len(mean)):
        if total[i] > 1.0 + 1e-9:
            size = mean[i] / (total[i] - 1.0)
            a = (total[i] - 1.0) / total[i]
            b, far = (size - 1.0) * a, size * log(total[i])
        else:
            a, b, far = 0.0, mean[i], mean[i]
        if not far < _FARTHEST:
            continue
        p = exp(-far)
        x, within = 0, p
        while within < 1.0 - alpha and x < _MOST:
            p *= a + b / (x + 1.0)
            x += 1
            within += p
        if x < _MOST:
            out[i] = x
    return out


__all__ = ["highest_ordinary"]
