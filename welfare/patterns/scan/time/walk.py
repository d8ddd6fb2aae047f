"""The walk around centres: circles grow run by run, and only runs that may beat the best are looked at singly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION
from welfare.patterns.scan.time.heights import score
from welfare.patterns.scan.time.lanes import Lanes, Law, lift, may_beat, tilt
from welfare.patterns.scan.time.lines import LANES
from welfare.stats.compiled import compiled


class Field(NamedTuple):
    """What is walked over.

    Attributes
    ----------
    order, closes, starts, runs, run_starts : arrays
        As in :class:`welfare.patterns.scan.time.spans.Spans`.
    base : array of float, shape (n, steps)
        Of each place and step.
    taken : array of bool, shape (n,)
        Places that no circle may hold.
    counts : array of int, shape (n, steps * LANES)
        Cases, lanes side by side within each step.
    """

    order: np.ndarray
    closes: np.ndarray
    starts: np.ndarray
    runs: np.ndarray
    run_starts: np.ndarray
    base: np.ndarray
    taken: np.ndarray
    counts: np.ndarray


@compiled()
def _best_interval(count: np.ndarray, base: np.ndarray, total: float, law: Law, bar: float) -> tuple[float, int, int]:
    """Return the highest score above the bar of any interval of one circle, and its first and last step."""
    best, begin, end = bar, -1, -1
    steps = len(base)
    rate = 1.0 if law.ratio == EXPECTATION else total / law.total_base
    whole = np.inf if law.ratio == EXPECTATION else law.total_base
    spread = 1.0 - rate if law.ratio == BERNOULLI else 1.0
    for start in range(max(law.first, 0), steps):
        inside, within = 0.0, 0.0
        for t in range(start, min(steps, start + law.longest)):
            inside += count[t]
            within += base[t]
            more = inside - within * rate
            # A log likelihood ratio never exceeds Pearson's statistic, which needs no logarithm.
            if more * more < best * (within * rate * (1.0 - within / whole) * spread) or more <= 0.0:
                continue
            if inside < law.fewest or (law.first >= 0 and t < steps - 1):
                continue
            here = score(law.ratio, inside, within, total, law.total_base)
            if here > best:
                best, begin, end = here, start, t
    return best, begin, end


@compiled()
def _copy(source: np.ndarray, to: np.ndarray) -> None:
    for x in range(len(to)):  # several times as fast as to[:] = source
        to[x] = source[x]


@compiled()
def _add(places: np.ndarray, field: Field, counts: np.ndarray, base: np.ndarray) -> None:
    """Add the cases and the base of some places."""
    kind, every = counts.dtype.type, field.counts
    at = 0
    while at + 4 <= len(places):
        a, b, c, d = every[places[at]], every[places[at + 1]], every[places[at + 2]], every[places[at + 3]]
        for x in range(len(counts)):
            counts[x] += kind(kind(kind(a[x]) + kind(b[x])) + kind(kind(c[x]) + kind(d[x])))
        at += 4
    while at < len(places):
        row = every[places[at]]
        for x in range(len(counts)):
            counts[x] += row[x]
        at += 1
    for i in range(len(places)):
        here = field.base[places[i]]
        for t in range(len(base)):
            base[t] += here[t]


@compiled()
def _look(
    counts: np.ndarray, base: np.ndarray, marked: np.ndarray, lanes: Lanes, law: Law, centre: int, size: int
) -> None:
    """Look at every interval of one circle in the lanes that are marked."""
    single = np.empty(len(base))
    for j in range(LANES):
        if not marked[j]:
            continue
        for t in range(len(base)):
            single[t] = counts[t * LANES + j]
        higher, begin, end = _best_interval(single, base, lanes.totals[j], law, lanes.best[j])
        if begin >= 0:
            lanes.best[j] = higher
            lanes.where[j, 0], lanes.where[j, 1], lanes.where[j, 2], lanes.where[j, 3] = centre, size, begin, end
            lift(lanes, law, j)


@compiled()
def _reached(field: Field, centre: int) -> int:
    """Return where in the order the last circle around a centre ends that holds no place that is taken."""
    begin = end = field.starts[centre]
    for k in range(begin, field.starts[centre + 1]):
        if field.taken[field.order[k]]:
            break
        if field.closes[k]:
            end = k + 1
    return end


@compiled()
def walk(field: Field, centres: np.ndarray, kind: np.ndarray, lanes: Lanes, law: Law, hasty: bool) -> None:
    """Raise the best of each lane to the highest score of any window around some centres.

    Parameters
    ----------
    field : Field
        What is walked over.
    centres : array of int
        Around which places, in this order.
    kind : array of int, of any shape
        Its type is that of sums of counts.
    lanes : Lanes
        Changed in place.
    law : Law
        What windows are.
    hasty : bool
        Look only at the largest circle of each run: what is found is a window, but not always the best. Good for a
        start, because the search is fast once there is something to beat.
    """
    steps = field.base.shape[1]
    counts, before = np.zeros(steps * LANES, kind.dtype), np.zeros(steps * LANES, kind.dtype)
    inner, outer, upto = np.zeros(steps), np.zeros(steps), np.zeros(steps)
    marked, alone = np.zeros(LANES, np.bool_), np.zeros(LANES, np.bool_)
    for i in centres:
        tilt(lanes, law)
        counts[:] = 0
        outer[:] = 0.0
        start = size = field.starts[i]
        stop = _reached(field, i)
        for r in range(field.run_starts[i], field.run_starts[i + 1]):
            smallest, largest = start + field.runs[r, 0], min(start + field.runs[r, 1], stop)
            if smallest > stop:
                break
            _copy(counts, before)
            _copy(outer, upto)
            _add(field.order[size:smallest], field, counts, outer)
            _copy(outer, inner)
            _add(field.order[smallest:largest], field, counts, outer)
            begun, size = size, largest
            if not may_beat(counts, inner, lanes, law, marked):
                continue
            if hasty:
                _look(counts, outer, marked, lanes, law, i, largest - start)
                continue
            for k in range(begun, largest):
                _add(field.order[k : k + 1], field, before, upto)
                if field.closes[k] and may_beat(before, upto, lanes, law, alone):
                    _look(before, upto, alone, lanes, law, i, k + 1 - start)
