"""How far true effects differ between studies: estimators of their variance, and its interval by the Q profile.

Each takes effects, their variances and columns as plain arrays, and returns the variance, never below 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from welfare.stats.pooling.estimating.weighted import Weighted, trace, weighted

_STEPS = 40
_LEAST_STEP = 1e-6

Estimator = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def at(y: np.ndarray, v: np.ndarray, x: np.ndarray, tau2: float) -> Weighted:
    """Fit with weights of one over (variance + variance between studies).

    Parameters
    ----------
    y, v : array, shape (k,)
        Effects and their variances.
    x : array, shape (k, p)
        Columns.
    tau2 : float
        Variance between studies.
    """
    return weighted(y, x, 1 / (v + tau2))


def _dersimonian_laird(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Set Cochran's Q to what is expected of it (DerSimonian & Laird 1986); see the module."""
    fit = at(y, v, x, 0.0)
    return max(0.0, (fit.q - (len(y) - x.shape[1])) / trace(fit, x))


def _hedges(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Take the mean sampling variance off the variance of the effects, all weighing the same (Hedges & Olkin 1985)."""
    plain = weighted(y, x, np.ones_like(y))
    leverage = np.einsum("ij,jk,ik->i", x, plain.inverse, x)
    return max(0.0, float(plain.q - ((1 - leverage) * v).sum()) / (len(y) - x.shape[1]))


def _sidik_jonkman(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Start at the variance of the effects and take one step (Sidik & Jonkman 2005): never 0 where they differ."""
    start = float(np.var(y))
    return 0.0 if start == 0 else start * at(y, v, x, start).q / (len(y) - x.shape[1])


def _paule_mandel(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Find where the generalised Q is its degrees of freedom (Paule & Mandel 1982): the empirical Bayes estimate."""
    return _where_q_is(len(y) - x.shape[1], y, v, x)


def _maximum_likelihood(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Maximise the likelihood: too small on average, the more so the fewer studies."""
    return _most_likely(y, v, x, restricted=False)


def _restricted_likelihood(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Maximise the restricted likelihood (Viechtbauer 2005), which allows for the coefficients being estimated."""
    return _most_likely(y, v, x, restricted=True)


def _none_at_all(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Take the true effect to be one and the same in all studies."""
    del y, v, x
    return 0.0


ESTIMATORS: dict[str, Estimator] = {
    "reml": _restricted_likelihood,
    "dl": _dersimonian_laird,
    "pm": _paule_mandel,
    "ml": _maximum_likelihood,
    "hedges": _hedges,
    "sj": _sidik_jonkman,
    "fixed": _none_at_all,
}
SAME = {"he": "hedges", "eb": "pm", "common": "fixed"}
NAMES = {
    "reml": "restricted maximum likelihood",
    "dl": "DerSimonian and Laird's estimate",
    "pm": "Paule and Mandel's estimate",
    "ml": "maximum likelihood",
    "hedges": "Hedges' estimate",
    "sj": "Sidik and Jonkman's estimate",
    "fixed": "none: one true effect for all studies is assumed",
}


def q_profile(y: np.ndarray, v: np.ndarray, x: np.ndarray, level: float) -> tuple[float, float]:
    """Return the variances between studies under which the generalised Q would not be unusual (Viechtbauer 2007).

    Parameters
    ----------
    y, v : array, shape (k,)
        Effects and their variances.
    x : array, shape (k, p)
        Columns.
    level : float
        Coverage.

    Returns
    -------
    low, high : float
        Both 0 where the effects are more alike than chance lets them be even without a difference between studies.
    """
    from scipy.special import chdtri

    tail, degrees = (1 - level) / 2, len(y) - x.shape[1]
    return tuple(_where_q_is(float(chdtri(degrees, part)), y, v, x) for part in (tail, 1 - tail))  # type: ignore[return-value]


def _where_q_is(wanted: float, y: np.ndarray, v: np.ndarray, x: np.ndarray) -> float:
    """Find the variance between studies at which Q has a value; Q falls as it grows. 0 where it is below from there."""
    from scipy.optimize import brentq

    def above(tau2: float) -> float:
        return at(y, v, x, tau2).q - wanted

    if above(0.0) <= 0:
        return 0.0
    high = float(np.mean(v)) + float(np.ptp(y)) ** 2
    while above(high) > 0:
        high *= 4
    return float(brentq(above, 0.0, high, xtol=1e-15 * high, rtol=1e-14, maxiter=500))


def _most_likely(y: np.ndarray, v: np.ndarray, x: np.ndarray, *, restricted: bool) -> float:
    """Find the highest of all peaks of the likelihood: it can have several, and where one starts decides which is met.

    The slope is 0 at each; between steps of a grid where it turns from up to down, it is found exactly.
    """
    from scipy.optimize import brentq

    def slope(tau2: float) -> float:
        return float(_slopes(y, v, x, np.array([tau2]), restricted)[0])

    # Beyond the square of the range of effects each residual is smaller than its standard deviation.
    high = float(np.ptp(y)) ** 2 + float(np.mean(v))
    while slope(high) > 0:
        high *= 4
    grid = np.concatenate([[0.0], high * np.geomspace(_LEAST_STEP, 1.0, _STEPS)])
    slopes = _slopes(y, v, x, grid, restricted)
    peaks = [
        float(brentq(slope, grid[step], grid[step + 1], xtol=1e-15 * high, rtol=1e-14, maxiter=500))
        for step in np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    ]
    if slopes[0] <= 0:
        peaks.append(0.0)
    return max(peaks, key=lambda tau2: log_likelihood(y, v, x, tau2, restricted=restricted))


def _slopes(y: np.ndarray, v: np.ndarray, x: np.ndarray, tau2: np.ndarray, restricted: bool) -> np.ndarray:
    """Return twice the slope of the likelihood at each variance between studies, shape of `tau2`."""
    w = 1 / (v + tau2[:, None])
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    inverse = np.linalg.inv((w @ squares).reshape(-1, x.shape[1], x.shape[1]))
    beta = (inverse @ ((w * y) @ x)[:, :, None])[:, :, 0]
    lost = w.sum(axis=1)
    if restricted:
        lost = lost - (inverse.reshape(len(w), -1) * ((w**2) @ squares)).sum(axis=1)
    return np.asarray(((w * (y - beta @ x.T)) ** 2).sum(axis=1) - lost)


def log_likelihood(y: np.ndarray, v: np.ndarray, x: np.ndarray, tau2: float, *, restricted: bool) -> float:
    """Return the log likelihood of a variance between studies, up to a constant.

    Parameters
    ----------
    y, v : array, shape (k,)
        Effects and their variances.
    x : array, shape (k, p)
        Columns.
    tau2 : float
        Variance between studies.
    restricted : bool
        Of what the columns leave over, rather than of the effects.
    """
    fit = at(y, v, x, tau2)
    lost = -np.linalg.slogdet(fit.inverse)[1] if restricted else 0.0
    return -0.5 * float(np.log(v + tau2).sum() + lost + fit.q)


__all__ = [
    "ESTIMATORS",
    "NAMES",
    "SAME",
    "at",
    "log_likelihood",
    "q_profile",
]
