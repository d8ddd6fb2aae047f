"""British, Canadian, French and Indian files, read in place: records, and totals against plain pandas."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.sources.test_gb_ca_fr_in_sources import AUDITS, CAGES, CHECKS, COUNTS, FARMS, FLOCKS, LIST, STOCK, WATER
from welfare.errors import UnknownSource
from welfare.schema.tables import Tables
from welfare.sources.read import read

pytestmark = pytest.mark.real

FILES = {
    AUDITS: ("gb/fsa/meat_establishment_audits_2015-2017.csv", 968),
    LIST: ("gb/fsa/approved_establishments.csv", 6348),
    CAGES: ("gb/scotland_salmon/pub_dataset.csv", 5134),
    FARMS: ("gb/scotland_salmon/farm_i.csv", 8),
    COUNTS: ("ca/dfo/sea_lice_counts_2011-2022.csv", 16012),
    CHECKS: ("ca/dfo/sea_lice_audits_2011-2020.csv", 392),
    FLOCKS: ("fr/anses/broiler_flocks_doa_condemnation.csv", 351),
    WATER: ("in/fwi/water_quality.csv", 11433),
    STOCK: ("in/fwi/stocking_harvest.csv", 1464),
}
# Per source: the quantity of its measures that a header holds.
QUANTITIES = {
    CAGES: {
        "temperature": "water temperature",
        "waterSpeed": "water speed",
        "windSpeed": "wind speed",
        "lice_total": "sea lice of all stages",
        "agd_score": "amoebic gill disease score",
        "lep_fe": "adult female Lepeophtheirus salmonis",
        "mortality": "weekly mortality",
    },
    FARMS: {"waveHeight": "significant wave height of 50 years"},
    COUNTS: {
        "Average L. salmonis motiles per fish": "motile Lepeophtheirus salmonis",
        "Average L. salmonis females per fish": "adult female Lepeophtheirus salmonis",
        "Average chalimus per fish": "chalimus",
        "Average caligus per fish": "Caligus",
    },
    FLOCKS: {
        "Mort7": "mortality in the first week",
        "Mort": "mortality after the first week",
        "Doa": "dead on arrival",
        "Condemn": "condemned at slaughter",
    },
    WATER: {
        "DO (mg/L)": "dissolved oxygen",
        "pH": "pH",
        "Turbidity (in cm)": "Secchi depth",
        "Ammonia—TAN (NH3-N) (mg/L)": "total ammonia nitrogen",
        "Ammonia—TAN (NH3) (mg/L)": "total ammonia as NH3",
        "Ammonia—NH3 (mg/L)": "un-ionised ammonia",
        "Temp (in °C)": "water temperature",
        "TDS (ppt)": "total dissolved solids",
        "Individuals air gulping": "air gulping",
        "Individuals tail splashing": "tail splashing",
        "Weight": "weight of a fish",
    },
    STOCK: {
        "Current shrimp stocking density per acre": "stocking density",
        "Average fish weight (in grams)": "weight of a fish",
    },
}
File = Callable[[str], tuple[pd.DataFrame, Tables]]


@pytest.fixture(scope="module")
def file(shared: Path) -> File:
    """Return a source's file, read by plain pandas, all text, and by the library."""

    def both(source: str) -> tuple[pd.DataFrame, Tables]:
        path = shared / "data" / FILES[source][0]
        plain = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="latin-1" if source == AUDITS else "utf-8")
        return plain.map(str.strip), read(path)

    return cache(both)


def total(cells: pd.Series) -> float:
    return pd.to_numeric(cells.where(~cells.isin(["", "NA"]))).sum()


@pytest.mark.parametrize("source", FILES)
def test_a_file_is_recognised_and_every_record_is_in_a_table(file, source):
    plain, tables = file(source)
    assert tables.source == source
    assert len(plain) == len(tables.raw) == FILES[source][1]
    assert len(tables.rejects) == 0
    assert set().union(*(frame["source_row"] for _, frame in tables)) == set(range(1, len(plain) + 1))


@pytest.mark.parametrize(("source", "header"), [(s, h) for s, headers in QUANTITIES.items() for h in headers])
def test_each_quantity_has_the_cells_and_the_sum_that_plain_pandas_gives(file, source, header):
    plain, tables = file(source)
    rows = tables.measures[tables.measures["quantity"] == QUANTITIES[source][header]]
    assert len(rows) == (~plain[header].isin(["", "NA"])).sum()
    assert rows["value"].sum() == pytest.approx(total(plain[header]), rel=1e-12)


def test_the_file_that_describes_the_audits_is_no_source(shared):
    with pytest.raises(UnknownSource, match="no source has these headers"):
        read(shared / "data/gb/fsa/meat_establishment_audits_metadata.csv")


def test_the_audits_score_22_items_at_every_plant(file):
    plain, tables = file(AUDITS)
    items = [f"Q2{number}" for number in range(1, 23)]
    assert len(tables.assessments) == 968 * 22
    assert tables.assessments["score"].value_counts().to_dict() == plain[items].melt()["value"].value_counts().to_dict()
    assert tables.assessments["score"].isin(["Minor", "Major", "Critical"]).sum() == 450
    assert tables.inspections["outcome"].value_counts().to_dict() == {
        "Good": 540,
        "Generally Satisfactory": 403,
        "Improvement Necessary": 21,
        "Urgent Improvement Necessary": 4,
    }
    assert (
        tables.facilities["activities"].str.contains("red meat slaughterhouse").sum() == (plain["RSL"] == "Yes").sum()
    )


def test_an_audit_and_the_list_give_a_plant_one_number_but_for_the_traders_of_a_market(file):
    audited, listed = file(AUDITS)[1].facilities, file(LIST)[1].facilities
    both = audited.merge(listed.drop_duplicates("facility_id"), on="facility_id", suffixes=("", "_listed"))
    assert len(both) == 922
    assert (both["region"] == both["region_listed"]).all()

    def letters(names: pd.Series) -> pd.Series:
        plain = names.str.casefold().str.replace("limited", "ltd")
        return plain.str.replace(r"[^a-z0-9]", "", regex=True)

    same = letters(both["name"]) == letters(both["name_listed"])
    near = letters(both["city"]) == letters(both["city_listed"])
    assert (same | near).all()
    left = audited[~audited["facility_id"].isin(listed["facility_id"])]
    assert left["facility_id"].str.startswith("gb.fsa:5102-").sum() == len(left) - 3


def test_points_lie_in_their_country_and_only_england_and_wales_have_any(file):
    plain, tables = file(LIST)
    places = tables.facilities.dropna(subset="latitude_deg")
    assert len(places) == (plain["X"] != "").sum() == 2461
    assert set(places["region"]) == {"England", "Wales"}
    welsh = places[places["region"] == "Wales"]
    abroad = ~welsh["latitude_deg"].between(51.3, 53.5)
    assert abroad.sum() == 3  # vessels approved in Wales, with an address in Devon
    assert set(welsh.loc[abroad, "postcode"]) == {"TQ11 0BJ"}
    assert places["longitude_deg"].between(-6.5, 1.8).all()
    # Postcodes of Norwich lie about 52.63 N, 1.29 E, of Plymouth and Cornwall's west about 50.4 N, 4.1 W.
    norwich = places[places["postcode"].str.startswith("NR")]
    plymouth = places[places["postcode"].str.startswith("PL")]
    assert norwich[["latitude_deg", "longitude_deg"]].median().tolist() == pytest.approx([52.6, 1.3], abs=0.2)
    assert plymouth[["latitude_deg", "longitude_deg"]].median().tolist() == pytest.approx([50.4, -4.4], abs=0.3)
    assert tables.facilities["country"].value_counts().to_dict() == {"GB": 6312, "JE": 23, "IM": 8, "GG": 5}


def test_weekly_mortality_is_a_share_since_its_logit_stands_beside_it(file):
    plain, tables = file(CAGES)
    share, logit = (pd.to_numeric(plain[name], errors="coerce") for name in ("mortality", "lmortRate"))
    known = share.notna()
    assert np.log(share / (1 - share))[known].to_numpy() == pytest.approx(logit[known].to_numpy(), rel=1e-9)
    assert tables.measures.loc[tables.measures["quantity"] == "weekly mortality", "value"].max() < 0.1
    assert tables.housing["density_kg_per_m3"].sum() == pytest.approx(total(plain["biomass_density"]), rel=1e-12)
    assert len(tables.housing) == 5134 - 949


def test_farms_without_a_count_are_not_counted_as_without_lice(file):
    plain, tables = file(COUNTS)
    assert (plain["Incident Date"] == "n/a").sum() == 1754
    assert tables.measures["source_row"].nunique() == 16012 - 1754
    assert set(tables.measures["source_row"]) == set(plain.index[plain["Incident Date"] != "n/a"] + 1)
    assert tables.facilities["facility_id"].nunique() == 101
    pens = tables.measures.groupby("source_row")["samples_count"].first()
    assert pens.sum() == total(plain["Number of Pens Sampled"])


def test_the_audits_two_counts_add_to_what_each_measurer_wrote(file):
    plain, tables = file(CHECKS)
    sums = tables.measures.groupby("measured_by")["value"].sum()
    assert sums["operator"] == pytest.approx(total(plain["Industry average L. salmonis motiles per fish"]))
    assert sums["inspector"] == pytest.approx(total(plain["DFO average L. salmonis motiles per fish"]))
    assert set(tables.facilities["facility_id"]) <= set(file(COUNTS)[1].facilities["facility_id"])


def test_mortality_is_per_hundred_chicks_placed_and_the_later_one_is_without_the_first_week(file):
    plain, tables = file(FLOCKS)
    first, later, placed = (pd.to_numeric(plain[name]) for name in ("Mort7", "Mort", "NbChick"))
    for rate, within in ((first, 1e-6), (later, 0.02)):
        deaths = rate * placed / 100
        assert ((deaths - deaths.round()).abs() < within).sum() >= 347  # whole animals
    assert (later < first).sum() == 107
    assert tables.housing["animals_count"].sum() == total(plain["NbChick"])


def test_dead_fish_add_up_and_a_days_two_records_of_a_pond_may_tell_of_the_same(file):
    plain, tables = file(WATER)
    rows = tables.mortality
    assert rows["deaths_count"].sum() == total(plain["Dead fish"]) == 13_707
    found = rows[rows["deaths_count"] > 0]
    twice = found[found.duplicated(["facility_id", "date_to"])]
    pairs = found[found.duplicated(["facility_id", "date_to"], keep=False)]
    assert len(twice) == 13
    assert twice["deaths_count"].sum() == 1380
    assert len(pairs) == 26
    assert len(pairs.drop_duplicates(["facility_id", "date_to", "deaths_count"])) == 13  # the same number both times


@pytest.mark.parametrize(
    ("source", "header"),
    [(WATER, "Stocking density (per acre)"), (STOCK, "Current fish stocking density per acre")],
)
def test_densities_per_acre_add_up_in_square_metres(file, source, header):
    plain, tables = file(source)
    assert len(tables.housing) == (plain[header] != "").sum()
    acres = tables.housing["density_animals_per_m2"].sum() * 4046.8564224
    assert acres == pytest.approx(total(plain[header]), rel=1e-9)


def test_no_name_of_the_staff_is_in_a_table(file):
    for source, header in ((WATER, "Observer"), (STOCK, "Logged by")):
        plain, tables = file(source)
        names = set(plain[header]) - {"", "unknown"}
        cells = {cell for _, frame in tables for name in frame.select_dtypes("str") for cell in frame[name].unique()}
        assert not names & cells
        assert header in tables.withheld
