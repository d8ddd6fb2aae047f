"""What a penalised fit needs to know of a distribution: its mean, deviance, weights and saturated likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter


@dataclass(frozen=True)
class Family:
    """A distribution with its link.

    Attributes
    ----------
    name : str
        gaussian (identity link), poisson, quasi_poisson or negative_binomial (log link).
    theta : float or None
        Negative binomial: variance = mean + mean^2 / theta.
    """

    name: str
    theta: float | None = None

    @property
    def counts(self) -> bool:
        """True if the link is the logarithm."""
        return self.name != "gaussian"

    @property
    def scaled(self) -> bool:
        """True if the variance has a factor that the data must give."""
        return self.name in ("gaussian", "quasi_poisson")

    def mean(self, eta: np.ndarray) -> np.ndarray:
        """Return the expected outcome at linear predictors."""
        return np.asarray(np.exp(np.minimum(eta, 700.0))) if self.counts else eta

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the variance of the outcome at a mean, but for the scale."""
        if not self.counts:
            return np.ones_like(mean)
        return mean + mean**2 / self.theta if self.theta else mean

    def deviance(self, outcome: np.ndarray, mean: np.ndarray, weights: np.ndarray) -> float:
        """Return twice the distance of the log likelihood from its saturated value, times the scale."""
        from scipy.special import xlogy

        if not self.counts:
            return float(weights @ (outcome - mean) ** 2)
        parts = xlogy(outcome, outcome / mean)
        if self.theta:
            # By log1p: with a large theta the ratio is 1 but for its last digits.
            parts = parts - (outcome + self.theta) * np.log1p((outcome - mean) / (mean + self.theta))
        else:
            parts = parts - (outcome - mean)
        return float(2 * weights @ parts)

    def rounding(self, outcome: np.ndarray, weights: np.ndarray) -> float:
        """Return the deviance below which a fit with a scale is only rounding away from meeting every outcome."""
        mean = float(weights @ outcome) / float(weights.sum())
        spread = float(weights @ (outcome - mean) ** 2)
        if self.counts:
            return 1e-13 * spread / mean + 1e-14 * float(weights @ outcome)
        return 1e-13 * spread + 1e-26 * float(weights @ outcome**2)

    def scores(self, outcome: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return the derivative of each row's log likelihood by its linear predictor, times the scale."""
        return (outcome - mean) / (1 + mean / self.theta) if self.theta else outcome - mean

    def observed_weights(self, outcome: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return minus the second derivative of each row's log likelihood by its linear predictor, times the scale."""
        if self.theta:
            return mean * (1 + outcome / self.theta) / (1 + mean / self.theta) ** 2
        return mean if self.counts else np.ones_like(mean)

    def weight_slopes(self, outcome: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return how each of the observed weights changes with its linear predictor."""
        if self.theta:
            ratio = mean / self.theta
            return mean * (1 + outcome / self.theta) * (1 - ratio) / (1 + ratio) ** 3
        return mean if self.counts else np.zeros_like(mean)

    def expected_weights(self, mean: np.ndarray) -> np.ndarray:
        """Return the expectation of the observed weights."""
        if self.theta:
            return mean / (1 + mean / self.theta)
        return mean if self.counts else np.ones_like(mean)

    def saturated(self, outcome: np.ndarray, weights: np.ndarray, scale: float) -> float:
        """Return the log likelihood of a fit that meets every outcome.

        For quasi-Poisson it is the extended quasi-likelihood's.
        """
        from scipy.special import betaln, gammaln, xlogy

        if self.name == "gaussian":
            return float(np.sum(np.log(weights) - np.log(2 * np.pi * scale)) / 2)
        if self.name == "quasi_poisson":
            return float(np.sum(np.log(weights) - np.log(scale)) / 2)
        if not self.theta:
            return float(weights @ (xlogy(outcome, outcome) - outcome - gammaln(outcome + 1)))
        some = outcome > 0
        y, theta = outcome[some], self.theta
        # Rows without events add nothing; log1p and the beta function keep the digits of a large theta.
        parts = -y * np.log1p(theta / y) - theta * np.log1p(y / theta) - betaln(theta, y) - np.log(y)
        return float(weights[some] @ parts)


def family_of(name: str, theta: float | None) -> Family:
    """Return the family of that name.

    Parameters
    ----------
    name : str
        gaussian, poisson, quasi_poisson or negative_binomial.
    theta : float or None
        For the negative binomial alone: variance = mean + mean^2 / theta.

    Returns
    -------
    Family

    Raises
    ------
    BadParameter
        If there is no such family, or theta is missing, superfluous or not positive.
    """
    names = ("gaussian", "poisson", "quasi_poisson", "negative_binomial")
    if name not in names:
        raise BadParameter(
            f"there is no family {name!r}",
            where="family",
            spoiled="Another family's variance would be used.",
            todo=f"Use one of {', '.join(names)}.",
        )
    needed = name == "negative_binomial"
    if needed != (theta is not None) or (theta is not None and not 0 < theta < np.inf):
        raise BadParameter(
            f"theta is {theta!r} for the family {name}",
            where="theta",
            spoiled="The variance would not be the one meant.",
            todo="Give a theta above 0 with the negative binomial, and none with another family.",
        )
    return Family(name, None if theta is None else float(theta))
