"""The simulated industry: what its files hold is in the panel, less what was not linked, and nothing twice."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from welfare.errors import RecordsLeftOut
from welfare.examples import write_example
from welfare.link.links import link_records
from welfare.panel.build import SIMULATED, build_panel
from welfare.panel.exposure import region_coverage
from welfare.sources.read import read
from welfare.sources.trace import trace


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    write_example(folder, seed=0, plants=300)
    return [read(path) for path in sorted(folder.rglob("*.csv")) if path.name != "MANIFEST.csv"]


@pytest.fixture(scope="module")
def links(bundles):
    return link_records(*bundles)


@pytest.fixture(scope="module")
def panels(bundles, links):
    built = {}
    for period in ("year", "fiscal_year", "all"):
        with warnings.catch_warnings():
            # Each length of period leaves out what it cannot hold: fiscal years in calendar years and the reverse.
            warnings.simplefilter("ignore", RecordsLeftOut)
            built[period] = build_panel(links, *bundles, period=period)
    return built


@pytest.fixture(scope="module")
def home(links):
    return links.places.set_index("record_id")["facility_id"]


def _stacked(bundles, table):
    return pd.concat([getattr(bundle, table) for bundle in bundles], ignore_index=True)


def _at_plants(rows, home, panel):
    """The rows whose record is linked to a plant of the newest directory."""
    return rows[rows["record_id"].map(home).isin(panel["facility_id"])]


@pytest.mark.parametrize("period", ["fiscal_year", "all"])
def test_tasks_and_findings_are_those_of_the_files_less_the_unlinked(bundles, panels, home, period):
    rows, panel = _stacked(bundles, "inspections"), panels[period]
    linked = _at_plants(rows, home, panel)
    assert len(linked) >= 0.9 * len(rows)
    for column in ("tasks_count", "findings_count"):
        assert panel[column].sum() == linked[column].sum() > 0
    by_year = linked.groupby("date_from")["tasks_count"].sum()
    if period == "fiscal_year":
        in_panel = panel.groupby("period_start")["tasks_count"].sum()
        assert in_panel[in_panel > 0].to_dict() == by_year.to_dict()


@pytest.mark.parametrize("period", ["year", "all"])
def test_injuries_are_those_of_the_files_less_the_unlinked(bundles, panels, home, period):
    rows, panel = _stacked(bundles, "injuries"), panels[period]
    linked = _at_plants(rows, home, panel)
    assert panel["injuries_count"].sum() == len(linked) > 300
    if period == "year":
        in_panel = panel.groupby(panel["period_start"].dt.year)["injuries_count"].sum()
        assert in_panel[in_panel > 0].to_dict() == linked.groupby(linked["date"].dt.year).size().to_dict()


def test_plant_years_are_the_covered_plants_times_the_years_of_the_files(bundles, panels):
    covered = region_coverage("us.osha.severe_injury").set_index("region")["coverage"].eq("full")
    plants = panels["all"]["region"].map(covered).sum()
    spans = [bundle.period for bundle in bundles if len(bundle.injuries)]
    days = sum((last - first).days + 1 for first, last in spans)
    for panel in panels.values():
        assert panel["plant_years"].sum() == pytest.approx(plants * days / 365.25)
        assert panel.loc[~panel["region"].map(covered), "injuries_count"].isna().all()


def test_a_calendar_year_holds_no_fiscal_year_s_tasks_and_the_warnings_count_them(bundles, links, panels, home):
    assert panels["year"]["tasks_count"].isna().all()
    with pytest.warns(RecordsLeftOut) as caught:
        build_panel(links, *bundles, period="year")
    linked = _at_plants(_stacked(bundles, "inspections"), home, panels["year"])
    said = {str(warning.message).partition(", since")[0] for warning in caught}
    assert said == {
        f"left out of the panel: {rows} rows of {source}" for source, rows in linked.groupby("source_id").size().items()
    }


def test_measured_speeds_are_the_files_own(bundles, panels, home):
    speeds = _stacked(bundles, "line_speeds")
    measured = speeds[speeds["basis"] == "measured"].assign(facility_id=lambda rows: rows["record_id"].map(home))
    expected = measured.dropna(subset=["facility_id"]).set_index(["facility_id", "valid_from"])["speed_animals_per_min"]
    panel = panels["year"]
    found = panel[panel["line_speed_basis"] == "measured"].set_index(["facility_id", "period_start"])
    assert found["line_speed_animals_per_min"].to_dict() == pytest.approx(expected.to_dict())
    assert len(found) > 100


def test_every_row_says_simulated_and_leads_to_records_that_add_up_to_it(bundles, panels):
    panel = panels["fiscal_year"]
    assert (panel[SIMULATED] == SIMULATED).all()
    records = trace(panel, *bundles)
    assert set(records["source_id"]) <= {bundle.source_id for bundle in bundles}
    tasks = _stacked(bundles, "inspections").set_index("record_id")["tasks_count"]
    keys = ["facility_id", "period_start"]
    traced = records.assign(tasks=records["record_id"].map(tasks)).groupby(keys)["tasks"].sum(min_count=1)
    pd.testing.assert_series_equal(
        traced, panel.set_index(keys)["tasks_count"].sort_index(), check_names=False, check_dtype=False
    )
