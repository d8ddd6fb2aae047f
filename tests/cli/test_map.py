"""`map` drafts a mapping for a file of one's own: printed, or written where nothing stands yet."""

from __future__ import annotations

import shlex

import pytest

from welfare.sources.draft_map import draft_map


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "line speeds.csv"
    path.write_text("Plant,Date,Birds per minute\nP1,2024-03-04,140\nP2,2024-03-05,175\n", encoding="utf-8")
    return path


def test_the_draft_is_printed(type_in, measured):
    said = type_in("map", measured)
    assert said.code == 0
    assert said.out == draft_map(measured)
    assert "TODO" in said.out


def test_the_draft_bears_the_name_that_is_given(type_in, measured):
    said = type_in("map", measured, "--source", "my.line_speeds")
    assert said.out == draft_map(measured, source="my.line_speeds")
    assert "source: my.line_speeds" in said.out


def test_the_draft_is_written_and_the_next_command_can_be_typed(type_in, measured, tmp_path):
    out = tmp_path / "maps" / "my map.yaml"
    said = type_in("map", measured, "--out", out)
    assert said.code == 0
    assert out.read_text(encoding="utf-8") == draft_map(measured)
    assert said.out.splitlines()[0] == f"draft: {out}"
    words = shlex.split(said.out.partition("with it: ")[2])
    assert words == ["welfare", "read", str(measured), "--mapping", str(out)]


def test_what_somebody_wrote_is_not_written_over_unless_they_say_so(type_in, measured, tmp_path):
    out = tmp_path / "my_map.yaml"
    out.write_text("decided: yes\n", encoding="utf-8")
    said = type_in("map", measured, "--out", out)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith(f"welfare: {out}: the file is there already.")
    assert out.read_text(encoding="utf-8") == "decided: yes\n"
    assert type_in("map", measured, "--out", out, "--force").code == 0
    assert out.read_text(encoding="utf-8") == draft_map(measured)


def test_a_file_that_is_no_table_is_bad_input_and_writes_nothing(type_in, tmp_path):
    path, out = tmp_path / "page.csv", tmp_path / "my_map.yaml"
    path.write_text("<!DOCTYPE html><html><body>Service unavailable</body></html>", encoding="utf-8")
    said = type_in("map", path, "--out", out)
    assert said.code == 2
    assert "the file is a web page" in said.err
    assert not out.exists()
