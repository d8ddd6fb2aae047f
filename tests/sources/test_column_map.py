"""A column map is checked before it is followed."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.sources.maps.column_map import check_map
from welfare.sources.registry import layouts


def book(*rules: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rules, columns=["header", "table", "column", "transform"])


GOOD = ("id", "identifiers", "identifier", "ids x +")


@pytest.mark.parametrize("layout", layouts(), ids=lambda layout: f"{layout.source} {layout.name}")
def test_every_shipped_map_can_be_followed(layout):
    check_map(layout.map)


def test_headers_that_are_not_used_need_no_transform():
    check_map(book(GOOD, ("a", "", "", ""), ("narrative", "", "", "withheld")))


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (("a", "facilities", "name", "guess"), "'guess' does not exist"),
        (("a", "facilities", "name", ""), "'' does not exist"),
        (("a", "facilities", "name", "withheld"), "'withheld' does not exist for a column"),
        (("a", "", "", "text"), "needs a table and a column"),
        (("", "facilities", "name", "text"), "needs a header"),
        (("a", "facilities", "country", "const US"), "needs no header"),
        (("a", "facilities", "nmae", "text"), "no column 'nmae'"),
        (("a", "*", "name", "text"), "identifiers has no column 'name'"),
        (("a", "facilities", "valid_from", "text"), "holds a date, which 'text' does not yield"),
        (("a", "inspections", "tasks_count", "text"), "holds a count, which 'text' does not yield"),
        (("a", "inspections", "tasks_count", "number"), "holds a count, which 'number' does not yield"),
        (("a", "facilities", "latitude_deg", "us_zip"), "holds a number, which 'us_zip' does not yield"),
        (("a", "facilities", "name", "date %Y"), "holds a text, which 'date' does not yield"),
        (("a", "facilities", "name", "ids x"), "'ids' fills identifiers, not facilities"),
    ],
)
def test_a_row_that_cannot_be_followed_is_named(rule, fault):
    with pytest.raises(BadParameter) as caught:
        check_map(book(GOOD, rule))
    assert fault in caught.value.what
    assert "row 2" in caught.value.where
    assert caught.value.spoiled
    assert caught.value.todo


@pytest.mark.parametrize("words", [("text", "text"), ("join", "text"), ("text", "join")])
def test_two_headers_for_one_column_need_a_word_that_takes_many(words):
    rules = [(header, "facilities", "name", word) for header, word in zip("ab", words, strict=True)]
    with pytest.raises(BadParameter, match="several rows fill name of facilities"):
        check_map(book(*rules))
    check_map(book(*((header, table, column, "join") for header, table, column, _ in rules)))


def test_a_table_that_does_not_exist_is_refused():
    with pytest.raises(BadParameter, match="no tidy table is called 'factories'"):
        check_map(book(("a", "factories", "name", "text")))


def test_a_map_that_fills_nothing_is_refused():
    with pytest.raises(BadParameter, match="fills no table"):
        check_map(book(("a", "", "", "")))
