"""Dates that cannot be: after the file was made, before anybody kept records, or an end before its beginning."""

from __future__ import annotations

import pandas as pd

_EARLIEST = pd.Timestamp(1900, 1, 1)
# A vintage is a label, often of a month or year: a day so much later is no slip of the label.
_GRACE = pd.Timedelta(days=366)
# Ends may lie ahead: a permission or a plan runs on.
_BEGINNINGS = ("date", "date_from", "valid_from", "control_released")
_SPELLS = (("date_from", "date_to"), ("date", "date_to"), ("valid_from", "valid_to"))


def latest_day(
    vintage: tuple[pd.Timestamp, pd.Timestamp] | None, period: tuple[pd.Timestamp, pd.Timestamp] | None
) -> pd.Timestamp:
    """Return the last day that a record of a file can be about.

    Parameters
    ----------
    vintage, period : pair of Timestamp or None
        First and last day of the file's vintage, and of the time it covers; where neither is known, it is today.
    """
    known = [span[1] for span in (vintage, period) if span is not None]
    return max(known) + _GRACE if known else pd.Timestamp.now().normalize()


def impossible(frame: pd.DataFrame, latest: pd.Timestamp) -> pd.Series:
    """Return why rows of a tidy table cannot be true.

    Parameters
    ----------
    frame : DataFrame
        Index: the record's own.
    latest : Timestamp
        Last day that a record can be about.

    Returns
    -------
    Series of str
        Under the index of the records concerned, one reason each.
    """
    reasons = pd.Series("", index=frame.index, dtype="str")
    for name in (column for column in _BEGINNINGS if column in frame):
        days = frame[name]
        written = name + " " + days.dt.strftime("%Y-%m-%d")
        reasons = reasons.mask((reasons == "") & (days > latest), written + " lies in the file's future")
        reasons = reasons.mask((reasons == "") & (days < _EARLIEST), written + " lies before 1900")
    for first, last in _SPELLS:
        if first in frame and last in frame:
            ends = last + " " + frame[last].dt.strftime("%Y-%m-%d")
            backwards = (reasons == "") & (frame[last] < frame[first])
            reasons = reasons.mask(backwards, ends + f" lies before {first} " + frame[first].dt.strftime("%Y-%m-%d"))
    found = reasons[reasons != ""]
    return found[~found.index.duplicated()]
