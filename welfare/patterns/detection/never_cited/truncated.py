"""Counts of which no zero can be seen: zero-truncated models of them, and how many zeros they imply."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.patterns.detection.design import Climbed, Terms, climb

_POISSON = 8.0  # log theta beyond which a negative binomial is Poisson to the digits that matter
_LOG_SERIES = -7.0  # log theta below which the implied number of zeros grows without end


@dataclass(frozen=True)
class Truncated:
    """A fitted zero-truncated model of n units' counts.

    Attributes
    ----------
    climbed : Climbed
        Coefficients of the log mean on orthogonal columns, then log theta (negative binomial).
    terms : Terms
    chance : array, shape (n,)
        That a unit like each is counted at all.
    total, std_error : float
        Horvitz-Thompson estimate of all units, those never counted included, and its error (van der Heijden 2003): of
        the coefficients, and of who happened to be counted.
    theta : float or None
    """

    climbed: Climbed
    terms: Terms
    chance: np.ndarray
    total: float
    std_error: float
    theta: float | None


def fit_truncated(counts: np.ndarray, terms: Terms, visits: np.ndarray, family: str, where: str) -> Truncated:
    """Fit a zero-truncated model by maximum likelihood.

    Parameters
    ----------
    counts : array of float, shape (n,)
        1 or more.
    terms : Terms
    visits : array of float, shape (n,)
        What each count was made over: the exposure of the mean, or the trials of the binomial. Ones if unknown.
    family : {"poisson", "negative_binomial", "binomial"}
    where : str
        For errors.

    Raises
    ------
    NotEstimable
        If every count is 1, or the negative binomial lies on a bound: no more spread than Poisson, or so much that
        endlessly many were never counted.
    """
    if (counts == 1).all():
        raise NotEstimable(
            "every cited facility was cited once",
            where=where,
            spoiled="Infinitely many never cited would fit best.",
            todo="Say so; no number can be given.",
        )
    todo = "Use the Poisson model, or Chao's lower bound, which needs no such fit."
    start = np.zeros(len(terms.names))
    rate = max(counts.mean() - 1, 0.05) / visits.mean()
    start[0] = np.sign(terms.columns[0, 0]) * (np.log(rate) if family != "binomial" else np.log(rate / (1.1 - rate)))
    given = (counts, terms.columns, visits)
    likelihood: _Likelihood = _Binomial(*given) if family == "binomial" else _Poisson(*given)
    fit = climb(likelihood, start, len(counts), where, todo)
    if family == "negative_binomial":
        likelihood = _NegativeBinomial(*given)
        fit = _with_theta(likelihood, fit, where, todo)
    chance_of = likelihood.counted
    chance = chance_of(fit.estimates)
    steps = 1e-5 * np.eye(len(fit.estimates))
    slope = np.array(
        [(np.sum(1 / chance_of(fit.estimates + s)) - np.sum(1 / chance_of(fit.estimates - s))) / 2e-5 for s in steps]
    )
    variance = float(slope @ fit.covariance @ slope + np.sum((1 - chance) / chance**2))
    theta = float(np.exp(fit.estimates[-1])) if family == "negative_binomial" else None
    return Truncated(fit, terms, chance, float(np.sum(1 / chance)), float(np.sqrt(variance)), theta)


def _with_theta(likelihood: _Likelihood, poisson: Climbed, where: str, todo: str) -> Climbed:
    try:
        fit = climb(likelihood, np.append(poisson.estimates, 0.0), len(likelihood.counts), where, todo)
    except NotEstimable:
        fit = None
    if fit is not None and _LOG_SERIES < fit.estimates[-1] < _POISSON:
        return fit
    # Which bound: does a little spread already raise the likelihood of the Poisson fit?
    gain = likelihood(np.append(poisson.estimates, 6.0))[0] - poisson.loglik
    if gain <= 0 or (fit is not None and fit.estimates[-1] >= _POISSON):
        what, spoiled = "the counts vary no more than the Poisson model allows", "Theta would be infinite."
    else:
        what = "the counts vary so much that theta runs to 0 (log-series counts)"
        spoiled = "The estimated number never cited would grow without end."
    raise NotEstimable(what, where=where, spoiled=spoiled, todo=todo)


@dataclass(frozen=True)
class _Likelihood(ABC):
    """Callable: parameters of shape (p,) to log likelihood and slope."""

    counts: np.ndarray
    columns: np.ndarray
    visits: np.ndarray

    @abstractmethod
    def counted(self, parameters: np.ndarray) -> np.ndarray:
        """Return the chance that each unit is counted at all."""

    @abstractmethod
    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]: ...


@dataclass(frozen=True)
class _Binomial(_Likelihood):
    def counted(self, parameters: np.ndarray) -> np.ndarray:
        from scipy.special import log_expit

        return np.asarray(-np.expm1(self.visits * log_expit(-(self.columns @ parameters))))

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        from scipy.special import expit, gammaln, log_expit

        linear, counts, visits = self.columns @ parameters, self.counts, self.visits
        counted = self.counted(parameters)
        ways = gammaln(visits + 1) - gammaln(counts + 1) - gammaln(visits - counts + 1)
        value = ways + counts * linear + visits * log_expit(-linear) - np.log(counted)
        return float(value.sum()), self.columns.T @ (counts - visits * expit(linear) / counted)


@dataclass(frozen=True)
class _Poisson(_Likelihood):
    def counted(self, parameters: np.ndarray) -> np.ndarray:
        return np.asarray(-np.expm1(-self.visits * np.exp(self.columns @ parameters)))

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        from scipy.special import gammaln

        linear = self.columns @ parameters + np.log(self.visits)
        mean = np.exp(linear)
        counted = -np.expm1(-mean)
        value = np.sum(self.counts * linear - mean - np.log(counted) - gammaln(self.counts + 1))
        return float(value), self.columns.T @ (self.counts - mean / counted)


@dataclass(frozen=True)
class _NegativeBinomial(_Likelihood):
    def counted(self, parameters: np.ndarray) -> np.ndarray:
        mean, theta = self.visits * np.exp(self.columns @ parameters[:-1]), np.exp(parameters[-1])
        return np.asarray(-np.expm1(-theta * np.log1p(mean / theta)))

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        from scipy.special import digamma, gammaln

        counts, log_theta = self.counts, parameters[-1]
        linear = self.columns @ parameters[:-1] + np.log(self.visits)
        mean, theta = np.exp(linear), np.exp(log_theta)
        log_none = -theta * np.log1p(mean / theta)
        counted = -np.expm1(log_none)
        value = (
            gammaln(counts + theta) - gammaln(theta) - gammaln(counts + 1) + log_none - np.log(counted)
            + counts * (linear - np.logaddexp(log_theta, linear))
        )  # fmt: skip
        # Slopes of the whole distribution, then of the chance of being counted at all.
        none_to_counted = np.exp(log_none) / counted
        by_linear = (counts - mean) * theta / (theta + mean) - mean * theta / (theta + mean) * none_to_counted
        of_none = -np.log1p(mean / theta) + mean / (theta + mean)
        by_theta = digamma(counts + theta) - digamma(theta) + of_none - counts / (theta + mean)
        by_theta = theta * (by_theta + none_to_counted * of_none)
        return float(value.sum()), np.append(self.columns.T @ by_linear, by_theta.sum())


__all__ = ["Truncated", "fit_truncated"]
