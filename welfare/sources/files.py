"""A file as it is: its records as text, and every way in which it can fail to be a table."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from welfare.errors import FileMissing, NotData, Truncated, WrongEncoding

WORKBOOKS = {".xlsx", ".xls", ".ods"}
_HEADER_SEARCH_ROWS = 10  # a workbook may open with a title or the day of the extract


class RawFile(NamedTuple):
    """Rows of text before anybody knows which row is the header."""

    path: Path
    rows: list[list[str]]
    lines: list[int]  # line of the file on which each row ends; for a workbook, its row number
    notes: tuple[str, ...]
    encoding: str = "utf-8"
    not_utf8: str = ""  # where and which byte first broke UTF-8; empty if none did


def tidy_header(header: str) -> str:
    """Return a header with its white space folded: workbooks break headers over lines."""
    return re.sub(r"\s+", " ", header).strip()


def read_rows(path: str | Path) -> RawFile:
    """Read a CSV file or the first sheet of a workbook as rows of text.

    Text is read as UTF-8 and, failing that, provisionally as latin-1, which every byte sequence is: whoever knows the
    source must then ask :func:`require_encoding` whether it publishes so.

    Parameters
    ----------
    path : path
        The file; .xlsx, .xls and .ods are read as workbooks, all else as comma-separated text.

    Raises
    ------
    FileMissing
        If there is no such file.
    NotData
        If the file is empty, an HTML page, or a workbook without cells.
    WrongEncoding
        If the file is UTF-16 or binary.
    Truncated
        If a quoted field is never closed.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissing("there is no such file", where=str(path), todo="Check the path.")
    content = path.read_bytes()
    if not content.strip():
        raise NotData(
            "the file is empty",
            where=str(path),
            spoiled="Its facilities would silently be missing.",
            todo="Download it again.",
        )
    if path.suffix.lower() in WORKBOOKS:
        return _read_workbook(path)
    _refuse_html(path, content)
    return _read_csv(path, content)


def _refuse_html(path: Path, content: bytes) -> None:
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) or b"<html" in start:
        raise NotData(
            "the file is a web page, not a table",
            where=f"{path}, line 1",
            spoiled="An error page read as data would look like an agency without facilities.",
            todo="Open it in a browser to see what the site answered, then download the file again.",
        )


def _read_csv(path: Path, content: bytes) -> RawFile:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4000]:
        raise WrongEncoding(
            "the file is UTF-16 or binary, not text",
            where=f"{path}, line 1",
            spoiled="No header could be recognised.",
            todo="Save it again as CSV UTF-8.",
        )
    encoding, not_utf8 = "utf-8", ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        encoding, not_utf8 = "latin-1", f"line {line}, byte 0x{content[error.start]:02x} at offset {error.start}"
        text = content.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise Truncated(
            f"the record that starts after line {lines[-1] if lines else 0} cannot be read ({error})",
            where=f"{path}, line {reader.line_num}",
            spoiled="Every record from there on would be lost.",
            todo="The file ends early or a quote is not closed: download it again, or repair that line.",
        ) from None
    return RawFile(path, rows, lines, (), encoding, not_utf8)


def require_encoding(raw: RawFile, published: str) -> None:
    """Refuse a file whose bytes are not in the encoding its source publishes in.

    UTF-8 is accepted everywhere: text that happens to be valid UTF-8 hardly ever is anything else.

    Raises
    ------
    WrongEncoding
        With the line, byte and offset that broke UTF-8.
    """
    if raw.not_utf8 and published == "utf-8":
        raise WrongEncoding(
            "a byte is not UTF-8, in which this source publishes",
            where=f"{raw.path}, {raw.not_utf8}",
            spoiled="Names and addresses would be garbled and fail to link.",
            todo="Save the file again as CSV UTF-8, or download the agency's own copy.",
        )


def _read_workbook(path: Path) -> RawFile:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            cells = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False) if workbook.sheet_names else []
            others = workbook.sheet_names[1:]
    except CalamineError as error:
        raise NotData(
            f"the workbook cannot be opened ({error})",
            where=str(path),
            spoiled="Its facilities would silently be missing.",
            todo="Open it in a spreadsheet program to see what it is, then download it again.",
        ) from None
    rows = [[_cell_text(cell) for cell in row] for row in cells]
    if not any(any(row) for row in rows):
        raise NotData(
            "the workbook's first sheet is empty",
            where=str(path),
            spoiled="Its facilities would silently be missing.",
            todo="Open it in a spreadsheet program; if the table is on another sheet, save that sheet as CSV.",
        )
    notes = (f"only the first sheet of {path.name} was read; not read: {', '.join(others)}",) if others else ()
    return RawFile(path, rows, list(range(1, len(rows) + 1)), notes)


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a workbook holds every number as a float; an id must not gain ".0"
    return "" if cell is None else str(cell)


def header_candidates(raw: RawFile) -> list[int]:
    """Return the rows that could be the header: the first of a text file, the first few of a workbook."""
    if raw.path.suffix.lower() in WORKBOOKS:
        return [i for i, row in enumerate(raw.rows[:_HEADER_SEARCH_ROWS]) if any(row)]
    return [0]


def to_frame(raw: RawFile, header: int) -> pd.DataFrame:
    """Return the records below a header row as a frame of text, with the column `source_row` counting from 1.

    Raises
    ------
    Truncated
        If a record has too few or too many fields, with its line.
    NotData
        If there is no record below the header.
    """
    names = [tidy_header(name) for name in raw.rows[header]]
    while names and not names[-1]:
        names.pop()  # a trailing comma or an empty spreadsheet column is not a column
    records = []
    for row, line in zip(raw.rows[header + 1 :], raw.lines[header + 1 :], strict=True):
        surplus = [cell for cell in row[len(names) :] if cell]
        if len(row) < len(names) or surplus:
            raise Truncated(
                f"the record has {len(row)} fields where the header has {len(names)}",
                where=f"{raw.path}, line {line}",
                spoiled="Cells would stand under the wrong header, or records after it would be missing.",
                todo="The file ends early or a comma is unquoted: download it again, or repair that line.",
            )
        records.append(row[: len(names)])
    if not records:
        raise NotData(
            "the file has a header but no record",
            where=f"{raw.path}, line {raw.lines[header]}",
            spoiled="Its facilities would silently be missing.",
            todo="Download it again.",
        )
    frame = pd.DataFrame(records, columns=names, dtype="str")
    return frame.apply(lambda column: column.str.strip())
