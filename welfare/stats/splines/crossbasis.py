"""Distributed lags: what conditions of earlier periods have to do with the harm counted now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, BadValue

Basis = Callable[[np.ndarray], np.ndarray]


def linear(values: np.ndarray) -> np.ndarray:
    """Return the condition itself as the one column of its basis: a linear distributed-lag model.

    Parameters
    ----------
    values : array of float, shape (n,)
        The condition.

    Returns
    -------
    array of float, shape (n, 1)
    """
    return np.asarray(values, dtype=float)[:, None]


def crossbasis(lagged: np.ndarray, var_basis: Basis, lag_basis: np.ndarray) -> np.ndarray:
    """Return the columns of a distributed-lag model: a basis over the condition crossed with one over the lag.

    Parameters
    ----------
    lagged : array of float, shape (n, L + 1)
        From `lag_matrix`.
    var_basis : callable
        Takes values, shape (m,), to columns, shape (m, v); `linear` gives the linear model.
    lag_basis : array of float, shape (L + 1, l)
        Columns over lags 0 to L; the identity leaves each lag free.

    Returns
    -------
    array of float, shape (n, v * l)
        The lag's columns run fastest. NaN throughout a row whose history is not whole.

    Raises
    ------
    BadParameter
        If the lag basis has not one row per lag, or the condition's basis not one per value.

    References
    ----------
    Gasparrini A, Armstrong B, Kenward MG. Statistics in Medicine 2010; 29: 2224-2234.
    """
    history, over_lag = np.asarray(lagged, dtype=float), np.asarray(lag_basis, dtype=float)
    if history.ndim != 2 or over_lag.ndim != 2 or over_lag.shape[0] != history.shape[1]:
        raise _unfitting(f"a lag basis of shape {over_lag.shape} does not fit a history of shape {history.shape}")
    whole = ~np.isnan(history).any(axis=1)
    n, lags = history[whole].shape
    columns = _evaluated(var_basis, history[whole].ravel()).reshape(n, lags, -1)
    out = np.full((len(history), columns.shape[2] * over_lag.shape[1]), np.nan)
    out[whole] = np.einsum("nlv,lb->nvb", columns, over_lag, optimize=True).reshape(n, -1)
    return out


@dataclass(frozen=True)
class Association:
    """Log ratios of a distributed-lag model at g values of the condition against the reference.

    Attributes
    ----------
    at : array, shape (g,)
        Values of the condition.
    reference : float
        The value they are compared with.
    overall, overall_error : array, shape (g,)
        Sum over all lags, and its standard error.
    by_lag, by_lag_error : array, shape (g, L + 1)
        At each lag.
    cumulative, cumulative_error : array, shape (g, L + 1)
        Sum over lags from 0 to each.
    coefficients : array, shape (v,)
        The overall association in the condition's own basis.
    covariance : array, shape (v, v)
        Of those coefficients.
    contrasts : array, shape (g, v)
        The condition's columns at each value, less those at the reference.
    """

    at: np.ndarray
    reference: float
    overall: np.ndarray
    overall_error: np.ndarray
    by_lag: np.ndarray
    by_lag_error: np.ndarray
    cumulative: np.ndarray
    cumulative_error: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray
    contrasts: np.ndarray


def reduce_overall(
    coef: np.ndarray,
    covariance: np.ndarray,
    var_basis: Basis,
    lag_basis: np.ndarray,
    at: np.ndarray,
    reference: float,
) -> Association:
    """Reduce a distributed-lag model to the association with the condition: over all lags, and by lag.

    Parameters
    ----------
    coef : array of float, shape (v * l,)
        Estimates of the columns of `crossbasis`.
    covariance : array of float, shape (v * l, v * l)
        Of the estimates.
    var_basis : callable
        As given to `crossbasis`.
    lag_basis : array of float, shape (L + 1, l)
        As given to `crossbasis`.
    at : array of float, shape (g,)
        Values of the condition.
    reference : float
        The value to compare with.

    Returns
    -------
    Association

    Raises
    ------
    BadParameter
        If shapes differ.
    BadValue
        If an estimate, a value or the reference is missing or infinite.

    References
    ----------
    Gasparrini A, Armstrong B. BMC Medical Research Methodology 2013; 13: 1.
    """
    beta, spread, over_lag = (np.asarray(part, dtype=float) for part in (coef, covariance, lag_basis))
    places = np.atleast_1d(np.asarray(at, dtype=float))
    if not all(
        np.isfinite(part).all() for part in (beta, spread, over_lag, places, np.asarray(reference, dtype=float))
    ):
        raise BadValue(
            "an estimate, a value or the reference is missing or infinite",
            where="reduce_overall",
            spoiled="The association would be missing or infinite.",
            todo="Give finite values.",
        )
    contrasts = _evaluated(var_basis, places) - _evaluated(var_basis, np.array([float(reference)]))
    v, across = contrasts.shape[1], over_lag.shape[1]
    if over_lag.ndim != 2 or beta.shape != (v * across,) or spread.shape != (v * across, v * across):
        raise _unfitting(
            f"{beta.size} estimates and a covariance of shape {spread.shape} do not fit {v} by {across} columns"
        )
    summing = np.kron(np.eye(v), over_lag.sum(axis=0)[None, :])
    coefficients, reduced = summing @ beta, summing @ spread @ summing.T
    by_lag, by_lag_error = _along(contrasts, over_lag, beta, spread)
    cumulative, cumulative_error = _along(contrasts, np.cumsum(over_lag, axis=0), beta, spread)
    return Association(
        at=places,
        reference=float(reference),
        overall=contrasts @ coefficients,
        overall_error=_errors(contrasts, reduced),
        by_lag=by_lag,
        by_lag_error=by_lag_error,
        cumulative=cumulative,
        cumulative_error=cumulative_error,
        coefficients=coefficients,
        covariance=reduced,
        contrasts=contrasts,
    )


def _along(
    contrasts: np.ndarray, over_lag: np.ndarray, beta: np.ndarray, spread: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.kron(contrasts, over_lag)
    shape = (len(contrasts), len(over_lag))
    return (rows @ beta).reshape(shape), _errors(rows, spread).reshape(shape)


def _errors(rows: np.ndarray, spread: np.ndarray) -> np.ndarray:
    # At the reference the variance is 0, and rounding may put it just below.
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, spread, rows, optimize=True), 0.0)))


def _evaluated(basis: Basis, values: np.ndarray) -> np.ndarray:
    columns = np.asarray(basis(values), dtype=float)
    if columns.ndim != 2 or len(columns) != len(values):
        raise _unfitting(f"the condition's basis gave shape {columns.shape} for {len(values)} values")
    return columns


def _unfitting(what: str) -> BadParameter:
    return BadParameter(
        what,
        where="crossbasis",
        spoiled="A lag or a value would be taken for another.",
        todo="Give one row of the lag basis per lag, one row of columns per value, and the bases that were fitted.",
    )
