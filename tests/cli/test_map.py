"""A file of one's own: `map` drafts its mapping, `read --mapping` reads it by what a person made of the draft."""

from __future__ import annotations

import shlex

import pytest

from welfare.sources.own.draft_map import draft_map
from welfare.sources.read import read

FINISHED = """
source: my.line_speeds
vintage: 2024-03
period: 2024
columns:
  Plant: {table: every, column: facility_id, scheme: us.fsis.grant}
  Date:
    - {table: line_speeds, column: valid_from, date: YYYY-MM-DD}
    - {table: line_speeds, column: valid_to, date: YYYY-MM-DD}
  Birds per hour: {table: line_speeds, column: speed_animals_per_min, unit: birds per hour}
constants:
  line_speeds: {basis: measured, species: young_chicken}
"""


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "line speeds.csv"
    path.write_text("Plant,Date,Birds per hour\nP1,2024-03-04,8400\nP2,2024-03-05,10500\n", encoding="utf-8")
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


@pytest.fixture
def finished(tmp_path):
    path = tmp_path / "my_map.yaml"
    path.write_text(FINISHED, encoding="utf-8")
    return path


def test_a_file_is_read_by_its_mapping_and_what_was_converted_is_said(type_in, measured, finished):
    said = type_in("read", measured, "--mapping", finished)
    assert said.code == 0
    lines = said.out.splitlines()
    assert f"my.line_speeds@2024-03: {measured}" in lines
    assert "  line_speeds: 2 rows" in lines
    (converted,) = [line for line in lines if line.startswith("converted")]
    assert converted.startswith("converted, line_speeds.speed_animals_per_min from Birds per hour: animals/hour x ")
    assert converted.endswith(" = animals/min")


def test_as_json_each_conversion_names_column_header_and_both_units(type_in, measured, finished):
    held = type_in("read", measured, "--mapping", finished, "--json").json
    made = read(measured, mapping=finished).conversions.to_dict("records")
    assert held["conversions"] == made
    assert [(of["column"], of["header"], of["unit"], of["into"]) for of in made] == [
        ("speed_animals_per_min", "Birds per hour", "birds per hour", "animals/min")
    ]


def test_the_records_can_be_given_another_name(type_in, measured, finished):
    held = type_in("read", measured, "--mapping", finished, "--source", "my.other", "--json").json
    assert held["source_id"] == "my.other@2024-03"


def test_a_draft_that_nobody_has_decided_is_bad_input(type_in, measured, tmp_path):
    out = tmp_path / "draft.yaml"
    type_in("map", measured, "--out", out)
    said = type_in("read", measured, "--mapping", out)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith(f"welfare: {out}, line ")
    assert "TODO" in said.err


def test_a_mapping_that_is_not_there_is_bad_input(type_in, measured, tmp_path):
    said = type_in("read", measured, "--mapping", tmp_path / "no_such_map.yaml")
    assert said.code == 2
    assert "no_such_map.yaml: there is no such mapping" in said.err
