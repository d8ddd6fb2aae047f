"""Periods of a panel: which there are, and which one a day or a span of days falls into."""

from __future__ import annotations

import pandas as pd

from welfare.errors import BadParameter

# fiscal_year is the United States federal one, October to September.
_FREQUENCIES = {"year": "Y-DEC", "fiscal_year": "Y-SEP", "quarter": "Q-DEC", "month": "M"}
PERIODS = (*_FREQUENCIES, "all")


def spans(period: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the periods from a first to a last day.

    Parameters
    ----------
    period : {"year", "fiscal_year", "quarter", "month", "all"}
        Length of each; "all" is one period.
    first, last : Timestamp
        Both in the first and last period.

    Returns
    -------
    DataFrame
        period_start, period_end: first and last day of each.

    Raises
    ------
    BadParameter
        If there is no such length.
    """
    if period not in PERIODS:
        raise BadParameter(f"no period is called {period!r}", todo=f"Use one of {', '.join(PERIODS)}.")
    if period == "all":
        starts, ends = pd.DatetimeIndex([first]), pd.DatetimeIndex([last])
    else:
        every = pd.period_range(first, last, freq=_FREQUENCIES[period])
        starts, ends = every.start_time, every.end_time.normalize()
    return pd.DataFrame({"period_start": starts.astype("datetime64[s]"), "period_end": ends.astype("datetime64[s]")})


def period_of(first: pd.Series, last: pd.Series, periods: pd.DataFrame) -> pd.Series:
    """Return the start of the period that holds each span whole; null where none does.

    A count over a fiscal year cannot be split between two calendar years: it belongs to neither.
    """
    # A time of day would put an event of a period's last day after that day's midnight.
    first, last = first.dt.normalize(), last.dt.normalize()
    starts = periods["period_start"].to_numpy()
    index = pd.Series(starts.searchsorted(first.to_numpy(), side="right") - 1, index=first.index)
    known = first.notna() & (last >= first) & (index >= 0)
    held = periods.iloc[index.where(known, 0).to_numpy()].set_axis(first.index)
    inside = known & (last <= held["period_end"])
    return held["period_start"].where(inside)
