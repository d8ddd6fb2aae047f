"""A penalised model in coordinates where no smoothness, however large or small, loses digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.splines.absorbed import Absorbed
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
    groups : Absorbed or None
        Groups that each have a constant of their own beside the columns.
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
    groups: Absorbed | None


def pose(
    outcome: np.ndarray,
    parametric: np.ndarray,
    smooth: np.ndarray,
    penalty: np.ndarray,
    offset: np.ndarray,
    weights: np.ndarray,
    family: Family,
    groups: Absorbed | None = None,
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
    groups : Absorbed or None
        Groups that each have a constant of their own.

    Returns
    -------
    Problem

    Raises
    ------
    NotEstimable
        If a column repeats a combination of others, or of the groups' constants.
    """
    columns = np.column_stack([parametric, smooth])
    lengths = np.linalg.norm(columns, axis=0)
    if groups is not None:
        # Less the means within groups: their constants absorb what is taken away.
        columns, before = groups.less_means(columns, np.ones(len(columns))), lengths
        lengths = np.linalg.norm(columns, axis=0)
        lengths[lengths < 1e-11 * before] = 0.0
    if (lengths == 0).any():
        raise _repeated()
    orthonormal, triangle = _orthonormal(columns / lengths)
    sizes = np.linalg.svd(triangle, compute_uv=False)
    if sizes[-1] < 1e-11 * sizes[0]:
        raise _repeated()
    back = np.linalg.inv(triangle) / lengths[:, None]
    priced = back[parametric.shape[1] :]
    price, turn = np.linalg.eigh(priced.T @ penalty @ priced)
    own = np.linalg.eigvalsh(penalty)
    # A direction this cheap beside the dearest is free, as in mgcv: where values are skewed its price is rounding.
    costly = own > np.finfo(float).eps ** 0.66 * max(float(own[-1]), 0.0)
    # What costs nothing in the model's own coordinates costs exactly nothing here, whatever rounding says.
    price[: columns.shape[1] - int(costly.sum())] = 0.0
    return Problem(
        outcome=outcome,
        offset=offset,
        weights=weights,
        columns=orthonormal @ turn,
        back=back @ turn,
        price=np.maximum(price, 0.0),
        family=family,
        log_size=2 * float(np.log(np.abs(np.diag(triangle))).sum() + np.log(lengths).sum()),
        log_penalty=float(np.log(own[costly]).sum()),
        groups=groups,
    )


def _orthonormal(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal columns and the triangle that leads back; twice by Cholesky where that loses no digits."""
    ones = np.ones(len(columns))
    first = gram(columns, ones)
    # A second pass makes up for what the first loses as long as that is less than half the digits.
    if len(columns) < 10_000 or np.linalg.cond(first) > 1e12:
        orthonormal, triangle = np.linalg.qr(columns)
        return orthonormal, triangle
    one = np.linalg.cholesky(first).T
    rough = columns @ np.linalg.inv(one)
    two = np.linalg.cholesky(gram(rough, ones)).T
    return rough @ np.linalg.inv(two), two @ one


def _repeated() -> NotEstimable:
    return NotEstimable(
        "a column repeats a combination of the others",
        where="parametric",
        spoiled="Its coefficient and theirs could be anything.",
        todo="Leave it out; neither columns nor curve may span a constant where the model or its groups have one.",
    )


def unsettled() -> NotEstimable:
    """Return the error for a fit that does not come to rest."""
    return NotEstimable(
        "the penalised fit did not settle",
        where="fit_penalised",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Leave out groups without any event; where events are few or all in one stretch, use fewer knots.",
    )


def faultless() -> NotEstimable:
    """Return the error for an outcome that a curve meets exactly."""
    return NotEstimable(
        "the curve meets every outcome exactly",
        where="fit_penalised",
        spoiled="The scale would be 0, and every standard error with it.",
        todo="Look for an outcome that was computed from the condition.",
    )


def gram(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sums of products of columns over weighted rows.

    Parameters
    ----------
    columns : array of float, shape (n, p)
        Columns.
    weights : array of float, shape (n,)
        Weight of each row, of either sign.

    Returns
    -------
    array of float, shape (p, p)
    """
    # In pieces that stay in the processor's cache: on many rows that saves a third of the time.
    out = np.zeros((columns.shape[1],) * 2)
    for start in range(0, len(columns), 4096):
        piece = columns[start : start + 4096]
        out += piece.T @ (piece * weights[start : start + 4096, None])
    return out


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
