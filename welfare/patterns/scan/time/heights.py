"""How many cases a window needs to beat the best so far, given its base: a curve, and straight lines that lie below it.

Every ratio here is convex in cases and base together, and falls as the base grows. So the cases needed rise with the
base along a concave curve, and between two bases the chord lies below it: a window that beats the best lies above the
chord. Above a line, unlike above the curve, means that a sum over its steps is large, and the largest sum over any
interval takes one pass over the steps.
"""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, bernoulli, expectation, poisson
from welfare.stats.compiled import compiled

GROWTH = 1.25  # of the bases at which curves are kept; between them they are chords
_HALVINGS = 16
_ENDLESS = 1e15  # more cases than are searched
_WHOLE = 1 - 1e-12


@compiled()
def score(ratio: int, count: float, base: float, total: float, total_base: float) -> float:
    """Return the log likelihood ratio of one window; 0 where it has no base, or all of it."""
    if base <= 0.0:
        return 0.0
    if ratio == EXPECTATION:
        return expectation(count, base)
    if base >= total_base * _WHOLE:
        return 0.0
    if ratio == BERNOULLI:
        return bernoulli(count, base, total, total_base)
    return poisson(count, base * total / total_base, total)


@compiled()
def usual(ratio: int, base: float, total: float, total_base: float) -> float:
    """Return the cases that would fall into a window if nothing gathered."""
    return base if ratio == EXPECTATION else base * total / total_base


@compiled()
def _most(ratio: int, bar: float, total: float, total_base: float, base: float) -> float:
    """Return a count that beats the bar, or as many as there can be."""
    count = max(usual(ratio, base, total, total_base), 1e-3)
    while count < _ENDLESS and score(ratio, count, base, total, total_base) < bar:
        count *= 2.0
    return count


@compiled()
def raise_heights(
    ratio: int, bar: float, total: float, total_base: float, bases: np.ndarray, heights: np.ndarray
) -> None:
    """Fill in, for each base, a count that does not beat the bar while hardly more would; 0 cases do not at base 0."""
    before = 0.0
    for i in range(len(bases)):
        base = bases[i]
        if ratio != EXPECTATION and base >= total_base * _WHOLE:
            heights[i] = total
            continue
        low = max(usual(ratio, base, total, total_base), before)
        # On a concave curve from (0, 0), heights grow by less than bases do.
        high = before * base / bases[i - 1] if i > 0 else _most(ratio, bar, total, total_base, base)
        if ratio != EXPECTATION:
            high = min(high, total)
        if ratio == BERNOULLI:
            high = min(high, base)
        if bar > 0.0 and score(ratio, high, base, total, total_base) < bar:
            low = high
        for _ in range(_HALVINGS if bar > 0.0 and low < high else 0):
            middle = 0.5 * (low + high)
            if score(ratio, middle, base, total, total_base) < bar:
                low = middle
            else:
                high = middle
        heights[i] = before = min(low, high) if bar > 0.0 else low
