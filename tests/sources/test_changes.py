"""Two vintages compared: every planted change is found, nothing else is, and what cannot be told is not guessed."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from tests.sources.conftest import DEMOGRAPHICS, DIRECTORY, HUMANE, OSHA
from welfare.errors import BadParameter
from welfare.schema.columns import conform
from welfare.schema.tables import Tables
from welfare.sources.changes import Changes, changes
from welfare.sources.read import read

EMPTY = "empty"  # how the tests write a null


def bundle(
    source: str = "xx.food.visits",
    vintage: str = "2024",
    *,
    raw: Mapping[str, list[str]] | None = None,
    period: tuple[str, str] | None = None,
    simulated: bool = False,
    **frames: pd.DataFrame,
) -> Tables:
    """Return a file of tidy tables; rows without a source_row are numbered in order."""
    source_id = f"{source}@{vintage}"
    tidy = {}
    for name, frame in frames.items():
        rows = frame if "source_row" in frame else frame.assign(source_row=range(1, len(frame) + 1))
        record = source_id + "#" + rows["source_row"].astype("str")
        tidy[name] = conform(rows.assign(source_id=source_id, record_id=record), name)
    return Tables(
        source_id=source_id,
        source=source,
        vintage=vintage,
        frames=tidy,
        rejects=pd.DataFrame({"row": pd.Series(dtype="int64"), "reason": pd.Series(dtype="str")}),
        raw=pd.DataFrame(raw or {}, dtype="str"),
        period=None if period is None else (pd.Timestamp(period[0]), pd.Timestamp(period[1])),
        simulated=simulated,
    )


def found(result: Changes, table: str | None = None, *changes_: str) -> list[tuple[object, ...]]:
    """Return (change, key, column, old, new) of the rows of one table, nulls written out."""
    rows = result.table
    rows = rows if table is None else rows[rows["table"] == table]
    rows = rows[rows["change"].isin(changes_)] if changes_ else rows
    shown = rows[["change", "key", "column", "old", "new"]].fillna(EMPTY)
    return sorted(shown.itertuples(index=False, name=None))


def counts(result: Changes, table: str) -> dict[str, int]:
    rows = result.summary[result.summary["table"] == table]
    return dict(zip(rows["change"], rows["rows_count"], strict=True))


PLANT = {"establishment_id": "1", "establishment_number": "M1", "establishment_name": "North Packing"}
MILL = {"establishment_id": "2", "establishment_number": "M2", "establishment_name": "Mill Lane Meats"}


# --- what the changes are called -----------------------------------------------------------------------------------


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
    assert any("3 rows are ambiguous" in note for note in result.notes)


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


# --- two layouts: a grant number in the one, an establishment id in the other --------------------------------------

OLD_PLANT = {
    "est_number": "M1+P1",
    "company": "North Packing, Inc.",
    "street": "1 Example Way",
    "city": "Sampletown",
    "st": "MA",
    "zip": "1234",
    "activities": "Meat Processing, Meat Slaughter",
}


@pytest.fixture
def layouts_compared(agency, directory):
    """Compare plants in the layout of 2017 with plants in that of 2024."""

    def compare(old: list[dict[str, str]], new: list[dict[str, str]]) -> Changes:
        before = agency(DIRECTORY, "2017", *({**OLD_PLANT, **plant} for plant in old), name="old.csv")
        return changes(read(before, vintage="2017"), read(directory(*new), vintage="2024"))

    return compare


def test_facilities_are_matched_by_a_shared_grant_where_the_layouts_number_them_differently(layouts_compared):
    result = layouts_compared([{}], [{"establishment_number": "P1+M1", "establishment_name": "North Packing, Inc."}])
    assert result.table.empty
    assert any("1 facilities have ids of different schemes" in note for note in result.notes)


def test_what_one_layout_never_states_is_noted_once_and_is_no_rewrite(layouts_compared):
    result = layouts_compared([{}], [{"establishment_name": "North Packing, Inc.", "size": "Small"}])
    assert result.table.empty
    (note,) = [note for note in result.notes if "latitude_deg" in note]
    assert note.startswith(f"{DIRECTORY}@2017 states in no row of facilities: ")
    assert "size_class (1)" in note
    assert any("has no identifiers of scheme us.fsis: the 1 rows" in note for note in result.notes)


def test_headers_that_came_and_went_are_listed_and_a_rename_is_guessed_only_where_values_are_shared(layouts_compared):
    result = layouts_compared([{}], [{}])
    rows = {tuple(row) for row in result.headers.fillna(EMPTY).to_numpy().tolist()}
    # The whole compound number stands under both headers: M1+P1.
    assert ("renamed", "est_number", "establishment_number") in rows
    assert ("vanished", "company", EMPTY) in rows
    assert ("appeared", EMPTY, "county") in rows  # spelled like "company", but holding other values
    assert len(result.headers) == 14
    assert "Of the headers, 1 likely renamed, 2 vanished, 11 appeared." in result.text


def test_a_new_name_at_the_place_is_renamed_and_a_new_place_under_the_name_is_rewritten(layouts_compared):
    result = layouts_compared(
        [{}, {"est_number": "M5", "company": "Zebra Foods LLC", "street": "5 Hill", "city": "Otherton", "zip": "4444"}],
        [
            {"establishment_name": "Lake Meats"},
            {
                **{"establishment_id": "5", "establishment_number": "M5", "establishment_name": "Zebra Foods"},
                **{"street": "8 Dale", "city": "Farville", "zip": "5555"},
            },
        ],
    )
    assert found(result) == [
        ("renamed", "us.fsis:0001", "name", "North Packing, Inc.", "Lake Meats"),
        ("renamed", "us.fsis:5", "name", "Zebra Foods LLC", "Zebra Foods"),
        ("rewritten", "us.fsis:5", "city", "Otherton", "Farville"),
        ("rewritten", "us.fsis:5", "postcode", "04444", "05555"),
        ("rewritten", "us.fsis:5", "street", "5 Hill", "8 Dale"),
    ]


def test_a_grant_with_another_name_and_another_place_was_handed_on_not_renamed(layouts_compared):
    other = {
        **{"establishment_id": "9", "establishment_number": "M1", "establishment_name": "Zebra Foods, Inc."},
        **{"street": "8 Dale", "city": "Farville", "zip": "5555"},
    }
    result = layouts_compared([{}], [other])
    assert found(result, "facilities") == [
        ("appeared", "us.fsis:9", "name", EMPTY, "Zebra Foods, Inc."),
        ("vanished", "us.fsis.grant:M1", "name", "North Packing, Inc.", EMPTY),
    ]
    handed = {row[2]: row[3:] for row in found(result, "identifiers", "handed_on")}
    assert handed == {
        "facility_id": ("us.fsis.grant:M1", "us.fsis:9"),
        "name": ("North Packing, Inc.", "Zebra Foods, Inc."),
        "street": ("1 Example Way", "8 Dale"),
        "city": ("Sampletown", "Farville"),
        "postcode": ("01234", "05555"),
    }
    assert found(result, "identifiers", "vanished") == [
        ("vanished", "us.fsis.grant:M1 | us.fsis.grant | P1", EMPTY, EMPTY, EMPTY)
    ]
    assert "1 handed on to another facility" in result.text


def test_a_town_of_the_same_name_in_another_state_is_another_place(layouts_compared):
    result = layouts_compared([{}], [{"establishment_name": "Zebra Foods", "state": "OH", "zip": "44444"}])
    assert counts(result, "facilities") == {"vanished": 1, "appeared": 1}
    assert "renamed" not in set(result.table["change"])


def test_legal_forms_and_words_that_many_bear_make_no_two_names_alike(layouts_compared):
    crowd = [{"est_number": f"V{i}", "company": f"Number{i} Provision", "city": "Bigtown"} for i in range(20)]
    away = {"city": "Farville", "zip": "5555", "street": "8 Dale", "establishment_name": "Zebra Provision, Inc."}
    result = layouts_compared([{"company": "North Provision, Inc."}, *crowd], [away])
    assert ("handed_on", "us.fsis.grant | M1", "city", "Sampletown", "Farville") in found(result, "identifiers")


def test_a_grant_that_leads_to_several_establishments_is_ambiguous_and_its_values_are_not_compared(layouts_compared):
    result = layouts_compared(
        [{"street": "77 Gone Street"}],
        [
            {"establishment_id": "8", "establishment_number": "M1"},
            {"establishment_id": "9", "establishment_number": "P1"},
        ],
    )
    assert [row[:2] for row in found(result)] == [
        ("ambiguous", "us.fsis.grant:M1"),
        ("ambiguous", "us.fsis:8"),
        ("ambiguous", "us.fsis:9"),
    ]
    assert any("1 groups of facilities share numbers" in note for note in result.notes)
    assert "3 ambiguous" in result.text


def test_one_number_that_two_establishments_state_picks_neither_even_if_one_of_them_is_known(directory, agency):
    numbers = pd.DataFrame(
        [("a:1", "grant", "G1"), ("a:2", "grant", "G1")], columns=["facility_id", "scheme", "identifier"]
    )
    old = bundle(identifiers=pd.DataFrame([("a:2", "grant", "G2"), ("g:G1", "grant", "G1")], columns=list(numbers)))
    result = changes(old, bundle(vintage="2025", identifiers=numbers))
    # g:G1 could be a:1; a:2 holds the number, too. The number itself neither came nor went.
    assert "handed_on" not in set(result.table["change"])
    assert any("1 groups of facilities" in note for note in result.notes)


def test_files_that_do_not_say_where_their_facilities_are_are_matched_by_number_alone():
    visit = pd.DataFrame({"facility_id": ["grant:G1"], "date_from": [pd.Timestamp(2024, 1, 1)], "findings_count": [2]})
    number = pd.DataFrame({"facility_id": ["grant:G1"], "scheme": ["grant"], "identifier": ["G1"]})
    old = bundle(inspections=visit, identifiers=number)
    new = bundle(
        vintage="2025",
        inspections=visit.assign(facility_id="est:1", findings_count=0),
        identifiers=number.assign(facility_id="est:1"),
    )
    assert found(changes(old, new)) == [("rewritten", "est:1 | 2024-01-01", "findings_count", "2", "0")]


# --- keys that stand twice -----------------------------------------------------------------------------------------

REPORT = {"ID": "2015010015", "EventDate": "1/1/2015", "Employer": "Hill Meats", "State": "OHIO", "Amputation": "1.00"}


@pytest.fixture
def reports(agency):
    def write(vintage: str, *rows: dict[str, str]) -> Tables:
        return read(
            agency(OSHA, "2015", *({**REPORT, **row} for row in rows), name=f"{vintage}.csv"),
            vintage=vintage,
            period="2015-01..2017-02",
        )

    return write


def test_two_records_under_one_number_are_matched_by_what_they_say_whatever_their_order(reports):
    old = reports("a", {"City": "Upton"}, {"City": "Downton"})
    new = reports("b", {"City": "Downton"}, {"City": "Upton"})
    assert changes(old, new).table.empty


def test_two_records_under_one_number_of_which_one_differs_are_ambiguous_and_never_crossed(reports):
    old = reports("a", {"City": "Upton"}, {"City": "Downton"})
    result = changes(old, reports("b", {"City": "Downton"}, {"City": "Newton"}))
    assert [row[:2] for row in found(result)] == [("ambiguous", "2015010015")] * 2
    assert result.table[["old_row", "new_row"]].fillna(0).to_numpy().tolist() == [[1, 0], [0, 2]]


def test_one_copy_less_under_one_number_is_one_that_vanished(reports):
    result = changes(reports("a", {}, {}, {"ID": "7"}), reports("b", {"ID": "7"}, {}))
    assert [row[:2] for row in found(result)] == [("vanished", "2015010015")]


def test_an_event_whose_facts_were_rewritten_keeps_its_number(reports):
    result = changes(reports("a", {"City": "Upton"}), reports("b", {"City": "Upton", "Amputation": "2.00"}))
    assert found(result) == [("rewritten", "2015010015", "persons_or_animals_count", "1", "2")]


def test_rows_without_any_number_are_matched_by_content_and_else_ambiguous():
    rows = pd.DataFrame({"subject": "worker", "employer_name": ["A", "B", "C"]})
    old, new = bundle(injuries=rows), bundle(vintage="2025", injuries=rows.replace("C", "D"))
    result = changes(old, new)
    assert [(row[0], row[1]) for row in found(result)] == [("ambiguous", ""), ("ambiguous", "")]
    assert counts(result, "injuries") == {"ambiguous": 2}


def test_outlines_numbered_by_row_are_matched_by_their_outline():
    shapes = [box(0, 0, 1, 1), box(2, 2, 3, 3), box(5, 5, 6, 6)]

    def footprints(order: list[int]) -> pd.DataFrame:
        return gpd.GeoDataFrame(
            {"footprint_id": ["1", "2"], "geometry": [shapes[i] for i in order]}, geometry="geometry", crs="EPSG:4326"
        )

    old = bundle(footprints=footprints([0, 1]))
    assert changes(old, bundle(vintage="2025", footprints=footprints([1, 0]))).table.empty
    result = changes(old, bundle(vintage="2025", footprints=footprints([1, 2])))
    assert counts(result, "footprints") == {"ambiguous": 2}
    assert any("numbers the rows of a file" in note for note in result.notes)


# --- time ----------------------------------------------------------------------------------------------------------


def test_counts_of_periods_that_do_not_overlap_are_not_rewritten_counts(agency):
    row = {"EstablishmentNumber": "M1", "inspection_tasks": "10", "noncompliance_records": "1"}
    old = read(agency(HUMANE, "per_establishment", row, name="old.csv"), vintage="a", period="FY2023")
    new = read(agency(HUMANE, "per_establishment", {**row, "inspection_tasks": "99"}), vintage="b", period="FY2024")
    result = changes(old, new)
    assert [row[0] for row in found(result, "inspections")] == ["appeared", "vanished"]
    assert any("the periods do not overlap (2022-10-01 to 2023-09-30" in note for note in result.notes)
    same = read(agency(HUMANE, "per_establishment", {**row, "inspection_tasks": "99"}), vintage="b", period="FY2023")
    (change,) = found(changes(old, same), "inspections")
    assert (change[0], *change[2:]) == ("rewritten", "tasks_count", "10", "99")


def test_what_came_within_the_time_the_older_file_covers_is_told_from_what_came_after(reports, agency):
    old = reports("a", {})
    later = [{"ID": "8", "EventDate": "5/5/2018"}, {"ID": "9", "EventDate": "5/5/2016"}]
    path = agency(OSHA, "2015", REPORT, *({**REPORT, **row} for row in later))
    result = changes(old, read(path, vintage="b", period="2015-01..2019-12"))
    assert counts(result, "injuries") == {"appeared": 2}
    assert any("of the 2 records of injuries that appeared, 1 are dated within" in note for note in result.notes)
    assert any("cover different periods" in note for note in result.notes)


def test_a_period_that_nobody_states_is_said(agency):
    old, new = (read(agency(OSHA, "2015", REPORT, name=name), vintage=name) for name in ("a", "b"))
    assert any("what time the files cover is not known" in note for note in changes(old, new).notes)


def test_the_day_of_a_snapshot_is_not_what_its_rows_are_about(agency):
    row = {"establishment_id": "1", "establishment_number": "M1", "establishment_name": "A", "sheep_slaughter": "Yes"}
    old, new = (
        read(agency(DEMOGRAPHICS, "2025", row, name=f"{day}.csv"), vintage=day) for day in ("2025-01-02", "2025-06-05")
    )
    assert set(old.slaughter["date_from"]) != set(new.slaughter["date_from"])
    result = changes(old, new)
    assert result.table.empty
    assert any("date_from of slaughter is the day or period of the file itself" in note for note in result.notes)


def test_kinds_that_one_layout_has_no_row_of_are_noted_and_not_counted_as_appeared():
    rows = pd.DataFrame(
        {"facility_id": "a:1", "quantity": ["lice", "oxygen"], "value": [1.0, 2.0], "unit": "x", "basis": "measured"}
    )
    old = bundle(raw={"lice": []}, measures=rows.iloc[:1])
    new = bundle(vintage="2025", raw={"lice": [], "oxygen": []}, measures=rows.assign(value=[1.5, 2.0]))
    result = changes(old, new)
    assert found(result) == [("rewritten", "a:1 | lice", "value", "1.0", "1.5")]
    assert any("has no measures of quantity oxygen: the 1 rows" in note for note in result.notes)
    table_gone = changes(new, bundle(vintage="2026", raw={"lice": []}, facilities=pd.DataFrame({"name": ["A"]})))
    assert any("has no measures: the 2 rows" in note for note in table_gone.notes)


def test_a_table_that_is_gone_under_the_same_headers_has_vanished():
    rows = pd.DataFrame({"facility_id": ["a:1"], "name": ["A"]})
    number = pd.DataFrame({"facility_id": ["a:1"], "scheme": ["s"], "identifier": ["1"]})
    result = changes(bundle(facilities=rows, identifiers=number), bundle(vintage="2025", facilities=rows))
    assert found(result) == [("vanished", "a:1 | s | 1", EMPTY, EMPTY, EMPTY)]


def test_a_column_that_differs_almost_everywhere_is_said_to_be_the_agencys_doing():
    rows = pd.DataFrame({"facility_id": [f"a:{i}" for i in range(30)], "size_class": ["1"] * 30})
    result = changes(bundle(facilities=rows), bundle(vintage="2025", facilities=rows.assign(size_class="2")))
    assert counts(result, "facilities") == {"rewritten": 30}
    assert any("size_class of facilities differs in 30 of the 30 rows" in note for note in result.notes)
    few = changes(bundle(facilities=rows[:19]), bundle(vintage="2025", facilities=rows[:19].assign(size_class="2")))
    assert not any("differs in" in note for note in few.notes)


def test_files_given_in_the_wrong_order_are_noticed(directory):
    old, new = (read(directory(PLANT, name=f"{v}.csv"), vintage=v) for v in ("2024-09", "2025-06"))
    assert any("given as old is the later one" in note for note in changes(new, old).notes)
    assert not any("given as old" in note for note in changes(old, new).notes)


# --- what may not be compared, and what may not be shown -----------------------------------------------------------


def test_files_of_different_sources_are_refused(directory, agency):
    visits = read(agency(HUMANE, "per_establishment", {"EstablishmentNumber": "M1", "inspection_tasks": "1"}))
    with pytest.raises(BadParameter, match="different sources"):
        changes(read(directory(PLANT)), visits)


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


# --- records that could not be read --------------------------------------------------------------------------------


def many(*plants: dict[str, str]) -> list[dict[str, str]]:
    crowd = [{"establishment_id": f"9{i:02}", "establishment_number": f"V9{i:02}"} for i in range(25)]
    return [*({**PLANT, **plant} for plant in plants), *crowd]


def test_a_record_that_could_not_be_read_has_not_vanished(directory):
    old = read(directory(*many({}, {**MILL, "establishment_id": "12"}), name="old.csv"), vintage="2024-09")
    new = read(directory(*many({"latitude": "north"})), vintage="2025-06")
    assert new.rejects["row"].tolist() == [1]
    result = changes(old, new)
    assert found(result, "facilities") == [
        ("unreadable", "us.fsis:1", "name", "North Packing", EMPTY),
        ("vanished", "us.fsis:12", "name", "Mill Lane Meats", EMPTY),
    ]
    assert {row[0] for row in found(result, "identifiers") if row[1].startswith("us.fsis:1 ")} == {"unreadable"}
    assert result.dropped["row"].tolist() == [f"{DIRECTORY}@2025-06#1"]
    assert "north" in result.dropped["reason"].iloc[0]
    assert any("1 records of us.fsis.mpi_directory@2025-06 could not be read" in note for note in result.notes)
    back = changes(new, old)
    assert ("unreadable", "us.fsis:1", "name", EMPTY, "North Packing") in found(back, "facilities")


def test_a_record_that_could_not_be_read_is_known_by_its_grant_where_the_layouts_differ(agency, directory):
    crowd = [{"est_number": f"V9{i:02}", "company": f"N{i}"} for i in range(25)]
    before = agency(DIRECTORY, "2017", *({**OLD_PLANT, **row} for row in [{}, *crowd]), name="old.csv")
    new = read(directory(*many({"establishment_number": "G4+M1", "longitude": "x"})))
    rows = found(changes(read(before), new), "facilities", "vanished", "unreadable")
    assert rows == [("unreadable", "us.fsis.grant:M1", "name", "North Packing, Inc.", EMPTY)]


def test_an_event_that_could_not_be_read_is_known_by_its_own_number(reports):
    others = [{"ID": str(i)} for i in range(100, 125)]
    result = changes(reports("a", {}, {"ID": "77"}, *others), reports("b", {"Amputation": "-1"}, *others))
    assert [row[:2] for row in found(result)] == [("unreadable", "2015010015"), ("vanished", "77")]


# --- what holds for any files --------------------------------------------------------------------------------------

some = st.sampled_from(["a", "b", "c"])
plants = st.lists(st.tuples(st.sampled_from("1234"), some, some, st.sampled_from(["x", None])), max_size=6)
events = st.lists(st.tuples(st.sampled_from(["1", "2", None]), some), max_size=6)


@st.composite
def files(draw: st.DrawFn, scheme: str) -> Tables:
    """Draw a file with facilities, of which several may bear one id, their numbers, and events."""
    rows = draw(plants)
    facilities = pd.DataFrame(
        [(f"{scheme}:{i}", name, "1 Road", town, size) for i, name, town, size in rows],
        columns=["facility_id", "name", "street", "city", "size_class"],
    )
    held = draw(st.lists(st.tuples(st.sampled_from("1234"), st.sampled_from(["M1", "M2", "M3"])), max_size=5))
    numbers = [(f"{scheme}:{i}", "grant", number) for i, number in held]
    injuries = pd.DataFrame(draw(events), columns=["event_id", "employer_name"]).assign(subject="worker")
    return bundle(
        facilities=facilities,
        identifiers=pd.DataFrame(numbers, columns=["facility_id", "scheme", "identifier"]),
        injuries=injuries,
        raw={scheme: []},
    )


def shuffled(tables: Tables, seed: int) -> Tables:
    order = np.random.default_rng(seed)
    frames = {name: frame.iloc[order.permutation(len(frame))] for name, frame in tables}
    return Tables(**{**tables.__dict__, "frames": frames})


pairs = st.tuples(st.sampled_from(["est", "grant"]), st.sampled_from(["est", "grant"])).flatmap(
    lambda schemes: st.tuples(files(schemes[0]), files(schemes[1]))
)
thorough = settings(max_examples=20, deadline=None)


@thorough
@given(pairs, st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(drawn, seed):
    old, new = drawn
    there = changes(old, new)
    again = changes(shuffled(old, seed), shuffled(new, seed + 1))
    pd.testing.assert_frame_equal(there.table, again.table)
    assert there.text == again.text
    assert there.notes == again.notes


@thorough
@given(files("est"), st.integers(0, 9))
def test_a_file_against_itself_has_no_change_in_whatever_order(tables, seed):
    assert changes(tables, tables).table.empty
    assert changes(tables, shuffled(tables, seed)).table.empty


@thorough
@given(pairs)
def test_the_way_back_is_the_way_there_turned_round(drawn):
    old, new = drawn
    there, back = changes(old, new).table, changes(new, old).table
    turned = back.rename(columns={"old": "new", "new": "old", "old_row": "new_row", "new_row": "old_row"})
    turned["change"] = turned["change"].replace({"appeared": "vanished", "vanished": "appeared"})
    # The key is given as the new file reads, so it differs where the files number a facility differently.
    wanted = ["table", "change", "column", "old", "new", "old_row", "new_row"]
    sides = [
        sorted(frame[wanted].astype("str").fillna(EMPTY).itertuples(index=False, name=None))
        for frame in (there, turned)
    ]
    assert sides[0] == sides[1]


@thorough
@given(pairs)
def test_every_facility_is_in_both_files_or_vanished_or_appeared_or_ambiguous(drawn):
    old, new = drawn
    rows = changes(old, new).table
    facilities = rows[(rows["table"] == "facilities")]
    for tables, column, word in ((old, "old_row", "vanished"), (new, "new_row", "appeared")):
        alone = facilities[facilities["change"].isin([word, "ambiguous"])][column].dropna()
        assert alone.is_unique
        assert set(alone) <= set(tables.facilities["source_row"])
    left = [
        len(tables.facilities) - facilities[facilities["change"].isin([word, "ambiguous"])][column].notna().sum()
        for tables, column, word in ((old, "old_row", "vanished"), (new, "new_row", "appeared"))
    ]
    assert left[0] == left[1]  # the rest is paired, one to one
