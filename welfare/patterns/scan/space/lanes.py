"""The inner loop where every map has the same base: windows grow around a place for many maps side by side.

Counts of several maps are packed into one 64-bit word, a lane each, so that one addition adds them all; the topmost
bit of every lane stays free. Adding to a word, in every lane, that bit less the fewest cases with which a window could
beat a bar sets the bit wherever a map holds as many: hardly any window costs more than that.
"""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.ratios import log_ratio
from welfare.patterns.scan.space.bars import STEPS, entry, fill
from welfare.patterns.scan.space.orders import ROUNDING, sort_by, squares_from, windows_around
from welfare.stats.compiled import compiled

WORDS = 8  # side by side, so that the processor's vector units are full
NARROW, WIDE = 16, 32  # bits of a lane
_TILE = 16  # places whose windows are laid out before all maps are run through them
_SPAN = 0.3  # standard deviations of a count by which the windows of one span may differ in what they expect


def lanes(bits: int) -> int:
    """Return how many maps a row of words holds."""
    return WORDS * 64 // bits


def pack(sets: np.ndarray, bits: int) -> np.ndarray:
    """Pack maps into words.

    Parameters
    ----------
    sets : array of int, shape (r, n)
        Counts, each map's total below 2^(bits - 1) - 1.
    bits : int
        Of a lane.

    Returns
    -------
    array of int64, shape (b, n, WORDS)
        Map m is in block m // lanes; within it, lane by lane, then word by word.
    """
    many, n = sets.shape
    blocks = -(-many // lanes(bits))
    words = np.zeros((blocks, n, WORDS), np.int64)
    _pack(np.ascontiguousarray(sets, dtype=np.int64), bits, words)
    return words


@compiled(error_model="numpy")
def _pack(sets: np.ndarray, bits: int, words: np.ndarray) -> None:
    block = WORDS * (64 // bits)
    for m in range(len(sets)):
        place = m % block
        shift, word = bits * (place // WORDS), place % WORDS
        for i in range(sets.shape[1]):
            words[m // block, i, word] |= sets[m, i] << shift


@compiled(error_model="numpy")
def in_every_lane(value: int, bits: int) -> int:
    """Return a word with the same number in each lane."""
    word = 0
    for shift in range(0, 64, bits):
        word |= value << shift
    return word


@compiled(error_model="numpy")
def fill_tables(
    tables: np.ndarray,
    best: np.ndarray,
    bits: int,
    factor: float,
    ratio: int,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, int, int],
) -> None:
    """Fill, for each block of maps, the words to add to counts that are to beat the lowest best score of its maps.

    Parameters
    ----------
    tables : array of int64, shape (b, STEPS)
        To be filled.
    best : array of float, shape (r,)
        Score of each map to be beaten.
    bits : int
        Of a lane.
    factor : float
        What log likelihood ratios are multiplied by to give scores.
    ratio, totals, limits
        As in :func:`raise_around`.
    """
    cap, _, fewest, limit = limits
    block = WORDS * (64 // bits)
    for b in range(len(tables)):
        bar = best[b * block : min((b + 1) * block, len(best))].min() / factor
        fill(tables[b], ratio, bar, cap, totals, fewest, limit)
        for step in range(STEPS):
            tables[b, step] = in_every_lane((1 << (bits - 1)) - tables[b, step], bits)


@compiled(error_model="numpy")
def _spans(
    inside: np.ndarray, size: int, cap: float, scale: float, thin: float, ends: np.ndarray, entries: np.ndarray
) -> int:
    """Split the windows around a place into spans that hardly differ in what they expect; return how many.

    Parameters
    ----------
    inside : array of float
        As in :func:`welfare.patterns.scan.space.orders.windows_around`; windows left out are marked -1.
    size : int
        Places of the largest window.
    cap : float
        Most base in a window.
    scale : float
        Cases expected per base.
    thin : float
        Only windows with this many times the base of the one before are kept.
    ends, entries : arrays of int
        To be filled: each span's last size, and the table's entry of its first window.
    """
    many, most, before = 0, -1.0, 0.0
    for k in range(size):
        held = inside[k]
        if held < 0:
            continue
        if held < thin * before:
            inside[k] = -1
            continue
        before = held
        if held > most:
            most = held + _SPAN * np.sqrt(held / scale) if scale > 0 else cap * ROUNDING
            entries[many] = entry(held, cap)
            many += 1
        ends[many - 1] = k + 1
    return many


@compiled(error_model="numpy")
def _raise_one(
    held: np.ndarray,
    base: float,
    add: int,
    bits: int,
    ratio: int,
    factor: float,
    totals: tuple[float, float, float, float],
    best: np.ndarray,
) -> None:
    """Raise the best scores of the maps that hold enough in one window."""
    top, whole = 1 << (bits - 1), (1 << bits) - 1
    for j in range(WORDS):
        marked = held[j] + add
        for lane in range(64 // bits):
            if (marked >> (lane * bits)) & top:
                m = lane * WORDS + j
                count = (held[j] >> (lane * bits)) & whole
                if m < len(best):
                    best[m] = max(best[m], factor * log_ratio(ratio, count, base, totals))


@compiled(error_model="numpy")
def _raise_within(
    rows: np.ndarray,
    inside: np.ndarray,
    block: np.ndarray,
    held: np.ndarray,
    cap: float,
    table: np.ndarray,
    mask: int,
    bits: int,
    ratio: int,
    factor: float,
    totals: tuple[float, float, float, float],
    best: np.ndarray,
) -> None:
    """Raise the best scores by the windows of a span, from its largest, of which `held` is the counts, down."""
    for k in range(len(rows) - 1, -1, -1):
        if inside[k] >= 0:
            add = table[entry(inside[k], cap)]
            over = 0
            for j in range(WORDS):
                over |= held[j] + add
            if over & mask:
                _raise_one(held, inside[k], add, bits, ratio, factor, totals, best)
        row = rows[k]
        for j in range(WORDS):
            held[j] -= block[row, j]


@compiled(error_model="numpy")
def _walk(
    order: np.ndarray,
    inside: np.ndarray,
    ends: np.ndarray,
    entries: np.ndarray,
    block: np.ndarray,
    counts: np.ndarray,
    cap: float,
    table: np.ndarray,
    bits: int,
    ratio: int,
    factor: float,
    totals: tuple[float, float, float, float],
    best: np.ndarray,
) -> None:
    """Grow the window around one place span by span, for one block of maps."""
    mask = in_every_lane(1 << (bits - 1), bits)
    count, held = counts[0], counts[1]
    count[:] = 0
    start = 0
    for s in range(len(ends)):
        k, end = start, ends[s]
        while k + 4 <= end:
            p, q, u, v = order[k], order[k + 1], order[k + 2], order[k + 3]
            for j in range(WORDS):
                count[j] += block[p, j] + block[q, j] + block[u, j] + block[v, j]
            k += 4
        while k < end:
            p = order[k]
            for j in range(WORDS):
                count[j] += block[p, j]
            k += 1
        # No window of the span holds more than its largest, or needs less than its smallest.
        add, over = table[entries[s]], 0
        for j in range(WORDS):
            over |= count[j] + add
        if over & mask:
            held[:] = count
            _raise_within(
                order[start:end], inside[start:end], block, held, cap, table, mask, bits, ratio, factor, totals, best
            )
        start = end


@compiled(error_model="numpy")
def raise_around(
    points: np.ndarray,
    base: np.ndarray,
    blocks: np.ndarray,
    bits: int,
    centres: np.ndarray,
    shape: tuple[float, float],
    factor: float,
    tables: np.ndarray,
    ratio: int,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, int, int],
    thin: float,
    best: np.ndarray,
) -> None:
    """Raise each map's best score by the windows around some places.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    base : array of float, shape (n,)
        Their base.
    blocks : array of int64, shape (b, n, WORDS)
        Counts, packed.
    bits : int
        Of a lane.
    centres : array of int
        Around which places.
    shape : tuple of float
        As in :func:`welfare.patterns.scan.space.orders.squares_from`.
    factor : float
        What log likelihood ratios of this shape are multiplied by.
    tables : array of int64, shape (b, STEPS)
        From :func:`fill_tables`, for scores no higher than `best`.
    ratio : int
        Of POISSON, BERNOULLI and EXPECTATION.
    totals : tuple of float
        As for :func:`welfare.patterns.scan.ratios.log_ratio`.
    limits : tuple
        Most base in a window, squared longer half-axis of the widest, fewest cases, and a count no window holds.
    thin : float
        As for `_spans`: 0 for all windows.
    best : array of float, shape (r,)
        Scores to be raised.
    """
    n, block = len(points), WORDS * (64 // bits)
    cap, widest = limits[0], limits[1]
    scale = totals[0] / totals[1]
    untaken, counts = np.zeros(n, np.bool_), np.empty((2, WORDS), np.int64)
    squares, near, work = np.empty(n), np.empty(n), np.empty((2, n), np.int64)
    orders, insides = np.empty((_TILE, n), np.uint32), np.empty((_TILE, n))
    ends, entries = np.empty((_TILE, n), np.uint32), np.empty((_TILE, n), np.uint32)
    spans = np.zeros(_TILE, np.int64)
    for first in range(0, len(centres), _TILE):
        tile = centres[first : first + _TILE]
        for i in range(len(tile)):
            squares_from(points, tile[i], shape, squares)
            sort_by(squares, orders[i], near, work)
            size = windows_around(orders[i], near, base, cap, widest, untaken, insides[i])
            spans[i] = _spans(insides[i], size, cap, scale, thin, ends[i], entries[i])
        for b in range(len(blocks)):
            raised = best[b * block : min((b + 1) * block, len(best))]
            for i in range(len(tile)):
                m = spans[i]
                _walk(
                    orders[i], insides[i], ends[i, :m], entries[i, :m], blocks[b], counts,
                    cap, tables[b], bits, ratio, factor, totals, raised,
                )  # fmt: skip
