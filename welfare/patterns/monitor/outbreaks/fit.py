"""A quasi-Poisson model of past periods, by season and trend, for every period of a series: compiled.

Given the trend, each season's level has a closed form, so a fit is a search along one line; and times are evenly
spaced, so powers of the trend are a running product. Kept apart because numba takes half a second to import.
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from welfare.stats.compiled import compiled

_ROUNDS, _CLOSE, _STEEPEST = 40, 1e-6, 1.0  # of the search; a trend of e-fold per period is none
_SPARE = 3  # periods more than numbers estimated, at least
_HALF_A_COUNT = 0.5  # what a season without any event is taken to have had
_ALL_BUT_ONE = 1 - 1e-9  # a leverage


@compiled(error_model="numpy")
def _sums(y: np.ndarray, n: np.ndarray, w: np.ndarray, group: np.ndarray, slope: float, out: np.ndarray) -> None:
    """Fill `out`, shape (groups, 4): sums of w y, and of w n e^(slope t) times 1, t and t squared, by group."""
    out[:] = 0.0
    first = -0.5 * len(y)
    factor, power = exp(slope), exp(slope * first)
    i = 0
    while i < len(y):
        g = group[i]
        events = level = by_time = by_square = 0.0
        while i < len(y) and group[i] == g:  # one season lies together: its sums stay in registers
            t, m = first + i, w[i] * n[i] * power
            events += w[i] * y[i]
            level += m
            by_time += m * t
            by_square += m * t * t
            power *= factor
            i += 1
        if g >= 0:
            out[g, 0] += events
            out[g, 1] += level
            out[g, 2] += by_time
            out[g, 3] += by_square


@compiled(error_model="numpy")
def _slope(
    y: np.ndarray, n: np.ndarray, w: np.ndarray, group: np.ndarray, slope: float, sums: np.ndarray
) -> tuple[float, bool]:
    """Return the trend at which the likelihood is highest, and whether there is one; `sums` are those at it."""
    total_ty = 0.0
    for i in range(len(y)):
        if group[i] >= 0:
            total_ty += w[i] * y[i] * (-0.5 * len(y) + i)
    for _ in range(_ROUNDS):
        _sums(y, n, w, group, slope, sums)
        score, information = total_ty, 0.0
        for g in range(len(sums)):
            if sums[g, 0] > 0.0:
                mean = sums[g, 2] / sums[g, 1]
                score -= sums[g, 0] * mean
                information += sums[g, 0] * (sums[g, 3] / sums[g, 1] - mean * mean)
        if information <= 1e-12:
            return 0.0, False
        step = score / information
        # A long step from far away could overshoot where the likelihood is flat.
        step = max(min(step, 5.0 / len(y)), -5.0 / len(y))
        slope += step
        if abs(slope) > _STEEPEST:
            return 0.0, False
        if abs(step) * len(y) < _CLOSE:
            _sums(y, n, w, group, slope, sums)
            return slope, True
    return 0.0, False


@compiled(error_model="numpy")
def _fit(
    y: np.ndarray, n: np.ndarray, w: np.ndarray, group: np.ndarray, trend: bool, near: float, sums: np.ndarray
) -> tuple[float, float, int, bool]:
    """Return trend (sought from `near` on), dispersion (not held at 1), spare periods, and whether there is a trend."""
    slope, fitted = 0.0, False
    if trend:
        slope, fitted = _slope(y, n, w, group, near, sums)
    if not fitted:
        _sums(y, n, w, group, 0.0, sums)
    first, used, seasons, squares = -0.5 * len(y), 0, 0, 0.0
    factor, power = exp(slope), exp(slope * first)
    level = np.zeros(len(sums))
    for g in range(len(sums)):
        if sums[g, 1] > 0.0:
            seasons += 1
            level[g] = sums[g, 0] / sums[g, 1]
    for i in range(len(y)):
        g = group[i]
        if g >= 0 and w[i] > 0.0:
            used += 1
            m = n[i] * power * level[g]
            if m > 0.0:
                squares += w[i] * (y[i] - m) ** 2 / m
        power *= factor
    spare = used - seasons - (1 if fitted else 0)
    return slope, squares / spare if spare > 0 else np.nan, spare, fitted


@compiled(error_model="numpy")
def _across(sums: np.ndarray) -> float:
    """Return the information about the trend, seasons' levels being estimated too."""
    total = 0.0
    for g in range(len(sums)):
        if sums[g, 0] > 0.0:
            mean = sums[g, 2] / sums[g, 1]
            total += sums[g, 0] * (sums[g, 3] / sums[g, 1] - mean * mean)
    return total


@compiled(error_model="numpy")
def _weigh_down(
    y: np.ndarray,
    n: np.ndarray,
    y_power: np.ndarray,
    n_root: np.ndarray,
    w: np.ndarray,
    group: np.ndarray,
    sums: np.ndarray,
    model: tuple[float, float, bool],
    least: float,
) -> None:
    """Replace weights of 1 by those of high Anscombe residuals, which fall with their square, all summing as before."""
    slope, phi, fitted = model
    first = -0.5 * len(y)
    information = _across(sums) if fitted else 1.0
    factor, power = exp(slope), exp(slope * first)
    factor_root, power_root = exp(slope / 6.0), exp(slope * first / 6.0)
    level_root = np.zeros(len(sums))
    for g in range(len(sums)):
        if sums[g, 0] > 0.0:
            level_root[g] = (sums[g, 0] / sums[g, 1]) ** (1.0 / 6.0)
    used, total = 0, 0.0
    for i in range(len(y)):
        g = group[i]
        if g >= 0 and w[i] > 0.0:
            used += 1
            root = level_root[g] * n_root[i] * power_root  # sixth root of the mean
            if y_power[i] > root**4 > 0.0:  # else no more than the mean
                m = n[i] * power * sums[g, 0] / sums[g, 1]
                lever = m / sums[g, 0]
                if fitted:
                    lever += m * (first + i - sums[g, 2] / sums[g, 1]) ** 2 / information
                residual = 1.5 * (y_power[i] / root - root * root * root)
                residual /= sqrt(phi * (1.0 - min(lever, _ALL_BUT_ONE)))
                if residual > least:
                    w[i] = 1.0 / (residual * residual)
            total += w[i]
        power *= factor
        power_root *= factor_root
    for i in range(len(y)):
        w[i] *= used / total


@compiled(error_model="numpy")
def _predict(
    y: np.ndarray,
    n: np.ndarray,
    y_power: np.ndarray,
    n_root: np.ndarray,
    live: np.ndarray,
    group: np.ndarray,
    options: tuple[bool, float, float],
    seasons: int,
    ahead: float,
) -> tuple[float, float, float, float, float, int]:
    """Return log of the level now, its standard error, dispersion, trend, standard error of that, spare periods."""
    trend, least, near = options
    sums, w = np.zeros((seasons, 4)), live.astype(np.float64)
    slope, raw, spare, fitted = _fit(y, n, w, group, trend, near, sums)
    if spare < _SPARE or sums[0, 1] <= 0.0:
        return np.nan, np.nan, np.nan, np.nan, np.nan, 0
    if least < np.inf:
        _weigh_down(y, n, y_power, n_root, w, group, sums, (slope, max(raw, 1.0), fitted), least)
        slope, raw, spare, fitted = _fit(y, n, w, group, fitted, slope, sums)
    phi = max(raw, 1.0)
    mean = sums[0, 2] / sums[0, 1]
    events = sums[0, 0] if sums[0, 0] > 0.0 else _HALF_A_COUNT
    level, variance, slope_error = log(events / sums[0, 1]) + slope * ahead, 1.0 / events, np.nan
    if fitted:
        information = _across(sums)
        variance += (ahead - mean) ** 2 / information
        slope_error = sqrt(raw / information)
    return level, sqrt(raw * variance), phi, slope if fitted else np.nan, slope_error, spare


@compiled(error_model="numpy")
def predictions(
    y: np.ndarray,
    n: np.ndarray,
    live: np.ndarray,
    group: np.ndarray,
    trend: bool,
    least: float,
    t_limit: np.ndarray,
) -> np.ndarray:
    """Return what past periods lead to expect of each period of a series.

    Parameters
    ----------
    y, n : array of float, shape (t,)
        Counts and exposure; any value where not live.
    live : array of bool, shape (t,)
        Periods with a count and exposure.
    group : array of int, shape (reach + 1,)
        Season by how far back; see :meth:`Baseline.groups`.
    trend : bool
        Allow for one.
    least : float
        Residual from which on past periods are weighed down.
    t_limit : array of float, shape (reach + 2,)
        Least absolute t of a trend that is kept, by degrees of freedom.

    Returns
    -------
    array of float, shape (t, 4)
        Expected count, standard error of its logarithm, dispersion (1 or more), trend per period (NaN for none); all
        NaN where there is too little past.
    """
    reach, seasons = len(group) - 1, int(group.max()) + 1
    out = np.full((len(y), 4), np.nan)
    back = group[::-1][:reach].copy()  # in order of time
    y_power, n_root = np.zeros(len(y)), np.zeros(len(y))
    for i in range(len(y)):
        if live[i]:
            y_power[i], n_root[i] = y[i] ** (2.0 / 3.0), n[i] ** (1.0 / 6.0)
    near = 0.0  # the trend found for the period before is where to begin
    for k in range(reach, len(y)):
        if not live[k]:
            continue
        a = k - reach
        past = (y[a:k], n[a:k], y_power[a:k], n_root[a:k], live[a:k], back)
        found = _predict(*past, (trend, least, near), seasons, 0.5 * reach)
        near = 0.0 if np.isnan(found[3]) else found[3]
        if not np.isnan(found[3]):
            highest = 0.0
            for i in range(reach):
                if back[i] >= 0 and live[a + i]:
                    highest = max(highest, y[a + i])
            weak = not abs(found[3]) > t_limit[found[5]] * found[4]
            if weak or n[k] * exp(found[0]) > highest:
                found = _predict(*past, (False, least, 0.0), seasons, 0.5 * reach)
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = n[k] * exp(found[0]), found[1], found[2], found[3]
    return out


__all__ = ["predictions"]
