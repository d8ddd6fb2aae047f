"""Ranks of true ratios, with how little is known of them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

_DRAWN_UP_TO = 2000  # facilities whose ranks are drawn; beyond, the number above each is normal to within a rank


class Posterior(Protocol):
    """What is known of each true ratio."""

    @property
    def alike(self) -> bool:
        """Whether no spread beyond chance was found."""

    @property
    def spread(self) -> Any:
        """Distribution of true ratios."""

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean of each ratio."""

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior interval of each ratio."""

    def exceeding(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return the probability that each ratio is above the threshold."""

    def draw(self, source: np.random.Generator) -> np.ndarray:
        """Draw every ratio once."""


def rank_limits(posterior: Posterior, *, level: float, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of ranks each facility could hold, rank 1 being the highest ratio.

    Parameters
    ----------
    posterior : Posterior
        Of n true ratios.
    level : float
        Probability that the range holds, between 0 and 1.
    draws : int
        Sets of ratios drawn from the posterior, for up to 2,000 facilities.
    seed : int
        Of the draws.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        Without spread, 1 and n: the facilities cannot be told apart.

    Notes
    -----
    Beyond 2,000 facilities nothing is drawn. Given its own ratio t, a facility's rank is one more than a sum of n - 1
    independent yes and no (is this other one above t?), whose mean falls as t rises. The range therefore runs between
    those means at the ends of the facility's own interval, widened by the sum's own standard deviation.

    References
    ----------
    Goldstein H, Spiegelhalter DJ. League tables and their limitations. Journal of the Royal
    Statistical Society A 1996; 159: 385-443.
    """
    n = len(posterior.mean)
    if posterior.alike:
        return np.ones(n), np.full(n, float(n))
    if n > _DRAWN_UP_TO:
        return _summed_limits(posterior, level)
    ranks = drawn_ranks(posterior, draws, seed)
    low, high = np.quantile(ranks, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return low.astype(float), high.astype(float)


def drawn_ranks(posterior: Posterior, draws: int, seed: int) -> np.ndarray:
    """Draw all ratios again and again, and rank them each time; shape (draws, n), 1 the highest."""
    source = np.random.default_rng(seed)
    n = len(posterior.mean)
    ranks = np.empty((draws, n), dtype=np.int32)
    places = np.arange(1, n + 1)
    for draw in ranks:
        draw[np.argsort(-posterior.draw(source))] = places
    return ranks


def _summed_limits(posterior: Posterior, level: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.interpolate import PchipInterpolator
    from scipy.special import ndtri

    n, z = len(posterior.mean), float(ndtri((1 + level) / 2))
    ends = posterior.interval(level)
    # Half of the points lie where facilities do, the rest evenly in the ratio's logarithm out to the last end.
    spots = np.concatenate([ends[0], posterior.mean, ends[1]])
    spots = np.log(spots[spots > 0])
    at = np.unique(
        np.concatenate([np.quantile(spots, np.linspace(0, 1, 50)), np.linspace(spots.min(), spots.max(), 50)])
    )
    above, noise = np.empty(len(at)), np.empty(len(at))
    for spot, threshold in enumerate(np.exp(at)):
        chance = posterior.exceeding(float(threshold))
        above[spot], noise[spot] = chance.sum(), (chance * (1 - chance)).sum()
    count, variance = PchipInterpolator(at, above), PchipInterpolator(at, noise)

    def others(ratio: np.ndarray, own: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        where = np.log(np.maximum(ratio, np.exp(at[0])))
        return count(where) - own, np.maximum(0.0, variance(where) - own * (1 - own))

    tail = (1 - level) / 2
    middle, own_noise = others(posterior.mean, 0.5)
    best, worst = others(ends[1], tail)[0], others(ends[0], 1 - tail)[0]
    low = middle - np.hypot(middle - best, z * np.sqrt(own_noise))
    high = middle + np.hypot(worst - middle, z * np.sqrt(own_noise))
    return np.clip(np.round(low), 0, n - 1) + 1.0, np.clip(np.round(high), 0, n - 1) + 1.0


__all__ = ["Posterior", "drawn_ranks", "rank_limits"]
