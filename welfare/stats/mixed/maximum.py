"""The maximum of a log likelihood whose first derivatives are exact, and the curvature there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Likelihood = Callable[[np.ndarray], tuple[float, np.ndarray]]
Slope = Callable[[np.ndarray], np.ndarray]
Curvature = Callable[[np.ndarray], np.ndarray]
_STEP = 1e-4  # in standard errors, for differences of exact slopes: curvature to about 1e-7
_SETTLED = 1e-11  # Newton decrement: twice what the log likelihood could still gain
_NEAR = 1e-6  # standard errors between an estimate and where the curvature reported with it was taken


def maximise(
    likelihood: Likelihood, start: np.ndarray, information: np.ndarray, exact: Curvature | None = None
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
    exact : callable or None
        Gives the observed information, shape (p, p), at parameters of shape (p,); if None, it is had
        from differences of the slope.

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

    def slope(z: np.ndarray) -> np.ndarray:
        return loss(z)[1]

    def curvature(z: np.ndarray) -> np.ndarray:
        return _differences(slope, z) if exact is None else spread.T @ exact(start + spread @ z) @ spread

    with np.errstate(all="ignore"):
        near = minimize(loss, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-4, "maxiter": 500})
        polished = _polish(slope, curvature, _steps(slope, near.hess_inv, near.x))
    if polished is None:
        return None
    z, observed = polished
    back = np.linalg.inv(spread)
    return start + spread @ z, back.T @ observed @ back


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


def _steps(slope: Slope, inverse: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Walk on with one inverse of the curvature while the slope shrinks fast.

    No likelihood is compared: it is a large number, whose rounding hides the last steps.
    """
    here = slope(z)
    for _ in range(12):
        further = z - inverse @ here
        there = slope(further)
        if not np.linalg.norm(there) < np.linalg.norm(here) / 2:
            break
        z, here = further, there
    return z


def _polish(slope: Slope, curvature: Curvature, z: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    for _ in range(20):
        here, observed = slope(z), curvature(z)
        if not np.isfinite(observed).all() or np.linalg.eigvalsh(observed)[0] <= 0:
            return None
        inverse = np.linalg.inv(observed)
        step = -inverse @ here
        longest = np.abs(step).max()
        if longest > 1:
            z = z + step / longest
            continue
        there = _steps(slope, inverse, z)
        if -here @ step < _SETTLED and np.abs(there - z).max() < _NEAR:
            return there, observed
        z = there if np.any(there != z) else z + step
    return None


def _differences(slope: Slope, z: np.ndarray) -> np.ndarray:
    moves = _STEP * np.eye(len(z))
    rows = np.array([(slope(z + move) - slope(z - move)) / (2 * _STEP) for move in moves])
    return np.asarray((rows + rows.T) / 2)
