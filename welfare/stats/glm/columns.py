"""The columns of a model: some as numbers, and factors of many levels as codes, whose dummies are never written out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Factor:
    """A factor, one column per level, kept as codes.

    Attributes
    ----------
    codes : array of int, shape (n,)
        From 0 to `levels` - 1; -1 for rows of the level that the others are compared with, which has no column.
    levels : int
        How many columns it stands for.
    """

    codes: Array
    levels: int

    @cached_property
    def places(self) -> Array:
        """Codes from 0 on, 0 for the level that has no column: what counting by level takes."""
        return np.asarray(self.codes + 1)


@dataclass(frozen=True)
class Moments:
    """Weighted sums of products of all columns, n rows, p columns, m levels of the factor that is swept out.

    Attributes
    ----------
    products : array, shape (p, p)
        Of every two columns.
    swept_products : array, shape (m, p)
        Of the levels of the swept factor with the columns.
    swept_weights : array, shape (m,)
        Weights summed by level of it.
    """

    products: Array
    swept_products: Array
    swept_weights: Array

    def means(self) -> Array:
        """Return the weighted mean of each column by level of the swept factor, shape (m, p)."""
        return self.swept_products / self.swept_weights[:, None]

    def residual(self) -> Array:
        """Return the products of what the swept factor leaves of each column (a Schur complement), shape (p, p)."""
        if not len(self.swept_weights):
            return self.products
        scaled = self.swept_products / np.sqrt(self.swept_weights)[:, None]
        return np.asarray(self.products - scaled.T @ scaled)


@dataclass(frozen=True)
class Columns:
    """Every column of a model: absorbed factors, shown factors, and columns of numbers.

    The absorbed factor of most levels is swept out exactly (its block of the normal equations is diagonal); all other
    columns, in the order absorbed, shown, dense, form a small system.

    Attributes
    ----------
    dense : array of float, shape (n, k)
        Columns of numbers.
    shown : tuple of Factor
        Whose estimates are wanted.
    absorbed : tuple of Factor
        Fixed effects: held fixed, not reported.
    mixing : array of float, shape (k, k), optional
        Of columns made orthogonal: the columns as given are `dense @ mixing`; estimates are reported for those.
    sweep : int or None
        Which absorbed factor is swept out; -1 for the one of most levels, None for none.

    References
    ----------
    Correia S, Guimaraes P, Zylkin T. Fast Poisson estimation with high-dimensional fixed effects. Stata Journal 2020;
    20: 95-115. Guimaraes P, Portugal P. Stata Journal 2010; 10: 628-649.
    """

    dense: Array
    shown: tuple[Factor, ...] = ()
    absorbed: tuple[Factor, ...] = ()
    mixing: Array | None = None
    sweep: int | None = -1
    swept: Factor | None = field(init=False)
    small: tuple[Factor, ...] = field(init=False)

    def __post_init__(self) -> None:
        largest = max(self.absorbed, key=lambda factor: factor.levels, default=None)
        if self.sweep != -1:
            largest = None if self.sweep is None else self.absorbed[self.sweep]
        rest = tuple(factor for factor in self.absorbed if factor is not largest)
        object.__setattr__(self, "swept", largest)
        object.__setattr__(self, "small", rest + self.shown)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.dense)

    @property
    def starts(self) -> list[int]:
        """Where each small factor's columns begin in the small system; last, where the dense ones do."""
        sizes = [factor.levels for factor in self.small]
        return [int(total) for total in np.cumsum([0, *sizes])]

    @property
    def width(self) -> int:
        """How many columns the small system has."""
        return self.starts[-1] + self.dense.shape[1]

    @property
    def reporting(self) -> Array:
        """What turns estimates of the small system into those reported, the dense ones first; shape (p, q)."""
        begin, many = self.starts[-1], self.dense.shape[1]
        hidden = self.starts[len(self.small) - len(self.shown)]
        out = np.zeros((self.width, many + begin - hidden))
        out[begin:, :many] = np.eye(many) if self.mixing is None else np.linalg.inv(self.mixing).T
        out[hidden:begin, many:] = np.eye(begin - hidden)
        return out

    def orthogonal(self) -> Columns:
        """Return the same columns with the dense ones orthogonal, which keeps digits where they nearly repeat.

        Where effects are absorbed these hold the constant, and the dense columns are first centred.
        """
        if not self.dense.shape[1]:
            return self
        centred = self.dense - self.dense.mean(axis=0) if self.absorbed else self.dense
        basis, triangle = np.linalg.qr(centred)
        return Columns(basis * np.sqrt(self.rows), self.shown, self.absorbed, triangle / np.sqrt(self.rows))

    def take(self, rows: Array) -> Columns:
        """Return the columns of some of the rows."""

        def part(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
            return tuple(Factor(factor.codes[rows], factor.levels) for factor in factors)

        return Columns(self.dense[rows], part(self.shown), part(self.absorbed), self.mixing, self.sweep)

    def small_rows(self, rows: slice) -> Array:
        """Return the small system's columns of some rows written out, shape (rows, p)."""
        parts = [factor.codes[rows, None] == np.arange(factor.levels) for factor in self.small]
        return np.column_stack([*parts, self.dense[rows]]).astype(float)

    def moments(self, weights: Array) -> Moments:
        """Return the products of all columns, each row weighted."""
        weighted = self.dense * weights[:, None]
        products = np.zeros((self.width, self.width))
        begin = self.starts[-1]
        products[begin:, begin:] = self.dense.T @ weighted
        for at, factor in enumerate(self.small):
            place = slice(self.starts[at], self.starts[at + 1])
            products[place, place] = np.diag(by_level(factor, weights))
            products[place, begin:] = sums_by_level(factor, weighted)
            products[begin:, place] = products[place, begin:].T
            for before, other in enumerate(self.small[:at]):
                where = slice(self.starts[before], self.starts[before + 1])
                products[place, where] = crossed(factor, other, weights)
                products[where, place] = products[place, where].T
        if self.swept is None:
            return Moments(products, np.zeros((0, self.width)), np.zeros(0))
        return Moments(products, self.grouped(self.swept, weights, weighted), by_level(self.swept, weights))

    def grouped(self, groups: Factor, weights: Array, weighted: Array | None = None) -> Array:
        """Return the weighted sums of the small system's columns by group, shape (groups, p)."""
        weighted = self.dense * weights[:, None] if weighted is None else weighted
        parts = [crossed(groups, factor, weights) for factor in self.small]
        return np.column_stack([*parts, sums_by_level(groups, weighted)])

    def linear(self, estimates: Array, swept: Array) -> Array:
        """Return, by row, the sum of all columns times their estimates."""
        total = self.dense @ estimates[self.starts[-1] :]
        for at, factor in enumerate(self.small):
            total += effect(factor, estimates[self.starts[at] : self.starts[at + 1]])
        return total if self.swept is None else total + swept[self.swept.codes]


def by_level(factor: Factor, weights: Array) -> Array:
    """Return weights summed by level."""
    return np.bincount(factor.places, weights, factor.levels + 1)[1:]


def sums_by_level(factor: Factor, rows: Array) -> Array:
    """Return the columns of `rows`, shape (n, k), summed by level: shape (levels, k)."""
    if not rows.shape[1]:
        return np.zeros((factor.levels, 0))
    return np.column_stack([by_level(factor, column) for column in rows.T])


def crossed(one: Factor, other: Factor, weights: Array) -> Array:
    """Return weights summed by pair of levels, shape (levels of one, levels of the other)."""
    width = other.levels + 1
    both = one.places * width + other.places
    sums = np.bincount(both, weights, (one.levels + 1) * width)
    return sums.reshape(one.levels + 1, width)[1:, 1:]


def effect(factor: Factor, estimates: Array) -> Array:
    """Return by row the estimate of its level; 0 for the level that others are compared with."""
    return np.concatenate([[0.0], estimates])[factor.places]
