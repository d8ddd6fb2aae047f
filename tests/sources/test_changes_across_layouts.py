"""Two layouts of one source compared: facilities that they number differently, and what one of them never states."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.sources.conftest import DIRECTORY
from tests.sources.two_vintages import EMPTY, OLD_PLANT, bundle, counts, found
from welfare.sources.compare.changes import Changes, changes
from welfare.sources.read import read


@pytest.fixture
def layouts_compared(agency, directory):
    """Compare plants in the layout of 2017 with plants in that of 2024."""

    def compare(old: list[dict[str, str]], new: list[dict[str, str]]) -> Changes:
        before = agency(DIRECTORY, "2017", *({**OLD_PLANT, **plant} for plant in old), name="old.csv")
        return changes(read(before, vintage="2017"), read(directory(*new), vintage="2024"))

    return compare


def test_facilities_are_matched_by_a_shared_grant_where_the_layouts_number_them_differently(layouts_compared):
    result = layouts_compared([{}], [{"establishment_number": "P1+M1", "establishment_name": "North Packing, Inc."}])
    assert result.table.empty
    assert any("number them differently: 1," in note for note in result.notes)


def test_what_one_layout_never_states_is_noted_once_and_is_no_rewrite(layouts_compared):
    result = layouts_compared([{}], [{"establishment_name": "North Packing, Inc.", "size": "Small"}])
    assert result.table.empty
    (note,) = [note for note in result.notes if "latitude_deg" in note]
    assert note.startswith(f"{DIRECTORY}@2017 states in no row of facilities: ")
    assert "size_class (1)" in note
    assert any("has no identifiers of scheme us.fsis: 1 row of" in note for note in result.notes)


def test_headers_that_came_and_went_are_listed_and_a_rename_is_guessed_only_where_values_are_shared(layouts_compared):
    result = layouts_compared([{}], [{}])
    rows = {tuple(row) for row in result.headers.fillna(EMPTY).to_numpy().tolist()}
    # The whole compound number stands under both headers, M1+P1; and so does the state, MA, though "st" is not
    # spelled like "state".
    assert {("renamed", "est_number", "establishment_number"), ("renamed", "st", "state")} <= rows
    assert ("vanished", "company", EMPTY) in rows
    assert ("appeared", EMPTY, "county") in rows  # spelled like "company", but holding other values
    assert len(result.headers) == 13
    assert "Of the headers, 2 likely renamed, 1 vanished, 10 appeared." in result.text


def test_of_one_thing_the_words_speak_in_the_singular(layouts_compared):
    one_name, one_grant_for_two = {"establishment_name": "Lake Meats", "size": "Small"}, {"establishment_number": "P1"}
    results = [
        layouts_compared([{}], [one_name]),
        layouts_compared([{}], [{}, {"establishment_id": "9"} | one_grant_for_two]),
        changes(
            bundle(raw={"a": ["x"]}, facilities=pd.DataFrame({"name": ["A"]})), bundle(vintage="2025", raw={"b": []})
        ),
    ]
    for said in (words for result in results for words in (result.text, *result.notes)):
        assert not re.search(r"(?<![\d,.@-])1 (rows|records|facilities|groups|numbers|addresses)\b", said), said
    assert "1 row of xx.food.visits@2024 cannot be compared" in results[2].notes[-1]
    assert "cannot be told: 1, called ambiguous" in results[1].notes[0]


def test_headers_that_hold_yes_like_a_hundred_others_are_no_rename_unless_their_letters_are_the_same():
    def flags(*names: str) -> dict[str, list[str]]:
        return {name: ["Yes", "", "Yes"] for name in names} | {"number": ["1", "2", "3"]}

    old = bundle(raw=flags("Pork Slaughter", "Goat Slaughter", "Beef Slaughter"))
    new = bundle(vintage="2025", raw=flags("slaughter", "goat_slaughter", "beef_cow_slaughter"))
    rows = [tuple(row) for row in changes(old, new).headers.fillna(EMPTY).to_numpy().tolist()]
    assert rows == [
        ("renamed", "Goat Slaughter", "goat_slaughter"),
        ("vanished", "Pork Slaughter", EMPTY),
        ("vanished", "Beef Slaughter", EMPTY),
        ("appeared", EMPTY, "slaughter"),
        ("appeared", EMPTY, "beef_cow_slaughter"),
    ]


def test_a_new_name_at_the_place_is_renamed_and_a_new_place_under_the_name_is_rewritten(layouts_compared):
    result = layouts_compared(
        [{}, {"est_number": "M5", "company": "Zebra Foods LLC", "street": "5 Hill", "city": "Otherton", "zip": "4444"}],
        [
            {"establishment_name": "Lake Meats"},
            {
                **{"establishment_id": "5", "establishment_number": "M5", "establishment_name": "Zebra Foods"},
                **{"street": "8 Dale", "city": "Farville", "zip": "5555"},
            },
        ],
    )
    assert found(result) == [
        ("renamed", "us.fsis:0001", "name", "North Packing, Inc.", "Lake Meats"),
        ("renamed", "us.fsis:5", "name", "Zebra Foods LLC", "Zebra Foods"),
        ("rewritten", "us.fsis:5", "city", "Otherton", "Farville"),
        ("rewritten", "us.fsis:5", "postcode", "04444", "05555"),
        ("rewritten", "us.fsis:5", "street", "5 Hill", "8 Dale"),
    ]


def test_a_grant_with_another_name_and_another_place_was_handed_on_not_renamed(layouts_compared):
    other = {
        **{"establishment_id": "9", "establishment_number": "M1", "establishment_name": "Zebra Foods, Inc."},
        **{"street": "8 Dale", "city": "Farville", "zip": "5555"},
    }
    result = layouts_compared([{}], [other])
    assert found(result, "facilities") == [
        ("appeared", "us.fsis:9", "name", EMPTY, "Zebra Foods, Inc."),
        ("vanished", "us.fsis.grant:M1", "name", "North Packing, Inc.", EMPTY),
    ]
    handed = {row[2]: row[3:] for row in found(result, "identifiers", "handed_on")}
    assert handed == {
        "facility_id": ("us.fsis.grant:M1", "us.fsis:9"),
        "name": ("North Packing, Inc.", "Zebra Foods, Inc."),
        "street": ("1 Example Way", "8 Dale"),
        "city": ("Sampletown", "Farville"),
        "postcode": ("01234", "05555"),
    }
    assert found(result, "identifiers", "vanished") == [
        ("vanished", "us.fsis.grant:M1 | us.fsis.grant | P1", EMPTY, EMPTY, EMPTY)
    ]
    assert "1 now held by another id." in result.text


def test_a_town_of_the_same_name_in_another_state_is_another_place(layouts_compared):
    result = layouts_compared([{}], [{"establishment_name": "Zebra Foods", "state": "OH", "zip": "44444"}])
    assert counts(result, "facilities") == {"vanished": 1, "appeared": 1}
    assert "renamed" not in set(result.table["change"])


def test_legal_forms_and_words_that_many_bear_make_no_two_names_alike(layouts_compared):
    crowd = [{"est_number": f"V{i}", "company": f"Number{i} Provision", "city": "Bigtown"} for i in range(20)]
    away = {"city": "Farville", "zip": "5555", "street": "8 Dale", "establishment_name": "Zebra Provision, Inc."}
    result = layouts_compared([{"company": "North Provision, Inc."}, *crowd], [away])
    assert ("handed_on", "us.fsis.grant | M1", "city", "Sampletown", "Farville") in found(result, "identifiers")


def test_a_grant_that_leads_to_several_establishments_is_ambiguous_and_its_values_are_not_compared(layouts_compared):
    result = layouts_compared(
        [{"street": "77 Gone Street"}],
        [
            {"establishment_id": "8", "establishment_number": "M1"},
            {"establishment_id": "9", "establishment_number": "P1"},
        ],
    )
    assert [row[:2] for row in found(result)] == [
        ("ambiguous", "us.fsis.grant:M1"),
        ("ambiguous", "us.fsis:8"),
        ("ambiguous", "us.fsis:9"),
    ]
    assert any("cannot be told: 1," in note for note in result.notes)
    assert "3 ambiguous" in result.text


def test_one_number_that_two_establishments_state_picks_neither_even_if_one_of_them_is_known(directory, agency):
    numbers = pd.DataFrame(
        [("a:1", "grant", "G1"), ("a:2", "grant", "G1")], columns=["facility_id", "scheme", "identifier"]
    )
    old = bundle(identifiers=pd.DataFrame([("a:2", "grant", "G2"), ("g:G1", "grant", "G1")], columns=list(numbers)))
    result = changes(old, bundle(vintage="2025", identifiers=numbers))
    # g:G1 could be a:1; a:2 holds the number, too. The number itself neither came nor went.
    assert "handed_on" not in set(result.table["change"])
    assert any("cannot be told: 1," in note for note in result.notes)


def test_files_that_do_not_say_where_their_facilities_are_are_matched_by_number_alone():
    visit = pd.DataFrame({"facility_id": ["grant:G1"], "date_from": [pd.Timestamp(2024, 1, 1)], "findings_count": [2]})
    number = pd.DataFrame({"facility_id": ["grant:G1"], "scheme": ["grant"], "identifier": ["G1"]})
    old = bundle(inspections=visit, identifiers=number)
    new = bundle(
        vintage="2025",
        inspections=visit.assign(facility_id="est:1", findings_count=0),
        identifiers=number.assign(facility_id="est:1"),
    )
    assert found(changes(old, new)) == [("rewritten", "est:1 | 2024-01-01", "findings_count", "2", "0")]
