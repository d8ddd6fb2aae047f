"""Whether a column map can be followed: its words exist, and what they yield is what the columns hold."""

from __future__ import annotations

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.columns import columns
from welfare.sources.mapping import VOCABULARY

# Which words may fill a column of each type; `positive`, for one, yields labels.
_FILLS = {
    "text": {"text", "list", "code", "us_zip", "lookup", "first_id", "join", "positive", "flag", "ids", "if", "const"},
    "date": {"date", "period"},
    "count": {"count", "largest", "const"},
    "number": {"number", "count", "largest", "const"},
    "flag": {"const"},
}
_TAKES_NO_HEADER = {"const", "period"}
_TAKES_MANY_HEADERS = {"join", "positive", "largest", "flag", "ids"}


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
        return f"{word!r} needs a table and a column" if word not in ("", "withheld") else ""
    if word not in VOCABULARY or word == "withheld":
        return f"the transform {word!r} does not exist for a column"
    if (row["header"] == "") != (word in _TAKES_NO_HEADER):
        return f"{word!r} needs {'no' if word in _TAKES_NO_HEADER else 'a'} header"
    if word == "ids" and table != "identifiers":
        return f"'ids' fills identifiers, not {table}"
    for name in named if table == "*" else [table]:
        if column not in columns(name):
            return f"the table {name} has no column {column!r}"
        if word not in _FILLS[kind := columns(name)[column].type]:
            return f"{column} of {name} holds a {kind}, which {word!r} does not yield"
    rivals = used.loc[(used["table"] == table) & (used["column"] == column), "transform"].str.partition(" ")[0]
    if len(rivals) > 1 and not (set(rivals) == {word} and word in _TAKES_MANY_HEADERS):
        return f"several rows fill {column} of {table}, with {', '.join(rivals)}: only one would be followed"
    return ""
