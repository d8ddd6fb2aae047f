"""The columns of visits that a part works with: read, checked, and rows that lack one left out with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts

LABEL, COUNT, AMOUNT, EXPOSURE, ANY = "label", "count", "amount", "exposure", "any"
INSPECTORS = ("inspector", "inspector_id")


def usable_rows(
    visits: pd.DataFrame, wanted: Mapping[str, tuple[str | None, str]], where: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that have every column a part needs, and what was left out.

    Parameters
    ----------
    visits : DataFrame
        One row per visit.
    wanted : mapping of str to (column or None, kind)
        By the name the part gives it. Kinds: "label" (anything that is not missing), "count" (whole numbers, 0 or
        more), "amount" (numbers, 0 or more), "exposure" (numbers above 0; other rows are left out), "any" (numbers or
        text that is not missing). None: the part does without.
    where : str
        The function asked, for errors.

    Returns
    -------
    rows : DataFrame
        Columns by the names given, labelled as the input.
    dropped : DataFrame
        Columns row, reason.

    Raises
    ------
    BadParameter
        If `visits` is no frame or a column is not there.
    BadValue
        If a count or amount cannot be one.
    NotEstimable
        If no row is left.
    """
    chosen = {name: (column, kind) for name, (column, kind) in wanted.items() if column is not None}
    need_columns(visits, [column for column, _ in chosen.values()], where)
    reasons = np.full(len(visits), None, dtype=object)
    read: dict[str, np.ndarray] = {}
    for name, (column, kind) in chosen.items():
        values = visits[column]
        if kind in (LABEL, ANY):
            read[name] = hashable(values)
            reasons[values.isna().to_numpy()] = f"missing {column}"
            continue
        read[name] = _amounts(values, column, kind)
        reasons[np.isnan(read[name])] = f"missing {column}"
        if kind == EXPOSURE:
            reasons[read[name] == 0] = f"{column} is 0: nothing was looked at"
    kept = pd.isna(reasons)
    if not kept.any():
        raise NotEstimable(
            "no visit has all the columns needed" if len(visits) else "there are no visits",
            where=where,
            spoiled="Nothing can be said of what was not looked at.",
            todo=f"Columns needed: {', '.join(column for column, _ in chosen.values())}.",
        )
    rows = pd.DataFrame({name: values[kept] for name, values in read.items()}, index=visits.index[kept])
    return rows, dropped_rows(visits.index, reasons)


def need_columns(visits: pd.DataFrame, wanted: Sequence[str], where: str) -> None:
    """Refuse what is not a frame, or lacks a column."""
    if not isinstance(visits, pd.DataFrame):
        raise BadParameter(
            f"visits are a {type(visits).__name__}, not a DataFrame",
            where=where,
            todo="Give a frame with one row per visit.",
        )
    absent = [name for name in wanted if name not in visits]
    if absent:
        raise BadParameter(
            f"the visits have no column {', '.join(map(repr, absent))}",
            where=where,
            spoiled="The figure cannot be had without it.",
            todo=f"Columns they have: {', '.join(map(str, visits.columns))}.",
        )
    twice = [name for name in wanted if (visits.columns == name).sum() > 1]
    if twice:
        raise BadParameter(
            f"the visits have more than one column {twice[0]!r}",
            where=where,
            spoiled="Which of them is meant would be a guess.",
            todo="Leave one of them out, or rename it.",
        )


def hashable(values: pd.Series) -> np.ndarray:
    """Return values as they are, or written out where they are lists or the like, which nothing can be grouped by."""
    plain = values.to_numpy()
    if plain.dtype != object or all(value.__hash__ is not None for value in plain):
        return plain
    missing = values.isna().to_numpy()
    return np.array([None if missing[at] else str(value) for at, value in enumerate(plain)], dtype=object)


def refuse_inspectors(columns: Sequence[str | None], where: str) -> None:
    """Refuse to give a figure per inspector, which would name and rank them."""
    named = [str(column) for column in columns if column in INSPECTORS]
    if named:
        raise BadParameter(
            f"{named[0]} would give each inspector a figure",
            where=where,
            spoiled="People would be named and ranked by what may be the facilities they were sent to.",
            todo="Give it as `inspector`: how far they differ is told, and of nobody in particular.",
        )


def _amounts(values: pd.Series, column: str, kind: str) -> np.ndarray:
    read = numbers(values, column)
    (whole_counts if kind == COUNT else not_negative)(read, column, values.index)
    return read


def check_share(value: float, name: str, where: str) -> None:
    """Refuse what is not between 0 and 1, both left out."""
    if not (isinstance(value, int | float) and 0 < value < 1):
        raise BadParameter(f"{name} is {value!r}, not between 0 and 1", where=where, todo="Give a share, such as 0.95.")


def check_replicates(value: int, where: str, least: int = 19) -> None:
    """Refuse so few replicates that no p-value of 0.05 could come of them; 0 asks for none."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not (value == 0 or value >= least):
        raise BadParameter(
            f"{value!r} replicates",
            where=where,
            spoiled="A p-value of 0.05 could not come of them.",
            todo=f"Give {least} or more, such as 199; or 0 to leave the test out.",
        )


__all__ = [
    "AMOUNT",
    "ANY",
    "COUNT",
    "EXPOSURE",
    "INSPECTORS",
    "LABEL",
    "check_replicates",
    "check_share",
    "hashable",
    "need_columns",
    "refuse_inspectors",
    "usable_rows",
]
