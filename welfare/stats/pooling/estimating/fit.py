"""One fit of effects to columns, plain arrays in and plain numbers out: variance between studies, errors, intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.pooling.estimating.heterogeneity import ESTIMATORS, at
from welfare.stats.pooling.estimating.robust import by_study
from welfare.stats.pooling.estimating.weighted import Weighted, trace

INTERVALS = {
    "hksj": "Hartung-Knapp-Sidik-Jonkman",
    "hksj_adhoc": "Hartung-Knapp-Sidik-Jonkman, factor not below 1",
    "t": "Student's t",
    "normal": "normal",
    "robust": "cluster-robust (CR2, Satterthwaite)",
}
_ALIKE = 1e-12
_NOTHING = 1e-12  # of the usual variance: what is below is rounding


@dataclass(frozen=True)
class Rule:
    """How to fit and how to say how sure: the options that every part of a pool shares.

    Attributes
    ----------
    method : str
        Name in `ESTIMATORS`.
    ci : str
        Name in `INTERVALS`.
    level : float
        Coverage.
    """

    method: str
    ci: str
    level: float


@dataclass(frozen=True)
class Studies:
    """Effects to be pooled, as arrays.

    Attributes
    ----------
    y, v : array, shape (k,)
        Effects and their variances.
    x : array, shape (k, p)
        Columns, the first of ones.
    groups : array of int, shape (k,)
        Study of each effect: each its own, unless several come from one.
    """

    y: np.ndarray
    v: np.ndarray
    x: np.ndarray
    groups: np.ndarray

    def without(self, out: np.ndarray) -> Studies:
        """Return the others.

        Parameters
        ----------
        out : array of bool, shape (k,)
            Which to leave out.
        """
        return Studies(self.y[~out], self.v[~out], self.x[~out], self.groups[~out])

    def plain(self) -> Studies:
        """Return the same effects with no column but ones."""
        return replace(self, x=self.x[:, :1])


@dataclass(frozen=True)
class Fit:
    """Coefficients with their doubt.

    Attributes
    ----------
    beta : array, shape (p,)
    covariance : array, shape (p, p)
    degrees : array, shape (p,)
        Of Student's t; infinite for the normal.
    half : array, shape (p,)
        Half the width of each interval.
    tau2, i2, h2 : float
        Variance between studies; share of the variation that is theirs (%); total over sampling variation.
    q, q_p : float
        Cochran's Q of the effects, or what the columns leave of it, and its tail probability.
    factor : float
        By which the variance of the coefficients was multiplied (Hartung and Knapp); 1 where it was not.
    alike : bool
        Whether the columns leave nothing over, so that no such factor, or error by study, can be had.
    weights : array, shape (k,)
        Sum to 1.
    """

    beta: np.ndarray
    covariance: np.ndarray
    degrees: np.ndarray
    half: np.ndarray
    tau2: float
    i2: float
    h2: float
    q: float
    q_p: float
    factor: float
    alike: bool
    weights: np.ndarray

    @property
    def estimate(self) -> float:
        """First coefficient."""
        return float(self.beta[0])

    @property
    def std_errors(self) -> np.ndarray:
        """By coefficient, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    def ends(self) -> tuple[float, float]:
        """Return the interval of the first coefficient."""
        return self.estimate - float(self.half[0]), self.estimate + float(self.half[0])


def fit(studies: Studies, rule: Rule) -> Fit:
    """Fit effects to columns, allowing for a variance between studies.

    Parameters
    ----------
    studies : Studies
    rule : Rule
    """
    from scipy.special import chdtrc

    # In units of the typical variance, so that neither grams nor tonnes meet the limits of floating point.
    unit = float(np.median(studies.v))
    y, v, x = studies.y / np.sqrt(unit), studies.v / unit, studies.x
    degrees = len(y) - x.shape[1]
    tau2 = ESTIMATORS[rule.method](y, v, x)
    none, found = at(y, v, x, 0.0), at(y, v, x, tau2)
    alike = bool(np.abs(found.residuals).max() <= _ALIKE * max(np.abs(y).max(), 1.0))
    factor = _factor(found.q / degrees, rule.ci, alike)
    covariance, freedom = found.inverse * factor, np.full(x.shape[1], np.inf if rule.ci == "normal" else degrees)
    if rule.ci == "robust":
        covariance, freedom, alike = _clustered(found, x, studies.groups)
    typical = degrees / trace(none, x)
    i2 = max(0.0, 1 - degrees / none.q) if rule.method == "fixed" and none.q > 0 else tau2 / (tau2 + typical)
    h2 = none.q / degrees if rule.method == "fixed" else tau2 / typical + 1
    covariance = covariance * unit
    return Fit(
        beta=found.beta * np.sqrt(unit),
        covariance=covariance,
        degrees=freedom,
        half=critical(rule.level, freedom) * np.sqrt(np.diag(covariance)),
        tau2=tau2 * unit,
        i2=100 * i2,
        h2=h2,
        q=none.q,
        q_p=float(chdtrc(degrees, none.q)),
        factor=factor,
        alike=alike,
        weights=found.weights / found.weights.sum(),
    )


def _clustered(found: Weighted, x: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return covariance and degrees of freedom by study; the usual ones, and True, where an error would be 0."""
    covariance, freedom = by_study(found, x, groups)
    if (np.diag(covariance) > _NOTHING * np.diag(found.inverse)).all() and np.isfinite(freedom).all():
        return covariance, freedom, False
    left = len(np.unique(groups)) - x.shape[1]
    if left < 1:
        raise NotEstimable(
            f"{x.shape[1]} coefficients are asked of {left + x.shape[1]} studies",
            where="pool(study=)",
            spoiled="An error that allows for dependence within studies would be 0.",
            todo="Use fewer moderators, or one effect per study.",
        )
    return found.inverse, np.full(x.shape[1], float(left)), True


def _factor(found: float, ci: str, alike: bool) -> float:
    if ci not in ("hksj", "hksj_adhoc") or alike:
        return 1.0
    return max(1.0, found) if ci == "hksj_adhoc" else found


def critical(level: float, degrees: np.ndarray) -> np.ndarray:
    """Return how many standard errors an interval reaches to either side.

    Parameters
    ----------
    level : float
        Coverage.
    degrees : array of float
        Of Student's t; infinite for the normal.
    """
    from scipy.special import ndtri, stdtrit

    tail = (1 - level) / 2
    return -np.where(np.isinf(degrees), ndtri(tail), stdtrit(np.where(np.isinf(degrees), 1, degrees), tail))


def p_values(found: Fit) -> np.ndarray:
    """Return two-sided p-values of the coefficients being 0, shape (p,).

    Parameters
    ----------
    found : Fit
    """
    from scipy.special import ndtr, stdtr

    away, normal = -np.abs(found.beta) / found.std_errors, np.isinf(found.degrees)
    return 2 * np.where(normal, ndtr(away), stdtr(np.where(normal, 1, found.degrees), away))


def prediction(found: Fit, rule: Rule, kind: str, studies: int) -> tuple[float, float]:
    """Return where the true effect of a further study would lie; missing where it cannot be said.

    Parameters
    ----------
    found : Fit
        Without columns but ones.
    rule : Rule
    kind : {"higgins", "t", "normal"}
        Student's t with k - 2 degrees of freedom (Higgins, Thompson & Spiegelhalter 2009), with k - 1, or the normal.
    studies : int
        How many there are (k).
    """
    degrees = {"higgins": studies - 2.0, "t": studies - 1.0, "normal": np.inf}[kind]
    if degrees < 1 or rule.method == "fixed":
        return np.nan, np.nan
    spread = np.sqrt(found.tau2 + found.covariance[0, 0])
    half = float(critical(rule.level, np.array(degrees)) * spread)
    return found.estimate - half, found.estimate + half


__all__ = ["INTERVALS", "Fit", "Rule", "Studies", "critical", "fit", "p_values", "prediction"]
