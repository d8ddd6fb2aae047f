"""Whether counts vary more from period to period than a Poisson count does, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ONE_IN_A_HUNDRED = 2.326  # standard errors
_FACILITIES = 30  # from here on their sums say how sure the estimate is
_FEWEST = 8  # pairs of neighbouring periods


@dataclass(frozen=True)
class PeriodSpread:
    """Variance of the true rate from one period to the next.

    Attributes
    ----------
    dispersion : float
        Relative to the mean squared: the variance of a count is mean + dispersion * mean^2. 0 or more; NaN if not
        estimable.
    z : float
        Estimate in standard errors from 0.
    """

    dispersion: float
    z: float

    @property
    def shown(self) -> bool:
        """Whether there is more than chance gives once in a hundred times."""
        return bool(self.z > _ONE_IN_A_HUNDRED)


def period_spread(counts: np.ndarray, mean: np.ndarray, live: np.ndarray) -> PeriodSpread:
    """Estimate spread from the differences between neighbouring periods, all facilities together.

    Parameters
    ----------
    counts, mean : array of float, shape (periods, facilities)
        Counts, and expected counts above 0.
    live : array of bool, same shape
        Periods that count.

    Notes
    -----
    A step or a drift in the level, which is what a chart looks for, hardly enters differences between neighbours: it
    does not hide itself by being taken for spread. Spread that lasts for months is not seen, and is what will signal.
    """
    both = live[1:] & live[:-1]
    x, y = (np.where(both, part, 0.0) for part in (counts[:-1], counts[1:]))
    m, n = (np.where(both, part, 1.0) for part in (mean[:-1], mean[1:]))
    weight = both / (m + n) ** 2
    excess = weight * ((n * x - m * y) ** 2 - n**2 * x - m**2 * y)
    scale = float((2 * weight * m * n * x * y).sum())
    if scale <= 0 or both.sum() < _FEWEST:
        return PeriodSpread(np.nan, 0.0)
    if both.any(axis=0).sum() >= _FACILITIES:
        variance = float((excess.sum(axis=0) ** 2).sum())
    else:
        variance = float((excess**2).sum() + 2 * (excess[1:] * excess[:-1]).sum())
        variance = max(variance, float((excess**2).sum()))
    total = float(excess.sum())
    return PeriodSpread(max(total / scale, 0.0), total / np.sqrt(variance) if variance > 0 else 0.0)


__all__ = ["PeriodSpread", "period_spread"]
