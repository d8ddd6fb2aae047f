"""`sources` lists what can be read; `read` says what a file holds and shows none of its rows."""

from __future__ import annotations

import csv
import hashlib

import pytest

from welfare.sources.registry import layouts, registry


def _records(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def test_every_source_is_listed_by_its_whole_name(type_in):
    said = type_in("sources")
    assert said.code == 0
    known = list(registry()["source"])
    assert [word for word in said.out.split() if word in known] == known


def test_as_json_the_registry_is_whole(type_in):
    assert type_in("sources", "--json").json == registry().to_dict("records")


def test_a_made_up_file_is_recognised_counted_and_called_simulated(type_in, industry):
    path = industry / "us" / "fsis" / "humane_handling_fy2024.csv"
    said = type_in("read", path)
    records = _records(path)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("SIMULATED")
    assert lines[1] == f"us.fsis.humane_handling@FY2024: {path}"
    assert "as of: FY2024; time covered: 2023-10-01 to 2024-09-30" in lines
    assert f"records: {len(records):,}" in lines
    assert f"  inspections: {len(records):,} rows" in lines


def test_as_json_a_file_is_described_in_plain_values(type_in, industry):
    path = industry / "us" / "fsis" / "humane_handling_fy2024.csv"
    held = type_in("read", path, "--json").json
    assert held["source_id"] == "us.fsis.humane_handling@FY2024"
    assert held["covers"] == ["2023-10-01", "2024-09-30"]
    assert held["simulated"] is True
    assert held["tables"]["inspections"] == held["records"] == len(_records(path))
    assert held["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert held["rejects"] == {}
    assert held["conversions"] == []


def test_nothing_that_tells_of_a_person_or_a_plant_is_shown(type_in, industry):
    path = industry / "us" / "osha" / "severe_injury_reports_2024.csv"
    records = _records(path, encoding="latin-1")
    shown = type_in("read", path).out + type_in("read", path, "--json").out
    assert "withheld, since it tells of a person: Final Narrative" in shown
    for header in ("Employer", "Address1", "Final Narrative"):
        cells = {record[header] for record in records} - {""}
        assert cells
        assert not [cell for cell in cells if cell in shown], header


def test_records_left_out_are_counted_with_their_reason(type_in, tmp_path):
    layout = next(known for known in layouts() if known.source == "us.fsis.line_speed_waivers")
    rows = [
        {"establishment_number": f"P{i}", "date_granted": "2023-03-31", "modified_line_speed_flag": "NYY"[min(i, 2)]}
        for i in range(40)
    ]
    path = tmp_path / "waivers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, layout.headers)
        writer.writeheader()
        writer.writerows(rows)
    said = type_in("read", path, "--vintage", "2023-03", "--period", "2023-01-01..2023-12-31")
    reason = "'N' in 'modified_line_speed_flag' is not 'Y'"
    assert f"left out: 1 records: {reason}" in said.out.splitlines()
    assert "SIMULATED" not in said.out
    held = type_in("read", path, "--vintage", "2023-03", "--json").json
    assert held["rejects"] == {reason: 1}
    assert held["tables"]["line_speeds"] == 39
    assert held["vintage"] == "2023-03"


def test_a_file_is_not_taken_for_another_source(type_in, industry):
    path = industry / "us" / "fsis" / "humane_handling_fy2024.csv"
    said = type_in("read", path, "--source", "us.osha.severe_injury")
    assert said.code == 2
    assert said.out == ""
    assert str(path) in said.err


@pytest.fixture
def later_file(industry, tmp_path):
    """A made-up file with one column more than its source has had so far."""
    rows = _records(industry / "us" / "fsis" / "humane_handling_fy2024.csv")
    path = tmp_path / "later.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "observer_shift"])
        writer.writeheader()
        writer.writerows(row | {"observer_shift": "night"} for row in rows)
    return path


@pytest.mark.parametrize("words", [(), ("--on-new", "raise")])
def test_a_column_that_no_layout_knows_is_bad_input(type_in, later_file, words):
    said = type_in("read", later_file, *words)
    assert said.code == 2
    assert said.out == ""
    assert "has 'observer_shift'" in said.err


def test_a_column_that_no_layout_knows_can_be_kept_and_is_named(type_in, later_file):
    note = "columns no layout knows were kept in .raw, unread: observer_shift"
    said = type_in("read", later_file, "--on-new", "keep")
    assert said.code == 0
    assert f"note: {note}" in said.out.splitlines()
    held = type_in("read", later_file, "--on-new", "keep", "--json").json
    assert note in held["notes"]
    assert held["tables"]["inspections"] == len(_records(later_file))


def test_what_to_do_with_new_columns_is_one_of_two_words(type_in, later_file):
    said = type_in("read", later_file, "--on-new", "drop")
    assert said.code == 2
    assert said.out == ""
    assert "drop" in said.err


def test_a_page_saved_as_a_table_is_bad_input(type_in, tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("<!DOCTYPE html><html><body>Service unavailable</body></html>", encoding="utf-8")
    said = type_in("read", path)
    assert said.code == 2
    assert said.err.startswith(f"welfare: {path}")
    assert "the file is a web page" in said.err


def test_what_an_unknown_vintage_and_time_are_called(type_in, industry, tmp_path):
    path = tmp_path / "alone.csv"
    path.write_bytes((industry / "us" / "fsis" / "humane_handling_fy2024.csv").read_bytes())
    assert "as of: unknown; time covered: unknown" in type_in("read", path).out
    held = type_in("read", path, "--json").json
    assert held["vintage"] is None
    assert held["covers"] is None
