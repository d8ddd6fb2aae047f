"""Every word of a column map: what it makes of a cell, what it makes of an empty one, what it cannot read."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter, FileMissing
from welfare.sources.maps.transforms import TRANSFORMS, apply


def read(word: str, *cells: str) -> tuple[list, list[str]]:
    values, reasons = apply(word, pd.Series(cells, dtype="str"))
    return [None if pd.isna(value) else value for value in values], reasons.tolist()


@pytest.mark.parametrize(
    ("word", "cell", "value"),
    [
        ("text", "M1 ", "M1 "),
        ("text", "N / A", "N / A"),
        ("text N / A", "N / A", None),
        ("text N / A", "N / A ", "N / A "),
        ("text", "nan", "nan"),
        ("text", "007", "007"),
        ("list ;", "a; b ;;c", "a; b; c"),
        ("list ,", "Meat Processing, Poultry Processing,", "Meat Processing; Poultry Processing"),
        ("list ;", " ; ", None),
        ("list ||", "a||b|c", "a; b|c"),
        ("list .", "a.b", "a; b"),
        ("count", "0", 0),
        ("count", "12.0", 12),
        ("count", "1,234,567", 1234567),
        ("count", "9007199254740992", 2**53),
        ("number", "-76.39405099", -76.39405099),
        ("number", "1,234.5", 1234.5),
        ("number", ".5", 0.5),
        ("number", "1.5E+03", 1500.0),
        ("number 0.0", "0.0", None),
        ("number 0.0", "0.05", 0.05),
        ("number 0.0", "-71.5", -71.5),
        ("amount", "1,234.5", 1234.5),
        ("amount", "0", 0.0),
        ("amount", "1045599999.9999999", 1045599999.9999999),
        ("code", "4.0", "4"),
        ("code", "4", "4"),
        ("code", "40", "40"),
        ("code", "4.05", "4.05"),
        ("date %m/%d/%Y", "1/2/2016", pd.Timestamp(2016, 1, 2)),
        ("date %m/%d/%Y", "2016-01-02", pd.Timestamp(2016, 1, 2)),
        ("date %d %B %Y", "2 January 2016", pd.Timestamp(2016, 1, 2)),
        ("date %m/%d/%Y", "2/29/2016", pd.Timestamp(2016, 2, 29)),
        ("us_zip", "17046", "17046"),
        ("us_zip", "5065", "05065"),
        ("us_zip", "501", "00501"),
        ("us_zip", "77092-3346", "77092-3346"),
        ("us_zip", "5065-3346", "05065-3346"),
        ("us_zip", "770923346", "77092-3346"),
        ("us_zip", "50653346", "05065-3346"),
        ("us_zip", "SAMPLETOWN, MA 1234", "01234"),
        ("us_zip", "ST. ANNE, PR 614", "00614"),
        ("us_zip", "SAMPLETOWN, MA 77092-3346", "77092-3346"),
        ("us_zip", "SAMPLETOWN 1234", None),
        ("us_zip", "K1A 0B1", None),
        ("us_zip", "1234567", None),
        ("us_zip", "12", None),
        ("lookup us_states name code", "NEW YORK", "NY"),
        ("lookup us_states name code", "New York", "NY"),
        ("lookup us_hpai_production production species", "WOAH Poultry", None),
        ("first_id us.fsis", "0042", "us.fsis:0042"),
        ("first_id us.fsis.grant +", "M1+P1", "us.fsis.grant:M1"),
        ("first_id us.fsis.grant +", " +P1", "us.fsis.grant:P1"),
        ("first_id us.fsis.grant", "M1+P1", "us.fsis.grant:M1+P1"),
    ],
)
def test_a_cell_is_read(word, cell, value):
    assert read(word, cell) == ([value], [""])


@pytest.mark.parametrize(
    ("word", "cell", "reason"),
    [
        ("count", "-1", "'-1' is not a count"),
        ("count", "1.5", "'1.5' is not a count"),
        ("count", "1,5", "'1,5' is not a count"),
        ("count", "1,2345", "'1,2345' is not a count"),
        ("count", "1e3", "'1e3' is not a count"),
        ("count", "many", "'many' is not a count"),
        ("count", "99999999999999999999", "'99999999999999999999' is not a count"),
        ("amount", "-1", "'-1' is not a number of at least 0"),
        ("amount", "many", "'many' is not a number of at least 0"),
        ("number", "41,46", "'41,46' is not a number"),
        ("number", "inf", "'inf' is not a number"),
        ("number", "nan", "'nan' is not a number"),
        ("number", "1e999", "'1e999' is not a number"),
        ("number", "0x10", "'0x10' is not a number"),
        ("number", ".", "'.' is not a number"),
        ("number", "4 kg", "'4 kg' is not a number"),
        ("date %m/%d/%Y", "13/1/2016", "'13/1/2016' is not a date as %m/%d/%Y"),
        ("date %m/%d/%Y", "2/29/2015", "'2/29/2015' is not a date as %m/%d/%Y"),
        ("date %m/%d/%Y", "1/2/16", "'1/2/16' is not a date as %m/%d/%Y"),
        ("date %Y-%m-%d", "2015-02-29", "'2015-02-29' is not a date as %Y-%m-%d"),
        ("lookup us_states name code", "Narnia", "'Narnia' is not in data/codes/us_states.csv"),
    ],
)
def test_a_cell_that_cannot_be_read_is_null_with_its_reason(word, cell, reason):
    assert read(word, cell) == ([None], [reason])


WORDS = {
    "text": "text",
    "list": "list ;",
    "count": "count",
    "number": "number",
    "amount": "amount",
    "code": "code",
    "date": "date %Y-%m-%d",
    "us_zip": "us_zip",
    "lookup": "lookup us_states name code",
    "first_id": "first_id us.fsis +",
    "codes": "codes 1=one; 2=two",
    "extract": r"extract ^(\d)",
    "first_seen": "first_seen",
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_an_empty_cell_is_null_and_no_reason_whatever_the_word(name):
    assert read(WORDS[name], "", "") == ([None, None], ["", ""])


@pytest.mark.parametrize("name", TRANSFORMS)
def test_no_cells_give_no_values(name):
    assert read(WORDS[name]) == ([], [])


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_word_keeps_the_index_of_its_cells(name):
    cells = pd.Series(["", "1"], index=[7, 3], dtype="str")
    values, reasons = apply(WORDS[name], cells)
    assert values.index.tolist() == reasons.index.tolist() == [7, 3]


def test_a_word_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(BadParameter, match="'guess', which does not exist") as caught:
        read("guess", "1")
    assert all(name in caught.value.todo for name in TRANSFORMS)


@pytest.mark.parametrize("word", ["count now", "date", "list", "lookup us_states", "us_zip 5", "first_id"])
def test_a_word_with_too_few_or_too_many_words_after_it_is_refused(word):
    with pytest.raises(BadParameter, match="too few or too many words"):
        read(word, "1")


def test_a_code_list_that_is_not_shipped_is_named():
    with pytest.raises(FileMissing, match=r"codes/planets\.csv"):
        read("lookup planets name code", "Mars")
