"""The covariance of estimates where periods near one another are alike (Newey and West)."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def automatic_lags(periods: int) -> int:
    """Return how many lags to allow for: the whole part of 4 (T / 100) to the power 2/9, but no more than T - 2.

    Parameters
    ----------
    periods : int
        T, from the first to the last, those without a row among them.

    References
    ----------
    Newey WK, West KD. Automatic lag selection in covariance matrix estimation. Review of Economic Studies 1994; 61:
    631-653.
    """
    return max(0, min(int(4 * (periods / 100) ** (2 / 9)), periods - 2))


def long_run(scores: Array, place: Array, lags: int) -> Array:
    """Return the sum of products of scores with those up to so many periods away, weighed down with distance.

    Parameters
    ----------
    scores : array of float, shape (n, k)
        Derivatives of each row's log likelihood.
    place : array of int, shape (n,)
        Period of each row, from 0 on; periods without a row count as time that passed. Scores of several rows of one
        period are added up first, so that places that share shocks are not taken as independent (Driscoll and Kraay).
    lags : int
        Bartlett's weights: 1 - j / (lags + 1) at a distance of j periods.

    Returns
    -------
    array of float, shape (k, k)

    References
    ----------
    Newey WK, West KD. Econometrica 1987; 55: 703-708. Driscoll JC, Kraay AC. Review of Economics and Statistics 1998;
    80: 549-560.
    """
    sums = np.zeros((int(place.max()) + 1, scores.shape[1]))
    np.add.at(sums, place, scores)
    total = sums.T @ sums
    for distance in range(1, min(lags, len(sums) - 1) + 1):
        beside = sums[distance:].T @ sums[:-distance]
        total += (1 - distance / (lags + 1)) * (beside + beside.T)
    return np.asarray(total)


def newey_west(scores: Array, place: Array, bread: Array, lags: int, *, adjust: bool = True) -> Array:
    """Return the covariance of estimates, shape (k, k).

    Parameters
    ----------
    scores, place, lags
        As :func:`long_run`.
    bread : array, shape (k, k)
        Inverse information of the estimates.
    adjust : bool
        Whether to multiply by n / (n - k).
    """
    rows, terms = scores.shape
    factor = rows / (rows - terms) if adjust else 1.0
    return np.asarray(bread @ long_run(scores, place, lags) @ bread * factor)
