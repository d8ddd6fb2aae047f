"""Rows to search, or to try a subset on, and what a subset of them holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.patterns.practices.searching.cells import Picked


@dataclass(frozen=True)
class Excess:
    """What one subset holds in one part of the rows.

    Attributes
    ----------
    units : int
        Distinct units in it.
    observed, expected : float
        Counts in it; expected is scaled to as many as there were in the part.
    largest : float
        Share of its observed count that one unit has; missing where it has none.
    """

    units: int
    observed: float
    expected: float
    largest: float


def excess(inside: np.ndarray, observed: np.ndarray, expected: np.ndarray, unit: np.ndarray) -> Excess:
    """Add up what a subset holds.

    Parameters
    ----------
    inside : array of bool, shape (n,)
        Rows of the subset.
    observed, expected : arrays, shape (n,)
        Counts of the part.
    unit : array of int, shape (n,)
        Number of each row's unit.

    Returns
    -------
    Excess
    """
    scaled = expected * (observed.sum() / expected.sum())
    seen, by_unit = float(observed[inside].sum()), np.bincount(unit[inside], observed[inside])
    largest = float(by_unit.max() / seen) if seen else np.nan
    return Excess(len(np.unique(unit[inside])), seen, float(scaled[inside].sum()), largest)


@dataclass(frozen=True)
class Part:
    """Rows to search, or to try a subset on.

    Attributes
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    unit : array of int, shape (n,)
        Number of each row's unit, from 0.
    codes : array of int, shape (n, k)
        Values of the conditions.
    """

    observed: np.ndarray
    expected: np.ndarray
    unit: np.ndarray
    codes: np.ndarray

    def scaled(self) -> np.ndarray:
        """Return expected counts that sum to as many as were observed."""
        return np.asarray(self.expected * (self.observed.sum() / self.expected.sum()))

    def inside(self, picked: Picked) -> np.ndarray:
        """Return which rows a subset holds."""
        held = np.ones(len(self.observed), dtype=bool)
        for k, values in picked.items():
            held &= np.isin(self.codes[:, k], values)
        return held

    def allowing_for(self, picked: Picked) -> Part:
        """Return the part with the subset's excess moved into what is expected."""
        inside = self.inside(picked)
        if not inside.any() or inside.all():
            return self
        found = excess(inside, self.observed, self.expected, self.unit)
        total = float(self.observed.sum())
        # Half an event either way where one side has none.
        within, without = max(found.observed, 0.5), max(total - found.observed, 0.5)
        factor = (within / found.expected) / (without / (total - found.expected))
        return Part(self.observed, np.where(inside, self.expected * factor, self.expected), self.unit, self.codes)

    def rows(self, kept: np.ndarray) -> Part:
        """Return some of the rows; units are numbered anew."""
        unit = np.unique(self.unit[kept], return_inverse=True)[1]
        return Part(self.observed[kept], self.expected[kept], unit, self.codes[kept])


__all__ = ["Excess", "Part", "excess"]
