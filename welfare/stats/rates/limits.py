"""Limits of a Poisson mean from one count: exact, Byar's approximation, and mid-P."""

from __future__ import annotations

import numpy as np

Limits = tuple[np.ndarray, np.ndarray]


def exact_limits(events: np.ndarray, level: float = 0.95) -> Limits:
    """Return Garwood's exact limits of a Poisson mean.

    Parameters
    ----------
    events : array of float, shape (n,)
        Counts of events.
    level : float
        Coverage, at least, between 0 and 1.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        In events; `low` is 0 where there was none.

    References
    ----------
    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936; 28: 437-442.
    """
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    some = np.maximum(events, 1)
    low = np.where(events > 0, gammaincinv(some, tail), 0.0)
    return low, gammaincinv(events + 1, 1 - tail)


def byar_limits(events: np.ndarray, level: float = 0.95) -> Limits:
    """Return Byar's approximation to the exact limits of a Poisson mean.

    Parameters
    ----------
    events : array of float, shape (n,)
        Counts of events.
    level : float
        Coverage, nearly, between 0 and 1.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        In events; `low` is 0 where there was none.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC, Lyon, 1987, page 69.
    """
    from scipy.special import ndtri

    z = ndtri((1 + level) / 2)
    some, more = np.maximum(events, 1), events + 1
    low = some * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return np.where(events > 0, np.maximum(low, 0.0), 0.0), high


def midp_limits(events: np.ndarray, level: float = 0.95) -> Limits:
    """Return mid-P limits of a Poisson mean: the exact tails with half the probability of the count itself.

    Parameters
    ----------
    events : array of float, shape (n,)
        Counts of events.
    level : float
        Coverage on average, between 0 and 1.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        In events; `low` is 0 where there was none. They lie inside the exact limits.

    References
    ----------
    Cohen GR, Yang S-Y. Mid-P confidence intervals for the Poisson expectation. Statistics in Medicine 1994; 13:
    2189-2203.
    """
    counts, places = np.unique(events, return_inverse=True)
    pairs = np.array([_midp_pair(float(count), (1 - level) / 2) for count in counts])
    return pairs[places, 0], pairs[places, 1]


def _midp_pair(count: float, tail: float) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.stats import poisson

    def below(mean: float) -> float:
        return float(poisson.cdf(count, mean) - 0.5 * poisson.pmf(count, mean))

    # Mid-P limits lie inside the exact ones, so those bracket each root; the count itself does not, at a low level.
    low, high = (float(side[0]) for side in exact_limits(np.array([count]), 1 - 2 * tail))
    upper = brentq(lambda mean: below(mean) - tail, low, high, xtol=1e-12, rtol=1e-13)
    if count == 0:
        return 0.0, upper
    return brentq(lambda mean: 1 - below(mean) - tail, low, high, xtol=1e-12, rtol=1e-13), upper
