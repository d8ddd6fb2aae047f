"""Log likelihood ratios of one window, compiled: how much better two rates explain the counts than one."""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled

POISSON, BERNOULLI, EXPECTATION, NORMAL = 0, 1, 2, 3


@compiled(inline="always")
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


@compiled(inline="always")
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


@compiled(inline="always")
def expectation(count: float, expected: float) -> float:
    """Return Neill's expectation-based Poisson ratio: nothing outside the window plays a part."""
    return count * np.log(count / expected) + expected - count if count > expected else 0.0


@compiled(error_model="numpy", inline="always")
def normal(value: float, weight: float, total: float, total_weight: float, squares: float, rows: float) -> float:
    """Return the weighted normal ratio: how much two means explain of the `squares` about one mean, over `rows` values.

    Values x have variances s / w with s unknown and the same for all (Kulldorff, Huang & Konty 2009; with weights
    Huang et al. 2009): half of `rows` times the logarithm of s without the window over s with it. `value` and `total`
    are sums of w x inside and in all, `weight` and `total_weight` of w; `squares` is the sum of w (x - mean)^2.
    """
    outside = total_weight - weight
    more = value - total * weight / total_weight
    if weight <= 0 or outside <= 0 or more <= 0 or squares <= 0:
        return 0.0
    explained = more * more * total_weight / (weight * outside) / squares
    # All of it explained leaves a variance of 0 and an infinite ratio: rounding decides what is left.
    return -0.5 * rows * np.log(max(1 - explained, 1e-15))


@compiled(error_model="numpy")
def log_ratio(ratio: int, count: float, base: float, totals: tuple[float, float, float, float]) -> float:
    """Return one window's log likelihood ratio under the model that `ratio` names; 0 unless more than expected.

    Parameters
    ----------
    ratio : int
        POISSON, BERNOULLI, EXPECTATION or NORMAL.
    count, base : float
        Sums of cases and of the base inside.
    totals : tuple of float
        Of cases and of the base in all; for NORMAL, squares about the mean and how many values.

    Returns
    -------
    float
        A window without any base has no rate, and 0.
    """
    total, total_base, squares, rows = totals
    if base <= 0:
        return 0.0
    if ratio == BERNOULLI:
        return bernoulli(count, base, total, total_base)
    if ratio == EXPECTATION:
        return expectation(count, base)
    if ratio == NORMAL:
        return normal(count, base, total, total_base, squares, rows)
    expected = total * base / total_base
    # Rounding must not make a window of just as many cases as expected stand out.
    return poisson(count, expected, total) if count > expected * (1 + 1e-12) else 0.0
