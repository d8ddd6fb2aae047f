"""What the cells of one column look like, said without deciding: dates and in which order, numbers, codes, people."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

import pandas as pd

from welfare.sources.maps.transforms import number
from welfare.sources.own.own_cells import strptime_format

_NEARLY_ALL = 0.95  # the share of cells that decides what a column is; `read` refuses a file above the rest
_FEW_WORDS = 12
_DECISIVE = 0.05  # where fewer cells tell day from month, it may be they that are wrong
NO_VALUE = {"n/a", "na", "n.a.", "#n/a", "null", "none", "nil", "not available", "not reported", "nan"}
DOUBTFUL = {"-", "--", ".", "?", "*", "unk", "unknown", "nd", "tbd", "x"}

_DAYS = (
    "YYYY-MM-DD", "YYYY/MM/DD", "MM/DD/YYYY", "DD/MM/YYYY", "MM-DD-YYYY", "DD-MM-YYYY", "DD.MM.YYYY", "MM.DD.YYYY",
    "MM/DD/YY", "DD/MM/YY", "MM-DD-YY", "DD-MM-YY", "DD.MM.YY", "MONTH DD, YYYY", "MON DD, YYYY", "DD MONTH YYYY",
    "DD MON YYYY", "DD-MON-YYYY", "DD-MON-YY", "YYYY-MM", "MM/YYYY", "MONTH YYYY", "MON YYYY", "MON-YY",
    "YYYYMMDD",
)  # fmt: skip
_HOURS = ("", " hh:mm", " hh:mm:ss", "Thh:mm", "Thh:mm:ss", " h:mm AM", " h:mm:ss AM")
_EIGHT_DIGITS = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_MAYBE_DATE = re.compile(r"^(?=.*\d)[\w ,:T]*(?:[-/.]|^\d{8}$|(?<=\w)[ ,]+(?=\w))[-/.\w ,:]*$")

_COMPANY = re.compile(
    r"\b(?:inc|llc|ltd|co|corp|company|farms?|foods?|poultry|meats?|packing|packers|plant|abattoir|house|hatchery|"
    r"processing|road|rd|street|st|avenue|ave|lane|line|county|city|town|young|light|heavy|chickens?|turkeys?)\b",
    re.IGNORECASE,
)
_WORD = r"[A-Z][a-zA-ZÀ-ÿ'’-]+"
_INITIAL = r"(?:[A-Z](?:\. ?| )){1,2}"
_PERSON = re.compile(rf"(?:{_WORD},? {_WORD}|{_INITIAL}{_WORD}|{_WORD},? [A-Z]\.?(?: ?[A-Z]\.?)?)(?: {_WORD})?")


class Look(NamedTuple):
    """What the cells of a column look like.

    Attributes
    ----------
    kind : str
        empty, date, number, count, id (numbers that begin with 0), decimal_comma, person, free_text or text.
    records, filled : int
        How many there are, and how many of them are filled.
    low, high : float
        Of numbers and counts.
    dates : tuple of str
        Formats that could be meant; more than one where the day and the month cannot be told apart.
    first, last : str
        Earliest and latest day, if one format is meant.
    misfits : tuple of str
        Cells that are not what the others are.
    nothing, doubtful : tuple of str
        Words that stand for no value, and words that may.
    words : tuple of str
        The distinct cells, if they are few and repeated.
    samples : tuple of str
        A few cells.
    decisive : str
        How many cells tell the day from the month, and one of them.
    mixed : bool
        Whether dates stand in several formats.
    """

    kind: str
    records: int
    filled: int
    low: float = 0.0
    high: float = 0.0
    dates: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    misfits: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    decisive: str = ""
    mixed: bool = False


def look_at(cells: pd.Series) -> Look:
    """Say what the cells of a column look like.

    Parameters
    ----------
    cells : Series of str
        Empty where the file is.
    """
    filled = cells[cells != ""].reset_index(drop=True)
    small = filled.str.casefold()
    nothing, doubtful = small.isin(NO_VALUE), small.isin(DOUBTFUL)
    told = filled[~nothing & ~doubtful].reset_index(drop=True)
    distinct = tuple(told.drop_duplicates())
    few = len(distinct) <= _FEW_WORDS and len(told) >= 2 * len(distinct)
    seen = Look(
        "empty" if told.empty else "text",
        len(cells),
        len(filled),
        nothing=tuple(filled[nothing].unique()),
        doubtful=tuple(filled[doubtful].unique()),
        words=distinct if few else (),
        samples=distinct[:3],
    )
    if told.empty:
        return seen
    if not told.str.fullmatch(_EIGHT_DIGITS).all():
        seen = _as_numbers(seen, told) or seen
    if seen.kind != "text":
        return seen
    return _as_dates(seen, told) or seen._replace(kind=_kind_of_text(told))


def _as_dates(seen: Look, told: pd.Series) -> Look | None:
    if told.map(lambda cell: bool(_MAYBE_DATE.match(cell))).mean() < _NEARLY_ALL:
        return None
    told = told.drop_duplicates().reset_index(drop=True)
    read: dict[str, pd.Series] = {}
    for day, hour in product(_DAYS, _HOURS if told.str.contains(":").any() else _HOURS[:1]):
        days = pd.to_datetime(told, format=strptime_format(day + hour), errors="coerce")
        if days.notna().any() and not any(days.equals(other) for other in read.values()):
            read[day + hour] = days
    if not read or pd.concat(read, axis=1).notna().any(axis=1).mean() < _NEARLY_ALL:
        return None
    best = max(read, key=lambda form: read[form].notna().sum())
    fits, others = read[best].notna(), [form for form in read if form != best]
    if fits.mean() < _NEARLY_ALL:  # days in several formats: which cell is in which cannot always be told
        return seen._replace(kind="date", dates=(best, *others), misfits=tuple(told[~fits][:3]), mixed=True)
    rivals = [form for form in others if read[form].notna().mean() >= fits.mean() - _DECISIVE]
    alone = told[fits & ~pd.DataFrame({form: read[form].notna() for form in others}, index=told.index).any(axis=1)]
    return seen._replace(
        kind="date",
        dates=(best, *rivals),
        first="" if rivals else f"{read[best].min():%Y-%m-%d}",
        last="" if rivals else f"{read[best].max():%Y-%m-%d}",
        misfits=tuple(told[~fits][:3]),
        decisive=f"{len(alone)} of {len(told)} days can be read in no other order, such as {alone.iloc[0]}"
        if others and len(alone)
        else "",
    )


def _as_numbers(seen: Look, told: pd.Series) -> Look | None:
    values, faults = number(told)
    fits = faults == ""
    if told.str.fullmatch(r"-?\d+,\d{1,2}").mean() > 0.5:
        return seen._replace(kind="decimal_comma")
    if fits.mean() < _NEARLY_ALL:
        return None
    low, high = float(values.min()), float(values.max())
    known = seen._replace(low=low, high=high, misfits=tuple(told[~fits][:3]))
    if told.str.fullmatch(r"0\d+").any():
        return known._replace(kind="id")
    whole = bool((values.dropna() % 1 == 0).all()) and low >= 0
    return known._replace(kind="count" if whole else "number")


def _kind_of_text(told: pd.Series) -> str:
    many = told.drop_duplicates()
    if (many.str.count(r"\s+") + 1).mean() >= 6 or many.str.len().max() > 100 or many.str.contains("@").mean() > 0.5:
        return "free_text"
    people = many.map(lambda cell: bool(_PERSON.fullmatch(cell)) and not _COMPANY.search(cell))
    return "person" if people.mean() > 0.7 else "text"
