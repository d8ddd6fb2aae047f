"""One part of the units to search, the other to see whether what was found is there as well."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from welfare.patterns.practices.searching.chance import Unevenness, random_counts
from welfare.patterns.practices.searching.part import excess
from welfare.stats.rates.limits import exact_limits


def held_out(share: float, codes: np.ndarray, expected: np.ndarray, unit: np.ndarray, seed: int) -> np.ndarray:
    """Choose the units that the search does not see.

    Parameters
    ----------
    share : float
        Of the units to hold out, between 0 and 1.
    codes : array of int, shape (n, k)
        Values of the conditions.
    expected : array, shape (n,)
        Expected counts.
    unit : array of int, shape (n,)
        Number of each row's unit, from 0.
    seed : int
        Of the choice.

    Returns
    -------
    array of bool, shape (n,)
        Rows of the units held out. Units that are alike in their conditions and in what was expected stand side by side
        when they are parted, so that both parts hold some of each kind; what was observed plays no part.
    """
    rng = np.random.default_rng(seed)
    units = int(unit.max()) + 1
    first = np.full(units, len(unit))
    np.minimum.at(first, unit, np.arange(len(unit)))
    alike = np.lexsort((rng.random(units), np.bincount(unit, expected), *codes[first].T[::-1]))
    block = Fraction(share).limit_denominator(10).denominator
    chosen = np.zeros(units, dtype=bool)
    for start in range(0, units, block):
        members = alike[start : start + block]
        many = int(np.floor(len(members) * share + rng.random() * (1 - 1e-9)))
        chosen[rng.choice(members, many, replace=False)] = True
    return chosen[unit]


def ratio_limits(
    inside: np.ndarray,
    observed: np.ndarray,
    expected: np.ndarray,
    unit: np.ndarray,
    spread: Unevenness,
    level: float,
) -> tuple[float, float]:
    """Return the interval of a subset's ratio, as wide as units and rows differ.

    Parameters
    ----------
    inside : array of bool, shape (n,)
        Rows of the subset.
    observed, expected : arrays, shape (n,)
        Counts of the part.
    unit : array of int, shape (n,)
        Number of each row's unit.
    spread : Unevenness
        Of the true ratios.
    level : float
        Coverage.

    Returns
    -------
    low, high : float
        The exact Poisson limits of as many events as would tell as much, had units and rows been alike. That the
        part's total is given makes them somewhat wide.
    """
    found = excess(inside, observed, expected, unit)
    scaled = expected[inside] * (observed.sum() / expected.sum())
    ratio = max(1.0, found.observed / found.expected)
    unlike = spread.between * (np.bincount(unit[inside], scaled) ** 2).sum() + spread.within * (scaled**2).sum()
    wider = 1 + ratio * float(unlike) / found.expected
    low, high = exact_limits(np.array([found.observed / wider]), level)
    return float(low[0] * wider / found.expected), float(high[0] * wider / found.expected)


def chance_of(
    inside: np.ndarray,
    observed: np.ndarray,
    expected: np.ndarray,
    unit: np.ndarray,
    spread: Unevenness,
    *,
    more: bool,
    replicates: int,
    seed: int,
) -> float:
    """Return how often chance and unevenness alone give a subset named beforehand as much as was seen (or as little).

    Parameters
    ----------
    inside : array of bool, shape (n,)
        Rows of the subset.
    observed, expected : arrays, shape (n,)
        Counts of the part.
    unit : array of int, shape (n,)
        Number of each row's unit.
    spread : Unevenness
        Of the true ratios.
    more : bool
        Whether an excess is looked for, or a want.
    replicates, seed : int
        Random sets of counts, and their seed.

    Returns
    -------
    float
        One-sided p-value.
    """
    rng = np.random.default_rng(seed)
    seen, total = observed[inside].sum(), int(observed.sum())
    at_once = max(1, 4_000_000 // len(observed))
    as_far = 0
    for done in range(0, replicates, at_once):
        counts = random_counts(expected, unit, spread, total, min(at_once, replicates - done), rng)
        drawn = counts[:, inside].sum(axis=1)
        as_far += int(((drawn >= seen) if more else (drawn <= seen)).sum())
    return (1 + as_far) / (1 + replicates)


__all__ = ["chance_of", "held_out", "ratio_limits"]
