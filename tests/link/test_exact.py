"""Linking by number: which number is believed, and when numbers do not decide."""

from __future__ import annotations

import pandas as pd

from welfare.link.exact import by_identifier


def numbers(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["record_id", "scheme", "identifier"], dtype="str")


RIGHT = numbers(
    ("dir#1", "us.fsis", "10"),
    ("dir#1", "us.fsis.grant", "M1"),
    ("dir#1", "us.fsis.grant", "P1"),
    ("dir#2", "us.fsis", "20"),
    ("dir#2", "us.fsis.grant", "M2"),
    ("dir#2", "zz.other", "7"),
)


def pairs(left: pd.DataFrame, rejected=frozenset()) -> list[tuple[str, str, str, int]]:
    found = by_identifier(left, RIGHT, rejected)
    return list(found.itertuples(index=False, name=None))


def test_a_shared_number_of_one_scheme_links():
    assert pairs(numbers(("a#1", "us.fsis.grant", "P1"))) == [("a#1", "dir#1", "same us.fsis.grant P1", 1)]


def test_the_same_digits_of_another_scheme_do_not():
    assert pairs(numbers(("a#1", "us.fsis", "M1"), ("a#2", "us.epa", "10"))) == []


def test_several_shared_numbers_are_one_pair():
    left = numbers(("a#1", "us.fsis.grant", "P1"), ("a#1", "us.fsis.grant", "M1"), ("a#1", "us.fsis.grant", "M1"))
    assert pairs(left) == [("a#1", "dir#1", "same us.fsis.grant M1+P1", 1)]


def test_an_establishments_own_number_is_believed_before_its_grants():
    left = numbers(("a#1", "us.fsis.grant", "M2"), ("a#1", "us.fsis", "10"))
    assert pairs(left) == [("a#1", "dir#1", "same us.fsis 10", 1)]


def test_a_scheme_without_a_rank_comes_last():
    left = numbers(("a#1", "zz.other", "7"), ("a#1", "us.fsis.grant", "P1"), ("a#2", "zz.other", "7"))
    assert pairs(left) == [("a#1", "dir#1", "same us.fsis.grant P1", 1), ("a#2", "dir#2", "same zz.other 7", 1)]


def test_grants_of_two_facilities_do_not_decide():
    left = numbers(("a#1", "us.fsis.grant", "M1"), ("a#1", "us.fsis.grant", "M2"))
    assert [(right, choices) for _, right, _, choices in pairs(left)] == [("dir#1", 2), ("dir#2", 2)]


def test_a_rejected_pair_keeps_no_other_back():
    left = numbers(("a#1", "us.fsis.grant", "M1"), ("a#1", "us.fsis.grant", "M2"))
    found = pairs(left, {("a#1", "dir#1")})
    assert [(right, choices) for _, right, _, choices in found] == [("dir#1", 0), ("dir#2", 1)]
    # Nor one of a scheme that is believed less.
    left = numbers(("a#1", "us.fsis", "10"), ("a#1", "us.fsis.grant", "M2"))
    found = pairs(left, {("a#1", "dir#1")})
    assert [(right, choices) for _, right, _, choices in found] == [("dir#1", 0), ("dir#2", 1)]


def test_nothing_to_pair():
    found = by_identifier(numbers(), RIGHT)
    assert found.empty
    assert list(found) == ["left_id", "right_id", "reason", "choices"]
