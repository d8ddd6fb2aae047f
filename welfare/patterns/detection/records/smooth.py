"""A smooth distribution of counts, which cannot follow round numbers: what last digits would be without rounding."""

from __future__ import annotations

import numpy as np

_STIFF = 5  # a polynomial of this degree in the logarithm bends too slowly to follow every tenth number


def smooth_basis(values: np.ndarray) -> np.ndarray:
    """Return orthogonal polynomials in the logarithm of the values, as many as the range can carry.

    Parameters
    ----------
    values : array of float, shape (v,)
        Consecutive whole numbers above 0.

    Returns
    -------
    array of float, shape (v, k)
    """
    degree = int(np.clip((values[-1] - values[0] + 1) // 10, 1, _STIFF))
    scaled = np.log(values)
    scaled = 2 * (scaled - scaled.min()) / (scaled.max() - scaled.min()) - 1
    return np.asarray(np.linalg.qr(np.polynomial.chebyshev.chebvander(scaled, degree))[0])


def smooth_counts(observed: np.ndarray, basis: np.ndarray, start: np.ndarray | None = None) -> np.ndarray | None:
    """Return how often each value is expected: a Poisson regression of the frequencies (Lindsey's method).

    Parameters
    ----------
    observed : array of float, shape (v,)
        How often each value was seen.
    basis : array of float, shape (v, k)
    start : array of float, shape (v,), optional
        Expected frequencies to begin from.

    Returns
    -------
    array of float, shape (v,), or None
        None if the iterations do not settle.
    """
    level = np.full(len(observed), observed.mean()) if start is None else start
    linear = np.log(level)
    for _ in range(60):
        mean = np.exp(linear)
        working = linear + (observed - mean) / mean
        root = np.sqrt(mean)
        fitted = basis @ np.linalg.lstsq(basis * root[:, None], working * root, rcond=None)[0]
        step = np.clip(fitted - linear, -2, 2)
        linear = linear + step
        if np.abs(step).max() < 1e-7:
            return np.asarray(np.exp(linear))
        if not np.isfinite(linear).all() or linear.max() > 50 or linear.min() < -60:
            return None
    return None


__all__ = ["smooth_basis", "smooth_counts"]
