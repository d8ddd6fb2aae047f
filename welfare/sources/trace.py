"""From any row of the library back to the original lines of the original files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from welfare.errors import BadParameter, FileAltered, FileMissing
from welfare.schema.provenance import sha256
from welfare.schema.tables import Tables
from welfare.sources.raw.originals import Original, Record, open_original

_CARRIED = {"facility_id": "str", "period_start": "datetime64[s]"}  # what says which row a record stands behind
_FROM_THE_FILE = ["path", "line", "original", "record", "publisher", "obtained_from"]


class _File(NamedTuple):
    """What it takes to find a record of a file again: names and numbers, none of its contents."""

    source_id: str
    path: str
    place: Path  # absolute: a notebook may have changed its folder since
    sha256: str
    records: int
    headers: frozenset[str]
    withheld: frozenset[str]
    publisher: str
    obtained_from: str

    @classmethod
    def of(cls, tables: Tables) -> _File:
        return cls(
            source_id=tables.source_id,
            path=tables.path,
            place=Path(tables.path).absolute(),
            sha256=tables.sha256,
            records=len(tables.raw),
            headers=frozenset(map(str, tables.raw)),
            withheld=frozenset(tables.withheld),
            publisher=tables.publisher,
            obtained_from=tables.obtained_from,
        )


# The files read in this process, by source_id and hash. A row carries the name of its file but not the file's place,
# and `wf.trace(row)` must lead from the one to the other without being handed the bundle again. Nothing is computed
# from this register and nothing is written from it: it only spares typing, and where it could mislead it refuses.
_READ: dict[str, dict[str, _File]] = {}


def remember(tables: Tables) -> None:
    """Note where the file of a bundle lies, so that its rows can be traced without the bundle.

    Parameters
    ----------
    tables : Tables
        As `read` returns them, at its end.
    """
    _READ.setdefault(tables.source_id, {})[tables.sha256] = _File.of(tables)


def trace(row: pd.Series | pd.DataFrame, *bundles: Tables, mask: bool = True) -> pd.DataFrame:
    """Lead from any row back to the original lines of the original files.

    Parameters
    ----------
    row : Series or DataFrame
        One or more rows of a panel (their record_ids), of a tidy table, `links.places` or `links.unmatched` (their
        record_id, or source_id and source_row), of `links.table` (both sides of the pair), or, with the one bundle
        they are of, of its rejects. Rows of several files at once are fine.
    *bundles : Tables
        The files the rows come from. A file that was read in this process need not be passed.
    mask : bool
        Whether cells that tell of a person are shown as the word withheld. False is for one person at a keyboard who
        checks a record: what it shows is never for publication.

    Returns
    -------
    DataFrame
        One row per record: facility_id, period_start (where the rows have them), record_id, source_id, source_row,
        path, line (on which the record begins; of a workbook the sheet's row, of JSON the record's path), original
        (the record's own text: of CSV as it stands in the file, line breaks inside quotes included; a workbook's row
        as a line of CSV; JSON written out again), record (its filled cells under their headers), publisher,
        obtained_from (whose copy it is, where it does not come from the publisher).

    Raises
    ------
    BadParameter
        If a row does not say which records it comes from, no file is known for it, or two are.
    FileMissing
        If the file is not where it was read.
    FileAltered
        If it has changed since it was read.

    Notes
    -----
    The file is looked up by its hash, so what is shown is what was read. A record with too few or too many fields is
    withheld whole where the file tells of persons: none of its cells surely stands under its header.

    Examples
    --------
    >>> import welfare as wf
    >>> tables = wf.read("severe_injury_reports_2015-2017.csv")  # doctest: +SKIP
    >>> wf.trace(tables.injuries.iloc[0])["original"].item()  # doctest: +SKIP
    """
    wanted = _records_behind(row, bundles)
    given: dict[str, _File] = {}
    for bundle in bundles:
        given[bundle.source_id] = _the_only_one([*filter(None, [given.get(bundle.source_id)]), _File.of(bundle)])
    found: dict[Any, list[Any]] = {}
    for source_id, rows in wanted.groupby("source_id", sort=False):
        file = given.get(str(source_id)) or _recall(str(source_id), rows["record_id"].iloc[0])
        original = _open(file)
        for label, number in rows["source_row"].items():
            record = _look_up(original, file, int(number), mask)
            found[label] = [file.path, *record, file.publisher, file.obtained_from]
    shown = pd.DataFrame([found[label] for label in wanted.index], columns=_FROM_THE_FILE, index=wanted.index)
    texts = [name for name in _FROM_THE_FILE if name != "line"]
    return wanted.join(shown.astype(dict.fromkeys(texts, "str")))


def _records_behind(row: pd.Series | pd.DataFrame, bundles: Sequence[Tables]) -> pd.DataFrame:
    """Return the records the rows come from, one each: what is carried, record_id, source_id, source_row."""
    rows = _as_frame(row)
    carried = [name for name in _CARRIED if name in rows]
    table = rows[carried].assign(record_id=_record_ids(rows, bundles)).explode("record_id", ignore_index=True)
    # A panel row that no record stands behind names none; any other row must name one.
    table = table.dropna(subset="record_id") if "record_ids" in rows else table
    # A single row comes as a Series, whose types are lost.
    table = table.astype({"record_id": "str"} | {name: _CARRIED[name] for name in carried}).reset_index(drop=True)
    parts = table["record_id"].str.extract(r"^(.+)#([0-9]{1,15})$")
    broken = parts[1].isna()
    if broken.any():
        raise BadParameter(
            f"{table['record_id'][broken].iloc[0]!r} names no record of a file",
            spoiled="Nothing leads from that row to a file.",
            todo="Pass rows as the library made them: a record_id is source_id#source_row.",
        )
    return table.assign(source_id=parts[0], source_row=parts[1].astype("int64"))


def _as_frame(row: pd.Series | pd.DataFrame) -> pd.DataFrame:
    if isinstance(row, pd.DataFrame):
        return pd.DataFrame(row).reset_index(drop=True)
    return pd.DataFrame([{name: value for name, value in row.items() if name != "geometry"}])


def _record_ids(rows: pd.DataFrame, bundles: Sequence[Tables]) -> pd.Series:
    """Return by row the ids of its records: a list, or the one."""
    if "record_ids" in rows:
        return rows["record_ids"].astype("str").str.split(" ")
    if "record_id" in rows:
        return rows["record_id"]
    if {"source_id", "source_row"} <= set(rows):
        return rows["source_id"].astype("str") + "#" + rows["source_row"].astype("Int64").astype("str")
    if {"left_id", "right_id"} <= set(rows):
        return pd.Series(rows[["left_id", "right_id"]].to_numpy().tolist(), index=rows.index, dtype=object)
    if {"row", "reason"} <= set(rows) and len(bundles) == 1:
        return bundles[0].source_id + "#" + rows["row"].astype("str")
    raise BadParameter(
        "the row has none of the columns record_ids, record_id, or source_id and source_row",
        spoiled="Nothing leads from it to the records.",
        todo="Pass a row of build_panel or of a tidy table, with all its columns.",
    )


def _recall(source_id: str, record_id: str) -> _File:
    known = list(_READ.get(source_id, {}).values())
    if not known:
        raise BadParameter(
            f"no file is known for the row {record_id}",
            spoiled="It cannot be shown what the row was made from.",
            todo="Read its file again, or pass the bundle: trace(row, tables).",
        )
    return _the_only_one(known)


def _the_only_one(files: Sequence[_File]) -> _File:
    if len({file.sha256 for file in files}) == 1:
        return files[-1]
    names = " and ".join(f"{file.path} (SHA-256 {file.sha256[:12]}...)" for file in files[:2])
    raise BadParameter(
        f"two different files are {files[0].source_id}: {names}",
        spoiled="A row of one would be traced to a record of the other.",
        todo="Pass the bundle the row is of, and only that one: trace(row, tables).",
    )


def _open(file: _File) -> Original:
    if not file.path or not file.place.is_file():
        raise FileMissing(
            f"the file of {file.source_id} is not where it was read",
            where=file.path,
            spoiled="Its records cannot be shown.",
            todo="Put it back, or read it again from where it is now.",
        )
    digest = sha256(file.place)
    if digest != file.sha256:
        raise FileAltered(
            f"the file has changed since {file.source_id} was read: its SHA-256 is {digest[:12]}..., "
            f"and was {file.sha256[:12]}...",
            where=file.path,
            spoiled="The rows would be traced to records they were not made from.",
            todo="Put the former file back, or read the new one and make the rows again.",
        )
    return _opened(file.place, file.sha256, file.records, file.headers)


@lru_cache(maxsize=2)  # so that tracing row after row does not read the file each time
def _opened(place: Path, _sha256: str, records: int, headers: frozenset[str]) -> Original:
    return open_original(place, records, headers)


def _look_up(original: Original, file: _File, number: int, mask: bool) -> Record:
    if not 1 <= number <= file.records:
        raise BadParameter(
            f"the row {file.source_id}#{number} names a record the file does not have: it has {file.records:,}",
            where=file.path,
            spoiled="The row cannot have been made from this file.",
            todo="Pass the bundle of the file it was made from.",
        )
    return original.record(number, file.withheld if mask else frozenset())
