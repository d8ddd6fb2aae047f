"""What two records have in common: names by hand-made arithmetic, and every degree of nearness of two places."""

from __future__ import annotations

from math import isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.likeness.comparing import PLACES, NameWeights, compare
from welfare.link.likeness.names import fold
from welfare.link.likeness.records import Words, comparable

# Three known names: acme and meat stand in two of them, poultry and zenith in one, any other word in none.
KNOWN = ["Acme Meat Co.", "Acme Poultry Inc", "Zenith Meat LLC"]
IN_TWO, IN_ONE, IN_NONE = log(4 / 3) + 0.1, log(4 / 2) + 0.1, log(4 / 1) + 0.1
NAMES = st.text(alphabet=st.sampled_from("abcdeéß &.'-12 "), max_size=24) | st.sampled_from(
    ["Acme Meat", "Acme Meats, Inc.", "Zenith Plant 12", "Zenith Plant 21", "Pilgrim's Pride", "Pligrims Pride", ""]
)


@pytest.fixture(scope="session")
def likeness(records):
    """Likeness and shared weight of two names, each a text or several joined by ;."""

    def of(one: str, other: str, known: list[str] = KNOWN) -> tuple[float, float]:
        words = Words()
        directory = comparable(records(*({"name": name} for name in known)), words)
        sides = [comparable(records({"name": name}), words) for name in (one, other)]
        found = NameWeights(directory, words).likeness(sides[0].names, sides[1].names, np.array([0]), np.array([0]))
        return float(found[0][0]), float(found[1][0])

    return of


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Meats, Inc.", "ACME MEAT"), ("Acme Meatpacking", "Acme Meat Packing"), ("Señor Meat", "Senor Meat")],
)
def test_one_name_in_other_spellings(likeness, one, other):
    assert likeness(one, other)[0] == 1


@pytest.mark.parametrize(("one", "other"), [("Plant 12", "Plant 21"), ("Sim Plant 0007 Deli", "Sim Plant 0008 Deli")])
def test_another_number_is_another_name(likeness, one, other):
    assert likeness(one, other) == (0, 0)


def test_a_number_is_never_a_misspelt_one(likeness):
    # Eight of nine signs agree, which in letters would be a misspelling.
    assert likeness("a1000001", "a1000002")[0] == 0


def test_likeness_is_the_shared_weight(likeness):
    # "meat" is shared, once on either side; "acme" and "zenith" are not.
    of_both = 2 * IN_TWO / (3 * IN_TWO + IN_ONE)
    assert likeness("Acme Meat", "Zenith Meat") == pytest.approx((of_both, IN_TWO), rel=1e-12)
    # "acme" is shared; "poultry" is missing on the right.
    assert likeness("Acme Poultry", "Acme")[0] == pytest.approx(2 * IN_TWO / (2 * IN_TWO + IN_ONE), rel=1e-12)
    assert likeness("Acme Meat", "Acme Meat")[1] == pytest.approx(2 * IN_TWO, rel=1e-12)


def test_a_name_in_one_word_or_two_shares_all_its_weight(likeness):
    # acme and meatpacking on the one side; acme, meat and packing on the other.
    whole = (IN_TWO + IN_NONE) + (IN_TWO + IN_TWO + IN_NONE)
    assert likeness("Acme Meatpacking", "Acme Meat Packing")[1] == pytest.approx(whole / 2, rel=1e-12)


def test_a_misspelt_word_counts_by_how_alike_it_is(likeness):
    # pilgrims and pligrims: seven of eight letters in order on either side, 2 x 7 / 16.
    assert likeness("Pilgrims", "Pligrims")[0] == pytest.approx(0.875, rel=1e-12)
    shared = 2 * IN_TWO + 2 * 0.875 * IN_NONE
    assert likeness("Pilgrims Meat", "Pligrims Meat")[0] == pytest.approx(
        shared / (2 * IN_TWO + 2 * IN_NONE), rel=1e-12
    )


@pytest.mark.parametrize(
    ("one", "other"),
    # Six of eight letters in order, 2 x 6 / 16, is too little.
    [("Plaimrs", "Pilgrims"), ("Brighton", "Brighter"), ("Ham", "Jam"), ("", "Acme"), ("", ""), ("&", "-")],
)
def test_what_is_not_alike_is_nothing(likeness, one, other):
    assert likeness(one, other) == (0, 0)


def test_of_several_names_the_two_most_alike_count(likeness):
    assert likeness("Elm Deli; Acme Meat", "Birch Ltd dba ACME MEATS")[0] == 1


def test_names_in_any_script(likeness):
    assert likeness("Мясокомбинат № 5", "мясокомбинат 5")[0] == 1
    assert likeness("Мясокомбинат № 5", "мясокомбинат 6")[0] == 0
    assert likeness("北京肉类加工厂", "北京肉类加工厂")[0] == 1


@settings(deadline=None, max_examples=150)
@given(NAMES, NAMES)
def test_likeness_is_symmetric_and_between_0_and_1(likeness, one, other):
    found, back = likeness(one, other), likeness(other, one)
    assert found == pytest.approx(back, abs=1e-12)
    assert 0 <= found[0] <= 1
    assert found[1] >= 0


@settings(deadline=None, max_examples=100)
@given(NAMES)
def test_a_name_is_wholly_like_itself(likeness, name):
    assert likeness(name, name)[0] == (1 if fold(name) else 0)


@pytest.fixture(scope="session")
def place(records):
    """The place level in words, the distance, activity and unit of two records."""

    def of(one: dict[str, object], other: dict[str, object], sources: tuple[str, str] = ("a@1", "a@2")):
        words = Words()
        sides = [
            comparable(records(row, source=source), words) for row, source in zip((one, other), sources, strict=True)
        ]
        found = compare(*sides, np.array([0]), np.array([0]), words)
        return PLACES[found.place[0]], float(found.km[0]), int(found.activity[0]), int(found.unit[0])

    return of


OAKTON = {"city": "Oakton", "region": "GA"}
AT = {"latitude_deg": 34.0, "longitude_deg": -84.0}
# At 34 degrees north a degree of latitude is 110.92 km (WGS 84): 0.005 are 0.55 km, 0.02 are 2.2, 0.05 are 5.5.
NORTH = {
    km: {"latitude_deg": 34.0 + degrees, "longitude_deg": -84.0}
    for km, degrees in {
        0.55: 0.005,
        2.2: 0.02,
        2.8: 0.025,
        3.9: 0.035,
        5.5: 0.05,
        9.98: 0.09,
        11.1: 0.1,
        55: 0.5,
    }.items()
}


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (
            OAKTON | {"street": "100 North Main Street"},
            OAKTON | {"street": "100 N MAIN ST"},
            "same house number and street",
        ),
        (
            OAKTON | {"street": "53050 US Hwy 212"},
            OAKTON | {"street": "53050 Highway 212, PO Box 2"},
            "same house number and street",
        ),
        (OAKTON | {"street": "686 Highway 9N"}, OAKTON | {"street": "686 Hwy 9 North"}, "same house number and street"),
        (
            OAKTON | {"street": "2625 2nd St"},
            OAKTON | {"street": "2625 Second Street Hwy 80 W"},
            "same house number and street",
        ),
        (
            OAKTON | {"street": "1 Elm Rd"},
            {"city": "Elmton", "street": "1 Elm Rd"},
            "same house number and street in another town",
        ),
        (OAKTON | {"street": "Main St"}, OAKTON | {"street": "100 Main St"}, "same street"),
        (AT, NORTH[0.55], "at most 1 km apart"),
        (AT, NORTH[2.2], "at most 3 km apart"),
        (AT, NORTH[5.5], "at most 10 km apart"),
        (AT, NORTH[2.8], "at most 3 km apart"),
        (AT, NORTH[3.9], "at most 10 km apart"),
        (AT, NORTH[9.98], "at most 10 km apart"),
        (AT, NORTH[11.1], "far apart"),
        (AT, NORTH[55], "far apart"),
        (AT | {"postcode": "30001"}, NORTH[55] | {"postcode": "30002"}, "far apart"),
        # A street of one name may be found in every town; near by it is the same one.
        (AT | {"street": "1 Elm Rd"}, NORTH[5.5] | {"street": "1 Elm Rd"}, "same house number and street"),
        (AT | {"street": "1 Elm Rd"}, NORTH[55] | {"street": "1 Elm Rd"}, "far apart"),
        (
            OAKTON | {"street": "100 Murrell Place"},
            OAKTON | {"street": "100 Murrellplace"},
            "same house number and street",
        ),
        ({"postcode": "30001-1234"}, {"postcode": "30001"}, "same postcode"),
        ({"postcode": "30001"}, {"postcode": "30002"}, "postcodes that begin alike"),
        (OAKTON, {"city": "OAKTON"}, "same town"),
        ({"city": "Pittsburgh"}, {"city": "Pittsburg"}, "same town"),
        ({"city": "St. Paul"}, {"city": "Saint Paul"}, "same town"),
        (OAKTON | {"street": "PO Box 1"}, OAKTON | {"street": "PO Box 2"}, "same town"),
        (
            OAKTON | {"street": "100 Main St"},
            OAKTON | {"street": "900 Main St"},
            "same street but another house number",
        ),
        (AT | {"street": "1 Elm Rd"}, NORTH[0.55] | {"street": "2 Oak Rd"}, "at most 1 km apart but another address"),
        (
            {"postcode": "30001", "street": "1 Elm Rd"},
            {"postcode": "30001", "street": "2 Oak Rd"},
            "same postcode but another address",
        ),
        (OAKTON | {"street": "100 4th St"}, OAKTON | {"street": "100 5th St"}, "same town but another address"),
        (OAKTON | {"street": "100 N Main St"}, OAKTON | {"street": "100 S Main St"}, "same town but another address"),
        (OAKTON | {"street": "100 Main St"}, OAKTON | {"street": "900 Depot Rd"}, "same town but another address"),
        # A road may have two names: one house number says neither that it is the place nor that it is another.
        (OAKTON | {"street": "100 Main St"}, OAKTON | {"street": "100 Depot Rd"}, "same town"),
        ({}, {}, "nothing in common"),
        ({"street": ""}, {"city": " "}, "nothing in common"),
        # The strongest counts.
        (OAKTON | AT | {"postcode": "30001"}, OAKTON | NORTH[0.55] | {"postcode": "30001"}, "at most 1 km apart"),
    ],
)
def test_how_near_two_places_are(place, one, other, level):
    assert place(one, other)[0] == place(other, one)[0] == level


def test_distances_are_those_of_the_ellipsoid(place):
    # Karney's geodesic from 34 N to 34.5 N on one meridian of WGS 84, by the series of the meridian arc: 55.462 km.
    assert place(AT, NORTH[55])[1] == pytest.approx(55.462, abs=0.005)
    assert isnan(place(AT, {"latitude_deg": 34.0})[1])


def test_activities_that_both_have_words_for(place):
    both, slaughter = {"activities": "Meat Processing; Meat Slaughter"}, {"activities": "Meat Slaughter"}
    assert place(both, both)[2] == 2
    # "Meat Processing" has no word in the other file, so it says nothing there.
    assert place(both, slaughter)[2] == 2
    assert place(both, {})[2] == 0
    assert place(both, {"activities": "Laboratory"})[2] == 0


def test_activities_that_are_shared_in_part_or_not_at_all(records):
    words = Words()
    rows = [{"activities": "A; B"}, {"activities": "A"}, {"activities": "C"}]
    left, right = (comparable(records(*rows, source=source), words) for source in ("a@1", "a@2"))
    found = compare(left, right, np.array([0, 0, 1]), np.array([1, 2, 1]), words)
    assert found.activity.tolist() == [1, -1, 2]
    assert found.same_source.all()


def test_units_of_one_building(place):
    street = {"street": "100 Main St, Unit 4"} | OAKTON
    assert place(street, {"street": "100 Main St #4"} | OAKTON)[3] == 1
    assert place(street, {"street": "100 Main St #9"} | OAKTON)[3] == -1
    assert place(street, {"street": "100 Main St"} | OAKTON)[3] == 0
    assert place({"street": "P.O. Box 7"}, {"street": "Post Office Box 7"})[3] == 1
