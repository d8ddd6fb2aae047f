"""The MANIFEST.csv beside files: found, believed, and held against the file."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from welfare.errors import BadParameter, ContractBroken, FileAltered
from welfare.schema.provenance import sha256
from welfare.sources.manifest import find_entry, parse_period, vintage_order
from welfare.sources.read import read

COLUMNS = ["path", "vintage", "period", "publisher", "obtained_from", "licence", "bytes", "sha256", "note"]


def manifest(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "MANIFEST.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
    return path


def test_a_file_takes_its_vintage_period_and_publisher_from_the_manifest_beside_it(directory, tmp_path):
    path = directory({})
    manifest(
        tmp_path,
        {
            "path": "file.csv",
            "vintage": "2024-03",
            "period": "2024-03-05",
            "publisher": "An Agency",
            "obtained_from": "github:somebody/copy",
            "licence": "public domain",
        },
    )
    tables = read(path)
    assert tables.source_id == "us.fsis.mpi_directory@2024-03"
    assert tables.facilities["source_id"].tolist() == ["us.fsis.mpi_directory@2024-03"]
    assert tables.facilities["record_id"].tolist() == ["us.fsis.mpi_directory@2024-03#1"]
    assert tables.period == (pd.Timestamp(2024, 3, 5), pd.Timestamp(2024, 3, 5))
    assert (tables.publisher, tables.obtained_from, tables.licence) == (
        "An Agency",
        "github:somebody/copy",
        "public domain",
    )
    assert tables.sha256 == sha256(path)


def test_arguments_override_the_manifest(directory, tmp_path):
    path = directory({})
    manifest(tmp_path, {"path": "file.csv", "vintage": "2024-03", "period": "2024-03"})
    tables = read(path, vintage="2023-01", period="2023")
    assert tables.vintage == "2023-01"
    assert tables.period == (pd.Timestamp(2023, 1, 1), pd.Timestamp(2023, 12, 31))


def test_without_a_manifest_the_registry_says_whose_the_file_is(directory):
    tables = read(directory({}))
    assert tables.vintage is None
    assert tables.source_id == "us.fsis.mpi_directory"
    assert tables.publisher == "USDA FSIS"
    assert tables.obtained_from == ""


def test_a_manifest_above_lists_files_by_their_path_below_it_and_the_nearest_wins(tmp_path):
    below = tmp_path / "us" / "fsis"
    below.mkdir(parents=True)
    manifest(tmp_path, {"path": "us/fsis/a.csv", "vintage": "far"}, {"path": "us/fsis/b.csv", "vintage": "far"})
    manifest(below, {"path": "a.csv", "vintage": "near"})
    assert find_entry(below / "a.csv").vintage == "near"
    assert find_entry(below / "b.csv").vintage == "far"
    assert find_entry(below / "c.csv").manifest is None


@pytest.mark.parametrize("written", ["us\\a.csv", "./us/a.csv", " us/a.csv "])
def test_paths_are_found_however_they_are_written(tmp_path, written):
    manifest(tmp_path, {"path": written, "vintage": "2024 "})
    assert find_entry(tmp_path / "us" / "a.csv").vintage == "2024"
    assert find_entry(tmp_path / "x" / ".." / "us" / "a.csv").vintage == "2024"


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_is_looked_up_where_it_stands_and_where_it_leads(tmp_path):
    store, desk = tmp_path / "store", tmp_path / "desk"
    store.mkdir()
    desk.mkdir()
    (store / "x1").write_text("content", encoding="utf-8")
    (desk / "a.csv").symlink_to(store / "x1")
    manifest(store, {"path": "x1", "vintage": "stored"})
    assert find_entry(desk / "a.csv").vintage == "stored"
    manifest(desk, {"path": "a.csv", "vintage": "named"})
    assert find_entry(desk / "a.csv").vintage == "named"


@pytest.mark.parametrize(
    ("said", "difference"),
    [
        ({"sha256": "0" * 64}, "its SHA-256 is"),
        ({"bytes": "12"}, "the manifest says 12"),
    ],
)
def test_a_file_that_differs_from_its_manifest_is_refused(directory, tmp_path, said, difference):
    path = directory({})
    beside = manifest(tmp_path, {"path": "file.csv", "vintage": "2024", **said})
    with pytest.raises(FileAltered) as caught:
        read(path)
    assert difference in caught.value.what
    assert caught.value.where == str(path)
    assert "traced" in caught.value.spoiled
    assert str(beside) in caught.value.todo


def test_a_hash_in_capitals_is_the_same_hash(directory, tmp_path):
    path = directory({})
    manifest(
        tmp_path,
        {"path": "file.csv", "vintage": "1", "sha256": sha256(path).upper(), "bytes": str(path.stat().st_size)},
    )
    assert read(path).vintage == "1"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "cannot be read"),
        ("path,vintage\na.csv,2024\n", "no column period, publisher, obtained_from, licence, bytes, sha256, note"),
        (",".join(COLUMNS) + "\na.csv,1,,,,,,,\na.csv,2,,,,,,,\n", "lists a file twice: a.csv"),
        (",".join(COLUMNS) + '\na.csv,1,,,,,"1,200",,\n', "no whole number: a.csv"),
        (",".join(COLUMNS) + '\na.csv,"1\n', "cannot be read"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path, content, what):
    (tmp_path / "MANIFEST.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ContractBroken) as caught:
        find_entry(tmp_path / "a.csv")
    assert what in caught.value.what
    assert str(tmp_path / "MANIFEST.csv") in caught.value.where
    assert caught.value.spoiled
    assert caught.value.todo


def test_a_manifest_saved_in_a_wrong_encoding_is_refused_and_one_with_a_mark_is_read(tmp_path):
    path = manifest(tmp_path, {"path": "a.csv", "vintage": "2024", "note": "Ca\u00f1on"})
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ContractBroken, match="cannot be read"):
        find_entry(tmp_path / "a.csv")
    path.write_bytes(text.encode("utf-8-sig"))
    assert find_entry(tmp_path / "a.csv").note == "Ca\u00f1on"


def test_a_manifest_that_changes_is_read_again(tmp_path):
    path = manifest(tmp_path, {"path": "a.csv", "vintage": "2023"})
    assert find_entry(tmp_path / "a.csv").vintage == "2023"
    manifest(tmp_path, {"path": "a.csv", "vintage": "2024"})
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000))
    assert find_entry(tmp_path / "a.csv").vintage == "2024"


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("2025-06-05", "2025-06-05", "2025-06-05"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2017", "2017-01-01", "2017-12-31"),
        ("FY2024", "2023-10-01", "2024-09-30"),
        ("FY2023..FY2024", "2022-10-01", "2024-09-30"),
        ("2023-10-01..2024-09-30", "2023-10-01", "2024-09-30"),
        ("2015-04..2017-09", "2015-04-01", "2017-09-30"),
        (" 2015 .. 2016-02 ", "2015-01-01", "2016-02-29"),
    ],
)
def test_a_period_is_its_first_and_last_day(words, first, last):
    assert parse_period(words) == (pd.Timestamp(first), pd.Timestamp(last))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "..",
        "2015..",
        "..2016",
        "granted 2023-03-31",
        "2024-13",
        "2023-02-29",
        "0000",
        "24",
        "2024/25",
        "FY24",
        "now",
    ],
)
def test_words_that_name_no_days_are_no_period(words):
    assert parse_period(words) is None


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(BadParameter, match="ends before it begins"):
        parse_period("2024..2023")


def test_a_period_in_a_manifest_that_names_no_days_is_said(directory, tmp_path):
    path = directory({})
    manifest(tmp_path, {"path": "file.csv", "vintage": "2024", "period": "granted 2023-03-31"})
    tables = read(path)
    assert tables.period is None
    assert any("'granted 2023-03-31' names no days" in note for note in tables.notes)


@pytest.mark.parametrize("words", ["sometime", "2015..", ""])
def test_a_period_given_that_names_no_days_is_refused(directory, words):
    with pytest.raises(BadParameter, match="period"):
        read(directory({}), period=words)


@pytest.mark.parametrize("vintage", ["June 2025", "2025#06", "a@b", 2025])
def test_a_vintage_that_cannot_stand_in_a_source_id_is_refused(directory, vintage):
    with pytest.raises(BadParameter, match="cannot stand in a source_id"):
        read(directory({}), vintage=vintage)


def test_vintages_stand_in_the_order_of_the_last_day_they_name_and_by_their_words_on_one_day():
    in_order = [None, "draft", "2017-06", "2017", "2023-10", "2024-02", "2024-02-29", "FY2024", "FY2024b", "2025-06"]
    assert sorted(in_order[::-1], key=vintage_order) == in_order
    assert sorted(["2024-10", "FY2024"], key=vintage_order) == ["FY2024", "2024-10"]  # as text it is the other way
    assert vintage_order("FY2024")[0] == pd.Timestamp(2024, 9, 30)
    assert vintage_order("2024-13") == (pd.Timestamp.min, "2024-13")  # no such month
