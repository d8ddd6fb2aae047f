"""A model of a series fitted, and the covariance of its estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.design.separation import separated_rows
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.glm.columns import Columns
from welfare.stats.glm.distributions import NegativeBinomial2
from welfare.stats.glm.likelihoods import fit_negative_binomial, fit_poisson
from welfare.stats.glm.solving import independent
from welfare.stats.series.newey_west import newey_west

Array = np.ndarray

_STILL = 1e-10


@dataclass(frozen=True)
class Fitted:
    """A model of n rows with k columns.

    Attributes
    ----------
    names : list of k str
        Terms.
    columns : array, shape (n, k)
    estimates : array, shape (k,)
        Logarithms of ratios; differences for the gaussian family.
    bread : array, shape (k, k)
        Inverse information, the dispersion taken as 1.
    scores : array, shape (n, k)
        What each row adds to the derivative of the log likelihood.
    expected : array, shape (n,)
    variance : array, shape (n,)
        Of the outcome, the dispersion taken as 1.
    dispersion : float
        Pearson's chi-squared over n - k; for the gaussian family the residual variance.
    theta : float or None
        Of the negative binomial: variance = mean + mean^2 / theta.
    """

    names: list[str]
    columns: Array
    estimates: Array
    bread: Array
    scores: Array
    expected: Array
    variance: Array
    dispersion: float
    theta: float | None


def fit_series(outcome: Array, exposure: Array | None, names: list[str], columns: Array, family: str) -> Fitted:
    """Fit a model to a series.

    Parameters
    ----------
    outcome : array, shape (n,)
    exposure : array, shape (n,), or None
        Above 0.
    names, columns
        Of :func:`welfare.stats.series.terms.columns_of`.
    family : {"poisson", "quasipoisson", "negative_binomial", "gaussian"}

    Raises
    ------
    NotEstimable
        If a column repeats others, rows are no more than columns, an estimate runs to infinity, or nothing varies.
    """
    rows, terms = columns.shape
    kept = independent(Columns(columns), np.ones(rows))
    if not kept.all():
        raise NotEstimable(
            f"{names[int(np.argmin(kept))]} cannot be told apart from the other terms",
            where="interrupted_series",
            spoiled="Its estimate would be a guess.",
            todo="Ask for fewer terms (harmonics, slope, trend), or bring more periods.",
        )
    if rows <= terms:
        raise NotEstimable(
            f"{rows} rows cannot carry {terms} terms",
            where="interrupted_series",
            spoiled="The model would repeat the data, chance and all.",
            todo="Ask for fewer terms, or bring more periods.",
        )
    found = (
        _least_squares(outcome, names, columns)
        if family == "gaussian"
        else _counts(outcome, exposure, names, columns, family)
    )
    size = max(float(np.abs(outcome).max()), 1e-300)
    if np.abs(outcome - found.expected).max() <= _STILL * size:
        raise NotEstimable(
            "the outcome does not vary about the model",
            where="interrupted_series",
            spoiled="Every interval would have no width.",
            todo="Look whether the periods were recorded one by one, or filled in.",
        )
    return found


def _least_squares(outcome: Array, names: list[str], columns: Array) -> Fitted:
    rows, terms = columns.shape
    basis, triangle = np.linalg.qr(columns)
    estimates = np.linalg.solve(triangle, basis.T @ outcome)
    root = np.linalg.inv(triangle)
    expected = columns @ estimates
    left = outcome - expected
    return Fitted(
        names=names,
        columns=columns,
        estimates=estimates,
        bread=root @ root.T,
        scores=columns * left[:, None],
        expected=expected,
        variance=np.ones(rows),
        dispersion=float(left @ left) / (rows - terms),
        theta=None,
    )


def _counts(outcome: Array, exposure: Array | None, names: list[str], columns: Array, family: str) -> Fitted:
    plain = Columns(columns)
    if separated_rows(outcome, plain).any():
        raise NotEstimable(
            "an estimate runs to infinity: some span of periods, or some part of the season, counted nothing",
            where="interrupted_series",
            spoiled="A ratio of nothing to something has no finite size.",
            todo="Use longer periods or fewer terms.",
        )
    offset = np.zeros(len(outcome)) if exposure is None else np.log(exposure)
    turned = plain.orthogonal()
    fit = (
        fit_negative_binomial(outcome, turned, offset)
        if family == "negative_binomial"
        else fit_poisson(outcome, turned, offset)
    )
    return Fitted(
        names=names,
        columns=columns,
        estimates=fit.estimates,
        bread=fit.inverse,
        scores=columns * fit.slopes[:, None],
        expected=fit.expected,
        variance=fit.family.variance(fit.maximum.linear),
        dispersion=fit.pearson / (len(outcome) - columns.shape[1]),
        theta=fit.family.theta if isinstance(fit.family, NegativeBinomial2) else None,
    )


@dataclass(frozen=True)
class Doubt:
    """How sure the estimates are.

    Attributes
    ----------
    covariance : array, shape (k, k)
    degrees : float
        Of Student's t; infinite for the normal.
    lags : int or None
        Periods over which neighbours may be alike; None for errors of the model.
    words : str
        How errors were made, in a sentence.
    """

    covariance: Array
    degrees: float
    lags: int | None
    words: str


def doubt(found: Fitted, place: Array, family: str, lags: int | None) -> Doubt:
    """Return the covariance of estimates, and what intervals are read with.

    Parameters
    ----------
    found : Fitted
    place : array of int, shape (n,)
        Period of each row.
    family : str
    lags : int or None
        Of Newey and West; None to trust the model.
    """
    periods = len(np.unique(place))
    free = periods - sum(not name.startswith("unit ") for name in found.names)
    estimated = family in ("quasipoisson", "gaussian")
    small = periods < MANY_CLUSTERS if lags is not None or family == "quasipoisson" else False
    degrees = float(max(free, 1)) if small or (family == "gaussian" and lags is None) else np.inf
    by = "the normal" if np.isinf(degrees) else f"Student's t with {degrees:.0f} degrees of freedom"
    if lags is None:
        scale = found.dispersion if estimated else 1.0
        words = (
            f"Errors trust the model{f', times the dispersion {scale:.4g}' if family == 'quasipoisson' else ''}, and "
            f"take periods as independent given its terms; intervals use {by}."
        )
        return Doubt(found.bread * scale, degrees, None, words)
    words = (
        f"Errors allow periods up to {lags} apart to be alike (Newey and West, Bartlett's weights, times n / (n - k)); "
        f"intervals use {by}."
    )
    return Doubt(newey_west(found.scores, place, found.bread, lags), degrees, lags, words)
