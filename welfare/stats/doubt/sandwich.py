"""The covariance of estimates, from the model, from the rows, or from clusters of rows in one way or two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.doubt.few_clusters import corrected, is_nested
from welfare.stats.glm.columns import Factor
from welfare.stats.glm.fit import Fit

# From so many clusters on, errors are read with the normal, as R's sandwich and fixest print them for counts.
MANY_CLUSTERS = 40
KINDS = ("model", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2", "CR3")


@dataclass(frozen=True)
class Covariance:
    """A covariance of estimates, and how it was made.

    Attributes
    ----------
    matrix : array, shape (q, q)
    degrees : array, shape (q,)
        Degrees of freedom of Student's t, by estimate; infinite for the normal.
    kind : str
        One of `KINDS`.
    words : str
        The correction used, in a sentence.
    clusters : tuple of int
        How many there are, by way of clustering.
    """

    matrix: np.ndarray
    degrees: np.ndarray
    kind: str
    words: str
    clusters: tuple[int, ...] = ()


def by_model(fit: Fit, *, dispersion: float = 1.0) -> Covariance:
    """Trust the family's variance, times a dispersion for quasi-likelihood; inverse information.

    Parameters
    ----------
    fit : Fit
    dispersion : float
        By which the variance exceeds the family's.
    """
    matrix = fit.inverse * dispersion
    scaled = "" if dispersion == 1.0 else f", times the dispersion {dispersion:.4g}"
    words = f"Errors trust the model's own variance (inverse information{scaled}); intervals use the normal."
    return Covariance(matrix, np.full(len(matrix), np.inf), "model", words)


def by_row(fit: Fit, kind: str) -> Covariance:
    """Take each row as its own cluster: HC0 plain, HC1 times n/(n-k), HC2 and HC3 by leverage.

    Parameters
    ----------
    fit : Fit
    kind : {"HC0", "HC1", "HC2", "HC3"}

    References
    ----------
    Long JS, Ervin LH. American Statistician 2000; 54: 217-224. Zeileis A. Journal of Statistical Software 2006; 16(9).
    """
    n, k = fit.columns.rows, fit.parameters
    words = f"Errors take their size from the data, each row standing alone ({kind}); intervals use the normal."
    if kind in ("HC0", "HC1"):
        matrix = fit.squared_by_row() * (n / (n - k) if kind == "HC1" else 1.0)
    else:
        leverage = np.clip(fit.leverage(), 0, 1 - 1e-12)
        matrix = fit.squared_by_row(fit.slopes / (1 - leverage) ** (0.5 if kind == "HC2" else 1.0))
    return Covariance(matrix, np.full(len(matrix), np.inf), kind, words)


def by_cluster(fit: Fit, groups: Factor, kind: str, name: str) -> Covariance:
    """Allow for any dependence within clusters.

    Parameters
    ----------
    fit : Fit
    groups : Factor
        Cluster of each row.
    kind : {"CR0", "CR1", "CR2", "CR3"}
        Plain; times G/(G-1) x (n-1)/(n-k); or corrected by leverage, for few clusters. Fixed effects nested in the
        clusters do not count in k.
    name : str
        What the clusters are called.

    Notes
    -----
    Sums run in the order of the cluster numbers, so the same rows give the same digits.

    References
    ----------
    Liang K-Y, Zeger SL. Biometrika 1986; 73: 13-22. Zeileis A, Koell S, Graham N. Journal of Statistical Software
    2020; 95(1) (sandwich::vcovCL, type HC1).
    """
    many = groups.levels
    if kind in ("CR2", "CR3"):
        matrix, degrees = corrected(fit, groups, kind)
        words = (
            f"Errors are clustered by {name} ({kind}), {many:,} clusters; intervals use Student's t with "
            + ("Satterthwaite's" if kind == "CR2" else f"{many - 1:,}")
            + " degrees of freedom."
        )
        return Covariance(matrix, degrees, kind, words, (many,))
    pull = fit.influence(groups)
    n, k = fit.columns.rows, _counted(fit, groups)
    factor = many / (many - 1) * (n - 1) / (n - k) if kind == "CR1" else 1.0
    how = f"{kind}" if kind == "CR0" else f"CR1: G/(G-1) x (n-1)/(n-k), k = {k:,}"
    each, by = _reference(many)
    words = f"Errors are clustered by {name} ({how}), {many:,} clusters; intervals use {by}."
    return Covariance(pull.T @ pull * factor, np.full(pull.shape[1], each), kind, words, (many,))


def _reference(clusters: int) -> tuple[float, str]:
    """Return the degrees of freedom of plain cluster-robust errors, and what they are in words."""
    if clusters >= MANY_CLUSTERS:
        return np.inf, "the normal"
    return clusters - 1.0, f"Student's t with {clusters - 1:,} degrees of freedom"


def by_two_clusters(fit: Fit, one: Factor, other: Factor, kind: str, names: tuple[str, str]) -> Covariance:
    """Allow for dependence within clusters of two kinds that cross, such as plants and months.

    The two covariances are added and that of their intersections is taken away; a direction of negative variance, which
    few clusters can give, is set to zero.

    Parameters
    ----------
    fit : Fit
    one, other : Factor
        Clusters of each row.
    kind : {"CR0", "CR1"}
        CR1 corrects each of the three parts by its own number of clusters.
    names : tuple of two str

    References
    ----------
    Cameron AC, Gelbach JB, Miller DL. Robust inference with multiway clustering. Journal of Business & Economic
    Statistics 2011; 29: 238-249.
    """
    pairs, both = np.unique(one.codes * other.levels + other.codes, return_inverse=True)
    within = Factor(both.astype(np.int64), len(pairs))
    parts = [by_cluster(fit, groups, kind, "") for groups in (one, other, within)]
    values, vectors = np.linalg.eigh(parts[0].matrix + parts[1].matrix - parts[2].matrix)
    matrix = (vectors * np.maximum(values, 0.0)) @ vectors.T
    degrees, by = _reference(min(one.levels, other.levels))
    words = (
        f"Errors are clustered by {names[0]} and {names[1]} ({kind}), {one.levels:,} and {other.levels:,} clusters; "
        f"intervals use {by}."
    )
    return Covariance(matrix, np.full(len(matrix), degrees), kind, words, (one.levels, other.levels))


def _counted(fit: Fit, groups: Factor) -> int:
    """Return the parameters that count against the rows: all but the levels of effects nested in the clusters."""
    nested = [factor for factor in fit.columns.absorbed if is_nested(factor, groups)]
    # What is nested spans the constant, which the other effects then do not hold again.
    return fit.parameters - sum(factor.levels for factor in nested) + (1 if nested else 0)
