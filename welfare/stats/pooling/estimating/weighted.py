"""Weighted least squares of effects on columns, and what every part of pooling reads off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Weighted:
    """Effects regressed on columns with known weights.

    Attributes
    ----------
    beta : array, shape (p,)
        Coefficients.
    inverse : array, shape (p, p)
        (X'WX)^-1, their covariance where each weight is one over a variance.
    residuals, weights : array, shape (k,)
        By study.
    """

    beta: np.ndarray
    inverse: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray

    @property
    def q(self) -> float:
        """Sum of weighted squares of what is left."""
        return float((self.weights * self.residuals**2).sum())


def weighted(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> Weighted:
    """Fit effects to columns.

    Parameters
    ----------
    y : array, shape (k,)
        Effects.
    x : array, shape (k, p)
        Columns, the first of ones.
    w : array, shape (k,)
        Weights, above 0.
    """
    root = np.sqrt(w)[:, None]
    q, r = np.linalg.qr(x * root)
    back = np.linalg.inv(r)
    beta = back @ (q.T @ (y * root[:, 0]))
    return Weighted(beta, back @ back.T, y - x @ beta, w)


def trace(fit: Weighted, x: np.ndarray) -> float:
    """Return the trace of W - WX(X'WX)^-1X'W, which projects effects on what the columns do not explain.

    Parameters
    ----------
    fit : Weighted
    x : array, shape (k, p)
        Its columns.
    """
    wx = fit.weights[:, None] * x
    return float(fit.weights.sum() - np.einsum("ij,ji->", fit.inverse, wx.T @ wx))


__all__ = ["Weighted", "trace", "weighted"]
