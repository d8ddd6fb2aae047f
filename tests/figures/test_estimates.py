"""Ratios and rates are drawn where they are, with their numbers, and what is missing is said in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.estimates import forest, rates
from welfare.figures.style import to_svg

RATIOS = pd.DataFrame(
    {
        "term": ["large", "small", "reference", "unknown", "rare"],
        "ratio": [1.8, 0.42, 1.0, np.nan, 14.0],
        "ratio_low": [1.2, 0.3, np.nan, np.nan, 0.7],
        "ratio_high": [2.7, 0.6, np.nan, np.nan, 280.0],
    }
)
RATES = pd.DataFrame(
    {"group": ["cattle", "swine", "poultry"], "rate": [12.3, 0.0, None], "low": [10, 0, None], "high": [15, 2.2, None]}
).astype({"rate": "Float64", "low": "Float64", "high": "Float64"})


def _dots(ax):
    """Where the dots stand: (value, row)."""
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_marker() == "o"]


def _bars(ax):
    """The ends of each interval by row."""
    pairs = [(line.get_xdata(), line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 2]
    return {y[0]: tuple(x) for x, y in pairs if y[0] == y[1]}


def test_each_ratio_stands_at_its_value_and_a_missing_one_nowhere():
    assert _dots(forest(RATIOS)) == [(1.8, 0), (0.42, 1), (1.0, 2), (14.0, 4)]


def test_each_interval_reaches_from_low_to_high_and_a_reference_has_none():
    found = _bars(forest(RATIOS))
    assert found[0] == (1.2, 2.7)
    assert found[1] == (0.3, 0.6)
    assert set(found) == {0, 1, 4}


def test_the_numbers_are_printed_and_the_missing_one_is_not_estimated(words):
    said = words(to_svg(forest(RATIOS), alt="x"))
    assert {"1.80 (1.20–2.70)", "0.42 (0.30–0.60)", "1.00", "not estimated"} <= set(said)
    assert said.count("not estimated") == 1


def test_an_interval_beyond_a_hundred_times_the_reference_ends_in_an_arrow_and_keeps_its_number(words):
    ax = forest(RATIOS)
    assert [line.get_ydata()[0] for line in ax.lines if line.get_marker() == ">"] == [4]
    assert "14.0 (0.70–280)" in words(to_svg(ax, alt="x"))


def test_an_infinite_ratio_is_an_arrow_and_no_dot():
    ax = forest(pd.DataFrame({"term": ["a"], "ratio": [np.inf], "ratio_low": [2.0], "ratio_high": [np.inf]}))
    assert _dots(ax) == []
    assert [line.get_marker() for line in ax.lines].count(">") == 1


@pytest.mark.parametrize("ratio", [1.02, 1.8, 40.0])
def test_the_reference_always_has_its_tick(ratio):
    table = pd.DataFrame({"term": ["a"], "ratio": [ratio], "ratio_low": [ratio * 0.98], "ratio_high": [ratio * 1.02]})
    assert 1.0 in forest(table).get_xticks()


def test_a_doubling_and_a_halving_are_equally_far():
    ax = forest(RATIOS)
    halved, one, doubled = (ax.transData.transform((at, 0))[0] for at in (0.5, 1, 2))
    assert doubled - one == pytest.approx(one - halved)


def test_a_forest_of_rates_says_rates(words):
    table = RATES.dropna()
    svg = to_svg(
        forest(table, label="group", value="rate", low="low", high="high", log=False, quantity="rate"), alt="x"
    )
    assert "rate (interval)" in words(svg)
    assert not [text for text in words(svg) if text.startswith("ratio")]


def test_a_rate_of_zero_has_its_dot_at_zero_and_a_missing_rate_has_none(words):
    ax = rates(RATES, label="group", unit="records per 1,000 tasks")
    assert _dots(ax) == [(12.3, 0), (0.0, 1)]
    said = words(to_svg(ax, alt="x"))
    assert "0 (0–2.20)" in said
    assert said.count("not collected") == 1
    assert "records per 1,000 tasks" in said


def test_the_scale_of_rates_begins_at_zero():
    assert rates(RATES, label="group").get_xlim()[0] == 0


def test_rates_that_are_all_missing_are_drawn_as_words_alone(words):
    table = pd.DataFrame({"group": ["a", "b"], "rate": [np.nan] * 2, "low": [np.nan] * 2, "high": [np.nan] * 2})
    ax = rates(table, label="group")
    assert _dots(ax) == []
    assert words(to_svg(ax, alt="x")).count("not collected") == 2


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(BadParameter, match="ratio_low"):
        forest(RATIOS.drop(columns="ratio_low"))
    with pytest.raises(BadParameter, match="group"):
        rates(RATES.drop(columns="group"), label="group")
