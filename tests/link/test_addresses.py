"""Addresses: what speaks for one place, what against, and that nothing worth comparing is passed over."""

from __future__ import annotations

from math import isnan, nan, pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.addresses import Address, Nearby, distance_km, same_place, street_parts


def address(street="", city="", postcode="", at=(nan, nan)) -> Address:
    return Address(street, city, postcode, *at)


@pytest.mark.parametrize(
    ("written", "number", "street"),
    [
        ("100 North Main Street", "100", "n main st"),
        ("100 N. Main St., Suite 5", "100", "n main st"),
        ("100 N Main St #5", "100", "n main st"),
        ("100 N Main St, 2nd Floor", "100", "n main st"),
        ("12B Second Avenue", "12b", "2nd ave"),
        ("53050 US Hwy 212 PO Box 220", "53050", "us hwy 212"),
        ("P.O. Box 220, 53050 US Highway 212", "53050", "us hwy 212"),
        ("P O Box 220", "", ""),
        ("Post Office Box 220", "", ""),
        ("Unit 5, 100 Main St", "100", "main st"),
        ("100 Box Elder Road", "100", "box elder rd"),
        ("N6927 Johnsonville Way", "n6927", "johnsonville way"),
        ("N56W13400 Silver Spring Drive", "n56w13400", "silver spring dr"),
        ("1st Avenue", "", "1st ave"),
        ("", "", ""),
    ],
)
def test_house_number_and_street(written, number, street):
    assert street_parts(written) == (number, street)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100 North Main Street", "100 N MAIN ST"),
        ("53050 US Hwy 212", "53050 Highway 212, PO Box 220"),
        ("686 Highway 9N", "686 Hwy 9 North"),
        ("2625 2nd St", "2625 Second Street Hwy 80 W"),
        ("100 Main St, Unit 4", "100 Main St, Unit 9"),
        ("100 Main St #4", "100 Main St #9"),
    ],
)
def test_one_house_number_and_street(one, other):
    found = same_place(address(one, "Oakton"), address(other, "OAKTON"))
    assert found.strength == 1
    assert not found.contradicted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100 4th St", "100 5th St"),
        ("100 US Hwy 212", "100 US Hwy 211"),
        ("100 N Main St", "100 S Main St"),
        ("100 Main St", "900 Main St"),
        ("100 Main St", "900 Depot Rd"),
    ],
)
def test_another_address_in_the_same_town(one, other):
    found = same_place(address(one, "Oakton"), address(other, "Oakton"))
    assert found.strength < 1
    assert found.contradicted
    assert found.reason.endswith("but another address")


def test_a_street_without_its_town_says_nothing():
    assert same_place(address("100 Main St", "Oakton"), address("100 Main St", "Elmton")).strength == 0


def test_an_unnumbered_street_is_weaker_and_no_contradiction():
    found = same_place(address("Main St", "Oakton"), address("100 Main St", "Oakton"))
    assert (found.strength, found.contradicted) == (0.85, False)


def test_a_post_office_box_neither_speaks_for_a_street_nor_against_one():
    found = same_place(address("PO Box 1", "Oakton"), address("PO Box 2", "Oakton"))
    assert (found.reason, found.contradicted) == ("same town", False)


def test_the_strongest_evidence_counts():
    oakton = (34.0, -84.0)
    assert same_place(address(city="Oakton"), address(city="oakton")).strength == 0.65
    assert same_place(address(city="Oakton", postcode="30001-1234"), address(city="Oakton", postcode="30001")) == (
        0.7,
        "same postcode",
        False,
    )
    # 0.01 degrees of latitude are 1.1 km, 0.05 are 5.6 km, 0.1 are 11.1 km.
    assert same_place(address(at=oakton), address(at=(34.01, -84.0))) == (0.8, "1.1 km apart", False)
    assert same_place(address(at=oakton), address(at=(34.05, -84.0))) == (0.4, "6 km apart", False)
    assert same_place(address(at=oakton), address(at=(34.1, -84.0))).strength == 0


def test_what_is_unknown_speaks_for_nothing():
    assert same_place(address(), address()) == (0.0, "", False)
    assert isnan(distance_km(address(at=(34.0, nan)), address(at=(34.0, -84.0))))


def test_distances_are_those_of_a_sphere():
    equator, pole = address(at=(0.0, 0.0)), address(at=(90.0, 0.0))
    assert distance_km(equator, pole) == pytest.approx(6371 * pi / 2, rel=1e-12)
    assert distance_km(equator, address(at=(0.0, 180.0))) == pytest.approx(6371 * pi, rel=1e-12)
    assert distance_km(equator, address(at=(1.0, 0.0))) == pytest.approx(6371 * pi / 180, rel=1e-12)
    # Nashville to Los Angeles airport, the usual worked example of the haversine formula: 2887.26 km on a sphere of
    # 6372.8 km (rosettacode.org/wiki/Haversine_formula).
    nashville, los_angeles = address(at=(36.12, -86.67)), address(at=(33.94, -118.40))
    assert distance_km(nashville, los_angeles) == pytest.approx(2887.2599506071106 * 6371 / 6372.8, rel=1e-10)


ADDRESSES = st.builds(
    Address,
    st.sampled_from(["", "100 Main St", "100 Main Street, Unit 2", "900 Main St", "Main St", "PO Box 7", "1 Hwy 9N"]),
    st.sampled_from(["", "Oakton", "OAKTON", "Elmton"]),
    st.sampled_from(["", "30001", "30001-1234", "30002"]),
    st.sampled_from([nan, 60.0, 60.01, 60.0899, 60.09, 60.2]),
    st.sampled_from([nan, -84.0, -84.1, -84.1798, -84.18, 179.99, -179.99]),
)


@settings(deadline=None, max_examples=300)
@given(ADDRESSES, ADDRESSES)
def test_evidence_is_symmetric_and_between_0_and_1(one, other):
    found = same_place(one, other)
    assert found == same_place(other, one)
    assert 0 <= found.strength <= 1
    assert bool(found.reason) == (found.strength > 0)


@settings(deadline=None, max_examples=200)
@given(ADDRESSES, st.lists(ADDRESSES, max_size=12))
def test_no_address_with_evidence_is_passed_over(one, others):
    around = Nearby(others).around(one)
    assert around == sorted(set(around))
    speaking = {position for position, other in enumerate(others) if same_place(one, other).strength > 0}
    assert speaking <= set(around)
    # And what is looked at is worth it: town, postcode or distance speaks for each of them.
    assert set(around) == speaking
