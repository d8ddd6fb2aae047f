"""Categories made fit for counting: rare ones put together under one name, and said so."""

from __future__ import annotations

import pandas as pd


def merge_rare(values: pd.Series, *, least: int, name: str) -> pd.Series:
    """Put the categories that few rows have under one name.

    Parameters
    ----------
    values : Series of text
        One category per row; null stays null.
    least : int
        Categories with fewer rows than this are merged.
    name : str
        What the merged category is called.

    Returns
    -------
    Series
    """
    sizes = values.map(values.value_counts())
    return values.where(values.isna() | (sizes >= least), name)
