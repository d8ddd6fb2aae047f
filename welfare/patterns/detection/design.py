"""Named columns made into the numbers a model multiplies, and the climb to where its likelihood is highest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.patterns.detection.columns import refuse_inspectors
from welfare.stats.inputs import numbers


@dataclass(frozen=True)
class Terms:
    """Columns of a model, the constant first.

    Attributes
    ----------
    names : tuple of str, k
    columns : array of float, shape (n, k)
        Orthogonal, each with mean square 1, so that all estimates are of one size.
    triangle : array of float, shape (k, k)
        Columns as given = columns @ triangle.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    triangle: np.ndarray

    def rows(self, which: np.ndarray) -> Terms:
        """Return the terms of some rows only, not made orthogonal anew."""
        return Terms(self.names, self.columns[which], self.triangle)


def terms_of(frame: pd.DataFrame, columns: Sequence[str], where: str) -> Terms:
    """Return a constant and the columns named: numbers as they are, text as one column per level but the first.

    Parameters
    ----------
    frame : DataFrame of n rows
        Without missing values in `columns`.
    columns : sequence of str
    where : str
        For errors.

    Raises
    ------
    BadParameter
        If a column is of inspectors, who are not told one by one.
    NotEstimable
        If columns repeat one another.
    """
    refuse_inspectors(columns, where)
    made = {"constant": np.ones(len(frame))}
    for column in columns:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            made[column] = numbers(values, column)
            continue
        words = values.astype("str")
        for label in sorted(words.unique())[1:]:
            made[f"{column}[{label}]"] = (words == label).to_numpy(dtype=float)
    given = np.column_stack(list(made.values()))
    orthogonal, triangle = np.linalg.qr(given)
    sizes = np.abs(np.diag(triangle))
    if len(given) < len(made) or (sizes <= 1e-9 * np.linalg.norm(given, axis=0)).any():
        raise NotEstimable(
            f"{', '.join(columns)} repeat one another, or do not differ between rows",
            where=where,
            spoiled="Any value would fit as well as any other.",
            todo="Leave out one of the columns concerned.",
        )
    root = np.sqrt(len(given))
    return Terms(tuple(made), orthogonal * root, triangle / root)


@dataclass(frozen=True)
class Climbed:
    """Where a likelihood is highest.

    Attributes
    ----------
    estimates : array of float, shape (p,)
    covariance : array of float, shape (p, p)
        Inverse of the observed information.
    loglik : float
    """

    estimates: np.ndarray
    covariance: np.ndarray
    loglik: float

    def given(self, blocks: Sequence[Terms], others: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return estimates and covariance on the columns as given, `others` parameters at the end unchanged."""
        turn = np.zeros((len(self.estimates), len(self.estimates)))
        at = 0
        for block in blocks:
            k = len(block.names)
            turn[at : at + k, at : at + k] = np.linalg.inv(block.triangle)
            at += k
        turn[at:, at:] = np.eye(others)
        return turn @ self.estimates, turn @ self.covariance @ turn.T


def climb(
    likelihood: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, rows: int, where: str, todo: str
) -> Climbed:
    """Maximise a log likelihood that comes with its slope.

    Parameters
    ----------
    likelihood : callable
        Parameters of shape (p,) to value and slope.
    start : array, shape (p,)
    rows : int
        How many rows it is of: sets the length of the first step.
    where, todo : str
        For the error.

    Raises
    ------
    NotEstimable
        If there is no maximum: an estimate runs to a bound or to infinity.
    """
    from welfare.stats.mixed.maximum import inverse_information, maximise

    found = maximise(likelihood, start, np.eye(len(start)) * float(rows))
    if found is None or not np.isfinite(found[0]).all() or np.abs(found[0]).max() > 25:
        raise NotEstimable(
            "the likelihood has no maximum inside its bounds",
            where=where,
            spoiled="The estimate would be that of the last iteration, and its interval without meaning.",
            todo=todo,
        )
    return Climbed(found[0], inverse_information(found[1]), float(likelihood(found[0])[0]))


def coefficient_rows(
    names: Sequence[tuple[str, str]], estimates: np.ndarray, covariance: np.ndarray, level: float
) -> pd.DataFrame:
    """Return a frame of coefficients: model, term, estimate, std_error, low, high (normal)."""
    from scipy.special import ndtri

    errors = np.sqrt(np.diag(covariance))
    reach = float(ndtri((1 + level) / 2)) * errors
    table = pd.DataFrame(list(names), columns=["model", "term"])
    return table.assign(estimate=estimates, std_error=errors, low=estimates - reach, high=estimates + reach)


__all__ = ["Climbed", "Terms", "climb", "coefficient_rows", "terms_of"]
