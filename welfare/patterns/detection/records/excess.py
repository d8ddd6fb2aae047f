"""How surely there are more zeros than a model of counts expects: a score test, a likelihood ratio and its profile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.errors import NotEstimable
from welfare.patterns.detection.records.zero_inflated import Counts, Inflated, fit_counts, more_zeros_fit_better


def score_p(data: Counts, poisson: Inflated) -> float:
    """Return the one-sided p-value of van den Broek's score test of more zeros than a Poisson model expects.

    References
    ----------
    van den Broek J. Biometrics 1995; 51: 738-743.
    """
    from scipy.special import ndtr

    mean, columns = -np.log(poisson.none), data.terms.columns
    score = float(np.sum(((data.counts == 0) - poisson.none) / poisson.none))
    # Variance of the score once the coefficients have been fitted to the same counts.
    swept = np.linalg.solve((columns.T * mean) @ columns, columns.T @ mean)
    variance = float(np.sum(1 / poisson.none - 1) - (columns.T @ mean) @ swept)
    return float(ndtr(-score / np.sqrt(variance))) if variance > 0 else np.nan


class Excess(NamedTuple):
    """The share of rows that can only be zero, beyond the zeros of a count model.

    Attributes
    ----------
    share, low, high : float
        Estimate and profile-likelihood interval.
    p_value : float
        Likelihood ratio against no such rows, whose distribution is half chi-squared and half nothing.
    family : {"poisson", "negative_binomial"}
        Of the counts.
    plain : Inflated
        The model without such rows.
    inflated : Inflated or None
        With them; None where the best share is 0.
    """

    share: float
    low: float
    high: float
    p_value: float
    family: str
    plain: Inflated
    inflated: Inflated | None


def excess_share(data: Counts, *, level: float | None, where: str) -> Excess:
    """Estimate the share that can only be zero, negative binomial counts allowed for where they vary enough.

    Parameters
    ----------
    data : Counts
    level : float or None
        Coverage; None for no interval.
    where : str
        For errors.

    Raises
    ------
    NotEstimable
        If neither model can be fitted.
    """
    try:
        return _share_beyond(data, "negative_binomial", level, where)
    except NotEstimable:
        return _share_beyond(data, "poisson", level, where)


def _share_beyond(data: Counts, family: str, level: float | None, where: str) -> Excess:
    from scipy.special import ndtr
    from scipy.stats import chi2

    plain = fit_counts(data, family, inflated=False, where=where)
    best = _best(data, family, plain, where)
    share, loglik = (0.0, plain.loglik) if best is None else (best.share, best.loglik)
    gain = max(loglik - plain.loglik, 0.0)
    limits = (
        (np.nan, np.nan)
        if level is None or len(data.zeros.names) > 1
        else _profile(data, family, share, loglik - float(chi2.ppf(level, 1)) / 2, where)
    )
    p_value = float(ndtr(-np.sqrt(2 * gain))) if gain > 0 else 1.0
    return Excess(share, *limits, p_value, family, plain, best)


def _best(data: Counts, family: str, plain: Inflated, where: str) -> Inflated | None:
    """Return the fit with rows that can only be zero, or None where the plain one is no worse."""
    try:
        fit = fit_counts(data, family, inflated=True, where=where)
    except NotEstimable:
        if family == "negative_binomial" and more_zeros_fit_better(data, plain):
            raise  # with those rows set aside the counts are Poisson
        return None
    return fit if fit.loglik > plain.loglik else None


def _profile(data: Counts, family: str, share: float, enough: float, where: str) -> tuple[float, float]:
    """Return the shares below and above the best at which the likelihood, the rest refitted, has fallen to `enough`."""
    from scipy.optimize import brentq

    start: np.ndarray | None = None

    def above(at: float) -> float:
        nonlocal start
        try:
            fit = fit_counts(data, family, inflated=True, where=where, fixed_share=at, start=start)
            start = fit.climbed.estimates
        except NotEstimable:
            fit = fit_counts(data, "poisson", inflated=True, where=where, fixed_share=at)
        return fit.loglik - enough

    most = float((data.counts == 0).mean())
    low = 0.0 if share <= 1e-6 or above(0.0) >= 0 else float(brentq(above, 0.0, share, xtol=1e-5))
    end = min(most + 0.5 * (1 - most), 0.999)
    high = end if above(end) >= 0 else float(brentq(above, share, end, xtol=1e-5))
    return low, high


__all__ = ["Excess", "excess_share", "score_p"]
