"""Counts of events against expected ones: Poisson by chance, negative binomial where facilities differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from welfare.patterns.profiles.laws.mixture import FEW, Mixture, weigh
from welfare.patterns.profiles.shrinkage import GammaPosterior, Spread, fit_spread, gamma_posterior, log_likelihood
from welfare.stats.rates.limits import exact_limits

_TABLED = 500_000  # terms that take less time than finding ten thousand quantiles one by one
_LARGE = 1e6  # where a gamma with the same mean and variance has the quantiles of the counts, to 0.001 of z


@dataclass(frozen=True)
class Counts:
    """What was counted at each facility, and what was expected.

    Attributes
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    """

    observed: np.ndarray
    expected: np.ndarray

    by_chance: ClassVar[str] = "poisson"
    with_spread: ClassVar[str] = "negative_binomial"
    size_column: ClassVar[Literal["expected"]] = "expected"

    @property
    def ratio(self) -> np.ndarray:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def z(self) -> np.ndarray:
        """2 (sqrt(observed) - sqrt(expected)): nearly standard normal, if chance alone were at work."""
        return 2 * (np.sqrt(self.observed) - np.sqrt(self.expected))

    @property
    def weights(self) -> np.ndarray:
        """One over the chance variance of the square root of the ratio."""
        return 4 * self.expected

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the exact interval of each ratio."""
        low, high = exact_limits(self.observed, level)
        return low / self.expected, high / self.expected

    def spread_at(self, amount: float, *, multiplied: bool) -> np.ndarray:
        """Return each facility's variance of the true ratio: the same for all, or growing with chance's own.

        Parameters
        ----------
        amount : float
            The variance; or, `multiplied`, by how much the variance of a count exceeds Poisson's, in Poisson variances.
        """
        return amount / self.expected if multiplied else np.full(len(self.expected), amount)

    def tails(self, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how often a count is as small, and as large, as the one seen; both with the count itself."""
        return both_tails(self.observed, self.expected, extra)

    def sample(self) -> Counts:
        """Return a hundred sizes that stand for all facilities."""
        return Counts(np.zeros(100), np.quantile(self.expected, (np.arange(100) + 0.5) / 100))

    def z_quantiles(self, extra: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return z at these quantiles of each facility's count, shape (n, m)."""
        return 2 * (np.sqrt(_whole_quantiles(self.expected, extra, shares)) - np.sqrt(self.expected)[:, None])

    def limits(self, extra: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the ratios beyond which chance and these differences leave a share of (1 - level) / 2 on each side."""
        low, high = (
            poisson_limits(self.expected, level) if not extra.any() else _stepped_limits(self.expected, extra, level)
        )
        return low / self.expected, high / self.expected

    def widened(self, limits: tuple[np.ndarray, np.ndarray], wider: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return limits with their distance from 1 multiplied, on the scale of z."""
        low, high = (1 + (np.sqrt(limit) - 1) * wider for limit in limits)
        return np.maximum(0.0, low) ** 2, high**2

    def at(self, sizes: np.ndarray) -> Counts:
        """Return facilities that expect so many events, to draw limits for."""
        return Counts(np.zeros(len(sizes)), sizes)

    def posterior(self) -> GammaPosterior | Mixture:
        """Return each true ratio given its count and the spread of all; of few facilities, given every spread."""
        fitted = gamma_posterior(self.observed, self.expected, fit_spread(self.observed, self.expected))
        events, expected = fitted.together
        if len(self.observed) >= FEW or events == 0:
            return fitted

        def spread(log_sd: float, log_mean: float) -> Spread:
            return Spread(float(np.exp(log_mean)), float(np.exp(-2 * log_sd)))

        # Far below chance's own standard deviation all spreads are alike, and far above it none fits.
        by_chance = -0.5 * np.log(events / len(self.observed))
        pairs, weights = weigh(
            lambda log_sd, log_mean: log_likelihood(self.observed, self.expected, spread(log_sd, log_mean)),
            log_sd=(min(by_chance, 0.0) - 3.5, 3.5),
            centre=float(np.log(events / expected)),
        )
        parts = tuple(gamma_posterior(self.observed, self.expected, spread(*pair)) for pair in pairs)
        return Mixture(fitted, parts, weights)


def count_law(expected: np.ndarray, variance: np.ndarray | float) -> Any:
    """Return the law of counts whose true ratios have mean 1 and this variance, zero everywhere or nowhere."""
    from scipy.stats import nbinom, poisson

    return nbinom(1 / variance, 1 / (1 + variance * expected)) if np.all(variance) else poisson(expected)


def _whole_quantiles(expected: np.ndarray, variance: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles of each count, shape (n, m): from one table of the distribution where that is small."""
    if expected.min() > _LARGE:  # whole numbers no longer matter, and scipy's search for them takes minutes
        from scipy.special import gammaincinv

        wide = (1 + variance * expected)[:, None]
        return np.asarray(wide * gammaincinv(expected[:, None] / wide, shares))
    law = count_law(expected[:, None], variance[:, None])
    most = int(law.ppf(shares[-1:]).max()) if len(shares) else 0
    if most * len(expected) > _TABLED:
        return np.asarray(law.ppf(shares))
    # Each term over the one before it: E / k for Poisson, and for negative binomial (E + (k - 1) v E) / (k (1 + v E)).
    at = np.arange(1, most + 1)
    steps = np.log(expected[:, None] * (1 + (at - 1) * variance[:, None]) / (at * (1 + (variance * expected)[:, None])))
    first = law.logpmf(0)
    below = np.cumsum(np.exp(np.hstack([first, first + np.cumsum(steps, axis=1)])), axis=1)
    return np.array([np.searchsorted(row, shares) for row in below], dtype=float)


def both_tails(
    observed: np.ndarray, expected: np.ndarray, variance: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a count is as small, and as large, as the one seen; both with the count itself.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    variance : array, shape (n,), or float
        Between facilities, of the true ratio, zero everywhere or nowhere.
    """
    law = count_law(expected, variance)
    return law.cdf(observed), law.sf(observed - 1)


def poisson_limits(expected: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts beyond which chance leaves (1 - level) / 2 on each side, smoothed between whole counts."""
    from scipy.special import pdtrik

    tail = (1 - level) / 2
    return np.maximum(0.0, pdtrik(tail, expected)), pdtrik(1 - tail, expected) + 1


def _stepped_limits(expected: np.ndarray, variance: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the same for a negative binomial count, its distribution function joined by straight lines."""
    law, tail = count_law(expected, variance), (1 - level) / 2
    ends = []
    for share in (tail, 1 - tail):
        whole = law.ppf(share)
        before = law.cdf(whole - 1)
        ends.append(whole - 1 + (share - before) / (law.cdf(whole) - before))
    return np.maximum(0.0, ends[0]), ends[1] + 1


__all__ = ["Counts", "both_tails", "count_law", "poisson_limits"]
