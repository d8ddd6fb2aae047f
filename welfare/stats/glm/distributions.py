"""How counts vary about what is expected of them: log likelihood, its slope and its curvature, row by row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, polygamma, psi, xlog1py, xlogy

Array = np.ndarray


class Family(ABC):
    """A distribution of the outcome about its mean; rows stand alone given their linear predictors."""

    @abstractmethod
    def mean(self, linear: Array) -> Array:
        """Return the expected outcome at linear predictors."""

    @abstractmethod
    def constant(self, outcome: Array) -> float:
        """Return the part of the log likelihood that the linear predictors do not move."""

    @abstractmethod
    def kernel(self, outcome: Array, linear: Array) -> float:
        """Return the rest of the log likelihood."""

    def loglik(self, outcome: Array, linear: Array) -> float:
        """Return the log likelihood, constants included."""
        return self.constant(outcome) + self.kernel(outcome, linear)

    @abstractmethod
    def slope(self, outcome: Array, linear: Array) -> Array:
        """Return the derivative of each row's log likelihood by its linear predictor."""

    @abstractmethod
    def information(self, outcome: Array, linear: Array) -> Array:
        """Return each row's information on its linear predictor, above 0: expected, where that has a closed form."""

    @abstractmethod
    def variance(self, linear: Array) -> Array:
        """Return the variance of the outcome."""

    def start(self, outcome: Array, offset: Array) -> Array:
        """Return linear predictors to begin with."""
        rate = outcome.sum() / np.exp(offset).sum()
        return np.log((outcome + rate * np.exp(offset)) / 2)


class LogLink(Family):
    """A distribution whose mean is the exponential of the linear predictor."""

    def mean(self, linear: Array) -> Array:
        return np.exp(linear)


class Poisson(LogLink):
    """Variance equal to the mean; holds as quasi-likelihood for non-negative averages."""

    def constant(self, outcome: Array) -> float:
        return -float(gammaln(outcome + 1).sum())

    def kernel(self, outcome: Array, linear: Array) -> float:
        return float(outcome @ linear - np.exp(linear).sum())

    def slope(self, outcome: Array, linear: Array) -> Array:
        return outcome - np.exp(linear)

    def information(self, outcome: Array, linear: Array) -> Array:  # noqa: ARG002 - needs the mean alone
        return np.exp(linear)

    def variance(self, linear: Array) -> Array:
        return np.exp(linear)


@dataclass(frozen=True)
class NegativeBinomial2(LogLink):
    """Variance = mean + mean^2 / theta."""

    theta: float

    def constant(self, outcome: Array) -> float:
        return float(np.sum(gammaln(outcome + self.theta) - gammaln(self.theta) - gammaln(outcome + 1)))

    def kernel(self, outcome: Array, linear: Array) -> float:
        mean, theta = np.exp(linear), self.theta
        return float(np.sum(xlogy(outcome, mean / (theta + mean)) - xlog1py(theta, mean / theta)))

    def slope(self, outcome: Array, linear: Array) -> Array:
        mean = np.exp(linear)
        return (outcome - mean) / (1 + mean / self.theta)

    def information(self, outcome: Array, linear: Array) -> Array:  # noqa: ARG002 - needs the mean alone
        mean = np.exp(linear)
        return mean / (1 + mean / self.theta)

    def variance(self, linear: Array) -> Array:
        mean = np.exp(linear)
        return mean * (1 + mean / self.theta)


@dataclass(frozen=True)
class NegativeBinomial1(LogLink):
    """Variance = mean x (1 + alpha).

    References
    ----------
    Cameron AC, Trivedi PK. Regression analysis of count data. Cambridge, 2013, section 3.3.
    """

    alpha: float

    def constant(self, outcome: Array) -> float:
        return -float(gammaln(outcome + 1).sum())

    def kernel(self, outcome: Array, linear: Array) -> float:
        size = np.exp(linear) / self.alpha
        spread = (size + outcome) * np.log1p(self.alpha) - outcome * np.log(self.alpha)
        return float(np.sum(gammaln(outcome + size) - gammaln(size) - spread))

    def slope(self, outcome: Array, linear: Array) -> Array:
        size = np.exp(linear) / self.alpha
        return size * (psi(outcome + size) - psi(size) - np.log1p(self.alpha))

    def curvature(self, outcome: Array, linear: Array) -> Array:
        """Return each row's observed information, which may be below 0 in single rows."""
        size = np.exp(linear) / self.alpha
        return -self.slope(outcome, linear) - size**2 * (polygamma(1, outcome + size) - polygamma(1, size))

    def information(self, outcome: Array, linear: Array) -> Array:
        # The expected one has no closed form. The observed one serves, and a floor keeps each row above 0.
        return np.maximum(self.curvature(outcome, linear), 0.05 * np.exp(linear) / (1 + self.alpha))

    def variance(self, linear: Array) -> Array:
        return np.exp(linear) * (1 + self.alpha)


@dataclass(frozen=True)
class Fractional(Family):
    """A share between 0 and 1 of so many trials, logit link: binomial if counted, quasi-likelihood if published.

    References
    ----------
    Papke LE, Wooldridge JM. Econometric methods for fractional response variables. Journal of Applied Econometrics
    1996; 11: 619-632.
    """

    trials: Array

    def mean(self, linear: Array) -> Array:
        return expit(linear)

    def constant(self, outcome: Array) -> float:  # noqa: ARG002 - quasi-likelihood has none
        return 0.0

    def kernel(self, outcome: Array, linear: Array) -> float:
        # log p = -log(1 + exp(-x)), log(1 - p) = -log(1 + exp(x)), without overflow.
        each = -outcome * np.logaddexp(0, -linear) - (1 - outcome) * np.logaddexp(0, linear)
        return float(np.sum(self.trials * each))

    def slope(self, outcome: Array, linear: Array) -> Array:
        return self.trials * (outcome - expit(linear))

    def information(self, outcome: Array, linear: Array) -> Array:  # noqa: ARG002 - needs the mean alone
        return self.trials * expit(linear) * expit(-linear)

    def variance(self, linear: Array) -> Array:
        return expit(linear) * expit(-linear) / self.trials

    def start(self, outcome: Array, offset: Array) -> Array:  # noqa: ARG002 - there is none with a logit link
        inner = (self.trials * outcome + 0.5) / (self.trials + 1)
        return np.log(inner / (1 - inner))
