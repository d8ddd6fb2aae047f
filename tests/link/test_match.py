"""Matching without a number: what is linked, what waits for a person, and why."""

from __future__ import annotations

from math import log, nan

import pandas as pd
import pytest

from welfare.link.addresses import Address
from welfare.link.match import Matcher, Pair, Profile, decide


def pair(right: str, score: float, *, name: float, place: float, contradicted: bool = False) -> Pair:
    return Pair(right, score, name, place, "", contradicted)


AT_ADDRESS = {"name": 0.35, "place": 1.0}
IN_TOWN = {"name": 0.85, "place": 0.65}


def test_nothing_near_is_nothing():
    assert decide([]) == "none"


@pytest.mark.parametrize(
    ("kind", "decision"),
    [
        (AT_ADDRESS, "linked"),
        (AT_ADDRESS | {"name": 0.34}, "review"),
        (IN_TOWN, "linked"),
        (IN_TOWN | {"name": 0.84}, "review"),
        (IN_TOWN | {"place": 0.64}, "review"),
        (IN_TOWN | {"contradicted": True}, "review"),
    ],
)
def test_one_facility_is_linked_by_name_and_place_together(kind, decision):
    assert decide([pair("a", 0.7, **kind)]) == decision


def test_what_is_hardly_alike_is_not_worth_reading_except_at_the_same_address():
    assert decide([pair("a", 0.49, name=0.4, place=0.65)]) == "none"
    assert decide([pair("a", 0.50, name=0.4, place=0.65)]) == "review"
    assert decide([pair("a", 0.40, name=0.0, place=1.0)]) == "review"


@pytest.mark.parametrize(("second", "decision"), [(0.90, "review"), (0.86, "review"), (0.85, "linked")])
def test_the_next_best_must_be_clearly_behind(second, decision):
    # 0.90 - 0.85 is 0.05 less a rounding error of the machine, and still 0.05.
    assert decide([pair("a", 0.90, **AT_ADDRESS), pair("b", second, **AT_ADDRESS)]) == decision


def profile(place: str, name: str, *, street="100 Main St", city="Oakton", region="GA", activities=("Meat Slaughter",)):
    return Profile(place, (name,), Address(street, city, "", nan, nan), region, frozenset(activities), "the directory")


def report(employer="Acme Meat", *, street="100 Main St", city="Oakton", region="GA", code="311611"):
    row = {"employer_name": employer, "street": street, "city": city, "postcode": None, "region": region}
    frame = pd.DataFrame([row | {"latitude_deg": nan, "longitude_deg": nan, "industry_code": code}])
    return next(frame.itertuples(index=False))


def test_the_score_is_name_place_and_activity():
    matcher = Matcher([profile("d#1", "Acme Meat"), profile("d#2", "Zenith Meat", street="900 Main St")])
    first, second = matcher.candidates(report())
    assert (first.right_id, first.score) == ("d#1", 0.55 + 0.40 + 0.05)
    # Two names: meat stands in both (log 3/3 + 0.1), acme and zenith in one each (log 3/2 + 0.1).
    meat, rare = 0.1, log(3 / 2) + 0.1
    likeness = meat / (meat + rare)
    assert second.name == pytest.approx(likeness, rel=1e-12)
    assert second.score == round(0.55 * likeness + 0.40 * 0.85 + 0.05, 4)
    assert (first.contradicted, second.contradicted) == (False, True)


def test_each_pair_says_why():
    (found,) = Matcher([profile("d#1", "Acme Meat")]).candidates(report())
    assert found.reason == ("name alike 1.00 in the directory; same house number and street; activity fits")
    (found,) = Matcher([profile("d#1", "Acme Meat", activities=("Egg Product",))]).candidates(report())
    assert found.reason.endswith("activity not shown to fit")
    assert found.score == 0.95


def test_a_facility_is_paired_once_by_its_best_profile():
    matcher = Matcher([profile("d#1", "Zenith Poultry"), profile("d#1", "Acme Meat"), profile("d#1", "Elm Deli")])
    (found,) = matcher.candidates(report())
    assert found.name == 1


def test_equal_pairs_stand_in_the_order_of_their_records_and_wait():
    same = [profile(place, "Acme Meat") for place in ("d#2", "d#1")]
    found = Matcher(same).candidates(report())
    assert [one.right_id for one in found] == ["d#1", "d#2"]
    assert decide(found) == "review"


def test_another_region_is_another_place():
    assert Matcher([profile("d#1", "Acme Meat", region="AL")]).candidates(report()) == []


@pytest.mark.parametrize("region", [None, nan, ""])
def test_without_a_region_nothing_is_matched(region):
    matcher = Matcher([profile("d#1", "Acme Meat"), profile("d#2", "Acme Meat", region="")])
    assert matcher.candidates(report(region=region)) == []


def test_a_report_without_an_address_or_a_name_is_no_error():
    matcher = Matcher(
        [profile("d#1", "Acme Meat"), Profile("d#2", (), Address("", "", "", nan, nan), "GA", frozenset(), "")]
    )
    assert matcher.candidates(report(street=None, city=nan)) == []
    (found,) = matcher.candidates(report(employer=nan))
    assert (found.name, decide([found])) == (0, "review")


def test_reports_of_other_industries_are_not_placed():
    matcher = Matcher([])
    assert matcher.can_place("311615")
    assert not matcher.can_place("311811")  # bakeries
    assert not matcher.can_place("")
