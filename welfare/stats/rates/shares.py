"""Limits of a binomial share, each with what it leaves of one: a share near one is then as exact as one near zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Limits(NamedTuple):
    """Limits of a share and of the rest, 1 - share; arrays of shape (n,)."""

    low: np.ndarray
    low_rest: np.ndarray
    high: np.ndarray
    high_rest: np.ndarray


def clopper_pearson(events: np.ndarray, others: np.ndarray, level: float) -> Limits:
    """Return the exact limits of Clopper and Pearson.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Trials with the event and without; at least one trial per row.
    level : float
        Coverage, at least.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    """
    return _both_sides(_exact_low, events, others, (1 - level) / 2)


def midp(events: np.ndarray, others: np.ndarray, level: float) -> Limits:
    """Return mid-P limits: the exact tails with half the probability of the count itself.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Trials with the event and without; at least one trial per row.
    level : float
        Coverage, on average. The limits lie inside the exact ones.

    References
    ----------
    Berry G, Armitage P. The Statistician 1995; 44: 417-423.
    """
    return _both_sides(_midp_low, events, others, (1 - level) / 2)


def jeffreys(events: np.ndarray, others: np.ndarray, level: float) -> Limits:
    """Return the equal-tailed interval of Jeffreys' prior, from 0 where there was no event and to 1 where only events.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Trials with the event and without; at least one trial per row.
    level : float
        Coverage, on average.

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Statistical Science 2001; 16: 101-133.
    """
    from scipy.special import betainccinv, betaincinv

    def low(counts: np.ndarray, rest: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
        share = betaincinv(counts + 0.5, rest + 0.5, tail)
        return np.where(counts > 0, share, 0.0), np.where(counts > 0, betainccinv(rest + 0.5, counts + 0.5, tail), 1.0)

    return _both_sides(low, events, others, (1 - level) / 2)


def wilson(events: np.ndarray, others: np.ndarray, level: float) -> Limits:
    """Return Wilson's limits: the shares that the score test, without continuity correction, does not reject.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Trials with the event and without; at least one trial per row.
    level : float
        Coverage, nearly.

    References
    ----------
    Wilson EB. Journal of the American Statistical Association 1927; 22: 209-212.
    """
    from scipy.special import ndtri

    square = float(ndtri((1 + level) / 2)) ** 2
    trials = events + others
    spread = np.sqrt(square * (square / 4 + events * others / trials))
    # The small end is written as a quotient: its textbook form subtracts two near equals, and misses 0 without events.
    more, rest = events + square / 2 + spread, others + square / 2 + spread
    whole = trials + square
    return Limits(events**2 / trials / more, rest / whole, more / whole, others**2 / trials / rest)


_Low = Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]


def _both_sides(low: _Low, events: np.ndarray, others: np.ndarray, tail: float) -> Limits:
    """Return both limits from a rule for the lower one: the upper limit of a share is the lower one of the rest."""
    share, rest = low(events, others, tail)
    other_share, other_rest = low(others, events, tail)
    return Limits(share, rest, other_rest, other_share)


def _exact_low(events: np.ndarray, others: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import betainccinv, betaincinv

    some = np.maximum(events, 1)
    share, rest = betaincinv(some, others + 1, tail), betainccinv(others + 1, some, tail)
    return np.where(events > 0, share, 0.0), np.where(events > 0, rest, 1.0)


def _midp_low(events: np.ndarray, others: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    share, rest = np.zeros(len(events)), np.ones(len(events))
    only = (events > 0) & (others == 0)
    # Half of share^n is the tail.
    power = np.log(2 * tail) / events[only]
    share[only], rest[only] = np.exp(power), -np.expm1(power)
    both = (events > 0) & (others > 0)
    if both.any():
        # Rows often repeat the same few counts, and each root takes a search.
        pairs, places = np.unique([events[both], others[both]], axis=1, return_inverse=True)
        root = _midp_root(pairs[0], pairs[1], tail)
        share[both], rest[both] = (side[places] for side in root)
    return share, rest


def _midp_root(events: np.ndarray, others: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.optimize.elementwise import find_root
    from scipy.special import expit

    def excess(log_odds: np.ndarray, counts: np.ndarray, rest: np.ndarray) -> np.ndarray:
        reached, passed = _tail(log_odds, counts, rest + 1), _tail(log_odds, counts + 1, rest)
        return (reached + passed) / 2 - tail

    # Mid-P limits lie inside the exact ones, which bracket the root.
    low, low_rest, high, high_rest = clopper_pearson(events, others, 1 - 2 * tail)
    bracket = (np.log(low) - np.log(low_rest), np.log(high) - np.log(high_rest))
    root = find_root(excess, bracket, args=(events, others)).x
    return expit(root), expit(-root)


def _tail(log_odds: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the regularised incomplete beta function at a share given by its log odds."""
    from scipy.special import betainc, betaincc, expit

    near_one = log_odds > 0
    return np.where(near_one, betaincc(second, first, expit(-log_odds)), betainc(first, second, expit(log_odds)))


LIMITS: dict[str, Callable[[np.ndarray, np.ndarray, float], Limits]] = {
    "wilson": wilson,
    "clopper_pearson": clopper_pearson,
    "midp": midp,
    "jeffreys": jeffreys,
}
