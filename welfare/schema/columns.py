"""The dictionary of columns: type, unit and meaning of each column of each tidy table, from `data/columns.csv`."""

from __future__ import annotations

from collections.abc import Hashable
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
    "geometry": "geometry",
}
PROVENANCE = ("record_id", "source_id", "source_row")


class Column(NamedTuple):
    """One column of a tidy table.

    Attributes
    ----------
    name, type, unit, meaning : str
        As `data/columns.csv` states them.
    required : bool
        Whether no cell may be empty.
    key : bool
        Whether it is one of the columns that say which thing a row is about.
    personal : bool
        Whether it is free text that may tell of a person: withheld.
    """

    name: str
    type: str
    unit: str
    required: bool
    key: bool
    personal: bool
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
    return {row["column"]: _column(row) for row in pd.concat([everywhere, own]).to_dict("records")}


def _column(row: dict[Hashable, str]) -> Column:
    required, key, personal = (row[mark] == "yes" for mark in ("required", "key", "personal"))
    return Column(row["column"], row["type"], row["unit"], required, key, personal, row["meaning"])


@cache
def table_names() -> tuple[str, ...]:
    """Return the names of the tidy tables a loader may yield, in the dictionary's order."""
    return tuple(name for name in dict.fromkeys(shipped("columns.csv")["table"]) if name not in ("*", "panel"))


def _drawable(frame: pd.DataFrame, wanted: dict[str, Column]) -> pd.DataFrame:
    """Make a frame that holds outlines one of geopandas' own, so that it can be drawn and joined by place."""
    outlines = [name for name, column in wanted.items() if column.type == "geometry"]
    if not outlines:
        return frame
    import geopandas

    drawable: pd.DataFrame = geopandas.GeoDataFrame(frame, geometry=outlines[0], crs="EPSG:4326")
    return drawable


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
        if dtype == "geometry":
            import geopandas  # noqa: F401 (it gives pandas the type)
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
    return _drawable(out.join(frame[extra]) if extra else out, wanted)
