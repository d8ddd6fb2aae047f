"""Two vintages compared: every planted change is found and nothing else, and some things are not compared."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.conftest import DIRECTORY, HUMANE
from tests.sources.two_vintages import EMPTY, MILL, PLANT, bundle, counts, found
from welfare.errors import BadParameter
from welfare.sources.compare.changes import changes
from welfare.sources.read import read


def test_what_appeared_vanished_was_renamed_or_rewritten_is_found_and_nothing_else(directory):
    old = read(directory(PLANT, {**MILL, "size": "Small"}, name="old.csv"), vintage="2024-09")
    new_plant = {"establishment_id": "3", "establishment_number": "M3", "street": "9 Far Road"}
    new = read(directory({**MILL, "establishment_name": "Lake Foods", "size": "Large"}, new_plant), vintage="2025-06")
    result = changes(old, new)
    assert found(result, "facilities") == [
        ("appeared", "us.fsis:3", "name", EMPTY, "Example Packing"),
        ("renamed", "us.fsis:2", "name", "Mill Lane Meats", "Lake Foods"),
        ("rewritten", "us.fsis:2", "size_class", "Small", "Large"),
        ("vanished", "us.fsis:1", "name", "North Packing", EMPTY),
    ]
    assert found(result, "identifiers") == [
        ("appeared", "us.fsis:3 | us.fsis | 3", EMPTY, EMPTY, EMPTY),
        ("appeared", "us.fsis:3 | us.fsis.grant | M3", EMPTY, EMPTY, EMPTY),
        ("vanished", "us.fsis:1 | us.fsis | 1", EMPTY, EMPTY, EMPTY),
        ("vanished", "us.fsis:1 | us.fsis.grant | M1", EMPTY, EMPTY, EMPTY),
    ]
    renamed = result.table[result.table["change"] == "renamed"].iloc[0]
    assert (renamed["old_row"], renamed["new_row"]) == (2, 1)
    vanished = result.table[result.table["change"] == "vanished"].iloc[0]
    assert vanished["old_row"] == 1
    assert pd.isna(vanished["new_row"])
    assert counts(result, "facilities") == {"vanished": 1, "appeared": 1, "renamed": 1, "rewritten": 1}
    assert "facilities: 1 vanished, 1 appeared, 1 renamed, 1 with a value rewritten" in result.text
    assert "do not say why" in result.text
    assert (result.old_source_id, result.new_source_id) == (f"{DIRECTORY}@2024-09", f"{DIRECTORY}@2025-06")


@pytest.mark.parametrize("spelled", ["NORTH PACKING", "North  Packing", "North-Packing."])
def test_a_name_that_differs_in_case_space_or_punctuation_is_rewritten_not_renamed(directory, spelled):
    old = read(directory(PLANT, name="old.csv"))
    new = read(directory({**PLANT, "establishment_name": spelled}))
    assert found(changes(old, new)) == [("rewritten", "us.fsis:1", "name", "North Packing", spelled)]


def test_a_value_that_was_lost_is_a_change_and_so_is_one_that_was_filled_in(directory):
    old = read(directory({**PLANT, "size": "Small"}, MILL, name="old.csv"))
    new = read(directory({**PLANT, "latitude": ""}, {**MILL, "size": "Large"}))
    assert found(changes(old, new)) == [
        ("rewritten", "us.fsis:1", "latitude_deg", "42.5", EMPTY),
        ("rewritten", "us.fsis:1", "size_class", "Small", EMPTY),
        ("rewritten", "us.fsis:2", "size_class", EMPTY, "Large"),
    ]


def test_a_column_emptied_under_the_same_headers_is_lost_row_by_row(directory):
    old = read(directory(PLANT, MILL, name="old.csv"))
    new = read(directory({**PLANT, "latitude": ""}, {**MILL, "latitude": ""}))
    assert [row[1:4] for row in found(changes(old, new))] == [
        ("us.fsis:1", "latitude_deg", "42.5"),
        ("us.fsis:2", "latitude_deg", "42.5"),
    ]


def test_an_id_gone_and_a_new_one_with_its_name_and_address_is_renumbered_and_compared(directory):
    old = read(directory(PLANT, MILL, name="old.csv"))
    again = {"establishment_id": "7", "establishment_name": "NORTH PACKING", "circuit": "12"}
    result = changes(old, read(directory(MILL, {**PLANT, **again})))
    assert found(result, "facilities") == [
        ("renumbered", "us.fsis:7", "facility_id", "us.fsis:1", "us.fsis:7"),
        ("rewritten", "us.fsis:7", "circuit", EMPTY, "12"),
        ("rewritten", "us.fsis:7", "name", "North Packing", "NORTH PACKING"),
    ]
    # The grant stayed with the place; only the agency's own number changed.
    assert [row[:2] for row in found(result, "identifiers")] == [
        ("appeared", "us.fsis:7 | us.fsis | 7"),
        ("vanished", "us.fsis:1 | us.fsis | 1"),
    ]


def test_two_new_ids_at_one_name_and_address_are_ambiguous_and_none_is_picked(directory):
    old = read(directory(PLANT, name="old.csv"))
    new = read(directory(*({**PLANT, "establishment_id": i, "establishment_number": f"M{i}"} for i in "78")))
    result = changes(old, new)
    assert [row[:2] for row in found(result, "facilities")] == [
        ("ambiguous", "us.fsis:1"),
        ("ambiguous", "us.fsis:7"),
        ("ambiguous", "us.fsis:8"),
    ]
    assert any("ambiguous rows of facilities: 3;" in note for note in result.notes)


def test_a_number_that_another_facility_holds_now_was_handed_on_under_one_layout_too(directory):
    held = {**PLANT, "establishment_number": "M1+P9"}
    old = read(directory(held, MILL, name="old.csv"))
    new = read(directory(PLANT, {**MILL, "establishment_number": "M2+P9"}))
    result = changes(old, new)
    assert found(result) == [
        ("handed_on", "us.fsis.grant | P9", "facility_id", "us.fsis:1", "us.fsis:2"),
        ("handed_on", "us.fsis.grant | P9", "name", "North Packing", "Mill Lane Meats"),
    ]
    assert counts(result, "identifiers") == {"handed_on": 1}


def test_files_of_different_sources_are_refused(directory, agency):
    visits = read(agency(HUMANE, "per_establishment", {"EstablishmentNumber": "M1", "inspection_tasks": "1"}))
    with pytest.raises(BadParameter, match="different sources"):
        changes(read(directory(PLANT)), visits)


def test_paths_are_refused_since_only_files_that_were_read_can_be_compared(directory):
    with pytest.raises(BadParameter, match="compares files that were read"):
        changes(directory(PLANT), read(directory(PLANT)))


def test_made_up_plants_are_compared_with_their_like_only_and_marked(directory):
    made_up = {**PLANT, "establishment_number": "MSIM0001"}
    old = read(directory(made_up, name="old.csv"))
    new = read(directory({**made_up, "size": "Small"}))
    result = changes(old, new)
    assert result.text.startswith("SIMULATED. ")
    assert result.table["SIMULATED"].tolist() == ["SIMULATED"]
    same = changes(old, old)
    assert same.text.startswith("SIMULATED. No change")
    assert "SIMULATED" in same.table
    with pytest.raises(BadParameter, match="are made up"):
        changes(old, read(directory(PLANT)))


def test_the_same_file_twice_has_no_change_and_says_so(directory):
    tables = read(directory(PLANT, MILL), vintage="2024-09")
    result = changes(tables, tables)
    assert result.table.empty
    assert result.summary.empty
    assert result.headers.empty
    assert "are the same file, byte for byte" in result.text
    assert list(result.table) == ["table", "change", "key", "column", "old", "new", "old_row", "new_row"]
    turned = changes(tables, read(directory(MILL, PLANT, name="turned.csv"), vintage="2025-06"))
    assert turned.table.empty
    assert "hold the same in every table compared" in turned.text


def test_the_paragraph_counts_an_address_once_and_tells_spelling_and_legal_forms_from_news(directory):
    plants = [{"establishment_id": str(n), "establishment_number": f"M{n}"} for n in range(1, 5)]
    before = [
        {"establishment_name": "North Packing", "street": "1 Elm St."},
        {"establishment_name": "Lake Foods", "street": "2 Oak Rd", "city": "Upton", "zip": "01111"},
        {"establishment_name": "Hill Meats Company, Inc."},
        {"establishment_name": "QUAY DUCKS", "latitude": "42.5"},
    ]
    after = [
        {"establishment_name": "North Packing, LLC", "street": "1 Elm St"},
        {"establishment_name": "Dale Foods", "street": "9 Ash Rd", "city": "Downton", "zip": "02222"},
        {"establishment_name": "Hill Meats Co."},
        {"establishment_name": "Quay Ducks", "latitude": "4.25"},
    ]
    old, new = (
        read(directory(*(a | b for a, b in zip(plants, rows, strict=True)), name=f"{vintage}.csv"), vintage=vintage)
        for vintage, rows in (("2024-09", before), ("2025-06", after))
    )
    result = changes(old, new)
    assert "3 renamed (of which by a legal or short form alone, such as Inc. or Meats for Meat: 2)" in result.text
    assert "addresses (street, city, region or postcode) that differ: 2, of which in more than case" in result.text
    assert "white space and punctuation: 1." in result.text
    counted = result.rewrites.set_index("column")
    assert counted.loc["name", ["rows_count", "differ_count", "spelling_count"]].tolist() == [4, 4, 1]
    assert counted.loc["street", ["stated_count", "differ_count", "spelling_count"]].tolist() == [4, 2, 1]
    assert counted.loc["latitude_deg", "spelling_count"] == 0  # 42.5 and 4.25 have the same figures
    assert counted["differ_count"].sum() == len(result.table)
    # 38.25 degrees of latitude are 38.25 / 360 of the circumference of a sphere of radius 6,371 km: 4,253.2 km.
    assert any(
        "coordinates differ: 1; by less than 10 m: 0, by more than 10 km: 1, in the median by 4,253.2 km" in note
        for note in result.notes
    )


def test_a_number_that_another_id_of_the_same_name_holds_now_is_said_not_to_be_another_facility(directory):
    held = {**MILL, "establishment_name": PLANT["establishment_name"]}
    result = changes(
        read(directory(PLANT, held, name="old.csv")),
        read(directory({**held, "establishment_number": "M2+M1"})),
    )
    assert found(result, "facilities") == [("vanished", "us.fsis:1", "name", "North Packing", EMPTY)]
    assert "1 now held by another id." in result.text
    assert any("another id of the same name holds now: 1 of 1;" in note for note in result.notes)


def test_files_are_in_order_by_their_days_not_by_how_these_are_spelled(directory):
    fiscal, month = (read(directory(PLANT, name=f"{v}.csv"), vintage=v) for v in ("FY2024", "2024-10"))
    assert not any("given as old" in note for note in changes(fiscal, month).notes)  # it ends on 2024-09-30
    assert any("given as old is the later one" in note for note in changes(month, fiscal).notes)


def test_free_text_about_people_shows_that_it_changed_and_not_what_it_says():
    rows = pd.DataFrame({"finding_id": ["1", "2", "3"], "narrative": ["Ann fell", "Bob slept", None]})
    new = rows.assign(narrative=["Ann was pushed", None, "Cy came"])
    result = changes(bundle(findings=rows), bundle(vintage="2025", findings=new))
    assert found(result) == [
        ("rewritten", "1", "narrative", "withheld", "withheld"),
        ("rewritten", "2", "narrative", "withheld", EMPTY),
        ("rewritten", "3", "narrative", EMPTY, "withheld"),
    ]
    shown = repr(result) + result._repr_html_() + " ".join(result.notes)
    assert not any(word in shown for word in ("Ann", "Bob", "Cy"))
