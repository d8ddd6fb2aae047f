"""Limits and p-values of the difference of two Poisson rates, from plain arrays of counts and exposures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sides:
    """Counts and exposures of the two sides of a comparison.

    Attributes
    ----------
    events, exposure : arrays of float, shape (n,)
        Of the side that is compared.
    others, other_exposure : arrays of float, shape (n,)
        Of the side it is compared with.
    """

    events: np.ndarray
    exposure: np.ndarray
    others: np.ndarray
    other_exposure: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        """The four columns in order."""
        return self.events, self.exposure, self.others, self.other_exposure

    @property
    def difference(self) -> np.ndarray:
        """The difference of the two rates."""
        return self.events / self.exposure - self.others / self.other_exposure

    @property
    def variance(self) -> np.ndarray:
        """The variance of the difference, from the rates as observed."""
        return self.events / self.exposure**2 + self.others / self.other_exposure**2


def wald_limits(sides: Sides, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return limits from the variance as observed.

    Parameters
    ----------
    sides : Sides
        With at least one event per row; without, the limits have no width.
    level : float
        Coverage, for large counts.
    """
    from scipy.special import ndtri

    half = float(ndtri((1 + level) / 2)) * np.sqrt(sides.variance)
    return sides.difference - half, sides.difference + half


def score_limits(sides: Sides, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences at which the score statistic is as large as the normal quantile.

    Parameters
    ----------
    sides : Sides
        Any counts, zero on both sides included.
    level : float
        Coverage, nearly.

    References
    ----------
    Miettinen O, Nurminen M. Statistics in Medicine 1985; 4: 213-226 (differences of rates of person-time).
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    return _where_statistic_is(z, sides), _where_statistic_is(-z, sides)


def difference_p(sides: Sides, method: str) -> np.ndarray:
    """Return the two-sided p-value of equal rates.

    Parameters
    ----------
    sides : Sides
        Counts and exposures.
    method : {"score", "wald"}
        Which variance: that of equal rates, or as observed.
    """
    from scipy.special import ndtr

    if method == "score":
        z = score_statistic(np.zeros(len(sides.difference)), *sides.columns)
    else:
        z = sides.difference / np.sqrt(sides.variance)
    return 2 * ndtr(-np.abs(z))


def score_statistic(
    difference: np.ndarray, events: np.ndarray, exposure: np.ndarray, others: np.ndarray, other_exposure: np.ndarray
) -> np.ndarray:
    """Return the score statistic of a difference of two rates.

    The variance is that of the rates which are most likely under the difference: the larger root of a quadratic.

    Parameters
    ----------
    difference : array of float, shape (n,)
        Of the rates, as supposed.
    events, exposure, others, other_exposure : arrays of float, shape (n,)
        The two sides.

    Returns
    -------
    array of float, shape (n,)
        Standard normal if the difference is true; falls as the difference supposed rises.
    """
    whole = exposure + other_exposure
    linear = whole * difference - events - others
    # The discriminant as a sum of squares: no cancellation, and never below zero.
    root = np.sqrt((whole * difference + others - events) ** 2 + 4 * events * others)
    with np.errstate(invalid="ignore", divide="ignore"):
        other_rate = np.where(linear <= 0, (root - linear) / (2 * whole), 2 * others * difference / (root + linear))
    variance = np.maximum(other_rate + difference, 0) / exposure + other_rate / other_exposure
    gap = events / exposure - others / other_exposure - difference
    # No variance only where no event is seen and none supposed: then there is no gap either.
    return np.where(variance > 0, gap / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)


def _where_statistic_is(z: float, sides: Sides) -> np.ndarray:
    from scipy.optimize.elementwise import find_root

    def excess(difference: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        return score_statistic(difference, *columns) - z

    step = -np.sign(z) * (abs(z) * np.sqrt(sides.variance) + z**2 * (1 / sides.exposure + 1 / sides.other_exposure))
    while (short := excess(sides.difference + step, *sides.columns) * np.sign(z) < 0).any():
        step = np.where(short, 2 * step, step)  # the statistic grows as the root of the step: this ends soon
    ends = np.sort([sides.difference, sides.difference + step], axis=0)
    return find_root(excess, (ends[0], ends[1]), args=sides.columns).x
