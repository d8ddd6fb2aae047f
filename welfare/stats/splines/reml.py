"""The smoothness that restricted maximum likelihood chooses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.splines.newton import Rest, rest
from welfare.stats.splines.posed import Problem, faultless, gram, solved


@dataclass(frozen=True)
class Settled:
    """A fit at one smoothness, and how good that smoothness is.

    Attributes
    ----------
    log_smoothing : float
        Logarithm of the factor of the penalty.
    rest : Rest
        The fit.
    score : float
        Minus the Laplace-approximate log restricted likelihood.
    slope : float
        Its derivative by the logarithm of the smoothing parameter.
    scale : float
        The one that maximises the restricted likelihood here; 1 where the family has none.
    drift, eta_drift : array, shape (p,) and (n,)
        Derivatives of the coordinates and the linear predictor by the logarithm of the smoothing parameter.
    """

    log_smoothing: float
    rest: Rest
    score: float
    slope: float
    scale: float
    drift: np.ndarray
    eta_drift: np.ndarray


def settle(problem: Problem, log_smoothing: float, beside: Settled | None = None) -> Settled:
    """Fit at a given smoothness, and score it.

    Parameters
    ----------
    problem : Problem
        From `pose`.
    log_smoothing : float
        Logarithm of the factor of the penalty.
    beside : Settled or None
        A fit at a smoothness nearby, to start from.

    Returns
    -------
    Settled

    Raises
    ------
    NotEstimable
        If the iterations do not settle, or the curve meets every outcome exactly.
    """
    if beside is None:
        return _scored(problem, log_smoothing, rest(problem, log_smoothing))
    ahead = float(np.clip(log_smoothing - beside.log_smoothing, -1, 1))
    start = (beside.rest.gamma + ahead * beside.drift, beside.rest.eta + ahead * beside.eta_drift)
    return _scored(problem, log_smoothing, rest(problem, log_smoothing, start))


def _scored(problem: Problem, log_smoothing: float, at: Rest) -> Settled:
    family, price, bent = problem.family, np.exp(log_smoothing) * problem.price, at.curvature
    costly = int((problem.price > 0).sum())
    free = len(price) - costly + len(bent.held)
    deviance = family.deviance(problem.outcome, at.mean, problem.weights)
    if family.scaled and deviance <= family.rounding(problem.outcome, problem.weights):
        raise faultless()
    penalty = float(price @ at.gamma**2)
    scale = (deviance + penalty) / (len(at.mean) - free) if family.scaled else 1.0
    hessian = bent.within + np.diag(price)
    log_size = np.linalg.slogdet(hessian)[1] + np.log(bent.held).sum() + problem.log_size
    score = (
        (deviance + penalty) / (2 * scale)
        - family.saturated(problem.outcome, problem.weights, scale)
        + (log_size - costly * log_smoothing - problem.log_penalty) / 2
        - free / 2 * np.log(2 * np.pi * scale)
    )
    inverse = solved(hessian, np.eye(len(price)))
    drift = inverse @ (-price * at.gamma)
    eta_drift = problem.columns @ drift
    if problem.groups is not None:
        eta_drift -= (bent.centre @ drift)[problem.groups.codes]
    slope = penalty / (2 * scale) + (inverse.diagonal() @ price - costly) / 2
    if family.counts:
        change = problem.weights * family.weight_slopes(problem.outcome, at.mean) * eta_drift
        slope += _trace(problem, at, inverse, change) / 2
    return Settled(log_smoothing, at, float(score), float(slope), float(scale), drift, eta_drift)


def _trace(problem: Problem, at: Rest, inverse: np.ndarray, change: np.ndarray) -> float:
    """Return the change of the Hessian's log determinant where the weights of the rows change."""
    whole = gram(problem.columns, change)
    if problem.groups is None:
        return float(np.sum(inverse * whole))
    bent = at.curvature
    sums, crossed = problem.groups.sums(change), problem.groups.column_sums(problem.columns, change).T @ bent.centre
    within = whole - crossed - crossed.T + bent.centre.T @ (bent.centre * sums[:, None])
    return float(np.sum(inverse * within) + np.sum(sums / bent.held))


def smoothest(problem: Problem) -> tuple[Settled, bool]:
    """Find the smoothness of highest restricted likelihood.

    Parameters
    ----------
    problem : Problem
        From `pose`.

    Returns
    -------
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
    sizes = np.linalg.eigvalsh(known[near].rest.curvature.within)
    costly = problem.price[problem.price > 0]
    low = float(np.log(1e-8 * max(sizes[0], 1e-12 * sizes[-1]) / costly[-1]))
    high = float(np.log(1e7 * sizes[-1] / costly[0]))

    def at(log_smoothing: float) -> Settled:
        if log_smoothing not in known:
            beside = min(known, key=lambda other: abs(other - log_smoothing))
            known[log_smoothing] = settle(problem, log_smoothing, known[beside])
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
        found = at(root)
    line = at(high)
    return (line, True) if line.score <= found.score else (found, False)


def _balance(problem: Problem) -> float:
    """Return the smoothness at which data and penalty weigh about alike."""
    mean = problem.weights * problem.family.expected_weights(np.maximum(problem.outcome, 0.1))
    return float(np.log(mean.mean() / np.median(problem.price[problem.price > 0])))
