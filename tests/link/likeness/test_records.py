"""Records in one form: each spelling read once, and every record with its own names whatever columns there are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.link.likeness.names import name_words
from welfare.link.likeness.records import Ragged, Words, comparable

ROWS = [
    {
        "name": "Acme Meats Inc",
        "other_names": "Elm Deli; Oak dba Birch",
        "street": "100 Main St #5",
        "city": "St. Paul",
    },
    {"name": None, "other_names": "Elm Deli"},
    {"name": "The Company"},
    {"name": "ACME MEAT", "street": "100 Main Street", "city": "Saint Paul", "postcode": "55101-1234"},
    {},
]


def texts(made, words: Words) -> list[list[str]]:
    values = made.names.numbers.tolist()
    starts = made.names.starts
    return [[words.name_texts[n] for n in values[starts[i] : starts[i + 1]]] for i in range(len(made))]


def test_every_name_of_a_record_in_standard_words(records):
    words = Words()
    made = comparable(records(*ROWS), words)
    assert texts(made, words) == [
        ["acme meat", "elm deli", "oak", "birch"],
        ["elm deli"],
        ["the company"],
        ["acme meat"],
        [],
    ]
    assert [words.name_texts[n] if n >= 0 else None for n in made.names.firsts] == [
        "acme meat",
        "elm deli",
        "the company",
        "acme meat",
        None,
    ]


def test_a_table_without_a_column_knows_nothing_of_it(records):
    words = Words()
    rows = records(*ROWS)
    bare = comparable(rows.drop(columns=["other_names", "country", "activities", "source_id"]), words)
    assert texts(bare, words) == [["acme meat"], [], ["the company"], ["acme meat"], []]
    assert set(bare.country) == set(bare.activities) == set(bare.source) == {-1}


def test_one_place_in_two_spellings_has_one_number(records):
    words = Words()
    made = comparable(records(*ROWS), words)
    for column in ("street", "house_number", "city"):
        numbers = getattr(made, column)
        assert numbers[0] == numbers[3] >= 0
        assert set(numbers[[1, 2, 4]]) == {-1}
    assert words.postcodes.texts[made.postcode[3]] == "55101"
    assert words.areas.texts[made.area[3]] == "551"
    assert words.units.texts[made.unit[0]] == "unit 5"


def test_the_words_of_a_name_are_those_of_the_plain_function(records):
    spelled = ["The Acme Pkg. Co", "J.B.'s Foods", "Мясокомбинат № 5", "Company", "...", "Groß & Söhne"]
    words = Words()
    comparable(records(*({"name": name} for name in spelled)), words)
    assert words.name_texts == [" ".join(name_words(name)) for name in spelled if name_words(name)]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "", " "])
def test_any_missing_cell_is_unknown(records, missing):
    words = Words()
    made = comparable(records({"name": missing, "street": missing, "city": missing, "region": missing}), words)
    assert made.names.sizes.tolist() == [0]
    assert (made.street[0], made.city[0], made.region[0]) == (-1, -1, -1)


@pytest.mark.parametrize("nothing", ["N/A", "n.a", "NONE", "Unknown", "Not available", "--"])
def test_what_is_written_for_none_is_unknown(records, nothing):
    made = comparable(records({"name": nothing, "street": nothing, "city": nothing, "postcode": nothing}), Words())
    assert made.names.sizes.tolist() == [0]
    assert (made.street[0], made.city[0], made.postcode[0]) == (-1, -1, -1)


def test_a_pasted_paragraph_is_cut(records):
    words = Words()
    comparable(records({"name": " ".join(f"word{number}" for number in range(500))}), words)
    (name,) = words.name_texts
    assert name.split() == [f"word{number}" for number in range(40)]


def test_rows_of_a_ragged_list():
    made = Ragged.of([[3, 1], [], [2]])
    assert made.sizes.tolist() == [2, 0, 1]
    assert made.firsts.tolist() == [3, -1, 2]
    values, owner = made.flat(np.array([2, 0, 1, 0]))
    assert (values.tolist(), owner.tolist()) == ([2, 3, 1, 3, 1], [0, 1, 1, 3, 3])
