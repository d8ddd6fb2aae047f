"""A file's records made into tidy tables, as its column map says; a record that cannot be read is named, not lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from welfare.errors import BadValue
from welfare.schema.columns import columns, conform
from welfare.schema.tables import no_conversions
from welfare.schema.units import conversion
from welfare.sources.maps.beside_records import no_record
from welfare.sources.maps.fill import WORDS as FILLS
from welfare.sources.maps.fill import Filler, Period
from welfare.sources.maps.plausible import impossible, latest_day
from welfare.sources.maps.rows import MAKERS
from welfare.sources.maps.transforms import TRANSFORMS
from welfare.sources.registry import BY_THE_CALLER, Layout

# Above this share of unreadable records the column, not the record, is what is wrong; above this share of records
# that say nothing, the file.
_TOO_MANY, _TOO_SILENT = 0.05, 0.5
_EVERY_TABLE = "*"
# Words that fill a column whatever the record holds: a row with nothing else would say nothing of the record.
_SAID_OF_ALL = ("const", "period", "record_number", "positive")
# Words that say which records have a row, and fill no column.
_CONDITIONS = ("needs",)
# Words that speak of a header, not of a column: see `prepared` and `withheld` in welfare/sources/read.py.
OF_THE_FILE = ("withheld", "fill_down", "null")
_SILENT = "the record says nothing that this layout reads"


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
    records: pd.DataFrame,
    layout: Layout,
    *,
    period: Period | None,
    where: str,
    lines: Sequence[int] = (),
    faults: pd.Series | None = None,
    latest: pd.Timestamp | None = None,
) -> Mapped:
    """Apply a column map to the records of one file.

    Parameters
    ----------
    records : DataFrame
        All text, one column per header.
    layout : Layout
        The column map, its patterns spelled out.
    period : pair of Timestamp or None
        First and last day the file covers.
    where : str
        The file's path, for errors.
    lines : sequence of int, optional
        Line of the file on which each record begins, for errors.
    faults : Series of str, optional
        Per record, why it cannot be read whatever the map; empty where it can.
    latest : Timestamp, optional
        Last day that a record can be about; by default today.

    Returns
    -------
    Mapped
        Every record is in a table or among the rejects.

    Raises
    ------
    BadValue
        If more than a twentieth of the records cannot be read, or more than half say nothing.
    """
    records = records.reset_index(drop=True)
    beside = no_record(records)
    reasons = beside.copy() if faults is None else beside.mask(beside == "", faults.reset_index(drop=True))
    records = _prepared(records, layout)
    filler = Filler(records, period, reasons)
    names = [name for name in dict.fromkeys(layout.map["table"]) if name not in ("", _EVERY_TABLE)]
    built = {name: _build(filler, layout.map, name) for name in names}
    for frame in built.values():
        filler.note(impossible(frame, latest or latest_day(None, None)).reindex(records.index, fill_value=""))
    spoke = pd.Index([]).append([frame.index for frame in built.values()])
    silent = pd.Series(~records.index.isin(spoke), index=records.index) & (reasons == "")
    _refuse_too_many(reasons.where(beside == "", ""), silent, where, layout, lines)
    reasons[silent] = _SILENT
    kept = reasons.index[reasons == ""]
    frames = _once({name: frame[frame.index.isin(kept)] for name, frame in built.items()})
    bad = reasons[reasons != ""]
    rejects = pd.DataFrame({"row": bad.index + 1, "reason": bad.to_numpy()})
    return Mapped({name: _finish(frame, name) for name, frame in frames.items()}, rejects)


def _prepared(records: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return the records with what holds for the whole file done: words for nothing emptied, merged cells filled."""
    word, rest = _words(layout.map)
    of_file = layout.map["table"] == ""
    if nothing := list(rest[of_file & (word == "null")]):
        records = records.mask(records.isin(nothing), "")
    down = list(layout.map.loc[of_file & (word == "fill_down"), "header"])
    if down:
        filled = records[down].mask(records[down] == "").ffill().fillna("")
        records = records.assign(**{header: filled[header] for header in down})
    return records


def _words(book: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    parts = book["transform"].str.partition(" ")
    return parts[0], parts[2]


def _build(filler: Filler, book: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return one table's rows under the index of the records they come from; unreadable cells go to the reasons.

    A record of which the table would say only what is true of every record gives no row.
    """
    rules = book[book["table"].isin([table, _EVERY_TABLE])]
    word, _ = _words(rules)
    plain = rules[~word.isin([*MAKERS, *_CONDITIONS])]
    filled = {str(name): filler.column(table, str(name), part) for name, part in plain.groupby("column", sort=False)}
    base = pd.DataFrame(filled, index=filler.records.index)
    for header in rules.loc[word == "needs", "header"]:
        base = base[(filler.records.loc[base.index, header] != "")]
    makers = [(make, rules[word == name]) for name, make in MAKERS.items() if (word == name).any()]
    if makers:
        return pd.concat([make(base, own, filler) for make, own in makers]).sort_index(kind="stable")
    said = set(rules.loc[word.isin(_SAID_OF_ALL), "column"])
    own_columns = [name for name in base if name not in said]
    return base[base[own_columns].notna().any(axis=1)] if own_columns else base


def _once(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Say each facility once where the file is not of facilities: its records are visits, deaths or readings.

    A record stays where no other table holds it.
    """
    others = [frame.index for name, frame in frames.items() if name not in ("facilities", "identifiers")]
    if "facilities" not in frames or not others:
        return frames
    rows = frames["facilities"]
    numbered = [frames["identifiers"].index] if "identifiers" in frames else []
    again = rows.duplicated() & rows.index.isin(pd.Index([]).append([*others, *numbered]))
    return {**frames, "facilities": rows[~again]}


def _refuse_too_many(reasons: pd.Series, silent: pd.Series, where: str, layout: Layout, lines: Sequence[int]) -> None:
    bad = reasons[reasons != ""]
    if len(bad) <= _TOO_MANY * len(reasons) and silent.sum() <= _TOO_SILENT * len(reasons):
        return
    if len(bad) > _TOO_MANY * len(reasons):
        many, first, why = len(bad), bad.index[0], f"cannot be read; the first: {bad.iloc[0]}"
    else:
        many, first, why = int(silent.sum()), silent.idxmax(), "say nothing that this layout reads"
    map_ = (
        "the mapping" if layout.name == BY_THE_CALLER else f"data/column_maps/{layout.source}.csv, {layout.name} layout"
    )
    raise BadValue(
        f"{many:,} of {len(reasons):,} records {why}",
        where=f"{where}, {f'line {lines[first]}' if lines else f'record {first + 1}'}",
        spoiled="So many records left out would change every figure counted from the file.",
        todo=f"Compare the file with {map_}: a format has changed.",
    )


def _finish(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    rows = frame.assign(source_row=frame.index + 1).sort_values("source_row", kind="stable")
    return conform(rows.reset_index(drop=True), table)


def conversions(layout: Layout) -> pd.DataFrame:
    """Return which numbers a column map brings to the contract's unit, and how.

    Returns
    -------
    DataFrame
        table, column, header, unit, into, how.
    """
    word, rest = _words(layout.map)
    rows = []
    rule: Any
    for rule in layout.map.assign(unit=rest)[word == "measure"].itertuples():
        how = conversion(rule.unit, columns(rule.table)[rule.column].unit)
        if how.unit != how.into:
            rows.append((rule.table, rule.column, rule.header, how.unit, how.into, how.how))
    return pd.DataFrame(rows, columns=list(no_conversions()), dtype="str")


VOCABULARY = (*TRANSFORMS, *FILLS, *MAKERS, *_CONDITIONS, *OF_THE_FILE)
