"""Chao's lower bound for how many there are that were never counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class LowerBound(NamedTuple):
    """At least how many there are, those never counted included.

    Attributes
    ----------
    total, std_error : float
    low, high : float
        Interval of the bound, on a log scale for what was not counted.
    """

    total: float
    std_error: float
    low: float
    high: float


def chao_bound(
    seen: int, once: int, twice: int, *, level: float, corrected: bool = True, factor: float = 1.0
) -> LowerBound:
    """Return Chao's lower bound.

    Parameters
    ----------
    seen, once, twice : int
        Units counted at all, exactly once, and exactly twice.
    level : float
        Coverage.
    corrected : bool
        With the correction for bias, once (once - 1) / (2 (twice + 1)), which also holds where nobody was counted
        twice; else once^2 / (2 twice), infinite there.
    factor : float
        What the number not counted is multiplied by: (t - 1) / t where each unit can be counted t times only.

    References
    ----------
    Chao A. Biometrics 1987; 43: 783-791. Chiu C-H, Wang Y-T, Walther BA, Chao A. Biometrics 2014; 70: 671-682.
    """
    from scipy.special import ndtri

    if corrected:
        more = factor * once * (once - 1) / (2 * (twice + 1))
        variance = (
            more
            + factor**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
            + factor**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
        )
        if twice == 0 and once:
            spread = factor**2 * once * (2 * once - 1) ** 2 / 4
            variance = more + spread - factor**2 * once**4 / (4 * (seen + more))
    else:
        ratio = np.inf if twice == 0 else once / twice
        more = factor * once * ratio / 2 if once else 0.0
        variance = _plain_variance(twice, ratio, factor) if twice else (np.inf if once else 0.0)
    if not np.isfinite(more):
        return LowerBound(np.inf, np.inf, float(seen), np.inf)
    if more <= 0:
        return LowerBound(
            float(seen), float(np.sqrt(max(variance, 0.0))), float(seen), float(seen) if not once else np.nan
        )
    spread = np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(np.log1p(max(variance, 0.0) / more**2)))
    return LowerBound(
        float(seen + more), float(np.sqrt(max(variance, 0.0))), float(seen + more / spread), float(seen + more * spread)
    )


def _plain_variance(twice: int, ratio: float, factor: float) -> float:
    return twice * (factor**2 * ratio**4 / 4 + factor**2 * ratio**3 + factor * ratio**2 / 2)


__all__ = ["LowerBound", "chao_bound"]
