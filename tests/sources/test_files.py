"""What a file may look like and still be read the same."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from pandas.testing import assert_frame_equal

from tests.sources.conftest import DEMOGRAPHICS, OSHA, headers
from welfare.sources.raw.files import read_rows, to_records
from welfare.sources.read import read

PLANTS = ({}, {"establishment_id": "0002", "establishment_number": "M2", "street": "Suite 1\nRear, left"})


def same_tables(one, other) -> None:
    assert list(one.frames) == list(other.frames)
    for name, frame in one:
        assert_frame_equal(frame, other.frames[name])
    assert_frame_equal(one.raw, other.raw)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: b"\xef\xbb\xbf" + content, id="byte order mark"),
        pytest.param(lambda content: content.replace(b"\n0002", b"\n\n\n0002"), id="blank lines between records"),
        pytest.param(lambda content: b"\n\r\n" + content + b"\n\n", id="blank lines around"),
        pytest.param(lambda content: content.replace(b"\n0002", b"\n  \n0002"), id="a line of spaces"),
        pytest.param(lambda content: content + b"," * 18 + b"\n", id="a record of commas, as spreadsheets append"),
        pytest.param(
            lambda content: content.replace(b",25001", b",25001,,").replace(b"fips_code", b"fips_code,,"),
            id="trailing commas",
        ),
        pytest.param(lambda content: content.replace(b"fips_code", b" fips_code\t"), id="white space around a header"),
        pytest.param(lambda content: content.replace(b"Sampletown", b"  Sampletown "), id="white space around cells"),
    ],
)
def test_trifles_do_not_change_what_is_read(directory, change):
    path = directory(*PLANTS)
    plain = read(path)
    path.write_bytes(change(path.read_bytes()))
    same_tables(read(path), plain)


def test_line_breaks_of_windows_are_line_breaks(directory):
    plain = read(directory(*PLANTS))
    windows = read(directory(*PLANTS, newline="\r\n"))
    same_tables(windows, plain)


def test_a_last_line_without_line_break_is_read_and_said(directory):
    path = directory(*PLANTS)
    plain = read(path)
    assert plain.notes == ()
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    tables = read(path)
    same_tables(tables, plain)
    assert any("without a line break" in note for note in tables.notes)


def test_a_record_keeps_its_number_whatever_lines_it_spans(directory):
    tables = read(directory(PLANTS[1], {"establishment_id": "0003"}))
    assert tables.facilities["source_row"].tolist() == [1, 2]
    assert tables.facilities["street"].tolist() == ["Suite 1\nRear, left", "1 Example Way"]


def test_rows_know_the_line_on_which_they_begin(directory):
    path = directory(PLANTS[1], {})
    path.write_bytes(b"\n" + path.read_bytes())
    assert read_rows(path).lines == [2, 3, 5]


@pytest.mark.parametrize("name", ["FILE.CSV", "file.txt", "file"])
def test_the_suffix_of_a_text_file_does_not_matter(directory, name):
    assert len(read(directory(*PLANTS, name=name)).facilities) == 2


def test_ids_keep_their_leading_zeros(directory):
    tables = read(directory({"establishment_id": "0007", "establishment_number": "007+0008"}))
    assert tables.identifiers["identifier"].tolist() == ["0007", "007", "0008"]
    assert tables.facilities["facility_id"].tolist() == ["us.fsis:0007"]
    assert tables.facilities["postcode"].tolist() == ["01234"]


def test_an_injury_file_in_windows_1252_keeps_its_apostrophes_and_accents(agency):
    path = agency(OSHA, "2015", {"ID": "1", "EventDate": "1/2/2016", "Employer": "Joe@s Caf#", "State": "OHIO"})
    path.write_bytes(path.read_bytes().replace(b"@", b"\x92").replace(b"#", b"\xe9"))
    assert read(path).injuries["employer_name"].tolist() == ["Joe\u2019s Caf\u00e9"]


def test_an_injury_file_in_utf_8_is_read_as_utf_8(agency):
    path = agency(
        OSHA, "2015", {"ID": "1", "EventDate": "1/2/2016", "Employer": "Joe\u2019s Caf\u00e9", "State": "OHIO"}
    )
    assert read(path).injuries["employer_name"].tolist() == ["Joe\u2019s Caf\u00e9"]


# Workbooks


def demographics(path: Path, *, name: str = "0042", title: tuple[str, ...] = ()) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for row, words in enumerate(title):
        sheet.write(row, 0, words)
    names = headers(DEMOGRAPHICS, "2024")
    cells = {"EstNumber": "M42+P42", "EstID": name, "Company": "Example Packing", "Chicken Slaughter": "Yes"}
    for column, header in enumerate(names):
        sheet.write_string(len(title), column, header.replace(" ", "\n", 1))
        if header in cells:
            sheet.write_string(len(title) + 1, column, cells[header])
    sheet.write_number(len(title) + 1, names.index("Slaughter Volume Category"), 4)
    sheet.write_string(len(title) + 3, names.index("EstNumber"), "M43")
    sheet.write_number(len(title) + 3, names.index("EstID"), 43)
    book.add_worksheet("Notes").write(0, 0, "read me")
    book.close()
    return path


@pytest.mark.parametrize("name", ["file.xlsx", "FILE.XLSX"])
def test_a_workbook_is_read_as_text_with_its_title_broken_headers_and_gaps(tmp_path, name):
    tables = read(demographics(tmp_path / name, title=("Demographics", "Data Extracted on February 19, 2024")))
    assert tables.facilities["facility_id"].tolist() == ["us.fsis:0042", "us.fsis:43"]
    assert tables.facilities["slaughter_volume_category"].fillna("").tolist() == ["4", ""]
    assert tables.slaughter["species"].tolist() == ["chicken"]
    assert tables.facilities["source_row"].tolist() == [1, 2]


def test_a_day_stated_above_the_header_is_the_vintage(tmp_path):
    tables = read(demographics(tmp_path / "file.xlsx", title=("Data Extracted on February 19, 2024",)))
    assert tables.source_id == "us.fsis.establishment_demographics@2024-02-19"
    assert tables.slaughter["date_from"].tolist() == [pd.Timestamp(2024, 2, 19)]


@pytest.mark.parametrize(
    "title", ["Data Extracted on Smarch 19, 2024", "Data Extracted on February 31, 2024", "Version 3"]
)
def test_words_that_are_no_day_are_no_vintage(tmp_path, title):
    assert read(demographics(tmp_path / "file.xlsx", title=(title,))).vintage is None


def test_sheets_that_were_not_read_are_named(tmp_path):
    assert any("not read: Notes" in note for note in read(demographics(tmp_path / "file.xlsx")).notes)


def test_cells_of_a_workbook_become_the_text_a_reader_sees(tmp_path):
    path = tmp_path / "file.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    midnight, morning = datetime.fromisoformat("2024-02-19"), datetime.fromisoformat("2024-02-19 05:30")
    values = [12345, 0.25, "007", midnight, morning, date(2024, 2, 20), "last"]
    sheet.write_row(0, 0, [f"c{i}" for i in range(len(values))])
    for column, value in enumerate(values):
        (sheet.write_datetime(1, column, value, day) if isinstance(value, date) else sheet.write(1, column, value))
    book.close()
    frame = to_records(read_rows(path), 0).frame
    assert frame.iloc[0].tolist() == ["12345", "0.25", "007", "2024-02-19", "2024-02-19 05:30:00", "2024-02-20", "last"]


def test_an_empty_first_column_of_a_workbook_is_no_column(tmp_path):
    path = tmp_path / "file.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(2, 1, ["a", "b"])
    sheet.write_row(3, 1, ["1", "2"])
    book.close()
    raw = read_rows(path)
    assert raw.lines == [3, 4]
    assert to_records(raw, 0).frame.to_dict("records") == [{"a": "1", "b": "2"}]


def test_titles_above_the_headers_of_a_text_file_are_passed_over(directory):
    path = directory({"establishment_id": "7"})
    path.write_text("Data Extracted on\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    tables = read(path)
    assert tables.facilities["facility_id"].tolist() == ["us.fsis:7"]
    assert tables.facilities["source_row"].tolist() == [1]
