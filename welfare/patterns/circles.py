"""The inner loop of the circular scan: every circle around every place, for every set of counts, compiled.

Kept apart because numba takes half a second to import; only :func:`welfare.patterns.scan.scan` asks for it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from os import cpu_count

import numpy as np
from numba import njit

_APART = 1 + 1e-9  # squared distances closer than this are one distance: a circle takes in all places on its edge
_ROUNDING = 1 + 1e-12  # three shares of 0.1 add up to a little more than 0.3
_LANES = 16  # sets of counts walked side by side, so that the processor's vector units are full


@njit(cache=True, nogil=True)
def neighbours(points: np.ndarray, centre: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all places in order of distance from one of them, and the squared distances in that order.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Coordinates.
    centre : int
        Which place.

    Returns
    -------
    order : array of int, shape (n,)
    squares : array of float, shape (n,)
        In squared units of `points`.
    """
    n, d = points.shape
    squares = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(d):
            gap = points[i, j] - points[centre, j]
            total += gap * gap
        squares[i] = total
    order = np.argsort(squares, kind="mergesort")
    return order, squares[order]


@njit(cache=True, nogil=True)
def _circles(
    points: np.ndarray, share: np.ndarray, most: float, taken: np.ndarray, centre: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places around a centre that circles may hold, the share of people inside, and which close one."""
    order, squares = neighbours(points, centre)
    n = len(order)
    inside, closes = np.empty(n), np.zeros(n, np.bool_)
    total, last = 0.0, 0
    for k in range(n):
        total += share[order[k]]
        if total > most * _ROUNDING or taken[order[k]]:
            break
        inside[k] = total
        if k + 1 == n or squares[k + 1] > squares[k] * _APART:
            closes[k] = True
            last = k + 1
    return order[:last], inside[:last], closes[:last]


@njit(cache=True, nogil=True)
def log_likelihood_ratio(count: float, expected: float, total: float) -> float:
    """Return Kulldorff's Poisson log likelihood ratio of one zone.

    Parameters
    ----------
    count, expected : float
        Cases inside, and cases expected there, between 0 and `total`.
    total : float
        Cases inside and outside.

    Returns
    -------
    float
        0 where there are no more cases than expected.
    """
    if count <= expected:
        return 0.0
    ratio = count * np.log(count / expected)
    if count < total:
        ratio += (total - count) * np.log((total - count) / (total - expected))
    return ratio


@njit(cache=True, nogil=True)
def _walk(
    order: np.ndarray,
    inside: np.ndarray,
    closes: np.ndarray,
    block: np.ndarray,
    total: float,
    best: np.ndarray,
    size: np.ndarray,
) -> None:
    """Grow the circle place by place for one block of sets, and keep each set's highest ratio and its size there."""
    lanes = block.shape[1]
    count = np.zeros(lanes, block.dtype)
    bar = best.astype(block.dtype)
    for k in range(len(order)):
        row = block[order[k]]
        for j in range(lanes):
            count[j] += row[j]
        if not closes[k]:
            continue
        expected = block.dtype.type(total * inside[k])
        scale = block.dtype.type(1 / (total * inside[k] * (1 - inside[k])))
        worth = False
        # The ratio never exceeds (count - expected)^2 / (expected (1 - share)): most stop here, without a logarithm.
        for j in range(lanes):
            more = max(count[j] - expected, block.dtype.type(0))
            worth |= more * more * scale > bar[j]
        if worth:
            for j in range(lanes):
                if count[j] >= 2:
                    ratio = log_likelihood_ratio(count[j], total * inside[k], total)
                    if ratio > best[j]:
                        best[j], bar[j], size[j] = ratio, ratio, k + 1


@njit(cache=True, nogil=True)
def _best_around(
    points: np.ndarray,
    share: np.ndarray,
    blocks: np.ndarray,
    total: float,
    most: float,
    taken: np.ndarray,
    first: int,
    last: int,
    best: np.ndarray,
    centre_of_best: np.ndarray,
    size_of_best: np.ndarray,
) -> None:
    """Raise `best` to the highest ratio of any circle around the centres from first to last, for each set of counts."""
    for centre in range(first, last):
        order, inside, closes = _circles(points, share, most, taken, centre)
        if len(order) == 0:
            continue
        for b in range(blocks.shape[0]):
            size = np.zeros(blocks.shape[2], np.int64)
            _walk(order, inside, closes, blocks[b], total, best[b], size)
            for j in range(len(size)):
                if size[j] > 0:
                    centre_of_best[b, j] = centre
                    size_of_best[b, j] = size[j]


def best_circles(
    points: np.ndarray, people: np.ndarray, cases: np.ndarray, *, max_share: float, taken: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find, for each set of counts, the circle with the highest Poisson log likelihood ratio.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Coordinates; distance is the straight line between them.
    people : array of float, shape (n,)
        Population at risk, above zero.
    cases : array of int, shape (r, n)
        Sets of counts, each with the same total.
    max_share : float
        Largest share of the population a circle may hold, below 1.
    taken : array of bool, shape (n,)
        Places no circle may touch.

    Returns
    -------
    best : array of float, shape (r,)
        Log likelihood ratio; 0 where no circle holds two cases and more than expected.
    centre, size : arrays of int, shape (r,)
        Place at its centre, and places in it. Of equal circles the one with the first centre is taken.

    Notes
    -----
    Centres are split over the processors' threads; the maximum does not depend on how.
    """
    sets, n = cases.shape
    total = float(cases[0].sum())
    lanes = min(_LANES, sets)
    padded = np.zeros((-(-sets // lanes) * lanes, n), dtype=np.float32 if total < 2**24 else np.float64)
    padded[:sets] = cases
    blocks = np.ascontiguousarray(padded.reshape(-1, lanes, n).transpose(0, 2, 1))
    share = people / people.sum()
    spans = list(pairwise(np.linspace(0, n, min(n, 4 * (cpu_count() or 1)) + 1).astype(int)))
    shape = blocks.shape[0], lanes
    found = [(np.zeros(shape), np.full(shape, -1), np.zeros(shape, dtype=np.int64)) for _ in spans]

    def work(at: int) -> None:
        _best_around(points, share, blocks, total, max_share, taken, *spans[at], *found[at])

    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(work, range(len(spans))))
    best, centre, size = (np.stack(part).reshape(len(spans), -1)[:, :sets] for part in zip(*found, strict=True))
    winner = best.argmax(axis=0), np.arange(sets)
    return best[winner], centre[winner], size[winner]
