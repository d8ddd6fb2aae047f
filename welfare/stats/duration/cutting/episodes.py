"""Spells split where conditions change; time of which the condition is not known is cut out, never filled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.stats.duration.cutting.dates import as_dates, days_of

_BOUNDS = ("valid_from", "valid_to")


class Split(NamedTuple):
    """Spells split by conditions.

    Attributes
    ----------
    table : DataFrame
        Columns spell (place of the spell it is part of), begin, end (days since 1970), last (whether it holds the end
        of its spell), and the conditions.
    gaps : DataFrame
        Columns spell, begin, end, last: time that is cut out.
    """

    table: pd.DataFrame
    gaps: pd.DataFrame


def conditions_named(conditions: pd.DataFrame, unit: str) -> list[Any]:
    """Return the columns that hold conditions.

    Parameters
    ----------
    conditions : DataFrame
    unit : str
    """
    return [name for name in conditions if name not in (unit, *_BOUNDS)]


def read_conditions(conditions: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Check a frame of conditions and bring it in order.

    Parameters
    ----------
    conditions : DataFrame
        Columns `unit`, valid_from and valid_to (dates; missing where open), and values.
    unit : str

    Returns
    -------
    DataFrame
        Columns `unit`, begin, end (days since 1970), and the values: each holds in (begin, end].

    Raises
    ------
    BadParameter
        If a column is missing, or there is no value.
    BadValue
        If a condition ends before it begins, or two of one unit overlap.
    """
    absent = [name for name in (unit, *_BOUNDS) if name not in conditions]
    values = conditions_named(conditions, unit)
    if absent or not values:
        raise BadParameter(
            f"the conditions have no column {', '.join(map(repr, absent))}"
            if absent
            else "the conditions have no value",
            where="spells(conditions=)",
            spoiled="Nothing would say what held when.",
            todo=f"Give {unit}, valid_from, valid_to and the columns of conditions.",
        )
    where = "spells(conditions=)"
    begin, end = (days_of(conditions[name], name, where) for name in _BOUNDS)
    frame = conditions[[unit, *values]].assign(
        begin=np.where(np.isnan(begin), -np.inf, begin), end=np.where(np.isnan(end), np.inf, end)
    )
    frame = frame[frame[unit].notna()].sort_values([unit, "begin", "end"], kind="stable")
    if (frame["end"] < frame["begin"]).any():
        row = frame.index[(frame["end"] < frame["begin"]).to_numpy()][0]
        raise BadValue(
            f"a condition ends before it begins, in row {row!r}",
            where=where,
            spoiled="It would hold at no time, or backwards.",
            todo="Correct valid_from or valid_to.",
        )
    same, following = frame[unit].shift(-1) == frame[unit], frame["begin"].shift(-1)
    over = same & (following < frame["end"])
    if over.any():
        row = frame.index[over.to_numpy()][0]
        raise BadValue(
            f"two conditions of one {unit} hold at once: {frame[unit][over].iloc[0]!r}, from row {row!r} on",
            where=where,
            spoiled="Which of the two a spell is counted under would be a guess.",
            todo="End the one before the other begins, or make them two columns.",
        )
    # Where the next begins on the day after, the one before holds until then.
    frame["end"] = np.where(same & (following - frame["end"] <= 1), following, frame["end"])
    return frame[[unit, "begin", "end", *values]].reset_index(drop=True)


def split(spells: pd.DataFrame, conditions: pd.DataFrame, unit: str) -> Split:
    """Cut spells where conditions change.

    Parameters
    ----------
    spells : DataFrame
        Columns `unit`, begin and end (days since 1970), numbered from 0.
    conditions : DataFrame
        As :func:`read_conditions` returns it.
    unit : str
    """
    values = [name for name in conditions if name not in (unit, "begin", "end")]
    left = spells[[unit, "begin", "end"]].assign(spell=np.arange(len(spells)))
    try:
        both = left.merge(conditions, on=unit, suffixes=("", "_known"))
    except ValueError:
        raise BadParameter(
            f"{unit} is of another kind in the records ({left[unit].dtype}) than in the conditions "
            f"({conditions[unit].dtype})",
            where="spells(conditions=)",
            spoiled="No condition would be found for any of them.",
            todo="Make both text, or both numbers.",
        ) from None
    known = both.assign(
        begin=both[["begin", "begin_known"]].max(axis=1), end_part=both[["end", "end_known"]].min(axis=1)
    )
    known = known[(known["begin"] < known["end_part"]) & known[values].notna().all(axis=1)]
    known = known.sort_values(["spell", "begin"], kind="stable")
    table = known[["spell", "begin", *values]].assign(end=known["end_part"], last=known["end_part"] == known["end"])
    return Split(table.reset_index(drop=True), _gaps(left, table))


def _gaps(left: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the time of each spell that no part covers."""
    closing = left[["spell"]].assign(begin=left["end"], end=left["end"])
    opening = left[["spell"]].assign(begin=left["begin"], end=left["begin"])
    marks = pd.concat([opening, table[["spell", "begin", "end"]], closing]).sort_values(
        ["spell", "begin", "end"], kind="stable"
    )
    same = marks["spell"].shift(1) == marks["spell"]
    gaps = pd.DataFrame({"spell": marks["spell"], "begin": marks["end"].shift(1), "end": marks["begin"]})
    gaps = gaps[same & (gaps["begin"] < gaps["end"])].reset_index(drop=True)
    return gaps.assign(last=gaps["end"].to_numpy() == left["end"].to_numpy()[gaps["spell"].to_numpy(dtype=int)])


def gap_reasons(gaps: pd.DataFrame) -> list[str]:
    """Say of each gap how long it is and when it begins.

    Parameters
    ----------
    gaps : DataFrame
        Columns begin, end (days since 1970).
    """
    starts = as_dates(gaps["begin"].to_numpy()).dt.strftime("%Y-%m-%d")
    return [
        f"condition not known for {int(length):,} day{'s' * (length != 1)} after {start}"
        for length, start in zip(gaps["end"] - gaps["begin"], starts, strict=True)
    ]
