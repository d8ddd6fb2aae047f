"""What holds for any cells: nothing is lost, nothing is changed that is an identifier, no cell crashes the reader."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.sources.conftest import DIRECTORY, HUMANE, OSHA, as_csv, headers
from welfare.errors import BadValue, NotData, WelfareError
from welfare.sources.manifest import parse_period
from welfare.sources.maps.transforms import apply
from welfare.sources.raw.files import read_rows, to_records
from welfare.sources.read import read

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Any text a UTF-8 file can hold, line breaks too, but for NUL, which is refused as binary.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.text(string.digits, min_size=1, max_size=9)
grants = st.lists(st.builds("{}{}".format, st.sampled_from("MPVGI"), numbers), min_size=1, max_size=4, unique=True)


def write(folder: Path, source: str, layout: str, rows: list[dict[str, str]]) -> Path:
    path = folder / "file.csv"
    path.write_bytes(as_csv(headers(source, layout), rows, quote_all=True).encode("utf-8"))
    return path


@quick
@given(st.lists(st.tuples(numbers, grants), min_size=1, max_size=8))
def test_identifiers_survive_as_the_text_they_are(tmp_path, plants):
    rows = [
        {"establishment_id": number, "establishment_number": "+".join(held), "establishment_name": "A"}
        for number, held in plants
    ]
    tables = read(write(tmp_path, DIRECTORY, "2024", rows))
    assert tables.facilities["facility_id"].tolist() == [f"us.fsis:{number}" for number, _ in plants]
    by_scheme = tables.identifiers.groupby("scheme")["identifier"].apply(list)
    assert by_scheme["us.fsis"] == [number for number, _ in plants]
    assert by_scheme["us.fsis.grant"] == [grant for _, held in plants for grant in held]
    assert len(tables.rejects) == 0


readable = {
    "ID": numbers,
    "EventDate": st.dates(date(1990, 1, 1), date(2020, 1, 1)).map(lambda day: f"{day.month}/{day.day}/{day.year}"),
    "Employer": cells,
    "State": st.sampled_from(["OHIO", "ohio", "Puerto Rico", ""]),
    "Zip": cells,
    "Hospitalized": st.sampled_from(["0", "1.00", "12", ""]),
}
unreadable = {
    "EventDate": st.sampled_from(["soon", "2/30/2016", "1-2-2016", "6/1/2097", "1/1/1815"]),
    "State": st.sampled_from(["Narnia", "O"]),
    "Hospitalized": st.sampled_from(["-1", "1,5", "x", "1e9"]),
}


@st.composite
def injury_reports(draw) -> tuple[list[dict[str, str]], set[int]]:
    """Draw records of which at most a twentieth cannot be read, and the numbers of those."""
    count = draw(st.integers(20, 40))
    rows = [{name: draw(cell) for name, cell in readable.items()} for _ in range(count)]
    broken = draw(st.sets(st.integers(1, count), max_size=count // 20))
    for number in broken:
        header = draw(st.sampled_from(sorted(unreadable)))
        rows[number - 1][header] = draw(unreadable[header])
    return rows, broken


@settings(quick, max_examples=10)
@given(injury_reports())
def test_every_record_is_in_the_table_or_among_the_rejects_never_both(tmp_path, drawn):
    rows, broken = drawn
    tables = read(write(tmp_path, OSHA, "2015", rows))
    kept, left_out = set(tables.injuries["source_row"]), set(tables.rejects["row"])
    assert left_out == broken
    assert kept == set(range(1, len(rows) + 1)) - broken
    assert len(tables.raw) == len(rows)
    assert (tables.rejects["reason"] != "").all()


@quick
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6))
def test_any_cells_are_read_or_refused_by_an_error_of_the_library(tmp_path, rows):
    records = [
        {"EstablishmentNumber": number, "inspection_tasks": tasks, "noncompliance_records": found}
        for number, tasks, found in rows
    ]
    try:
        tables = read(write(tmp_path, HUMANE, "per_establishment", records))
    except (BadValue, NotData):
        return
    in_table, rejected = set(tables.inspections["source_row"]), set(tables.rejects["row"])
    assert in_table | rejected | set(tables.identifiers["source_row"]) == set(range(1, len(tables.raw) + 1))
    assert not in_table & rejected


@quick
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6))
def test_raw_is_the_file_without_what_nobody_sees_around_cells_and_without_empty_records(tmp_path, rows):
    path = tmp_path / "file.csv"
    records = [dict(zip("abc", row, strict=True)) for row in rows]
    path.write_bytes(as_csv(["a", "b", "c"], records, quote_all=True).encode())
    seen = [[re.sub(r"[\ufeff\u200b\u2060\u00ad]", "", cell).strip() for cell in row] for row in rows]
    filled = [row for row in seen if any(row)]
    assume(filled)
    frame = to_records(read_rows(path), 0).frame
    assert [list(row) for row in frame.itertuples(index=False)] == filled


@quick
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path, content):
    for name in ("file.csv", "file.xlsx"):
        (tmp_path / name).write_bytes(content)
        try:
            read(tmp_path / name)
        except WelfareError as error:
            assert str(tmp_path / name) in str(error)
        else:
            raise AssertionError("random bytes were read as a table")


@quick
@given(st.integers(0, 2**53))
def test_a_count_is_read_however_it_is_written(number):
    written = [str(number), f"{number:,}", f"{number}.0", f"{number:,}.00"]
    values, reasons = apply("count", pd.Series(written, dtype="str"))
    assert values.tolist() == [number] * 4
    assert reasons.tolist() == [""] * 4


@quick
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_to_its_last_digit(number):
    values, reasons = apply("number", pd.Series([repr(number)], dtype="str"))
    assert reasons.tolist() == [""]
    assert values.tolist() == [number]


@quick
@given(st.dates(date(1700, 1, 1), date(2200, 1, 1)), st.dates(date(1700, 1, 1), date(2200, 1, 1)))
def test_a_period_of_two_days_is_those_days(one, other):
    first, last = min(one, other), max(one, other)
    assert parse_period(f"{first}..{last}") == (pd.Timestamp(first), pd.Timestamp(last))
