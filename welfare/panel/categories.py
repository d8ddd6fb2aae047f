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


def one_of(values: pd.Series, words: tuple[str, ...]) -> pd.Series:
    """Say which of some words each joined text holds.

    Parameters
    ----------
    values : Series of text
        Words joined by ``+``, as the panel holds species and inspection systems.
    words : tuple of str
        The words looked for.

    Returns
    -------
    Series
        The word; null where the text holds none of them, or several.
    """
    parts = values.fillna("").str.split("+")
    held = [[word for word in words if word in part] for part in parts]
    return pd.Series([word[0] if len(word) == 1 else None for word in held], index=values.index, dtype="str")
