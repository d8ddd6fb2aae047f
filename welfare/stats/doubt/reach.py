"""From a standard error to an interval and a p-value: the normal, or Student's t where clusters are few."""

from __future__ import annotations

import numpy as np

from welfare.stats.doubt.sandwich import MANY_CLUSTERS

Array = np.ndarray


def degrees_of(clusters: int) -> float:
    """Return the degrees of freedom of Student's t in intervals: G - 1 where clusters are few, else infinite."""
    return float(clusters - 1) if clusters < MANY_CLUSTERS else np.inf


def reach_of(degrees: float) -> float:
    """Return how many standard errors a 95% interval reaches to each side."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(0.975) if np.isinf(degrees) else stdtrit(degrees, 0.975))


def p_values(estimate: Array, std_error: Array, degrees: float) -> Array:
    """Return two-sided p-values of no effect; missing where there is no error."""
    from scipy.special import ndtr, stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = -np.abs(estimate / std_error)
    return np.asarray(2 * (ndtr(beyond) if np.isinf(degrees) else stdtr(degrees, beyond)))
