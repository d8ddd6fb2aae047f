"""The maximum of a log likelihood whose first derivatives are exact, and the curvature there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Likelihood = Callable[[np.ndarray], tuple[float, np.ndarray]]
_STEP = 1e-3  # in standard errors, for differences of exact slopes: curvature to about 1e-8
_SETTLED = 1e-11  # Newton decrement: twice what the log likelihood could still gain
_NEAR = 1e-6  # standard errors between an estimate and where the curvature reported with it was taken


def maximise(
    likelihood: Likelihood, start: np.ndarray, information: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Climb to a maximum by BFGS, then by Newton's method to the last digits.

    Parameters
    ----------
    likelihood : callable
        Gives the log likelihood at parameters of shape (p,) and its slope, shape (p,).
    start : array, shape (p,)
        Where to begin.
    information : array, shape (p, p)
        Positive definite; roughly the observed information near the start, which sets the scale of the steps.

    Returns
    -------
    estimates, information : array of shape (p,) and (p, p), or None
        The observed information at the maximum; None if no maximum was found.
    """
    from scipy.optimize import minimize

    spread = np.linalg.inv(np.linalg.cholesky(information)).T  # one step of it is one standard error

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = likelihood(start + spread @ z)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return np.inf, np.zeros(len(z))
        return -value, -(spread.T @ slope)

    with np.errstate(all="ignore"):
        z = minimize(loss, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-5, "maxiter": 500}).x
        polished = _polish(lambda z: loss(z)[1], z)
    if polished is None:
        return None
    z, curvature = polished
    back = np.linalg.inv(spread)
    return start + spread @ z, back.T @ curvature @ back


def inverse_information(information: np.ndarray) -> np.ndarray:
    """Return the inverse of a positive definite matrix, taken on one scale.

    Parameters
    ----------
    information : array, shape (k, k)
        Its columns may be of very different size (a year, a count of animals): that would spoil a
        plain inverse.

    Returns
    -------
    array, shape (k, k)
    """
    sizes = np.sqrt(np.diag(information))
    return np.asarray(np.linalg.inv(information / np.outer(sizes, sizes)) / np.outer(sizes, sizes))


def _polish(slope: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    for _ in range(20):
        curvature = _curvature(slope, z)
        if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 0:
            return None
        start, decrement = z, np.inf
        for _ in range(5):  # the curvature is dear and hardly changes: a few steps share it
            here = slope(z)
            step = -np.linalg.solve(curvature, here)
            z = z + step / max(1.0, np.abs(step).max())
            before, decrement = decrement, float(-here @ step)
            if not decrement < before / 100 or decrement < 1e-20:
                break
        if decrement < _SETTLED and np.abs(z - start).max() < _NEAR:
            return z, curvature
    return None


def _curvature(slope: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> np.ndarray:
    moves = _STEP * np.eye(len(z))
    rows = np.array([(slope(z + move) - slope(z - move)) / (2 * _STEP) for move in moves])
    return np.asarray((rows + rows.T) / 2)
