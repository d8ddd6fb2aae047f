"""The best cylinder of each set of counts, and the best ones of the data that share no place.

The search is exact. Circles that differ little are taken together, in runs: what a run's windows may hold at most lies
between the base of its smallest circle and the cases of its largest. Only runs that may beat the best so far are looked
at circle by circle, and only circles that may, interval by interval.
"""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from typing import Any

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach, Window
from welfare.patterns.scan.ratios import EXPECTATION
from welfare.patterns.scan.time.heights import GROWTH
from welfare.patterns.scan.time.lanes import Lanes, Law, new_lanes
from welfare.patterns.scan.time.lines import LANES
from welfare.patterns.scan.time.spans import Spans, plan_spans
from welfare.patterns.scan.time.walk import Field, walk

_TIE = 1e-9  # scores closer than this, relatively, are equal
_START = 64  # centres that are walked around in haste, for something to beat
_EARLY = 16  # one centre in so many comes in an early round
_WORTH_A_PART = 100  # centres
_PARTS = 4  # into which centres are split at least, however few the processors
_LEAST = 1e-4  # expected cases at the smallest base at which curves are kept
_FINE = 1e-8  # share of all that is expected, below which steep lines would be lost in rounding


@dataclass(frozen=True)
class _Plan:
    """All that does not depend on the counts.

    Attributes
    ----------
    spans : Spans
        Circles around every place.
    base : array of float, shape (n, t)
        Of each place and step.
    bases : array of float
        At which curves are kept.
    law : Law
        What windows are.
    """

    spans: Spans
    base: np.ndarray
    bases: np.ndarray
    law: Law

    def field(self, counts: np.ndarray, taken: np.ndarray | None = None) -> Field:
        """Return what is walked over, for counts of shape (n, t * LANES)."""
        spans, none = self.spans, np.zeros(len(self.base), dtype=bool)
        return Field(
            spans.order,
            spans.closes,
            spans.starts,
            spans.runs,
            spans.run_starts,
            self.base,
            none if taken is None else taken,
            counts,
        )


_last: list[tuple[weakref.ref[Cells], int, Reach, _Plan]] = []


def _planned(cells: Cells, ratio: int, reach: Reach) -> _Plan:
    """Return the plan, and keep it for the next call with the same cells."""
    for kept, of, within, plan in _last:
        if kept() is cells and of == ratio and within == reach:
            return plan
    steps = cells.base.shape[1]
    base = np.ascontiguousarray(cells.base, dtype=float)
    total_base = float(base.sum())
    expected = total_base if ratio == EXPECTATION else max(float(cells.cases.sum()), 1.0)
    longest = min(reach.max_steps, steps)
    least = max(min(_LEAST, expected / 2), expected * _FINE)
    many = int(np.ceil(np.log(expected / least) / np.log(GROWTH))) + 1
    law = Law(
        ratio=int(ratio),
        total_base=total_base,
        fewest=max(1.0, float(reach.min_cases)),
        longest=longest,
        first=steps - longest if reach.last_only else -1,
    )
    bases = total_base / GROWTH ** np.arange(many, -2, -1)
    plan = _Plan(plan_spans(cells, reach, expected * longest / steps), base, bases, law)
    _last[:] = [(weakref.ref(cells), ratio, reach, plan)]
    return plan


def highest(cells: Cells, ratio: int, reach: Reach, sets: np.ndarray) -> np.ndarray:
    """Find, for each set of counts, the highest score of any cylinder.

    Parameters
    ----------
    cells : Cells
        Places, steps and base; its cases only set how finely the search is planned. What is planned is kept for the
        last `cells` (by identity), `ratio` and `reach`: call batch by batch with the same objects.
    ratio : int
        POISSON, BERNOULLI or EXPECTATION of :mod:`welfare.patterns.scan.ratios`.
    reach : Reach
        How far cylinders reach. Only circles: `shapes` and `penalty` play no part.
    sets : array of int, shape (r, n, t)
        Counts. Batches of 64 sets, or multiples of it, are fastest: so many are searched side by side.

    Returns
    -------
    array of float, shape (r,)
        0 where no cylinder holds enough cases and more than expected.
    """
    plan, parts = _planned(cells, ratio, reach), max(_PARTS, cpu_count() or 1)
    best = [np.zeros(0)]
    for begin in range(0, len(sets), LANES):
        block = sets[begin : begin + LANES]
        best.append(_search(plan, block, parts=parts)[0][: len(block)])
    return np.concatenate(best)


def windows(cells: Cells, ratio: int, reach: Reach, least: float) -> list[Window]:
    """Find the best cylinder, then the best that shares no place with those before it, and so on.

    Parameters
    ----------
    cells : Cells
        Places, steps, cases and base.
    ratio : int
        As in :func:`highest`.
    reach : Reach
        As in :func:`highest`.
    least : float
        Score below which no further cylinder is sought; the first is given if its score is above 0.

    Returns
    -------
    list of Window
        The best first.
    """
    plan = _planned(cells, ratio, reach)
    taken, bar = np.zeros(len(cells.cases), dtype=bool), 0.0
    found: list[Window] = []
    while True:
        best, where = _search(plan, cells.cases[None], taken=taken, bar=bar)
        if where[0, 0] < 0:
            return found
        found.append(_window(plan.spans, float(best[0]), *where[0].tolist()))
        taken[found[-1].members] = True
        bar = max(0.0, least * (1 - _TIE))


def _window(spans: Spans, score: float, centre: int, size: int, first: int, last: int) -> Window:
    """Return a window, around the first of the places around which the same circle may be drawn."""

    def circle(around: int) -> np.ndarray:
        begin = spans.starts[around]
        closed = begin + size <= spans.starts[around + 1] and spans.closes[begin + size - 1]
        return spans.order[begin : begin + size].astype(int) if closed else np.zeros(0, dtype=int)

    members = np.sort(circle(centre))
    first_centre = next(i for i in members if np.array_equal(np.sort(circle(i)), members))
    order = circle(first_centre)
    # Places at the centre's own coordinates may come before it.
    order = np.concatenate([[first_centre], order[order != first_centre]])
    return Window(score=score, llr=score, members=order, first=first, last=last)


def _search(
    plan: _Plan, block: np.ndarray, *, parts: int = _PARTS, taken: np.ndarray | None = None, bar: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best score above the bar of each set, and its centre, size, first and last step (-1 for none).

    Centres are split over the processors, in rounds: what the parts of one round find, all have to beat in the next.
    """
    counts, kind, totals = _side_by_side(block)
    field, n = plan.field(counts, taken), len(plan.base)
    parts = max(1, min(parts, n // _WORTH_A_PART))
    centres = np.random.default_rng(0).permutation(n)  # any order: neighbours have much the same best
    best, where = np.full(LANES, bar), np.full((LANES, 4), -1)
    if not totals.any():
        return best, where
    early = n // _EARLY if parts > 1 else n
    rounds = [(centres[:_START], True), (centres[:early], False), (centres[early:], False)]
    with ThreadPoolExecutor(cpu_count()) as pool:
        for around, hasty in rounds:
            ahead = partial(_ahead, plan, field, kind, totals, best, where, hasty)
            pieces = [np.ascontiguousarray(around[part::parts]) for part in range(parts)]  # one type to compile for
            for lanes in pool.map(ahead, pieces):  # of equals the first, whichever was done first
                higher = lanes.best > best
                best, where = np.maximum(best, lanes.best), np.where(higher[:, None], lanes.where, where)
    return best, where


def _ahead(
    plan: _Plan,
    field: Field,
    kind: np.ndarray,
    totals: np.ndarray,
    best: np.ndarray,
    where: np.ndarray,
    hasty: bool,
    centres: np.ndarray,
) -> Lanes:
    """Return lanes of their own that have been walked around some centres."""
    lanes = new_lanes(totals, plan.bases, best, where, plan.base.shape[1])
    walk(field, centres, kind, lanes, plan.law, hasty)
    return lanes


def _side_by_side(block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts with lanes side by side within each step, an example of what sums of them are, and totals."""
    many, n, steps = block.shape
    most = block.sum(axis=1).max(initial=0)  # that any circle may hold in one step
    small = block.max(initial=0) < 2**8 and most < 2**15
    kind: Any = np.int16 if small else np.int32 if most < 2**31 else np.int64
    counts = np.zeros((n, steps, LANES), dtype=np.uint8 if small else kind)
    counts[:, :, :many] = block.transpose(1, 2, 0)
    totals = np.zeros(LANES)
    totals[:many] = block.sum(axis=(1, 2))
    return counts.reshape(n, -1), np.zeros(1, dtype=kind), totals
