"""What one row adds to the log likelihood and how that bends with its linear predictor, for each family of counts.

Compiled, and so kept from whoever does not fit a mixed model: numba takes half a second to import.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, expit, gammaln

from welfare.stats.compiled import compiled

POISSON, BINOMIAL, NB2 = 0, 1, 2
FAMILIES = {"poisson": POISSON, "binomial": BINOMIAL, "nb2": NB2}


@compiled()
def _share(eta: float) -> float:
    """Return the logistic function, without overflow on either side."""
    if eta >= 0:
        return 1 / (1 + np.exp(-eta))
    odds = np.exp(eta)
    return odds / (1 + odds)


@compiled()
def _log1p_exp(eta: float) -> float:
    return max(eta, 0.0) + np.log1p(np.exp(-abs(eta)))


@compiled()
def value_and_slopes(
    family: int, count: float, trials: float, eta: float, log_theta: float
) -> tuple[float, float, float]:
    """Return the log likelihood of one row less its constants, its slope in eta, and its slope in log theta.

    Parameters
    ----------
    family : int
        POISSON, BINOMIAL or NB2.
    count, trials : float
        The outcome; trials matter to BINOMIAL only.
    eta : float
        Linear predictor, exposure included.
    log_theta : float
        NB2 only: variance = mean + mean^2 / theta.
    """
    if family == POISSON:
        mean = np.exp(eta)
        return count * eta - mean, count - mean, 0.0
    if family == BINOMIAL:
        return count * eta - trials * _log1p_exp(eta), count - trials * _share(eta), 0.0
    theta, share = np.exp(log_theta), _share(eta - log_theta)
    log_sum = log_theta + _log1p_exp(eta - log_theta)
    slope = count - (count + theta) * share
    return count * eta - (count + theta) * log_sum, slope, -theta * log_sum - (count + theta) * (1 - share)


@compiled()
def slope_and_bend(family: int, count: float, trials: float, eta: float, log_theta: float) -> tuple[float, float]:
    """Return the first and second derivative in eta; the second is never above zero. Parameters as above."""
    if family == POISSON:
        mean = np.exp(eta)
        return count - mean, -mean
    total, share = trials, _share(eta)
    if family == NB2:
        total, share = count + np.exp(log_theta), _share(eta - log_theta)
    return count - total * share, -total * share * (1 - share)


@compiled()
def higher_slopes(
    family: int, count: float, trials: float, eta: float, log_theta: float
) -> tuple[float, float, float, float]:
    """Return the second and third derivative in eta, and what the first and second gain with log theta."""
    if family == POISSON:
        mean = np.exp(eta)
        return -mean, -mean, 0.0, 0.0
    if family == BINOMIAL:
        share = _share(eta)
        bend = -trials * share * (1 - share)
        return bend, bend * (1 - 2 * share), 0.0, 0.0
    theta, share = np.exp(log_theta), _share(eta - log_theta)
    spread = share * (1 - share)
    third = -(count + theta) * spread * (1 - 2 * share)
    return -(count + theta) * spread, third, (count + theta) * spread - theta * share, -theta * spread - third


@compiled()
def row_slopes(
    family: int, counts: np.ndarray, trials: np.ndarray, eta: np.ndarray, log_theta: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and second derivative in eta of every row, each of shape (n,)."""
    first, second = np.empty(len(eta)), np.empty(len(eta))
    for i in range(len(eta)):
        first[i], second[i] = slope_and_bend(family, counts[i], trials[i], eta[i], log_theta)
    return first, second


def constants(family: int, counts: np.ndarray, trials: np.ndarray, log_theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what of each row's log likelihood does not depend on eta, and its slope in log theta, each (n,)."""
    if family == POISSON:
        return -gammaln(counts + 1), np.zeros(len(counts))
    if family == BINOMIAL:
        ways = gammaln(trials + 1) - gammaln(counts + 1) - gammaln(trials - counts + 1)
        return np.asarray(ways), np.zeros(len(counts))
    theta = np.exp(log_theta)
    value = gammaln(counts + theta) - gammaln(theta) - gammaln(counts + 1) + theta * log_theta
    slope = theta * (digamma(counts + theta) - digamma(theta) + log_theta + 1)
    return np.asarray(value), np.asarray(slope)


def means(family: int, trials: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Return the expected count of each row, shape (n,)."""
    return np.asarray(trials * expit(eta) if family == BINOMIAL else np.exp(eta))


def marginal_means(family: int, trials: np.ndarray, eta: np.ndarray, sd: float) -> np.ndarray:
    """Return the expected count of each row averaged over all groups there could be, shape (n,).

    With a log link that is exp(eta + sd^2 / 2); with a logit it is an integral without a closed form,
    taken at 60 points.
    """
    if family != BINOMIAL:
        return np.asarray(np.exp(eta + sd**2 / 2))
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    share = sum(weight * expit(eta + sd * point) for point, weight in zip(points, weights, strict=True))
    return np.asarray(trials * share / weights.sum())
