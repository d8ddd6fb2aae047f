"""A frame made into a series: one row per period, or per unit and period, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts
from welfare.stats.periods import Steps, missing, steps_of

Array = np.ndarray

FEWEST = 3  # periods on either side, below which a level is no level
_MOST_UNITS = 200
_WHERE = "interrupted_series"


@dataclass(frozen=True)
class Series:
    """A series in plain arrays, n rows, sorted by period.

    Attributes
    ----------
    outcome : array of float, shape (n,)
    exposure : array of float, shape (n,), or None
    place : array of int, shape (n,)
        Period of each row, counted from the first by the spacing of the data; gaps are gaps.
    unit : array of int, shape (n,)
        Codes; 0 for all where there is one series.
    change : int
        First period after the change.
    times : Index
        Labels of all periods from the first to the last, those without a row among them.
    stamps : array
        The same as numbers or dates, for an axis.
    """

    outcome: Array
    exposure: Array | None
    place: Array
    unit: Array
    change: int
    times: pd.Index
    stamps: Array

    @property
    def before(self) -> int:
        """Periods with a row before the change."""
        return len(np.unique(self.place[self.place < self.change]))

    @property
    def after(self) -> int:
        """Periods with a row after the change."""
        return len(np.unique(self.place[self.place >= self.change]))

    def earlier(self, change: int) -> Series:
        """Return what lies before the change, with another change in it."""
        rows = self.place < self.change
        return replace(
            self,
            outcome=self.outcome[rows],
            exposure=None if self.exposure is None else self.exposure[rows],
            place=self.place[rows],
            unit=self.unit[rows],
            change=change,
        )


@dataclass(frozen=True)
class Asked:
    """Which columns of a frame a series is made of; the fields are parameters of ``interrupted_series``."""

    outcome: str
    time: str
    change_at: Any
    exposure: str | None
    unit: str | None
    family: str


def read_series(df: pd.DataFrame, asked: Asked) -> tuple[Series, pd.DataFrame, tuple[str, ...]]:
    """Read a series from a frame.

    Parameters
    ----------
    df : DataFrame
        One row per period, or per unit and period.
    asked : Asked
        Its columns.

    Returns
    -------
    series : Series
    dropped : DataFrame
        Columns row, reason.
    notes : tuple of str
        On gaps, on a change inside a period, and on an outcome that looks like a rate already.

    Raises
    ------
    BadParameter
        If a column is not there, or the change is not within the data.
    BadValue
        If a value or a time cannot be read, or two rows are of one period.
    NoDenominator
        If no row has an exposure.
    NotEstimable
        If fewer than three periods lie on either side, or a side counted nothing.
    """
    _refuse_missing_columns(df, asked)
    frame = df.reset_index(drop=True)
    outcome = numbers(frame[asked.outcome], asked.outcome)
    if asked.family != "gaussian":
        not_negative(outcome, asked.outcome, df.index)
    if asked.family == "negative_binomial":
        whole_counts(outcome, asked.outcome, df.index)
    reasons = np.full(len(frame), None, dtype=object)
    exposure = _exposure(frame, asked, reasons)
    reasons[np.isnan(outcome)] = f"missing {asked.outcome}"
    unit = np.zeros(len(frame), dtype=np.int64)
    if asked.unit is not None:
        reasons[frame[asked.unit].isna().to_numpy()] = f"missing {asked.unit}"
    known = frame[asked.time]
    reasons[known.isna().to_numpy()] = f"missing {asked.time}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    if not kept.any():
        raise NotEstimable(
            "no row can be used",
            where=_WHERE,
            spoiled="There is no series.",
            todo="See which of outcome, time and exposure are missing.",
        )
    writing = steps_of(known[kept], asked.time)
    steps = writing.of(known, asked.time)
    first, last = int(steps[kept].min()), int(steps[kept].max())
    # Rows that cannot be used tell the spacing too: every second one without an exposure leaves gaps, not long periods.
    spacing = int(np.gcd.reduce(steps[~missing(steps)] - first)) or 1
    if asked.unit is not None:
        unit[kept] = _units(frame[asked.unit][kept], outcome[kept], asked, reasons, kept)
        kept = np.array([reason is None for reason in reasons], dtype=bool)
        unit[kept] = np.unique(unit[kept], return_inverse=True)[1]
    order = np.flatnonzero(kept)[np.lexsort((unit[kept], steps[kept]))]
    place = (steps[order] - first) // spacing
    _refuse_twice(place, unit[order], frame[asked.time].iloc[order], asked)
    change, inside = _change(asked, writing, first, last, spacing)
    many = (last - first) // spacing + 1
    places = first + spacing * np.arange(many)
    series = Series(
        outcome=outcome[order],
        exposure=None if exposure is None else exposure[order],
        place=place,
        unit=unit[order],
        change=change,
        times=writing.labels(places),
        stamps=_stamps(writing, places),
    )
    _refuse_few(series, asked)
    gaps = many - len(np.unique(place))
    notes = [inside] if inside else []
    if gaps:
        notes.append(f"{gaps:,} of {many:,} periods have no row: they count as time that passed, not as none recorded.")
    if spacing > 1:
        notes.append(f"Periods stand {spacing} steps of {asked.time} apart; trends and lags are per period.")
    if series.exposure is not None and (series.outcome != np.floor(series.outcome)).any():
        notes.append(
            f"{asked.outcome} holds numbers that are not whole: if it is a rate already, it is divided by "
            f"{asked.exposure} once more here. Give counts with an exposure, or rates without."
        )
    return series, dropped_rows(df.index, reasons), tuple(notes)


def _refuse_missing_columns(df: pd.DataFrame, asked: Asked) -> None:
    named = [asked.outcome, asked.time, *(name for name in (asked.exposure, asked.unit) if name is not None)]
    twice = [name for name in named if (df.columns == name).sum() > 1]
    if twice:
        raise BadParameter(
            f"the frame has more than one column {twice[0]!r}",
            where=_WHERE,
            spoiled="Which of them is meant would be a guess.",
            todo="Rename or drop one.",
        )
    absent = [name for name in named if name not in df]
    if absent:
        raise BadParameter(
            f"the frame has no column {absent[0]!r}",
            where=_WHERE,
            spoiled="The series would be of something else.",
            todo=f"Its columns: {', '.join(map(str, df.columns[:12]))}.",
        )


def _exposure(frame: pd.DataFrame, asked: Asked, reasons: Array) -> Array | None:
    if asked.exposure is None:
        return None
    if asked.family == "gaussian":
        raise BadParameter(
            "a straight-line model of an outcome has no place for an exposure",
            where=f"{_WHERE}(exposure=)",
            spoiled="A place that grew would seem to have become worse.",
            todo="Give rates as the outcome, or use family='quasipoisson'.",
        )
    amounts = numbers(frame[asked.exposure], asked.exposure)
    reasons[~(amounts > 0)] = "no exposure"
    if not (amounts > 0).any():
        raise NoDenominator(
            f"no row has {asked.exposure} above zero",
            where=f"{_WHERE}(exposure=)",
            spoiled="A rate without a denominator is no rate.",
            todo="Name the column of what events were counted over.",
        )
    return np.where(amounts > 0, amounts, np.nan)


def _units(values: pd.Series, outcome: Array, asked: Asked, reasons: Array, kept: Array) -> Array:
    codes, levels = pd.factorize(values, sort=True)
    if len(levels) > _MOST_UNITS:
        raise NotEstimable(
            f"{len(levels):,} units are more than a model of a series holds",
            where=f"{_WHERE}(unit=)",
            spoiled="The computation would take as many columns.",
            todo="Add them up by period, or use wf.event_study.",
        )
    if asked.family != "gaussian":
        silent = np.bincount(codes, outcome, len(levels)) == 0
        reasons[np.flatnonzero(kept)[silent[codes]]] = f"{asked.unit} without an event"
    return np.asarray(codes)


def _refuse_twice(place: Array, unit: Array, times: pd.Series, asked: Asked) -> None:
    twice = (np.diff(place) == 0) & (np.diff(unit) == 0)
    if twice.any():
        each = f" of one {asked.unit}" if asked.unit else ""
        raise BadValue(
            f"{asked.time} {times.iloc[int(np.argmax(twice))]!s} has two rows{each}",
            where=f"{_WHERE}(time=)",
            spoiled="Rows of one period would pass for periods that follow one another.",
            todo="Add them up by period"
            + (f" and {asked.unit}." if asked.unit else ", or name what they are rows of: unit=."),
        )


def _change(asked: Asked, writing: Steps, first: int, last: int, spacing: int) -> tuple[int, str]:
    given = pd.Series([asked.change_at])
    step = writing.of(given, "change_at")
    if missing(step)[0]:
        raise BadParameter("no date of the change is given", where=f"{_WHERE}(change_at=)", todo="Give change_at=.")
    if not first < step[0] <= last:
        ends = writing.labels(np.array([first, last]))
        raise BadParameter(
            f"the change at {asked.change_at!s} is not within the data: they run from {ends[0]} to {ends[1]}",
            where=f"{_WHERE}(change_at=)",
            spoiled="There is nothing on one of its sides.",
            todo="Give the first period after the change, with periods on either side.",
        )
    inside = ""
    if writing.spacing is not None and isinstance(asked.change_at, str | pd.Timestamp | np.datetime64):
        day = pd.Timestamp(asked.change_at) if not isinstance(asked.change_at, str) else _day(asked.change_at)
        period = pd.Period(ordinal=int(step[0]), freq=writing.spacing)
        if day is not None and day.tz_localize(None).normalize() > period.start_time:
            inside = f"The change falls inside {period}, which counts as after it as a whole."
    return int(-(-(step[0] - first) // spacing)), inside


def _day(text: str) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(text)
    except ValueError:
        return None


def _stamps(writing: Steps, places: Array) -> Array:
    if writing.spacing is None:
        return places
    return np.array([pd.Period(ordinal=int(each), freq=writing.spacing).start_time.to_datetime64() for each in places])


def _refuse_few(series: Series, asked: Asked) -> None:
    for side, count in (("before", series.before), ("after", series.after)):
        if count < FEWEST:
            raise NotEstimable(
                f"{count} period{'s' * (count != 1)} {side} the change can be used, and {FEWEST} are the least",
                where=_WHERE,
                spoiled="A level and its doubt cannot be seen from so few.",
                todo="Bring more periods, or compare the two spans by wf.rate_ratio and say that trends are ignored.",
            )
    if asked.family == "gaussian":
        return
    after = series.place >= series.change
    for side, counted in (("before", series.outcome[~after].sum()), ("after", series.outcome[after].sum())):
        if counted == 0:
            raise NotEstimable(
                f"nothing was counted {side} the change",
                where=_WHERE,
                spoiled="A ratio with nothing has no finite size.",
                todo="Use longer periods, or give the counts of both spans with exact intervals (wf.rate_ratio).",
            )
