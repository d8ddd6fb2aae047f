"""Maximum likelihood for counts, Poisson or negative binomial, and the covariance of its estimates."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from welfare.errors import NotEstimable


@dataclass(frozen=True)
class Fit:
    """A fitted count model in plain arrays; n rows, k estimates.

    Attributes
    ----------
    design : array, shape (n, k)
        Columns of the model.
    estimates : array, shape (k,)
        Logarithms of ratios.
    expected : array, shape (n,)
        Expected counts.
    weights : array, shape (n,)
        What each row adds to the expected information.
    scores : array, shape (n, k)
        What each row adds to the derivative of the log likelihood.
    inverse : array, shape (k, k)
        Inverse of the expected information: the covariance if the model's variance is right.
    loglik, pearson : float
        Log likelihood, and Pearson's chi-squared.
    theta : float or None
        Negative binomial: variance = mean + mean^2 / theta.
    """

    design: np.ndarray
    estimates: np.ndarray
    expected: np.ndarray
    weights: np.ndarray
    scores: np.ndarray
    inverse: np.ndarray
    loglik: float
    pearson: float
    theta: float | None


def fit_poisson(counts: np.ndarray, design: np.ndarray, log_exposure: np.ndarray) -> Fit:
    """Fit a Poisson model with a log link by maximum likelihood.

    Parameters
    ----------
    counts : array, shape (n,)
        Outcome, 0 or more.
    design : array, shape (n, k)
        Full-rank columns.
    log_exposure : array, shape (n,)
        Logarithm of the exposure, added with coefficient 1.

    Returns
    -------
    Fit

    Raises
    ------
    NotEstimable
        If the iterations do not settle.
    """
    from statsmodels.genmod.families import Poisson

    return _fit(counts, design, log_exposure, Poisson(), theta=None)


def fit_negative_binomial(counts: np.ndarray, design: np.ndarray, log_exposure: np.ndarray) -> Fit:
    """Fit a negative binomial model (NB2, log link) with its theta estimated by maximum likelihood.

    Estimates and theta are improved in turn until theta stands still; the two are uncorrelated in the
    expected information, so the covariance of the estimates is the one for theta as found.

    Parameters
    ----------
    counts : array, shape (n,)
        Outcome, 0 or more.
    design : array, shape (n, k)
        Full-rank columns.
    log_exposure : array, shape (n,)
        Logarithm of the exposure, added with coefficient 1.

    Returns
    -------
    Fit

    Raises
    ------
    NotEstimable
        If the counts vary no more than a Poisson model allows, or the iterations do not settle.

    References
    ----------
    Venables WN, Ripley BD. Modern applied statistics with S. Springer, 2002, section 7.4.
    """
    from statsmodels.genmod.families import NegativeBinomial

    fit = fit_poisson(counts, design, log_exposure)
    log_theta = np.inf
    for _ in range(200):
        theta = _best_theta(counts, fit.expected)
        fit = _fit(counts, design, log_exposure, NegativeBinomial(alpha=1 / theta), theta=theta, start=fit.estimates)
        if abs(np.log(theta) - log_theta) < 1e-10:
            return fit
        log_theta = np.log(theta)
    raise _unsettled("the negative binomial theta")


def _best_theta(counts: np.ndarray, expected: np.ndarray) -> float:
    from scipy.optimize import brentq
    from scipy.special import digamma

    def slope(log_theta: float) -> float:
        theta = np.exp(log_theta)
        gain = digamma(theta + counts) - digamma(theta) + np.log(theta / (theta + expected))
        return float(np.sum(gain + (expected - counts) / (theta + expected)))

    low, high = np.log(1e-6), np.log(1e5)
    if slope(high) >= 0 or slope(low) <= 0:
        raise NotEstimable(
            "the counts vary no more than chance allows, so the negative binomial has no theta",
            where="count_model(family='negative_binomial')",
            spoiled="Any theta would be a guess, and every standard error with it.",
            todo="Use family='poisson'.",
        )
    return float(np.exp(brentq(slope, low, high, xtol=1e-13)))


def _unsettled(what: str) -> NotEstimable:
    return NotEstimable(
        f"{what} did not settle",
        where="count_model",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Use fewer terms, or bring columns to similar sizes (thousands of animals rather than animals).",
    )


def _fit(
    counts: np.ndarray,
    design: np.ndarray,
    log_exposure: np.ndarray,
    family: Any,
    *,
    theta: float | None,
    start: np.ndarray | None = None,
) -> Fit:
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings():
        # Separation was settled exactly beforehand; statsmodels takes any perfect fit for it.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        result = GLM(counts, design, family=family, offset=log_exposure).fit(
            start_params=start, maxiter=200, tol=1e-10, rtol=1e-12
        )
    if not (result.converged and np.isfinite(result.params).all()):
        raise _unsettled("the fit")
    expected = np.asarray(result.mu)
    shrink = 1 / (1 + expected / theta) if theta else np.ones(len(counts))
    weights = expected * shrink
    # Not result.cov_params(): its robust variants silently differ from their names in statsmodels 0.15.
    information = design.T @ (design * weights[:, None])
    return Fit(
        design=design,
        estimates=np.asarray(result.params),
        expected=expected,
        weights=weights,
        scores=design * ((counts - expected) * shrink)[:, None],
        inverse=_inverse(information),
        loglik=float(result.llf),
        pearson=float(np.sum((counts - expected) ** 2 * shrink / expected)),
        theta=theta,
    )


def _inverse(information: np.ndarray) -> np.ndarray:
    # Columns of very different size (a year, a count of animals) spoil a plain inverse; on one scale they do not.
    sizes = np.sqrt(np.diag(information))
    return np.asarray(np.linalg.inv(information / np.outer(sizes, sizes)) / np.outer(sizes, sizes))


def robust_covariance(fit: Fit, groups: np.ndarray | None) -> np.ndarray:
    """Return the sandwich covariance with the CR1 correction, or HC1 where each row stands alone.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    groups : array of int, shape (n,), or None
        Number of the cluster of each row, from 0; None if each row is its own.

    Returns
    -------
    array, shape (k, k)
        With G clusters, G/(G-1) x (n-1)/(n-k) times the plain sandwich; with each row its own
        cluster that is n/(n-k), HC1. Sums run in the order of the cluster numbers, so the same rows
        give the same digits.

    References
    ----------
    Liang K-Y, Zeger SL. Biometrika 1986; 73: 13-22. Zeileis A, Koell S, Graham N. Journal of
    Statistical Software 2020; 95(1) (sandwich::vcovCL, type HC1).
    """
    n, k = fit.design.shape
    sums = fit.scores if groups is None else grouped_sums(fit.scores, groups)
    many = len(sums)
    plain = fit.inverse @ (sums.T @ sums) @ fit.inverse
    return np.asarray(plain * (many / (many - 1)) * ((n - 1) / (n - k)))


def grouped_sums(rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Add up rows by group.

    Parameters
    ----------
    rows : array, shape (n, k)
        What to add.
    groups : array of int, shape (n,)
        Group of each row, numbered from 0 without a gap.

    Returns
    -------
    array, shape (G, k)
    """
    return np.column_stack([np.bincount(groups, weights=column) for column in rows.T])
