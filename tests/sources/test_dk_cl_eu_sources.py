"""Danish focus areas, Chilean deaths by cause, European housing systems: fixtures in their layouts, and the files."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadValue
from welfare.sources.read import read

DK, CL, EU = "dk.fvst.welfare_focus_areas", "cl.sernapesca.salmon_deaths", "eu.ec.laying_hens"

HERD = {
    "Besætningsnummer": "012345",
    "CHR nummer": "012346",
    "Dyreart": "15-Svin",
    "Indsatsområde": "Halebid",
    "SRA aftaletype": "Tilvalgsmodul",
    "SRA startdato": "2019-01-01",
    "Indsatsområde startdato": "2020-02-01",
    "Indsatsområde slutdato": "",
}
WEEK = {"region": "X Región", "especie": "Salmón coho", "timepoint": "Semana 1 - Enero 2025", "mort_total": "10"}


def values(frame: pd.DataFrame) -> dict[str, float]:
    return dict(zip(frame["quantity"], frame["value"], strict=True))


# Denmark


def test_a_focus_area_is_a_finding_over_a_spell_that_may_be_open(agency):
    spell = read(agency(DK, "2017", HERD, {**HERD, "Indsatsområde slutdato": "2021-03-04"})).findings
    assert spell["facility_id"].tolist() == ["dk.chr:012346"] * 2
    assert spell["unit_id"].tolist() == ["012345"] * 2
    assert spell[["species", "rule_cited", "theme"]].iloc[0].tolist() == ["pig", "Halebid", "tail biting"]
    assert spell["date"].tolist() == [pd.Timestamp(2020, 2, 1)] * 2
    assert spell["date_to"].isna().tolist() == [True, False]


def test_an_agreement_that_defines_no_focus_area_is_no_finding_and_still_a_herd(agency):
    none = {**HERD, "CHR nummer": "7", "Indsatsområde": "Der er ikke defineret indsatsområde"}
    tables = read(agency(DK, "2017", HERD, none))
    assert tables.findings["source_row"].tolist() == [1]
    assert tables.facilities["facility_id"].tolist() == ["dk.chr:012346", "dk.chr:7"]
    assert len(tables.rejects) == 0


def test_a_holding_is_said_once_and_each_of_its_records_keeps_its_numbers(agency):
    tables = read(agency(DK, "2017", HERD, HERD, {**HERD, "Besætningsnummer": "9"}))
    assert tables.facilities["source_row"].tolist() == [1]
    numbers = tables.identifiers[["source_row", "scheme", "identifier"]].to_numpy().tolist()
    assert numbers == [
        [1, "dk.chr", "012346"],
        [1, "dk.herd", "012345"],
        [2, "dk.chr", "012346"],
        [2, "dk.herd", "012345"],
        [3, "dk.chr", "012346"],
        [3, "dk.herd", "9"],
    ]


def test_a_spell_that_ends_before_it_begins_and_one_of_2097_are_rejects(agency):
    herds = [HERD] * 38 + [
        {**HERD, "Indsatsområde slutdato": "2020-01-31"},
        {**HERD, "Indsatsområde startdato": "2097-01-01"},
    ]
    tables = read(agency(DK, "2017", *herds), vintage="2024")
    assert tables.rejects.to_dict("records") == [
        {"row": 39, "reason": "date_to 2020-01-31 lies before date 2020-02-01"},
        {"row": 40, "reason": "date 2097-01-01 lies in the file's future"},
    ]


def test_a_focus_area_that_the_list_does_not_know_is_a_reject_and_many_of_them_refuse_the_file(agency):
    new = {**HERD, "Indsatsområde": "Kedsomhed"}
    tables = read(agency(DK, "2017", *[HERD] * 20, new))
    assert "'Kedsomhed' is not in data/codes/dk_focus_areas.csv" in tables.rejects["reason"].iloc[0]
    with pytest.raises(BadValue, match="Kedsomhed"):
        read(agency(DK, "2017", HERD, new))


@pytest.mark.real
def test_the_danish_file_gives_the_spells_that_plain_pandas_counts(shared):
    path = shared / "data/dk/fvst/welfare_focus_areas_2017-2024.xlsx"
    raw = pd.read_excel(path, engine="calamine", dtype=str)
    start, end = pd.to_datetime(raw["Indsatsområde startdato"]), pd.to_datetime(raw["Indsatsområde slutdato"])
    defined = raw["Indsatsområde"] != "Der er ikke defineret indsatsområde"
    tables = read(path)
    assert len(raw) == len(tables.raw) == 38_248
    assert len(tables.rejects) == int((defined & (end < start)).sum()) == 33
    assert len(tables.findings) == int((defined & ~(end < start)).sum())
    assert set(tables.findings["source_row"]) == set(raw.index[defined & ~(end < start)] + 1)
    assert (tables.findings["theme"] == "tail biting").sum() == int(
        ((raw["Indsatsområde"] == "Halebid") & ~(end < start)).sum()
    )
    assert tables.facilities["facility_id"].nunique() == raw.loc[~(defined & (end < start)), "CHR nummer"].nunique()


# Chile


def test_the_first_week_of_2025_begins_in_2024(agency):
    rows = read(agency(CL, "2024", WEEK)).area_measures
    assert rows[["area_id", "subject", "date_from", "date_to"]].iloc[0].tolist() == [
        "iso3166-2:CL-LL",
        "coho salmon",
        pd.Timestamp(2024, 12, 30),
        pd.Timestamp(2025, 1, 5),
    ]


def test_a_cause_that_is_zero_is_a_row_and_one_that_is_empty_is_none(agency):
    rows = read(agency(CL, "2024", {**WEEK, "mort_prim_deforme": "0", "n_observaciones": "6"})).area_measures
    assert values(rows) == {"deaths, all as reported": 10, "deaths, cause deformity": 0}
    assert rows["samples_count"].tolist() == [6, 6]


@pytest.mark.parametrize("week", ["Semana 53 - Diciembre 2025", "Semana 60 - Enero 2025", "Week 1 - Enero 2025"])
def test_a_week_that_is_no_iso_week_is_refused(agency, week):
    with pytest.raises(BadValue, match="is not a week"):
        read(agency(CL, "2024", {**WEEK, "timepoint": week}))


@pytest.mark.real
def test_the_chilean_deaths_add_up_as_plain_pandas_adds_them(shared):
    path = shared / "data/cl/sernapesca/salmon_deaths_by_cause_2024-2025.csv"
    raw = pd.read_csv(path)
    rows = read(path).area_measures
    sums = rows.groupby("quantity")["value"].sum()
    assert sums["deaths, all as reported"] == raw["mort_total"].sum()
    assert (
        sums["deaths, all causes"]
        == raw["mort_total_real"].sum()
        == sums[sums.index.str.startswith("deaths, cause ")].sum()
    )
    assert sums["deaths, cause disease"] == sums[sums.index.str.startswith("deaths, disease ")].sum()
    assert (rows["date_to"] - rows["date_from"]).dt.days.unique().tolist() == [6]
    assert (rows["date_from"].min(), rows["date_from"].nunique()) == (pd.Timestamp(2024, 1, 1), 85)


# European Union


def test_a_country_year_gives_one_share_for_each_system_that_is_stated(agency):
    row = {"Country": "Czech Republic", "Year": "2012", "Enriched cage": "0.86", "Barn": "0.14", "Total": "1.00"}
    rows = read(agency(EU, "2011", row)).area_measures
    assert values(rows) == {"in enriched cages": 0.86, "in barns": 0.14}
    assert rows[["area_id", "date_from", "date_to", "basis"]].iloc[0].tolist() == [
        "iso3166:CZ",
        pd.Timestamp(2012, 1, 1),
        pd.Timestamp(2012, 12, 31),
        "published_rate",
    ]


def test_an_empty_country_year_is_not_collected_and_not_zero(agency):
    full = {"Country": "France", "Year": "2012", "Barn": "0.14"}
    tables = read(agency(EU, "2011", full, {"Country": "Malta", "Year": "2012"}))
    assert tables.area_measures["area_id"].tolist() == ["iso3166:FR"]
    assert tables.rejects.to_dict("records") == [{"row": 2, "reason": "the record says nothing that this layout reads"}]


@pytest.mark.real
def test_the_european_file_has_48_country_years_that_were_not_collected(shared):
    tables = read(shared / "data/eu/ec/laying_hens_by_housing_2011-2021.csv")
    assert len(tables.raw) == 297
    assert len(tables.rejects) == 48
    assert tables.area_measures.groupby("source_row")["value"].sum().between(0.985, 1.015).all()
