"""Every window tried, as the definitions read: slow, short, and written without looking at the library's own search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

Ratio = Callable[[float, float, float, float], float]


def _times_log(count: float, ratio: float) -> float:
    return count * math.log(ratio) if count > 0 else 0.0


def poisson(c: float, b: float, total: float, total_base: float) -> float:
    """Kulldorff 1997, Poisson: likelihood with two rates over likelihood with one."""
    out, b_out = total - c, total_base - b
    if b <= 0 or b_out <= 0 or c / b <= out / b_out:
        return 0.0
    return _times_log(c, c / b) + _times_log(out, out / b_out) - _times_log(total, total / total_base)


def bernoulli(c: float, n: float, total: float, total_n: float) -> float:
    """Kulldorff 1997, Bernoulli: cases c of n inside, the rest outside."""
    out, n_out = total - c, total_n - n
    if n <= 0 or n_out <= 0 or c / n <= out / n_out:
        return 0.0

    def loglik(k: float, m: float) -> float:
        return _times_log(k, k / m) + _times_log(m - k, 1 - k / m)

    return loglik(c, n) + loglik(out, n_out) - loglik(total, total_n)


def expectation(c: float, e: float, total: float, total_base: float) -> float:
    """Neill: a Poisson count with its own mean against the expected one."""
    return c * math.log(c / e) - (c - e) if e > 0 and c > e else 0.0


def normal(values: np.ndarray, weights: np.ndarray) -> Callable[[np.ndarray], float]:
    """Two means and one variance against one mean and one variance, by weighted least squares: of rows inside."""
    mean = np.average(values, weights=weights)
    whole = (weights * (values - mean) ** 2).sum()

    def ratio(inside: np.ndarray) -> float:
        if inside.all() or not inside.any():
            return 0.0
        high = np.average(values[inside], weights=weights[inside])
        low = np.average(values[~inside], weights=weights[~inside])
        if high <= low:
            return 0.0
        left = (weights * (values - np.where(inside, high, low)) ** 2).sum()
        return len(values) / 2 * math.log(whole / left)

    return ratio


def circles(points: np.ndarray, share: np.ndarray, most: float = 0.5, radius: float = np.inf) -> Iterator[np.ndarray]:
    """Every set of places within some distance of some place."""
    for centre in points:
        apart = np.round(np.sqrt(((points - centre) ** 2).sum(axis=1)), 9)
        for reach in np.unique(apart):
            inside = apart <= reach
            if reach > radius or share[inside].sum() > most + 1e-9:
                break
            yield inside


def ellipses(points: np.ndarray, share: np.ndarray, most: float = 0.5) -> Iterator[tuple[np.ndarray, float]]:
    """Every set of places within some ellipse around some place, with the ratio of its axes."""
    for axes, turns in ((1, 1), (1.5, 4), (2, 6), (3, 9), (4, 12), (5, 15)):
        for turn in range(turns):
            angle = math.pi * turn / turns
            along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
            squashed = np.column_stack([points @ along, axes * (points @ across)])
            for inside in circles(squashed, share, most):
                yield inside, axes


def intervals(steps: int, longest: int, *, last_only: bool = False) -> Iterator[slice]:
    """Every run of steps up to a length."""
    for first in range(steps):
        for last in range(first, min(steps, first + longest)):
            if not last_only or last == steps - 1:
                yield slice(first, last + 1)


def best(
    cases: np.ndarray, base: np.ndarray, windows: list[tuple[np.ndarray, slice]], ratio: Ratio, least: float = 2
) -> tuple[float, np.ndarray, slice]:
    """Return the highest ratio of any window of an n by t table, and the window; 0 where none stands out."""
    total, total_base, found = cases.sum(), base.sum(), (0.0, np.zeros(len(cases), dtype=bool), slice(0, 0))
    for inside, steps in windows:
        c = cases[inside, steps].sum()
        if c >= least:
            value = ratio(c, base[inside, steps].sum(), total, total_base)
            if value > found[0] + 1e-12:
                found = (value, inside, steps)
    return found
