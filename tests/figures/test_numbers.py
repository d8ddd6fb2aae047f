"""Numbers are printed to the figures that matter, and no number is printed as another."""

from __future__ import annotations

import math

import pytest

from welfare.figures.numbers import counted, interval, short, tick


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0, "0"),
        (1234.4, "1,234"),
        (12.345, "12.3"),
        (7.1, "7.10"),
        (0.0456, "0.046"),
        (0.0002, "0.00020"),
        (2.04e-7, "2.0 × 10⁻⁷"),
        (-7.1, "−7.10"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_is_printed_to_about_three_figures(value, printed):
    assert short(value) == printed


def test_a_small_number_is_never_printed_as_zero():
    assert float(short(0.00004)) == 0.00004


def test_an_interval_of_negative_numbers_is_joined_by_a_word():
    assert interval(1.8, 1.2, 2.7) == "1.80 (1.20–2.70)"
    assert interval(-1.8, -2.7, 0.5) == "−1.80 (−2.70 to 0.50)"


def test_a_number_without_an_interval_stands_alone():
    assert interval(1.0, math.nan, math.nan) == "1.00"


@pytest.mark.parametrize(
    ("at", "printed"), [(0.25, "0.25"), (1000, "1,000"), (-0.5, "−0.5"), (5e-5, "5e−05"), (0, "0")]
)
def test_a_tick_has_no_digits_to_spare(at, printed):
    assert tick(at) == printed


def test_one_is_not_plural():
    assert counted(1, "plant") == "1 plant"
    assert counted(0, "plant") == "0 plants"
    assert counted(1204, "record has", "records have") == "1,204 records have"
