"""Street addresses: house number, street, what is set apart, and when two streets are two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.likeness.addresses import (
    other_street,
    postcode_area,
    standard_address,
    standard_words,
    street_parts,
    unit_of,
)

WRITTEN = [
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
    ("Улица Ленина 5", "", "улица ленина 5"),
]


@pytest.mark.parametrize(("written", "number", "street"), WRITTEN)
def test_house_number_and_street(written, number, street):
    assert street_parts(written) == (number, street)


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("100 N. Main St., Suite 5", "ste 5"),
        ("100 N Main St #5", "unit 5"),
        ("P.O. Box 220, 53050 US Highway 212", "box 220"),
        ("P O Box 220", "box 220"),
        ("Post Office Box 220", "box 220"),
        ("POB 220", "box 220"),
        ("100 Box Elder Road", ""),
        ("#0:T", "unit 0"),
        ("Unit 5, 100 Main St, 2nd Floor", "unit 5 2nd floor"),
    ],
)
def test_units_and_boxes_are_set_apart_and_kept(written, apart):
    assert standard_address(written).apart == apart
    assert standard_address(written).original == written


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([written for written, _, _ in WRITTEN]) | st.text(max_size=30))
def test_nothing_of_an_address_is_lost(written):
    found = standard_address(written)
    kept = f"{found.number} {found.street} {found.apart}".split()
    words = standard_words(written.replace("#", " unit ")).split()
    if "box" not in found.apart:  # which has many spellings
        assert sorted(kept) == sorted(words)
    assert set(kept) <= {*words, "box"}


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("4th st", "5th st", True),
        ("us hwy 212", "us hwy 211", True),
        ("n main st", "s main st", True),
        ("hwy 9n", "hwy 9 n", False),
        ("sr64", "state rd 64", False),
        ("main st", "n main st", False),
        ("main st", "oak st", False),
    ],
)
def test_another_number_or_direction_is_another_street(one, other, differ):
    assert other_street(one, other) is other_street(other, one) is differ


@pytest.mark.parametrize(
    ("written", "area"),
    [
        ("35045-1234", "35045"),
        ("350451234", "35045"),
        ("35045 1234", "35045"),
        (" 35045", "35045"),
        ("BN43 6RN", "BN436RN"),
        ("k1a 0b1", "K1A0B1"),
        ("1234-567", "1234567"),
        ("100-0001", "1000001"),
        ("--", ""),
        ("-1234", "1234"),
        ("", ""),
    ],
)
def test_the_part_of_a_postcode_that_files_share(written, area):
    assert postcode_area(written) == area


@pytest.mark.parametrize(
    "street", ["100 Main St #5", "100 Main St, Suite 5", "Apt 5, 100 Main St", "Unit 5 100 Main St"]
)
def test_one_unit_in_every_spelling(street):
    assert unit_of(standard_address(street).apart) == "unit 5"


def test_a_floor_is_no_unit_and_a_box_none():
    assert unit_of(standard_address("100 Main St, 5th Floor").apart) == "5th floor"
    assert unit_of(standard_address("PO Box 5").apart) == "box 5"


def test_doors_of_two_canadian_codes_are_not_one_area():
    assert postcode_area("K1A-0B1") != postcode_area("K1A-0B2")
