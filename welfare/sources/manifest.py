"""MANIFEST.csv, which stands beside downloaded files: as of when they are, whose they are, what they hash to."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from welfare.errors import BadParameter, ContractBroken, FileAltered
from welfare.schema.provenance import sha256

NAME = "MANIFEST.csv"
_NEEDED = ("path", "vintage", "period", "publisher", "obtained_from", "licence", "bytes", "sha256", "note")


@dataclass(frozen=True)
class Entry:
    """What a manifest says of one file; empty where it says nothing.

    Attributes
    ----------
    vintage, period, publisher, obtained_from, licence, sha256, note : str
        As the manifest writes them.
    size_bytes : int or None
        The file's size.
    manifest : Path or None
        The manifest itself.
    """

    vintage: str = ""
    period: str = ""
    publisher: str = ""
    obtained_from: str = ""
    licence: str = ""
    sha256: str = ""
    note: str = ""
    size_bytes: int | None = None
    manifest: Path | None = None


def find_entry(path: str | Path) -> Entry:
    """Look a file up in the MANIFEST.csv beside it or in a folder above it; the nearest that lists it is taken.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Entry
        Empty if no manifest lists the file.

    Raises
    ------
    ContractBroken
        If a manifest lacks a column.
    """
    as_named, as_stored = Path(path).absolute(), Path(path).resolve()  # a link may stand beside the manifest
    for place in dict.fromkeys((as_named, as_stored)):
        for folder in place.parents:
            manifest = folder / NAME
            if manifest.is_file():
                entries = _read(manifest, manifest.stat().st_mtime_ns)
                if found := entries.get(place.relative_to(folder).as_posix()):
                    return found
    return Entry()


@lru_cache(maxsize=8)
def _read(manifest: Path, _changed_ns: int) -> dict[str, Entry]:
    try:
        table = pd.read_csv(manifest, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:
        raise ContractBroken(
            f"the manifest cannot be read ({error})",
            where=str(manifest),
            spoiled="Nothing would say as of when the files beside it are true.",
            todo="Save it again as CSV UTF-8.",
        ) from None
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise ContractBroken(
            f"the manifest has no column {', '.join(missing)}",
            where=f"{manifest}, line 1",
            spoiled="Nothing would say as of when the files beside it are true.",
            todo=f"Give it the columns {', '.join(_NEEDED)}.",
        )
    table = table.apply(lambda column: column.str.strip())
    paths = table["path"].str.replace("\\", "/", regex=False).str.removeprefix("./")
    twice, uncountable = paths.duplicated(), ~table["bytes"].str.fullmatch(r"\d*")
    for bad, what in ((twice, "lists a file twice"), (uncountable, "gives bytes that are no whole number")):
        if bad.any():
            raise ContractBroken(
                f"the manifest {what}: {paths[bad].iloc[0]}",
                where=f"{manifest}, record {paths[bad].index[0] + 1}",
                spoiled="Which file and vintage a figure comes from could not be told.",
                todo="Correct the manifest.",
            )
    return {path: _entry(row, manifest) for path, row in zip(paths, table.to_dict("records"), strict=True)}


def _entry(row: Mapping[Hashable, str], manifest: Path) -> Entry:
    return Entry(
        vintage=row["vintage"],
        period=row["period"],
        publisher=row["publisher"],
        obtained_from=row["obtained_from"],
        licence=row["licence"],
        sha256=row["sha256"].lower(),
        note=row["note"],
        size_bytes=int(row["bytes"]) if row["bytes"] else None,
        manifest=manifest,
    )


def list_manifest(manifest: Path) -> pd.DataFrame:
    """Return the files a manifest lists: path (below the manifest's folder), title, vintage."""
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return table.reindex(columns=["path", "title", "vintage"], fill_value="")


def require_unaltered(path: Path, entry: Entry) -> str:
    """Return a file's SHA-256, refused if it is not the one its manifest gives.

    Raises
    ------
    FileAltered
        If size or hash differ.
    """
    size, digest = path.stat().st_size, sha256(path)
    if entry.size_bytes not in (None, size):
        difference = f"it has {size:,} bytes, the manifest says {entry.size_bytes:,}"
    elif entry.sha256 and entry.sha256 != digest:
        difference = f"its SHA-256 is {digest[:12]}..., the manifest says {entry.sha256[:12]}..."
    else:
        return digest
    raise FileAltered(
        f"the file is not the one its manifest describes: {difference}",
        where=str(path),
        spoiled="Figures from it could not be traced to what the agency published.",
        todo=f"Download it again; if the new file is the right one, correct its row in {entry.manifest}.",
    )


def parse_period(words: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Read a period: a day, month, year, US federal fiscal year, or two of them joined by ``..``.

    Parameters
    ----------
    words : str
        E.g. ``"2023-10-01..2024-09-30"``, ``"2015-04..2017-09"``, ``"2017"``, ``"2017-2024"``, ``"FY2024"`` (October to
        September).

    Returns
    -------
    tuple of Timestamp or None
        First and last day; None if the words name no period.

    Raises
    ------
    BadParameter
        If the period ends before it begins.
    """
    words = re.sub(r"^(\d{4})-(\d{4})$", r"\1..\2", words.strip())
    first, joined, last = words.partition("..")
    from_, to = _span(first.strip()), _span((last if joined else first).strip())
    if from_ is None or to is None:
        return None
    if to[1] < from_[0]:
        raise BadParameter(f"the period {words!r} ends before it begins", todo="Write the earlier day first.")
    return from_[0], to[1]


def vintage_order(vintage: str | None) -> tuple[pd.Timestamp, str]:
    """Return what puts vintages in order: the last day each names, so that FY2024 comes after 2023-10.

    Parameters
    ----------
    vintage : str or None
        As of when a file is true.

    Returns
    -------
    tuple of Timestamp and str
        The last day of the period it names or begins with (``"FY2024b"`` is of FY2024), then the words themselves;
        what names no day comes before all that do, and None first.
    """
    words = vintage or ""
    dated = re.match(r"FY\d{4}|\d{4}(-\d{2}(-\d{2})?)?", words)
    period = parse_period(words) or (parse_period(dated[0]) if dated else None)
    return (period[1] if period else pd.Timestamp.min), words


def _span(words: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if fiscal := re.fullmatch(r"FY(\d{4})", words):
        year = int(fiscal[1])
        return pd.Timestamp(year - 1, 10, 1), pd.Timestamp(year, 9, 30)
    length = {4: "Y", 7: "M", 10: "D"}.get(len(words))
    if length is None or not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", words):
        return None
    try:
        span = pd.Period(words, freq=length)
    except ValueError:
        return None
    return span.start_time, span.end_time.normalize()
