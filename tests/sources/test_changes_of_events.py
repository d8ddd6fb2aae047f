"""Vintages of events and counts compared: numbers that stand twice, dates, and records that could not be read."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from tests.sources.conftest import DEMOGRAPHICS, DIRECTORY, HUMANE, OSHA
from tests.sources.two_vintages import EMPTY, MILL, OLD_PLANT, PLANT, bundle, counts, found
from welfare.schema.tables import Tables
from welfare.sources.compare.changes import changes
from welfare.sources.read import read

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
    assert any("records of injuries that appeared: 2, of which 1 dated within" in note for note in result.notes)
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
    assert any("has no measures of quantity oxygen: 1 row of" in note for note in result.notes)
    table_gone = changes(new, bundle(vintage="2026", raw={"lice": []}, facilities=pd.DataFrame({"name": ["A"]})))
    assert any("has no measures: 2 rows of" in note for note in table_gone.notes)


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
    assert any("records of us.fsis.mpi_directory@2025-06 that could not be read: 1" in note for note in result.notes)
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
