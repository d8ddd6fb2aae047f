"""Hours of pain are drawn by intensity, on both sides of zero, and never added up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.money import hours
from welfare.figures.style import to_svg


def _table(low, median, high):
    lines = [f"intensity {row}" for row in range(len(median))]
    return pd.DataFrame({"line": lines, "unit": "h per bird", "low": low, "median": median, "high": high})


def _dots(ax):
    """By row: where the dot stands, and whether it is hollow."""
    found = []
    for inner in ax.child_axes:
        dots = [line for line in inner.lines if line.get_marker() == "o"]
        found.append((dots[0].get_xdata()[0], dots[0].get_markerfacecolor() != dots[0].get_color()) if dots else None)
    return found


def test_each_intensity_stands_at_its_own_difference():
    ax = hours(_table([-5, -28, np.nan], [20, -18, np.nan], [42, -12, np.nan]))
    assert _dots(ax) == [(20, True), (-18, False), None]


def test_zero_stands_in_one_line_through_all_rows():
    ax = hours(_table([-5, -280], [20, -180], [42, -120]))
    ax.figure.draw_without_rendering()
    places = [inner.transData.transform((0, 0))[0] for inner in ax.child_axes]
    assert places[0] == pytest.approx(places[1])


@pytest.mark.parametrize(("low", "own"), [(-30, False), (-300, True)])
def test_rows_that_differ_much_have_scales_of_their_own_and_the_figure_says_so(words, low, own):
    ax = hours(_table([-28, low], [-18, low / 2], [-12, low / 3]))
    reaches = {inner.get_xlim() for inner in ax.child_axes}
    assert (len(reaches) == 2) is own
    said = " ".join(words(to_svg(ax, alt="x")))
    assert ("Each row has its own scale." in said) is own
    assert "Intensities are not added together." in said


def test_an_interval_that_holds_zero_is_explained_where_there_is_one(words):
    decided = " ".join(words(to_svg(hours(_table([-28], [-18], [-12])), alt="x")))
    undecided = " ".join(words(to_svg(hours(_table([-28], [-18], [12])), alt="x")))
    assert "hollow" not in decided
    assert "A hollow dot: the interval holds zero." in undecided


def test_numbers_carry_their_sign_and_a_missing_one_is_not_estimated(words):
    said = words(to_svg(hours(_table([-5, -28, None], [20, -18, None], [42, -12, None])), alt="x"))
    assert {"+20.0 (−5.00 to 42.0)", "−18.0 (−28.0 to −12.0)", "not estimated"} <= set(said)


def test_a_telephone_shows_every_number_of_the_page(words):
    svg = to_svg(hours(_table([-5, -28, None], [20, -18, None], [42, -12, None])), alt="x")
    printed = {text for text in words(svg) if "(" in text or text == "not estimated"}
    assert len(printed) == 3
    assert printed <= set(words(svg, "narrow"))


def test_a_difference_of_zero_is_zero_and_not_missing(words):
    assert "0 (0 to 0)" in words(to_svg(hours(_table([0.0], [0.0], [0.0])), alt="x"))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(BadParameter, match="median"):
        hours(_table([1.0], [1.0], [1.0]).drop(columns="median"))
