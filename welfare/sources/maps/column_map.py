"""Whether a column map can be followed: its words exist, and what they yield is what the columns hold."""

from __future__ import annotations

import re

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import shipped
from welfare.schema.columns import columns
from welfare.sources.maps.days import groups, is_format, is_week
from welfare.sources.maps.mapping import OF_THE_FILE, VOCABULARY
from welfare.sources.maps.places import coordinate_system
from welfare.sources.maps.rows import MAKERS, parse_reading

# Which words may fill a column of each type; `positive`, for one, yields labels.
_TEXTS = {
    "text",
    "list",
    "code",
    "codes",
    "extract",
    "us_zip",
    "lookup",
    "first_id",
    "join",
    "positive",
    "yes",
    "if",
    "const",
}
_FILLS = {
    "text": {*_TEXTS, "flag", "ids", "item", "label", "filled", "above", "record_number"},
    "date": {"date", "period", "first_day", "last_day", "days_later", "week_begins", "week_ends", "filled", "above"},
    "count": {"count", "present", "first_seen", "largest", "const", "filled"},
    "number": {
        *("number", "amount", "count", "measure", "largest", "const"),
        *("longitude", "latitude", "reading", "total", "incidence"),
    },
    "flag": {"const"},
    "geometry": {"outline"},
}
_TAKES_NO_HEADER = {"const", "period", "record_number"}
_TAKES_TWO_HEADERS = {"longitude", "latitude", "outline"}
_TAKES_MANY_HEADERS = {
    "join", "positive", "yes", "largest", "flag", "ids", "reading", "total", "item", "incidence",
    "filled", "above", "label", "first_day", "last_day",
}  # fmt: skip
# Words that fill columns of their own beside the one named: the table must have them.
_ALSO_FILLS = {
    "reading": ("value", "unit"),
    "total": ("value", "unit"),
    "incidence": ("quantity", "value", "unit"),
    "item": ("item", "score"),
}


def check_map(book: pd.DataFrame) -> None:
    """Refuse a column map that could not be followed, or only in part.

    Parameters
    ----------
    book : DataFrame
        Columns header, table, column, transform, all text; empty cells are empty strings.

    Raises
    ------
    BadParameter
        With the row of the map, its table and column.
    """
    used = book[book["table"] != ""]
    named = [name for name in dict.fromkeys(used["table"]) if name != "*"]
    if not named:
        raise BadParameter("the column map fills no table", todo="Give it rows with a table, a column and a transform.")
    for number, (_, row) in enumerate(book.iterrows(), start=1):
        if fault := _fault(row, used, named):
            raise BadParameter(
                fault,
                where=f"column map, row {number} ({row['header'] or 'no header'})",
                spoiled="The column would be missing, or hold something else than its name says.",
                todo="See docs/how-to/new-source.md for the words and data/columns.csv for the columns.",
            )


def _fault(row: pd.Series, used: pd.DataFrame, named: list[str]) -> str:
    word, table, column = row["transform"].partition(" ")[0], row["table"], row["column"]
    if table == "":
        return f"{word!r} needs a table and a column" if word not in ("", *OF_THE_FILE) else ""
    if word not in VOCABULARY or word in OF_THE_FILE:
        return f"the transform {word!r} does not exist for a column"
    if (row["header"] == "") != (word in _TAKES_NO_HEADER):
        return f"{word!r} needs {'no' if word in _TAKES_NO_HEADER else 'a'} header"
    if word == "needs":
        return "'needs' fills no column" if column else ""
    if word == "ids" and table != "identifiers":
        return f"'ids' fills identifiers, not {table}"
    return (
        _type_fault(word, table, column, named)
        or _argument_fault(word, row["transform"].partition(" ")[2])
        or _said_after_a_bar(row)
        or _rivals(row, used)
    )


def _argument_fault(word: str, rest: str) -> str:
    """Return what is wrong with what follows a word: no cell could be read by it, or each would be guessed at."""
    if word in ("date", "first_day", "last_day", "days_later"):
        form = re.sub(r"^(?:(?:month|year) of|\d+) ", "", rest) if word != "date" else rest
        return "" if is_format(form) else f"{form!r} is no strptime format of a day with its year and without its zone"
    if word in ("week_begins", "week_ends"):
        return "" if is_week(rest) else f"{rest!r} is no regular expression with two groups, week and year"
    if word == "extract":
        return "" if groups(rest) else f"{rest!r} is no regular expression with a group"
    if word in ("longitude", "latitude"):
        return "" if coordinate_system(rest) else f"the coordinate system {rest!r} is not known"
    codes, *names = rest.split() or [""]
    if word == "lookup" and (not re.fullmatch(r"\w+", codes) or not {*names} <= {*shipped(f"codes/{codes}.csv")}):
        return f"data/codes/{codes}.csv has no columns {' and '.join(names)}"
    return ""


def _said_after_a_bar(row: pd.Series) -> str:
    """Return what is wrong with the columns that a reading sets for its own rows."""
    if row["transform"].partition(" ")[0] not in ("reading", "total"):
        return ""
    known = columns(row["table"])
    for name, value in parse_reading(row["transform"]).also.items():
        kind = known[name].type if name in known else ""
        if kind not in ("text", "count") or not value or (kind == "count" and not value.isdecimal()):
            return f"'| {name}={value}' sets no text or count of {row['table']}"
    return ""


def _type_fault(word: str, table: str, column: str, named: list[str]) -> str:
    for name in named if table == "*" else [table]:
        book = columns(name)
        for wanted in (column, *_ALSO_FILLS.get(word, ())):
            if wanted not in book:
                return f"the table {name} has no column {wanted!r}"
        if word not in _FILLS[kind := book[column].type]:
            return f"{column} of {name} holds a {kind}, which {word!r} does not yield"
        if word == "measure" and table == "*":
            return "'measure' needs the table named, since the unit is that of its column"
    return ""


def _rivals(row: pd.Series, used: pd.DataFrame) -> str:
    own = used[(used["table"] == row["table"]) & (used["column"] == row["column"])]
    words = own["transform"].str.partition(" ")[0]
    word = words.iloc[0]
    one = set(words) == {word}
    if one and word in _TAKES_TWO_HEADERS:
        return "" if len(own) == 2 else f"{word!r} takes two headers, and {len(own)} are given"
    makers = set(words) <= {*MAKERS}
    if len(own) > 1 and not makers and not (one and word in _TAKES_MANY_HEADERS):
        return (
            f"several rows fill {row['column']} of {row['table']}, with {', '.join(words)}: only one would be followed"
        )
    return ""
