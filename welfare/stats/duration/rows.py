"""Times and events as a caller hands them in: what cannot be a time at risk is refused, or left out by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.duration.hazards.at_risk import tied
from welfare.stats.inputs import dropped_rows, numbers

NO_TIME = "no time at risk"
# Where no entry is given, all are at risk before time 0: what comes at 0 (dead on the day it was housed) counts.
_BEFORE_ALL = -1.0


@dataclass(frozen=True)
class TimedRows:
    """Rows with a time at risk.

    Attributes
    ----------
    entry, exit : array of float, shape (n,)
        A row is at risk in (entry, exit].
    frame : DataFrame, n rows
        Of the input, with its labels.
    kept : array of bool
        Which rows of the input these are.
    dropped : DataFrame
        Columns row, reason.
    notes : tuple of str
    """

    entry: np.ndarray
    exit: np.ndarray
    frame: pd.DataFrame
    kept: np.ndarray
    dropped: pd.DataFrame
    notes: tuple[str, ...]


def check_columns(df: pd.DataFrame, where: str, **asked: object) -> None:
    """Refuse names that are not columns of the frame.

    Parameters
    ----------
    df : DataFrame
    where : str
        The function's name.
    **asked : str, sequence of str or None
        By option.

    Raises
    ------
    BadParameter
    """
    if not isinstance(df, pd.DataFrame):
        raise BadParameter(
            f"a {type(df).__name__} was given, not a frame",
            where=where,
            spoiled="Nothing says what its values are.",
            todo="Give a DataFrame; of a result of wf.spells, its .table.",
        )
    for option, given in asked.items():
        for name in names(given):
            if name not in df:
                raise BadParameter(
                    f"the frame has no column {name!r}",
                    where=f"{where}({option}=)",
                    spoiled="Times would be counted of other rows than meant.",
                    todo=f"Columns it has: {', '.join(map(str, df.columns))}.",
                )
            if isinstance(df[name], pd.DataFrame):
                raise BadParameter(
                    f"the frame has more than one column {name!r}",
                    where=f"{where}({option}=)",
                    spoiled="Which of them is meant would be a guess.",
                    todo="Rename or drop the others.",
                )


def names(given: object) -> list[str]:
    """Return one column's name, or several, as a list."""
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)  # type: ignore[call-overload]


def time_reasons(df: pd.DataFrame, *, time: str, entry: str | None, where: str) -> np.ndarray:
    """Return for each row why it has no time at risk, None where it has one.

    Parameters
    ----------
    df : DataFrame
    time, entry : str
        Columns: when the row ends, and when it comes under observation; from 0 on if `entry` is None.
    where : str
        The function's name.

    Returns
    -------
    array of n str or None

    Raises
    ------
    BadValue
        If a time lies before zero or before its entry, or is a date.
    """
    reasons = np.full(len(df), None, dtype=object)
    ends = _times(df, time, where)
    begins = np.zeros(len(df)) if entry is None else _times(df, entry, where)
    wrong = (ends < begins) | (begins < 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        what = f"{time} is {ends[first]:g}" + (f", before {entry} {begins[first]:g}" if entry else ", below zero")
        if begins[first] < 0:
            what = f"{entry} is {begins[first]:g}, below zero"
        raise BadValue(
            f"{what}, in row {df.index[first]!r} ({int(wrong.sum()):,} such rows)",
            where=where,
            spoiled="Time is counted from zero on and cannot run backwards: one of the dates behind it is wrong.",
            todo="Correct the dates, count from an earlier day, or make the value missing.",
        )
    if entry is not None:
        reasons[ends == begins] = NO_TIME
        reasons[np.isnan(begins)] = f"missing {entry}"
    reasons[np.isnan(ends)] = f"missing {time}"
    return reasons


def _times(df: pd.DataFrame, name: str, where: str) -> np.ndarray:
    column = df[name]
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        raise BadParameter(
            f"{name} holds dates, not lengths of time",
            where=where,
            spoiled="What is counted from when would be a guess.",
            todo="Make spells of dated records with wf.spells, or give days as numbers.",
        )
    return numbers(column, name)


def zero_or_one(df: pd.DataFrame, event: str, where: str) -> np.ndarray:
    """Return the events as numbers, missing ones as NaN.

    Parameters
    ----------
    df : DataFrame
    event : str
        Column of 1 (the event) and 0 (none until then).
    where : str
        The function's name.

    Raises
    ------
    BadValue
        If a value is neither.
    """
    column = df[event]
    plain = column.astype("Float64") if pd.api.types.is_bool_dtype(column.dtype) else column
    if plain.dtype == object or pd.api.types.is_string_dtype(plain.dtype):
        _refuse_words(plain, event, where)
    values = numbers(plain, event)
    wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadValue(
            f"{event} is {values[first]:g} in row {df.index[first]!r}, not 0 or 1 ({int(wrong.sum()):,} such rows)",
            where=f"{where}(event=)",
            spoiled="A row ends with the event or without it; which of the two would be a guess.",
            todo="Give 1 where the event came, 0 where it had not; for several kinds use wf.cumulative_incidence.",
        )
    return values


def _refuse_words(column: pd.Series, event: str, where: str) -> None:
    """Refuse events told in words: which of them is the event would be a guess."""
    words = [value for value in column.dropna().unique() if isinstance(value, str) and not _is_number(value)]
    if words:
        raise BadValue(
            f"{event} holds the word {words[0]!r}, not 0 or 1",
            where=f"{where}(event=)",
            spoiled="A row ends with the event or without it; which of the two would be a guess.",
            todo="Give 1 where the event came and 0 where it had not; for several kinds use wf.cumulative_incidence.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def causes_of(column: pd.Series) -> pd.Series:
    """Return the kind of event as text, missing where there was none.

    Parameters
    ----------
    column : Series
        Missing, empty, 0 and False count as none.
    """
    return pd.Series([_cause(value) for value in column.astype("object")], index=column.index, dtype="object")


def _cause(value: Any) -> str | None:
    if pd.isna(value) or value in ("", "0") or (not isinstance(value, str) and value == 0):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def timed_rows(
    df: pd.DataFrame,
    *,
    time: str,
    entry: str | None,
    happened: np.ndarray,
    reasons: np.ndarray,
    also: Sequence[str] = (),
    where: str,
) -> TimedRows:
    """Keep the rows that can be used.

    Parameters
    ----------
    df : DataFrame
    time, entry : str
        As :func:`time_reasons`.
    happened : array of bool, shape (n,)
        Whether the row ends with an event, to say how many of those left out did.
    reasons : array of n str or None
        Why rows are out so far; added to.
    also : sequence of str
        Columns without which a row cannot be used.
    where : str
        The function's name.

    Raises
    ------
    NotEstimable
        If no row is left.
    """
    own = time_reasons(df, time=time, entry=entry, where=where)
    missing = pd.isna(reasons) & pd.notna(own)
    reasons[missing] = own[missing]
    for name in also:
        absent = df[name].isna().to_numpy() & pd.isna(reasons)
        reasons[absent] = f"missing {name}"
    kept = pd.isna(reasons)
    if not kept.any():
        raise NotEstimable(
            "no row is left",
            where=where,
            spoiled="There is nothing to estimate from.",
            todo=f"Look at why: {', '.join(sorted(set(reasons)))}.",
        )
    frame = df[kept]
    begins, ends = tied(entries(frame, entry), numbers(frame[time], time))
    return TimedRows(
        entry=begins,
        exit=ends,
        frame=frame,
        kept=np.asarray(kept),
        dropped=dropped_rows(df.index, reasons),
        notes=tuple(lost_at_entry(happened, reasons)),
    )


def entries(frame: pd.DataFrame, entry: str | None) -> np.ndarray:
    """Return when each row comes under observation; before time 0 where no column says it.

    Parameters
    ----------
    frame : DataFrame
    entry : str, optional
        Column.
    """
    return np.full(len(frame), _BEFORE_ALL) if entry is None else numbers(frame[entry], entry)


def lost_at_entry(happened: np.ndarray, reasons: np.ndarray) -> list[str]:
    """Say how many events came at the very moment their row entered.

    Parameters
    ----------
    happened : array of bool, shape (n,)
    reasons : array of n str or None
    """
    lost = int((happened & (reasons == NO_TIME)).sum())
    return (
        [f"Events at the very moment their row entered, left out: {lost:,}; nobody was at risk before."] if lost else []
    )


def group_labels(frame: pd.DataFrame, by: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return the group of each row, from 0, and the groups' names.

    Parameters
    ----------
    frame : DataFrame
    by : list of str
        Columns whose combinations are the groups; none for one group.
    """
    if not by:
        return np.zeros(len(frame), dtype=np.int64), ["all"]
    values: Any = frame[by[0]] if len(by) == 1 else pd.MultiIndex.from_frame(frame[by])
    codes, levels = pd.factorize(values, sort=True)
    shown = [" / ".join(map(str, level)) if isinstance(level, tuple) else str(level) for level in levels]
    return codes.astype(np.int64), shown
