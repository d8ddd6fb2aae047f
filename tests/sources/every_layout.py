"""Records in every registered layout, made from its column map: what a good cell is follows from the map's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook

from tests.sources.conftest import as_csv
from welfare.schema.codes import shipped
from welfare.sources.raw.files import WORKBOOKS
from welfare.sources.registry import Layout, layouts, source_row

Record = dict[str, str]
LAYOUTS = layouts()
NAMES = [f"{layout.source} {layout.name}" for layout in LAYOUTS]
DAY = pd.Timestamp(2016, 3, 14)

# The words that say most of a cell come first: a header may feed several columns.
_STRICTEST = (
    "date", "first_day", "last_day", "days_later", "week_begins", "week_ends", "above", "lookup", "codes", "if", "flag",
    "yes", "count", "largest", "positive", "total", "filled", "measure", "reading", "amount", "number", "incidence",
    "longitude", "latitude", "extract", "us_zip", "item", "join",
)  # fmt: skip
NUMERIC = {"count", "largest", "positive", "total", "measure", "reading", "amount", "number", "filled"}
NEVER_NEGATIVE = {"count", "largest", "positive", "total", "amount", "measure", "filled"}
_PATTERNS = {r"\d\d-[A-Z][a-z]{2}-\d\d": "14-Mar-16"}


@cache
def _spelled_out(number: int) -> tuple[Layout, dict[str, list[tuple[str, str]]]]:
    layout = LAYOUTS[number]
    own = layout.spelled_out([*layout.headers, *(_PATTERNS[pattern] for pattern in layout.patterns)])
    said: dict[str, list[tuple[str, str]]] = {header: [] for header in own.headers}
    rules = own.map[(own.map["table"] != "") & (own.map["header"] != "")]
    for header, text in zip(rules["header"], rules["transform"], strict=True):
        said[header].append((text.partition(" ")[0], text.partition(" ")[2]))
    for pairs in said.values():
        pairs.sort(key=lambda pair: _STRICTEST.index(pair[0]) if pair[0] in _STRICTEST else len(_STRICTEST))
    return own, said


def _place(layout: Layout) -> int:
    return NAMES.index(f"{layout.source} {layout.name}")


def spelled_out(layout: Layout) -> Layout:
    """Return the layout with one header for each of its patterns."""
    return _spelled_out(_place(layout))[0]


def words(layout: Layout, header: str) -> list[tuple[str, str]]:
    """Return the words that a header's cells must satisfy, the strictest first, each with what follows it."""
    return _spelled_out(_place(layout))[1][header]


def crosstab(layout: Layout) -> list[str]:
    """Return the headers of which a record fills one alone."""
    return [h for h in spelled_out(layout).headers if any(word in ("filled", "label") for word, _ in words(layout, h))]


def good_record(layout: Layout, number: int) -> Record:
    """Return a record whose every cell can be read; numbered so that no two are the same."""
    own = spelled_out(layout)
    record = {header: _good_cell(own, header, number) for header in own.headers}
    return record | dict.fromkeys(crosstab(layout)[1:], "")


def _good_cell(layout: Layout, header: str, number: int) -> str:
    said = words(layout, header)
    word, rest = said[0] if said else ("", "")
    if word in ("first_day", "last_day"):
        return DAY.strftime(_own_part(layout, header, re.sub("^(month|year) of ", "", rest)))
    if word in ("date", "days_later"):
        return DAY.strftime(rest.split(" ", 1)[1] if word == "days_later" else rest)
    if word in ("week_begins", "week_ends"):
        return "Semana 11 - Marzo 2016"
    if word == "lookup":
        codes, key, _ = rest.split(" ")
        return shipped(f"codes/{codes}.csv")[key].iloc[0]
    if word == "codes" or (word == "join" and rest):
        return rest.partition("=")[0]
    if word == "if":
        return rest.partition(" ")[0]
    if word in ("flag", "yes"):
        return "Yes"
    if word in NUMERIC | {"incidence"}:
        return str(number)
    if word in ("longitude", "latitude"):
        return str(530_000 + number)  # a point of the British grid, south-east of London
    return {"extract": "Sampletown, MA 01234", "us_zip": "01234", "item": "Compliant"}.get(word, f"00{number}")


def _own_part(layout: Layout, header: str, form: str) -> str:
    """Return the part of a format that this header's cells hold, where several headers together name a day."""
    for _, rules in layout.map.groupby(["table", "column"]):
        headers = list(rules["header"])
        if header in headers and len(headers) > 1 and rules["transform"].iloc[0].startswith(("first_day", "last_day")):
            return form.split(" ")[headers.index(header)]
    return form


def is_structured(layout: Layout) -> bool:
    """Say whether the source publishes JSON."""
    return "json" in source_row(layout.source)["format"]


def encoded(layout: Layout) -> str:
    """Return the encoding in which the source publishes."""
    return source_row(layout.source)["encoding"]


def write(
    layout: Layout, records: Sequence[Mapping[str, str]], path: Path, suffix: str = ".csv", **manner: str
) -> Path:
    """Write records as a file of the layout: CSV, a workbook, or JSON where the source publishes that."""
    headers = spelled_out(layout).headers
    if is_structured(layout):
        return _write_json(
            headers,
            records,
            path.with_suffix(source_row(layout.source)["format"].replace("json", ".json").replace("geo.", ".geo")),
        )
    path = path.with_suffix(suffix)
    if suffix in WORKBOOKS:
        return _write_workbook(layout, headers, records, path)
    path.write_text(as_csv(headers, records, **manner), encoding="utf-8", newline="")
    return path


def _write_json(headers: Sequence[str], records: Sequence[Mapping[str, str]], path: Path) -> Path:
    if path.suffix == ".geojson":
        features = [_feature(record, number) for number, record in enumerate(records)]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path
    items: dict[str, object] = {}
    for record in records:
        item: dict[str, object] = {}
        for header in headers:
            if header in ("key", "index"):
                continue
            outer, _, inner = header.rpartition(".")
            (item.setdefault(outer, {}) if outer else item)[inner] = record.get(header, "")
        items[record["key"]] = item
    index = {f"also {record['key']}": record["key"] for record in records}
    path.write_text(json.dumps({"index": index, "records": items}), encoding="utf-8")
    return path


def _feature(record: Mapping[str, str], number: int) -> dict[str, object]:
    west, south = -75 + number / 100, 38.0
    ring = [[west, south], [west + 0.001, south], [west + 0.001, south + 0.001], [west, south]]
    properties = {header: cell for header, cell in record.items() if header not in ("geometry", "crs")}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _write_workbook(layout: Layout, headers: Sequence[str], records: Sequence[Mapping[str, str]], path: Path) -> Path:
    """Write cells as a spreadsheet holds them: dates as dates, whole numbers as numbers, codes with zeros as text."""
    own = spelled_out(layout)
    with Workbook(path) as book:
        sheet, as_day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, headers)
        for row, record in enumerate(records, start=1):
            for column, header in enumerate(headers):
                cell = record.get(header, "")
                if cell and [word for word, _ in words(own, header)][:1] == ["date"]:
                    sheet.write_datetime(row, column, DAY.to_pydatetime(), as_day)
                elif re.fullmatch(r"[1-9]\d*", cell):
                    sheet.write_number(row, column, int(cell))
                else:
                    sheet.write_string(row, column, cell)
    return path


def headers_with(layout: Layout, wanted: set[str]) -> Iterator[str]:
    """Yield the headers whose strictest word is one of these."""
    own = spelled_out(layout)
    for header in own.headers:
        said = words(own, header)
        if said and said[0][0] in wanted:
            yield header
