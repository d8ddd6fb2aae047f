"""The dictionary of columns: type, unit and meaning of each column of each tidy table, from `data/columns.csv`."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from welfare.errors import BadParameter, ContractBroken
from welfare.schema.codes import shipped

# Any: the stubs know each dtype literally, and these are looked up.
DTYPES: dict[str, Any] = {
    "text": "str",
    "date": "datetime64[s]",
    "count": "Int64",
    "number": "float64",
    "flag": "boolean",
}
PROVENANCE = ("record_id", "source_id", "source_row")


class Column(NamedTuple):
    """One column of a tidy table."""

    name: str
    type: str
    unit: str
    required: bool
    meaning: str


@cache
def columns(table: str) -> dict[str, Column]:
    """Return the columns of a tidy table, provenance first for all but the panel.

    Parameters
    ----------
    table : str
        Name of the table, e.g. ``"inspections"``.

    Raises
    ------
    BadParameter
        If the dictionary has no such table.
    """
    book = shipped("columns.csv")
    own = book[book["table"] == table]
    if own.empty:
        known = ", ".join(sorted(set(book["table"]) - {"*"}))
        raise BadParameter(f"no tidy table is called {table!r}", todo=f"Known tables: {known}.")
    everywhere = book[book["table"] == "*"] if table != "panel" else book.iloc[:0]
    rows = pd.concat([everywhere, own]).itertuples(index=False)
    return {str(r.column): Column(r.column, r.type, r.unit, r.required == "yes", r.meaning) for r in rows}  # type: ignore[arg-type]


@cache
def table_names() -> tuple[str, ...]:
    """Return the names of the tidy tables a loader may yield, in the dictionary's order."""
    return tuple(name for name in dict.fromkeys(shipped("columns.csv")["table"]) if name not in ("*", "panel"))


def conform(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Give a frame the columns, order and types of a tidy table; columns it lacks become null.

    Parameters
    ----------
    frame : DataFrame
        Rows of one tidy table; columns the dictionary does not know are kept, last.
    table : str
        Name of the table.

    Returns
    -------
    DataFrame
        The same rows.

    Raises
    ------
    ContractBroken
        If a column cannot be given its type.
    """
    wanted = columns(table)
    out = pd.DataFrame(index=frame.index)
    for name, column in wanted.items():
        dtype = DTYPES[column.type]
        try:
            out[name] = frame[name].astype(dtype) if name in frame else pd.Series(index=frame.index, dtype=dtype)
        except (TypeError, ValueError) as error:
            raise ContractBroken(
                f"column {name!r} cannot be read as {column.type} ({error})",
                where=table,
                spoiled="Every figure counted from that column would be wrong.",
                todo="Give the column its type, or correct the column map that fills it.",
            ) from None
    extra = [name for name in frame if name not in wanted]
    return out.join(frame[extra]) if extra else out
