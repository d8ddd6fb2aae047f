"""How long a chart runs before it crosses its limit if nothing is wrong: a Markov chain over its heights, compiled.

Kept apart because numba takes half a second to import; only a chart asks for it.
"""

from __future__ import annotations

from math import exp, floor, lgamma, log, log1p

import numpy as np
from numba import njit

POISSON, NEGATIVE_BINOMIAL, BINOMIAL = 0, 1, 2
_NEGLIGIBLE = 1e-17  # of a count's probability, far out in a tail
_REACHED = 1e-9  # of a step of the grid: a height that rounding left just below the limit has reached it
_MOST_CYCLES = 400


@njit(cache=True, nogil=True)
def first_count(kind: int, mean: float, size: float, trials: float) -> tuple[int, float, float, float]:
    """Return the smallest count that matters, its probability, and A, B of p(x + 1) = p(x) (A + B / (x + 1)).

    Parameters
    ----------
    kind : int
        POISSON, NEGATIVE_BINOMIAL or BINOMIAL.
    mean : float
        Expected count, above 0.
    size : float
        Of the negative binomial: the variance is mean + mean^2 / size.
    trials : float
        Of the binomial.
    """
    if kind == POISSON:
        a, b, variance = 0.0, mean, mean
    elif kind == NEGATIVE_BINOMIAL:
        a = mean / (mean + size)
        b, variance = (size - 1.0) * a, mean + mean * mean / size
    else:
        odds = mean / (trials - mean)
        a, b, variance = -odds, (trials + 1.0) * odds, mean * (1.0 - mean / trials)
    x = max(0, floor(mean - 9.0 * variance**0.5 - 5.0))
    if kind == POISSON:
        log_p = x * log(mean) - mean - lgamma(x + 1.0)
    elif kind == NEGATIVE_BINOMIAL:
        log_p = lgamma(x + size) - lgamma(size) - lgamma(x + 1.0) - size * log1p(mean / size) + x * log(a)
    else:
        log_p = lgamma(trials + 1.0) - lgamma(x + 1.0) - lgamma(trials - x + 1.0)
        log_p += x * log(mean / trials) + (trials - x) * log1p(-mean / trials)
    return x, exp(log_p), a, b


@njit(cache=True, nogil=True)
def _spread(before: np.ndarray, after: np.ndarray, p: float, slope: float, shift: float) -> None:
    """Move the probability of all heights by one outcome: from step i of the grid to slope * i + shift."""
    top = len(before) - 1
    for i in range(top + 1):
        if before[i] <= 0.0:
            continue
        at = slope * i + shift
        if at <= 0.0:
            after[0] += p * before[i]
        elif at < top - _REACHED:
            j = int(at)
            part = at - j
            # Split between neighbours so that the mean height is kept: the error falls with the square of the step.
            after[j] += p * before[i] * (1.0 - part)
            after[j + 1] += p * before[i] * part


@njit(cache=True, nogil=True)
def _slide(before: np.ndarray, after: np.ndarray, p: float, shift: float) -> None:
    """Do as `_spread` does for a slope of 1, where every height is split alike."""
    top = len(before) - 1
    whole = floor(shift)
    part = shift - whole
    if part > 1.0 - _REACHED:
        whole, part = whole + 1, 0.0
    if part < _REACHED:
        part = 0.0
    stay, on = p * (1.0 - part), p * part
    low = min(max(0, -whole), top + 1)  # steps below end on the floor
    for i in range(low):
        after[0] += p * before[i]
    high = top - whole  # steps from here on reach the limit
    if part == 0.0:
        for i in range(low, min(high, top + 1)):
            after[i + whole] += p * before[i]
    else:
        for i in range(low, min(high, top + 1)):
            after[i + whole] += stay * before[i]
            after[i + whole + 1] += on * before[i]


@njit(cache=True, nogil=True)
def _one_period(
    before: np.ndarray, after: np.ndarray, law: tuple[int, float, float, float], move: tuple[float, float, float]
) -> None:
    """Move the heights through one period: law is kind, mean, size, trials; move is slope, per count, constant."""
    top = len(before) - 1
    kind, mean, size, trials = law
    slope, per_count, constant = move
    x, p, a, b = first_count(kind, mean, size, trials)
    after[:] = 0.0
    alive = before.sum()
    while True:
        shift = per_count * x + constant
        if per_count > 0.0 and shift >= top - _REACHED:
            break
        if slope == 1.0 and shift <= -top:
            after[0] += p * alive
        elif slope == 1.0:
            if shift < top:
                _slide(before, after, p, shift)
        else:
            _spread(before, after, p, slope, shift)
        if (x > mean and p < _NEGLIGIBLE) or (kind == BINOMIAL and x >= trials):
            break
        p *= a + b / (x + 1.0)
        x += 1


@njit(cache=True, nogil=True)
def survival(
    kind: int,
    size: float,
    mean: np.ndarray,
    trials: np.ndarray,
    moves: np.ndarray,
    bottom: float,
    limit: float,
    heights: np.ndarray,
) -> np.ndarray:
    """Return the probability that a chart has not reached its limit by the end of each period.

    Parameters
    ----------
    kind, size : int, float
        Law of the counts; see :func:`first_count`.
    mean, trials : array of float, shape (t,)
        Expected count above 0, and trials (binomial only).
    moves : array of float, shape (t, 3)
        Slope, per_count, constant: height = slope * height before + per_count * count + constant.
    bottom : float
        The chart never falls below it.
    limit : float
        Above `bottom`.
    heights : array of float, shape (m + 1,)
        Probability of each height of the grid from bottom to limit before the first period; replaced by that after
        the last.

    Returns
    -------
    array of float, shape (t,)
    """
    top = len(heights) - 1
    step = (limit - bottom) / top
    out = np.empty(len(mean))
    after = np.empty(top + 1)
    for t in range(len(mean)):
        slope = moves[t, 0]
        move = (slope, moves[t, 1] / step, (moves[t, 2] + slope * bottom - bottom) / step)
        _one_period(heights, after, (kind, mean[t], size, trials[t]), move)
        heights[:] = after
        out[t] = heights.sum()
    return out


@njit(cache=True, nogil=True)
def start(bottom: float, limit: float, steps: int) -> np.ndarray:
    """Return a grid of heights with all probability at height 0, which lies between bottom and limit."""
    heights = np.zeros(steps + 1)
    at = -bottom / (limit - bottom) * steps
    j = int(at)
    heights[j] = 1.0 - (at - j)
    if at > j:
        heights[j + 1] = at - j
    return heights


@njit(cache=True, nogil=True)
def mean_run(
    kind: int,
    size: float,
    mean: np.ndarray,
    trials: np.ndarray,
    moves: np.ndarray,
    bottom: float,
    limit: float,
    steps: int,
) -> float:
    """Return how many periods pass, on average, before a chart reaches its limit, the periods given recurring for ever.

    Parameters
    ----------
    kind, size, mean, trials, moves, bottom, limit
        As for :func:`survival`.
    steps : int
        Of the grid of heights.

    Returns
    -------
    float
        Periods, the one of the alarm included.
    """
    heights = start(bottom, limit, steps)
    total, before, ratio_before = 1.0, 1.0, -1.0
    for _ in range(_MOST_CYCLES):
        lived = survival(kind, size, mean, trials, moves, bottom, limit, heights)
        last, ratio = lived[-1], lived[-1] / before
        total += lived.sum()
        # Once the shape of the heights no longer changes from cycle to cycle, the rest is a geometric series.
        if last < 1e-10 or abs(ratio - ratio_before) <= 1e-6 * (1.0 - ratio):
            break
        before, ratio_before = last, ratio
    return total + lived.sum() * ratio / max(1.0 - ratio, 1e-300)
