"""The likelihood of an N-mixture model: how many there are to find is unseen, and each visit finds a share of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.patterns.detection.repeat_visits.histories import Histories

FAMILIES = ("poisson", "negative_binomial", "zero_inflated")


@dataclass(frozen=True)
class Abundance:
    """The log likelihood of counts on repeat visits, and its slope; n visits, R facilities.

    Attributes
    ----------
    rows : Histories
    family : {"poisson", "negative_binomial", "zero_inflated"}
        How the numbers there are to find differ between facilities.
    most : int
        The largest number at one facility that is summed over (K).
    """

    rows: Histories
    family: str
    most: int

    @property
    def width(self) -> int:
        """Number of parameters: both models' coefficients, and log theta or the logit of the share without any."""
        return len(self.rows.sites.names) + len(self.rows.visits.names) + (self.family != "poisson")

    def _ways(self) -> np.ndarray:
        """Return by facility and number there the logarithm of the ways to draw its counts, shape (R, K + 1)."""
        from scipy.special import gammaln

        rows, numbers = self.rows, np.arange(self.most + 1.0)
        left = numbers[None, :] - rows.counts[:, None]
        each = np.where(left >= 0, gammaln(numbers + 1)[None, :] - gammaln(np.maximum(left, 0) + 1), -np.inf)
        each = each - gammaln(rows.counts + 1)[:, None]
        starts = np.concatenate([[0], np.cumsum(rows.times)[:-1]])
        return np.asarray(np.add.reduceat(each, starts, axis=0))

    def prepared(self) -> Likelihood:
        """Return the likelihood as a function, with what no parameter changes worked out."""
        return Likelihood(self, self._ways())


@dataclass(frozen=True)
class Likelihood:
    """Callable: parameters of shape (p,) to log likelihood and slope."""

    model: Abundance
    ways: np.ndarray

    def chances(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return by facility the logarithm of the mean number there, and by visit the logit of the share it finds."""
        rows, at = self.model.rows, len(self.model.rows.sites.names)
        end = at + len(rows.visits.names)
        return rows.sites.columns @ parameters[:at], rows.visits.columns @ parameters[at:end]

    def numbers_there(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log likelihood by facility, and the chances of each number given its counts, shape (R, K + 1)."""
        from scipy.special import log_expit, logsumexp

        rows = self.model.rows
        means, found = self.chances(parameters)
        missed = rows.by_site(log_expit(-found))
        joint = self._prior(means, parameters) + self.ways + missed[:, None] * np.arange(self.model.most + 1.0)
        each = logsumexp(joint, axis=1)
        return each + rows.by_site(rows.counts * found), np.exp(joint - each[:, None])

    def _prior(self, means: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        from scipy.special import gammaln, log_expit

        numbers, family = np.arange(self.model.most + 1.0), self.model.family
        if family == "negative_binomial":
            log_theta = parameters[-1]
            theta, total = np.exp(log_theta), np.logaddexp(log_theta, means)[:, None]
            return np.asarray(
                gammaln(numbers + theta)
                - gammaln(theta)
                - gammaln(numbers + 1)
                + theta * (log_theta - total)
                + numbers * (means[:, None] - total)
            )
        prior = numbers * means[:, None] - np.exp(means)[:, None] - gammaln(numbers + 1)
        if family == "zero_inflated":
            prior = prior + log_expit(-parameters[-1])
            prior[:, 0] = np.logaddexp(log_expit(parameters[-1]), prior[:, 0])
        return np.asarray(prior)

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log likelihood and its slope."""
        from scipy.special import expit

        rows = self.model.rows
        each, given = self.numbers_there(parameters)
        means, found = self.chances(parameters)
        expected = given @ np.arange(self.model.most + 1.0)
        by_mean, other = self._prior_slopes(means, parameters, given)
        slope = [
            rows.sites.columns.T @ by_mean,
            rows.visits.columns.T @ (rows.counts - expected[rows.site] * expit(found)),
            other,
        ]
        return float(each.sum()), np.concatenate(slope)

    def _prior_slopes(
        self, means: np.ndarray, parameters: np.ndarray, given: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the slope in the log mean of each facility, and in the parameter of the family itself."""
        from scipy.special import digamma, expit

        numbers, mean = np.arange(self.model.most + 1.0), np.exp(means)
        expected = given @ numbers
        if self.model.family == "poisson":
            return expected - mean, np.zeros(0)
        if self.model.family == "negative_binomial":
            theta = np.exp(parameters[-1])
            ratio = (expected + theta) / (theta + mean)
            by_theta = given @ (digamma(numbers + theta) - digamma(theta)) + np.log(theta / (theta + mean)) + 1 - ratio
            return expected - mean * ratio, np.array([theta * by_theta.sum()])
        none = expit(parameters[-1])
        by_chance = (1 - none) * np.exp(-mean)
        empty = given[:, 0] * none / (none + by_chance)  # no harm there because the facility is of those without any
        return expected - mean * (1 - empty), np.array([np.sum(empty - none)])


__all__ = ["FAMILIES", "Abundance", "Likelihood"]
