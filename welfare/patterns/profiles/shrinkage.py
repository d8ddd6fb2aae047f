"""Ratios pulled towards what facilities have in common, as far as their own counts leave room for chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.rates.limits import exact_limits

_ALIKE = 1e5  # a gamma shape this large is a spread of 0.3% between facilities: none


@dataclass(frozen=True)
class Spread:
    """How true ratios are spread over facilities: a gamma distribution, fitted to their counts.

    Attributes
    ----------
    mean : float
        Mean ratio.
    shape : float
        Gamma shape: the variance of the ratios is mean^2 / shape; infinite if no spread was found.
    """

    mean: float
    shape: float


def fit_spread(observed: np.ndarray, expected: np.ndarray) -> Spread:
    """Fit the gamma distribution of ratios by maximum likelihood of the counts (negative binomial).

    Parameters
    ----------
    observed : array, shape (n,)
        Counts.
    expected : array, shape (n,)
        Expected counts, above zero.

    Returns
    -------
    Spread
        With infinite shape where counts vary no more than chance alone would have them.

    References
    ----------
    Clayton D, Kaldor J. Empirical Bayes estimates of age-standardized relative risks for use in
    disease mapping. Biometrics 1987; 43: 671-681.
    """
    from scipy.optimize import minimize_scalar

    together = float(observed.sum() / expected.sum())
    if together == 0:
        return Spread(0.0, np.inf)

    def misfit(log_shape: float) -> float:
        shape = float(np.exp(log_shape))
        return -_log_likelihood(observed, expected, _best_mean(observed, expected, shape, together), shape)

    best = minimize_scalar(misfit, bounds=(np.log(1e-3), np.log(_ALIKE)), method="bounded", options={"xatol": 1e-10})
    shape = float(np.exp(best.x))
    # At the bound, or no better than it, the data ask for no spread at all.
    if shape > 0.99 * _ALIKE or misfit(np.log(_ALIKE)) <= best.fun:
        return Spread(together, np.inf)
    return Spread(_best_mean(observed, expected, shape, together), shape)


def _best_mean(observed: np.ndarray, expected: np.ndarray, shape: float, start: float) -> float:
    """Solve sum((o - m e) / (1 + m e / shape)) = 0 for m by Newton steps on log m."""
    mean = start
    for _ in range(100):
        share = 1 / (1 + mean * expected / shape)
        slope = np.sum((observed - mean * expected) * share)
        curve = np.sum(mean * expected * share)
        step = float(np.clip(slope / curve, -1, 1))
        mean *= float(np.exp(step))
        if abs(step) < 1e-12:
            break
    return mean


def _log_likelihood(observed: np.ndarray, expected: np.ndarray, mean: float, shape: float) -> float:
    from scipy.special import gammaln, xlogy

    rate = shape / mean
    terms = gammaln(observed + shape) - gammaln(shape) + shape * np.log(rate / (rate + expected))
    return float(np.sum(terms + xlogy(observed, expected / (rate + expected))))


def shrink(
    observed: np.ndarray, expected: np.ndarray, spread: Spread, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each facility's ratio given its count and the spread of all: posterior mean and interval.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    spread : Spread
        Of the true ratios.
    level : float
        Probability that the interval holds, between 0 and 1.

    Returns
    -------
    ratio, low, high : arrays, shape (n,)
        Without spread, the ratio of all together and its exact interval, alike for every facility.
    """
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    if np.isinf(spread.shape):
        low, high = (side / expected.sum() for side in exact_limits(np.array([observed.sum()]), level))
        alike = np.ones(len(observed))
        return alike * spread.mean, alike * low, alike * high
    shape, rate = observed + spread.shape, expected + spread.shape / spread.mean
    return shape / rate, gammaincinv(shape, tail) / rate, gammaincinv(shape, 1 - tail) / rate


def rank_limits(
    observed: np.ndarray, expected: np.ndarray, spread: Spread, *, level: float, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of ranks each facility could hold, rank 1 being the highest ratio.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    spread : Spread
        Of the true ratios.
    level : float
        Probability that the range holds, between 0 and 1.
    draws : int
        Sets of ratios drawn from the posterior.
    seed : int
        Of the draws.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        Without spread, 1 and n: the facilities cannot be told apart.

    References
    ----------
    Goldstein H, Spiegelhalter DJ. League tables and their limitations. Journal of the Royal
    Statistical Society A 1996; 159: 385-443.
    """
    n = len(observed)
    if np.isinf(spread.shape):
        return np.ones(n), np.full(n, float(n))
    rng = np.random.default_rng(seed)
    shape, rate = observed + spread.shape, expected + spread.shape / spread.mean
    ranks = np.empty((draws, n), dtype=np.int32)
    for draw in ranks:
        draw[np.argsort(-rng.standard_gamma(shape) / rate)] = np.arange(1, n + 1)
    low, high = np.quantile(ranks, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return low.astype(float), high.astype(float)
