"""How long a chart runs before it crosses its limit if nothing is wrong: a Markov chain over its heights, compiled.

Kept apart because numba takes half a second to import; only a chart asks for it.
"""

from __future__ import annotations

from math import exp, floor, lgamma, log, log1p

import numpy as np

from welfare.stats.compiled import compiled

POISSON, NEGATIVE_BINOMIAL, BINOMIAL = 0, 1, 2
_NEGLIGIBLE = 1e-17  # of a count's probability, far out in a tail
_REACHED = 1e-9  # of a step of the grid: a height that rounding left just below the limit has reached it
_MOST_CYCLES = 400
_BLOCK = 0.02  # of a standard deviation, and of a count: counts that are put together
_MOST_COUNTS = 4000  # and blocks of them, in one period


@compiled()
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
    return x, exp(_log_chance(kind, x, mean, size, trials)), a, b


@compiled()
def _log_chance(kind: int, x: float, mean: float, size: float, trials: float) -> float:
    """Return the logarithm of the probability of a count."""
    if kind == POISSON:
        return x * log(mean) - mean - lgamma(x + 1.0)
    if kind == NEGATIVE_BINOMIAL:
        log_p = lgamma(x + size) - lgamma(size) - lgamma(x + 1.0)
        return log_p - size * log1p(mean / size) + x * log(mean / (mean + size))
    log_p = lgamma(trials + 1.0) - lgamma(x + 1.0) - lgamma(trials - x + 1.0)
    return log_p + x * log(mean / trials) + (trials - x) * log1p(-mean / trials)


@compiled()
def outcomes(kind: int, mean: float, size: float, trials: float, count: np.ndarray, chance: np.ndarray) -> int:
    """Fill `count` and `chance` with the counts that matter and their probabilities, and return how many they are.

    Notes
    -----
    Large counts are put together in blocks, each standing at its middle: of a fiftieth of a standard deviation at most,
    and of a fiftieth of the count, so that nothing is lost that a height could show, and a count of a thousand million
    takes no longer than one of ten thousand. Probabilities are made to add up to 1: far from 0 rounding spoils that.
    """
    x, p, a, b = first_count(kind, mean, size, trials)
    begun, many, total = x, 0, 0.0
    spread = mean**0.5
    if kind == NEGATIVE_BINOMIAL:
        spread = max((mean + mean * mean / size) ** 0.5, mean / size)  # beyond that, it falls off exponentially
    beside = True  # the last count taken is the one before x, or x is the first: its probability is p
    while many < len(count):
        width = max(1, int(min(spread, float(x)) * _BLOCK))
        if kind == BINOMIAL:
            width = min(width, int(trials) - x + 1)
        middle = x + 0.5 * (width - 1)
        if width > 1 or not beside:
            p = exp(_log_chance(kind, middle, mean, size, trials))
            beside = width == 1
        count[many], chance[many] = middle, p * width
        total += p * width
        many += 1
        if (x > mean and p * width < _NEGLIGIBLE) or (kind == BINOMIAL and x + width > trials):
            break
        if beside:
            p *= a + b / (x + 1.0)
        x += width
    if begun > 0 or not beside:
        chance[:many] /= total
    return many


@compiled()
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


@compiled()
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
        last = min(high, top + 1) - 1
        if last >= low:
            after[low + whole] += stay * before[low]
            for j in range(low + whole + 1, last + whole + 1):  # both neighbours at once, so that it runs in parallel
                after[j] += stay * before[j - whole] + on * before[j - whole - 1]
            after[last + whole + 1] += on * before[last]


@compiled()
def _one_period(
    before: np.ndarray, after: np.ndarray, counts: np.ndarray, chances: np.ndarray, move: tuple[float, float, float]
) -> None:
    """Move the heights through one period of such counts; move is slope, per count, constant, in steps of the grid."""
    top = len(before) - 1
    slope, per_count, constant = move
    after[:] = 0.0
    alive = before.sum()
    for k in range(len(counts)):
        shift = per_count * counts[k] + constant
        if per_count > 0.0 and shift >= top - _REACHED:
            break
        if slope == 1.0 and shift <= -top:
            after[0] += chances[k] * alive
        elif slope == 1.0:
            if shift < top:
                _slide(before, after, chances[k], shift)
        else:
            _spread(before, after, chances[k], slope, shift)


@compiled()
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
    count, chance, many = np.empty(_MOST_COUNTS), np.empty(_MOST_COUNTS), 0
    for t in range(len(mean)):
        if t == 0 or mean[t] != mean[t - 1] or trials[t] != trials[t - 1]:
            many = outcomes(kind, mean[t], size, trials[t], count, chance)
        slope = moves[t, 0]
        move = (slope, moves[t, 1] / step, (moves[t, 2] + slope * bottom - bottom) / step)
        _one_period(heights, after, count[:many], chance[:many], move)
        heights[:] = after
        out[t] = heights.sum()
    return out


@compiled()
def start(bottom: float, limit: float, steps: int) -> np.ndarray:
    """Return a grid of heights with all probability at height 0, which lies between bottom and limit."""
    heights = np.zeros(steps + 1)
    at = -bottom / (limit - bottom) * steps
    j = int(at)
    heights[j] = 1.0 - (at - j)
    if at > j:
        heights[j + 1] = at - j
    return heights


@compiled()
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
