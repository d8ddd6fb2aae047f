"""Weighted least squares on the columns of a model, and which columns add something to those before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.glm.columns import Columns, Moments, by_level

Array = np.ndarray

# A column of which less than this share (of its sum of squares) is left after the columns before it adds nothing.
_NOTHING_LEFT = 1e-11


@dataclass(frozen=True)
class Solution:
    """Estimates of a weighted least squares problem.

    Attributes
    ----------
    estimates : array, shape (p,)
        Of the small system's columns; 0 for those that add nothing.
    swept : array, shape (m,)
        Of the levels of the swept factor.
    """

    estimates: Array
    swept: Array

    def towards(self, other: Solution, share: float) -> Solution:
        """Return the point so far on the way to another solution."""
        return Solution(
            self.estimates + share * (other.estimates - self.estimates), self.swept + share * (other.swept - self.swept)
        )


def independent(columns: Columns, weights: Array) -> Array:
    """Return which columns of the small system add something to the swept factor and to those before them.

    Parameters
    ----------
    columns : Columns
    weights : array of float, shape (n,)
        Above 0.

    Returns
    -------
    array of bool, shape (p,)
    """
    moments = columns.moments(weights)
    left, own = moments.residual(), np.diag(moments.products).copy()
    kept = np.zeros(len(own), dtype=bool)
    rows = np.zeros_like(left)  # of a Cholesky factor; a column that adds nothing has a row of zeros
    for at in range(len(own)):
        row = left[at] - rows[:at, at] @ rows[:at]
        if row[at] > _NOTHING_LEFT * own[at]:
            kept[at] = True
            rows[at] = row / np.sqrt(row[at])
    return kept


def solve(columns: Columns, weights: Array, target: Array, kept: Array) -> Solution:
    """Return the weighted least squares estimates.

    Parameters
    ----------
    columns : Columns
    weights : array of float, shape (n,)
        Above 0.
    target : array of float, shape (n,)
        What is to be fitted.
    kept : array of bool, shape (p,)
        Columns of the small system that are estimated.
    """
    from scipy.linalg import cho_solve

    moments, weighted = columns.moments(weights), weights * target
    right = column_sums(columns, weighted)
    swept_right: Array = np.zeros(0)
    if columns.swept is not None:
        swept_right = np.bincount(columns.swept.codes, weighted, columns.swept.levels)
        right = right - moments.means().T @ swept_right
    estimates = np.zeros(columns.width)
    factor, sizes = _factored(moments, kept)
    estimates[kept] = cho_solve(factor, right[kept] / sizes) / sizes
    swept = (swept_right - moments.swept_products @ estimates) / moments.swept_weights
    return Solution(estimates, swept)


def inverse(moments: Moments, kept: Array) -> Array:
    """Return the inverse of the small system, shape (p, p), with zeros for columns that are not kept."""
    from scipy.linalg import cho_solve

    factor, sizes = _factored(moments, kept)
    out = np.zeros((len(kept), len(kept)))
    out[np.ix_(kept, kept)] = cho_solve(factor, np.eye(len(sizes))) / np.outer(sizes, sizes)
    return out


def _factored(moments: Moments, kept: Array) -> tuple[tuple[Array, bool], Array]:
    # On one scale: columns of very different size (a year, a count of animals) would spoil the factor.
    from scipy.linalg import cho_factor

    system = moments.residual()[np.ix_(kept, kept)]
    sizes = np.sqrt(np.diag(system))
    return cho_factor(system / np.outer(sizes, sizes), lower=True), sizes


def column_sums(columns: Columns, weights: Array) -> Array:
    """Return the weighted sum of each column of the small system, shape (p,)."""
    parts = [by_level(factor, weights) for factor in columns.small]
    return np.concatenate([*parts, weights @ columns.dense])
