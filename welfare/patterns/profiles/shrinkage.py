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
        return -log_likelihood(observed, expected, Spread(best_mean(observed, expected, shape, together), shape))

    best = minimize_scalar(misfit, bounds=(np.log(1e-3), np.log(_ALIKE)), method="bounded", options={"xatol": 1e-10})
    shape = float(np.exp(best.x))
    # At the bound, or no better than it, the data ask for no spread at all.
    if shape > 0.99 * _ALIKE or misfit(np.log(_ALIKE)) <= best.fun:
        return Spread(together, np.inf)
    return Spread(best_mean(observed, expected, shape, together), shape)


def best_mean(observed: np.ndarray, expected: np.ndarray, shape: float, start: float) -> float:
    """Return the mean ratio of highest likelihood, given the gamma shape.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    shape : float
        Of the gamma distribution of ratios.
    start : float
        First guess, above zero.
    """
    # Newton steps on log m for sum((o - m e) / (1 + m e / shape)) = 0.
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


def log_likelihood(observed: np.ndarray, expected: np.ndarray, spread: Spread) -> float:
    """Return the log-likelihood of counts, but for a constant.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    spread : Spread
        Of true ratios, of finite shape.
    """
    from scipy.special import gammaln, xlogy

    shape, rate = spread.shape, spread.shape / spread.mean
    terms = gammaln(observed + shape) - gammaln(shape) - shape * np.log1p(expected / rate)
    return float(np.sum(terms + xlogy(observed, expected / (rate + expected))))


@dataclass(frozen=True)
class GammaPosterior:
    """True ratios given the counts and the spread of all, each gamma-distributed.

    Attributes
    ----------
    shape, rate : arrays, shape (n,)
        Of each facility's gamma distribution; its mean is shape / rate.
    spread : Spread
        Of all; without spread, every facility's ratio is that of all together.
    together : tuple of float
        Events of all together, and how many were expected.
    """

    shape: np.ndarray
    rate: np.ndarray
    spread: Spread
    together: tuple[float, float]

    @property
    def alike(self) -> bool:
        """Whether no spread beyond chance was found."""
        return bool(np.isinf(self.spread.shape))

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean of each ratio."""
        return np.full(len(self.shape), self.spread.mean) if self.alike else self.shape / self.rate

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior interval of each ratio; without spread, the exact one of all together."""
        from scipy.special import gammaincinv

        tail = (1 - level) / 2
        if self.alike:
            events, expected = self.together
            low, high = (side / expected for side in exact_limits(np.array([events]), level))
            alike = np.ones(len(self.shape))
            return alike * low, alike * high
        return gammaincinv(self.shape, tail) / self.rate, gammaincinv(self.shape, 1 - tail) / self.rate

    def exceeding(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return the probability that each ratio is above the threshold."""
        from scipy.special import gammaincc

        if self.alike:
            events, expected = self.together  # half an event more: Jeffreys' prior for the one ratio of all
            return np.full(len(self.shape), float(gammaincc(events + 0.5, expected * threshold)))
        return np.asarray(gammaincc(self.shape, self.rate * threshold))

    def draw(self, source: np.random.Generator) -> np.ndarray:
        """Draw every ratio once."""
        return source.standard_gamma(self.shape) / self.rate


def gamma_posterior(observed: np.ndarray, expected: np.ndarray, spread: Spread) -> GammaPosterior:
    """Return what counts and the spread of all say of each true ratio.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    spread : Spread
        Of the true ratios.
    """
    together = (float(observed.sum()), float(expected.sum()))
    if np.isinf(spread.shape):
        return GammaPosterior(np.ones(len(observed)), np.ones(len(observed)), spread, together)
    return GammaPosterior(observed + spread.shape, expected + spread.shape / spread.mean, spread, together)


__all__ = ["GammaPosterior", "Spread", "best_mean", "fit_spread", "gamma_posterior", "log_likelihood"]
