"""A file's records made into tidy tables, as its column map says; a record that cannot be read is named, not lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.errors import BadValue
from welfare.schema.columns import conform
from welfare.sources.registry import BY_THE_CALLER, Layout
from welfare.sources.transforms import TRANSFORMS, apply

Period = tuple[pd.Timestamp, pd.Timestamp]

# Above this share of unreadable records the column, not the record, is what is wrong.
_TOO_MANY = 0.05
_EVERY_TABLE = "*"
# Words that fill a column whatever the record holds.
_SAID_OF_ALL = ("const", "period", "positive")


class Mapped(NamedTuple):
    """What a column map makes of a file's records.

    Attributes
    ----------
    frames : dict of str to DataFrame
        Tidy tables by name, without `record_id` and `source_id`.
    rejects : DataFrame
        Columns row, reason.
    """

    frames: dict[str, pd.DataFrame]
    rejects: pd.DataFrame


def map_records(
    records: pd.DataFrame, layout: Layout, *, period: Period | None, where: str, lines: Sequence[int] = ()
) -> Mapped:
    """Apply a column map to the records of one file.

    Parameters
    ----------
    records : DataFrame
        All text, one column per header.
    layout : Layout
        The column map.
    period : pair of Timestamp or None
        First and last day the file covers.
    where : str
        The file's path, for errors.
    lines : sequence of int, optional
        Line of the file on which each record begins, for errors.

    Returns
    -------
    Mapped
        Every record is in a table or among the rejects.

    Raises
    ------
    BadValue
        If more than a twentieth of the records cannot be read.
    """
    records = records.reset_index(drop=True)
    reasons = pd.Series("", index=records.index, dtype="str")
    names = [name for name in dict.fromkeys(layout.map["table"]) if name not in ("", _EVERY_TABLE)]
    built = {name: _build(records, layout.map, name, period, reasons) for name in names}
    silent = _silent(built, records.index) & (reasons == "")
    reasons[silent] = "the record says nothing that this layout reads"
    _refuse_too_many(reasons, where, layout, lines)
    kept = reasons.index[reasons == ""]
    frames = {name: _finish(frame[frame.index.isin(kept)], name) for name, frame in built.items()}
    bad = reasons[reasons != ""]
    return Mapped(frames, pd.DataFrame({"row": bad.index + 1, "reason": bad.to_numpy()}))


def _build(
    records: pd.DataFrame, book: pd.DataFrame, table: str, period: Period | None, reasons: pd.Series
) -> pd.DataFrame:
    """Return one table's rows under the index of the records they come from; unreadable cells go to `reasons`.

    A record of which the table would say only what is true of every record gives no row.
    """
    rules = book[book["table"].isin([table, _EVERY_TABLE])]
    word = rules["transform"].str.split(" ").str[0]
    flags, lists = rules[word == "flag"], rules[word == "ids"]
    columns = {
        str(name): _column(records, part, period, reasons)
        for name, part in rules[~word.isin(["flag", "ids"])].groupby("column", sort=False)
    }
    base = pd.DataFrame(columns, index=records.index)
    if len(flags):
        return _melt_flags(base, records, flags, reasons)
    if len(lists):
        return pd.concat([base.join(_split_ids(records, rule), how="inner") for rule in lists.itertuples()])
    own = [name for name in base if name not in set(rules.loc[word.isin(_SAID_OF_ALL), "column"])]
    return base[base[own].notna().any(axis=1)] if own else base


def _column(records: pd.DataFrame, rules: pd.DataFrame, period: Period | None, reasons: pd.Series) -> pd.Series:
    """Return one column of a table from the header, or the headers, that feed it."""
    word, _, rest = str(rules["transform"].iloc[0]).partition(" ")
    headers = [header for header in rules["header"] if header]
    if word == "const":
        return pd.Series(rest, index=records.index, dtype="str")
    if word == "period":
        day = pd.NaT if period is None else period[rest == "to"]
        return pd.Series(day, index=records.index, dtype="datetime64[s]")
    if word == "if":
        wanted, _, value = rest.partition(" ")
        cells = records[headers[0]]
        _note(reasons, ("'" + cells + f"' in {headers[0]!r} is not {wanted!r}").where(cells != wanted, ""))
        return pd.Series(value, index=records.index, dtype="str")
    if word == "join":
        joined = [", ".join(cell for cell in row if cell) for row in records[headers].to_numpy()]
        return pd.Series([words or None for words in joined], index=records.index, dtype="str")
    if word == "positive":
        labels = [text.partition(" ")[2] for text in rules["transform"]]
        return _labels(_read(records, headers, "count", reasons), labels)
    if word == "largest":
        return _read(records, headers, "count", reasons).max(axis=1)
    return _read(records, headers[:1], f"{word} {rest}".strip(), reasons).iloc[:, 0]


def _read(records: pd.DataFrame, headers: list[str], transform: str, reasons: pd.Series) -> pd.DataFrame:
    columns = {}
    for header in headers:
        columns[header], cannot = apply(transform, records[header])
        _note(reasons, (f"{header}: " + cannot).where(cannot != "", ""))
    return pd.DataFrame(columns)


def _note(reasons: pd.Series, found: pd.Series) -> None:
    """Keep the first reason of each record."""
    new = (reasons == "") & (found != "")
    reasons[new] = found[new]


def _labels(counts: pd.DataFrame, labels: list[str]) -> pd.Series:
    """Join the labels whose count is above zero; a record with none states nothing, which is said."""
    order = np.argsort(labels)
    said = (counts > 0).fillna(False).to_numpy(dtype=bool)[:, order]
    words = np.array(labels, dtype=object)[order]
    joined = ["+".join(words[row]) or "not_stated" for row in said]
    return pd.Series(joined, index=counts.index, dtype="str")


def _melt_flags(base: pd.DataFrame, records: pd.DataFrame, flags: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    """Give one row per flag a record sets; the columns of flags not set in that row stay null."""
    parts = []
    for rule in flags.itertuples():
        cells = records[rule.header].str.casefold()
        known = cells.isin(["", "yes", "no"])
        _note(reasons, (f"{rule.header}: '" + records[rule.header] + "' is not Yes, No or empty").where(~known, ""))
        part = base[cells == "yes"]
        parts.append(part.assign(**{str(rule.column): str(rule.transform).partition(" ")[2]}))
    return pd.concat(parts).sort_index(kind="stable")


def _split_ids(records: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """Give one row per identifier in a cell: compound grants stand in one cell, joined."""
    _, scheme, *separator = str(rule.transform).split(" ")
    cells = records[rule.header]
    parts = (cells.str.split(separator[0], regex=False).explode() if separator else cells).str.strip()
    parts = parts[parts.notna() & (parts != "")]
    found = pd.DataFrame({"record": parts.index, "scheme": scheme, "identifier": parts.astype("str").to_numpy()})
    return found.drop_duplicates().set_index("record")


def _silent(built: dict[str, pd.DataFrame], index: pd.Index) -> pd.Series:
    spoke = {record for frame in built.values() for record in frame.index}
    return pd.Series([record not in spoke for record in index], index=index)


def _refuse_too_many(reasons: pd.Series, where: str, layout: Layout, lines: Sequence[int]) -> None:
    bad = reasons[reasons != ""]
    if len(bad) <= _TOO_MANY * len(reasons):
        return
    first = bad.index[0]
    map_ = (
        "the mapping" if layout.name == BY_THE_CALLER else f"data/column_maps/{layout.source}.csv, {layout.name} layout"
    )
    raise BadValue(
        f"{len(bad):,} of {len(reasons):,} records cannot be read; the first: {bad.iloc[0]}",
        where=f"{where}, {f'line {lines[first]}' if lines else f'record {first + 1}'}",
        spoiled="So many records left out would change every figure counted from the file.",
        todo=f"Compare the file with {map_}: a format has changed.",
    )


def _finish(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    rows = frame.assign(source_row=frame.index + 1).sort_values("source_row", kind="stable")
    return conform(rows.reset_index(drop=True), table)


VOCABULARY = (*TRANSFORMS, "join", "positive", "largest", "flag", "ids", "if", "const", "period", "withheld")
