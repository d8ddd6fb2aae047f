"""Bounds on effects where the difference in trends bends by so much and no more (Delta SD)."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

_TAIL = 0.05
_SWEEPS, _STILL = 10_000, 1e-14


def set_smooth(
    before: Array,
    after: Array,
    covariance: Array,  # noqa: ARG001 - the set is that of estimates without error
    weights: Array,
    m: float,
) -> tuple[float, float]:
    """Return the lowest and highest average that the estimates allow, were they without error.

    Parameters
    ----------
    before, after, covariance, weights
        As :class:`welfare.stats.adoption.trends.honest.Target` has them.
    m : float
        By how much the slope may change from one period to the next.

    Returns
    -------
    low, high : float
        Both missing where the estimates before treatment bend by more than m.
    """
    path = np.concatenate([before, [0.0]])
    bends = np.abs(np.diff(path, 2)).max(initial=0.0)
    if bends > m * (1 + 1e-12):
        return float("nan"), float("nan")
    centre = float(weights @ after) + float(before[-1]) * float(weights @ np.arange(1, len(after) + 1))
    width = m * _bend_after(weights)
    return centre - width, centre + width


def _bend_after(weights: Array) -> float:
    """Return how far the average is moved if the slope changes by 1 at the reference and in each period after it."""
    steps = np.arange(1, len(weights) + 1)
    by_bend = np.maximum(steps[None, :] - np.arange(len(weights))[:, None], 0) @ weights
    return float(np.abs(by_bend).sum())


def interval_smooth(before: Array, after: Array, covariance: Array, weights: Array, m: float) -> tuple[float, float]:
    """Return the shortest 95% interval of fixed length around an affine estimator.

    The estimator is the average of estimates after treatment minus a slope before treatment, carried on. Written by
    how it answers to bends before treatment (q - 1 numbers, one per bend), its largest bias is m times the sum of their
    sizes and of what bends after treatment add, and its variance is quadratic in them. For each price of bias the best
    answer is a lasso; the price is then chosen for the shortest interval.

    Parameters
    ----------
    before, after, covariance, weights
        As :class:`welfare.stats.adoption.trends.honest.Target` has them.
    m : float
        By how much the slope may change from one period to the next.
    """
    from scipy.optimize import minimize_scalar

    fixed, free = _estimators(len(before), weights)
    curvature, pull = free.T @ covariance @ free, free.T @ covariance @ fixed
    at_rest = np.zeros(free.shape[1])
    least = 1e-16 * float(np.diag(covariance).max())

    def length(answer: Array) -> float:
        contrast = fixed + free @ answer
        # Few clusters leave directions without variance, where rounding may turn the sign.
        error = float(np.sqrt(max(contrast @ covariance @ contrast, least)))
        bias = m * (_bend_after(weights) + float(np.abs(answer).sum()))
        return folded(bias / error) * error

    least_variance = _lasso(curvature, pull, 0.0)
    answers = [at_rest, least_variance] if m > 0 else [least_variance]
    if m > 0 and len(at_rest):
        dearest = float(np.abs(pull).max())
        best = minimize_scalar(
            lambda share: length(_lasso(curvature, pull, share * dearest)),
            bounds=(0.0, 1.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        answers.append(_lasso(curvature, pull, float(best.x) * dearest))
    shortest = min(answers, key=length)
    centre = float((fixed + free @ shortest) @ np.concatenate([before, after]))
    half = length(shortest)
    return centre - half, centre + half


def _estimators(before: int, weights: Array) -> tuple[Array, Array]:
    """Return the affine estimators without bias from a straight line: a fixed part, shape (q + p,), and free ones.

    The free part, shape (q + p, q - 1), answers with 1 to one bend before treatment each: a bend at step -r raises the
    difference in trends at step -s (s steps before the reference, r < s) by s - r.
    """
    steps = np.arange(before, 0, -1)  # of the estimates before treatment, earliest first
    answers = np.maximum(steps[None, :] - np.arange(before)[:, None], 0)  # row r: the slope, then bends at -1, -2 ...
    back = np.linalg.inv(answers.astype(float))
    fixed = np.concatenate([back[:, 0] * float(weights @ np.arange(1, len(weights) + 1)), weights])
    free = np.vstack([back[:, 1:], np.zeros((len(weights), before - 1))])
    return fixed, free


def _lasso(curvature: Array, pull: Array, price: float) -> Array:
    """Return the minimum of x' curvature x / 2 + pull' x + price times the sum of sizes of x, one number at a time."""
    if not price:
        return np.asarray(-np.linalg.pinv(curvature, hermitian=True) @ pull)
    answer = np.zeros(len(pull))
    for _ in range(_SWEEPS):
        moved = 0.0
        for at in range(len(pull)):
            slope = pull[at] + curvature[at] @ answer - curvature[at, at] * answer[at]
            new = -np.sign(slope) * max(abs(slope) - price, 0.0) / curvature[at, at]
            moved = max(moved, abs(new - answer[at]))
            answer[at] = new
        if moved <= _STILL * max(np.abs(answer).max(), 1e-300):
            break
    return answer


def folded(bias: float) -> float:
    """Return what the size of a normal of variance 1 about `bias` exceeds with probability 5%.

    Parameters
    ----------
    bias : float
        0 or more.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    start = bias + float(ndtri(1 - _TAIL))
    if bias > 8:
        return start

    def missed(bound: float) -> float:
        return float(ndtr(bias - bound) + ndtr(-bias - bound)) - _TAIL

    return float(brentq(missed, start, start + 1, xtol=1e-13))
