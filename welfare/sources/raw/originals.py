"""One record as its file has it: the text itself, where it begins, and its cells under their headers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from welfare.errors import BadParameter
from welfare.schema.provenance import WITHHELD
from welfare.sources.raw.files import STRUCTURED, WORKBOOKS, RawFile, column_names, read_rows

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(r"(?:\r\n|\r|\n)\Z")
# One field of a record and what ends it, as a strict CSV reader takes them: quoted whole, or without a quote before it.
_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r\n|\r|\n|\Z)')


class Record(NamedTuple):
    """A record of a file.

    Attributes
    ----------
    line : int or str
        Line of the file on which it begins; of a workbook the sheet's row; of JSON the record's path.
    original : str
        Its text, as the file has it.
    text : str
        Its filled cells under their headers, ``header: cell; ...``.
    """

    line: int | str
    original: str
    text: str


class Original(Protocol):
    """A file whose records can be looked up by number; the first is 1."""

    def record(self, number: int, hidden: Collection[str]) -> Record:
        """Return a record, with `withheld` in place of each filled cell under a hidden header."""


def open_original(path: Path, records: int, headers: Collection[str]) -> Original:
    """Open a file to look up its records.

    Parameters
    ----------
    path : path
        The file.
    records : int
        How many records it holds: they are its last rows.
    headers : collection of str
        Some of the headers above its records, to be sure of the place.

    Raises
    ------
    BadParameter
        If the row above the first record holds none of the headers.
    """
    raw = read_rows(path)
    first = len(raw.rows) - records
    if first < 1 or not set(column_names(raw, first - 1)) & set(headers):
        raise BadParameter(
            f"the file has no header above its last {records:,} records",
            where=str(path),
            spoiled="Rows would be traced to records they were not made from.",
            todo="Pass the bundle as `read` returned it, with the whole of its raw.",
        )
    kind = path.suffix.lower()
    if kind in STRUCTURED:
        return _Structured(raw, first)
    return _Sheet(raw, first) if kind in WORKBOOKS else _Text(raw, first)


class _Text:
    """A CSV file: keeps its lines, not its cells, so that a large file stays small."""

    def __init__(self, raw: RawFile, first: int) -> None:
        self._names, self._width = column_names(raw, first - 1), len(raw.rows[first - 1])
        self._begins = raw.lines[first:]
        # As the csv module counts lines: a carriage return alone ends one too.
        self._lines = list(io.StringIO(_decoded(raw), newline=""))

    def record(self, number: int, hidden: Collection[str]) -> Record:
        begins = self._begins[number - 1]
        ends = self._begins[number] - 1 if number < len(self._begins) else len(self._lines)
        reader = csv.reader(self._lines[begins - 1 : ends], strict=True)
        cells = next(reader)  # blank lines after it are not of it
        text = _LINE_END.sub("", "".join(self._lines[begins - 1 : begins - 1 + reader.line_num]))
        if len(cells) != self._width and hidden:  # no cell surely stands under its header
            return Record(begins, WITHHELD, WITHHELD)
        return Record(begins, _masked(text, self._names, hidden), _in_words(self._names, cells, hidden))


class _Sheet:
    """A workbook's sheet that was read: its rows are written as one line of CSV each."""

    def __init__(self, raw: RawFile, first: int) -> None:
        self._names, self._width = column_names(raw, first - 1), len(raw.rows[first - 1])
        self._rows, self._begins = raw.rows[first:], raw.lines[first:]

    def record(self, number: int, hidden: Collection[str]) -> Record:
        begins, cells = self._begins[number - 1], self._rows[number - 1]
        if len(cells) != self._width and hidden:  # no cell surely stands under its header
            return Record(begins, WITHHELD, WITHHELD)
        sink = io.StringIO(newline="")
        csv.writer(sink, lineterminator="").writerow(_shown(self._names, cells, hidden))
        return Record(begins, sink.getvalue(), _in_words(self._names, cells, hidden))


class _Structured:
    """JSON: a record is written out again, on one line."""

    def __init__(self, raw: RawFile, first: int) -> None:
        self._names, self._rows = column_names(raw, first - 1), raw.rows[first:]
        content = json.loads(raw.path.read_bytes().removeprefix(_BOM))
        self._places = list(_records_of(content, len(self._rows)))

    def record(self, number: int, hidden: Collection[str]) -> Record:
        path, item = self._places[number - 1]
        original = json.dumps(_without(item, hidden), ensure_ascii=False)
        return Record(path, original, _in_words(self._names, self._rows[number - 1], hidden))


def _decoded(raw: RawFile) -> str:
    body = raw.path.read_bytes().removeprefix(_BOM)
    try:
        return body.decode(raw.encoding)
    except UnicodeDecodeError:
        return body.decode("latin-1")  # the few bytes windows-1252 has no letter for


def _shown(names: list[str], cells: list[str], hidden: Collection[str]) -> Iterator[str]:
    for i, cell in enumerate(cells):
        yield WITHHELD if cell.strip() and i < len(names) and names[i] in hidden else cell


def _in_words(names: list[str], cells: list[str], hidden: Collection[str]) -> str:
    shown = (cell.strip() for cell in _shown(names, cells, hidden))
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, shown, strict=False) if name and cell)


def _masked(text: str, names: list[str], hidden: Collection[str]) -> str:
    """Replace the hidden cells in a record's own text; every other character stays as it is."""
    if not hidden:
        return text
    parts, at = [], 0
    for name in names:
        field = _FIELD.match(text, at)
        if field is None:
            return WITHHELD  # not as the csv module read it: better nothing than the wrong cell
        filled = (field[1][1:-1] if field[1].startswith('"') else field[1]).strip()
        parts.append((WITHHELD if filled and name in hidden else field[1]) + field[2])
        at = field.end()
    return "".join(parts) + text[at:]


def _records_of(content: Any, count: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give each record of a JSON file with its path: the list, or the object, of so many objects."""
    if isinstance(content, list):
        yield from ((f"[{i}]", item) for i, item in enumerate(content))
        return
    for name, part in content.items():
        items = part.values() if isinstance(part, dict) else part
        if isinstance(part, list | dict) and len(part) == count and all(isinstance(item, dict) for item in items):
            keys = [f'["{key}"]' for key in part] if isinstance(part, dict) else [f"[{i}]" for i in range(count)]
            yield from ((f"{name}{key}", item) for key, item in zip(keys, items, strict=True))
            return


def _without(item: Mapping[str, Any], hidden: Collection[str], before: str = "") -> dict[str, Any]:
    """Return a record with `withheld` for each value whose name, or path inside the record, is hidden."""
    out: dict[str, Any] = {}
    for key, value in item.items():
        path = f"{before}{key}"
        # A feature's properties are read as the record's own columns.
        inside = "" if path == "properties" else f"{path}."
        if path in hidden:
            out[key] = WITHHELD if value not in (None, "") else value
        else:
            out[key] = _without(value, hidden, inside) if isinstance(value, dict) else value
    return out
