"""Circles around every place, and runs of them that differ little: what the search walks along, planned once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach
from welfare.stats.compiled import compiled

_APART = 1 + 1e-9  # squared distances closer than this are one distance: a circle takes in all places on its edge
_ROUNDING = 1 + 1e-12  # three shares of 0.1 add up to a little more than 0.3
_SLACK = 0.8  # a run may add this many standard deviations of its longest window to what is expected in it


@dataclass(frozen=True)
class Spans:
    """Circles around every centre, the places of all centres in one row.

    Attributes
    ----------
    order : array of int, shape (sum of reached places,)
        Places by distance from the first centre, then from the second, and so on.
    closes : array of bool, like `order`
        Whether a circle may end at that place: not where the next one is as far away.
    starts : array of int, shape (n + 1,)
        Where each centre's places begin in `order`.
    runs : array of int, shape (runs, 2)
        Sizes of the smallest and of the largest circle of each run, centre after centre.
    run_starts : array of int, shape (n + 1,)
        Where each centre's runs begin in `runs`.
    """

    order: np.ndarray
    closes: np.ndarray
    starts: np.ndarray
    runs: np.ndarray
    run_starts: np.ndarray


@compiled()
def _reached(
    points: np.ndarray, share: np.ndarray, most: float, radius: float, centre: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places that circles around a centre may hold, nearest first, and which of them close a circle."""
    n, d = points.shape
    squares = np.zeros(n)
    for i in range(n):
        for j in range(d):
            gap = points[i, j] - points[centre, j]
            squares[i] += gap * gap
    order = np.argsort(squares, kind="mergesort")
    closes = np.zeros(n, np.bool_)
    total, last = 0.0, 0
    for k in range(n):
        total += share[order[k]]
        if total > most * _ROUNDING or squares[order[k]] > radius * radius * _APART:
            break
        if k + 1 == n or squares[order[k + 1]] > squares[order[k]] * _APART:
            closes[k] = True
            last = k + 1
    return order[:last], closes[:last]


@compiled()
def _runs(order: np.ndarray, closes: np.ndarray, share: np.ndarray, expected: float, slack: float) -> np.ndarray:
    """Cut the circles around one centre into runs; `expected` cases fall into the longest window of all places."""
    runs = np.zeros((len(order), 2), np.int64)
    used, first, inner, inside = 0, 0, 0.0, 0.0
    for k in range(len(order)):
        inside += share[order[k]]
        if not closes[k]:
            continue
        if first == 0 or (inside - inner) * expected > slack * np.sqrt(inner * expected):
            runs[used, 0], first, inner = k + 1, k + 1, inside
            used += 1
        runs[used - 1, 1] = k + 1
    return runs[:used]


def plan_spans(cells: Cells, reach: Reach, expected: float) -> Spans:
    """Plan the walk around every place.

    Parameters
    ----------
    cells : Cells
        Places and base.
    reach : Reach
        Largest share and radius. The share plays no part where there is but one place.
    expected : float
        Cases expected in the longest window of all places, which set how coarse runs may be.

    Returns
    -------
    Spans
    """
    n = len(cells.base)
    share = cells.base.sum(axis=1) / cells.base.sum()
    most = reach.max_share if n > 1 else 1.0
    kind = np.uint16 if n < 2**16 else np.int32
    points = np.ascontiguousarray(cells.points, dtype=float)

    def around(centre: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        order, closes = _reached(points, share, most, reach.max_radius, centre)
        return order.astype(kind), closes, _runs(order, closes, share, expected, _SLACK)

    with ThreadPoolExecutor(cpu_count()) as pool:
        found = list(pool.map(around, range(n)))
    return Spans(
        order=np.concatenate([order for order, _, _ in found]),
        closes=np.concatenate([closes for _, closes, _ in found]),
        starts=np.cumsum([0, *(len(order) for order, _, _ in found)]),
        runs=np.concatenate([runs for _, _, runs in found]),
        run_starts=np.cumsum([0, *(len(runs) for _, _, runs in found)]),
    )
