"""How one period's count moves a chart: the same three numbers for a CUSUM of any law and for an EWMA."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POISSON, NEGATIVE_BINOMIAL, BINOMIAL = 0, 1, 2
_EWMA_BOTTOM = -5.0  # standard deviations below expectation, where the chain over its heights ends
LAWS = ("Poisson", "negative binomial", "binomial")


@dataclass(frozen=True)
class Law:
    """How counts vary about what is expected.

    Attributes
    ----------
    kind : int
        POISSON, NEGATIVE_BINOMIAL or BINOMIAL.
    dispersion : float
        Variance of the true rate between periods, relative to its mean squared: the variance of a count is
        mean + dispersion * mean^2. 0 except for the negative binomial.
    """

    kind: int
    dispersion: float = 0.0

    @property
    def size(self) -> float:
        """Of the negative binomial: 1 / dispersion; 1 for the others, which have none."""
        return 1.0 / self.dispersion if self.kind == NEGATIVE_BINOMIAL else 1.0

    @property
    def name(self) -> str:
        """What it is called."""
        return LAWS[self.kind]

    def variance(self, mean: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """Return the variance of counts with these means (and trials)."""
        if self.kind == BINOMIAL:
            return mean * (1 - mean / trials)
        return mean + self.dispersion * mean**2


@dataclass(frozen=True)
class Moves:
    """How a chart moves: height = slope * height before + per_count * count + constant, never below `bottom`.

    Attributes
    ----------
    slope, per_count, constant : array of float, shape (periods, facilities)
        0, 0 and 0 where the chart does not move.
    bottom : float
        For a CUSUM 0. An EWMA has none; in the chain over its heights it ends five standard deviations down.
    floored : bool
        Whether the chart itself is held at the bottom.
    """

    slope: np.ndarray
    per_count: np.ndarray
    constant: np.ndarray
    bottom: float
    floored: bool

    def path(self, counts: np.ndarray, live: np.ndarray) -> np.ndarray:
        """Return the chart's height after each period, shape (periods, facilities)."""
        height = np.zeros(counts.shape[1])
        out = np.empty(counts.shape)
        filled = np.where(live, counts, 0.0)
        for t in range(len(counts)):
            moved = self.slope[t] * height + self.per_count[t] * filled[t] + self.constant[t]
            if self.floored:
                moved = np.maximum(moved, self.bottom)
            height = np.where(live[t], moved, height)
            out[t] = height
        return out


def cusum_moves(mean: np.ndarray, trials: np.ndarray, law: Law, ratio: float) -> Moves:
    """Return the moves of a CUSUM of log-likelihood ratios: the rate is `ratio` times the expected one, or is it.

    Parameters
    ----------
    mean : array of float, shape (periods, facilities)
        Expected counts, above 0.
    trials : array of float, same shape
        For the binomial, where `ratio` is one of odds.
    law : Law
        Of the counts.
    ratio : float
        Above 0, not 1.

    References
    ----------
    Page ES. Biometrika 1954; 41: 100-115. Steiner SH et al. Biostatistics 2000; 1: 441-452 (binomial). Hoehle M, Paul
    M. Computational Statistics & Data Analysis 2008; 52: 4357-4368 (Poisson, negative binomial).
    """
    if law.kind == BINOMIAL:
        per_count = np.full(mean.shape, np.log(ratio))
        constant = -trials * np.log1p(mean / trials * (ratio - 1))
    elif law.kind == NEGATIVE_BINOMIAL:
        farther = np.log((law.size + ratio * mean) / (law.size + mean))
        per_count, constant = np.log(ratio) - farther, -law.size * farther
    else:
        per_count, constant = np.full(mean.shape, np.log(ratio)), -mean * (ratio - 1)
    return Moves(np.ones(mean.shape), per_count, constant, bottom=0.0, floored=True)


def ewma_moves(mean: np.ndarray, trials: np.ndarray, law: Law, weight: float, live: np.ndarray, sign: int) -> Moves:
    """Return the moves of an exponentially weighted mean of count less expectation, in its own standard deviations.

    Parameters
    ----------
    mean, trials, law
        As for :func:`cusum_moves`.
    weight : float
        Of the newest period, above 0 and at most 1.
    live : array of bool, shape (periods, facilities)
        Periods that count; others leave mean and variance as they were.
    sign : {1, -1}
        Whether more counts move it up, or down.

    References
    ----------
    Borror CM, Champ CW, Rigdon SE. Journal of Quality Technology 1998; 30: 352-361.
    """
    variance = law.variance(mean, trials)
    slope, scale = np.zeros(mean.shape), np.ones(mean.shape)
    before = np.zeros(mean.shape[1])
    for t in range(len(mean)):
        after = (1 - weight) ** 2 * before + weight**2 * variance[t]
        slope[t] = (1 - weight) * np.sqrt(before / after)
        scale[t] = sign * weight / np.sqrt(after)
        before = np.where(live[t], after, before)
    return Moves(slope, scale, -scale * mean, bottom=_EWMA_BOTTOM, floored=False)


__all__ = ["BINOMIAL", "NEGATIVE_BINOMIAL", "POISSON", "Law", "Moves", "cusum_moves", "ewma_moves"]
