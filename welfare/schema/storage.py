"""A bundle kept as a folder of Parquet files, each of which says by itself where its rows came from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.errors import BadParameter, ContractBroken, FileMissing
from welfare.schema.columns import conform
from welfare.schema.provenance import masked, read_provenance, write_parquet
from welfare.schema.tables import Tables

# The parts of a bundle that are frames of their own; all else goes into the metadata of each file.
_FRAMES = ("frames", "rejects", "raw")
_REJECTS, _RAW = "rejects", "raw"


def source_record(tables: Tables) -> dict[str, Any]:
    """Return what a bundle says of its file, JSON-ready: pass it to `write_parquet` with a frame of the bundle.

    Returns
    -------
    dict
        Every attribute of :class:`welfare.schema.tables.Tables` that is not a table (source_id, source, vintage, path,
        sha256, publisher, obtained_from, licence, period, withheld, simulated, notes, conversions), and `tables`, the
        names of its tables.
    """
    said = {part.name: _as_json(getattr(tables, part.name)) for part in fields(Tables) if part.name not in _FRAMES}
    return {**said, "tables": list(tables.frames)}


def _as_json(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        return {"columns": list(value), "rows": value.to_numpy().tolist()}
    if isinstance(value, tuple):
        return [_as_json(part) for part in value]
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def write_tables(tables: Tables, folder: str | Path, *, mask: bool = True) -> Path:
    """Write a bundle as one Parquet file per tidy table, with its rejects and the file's records as they are.

    Parameters
    ----------
    tables : Tables
        As `read` returns them.
    folder : path
        Where the files go: TABLE.parquet, rejects.parquet, raw.parquet. It is made if needed. Each file is whole, and
        raw.parquet comes last: a folder without it was not finished.
    mask : bool
        Whether what tells of a person (columns of the tables that the dictionary flags, columns of raw that the column
        map withholds) is written as the word withheld. False writes it as it is: never for publication.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadParameter
        If the folder holds another source or vintage.

    Notes
    -----
    Each file carries in its metadata, under the key ``welfare``, what :func:`source_record` gives, and its own name.
    """
    folder = Path(folder)
    before = read_provenance(folder / f"{_RAW}.parquet") if (folder / f"{_RAW}.parquet").is_file() else {}
    if before and before.get("source_id") != tables.source_id:
        raise BadParameter(
            f"the folder holds {before.get('source_id')}, and this is {tables.source_id}",
            where=str(folder),
            spoiled="Tables of two files would lie side by side as if they were of one.",
            todo="Give each file a folder of its own.",
        )
    said = source_record(tables)
    raw = masked(tables.raw, tables.withheld) if mask else tables.raw
    for name, frame in {**tables.frames, _REJECTS: tables.rejects, _RAW: raw}.items():
        # Columns of raw are the agency's own: one called like a column of the dictionary need not be that column.
        write_parquet(frame, folder / f"{name}.parquet", {**said, "table": name}, mask=mask and name in tables.frames)
    return folder


def read_tables(folder: str | Path) -> Tables:
    """Read a bundle back from the folder that :func:`write_tables` wrote.

    Parameters
    ----------
    folder : path
        The folder.

    Returns
    -------
    Tables
        As it was: tables, types, coordinate systems, rejects, notes. What was withheld says withheld.

    Raises
    ------
    FileMissing
        If the folder is not whole.
    ContractBroken
        If its files are not of one bundle.
    """
    folder = Path(folder)
    said = _said(folder, _RAW)
    names = said.pop("tables")
    frames = {}
    for name in (*names, _REJECTS):
        own = _said(folder, name)
        if (own["source_id"], own["sha256"]) != (said["source_id"], said["sha256"]):
            raise ContractBroken(
                f"the file is of {own['source_id']} ({own['sha256'][:12]}...), and the records beside it are of "
                f"{said['source_id']} ({said['sha256'][:12]}...)",
                where=str(folder / f"{name}.parquet"),
                spoiled="Rows would be traced to records they were not made from.",
                todo="Write the bundle again, into an empty folder.",
            )
        frames[name] = _frame(folder / f"{name}.parquet")
    rejects = frames.pop(_REJECTS)
    known = {part.name for part in fields(Tables)}
    rest = {name: _from_json(name, value) for name, value in said.items() if name in known}
    return Tables(
        **rest,
        frames={name: conform(frame, name) for name, frame in frames.items()},
        rejects=rejects,
        raw=_frame(folder / f"{_RAW}.parquet"),
    )


def _said(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.parquet"
    if not path.is_file() or "tables" not in (said := read_provenance(path)):
        raise FileMissing(
            f"the folder holds no {path.name} of a bundle",
            where=str(folder),
            spoiled="A table that is missing would look like one without rows.",
            todo="Write the bundle again: raw.parquet comes last, so a folder without it was not finished.",
        )
    return said


def _frame(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    if b"geo" not in (pq.read_schema(path).metadata or {}):
        return pd.read_parquet(path)
    import geopandas

    frame: pd.DataFrame = geopandas.read_parquet(path)
    return frame


def _from_json(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return pd.DataFrame(value["rows"], columns=value["columns"], dtype="str")
    if isinstance(value, list):
        return tuple(pd.Timestamp(part).as_unit("s") for part in value) if name == "period" else tuple(value)
    return value
