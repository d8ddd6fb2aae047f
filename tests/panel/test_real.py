"""The agencies' own files of June 2025, FY2024 and 2015-2017: the figures that issue 2 names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from welfare.link.links import link_records
from welfare.panel.build import build_panel
from welfare.panel.exposure import coverage, region_coverage
from welfare.panel.line_speeds import speed_on
from welfare.panel.places import operators_on
from welfare.sources.read import read
from welfare.sources.trace import trace

pytestmark = pytest.mark.real

FILES = (
    "fsis/mpi_directory_2025-06.csv",
    "fsis/mpi_directory_2017.csv",
    "fsis/establishment_demographics_2025-06.csv",
    "fsis/humane_handling_fy2024_by_establishment.csv",
    "fsis/poultry_line_speed_waivers.csv",
    "osha/severe_injury_reports_2015-2017.csv",
)


@pytest.fixture(scope="module")
def bundles(shared):
    return {path: read(shared / "data" / "us" / path) for path in FILES}


@pytest.fixture(scope="module")
def links(bundles):
    return link_records(*bundles.values())


@pytest.fixture(scope="module")
def panel(bundles, links):
    return build_panel(links, *bundles.values(), period="all")


@pytest.fixture(scope="module")
def fiscal_years(bundles, links):
    return build_panel(links, *bundles.values(), period="fiscal_year")


def _has(joined, word):
    return joined.fillna("").str.split("+").map(lambda words: word in words)


def test_one_row_per_plant_of_the_directory_of_june_2025(bundles, panel, fiscal_years):
    assert len(panel) == panel["facility_id"].nunique() == 7099
    assert set(panel["facility_id"]) == set(bundles[FILES[0]].facilities["facility_id"])
    assert fiscal_years.groupby("period_start")["facility_id"].nunique().tolist() == [7099] * 10  # FY2015 to FY2024


def test_humane_handling_counts_are_the_file_s_less_the_unlinked(bundles, links, panel, fiscal_years):
    rows = bundles[FILES[3]].inspections
    linked = rows[rows["record_id"].isin(links.places["record_id"])]
    assert (len(rows), rows["tasks_count"].sum(), rows["findings_count"].sum()) == (1042, 193_594, 788)
    assert len(linked) / len(rows) >= 0.95
    for table in (panel, fiscal_years[fiscal_years["period_start"] == "2023-10-01"]):
        assert table["tasks_count"].sum() == linked["tasks_count"].sum()
        assert table["findings_count"].sum() == linked["findings_count"].sum()
        assert table["tasks_count"].notna().sum() == linked["record_id"].nunique()
    assert fiscal_years.loc[fiscal_years["period_start"] < "2023-10-01", "tasks_count"].isna().all()


def test_injuries_are_null_in_north_carolina_and_0_where_none_were_reported(bundles, panel):
    reports = bundles[FILES[5]].injuries
    slaughter = reports[reports["industry_code"].str.startswith("3116")]
    plans = region_coverage("us.osha.severe_injury").set_index("region")["coverage"]
    # Nothing of this industry was ever filed from a state with its own plan; of other industries a few were.
    assert (slaughter["region"].map(plans) == "full").all()
    assert (reports["region"] == "NC").sum() == 28
    carolina = panel[panel["region"] == "NC"]
    assert len(carolina) > 100
    assert carolina[["injuries_count", "injuries_confirmed_count", "plant_years"]].isna().all(axis=None)
    georgia = panel[panel["region"] == "GA"]
    assert georgia["injuries_count"].notna().all()
    assert (georgia["injuries_count"] == 0).any()
    days = (pd.Timestamp("2017-02-28") - pd.Timestamp("2015-01-01")).days + 1
    assert georgia["plant_years"].to_numpy() == pytest.approx(days / 365.25)


def test_coverage_words(panel):
    table = coverage(panel).set_index(["column", "region"])["coverage"]
    assert table["injuries_count", "NC"] == "none"
    assert table["injuries_count", "CA"] == "none"
    assert table["injuries_count", "GA"] == "full"
    assert set(table["line_speed_animals_per_min"]) == {"none"}  # no permission holds from 2015 to 2024


def test_injuries_in_the_panel_are_the_linked_ones_of_plants_that_still_stand(bundles, links, panel):
    home = links.places.set_index("record_id")["facility_id"]
    places = bundles[FILES[5]].injuries["record_id"].map(home).dropna()
    assert panel["injuries_count"].sum() == places.isin(panel["facility_id"]).sum() > 300
    gone = places[~places.isin(panel["facility_id"])]
    old = set(bundles[FILES[1]].facilities["facility_id"])
    assert set(gone) <= old


def test_waiver_plants_may_run_175_from_2023_03_31_and_nobody_can_tell_of_the_day_before(bundles, links, fiscal_years):
    home = links.places.set_index("record_id")["facility_id"]
    speeds = bundles[FILES[4]].line_speeds
    speeds = speeds.assign(facility_id=speeds["record_id"].map(home))
    on, before = speed_on(speeds, "2023-03-31"), speed_on(speeds, "2023-03-30")
    assert on["facility_id"].nunique() == len(on) == len(before) == 44
    assert on["verdict"].eq("permitted").all()
    assert on["speed_animals_per_min"].eq(175).all()
    assert before["verdict"].eq("cannot tell").all()
    assert before["speed_animals_per_min"].isna().all()
    fast = fiscal_years[fiscal_years["line_speed_animals_per_min"].notna()]
    assert fast["period_start"].unique().tolist() == [pd.Timestamp("2023-10-01")]  # FY2023 began before the grant
    assert set(fast["facility_id"]) == set(on["facility_id"])
    assert fast["line_speed_basis"].eq("waiver").all()


def test_the_column_npis_waiver_gives_no_plant_a_speed(fiscal_years):
    unexplained = fiscal_years[_has(fiscal_years["line_speed_regime"], "npis_waiver")]
    assert unexplained["facility_id"].nunique() == 6
    assert unexplained["line_speed_animals_per_min"].isna().all()


def test_fast_and_slow_young_chicken_plants_share_no_large_volume_category(panel):
    young_chicken = panel[_has(panel["species"], "young_chicken")]
    npis = young_chicken[_has(young_chicken["line_speed_regime"], "npis")]
    traditional = young_chicken[_has(young_chicken["line_speed_regime"], "traditional")]
    assert npis["volume_category"].value_counts().to_dict() == {"5": 148, "4": 2}
    assert traditional["volume_category"].value_counts().to_dict() == {"3": 41, "4": 32, "2": 15, "1": 8}
    assert not set(npis["facility_id"]) & set(traditional["facility_id"])
    # The issue counts 95: the file has 96 under traditional, of which one is under SIS too (and another under NELS).
    assert (len(traditional), (~_has(traditional["line_speed_regime"], "sis")).sum()) == (96, 95)


def test_a_row_leads_to_the_agencies_own_records_and_no_narrative_is_shown(bundles, panel):
    hurt = panel[(panel["injuries_count"].fillna(0) > 0) & panel["tasks_count"].notna()].iloc[0]
    records = trace(hurt, *bundles.values())
    assert records["source_id"].value_counts()["us.osha.severe_injury@2017-02-28"] == hurt["injuries_count"]
    assert set(records["source_id"]) == {
        "us.fsis.mpi_directory@2025-06",
        "us.fsis.establishment_demographics@2025-06",
        "us.fsis.humane_handling@FY2024",
        "us.osha.severe_injury@2017-02-28",
    }
    by_source = records.groupby("source_id").first()
    handling = by_source.loc["us.fsis.humane_handling@FY2024"]
    lines = Path(handling["path"]).read_text(encoding="utf-8").splitlines()  # the file itself, without the library
    number, tasks, found, _ = lines[handling["source_row"]].split(",")
    assert (
        f"EstablishmentNumber: {number}; inspection_tasks: {tasks}; noncompliance_records: {found};"
        in handling["record"]
    )
    assert (int(tasks), int(found)) == (hurt["tasks_count"], hurt["findings_count"])
    assert hurt["facility_id"].removeprefix("us.fsis:") in by_source.loc["us.fsis.mpi_directory@2025-06", "record"]
    injuries = records[records["source_id"].str.startswith("us.osha")]
    told = bundles[FILES[5]].raw["Final Narrative"]
    for row in injuries.itertuples():
        assert "Final Narrative: withheld" in row.record
        assert told.iloc[row.source_row - 1][:40] not in row.record


def test_the_operator_of_an_injury_is_that_of_the_directory_of_2017_where_it_lists_the_plant(bundles, links):
    home = links.places.set_index("record_id")["facility_id"]
    events = bundles[FILES[5]].injuries
    events = events.assign(facility_id=events["record_id"].map(home)).dropna(subset=["facility_id"])
    named = operators_on(links, list(bundles.values()), events)
    listed = set(bundles[FILES[1]].facilities["record_id"].map(home).dropna())
    in_2017 = events["facility_id"].isin(listed)
    assert named.loc[in_2017, "directory"].eq("us.fsis.mpi_directory@2017").all()
    assert named.loc[~in_2017, "directory"].eq("us.fsis.mpi_directory@2025-06").all()
    assert in_2017.mean() > 0.8
    assert named["operator"].notna().all()
