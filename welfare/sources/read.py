"""Read one agency file into tidy tables: recognise it, say as of when it is, map it, check it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from welfare.errors import BadParameter, FileMissing
from welfare.schema.tables import Tables, validate
from welfare.sources.headers import recognise
from welfare.sources.manifest import find_entry, parse_period, require_unaltered
from welfare.sources.maps.column_map import check_map
from welfare.sources.maps.mapping import conversions, map_records
from welfare.sources.maps.plausible import latest_day
from welfare.sources.own.own_map import OwnMap, load_map
from welfare.sources.raw.files import (
    STRUCTURED,
    RawFile,
    column_names,
    read_rows,
    require_encoding,
    tidy_header,
    to_records,
)
from welfare.sources.raw.personal import likely_personal
from welfare.sources.registry import BY_THE_CALLER, Layout, source_row
from welfare.sources.trace import remember

# Made-up plants carry these letters in every id, so that no row of theirs can pass for a real one.
_SIMULATED_ID = r"(?:^|[:A-Z])SIM\d{4}"


# What only a mapping states of a file: of an agency's, arguments, the manifest or the file itself do.
_NOTHING_STATED = pd.Series({"vintage": "", "period": ""})


def read(
    path: str | Path | RawFile,
    source: str | None = None,
    vintage: str | None = None,
    period: str | None = None,
    mapping: str | Path | pd.DataFrame | None = None,
    on_new: str = "raise",
) -> Tables:
    """Read an agency's file into tidy tables, recognising the source by its headers.

    Parameters
    ----------
    path : path
        A CSV file, a workbook (first visible sheet), or JSON or GeoJSON; or its rows, where they were read already.
    source : str, optional
        Expect this source, e.g. ``"us.osha.severe_injury"``; with `mapping`, the name to give the file's records.
    vintage : str, optional
        As of when the file is true, e.g. ``"2025-06"``. Else what a MANIFEST.csv beside or above the file says, else
        the day of extraction a workbook states above its header; otherwise unknown, which `build_panel` refuses.
    period : str, optional
        What time the file covers, e.g. ``"2023-10-01..2024-09-30"`` or ``"FY2024"``. Else what the manifest says, else,
        for a source that publishes snapshots, the vintage; otherwise unknown.
    mapping : path or DataFrame, optional
        For a file no registered source has: a mapping in YAML (docs/how-to/bring-your-own-file.md), or a column map,
        as a CSV file or a frame, with the columns header, table, column, transform (docs/how-to/new-source.md).
    on_new : {"raise", "keep"}
        What to do with headers the nearest layout does not know: raise, or keep them in `.raw`, unread.

    Returns
    -------
    Tables
        One attribute per tidy table; `.rejects` (row, reason) and `.raw`, the file as it is.

    Raises
    ------
    FileMissing, NotData, WrongEncoding, Truncated, TooLarge
        If the file is not a whole table, or a workbook that would not fit in memory.
    FileAltered
        If a manifest gives another hash.
    UnknownSource, HeaderDrift
        If the headers are of no source, or have changed.
    BadValue, ContractBroken
        If cells cannot be what their columns hold.
    BadParameter
        If an argument cannot be used.

    Examples
    --------
    >>> import welfare as wf
    >>> tables = wf.read("mpi_directory_2025-06.csv", vintage="2025-06")  # doctest: +SKIP
    >>> tables.facilities, tables.rejects  # doctest: +SKIP
    """
    raw = path if isinstance(path, RawFile) else read_rows(path)
    own = _own_map(mapping, source)
    layout, header, new = _layout(raw, source, own, on_new)
    about = _about(own) if own else pd.concat([source_row(layout.source), _NOTHING_STATED])
    require_encoding(raw, about["encoding"])
    layout = layout.spelled_out(column_names(raw, header))
    records, faults = to_records(raw, header)
    entry = find_entry(raw.path)
    digest = require_unaltered(raw.path, entry)
    vintage = _vintage(vintage or about["vintage"] or entry.vintage or _stated_day(raw, header), raw.path)
    snapshot = about["kind"] == "snapshot"
    covers = _period(
        about["period"] or None if period is None else period, entry.period or (vintage if vintage and snapshot else "")
    )
    source_id = f"{layout.source}@{vintage}" if vintage else layout.source
    lines = [] if raw.path.suffix.lower() in STRUCTURED else raw.lines[header + 1 :]  # JSON is told by the record
    latest = latest_day(parse_period(vintage or ""), covers)
    mapped = map_records(records, layout, period=covers, where=str(raw.path), lines=lines, faults=faults, latest=latest)
    frames = {name: _checked(frame, name, source_id) for name, frame in mapped.frames.items()}
    notes = [*raw.notes]
    if covers is None and entry.period:
        notes.append(f"the manifest's period {entry.period!r} names no days, so what time the file covers is unknown")
    if twice := int(records.duplicated().sum()):
        notes.append(f"records that repeat another word for word: {twice:,}; all count: look whether they are one")
    if new:
        notes.append(f"columns no layout knows were kept in .raw, unread: {', '.join(new)}")
    if len(mapped.rejects):
        notes.append(f"records left out: {len(mapped.rejects):,} of {len(records):,}; .rejects says why")
    withheld = [*layout.map.loc[layout.map["transform"] == "withheld", "header"], *filter(likely_personal, new)]
    tables = Tables(
        source_id=source_id,
        source=layout.source,
        vintage=vintage,
        frames=frames,
        rejects=mapped.rejects,
        raw=records,
        notes=tuple(notes),
        path=str(raw.path),
        sha256=digest,
        period=covers,
        publisher=entry.publisher or about["publisher"],
        obtained_from=entry.obtained_from,
        licence=entry.licence or about["licence"],
        withheld=tuple(withheld),
        simulated=entry.publisher == "SIMULATED" or _has_simulated_ids(frames),
        conversions=conversions(layout),
    )
    remember(tables)
    return tables


def _own_map(mapping: str | Path | pd.DataFrame | None, source: str | None) -> OwnMap | None:
    """Return the caller's own map of the file, checked; None where the file is to be recognised."""
    if mapping is None:
        return None
    if not isinstance(mapping, pd.DataFrame) and Path(mapping).suffix.lower() != ".csv":
        own = load_map(mapping)
        return own if source is None else own._replace(source=source)
    if not isinstance(mapping, pd.DataFrame):
        mapping = _read_map(Path(mapping))
    lacks = [name for name in ("header", "table", "column", "transform") if name not in mapping]
    if source is None or lacks:
        raise BadParameter(
            f"a mapping needs the columns header, table, column, transform (lacks: {', '.join(lacks) or 'none'}) "
            "and a source",
            todo='Pass source="my.agency.file" with it.',
        )
    book = mapping.fillna("").astype("str")
    book["header"] = book["header"].map(tidy_header)
    check_map(book)
    return OwnMap(source, book)


def _read_map(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileMissing("there is no such mapping", where=str(path), todo="Check the path.")
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _about(own: OwnMap) -> pd.Series:
    """Return what the registry says of a source, for one that only its mapping describes."""
    said = {"vintage": own.vintage, "period": own.period, "publisher": own.publisher, "licence": own.licence}
    return pd.Series({**said, "encoding": own.encoding or "utf-8", "kind": "period"}).fillna("")


def _layout(raw: RawFile, source: str | None, own: OwnMap | None, on_new: str) -> tuple[Layout, int, tuple[str, ...]]:
    if own is None:
        return recognise(raw, source=source, on_new=on_new)
    return recognise(raw, on_new=on_new, among=[Layout.of(own.source, BY_THE_CALLER, own.book)])


def _vintage(words: str | None, path: Path) -> str | None:
    if words is None or (isinstance(words, str) and re.fullmatch(r"[\w.\-]+", words)):
        return words
    raise BadParameter(
        f"the vintage {words!r} cannot stand in a source_id",
        where=str(path),
        spoiled="Records of it could not be traced.",
        todo='Write it as text without spaces, e.g. "2025-06" or "FY2024".',
    )


def _stated_day(raw: RawFile, header: int) -> str | None:
    """Return the day a file states above its header, such as ``Data Extracted on February 19, 2024``."""
    title = " ".join(cell for row in raw.rows[:header] for cell in row if cell)
    if found := re.search(r"\b([A-Z][a-z]+ \d{1,2}, \d{4})\b", title):
        day = pd.to_datetime(found[1], format="%B %d, %Y", errors="coerce")
        return None if pd.isna(day) else f"{day:%Y-%m-%d}"
    return None


def _period(given: str | None, known: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if given is None:
        return parse_period(known)
    if covers := parse_period(given):
        return covers
    raise BadParameter(f"the period {given!r} cannot be read", todo='Write "2023-10-01..2024-09-30" or "FY2024".')


def _checked(frame: pd.DataFrame, table: str, source_id: str) -> pd.DataFrame:
    rows = frame.assign(source_id=source_id, record_id=source_id + "#" + frame["source_row"].astype("str"))
    return validate(rows, table)


def _has_simulated_ids(frames: dict[str, pd.DataFrame]) -> bool:
    columns = [(frame, name) for frame in frames.values() for name in ("facility_id", "event_id", "identifier")]
    return any(frame[name].str.contains(_SIMULATED_ID).any() for frame, name in columns if name in frame)
