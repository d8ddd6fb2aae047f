"""Combinations drawn: where they were sought and where they were held out, and what lies beyond the edge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.practices import found_and_held_out
from welfare.figures.style import BLUE, OCHRE, to_svg


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conditions": ["shift is night, and stunning is gas", "species is not sheep", "housing is cage"],
            "ratio": [2.2, 1.4, 1.9],
            "held_out_ratio": [1.9, 1.1, np.nan],
            "held_out_low": [1.2, 0.0, np.nan],
            "held_out_high": [2.9, 400.0, np.nan],
        }
    )


def test_each_ratio_and_interval_is_drawn_where_it_is(table):
    ax = found_and_held_out(table)
    rings = next(line for line in ax.lines if line.get_color() == OCHRE)
    assert rings.get_xdata().tolist() == [2.2, 1.4, 1.9]
    intervals = [line.get_xdata() for line in ax.lines if line.get_color() == BLUE and len(line.get_xdata()) == 2]
    assert list(intervals[0]) == [1.2, 2.9]
    left, right = ax.get_xlim()
    assert list(intervals[1]) == [left, right]
    assert left > 0
    arrows = [line for line in ax.lines if line.get_marker() in ("<", ">")]
    assert [line.get_xdata()[0] for line in arrows] == [left, right]
    squares = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "s" and len(line.get_xdata()) == 1]
    assert squares == [1.9, 1.1]


def test_what_was_not_held_out_says_so_and_numbers_stand_beside(table, words):
    said = words(to_svg(found_and_held_out(table, level=0.9), alt="practices"))
    assert "none held out" in said
    assert "1.9 (1.2–2.9)" in said or "1.90 (1.20–2.90)" in said
    assert any("90% interval" in text for text in said)


def test_a_ratio_of_zero_is_drawn_at_the_edge(table):
    ax = found_and_held_out(table.assign(held_out_ratio=0.0, held_out_low=0.0, held_out_high=0.5))
    assert np.isfinite(ax.get_xlim()).all()
    assert ax.get_xlim()[0] > 0


def test_nothing_cannot_be_drawn(table):
    with pytest.raises(BadParameter, match="no row"):
        found_and_held_out(table.iloc[:0])
