"""Thresholds: where a condition starts to matter, with a profile-likelihood interval and a test that it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, BadValue, NotEstimable


@dataclass(frozen=True)
class BrokenStick:
    """The best threshold of a line that bends once.

    Attributes
    ----------
    threshold : float
        In the unit of the condition.
    deviance : float
        At the threshold.
    low, high : float
        Profile-likelihood interval; NaN on a side where it runs past the thresholds searched.
    low_open, high_open : bool
        True if the interval is unbounded on that side: the data do not tell it from a threshold at the end.
    searched : tuple of float
        Lowest and highest threshold tried.
    candidates, deviances : array, shape (g,)
        The thresholds of the grid, increasing, and the deviance at each.
    gain : float
        Fall of the deviance from no bend to the best one, over the dispersion; NaN without `straight`.
    p_value : float
        Davies's upper bound of the chance of such a gain were there no bend; NaN without `straight`.
    """

    threshold: float
    deviance: float
    low: float
    high: float
    low_open: bool
    high_open: bool
    searched: tuple[float, float]
    candidates: np.ndarray
    deviances: np.ndarray
    gain: float
    p_value: float


def fit_broken_stick(
    profile: Callable[[float], float],
    values: np.ndarray,
    *,
    quantiles: tuple[float, float] = (0.05, 0.95),
    points: int = 100,
    level: float = 0.95,
    straight: float | None = None,
    dispersion: float = 1.0,
) -> BrokenStick:
    """Find the threshold c of a model with the extra column max(x - c, 0), and how well it is known.

    The deviance is taken at observed values between two quantiles, the best is refined between its
    neighbours, and the interval holds the thresholds whose deviance lies within a chi-squared quantile
    (1 degree of freedom) of the best. Where that set has gaps the interval spans them.

    Parameters
    ----------
    profile : callable
        Takes a threshold; returns the deviance, or -2 log likelihood, of the model with the extra column.
    values : array of float, shape (n,)
        The condition as observed; NaN is left out.
    quantiles : tuple of float
        Between which to search: near the ends a bend rests on a handful of rows.
    points : int
        Most thresholds to try before refining, 3 or more.
    level : float
        Of the interval, between 0 and 1.
    straight : float or None
        Deviance of the model without the extra column, to test whether there is a bend at all.
    dispersion : float
        Variance factor that deviances are divided by, 1 for a likelihood proper.

    Returns
    -------
    BrokenStick

    Raises
    ------
    BadParameter
        If quantiles, points, level or dispersion are not usable.
    BadValue
        If a value is infinite.
    NotEstimable
        If fewer than 3 distinct values lie between the quantiles, a deviance is not finite, or the
        model with a bend fits worse than the one without.

    References
    ----------
    Hudson DJ. Journal of the American Statistical Association 1966; 61: 1097-1129. Interval: Venzon
    DJ, Moolgavkar SH. Applied Statistics 1988; 37: 87-94. Test: see `davies_bound`.
    """
    _refuse(quantiles, points, level, dispersion)
    candidates = _candidates(values, quantiles, points)
    deviances = np.array([_deviance(profile, at) for at in candidates])
    threshold, best = _refined(profile, candidates, deviances)
    cut = best + dispersion * _chi2_quantile(level)
    low, low_open = _crossing(profile, candidates, deviances, cut, threshold, side=-1)
    high, high_open = _crossing(profile, candidates, deviances, cut, threshold, side=1)
    gain = p_value = float("nan")
    if straight is not None:
        gain, p_value = _tested(candidates, deviances, threshold, best, float(straight), dispersion)
    return BrokenStick(
        threshold=threshold,
        deviance=best,
        low=low,
        high=high,
        low_open=low_open,
        high_open=high_open,
        searched=(float(candidates[0]), float(candidates[-1])),
        candidates=candidates,
        deviances=deviances,
        gain=gain,
        p_value=p_value,
    )


def davies_bound(statistics: np.ndarray) -> float:
    """Return an upper bound of the p-value of the largest of chi-squared statistics along a parameter.

    A bend has no place where there is none, so the largest gain over all thresholds does not follow
    a chi-squared distribution. Davies bounds its tail by that of one statistic plus what the ups and
    downs of the statistics' square roots add. The bound is for one degree of freedom, and holds in
    large samples; where it matters and rows are few, simulate counts from the model without a bend.

    Parameters
    ----------
    statistics : array of float, shape (g,)
        Gain in deviance at each threshold in increasing order, over the dispersion, 0 or more. The
        grid must be fine enough to hold the turning points.

    Returns
    -------
    float
        1 at most.

    Raises
    ------
    BadValue
        If a statistic is missing, infinite or negative.

    References
    ----------
    Davies RB. Biometrika 1987; 74: 33-43 (the bound and its estimate from the total variation).
    Davies RB. Biometrika 2002; 89: 484-489.
    """
    from scipy.stats import chi2

    gains = np.asarray(statistics, dtype=float)
    if gains.ndim != 1 or not len(gains) or not np.isfinite(gains).all() or (gains < 0).any():
        raise BadValue(
            "the statistics are not finite numbers of 0 or more",
            where="statistics",
            spoiled="The bound would be no bound.",
            todo="Give the fall of the deviance at each threshold.",
        )
    largest = float(gains.max())
    variation = float(np.abs(np.diff(np.sqrt(gains))).sum())
    return float(min(1.0, chi2.sf(largest, 1) + variation * np.exp(-largest / 2) / np.sqrt(2 * np.pi)))


def _chi2_quantile(level: float) -> float:
    from scipy.stats import chi2

    return float(chi2.ppf(level, 1))


def _candidates(values: np.ndarray, quantiles: tuple[float, float], points: int) -> np.ndarray:
    observed = np.asarray(values, dtype=float)
    if observed.ndim != 1 or np.isinf(observed).any():
        raise BadValue(
            "the values are not one row of finite numbers",
            where="values",
            spoiled="A threshold would be sought at infinity.",
            todo="Find what was divided by zero, and make it missing.",
        )
    seen = observed[~np.isnan(observed)]
    low, high = np.quantile(seen, quantiles) if len(seen) else (0.0, 0.0)
    inside = np.unique(seen[(seen >= low) & (seen <= high)])
    # A bend at the smallest value is a straight line, and at the largest it is nothing.
    inside = inside[(inside > seen.min(initial=np.inf)) & (inside < seen.max(initial=-np.inf))]
    if len(inside) < 3:
        raise NotEstimable(
            f"only {len(inside)} distinct values lie between the quantiles {quantiles[0]:g} and {quantiles[1]:g}",
            where="values",
            spoiled="A threshold would be one of a handful of places whatever the truth.",
            todo="Use the condition in groups.",
        )
    return inside[np.unique(np.linspace(0, len(inside) - 1, min(points, len(inside))).round().astype(int))]


def _deviance(profile: Callable[[float], float], at: float) -> float:
    deviance = float(profile(float(at)))
    if not np.isfinite(deviance):
        raise NotEstimable(
            f"the model with a bend at {at:g} has no finite deviance",
            where="profile",
            spoiled="The best threshold would be best of those that could be fitted.",
            todo="Narrow the quantiles searched.",
        )
    return deviance


def _refined(profile: Callable[[float], float], candidates: np.ndarray, deviances: np.ndarray) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    place = int(np.argmin(deviances))
    threshold, best = float(candidates[place]), float(deviances[place])
    # On each side by itself: the deviance may have a kink at an observed value.
    for left, right in ((place - 1, place), (place, place + 1)):
        if left < 0 or right >= len(candidates):
            continue
        near = minimize_scalar(
            lambda at: _deviance(profile, at),
            bounds=(candidates[left], candidates[right]),
            method="bounded",
            options={"xatol": 1e-7 * (candidates[right] - candidates[left])},
        )
        if near.fun < best:
            threshold, best = float(near.x), float(near.fun)
    return threshold, best


def _crossing(
    profile: Callable[[float], float],
    candidates: np.ndarray,
    deviances: np.ndarray,
    cut: float,
    threshold: float,
    *,
    side: int,
) -> tuple[float, bool]:
    """Return the end of the interval on one side, and whether it is unbounded there."""
    from scipy.optimize import brentq

    beside = candidates < threshold if side < 0 else candidates > threshold
    places, heights = candidates[beside], deviances[beside]
    if side < 0:
        places, heights = places[::-1], heights[::-1]
    inside = np.flatnonzero(heights <= cut)
    outer = inside[-1] + 1 if len(inside) else 0
    if outer >= len(places):
        return float("nan"), True
    inner = float(places[inside[-1]]) if len(inside) else threshold
    return float(brentq(lambda at: _deviance(profile, at) - cut, inner, places[outer], xtol=1e-10, rtol=1e-10)), False


def _tested(
    candidates: np.ndarray, deviances: np.ndarray, threshold: float, best: float, straight: float, dispersion: float
) -> tuple[float, float]:
    gains = (straight - np.insert(deviances, np.searchsorted(candidates, threshold), best)) / dispersion
    if not np.isfinite(straight) or gains.min() < -1e-6 * max(1.0, abs(straight) / dispersion):
        raise NotEstimable(
            "the model without a bend fits better than one with it",
            where="straight",
            spoiled="The test would compare models that are not nested.",
            todo="Give the deviance of the same rows and columns without the extra one.",
        )
    gains = np.maximum(gains, 0.0)
    return float(gains.max()), davies_bound(gains)


def _refuse(quantiles: tuple[float, float], points: int, level: float, dispersion: float) -> None:
    ordered = len(quantiles) == 2 and 0 <= quantiles[0] < quantiles[1] <= 1
    whole = isinstance(points, (int, np.integer)) and points >= 3
    if not (ordered and whole and 0 < level < 1 and 0 < dispersion < np.inf):
        raise BadParameter(
            f"quantiles {quantiles!r}, points {points!r}, level {level!r} and dispersion {dispersion!r} make no search",
            where="fit_broken_stick",
            spoiled="The threshold or its interval would mean nothing.",
            todo="Use quantiles such as (0.05, 0.95), 3 points or more, a level between 0 and 1, a dispersion above 0.",
        )
