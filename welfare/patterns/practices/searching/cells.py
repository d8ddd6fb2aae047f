"""Rows of a panel put together by their conditions, what a subset of conditions must rest on, and what it scores."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, log

import numpy as np
from scipy.sparse import csr_array

Picked = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class Cells:
    """Combinations of conditions that occur among n rows.

    Attributes
    ----------
    codes : array of int, shape (c, k)
        Each combination's values, 0 to `sizes` less 1 in every column.
    sizes : tuple of int
        Values that occur, by condition.
    present : tuple of array of int
        The code in the panel of each value that occurs, by condition.
    expected : array, shape (c,)
        Expected count.
    share : array, shape (c,)
        Of the weighted expected count; sums to 1.
    gather : sparse array, shape (c, n)
        Adds up weighted counts of rows.
    pairs : array of int, shape (p, 2)
        Unit and cell, once for each cell that a unit has rows in.
    """

    codes: np.ndarray
    sizes: tuple[int, ...]
    present: tuple[np.ndarray, ...]
    expected: np.ndarray
    share: np.ndarray
    gather: csr_array
    pairs: np.ndarray

    def add_up(self, counts: np.ndarray) -> np.ndarray:
        """Return weighted counts by cell, shape (c, many), of counts by row, shape (many, n)."""
        return np.asarray(self.gather @ counts.T.astype(float))

    def as_codes(self, picked: Picked) -> Picked:
        """Return a subset found in these cells in the panel's codes."""
        return {k: tuple(int(self.present[k][value]) for value in held) for k, held in picked.items()}


def into_cells(codes: np.ndarray, expected: np.ndarray, unit: np.ndarray, weight: np.ndarray) -> Cells:
    """Put rows together by their conditions.

    Parameters
    ----------
    codes : array of int, shape (n, k)
        Values of the conditions.
    expected : array, shape (n,)
        Expected counts.
    unit : array of int, shape (n,)
        Number of each row's unit.
    weight : array, shape (n,)
        What each row's count weighs.

    Returns
    -------
    Cells
    """
    present, compact = [], np.empty_like(codes)
    for k in range(codes.shape[1]):
        values, compact[:, k] = np.unique(codes[:, k], return_inverse=True)
        present.append(values)
    cells, cell = np.unique(compact, axis=0, return_inverse=True)
    cell = cell.ravel()
    gather = csr_array((weight, (cell, np.arange(len(cell)))), shape=(len(cells), len(cell)))
    weighted = np.bincount(cell, weight * expected)
    return Cells(
        codes=cells,
        sizes=tuple(len(values) for values in present),
        present=tuple(present),
        expected=np.bincount(cell, expected),
        share=weighted / weighted.sum(),
        gather=gather,
        pairs=np.unique(np.column_stack([unit, cell]), axis=0),
    )


@dataclass(frozen=True)
class Terms:
    """What a subset must fulfil, and how it is scored.

    Attributes
    ----------
    max_conditions : int
        Most conditions that a subset may name.
    min_units, min_expected : int, float
        Fewest units, and fewest expected events, inside a subset and outside it.
    more : bool
        Whether an excess is looked for, or a want.
    simple : bool
        Whether a subset pays for how many there are of its kind.
    """

    max_conditions: int
    min_units: int
    min_expected: float
    more: bool
    simple: bool

    def cost(self, listed: int, of: int) -> float:
        """Return what naming `listed` of the values of one condition costs, in natural logarithms."""
        return log(of - 1) + log(comb(of, listed)) if self.simple else 0.0

    def cost_of_choosing(self, named: int, of: int) -> float:
        """Return what choosing which conditions to name costs."""
        return log(comb(of, named)) if self.simple else 0.0


__all__ = ["Cells", "Picked", "Terms", "into_cells"]
