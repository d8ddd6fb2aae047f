"""The cells of a workbook's first visible sheet as text, and what can go wrong with them unseen."""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import datetime, time
from pathlib import Path

from welfare.errors import NotData, TooLarge

_MAX_BYTES = 1 << 30  # unpacked; the largest workbook of an agency that the library knows unpacks to a tenth of it
# One stray cell in the last corner of a sheet asks for 17 thousand million, and no error could be raised any more.
_MAX_CELLS = 50_000_000
_CHUNK = 1 << 22
_CELL = re.compile(rb'<c [^>]*?\br="([A-Z]+)(\d+)"')
# A cell that holds an error, or a formula that nobody has calculated: both arrive as empty cells.
_ERROR = re.compile(rb'<c (?=[^>]*\bt="e")[^>]*?\br="([A-Z]+\d+)"')
_FORMULA = re.compile(
    rb'<c (?![^>]*\bt="str")[^>]*?\br="([A-Z]+\d+)"[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError, OSError)


def read_workbook(path: Path) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the rows of a workbook's first visible sheet as text, and what is to be said of them.

    Parameters
    ----------
    path : path
        .xlsx, .xlsm, .xlsb, .xls or .ods.

    Raises
    ------
    NotData
        If it cannot be opened.
    TooLarge
        If it unpacks to more than a gigabyte, or a cell of it lies so far out that its rows would not fit in memory.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            told = workbook.sheets_metadata
            shown = [one.name for one in told if one.visible == SheetVisibleEnum.Visible]
            tables = [one.name for one in told if one.typ == SheetTypeEnum.WorkSheet]
            first = next((name for name in tables if name in shown), next(iter(workbook.sheet_names), None))
            others = [name for name in workbook.sheet_names if name != first]
            unseen = _look_inside(path) if zipfile.is_zipfile(path) else ()
            cells = [] if first is None else workbook.get_sheet_by_name(first).to_python(skip_empty_area=False)
    except (CalamineError, *_BROKEN) as error:
        raise NotData(
            f"the workbook cannot be opened ({error})",
            where=str(path),
            spoiled="Its facilities would silently be missing.",
            todo="Open it in a spreadsheet program to see what it is, then download it again.",
        ) from None
    notes = (f"of {path.name} only the sheet {first!r} was read; not read: {', '.join(others)}",) if others else ()
    return [[_text(cell) for cell in row] for row in cells], (*notes, *unseen)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a workbook holds every number as a float; an id must not gain ".0"
    if isinstance(cell, datetime) and cell.time() == time():
        return str(cell.date())  # a day, which some writers store with a time of midnight
    return "" if cell is None else str(cell)


def _look_inside(path: Path) -> tuple[str, ...]:
    """Refuse a workbook that memory could not hold, and return what its reader keeps to itself."""
    empty: dict[str, list[str]] = {}
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > _MAX_BYTES:
            raise _too_large(f"the workbook unpacks to {size:,} bytes", str(path))
        for member in archive.namelist():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member):
                for why, names in _cells(archive, member, path).items():
                    empty.setdefault(why, []).extend(names)
    return tuple(
        f"cells of {path.name} that hold {why} were read as empty: {len(names):,}, the first {names[0]}"
        for why, names in empty.items()
        if names
    )


def _cells(archive: zipfile.ZipFile, member: str, path: Path) -> dict[str, list[str]]:
    """Return the cells of one sheet that arrive empty though something stands in them, by what it is."""
    found: dict[str, list[str]] = {"an error such as #N/A": [], "a formula nobody has calculated": []}
    columns, last, rest = {b"A"}, 1, b""
    with archive.open(member) as stream:
        while text := rest + (chunk := stream.read(_CHUNK)):
            end = text.rfind(b"<c ") if chunk else 0  # a cell may be cut by the end of a chunk
            part, rest = (text[:end], text[end:]) if end > 0 else (text, b"")
            for letters, row in _CELL.findall(part):
                columns.add(letters)
                last = max(last, int(row[:9]))
            for names, form in zip(found.values(), (_ERROR, _FORMULA), strict=True):
                names += [name.decode() for name in form.findall(part)]
            if last * max(map(_number, columns)) > _MAX_CELLS:
                raise _too_large(
                    f"a cell stands in row {last:,}, and one in column {max(columns, key=_number).decode()[:9]}",
                    f"{path}, {member}",
                )
    return found


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters[:9]:
        number = number * 26 + letter - 64
    return number


def _too_large(what: str, where: str) -> TooLarge:
    return TooLarge(
        f"{what}: it would not fit in memory",
        where=where,
        spoiled="The program would end without a word.",
        todo="Delete what stands far outside the table in a copy, or save the sheet as CSV UTF-8.",
    )
