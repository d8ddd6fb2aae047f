"""What a tidy table's columns mean, where they came from, how much of them is missing and what is wrong with them."""

from __future__ import annotations

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.columns import columns, table_names
from welfare.sources.raw.personal import likely_personal
from welfare.sources.registry import registry

_NOT_IN_THE_DICTIONARY = "not in the dictionary of columns"


def describe(frame: pd.DataFrame, table: str | None = None) -> pd.DataFrame:
    """Describe the columns of a tidy table.

    Parameters
    ----------
    frame : DataFrame
        A tidy table such as ``tables.facilities``, or a panel.
    table : str, optional
        Its name. By default the table whose columns, in the dictionary, are exactly the frame's.

    Returns
    -------
    DataFrame
        One row per column of the frame: column, type, unit, meaning, personal (whether it is free text that may tell of
        a person, withheld from what is published), source (title and publisher of each source the rows came from, with
        its vintage; empty where no row says), share_missing (0 to 1; null if there is no row), known_defects (of those
        sources, as the registry states them).

    Raises
    ------
    BadParameter
        If the table cannot be told from the columns, or no table has that name.
    """
    name = table or _table_of(frame)
    book = columns(name)
    sources, defects = _sources(frame)
    rows = []
    for column in map(str, frame.columns):
        known = book.get(column)
        rows.append(
            {
                "column": column,
                "type": known.type if known else str(frame[column].dtype),
                "unit": known.unit if known else "",
                "meaning": known.meaning if known else _NOT_IN_THE_DICTIONARY,
                "personal": known.personal if known else likely_personal(column),
                "source": sources,
                "share_missing": float(frame[column].isna().mean()),
                "known_defects": defects,
            }
        )
    names = ["column", "type", "unit", "meaning", "personal", "source", "share_missing", "known_defects"]
    return pd.DataFrame(rows, columns=names)


def _table_of(frame: pd.DataFrame) -> str:
    found = [name for name in (*table_names(), "panel") if set(columns(name)) == set(frame.columns)]
    if len(found) == 1:
        return found[0]
    raise BadParameter(
        f"no tidy table has exactly these {len(frame.columns)} columns",
        spoiled="A meaning taken from another table would be wrong.",
        todo='Name the table, e.g. describe(frame, "facilities").',
    )


def _sources(frame: pd.DataFrame) -> tuple[str, str]:
    """Return in words the sources of a frame's rows, and their defects."""
    ids = list(frame["source_id"].dropna().unique()) if "source_id" in frame else []
    book = registry().set_index("source")
    said, defects = [], []
    for source_id in ids:
        source = source_id.partition("@")[0]
        if source not in book.index:
            said.append(source_id)
            continue
        entry = book.loc[source]
        said.append(f"{entry['title']}, {entry['publisher']} ({source_id})")
        defects.append(entry["known_defects"])
    return "; ".join(said), "; ".join(dict.fromkeys(defects))
