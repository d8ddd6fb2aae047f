"""`changes` says what differs between two files of one source: a page for people, every change as JSON."""

from __future__ import annotations

import re

import pytest

from tests.sources.conftest import DIRECTORY, PLANT, as_csv, headers
from welfare.sources.compare.changes import changes
from welfare.sources.read import read


def _plants(numbers, **cells):
    ids = [{"establishment_id": f"{n:04}", "establishment_number": f"M{n}", "street": f"{n} Main St"} for n in numbers]
    return [PLANT | own | {"establishment_name": f"Packing {own['establishment_id']}"} | cells for own in ids]


@pytest.fixture
def vintages(tmp_path):
    """Two vintages of a directory: plant 1 is gone, plant 2 has moved, plants 4 to 11 are new."""
    rows = {"2024-09": _plants([1, 2, 3]), "2025-06": [*_plants([2], city="Otherton"), *_plants(range(3, 12))]}
    for vintage, plants in rows.items():
        (tmp_path / f"{vintage}.csv").write_text(as_csv(headers(DIRECTORY, "2024"), plants), encoding="utf-8")
    return [tmp_path / f"{vintage}.csv" for vintage in rows]


def test_what_changed_is_told_and_shown_with_both_values(type_in, vintages):
    said = type_in("changes", *vintages)
    assert said.code == 0
    shown = " ".join(said.out.split())
    text = changes(*map(read, vintages)).text
    assert "1 vanished, 8 appeared, 1 with a value rewritten" in text
    assert shown.startswith(text)
    assert "us.fsis:0002 city Sampletown Otherton" in shown.split("facilities, rewritten")[1]
    assert "us.fsis:0001 name Packing 0001" in shown.split("facilities, vanished")[1]
    by_column = shown.split("Values that differ, by column")[1]
    assert "facilities city 2 2 1 0 0 0" in by_column  # matched, stated in both, differ; spelling, lost, filled


def test_of_each_kind_of_change_a_page_shows_five_and_says_that_there_are_more(type_in, vintages):
    said = type_in("changes", *vintages)
    (page,) = re.findall(r"facilities, appeared, 5 of 8; --json gives all\n(.*?)\n\n", said.out + "\n\n", flags=re.S)
    new = re.findall(r"us\.fsis:\d+", page)
    assert new == [f"us.fsis:{n:04}" for n in range(4, 9)]


def test_long_cells_are_cut_to_where_they_differ(type_in, vintages):
    brands = [f"Brand {n}" for n in range(40)]
    for path, more in zip(vintages, (["Lake"], ["Dale"]), strict=True):
        plants = _plants([2], dbas=", ".join([*brands, *more, *brands]))
        path.write_text(as_csv(headers(DIRECTORY, "2024"), plants), encoding="utf-8")
    shown = type_in("changes", *vintages).out.split("facilities, rewritten")[1]
    assert "... Lake" in shown
    assert "... Dale" in shown
    assert "Brand 39" not in shown


def test_as_json_every_change_is_there_and_what_is_missing_is_null(type_in, vintages):
    content = type_in("changes", *vintages, "--json").json
    found = changes(*map(read, vintages))
    assert content["text"] == found.text
    assert content["notes"] == list(found.notes)
    assert [list(row) for row in content["changes"]] == [list(found.table)] * len(found.table)
    moved = [row for row in content["changes"] if row["change"] == "rewritten"]
    assert moved == [
        {
            "table": "facilities",
            "change": "rewritten",
            "key": "us.fsis:0002",
            "column": "city",
            "old": "Sampletown",
            "new": "Otherton",
            "old_row": 2,
            "new_row": 1,
        }
    ]
    gone = next(row for row in content["changes"] if row["change"] == "vanished")
    assert (gone["old"], gone["new"], gone["old_row"], gone["new_row"]) == ("Packing 0001", None, 1, None)


def test_a_file_does_not_differ_from_itself(type_in, vintages):
    said = type_in("changes", vintages[0], vintages[0])
    assert said.code == 0
    assert said.out.startswith("No change: ")
    assert "facilities," not in said.out
    content = type_in("changes", vintages[0], vintages[0], "--json").json
    assert content["changes"] == content["headers"] == []


def test_made_up_plants_are_called_simulated(type_in, industry):
    path = industry / "us" / "fsis" / "humane_handling_fy2024.csv"
    assert type_in("changes", path, path).out.startswith("SIMULATED. ")


def test_files_of_different_sources_are_bad_input(type_in, vintages, industry):
    said = type_in("changes", vintages[0], industry / "us" / "fsis" / "humane_handling_fy2024.csv")
    assert said.code == 2
    assert said.out == ""
    assert "files of different sources" in said.err


def test_a_column_that_no_layout_knows_is_refused_unless_it_is_to_be_kept(type_in, vintages):
    names = [*headers(DIRECTORY, "2024"), "night_shift"]
    vintages[1].write_text(as_csv(names, _plants([2])), encoding="utf-8")
    said = type_in("changes", *vintages)
    assert said.code == 2
    assert "has 'night_shift'" in said.err
    kept = type_in("changes", *vintages, "--on-new", "keep")
    assert kept.code == 0
    assert "1 appeared" in kept.out
    assert "night_shift" in kept.out
