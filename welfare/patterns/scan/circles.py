"""The inner loop of the circular scan: every circle around every place, for every set of counts, compiled.

Kept apart because numba takes half a second to import; only a scan asks for it.
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
def _neighbours(points: np.ndarray, centre: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all places in order of distance from one of them, and the squared distances in that order."""
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
    order, squares = _neighbours(points, centre)
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
def best_circle(
    points: np.ndarray, share: np.ndarray, counts: np.ndarray, most: float, taken: np.ndarray, centre: int
) -> tuple[float, np.ndarray]:
    """Find the circle around one place with the highest log likelihood ratio.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Coordinates; distance is the straight line between them.
    share : array of float, shape (n,)
        Of the population; sums to 1.
    counts : array of float, shape (n,)
        Cases.
    most : float
        Largest share of the population a circle may hold, below 1.
    taken : array of bool, shape (n,)
        Places no circle may touch.
    centre : int
        Which place.

    Returns
    -------
    best : float
        Log likelihood ratio; 0 where no circle holds two cases and more than expected.
    members : array of int
        Places in it, in order of distance.
    """
    order, inside, closes = _circles(points, share, most, taken, centre)
    total, count, best, size = counts.sum(), 0.0, 0.0, 0
    for k in range(len(order)):
        count += counts[order[k]]
        if closes[k] and count >= 2:
            ratio = log_likelihood_ratio(count, total * inside[k], total)
            if ratio > best:
                best, size = ratio, k + 1
    return best, order[:size]


@njit(cache=True, nogil=True)
def _walk(
    order: np.ndarray, inside: np.ndarray, closes: np.ndarray, block: np.ndarray, total: float, best: np.ndarray
) -> None:
    """Grow the circle place by place for one block of sets, and raise each set's highest ratio."""
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
                        best[j], bar[j] = ratio, ratio


@njit(cache=True, nogil=True)
def _raise_around(
    points: np.ndarray,
    share: np.ndarray,
    blocks: np.ndarray,
    total: float,
    most: float,
    first: int,
    last: int,
    best: np.ndarray,
) -> None:
    """Raise `best` to the highest ratio of any circle around the centres from first to last, for each set of counts."""
    untaken = np.zeros(len(points), np.bool_)
    for centre in range(first, last):
        order, inside, closes = _circles(points, share, most, untaken, centre)
        for b in range(blocks.shape[0]):
            _walk(order, inside, closes, blocks[b], total, best[b])


def highest_ratios(points: np.ndarray, share: np.ndarray, sets: np.ndarray, most: float) -> np.ndarray:
    """Find, for each set of counts, the highest log likelihood ratio of any circle on the map.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Coordinates; distance is the straight line between them.
    share : array of float, shape (n,)
        Of the population; sums to 1.
    sets : array of int, shape (r, n)
        Sets of counts, each with the same total.
    most : float
        Largest share of the population a circle may hold, below 1.

    Returns
    -------
    array of float, shape (r,)
        0 where no circle holds two cases and more than expected.

    Notes
    -----
    Centres are split over the processors' threads; the maximum does not depend on how.
    """
    many, n = sets.shape
    total = float(sets[0].sum())
    lanes = min(_LANES, many)
    # Whole numbers below 2^24 are exact in single precision, which is twice as fast.
    padded = np.zeros((-(-many // lanes) * lanes, n), dtype=np.float32 if total < 2**24 else np.float64)
    padded[:many] = sets
    blocks = np.ascontiguousarray(padded.reshape(-1, lanes, n).transpose(0, 2, 1))
    spans = list(pairwise(np.linspace(0, n, min(n, 4 * (cpu_count() or 1)) + 1).astype(int)))
    found = [np.zeros((len(blocks), lanes)) for _ in spans]

    def work(at: int) -> None:
        _raise_around(points, share, blocks, total, most, *spans[at], found[at])

    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(work, range(len(spans))))
    return np.asarray(np.max(found, axis=0).ravel()[:many])
