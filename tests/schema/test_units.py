"""Numbers reach the unit of their column by the exact factor, or the conversion is refused with its reason."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from welfare.errors import BadParameter
from welfare.schema.codes import shipped
from welfare.schema.units import Conversion, conversion, convert

LB, FT, INCH = Fraction("0.45359237"), Fraction("0.3048"), Fraction("0.0254")  # kg, m, m: by definition
ACRE, US_GALLON, IMPERIAL_GALLON = (
    Fraction("4046.8564224"),
    Fraction("0.003785411784"),
    Fraction("0.00454609"),
)  # m2, m3


@pytest.mark.parametrize(
    ("unit", "into", "factor"),
    [
        ("birds per minute", "animals/min", 1),
        ("bpm", "animals/min", 1),
        ("Head/Min.", "animals/min", 1),
        ("head per hour", "animals/min", Fraction(1, 60)),
        ("head/hour", "animals/min", Fraction(1, 60)),
        ("hd/hr", "animals/min", Fraction(1, 60)),
        ("fish per second", "animals/min", 60),
        ("lb/ft2", "kg/m2", LB / FT**2),
        ("lb/ft^2", "kg/m2", LB / FT**2),
        ("lb per sq ft", "kg/m2", LB / FT**2),
        ("lbs. per sq. ft.", "kg/m2", LB / FT**2),
        ("Pounds per Square Foot", "kg/m2", LB / FT**2),
        ("lb/sqft", "kg/m2", LB / FT**2),
        ("kg/m2", "kg/m2", 1),
        ("kg m-2", "kg/m2", 1),
        ("kg·m⁻²", "kg/m2", 1),
        ("kg*m**-2", "kg/m2", 1),
        ("kg/m²", "kg/m2", 1),
        ("kg live weight/m2", "kg/m2", 1),
        ("birds/m2", "animals/m2", 1),
        ("animals/acre", "animals/m2", 1 / ACRE),
        ("per acre", "animals/m2", 1 / ACRE),
        ("animals/ha", "animals/m2", Fraction(1, 10_000)),
        ("kg/m3", "kg/m3", 1),
        ("g/L", "kg/m3", 1),
        ("lb/gal (US)", "kg/m3", LB / US_GALLON),
        ("lb per US gallon", "kg/m3", LB / US_GALLON),
        ("lb/imp gal", "kg/m3", LB / IMPERIAL_GALLON),
        ("lb/cu ft", "kg/m3", LB / FT**3),
        ("ft2", "m2", FT**2),
        ("acre", "m2", ACRE),
        ("ha", "m2", 10_000),
        ("cubic feet", "m3", FT**3),
        ("weeks", "hours", 168),
        ("thousand birds", "animals", 1000),
        ("1,000 head", "animals", 1000),
        ("degrees", "degree", 1),
        ("years", "years", 1),
        ("events", "events", 1),
    ],
)
def test_a_unit_as_people_write_it_has_its_exact_factor(unit, into, factor):
    found = conversion(unit, into)
    assert (found.unit, found.into, found.inverse) == (unit, into, False)
    assert found.factor == float(factor)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("cm2 per bird", 10_000),
        ("cm2/bird", 10_000),
        ("sq in per hen", 1 / INCH**2),
        ("ft2/bird", 1 / FT**2),
        ("m2 per pig", 1),
    ],
)
def test_room_per_animal_is_turned_over_into_a_density(unit, factor):
    found = conversion(unit, "animals/m2")
    assert found.inverse
    assert found.factor == float(factor)


def test_how_a_number_was_converted_can_be_read():
    assert conversion("lbs per sq. ft.", "kg/m2").how == "lb/ft2 x 4.882428 = kg/m2"
    assert conversion("cm2 per bird", "animals/m2").how == "10000 / (cm2/animal) = animals/m2"
    assert conversion("head per hour", "animals/min").how == "animals/hour x 0.01666667 = animals/min"
    assert conversion("birds per minute", "animals/min").how == "birds per minute = animals/min"
    assert conversion("1,000 head", "animals").how == "1000 animals x 1000 = animals"


@pytest.mark.parametrize("into", ["kg/m2", "kg/m3"])
def test_weight_and_number_of_animals_do_not_convert_without_an_average_weight(into):
    for unit, column in (("lb/ft2", "animals/m2"), ("birds/ft2", into)):
        with pytest.raises(BadParameter) as caught:
            conversion(unit, column)
        assert f"no factor leads from '{unit}' to '{column}'" in caught.value.what
        assert "weight per" in caught.value.what
        assert "animals per area" in caught.value.what
        assert "average weight per animal" in caught.value.todo
        assert "does not assume" in caught.value.todo


@pytest.mark.parametrize(
    ("unit", "into", "why"),
    [
        ("psf", "kg/m2", "weight or pressure"),
        ("lb/gal", "kg/m3", "4.54609 L elsewhere"),
        ("tons", "animals", "2,240 lb"),
        ("head per month", "animals/min", "months differ"),
        ("furlongs", "m2", "'furlongs' is not known"),
        ("m2", "as unit says", "is not known"),
        ("hours", "years", "one is time, the other years"),
        ("birds/m", "animals/min", "animals per length"),
        ("kg", "kg/m2", "one is weight, the other weight per area"),
        ("birds", "animals/m2", "one is animals, the other animals per area"),
        ("per bird", "animals/m2", "a bare number"),
        ("lb/ft 2", "kg/m2", "weight per length"),
        ("m2", "m3", "one is area, the other volume"),
        ("birds/in", "animals/m2", "animals per length"),
        ("0 head", "animals", "'0' is not known"),
        ("", "m2", "is not a unit"),
        ("kg/", "kg/m2", "is not a unit"),
        ("per", "m2", "is not a unit"),
    ],
)
def test_a_unit_that_is_doubtful_or_of_another_kind_is_refused_with_the_reason(unit, into, why):
    with pytest.raises(BadParameter) as caught:
        conversion(unit, into)
    assert why in caught.value.what


def test_values_keep_their_index_and_their_nulls():
    speeds = pd.Series([8400, None, 10500], index=[3, 5, 7], dtype="Int64")
    found = convert(speeds, conversion("head per hour", "animals/min"))
    assert str(found.dtype) == "float64"
    assert found.fillna(-1).to_dict() == {3: 140.0, 5: -1.0, 7: 175.0}


@given(st.integers(min_value=0, max_value=10_000))
def test_a_whole_speed_per_minute_comes_back_from_its_speed_per_hour(speed):
    assert convert(pd.Series([speed * 60]), conversion("head/hour", "animals/min")).tolist() == [float(speed)]


def test_no_room_per_animal_is_null_not_an_infinite_density():
    room = convert(pd.Series([750.0, 0.0, -10.0, None]), conversion("cm2 per hen", "animals/m2"))
    assert room.isna().tolist() == [False, True, True, True]
    assert room[0] == 10_000 / 750


def test_a_conversion_is_plain_data():
    assert conversion(" m2 ", "m2") == Conversion("m2", "m2", 1.0, False, "m2 = m2")


def test_every_word_of_the_list_is_a_unit_of_its_own_kind():
    for row in shipped("codes/unit_words.csv").itertuples():
        assert conversion(row.word, row.word).factor == 1, row.word


def test_the_units_of_the_dictionary_of_columns_are_known_or_no_units():
    units = set(shipped("columns.csv")["unit"]) - {"", "as unit says", "as the source says"}
    unknown = units - {"persons or animals", "inspection tasks"}
    assert {conversion(unit, unit).factor for unit in unknown} == {1.0}


@given(st.text(max_size=30) | st.from_regex(r"[a-z0-9/ .,^-]{1,20}", fullmatch=True))
def test_no_words_raise_anything_but_the_librarys_own_error(words):
    try:
        found = conversion(words, "kg/m2")
    except BadParameter:
        return
    assert found.factor > 0
