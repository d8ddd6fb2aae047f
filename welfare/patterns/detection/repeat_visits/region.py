"""Intervals from the likelihood itself where a model has two chances only: they hold at bounds, where errors do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from welfare.patterns.detection.repeat_visits.histories import Histories

Quantity = Callable[[np.ndarray, np.ndarray], np.ndarray]
_FURTHEST = 16.0  # on the logit scale: a chance within a ten-millionth of 0 or 1
_GRID = 161


def region_limits(
    rows: Histories, best: tuple[float, float, float], quantities: Mapping[str, Quantity], level: float
) -> dict[str, tuple[float, float]]:
    """Return profile-likelihood intervals of functions of the two chances.

    Parameters
    ----------
    rows : Histories
    best : tuple of float
        Chance of being there, chance of being recorded, log likelihood: at the maximum.
    quantities : mapping of str to callable
        Each takes arrays of the two chances and returns an array.
    level : float
        Coverage.

    Returns
    -------
    dict of str to (low, high)
        The least and greatest value over all pairs whose log likelihood lies within half the chi-squared quantile (one
        degree of freedom) of the maximum: for a function of the parameters that is its profile interval.
    """
    from scipy.special import expit
    from scipy.stats import chi2

    seen = rows.counts > 0
    detections, times = rows.by_site(seen), rows.times
    cited = detections > 0
    visits, often = np.unique(times[~cited], return_counts=True)
    sums = (int(cited.sum()), float(detections.sum()), float(times[cited].sum()))
    enough = best[2] - float(chi2.ppf(level, 1)) / 2
    centre = np.clip(np.log(np.divide(best[:2], np.maximum(1 - np.array(best[:2]), 1e-300))), -_FURTHEST, _FURTHEST)
    low, high = np.full(2, -_FURTHEST), np.full(2, _FURTHEST)
    for _ in range(8):
        sides = [np.unique(np.append(np.linspace(low[i], high[i], _GRID), centre[i])) for i in (0, 1)]
        there, recorded = np.meshgrid(*(expit(side) for side in sides), indexing="ij")
        inside = _loglik(there, recorded, sums, visits, often) >= enough
        inside[np.searchsorted(sides[0], centre[0]), np.searchsorted(sides[1], centre[1])] = True
        for i in (0, 1):
            held = np.flatnonzero(inside.any(axis=1 - i))
            low[i], high[i] = sides[i][max(held[0] - 1, 0)], sides[i][min(held[-1] + 1, len(sides[i]) - 1)]
    limits = {}
    for name, quantity in quantities.items():
        values = quantity(there[inside], recorded[inside])
        limits[name] = (float(values.min()), float(values.max()))
    return limits


def _loglik(
    there: np.ndarray, recorded: np.ndarray, sums: tuple[int, float, float], visits: np.ndarray, often: np.ndarray
) -> np.ndarray:
    from scipy.special import xlog1py, xlogy

    cited, detections, looked = sums
    value = cited * np.log(there) + xlogy(detections, recorded) + xlog1py(looked - detections, -recorded)
    for times, many in zip(visits, often, strict=True):
        value = value + many * np.log1p(-there * (1 - (1 - recorded) ** times))
    return np.asarray(value)


__all__ = ["region_limits"]
