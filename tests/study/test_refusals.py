"""A study that cannot be made says why, and leaves nothing behind."""

from __future__ import annotations

import shutil

import pytest

from welfare.errors import BadParameter, FileMissing, HeaderDrift, NotData, SourceMissing, Truncated
from welfare.examples import write_example
from welfare.study import run_study


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write_example(folder, plants=200)
    return folder


@pytest.fixture
def copy(small, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    (folder / "MANIFEST.csv").rename(tmp_path / "MANIFEST.away")
    return folder


def test_neither_or_both_kinds_of_data_are_refused(tmp_path):
    for both in ({}, {"data": tmp_path, "simulated": True}):
        with pytest.raises(BadParameter, match="--data DIR, or --simulated"):
            run_study("us-slaughter", out=tmp_path / "out", **both)
    with pytest.raises(BadParameter, match="us-slaughter"):
        run_study("us-laughter", simulated=True, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileMissing, match="no such folder"):
        run_study("us-slaughter", data=tmp_path / "nowhere", out=tmp_path / "out")


def test_a_missing_source_is_named_and_nothing_is_written(small, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    (folder / "us/fsis/poultry_line_speed_waivers.csv").unlink()
    with pytest.raises(SourceMissing, match=r"us\.fsis\.line_speed_waivers"):
        run_study("us-slaughter", data=folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>", NotData, "web page"),
        (b"", NotData, "empty"),
        (b'establishment_number,company\n"M1,Half a rec', Truncated, "line"),
    ],
)
def test_a_file_that_is_no_table_stops_the_study(copy, tmp_path, content, error, said):
    (copy / "us/fsis/poultry_line_speed_waivers.csv").write_bytes(content)
    with pytest.raises(error, match=said) as caught:
        run_study("us-slaughter", data=copy, out=tmp_path / "out")
    assert "poultry_line_speed_waivers.csv" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_changed_header_stops_the_study(copy, tmp_path):
    path = copy / "us/fsis/poultry_line_speed_waivers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("date_granted,", "granted_on,", 1), encoding="utf-8")
    with pytest.raises(HeaderDrift, match="'date_granted' is now 'granted_on'"):
        run_study("us-slaughter", data=copy, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
