"""Dates as whole days, one for all units or one by unit; what is not a date is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue

_DAY = "datetime64[D]"


def days_of(column: pd.Series, name: str, where: str) -> np.ndarray:
    """Return dates as days since 1970, NaN where missing; a time of day is cut off.

    Parameters
    ----------
    column : Series
        Dates, or text as 2024-06-01.
    name, where : str
        For the error.

    Raises
    ------
    BadValue
        If a value is no such date.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not column.isna().all():
        raise BadValue(
            f"{name} holds numbers, not dates",
            where=where,
            spoiled="Whether they count days, seconds or years would be a guess.",
            todo="Convert them to dates (pd.to_datetime).",
        )
    try:
        dates = pd.to_datetime(column, format="ISO8601")
        if getattr(dates.dt, "tz", None) is not None:
            dates = dates.dt.tz_localize(None)
    except (ValueError, TypeError, AttributeError) as failure:
        raise BadValue(
            f"{name} holds something that is not a date as 2024-06-01 ({str(failure).splitlines()[0]})",
            where=where,
            spoiled="Day and month would be a guess.",
            todo="Convert the column with pd.to_datetime(..., format=...), and what cannot be read to missing.",
        ) from None
    whole = dates.to_numpy().astype(_DAY)
    return np.where(np.isnat(whole), np.nan, whole.astype(np.int64).astype(float))


def one_day(value: Any, name: str) -> float:
    """Return a single date as days since 1970.

    Parameters
    ----------
    value : date
    name : str
        Of the option.

    Raises
    ------
    BadParameter
        If it is not one.
    """
    where = f"spells({name}=)"
    try:
        day = float(days_of(pd.Series([value]), name, where)[0])
    except BadValue:
        day = np.nan
    if np.isnan(day):
        raise BadParameter(
            f"{name}={value!r} is not a date",
            where=where,
            spoiled="Time under observation would have no end that anybody chose.",
            todo="Give a date such as '2024-06-01', or a Series of dates by unit.",
        )
    return day


def by_unit(given: Any, units: pd.Index, name: str) -> pd.Series:
    """Return a date for each unit, as days since 1970; NaN where none is known.

    Parameters
    ----------
    given : date, or Series or mapping of dates by unit
    units : Index
    name : str
        Of the option.
    """
    if not isinstance(given, pd.Series | Mapping):
        return pd.Series(one_day(given, name), index=units)
    dates = pd.Series(given)
    if dates.index.has_duplicates:
        raise BadParameter(
            f"{name} has two dates for {dates.index[dates.index.duplicated()][0]!r}",
            where=f"spells({name}=)",
            spoiled="Which of the two holds would be a guess.",
            todo="Give one date by unit.",
        )
    refuse_strangers(dates.index, units, name)
    known = pd.Series(days_of(dates, name, f"spells({name}=)"), index=dates.index)
    return known.reindex(units)


def refuse_strangers(given: pd.Index, units: pd.Index, name: str) -> None:
    """Refuse dates that name none of the units of the records: the two are written unlike.

    Parameters
    ----------
    given, units : Index
        Units that dates are given for, and those of the records.
    name : str
        Of the option.

    Raises
    ------
    BadParameter
        If they have none in common.
    """
    if not len(units) or units.isin(given).any():
        return
    raise BadParameter(
        f"{name} names none of the units of the records"
        + (f" ({given[0]} here, {units[0]} there)" if len(given) else ""),
        where=f"spells({name}=)",
        spoiled="Units would be counted as seen and without any event.",
        todo="Write units alike in both: text with text, numbers with numbers.",
    )


def as_dates(days: np.ndarray) -> pd.Series:
    """Return days since 1970 as dates.

    Parameters
    ----------
    days : array of float, shape (n,)
    """
    return pd.Series(np.asarray(days).astype(np.int64).astype(_DAY).astype("datetime64[s]"))
