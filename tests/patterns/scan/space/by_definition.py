"""Every window of a map, as the definitions read: slow, plain, and apart from the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from welfare.patterns.scan.arrays import Reach
from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, NORMAL, POISSON

RATIOS = {"poisson": POISSON, "bernoulli": BERNOULLI, "expectation": EXPECTATION, "normal": NORMAL}


def _times_log(a: float, b: float) -> float:
    return a * math.log(b) if a else 0.0


def poisson(cases: np.ndarray, base: np.ndarray, inside: list[int]) -> float:
    """Return the log of the maximised likelihood with two Poisson rates over that with one."""
    c, b, total, whole = cases[inside].sum(), base[inside].sum(), cases.sum(), base.sum()
    if b <= 0 or b >= whole or c / b <= (total - c) / (whole - b) + 1e-12:
        return 0.0
    two = _times_log(c, c / b) + _times_log(total - c, (total - c) / (whole - b))
    return float(two - _times_log(total, total / whole))


def bernoulli(cases: np.ndarray, base: np.ndarray, inside: list[int]) -> float:
    """Return the same for two shares of cases among trials."""

    def of_share(hits: float, trials: float) -> float:
        return _times_log(hits, hits / trials) + _times_log(trials - hits, 1 - hits / trials)

    c, b, total, whole = cases[inside].sum(), base[inside].sum(), cases.sum(), base.sum()
    if b <= 0 or b >= whole or c / b <= (total - c) / (whole - b) + 1e-12:
        return 0.0
    return float(of_share(c, b) + of_share(total - c, whole - b) - of_share(total, whole))


def expectation(cases: np.ndarray, base: np.ndarray, inside: list[int]) -> float:
    """Return the log of Poisson likelihoods: with the rate the window shows, over the rate expected."""
    c, b = cases[inside].sum(), base[inside].sum()
    return float(_times_log(c, c / b) - (c - b)) if c > b > 0 else 0.0


def normal(cases: np.ndarray, base: np.ndarray, inside: list[int]) -> float:
    """Return the log of normal likelihoods: two weighted means over one, the common variance fitted in both."""
    values, held = cases / base, np.zeros(len(cases), dtype=bool)
    held[inside] = True

    def spread(part: np.ndarray) -> float:
        return float((base[part] * (values[part] - np.average(values[part], weights=base[part])) ** 2).sum())

    if held.all() or np.average(values[held], weights=base[held]) <= np.average(values[~held], weights=base[~held]):
        return 0.0
    one = spread(np.ones(len(cases), dtype=bool))
    return 0.5 * len(cases) * (math.log(one) - math.log(spread(held) + spread(~held)))


BY_NAME = {"poisson": poisson, "bernoulli": bernoulli, "expectation": expectation, "normal": normal}


def every_window(points: np.ndarray, base: np.ndarray, reach: Reach) -> Iterator[tuple[float, int, list[int]]]:
    """Give the shape's penalty, the centre and the members of each window."""
    for longer, degrees in reach.shapes:
        east, north = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        penalty = (4 * longer / (longer + 1) ** 2) ** reach.penalty
        for centre in range(len(points)):
            gaps = points - points[centre]
            if longer == 1:
                axis = np.sqrt((gaps**2).sum(axis=1))
            else:
                axis = np.hypot(gaps[:, 0] * east + gaps[:, 1] * north,
                                longer * (gaps[:, 1] * east - gaps[:, 0] * north))  # fmt: skip
            edges = np.unique(np.round(axis, 7))
            edges = edges[edges <= reach.max_radius + 1e-7]
            for edge in edges:
                inside = np.flatnonzero(axis <= edge + 1e-6).tolist()
                if base[inside].sum() <= reach.max_share * base.sum() * (1 + 1e-9):
                    yield penalty, centre, inside


def highest(name: str, points: np.ndarray, cases: np.ndarray, base: np.ndarray, reach: Reach) -> float:
    """Return the highest score of any window."""
    best = 0.0
    for penalty, _, inside in every_window(points, base, reach):
        enough = len(inside) if name == "normal" else cases[inside].sum()
        if enough >= reach.min_cases:
            best = max(best, penalty * BY_NAME[name](cases, base, inside))
    return best


def satscans_shapes(ratios: Sequence[float] = (1.5, 2, 3, 4, 5), angles: Sequence[int] = (4, 6, 9, 12, 15)) -> tuple:
    """Return a circle and ellipses, each ratio with so many angles evenly over half a turn."""
    pairs = [(r, 180 * k / many) for r, many in zip(ratios, angles, strict=True) for k in range(many)]
    assert all(a <= b for (a, _), (b, _) in pairwise(pairs))
    return ((1.0, 0.0), *pairs)
