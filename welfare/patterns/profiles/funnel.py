"""How far a count lies from what was expected, when facilities differ for reasons nobody measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Funnel:
    """Deviations of counts from expectation, plain and allowing for spread between facilities.

    Attributes
    ----------
    z : array, shape (n,)
        2 (sqrt(observed) - sqrt(expected)): standard normal, nearly, if chance alone were at work.
    z_adjusted : array, shape (n,)
        The same over a standard deviation that includes the spread between facilities.
    phi : float
        Mean square of z (winsorised); 1 if chance alone were at work.
    tau2 : float
        Variance between facilities of the square root of the ratio.
    """

    z: np.ndarray
    z_adjusted: np.ndarray
    phi: float
    tau2: float


def funnel(observed: np.ndarray, expected: np.ndarray, *, winsorise: float, spread: bool) -> Funnel:
    """Measure deviations on the square-root scale and the spread between facilities.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    winsorise : float
        Share of z at either end pulled in to the quantile there before phi is taken, so that the
        facilities sought do not widen their own limits.
    spread : bool
        Whether to allow for spread between facilities; without it tau2 is 0.

    Returns
    -------
    Funnel

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Statistics in Medicine
    2005; 24: 1185-1202. Spiegelhalter DJ. Handling over-dispersion of performance indicators.
    Quality and Safety in Health Care 2005; 14: 347-351.
    """
    z = 2 * (np.sqrt(observed) - np.sqrt(expected))
    phi = _phi(z, winsorise)
    tau2 = _between(expected, phi) if spread else 0.0
    return Funnel(z, z / np.sqrt(1 + 4 * expected * tau2), phi, tau2)


def _between(expected: np.ndarray, phi: float) -> float:
    """Solve for the variance between facilities by the method of moments (DerSimonian and Laird)."""
    n, weights = len(expected), 4 * expected  # the variance of sqrt(ratio) is 1 / (4 expected)
    room = weights.sum() - (weights**2).sum() / weights.sum()
    return max(0.0, float((n * phi - (n - 1)) / room)) if room > 0 else 0.0


def ratio_spread(expected: np.ndarray, phi: float, *, winsorise: float) -> tuple[float, float]:
    """Find the variance of true ratios under which the phi that was seen is the phi to expect.

    Winsorising takes a third off phi where z is normal, and square roots of small counts add to it;
    tau2 ignores both. Here the counts are taken as negative binomial, phi is worked out as it would be
    for a given variance, and the variance is solved for.

    Parameters
    ----------
    expected : array, shape (n,)
        Expected counts, above zero.
    phi : float
        As seen, winsorised by the same share.
    winsorise : float
        Share of z pulled in at either end.

    Returns
    -------
    by_chance : float
        The phi that chance alone would give.
    variance : float
        Between facilities, of the true ratio; 0 if `phi` is no more than `by_chance`.
    """
    from scipy.optimize import brentq

    # A hundred sizes stand for all facilities, and a hundred quantiles for each one's counts.
    middles = (np.arange(100) + 0.5) / 100
    sizes = np.quantile(expected, middles)[:, None]

    def phi_under(variance: float) -> float:
        return _phi(2 * (np.sqrt(_counts(sizes, variance).ppf(middles)) - np.sqrt(sizes)), winsorise)

    by_chance = phi_under(0.0)
    if phi <= by_chance:
        return by_chance, 0.0
    widest = 1.0
    while phi_under(widest) < phi and widest < 1e3:
        widest *= 4
    if phi_under(widest) < phi:
        return by_chance, widest
    return by_chance, float(brentq(lambda variance: phi_under(variance) - phi, 0.0, widest, xtol=1e-5))


def _phi(z: np.ndarray, winsorise: float) -> float:
    return float(np.mean(np.clip(z, *np.quantile(z, [winsorise, 1 - winsorise])) ** 2))


def _counts(expected: np.ndarray, variance: float) -> Any:
    """Return the law of counts whose true ratios have mean 1 and this variance."""
    from scipy.stats import nbinom, poisson

    return nbinom(1 / variance, 1 / (1 + variance * expected)) if variance > 0 else poisson(expected)


def tail_probability(observed: np.ndarray, expected: np.ndarray, variance: float) -> np.ndarray:
    """Return two-sided p-values: how often a facility no different from its peers would lie this far out.

    Tails are those of the count itself (negative binomial, or Poisson where the variance is 0). The
    normal approximation to z would give a facility that expected four and recorded none one chance
    in sixteen thousand, when chance alone does that to one in fifty-five.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    variance : float
        Between facilities, of the true ratio.

    Returns
    -------
    array, shape (n,)
        Twice the smaller tail (the count itself included), at most 1.
    """
    law = _counts(expected, variance)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(law.cdf(observed), law.sf(observed - 1))))
