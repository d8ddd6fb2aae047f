"""Log likelihood ratios of one window, compiled: how much better two rates explain the counts than one."""

from __future__ import annotations

import numpy as np
from numba import njit

POISSON, BERNOULLI, EXPECTATION, NORMAL = 0, 1, 2, 3


@njit(cache=True, nogil=True, inline="always")
def poisson(count: float, expected: float, total: float) -> float:
    """Return Kulldorff's ratio given all cases: `count` inside of `total`, where `expected` would fall by share.

    Also the ratio of the exponential model, with events for cases and time at risk for population, and of the
    space-time permutation, with expected counts from the margins.
    """
    if count <= expected:
        return 0.0
    ratio = count * np.log(count / expected)
    if count < total:
        ratio += (total - count) * np.log((total - count) / (total - expected))
    return ratio


@njit(cache=True, nogil=True, inline="always")
def bernoulli(count: float, base: float, total: float, total_base: float) -> float:
    """Return Kulldorff's ratio of cases among trials: `count` of `base` inside, `total` of `total_base` in all."""
    outside, outside_base = total - count, total_base - base
    if base <= 0 or outside_base <= 0 or count * outside_base <= outside * base:
        return 0.0
    ratio = count * np.log(count / base) - total * np.log(total / total_base)
    if count < base:
        ratio += (base - count) * np.log(1 - count / base)
    if outside > 0:
        ratio += outside * np.log(outside / outside_base)
    if outside < outside_base:
        ratio += (outside_base - outside) * np.log(1 - outside / outside_base)
    if total < total_base:
        ratio -= (total_base - total) * np.log(1 - total / total_base)
    return ratio


@njit(cache=True, nogil=True, inline="always")
def expectation(count: float, expected: float) -> float:
    """Return Neill's expectation-based Poisson ratio: nothing outside the window plays a part."""
    return count * np.log(count / expected) + expected - count if count > expected else 0.0
