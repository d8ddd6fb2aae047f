"""The inner loop where each map has a base of its own, or values that are no counts: maps side by side, in floats."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, NORMAL, log_ratio
from welfare.patterns.scan.space.orders import APART, ROUNDING, sort_by, squares_from
from welfare.stats.compiled import compiled

LANES = 16  # maps side by side, so that the processor's vector units are full
_SLACK = 1 - 1e-9  # rounding must not hide a window that beats the bar


@compiled(error_model="numpy")
def line_to_beat(ratio: int, bar: float, totals: tuple[float, float, float, float]) -> float:
    """Return what the square of the cases above expectation must exceed, over their room, to beat the bar.

    A Poisson or binomial log likelihood ratio never exceeds Pearson's chi-square; the normal one is a function of it.
    The room is the base inside, times that outside but for EXPECTATION.

    Parameters
    ----------
    ratio : int
        POISSON, BERNOULLI, EXPECTATION or NORMAL.
    bar : float
        Log likelihood ratio to beat.
    totals : tuple of float
        As for :func:`welfare.patterns.scan.ratios.log_ratio`.

    Returns
    -------
    float
        A little low: rounding must not hide a window.
    """
    total, total_base, squares, rows = totals
    if ratio == EXPECTATION:
        return bar * _SLACK
    if ratio == NORMAL:
        return -np.expm1(-2 * bar / rows) * squares / total_base * _SLACK
    freedom = 1 - total / total_base if ratio == BERNOULLI else 1.0
    return bar * total * freedom / total_base**2 * _SLACK


@compiled(error_model="numpy")
def _raise(
    case: np.ndarray,
    base: np.ndarray,
    cap: float,
    fewest: float,
    places: int,
    ratio: int,
    factor: float,
    totals: tuple[float, float, float, float],
    lines: np.ndarray,
    best: np.ndarray,
) -> None:
    """Raise the best scores by one window."""
    for j in range(len(best)):
        enough = (places if ratio == NORMAL else case[j]) >= fewest
        if enough and base[j] <= cap * ROUNDING:
            score = factor * log_ratio(ratio, case[j], base[j], totals)
            if score > best[j]:
                best[j] = score
                lines[j] = line_to_beat(ratio, score / factor, totals)


@compiled(error_model="numpy")
def _walk(
    order: np.ndarray,
    near: np.ndarray,
    cases: np.ndarray,
    bases: np.ndarray,
    held: np.ndarray,
    ratio: int,
    factor: float,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, float],
    lines: np.ndarray,
    best: np.ndarray,
) -> None:
    """Grow the window around one place, for one block of maps."""
    cap, widest, fewest = limits
    whole = totals[1]
    # Without a total to hold to, cases are compared with the base itself.
    rate = 1.0 if ratio == EXPECTATION else totals[0] / whole
    outside = 0.0 if ratio == EXPECTATION else 1.0
    case, base = held[0], held[1]
    held[:] = 0
    n = len(order)
    for k in range(n):
        if near[k] > widest * APART:
            return
        place = order[k]
        for j in range(LANES):
            case[j] += cases[place, j]
            base[j] += bases[place, j]
        if k + 1 < n and not near[k + 1] > near[k] * APART:
            continue
        worth, room_left = False, False
        for j in range(LANES):
            more = max(case[j] - rate * base[j], 0.0)
            room = base[j] * (1 - outside + outside * (whole - base[j]))
            worth |= more * more >= lines[j] * room
        for j in range(len(best)):
            room_left |= base[j] <= cap * ROUNDING
        if not room_left:
            return
        if worth:
            _raise(case, base, cap, fewest, k + 1, ratio, factor, totals, lines, best)


@compiled(error_model="numpy")
def raise_around(
    points: np.ndarray,
    cases: np.ndarray,
    bases: np.ndarray,
    centres: np.ndarray,
    shape: tuple[float, float],
    factor: float,
    ratio: int,
    totals: tuple[float, float, float, float],
    limits: tuple[float, float, float],
    best: np.ndarray,
) -> None:
    """Raise each map's best score by the windows around some places.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    cases, bases : arrays of float, shape (b, n, LANES)
        Map m is lane m % LANES of block m // LANES. Lanes without a map hold a base of 0.
    centres : array of int
        Around which places.
    shape : tuple of float
        As in :func:`welfare.patterns.scan.space.orders.squares_from`.
    factor : float
        What log likelihood ratios of this shape are multiplied by.
    ratio : int
        POISSON, BERNOULLI, EXPECTATION or NORMAL.
    totals : tuple of float
        As for :func:`welfare.patterns.scan.ratios.log_ratio`; the same for each map.
    limits : tuple of float
        As in :func:`welfare.patterns.scan.space.single.best_around`.
    best : array of float, shape (r,)
        Scores to be raised.
    """
    n = len(points)
    squares, near, held = np.empty(n), np.empty(n), np.empty((2, LANES))
    order, work = np.empty(n, np.uint32), np.empty((2, n), np.int64)
    lines = np.empty((len(cases), LANES))
    lines[:] = np.inf
    for m in range(len(best)):
        lines[m // LANES, m % LANES] = line_to_beat(ratio, best[m] / factor, totals)
    for centre in centres:
        squares_from(points, centre, shape, squares)
        sort_by(squares, order, near, work)
        for b in range(len(cases)):
            raised = best[b * LANES : min((b + 1) * LANES, len(best))]
            _walk(order, near, cases[b], bases[b], held, ratio, factor, totals, limits, lines[b], raised)
