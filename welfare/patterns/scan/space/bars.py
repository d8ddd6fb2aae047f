"""How many cases a window must hold to beat a bar: what spares most windows their logarithms."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.ratios import BERNOULLI, log_ratio
from welfare.patterns.scan.space.orders import ROUNDING
from welfare.stats.compiled import compiled

STEPS = 2048  # entries of a table, evenly spaced in the square root of the base
_SLACK = 1e-9  # a count whose ratio is this much short of the bar is let through: rounding must not hide a window


@compiled(error_model="numpy", inline="always")
def entry(base: float, cap: float) -> int:
    """Return which entry of a table speaks for a window with this much base, at most `cap`."""
    return min(int(np.sqrt(base / (cap * ROUNDING)) * STEPS), STEPS - 1)


@compiled(error_model="numpy")
def _reaches(ratio: int, count: float, base: float, totals: tuple[float, float, float, float], bar: float) -> bool:
    """Say whether any window with `count` cases and at least `base` could have a ratio above the bar."""
    # Among trials, base is at least the count; where all are cases, the ratio grows with their number.
    within = max(base, count) if ratio == BERNOULLI else base
    return count > 0 and (within <= 0 or log_ratio(ratio, count, within, totals) > bar)


@compiled(error_model="numpy")
def fill(
    needed: np.ndarray,
    ratio: int,
    bar: float,
    cap: float,
    totals: tuple[float, float, float, float],
    fewest: int,
    limit: int,
) -> None:
    """Fill a table with the fewest cases with which a window may beat the bar.

    The ratio grows with the count and falls with the base, so the least base of an entry speaks for all windows of
    that entry, and for all larger ones.

    Parameters
    ----------
    needed : array of int, shape (STEPS,)
        To be filled, in order of the base.
    ratio : int
        Of POISSON, BERNOULLI and EXPECTATION.
    bar : float
        Log likelihood ratio to beat.
    cap : float
        Most base in a window.
    totals : tuple of float
        As for :func:`welfare.patterns.scan.ratios.log_ratio`.
    fewest : int
        Fewest cases in a window.
    limit : int
        A count no window holds.
    """
    bar = max(bar * (1 - _SLACK) - _SLACK, 0.0)
    count = max(fewest, 1)
    for step in range(STEPS):
        base = (step / STEPS) ** 2 * cap * (1 - _SLACK)
        if count < limit and not _reaches(ratio, count, base, totals, bar):
            low, stride = count, 1
            while low + stride < limit and not _reaches(ratio, low + stride, base, totals, bar):
                low, stride = low + stride, 2 * stride
            high = min(low + stride, limit)
            while high - low > 1:
                middle = (low + high) // 2
                if _reaches(ratio, middle, base, totals, bar):
                    high = middle
                else:
                    low = middle
            count = high
        needed[step] = min(count, limit)
