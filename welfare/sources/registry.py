"""The sources the library can read, and their column maps: both are shipped tables, not code."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import shipped

BY_THE_CALLER = "given by the caller"  # the name of a layout that is not registered


class Layout(NamedTuple):
    """One set of headers under which a source has published, and where each header goes."""

    source: str
    name: str
    headers: tuple[str, ...]
    map: pd.DataFrame  # columns header, table, column, transform, note


def registry() -> pd.DataFrame:
    """Return the known sources, one row each.

    Returns
    -------
    DataFrame
        Columns source, title, publisher, landing_page, licence, cadence, kind (snapshot: the newest vintage
        replaces older ones; period: files of different periods stand side by side), format, encoding, record_is
        (what one record of the file is), coverage (what the source covers), known_defects.
    """
    return shipped("sources.csv")


def source_row(source: str) -> pd.Series:
    """Return the registry row of one source.

    Raises
    ------
    BadParameter
        If no source has that name.
    """
    table = registry()
    rows = table[table["source"] == source]
    if rows.empty:
        raise BadParameter(f"no source is called {source!r}", todo=f"Known sources: {', '.join(table['source'])}.")
    return rows.iloc[0]


@cache
def layouts() -> tuple[Layout, ...]:
    """Return every layout of every source, in registry order."""
    found = []
    for source in registry()["source"]:
        book = shipped(f"column_maps/{source}.csv")
        for name, rows in book.groupby("layout", sort=False):
            headers = tuple(dict.fromkeys(h for h in rows["header"] if h))
            found.append(Layout(source, str(name), headers, rows.drop(columns="layout")))
    return tuple(found)
