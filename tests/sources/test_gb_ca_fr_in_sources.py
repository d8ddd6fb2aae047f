"""British, Canadian, French and Indian sources: fixtures in their layouts, with invented places."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.conftest import as_csv, headers
from welfare.schema.codes import shipped
from welfare.sources.read import read

AUDITS, LIST = "gb.fsa.meat_audits", "gb.fsa.approved_establishments"
CAGES, FARMS = "gb.szewczyk.salmon_cages", "gb.szewczyk.salmon_farms"
COUNTS, CHECKS = "ca.dfo.sea_lice_counts", "ca.dfo.sea_lice_audits"
FLOCKS, WATER, STOCK = "fr.anses.broiler_flocks", "in.fwi.water_quality", "in.fwi.stocking_harvest"

AUDIT = {
    "ApprovalNumber": "0042",
    "TradingName": "Example Meats",
    "Town": "Sampleton",
    "Country": "Wales",
    "AuditDate": "17-Jun-16",
    "Outcome": "Good",
}
PLANT = {"AppNo": "0042", "TradingName": "Example Meats", "Country": "Wales"}
CAGE = {
    "farm": "Farm X",
    "cage": "03",
    "day": "2019-05-20",
    "biomass_density": "NA",
    "temperature": "11.5",
    "mortality": "NA",
}
COUNT = {
    "Facility Reference Number": "042",
    "Site Common Name": "Example Bay",
    "Latitude": "50.5",
    "Longitude": "-126.5",
    "Sample Type": "Follow-up",
    "Incident Date": "5-Mar-14",
    "Number of Pens Sampled": "3",
    "Average L. salmonis motiles per fish": "1.25",
    "Average caligus per fish": "0.00",
}
NO_COUNT = {**COUNT, "Incident Date": "n/a", "Number of Pens Sampled": "0"} | {
    "Average L. salmonis motiles per fish": "",
    "Average caligus per fish": "",
}
VISIT = {
    "Sr. No": "1",
    "Date of data collection": "03/02/2024",
    "pond_id": "pond_00aa",
    "region": "Eluru",
    "Type": "Morning",
    "Is follow up": "Yes",
    "DO (mg/L)": "3.5",
}
EVENT = {"Sr. No": "1", "Event date": "03/02/2024", "pond_id": "pond_00aa", "region": "Eluru", "Type": "Stocking"}


def values(frame: pd.DataFrame) -> dict[str, float]:
    return dict(zip(frame["quantity"], frame["value"], strict=True))


# Every layout: what cannot be read keeps its record out, with the reason


@pytest.mark.parametrize(
    ("source", "layout", "good", "bad", "reason"),
    [
        (AUDITS, "2017", AUDIT, {"AuditDate": "17/06/2016"}, "AuditDate: '17/06/2016' is not a date as %d-%b-%y"),
        (AUDITS, "2017", AUDIT, {"AuditDate": "17-Jun-45"}, "date_from 2045-06-17 lies in the file's future"),
        (AUDITS, "2017", AUDIT, {"Outcome": "Fair"}, "Outcome: 'Fair' is none of good, generally satisfactory"),
        (AUDITS, "2017", AUDIT, {"RSL": "1"}, "RSL: '1' is not Yes, No or empty"),
        (LIST, "2017", PLANT, {"Country": "Atlantis"}, "Country: 'Atlantis' is none of england"),
        (LIST, "2017", PLANT, {"X": "522847"}, "X and Y: one of the two coordinates is missing"),
        (LIST, "2017", PLANT, {"X": "east", "Y": "105040"}, "X and Y: 'east' is not a number"),
        (CAGES, "2020", CAGE, {"day": "2097-05-20"}, "date_from 2097-05-20 lies in the file's future"),
        (CAGES, "2020", CAGE, {"lice_total": "-1"}, "lice_total: '-1' is not a number of at least 0"),
        (CAGES, "2020", CAGE, {"biomass_density": "high"}, "biomass_density: 'high' is not a number of at least 0"),
        (COUNTS, "2022", COUNT, {"Incident Date": "31-Apr-14"}, "'31-Apr-14' is not a date as %d-%b-%y"),
        (COUNTS, "2022", COUNT, {"Incident Date": "1-Jan-60"}, "date_from 2060-01-01 lies in the file's future"),
        (COUNTS, "2022", COUNT, {"Number of Pens Sampled": "-3"}, "Number of Pens Sampled: '-3' is not a count"),
        (COUNTS, "2022", COUNT, {"Average caligus per fish": "-0.5"}, "'-0.5' is not a number of at least 0"),
        (COUNTS, "2022", COUNT, {"Average caligus per fish": "few"}, "'few' is not a number of at least 0"),
        (FLOCKS, "2009", {"Mort": "1.5", "NbChick": "20400"}, {"NbChick": "-1"}, "NbChick: '-1' is not a count"),
        (WATER, "2026", VISIT, {"Date of data collection": "03/02/2097"}, "2097-03-02 lies in the file's future"),
        (WATER, "2026", VISIT, {"Dead fish": "-2"}, "Dead fish: '-2' is not a count"),
        (WATER, "2026", VISIT, {"Is follow up": "perhaps"}, "Is follow up: 'perhaps' is none of yes, no"),
        (WATER, "2026", VISIT, {"Temp (in °C)": "warm"}, "Temp (in °C): 'warm' is not a number"),
        (STOCK, "2026", EVENT, {"Event date": "13/01/2024"}, "'13/01/2024' is not a date as %m/%d/%Y"),
        (STOCK, "2026", EVENT, {"Average fish weight (in grams)": "2500-2700"}, "'2500-2700' is not a number"),
    ],
)
def test_a_cell_that_cannot_be_true_keeps_its_record_out(agency, source, layout, good, bad, reason):
    tables = read(agency(source, layout, *[good] * 20, {**good, **bad}), vintage="2026")
    assert tables.rejects["row"].tolist() == [21]
    assert reason in tables.rejects["reason"].iloc[0]
    assert all(21 not in set(frame["source_row"]) for _, frame in tables)


@pytest.mark.parametrize(
    ("source", "layout", "record", "number"),
    [
        (AUDITS, "2017", AUDIT, "gb.fsa:0042"),
        (COUNTS, "2022", COUNT, "ca.dfo:042"),
        (CHECKS, "2020", {"Facility Reference Number": "042", "Audit Date": "5-Mar-14"}, "ca.dfo:042"),
        (CAGES, "2020", CAGE, "gb.szewczyk.farm:Farm X"),
        (FARMS, "2020", {"farm": "Farm X", "lat": "57.5", "lon": "-6.5"}, "gb.szewczyk.farm:Farm X"),
        (WATER, "2026", VISIT, "in.fwi.pond:pond_00aa"),
        (STOCK, "2026", EVENT, "in.fwi.pond:pond_00aa"),
    ],
)
def test_a_number_keeps_its_zeros_and_a_place_that_comes_again_is_said_once(agency, source, layout, record, number):
    tables = read(agency(source, layout, record, record))
    assert tables.facilities["facility_id"].tolist() == [number]
    assert tables.identifiers["facility_id"].tolist() == [number] * 2
    assert any("repeat another word for word" in note for note in tables.notes)


# Great Britain: meat establishments


def test_the_welfare_items_of_an_audit_keep_the_agencys_scores(agency):
    scores = {"Q21": "Compliant", "Q22": "Minor", "Q215": "Critical", "Q222": "Not Observed", "Q23": "Not Applicable"}
    tables = read(agency(AUDITS, "2017", {**AUDIT, **scores, "Q31": "Major"}))
    found = tables.assessments
    assert dict(zip(found["item"], found["score"], strict=True)) == scores
    assert set(found["date"]) == {pd.Timestamp(2016, 6, 17)}
    assert "findings" not in tables.frames


def test_an_outcome_has_one_spelling(agency):
    spelt = ["Generally Satisfactory", "Generally satisfactory", "Good"]
    tables = read(agency(AUDITS, "2017", *({**AUDIT, "Outcome": outcome} for outcome in spelt)))
    assert tables.inspections["outcome"].tolist() == ["Generally Satisfactory"] * 2 + ["Good"]
    assert tables.inspections["date_from"].equals(tables.inspections["date_to"])


def test_what_a_plant_is_approved_for_is_told_by_its_yes_columns(agency):
    tables = read(agency(AUDITS, "2017", {**AUDIT, "RSL": "Yes", "PSL": "No", "CLS": "yes", "VC": "Yes"}))
    assert tables.facilities["activities"].tolist() == ["red meat slaughterhouse; cold store"]


def test_an_audit_in_latin_1_is_read(tmp_path):
    path = tmp_path / "audits.csv"
    path.write_bytes(as_csv(headers(AUDITS, "2017"), [{**AUDIT, "TradingName": "Café Sampleton"}]).encode("latin-1"))
    assert read(path).facilities["name"].tolist() == ["Café Sampleton"]


def test_each_welfare_item_that_is_mapped_has_a_text():
    mapped = shipped(f"column_maps/{AUDITS}.csv")["transform"]
    assert shipped("codes/gb_fsa_welfare_items.csv")["item"].tolist() == [
        word.removeprefix("item ") for word in mapped if word.startswith("item ")
    ]


def test_an_establishment_listed_twice_is_two_records_of_one_number(agency):
    tables = read(agency(LIST, "2017", PLANT, PLANT))
    assert tables.facilities["facility_id"].tolist() == ["gb.fsa:0042"] * 2
    assert any("repeat another word for word" in note for note in tables.notes)


def test_an_establishment_has_its_island_its_lists_and_its_point_in_degrees(agency):
    # The Ordnance Survey's own example of its grid: E 651409.903, N 313177.270 is 52.6576 N, 1.7179 E (OSGB36), which
    # is 52.65798 N, 1.71605 E in WGS 84.
    point = {"X": "651,409.903", "Y": "313177.270", "AllActivities": "Cold Store, Slaughterhouse (Red)"}
    island = {"AppNo": "JY 001", "Country": "Jersey", "GeographicLocalAuthority": "Food Standards Agency"}
    first, second = read(agency(LIST, "2017", {**PLANT, **point, "Species": "Bovine, Ovine"}, island)).facilities.iloc
    assert first[["latitude_deg", "longitude_deg"]].tolist() == pytest.approx([52.65798, 1.71605], abs=5e-5)
    assert first[["activities", "species"]].tolist() == ["Cold Store; Slaughterhouse (Red)", "Bovine; Ovine"]
    assert first[["country", "region"]].tolist() == ["GB", "Wales"]
    assert second[["facility_id", "country"]].tolist() == ["gb.fsa:JY 001", "JE"]
    assert second[["county", "latitude_deg"]].isna().all()


# Great Britain: salmon


def test_a_week_ends_six_days_after_it_begins_and_what_is_na_has_no_row(agency):
    cage = {**CAGE, "mortality": "0.002", "lice_total": "0", "agd_score": "NA"}
    tables = read(agency(CAGES, "2020", cage))
    rows = tables.measures.set_index("quantity")
    assert set(rows["date_from"]) == {pd.Timestamp(2019, 5, 20)}
    assert set(rows["date_to"]) == {pd.Timestamp(2019, 5, 26)}
    assert rows["value"].to_dict() == {
        "water temperature": 11.5,
        "sea lice of all stages": 0,
        "weekly mortality": 0.002,
    }
    assert rows["basis"].to_dict() == {
        "water temperature": "model",
        "sea lice of all stages": "measured",
        "weekly mortality": "published_rate",
    }
    assert rows["samples_count"].fillna(-1).to_dict() == {
        "water temperature": -1,
        "sea lice of all stages": 20,
        "weekly mortality": -1,
    }
    assert rows.loc["weekly mortality", "unit"] == "share/week"
    assert len(tables.housing) == 0
    assert "mortality" not in tables.frames


def test_a_cage_with_a_density_is_housing(agency):
    housing = read(agency(CAGES, "2020", {**CAGE, "biomass_density": "4.5"})).housing
    assert housing[["unit_id", "density_kg_per_m3", "date"]].iloc[0].tolist() == ["03", 4.5, pd.Timestamp(2019, 5, 20)]


# Canada


def test_a_month_without_a_count_is_no_reading_and_no_zero(agency):
    tables = read(agency(COUNTS, "2022", COUNT, NO_COUNT))
    rows = tables.measures
    assert values(rows) == {"motile Lepeophtheirus salmonis": 1.25, "Caligus": 0}
    assert set(rows["source_row"]) == {1}
    assert rows[["samples_count", "measured_by", "occasion"]].iloc[0].tolist() == [3, "operator", "Follow-up"]
    assert len(tables.rejects) == 0
    assert tables.identifiers["source_row"].tolist() == [1, 2]


def test_the_two_counts_of_an_audit_are_of_two_measurers(agency):
    audit = {
        "Audit Date": "5-Mar-14",
        "Facility Reference Number": "42",
        "Industry average L. salmonis motiles per fish": "0.4",
        "DFO average L. salmonis motiles per fish": "1,000.5",
        "Comments": "Statistical agreement",
    }
    tables = read(agency(CHECKS, "2020", audit))
    assert tables.measures[["measured_by", "value"]].to_numpy().tolist() == [["operator", 0.4], ["inspector", 1000.5]]
    assert tables.inspections["outcome"].tolist() == ["Statistical agreement"]


# France


def test_a_flock_has_the_files_period_its_place_in_the_file_and_rates_never_deaths(agency):
    flock = {"Mort7": "0.5", "Mort": "1.5", "Doa": "0", "Condemn": "0.7", "NbChick": "20,400", "StockingD": "57.6"}
    tables = read(agency(FLOCKS, "2009", flock), period="2005")
    assert values(tables.measures) == {
        "mortality in the first week": 0.5,
        "mortality after the first week": 1.5,
        "dead on arrival": 0,
        "condemned at slaughter": 0.7,
    }
    assert set(tables.measures["basis"]) == {"published_rate"}
    assert set(tables.measures["date_to"]) == {pd.Timestamp(2005, 12, 31)}
    housing = tables.housing.iloc[0]
    assert housing[["unit_id", "animals_count"]].tolist() == ["1", 20400]
    assert housing[["area_m2", "density_kg_per_m2", "density_animals_per_m2"]].isna().all()


# India


def test_dead_fish_are_those_since_a_visit_that_the_record_does_not_date(agency):
    none_said = {**VISIT, "Dead fish": ""}
    rows = read(
        agency(WATER, "2026", {**VISIT, "Dead fish": "0.0"}, {**VISIT, "Dead fish": "1,200"}, none_said)
    ).mortality
    assert rows[["deaths_count", "source_row"]].to_numpy().tolist() == [[0, 1], [1200, 2]]
    assert rows["date_from"].isna().all()
    assert rows["cause"].isna().all()
    assert set(rows["date_to"]) == {pd.Timestamp(2024, 3, 2)}


def test_a_visit_says_when_why_and_who_measured(agency):
    more = {"Ammonia—NH3 (mg/L)": "0.02", "Individuals air gulping": "12.0", "Weight": "250"}
    rows = read(agency(WATER, "2026", {**VISIT, **more})).measures.set_index("quantity")
    assert rows["value"].to_dict() == {
        "dissolved oxygen": 3.5,
        "un-ionised ammonia": 0.02,
        "air gulping": 12,
        "weight of a fish": 250,
    }
    assert set(rows["occasion"]) == {"Morning, follow-up"}
    assert rows["measured_by"].to_dict() == dict.fromkeys(rows.index, "researcher") | {"weight of a fish": "operator"}


def test_a_density_per_acre_is_brought_to_square_metres(agency):
    housing = read(agency(WATER, "2026", {**VISIT, "Stocking density (per acre)": "3000", "Species": "A, B"})).housing
    assert housing["density_animals_per_m2"].iloc[0] == pytest.approx(3000 / 4046.8564224)
    assert housing["species"].tolist() == ["A; B"]


def test_after_a_harvest_the_pond_is_empty_and_the_shrimp_are_counted_apart(agency):
    harvest = {**EVENT, "Type": "Harvest", "Current fish stocking density per acre": "0.0"}
    shrimp = {**EVENT, "Current shrimp stocking density per acre": "40000.0", "Notes": "K. Smith paid"}
    tables = read(agency(STOCK, "2026", harvest, shrimp))
    assert tables.housing[["source_row", "density_animals_per_m2"]].to_numpy().tolist() == [[1, 0]]
    assert tables.measures[["source_row", "subject", "unit", "value", "occasion"]].to_numpy().tolist() == [
        [2, "shrimp", "animals/acre", 40000, "Stocking"]
    ]
    assert "Notes" in tables.withheld
    assert not any("Smith" in frame.to_csv() for _, frame in tables)
