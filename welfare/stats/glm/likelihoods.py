"""Fitting a family of counts to the columns of a model, its own parameter (theta, alpha) included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.glm.columns import Columns
from welfare.stats.glm.distributions import Family, Fractional, NegativeBinomial1, NegativeBinomial2, Poisson
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.maximum import Maximum, maximise, unsettled
from welfare.stats.glm.solving import independent

Array = np.ndarray

# Beyond these a negative binomial is Poisson to every digit that matters, or has no mean to speak of.
_LEAST, _MOST = np.log(1e-6), np.log(1e6)


def fit_poisson(outcome: Array, columns: Columns, offset: Array, kept: Array | None = None) -> Fit:
    """Fit a Poisson model with a log link by maximum likelihood.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Counts or averages, 0 or more.
    columns : Columns
        Columns that add nothing to those before them are left out; see :func:`fitted_columns`.
    offset : array of float, shape (n,)
        Logarithm of the exposure, added with coefficient 1.
    kept : array of bool, shape (p,), optional
        Columns to estimate; found if not given.

    Raises
    ------
    NotEstimable
        If the iterations do not settle.
    """
    return _fitted(Poisson(), outcome, columns, offset, kept)


def fit_fractional(outcome: Array, columns: Columns, trials: Array, kept: Array | None = None) -> Fit:
    """Fit shares between 0 and 1 with a logit link; `trials`, shape (n,), is what each was made over, 1 if unknown."""
    return _fitted(Fractional(trials), outcome, columns, np.zeros(len(outcome)), kept)


def fit_negative_binomial(
    outcome: Array, columns: Columns, offset: Array, kept: Array | None = None, *, variance: str = "nb2"
) -> Fit:
    """Fit a negative binomial model with its own parameter estimated by maximum likelihood.

    Estimates and parameter are improved in turn until both stand still. For NB2 the two are uncorrelated in the
    expected information, so the covariance of the estimates is the one for theta as found; for NB1 it is that for alpha
    as found.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Counts.
    columns, offset, kept
        As :func:`fit_poisson`.
    variance : {"nb2", "nb1"}
        Mean + mean^2 / theta, or mean x (1 + alpha).

    Raises
    ------
    NotEstimable
        If the counts vary no more than a Poisson model allows, or the iterations do not settle.

    References
    ----------
    Venables WN, Ripley BD. Modern applied statistics with S. Springer, 2002, section 7.4. Cameron AC, Trivedi PK.
    Regression analysis of count data. Cambridge, 2013, section 3.3.
    """
    kept = independent(columns, np.ones(columns.rows)) if kept is None else kept
    fit = _fitted(Poisson(), outcome, columns, offset, kept)
    make: Callable[[float], Family] = NegativeBinomial2 if variance == "nb2" else NegativeBinomial1
    best = _best_theta if variance == "nb2" else _best_alpha
    before, maximum = np.inf, fit.maximum
    for _ in range(200):
        shape = best(outcome, maximum.linear)
        maximum = maximise(make(shape), outcome, columns, offset, kept, start=maximum)
        if abs(np.log(shape) - before) < 1e-9:
            return Fit(columns, kept, make(shape), outcome, offset, maximum)
        before = np.log(shape)
    raise unsettled("the negative binomial's own parameter")


def _fitted(family: Family, outcome: Array, columns: Columns, offset: Array, kept: Array | None) -> Fit:
    kept = independent(columns, np.ones(columns.rows)) if kept is None else kept
    maximum: Maximum = maximise(family, outcome, columns, offset, kept)
    return Fit(columns, kept, family, outcome, offset, maximum)


def _best_theta(outcome: Array, linear: Array) -> float:
    from scipy.special import digamma

    expected = np.exp(linear)

    def slope(log_theta: float) -> float:
        theta = np.exp(log_theta)
        gain = digamma(theta + outcome) - digamma(theta) + np.log(theta / (theta + expected))
        return float(np.sum(gain + (expected - outcome) / (theta + expected)))

    return _root(slope, falls_to=_LEAST, rises_to=_MOST, no_spread_at=_MOST)


def _best_alpha(outcome: Array, linear: Array) -> float:
    from scipy.special import digamma

    expected = np.exp(linear)

    def slope(log_alpha: float) -> float:
        alpha = np.exp(log_alpha)
        size = expected / alpha
        by_size = digamma(outcome + size) - digamma(size) - np.log1p(alpha)
        return float(np.sum(-size * by_size + outcome - (size + outcome) * alpha / (1 + alpha)))

    return _root(slope, falls_to=-_MOST, rises_to=-_LEAST, no_spread_at=-_MOST)


def _root(slope: Callable[[float], float], *, falls_to: float, rises_to: float, no_spread_at: float) -> float:
    """Return where the slope by the logarithm of the parameter is 0; refuse if the likelihood rises to either end."""
    from scipy.optimize import brentq

    low, high = slope(falls_to), slope(rises_to)
    if low <= 0 or high >= 0:
        too_even = (low <= 0) if no_spread_at == falls_to else (high >= 0)
        raise NotEstimable(
            "the counts vary no more than chance allows, so the negative binomial has no parameter of its own"
            if too_even
            else "the counts vary beyond what a negative binomial can describe",
            where="count_model(family='negative_binomial')",
            spoiled="Any value would be a guess, and every standard error with it.",
            todo="Use family='poisson'.",
        )
    return float(np.exp(brentq(slope, falls_to, rises_to, xtol=1e-13)))


__all__ = ["Fractional", "fit_fractional", "fit_negative_binomial", "fit_poisson"]
