"""The covariance of a penalised fit that holds where rows vary more than the model says, or belong together."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.splines.absorbed import absorbed
from welfare.stats.splines.penalised import PenalisedFit


def robust_covariance(
    fit: PenalisedFit, columns: np.ndarray, clusters: np.ndarray | None = None, *, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return the sandwich covariance of a penalised fit, with its allowance for the bias of smoothing.

    Parameters
    ----------
    fit : PenalisedFit
        The fit.
    columns : array of float, shape (n, q + m)
        The columns it was fitted with: those without penalty, then the curve's.
    clusters : array of int, shape (n,), or None
        Number of the cluster of each row, from 0; None if each row is its own.
    groups : array, shape (n,), or None
        Labels of the groups whose constants were absorbed, as given to the fit.

    Returns
    -------
    array, shape (q + m, q + m)
        With G clusters and e effective degrees of freedom, G/(G-1) x (n-1)/(n-e) times the plain
        sandwich, plus what the Bayesian covariance has more than the frequentist one. With each row
        its own cluster it is what mgcv gives as its sandwich.

    Raises
    ------
    BadParameter
        If the columns or clusters do not fit the rows.
    NotEstimable
        If there is only one cluster.

    References
    ----------
    Liang K-Y, Zeger SL. Biometrika 1986; 73: 13-22. Wood SN. mgcv 1.8-41, vcov.gam(sandwich = TRUE).
    """
    rows = np.asarray(columns, dtype=float)
    n = len(fit.expected)
    if rows.shape != (n, len(fit.coefficients)):
        raise _unlike(f"columns of shape {rows.shape} do not fit {n:,} rows and {len(fit.coefficients)} coefficients")
    if groups is not None:
        # Each group's constant follows the other estimates; what is left of a column is what moves them.
        rows = absorbed(np.asarray(groups)).less_means(rows, fit.working)
    sums = rows * fit.scores[:, None]
    if clusters is not None:
        sums = _by_cluster(sums, np.asarray(clusters))
    many = len(sums)
    if many < 2:
        raise NotEstimable(
            "all rows are in one cluster",
            where="clusters",
            spoiled="A spread between clusters cannot be told from one of them.",
            todo="Cluster by something of which there are many, such as the facility.",
        )
    plain = fit.bread @ (sums.T @ sums) @ fit.bread
    correction = many / (many - 1) * (n - 1) / (n - fit.total_edf)
    return np.asarray(correction * plain + fit.bayesian - fit.frequentist)


def _by_cluster(rows: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    if clusters.shape != (len(rows),) or clusters.dtype.kind not in "iu" or clusters.min(initial=0) < 0:
        raise _unlike("the clusters are not one number of 0 or more per row")
    _, codes = np.unique(clusters, return_inverse=True)
    return np.column_stack([np.bincount(codes, weights=column) for column in rows.T])


def _unlike(what: str) -> BadParameter:
    return BadParameter(
        what,
        where="robust_covariance",
        spoiled="One row's residual would be put to another row's columns.",
        todo="Give the columns of the fit, and one cluster per row.",
    )
