"""A penalised model in coordinates where no smoothness, however large or small, loses digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.splines.families import Family


@dataclass(frozen=True)
class Problem:
    """A penalised model in coordinates where columns are orthonormal and the penalty is diagonal.

    Attributes
    ----------
    outcome, offset, weights : array, shape (n,)
        Offset: added to the linear predictor. Weights: of the rows, above 0.
    columns : array, shape (n, p)
        Orthonormal columns that span the model's.
    back : array, shape (p, p)
        Takes coordinates here to the model's coefficients.
    price : array, shape (p,)
        Penalty of each coordinate, 0 where free.
    family : Family
        Distribution and link.
    log_size : float
        Logarithm of the squared determinant that leads back to the model's own columns.
    log_penalty : float
        Logarithm of the product of the penalty's eigenvalues above 0.
    """

    outcome: np.ndarray
    offset: np.ndarray
    weights: np.ndarray
    columns: np.ndarray
    back: np.ndarray
    price: np.ndarray
    family: Family
    log_size: float
    log_penalty: float


def pose(
    outcome: np.ndarray,
    parametric: np.ndarray,
    smooth: np.ndarray,
    penalty: np.ndarray,
    offset: np.ndarray,
    weights: np.ndarray,
    family: Family,
) -> Problem:
    """Turn a model into coordinates in which any smoothness can be fitted without loss of digits.

    Parameters
    ----------
    outcome, offset, weights : array of float, shape (n,)
        What to fit, what to add to the linear predictor, and the weight of each row.
    parametric : array of float, shape (n, q)
        Columns without penalty.
    smooth : array of float, shape (n, m)
        Columns of the curve.
    penalty : array of float, shape (m, m)
        Symmetric, no eigenvalue below 0.
    family : Family
        Distribution and link.

    Returns
    -------
    Problem

    Raises
    ------
    NotEstimable
        If a column repeats a combination of others.
    """
    columns = np.column_stack([parametric, smooth])
    lengths = np.linalg.norm(columns, axis=0)
    if (lengths == 0).any():
        raise _repeated()
    orthonormal, triangle = np.linalg.qr(columns / lengths)
    sizes = np.linalg.svd(triangle, compute_uv=False)
    if sizes[-1] < 1e-11 * sizes[0]:
        raise _repeated()
    back = np.linalg.inv(triangle) / lengths[:, None]
    priced = back[parametric.shape[1] :]
    price, turn = np.linalg.eigh(priced.T @ penalty @ priced)
    own = np.linalg.eigvalsh(penalty)
    costly = own > 1e-11 * max(float(own[-1]), 0.0)
    # What costs nothing in the model's own coordinates costs exactly nothing here, whatever rounding says.
    price[: columns.shape[1] - int(costly.sum())] = 0.0
    return Problem(
        outcome=outcome,
        offset=offset,
        weights=weights,
        columns=orthonormal @ turn,
        back=back @ turn,
        price=price,
        family=family,
        log_size=2 * float(np.log(np.abs(np.diag(triangle))).sum() + np.log(lengths).sum()),
        log_penalty=float(np.log(own[costly]).sum()),
    )


def _repeated() -> NotEstimable:
    return NotEstimable(
        "a column repeats a combination of the others",
        where="parametric",
        spoiled="Its coefficient and theirs could be anything.",
        todo="Leave it out; the curve's columns must not span a constant where the model has one.",
    )


def unsettled() -> NotEstimable:
    """Return the error for a fit that does not come to rest."""
    return NotEstimable(
        "the penalised fit did not settle",
        where="fit_penalised",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Look for groups without any event and leave them out, or bring the columns to similar sizes.",
    )


def solved(hessian: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution of a symmetric positive system whose diagonal may span many powers of ten.

    Parameters
    ----------
    hessian : array of float, shape (p, p)
        Symmetric and positive definite.
    right : array of float, shape (p,) or (p, r)
        Right-hand side.

    Returns
    -------
    array of float, the shape of the right-hand side

    Raises
    ------
    NotEstimable
        If the system has no finite solution.
    """
    sizes = np.sqrt(hessian.diagonal())
    across = sizes if right.ndim == 1 else sizes[:, None]
    if not np.isfinite(hessian).all() or (sizes == 0).any():
        raise unsettled()
    try:
        return np.asarray(np.linalg.solve(hessian / np.outer(sizes, sizes), right / across) / across)
    except np.linalg.LinAlgError:
        raise unsettled() from None
