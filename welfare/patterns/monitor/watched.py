"""What is watched: counts and expected counts as periods by facilities, in order; what cannot be used is set aside."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator
from welfare.schema.results import no_rows_dropped
from welfare.stats.inputs import not_negative, numbers, whole_counts
from welfare.stats.periods import missing, steps_of


@dataclass(frozen=True)
class Watched:
    """Counts over time.

    Attributes
    ----------
    counts, expected : array of float, shape (periods, facilities)
        NaN where not known.
    trials : array of float, shape (periods, facilities), or None
        Animals or items looked at, for proportions.
    live : array of bool, shape (periods, facilities)
        Where a chart can move: a count, and something expected.
    periods : Index
        Labels of the periods, gaps filled.
    facilities : Index
        Labels of the facilities.
    dropped : DataFrame
        Columns row, reason.
    absent : int
        Periods between the first and the last that the input has no row for; of a long panel, over all facilities.
    """

    counts: np.ndarray
    expected: np.ndarray
    trials: np.ndarray | None
    live: np.ndarray
    periods: pd.Index
    facilities: pd.Index
    dropped: pd.DataFrame
    absent: int


@dataclass(frozen=True)
class _Grid:
    """Where each row of the input belongs: its step in time and its column."""

    counts: np.ndarray  # shape (rows, facilities)
    rows: pd.Index
    facilities: pd.Index
    single: bool


def watched(
    series: Any, expected: Any, trials: Any = None, *, needs_expected: bool = True, held: np.ndarray | None = None
) -> Watched:
    """Read one series, or a frame of periods by facilities.

    Parameters
    ----------
    series : sequence, Series, or DataFrame of periods by facilities
        Counts.
    expected, trials : number, sequence, Series, DataFrame or None
        Of the same shape, or one value for all, or a Series by facility or by period.
    needs_expected : bool
        Refuse where none is given; else 1 everywhere.
    held : array of bool, shape (periods, facilities), optional
        Cells that a long panel had a row for; the others are absent, not dropped.

    Raises
    ------
    BadParameter
        If shapes or labels do not fit, or labels repeat.
    BadValue
        If a count is negative or not whole, or an expected count is negative.
    NoDenominator
        If nothing is expected anywhere.
    """
    grid = _grid(series)
    if expected is None and needs_expected:
        raise NoDenominator(
            "no expected counts were given",
            where="monitor(expected=)",
            spoiled="More deaths in a month may be no more than more animals: there would be nothing to watch against.",
            todo="Give expected counts: a rate times the animals of each period, or fitted counts of wf.count_model.",
        )
    means = _like(grid, 1.0 if expected is None else expected, "expected")
    looked = None if trials is None else _like(grid, trials, "trials")
    _check(grid.counts, means, looked, grid)
    order, periods = _calendar(grid.rows)
    at = (order, slice(None))

    def on_calendar(values: np.ndarray) -> np.ndarray:
        out = np.full((len(periods), values.shape[1]), np.nan)
        out[at] = values
        return out

    live, dropped = _usable(grid, means, looked, held)
    mask = np.zeros((len(periods), live.shape[1]), dtype=bool)
    mask[at] = live
    if needs_expected and not (means > 0).any():
        raise NoDenominator(
            "nothing is expected in any period",
            where="monitor(expected=)",
            spoiled="A count cannot be more than its share of nothing.",
            todo="Give expected counts above zero for the periods in which there were animals.",
        )
    return Watched(
        counts=on_calendar(grid.counts),
        expected=on_calendar(means),
        trials=None if looked is None else on_calendar(looked),
        live=mask,
        periods=periods,
        facilities=grid.facilities,
        dropped=dropped,
        absent=len(periods) - len(grid.rows) if held is None else int((~held).sum()),
    )


def _grid(series: Any) -> _Grid:
    if isinstance(series, pd.DataFrame):
        frame = series.drop(columns="SIMULATED", errors="ignore")
        values = _table(frame, "series[{!r}]")
        grid = _Grid(values, frame.index, frame.columns, single=False)
    else:
        if np.ndim(series) != 1:
            raise BadParameter(
                "the series is neither a row of counts nor a frame of periods by facilities",
                where="monitor(series)",
                todo="Give a Series or sequence, or a DataFrame with a row per period and a column per facility.",
            )
        labels = series.index if isinstance(series, pd.Series) else pd.RangeIndex(len(series))
        name = getattr(series, "name", None)
        values = numbers(series, "series")[:, None]
        grid = _Grid(values, labels, pd.Index(["series" if name is None else name]), single=True)
    if not grid.counts.size:
        raise BadParameter("the series is empty", where="monitor(series)", todo="Give counts of three periods or more.")
    for what, labels in (("period", grid.rows), ("facility", grid.facilities)):
        if isinstance(labels, pd.MultiIndex):
            raise BadParameter(
                f"a {what} has labels of {labels.nlevels} parts",
                where="monitor(series)",
                todo="Give a plain index and columns; or a long panel, with facility=, time= and observed=.",
            )
        if labels.hasnans or not labels.is_unique:
            raise BadParameter(
                f"a {what} is named twice, or not at all: {_first_wrong(labels)!r}",
                where="monitor(series)",
                spoiled="Which count came when, or where, would be a guess.",
                todo="Add up the rows of one facility and period, and name every one.",
            )
    return grid


def _table(frame: pd.DataFrame, what: str) -> np.ndarray:
    """Return a frame as numbers; `what` names a column in a message."""
    if all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in set(frame.dtypes)):
        values = frame.to_numpy(dtype=float)
        if not np.isinf(values).any():
            return values
    columns = [numbers(frame.iloc[:, j], what.format(name)) for j, name in enumerate(frame.columns)]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _first_wrong(labels: pd.Index) -> Hashable:
    wrong = labels.isna() | labels.duplicated()
    return labels[int(np.argmax(wrong))]


def _like(grid: _Grid, values: Any, name: str) -> np.ndarray:
    """Return values for every period and facility, as a table of the shape of the counts."""
    shape = grid.counts.shape
    if isinstance(values, pd.DataFrame):
        values = values.drop(columns="SIMULATED", errors="ignore")
        _same_labels(values.index, grid.rows, name)
        _same_labels(values.columns, grid.facilities, name)
        return _table(values, name)
    if np.ndim(values) == 0:
        return np.broadcast_to(numbers([values], name), shape).copy()
    if np.ndim(values) == 2 and np.shape(values) == shape:
        flat = np.asarray(values).reshape(-1)
        return numbers(flat, name).reshape(shape)
    if np.ndim(values) != 1:
        raise _misfit(name, shape)
    one = numbers(values, name)
    if isinstance(values, pd.Series) and not values.index.equals(grid.rows) and not grid.single:
        _same_labels(values.index, grid.facilities, name)
        return np.broadcast_to(one, shape).copy()
    if isinstance(values, pd.Series) and not isinstance(grid.rows, pd.RangeIndex):
        _same_labels(values.index, grid.rows, name)
    if len(one) != shape[0]:
        raise _misfit(name, shape)
    return np.broadcast_to(one[:, None], shape).copy()


def _misfit(name: str, shape: tuple[int, ...]) -> BadParameter:
    return BadParameter(
        f"{name} does not fit counts of {shape[0]:,} periods and {shape[1]:,} facilities",
        where=f"monitor({name}=)",
        spoiled="A count would be compared with another period's, or another facility's, expectation.",
        todo="Give one number, one per period, a Series by facility, or a frame of the same shape.",
    )


def _same_labels(ours: pd.Index, theirs: pd.Index, name: str) -> None:
    if not ours.equals(theirs):
        raise BadParameter(
            f"the labels of {name} are not those of the series",
            where=f"monitor({name}=)",
            spoiled="A count would be compared with another period's, or another facility's, expectation.",
            todo="Take both from one frame, or reindex one like the other.",
        )


def _check(counts: np.ndarray, means: np.ndarray, trials: np.ndarray | None, grid: _Grid) -> None:
    labels = _cells(grid)
    whole_counts(counts.reshape(-1), "the count", labels)
    not_negative(means.reshape(-1), "expected", labels)
    if trials is None:
        return
    whole_counts(trials.reshape(-1), "trials", labels)
    wrong = (counts > trials) | (means >= np.where(trials > 0, trials, np.inf))
    if wrong.any():
        first = int(np.argmax(wrong.reshape(-1)))
        raise BadValue(
            f"more is counted, or as much expected, than there were trials in row {labels[first]!r}",
            where="monitor(trials=)",
            spoiled="A share above one would enter the chart.",
            todo="Give the animals or items looked at in each period, and expected counts below that.",
        )


def _cells(grid: _Grid) -> pd.Index:
    if grid.single:
        return grid.rows
    return pd.MultiIndex.from_product([grid.rows, grid.facilities])


def _usable(
    grid: _Grid, means: np.ndarray, trials: np.ndarray | None, held: np.ndarray | None
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return where the chart can move, and what it passes over, and why."""
    known = ~np.isnan(grid.counts)
    reasons = [
        ("missing expected", np.isnan(means) & known),
        ("nothing expected", (means == 0) & ~(grid.counts > 0)),
        ("events where nothing was expected", (means == 0) & (grid.counts > 0)),
        ("missing count", ~known & ~(means == 0)),
    ]
    if trials is not None:
        reasons.append(("no trials", ~(trials > 0) & known & (means > 0)))
    live = np.ones(grid.counts.shape, dtype=bool)
    parts = []
    labels = _cells(grid)
    for reason, where in reasons:
        live &= ~where
        at = np.flatnonzero((where if held is None else where & held).reshape(-1))
        if len(at):
            rows = pd.Series(list(labels[at]), index=at, dtype="object")
            parts.append(pd.DataFrame({"row": rows, "reason": pd.Series(reason, index=at, dtype="str")}))
    if not parts:
        return live, no_rows_dropped()
    return live, pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _calendar(labels: pd.Index) -> tuple[np.ndarray, pd.Index]:
    """Return where each row stands among all periods from the first to the last, and the labels of all of them."""
    if isinstance(labels, pd.RangeIndex):
        return np.arange(len(labels)), labels
    column = pd.Series(labels, dtype=labels.dtype)
    steps = steps_of(column, "period")
    at = steps.of(column, "period")
    if missing(at).any() or len(set(at.tolist())) < len(at):
        raise BadParameter(
            "two rows fall into one period",
            where="monitor(series)",
            spoiled="Which count came first would be a guess.",
            todo="Add up the counts of each period before watching them.",
        )
    return _with_gaps(labels, at, steps.labels(np.arange(at.min(), at.max() + 1)) if len(at) else labels)


def _with_gaps(labels: pd.Index, at: np.ndarray, usual: pd.Index) -> tuple[np.ndarray, pd.Index]:
    position = at - at.min()
    if len(usual) > _LONGEST * len(labels) + 10:
        raise BadParameter(
            f"the {len(labels):,} rows lie {len(usual):,} periods apart from first to last",
            where="monitor(series)",
            spoiled="Nearly every period would be one without a count.",
            todo="Give one row per period, without a record too: its expected count says whether there was exposure.",
        )
    every = np.array(usual, dtype=object)
    every[position] = np.array(labels, dtype=object)  # a period that has a row keeps the name it came with
    if len(usual) == len(labels):
        out = labels[np.argsort(position)]
        return position, out
    return position, pd.Index(every, dtype="object")


_LONGEST = 20


__all__ = ["Watched", "watched"]
