"""Cluster-robust covariance that holds with few clusters: CR2 with Satterthwaite's degrees, and the jackknife's CR3."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.glm.columns import Factor
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.solving import independent

_MOST_COLUMNS = 400


def corrected(fit: Fit, groups: Factor, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance and the degrees of freedom of each estimate.

    Each cluster pulls the fit towards itself, so its residuals are too small. CR2 scales them such that the covariance
    is unbiased if the model's variance is right; CR3 such that each is what it would be with the cluster left out.

    Parameters
    ----------
    fit : Fit
        Its absorbed effects must be nested in the clusters, or small enough to stand as columns.
    groups : Factor
        Cluster of each row, G of them.
    kind : {"CR2", "CR3"}

    Returns
    -------
    matrix : array, shape (q, q)
    degrees : array, shape (q,)

    Raises
    ------
    NotEstimable
        If the model has too many columns to do this with.

    References
    ----------
    Bell RM, McCaffrey DF. Survey Methodology 2002; 28: 169-181. Pustejovsky JE, Tipton E. Journal of Business &
    Economic Statistics 2018; 36: 672-683.
    """
    fit = _nested_swept(fit, groups)
    kept = np.flatnonzero(fit.kept)
    if len(kept) > _MOST_COLUMNS:
        raise NotEstimable(
            f"{kind} errors need a matrix of {len(kept):,} columns for every cluster",
            where="count_model(errors=)",
            spoiled="The computation would not end.",
            todo="Use errors='CR1', which suits many clusters, or fewer levels.",
        )
    inverse = fit.small_inverse[np.ix_(kept, kept)]
    root = np.linalg.cholesky(inverse)
    own = fit.products_by(groups)[:, kept[:, None], kept]
    sums = fit.score_sums(groups)[:, kept]
    # A cluster's hat matrix has the eigenvalues of root' own root; what it leaves of the residuals is 1 minus those.
    values, vectors = np.linalg.eigh(root.T @ own @ root)
    left = np.maximum(1 - values, 0.0)
    power = -0.5 if kind == "CR2" else -1.0
    scaled = np.where(left > 1e-10, np.maximum(left, 1e-300) ** power, 0.0)
    turned = np.einsum("gji,gj->gi", vectors, sums @ root)
    reporting = fit.columns.reporting[kept]
    pulls = np.einsum("gij,gj->gi", vectors, scaled * turned) @ (root.T @ reporting)
    many = groups.levels
    if kind == "CR3":
        return pulls.T @ pulls, np.full(reporting.shape[1], many - 1.0)
    return pulls.T @ pulls, _satterthwaite(own, vectors, scaled, root, reporting)


def _nested_swept(fit: Fit, groups: Factor) -> Fit:
    """Return the fit with an effect swept out that lies within the clusters, or with none: only such may be."""
    columns = fit.columns
    if columns.swept is None or is_nested(columns.swept, groups):
        return fit
    nested = [at for at, factor in enumerate(columns.absorbed) if is_nested(factor, groups)]
    sweep = max(nested, key=lambda at: columns.absorbed[at].levels, default=None)
    # What the maximum holds of estimates belongs to the other way of sweeping; linear predictors are what is needed.
    other = replace(columns, sweep=sweep)
    return replace(fit, columns=other, kept=independent(other, fit.weights))


def is_nested(factor: Factor, groups: Factor) -> bool:
    """Return whether each level of a factor lies within one cluster."""
    first = np.zeros(factor.levels, dtype=np.int64)
    first[factor.codes] = groups.codes
    return bool((first[factor.codes] == groups.codes).all())


def _satterthwaite(
    own: np.ndarray, vectors: np.ndarray, scaled: np.ndarray, root: np.ndarray, reporting: np.ndarray
) -> np.ndarray:
    """Return the degrees of freedom by estimate, the working model's variance taken as right."""
    adjusted = np.einsum("gij,gj,gkj->gik", vectors, scaled, vectors)
    degrees = np.empty(reporting.shape[1])
    for at, contrast in enumerate((root.T @ reporting).T):
        # With b the adjusted direction of each cluster, in the coordinates in which the information is 1.
        b = adjusted @ contrast
        product = np.einsum("gij,gj->gi", root.T @ own @ root, b)
        matrix = np.diag(np.einsum("gi,gi->g", b, product)) - product @ product.T
        degrees[at] = np.trace(matrix) ** 2 / np.sum(matrix**2)
    return degrees
