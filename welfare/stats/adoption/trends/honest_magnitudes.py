"""Bounds on effects where trends may differ after treatment by so many times what they did before (Delta RM)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

_TAIL = 0.05
_FIRST = _TAIL / 10  # of which the first stage takes so much, as Andrews, Roth and Pakes do
_GRID, _HALVINGS = 200, 50


def reach(weights: Array) -> float:
    """Return how far an average of effects is moved if the difference in trends changes by 1 in each period.

    Parameters
    ----------
    weights : array, shape (p,)
        Of the effects in the average.
    """
    return float(np.abs(np.cumsum(weights[::-1])).sum())


def changes(before: int) -> Array:
    """Return what turns q estimates before treatment into q changes, the last one to the reference, shape (q, q)."""
    return np.eye(before, k=1) - np.eye(before)


def set_magnitudes(
    before: Array,
    after: Array,
    covariance: Array,  # noqa: ARG001 - the set is that of estimates without error
    weights: Array,
    m: float,
) -> tuple[float, float]:
    """Return the lowest and highest average that the estimates allow, were they without error.

    Parameters
    ----------
    before, after, covariance, weights
        As :class:`welfare.stats.adoption.trends.honest.Target` has them.
    m : float
        Mbar, 0 or more.
    """
    largest = float(np.abs(changes(len(before)) @ before).max())
    centre, width = float(weights @ after), m * reach(weights) * largest
    return centre - width, centre + width


def interval_magnitudes(
    before: Array, after: Array, covariance: Array, weights: Array, m: float
) -> tuple[float, float]:
    """Return a 95% interval for the average.

    Let c be the average of estimates after treatment, and x a change before treatment with its sign. If x is the
    largest, the average effect lies within m x reach x x of c: two inequalities, linear in the estimates, in which no
    other unknown is left. Both hold for the true change, so a test of the pair that rejects with 5% at most, wherever
    the two truly lie, covers. The test is the hybrid of Andrews, Roth and Pakes for two inequalities; the hull is
    taken over all changes and both signs. With m = 0 the interval is the usual one.

    Parameters
    ----------
    before, after, covariance, weights
        As :class:`welfare.stats.adoption.trends.honest.Target` has them.
    m : float
        Mbar, 0 or more.

    References
    ----------
    Andrews I, Roth J, Pakes A. Inference for linear conditional moment inequalities. Review of Economic Studies 2023;
    90: 2763-2791.
    """
    from scipy.special import ndtri

    many = len(before)
    contrast = np.concatenate([np.zeros(many), weights])
    estimates = np.concatenate([before, after])
    if m == 0:
        centre = float(contrast @ estimates)
        half = float(ndtri(1 - _TAIL / 2) * np.sqrt(contrast @ covariance @ contrast))
        return centre - half, centre + half
    signed = np.vstack([changes(many), -changes(many)])
    width = m * reach(weights) * np.hstack([signed, np.zeros((2 * many, len(weights)))])
    down, up = contrast - width, contrast + width
    shared = np.einsum("ij,jk,ik->i", down, covariance, up)
    pairs = _Pairs(
        down @ estimates,
        up @ estimates,
        np.sqrt(np.einsum("ij,jk,ik->i", down, covariance, down)),
        np.sqrt(np.einsum("ij,jk,ik->i", up, covariance, up)),
        shared,
    )
    return _lowest(pairs), -_lowest(pairs.mirrored())


@dataclass(frozen=True)
class _Pairs:
    """Pairs of inequalities, low <= average <= high, with the errors of both and their covariance."""

    low: Array
    high: Array
    low_error: Array
    high_error: Array
    shared: Array

    def mirrored(self) -> _Pairs:
        """Return the pairs for the average with its sign turned."""
        return _Pairs(-self.high, -self.low, self.high_error, self.low_error, self.shared)

    def accepts(self, average: Array) -> Array:
        """Return by pair whether it does not reject an average, shape (..., pairs)."""
        from scipy.special import ndtr, ndtri

        below = (self.low - average) / self.low_error
        above = (average - self.high) / self.high_error
        alike = np.clip(-self.shared / (self.low_error * self.high_error), -1.0, 1 - 1e-12)
        largest, other = np.maximum(below, above), np.minimum(below, above)
        # Given which distance is the larger, it is a normal cut off from below where the other would overtake it.
        cut = (other - alike * largest) / (1 - alike)
        first = float(ndtri(1 - _FIRST / 2))
        inside = ndtr(np.minimum(cut, first))
        bound = ndtri(inside + (1 - (_TAIL - _FIRST) / (1 - _FIRST)) * (ndtr(first) - inside))
        return np.asarray((largest <= first) & (largest <= np.maximum(bound, 0.0)))


def _lowest(pairs: _Pairs) -> float:
    """Return the lowest average that some pair does not reject, to a hair on the outer side."""
    from scipy.special import ndtri

    first = float(ndtri(1 - _FIRST / 2))
    start = pairs.low - first * pairs.low_error
    end = pairs.high + first * pairs.high_error
    # Where the change has the wrong sign the two may leave nothing.
    grid = start + np.linspace(0, 1, _GRID)[:, None] * np.maximum(end - start, 0.0)
    held = pairs.accepts(grid)
    any_held = held.any(axis=0)
    at = np.maximum(held.argmax(axis=0), 1)
    outer, inner = np.take_along_axis(grid, (at - 1)[None], 0)[0], np.take_along_axis(grid, at[None], 0)[0]
    for _ in range(_HALVINGS):
        middle = (outer + inner) / 2
        accepted = pairs.accepts(middle)
        outer, inner = np.where(accepted, outer, middle), np.where(accepted, middle, inner)
    return float(outer[any_held].min())
