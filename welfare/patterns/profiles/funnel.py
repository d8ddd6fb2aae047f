"""How far a count lies from what was expected, when facilities differ for reasons nobody measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from welfare.patterns.profiles.laws.counts import Counts
    from welfare.patterns.profiles.laws.shares import Shares

    Law = Counts | Shares  # what was counted and expected at each facility, and how chance and differences move it

HOW = ("additive", "multiplicative", "none")


@dataclass(frozen=True)
class Funnel:
    """Deviations of counts from expectation, plain and allowing for spread between facilities.

    Attributes
    ----------
    z : array, shape (n,)
        Standard normal, nearly, if chance alone were at work.
    z_adjusted : array, shape (n,)
        The same over a standard deviation that includes the spread between facilities.
    phi : float
        Mean square of z (winsorised).
    tau2 : float
        Variance between facilities of the square root of the ratio (of shares: of the arcsine of the root share).
    """

    z: np.ndarray
    z_adjusted: np.ndarray
    phi: float
    tau2: float


def funnel(law: Law, *, winsorise: float, how: str) -> Funnel:
    """Measure deviations from expectation and the spread between facilities.

    Parameters
    ----------
    law : Law
        Of n facilities.
    winsorise : float
        Share of z at either end pulled in to the quantile there before phi is taken, so that the
        facilities sought do not widen their own limits.
    how : {"additive", "multiplicative", "none"}
        How z is adjusted: a variance added to chance's, chance's multiplied by phi (never by less than 1),
        or not at all; tau2 is then 0.

    Returns
    -------
    Funnel

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Statistics in Medicine
    2005; 24: 1185-1202. Spiegelhalter DJ. Handling over-dispersion of performance indicators.
    Quality and Safety in Health Care 2005; 14: 347-351.
    """
    z, weights = law.z, law.weights
    phi = _phi(z, winsorise)
    tau2 = _between(weights, phi) if how != "none" else 0.0
    return Funnel(z, z / widening(weights, phi, tau2, how), phi, tau2)


def widening(weights: np.ndarray, phi: float, tau2: float, how: str) -> np.ndarray:
    """Return by how much spread between facilities widens the standard deviation of z.

    Parameters
    ----------
    weights : array, shape (n,)
        One over the chance variance.
    phi, tau2 : float
        As in `Funnel`.
    how : str
        As in `funnel`.
    """
    if how == "multiplicative":
        return np.full(len(weights), np.sqrt(max(1.0, phi)))
    return np.sqrt(1 + weights * (tau2 if how == "additive" else 0.0))


def _between(weights: np.ndarray, phi: float) -> float:
    """Solve for the variance between facilities by the method of moments (DerSimonian and Laird)."""
    n = len(weights)
    room = weights.sum() - (weights**2).sum() / weights.sum()
    return max(0.0, float((n * phi - (n - 1)) / room)) if room > 0 else 0.0


def solve_spread(law: Law, phi: float, *, winsorise: float, multiplied: bool = False) -> tuple[float, float]:
    """Find the spread of true ratios under which the phi that was seen is the phi to expect.

    Winsorising takes a third off phi where z is normal, and square roots of small counts add to it;
    tau2 ignores both. Here the counts are taken as negative binomial (out of trials: beta-binomial), phi
    is worked out as it would be for a given spread, and the spread is solved for.

    Parameters
    ----------
    law : Law
        Of n facilities.
    phi : float
        As seen, winsorised by the same share.
    winsorise : float
        Share of z pulled in at either end.
    multiplied : bool
        Whether the spread multiplies chance's variance, rather than being the same for all.

    Returns
    -------
    by_chance : float
        The phi that chance alone would give.
    amount : float
        What `law.spread_at` takes; 0 if `phi` is no more than `by_chance`.
    """
    from scipy.optimize import brentq

    middles = (np.arange(100) + 0.5) / 100  # a hundred quantiles stand for each facility's counts
    some = law.sample()

    def phi_under(amount: float) -> float:
        return _phi(some.z_quantiles(some.spread_at(amount, multiplied=multiplied), middles), winsorise)

    by_chance = phi_under(0.0)
    if phi <= by_chance:
        return by_chance, 0.0
    widest = 1.0
    while phi_under(widest) < phi and widest < 1e3:
        widest *= 4
    if phi_under(widest) < phi:
        return by_chance, widest
    return by_chance, float(brentq(lambda amount: phi_under(amount) - phi, 0.0, widest, xtol=1e-5))


def _phi(z: np.ndarray, winsorise: float) -> float:
    return float(np.mean(np.clip(z, *np.quantile(z, [winsorise, 1 - winsorise])) ** 2))


def tail_probability(law: Law, extra: np.ndarray) -> np.ndarray:
    """Return two-sided p-values: how often a facility no different from its peers would lie this far out.

    Tails are those of the count itself (negative binomial, or Poisson where there is no spread; out of trials,
    beta-binomial and binomial). The normal approximation to z would give a facility that expected four and recorded
    none one chance in sixteen thousand, when chance alone does that to one in fifty-five.

    Parameters
    ----------
    law : Law
        Of n facilities.
    extra : array, shape (n,)
        Spread at each, as `law.spread_at` gives it.

    Returns
    -------
    array, shape (n,)
        Twice the smaller tail (the count itself included), at most 1.
    """
    below, above = law.tails(extra)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(below, above)))


__all__ = ["HOW", "Funnel", "funnel", "solve_spread", "tail_probability", "widening"]
