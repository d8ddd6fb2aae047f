"""Links of the agencies' own files: how many, and that what is counted is consistent."""

from __future__ import annotations

import time

import pytest

from welfare.link.links import COUNTED, link_records

pytestmark = pytest.mark.real

DIRECTORY, OLDER = "us.fsis.mpi_directory@2025-06", "us.fsis.mpi_directory@2017"
DEMOGRAPHICS = "us.fsis.establishment_demographics@2025-06"
HUMANE, WAIVERS = "us.fsis.humane_handling@FY2024", "us.fsis.line_speed_waivers@2023-03-31"
OSHA = "us.osha.severe_injury@2017-02-28"


@pytest.fixture(scope="module")
def summary(real):
    return real.links.summary.set_index("source_id")


@pytest.fixture(scope="module")
def home(real):
    return real.links.places.set_index("record_id")["facility_id"]


def test_humane_handling_records_are_linked(real, summary):
    row = summary.loc[HUMANE]
    assert row["records"] == len(real.bundles[HUMANE].inspections) == 1042
    assert row["linked"] / row["records"] >= 0.95


def test_every_waiver_is_linked_to_a_plant_of_its_own(real, summary, home):
    waivers = real.bundles[WAIVERS].line_speeds["record_id"].map(home)
    assert summary.loc[WAIVERS, ["records", "linked"]].tolist() == [44, 44]
    assert waivers.notna().all()
    assert waivers.is_unique
    assert waivers.str.startswith("us.fsis:").all()


def test_the_two_files_of_one_month_list_the_same_plants(real, home):
    # Both carry the agency's own establishment id, so links and ids can be compared one by one.
    records = real.bundles[DEMOGRAPHICS].facilities.set_index("record_id")["facility_id"]
    linked = records.index.map(home)
    assert linked.notna().mean() >= 0.99
    assert (linked[linked.notna()] == records[linked.notna()]).all()


def test_severe_injury_reports_of_the_industry_are_linked(real, summary, record_property):
    codes = real.bundles[OSHA].injuries["industry_code"]
    ours = int(codes.str.startswith("3116").fillna(False).sum())
    row = summary.loc[OSHA]
    within = row[["linked", "confirmed", "review", "rejected", "unmatched"]].sum()
    assert ours == within == 483
    assert row["outside"] == row["records"] - 483 == 21_578 - 483
    share = (row["linked"] + row["confirmed"]) / 483
    record_property("share_linked", float(share))
    assert share >= 0.75


def test_no_report_of_another_industry_is_linked(real, home):
    injuries = real.bundles[OSHA].injuries
    linked = injuries[injuries["record_id"].isin(home.index)]
    assert linked["industry_code"].str.startswith("3116").all()


def test_every_record_has_at_most_one_place(real, home):
    table = real.links.table
    counted = table[table["decision"].isin(COUNTED)]
    assert home.index.is_unique
    assert counted["left_id"].is_unique
    assert (counted["left_id"].map(home) == counted["right_id"].map(home)).all()
    assert counted["left_id"].map(home).notna().all()
    assert not table.duplicated(["left_id", "right_id"]).any()


def test_every_pair_has_a_reason(real):
    table = real.links.table
    assert table["reason"].str.startswith(("same us.fsis", "name ")).all()
    assert not table["reason"].str.contains(r"\bnan\b").any()
    assert table["score"].between(0, 1).all()


def test_a_linked_report_is_in_the_region_of_its_plant(real):
    table = real.links.table
    pairs = table[(table["method"] == "likeness") & table["decision"].isin(COUNTED)]
    regions = {
        row.record_id: row.region
        for source in (DIRECTORY, OLDER)
        for row in real.bundles[source].facilities.itertuples()
    }
    reports = real.bundles[OSHA].injuries.set_index("record_id")["region"]
    assert (pairs["left_id"].map(reports) == pairs["right_id"].map(regions)).all()


def test_ids_of_places_are_those_of_the_newest_directory_first(real, home):
    today = real.bundles[DIRECTORY].facilities.set_index("record_id")["facility_id"]
    assert (home[today.index] == today).all()
    before = real.bundles[OLDER].facilities["record_id"].map(home)
    counted = real.links.table[(real.links.table["left_source"] == OLDER) & real.links.table["decision"].isin(COUNTED)]
    assert before.isin(set(today)).sum() == len(counted) > 4_700
    gone = before[~before.isin(set(today))]
    assert gone.is_unique  # plants that closed, each with an id of its own
    assert gone.str.startswith("us.fsis.grant:").all()


@pytest.mark.slow
def test_reports_are_linked_fast(real, record_property):
    files = [real.bundles[source] for source in (DIRECTORY, OLDER, OSHA)]
    start = time.perf_counter()
    link_records(*files)
    seconds = time.perf_counter() - start
    record_property("seconds", seconds)  # 2.5 s: 21,578 reports, 483 of them compared with 8,600 places
    assert seconds < 30
