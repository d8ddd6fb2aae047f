"""Counts out of trials against expected ones: binomial by chance, beta-binomial where facilities differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from welfare.patterns.profiles.laws.beta_binomial import ShareSpread, fit_shares, log_likelihood, quantiles, tails
from welfare.patterns.profiles.laws.mixture import FEW, Mixture, weigh
from welfare.stats.rates.shares import clopper_pearson

_NEARLY_ONE = 0.999  # a correlation between trials at which a facility is all or nothing


@dataclass(frozen=True)
class BetaPosterior:
    """True ratios, each a beta-distributed share over the expected share.

    Attributes
    ----------
    a, b : arrays, shape (n,)
        Of each share, given its count.
    chance : array, shape (n,)
        Expected share.
    spread : ShareSpread
        Of all; without spread, every share is that of all together, moved by the same odds.
    together : tuple of float
        Events and other trials of all together.
    """

    a: np.ndarray
    b: np.ndarray
    chance: np.ndarray
    spread: ShareSpread
    together: tuple[float, float]

    @property
    def alike(self) -> bool:
        """Whether no spread beyond chance was found."""
        return self.spread.rho == 0

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean of each ratio."""
        return (self.spread.mean(self.chance) if self.alike else self.a / (self.a + self.b)) / self.chance

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior interval of each ratio; without spread, the exact one of all together."""
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        if not self.alike:
            low, high = (betaincinv(self.a, self.b, share) for share in (tail, 1 - tail))
            return low / self.chance, high / self.chance
        events, others = (np.array([part]) for part in self.together)
        exact = clopper_pearson(events, others, level)
        share = self.spread.mean(self.chance)
        middle = events / (events + others)
        return share / self.chance * exact.low / middle, np.minimum(1.0, share * exact.high / middle) / self.chance

    def exceeding(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return the probability that each ratio is above the threshold."""
        from scipy.special import betaincc

        share = threshold * self.chance
        if self.alike:
            # Scaled as the mean is, so that all facilities answer for the one share that they have in common.
            events, others = self.together
            share = share / self.spread.mean(self.chance) * events / (events + others)
            return np.asarray(betaincc(events + 0.5, others + 0.5, np.minimum(1.0, share)))
        return np.asarray(betaincc(self.a, self.b, np.minimum(1.0, share)))

    def draw(self, source: np.random.Generator) -> np.ndarray:
        """Draw every ratio once."""
        return source.beta(self.a, self.b) / self.chance


@dataclass(frozen=True)
class Shares:
    """What was counted at each facility, in how many trials, and what was expected.

    Attributes
    ----------
    observed, trials, expected : arrays, shape (n,)
        Counts, trials, and expected counts above zero and below the trials.
    """

    observed: np.ndarray
    trials: np.ndarray
    expected: np.ndarray

    by_chance: ClassVar[str] = "binomial"
    with_spread: ClassVar[str] = "beta_binomial"
    size_column: ClassVar[Literal["trials"]] = "trials"

    @property
    def chance(self) -> np.ndarray:
        """Expected share."""
        return self.expected / self.trials

    @property
    def ratio(self) -> np.ndarray:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def z(self) -> np.ndarray:
        """Twice the difference in arcsines of root shares, times root trials: nearly standard normal by chance."""
        return self._z(self.observed / self.trials)

    def _z(self, share: np.ndarray) -> np.ndarray:
        trials, chance = (part.reshape(-1, *[1] * (share.ndim - 1)) for part in (self.trials, self.chance))
        return 2 * np.sqrt(trials) * (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(chance)))

    @property
    def weights(self) -> np.ndarray:
        """One over the chance variance of the arcsine of the root share."""
        return 4 * self.trials

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the exact interval of each ratio."""
        exact = clopper_pearson(self.observed, self.trials - self.observed, level)
        return exact.low / self.chance, exact.high / self.chance

    def spread_at(self, amount: float, *, multiplied: bool) -> np.ndarray:
        """Return each facility's correlation between trials: the same for all, or such as to multiply the variance.

        Parameters
        ----------
        amount : float
            The correlation; or, `multiplied`, by how much the variance of a count exceeds the binomial one, in
            binomial variances. One trial has no room for more than its own.
        """
        if not multiplied:
            return np.full(len(self.trials), min(amount, _NEARLY_ONE))
        return np.where(self.trials > 1, np.minimum(amount / np.maximum(self.trials - 1, 1), _NEARLY_ONE), 0.0)

    def tails(self, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how often a count is as small, and as large, as the one seen; both with the count itself."""
        return tails(self.observed, self.trials, self.chance, extra)

    def sample(self) -> Shares:
        """Return at most sixty facilities, evenly by what is expected of them, that stand for all."""
        order = np.argsort(self.expected, kind="stable")
        some = order[np.unique(((np.arange(60) + 0.5) / 60 * len(order)).astype(int))]
        return Shares(self.observed[some], self.trials[some], self.expected[some])

    def z_quantiles(self, extra: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return z at these quantiles of each facility's count, shape (n, m)."""
        counts = np.ceil(quantiles(self.trials, self.chance, extra, shares) - 1e-9)
        return self._z(np.clip(counts, 0, self.trials[:, None]) / self.trials[:, None])

    def limits(self, extra: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the ratios beyond which chance and these differences leave a share of (1 - level) / 2 on each side."""
        tail = (1 - level) / 2
        low, high = quantiles(self.trials, self.chance, extra, np.array([tail, 1 - tail])).T
        return np.maximum(0.0, low) / self.expected, (high + 1) / self.expected

    def widened(self, limits: tuple[np.ndarray, np.ndarray], wider: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return limits with their distance from 1 multiplied, on the scale of z; none above where no count reaches."""
        middle, most = np.arcsin(np.sqrt(self.chance)), np.pi / 2
        low, high = limits
        below = middle + (np.arcsin(np.sqrt(low * self.chance)) - middle) * wider
        above = middle + (np.arcsin(np.sqrt(np.minimum(1.0, high * self.chance))) - middle) * wider
        out_of_reach = (high * self.chance > 1) | (above > most)
        return (
            np.sin(np.maximum(0.0, below)) ** 2 / self.chance,
            np.where(out_of_reach, 1 + 1 / self.trials, np.sin(np.minimum(above, most)) ** 2) / self.chance,
        )

    def at(self, sizes: np.ndarray) -> Shares:
        """Return facilities of so many trials and the share expected of all together, to draw limits for."""
        return Shares(np.zeros(len(sizes)), sizes, sizes * self.expected.sum() / self.trials.sum())

    def posterior(self) -> BetaPosterior | Mixture:
        """Return each true ratio given its count and the spread of all; of few facilities, given every spread."""
        fitted = self._given(fit_shares(self.observed, self.trials, self.chance))
        if len(self.observed) >= FEW or 0 in fitted.together:
            return fitted

        def spread(log_sd: float, log_odds: float) -> ShareSpread:
            return ShareSpread(float(np.exp(log_odds)), float(np.exp(2 * log_sd)))

        events, others = fitted.together
        pairs, weights = weigh(
            lambda log_sd, log_odds: log_likelihood(self.observed, self.trials, self.chance, spread(log_sd, log_odds)),
            log_sd=(-0.5 * float(np.log(self.trials.max())) - 3.5, 0.5 * float(np.log(_NEARLY_ONE))),
            centre=float(np.log(events / others * (self.trials - self.expected).sum() / self.expected.sum())),
        )
        return Mixture(fitted, tuple(self._given(spread(*pair)) for pair in pairs), weights)

    def _given(self, spread: ShareSpread) -> BetaPosterior:
        together = (float(self.observed.sum()), float((self.trials - self.observed).sum()))
        if spread.rho == 0:
            nothing = np.ones(len(self.trials))
            return BetaPosterior(nothing, nothing, self.chance, spread, together)
        size, mean = 1 / spread.rho - 1, spread.mean(self.chance)
        a, b = self.observed + mean * size, self.trials - self.observed + (1 - mean) * size
        return BetaPosterior(a, b, self.chance, spread, together)


__all__ = ["BetaPosterior", "Shares"]
