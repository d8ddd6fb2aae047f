"""A file as it is: its records as text, and every way in which it can fail to be a table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from welfare.errors import FileMissing, NotData, Truncated, WrongEncoding
from welfare.sources.raw.structured import read_structured
from welfare.sources.raw.workbooks import read_workbook

WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
STRUCTURED = {".json", ".geojson"}
_BOM = b"\xef\xbb\xbf"  # the mark that Excel puts before UTF-8
_TOO_MANY = 0.05  # above this share of records with too few or too many fields, it is the file that is broken
_HEADER_SEARCH_ROWS = 10  # a file may open with a title or the day of the extract


class RawFile(NamedTuple):
    """Rows of text before anybody knows which row is the header."""

    path: Path
    rows: list[list[str]]
    lines: list[int]  # line of the file on which each row begins; of a workbook its row; of JSON the record's number
    notes: tuple[str, ...]
    encoding: str = "utf-8"
    not_utf8: str = ""  # where and which byte first broke UTF-8; empty if none did

    def place(self, row: int) -> str:
        """Return where a row begins, for errors: JSON has records in place of lines, and headers are their keys."""
        if self.path.suffix.lower() not in STRUCTURED:
            return f"{self.path}, line {self.lines[row]}"
        return f"{self.path}, record {self.lines[row]}" if self.lines[row] else str(self.path)


# Signs that nobody sees, and that make two ids of one: a byte order mark, a zero-width space, a word joiner, a soft
# hyphen.
_UNSEEN = re.compile("[\ufeff\u200b\u2060\u00ad]")


def tidy_header(header: str) -> str:
    """Return a header with its white space folded: workbooks break headers over lines."""
    return re.sub(r"\s+", " ", header).strip()


def read_rows(path: str | Path) -> RawFile:
    """Read a CSV file, a workbook's first visible sheet, or the records of a JSON file as rows of text.

    Text is read as UTF-8 and, failing that, provisionally as windows-1252 (what is called latin-1 on the web), which
    nearly every byte sequence is: whoever knows the source must then ask :func:`require_encoding` whether it publishes
    so. Rows without a single filled cell are not rows.

    Parameters
    ----------
    path : path
        The file; .xlsx, .xlsm, .xlsb, .xls and .ods are read as workbooks, .json and .geojson as JSON, all else as
        comma-separated text.

    Raises
    ------
    FileMissing
        If there is no such file.
    NotData
        If the file is empty, a web page, JSON, or a workbook that has no cells or cannot be opened.
    WrongEncoding
        If the file is UTF-16 or binary.
    TooLarge
        If it is a workbook that would not fit in memory.
    Truncated
        If a quoted field is never closed, or JSON breaks off.
    """
    path = Path(path)
    if path.is_dir():
        raise FileMissing("this is a folder, not a file", where=str(path), todo="Name one file in it.")
    if not path.is_file():
        raise FileMissing("there is no such file", where=str(path), todo="Check the path.")
    content = path.read_bytes()
    _refuse_web_answer(path, content)
    raw = _read(path, content)
    if any(_UNSEEN.search("".join(row)) for row in raw.rows):
        raw = raw._replace(rows=[[_UNSEEN.sub("", cell) for cell in row] for row in raw.rows])
    filled = [i for i, row in enumerate(raw.rows) if any(cell and not cell.isspace() for cell in row)]
    if not filled:
        raise NotData(
            "the workbook's first visible sheet is empty" if path.suffix.lower() in WORKBOOKS else "the file is empty",
            where=str(path),
            spoiled="Its facilities would silently be missing.",
            todo="Open it: if its table is on another sheet, save that sheet as CSV; else download it again.",
        )
    return raw._replace(rows=[raw.rows[i] for i in filled], lines=[raw.lines[i] for i in filled])


def _read(path: Path, content: bytes) -> RawFile:
    kind = path.suffix.lower()
    if kind in WORKBOOKS and content:
        rows, notes = read_workbook(path)
        return RawFile(path, rows, list(range(1, len(rows) + 1)), notes)
    if kind in STRUCTURED and content:
        return _read_json(path, content)
    return _read_csv(path, content)


def _refuse_web_answer(path: Path, content: bytes) -> None:
    """Refuse what a web site answers in place of a file, whatever the file is called."""
    start = content[:2000].removeprefix(_BOM).lstrip().lower()
    page, json = re.match(rb"<(!doctype|!--|\?xml|[a-z]+[\s/>])", start), re.match(rb'[{\[]\s*["{\[]', start)
    if page or (json and path.suffix.lower() not in STRUCTURED):
        raise NotData(
            f"the file is {'a web page' if page else 'JSON'}, not a table",
            where=f"{path}, line 1",
            spoiled="An error page read as data would look like an agency without facilities.",
            todo="Open it in a browser to see what the site answered, then download the file again.",
        )


def _read_csv(path: Path, content: bytes) -> RawFile:
    body = content.removeprefix(_BOM)
    _refuse_binary(path, body)
    encoding, not_utf8 = "utf-8", ""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + len(content) - len(body)
        place = f"line {_line(content, offset)}, byte 0x{content[offset]:02x} at offset {offset}"
        encoding, not_utf8, text = "windows-1252", place, _decode_western(body)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    begins = 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Truncated(
            f"the record that begins here cannot be read ({error}; noticed on line {reader.line_num})",
            where=f"{path}, line {begins}",
            spoiled="Every record from there on would be lost.",
            todo="The file ends early or a quote is not closed: download it again, or repair that line.",
        ) from None
    cut = () if text.endswith(("\n", "\r")) else (f"{path.name} ends without a line break: its last cell may be cut",)
    return RawFile(path, rows, lines, cut, encoding, not_utf8)


def _read_json(path: Path, content: bytes) -> RawFile:
    body = content.removeprefix(_BOM)
    _refuse_binary(path, body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongEncoding(
            "the file is JSON, and a byte of it is not UTF-8, which JSON must be",
            where=f"{path}, line {_line(body, error.start)}, byte 0x{body[error.start]:02x} at offset {error.start}",
            spoiled="Names and addresses would be garbled and fail to link.",
            todo="Download the file again.",
        ) from None
    rows, notes = read_structured(str(path), text)
    return RawFile(path, rows, list(range(len(rows))), notes)


def _refuse_binary(path: Path, body: bytes) -> None:
    utf_16 = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not utf_16 and b"\0" not in body:
        return
    workbook = body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
    raise WrongEncoding(
        f"the file is {'a workbook or another archive' if workbook else 'UTF-16 or binary'}, not text",
        where=f"{path}, line {1 if utf_16 or workbook else _line(body, body.index(0))}",
        spoiled="No header could be recognised, or records after that byte would be lost.",
        todo="Give it a workbook's suffix (.xlsx, .xls)." if workbook else "Save it again as CSV UTF-8.",
    )


def _line(content: bytes, offset: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", content[:offset])) + 1


def _decode_western(body: bytes) -> str:
    """Decode what agencies call latin-1: nearly always windows-1252, whose apostrophes and dashes latin-1 lacks."""
    try:
        return body.decode("windows-1252")
    except UnicodeDecodeError:
        return body.decode("latin-1")


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


def header_candidates(raw: RawFile) -> range:
    """Return the rows that could be the header: the first few, since a title may stand above it."""
    return range(1 if raw.path.suffix.lower() in STRUCTURED else min(len(raw.rows), _HEADER_SEARCH_ROWS))


def column_names(raw: RawFile, header: int) -> list[str]:
    """Return the headers of a row, by position; ``""`` marks an empty column, trailing ones are left off.

    A column that holds cells under no header is called ``column 3 (no header)``, so that it is seen, not lost.
    """
    names = [tidy_header(name) for name in raw.rows[header]]
    while names and not names[-1]:
        names.pop()  # a trailing comma or an empty spreadsheet column is not a column
    return [name or _nameless(raw, header, i) for i, name in enumerate(names)]


def _nameless(raw: RawFile, header: int, column: int) -> str:
    filled = any(row[column].strip() for row in raw.rows[header + 1 :] if len(row) > column)
    return f"column {column + 1} (no header)" if filled else ""


class Records(NamedTuple):
    """The records below a header row.

    Attributes
    ----------
    frame : DataFrame
        Text, one column per header, with no white space around cells; one row per record.
    faults : Series of str
        Per record, why its cells cannot be told apart; empty where they can.
    """

    frame: pd.DataFrame
    faults: pd.Series


def to_records(raw: RawFile, header: int) -> Records:
    """Return the records below a header row; one with too few or too many fields is marked, not guessed at.

    Raises
    ------
    Truncated
        If the last record is cut short, or more than a twentieth of the records have too few or too many fields.
    NotData
        If there is no record below the header.
    """
    names = column_names(raw, header)
    rows, lines = raw.rows[header + 1 :], raw.lines[header + 1 :]
    if not rows:
        raise NotData(
            "the file has a header but no record",
            where=raw.place(header),
            spoiled="Its facilities would silently be missing.",
            todo="Download it again.",
        )
    width = len(names)
    longest = max(
        len(raw.rows[header]), Counter(map(len, rows)).most_common(1)[0][0]
    )  # every record may end in a comma
    faults = [_fault(row, width, longest, line) for row, line in zip(rows, lines, strict=True)]
    bad = [i for i, fault in enumerate(faults) if fault]
    cut = bad and bad[-1] == len(rows) - 1 and len(rows[-1]) < width
    if cut or len(bad) > _TOO_MANY * len(rows):
        first = bad[-1] if cut else bad[0]
        raise Truncated(
            f"the record has {len(rows[first])} fields where the header has {width}"
            + (f", as have {len(bad) - 1} others too few or too many" if len(bad) > 1 else ""),
            where=raw.place(header + 1 + first),
            spoiled="Cells would stand under the wrong header, or records after it would be missing.",
            todo="The file ends early, a comma is unquoted, or lines stand above the headers: download it again, or "
            "repair or delete those lines in a copy.",
        )
    whole = [
        row[:width] + [""] * (width - len(row)) if fault else row[:width]
        for row, fault in zip(rows, faults, strict=True)
    ]
    frame = pd.DataFrame(whole, columns=names, dtype="str")
    frame = frame.loc[:, [name != "" for name in names]].apply(lambda column: column.str.strip())
    return Records(frame, pd.Series(faults, dtype="str"))


def _fault(row: list[str], width: int, longest: int, line: int) -> str:
    if width <= len(row) <= longest and not any(cell.strip() for cell in row[width:]):
        return ""
    return f"line {line} has {len(row)} fields where the header has {width}: its cells cannot be told apart"
