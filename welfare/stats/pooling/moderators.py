"""What studies differ in, as columns: numbers as they are, words as one column per level but the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.inputs import numbers

_WHERE = "pool(moderators=)"
_TOLD_APART, _LARGEST = 1e-9, 1e50


def named(moderators: Any) -> dict[str, Any]:
    """Return moderators by name, as arrays or Series of one value per row.

    Parameters
    ----------
    moderators : DataFrame, Series, mapping of sequences, sequence of values or array of one column, or None

    Raises
    ------
    BadParameter
        If they are none of these.
    """
    if moderators is None:
        return {}
    if isinstance(moderators, pd.DataFrame):
        return {str(name): moderators[name] for name in moderators if name != "SIMULATED"}
    if isinstance(moderators, Mapping):
        return {str(name): _one(column, str(name)) for name, column in moderators.items()}
    if isinstance(moderators, np.ndarray) and moderators.ndim == 2 and moderators.shape[1] == 1:
        moderators = moderators[:, 0]
    name = moderators.name if isinstance(moderators, pd.Series) and moderators.name is not None else "moderator"
    return {str(name): _one(moderators, str(name))}


def _one(column: Any, name: str) -> Any:
    if isinstance(column, pd.Series):
        return column
    values = pd.Series(list(column) if np.ndim(column) == 1 else [], dtype=None if np.ndim(column) == 1 else "object")
    if np.ndim(column) != 1:
        raise BadParameter(
            f"{name} is not one value per study",
            where=_WHERE,
            spoiled="It would not be known what its columns are.",
            todo="Give a frame, or a dict of columns by name.",
        )
    return values.to_numpy()


def columns_of(moderators: Mapping[str, Any], rows: int) -> tuple[list[str], np.ndarray]:
    """Return names of terms and the columns: ones, then moderators.

    Parameters
    ----------
    moderators : mapping of columns by name
        Of the rows used, none missing.
    rows : int
        How many there are.

    Returns
    -------
    terms : list of str
        Names of the columns after the first.
    columns : array, shape (rows, 1 + terms)

    Raises
    ------
    BadParameter
        If one is the same in all studies, or one follows from others.
    NotEstimable
        If there are as many columns as studies.
    """
    found: dict[str, np.ndarray] = {}
    for name, column in moderators.items():
        found.update(_columns(name, column))
    columns = np.column_stack([np.ones(rows), *found.values()])
    if columns.shape[1] >= rows:
        raise NotEstimable(
            f"{columns.shape[1]} coefficients are asked of {rows} effects",
            where=_WHERE,
            spoiled="They would be met exactly, whatever the truth.",
            todo="Use fewer moderators: about ten studies for each.",
        )
    _refuse_collinear(columns, list(found))
    return list(found), columns


def _columns(name: str, column: Any) -> dict[str, np.ndarray]:
    values = pd.Series(column).infer_objects()
    if pd.api.types.is_numeric_dtype(values):
        plain = numbers(values, name)
        if np.abs(plain).max() > _LARGEST:
            raise BadValue(
                f"moderator {name} holds {plain[np.abs(plain).argmax()]:g}",
                where=_WHERE,
                spoiled="Its square cannot be written as a computer's number.",
                todo="Give it in another unit.",
            )
        _refuse_constant(name, len(np.unique(plain)))
        return {name: plain}
    factor = values.astype("category").cat.remove_unused_categories()
    levels = list(factor.cat.categories)
    _refuse_constant(name, len(levels))
    return {f"{name}[T.{level}]": (factor == level).to_numpy(dtype=float) for level in levels[1:]}


def _refuse_constant(name: str, values: int) -> None:
    if values < 2:
        raise BadParameter(
            f"moderator {name} is the same in all studies used",
            where=_WHERE,
            spoiled="What does not differ between studies cannot explain how their effects do.",
            todo="Leave it out.",
        )


def _refuse_collinear(columns: np.ndarray, names: list[str]) -> None:
    """Name the first column that those before it make up."""
    scaled = columns / np.linalg.norm(columns, axis=0)
    centred = scaled.copy()
    centred[:, 1:] -= scaled[:, 1:].mean(axis=0)
    centred[:, 1:] /= np.linalg.norm(centred[:, 1:], axis=0)
    across = np.abs(np.diag(np.linalg.qr(centred)[1]))
    if (across < _TOLD_APART).any():
        raise BadParameter(
            f"moderator {names[int(np.argmax(across < _TOLD_APART)) - 1]} follows exactly from the others",
            where=_WHERE,
            spoiled="Which of them an effect goes with could not be told.",
            todo="Leave it out.",
        )


__all__ = ["columns_of", "named"]
