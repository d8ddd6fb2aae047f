"""Names: what makes two of them one operator's, against arithmetic done by hand."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.names import NameWeights, fold, name_tokens

WEIGHTS = NameWeights(["Acme Meat Co.", "Acme Poultry Inc", "Zenith Meat LLC"])
# Three names: acme and meat stand in two of them, poultry and zenith in one, any other word in none.
IN_TWO, IN_ONE, IN_NONE = log(4 / 3) + 0.1, log(4 / 2) + 0.1, log(4 / 1) + 0.1

NAMES = st.text(alphabet=st.sampled_from("abcdeéß &.'-12 "), max_size=24) | st.sampled_from(
    ["Acme Meat", "Acme Meats, Inc.", "Zenith Plant 12", "Zenith Plant 21", "Pilgrim's Pride", "Pligrims Pride", ""]
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Pilgrim's Pride", "pilgrims pride"),
        ("Pilgrim\u2019s Pride", "pilgrims pride"),
        ("J.B. Poultry", "jb poultry"),
        ("Café Peña", "cafe pena"),
        ("Groß & Söhne", "gross sohne"),
        ("A_B/C-D", "a b c d"),
        ("Købmand", "købmand"),
        ("Мясокомбинат № 5", "мясокомбинат 5"),
        ("  ", ""),
    ],
)
def test_spelling_is_folded_and_no_script_vanishes(written, folded):
    assert fold(written) == folded
    assert fold(fold(written)) == fold(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Meats, Inc.", "ACME MEAT"),
        ("Acme Meat Company L.L.C.", "Acme Meat"),
        ("The Acme Pkg. Co", "Acme Packing"),
        ("Acme Bros Foods Intl", "Acme Brothers Food International"),
        ("Acme Meatpacking", "Acme Meat Packing"),
        ("Smith & Sons", "Smith and Sons"),
        ("Señor Meat", "Senor Meat"),
    ],
)
def test_legal_forms_abbreviations_accents_and_spaces_do_not_matter(one, other):
    assert WEIGHTS.likeness(one, other) == 1


def test_a_name_of_legal_forms_alone_keeps_them():
    assert name_tokens("The Company") == ("the", "company")


@pytest.mark.parametrize(("one", "other"), [("Plant 12", "Plant 21"), ("Sim Plant 0007 Deli", "Sim Plant 0008 Deli")])
def test_another_number_is_another_name(one, other):
    assert WEIGHTS.likeness(one, other) == 0


def test_a_number_is_never_a_misspelt_one():
    # Eight of nine signs agree, which in letters would be a misspelling.
    weights = NameWeights(["lot a1000001", "lot a1000002"])
    assert weights.likeness("a1000001", "a1000002") == 0


def test_words_weigh_by_how_rare_they_are():
    assert (WEIGHTS.of("acme"), WEIGHTS.of("zenith"), WEIGHTS.of("unheard")) == (IN_TWO, IN_ONE, IN_NONE)


def test_likeness_is_the_shared_weight():
    # "meat" is shared, once on either side; "acme" and "zenith" are not.
    assert WEIGHTS.likeness("Acme Meat", "Zenith Meat") == pytest.approx(2 * IN_TWO / (3 * IN_TWO + IN_ONE), rel=1e-12)
    # "acme" is shared; "poultry" is missing on the right.
    assert WEIGHTS.likeness("Acme Poultry", "Acme") == pytest.approx(2 * IN_TWO / (2 * IN_TWO + IN_ONE), rel=1e-12)


def test_a_misspelt_word_counts_by_how_alike_it_is():
    # pilgrims and pligrims: seven of eight letters in order on either side, 2 x 7 / 16.
    assert WEIGHTS.likeness("Pilgrims", "Pligrims") == pytest.approx(0.875, rel=1e-12)
    shared = 2 * IN_TWO + 2 * 0.875 * IN_NONE
    assert WEIGHTS.likeness("Pilgrims Meat", "Pligrims Meat") == pytest.approx(
        shared / (2 * IN_TWO + 2 * IN_NONE), rel=1e-12
    )


@pytest.mark.parametrize(
    ("one", "other"), [("Plaimrs", "Pilgrims"), ("Ham", "Jam"), ("", "Acme"), ("", ""), ("&", "-")]
)
def test_what_is_not_alike_is_nothing(one, other):
    assert WEIGHTS.likeness(one, other) == 0


@settings(deadline=None, max_examples=300)
@given(NAMES, NAMES)
def test_likeness_is_symmetric_and_between_0_and_1(one, other):
    likeness = WEIGHTS.likeness(one, other)
    assert likeness == WEIGHTS.likeness(other, one)
    assert 0 <= likeness <= 1


@settings(deadline=None)
@given(NAMES)
def test_a_name_is_wholly_like_itself(name):
    assert WEIGHTS.likeness(name, name) == (1 if fold(name) else 0)
