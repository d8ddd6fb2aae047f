"""A constant for each of many groups, taken out of a fit by arithmetic instead of columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Absorbed:
    """Groups whose constants are absorbed.

    Attributes
    ----------
    codes : array of int, shape (n,)
        Group of each row, numbered from 0 without a gap.
    order, starts : array of int, shape (n,) and (G + 1,)
        Rows sorted by group, and where each group starts among them.
    """

    codes: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @property
    def many(self) -> int:
        """Return the number of groups."""
        return len(self.starts) - 1

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """Return the sum of a value, shape (n,), over each group, shape (G,)."""
        return np.bincount(self.codes, weights=rows, minlength=self.many)

    def column_sums(self, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the weighted sums of columns, shape (n, p), over each group, shape (G, p)."""
        from scipy.sparse import csr_array

        picked = csr_array((weights[self.order], self.order, self.starts), shape=(self.many, len(self.codes)))
        return np.asarray(picked @ columns)

    def less_means(self, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return columns, shape (n, p), less their weighted means within the row's group."""
        return np.asarray(columns - (self.column_sums(columns, weights) / self.sums(weights)[:, None])[self.codes])


def absorbed(groups: np.ndarray) -> Absorbed:
    """Return groups ready to be absorbed.

    Parameters
    ----------
    groups : array, shape (n,)
        Which group a row belongs to, as any sortable label.

    Returns
    -------
    Absorbed
    """
    _, codes = np.unique(groups, return_inverse=True)
    codes = codes.ravel()
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    return Absorbed(codes, np.argsort(codes, kind="stable"), starts)
