"""Sets of counts side by side: the best of each so far, and whether a run of circles may beat any of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.patterns.scan.time.heights import GROWTH, raise_heights
from welfare.patterns.scan.time.lines import (
    FINEST,
    LANES,
    LARGEST,
    pack,
    place_lines,
    reach_above,
    set_slopes,
    whole_line,
)
from welfare.stats.compiled import compiled

_WIDTH = 6  # classes of base reach over so many of the bases at which curves are kept
_WORTH = 1.05  # slopes are set anew when the bests have risen by so much
_WORTH_DRAWING = 1.02  # and a curve when its own best has


class Law(NamedTuple):
    """What windows are, and how they are scored.

    Attributes
    ----------
    ratio : int
        As in :mod:`welfare.patterns.scan.ratios`.
    total_base : float
        Of all places and steps.
    fewest : float
        Cases in a window.
    longest : int
        Steps in a window.
    first : int
        -1 for any interval, or the first step at which an interval that ends at the last step may start.
    """

    ratio: int
    total_base: float
    fewest: float
    longest: int
    first: int


class Lanes(NamedTuple):
    """The best of each lane so far, what follows from it, and work space.

    Attributes
    ----------
    totals : array of float, shape (LANES,)
        Cases of each set; 0 for lanes that are not used.
    best : array of float, shape (LANES,)
        Score to beat.
    where : array of int, shape (LANES, 4)
        Centre, size, first and last step of the best.
    bases : array of float, shape (g,)
        At which curves are kept.
    heights, slopes, limits, turns : arrays
        See :mod:`welfare.patterns.scan.time.lines`.
    drawn : array of float, shape (LANES,)
        Bests for which curves were drawn.
    turn : array of float, shape (1,)
        The lowest of `turns`.
    slopes_at : array of float, shape (1,)
        Sum of the bests when slopes were set.
    upto, packed, factor, lines, run, top : arrays
        Work space.
    """

    totals: np.ndarray
    best: np.ndarray
    where: np.ndarray
    bases: np.ndarray
    heights: np.ndarray
    slopes: np.ndarray
    limits: np.ndarray
    drawn: np.ndarray
    turns: np.ndarray
    turn: np.ndarray
    slopes_at: np.ndarray
    upto: np.ndarray
    packed: np.ndarray
    factor: np.ndarray
    lines: np.ndarray
    run: np.ndarray
    top: np.ndarray


def new_lanes(totals: np.ndarray, bases: np.ndarray, best: np.ndarray, where: np.ndarray, steps: int) -> Lanes:
    """Return lanes that have something to beat.

    Parameters
    ----------
    totals : array of float, shape (LANES,)
        Cases of each set.
    bases : array of float, shape (g,)
        At which curves are kept.
    best : array of float, shape (LANES,)
        Score to beat.
    where : array of int, shape (LANES, 4)
        Centre, size, first and last step of the best, or -1.
    steps : int
        Steps of time.

    Returns
    -------
    Lanes
    """
    g = len(bases)
    most = g // _WIDTH + 2
    # Units so coarse that all cases of a set make a 16-bit number.
    coarsest = max(0, int(np.ceil(np.log2(max(float(totals.max()), 1.0) / LARGEST))) + 1)
    return Lanes(
        totals=totals,
        best=best.copy(),
        where=where.copy(),
        bases=bases,
        heights=np.zeros((LANES, g)),
        slopes=np.zeros(g),
        limits=np.full((coarsest + FINEST + 1, g, LANES), 32_000, np.int16),  # never exceeded where no set is
        drawn=np.zeros(LANES),
        turns=np.full(LANES, np.inf),
        turn=np.full(1, np.inf),
        slopes_at=np.full(1, -1.0),
        upto=np.zeros(steps + 1),
        packed=np.zeros(steps * LANES, np.int16),
        factor=np.ones(1, np.int16),
        lines=np.zeros((most, steps), np.int16),
        run=np.zeros((most, LANES), np.int16),
        top=np.zeros((most, LANES), np.int16),
    )


@compiled()
def _draw(lanes: Lanes, law: Law, lane: int) -> None:
    """Draw the curve of one lane."""
    total, heights = lanes.totals[lane], lanes.heights[lane]
    lanes.drawn[lane] = lanes.best[lane]
    raise_heights(law.ratio, lanes.best[lane], total, law.total_base, lanes.bases, heights)


@compiled()
def _lay(lanes: Lanes, law: Law, lane: int) -> None:
    """Lay the lines of one lane below its curve."""
    fewest, heights = law.fewest - 0.5, lanes.heights[lane]
    lanes.turns[lane] = place_lines(lanes.bases, heights, fewest, _WIDTH, lanes.slopes, lane, lanes.limits)
    lanes.turn[0] = lanes.turns.min()


@compiled()
def lift(lanes: Lanes, law: Law, lane: int) -> None:
    """Draw the curve and the lines of one lane anew, if its best has risen enough; older ones are right, but lower."""
    if lanes.best[lane] > lanes.drawn[lane] * _WORTH_DRAWING:
        _draw(lanes, law, lane)
        _lay(lanes, law, lane)


@compiled()
def tilt(lanes: Lanes, law: Law) -> None:
    """Give all lines the slopes that suit the lanes' curves on average, if these have risen enough to be worth it."""
    if lanes.best.sum() <= lanes.slopes_at[0] * _WORTH:
        return
    if lanes.slopes_at[0] < 0:
        for j in range(LANES):
            if lanes.totals[j] > 0:
                _draw(lanes, law, j)
    lanes.slopes_at[0] = lanes.best.sum()
    mean, used = np.zeros(len(lanes.bases)), 0
    for j in range(LANES):
        if lanes.totals[j] > 0:
            mean += lanes.heights[j]
            used += 1
    set_slopes(lanes.bases, mean / max(used, 1), law.fewest - 0.5, _WIDTH, lanes.slopes)
    for j in range(LANES):
        if lanes.totals[j] > 0:
            _lay(lanes, law, j)


@compiled()
def extremes(base: np.ndarray, upto: np.ndarray, law: Law) -> tuple[float, float]:
    """Return a base that no interval falls below, and one that none exceeds; fill in the base before each step."""
    steps = len(base)
    for t in range(steps):
        upto[t + 1] = upto[t] + base[t]
    if law.first >= 0:
        return base[steps - 1], (upto[steps] - upto[law.first]) * (1 + 1e-9)
    least, most = base[0], 0.0
    for t in range(steps):
        least = base[t] if base[t] < least else least
        here = upto[min(t + law.longest, steps)] - upto[t]
        most = here if here > most else most
    return least, most + 1e-9 * upto[steps]


@compiled()
def _class_of(bases: np.ndarray, base: float) -> int:
    """Return the class that a base begins: that of the last of the kept bases not above it, or else the first."""
    if base <= bases[0]:
        return 0
    i = min(int(np.log(base / bases[0]) / np.log(GROWTH)), len(bases) - 1)
    while bases[i] > base:
        i -= 1
    return i


@compiled()
def may_beat(counts: np.ndarray, base: np.ndarray, lanes: Lanes, law: Law, marked: np.ndarray) -> bool:
    """Say if any window with at most these counts, on at least this base, may beat the best of any lane.

    Parameters
    ----------
    counts : array of int, shape (steps * LANES,)
        Of the largest circle, lanes side by side within each step.
    base : array of float, shape (steps,)
        Of the smallest circle.
    lanes : Lanes
        The bests.
    law : Law
        What windows are.
    marked : array of bool, shape (LANES,)
        Filled in if so: which lanes.

    Returns
    -------
    bool
    """
    least, most = extremes(base, lanes.upto, law)
    shift = pack(counts, lanes.packed, lanes.factor)
    # Up to the turn the fewest cases may be enough, and the class that begins there holds for all smaller bases.
    begun = _class_of(lanes.bases, max(least, lanes.turn[0]))
    many, i = 0, begun
    while many == 0 or (i < len(lanes.bases) - 1 and lanes.bases[i] < most):
        whole_line(lanes.upto, lanes.slopes[i], shift, lanes.lines[many])
        many, i = many + 1, i + _WIDTH
    reach_above(lanes.packed, lanes.lines[:many], law.first, lanes.run, lanes.top)
    limits = lanes.limits[len(lanes.limits) - 1 - FINEST + shift]
    found = False
    for c in range(many):
        top, limit = lanes.top[c], limits[begun + c * _WIDTH]
        beyond = 0
        for j in range(LANES):
            beyond += top[j] > limit[j]
        if beyond > 0:
            if not found:
                for j in range(LANES):
                    marked[j] = False
            found = True
            for j in range(LANES):
                if top[j] > limit[j]:
                    marked[j] = True
    return found
