"""Straight lines below the curves: how far above a line a window must lie to beat the best, class by class of base.

A class of base reaches from one of the bases at which curves are kept to one a few further on. All lanes, that is sets
of counts side by side, have lines of one slope in a class, and each its own distance above it. Sums are made in 16-bit
whole numbers, many lanes to an instruction: cases rounded up and lines rounded down, so that none is missed.
"""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled

LANES = 64  # sets of counts side by side, so that the processor's vector units are full
LARGEST = 16_000  # two of these still make a 16-bit number
FINEST = 6  # units are 2^-6 cases or more
_ROUNDING = 1e-7  # of sums


@compiled()
def place_lines(
    bases: np.ndarray,
    heights: np.ndarray,
    fewest: float,
    width: int,
    slopes: np.ndarray,
    lane: int,
    limits: np.ndarray,
) -> float:
    """Write down, for one lane, which sums no window exceeds that does not beat the best.

    Parameters
    ----------
    bases, heights : arrays of float, shape (g,)
        The lane's curve.
    fewest : float
        A count that any window must exceed.
    width : int
        Steps from the smallest to the largest base of a class.
    slopes : array of float, shape (g,)
        Of the lines, by the first base of the class.
    lane : int
        Which lane.
    limits : array of int16, shape (units, g, LANES)
        Filled in; the last row is for units of 2^FINEST to a case, each row before it for half as many.

    Returns
    -------
    float
        The base up to which hardly more than the fewest cases are needed.
    """
    last = len(bases) - 1
    turn = _turn(bases, heights, fewest)
    for i in range(len(bases)):
        high = min(i + width, last)
        # The first class also holds for smaller bases, down to nothing.
        at = min(max(turn, bases[i] if i > 0 else 0.0), bases[high])
        begin = max(heights[i], fewest) if at == bases[i] else fewest
        if at == bases[high]:
            begin = max(heights[high], fewest)
        end = max(heights[high], fewest)
        above = min(begin - slopes[i] * at, end - slopes[i] * bases[high]) - _ROUNDING * (1.0 + end)
        unit = 2.0 ** (FINEST + 1 - len(limits))
        for k in range(len(limits)):
            # A line in whole units is less than 1 too high over any interval.
            limits[k, i, lane] = np.int16(max(-32_000.0, min(np.floor(above * unit - 1.001), LARGEST - 1.0)))
            unit *= 2.0
    return turn


@compiled()
def _turn(bases: np.ndarray, heights: np.ndarray, fewest: float) -> float:
    """Return the base at which the curve, straight between the bases, reaches the fewest cases."""
    before, low = 0.0, 0.0
    for i in range(len(bases)):
        if heights[i] > fewest:
            return low + (bases[i] - low) * (fewest - before) / (heights[i] - before)
        before, low = heights[i], bases[i]
    return low


@compiled()
def set_slopes(bases: np.ndarray, heights: np.ndarray, fewest: float, width: int, slopes: np.ndarray) -> None:
    """Give each class the slope of the chord of one curve: any slope is right, a fitting one is sharp."""
    last = len(bases) - 1
    turn = _turn(bases, heights, fewest)
    for i in range(len(bases)):
        high = bases[min(i + width, last)]
        low = min(max(turn, bases[i] if i > 0 else 0.0), high)
        top = max(heights[min(i + width, last)], fewest)
        slopes[i] = top / high
        if high > low * (1 + 1e-9):
            slopes[i] = (top - (max(heights[i], fewest) if low == bases[i] else fewest)) / (high - low)


@compiled()
def pack(counts: np.ndarray, packed: np.ndarray, factor: np.ndarray) -> int:
    """Write counts as 16-bit numbers in units of 2^shift to a case, as fine as can be, rounded up; return the shift."""
    largest = counts[0]
    for x in range(len(counts)):
        here = counts[x]
        largest = here if here > largest else largest
    shift = 0
    while shift < FINEST and largest << (shift + 1) <= LARGEST:
        shift += 1
    while largest >> -min(shift, 0) >= LARGEST:
        shift -= 1
    if shift >= 0:
        factor[0] = 1 << shift
        for x in range(len(counts)):
            packed[x] = counts[x] * factor[0]
    else:
        more = (1 << -shift) - 1
        for x in range(len(counts)):
            packed[x] = np.int16((counts[x] + more) >> -shift)
    return shift


@compiled()
def whole_line(upto: np.ndarray, slope: float, shift: int, line: np.ndarray) -> None:
    """Write slope times base in units, as whole numbers whose sum over any interval is less than 1 too large.

    Parameters
    ----------
    upto : array of float, shape (steps + 1,)
        Base of all steps before each.
    slope : float
        Of the line.
    shift : int
        As from :func:`pack`.
    line : array of int16, shape (steps,)
        Filled in.
    """
    scale, most = slope * 2.0**shift, float(LARGEST)
    for t in range(len(line)):
        here = np.floor(scale * upto[t + 1]) - np.floor(scale * upto[t])
        line[t] = np.int16(here if here < most else most)


@compiled()
def reach_above(packed: np.ndarray, lines: np.ndarray, first: int, run: np.ndarray, top: np.ndarray) -> None:
    """Find, for each class and lane, the largest sum of (packed - line) over any interval, or one beyond all limits.

    Parameters
    ----------
    packed : array of int16, shape (steps * LANES,)
        Counts, lanes side by side within each step.
    lines : array of int16, shape (classes, steps)
        Slope times base of each step.
    first : int
        -1 for all intervals, or the first step at which an interval that ends at the last step may start.
    run : array of int16, shape (classes, LANES)
        Work space.
    top : array of int16, shape (classes, LANES)
        Filled in.
    """
    many, steps = lines.shape
    run[:] = 0
    top[:] = -32_000
    # Sums are kept in the range in which they cannot overflow: those cut off above are beyond all limits, and those
    # below can only come out too large.
    floor = np.int16(0 if first < 0 else -LARGEST)
    full = np.int16(LARGEST)
    for u in range(steps - max(first, 0)):
        t = u if first < 0 else steps - 1 - u
        for c in range(many):
            here = lines[c, t]
            for j in range(LANES):
                now = run[c, j]
                now = now if now > floor else floor
                now = now if now < full else full
                now = np.int16(now + np.int16(packed[t * LANES + j] - here))
                run[c, j] = now
                best = top[c, j]
                top[c, j] = best if best > now else now
