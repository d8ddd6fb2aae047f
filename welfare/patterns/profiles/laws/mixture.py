"""True ratios where facilities are too few to say how widely ratios are spread: every spread, as likely as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from welfare.patterns.profiles.ranks import Posterior

FEW = 100  # facilities below which the spread is not taken as known: beyond, it moves an interval's ends by hundredths
_WITHIN = 9.0  # log-likelihoods further below the highest than this weigh nothing
_COARSE, _FINE, _NODES, _REACH = 40, 24, 7, 3.0
_HALVINGS = 30


@dataclass(frozen=True)
class Mixture:
    """Posteriors under many spreads of true ratios, each weighed by how well it fits the counts.

    Attributes
    ----------
    fitted : Posterior
        Under the spread that fits best: point figures are its.
    parts : tuple of Posterior
        One for each spread.
    weights : array, shape (parts,)
        Adding up to 1.
    """

    fitted: Posterior
    parts: tuple[Posterior, ...]
    weights: np.ndarray

    @property
    def alike(self) -> bool:
        """Whether the spread that fits best is none."""
        return self.fitted.alike

    @property
    def spread(self) -> Any:
        """Spread that fits best."""
        return self.fitted.spread

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean of each ratio under the spread that fits best."""
        return self.fitted.mean

    def exceeding(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return the probability that each ratio is above the threshold."""
        out = np.zeros(len(self.mean))
        for weight, part in zip(self.weights, self.parts, strict=True):
            out += weight * part.exceeding(threshold)
        return np.clip(out, 0.0, 1.0)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval of each ratio over all spreads; it takes in the mean."""
        ends = [np.stack(end) for end in zip(*(part.interval(level) for part in self.parts), strict=True)]
        tail = (1 - level) / 2
        # A quantile of the whole lies between the lowest and the highest of the parts'.
        low, high = (
            self._halved(end.min(axis=0), end.max(axis=0), above)
            for end, above in zip(ends, (1 - tail, tail), strict=True)
        )
        return np.minimum(low, self.mean), np.maximum(high, self.mean)

    def _halved(self, low: np.ndarray, high: np.ndarray, above: float) -> np.ndarray:
        """Return the ratio that a share of `above` lies above, between two others."""
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            further = self.exceeding(middle) > above
            low, high = np.where(further, middle, low), np.where(further, high, middle)
        return (low + high) / 2

    def draw(self, source: np.random.Generator) -> np.ndarray:
        """Draw a spread, and with it every ratio once."""
        return self.parts[source.choice(len(self.parts), p=self.weights)].draw(source)


def weigh(
    log_likelihood: Callable[[float, float], float], *, log_sd: tuple[float, float], centre: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of spread and centre that stand for all, and their weights.

    Parameters
    ----------
    log_likelihood : callable
        Of the counts, given the logarithm of the standard deviation between facilities, and the centre.
    log_sd : tuple of float
        Lowest and highest worth looking at.
    centre : float
        Where to look for the best one first.

    Returns
    -------
    pairs : array, shape (parts, 2)
        Logarithm of the standard deviation, and centre.
    weights : array, shape (parts,)
        Adding up to 1: likelihood times equal chances beforehand for equal steps of the standard deviation and of
        the centre.

    References
    ----------
    Gelman A. Prior distributions for variance parameters in hierarchical models. Bayesian Analysis 2006; 1: 515-533.
    """
    from scipy.optimize import minimize_scalar

    def best(at: float) -> tuple[float, float]:
        found = minimize_scalar(lambda c: -log_likelihood(at, c), bracket=(centre - 0.2, centre + 0.2), tol=1e-4)
        return float(found.x), -float(found.fun)

    coarse = np.linspace(*log_sd, _COARSE)
    heights = np.array([best(at)[1] for at in coarse]) + coarse
    kept = np.flatnonzero(heights > heights.max() - _WITHIN)
    fine = np.linspace(coarse[max(kept[0] - 1, 0)], coarse[min(kept[-1] + 1, _COARSE - 1)], _FINE)
    pairs, heights_of = [], []
    for at in fine:
        middle, height = best(at)
        width = _width(partial(log_likelihood, at), middle, height)
        for node in middle + width * np.linspace(-_REACH, _REACH, _NODES):
            pairs.append((at, float(node)))
            # The step of sd is sd times that of its logarithm; that of the centre goes with the width.
            heights_of.append(log_likelihood(at, float(node)) + at + np.log(width))
    weights = np.exp(np.array(heights_of) - max(heights_of))
    told = weights > 1e-4
    return np.array(pairs)[told], weights[told] / weights[told].sum()


def _width(height: Callable[[float], float], middle: float, most: float) -> float:
    """Return how far from the middle the log-likelihood has fallen by about one half."""
    step = 1e-6
    while step < 10 and (height(middle - step) + height(middle + step)) / 2 > most - 0.5:
        step *= 2
    fall = most - (height(middle - step) + height(middle + step)) / 2
    return float(step / np.sqrt(2 * max(fall, 0.1)))


__all__ = ["FEW", "Mixture", "weigh"]
