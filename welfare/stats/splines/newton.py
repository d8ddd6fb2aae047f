"""The coefficients that maximise a penalised likelihood at a given smoothness, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.splines.posed import Problem, gram, solved, unsettled


@dataclass(frozen=True)
class Curvature:
    """Second derivatives of half the deviance, with the absorbed constants taken out.

    Attributes
    ----------
    within : array, shape (p, p)
        Of the coordinates, once each group's constant has followed.
    held : array, shape (G,)
        Of each absorbed constant; G is 0 if none is absorbed.
    centre : array, shape (G, p)
        Weighted mean of the columns in each group: how a constant follows the coordinates.
    """

    within: np.ndarray
    held: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Rest:
    """Where Newton's method came to rest.

    Attributes
    ----------
    gamma : array, shape (p,)
        Coordinates.
    eta, mean : array, shape (n,)
        Linear predictor and expected outcome.
    curvature : Curvature
        By observed weights.
    """

    gamma: np.ndarray
    eta: np.ndarray
    mean: np.ndarray
    curvature: Curvature


def curvature(problem: Problem, weights: np.ndarray) -> Curvature:
    """Return second derivatives at given weights of the rows.

    Parameters
    ----------
    problem : Problem
        From `pose`.
    weights : array of float, shape (n,)
        Observed or expected weights, prior ones included.

    Returns
    -------
    Curvature
    """
    whole = gram(problem.columns, weights)
    if problem.groups is None:
        return Curvature(whole, np.empty(0), np.empty((0, len(whole))))
    held = problem.groups.sums(weights)
    if not (held > 0).all():
        raise unsettled()
    sums = problem.groups.column_sums(problem.columns, weights)
    centre = sums / held[:, None]
    return Curvature(whole - sums.T @ centre, held, centre)


def rest(problem: Problem, log_smoothing: float, start: tuple[np.ndarray, np.ndarray] | None = None) -> Rest:
    """Fit at a given smoothness.

    Parameters
    ----------
    problem : Problem
        From `pose`.
    log_smoothing : float
        Logarithm of the factor of the penalty.
    start : tuple of arrays, shapes (p,) and (n,), or None
        Coordinates and linear predictor to start from.

    Returns
    -------
    Rest

    Raises
    ------
    NotEstimable
        If the iterations do not settle, as where rows without events send an estimate to infinity.
    """
    family, price = problem.family, np.exp(log_smoothing) * problem.price
    gamma, eta = _first(problem, price) if start is None else start
    last = False
    for _ in range(100):
        mean = family.mean(eta)
        bent = curvature(problem, problem.weights * family.observed_weights(problem.outcome, mean))
        if last:
            return Rest(gamma, eta, mean, bent)
        pull = problem.weights * family.scores(problem.outcome, mean)
        step, moved = _step(problem, price, bent, pull, gamma)
        # By the step, not the deviance: where an estimate runs to infinity the deviance settles and the step does not.
        longest = float(np.abs(moved).max())
        last = longest <= 1e-7 * (1 + float(np.abs(eta).max()))
        # A step that moves no expected count by a tenth cannot overshoot.
        share = 1.0 if longest < 0.1 else _shortened(problem, price, gamma, step, eta, moved)
        gamma, eta = gamma + share * step, eta + share * moved
    raise unsettled()


def _step(
    problem: Problem, price: np.ndarray, bent: Curvature, pull: np.ndarray, gamma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a Newton step of the coordinates, and of the linear predictor with the absorbed constants."""
    downhill = problem.columns.T @ pull - price * gamma
    if problem.groups is None:
        step = solved(bent.within + np.diag(price), downhill)
        return step, problem.columns @ step
    pulled = problem.groups.sums(pull)
    step = solved(bent.within + np.diag(price), downhill - bent.centre.T @ pulled)
    lift = pulled / bent.held - bent.centre @ step
    return step, problem.columns @ step + lift[problem.groups.codes]


def _first(problem: Problem, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    outcome, family = problem.outcome, problem.family
    if family.counts:
        exposure = np.exp(problem.offset)
        overall = float(problem.weights @ outcome) / float(problem.weights @ exposure)
        mean = (outcome + overall * exposure) / 2
        eta = np.log(mean)
    else:
        mean = eta = outcome
    weights = problem.weights * family.observed_weights(outcome, mean)
    target = weights * (eta - problem.offset) + problem.weights * family.scores(outcome, mean)
    gamma, moved = _step(problem, price, curvature(problem, weights), target, np.zeros(len(price)))
    return gamma, problem.offset + moved


def _shortened(
    problem: Problem, price: np.ndarray, gamma: np.ndarray, step: np.ndarray, eta: np.ndarray, moved: np.ndarray
) -> float:
    """Return how much of a Newton step to take so that the penalised deviance does not rise."""

    def cost(share: float) -> float:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            mean = problem.family.mean(eta + share * moved)
            deviance = problem.family.deviance(problem.outcome, mean, problem.weights)
        return deviance + float(price @ (gamma + share * step) ** 2)

    before, share = cost(0.0), 1.0
    for _ in range(40):
        # The slack is for rounding once the steps are tiny.
        if cost(share) <= before + 1e-9 * (abs(before) + 1):
            return share
        share /= 2
    raise unsettled()
