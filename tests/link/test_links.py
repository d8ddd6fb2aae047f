"""Links end to end on small files in the agencies' layouts: one id per place, nothing counted twice, nothing lost."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.link.links import COUNTED, Links, link_records
from welfare.sources.read import read

NOWHERE = {"Address1": "1 Elm Rd", "City": "Elmton", "Zip": "39999", "Latitude": "31", "Longitude": "-82"}


def place_of(links: Links, record_id: str) -> str | None:
    found = links.places.loc[links.places["record_id"] == record_id, "facility_id"]
    assert len(found) <= 1
    return None if found.empty else found.item()


def assert_consistent(links: Links, bundles) -> None:
    """What must hold of any links: every record is counted once, and whatever is counted has a place."""
    places, table = links.places, links.table
    assert places["record_id"].is_unique
    assert not places.isna()[["facility_id", "record_id"]].any(axis=None)
    counted = table[table["decision"].isin(COUNTED)]
    assert counted["left_id"].is_unique
    home = places.set_index("record_id")["facility_id"]
    assert (counted["left_id"].map(home) == counted["right_id"].map(home)).all()
    directories = {b.source_id for b in bundles if b.facilities["street"].notna().any()}
    listed = {record for b in bundles if b.source_id in directories for record in b.facilities["record_id"]}
    assert set(places["record_id"]) == listed | set(counted["left_id"])
    assert table["reason"].str.len().gt(0).all()
    assert not table.duplicated(["left_id", "right_id"]).any()
    words = ["linked", "confirmed", "review", "rejected", "unmatched", "outside"]
    assert (links.summary[words].sum(axis=1) == links.summary["records"]).all()
    left_out = ["rejected", "unmatched", "outside"]
    assert len(links.unmatched) == links.summary[left_out].to_numpy().sum()
    assert not set(links.unmatched["record_id"]) & set(counted["left_id"])
    for record, facility in zip(places["record_id"], places["facility_id"], strict=True):
        standing = table[(table["left_id"] == record) & table["decision"].isin(COUNTED)]
        assert len(standing) == 1 or record in listed, (record, facility)


@pytest.fixture
def bundles(agency, alder):
    """A plant in both directories, one that closed, one whose number was handed on, and records of all of them."""
    closed = alder["2017"] | {
        "est_number": "P9",
        "company": "Cedar Poultry",
        "street": "9 Elm Rd",
        "city": "Elmton",
        "zip": "39999",
    }
    before = alder["2017"] | {
        "est_number": "P3",
        "company": "Dogwood Deli",
        "st": "AL",
        "city": "Pineton",
        "zip": "35000",
    }
    after = alder["2025"] | {
        "establishment_id": "3",
        "establishment_number": "P3",
        "establishment_name": "Elder Turkey",
        "street": "7 Bay Rd",
        "city": "Bayton",
        "zip": "30009",
        "latitude": "32.5",
        "longitude": "-83",
    }
    reports = (
        alder["report"],
        alder["report"] | {"ID": "2", "Employer": "Cedar Poultry Inc", **NOWHERE, "Address1": "9 Elm Road"},
        alder["report"] | {"ID": "3", "Employer": "Oakton Bakery", "Primary NAICS": "311811"},
        alder["report"] | {"ID": "4", "Employer": "Fir Poultry", **NOWHERE, "City": "Firton", "Zip": "38888"},
    )
    return (
        agency.directory(alder["2025"], after),
        agency.older(alder["2017"], closed, before),
        agency.humane("M1", "P3", "P9"),
        agency.waivers("P1"),
        agency.reports(*reports),
    )


@pytest.fixture
def links(bundles) -> Links:
    return link_records(*bundles)


def test_every_record_has_one_place_or_a_reason(links, bundles):
    assert_consistent(links, bundles)


def test_an_older_record_shares_the_id_of_its_plant_today(links):
    assert place_of(links, "us.fsis.mpi_directory@2017#1") == "us.fsis:1"
    assert place_of(links, "us.fsis.mpi_directory@2025-06#1") == "us.fsis:1"


def test_a_closed_plant_is_a_place_of_its_own_with_its_injuries(links):
    assert place_of(links, "us.fsis.mpi_directory@2017#2") == "us.fsis.grant:P9"
    assert place_of(links, "us.osha.severe_injury@2017-02-28#2") == "us.fsis.grant:P9"
    assert any(
        note.startswith("1 linked records of us.osha.severe_injury@2017-02-28 are of plants") for note in links.notes
    )
    # A number alone does not lead to it: numbers of closed plants are handed on.
    assert place_of(links, "us.fsis.humane_handling@FY2024#3") is None


def test_a_number_in_another_region_was_handed_on(links):
    record = "us.fsis.mpi_directory@2017#3"
    (pair,) = links.table[links.table["left_id"] == record].itertuples()
    assert pair.decision == "review"
    assert pair.reason == "same us.fsis.grant P3; AL in one file, GA in the other: the number was handed on"
    assert place_of(links, record) == "us.fsis.grant:P3"


def test_numbers_link_files_that_know_nothing_else(links):
    assert place_of(links, "us.fsis.humane_handling@FY2024#1") == "us.fsis:1"
    assert place_of(links, "us.fsis.humane_handling@FY2024#2") == "us.fsis:3"
    assert place_of(links, "us.fsis.line_speed_waivers@2023-03-31#1") == "us.fsis:1"


def test_what_is_not_linked_says_why(links):
    reasons = links.unmatched.set_index("record_id")["reason"]
    assert reasons.to_dict() == {
        "us.fsis.mpi_directory@2017#2": (
            "no facility of the directory carries its number; no facility is alike in name and place"
        ),
        "us.fsis.humane_handling@FY2024#3": "no facility of the directory carries its number",
        "us.osha.severe_injury@2017-02-28#3": "outside: another industry than the directory's",
        "us.osha.severe_injury@2017-02-28#4": "no facility is alike in name and place",
    }
    assert links.dropped["row"].tolist() == links.unmatched["record_id"].tolist()


def test_the_text_gives_counts_and_shares(links):
    assert "The 2 facilities of us.fsis.mpi_directory@2025-06 are the places." in links.text
    assert "us.fsis.humane_handling@FY2024: 2 of 3 records linked, 66.7%." in links.text
    assert (
        "us.osha.severe_injury@2017-02-28: 2 of 3 records linked, 66.7% (1 more are of other industries)." in links.text
    )
    assert not links.text.startswith("SIMULATED")


def test_the_order_of_the_files_changes_nothing(bundles):
    def facts(links: Links) -> tuple[list, list]:
        pairs = links.table.sort_values(["left_id", "right_id"]).to_numpy().tolist()
        return pairs, links.places.sort_values("record_id").iloc[:, :2].to_numpy().tolist()

    first = facts(link_records(*bundles))
    for order in itertools.islice(itertools.permutations(bundles), 1, None, 17):
        assert facts(link_records(*order)) == first


def test_the_same_files_give_the_same_bytes(bundles):
    one, other = link_records(*bundles), link_records(*bundles)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.places, other.places)


def test_a_number_of_a_record_without_a_region_still_counts(agency, alder):
    # Its name and street are others, but the number is not contradicted by a region it does not state.
    nowhere = alder["2017"] | {"st": "", "company": "Other", "street": "9 Elm Rd", "city": "", "zip": ""}
    bundles = agency.directory(alder["2025"]), agency.older(nowhere)
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert place_of(links, "us.fsis.mpi_directory@2017#1") == "us.fsis:1"
    assert links.table["reason"].item() == "same us.fsis.grant P1"


def test_an_older_file_without_addresses_adds_no_places(agency, alder):
    bare = {"company": "Alder Poultry", "street": "", "city": "", "zip": ""}
    bundles = (
        agency.directory(alder["2025"]),
        agency.older(alder["2017"] | bare, alder["2017"] | bare | {"est_number": "P9"}),
    )
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert place_of(links, "us.fsis.mpi_directory@2017#1") == "us.fsis:1"
    assert place_of(links, "us.fsis.mpi_directory@2017#2") is None


def test_reports_without_region_coordinates_street_or_name(agency, alder):
    rows = [
        alder["report"] | {"ID": "1", "State": "", "Zip": "", "Address1": "", "Latitude": "", "Longitude": ""},
        alder["report"] | {"ID": "2", "Latitude": "", "Longitude": ""},
        alder["report"] | {"ID": "3", "Address1": ""},
        alder["report"] | {"ID": "4", "Employer": ""},
        alder["report"] | {"ID": "5", "Primary NAICS": ""},
        alder["report"] | {"ID": ""},
    ]
    bundles = agency.directory(alder["2025"] | {"latitude": "", "longitude": ""}), agency.reports(*rows)
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    decisions = links.table.set_index(links.table["left_id"].str.rpartition("#")[2].rename("row"))["decision"]
    assert decisions.to_dict() == {"2": "linked", "3": "linked", "4": "review", "6": "linked"}
    assert links.unmatched["reason"].tolist() == [
        "it does not say in which region it happened",
        "outside: it states no industry",
    ]
    # Without an employer's name or an event id, the review still says which record it is.
    assert links.review()["record"].tolist() == ["4"]


def test_a_plant_that_two_older_directories_list_is_one_place(agency, alder):
    cedar = alder["2017"] | {"est_number": "M9+P9", "company": "Cedar Poultry", "street": "9 Elm Rd", "city": "Elmton"}
    later = cedar | {"est_number": "P9+V9"}
    report = alder["report"] | {"Employer": "Cedar Poultry", **NOWHERE, "Address1": "9 Elm Rd"}
    bundles = (
        agency.older(cedar, vintage="2013"),
        agency.older(later, vintage="2017"),
        agency.directory(alder["2025"]),
        agency.reports(report),
    )
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert place_of(links, "us.fsis.mpi_directory@2013#1") == place_of(links, "us.fsis.mpi_directory@2017#1")
    assert place_of(links, "us.osha.severe_injury@2017-02-28#1") == "us.fsis.grant:P9"


def test_two_plants_with_one_number_never_share_an_id(agency, alder):
    # In the older file the number is that of a plant in another state.
    before = alder["2017"] | {"company": "Dogwood Deli", "st": "AL", "city": "Pineton", "zip": "35000"}
    bundles = agency.older(alder["2017"], vintage="2017"), agency.older(before, vintage="2013")
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert place_of(links, "us.fsis.mpi_directory@2017#1") == "us.fsis.grant:P1"
    assert place_of(links, "us.fsis.mpi_directory@2013#1") == "us.fsis.mpi_directory@2013#1"


def test_a_facility_that_the_directory_lists_twice_is_one_place(agency, alder):
    again = alder["2025"] | {"establishment_number": "V1", "establishment_name": "Alder Poultry Annex"}
    bundles = agency.directory(alder["2025"], again), agency.humane("M1", "V1"), agency.reports(alder["report"])
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert set(links.places["facility_id"]) == {"us.fsis:1"}
    assert len(links.places) == 5
    assert any("repeat a facility_id" in note for note in links.notes)


def test_several_records_of_one_place_are_noted(agency, alder):
    bundles = agency.directory(alder["2025"]), agency.humane("M1", "P1")
    links = link_records(*bundles)
    assert_consistent(links, bundles)
    assert any(
        note.startswith("1 places carry more than one record of us.fsis.humane_handling@FY2024") for note in links.notes
    )


def test_made_up_and_real_plants_are_not_linked(agency, alder):
    made_up = alder["2017"] | {"est_number": "PSIM0001"}
    with pytest.raises(
        BadParameter, match=r"mpi_directory@2017 is simulated and us\.fsis\.mpi_directory@2025-06 is real"
    ):
        link_records(agency.directory(alder["2025"]), agency.older(made_up))


def test_without_a_directory_there_are_no_places(agency, alder):
    with pytest.raises(BadParameter, match="no file lists facilities with their addresses"):
        link_records(agency.reports(alder["report"]))
    with pytest.raises(BadParameter, match="no file lists facilities"):
        link_records()


def test_a_file_given_twice_is_refused(agency, alder):
    directory = agency.directory(alder["2025"])
    with pytest.raises(BadParameter, match=r"two files are us\.fsis\.mpi_directory@2025-06"):
        link_records(directory, directory)


def test_a_directory_alone_is_its_places(agency, alder):
    links = link_records(agency.directory(alder["2025"]))
    assert links.places[["facility_id", "record_id"]].to_numpy().tolist() == [
        ["us.fsis:1", "us.fsis.mpi_directory@2025-06#1"]
    ]
    assert links.table.empty
    assert links.unmatched.empty
    assert links.review().empty
    assert links.table["score"].dtype == float


def test_the_review_lays_both_sides_side_by_side(agency, alder):
    twin = alder["2025"] | {
        "establishment_id": "2",
        "establishment_number": "P2",
    }
    links = link_records(
        agency.directory(alder["2025"], twin), agency.reports(alder["report"], alder["report"] | {"ID": "7"})
    )
    review = links.review()
    # Each report's candidates stand together, the likeliest first.
    assert review["record"].tolist() == ["2016010001"] * 2 + ["7"] * 2
    assert review["score"].tolist() == sorted(review["score"][:2], reverse=True) * 2
    first = review.iloc[0]
    assert first[["source", "name_reported", "street_directory"]].tolist() == [
        "us.osha.severe_injury",
        "ALDER POULTRY",
        "100 North Main Street",
    ]
    assert len(links.review(3)) == 3
    pd.testing.assert_frame_equal(links.review(3), review.head(3))


@pytest.mark.real
@pytest.mark.parametrize(
    ("files", "places", "linked"),
    [
        (("ca/dfo/sea_lice_counts_2011-2022.csv", "ca/dfo/sea_lice_audits_2011-2020.csv"), 101, 392),
        (("in/fwi/water_quality.csv", "in/fwi/stocking_harvest.csv"), 298, 1456),
        (("gb/scotland_salmon/farm_i.csv", "gb/scotland_salmon/pub_dataset.csv"), 8, 5134),
    ],
)
def test_every_row_of_a_file_that_repeats_its_places_has_one(shared, files, places, linked):
    bundles = [read(shared / "data" / name) for name in files]
    links = link_records(*bundles)
    records = {record for bundle in bundles for _, frame in bundle for record in frame["record_id"]}
    assert links.places["facility_id"].nunique() == places
    assert links.summary["linked"].sum() == linked
    assert set(links.places["record_id"]) == records - set(links.unmatched["record_id"])
