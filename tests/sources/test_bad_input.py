"""Each bad input gives one error: of its own kind, naming file and place, what it would have spoiled, what to do."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from welfare.errors import (
    BadParameter,
    FileMissing,
    HeaderDrift,
    NotData,
    Truncated,
    UnknownSource,
    WelfareError,
    WrongEncoding,
)
from welfare.sources.read import read

HTML = b"<!DOCTYPE html>\n<html><head><title>503</title></head><body>Try again later</body></html>\n"


def refusal(path: Path, kind: type[WelfareError], **arguments: object) -> WelfareError:
    """Return the error that reading a file raises, after checking what every such error must say."""
    with pytest.raises(kind) as caught:
        read(path, **arguments)
    error = caught.value
    assert type(error) is kind
    assert str(path) in error.where
    assert error.spoiled, "the error does not say what the input would have spoiled"
    assert error.todo, "the error does not say what to do"
    assert all(part in str(error) for part in (error.where, error.what, error.spoiled, error.todo))
    return error


def line_of(error: WelfareError) -> int:
    found = re.search(r", line (\d+)", error.where)
    assert found, f"no line in {error.where!r}"
    return int(found[1])


def column_of(error: WelfareError) -> int:
    found = re.search(r", column (\d+)", error.where)
    assert found, f"no column in {error.where!r}"
    return int(found[1])


# Not there


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileMissing, match="no such file") as caught:
        read(tmp_path / "absent.csv")
    assert str(tmp_path / "absent.csv") in str(caught.value)
    assert "Check the path" in str(caught.value)


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(FileMissing, match="folder, not a file"):
        read(tmp_path)


# Not data


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"   \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b",,,\n,,,\n", b'""\n']
)
@pytest.mark.parametrize("name", ["file.csv", "file.CSV"])
def test_a_file_without_a_filled_cell_is_empty(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    assert "the file is empty" in refusal(path, NotData).what


@pytest.mark.parametrize(
    "content",
    [
        HTML,
        b"\xef\xbb\xbf\r\n" + HTML.lower(),
        b"<!-- cached -->\n<html></html>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b"<div class=error>gone</div>",
    ],
)
@pytest.mark.parametrize("name", ["file.csv", "file.xlsx", "file.XLS"])
def test_a_web_page_saved_as_a_table_is_called_a_web_page(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path, NotData)
    assert "web page" in error.what
    assert line_of(error) == 1
    assert "without facilities" in error.spoiled
    assert "download" in error.todo


@pytest.mark.parametrize("content", [b'{"error": "rate limit"}', b'[{"id": 1}]', b'\n { "a" : 1}'])
def test_a_json_answer_is_called_json(tmp_path, content):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    assert "JSON" in refusal(path, NotData).what


def test_html_inside_a_record_is_text(directory):
    tables = read(directory({"establishment_name": "Smith <html> & Sons"}))
    assert tables.facilities["name"].tolist() == ["Smith <html> & Sons"]


def test_a_header_without_records_is_refused(directory):
    error = refusal(directory(), NotData)
    assert "header but no record" in error.what
    assert line_of(error) == 1


def workbook(path: Path, write: Callable[[xlsxwriter.Workbook], object]) -> Path:
    book = xlsxwriter.Workbook(path)
    write(book)
    book.close()
    return path


def test_an_empty_workbook_is_refused(tmp_path):
    path = workbook(tmp_path / "file.xlsx", lambda book: book.add_worksheet())
    error = refusal(path, NotData)
    assert "first visible sheet is empty" in error.what
    assert "facilities would silently be missing" in error.spoiled


def test_a_workbook_with_its_table_on_the_second_sheet_says_that_the_first_is_empty(tmp_path):
    path = workbook(
        tmp_path / "file.xlsx", lambda book: (book.add_worksheet(), book.add_worksheet().write(0, 0, "est_number"))
    )
    error = refusal(path, NotData)
    assert "first visible sheet is empty" in error.what
    assert "another sheet" in error.todo


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04cut short", b"a,b\n1,2\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
@pytest.mark.parametrize("suffix", [".xlsx", ".XLSX", ".xls", ".ods"])
def test_a_broken_workbook_is_refused(tmp_path, content, suffix):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    error = refusal(path, NotData)
    assert "workbook" in error.what
    assert "facilities would silently be missing" in error.spoiled


def test_an_archive_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "file.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert "cannot be opened" in refusal(path, NotData).what


# Wrong encoding


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_refused_with_what_to_save_it_as(directory, encoding):
    path = directory({})
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    error = refusal(path, WrongEncoding)
    assert "UTF-16" in error.what
    assert line_of(error) == 1
    assert "UTF-8" in error.todo


def test_a_workbook_called_csv_is_told_its_suffix(tmp_path):
    path = workbook(tmp_path / "file.xlsx", lambda book: book.add_worksheet().write(0, 0, "est_number"))
    path = path.rename(tmp_path / "file.csv")
    error = refusal(path, WrongEncoding)
    assert "workbook" in error.what
    assert ".xlsx" in error.todo


def test_nul_bytes_deep_in_a_file_are_found_with_their_line(directory):
    path = directory(*({"establishment_id": str(i)} for i in range(200)))
    path.write_bytes(path.read_bytes() + b"\0" * 50)
    error = refusal(path, WrongEncoding)
    assert "binary" in error.what
    assert line_of(error) == 202


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_byte_that_is_not_utf_8_is_named_with_its_line_and_offset(directory, mark, newline):
    path = directory({}, {"establishment_name": "Ca?on Meats"}, newline=newline)
    content = mark + path.read_bytes().replace(b"?", b"\xf1")
    path.write_bytes(content)
    error = refusal(path, WrongEncoding)
    assert line_of(error) == 3
    assert f"byte 0xf1 at offset {content.index(0xF1)}" in error.where
    assert "garbled" in error.spoiled
    assert "UTF-8" in error.todo


# Truncated


def test_a_file_cut_in_an_unquoted_record_is_refused_at_its_line(directory):
    path = directory({}, {})
    path.write_bytes(path.read_bytes()[:-30])
    error = refusal(path, Truncated)
    assert line_of(error) == 3
    assert re.search(r"the record has \d+ fields where the header has 19", error.what)
    assert "wrong header" in error.spoiled
    assert "download it again" in error.todo


def test_a_file_cut_inside_quotes_is_refused_at_the_line_where_the_record_begins(directory):
    path = directory({}, {"establishment_name": 'Smith, "Bob"\nand\nSons'}, {})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"and") + 4])
    error = refusal(path, Truncated)
    assert line_of(error) == 3
    assert "noticed on line 4" in error.what


def test_a_record_with_a_field_too_many_is_refused_at_the_line_where_it_begins(directory):
    path = directory({"street": "two\nlines"}, {"street": "1 Way, Suite A\nrear"}, {})
    path.write_bytes(path.read_bytes().replace(b'"1 Way, Suite A\nrear"', b'1 Way,"Suite A\nrear"'))
    error = refusal(path, Truncated)
    assert line_of(error) == 4
    assert "20 fields where the header has 19" in error.what


# Headers


def test_an_unknown_header_names_the_three_nearest_sources(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("establishment_number,city,state,company,pigs\nM1,A,MA,B,4\n", encoding="utf-8")
    error = refusal(path, UnknownSource)
    assert line_of(error) == 1
    assert "establishment_number, city, state, company, pigs" in error.what
    # Shares with the waiver list 4 headers of 11, with the barn fires 2 of 8, with the directory of 2017 2 of 13.
    assert re.findall(r"([\w.]+) \((\d+)% of headers shared\)", error.todo) == [
        ("us.fsis.line_speed_waivers", "36"),
        ("us.awi.barn_fires", "25"),
        ("us.fsis.mpi_directory", "15"),
    ]
    assert "another's place" in error.spoiled


def test_semicolons_in_place_of_commas_are_named(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("establishment_number;city;state\nM1;A;MA\n", encoding="utf-8")
    assert "parted by ';'" in refusal(path, UnknownSource).what


def test_a_file_of_another_source_than_expected_is_not_taken_for_it(directory):
    error = refusal(directory({}), UnknownSource, source="us.osha.severe_injury")
    assert "not the headers of us.osha.severe_injury" in error.what
    assert "us.fsis.mpi_directory (100% of headers shared)" in error.todo


def test_an_expected_source_that_does_not_exist_is_refused(directory):
    with pytest.raises(BadParameter, match=r"no source is called 'us.fsis.nothing'"):
        read(directory({}), source="us.fsis.nothing")


def renamed(path: Path, old: str, new: str) -> Path:
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(f"{head.replace(old, new)}\n{rest}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "lost", "column"),
    [
        ("establishment_name", "company_name", None, 3),
        ("establishment_id", "Establishment ID", "facility_id, identifier", 1),
        ("latitude", "LATITUDE", "latitude_deg", 16),
        ("longitude", "longitude_dd", "longitude_deg", 17),
    ],
)
def test_a_changed_header_names_old_and_new_and_what_would_be_missing(directory, old, new, lost, column):
    error = refusal(renamed(directory({}), old, new), HeaderDrift)
    assert f"has '{new}'" in error.what
    assert f"lacks '{old}'" in error.what
    assert (line_of(error), column_of(error)) == (1, column)
    if lost is None:  # the two names have too little in common to call it a renaming
        assert "Likely renamed" not in error.what
    else:
        assert f"'{old}' is now '{new}'" in error.what
        assert f"{lost} would be missing" in error.spoiled
    assert "us.fsis.mpi_directory.csv" in error.todo


def test_one_new_header_is_not_the_new_name_of_two_old_ones(directory):
    path = directory({})
    text = path.read_text(encoding="utf-8").replace("latitude,longitude", "longitude_deg,other")
    path.write_text(text, encoding="utf-8")
    error = refusal(path, HeaderDrift)
    assert error.what.count("is now 'longitude_deg'") == 1


def test_a_missing_column_that_nobody_reads_still_raises_and_does_not_speak_of_new_columns(directory):
    path = directory({})
    text = re.sub(r",[^,]*(?=\n)", "", path.read_text(encoding="utf-8"))  # the last column, fips_code
    path.write_text(text, encoding="utf-8")
    error = refusal(path, HeaderDrift)
    assert "lacks 'fips_code'" in error.what
    assert "No column that is read is lost" in error.spoiled
    assert "on_new" not in error.todo


def test_a_header_that_stands_twice_is_refused_at_its_second_column(directory):
    error = refusal(renamed(directory({}), "fips_code", "city"), HeaderDrift)
    assert "'city' stands twice" in error.what
    assert (line_of(error), column_of(error)) == (1, 19)


def test_duplicates_in_a_file_of_no_source_do_not_hide_that_it_is_unknown(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("pigs,pigs\n1,2\n", encoding="utf-8")
    refusal(path, UnknownSource)


def test_a_column_of_cells_without_header_is_seen(directory):
    error = refusal(renamed(directory({"phone": "555"}), ",phone", ","), HeaderDrift)
    assert "column 9 (no header)" in error.what
    assert column_of(error) == 9


@pytest.mark.parametrize("on_new", ["drop", "", None])
def test_on_new_takes_two_words(directory, on_new):
    with pytest.raises(BadParameter, match="on_new"):
        read(directory({}), on_new=on_new)
