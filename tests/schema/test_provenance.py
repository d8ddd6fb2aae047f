"""Files are written whole or not at all, and carry where they came from."""

from __future__ import annotations

import json
import os
import stat

import pandas as pd
import pytest

from welfare.schema.provenance import read_provenance, sha256, write_json, write_parquet, write_text, write_whole


def test_sha256_is_that_of_the_standard(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"a" * 1_000_000)  # appendix B.3
    assert sha256(path) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"


def broken(part):
    part.write_text("half of it", encoding="utf-8")
    raise RuntimeError("the disk is full")


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="disk is full"):
        write_whole(tmp_path / "out" / "report.html", broken)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_writer_that_fails_leaves_the_older_file_as_it_was(tmp_path):
    path = write_text(tmp_path / "report.html", "older")
    with pytest.raises(RuntimeError, match="disk is full"):
        write_whole(path, broken)
    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_not_there_until_it_is_whole(tmp_path):
    path = tmp_path / "report.html"

    def write(part):
        part.write_text("some", encoding="utf-8")
        assert not path.exists()
        assert part.parent == path.parent  # a rename across disks would not be one step

    assert write_whole(path, write) == path
    assert path.read_text(encoding="utf-8") == "some"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_others_may_read_a_report(tmp_path):
    path = write_text(tmp_path / "report.html", "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_text_is_utf_8_with_plain_line_breaks(tmp_path):
    path = write_text(tmp_path / "a" / "b" / "t.txt", "Ca\u00f1on\nx\n")
    assert path.read_bytes() == b"Ca\xc3\xb1on\nx\n"


def test_json_is_sorted_and_the_same_each_time(tmp_path):
    one = write_json(tmp_path / "1.json", {"b": 1, "a": [1.5, None, "\u00f1"]}).read_bytes()
    other = write_json(tmp_path / "2.json", {"a": [1.5, None, "\u00f1"], "b": 1}).read_bytes()
    assert one == other
    assert json.loads(one) == {"a": [1.5, None, "\u00f1"], "b": 1}
    assert one.endswith(b"\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), pd.NA])
def test_json_refuses_what_it_cannot_say_and_writes_nothing(tmp_path, value):
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "x.json", {"estimate": value})
    assert list(tmp_path.iterdir()) == []


def test_a_parquet_file_carries_its_provenance_and_its_rows(tmp_path):
    frame = pd.DataFrame(
        {
            "facility_id": pd.Series(["us.fsis:0042", None], dtype="str"),
            "tasks_count": pd.Series([3, None], dtype="Int64"),
            "date": pd.Series(["2024-02-19", None], dtype="datetime64[s]"),
            "flag": pd.Series([True, None], dtype="boolean"),
        }
    )
    said = {"command": "welfare study", "seed": 0, "files": [{"path": "a.csv", "sha256": "00"}], "name": "Ca\u00f1on"}
    path = write_parquet(frame, tmp_path / "panel.parquet", said)
    assert read_provenance(path) == said
    back = pd.read_parquet(path)
    assert back["facility_id"].tolist()[0] == "us.fsis:0042"
    assert back["tasks_count"].dtype == "Int64"
    pd.testing.assert_frame_equal(back.astype(frame.dtypes), frame)  # Parquet counts milliseconds, not seconds


def test_a_parquet_file_of_somebody_else_has_no_provenance(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    assert read_provenance(tmp_path / "x.parquet") == {}
