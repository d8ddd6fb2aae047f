"""Links on the simulated industry, whose true pairs are known: few are missed and none is wrong."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.link.links import COUNTED


@pytest.fixture(scope="module")
def reports(simulated) -> pd.DataFrame:
    """Every report with the place it was given and its true one; null where there is none."""
    events = pd.concat([bundle.injuries for bundle in simulated.bundles], ignore_index=True)
    found = simulated.links.places.set_index("record_id")["facility_id"]
    true = simulated.truth.links.set_index("event_id")["facility_id"]
    return events.assign(found=events["record_id"].map(found), true=events["event_id"].map(true))


def test_linked_reports_are_linked_right(reports):
    linked = reports[reports["found"].notna()]
    assert len(linked) > 400
    assert (linked["found"] == linked["true"]).mean() >= 0.99


def test_few_true_links_are_missed(reports):
    true = reports[reports["true"].notna()]
    assert len(true) == 495
    assert (true["found"] == true["true"]).mean() >= 0.93


def test_no_report_of_another_employer_is_linked(reports):
    others = reports[reports["true"].isna()]
    assert len(others) > 400
    assert others["found"].isna().all()


def test_a_true_link_that_is_missed_waits_for_a_person_or_is_of_another_industry(simulated, reports):
    outside = simulated.links.unmatched.set_index("record_id")["reason"].str.startswith("outside:")
    left = reports[reports["true"].notna() & reports["found"].isna()]
    missed = left[~left["record_id"].isin(outside[outside].index)].set_index("record_id")["true"]
    assert 0 < len(missed) < len(left)
    pairs = simulated.links.table[simulated.links.table["decision"] == "review"]
    home = simulated.links.places.set_index("record_id")["facility_id"]
    laid_out = pairs.assign(found=pairs["right_id"].map(home)).groupby("left_id")["found"].agg(set)
    shown = [true in laid_out.get(record, set()) for record, true in missed.items()]
    assert all(shown)


def test_numbers_lead_to_the_true_plant(simulated):
    """Every humane-handling row, waiver and measured speed is of the plant that carries its number."""
    plants = simulated.truth.plants
    numbers = plants.assign(number=plants["establishment_number"].str.split("+")).explode("number")
    true = numbers.set_index("number")["facility_id"]
    home = simulated.links.places.set_index("record_id")["facility_id"]
    checked = 0
    for bundle in simulated.bundles:
        if bundle.source != "us.fsis.mpi_directory" and len(bundle.identifiers):
            grants = bundle.identifiers[bundle.identifiers["scheme"] == "us.fsis.grant"]
            assert (grants["record_id"].map(home) == grants["identifier"].map(true)).all()
            checked += len(grants)
    assert checked > 2000


def test_all_is_said_to_be_simulated(simulated):
    assert simulated.links.simulated
    assert simulated.links.text.startswith("SIMULATED.")
    assert not simulated.links.table["decision"].isin(COUNTED[1:]).any()  # nobody confirmed anything
