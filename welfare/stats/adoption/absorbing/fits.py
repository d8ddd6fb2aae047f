"""Least squares and Poisson fits of unit effects, calendars and covariates, and what each cluster adds to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.calendars import Array, Calendars
from welfare.stats.adoption.absorbing.equations import Equations, Solution
from welfare.stats.glm.distributions import Poisson

_STEPS, _HALVINGS = 100, 30
# A step that would gain the log likelihood less than this is the last one: the next would gain about its square.
_SETTLED = 1e-9


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    equations : Equations
        At the fit.
    solution : Solution
    residual : array of float, shape (n,)
        Outcome less what is expected. They sum to 0 in every unit and every slot.
    """

    equations: Equations
    solution: Solution
    residual: Array

    @property
    def model(self) -> Calendars:
        """The rows and their effects."""
        return self.equations.model

    def influence(self, cluster: Array, clusters: int) -> tuple[Array, Array]:
        """Return how far each cluster pulls the slots' effects and the slopes, shapes (C, S) and (C, k).

        Parameters
        ----------
        cluster : array of int, shape (n,)
            Of each row; all rows of a unit are in one.
        clusters : int
            How many there are.
        """
        model, eqs = self.model, self.equations
        # Residuals sum to 0 in each unit: sweeping the units out of the scores changes nothing.
        scores = np.bincount(cluster * model.slots + model.slot, self.residual, clusters * model.slots)
        scores = scores.reshape(clusters, model.slots)
        sums = [np.bincount(cluster, self.residual * column, clusters) for column in eqs.within.T]
        by_slopes = (np.column_stack([np.zeros((clusters, 0)), *sums]) - scores @ eqs.border) @ eqs.covariate_inverse
        return eqs.by_slots(scores) - by_slopes @ eqs.border.T, by_slopes


def fit_linear(model: Calendars, outcome: Array) -> Fit:
    """Fit by least squares.

    Parameters
    ----------
    model : Calendars
    outcome : array of float, shape (n,)
    """
    equations = Equations(model, np.ones(len(outcome)))
    solution = equations.solve(outcome)
    return Fit(equations, solution, outcome - solution.linear(model))


def fit_poisson(model: Calendars, outcome: Array, offset: Array) -> Fit:
    """Fit with a log link by Poisson's likelihood, by iteratively reweighted least squares.

    Parameters
    ----------
    model : Calendars
    outcome : array of float, shape (n,)
        0 or more; no row may be separated (see :func:`welfare.stats.adoption.absorbing.separation.separated`).
    offset : array of float, shape (n,)
        Logarithm of the exposure.

    Raises
    ------
    NotEstimable
        If the steps do not settle.

    References
    ----------
    Correia S, Guimaraes P, Zylkin T. Fast Poisson estimation with high-dimensional fixed effects. Stata Journal 2020;
    20: 95-115.
    """
    family = Poisson()
    kept = Equations(model, np.ones(len(outcome))).covariates_kept
    linear, reached = family.start(outcome, offset), -np.inf
    for _ in range(_STEPS):
        weights = np.exp(linear)
        slope = outcome - weights
        with np.errstate(all="ignore"):
            target = linear - offset + slope / weights
        step = _solved(Equations(model, weights, kept), target).linear(model) + offset - linear
        gain = abs(float(slope @ step)) / 2
        linear, reached = _stepped(family, outcome, linear, step, reached)
        if gain < _SETTLED * max(1.0, 1e-6 * abs(reached)):
            break
    else:
        raise _unsettled()
    equations = Equations(model, np.exp(linear), kept)
    return Fit(equations, _solved(equations, linear - offset), outcome - np.exp(linear))


def _solved(equations: Equations, target: Array) -> Solution:
    """Return the effects that fit a target best, or refuse."""
    # Expectations of very different size (a covariate in the thousands) leave equations that cannot be solved.
    try:
        with np.errstate(all="ignore"):
            return equations.solve(target)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise _unsettled() from error


def _stepped(family: Poisson, outcome: Array, linear: Array, step: Array, reached: float) -> tuple[Array, float]:
    """Go the whole step, or half of it until the likelihood no longer falls."""
    for halving in range(_HALVINGS):
        with np.errstate(over="ignore", invalid="ignore"):
            there = linear + step / 2**halving
            loglik = family.kernel(outcome, there)
        if np.isfinite(loglik) and loglik >= reached - 1e-10 * (1 + abs(loglik)):
            return there, loglik
    raise _unsettled()


def _unsettled() -> NotEstimable:
    return NotEstimable(
        "the Poisson fit of units and periods did not settle",
        where="event_study(family='poisson')",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Leave covariates out, or bring them to similar sizes.",
    )
