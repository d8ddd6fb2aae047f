"""How far groups of counts differ beyond chance: the standard deviation of a random intercept, with its likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from welfare.errors import NotEstimable

if TYPE_CHECKING:  # numba, which it brings, is not loaded before a spread is asked for
    from welfare.stats.mixed.marginal import SortedRows

_NODES = 15
_WIDEST = 6.0  # a median ratio of three hundred


class GroupSpread(NamedTuple):
    """Spread between groups, on the log scale.

    Attributes
    ----------
    sd, low, high : float
        Standard deviation of the groups' intercepts, with its profile-likelihood interval.
    family : {"nb2", "poisson"}
        Of the counts within a group.
    """

    sd: float
    low: float
    high: float
    family: str


def spread_between(counts: np.ndarray, log_exposure: np.ndarray, groups: np.ndarray, level: float) -> GroupSpread:
    """Estimate how far groups differ, counts within them being negative binomial where they vary enough.

    Parameters
    ----------
    counts, log_exposure : array of float, shape (n,)
    groups : array of int, shape (n,)
        From 0 without a gap.
    level : float
        Coverage.

    Raises
    ------
    NotEstimable
        If neither family can be fitted.
    """
    try:
        return _spread(counts, log_exposure, groups, "nb2", level)
    except NotEstimable:
        return _spread(counts, log_exposure, groups, "poisson", level)


def _spread(counts: np.ndarray, log_exposure: np.ndarray, groups: np.ndarray, family: str, level: float) -> GroupSpread:
    from welfare.stats.mixed.families import FAMILIES
    from welfare.stats.mixed.marginal import sort_rows
    from welfare.stats.mixed.model import fit_random_intercept

    design, trials = np.ones((len(counts), 1)), np.ones(len(counts))
    fit = fit_random_intercept(counts, design, log_exposure, groups, family=family, nodes=_NODES)
    rows = sort_rows(FAMILIES[family], counts, design, log_exposure, trials, groups)
    profile = _Profile(rows, np.append(fit.estimates, [] if fit.theta is None else [np.log(fit.theta)]))
    low, high = _limits(profile, float(fit.sd), fit.loglik, profile(0.0), level)
    return GroupSpread(float(fit.sd), low, high, family)


def _limits(profile: _Profile, sd: float, best: float, none: float, level: float) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.stats import chi2

    enough = best - float(chi2.ppf(level, 1)) / 2

    def above(at: float) -> float:
        return profile(at) - enough

    low = 0.0 if sd == 0 or none >= enough else float(brentq(above, 0.0, sd, xtol=1e-4))
    step = max(2 * sd, 0.05)
    while above(step) > 0 and step < _WIDEST:
        step *= 2
    return low, np.inf if step >= _WIDEST else float(brentq(above, sd, step, xtol=1e-4))


class _Profile:
    """The log likelihood at a standard deviation, the other parameters at their best."""

    def __init__(self, rows: SortedRows, start: np.ndarray) -> None:
        from welfare.stats.mixed.marginal import MarginalLikelihood

        # On the orthogonal column the intercept is a multiple of the one as given.
        self._start = np.append(rows.triangle[0, 0] * start[:1], start[1:])
        self._with, self._without = (
            MarginalLikelihood(rows, nodes, with_sd=with_sd) for nodes, with_sd in ((_NODES, True), (1, False))
        )

    def __call__(self, sd: float) -> float:
        from scipy.optimize import minimize

        def loss(others: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = self._without(others) if sd < 1e-6 else self._with(np.append(others, np.log(sd)))
            if not np.isfinite(value):
                return 1e300, np.zeros(len(others))
            return -value, -slope[: len(others)]

        with np.errstate(all="ignore"):
            found = minimize(loss, self._start, jac=True, method="L-BFGS-B", bounds=[(-60, 60)] * len(self._start))
        self._start = found.x
        return -float(found.fun)


__all__ = ["GroupSpread", "spread_between"]
