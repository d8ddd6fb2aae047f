"""The cubic regression spline: a curve known by its heights at knots, with a price on its curvature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.splines.restricted import finite


@dataclass(frozen=True)
class CubicRegression:
    """A natural cubic spline in its heights at k knots, held to sum to zero over the values it was made from.

    Attributes
    ----------
    knots : array of float, shape (k,)
        Increasing, from the smallest to the largest value, in the unit of the values.
    curvature : array of float, shape (k, k)
        Takes heights at the knots to second derivatives at the knots; the first and last are 0.
    constraint : array of float, shape (k, k - 1)
        Orthonormal; takes coefficients to heights that sum to zero over the values.
    penalty : array of float, shape (k - 1, k - 1)
        Coefficients times it times coefficients is the integral of the squared second derivative. Of
        rank k - 2: a straight line costs nothing.
    """

    knots: np.ndarray
    curvature: np.ndarray
    constraint: np.ndarray
    penalty: np.ndarray

    def basis(self, values: np.ndarray) -> np.ndarray:
        """Return the columns of the curve.

        Parameters
        ----------
        values : array of float, shape (n,)
            Where to evaluate; NaN gives a row of NaN. Beyond the outer knots the curve is a straight line.

        Returns
        -------
        array of float, shape (n, k - 1)

        Raises
        ------
        BadValue
            If a value is infinite.
        """
        return np.asarray(
            _heights(finite(values, "values", missing=True), self.knots, self.curvature) @ self.constraint
        )

    def slope(self, values: np.ndarray) -> np.ndarray:
        """Return the first derivatives of the columns, per unit of the values.

        Parameters
        ----------
        values : array of float, shape (n,)
            Where to evaluate; NaN gives a row of NaN.

        Returns
        -------
        array of float, shape (n, k - 1)

        Raises
        ------
        BadValue
            If a value is infinite.
        """
        at = finite(values, "values", missing=True)
        return np.asarray(_slopes(at, self.knots, self.curvature) @ self.constraint)


def cubic_regression(values: np.ndarray, k: int) -> CubicRegression:
    """Make a cubic regression spline with knots at quantiles of the distinct values.

    Parameters
    ----------
    values : array of float, shape (n,)
        The condition as observed; NaN is left out.
    k : int
        Number of knots, 3 or more; the curve has k - 1 coefficients once its mean is taken out.

    Returns
    -------
    CubicRegression

    Raises
    ------
    BadParameter
        If k is not a whole number of 3 or more.
    BadValue
        If a value is infinite.
    NotEstimable
        If there are fewer than k distinct values.

    References
    ----------
    Wood SN. Generalized additive models: an introduction with R. 2nd ed. CRC Press, 2017, sections
    5.3.1 (the spline and its penalty) and 5.4.1 (the constraint absorbed).
    """
    if not isinstance(k, (int, np.integer)) or k < 3:
        raise BadParameter(
            f"a cubic regression spline cannot have {k!r} knots",
            where="k",
            spoiled="Fewer than 3 make no curve.",
            todo="Give a whole number of 3 or more; 10 is usual.",
        )
    seen = finite(values, "values")
    distinct = np.unique(seen)
    if len(distinct) < k:
        raise NotEstimable(
            f"{k} knots need as many distinct values, and there are {len(distinct)}",
            where="k",
            spoiled="Heights between the values would come from the penalty alone.",
            todo="Use fewer knots, or use the condition in groups.",
        )
    knots = np.quantile(distinct, np.linspace(0, 1, k))
    curvature, penalty = _curvature(knots)
    sums = _heights(seen, knots, curvature).mean(axis=0)
    constraint = np.linalg.qr(sums[:, None], mode="complete").Q[:, 1:]
    absorbed = constraint.T @ penalty @ constraint
    return CubicRegression(knots, curvature, constraint, (absorbed + absorbed.T) / 2)


def _curvature(knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what takes heights to second derivatives, and heights to the integrated square of them."""
    gaps, k = np.diff(knots), len(knots)
    inner = np.arange(k - 2)
    differences = np.zeros((k - 2, k))
    differences[inner, inner] = 1 / gaps[:-1]
    differences[inner, inner + 1] = -1 / gaps[:-1] - 1 / gaps[1:]
    differences[inner, inner + 2] = 1 / gaps[1:]
    band = np.diag((gaps[:-1] + gaps[1:]) / 3) + np.diag(gaps[1:-1] / 6, 1) + np.diag(gaps[1:-1] / 6, -1)
    second = np.linalg.solve(band, differences)
    return np.vstack([np.zeros(k), second, np.zeros(k)]), differences.T @ second


def _heights(at: np.ndarray, knots: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Return the spline's columns at values, with straight lines beyond the outer knots."""
    inside = np.clip(at, knots[0], knots[-1])
    left, gap, below, above = _between(inside, knots)
    columns = _placed(left, above / gap, below / gap, len(knots))
    bend = _placed(left, (above**3 / gap - gap * above) / 6, (below**3 / gap - gap * below) / 6, len(knots))
    columns += bend @ curvature
    beyond = at != inside
    columns[beyond] += (at - inside)[beyond, None] * _slopes(inside[beyond], knots, curvature)
    return columns


def _slopes(at: np.ndarray, knots: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    left, gap, below, above = _between(np.clip(at, knots[0], knots[-1]), knots)
    columns = _placed(left, -1 / gap, 1 / gap, len(knots))
    bend = _placed(left, gap / 6 - above**2 / (2 * gap), below**2 / (2 * gap) - gap / 6, len(knots))
    return np.asarray(columns + bend @ curvature)


def _between(at: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    left = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    below, above = at - knots[left], knots[left + 1] - at
    # A missing value has no place; without this its gap would pass for known.
    gap = np.where(np.isnan(at), np.nan, knots[left + 1] - knots[left])
    return left, gap, below, above


def _placed(left: np.ndarray, first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    """Return rows of zeros but for two neighbouring columns."""
    out = np.zeros((len(left), k))
    rows = np.arange(len(left))
    out[rows, left], out[rows, left + 1] = first, second
    return out
