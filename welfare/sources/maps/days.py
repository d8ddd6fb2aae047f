"""First and last days of the spans that agencies write as one cell or several: a day, a month, a year, a week."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from welfare.errors import BadParameter

Days = tuple[pd.Series, pd.Series]  # days, reasons (empty string where the cells could be read)

_SPAN = re.compile(r"(month|year) of (.+)")
# Unless it is said, the finest part that a format names decides how long the span is.
_LENGTHS = (("%d", "D"), ("%j", "D"), ("%m", "M"), ("%B", "M"), ("%b", "M"), ("%Y", "Y"), ("%y", "Y"))


def first_day(cells: pd.Series, form: str) -> Days:
    """Return the first day of the day, month or year that cells name in one strptime format.

    A format that begins with ``month of`` or ``year of`` asks for that span of the day it names.
    """
    return _day(cells, form, lambda spans: spans.dt.start_time)


def last_day(cells: pd.Series, form: str) -> Days:
    """Return the last day of the day, month or year that cells name in one strptime format; see `first_day`."""
    return _day(cells, form, lambda spans: spans.dt.end_time)


def _day(cells: pd.Series, form: str, end: Callable[[pd.Series], pd.Series]) -> Days:
    if wider := _SPAN.fullmatch(form):
        length, form = wider[1][0].upper(), wider[2]
    else:
        length = next((length for mark, length in _LENGTHS if mark in form), "D")
    days = pd.to_datetime(cells.mask(cells == ""), format=form, errors="coerce")
    found = end(days.dt.to_period(length)).dt.normalize().astype("datetime64[s]")
    return found, _reasons(found, cells, f"a date as {form}")


def days_later(cells: pd.Series, rest: str) -> Days:
    """Return the day a number of days after the one that cells name: ``6 %Y-%m-%d`` ends a week that begins there."""
    number, _, form = rest.partition(" ")
    if not number.isdecimal() or not form:
        raise BadParameter(
            f"a column map asks for 'days_later {rest}'",
            todo="Write a number of days and a format, such as 'days_later 6 %Y-%m-%d'.",
        )
    days, reasons = first_day(cells, form)
    return days + pd.Timedelta(days=int(number)), reasons


def week_begins(cells: pd.Series, pattern: str) -> Days:
    """Return the Monday of the ISO week whose number and year are the two groups of a regular expression."""
    return _week(cells, pattern, 1)


def week_ends(cells: pd.Series, pattern: str) -> Days:
    """Return the Sunday of the ISO week whose number and year are the two groups of a regular expression."""
    return _week(cells, pattern, 7)


def _week(cells: pd.Series, pattern: str, weekday: int) -> Days:
    parts = cells.str.extract(f"^(?:{pattern})$")
    written = parts[1] + " " + parts[0].str.zfill(2) + f" {weekday}"
    days = pd.to_datetime(written, format="%G %V %u", errors="coerce").astype("datetime64[s]")
    return days, _reasons(days, cells, f"a week as {pattern}")


def _reasons(days: pd.Series, cells: pd.Series, expected: str) -> pd.Series:
    bad = days.isna() & (cells != "")
    return ("'" + cells + f"' is not {expected}").where(bad, "")


def is_format(form: str) -> bool:
    """Say whether days can be read in a strptime format without guessing: pandas' ``mixed`` guesses, cell by cell."""
    if not {"%Y", "%y"} & set(re.findall("%.", form)) or re.search("%[zZ]", form):
        return False
    try:
        pd.to_datetime("", format=form, errors="coerce")
    except (ValueError, re.error):
        return False
    return True


def is_week(pattern: str) -> bool:
    """Say whether a regular expression has the two groups, week and year, that a week is read from."""
    return groups(pattern) == 2


def groups(pattern: str) -> int:
    """Return how many groups a regular expression has; 0 if it is none."""
    try:
        return re.compile(pattern).groups
    except re.error:
        return 0
