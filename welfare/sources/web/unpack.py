"""One file out of a zip that somebody else made: no path followed, no link made, no bomb let off."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from welfare.errors import NotData, TooLarge, UnsafeArchive
from welfare.schema.provenance import write_whole

_MAX_RATIO = 200  # tables of text shrink to between a fifth and a fiftieth; a bomb to a thousandth
_SMALL = 1 << 20  # below this size no ratio does harm
_CHUNK = 1 << 16
_TABLES = {".csv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json", ".geojson"}
# What Python's reader raises on a broken zip: its own error, and what its parts stumble over.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, IndexError, OSError)
_WORKBOOKS_HOLD = {"[Content_Types].xml", "mimetype"}  # .xlsx and .ods are zips too, and are read as they are


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip, and not a workbook, which is one as well."""
    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not _WORKBOOKS_HOLD & set(archive.namelist())
    except _BROKEN:
        return True  # and unpacking it will say what is wrong


def choose_member(path: Path, member: str = "") -> str:
    """Return which file of a zip to unpack: the one named, or the only table in it.

    Parameters
    ----------
    path : path
        The zip.
    member : str, optional
        The file's path inside it.

    Returns
    -------
    str
        Its path inside the zip.

    Raises
    ------
    NotData
        If the zip cannot be opened, does not hold that file, or holds no table or more than one.
    UnsafeArchive
        If any path in it leads out of it.
    """
    with _opened(path) as archive:
        names = [_safe(info, path) for info in archive.infolist()]
    if member:
        tables = [name for name in names if name == member]
    else:
        own = [name for name in names if not name.startswith("__MACOSX/")]
        tables = [name for name in own if PurePosixPath(name).suffix.lower() in _TABLES and not name.endswith("/")]
    if len(tables) == 1:
        return tables[0]
    wanted = f"{len(tables)} files called {member!r}" if member else f"{len(tables)} tables, where one was expected"
    raise NotData(
        f"the zip holds {wanted}; in it are: {', '.join(filter(None, names[:10])) or 'no files'}",
        where=str(path),
        spoiled="Which file holds the records could not be told.",
        todo="Unpack it by hand, and list the file in a MANIFEST.csv (how: docs/how-to/fetch).",
    )


def unpack(path: Path, member: str, to: Path, *, max_bytes: int) -> Path:
    """Unpack one file of a zip, whole or not at all.

    Parameters
    ----------
    path : path
        The zip.
    member : str
        The file's path inside it.
    to : path
        Where it goes, under this very name.
    max_bytes : int
        The largest size that is accepted, unpacked.

    Returns
    -------
    Path
        ``to``.

    Raises
    ------
    UnsafeArchive
        If the file is encrypted, a link or packed in a rare way, or shrank as only a bomb does.
    TooLarge
        If it is larger than it may be.
    NotData
        If it is damaged.
    """
    with _opened(path) as archive:
        info = archive.getinfo(member)
        where = f"{path}, {member}"
        _require_harmless(info, where)
        if info.file_size > max_bytes:
            raise _too_large(info.file_size, max_bytes, where)
        try:
            packed = archive.open(info)
        except _BROKEN as error:
            raise _damaged(error, where) from None
        with packed:
            return write_whole(to, lambda part: _copy(packed, part, max_bytes, where))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as error:
        raise _damaged(error, str(path)) from None


def _damaged(error: Exception, where: str) -> NotData:
    return NotData(
        f"the zip cannot be unpacked ({error})",
        where=where,
        spoiled="Its records would be missing.",
        todo="Download it again.",
    )


def _safe(info: zipfile.ZipInfo, path: Path) -> str:
    """Return a file's path inside a zip, refused if it could lead out of a folder on any system."""
    name = info.orig_filename
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise UnsafeArchive(
            f"the zip holds the path {name!r}, which leads out of it; nothing was unpacked",
            where=str(path),
            spoiled="It could overwrite files elsewhere.",
            todo="Do not open it. Tell its publisher.",
        )
    return info.filename


def _require_harmless(info: zipfile.ZipInfo, where: str) -> None:
    if info.flag_bits & 0x1:
        what, todo = "the file in the zip is encrypted", "Unpack it by hand with its password."
    elif stat.S_ISLNK(info.external_attr >> 16):
        what, todo = "the file in the zip is a link to another", "Do not open it. Tell its publisher."
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        what, todo = f"the file in the zip is packed by method {info.compress_type}", "Unpack it by hand."
    elif info.file_size > max(_SMALL, _MAX_RATIO * info.compress_size):
        ratio = info.file_size // max(info.compress_size, 1)
        what, todo = f"the file in the zip unpacks to {ratio:,} times its size", "Do not open it. Tell its publisher."
    else:
        return
    raise UnsafeArchive(f"{what}; nothing was unpacked", where=where, todo=todo)


def _copy(packed: IO[bytes], part: Path, max_bytes: int, where: str) -> None:
    done = 0
    with part.open("wb") as sink:
        while chunk := _next_chunk(packed, where):
            done += len(chunk)
            if done > max_bytes:  # whatever size the zip states
                raise _too_large(done, max_bytes, where)
            sink.write(chunk)


def _next_chunk(packed: IO[bytes], where: str) -> bytes:
    try:
        return packed.read(_CHUNK)
    except _BROKEN as error:
        raise _damaged(error, where) from None


def _too_large(size: int, max_bytes: int, where: str) -> TooLarge:
    return TooLarge(
        f"the file in the zip has {size:,} bytes or more, and at most {max_bytes:,} are accepted",
        where=where,
        spoiled="The disk could fill up.",
        todo="If the file is meant to be so large, allow it with max_bytes.",
    )
