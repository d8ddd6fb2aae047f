"""The normal equations of unit effects, calendars and covariates: one small block per group, and a narrow border."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from welfare.stats.adoption.absorbing.calendars import Array, Calendars

# A covariate of which less than this share (of its sum of squares) is left after all before it adds nothing.
_NOTHING_LEFT = 1e-10


@dataclass(frozen=True)
class Solution:
    """Effects and slopes.

    Attributes
    ----------
    unit : array of float, shape (U,)
    slot : array of float, shape (S,)
        0 for the first slot of each linked set.
    slopes : array of float, shape (k,)
        0 for covariates that add nothing.
    """

    unit: Array
    slot: Array
    slopes: Array

    def linear(self, model: Calendars) -> Array:
        """Return by row the sum of its effects and of its covariates times their slopes."""
        return np.asarray(self.unit[model.unit] + self.slot[model.slot] + model.covariates @ self.slopes)


@dataclass(frozen=True)
class Equations:
    """Weighted least squares in one model: units swept out, then slots group by group, then the covariates.

    Attributes
    ----------
    model : Calendars
    weights : array of float, shape (n,)
        Above 0.
    kept : array of bool, shape (k,), or None
        Covariates to give a slope; None for all that add something to those before them.
    """

    model: Calendars
    weights: Array
    kept: Array | None = None

    @cached_property
    def unit_weights(self) -> Array:
        """Weights summed by unit, shape (U,)."""
        return np.bincount(self.model.unit, self.weights, self.model.units)

    @cached_property
    def unit_means(self) -> Array:
        """Weighted mean of each covariate by unit, shape (U, k)."""
        model = self.model
        sums = [np.bincount(model.unit, self.weights * column, model.units) for column in model.covariates.T]
        return np.column_stack([np.zeros((model.units, 0)), *sums]) / self.unit_weights[:, None]

    @cached_property
    def within(self) -> Array:
        """Covariates less their mean by unit, shape (n, k)."""
        return np.asarray(self.model.covariates - self.unit_means[self.model.unit])

    @cached_property
    def _factors(self) -> list[tuple[Array, bool]]:
        """Cholesky factors of what units leave of the slots that have an effect of their own, by group."""
        from scipy.linalg import cho_factor

        model = self.model
        blocks = [np.diag(sums) for sums in np.split(self._by_slot(self.weights), model.starts[1:-1])]
        for piece in model.pieces:
            table = model.table(piece, self.weights)
            table /= np.sqrt(self.unit_weights[piece.units, None])
            blocks[piece.group] = blocks[piece.group] - table.T @ table
        free = [model.free[model.block(at)] for at in range(len(blocks))]
        return [cho_factor(block[np.ix_(own, own)], lower=True) for block, own in zip(blocks, free, strict=True)]

    @cached_property
    def border(self) -> Array:
        """What slots hold of the covariates, shape (S, k): their slopes on the slots, units swept out."""
        sums = [self._by_slot(self.weights * column) for column in self.within.T]
        return self.by_slots(np.column_stack([np.zeros((self.model.slots, 0)), *sums]).T).T

    @cached_property
    def _corner(self) -> tuple[Array, Array]:
        """Inverse products of what all effects leave of the covariates, with zeros for those left out; who is kept."""
        left = self.within - self.border[self.model.slot]
        left -= _unit_means(self.model, self.weights, left)[self.model.unit]
        products = left.T @ (left * self.weights[:, None])
        own = (self.model.covariates**2).T @ self.weights
        kept = _independent(products, own) if self.kept is None else self.kept
        out = np.zeros_like(products)
        sizes = np.sqrt(np.diag(products)[kept])
        scale = np.outer(sizes, sizes)
        out[np.ix_(kept, kept)] = np.linalg.inv(products[np.ix_(kept, kept)] / scale) / scale
        return out, kept

    @property
    def covariate_inverse(self) -> Array:
        """Inverse products of what all effects leave of the covariates, shape (k, k)."""
        return self._corner[0]

    @property
    def covariates_kept(self) -> Array:
        """Which covariates have a slope, shape (k,)."""
        return self._corner[1]

    def by_slots(self, sums: Array) -> Array:
        """Return sums by slot times the inverse of the slots' equations, shape (r, S) to (r, S); 0 where none is free.

        Parameters
        ----------
        sums : array of float, shape (r, S)
        """
        from scipy.linalg import cho_solve

        out = np.zeros_like(sums)
        for at, factor in enumerate(self._factors):
            places = np.arange(self.model.slots)[self.model.block(at)]
            places = places[self.model.free[places]]
            if len(places):
                out[:, places] = cho_solve(factor, sums[:, places].T).T
        return out

    def solve(self, target: Array) -> Solution:
        """Return the effects that fit a target best, shape (n,)."""
        model, weights = self.model, self.weights
        within = target - (np.bincount(model.unit, weights * target, model.units) / self.unit_weights)[model.unit]
        by_slot = self._by_slot(weights * within)
        slopes = self.covariate_inverse @ (self.within.T @ (weights * within) - self.border.T @ by_slot)
        slot = self.by_slots(by_slot[None])[0] - self.border @ slopes
        rest = target - slot[model.slot] - model.covariates @ slopes
        return Solution(np.bincount(model.unit, weights * rest, model.units) / self.unit_weights, slot, slopes)

    def _by_slot(self, values: Array) -> Array:
        return np.bincount(self.model.slot, values, self.model.slots)


def _unit_means(model: Calendars, weights: Array, columns: Array) -> Array:
    sums = [np.bincount(model.unit, weights * column, model.units) for column in columns.T]
    total = np.bincount(model.unit, weights, model.units)
    return np.column_stack([np.zeros((model.units, 0)), *sums]) / total[:, None]


def _independent(products: Array, own: Array) -> Array:
    """Return which columns add something to those before them, from the products of what is left of them."""
    kept = np.zeros(len(own), dtype=bool)
    for at in range(len(own)):
        before = np.flatnonzero(kept[:at])
        share = np.linalg.solve(products[np.ix_(before, before)], products[before, at])
        kept[at] = products[at, at] - share @ products[before, at] > _NOTHING_LEFT * own[at]
    return kept
