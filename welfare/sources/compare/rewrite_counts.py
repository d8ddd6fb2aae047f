"""How many values of each column two vintages state differently, and how: misspelt, lost, filled in, or most of all."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from welfare.schema.columns import columns
from welfare.sources.compare.pairing import folded

# Where more than this share of at least so many rows differ, the agency has changed its ways rather than the plants.
_WHOLESALE, _FEW = 0.5, 20


class ColumnCount(NamedTuple):
    """One column of the rows that both files have.

    Attributes
    ----------
    table, column : str
        Which.
    rows_count, stated_count : int
        Rows that both files have, and of them those that state it in both.
    differ_count, spelling_count, lost_count, filled_count : int
        Rows in which it differs; of them those whose text differs in case, white space or punctuation alone, those
        where it is empty now, and those where it was.
    wholesale : bool
        Whether it differs in most of the rows that state it in both files.
    """

    table: str
    column: str
    rows_count: int
    stated_count: int
    differ_count: int
    spelling_count: int
    lost_count: int
    filled_count: int
    wholesale: bool


def count_column(table: str, column: str, old: pd.Series, new: pd.Series) -> ColumnCount:
    """Count how one column differs.

    Parameters
    ----------
    table, column : str
        Which.
    old, new : Series of str
        Its values as text, row by row.

    Returns
    -------
    ColumnCount
        The counts.
    """
    known = columns(table)
    stated = old.notna() & new.notna()
    other = stated & (old != new)
    # A number has no spelling: 4.25 and 42.5 have the same figures.
    is_text = column in known and known[column].type == "text"
    lost, filled = int((old.notna() & new.isna()).sum()), int((old.isna() & new.notna()).sum())
    return ColumnCount(
        table,
        column,
        len(old),
        int(stated.sum()),
        int(other.sum()) + lost + filled,
        int((folded(old[other]) == folded(new[other])).sum()) if is_text else 0,
        lost,
        filled,
        bool(stated.sum() >= _FEW and other.sum() > _WHOLESALE * stated.sum()),
    )


def as_frame(counts: list[ColumnCount]) -> pd.DataFrame:
    """Return a frame with one row per column."""
    types = dict.fromkeys(ColumnCount._fields, "int64") | {"table": "str", "column": "str", "wholesale": "bool"}
    return pd.DataFrame(counts, columns=list(types)).astype(types)


def wholesale_in_words(counts: list[ColumnCount]) -> list[str]:
    """Return a note on each column of which most values differ."""
    return [
        f"{of.column} of {of.table} differs in {of.differ_count - of.lost_count - of.filled_count:,} of the "
        f"{of.stated_count:,} rows that state it in both files: the agency may count, code or spell it in another way"
        for of in counts
        if of.wholesale
    ]
