"""Which pairs are compared: none that has something in common is passed over, and a full town stays affordable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.likeness.blocking import candidates
from welfare.link.likeness.comparing import AT_1_KM, DOOR, POSTCODE, STREET, TOWN, compare
from welfare.link.likeness.records import Words, comparable

ROWS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Acme Meat", "Acme Poultry", "Zenith Deli", "Мясо"]),
        "street": st.sampled_from(["100 Main St", "100 Main Street, Unit 2", "900 Main St", "Main St", "PO Box 7"]),
        "city": st.sampled_from(["Oakton", "OAKTON", "Elmton"]),
        "region": st.sampled_from(["GA", "AL"]),
        "postcode": st.sampled_from(["30001", "30001-1234", "30002"]),
        "country": st.sampled_from(["US", "CA"]),
        "latitude_deg": st.sampled_from([60.0, 60.01, 60.2]),
        "longitude_deg": st.sampled_from([-84.0, 179.99, -179.99]),
    },
)


def paired(left, right):
    words = Words()
    ours, theirs = comparable(left, words), comparable(right, words)
    a, b = candidates(ours, theirs, words)
    return ours, theirs, words, set(zip(a.tolist(), b.tolist(), strict=True))


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, max_size=8), st.lists(ROWS, max_size=8))
def test_no_pair_in_one_region_with_a_place_in_common_is_passed_over(records, left, right):
    ours, theirs, words, found = paired(records(*left), records(*right))
    a, b = (part.ravel() for part in np.meshgrid(np.arange(len(left)), np.arange(len(right)), indexing="ij"))
    if not len(a):
        assert not found
        return
    place = compare(ours, theirs, a, b, words).place
    region = (ours.region[a] >= 0) & (ours.region[a] == theirs.region[b])
    country = (ours.country[a] < 0) | (theirs.country[b] < 0) | (ours.country[a] == theirs.country[b])
    common = np.isin(place, (DOOR, STREET, AT_1_KM, POSTCODE, TOWN)) & region & country
    assert set(zip(a[common].tolist(), b[common].tolist(), strict=True)) <= found


def agree(one, other):
    """Return which of name, door and postcode two records wholly agree on."""
    door = one.house_number == other.house_number >= 0 and one.street == other.street >= 0
    return [one.name == other.name >= 0, door, one.postcode == other.postcode >= 0].count(True)


class Row(NamedTuple):
    name: int
    house_number: int
    street: int
    postcode: int
    city: int
    region: int
    country: int


def rows_of(side):
    columns = (side.names.firsts, *(getattr(side, column) for column in Row._fields[1:]))
    return [Row(*cells) for cells in zip(*(column.tolist() for column in columns), strict=True)]


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, max_size=8), st.lists(ROWS, max_size=8))
def test_countries_part_records_and_regions_too_unless_the_rest_outweighs_them(records, left, right):
    ours, theirs, _, found = paired(records(*left), records(*right))
    for i, one in enumerate(rows_of(ours)):
        for j, other in enumerate(rows_of(theirs)):
            abroad = one.country != other.country and min(one.country, other.country) >= 0
            away = one.region != other.region and min(one.region, other.region) >= 0
            town = one.city == other.city >= 0 and one.postcode == other.postcode >= 0
            assert not ((i, j) in found and abroad)
            assert not ((i, j) in found and away and not town and agree(one, other) < 2)
            if not abroad and (town or agree(one, other) >= 2):
                assert (i, j) in found


def test_without_a_region_a_town_alone_pairs_nothing(records):
    there = {"name": "Acme Meat", "city": "Oakton"}
    plant = there | {"street": "100 Main St", "region": "GA", "postcode": "30001", "latitude_deg": 34.0}
    plant |= {"longitude_deg": -84.0}
    near = {"latitude_deg": 34.01, "longitude_deg": -84.0}
    rows = [there, there | {"postcode": "30001"}, there | near, there | {"street": "100 Main Street"}]
    assert paired(records(*rows), records(plant))[3] == {(1, 0), (2, 0), (3, 0)}


def test_a_misspelt_region_is_outweighed_by_town_and_postcode(records):
    plant = {"name": "Acme Meat", "city": "Oakton", "region": "GA", "postcode": "30001"}
    wrong = plant | {"region": "AG", "name": "Elm Deli"}
    assert paired(records(wrong, wrong | {"postcode": "30002"}), records(plant))[3] == {(0, 0)}


def test_a_firm_that_moved_within_its_region_is_found_by_its_name(records):
    plant = {"name": "Zwanenberg Meat", "street": "1 Elm Rd", "city": "Elmton", "region": "GA"}
    moved = {"name": "Zwanenberg Meats Inc", "street": "9 Bay Rd", "city": "Bayton", "region": "GA"}
    assert paired(records(moved), records(plant))[3] == {(0, 0)}


def test_forty_firms_at_one_address_are_all_compared(records):
    mall = {"street": "1 Market Sq", "city": "Oakton", "region": "GA"}
    firms = [mall | {"name": f"Stall {chr(65 + number // 26)}{chr(65 + number % 26)}"} for number in range(40)]
    assert len(paired(records(*firms), records(*firms))[3]) == 40 * 40


def test_a_full_town_is_compared_by_door_and_word_alone(records):
    town = {"city": "Oakton", "region": "GA"}
    firms = [
        town | {"name": f"Firm{chr(97 + i // 26)}{chr(97 + i % 26)} Meat", "street": f"{i + 1} Main St"}
        for i in range(200)
    ]
    found = paired(records(*firms), records(*firms))[3]
    assert {(i, i) for i in range(200)} <= found
    assert len(found) < 200 * 200 / 50


@pytest.mark.parametrize("many", [40, 41, 60, 300])
@pytest.mark.parametrize("known", [("name", "street"), ("street", "postcode"), ("name", "postcode"), ("name", "city")])
def test_records_equal_in_two_things_are_compared_however_many_there_are(records, many, known):
    plant = {"name": "Acme Meat", "street": "100 Main St", "postcode": "30001", "city": "Oakton"}
    row = {key: value for key, value in plant.items() if key in known} | {"region": "GA"}
    found = paired(records(*[row] * many), records(*[row] * many))[3]
    for side in (0, 1):
        partners = np.bincount([pair[side] for pair in found], minlength=many)
        # Forty rivals are more than can be told apart; no record is left without any.
        assert partners.min() == 40


def test_nothing_is_paired_with_nothing(records):
    assert paired(records(), records())[3] == set()
    assert paired(records({}), records({}))[3] == set()


PLANT = {"name": "Acme Meat", "street": "100 Main St", "postcode": "30001", "region": "GA"}


@pytest.mark.parametrize("changed", [{}, {"name": "Elm Deli"}, {"street": "9 Bay Rd"}, {"postcode": "99999"}])
def test_any_two_of_name_door_and_postcode_outweigh_a_region(records, changed):
    assert paired(records(PLANT | {"region": "AL"} | changed), records(PLANT))[3] == {(0, 0)}


def letters(number: int) -> str:
    return chr(97 + number // 26) + chr(97 + number % 26)


@pytest.mark.parametrize(
    "one_and_other",
    [
        # One number in the whole town, so that only the street tells the doors apart, and no word of a name is shared.
        lambda i: ({"street": f"100 {letters(i)}ville St"}, {"street": f"100 {letters(i)}ville Street"}),
        # One house number, on a road of two names.
        lambda i: ({"street": f"{i + 1} Main St"}, {"street": f"{i + 1} Highway"}),
        # A misspelt name and no street: the first four letters are right.
        lambda i: ({"name": f"{letters(i)}zomeester"}, {"name": f"{letters(i)}zoemester"}),
    ],
)
def test_in_a_full_town_door_number_or_the_beginning_of_a_word_is_enough(records, one_and_other):
    town = {"city": "Oakton", "region": "GA"}
    sides = zip(*(one_and_other(i) for i in range(200)), strict=True)
    found = paired(*(records(*(town | row for row in side)) for side in sides))[3]
    assert {(i, i) for i in range(200)} <= found
    assert len(found) < 200 * 200 / 20


def test_among_very_many_only_what_names_no_town_looks_around_itself(records):
    here = {"latitude_deg": 34.0, "longitude_deg": -84.0, "region": "GA"}
    left = records(here | {"city": "Oakton"}, here)
    right = records(here | {"city": "Elmton"}, here, *({"region": "AL"} for _ in range(20_000)))
    assert paired(left, right)[3] == {(0, 1), (1, 0), (1, 1)}
