"""The maximum of a likelihood over the columns of a model, by iteratively reweighted least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.glm.columns import Columns
from welfare.stats.glm.distributions import Family
from welfare.stats.glm.solving import Solution, solve

Array = np.ndarray

_STEPS, _HALVINGS = 200, 30
# A step that would gain the log likelihood less than this is the last one: the next would gain about its square.
_SETTLED = 1e-9


@dataclass(frozen=True)
class Maximum:
    """Where a log likelihood is highest.

    Attributes
    ----------
    solution : Solution
        Estimates.
    linear : array, shape (n,)
        Linear predictors, the offset included.
    loglik : float
        Without its constant while steps are taken, with it at the end.
    """

    solution: Solution
    linear: Array
    loglik: float


def maximise(
    family: Family, outcome: Array, columns: Columns, offset: Array, kept: Array, *, start: Maximum | None = None
) -> Maximum:
    """Find the estimates of highest likelihood.

    Parameters
    ----------
    family : Family
    outcome : array of float, shape (n,)
    columns : Columns
    offset : array of float, shape (n,)
        Added to the linear predictor with coefficient 1.
    kept : array of bool, shape (p,)
        Columns of the small system that are estimated; see :func:`welfare.stats.glm.solving.independent`.
    start : Maximum, optional
        Of a model with the same columns, to begin from.

    Raises
    ------
    NotEstimable
        If the steps do not settle.

    References
    ----------
    McCullagh P, Nelder JA. Generalized linear models. Chapman & Hall, 1989, section 2.5.
    """
    linear = family.start(outcome, offset) if start is None else start.linear
    now = None if start is None else Maximum(start.solution, linear, family.kernel(outcome, linear))
    for _ in range(_STEPS):
        weights, slope = family.information(outcome, linear), family.slope(outcome, linear)
        aim = solve(columns, weights, linear - offset + slope / weights, kept)
        step = columns.linear(aim.estimates, aim.swept) + offset - linear
        gain = abs(float(slope @ step)) / 2
        now = _stepped(family, outcome, now, aim, linear, step)
        linear = now.linear
        if gain < _SETTLED * max(1.0, 1e-6 * abs(now.loglik)):
            return replace(now, loglik=now.loglik + family.constant(outcome))
    raise unsettled("the fit")


def _stepped(family: Family, outcome: Array, now: Maximum | None, aim: Solution, linear: Array, step: Array) -> Maximum:
    """Go the whole step, or half of it until the likelihood no longer falls; the first step is taken as it is."""
    share = 1.0
    for _ in range(_HALVINGS):
        with np.errstate(over="ignore", invalid="ignore"):
            reached = linear + share * step
            loglik = family.kernel(outcome, reached)
        if np.isfinite(loglik) and (now is None or loglik >= now.loglik - 1e-10 * (1 + abs(now.loglik))):
            return Maximum(aim if now is None else now.solution.towards(aim, share), reached, loglik)
        if now is None:
            break
        share /= 2
    raise unsettled("the fit")


def unsettled(what: str) -> NotEstimable:
    """Return the error for iterations that do not end."""
    return NotEstimable(
        f"{what} did not settle",
        where="count_model",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Use fewer terms, or bring columns to similar sizes (thousands of animals rather than animals).",
    )
