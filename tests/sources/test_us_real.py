"""The United States' own files beyond the study's five: every record and sum against the raw file read by pandas."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from welfare.schema.codes import code_map
from welfare.schema.tables import Tables
from welfare.sources.read import read

pytestmark = pytest.mark.real

Us = Callable[[str], Tables]

FLOCKS, FLOCKS_EXPECTED = (f"aphis/hpai_confirmed_flocks_2022-2026.{end}" for end in ("xlsx", "expected.csv"))
RESEARCH = "aphis/research_facilities_fy2024.csv"
CROSSWALK = "epa/fsis_epa_facility_crosswalk.json"
FIRES = "awi/barn_fires_2021-2023.csv"
EGGS = "nass/egg_production_2016-2023.csv"
BARNS = "satellite/delmarva_poultry_barns.geojson"
DIRECTORY = "fsis/mpi_directory_2025-06.csv"

# file: source and vintage, records, rejects, rows of each table
FILES = {
    FLOCKS: ("us.aphis.hpai_flocks@2026-01-02", 1991, 0, {"mortality": 1991}),
    RESEARCH: (
        "us.aphis.research_facilities@2024",
        1013,
        0,
        {"facilities": 1013, "identifiers": 2026, "exposures": 1843},
    ),
    CROSSWALK: ("us.epa.fsis_crosswalk@2026-07", 327, 0, {"facilities": 327, "identifiers": 889, "measures": 550}),
    FIRES: ("us.awi.barn_fires@2023", 291, 2, {"mortality": 289}),
    EGGS: ("us.nass.egg_production@2023-03", 320, 0, {"area_measures": 631}),
    BARNS: ("us.microsoft.poultry_barns@2018", 6013, 0, {"footprints": 6013}),
}


@pytest.fixture(scope="module")
def us(shared: Path) -> Us:
    return cache(lambda name: read(shared / "data" / "us" / name))


@pytest.fixture(scope="module")
def plain(shared: Path) -> Callable[[str], pd.DataFrame]:
    return lambda name: pd.read_csv(shared / "data" / "us" / name, dtype="str", keep_default_na=False)


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_recognised_and_each_record_is_in_a_table_or_among_the_rejects(us, name):
    source_id, records, rejects, rows = FILES[name]
    tables = us(name)
    assert tables.source_id == source_id
    assert len(tables.raw) == records
    assert len(tables.rejects) == rejects
    assert {table: len(frame) for table, frame in tables.frames.items()} == rows
    held = set().union(*(frame["source_row"] for frame in tables.frames.values()))
    assert held | set(tables.rejects["row"]) == set(range(1, records + 1))
    assert not held & set(tables.rejects["row"])
    assert tables.obtained_from.startswith("github:")


def test_every_cell_of_the_flocks_is_that_of_the_expected_file(us, plain):
    expected = plain(FLOCKS_EXPECTED)
    flocks = us(FLOCKS).mortality
    states = code_map("us_states", "code", "name")
    released = flocks["control_released"].dt.strftime("%d-%b-%y")
    found = pd.DataFrame(
        {
            "confirmed": flocks["date_from"].dt.strftime("%Y-%m-%d"),
            "state": flocks["region"].map(states),
            "county": flocks["county"],
            "special_id": flocks["event_id"],
            "production": flocks["production"],
            "control_area_released": released.where(flocks["control_status"] != "active", "Active").fillna(""),
            "birds_affected": flocks["deaths_count"].astype("float").astype("str"),
        }
    ).fillna("")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert len(found) == 1991
    assert flocks["deaths_count"].sum() == 185_128_934
    assert flocks["control_status"].value_counts().to_dict() == {"released": 1413, "active": 21}
    assert (flocks["control_status"] == "released").equals(flocks["control_released"].notna())


def test_a_flock_has_a_species_only_where_its_production_word_says_it(us):
    flocks = us(FLOCKS).mortality
    assert flocks["species"].value_counts().to_dict() == {"turkey": 527, "chicken": 245, "duck": 89}
    named = flocks["production"].str.casefold()
    for species, word in {"turkey": "turkey", "duck": "duck", "chicken": "broiler|table egg"}.items():
        assert ((flocks["species"] == species) == named.str.contains(word)).all()


def test_a_special_id_is_unique_within_its_state_and_not_beyond(us):
    flocks = us(FLOCKS).mortality
    assert not flocks.duplicated(["region", "event_id"]).any()
    assert flocks["event_id"].duplicated().sum() == 174
    assert len(flocks.loc[flocks["event_id"].duplicated(), "event_id"].unique()) == 103


def test_animals_in_research_add_up_to_the_file_and_an_empty_cell_gives_no_row(us, plain):
    raw = plain(RESEARCH)
    species = list(raw.columns[12:22])
    numbers = raw[species].apply(pd.to_numeric)
    found = us(RESEARCH).exposures.groupby("subject")["value"].agg(["sum", "size"])
    short = {"Dogs": "dog", "Cats": "cat", "Rabbits": "rabbit", "Hamsters": "hamster", "Pigs": "pig", "Sheep": "sheep"}
    short |= {"Guinea Pigs": "guinea_pig", "Non-Human Primates": "non_human_primate"}
    short |= {"Other Farm Animals": "other_farm_animal"}
    assert {short[name]: total for name, total in numbers.sum().items() if total} == found["sum"].to_dict()
    assert {short[name]: many for name, many in numbers.count().items() if many} == found["size"].to_dict()
    assert found["sum"].sum() == 512_257
    assert set(us(RESEARCH).exposures["date_from"]) == {pd.Timestamp(2023, 10, 1)}
    assert set(us(RESEARCH).exposures["date_to"]) == {pd.Timestamp(2024, 9, 30)}


def test_town_state_and_postcode_of_each_laboratory_give_back_the_line_they_were_parted_from(us, plain):
    rows = us(RESEARCH).facilities
    line = rows["city"] + ", " + rows["region"] + " " + rows["postcode"].mask(rows["postcode"] == "00614", "614")
    assert line.tolist() == plain(RESEARCH)["City-State-Zip"].tolist()
    assert rows["latitude_deg"].isna().sum() == rows["longitude_deg"].isna().sum() == 1
    assert rows["facility_id"].is_unique


def test_the_crosswalk_gives_every_name_of_its_index_once_for_each_plant(us, shared):
    content = json.loads((shared / "data" / "us" / CROSSWALK).read_text(encoding="utf-8"))
    tables = us(CROSSWALK)
    rows = tables.identifiers
    cores = rows[rows["scheme"] == "us.fsis.number_core"]
    found = set(zip(cores["identifier"], cores["facility_id"].str.removeprefix("us.fsis.number_core:"), strict=True))
    assert found == set(content["index"].items()) | {(key, key) for key in content["establishments"]}
    assert len(cores) == len(found)
    assert cores.loc[cores["identifier"].duplicated(), "identifier"].tolist() == ["3"]
    quarters = tables.measures[tables.measures["quantity"] == "quarters in noncompliance"]
    known = [e["summary"] for e in content["establishments"].values() if e["summary"]["compliance_status"]]
    assert quarters["value"].tolist() == [summary["qtrs_with_nc"] for summary in known]
    assert len(known) == 275


def test_many_facilities_of_the_crosswalk_are_of_no_food_or_farming_industry(us):
    raw = us(CROSSWALK).raw
    coded = raw[raw["naics"] != ""]
    fits = coded["naics"].str.contains(r"\b(?:311|112)")
    assert (len(coded), int((~fits).sum())) == (263, 49)
    other = coded.loc[~fits & coded["fac_name"].isin(["FRONTIER FORD INC", "PILKINGTON NORTH AMERICA INC"])]
    assert other["match_confidence"].tolist() == ["high", "high"]


def test_of_the_plants_that_the_directory_lists_under_their_number_one_is_in_another_state(us):
    directory, tables = us(DIRECTORY), us(CROSSWALK)
    grants = directory.identifiers[directory.identifiers["scheme"] == "us.fsis.grant"]
    listed = grants.merge(directory.facilities[["record_id", "region"]], on="record_id")
    listed["identifier"] = listed["identifier"].str.replace(r"^[A-Z]+", "", regex=True).str.lower()
    cores = tables.identifiers[tables.identifiers["scheme"] == "us.fsis.number_core"]
    pairs = cores.merge(listed[["identifier", "region"]], on="identifier")
    pairs = pairs.merge(tables.facilities[["facility_id", "region"]], on="facility_id", suffixes=("_fsis", "_epa"))
    same = (pairs["region_fsis"] == pairs["region_epa"]).groupby(pairs["facility_id"]).any()
    assert (len(same), same.index[~same].tolist()) == (325, ["us.fsis.number_core:717c"])


def test_barn_fires_add_up_to_the_file_without_its_two_repeated_headers(us, plain):
    raw = plain(FIRES)
    again = raw["date"] == "date"
    tables = us(FIRES)
    assert tables.rejects["row"].tolist() == (np.flatnonzero(again) + 1).tolist()
    deaths = raw.loc[~again, "deaths"].str.replace(",", "").astype("int64")
    assert tables.mortality["deaths_count"].tolist() == deaths.tolist()
    assert deaths.sum() == 1_345_464
    assert tables.mortality["species"].tolist() == raw.loc[~again, "species"].tolist()
    assert tables.mortality["region"].notna().all()


def test_eggs_and_hens_add_up_to_the_file_and_nine_months_without_hens_stay_so(us, plain):
    raw, found = plain(EGGS), us(EGGS).area_measures
    for header, quantity in {"n_hens": "hens", "n_eggs": "eggs"}.items():
        rows = found[found["quantity"] == quantity]
        wanted = raw.loc[raw[header] != "NA", header].astype("float64")
        assert rows["value"].tolist() == wanted.tolist()
        assert len(rows) == {"hens": 311, "eggs": 320}[quantity]
        assert rows["date_to"].dt.strftime("%Y-%m-%d").tolist() == raw.loc[wanted.index, "observed_month"].tolist()
    assert (found["date_from"].dt.day == 1).all()
    assert found["date_to"].dt.is_month_end.all()


def test_barns_lie_on_the_delmarva_peninsula_with_the_area_that_the_ellipsoid_gives(us):
    rows = us(BARNS).footprints
    assert rows["geometry"].crs.to_epsg() == 4326
    west, south, east, north = rows["geometry"].total_bounds
    assert -76.3 < west < east < -75.0
    assert 37.0 < south < north < 39.9
    ellipsoid = Geod(ellps="WGS84")
    areas = np.array([abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in rows["geometry"]])
    assert np.abs(rows["area_m2"] / areas - 1).max() < 0.002
    assert rows["first_year"].between(2011, 2017).all()
