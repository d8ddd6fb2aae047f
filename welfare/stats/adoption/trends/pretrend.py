"""Effects before there was a treatment: whether they are none, and how large a trend the test could have missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, NotEstimable

Array = np.ndarray

_NOTHING = 1e-10
_LEVEL = 0.05


@dataclass(frozen=True)
class Wald:
    """A joint test that several effects are none.

    Attributes
    ----------
    statistic : float
        Estimates times the inverse of their covariance times estimates.
    degrees : int
        How many directions of the estimates were tested.
    p_value : float
        By the chi-squared distribution; where the number of clusters is given by Hotelling's F with `degrees` and
        clusters - `degrees`. Missing where the clusters are too few for so many effects.
    effects : int
        How many effects there were: more than `degrees` where some follow from the others.
    """

    statistic: float
    degrees: int
    p_value: float
    effects: int


def wald(estimate: Array, covariance: Array, *, clusters: int | None = None) -> Wald:
    """Test jointly that effects are none.

    Parameters
    ----------
    estimate : array, shape (m,)
        Missing ones, and those without variance (held at nothing by construction), are left out.
    covariance : array, shape (m, m)
        Of the estimates.
    clusters : int, optional
        How many the covariance was made from; many by default.

    Returns
    -------
    Wald

    Raises
    ------
    NotEstimable
        If no effect is left to test.
    """
    from scipy.stats import chi2, f

    variance = np.diag(covariance)
    told = np.isfinite(estimate) & np.isfinite(variance)
    told[told] = variance[told] > _NOTHING * variance[told].max(initial=0.0)
    if not told.any():
        raise NotEstimable(
            "there is no effect before treatment to test",
            where="pretrend",
            spoiled="Parallel trends would be taken on trust.",
            todo="Bring at least two periods before the first treated one.",
        )
    error = np.sqrt(variance[told])
    values, vectors = np.linalg.eigh(covariance[np.ix_(told, told)] / np.outer(error, error))
    seen = values > _NOTHING * values.max()
    along = vectors[:, seen].T @ (estimate[told] / error)
    statistic, degrees = float(np.sum(along**2 / values[seen])), int(seen.sum())
    if clusters is None:
        p_value = float(chi2.sf(statistic, degrees))
    elif clusters > degrees:
        scale = (clusters - degrees) / (degrees * (clusters - 1))
        p_value = float(f.sf(statistic * scale, degrees, clusters - degrees))
    else:
        p_value = float("nan")
    return Wald(statistic, degrees, p_value, int(told.sum()))


@dataclass(frozen=True)
class Power:
    """How steep a trend the test would have found, and what it would do to the effects.

    Attributes
    ----------
    probability : float
        With which the test rejects.
    slope : float
        Difference in trends, per step, that it rejects with that probability.
    bias : array of float, shape (p,)
        What such a trend adds to each effect after treatment.
    bias_after_passing : array of float, shape (p,)
        The same on average over samples in which the test did not reject; missing for the joint test.
    """

    probability: float
    slope: float
    bias: Array
    bias_after_passing: Array


def power(
    horizon: Array,
    covariance: Array,
    *,
    probability: float = 0.5,
    test: str = "any",
    pattern: Array | None = None,
    seed: int = 0,
) -> Power:
    """Find the linear difference in trends that a test of the effects before treatment rejects with a probability.

    Parameters
    ----------
    horizon : array of int, shape (m,)
        Steps since treatment of each estimate, the reference left out.
    covariance : array, shape (m, m)
        Of the estimates.
    probability : float
        Between the test's level, 0.05 (for "any", what chance alone gives), and 1.
    test : {"any", "joint"}
        Whether any single estimate before treatment is significant at 5%, as readers of a plot judge; or the joint Wald
        test at 5%.
    pattern : array, shape (m,), optional
        What a trend of slope 1 adds to each estimate; by default horizon + 1, for estimates that are differences from
        the last period before treatment. For differences from the period just before, the steps between the two.
    seed : int
        Of the numerical integration over more than two dimensions.

    Returns
    -------
    Power

    Raises
    ------
    BadParameter
        If the probability is none that a trend could give, or the test is unknown.
    NotEstimable
        If there is no estimate before treatment that a trend would move.

    References
    ----------
    Roth J. American Economic Review: Insights 2022; 4: 305-322.
    """
    from scipy.optimize import brentq

    drift = (np.asarray(horizon) + 1.0) if pattern is None else np.asarray(pattern, dtype=float)
    early = (np.asarray(horizon) < 0) & (np.diag(covariance) > 0)
    if not np.abs(drift[early]).max(initial=0.0) > 0:
        raise NotEstimable(
            "there is no estimate before treatment that a trend would move",
            where="power",
            spoiled="A trend of any size would pass.",
            todo="Bring at least two periods before the first treated one.",
        )
    if test not in ("any", "joint"):
        raise BadParameter(f"no test is called {test!r}", where="power(test=)", todo="Use 'any' or 'joint'.")
    before = covariance[np.ix_(early, early)]
    rejects = _any_significant(before, drift[early], seed) if test == "any" else _joint(before, drift[early])
    by_chance = rejects(0.0)
    if not by_chance < probability < 1:
        raise BadParameter(
            f"a probability of {probability:g} is outside {by_chance:.3g} (what chance alone gives) to 1",
            where="power(probability=)",
            spoiled="There is no such trend.",
            todo="Ask for 0.5 or 0.8.",
        )
    steep = np.sqrt(np.diag(before)).max() / np.abs(drift[early]).max()
    while rejects(steep) < probability:
        steep *= 2
    slope = float(brentq(lambda each: rejects(each) - probability, 0.0, steep, xtol=1e-12 * steep, rtol=1e-10))
    later = np.asarray(horizon) >= 0
    bias = slope * drift[later]
    passed = np.full(len(bias), np.nan)
    if test == "any":
        moved = _mean_inside(slope * drift[early], before, seed) - slope * drift[early]
        passed = bias + covariance[np.ix_(later, early)] @ np.linalg.pinv(before, hermitian=True) @ moved
    return Power(probability, slope, bias, passed)


def _joint(covariance: Array, drift: Array) -> Callable[[float], float]:
    from scipy.stats import chi2, ncx2

    values, vectors = np.linalg.eigh(covariance)
    seen = values > _NOTHING * values.max()
    distance = float(np.sum((vectors[:, seen].T @ drift) ** 2 / values[seen]))
    bound = chi2.ppf(1 - _LEVEL, int(seen.sum()))

    def rejects(slope: float) -> float:
        return float(ncx2.sf(bound, int(seen.sum()), slope**2 * distance)) if slope else _LEVEL

    return rejects


def _any_significant(covariance: Array, drift: Array, seed: int) -> Callable[[float], float]:
    def rejects(slope: float) -> float:
        return 1 - inside(slope * drift, covariance, seed)

    return rejects


def inside(mean: Array, covariance: Array, seed: int, reach: Array | None = None) -> float:
    """Return the probability that normal estimates all lie within so far of 0.

    Parameters
    ----------
    mean : array, shape (m,)
    covariance : array, shape (m, m)
    seed : int
        Of the integration, for three estimates or more.
    reach : array, shape (m,), optional
        1.96 standard errors by default: no estimate is significant.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import multivariate_normal

    error = np.sqrt(np.diag(covariance))
    bound = ndtri(1 - _LEVEL / 2) * error if reach is None else reach
    if len(mean) == 1:
        return float(ndtr((bound - mean)[0] / error[0]) - ndtr((-bound - mean)[0] / error[0]))
    # In units of standard errors: the integration looks at absolute sizes.
    scaled = covariance / np.outer(error, error)
    return float(
        multivariate_normal.cdf(
            (bound - mean) / error,
            cov=scaled,
            allow_singular=True,
            lower_limit=(-bound - mean) / error,
            rng=np.random.default_rng(seed),
            abseps=1e-6,
            releps=1e-6,
            maxpts=100_000 * len(mean),
        )
    )


def _mean_inside(mean: Array, covariance: Array, seed: int) -> Array:
    """Return the mean of normal estimates given that each lies within 1.96 standard errors of 0 (Tallis 1961)."""
    from scipy.special import ndtri

    error = np.sqrt(np.diag(covariance))
    bound = ndtri(1 - _LEVEL / 2) * error
    edge = np.zeros(len(mean))
    for at in range(len(mean)):
        for side in (-1.0, 1.0):
            edge[at] -= side * _density_at_edge(mean, covariance, at, side * bound[at], bound, seed)
    return np.asarray(mean + covariance @ edge / inside(mean, covariance, seed))


def _density_at_edge(mean: Array, covariance: Array, at: int, value: float, bound: Array, seed: int) -> float:
    """Return the density of one estimate at an edge, times the probability that the others then lie inside."""
    variance = covariance[at, at]
    density = float(np.exp(-((value - mean[at]) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))
    others = np.arange(len(mean)) != at
    if not others.any():
        return density
    by = covariance[others, at] / variance
    rest = covariance[np.ix_(others, others)] - np.outer(by, covariance[at, others])
    return density * inside(mean[others] + by * (value - mean[at]), rest, seed, bound[others])
