"""What was planted in the simulated industry is found from its files alone, and what was not is not."""

from __future__ import annotations

from math import log

import pandas as pd
import pytest

from welfare.examples import write_example
from welfare.patterns.detection.detection import detection
from welfare.patterns.detection.estimates import FEWER
from welfare.schema.provenance import read_provenance
from welfare.study import run_study


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    # The study draws its industry with its own seed, 0.
    return write_example(tmp_path_factory.mktemp("truth"), seed=0)


@pytest.fixture(scope="module")
def unplanted(tmp_path_factory):
    data, out = tmp_path_factory.mktemp("unplanted"), tmp_path_factory.mktemp("unplanted-out")
    write_example(data, seed=0, planted=False)
    return run_study("us-slaughter", data=data, out=out).findings


def _term(model, name):
    return model.table.set_index("term").filter(like=name, axis=0).iloc[0]


def _agrees(term, ratio):
    """Whether a planted ratio lies in the 99% interval: one of a hundred honest tests would fail, not one of twenty."""
    return abs(term["estimate"] - log(ratio)) < 2.576 * term["std_error"]


def test_the_inspection_system_and_the_line_speed_raise_injuries_by_the_planted_ratios(simulated, truth):
    model = simulated.study.findings.speed_model
    system, speed = _term(model, "npis"), _term(model, "speed_10")
    assert _agrees(system, truth.regime_ratio)
    assert _agrees(speed, truth.speed_ratio_per_10)
    assert system["ratio_low"] > 1
    assert speed["ratio_low"] > 1


def test_where_no_effect_was_planted_none_is_found(unplanted):
    system, speed = _term(unplanted.speed_model, "npis"), _term(unplanted.speed_model, "speed_10")
    assert _agrees(system, 1)
    assert _agrees(speed, 1)


def test_the_bad_plants_are_flagged_and_hardly_any_other(simulated, truth):
    table = simulated.study.findings.plants.table
    flagged = set(table.loc[table["flagged"] == "above", "facility_id"])
    compared = set(truth.bad_plants) & set(table["facility_id"])
    assert len(compared) >= 6
    assert len(flagged & compared) >= len(compared) - 1
    # Plants of the planted cluster differ too; any other would be a false discovery.
    assert len(flagged - set(truth.bad_plants) - set(truth.cluster_members)) <= 1


def test_without_bad_plants_hardly_any_is_flagged(unplanted):
    assert (unplanted.plants.table["flagged"] != "").sum() <= 1


def test_the_cluster_is_found_where_it_was_planted(simulated, truth):
    findings = simulated.study.findings
    best = findings.clusters.table.iloc[0]
    members = set(findings.panel.loc[best["members"], "facility_id"])
    searched = set(findings.plants.table["facility_id"]) & set(truth.cluster_members)
    assert best["p_value"] <= 0.05
    assert len(members & searched) >= 0.75 * len(searched)
    assert len(members - searched) <= 3


def test_without_a_cluster_none_is_found(unplanted):
    assert unplanted.clusters.table["p_value"].min() > 0.05


def test_the_district_that_under_reports_is_found(simulated, unplanted, truth):
    table = simulated.study.findings.districts.table.set_index("facility_id")
    assert table.loc[truth.weak_district, "flagged"] == "below"
    assert list(table.index[table["flagged"] == "below"]) == [truth.weak_district]
    assert (unplanted.districts.table["flagged"] != "").sum() == 0


def test_the_part_of_what_inspectors_do_not_see_names_that_district_and_no_inspector(simulated, unplanted, truth):
    def told(panel: pd.DataFrame) -> pd.DataFrame:
        seen = panel[panel["tasks_count"].notna()]
        table = detection(seen, expected="expected_count", replicates=0).table
        return table[(table["part"] == "district") & (table["unit"] == "ratio")]

    named = told(simulated.study.findings.panel)
    # Bad plants and the planted cluster may put other districts above.
    weak = named[named["reason"] == FEWER]
    assert weak["quantity"].tolist() == [f"recorded against expected: {truth.weak_district}"]
    row = weak.iloc[0]
    assert row["low"] < truth.weak_ratio < row["high"] < 0.6
    assert row["reason"] == FEWER
    assert told(unplanted.panel).empty


def test_linked_injuries_are_the_planted_ones(simulated, truth):
    findings = simulated.study.findings
    event = pd.concat(
        b.injuries.set_index("record_id")["event_id"] for b in findings.of_source("us.osha.severe_injury")
    )
    planted = truth.links.set_index("event_id")["facility_id"]
    places = findings.links.places.set_index("record_id")["facility_id"]
    pairs = findings.links.table
    pairs = pairs[pairs["left_source"].str.startswith("us.osha") & pairs["decision"].isin(["linked", "confirmed"])]
    right = pairs["left_id"].map(places) == pairs["left_id"].map(event).map(planted)
    assert len(pairs) > 2500
    assert right.mean() >= 0.99


def test_every_page_figure_row_and_file_says_simulated(simulated):
    page = (simulated.out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == page.count('data-simulated="true"') > 5
    assert "SIMULATED" in page[: page.index("</h1>") + 2000]
    for name in ("panel.parquet", "links.parquet"):
        assert (pd.read_parquet(simulated.out / name)["SIMULATED"] == "SIMULATED").all()
        assert read_provenance(simulated.out / name)["simulated"] is True
    assert (pd.read_csv(simulated.out / "links_to_review.csv")["SIMULATED"] == "SIMULATED").all()
    for name in ("results.json", "account.json"):
        assert '"simulated": true' in (simulated.out / name).read_text(encoding="utf-8")
    assert "SIMULATED" in simulated.study.text
