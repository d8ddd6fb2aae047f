"""Periods as an unbroken run of steps: a month that no row is about is a month all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue, NotEstimable
from welfare.stats.periods import Steps, missing, steps_of

_MOST = 100_000


@dataclass(frozen=True)
class Calendar:
    """The study period, step by step.

    Attributes
    ----------
    labels : Series of t values
        What each step is called: a Timestamp (as given, or where a period begins that no row is about), or a number.
    word : str
        What a step is: "year", "month", ..., "period".
    """

    labels: pd.Series
    word: str

    def span(self, first: int, last: int) -> str:
        """Say from when to when."""
        begin, end = (_shown(self.labels.iloc[at]) for at in (first, last))
        return begin if first == last else f"{begin} to {end}"


def read_periods(time: Any, labels: pd.Index) -> tuple[np.ndarray, Steps, pd.Series]:
    """Read each row's period as a whole number.

    Parameters
    ----------
    time : sequence or Series of n values
        Whole numbers, dates, pandas periods, or text that reads as one of them; missing where not known.
    labels : Index of n labels
        Of the rows.

    Returns
    -------
    array of float, shape (n,)
        NaN where missing.
    Steps
        How the column writes its periods.
    Series
        The column itself, under the labels.

    Raises
    ------
    BadValue
        If a value is no period.
    """
    # An index of dates is a column like any other.
    column = pd.Series(time.to_numpy() if isinstance(time, pd.Index) else time)
    column = pd.Series(column.array, index=labels, name="time")
    if isinstance(column.dtype, pd.ArrowDtype) and pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = pd.Series(pd.DatetimeIndex(column), index=labels, name="time")
    if column.isna().all():
        return np.full(len(column), np.nan), Steps(None), column
    steps = steps_of(column, "scan(time=)")
    whole = steps.of(column, "scan(time=)")
    return np.where(missing(whole), np.nan, whole.astype(float)), steps, column


def calendar_of(whole: np.ndarray, steps: Steps, column: pd.Series) -> Calendar:
    """Return the study period from the first step of the rows kept to their last.

    Parameters
    ----------
    whole : array of int, shape (n,)
        Steps of the rows kept.
    steps : Steps
        How they are written.
    column : Series of n values
        As given.

    Raises
    ------
    BadValue
        If there are more than 100,000 steps.
    NotEstimable
        If there are fewer than three.
    """
    first, last = int(whole.min()), int(whole.max())
    many = last - first + 1
    if many > _MOST:
        raise BadValue(
            f"from the first period to the last there are {many:,} steps",
            where="scan(time=)",
            spoiled="Nearly all of them would be empty, and the search would not end.",
            todo="Round the dates: to days, weeks or months, e.g. dates.dt.to_period('M').",
        )
    if many < 3:
        raise NotEstimable(
            f"the rows that can be used span {many} period{'s' * (many != 1)}",
            where="scan(time=)",
            spoiled="A window in time stands out among at least 3 periods.",
            todo="Give shorter periods, or time=None for a scan in space alone.",
        )
    return Calendar(_labels(whole, steps, column, range(first, last + 1)), _word(steps))


def _labels(whole: np.ndarray, steps: Steps, column: pd.Series, every: range) -> pd.Series:
    if steps.spacing is None:
        return pd.Series(list(every), dtype="int64")
    begins = pd.Series(
        [pd.Period(ordinal=step, freq=steps.spacing).start_time for step in every], index=every, dtype="datetime64[ns]"
    )
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        given = column.dt.tz_localize(None).groupby(whole).min()
        begins.loc[given.index] = given.astype("datetime64[ns]")
    return begins.reset_index(drop=True)


def _word(steps: Steps) -> str:
    if steps.spacing is None:
        return "year" if steps.years else "period"
    words = {"Y": "year", "A": "year", "Q": "quarter", "M": "month", "W": "week", "D": "day", "h": "hour"}
    return words.get(steps.spacing[0], "period")


def _shown(label: Any) -> str:
    if not isinstance(label, pd.Timestamp):
        return str(label)
    return f"{label:%Y-%m-%d}" if label == label.normalize() else f"{label:%Y-%m-%d %H:%M:%S}"
