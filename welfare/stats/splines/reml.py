"""Penalised likelihood at a given smoothness, and the smoothness that restricted maximum likelihood chooses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.splines.posed import Problem, faultless, gram, solved, unsettled


@dataclass(frozen=True)
class Settled:
    """A fit at one smoothness.

    Attributes
    ----------
    gamma : array, shape (p,)
        Coordinates.
    eta, mean : array, shape (n,)
        Linear predictor and expected outcome.
    hessian : array, shape (p, p)
        Of half the penalised deviance, by observed weights.
    score : float
        Minus the Laplace-approximate log restricted likelihood.
    slope : float
        Its derivative by the logarithm of the smoothing parameter.
    scale : float
        The one that maximises the restricted likelihood here; 1 where the family has none.
    drift : array, shape (p,)
        Derivative of the coordinates by the logarithm of the smoothing parameter.
    """

    gamma: np.ndarray
    eta: np.ndarray
    mean: np.ndarray
    hessian: np.ndarray
    score: float
    slope: float
    scale: float
    drift: np.ndarray


def settle(problem: Problem, log_smoothing: float, start: np.ndarray | None = None) -> Settled:
    """Fit at a given smoothness by Newton's method on the penalised likelihood.

    Parameters
    ----------
    problem : Problem
        From `pose`.
    log_smoothing : float
        Logarithm of the factor of the penalty.
    start : array of float, shape (p,), or None
        Coordinates to start from.

    Returns
    -------
    Settled

    Raises
    ------
    NotEstimable
        If the iterations do not settle, as where rows without events send an estimate to infinity.
    """
    price = np.exp(log_smoothing) * problem.price
    gamma = _first(problem, price) if start is None else start
    last = False
    for _ in range(100):
        eta = problem.offset + problem.columns @ gamma
        mean = problem.family.mean(eta)
        weights = problem.weights * problem.family.observed_weights(problem.outcome, mean)
        hessian = gram(problem.columns, weights) + np.diag(price)
        if last:
            return _scored(problem, log_smoothing, gamma, eta, mean, hessian)
        downhill = problem.columns.T @ (problem.weights * problem.family.scores(problem.outcome, mean)) - price * gamma
        step = solved(hessian, downhill)
        moved = problem.columns @ step
        # By the step, not the deviance: where an estimate runs to infinity the deviance settles and the step does not.
        longest = float(np.abs(moved).max())
        last = longest <= 1e-7 * (1 + float(np.abs(eta).max()))
        # A step that moves no expected count by a tenth cannot overshoot.
        share = 1.0 if longest < 0.1 else _shortened(problem, price, gamma, step, eta, moved)
        gamma = gamma + share * step
    raise unsettled()


def _first(problem: Problem, price: np.ndarray) -> np.ndarray:
    outcome = problem.outcome
    if problem.family.counts:
        exposure = np.exp(problem.offset)
        overall = float(problem.weights @ outcome) / float(problem.weights @ exposure)
        mean = (outcome + overall * exposure) / 2
        eta = np.log(mean)
    else:
        mean = eta = outcome
    weights = problem.weights * problem.family.observed_weights(outcome, mean)
    target = weights * (eta - problem.offset) + problem.weights * problem.family.scores(outcome, mean)
    return solved(gram(problem.columns, weights) + np.diag(price), problem.columns.T @ target)


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


def _scored(
    problem: Problem, log_smoothing: float, gamma: np.ndarray, eta: np.ndarray, mean: np.ndarray, hessian: np.ndarray
) -> Settled:
    family, price = problem.family, np.exp(log_smoothing) * problem.price
    free = int((problem.price == 0).sum())
    penalty = float(price @ gamma**2)
    deviance = family.deviance(problem.outcome, mean, problem.weights)
    total = deviance + penalty
    if family.scaled and deviance <= family.rounding(problem.outcome, problem.weights):
        raise faultless()
    scale = total / (len(mean) - free) if family.scaled else 1.0
    log_prior = (len(price) - free) * log_smoothing + problem.log_penalty
    score = (
        total / (2 * scale)
        - family.saturated(problem.outcome, problem.weights, scale)
        + (np.linalg.slogdet(hessian)[1] + problem.log_size - log_prior) / 2
        - free / 2 * np.log(2 * np.pi * scale)
    )
    inverse = solved(hessian, np.eye(len(price)))
    slope = penalty / (2 * scale) + (inverse.diagonal() @ price - (len(price) - free)) / 2
    drift = inverse @ (-price * gamma)
    if family.counts:
        bent = problem.weights * family.weight_slopes(problem.outcome, mean) * (problem.columns @ drift)
        slope += float(np.sum(inverse * gram(problem.columns, bent))) / 2
    return Settled(gamma, eta, mean, hessian, float(score), float(slope), float(scale), drift)


def smoothest(problem: Problem) -> tuple[float, Settled, bool]:
    """Find the smoothness of highest restricted likelihood.

    Parameters
    ----------
    problem : Problem
        From `pose`.

    Returns
    -------
    log_smoothing : float
        Logarithm of the factor of the penalty.
    settled : Settled
        The fit there.
    straight : bool
        True if the likelihood rises all the way to a straight line: the factor is then the largest
        that is told apart from infinity.

    Raises
    ------
    NotEstimable
        If a fit does not settle.
    """
    from scipy.optimize import brentq

    near = _balance(problem)
    known = {near: settle(problem, near)}
    sizes = np.linalg.eigvalsh(known[near].hessian - np.diag(np.exp(near) * problem.price))
    costly = problem.price[problem.price > 0]
    low = float(np.log(1e-8 * max(sizes[0], 1e-12 * sizes[-1]) / costly[-1]))
    high = float(np.log(1e7 * sizes[-1] / costly[0]))

    def at(log_smoothing: float) -> Settled:
        if log_smoothing not in known:
            beside = min(known, key=lambda other: abs(other - log_smoothing))
            start = known[beside].gamma + np.clip(log_smoothing - beside, -1, 1) * known[beside].drift
            known[log_smoothing] = settle(problem, log_smoothing, start)
        return known[log_smoothing]

    near = float(np.clip(near, low, high))
    found = at(near)
    direction = -np.sign(found.slope)
    while found.slope * direction < 0:
        far = float(np.clip(near + direction * np.log(10), low, high))
        if far == near:
            break
        before, near = near, far
        found = at(far)
    else:
        root = near if found.slope == 0 else brentq(lambda log: at(log).slope, before, near, xtol=1e-10, rtol=1e-12)
        found, near = at(root), root
    line = at(high)
    return (high, line, True) if line.score <= found.score else (near, found, False)


def _balance(problem: Problem) -> float:
    """Return the smoothness at which data and penalty weigh about alike."""
    mean = problem.weights * problem.family.expected_weights(np.maximum(problem.outcome, 0.1))
    return float(np.log(mean.mean() / np.median(problem.price[problem.price > 0])))
