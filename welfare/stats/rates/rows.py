"""Single values or columns of counts and exposures, side by side in rows, with why a row cannot be used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue, NoDenominator, NotEstimable
from welfare.stats.inputs import common_labels, numbers, whole_counts

_LARGEST = 1e50


def side_by_side(**columns: Any) -> pd.DataFrame:
    """Put values or columns of equal length side by side; single values make one row.

    Parameters
    ----------
    **columns : numbers, or sequences or Series of n numbers
        By name; a name that begins with "events" or "trials" holds counts.

    Returns
    -------
    DataFrame
        n rows of floats, missing as NaN, under the labels of the Series among the columns.

    Raises
    ------
    BadParameter
        If lengths or labels differ.
    BadValue
        If a count is negative or not whole, a value is infinite or not a number, or an exposure so large or small
        that intervals could not be reckoned.
    """
    if all(np.ndim(column) == 0 for column in columns.values()):
        columns = {name: [value] for name, value in columns.items()}
    labels = common_labels(**columns)
    rows = pd.DataFrame({name: numbers(column, name) for name, column in columns.items()}, index=labels)
    for name in columns:
        if name.startswith(("events", "trials")):
            whole_counts(rows[name].to_numpy(), name, labels)
        else:
            _refuse_beyond_reckoning(rows[name].to_numpy(), name)
    return rows


def _refuse_beyond_reckoning(exposure: np.ndarray, name: str) -> None:
    wrong = (exposure > _LARGEST) | ((exposure > 0) & (exposure < 1 / _LARGEST))
    if wrong.any():
        raise BadValue(
            f"{name} is {exposure[wrong][0]:g} ({int(wrong.sum()):,} such rows)",
            where=name,
            spoiled="Its square cannot be written as a computer's number; the interval would be of rounding errors.",
            todo="Give the exposure in a unit of which there are not so many, or so few.",
        )


def why_unusable(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row why no rate can be made of it.

    Parameters
    ----------
    rows : DataFrame
        Columns of counts (names that begin with "events") and of exposures.

    Returns
    -------
    array of n str or None
        The reason; None where the row can be used.
    """
    reasons = np.full(len(rows), None, dtype=object)
    exposures = _exposures(rows)
    for name in rows.columns.difference(exposures):
        reasons[rows[name].isna()] = f"missing {name}"
    for name in exposures:
        reasons[rows[name].isna() | (rows[name] == 0)] = f"no {name}"
    for name in exposures:
        reasons[rows[name] < 0] = f"negative {name}"
    return reasons


def _exposures(rows: pd.DataFrame) -> list[str]:
    return [str(name) for name in rows.columns if not str(name).startswith("events")]


def refuse_nothing_left(rows: pd.DataFrame, reasons: np.ndarray, where: str) -> None:
    """Refuse to go on where no row can be used.

    Parameters
    ----------
    rows : DataFrame
        As given to :func:`why_unusable`.
    reasons : array of n str or None
        As it returned.
    where : str
        Function, for the error.

    Raises
    ------
    NoDenominator
        If no row has every exposure above zero.
    NotEstimable
        If none of those has its counts.
    """
    exposures = _exposures(rows)
    if not (rows[exposures] > 0).all(axis=1).any():
        raise no_denominator("no row has an exposure above zero", where, exposures[-1])
    if all(reason is not None for reason in reasons):
        raise NotEstimable(
            "no row with an exposure has a count of events",
            where=f"{where}(events=)",
            spoiled="A row that was not counted is not a row with zero events.",
            todo="Give counts for at least one row.",
        )


def no_denominator(what: str, where: str, argument: str = "exposure") -> NoDenominator:
    """Return the error of a rate without exposure.

    Parameters
    ----------
    what : str
        What is missing.
    where, argument : str
        Function and its argument.
    """
    return NoDenominator(
        what,
        where=f"{where}({argument}=)",
        spoiled="A count without what it was counted over says nothing of how often harm happens.",
        todo="Give the number of animals, tasks or hours that the events were counted over.",
    )


def row_names(table: pd.DataFrame) -> pd.Index:
    """Return the names of a result's rows as text: a column of groups in front of the numbers, else the labels.

    Parameters
    ----------
    table : DataFrame
        Of a result; its first numbers are in the column events or observed.
    """
    first = table.columns[0]
    return pd.Index(table.index if first in ("events", "observed") else table[first]).astype(str)
