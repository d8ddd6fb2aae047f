"""A fitted model in plain arrays: estimates, their information, and what each row or cluster adds to their slopes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from welfare.stats.glm.columns import Columns, Factor, Moments, effect
from welfare.stats.glm.distributions import Family, NegativeBinomial1
from welfare.stats.glm.maximum import Maximum
from welfare.stats.glm.solving import inverse

Array = np.ndarray

_CHUNK = 50_000  # rows written out at a time


@dataclass(frozen=True)
class Fit:
    """A fitted model; n rows, q reported estimates, p columns in the small system.

    Attributes
    ----------
    columns : Columns
        What was fitted to.
    kept : array of bool, shape (p,)
        Columns of the small system that are estimated.
    family : Family
        As fitted, its own parameter included.
    outcome : array of float, shape (n,)
    offset : array of float, shape (n,)
        Logarithm of the exposure, 0 where there is none.
    maximum : Maximum
        Where the likelihood is highest.
    """

    columns: Columns
    kept: Array
    family: Family
    outcome: Array
    offset: Array
    maximum: Maximum

    @property
    def estimates(self) -> Array:
        """The reported estimates, shape (q,): the dense columns', then the shown factors'."""
        return np.asarray(self.columns.reporting.T @ self.maximum.solution.estimates)

    @property
    def loglik(self) -> float:
        """The log likelihood, constants included."""
        return self.maximum.loglik

    @cached_property
    def expected(self) -> Array:
        """Expected outcome by row."""
        return self.family.mean(self.maximum.linear)

    @cached_property
    def weights(self) -> Array:
        """What each row adds to the information."""
        linear = self.maximum.linear
        weights = self.family.information(self.outcome, linear)
        if isinstance(self.family, NegativeBinomial1):
            observed = self.family.curvature(self.outcome, linear)
            swept = self.columns.swept
            # Single rows may be below 0; a level of the swept factor may not, or it could not be swept out.
            if swept is None or (np.bincount(swept.codes, observed) > 0).all():
                return observed
        return weights

    @cached_property
    def slopes(self) -> Array:
        """Derivative of each row's log likelihood by its linear predictor."""
        return self.family.slope(self.outcome, self.maximum.linear)

    @cached_property
    def moments(self) -> Moments:
        """Products of the columns at the maximum, weighted by information."""
        return self.columns.moments(self.weights)

    @cached_property
    def small_inverse(self) -> Array:
        """Inverse information of the small system, shape (p, p)."""
        return inverse(self.moments, self.kept)

    @property
    def inverse(self) -> Array:
        """Inverse information of the reported estimates, shape (q, q): their covariance if the family is right."""
        return np.asarray(self.columns.reporting.T @ self.small_inverse @ self.columns.reporting)

    @cached_property
    def pearson(self) -> float:
        """Pearson's chi-squared."""
        return float(np.sum((self.outcome - self.expected) ** 2 / self.family.variance(self.maximum.linear)))

    @cached_property
    def design(self) -> Array:
        """The dense columns, shape (n, k); where there are factors, what these leave of them under the weights."""
        columns = self.columns
        if not columns.small and columns.swept is None:
            return columns.dense if columns.mixing is None else columns.dense @ columns.mixing
        begin = columns.starts[-1]
        hidden = self.kept.copy()
        hidden[begin:] = False
        by_factors = inverse(self.moments, hidden)[:begin, :begin] @ self.moments.residual()[:begin, begin:]
        out = columns.dense.copy()
        for at, factor in enumerate(columns.small):
            share = by_factors[columns.starts[at] : columns.starts[at + 1]]
            out -= np.vstack([np.zeros(out.shape[1]), share])[factor.places]
        if columns.swept is not None:
            means = self.moments.means()
            out -= (means[:, begin:] - means[:, :begin] @ by_factors)[columns.swept.codes]
        return out if columns.mixing is None else out @ columns.mixing

    @property
    def parameters(self) -> int:
        """How many numbers describe the expected outcomes: estimates, and the levels of what was absorbed."""
        swept = 0 if self.columns.swept is None else self.columns.swept.levels
        return int(self.kept.sum()) + swept

    def score_sums(self, groups: Factor) -> Array:
        """Return by group the sums of slopes times what the swept factor leaves of each column, shape (groups, p)."""
        sums = self.columns.grouped(groups, self.slopes)
        swept = self.columns.swept
        if swept is None:
            return sums
        return np.asarray(sums - _shared(groups, swept, self.slopes) @ self.moments.means())

    def influence(self, groups: Factor) -> Array:
        """Return by group its scores times the inverse information, shape (groups, q).

        To first order this is how far the group pulls the estimates; the sum of its squares is the plain sandwich.
        """
        return np.asarray(self.score_sums(groups) @ self.small_inverse @ self.columns.reporting)

    def squared_by_row(self, slopes: Array | None = None) -> Array:
        """Return the sum over rows of squared influence, shape (q, q): the plain sandwich where rows stand alone."""
        squares = (self.slopes if slopes is None else slopes) ** 2
        raw = self.columns.moments(squares)
        meat = raw.products
        if self.columns.swept is not None:
            means = self.moments.means()
            crossed = raw.swept_products.T @ means
            meat = meat - crossed - crossed.T + means.T @ (means * raw.swept_weights[:, None])
        bread = self.small_inverse @ self.columns.reporting
        return np.asarray(bread.T @ meat @ bread)

    def leverage(self) -> Array:
        """Return how far each row's own outcome decides what is expected of it, from 0 to 1."""
        out, swept = np.empty(self.columns.rows), self.columns.swept
        means = self.moments.means()
        for begin in range(0, self.columns.rows, _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            left = self.columns.small_rows(rows)
            if swept is not None:
                left -= means[swept.codes[rows]]
            out[rows] = np.einsum("ij,ij->i", left @ self.small_inverse, left)
        if swept is not None:
            out += 1 / self.moments.swept_weights[swept.codes]
        return out * self.weights

    def products_by(self, groups: Factor) -> Array:
        """Return by group the weighted products of what the swept factor leaves of columns, shape (groups, p, p)."""
        order = np.argsort(groups.codes, kind="stable")
        ends = np.cumsum(np.bincount(groups.codes, minlength=groups.levels))[:-1]
        means, swept = self.moments.means(), self.columns.swept
        out = np.empty((groups.levels, self.columns.width, self.columns.width))
        for at, rows in enumerate(np.split(order, ends)):
            left = self.columns.take(rows).small_rows(slice(None))
            if swept is not None:
                left -= means[swept.codes[rows]]
            out[at] = left.T @ (left * self.weights[rows, None])
        return out

    def absorbed_effects(self) -> list[Array]:
        """Return the estimates of each absorbed factor's levels; only their sum over the factors is determined."""
        columns, found = self.columns, []
        at = 0
        for factor in columns.absorbed:
            if factor is columns.swept:
                found.append(self.maximum.solution.swept)
            else:
                found.append(self.maximum.solution.estimates[columns.starts[at] : columns.starts[at + 1]])
                at += 1
        return found

    def absorbed_linear(self) -> Array:
        """Return by row the sum of the absorbed effects; 0 where nothing was absorbed."""
        total = np.zeros(self.columns.rows)
        for factor, estimates in zip(self.columns.absorbed, self.absorbed_effects(), strict=True):
            total += effect(factor, estimates)
        return total


def _shared(groups: Factor, swept: Factor, weights: Array) -> object:
    """Return weights summed by group and level of the swept factor, as a sparse matrix."""
    from scipy.sparse import csr_array

    return csr_array((weights, (groups.codes, swept.codes)), shape=(groups.levels, swept.levels))
