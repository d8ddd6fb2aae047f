"""Errors that hold although effects of one study depend on each other: clustered by study, for few of them."""

from __future__ import annotations

import numpy as np

from welfare.stats.pooling.estimating.weighted import Weighted


def by_study(fit: Weighted, x: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the CR2 covariance of coefficients, with Satterthwaite's degrees of freedom for each.

    Parameters
    ----------
    fit : Weighted
        With weights of one over the variance that the working model gives each effect.
    x : array, shape (k, p)
        Its columns.
    groups : array of int, shape (k,)
        Study of each effect.

    Returns
    -------
    covariance : array, shape (p, p)
    degrees : array, shape (p,)

    Notes
    -----
    The working model takes effects to be independent; errors are right on average whatever the dependence within a
    study, and unbiased if that model holds (Hedges, Tipton & Johnson 2010; Tipton 2015).
    """
    spread = 1 / fit.weights
    residual_cover = np.diag(spread) - x @ fit.inverse @ x.T
    scores, shadows = [], []
    for group in np.unique(groups):
        inside = groups == group
        root = np.sqrt(spread[inside])
        middle = root[:, None] * residual_cover[np.ix_(inside, inside)] * root
        adjust = root[:, None] * _inverse_root(middle) * root
        lever = fit.inverse @ (x[inside] * fit.weights[inside, None]).T @ adjust
        scores.append(lever @ fit.residuals[inside])
        shadows.append(lever @ residual_cover[inside])
    score = np.array(scores)
    # What each study adds to an error, as a linear form in the effects: shape (studies, p, k).
    shadow = np.array(shadows)
    degrees = np.array([_degrees(shadow[:, term], fit.weights) for term in range(x.shape[1])])
    return score.T @ score, degrees


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 1e-12 * values.max()
    return (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T


def _degrees(forms: np.ndarray, weights: np.ndarray) -> float:
    """Match the first two moments of a sum of squares of forms of residuals to a chi-square."""
    cover = (forms * weights) @ forms.T
    total = float((cover**2).sum())
    return float(np.trace(cover) ** 2 / total) if total > 0 else np.nan


__all__ = ["by_study"]
