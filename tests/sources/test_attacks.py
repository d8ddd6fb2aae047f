"""Files that do harm, or would say something false in silence: each is read rightly or refused by our own error."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from welfare.errors import BadParameter, BadValue, HeaderDrift, NotData, TooLarge, Truncated, UnknownSource
from welfare.schema.tables import Tables
from welfare.sources.own.own_map import load_map
from welfare.sources.raw.workbooks import read_workbook
from welfare.sources.read import read

HEADERS = ["plant", "day", "dead", "share"]
DAY = "day: {table: mortality, column: date_from, date: YYYY-MM-DD}"
MAP = f"""\
source: my.deaths
columns:
  plant: {{table: every, column: facility_id, scheme: my.plants}}
  {DAY}
  dead: {{table: mortality, column: deaths_count, unit: animals}}
  share: {{table: measures, quantity: share, unit: percent}}
constants:
  measures: {{basis: measured}}
"""
OUTLINES = """\
source: my.barns
columns:
  gid: {table: footprints, column: footprint_id}
  geometry: {table: footprints, column: geometry, transform: outline}
  crs: {table: footprints, column: geometry, transform: outline}
"""
PLANTS = """\
source: my.plants
columns:
  name: {table: facilities, column: name}
  town: {table: facilities, column: city}
"""
Reader = Callable[..., Tables]


@pytest.fixture
def attack(tmp_path: Path) -> Reader:
    """Read a file, given by its path or its text, through a mapping."""

    def _read(content: str | Path, mapping: str = MAP, suffix: str = ".csv") -> Tables:
        book = tmp_path / "map.yaml"
        book.write_text(mapping, encoding="utf-8")
        path = content
        if isinstance(content, str):
            path = tmp_path / f"file{suffix}"
            path.write_bytes(content.encode("utf-8"))
        return read(path, mapping=book, vintage="2024", period="2024")

    return _read


def table(*more: str, headers: str = "plant,day,dead,share") -> str:
    """Return forty good records and then these lines."""
    return "\n".join([headers, *(f"P{i},2024-01-02,{i},{i}.5" for i in range(1, 41)), *more, ""])


# Cells


@pytest.mark.parametrize("cell", ["0,500", "00,500", "012,345", "-0,500"])
def test_a_thousand_does_not_begin_with_nought_so_that_a_decimal_comma_is_not_read_as_one(attack, cell):
    found = attack(table(f'P99,2024-01-02,3,"{cell}"'))
    assert found.rejects.to_numpy().tolist() == [[41, f"share: '{cell}' is not a number"]]


@pytest.mark.parametrize("sign", ["\ufeff", "\u200b", "\u2060", "\u00ad"])
def test_a_sign_that_nobody_sees_does_not_make_another_plant_of_one(attack, sign):
    found = attack(table(f"P{sign}1,2024-01-02,3,4{sign}", headers=f"{sign}plant,da{sign}y,dead,share"))
    assert found.mortality["facility_id"].iloc[-1] == found.mortality["facility_id"].iloc[0] == "my.plants:P1"
    assert found.measures["value"].iloc[-1] == 4


# Lines that are no records


@pytest.mark.parametrize("word", ["Total", "TOTALS:", "Grand total", "Subtotal", "Sum"])
def test_a_sum_below_the_records_is_a_reject_and_does_not_double_them(attack, word):
    found = attack(table(f"{word},,820,840"))
    assert found.mortality["deaths_count"].sum() == 820  # 1 + 2 + ... + 40
    assert found.rejects.to_numpy().tolist() == [[41, f"it begins with '{word}': a sum of other records, not a record"]]


def test_a_sum_is_left_out_of_a_short_table_too_and_under_an_empty_cell(attack):
    found = attack("plant,day,dead,share\nP1,2024-01-02,3,4\nP2,2024-01-02,5,4\n,Total,8,8\n")
    assert found.mortality["deaths_count"].tolist() == [3, 5]
    assert found.rejects["row"].tolist() == [3]


@pytest.mark.parametrize("plant", ["Total Foods", "P41 Total", "Summit"])
def test_a_name_that_holds_the_word_is_a_name(attack, plant):
    assert attack(table(f"{plant},2024-01-02,1,1")).mortality["facility_id"].iloc[-1] == f"my.plants:{plant}"


def test_where_most_rows_say_total_it_is_a_word_of_the_file(attack):
    found = attack("plant,day,dead,share\nTotal,2024-01-02,3,4\nTotal,2024-01-03,5,4\n")
    assert found.mortality["deaths_count"].tolist() == [3, 5]


def test_headers_that_stand_once_more_inside_a_file_are_no_record(attack):
    found = attack("name,town\nA,B\nname,town\nname,elsewhere\n", PLANTS)
    assert found.facilities["name"].tolist() == ["A", "name"]
    assert found.rejects.to_numpy().tolist() == [[2, "it is the row of headers once more"]]


@pytest.mark.parametrize("note", ["Source: the agency", "* provisional", "Note 2: until June", '"Notes: one,\ntwo"'])
def test_a_note_below_the_table_is_no_plant(attack, note):
    found = attack(table(f"{note},,,", "Source: a plant of this name,2024-01-02,1,1"))
    assert found.rejects["row"].tolist() == [41]
    assert found.rejects["reason"].str.endswith("a note, not a record").all()
    assert len(found.mortality) == 41


# Workbooks


def workbook(path: Path, *more: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet("Plants"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEADERS)
        for row in range(1, 41):
            sheet.write_row(row, 0, [f"P{row}", "", row, row + 0.5])
            sheet.write_datetime(row, 1, datetime.fromisoformat("2024-01-02"), day)
        for write in more:
            write(book, sheet)
    return path


def test_one_stray_cell_in_the_last_corner_is_refused_before_memory_is_asked_for(attack, tmp_path):
    path = workbook(tmp_path / "file.xlsx", lambda _, sheet: sheet.write(1_048_575, 16_383, "x"))
    with pytest.raises(TooLarge, match="row 1,048,576, and one in column XFD"):
        attack(path)


def altered(path: Path, old: bytes, new: bytes) -> Path:
    """Return a copy of a workbook whose first sheet says something else."""
    copy = path.with_name("altered.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            assert name != "xl/worksheets/sheet1.xml" or old in content
            target.writestr(name, content.replace(old, new) if name == "xl/worksheets/sheet1.xml" else content)
    return copy


def test_a_cell_beyond_every_sheet_is_refused(attack, tmp_path):
    path = altered(workbook(tmp_path / "file.xlsx"), b'r="A2"', b'r="ZZZZZZZ99999999999"')
    with pytest.raises(TooLarge):
        attack(path)


def test_a_workbook_that_unpacks_to_a_gigabyte_is_refused_unread(tmp_path):
    path = workbook(tmp_path / "file.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media.bin", "w") as stream:
        for _ in range(1025):
            stream.write(bytes(1 << 20))
    with pytest.raises(TooLarge, match="unpacks to"):
        read_workbook(path)


def test_a_cell_of_sixty_million_letters_takes_no_quadratic_time(tmp_path):
    path = altered(
        workbook(tmp_path / "file.xlsx"),
        b"</sheetData>",
        b'<row r="50"><c r="A50" t="inlineStr"><is><t>' + b"A" * 60_000_000 + b"</t></is></c></row></sheetData>",
    )
    begun = time.process_time()
    rows, _ = read_workbook(path)
    assert len(rows[-1][0]) == 60_000_000
    assert time.process_time() - begun < 10


def test_cells_that_hold_an_error_or_an_uncalculated_formula_are_told(attack, tmp_path):
    path = workbook(
        tmp_path / "file.xlsx",
        lambda _, sheet: sheet.write_formula(3, 2, "=NA()", None, "#N/A"),
        lambda _, sheet: sheet.write_formula(4, 3, "=1/0", None, "#DIV/0!"),
        lambda _, sheet: sheet.write_formula(5, 3, "=SUM(C2:C3)", None, 7),
        lambda _, sheet: sheet.write_formula(6, 2, "=SUM(C4:C9)", None, 4711),
    )
    found = attack(altered(path, b"<v>4711</v>", b"<v></v>"))
    assert found.mortality["deaths_count"].isna().sum() == 2
    assert list(found.measures.loc[found.measures["source_row"] == 5, "value"]) == [7]
    assert found.notes == (
        "cells of altered.xlsx that hold an error such as #N/A were read as empty: 2, the first C4",
        "cells of altered.xlsx that hold a formula nobody has calculated were read as empty: 1, the first C7",
    )


def test_a_hidden_sheet_is_not_read_in_place_of_the_one_that_is_seen(attack, tmp_path):
    def hide_and_add(book, sheet):
        other = book.add_worksheet("Now")
        other.write_row(0, 0, HEADERS)
        other.write_row(1, 0, ["P7", "2024-01-02", 3, 4])
        other.activate()
        other.set_first_sheet()
        sheet.hide()

    found = attack(workbook(tmp_path / "file.xlsx", hide_and_add))
    assert found.mortality["facility_id"].tolist() == ["my.plants:P7"]
    assert found.notes == ("of file.xlsx only the sheet 'Now' was read; not read: Plants",)


def test_a_table_behind_a_title_sheet_is_pointed_to(attack, tmp_path):
    path = tmp_path / "file.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Read me").write(0, 0, "About this file")
        book.add_worksheet("Data").write_row(0, 0, HEADERS)
    with pytest.raises(UnknownSource, match="not read: Data"):
        attack(path)


# JSON

RECORDS = [dict(zip(HEADERS, [f"P{i}", "2024-01-02", i, i / 2], strict=True)) for i in range(1, 41)]


def test_a_key_that_stands_twice_in_json_loses_neither_a_record_nor_a_cell(attack):
    one = json.dumps(RECORDS[0])
    with pytest.raises(NotData, match="'a' stands twice"):
        attack(f'{{"plants": {{"a": {one}, "b": {one}, "a": {one}}}}}', suffix=".json")
    with pytest.raises(NotData, match="'dead' stands twice"):
        attack(json.dumps(RECORDS)[:-2] + ', "dead": 700}]', suffix=".json")


@pytest.mark.parametrize(
    "value", ["9" * 5000, r'"P\ud800"', "[" * 100_000 + "]" * 100_000, '{"a":' * 20_000 + "1" + "}" * 20_000]
)
def test_json_that_no_table_can_hold_is_refused(attack, value):
    with pytest.raises(Truncated, match="the JSON cannot be read"):
        attack(f'[{{"plant": {value}}}]', suffix=".json")


def test_an_error_in_json_names_the_record_and_no_line(attack):
    with pytest.raises(HeaderDrift) as caught:
        attack(json.dumps([*RECORDS, {"other": 1}]), suffix=".json")
    assert caught.value.where.endswith("file.json, column 5")
    with pytest.raises(BadValue) as value:
        attack(json.dumps([*RECORDS[:5], RECORDS[5] | {"dead": "few"}]), suffix=".json")
    assert value.value.where.endswith("file.json, record 6")


def outlines(crs: object = None, *more: object, size: float = 0.001, **members: object) -> str:
    rings = [[[i / 100, 38], [i / 100 + size, 38], [i / 100 + size, 38 + size], [i / 100, 38]] for i in range(40)]
    shapes = [*({"type": "Polygon", "coordinates": [ring]} for ring in rings), *more]
    features = [
        {"type": "Feature", "properties": {"gid": str(n)}, "geometry": shape} for n, shape in enumerate(shapes, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features, **members})


@pytest.mark.parametrize(
    "crs",
    [
        {"properties": {"name": "EPSG:999999"}},
        {"properties": {"name": "our own grid"}},
        {"properties": {"name": None}},
        {"properties": [1]},
        {"type": "link", "properties": {"href": "a.prj"}},
        ["EPSG:4326"],
    ],
)
def test_a_coordinate_system_that_nobody_knows_is_not_taken_for_degrees(attack, crs):
    with pytest.raises(BadValue, match=r"coordinate system .* is not known"):
        attack(outlines(crs), OUTLINES, ".geojson")


def test_degrees_under_the_name_of_a_grid_in_metres_are_seen(attack):
    assert len(attack(outlines({"properties": {"name": "EPSG:4326"}}), OUTLINES, ".geojson").footprints) == 40
    with pytest.raises(BadValue, match="look like degrees, not metres of EPSG:26918"):
        attack(outlines({"properties": {"name": "urn:ogc:def:crs:EPSG::26918"}}), OUTLINES, ".geojson")


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "LineString", "coordinates": [[1, 1], [2, 2]]},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 1]}]},
    ],
)
def test_what_has_no_area_is_no_outline(attack, shape):
    found = attack(outlines(None, shape), OUTLINES, ".geojson")
    assert found.rejects.to_numpy().tolist() == [[41, "geometry: a point, a line or a mixture is no outline"]]


@pytest.mark.parametrize("features", [5, "abc", {"a": 1}, None])
def test_features_that_are_no_list_are_no_features(attack, features):
    with pytest.raises(NotData, match="holds no feature"):
        attack(outlines(features=features), OUTLINES, ".geojson")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",EPSG:4326", "there is no outline that can be read"),
        ('"POLYGON((0 0,1 0",EPSG:4326', "there is no outline that can be read"),
        ('"POLYGON((0 0,1 0,1 1,0 0))",', "the coordinate system '' is not known"),
    ],
)
def test_an_outline_missing_from_a_text_file_is_a_reject(attack, cells, reason):
    good = [f'{n},"POLYGON((0 0,1 0,1 1,0 0))",EPSG:4326' for n in range(40)]
    found = attack("\n".join(["gid,geometry,crs", *good, f"41,{cells}", ""]), OUTLINES)
    assert found.rejects.to_numpy().tolist() == [[41, f"geometry: {reason}"]]


# Mappings and headers


@pytest.mark.parametrize(
    ("place", "transform"),
    [
        *(("mortality, column: date_from", f"date {form}") for form in ("%Q", "%Y %Y", "%d %B", "mixed", "ISO8601")),
        ("mortality, column: date_from", "date %Y-%m-%d %z"),
        ("mortality, column: date_from", "first_day mixed"),
        ("mortality, column: date_from", "days_later 6 %Q"),
        ("mortality, column: date_from", "week_begins (week"),
        ("mortality, column: date_from", "week_ends (week)"),
        ("mortality, column: cause", "extract ("),
        ("mortality, column: cause", "extract no group"),
        ("mortality, column: cause", "lookup ../columns table type"),
        ("mortality, column: cause", "lookup us_states no such"),
    ],
)
def test_a_transform_by_which_no_cell_could_be_read_is_refused_with_its_line(tmp_path, place, transform):
    path = tmp_path / "map.yaml"
    path.write_text(MAP.replace(DAY, f"day: {{table: {place}, transform: '{transform}'}}"), encoding="utf-8")
    with pytest.raises(BadParameter) as caught:
        load_map(path)
    assert caught.value.where == f"{path}, line 4"


def test_a_hundred_thousand_new_columns_are_drift_and_take_no_quadratic_time(attack):
    headers = ",".join(f"c{i}" for i in range(100_000))
    begun = time.process_time()
    with pytest.raises(HeaderDrift):
        attack(f"plant,day,dead,share,{headers}\nP1,2024-01-02,3,4{',1' * 100_000}\n")
    assert time.process_time() - begun < 20
