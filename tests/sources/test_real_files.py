"""The agencies' own files, read in place: how many records, and the figures they must give."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from welfare.errors import UnknownSource
from welfare.schema.tables import Tables
from welfare.sources.read import read

pytestmark = pytest.mark.real

Us = Callable[[str], Tables]

FILES = {
    "fsis/mpi_directory_2017.csv": ("us.fsis.mpi_directory@2017", 6287),
    "fsis/mpi_directory_2024-09.csv": ("us.fsis.mpi_directory@2024-09", 7064),
    "fsis/mpi_directory_2025-06.csv": ("us.fsis.mpi_directory@2025-06", 7099),
    "fsis/establishment_demographics_2024-02.xlsx": ("us.fsis.establishment_demographics@2024-02", 6969),
    "fsis/establishment_demographics_2025-06.csv": ("us.fsis.establishment_demographics@2025-06", 7105),
    "fsis/humane_handling_fy2024_by_establishment.csv": ("us.fsis.humane_handling@FY2024", 1042),
    "fsis/poultry_line_speed_waivers.csv": ("us.fsis.line_speed_waivers@2023-03-31", 44),
    "osha/severe_injury_reports_2015-2017.csv": ("us.osha.severe_injury@2017-02-28", 21578),
}
DIRECTORIES = [name for name in FILES if "mpi_directory" in name]


@pytest.fixture(scope="module")
def us(shared: Path) -> Us:
    return cache(lambda name: read(shared / "data" / "us" / name))


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_recognised_and_no_record_is_left_out(us, name):
    source_id, records = FILES[name]
    tables = us(name)
    assert tables.source_id == source_id
    assert len(tables.raw) == records
    assert len(tables.rejects) == 0
    assert not tables.simulated
    for _, frame in tables:
        assert set(frame["source_id"]) == {source_id}
        assert frame["source_row"].between(1, records).all()
        assert (frame["record_id"] == source_id + "#" + frame["source_row"].astype("str")).all()
    main = tables.injuries if "osha" in name else tables.identifiers
    assert main["source_row"].nunique() == records


@pytest.mark.parametrize("name", DIRECTORIES)
def test_postcodes_have_five_digits_and_their_lost_zeros_back(us, name):
    facilities = us(name).facilities
    assert facilities["postcode"].str.fullmatch(r"\d{5}(-\d{4})?").all()
    new_england = facilities[facilities["region"].isin(["CT", "MA", "ME", "NH", "NJ", "RI", "VT"])]
    assert len(new_england) > 300
    assert new_england["postcode"].str.startswith("0").all()


@pytest.mark.parametrize("name", DIRECTORIES)
def test_every_plant_has_a_number_and_compound_grants_are_split(us, name):
    tables = us(name)
    assert tables.facilities["facility_id"].notna().all()
    grants = tables.identifiers[tables.identifiers["scheme"] == "us.fsis.grant"]["identifier"]
    assert not grants.str.contains("+", regex=False).any()
    assert grants.str.fullmatch(r"[A-Z]\d+[A-Z]*").mean() > 0.99


def test_ids_of_the_newest_directory_are_unique(us):
    assert us("fsis/mpi_directory_2025-06.csv").facilities["facility_id"].is_unique


def systems(us: Us) -> pd.Series:
    rows = us("fsis/establishment_demographics_2025-06.csv").slaughter
    return rows.dropna(subset="inspection_system").groupby("inspection_system")["facility_id"].nunique()


@pytest.mark.parametrize(("system", "plants"), [("npis", 168), ("npis_waiver", 6), ("nsis", 22)])
def test_plants_per_inspection_system(us, system, plants):
    assert systems(us)[system] == plants


def test_humane_handling_counts_add_up(us):
    inspections = us("fsis/humane_handling_fy2024_by_establishment.csv").inspections
    assert len(inspections) == 1042
    assert inspections["tasks_count"].sum() == 193_594
    assert inspections["findings_count"].sum() == 788
    assert set(inspections["date_from"]) == {pd.Timestamp(2023, 10, 1)}
    assert set(inspections["date_to"]) == {pd.Timestamp(2024, 9, 30)}


def test_waivers_permit_175_birds_a_minute_from_the_day_of_the_list(us):
    speeds = us("fsis/poultry_line_speed_waivers.csv").line_speeds
    assert len(speeds) == 44
    assert set(speeds["speed_animals_per_min"]) == {175.0}
    assert set(speeds["basis"]) == {"waiver"}
    assert set(speeds["valid_from"]) == {pd.Timestamp(2023, 3, 31)}
    assert speeds["valid_to"].isna().all()


def test_no_plant_of_the_waiver_list_is_among_those_the_demographics_call_npis_waiver(us):
    demographics = us("fsis/establishment_demographics_2025-06.csv")
    slaughter, numbers = demographics.slaughter, demographics.identifiers
    called = set(slaughter.loc[slaughter["inspection_system"] == "npis_waiver", "facility_id"])
    grants = numbers[numbers["scheme"] == "us.fsis.grant"]
    listed = set(us("fsis/poultry_line_speed_waivers.csv").identifiers["identifier"])
    of_called = set(grants.loc[grants["facility_id"].isin(called), "identifier"])
    assert len(called) == 6
    assert len(of_called) >= 6
    assert len(listed) == 44
    assert len(listed & set(grants["identifier"])) > 40  # the numbers are written alike in both files
    assert listed & of_called == set()


def test_severe_injuries_in_slaughter_and_processing(us):
    injuries = us("osha/severe_injury_reports_2015-2017.csv").injuries
    assert len(injuries) == 21_578
    meat = injuries[injuries["industry_code"].str.startswith("3116", na=False)]
    assert len(meat) == 483
    assert meat["kind"].str.contains("amputation").sum() == 230
    assert meat["kind"].str.contains("hospitalisation").sum() == 304
    assert injuries["date"].between(pd.Timestamp(2015, 1, 1), pd.Timestamp(2017, 2, 28)).all()
    assert injuries["postcode"].dropna().str.fullmatch(r"\d{5}").all()


def test_injuries_read_as_windows_1252_hold_no_control_characters(us):
    raw = us("osha/severe_injury_reports_2015-2017.csv").raw
    assert not any(raw[name].str.contains("[\x80-\x9f]").any() for name in raw)


def test_tables_that_are_no_agency_file_are_not_taken_for_one(shared):
    others = [
        shared / "data" / "MANIFEST.csv",
        shared / "data" / "us/aphis/hpai_confirmed_flocks_2022-2026.expected.csv",
        shared / "data" / "gb/fsa/meat_establishment_audits_metadata.csv",
        *(shared / "data" / "reference").rglob("*.csv"),
    ]
    assert len(others) >= 20
    for path in others:
        with pytest.raises(UnknownSource):
            read(path)
