"""Counts with more zeros than their mean and spread explain: zero-inflated Poisson and negative binomial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.patterns.detection.design import Climbed, Terms, climb

_LOG_SERIES = -9.0
_POISSON = 9.0  # log theta beyond which a negative binomial is Poisson


@dataclass(frozen=True)
class Counts:
    """Counts to model; n rows.

    Attributes
    ----------
    counts, log_exposure : array of float, shape (n,)
    terms : Terms
        Of the log mean.
    zeros : Terms
        Of the logit of the share that can only be zero.
    """

    counts: np.ndarray
    log_exposure: np.ndarray
    terms: Terms
    zeros: Terms


@dataclass(frozen=True)
class Inflated:
    """A fitted model of counts, with a share of rows that can only be zero or without.

    Attributes
    ----------
    climbed : Climbed
        Coefficients of the log mean, of the logit of the share (if any), and log theta (negative binomial), on
        orthogonal columns.
    family : {"poisson", "negative_binomial"}
    inflated : bool
    loglik : float
    none : array, shape (n,)
        Chance of a zero of each row's count, the rows that can only be zero left aside.
    share : float
        Mean share of rows that can only be zero; 0 if not inflated.
    theta : float or None
    """

    climbed: Climbed
    family: str
    inflated: bool
    loglik: float
    none: np.ndarray
    share: float
    theta: float | None


def fit_counts(
    data: Counts,
    family: str,
    *,
    inflated: bool,
    where: str,
    fixed_share: float | None = None,
    start: np.ndarray | None = None,
) -> Inflated:
    """Fit by maximum likelihood.

    Parameters
    ----------
    data : Counts
    family : {"poisson", "negative_binomial"}
    inflated : bool
        Whether a share of rows can only be zero.
    where : str
        For errors.
    fixed_share : float, optional
        That share, not to be estimated: for profiles of the likelihood.
    start : array, optional
        Where to begin.

    Raises
    ------
    NotEstimable
        If every count is 0, or an estimate runs to a bound.
    """
    if not data.counts.any():
        raise NotEstimable(
            "every count is 0",
            where=where,
            spoiled="How many zeros counts of such a mean leave cannot be told.",
            todo="Say that nothing was found, over how much.",
        )
    likelihood = _Likelihood(data, family, inflated and fixed_share is None, fixed_share or 0.0)
    todo = "Use fewer terms, or the model without excess zeros, or the Poisson one."
    climbed = climb(likelihood, likelihood.start() if start is None else start, len(data.counts), where, todo)
    if family == "negative_binomial" and climbed.estimates[-1] > _POISSON:
        raise NotEstimable(
            "the counts vary no more than the Poisson model allows",
            where=where,
            spoiled="Theta would be infinite.",
            todo="Use the Poisson model.",
        )
    if family == "negative_binomial" and climbed.estimates[-1] < _LOG_SERIES:
        raise NotEstimable(
            "the counts vary more than any negative binomial allows",
            where=where,
            spoiled="Theta would be 0.",
            todo="Look at the few largest counts.",
        )
    _, none, share = likelihood.parts(climbed.estimates)
    theta = float(np.exp(climbed.estimates[-1])) if family == "negative_binomial" else None
    return Inflated(climbed, family, inflated, climbed.loglik, none, float(share.mean()), theta)


def more_zeros_fit_better(data: Counts, fit: Inflated) -> bool:
    """Whether the likelihood rises when a small share of rows is taken to be zero whatever their mean."""
    return bool(np.sum(1 / fit.none[data.counts == 0]) > len(data.counts))


@dataclass(frozen=True)
class _Likelihood:
    data: Counts
    family: str
    estimated: bool
    fixed: float

    def start(self) -> np.ndarray:
        data = self.data
        first = np.zeros(len(data.terms.names))
        rate = data.counts.sum() / np.exp(data.log_exposure).sum()
        first[0] = np.sign(data.terms.columns[0, 0]) * np.log(rate / max(1 - self.fixed, 0.1))
        parts = [first]
        if self.estimated:
            zeros = np.zeros(len(data.zeros.names))
            zeros[0] = -1.0 * np.sign(data.zeros.columns[0, 0])
            parts.append(zeros)
        return np.concatenate([*parts, [0.0] * (self.family == "negative_binomial")])

    def parts(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each row's mean, its chance of a zero, and the chance that it can only be zero."""
        from scipy.special import expit

        data, k = self.data, len(self.data.terms.names)
        mean = np.exp(data.terms.columns @ parameters[:k] + data.log_exposure)
        share = np.full(len(mean), self.fixed)
        if self.estimated:
            share = expit(data.zeros.columns @ parameters[k : k + len(data.zeros.names)])
        if self.family == "poisson":
            return mean, np.exp(-mean), share
        theta = np.exp(parameters[-1])
        return mean, np.exp(-theta * np.log1p(mean / theta)), share

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        data = self.data
        mean, none, share = self.parts(parameters)
        value, by_linear, by_theta = self._count_terms(mean, parameters[-1])
        zero = data.counts == 0
        together = share + (1 - share) * none
        each = np.where(zero, np.log(together), np.log1p(-share) + value)
        weight = np.where(zero, (1 - share) * none / together, 1.0)  # chance that the row's count came of the mean
        slope = [data.terms.columns.T @ (weight * by_linear)]
        if self.estimated:
            slope.append(data.zeros.columns.T @ ((1 - weight) - share))
        if self.family == "negative_binomial":
            slope.append(np.array([np.sum(weight * by_theta)]))
        return float(each.sum()), np.concatenate(slope)

    def _count_terms(self, mean: np.ndarray, log_theta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each row's log likelihood of its count, its slope in the log mean, and in log theta."""
        from scipy.special import digamma, gammaln

        counts = self.data.counts
        if self.family == "poisson":
            value = counts * np.log(mean) - mean - gammaln(counts + 1)
            return value, counts - mean, np.zeros(len(counts))
        theta = np.exp(log_theta)
        log_share = -np.log1p(mean / theta)  # log of theta / (theta + mean)
        value = (
            gammaln(counts + theta)
            - gammaln(theta)
            - gammaln(counts + 1)
            + theta * log_share
            + counts * (np.log(mean) - log_theta + log_share)
        )
        by_theta = digamma(counts + theta) - digamma(theta) + log_share + 1 - (counts + theta) / (theta + mean)
        return value, (counts - mean) * theta / (theta + mean), theta * by_theta


__all__ = ["Counts", "Inflated", "fit_counts", "more_zeros_fit_better"]
