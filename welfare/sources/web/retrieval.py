"""A download put in its place beside its record: nothing held is overwritten, the same bytes change nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from welfare.errors import ContractBroken, FetchFailed
from welfare.schema.provenance import sha256, write_text
from welfare.sources.manifest import NAME as MANIFEST

COLUMNS = (
    "path",
    "title",
    "publisher",
    "vintage",
    "period",
    "key",
    "licence",
    "obtained_from",
    "bytes",
    "sha256",
    "note",
)
_NEEDED = [name for name in COLUMNS if name not in ("title", "key")]
_LOCK_WAIT_S = 60


class Kept(NamedTuple):
    """Where a file is now.

    Attributes
    ----------
    path : Path
        The file.
    instead_of : str
        The name of the file held for the same vintage with other bytes; empty if there is none.
    """

    path: Path
    instead_of: str


def keep(staged: Path, folder: Path, name: str, record: Mapping[str, str], at: datetime) -> Kept:
    """Move a file to its place in a folder and append its record to the folder's MANIFEST.csv.

    If the folder holds the same bytes under this name, or under this name with a day of retrieval, nothing changes. If
    it holds other bytes under it, they stay, and the file's name carries the day on which it was retrieved.

    Parameters
    ----------
    staged : path
        The file, on the same disk as the folder.
    folder : path
        Where it goes.
    name : str
        What it is called there.
    record : mapping
        The record's cells by column; path, bytes and sha256 are filled in here.
    at : datetime
        When it was retrieved, UTC.

    Returns
    -------
    Kept

    Raises
    ------
    ContractBroken
        If the folder's manifest cannot be read or lacks a column.
    FetchFailed
        If every name it could have is taken.
    """
    from filelock import FileLock

    digest, size = sha256(staged), staged.stat().st_size
    stem, suffix = Path(name).stem, Path(name).suffix
    names = [name, f"{stem}_retrieved-{at:%Y-%m-%d}{suffix}", f"{stem}_retrieved-{at:%Y-%m-%dT%H%M%SZ}{suffix}"]
    with FileLock(folder / f".{MANIFEST}.lock", timeout=_LOCK_WAIT_S):
        listed = _hashes(folder / MANIFEST)
        earlier = [held for held, known in listed.items() if known == digest and held.startswith(f"{stem}_retrieved-")]
        for candidate in [*earlier, *names]:
            path = folder / candidate
            present = sha256(path) if path.is_file() else None
            if {listed.get(candidate), present} <= {digest, None} and not (path.exists() and present is None):
                break
        else:
            raise FetchFailed(
                "other files have every name this one could have", where=str(path), todo="Move them elsewhere."
            )
        instead_of = "" if candidate == name else name
        if present is None:
            staged.chmod(0o644)  # a temporary file is private; data is for reading
            staged.replace(path)
        if candidate not in listed:
            note = record["note"] + (f"; other bytes than {name}, which was held before" if instead_of else "")
            _append(
                folder / MANIFEST, {**record, "path": candidate, "bytes": str(size), "sha256": digest, "note": note}
            )
    return Kept(path, "" if present else instead_of)


def is_held(path: Path, digest: str) -> bool:
    """Return whether a file with this SHA-256 is there and its folder's manifest lists it."""
    listed = _hashes(path.parent / MANIFEST).get(path.name)
    return listed == digest and path.is_file() and sha256(path) == digest


def _hashes(manifest: Path) -> dict[str, str]:
    """Return the SHA-256 that a manifest gives each path in it."""
    if not manifest.is_file():
        return {}
    text = _text(manifest)
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or [])]
    if missing:
        raise ContractBroken(
            f"the manifest has no column {', '.join(missing)}",
            where=f"{manifest}, line 1",
            spoiled="The downloaded file could not be recorded in it.",
            todo=f"Give it the columns {', '.join(COLUMNS)}.",
        )
    paths = {(row["path"] or "").strip().replace("\\", "/").removeprefix("./"): row["sha256"] or "" for row in rows}
    return {path: digest.strip().lower() for path, digest in paths.items()}


def _append(manifest: Path, record: Mapping[str, str]) -> None:
    """Write a manifest anew with one record more; what it held stays as it was, byte for byte."""
    text = _text(manifest) if manifest.is_file() else ""
    end = "\r\n" if "\r\n" in text else "\n"
    header = next(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")), None)
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, header or COLUMNS, lineterminator=end, extrasaction="ignore", restval="")
    if header is None:
        writer.writeheader()
    elif not text.endswith(("\n", "\r")):
        sink.write(end)
    writer.writerow(record)
    write_text(manifest, text + sink.getvalue())


def _text(manifest: Path) -> str:
    try:
        return manifest.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractBroken(
            f"the manifest is not UTF-8 ({error.reason} at byte {error.start})",
            where=str(manifest),
            spoiled="The downloaded file could not be recorded in it.",
            todo="Save it again as CSV UTF-8.",
        ) from None
