"""Records as they come: each of these has the right place, or waits for a person; none is given to a neighbour."""

from __future__ import annotations

from math import asin, degrees, radians, sin

import pandas as pd
import pytest

from welfare.link.links import COUNTED, Links, link_records

TREES = [
    "Alder",
    "Ash",
    "Aspen",
    "Beech",
    "Birch",
    "Boxwood",
    "Cedar",
    "Cherry",
    "Chestnut",
    "Cypress",
    "Dogwood",
    "Elder",
    "Elm",
    "Fir",
    "Hawthorn",
    "Hazel",
    "Hemlock",
    "Hickory",
    "Holly",
    "Hornbeam",
    "Ironwood",
    "Juniper",
    "Larch",
    "Laurel",
    "Linden",
    "Locust",
    "Magnolia",
    "Maple",
    "Mulberry",
    "Oak",
    "Olive",
    "Pear",
    "Pine",
    "Plum",
    "Poplar",
    "Redwood",
    "Rowan",
    "Spruce",
    "Sycamore",
    "Walnut",
]
ELSEWHERE = {"street": "9 Elm Rd", "city": "Elmton", "zip": "39999"}


def outcome(links: Links, left: str = "osha") -> dict[str, tuple[str, str | None]]:
    """By the number of each left record: the decision on its first pair, and the place it is counted at."""
    rows = links.table[links.table["left_source"].str.contains(left)].sort_values("rank")
    rows = rows.drop_duplicates("left_id")
    home = links.places.set_index("record_id")["facility_id"]
    return {
        row.left_id.rpartition("#")[2]: (row.decision, home.get(row.left_id) if row.decision in COUNTED else None)
        for row in rows.itertuples()
    }


def test_empty_names(agency, alder):
    nameless = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2", "establishment_name": ""}
    away = {"street": "1 Bay Rd", "city": "Bayton", "zip": "30009", "latitude": "32.5", "longitude": "-83"}
    report = alder["report"] | {"Employer": ""}
    # One door: the report may be of that plant, but nobody says so.
    assert outcome(link_records(agency.directory(alder["2025"]), agency.reports(report)))["1"] == ("review", None)
    # A plant without a name is no name for every report that has none.
    links = link_records(agency.directory(alder["2025"], nameless | away), agency.reports(report))
    assert outcome(links)["1"] == ("review", None)
    assert (links.table["right_id"] == "us.fsis.mpi_directory@2025-06#1").all()


def test_post_office_boxes_alone(agency, alder):
    boxed = {"street": "P.O. Box 220", "latitude": "", "longitude": ""}
    other = alder["2025"] | {
        "establishment_id": "2",
        "establishment_number": "P2",
        "establishment_name": "Birch Meat",
        "street": "PO Box 9",
    }
    report = alder["report"] | {"Address1": "Post Office Box 220", "Latitude": "", "Longitude": ""}
    directory = agency.directory(alder["2025"] | boxed, other | {"latitude": "", "longitude": ""})
    assert outcome(link_records(directory, agency.reports(report)))["1"] == ("linked", "us.fsis:1")
    # One box and another name: a person looks.
    stranger = report | {"Employer": "Zwanenberg Foods"}
    assert outcome(link_records(directory, agency.reports(stranger))).get("1", ("none", None))[1] is None


@pytest.fixture
def mall(alder) -> list[dict[str, str]]:
    """Forty firms at one address."""
    return [
        alder["2025"]
        | {
            "establishment_id": str(100 + stall),
            "establishment_number": f"P{100 + stall}",
            "establishment_name": f"{TREES[stall]} Meats",
        }
        for stall in range(40)
    ]


def test_one_address_with_forty_firms(agency, alder, mall):
    named = alder["report"] | {"Employer": mall[17]["establishment_name"]}
    unnamed = alder["report"] | {"ID": "2", "Employer": "Market Hall Services"}
    links = link_records(agency.directory(*mall), agency.reports(named, unnamed))
    found = outcome(links)
    assert found["1"] == ("linked", "us.fsis:117")
    assert found.get("2", ("none", None))[1] is None  # any of forty: none of them is likely
    assert (links.table.groupby("left_id").size() <= 3).all()


@pytest.mark.parametrize("many", [40, 60])
def test_one_address_with_very_many_of_one_name(agency, alder, many):
    twins = [alder["2025"] | {"establishment_id": str(n), "establishment_number": f"P{n}"} for n in range(1, many + 1)]
    links = link_records(agency.directory(*twins), agency.reports(alder["report"]))
    rows = links.table[links.table["left_source"].str.contains("osha")]
    assert rows["decision"].tolist() == ["review"] * 3
    assert rows["reason"].str.endswith("one of many that are as likely").all()


def test_a_firm_with_forty_plants(agency, alder):
    plants = [
        alder["2025"]
        | {
            "establishment_id": str(200 + plant),
            "establishment_number": f"P{200 + plant}",
            "street": f"{10 + plant} Depot Rd",
            "city": f"{chr(65 + plant // 26)}{chr(97 + plant % 26)}ton",
            "zip": f"31{plant:03d}",
            "latitude": f"{31 + plant / 20:.4f}",
        }
        for plant in range(40)
    ]
    there = alder["report"] | {
        "Address1": "27 Depot Road",
        "City": "Arton",
        "Zip": "31017",
        "Latitude": "",
        "Longitude": "",
    }
    nowhere = alder["report"] | {"ID": "2", "Address1": "", "City": "", "Zip": "", "Latitude": "", "Longitude": ""}
    links = link_records(agency.directory(*plants), agency.reports(there, nowhere))
    found = outcome(links)
    assert found["1"] == ("linked", "us.fsis:217")
    assert found.get("2", ("none", None))[1] is None


def test_a_relocated_plant(agency, alder):
    moved = alder["2017"] | {"street": "9 Elm Rd", "city": "Elmton", "zip": "39999"}
    # Its number went with it, and its name says so too.
    links = link_records(agency.directory(alder["2025"]), agency.older(moved | {"company": "Alder Poultry Inc"}))
    assert outcome(links, "2017$")["1"] == ("linked", "us.fsis:1")
    # Without the number, and with a commoner name, a person looks or nobody does.
    renumbered = moved | {"est_number": "P77"}
    found = outcome(link_records(agency.directory(alder["2025"]), agency.older(renumbered)), "2017$")
    assert found.get("1", ("none", None))[1] is None


def test_a_number_reused_by_another_firm(agency, alder):
    before = alder["2017"] | {"company": "Cedar Turkey", **ELSEWHERE}
    bundles = agency.directory(alder["2025"]), agency.older(before), agency.humane("P1")
    links = link_records(*bundles)
    assert outcome(links, "2017$")["1"] == ("review", None)
    home = links.places.set_index("record_id")["facility_id"]
    assert home["us.fsis.mpi_directory@2017#1"] == "us.fsis.grant:P1"
    # The number is known at two places, at two times.
    held = links.numbers[links.numbers["identifier"] == "P1"]
    assert sorted(held["facility_id"]) == ["us.fsis.grant:P1", "us.fsis:1"]


def test_a_number_is_that_of_whoever_held_it_at_the_time(agency, alder):
    before = alder["2017"] | {"company": "Cedar Turkey", **ELSEWHERE}
    period = {"2025": ("2025-06-01", "2025-06-30"), "2017": ("2017-01-01", "2017-12-31")}

    def dated(bundle, year, span=None):
        first, last = map(pd.Timestamp, span or period[year])
        return bundle.__class__(**{**vars(bundle), "period": (first, last)})

    directories = dated(agency.directory(alder["2025"]), "2025"), dated(agency.older(before), "2017")
    then = dated(agency.humane("P1", vintage="FY2018"), "", ("2017-10-01", "2018-09-30"))
    now = dated(agency.humane("P1", vintage="FY2024"), "", ("2023-10-01", "2024-09-30"))
    between = dated(agency.humane("P1", vintage="FY2021"), "", ("2020-10-01", "2021-09-30"))
    links = link_records(*directories, then, now, between)
    home = links.places.set_index("record_id")["facility_id"]
    assert home["us.fsis.humane_handling@FY2018#1"] == "us.fsis.grant:P1"
    assert home["us.fsis.humane_handling@FY2024#1"] == "us.fsis:1"
    # Three years after the one and four before the other: the older listing is stale, the newer stands.
    assert home["us.fsis.humane_handling@FY2021#1"] == "us.fsis:1"
    row = links.table[links.table["left_id"] == "us.fsis.humane_handling@FY2018#1"].iloc[0]
    assert (row["valid_from"], row["valid_to"]) == (pd.Timestamp("2017-10-01"), pd.Timestamp("2018-09-30"))
    held = links.numbers.set_index("facility_id").loc["us.fsis.grant:P1"]
    assert (held["valid_from"], held["valid_to"]) == tuple(map(pd.Timestamp, period["2017"]))


def test_coordinates_of_a_state_s_centre_are_no_evidence(agency, alder):
    # Wyoming lies between two parallels and two meridians: half its area is below the mean of the two sines.
    middle = degrees(asin((sin(radians(41)) + sin(radians(45))) / 2)), (-111.0546 - 104.0522) / 2
    centre = {"latitude": f"{middle[0]:.5f}", "longitude": f"{middle[1]:.5f}"}
    plant = alder["2025"] | centre | {"state": "WY", "city": "Oakton"}
    report = alder["report"] | {
        "State": "WYOMING",
        "City": "Elmton",
        "Zip": "39999",
        "Address1": "",
        "Employer": "Birch Poultry",
        "Latitude": centre["latitude"],
        "Longitude": centre["longitude"],
    }
    links = link_records(agency.directory(plant), agency.reports(report))
    assert links.table.empty
    assert any("1 coordinates of us.osha.severe_injury" in note and "region_centre" in note for note in links.notes)
    assert links.spine.facilities["latitude_deg"].item() == pytest.approx(float(centre["latitude"]))


@pytest.mark.parametrize(
    "name", ["Мясокомбинат «Дубрава»", "北京肉类加工厂", "مسلخ الرياض الآلي", "Købmand Sørensen A/S"]
)
def test_names_in_any_script(agency, alder, name):
    plant = alder["2017"] | {"company": name}
    other = alder["2017"] | {"est_number": "P2", "company": "Другая фирма", **ELSEWHERE}
    older = plant | {"est_number": "P9", "street": "100 North Main Street"}
    links = link_records(agency.older(plant, other, vintage="2019"), agency.older(older, vintage="2013"))
    # The number is another, so a person decides, with the one plant of that name before them.
    (pair,) = links.table.itertuples()
    assert (pair.right_id, pair.decision) == (
        "us.fsis.mpi_directory@2019#1",
        "linked" if pair.score >= 0.9 else "review",
    )
    assert "name alike 1.00" in pair.reason


def test_what_hangs_together_is_reported(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    again = alder["report"] | {"ID": "2"}
    links = link_records(agency.directory(alder["2025"], twin), agency.reports(alder["report"], again))
    assert links.multiples["kind"].tolist() == ["many-to-many"]
    assert links.multiples[["records", "places"]].to_numpy().tolist() == [[2, 2]]
    assert "Left to a person: 1 many-to-many group of records and places." in links.text
    one = link_records(agency.directory(alder["2025"], twin), agency.reports(alder["report"]))
    assert one.multiples["kind"].tolist() == ["one-to-many"]
    twice = link_records(
        agency.directory(alder["2025"]), agency.older(alder["2017"], alder["2017"] | {"est_number": "M1"})
    )
    assert twice.multiples["kind"].tolist() == ["many-to-one"]
    assert link_records(agency.directory(alder["2025"]), agency.reports(alder["report"], again)).multiples.empty


def test_ranks_follow_the_scores(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2", "activities": "Meat Slaughter"}
    table = link_records(agency.directory(twin, alder["2025"]), agency.reports(alder["report"])).table
    for _, pairs in table.groupby("left_id"):
        ordered = pairs.sort_values("rank")
        assert ordered["rank"].tolist() == list(range(1, len(pairs) + 1))
        assert ordered["score"].is_monotonic_decreasing


def test_a_second_record_at_a_plant_that_another_has_by_number_waits(agency, alder):
    again = alder["2017"] | {"est_number": "P77", "company": "Alder Poultry Inc"}
    links = link_records(agency.directory(alder["2025"]), agency.older(alder["2017"], again))
    found = outcome(links, "2017$")
    assert found["1"] == ("linked", "us.fsis:1")
    assert found["2"] == ("review", None)
    reason = links.table.loc[links.table["decision"] == "review", "reason"].item()
    assert reason.endswith("another record of the file has that facility's number")
    assert links.multiples["kind"].tolist() == ["many-to-one"]


def test_a_renumbered_plant_is_the_same_if_its_name_stayed(agency, alder):
    renumbered = alder["2017"] | {"est_number": "P77", "company": "Alder Poultry Inc"}
    sold = renumbered | {"company": "Alder Poultry Rendering Dogwood"}
    links = link_records(agency.directory(alder["2025"]), agency.older(renumbered))
    assert outcome(links, "2017$")["1"] == ("linked", "us.fsis:1")
    links = link_records(agency.directory(alder["2025"]), agency.older(sold))
    assert outcome(links, "2017$")["1"] == ("review", None)
    assert links.table["reason"].item().endswith("another us.fsis.grant number")
