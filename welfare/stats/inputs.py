"""What a caller hands in, made into numbers: missing stays missing, and what cannot be a count is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.schema.results import no_rows_dropped


def numbers(values: Any, name: str) -> np.ndarray:
    """Return values as floats, missing ones as NaN.

    Parameters
    ----------
    values : sequence or Series of n values
        Numbers; None, NaN and pandas' missing value count as missing.
    name : str
        What to call them in an error.

    Returns
    -------
    array of float, shape (n,)

    Raises
    ------
    BadValue
        If a value is text, infinite, or otherwise not a number.
    """
    plain = getattr(values, "dtype", None)
    try:
        if isinstance(plain, np.dtype) and plain.kind in "iuf":
            out = np.asarray(values, dtype=float)
        else:
            out = pd.array(np.asarray(values, dtype=object), dtype="Float64").to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as failure:
        raise BadValue(
            f"{name} holds something that is not a number ({failure})",
            where=name,
            spoiled="Counting with it would be guessing.",
            todo="Convert the column to numbers, and what cannot be read to missing.",
        ) from None
    if np.isinf(out).any():
        raise BadValue(
            f"{name} is infinite in {int(np.isinf(out).sum()):,} rows",
            where=name,
            spoiled="Every sum it enters would be infinite too.",
            todo="Find what was divided by zero, and make it missing.",
        )
    return out


def whole_counts(values: np.ndarray, name: str, labels: pd.Index) -> None:
    """Refuse counts that are negative or not whole; missing ones pass.

    Parameters
    ----------
    values : array of float, shape (n,)
        Counts; NaN where missing.
    name : str
        What to call them in the error.
    labels : Index of n labels
        To name the first offending row.

    Raises
    ------
    BadValue
        With the first offending row and how many there are.
    """
    wrong = ~np.isnan(values) & ((values < 0) | (values != np.floor(values)))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadValue(
            f"{name} is {values[first]:g} in row {labels[first]!r}, not a count ({int(wrong.sum()):,} such rows)",
            where=name,
            spoiled="Every rate and interval made from it would be wrong.",
            todo="Give whole numbers of events, 0 or more; a published rate cannot stand in for a count.",
        )


def not_negative(values: np.ndarray, name: str, labels: pd.Index) -> None:
    """Refuse values below zero; missing ones pass.

    Parameters
    ----------
    values : array of float, shape (n,)
        Quantities that cannot be negative; NaN where missing.
    name : str
        What to call them in the error.
    labels : Index of n labels
        To name the first offending row.

    Raises
    ------
    BadValue
        With the first offending row and how many there are.
    """
    wrong = values < 0
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadValue(
            f"{name} is {values[first]:g} in row {labels[first]!r}, below zero ({int(wrong.sum()):,} such rows)",
            where=name,
            spoiled="It would cancel part of what other rows hold.",
            todo="Correct the values, or make them missing.",
        )


def common_labels(**columns: Any) -> pd.Index:
    """Return the row labels that equally long columns share: those of the Series among them, else 0 to n - 1.

    Parameters
    ----------
    **columns : sequences or Series of n values
        By the name to use in an error.

    Returns
    -------
    Index of n labels

    Raises
    ------
    BadParameter
        If lengths differ, one is a single value, or two Series carry different labels.
    """
    sizes = {name: len(column) if np.ndim(column) else None for name, column in columns.items()}
    first = next(iter(sizes))
    if None in sizes.values() or len(set(sizes.values())) > 1:
        shown = ", ".join(f"{name} {'one value' if size is None else size}" for name, size in sizes.items())
        raise BadParameter(
            f"the columns differ in length: {shown}",
            where=first,
            spoiled="One row's value would be used for another row.",
            todo="Give columns of equal length, with None where a value is missing.",
        )
    series = {name: column for name, column in columns.items() if isinstance(column, pd.Series)}
    if not series:
        return pd.RangeIndex(len(columns[first]))
    leader, labels = next((name, column.index) for name, column in series.items())
    for name, column in series.items():
        if not labels.equals(column.index):
            raise BadParameter(
                f"{leader} and {name} carry different row labels",
                where=name,
                spoiled="One row's value would be used for another row.",
                todo="Take both from one frame, or align them first.",
            )
    return labels


def dropped_rows(labels: pd.Index | Sequence[Any], reasons: np.ndarray) -> pd.DataFrame:
    """Return the `dropped` frame of a result.

    Parameters
    ----------
    labels : Index of n labels
        Of all rows.
    reasons : array of n str or None
        Why each row was left out; None where it was kept.

    Returns
    -------
    DataFrame
        Columns row, reason; one row per row left out, in the order of the input.
    """
    out = np.flatnonzero(pd.notna(reasons))
    if not len(out):
        return no_rows_dropped()
    rows = pd.Index(labels)[out]
    return pd.DataFrame({"row": pd.Series(list(rows), dtype="object"), "reason": pd.Series(reasons[out], dtype="str")})
