"""The best window around a place, for one map: the data."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.ratios import EXPECTATION, NORMAL, log_ratio
from welfare.patterns.scan.space.moving import line_to_beat
from welfare.patterns.scan.space.orders import sort_by, squares_from, windows_around
from welfare.stats.compiled import compiled


@compiled(error_model="numpy")
def best_around(
    points: np.ndarray,
    cases: np.ndarray,
    base: np.ndarray,
    taken: np.ndarray,
    centre: int,
    shape: tuple[float, float],
    ratio: int,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, float],
) -> tuple[float, np.ndarray]:
    """Find the window around one place with the highest log likelihood ratio.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    cases, base : arrays of float, shape (n,)
        Their cases and base.
    taken : array of bool, shape (n,)
        Places that no window may touch.
    centre : int
        Which place.
    shape : tuple of float
        As in :func:`welfare.patterns.scan.space.orders.squares_from`.
    ratio : int
        POISSON, BERNOULLI, EXPECTATION or NORMAL.
    totals : tuple of float
        As for :func:`welfare.patterns.scan.ratios.log_ratio`.
    limits : tuple of float
        Most base in a window, squared longer half-axis of the widest, and fewest cases (places, for NORMAL).

    Returns
    -------
    best : float
        0 where no window holds enough cases and more than expected.
    members : array of int
        Places in it, in order of distance.
    """
    n = len(points)
    if taken[centre]:
        return 0.0, np.empty(0, np.int64)
    squares, near, inside = np.empty(n), np.empty(n), np.empty(n)
    order, work = np.empty(n, np.uint32), np.empty((2, n), np.int64)
    squares_from(points, centre, shape, squares)
    sort_by(squares, order, near, work)
    held, best, chosen, line = 0.0, 0.0, 0, 0.0
    rate = 1.0 if ratio == EXPECTATION else totals[0] / totals[1]
    for k in range(windows_around(order, near, base, limits[0], limits[1], taken, inside)):
        held += cases[order[k]]
        enough = (k + 1 if ratio == NORMAL else held) >= limits[2]
        more = held - rate * inside[k]
        if inside[k] < 0 or not enough or more <= 0:
            continue
        room = inside[k] * (1.0 if ratio == EXPECTATION else totals[1] - inside[k])
        if more * more >= line * room:
            found = log_ratio(ratio, held, inside[k], totals)
            if found > best:
                best, chosen, line = found, k + 1, line_to_beat(ratio, found, totals)
    return best, order[:chosen].astype(np.int64)


@compiled(error_model="numpy")
def best_of_each(
    points: np.ndarray,
    cases: np.ndarray,
    base: np.ndarray,
    taken: np.ndarray,
    centres: np.ndarray,
    shapes: np.ndarray,
    ratio: int,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, float],
) -> np.ndarray:
    """Return the highest log likelihood ratio around each of some places, each by a shape of its own.

    Parameters
    ----------
    points, cases, base, taken, ratio, totals, limits
        As for :func:`best_around`.
    centres : array of int, shape (m,)
        Around which places.
    shapes : array of float, shape (m, 2)
        Their windows' shapes.

    Returns
    -------
    array of float, shape (m,)
    """
    best = np.empty(len(centres))
    for i in range(len(centres)):
        shape = (shapes[i, 0], shapes[i, 1])
        best[i] = best_around(points, cases, base, taken, centres[i], shape, ratio, totals, limits)[0]
    return best
