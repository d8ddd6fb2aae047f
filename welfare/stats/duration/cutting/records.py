"""Records of units in order of time, and the spells between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue
from welfare.stats.duration.cutting.dates import by_unit, days_of, refuse_strangers
from welfare.stats.duration.rows import causes_of
from welfare.stats.inputs import dropped_rows

SEVERAL, UNKNOWN = "several", "not known"


@dataclass(frozen=True)
class Observed:
    """Spells between records, in days since 1970.

    Attributes
    ----------
    spells : DataFrame
        The unit, what was kept, number, previous, begin, end, origin, event, cause, begun_by and ended_by (labels of
        records).
    records : int
        Records used.
    dropped : DataFrame
        Columns row, reason; units without a record stand under their own name.
    notes : list of str
    from_first : bool
        Whether observation begins with each unit's first record.
    listed : bool
        Whether it is known which units were observed, those without a record too.
    """

    spells: pd.DataFrame
    records: int
    dropped: pd.DataFrame
    notes: list[str]
    from_first: bool
    listed: bool


def observe(
    records: pd.DataFrame,
    *,
    unit: str,
    date: str,
    until: Any,
    since: Any,
    origin: Any,
    recurrent: bool,
    keep: list[str],
    cause: str | None,
) -> Observed:
    """Order records by unit and day, and cut time at risk where they lie.

    Parameters
    ----------
    records, unit, date, until, since, origin, recurrent, keep, cause
        As :func:`welfare.stats.duration.spells.spells`.

    Raises
    ------
    BadValue
        If a date cannot be read, or an origin lies after the start.
    """
    frame = pd.DataFrame({"unit": records[unit].to_numpy(), "day": days_of(records[date], date, "spells(date=)")})
    frame["label"] = pd.Series(list(records.index), dtype="object")
    for name in keep:
        frame[f"keep {name}"] = records[name].to_numpy()
    if cause is not None:
        kind = records[cause].astype("object").reset_index(drop=True)
        # An event of no known kind is still an event: missing, it would be read as none.
        frame["cause"] = kind.where(causes_of(kind).notna(), UNKNOWN)
    reasons = np.full(len(frame), None, dtype=object)
    reasons[np.isnan(frame["day"].to_numpy())] = f"missing {date}"
    reasons[frame["unit"].isna().to_numpy()] = f"missing {unit}"
    units = pd.Index(frame["unit"][pd.isna(reasons)].unique())
    listed = isinstance(since, pd.Series | Mapping)
    if listed:
        refuse_strangers(pd.Series(since).index, units, "since")
        units = units.union(pd.Index(list(pd.Series(since).index)), sort=False)
    ends = by_unit(until, units, "until")
    own_end = frame["unit"].map(ends).to_numpy(dtype=float)
    _give(reasons, np.isnan(own_end), "no end of observation known")
    _give(reasons, frame["day"].to_numpy() > own_end, "after the end of observation")
    starts = _starts(frame, reasons, since, ends)
    zero = starts if origin is None else by_unit(origin, units, "origin")
    _refuse_late_origin(zero, starts)
    if origin is not None:
        _give(reasons, frame["unit"].map(zero).isna().to_numpy(), "no origin known")
    events, merged = _one_a_day(frame[pd.isna(reasons)], keep, cause)
    spells = _between(events, starts, ends, since is None, recurrent)
    if not recurrent:
        first = spells[spells["event"] == 1].set_index("unit")["end"]
        _give(
            reasons, frame["day"].to_numpy() > frame["unit"].map(first).to_numpy(dtype=float), "after the first event"
        )
    spells["origin"] = spells["unit"].map(zero)
    known = spells[spells["origin"].notna()].rename(columns={"unit": unit} | {f"keep {name}": name for name in keep})
    no_time = int((starts >= ends).sum()) if since is not None else 0
    unknown = int((known["cause"] == UNKNOWN).sum()) if cause is not None else 0
    silent = _silent(units.difference(frame["unit"].dropna(), sort=False), starts, ends, zero)
    return Observed(
        known.reset_index(drop=True),
        int(pd.isna(reasons).sum()),
        pd.concat([dropped_rows(records.index, reasons), silent], ignore_index=True),
        _notes(merged, since, no_time, unknown, unit),
        since is None,
        listed,
    )


def _give(reasons: np.ndarray, where: np.ndarray, reason: str) -> None:
    reasons[where & pd.isna(reasons)] = reason


def _silent(units: pd.Index, starts: pd.Series, ends: pd.Series, zero: pd.Series) -> pd.DataFrame:
    """Name the units without a record that have no time under observation, each with its reason."""
    reasons = np.full(len(units), None, dtype=object)
    start, end = starts.reindex(units).to_numpy(), ends.reindex(units).to_numpy()
    _give(reasons, np.isnan(end), "no end of observation known")
    _give(reasons, np.isnan(start), "no start of observation known")
    _give(reasons, zero.reindex(units).isna().to_numpy(), "no origin known")
    _give(reasons, start >= end, "observation ends before it begins")
    return dropped_rows(units, reasons)


def _starts(frame: pd.DataFrame, reasons: np.ndarray, since: Any, ends: pd.Series) -> pd.Series:
    """Return when observation of each unit begins; records up to then get a reason, unless they begin it."""
    usable = frame[pd.isna(reasons)]
    if since is None:
        starts = usable.groupby("unit", sort=False)["day"].min().reindex(ends.index)
        only = frame["day"].to_numpy() == frame["unit"].map(ends).to_numpy(dtype=float)
        only &= frame["day"].to_numpy() == frame["unit"].map(starts).to_numpy(dtype=float)
        _give(reasons, only, "no time under observation after it")
        return starts
    starts = by_unit(since, ends.index, "since")
    own = frame["unit"].map(starts).to_numpy(dtype=float)
    _give(reasons, np.isnan(own), "no start of observation known")
    _give(reasons, frame["day"].to_numpy() < own, "before observation began")
    _give(reasons, frame["day"].to_numpy() == own, "on the day observation began")
    return starts


def _one_a_day(usable: pd.DataFrame, keep: list[str], cause: str | None) -> tuple[pd.DataFrame, int]:
    """Make the records of a unit and day one; return them in order, and how many were more than one."""
    ordered = usable.sort_values(["unit", "day"], kind="stable")
    first = ~ordered.duplicated(["unit", "day"])
    days = ordered[first].reset_index(drop=True)
    place = np.cumsum(first.to_numpy()) - 1
    for name in [f"keep {name}" for name in keep] + (["cause"] if cause else []):
        codes = pd.factorize(ordered[name])[0]
        differs = np.zeros(len(days), dtype=bool)
        np.logical_or.at(differs, place, codes != codes[np.flatnonzero(first)][place])
        days[name] = days[name].astype("object").where(~differs, SEVERAL if name == "cause" else None)
    return days, len(ordered) - len(days)


def _between(days: pd.DataFrame, starts: pd.Series, ends: pd.Series, from_first: bool, recurrent: bool) -> pd.DataFrame:
    """Return the spells."""
    opens = starts.dropna()
    opening = pd.DataFrame({"unit": opens.index, "day": opens.to_numpy(), "label": None})
    closing = pd.DataFrame({"unit": opens.index, "end": ends.reindex(opens.index).to_numpy()})
    marks = (
        days
        if from_first
        else pd.concat([opening, days], ignore_index=True).sort_values(["unit", "day"], kind="stable")
    )
    marks = marks.reset_index(drop=True)
    follows = marks["unit"].shift(-1) == marks["unit"]
    last = marks["unit"].map(closing.set_index("unit")["end"])
    found = marks.rename(columns={"day": "begin", "label": "begun_by"}).drop(columns=["cause"], errors="ignore")
    found["end"] = marks["day"].shift(-1).where(follows, last)
    found["event"] = follows.astype(int)
    found["ended_by"] = marks["label"].shift(-1).where(follows, None)
    if "cause" in marks:
        found["cause"] = marks["cause"].shift(-1).where(follows, None)
    found["number"] = found.groupby("unit", sort=False).cumcount() + 1
    found["previous"] = found["number"] - 1
    if not recurrent:
        found = found[found["number"] == 1]
    return found[found["begin"] < found["end"]].copy()


def _refuse_late_origin(zero: pd.Series, starts: pd.Series) -> None:
    late = zero > starts
    if late.any():
        raise BadValue(
            f"the origin of {late.index[late][0]!r} lies after its observation began ({int(late.sum()):,} such units)",
            where="spells(origin=)",
            spoiled="It would be at risk before its time began.",
            todo="Correct the origin, or begin observation later.",
        )


def _notes(merged: int, since: Any, no_time: int, unknown: int, unit: str) -> list[str]:
    notes = []
    if merged:
        notes.append(f"Records of one {unit} on one day are one event: {merged:,} records more than days.")
    if since is None:
        notes.append(f"Each {unit} comes under observation with its first record, which is no event.")
    if unknown:
        notes.append(f"Events of which the kind is not known, kept as a kind of their own: {unknown:,}.")
    if no_time:
        notes.append(f"Units whose observation ends before it begins, left out: {no_time:,}.")
    return notes
