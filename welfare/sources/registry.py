"""The sources the library can read, and their column maps: both are shipped tables, not code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import shipped

BY_THE_CALLER = "given by the caller"  # the name of a layout that is not registered


# A header of a column map that begins so is a regular expression: a crosstab has a column for each day.
_PATTERN = "~"


class Layout(NamedTuple):
    """One set of headers under which a source has published, and where each header goes.

    Attributes
    ----------
    source, name : str
        Whose headers they are, and what the column map calls them.
    headers : tuple of str
        Those written out.
    patterns : tuple of str
        Regular expressions; each stands for one header or more.
    map : DataFrame
        Columns header, table, column, transform, note.
    """

    source: str
    name: str
    headers: tuple[str, ...]
    map: pd.DataFrame
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, name: str, book: pd.DataFrame) -> Layout:
        """Make the layout that a column map describes."""
        known = [header for header in dict.fromkeys(book["header"]) if header]
        written = tuple(header for header in known if not header.startswith(_PATTERN))
        patterns = tuple(header.removeprefix(_PATTERN) for header in known if header.startswith(_PATTERN))
        return cls(source, name, written, book, patterns)

    def matched(self, headers: Iterable[str]) -> dict[str, list[str]]:
        """Return by pattern the headers of a file that it stands for, in the file's order."""
        left = [header for header in headers if header not in self.headers] if self.patterns else []
        return {pattern: [h for h in left if re.fullmatch(pattern, h)] for pattern in self.patterns}

    def spelled_out(self, headers: Iterable[str]) -> Layout:
        """Return the layout of one file: each pattern replaced by the headers it stands for there."""
        if not self.patterns:
            return self
        found = {_PATTERN + pattern: names for pattern, names in self.matched(headers).items()}
        spelled = [found.get(str(header), [str(header)]) for header in self.map["header"]]
        book = self.map.assign(header=pd.Series(spelled, index=self.map.index, dtype="object"))
        return Layout.of(self.source, self.name, book.explode("header", ignore_index=True))


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
            found.append(Layout.of(source, str(name), rows.drop(columns="layout")))
    return tuple(found)
