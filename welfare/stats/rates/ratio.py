"""Limits and p-values of the ratio of two Poisson rates, from plain arrays of counts and exposures."""

from __future__ import annotations

import numpy as np

from welfare.stats.rates import shares

_OF_THE_SHARE = {"exact": shares.clopper_pearson, "midp": shares.midp, "score": shares.wilson}


def ratio_limits(
    events: np.ndarray, others: np.ndarray, odds: np.ndarray, method: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return limits of the ratio of two rates.

    Given the total, the events of one side are binomial, with odds equal to the ratio of the rates times that of the
    exposures; limits of the share therefore are limits of the ratio.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Counts of the two sides; at least one event per row.
    odds : array of float, shape (n,)
        Exposure over the other side's exposure.
    method : {"exact", "midp", "score", "wald"}
        As in :func:`welfare.stats.rates.compare.rate_ratio`.
    level : float
        Coverage.

    Returns
    -------
    low, high : arrays of float, shape (n,)
        Zero and infinity where a side has no event.
    """
    if method == "wald":
        return _wald_limits(events, others, odds, level)
    found = _OF_THE_SHARE[method](events, others, level)
    with np.errstate(divide="ignore"):
        return found.low / found.low_rest / odds, found.high / found.high_rest / odds


def ratio_p(events: np.ndarray, others: np.ndarray, odds: np.ndarray, method: str) -> np.ndarray:
    """Return the two-sided p-value of equal rates that belongs to the limits.

    Parameters
    ----------
    events, others : arrays of float, shape (n,)
        Counts of the two sides; at least one event per row.
    odds : array of float, shape (n,)
        Exposure over the other side's exposure.
    method : {"exact", "midp", "score", "wald"}
        Exact and mid-P: twice the smaller tail, at most 1.

    Returns
    -------
    array of float, shape (n,)
    """
    from scipy.special import ndtr
    from scipy.stats import binom

    total, share = events + others, odds / (1 + odds)
    if method in ("exact", "midp"):
        own = binom.pmf(events, total, share) / 2 if method == "midp" else 0.0
        below, above = binom.cdf(events, total, share) - own, binom.sf(events - 1, total, share) - own
        return np.minimum(2 * np.minimum(below, above), 1.0)
    if method == "score":
        z = (events - total * share) / np.sqrt(total * share * (1 - share))
        return 2 * ndtr(-np.abs(z))
    centre, error = _logs(events, others, odds)
    return 2 * ndtr(-np.abs(centre) / error)


def _wald_limits(
    events: np.ndarray, others: np.ndarray, odds: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtri

    centre, error = _logs(events, others, odds)
    half = float(ndtri((1 + level) / 2)) * error
    # Without events on a side the error of the logarithm outgrows it: the limits say nothing, from 0 to infinity.
    return np.exp(centre - half), np.exp(centre + half)


def _logs(events: np.ndarray, others: np.ndarray, odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = (events > 0) & (others > 0)
    first, second = np.where(both, events, 1.0), np.where(both, others, 1.0)
    error = np.where(both, np.sqrt(1 / first + 1 / second), np.inf)
    return np.where(both, np.log(first / second / odds), 0.0), error
