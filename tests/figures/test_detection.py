"""What inspection does not see, drawn: shares, ratios and last digits are those of the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.detection import digits, estimates
from welfare.figures.style import to_svg


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        ("occupancy", "there", 0.4, 0.3, 0.5, "share", "estimated"),
        ("occupancy", "p-value", 0.2, np.nan, np.nan, "p-value", "estimated"),
        ("audited", "audited against not", 1.7, 1.1, 2.5, "ratio", "estimated"),
        ("inspectors", "inspectors", np.nan, np.nan, np.nan, "", "cannot tell"),
    ]
    return pd.DataFrame(rows, columns=["part", "quantity", "estimate", "low", "high", "unit", "status"])


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_shares_are_drawn_in_percent(table):
    ax = estimates(table)
    assert any(word.startswith("40") for word in words(ax))
    assert "percent" in ax.get_xlabel()
    assert to_svg(ax, alt="shares").startswith("<svg")


def test_ratios_are_drawn_where_there_are_no_shares(table):
    ax = estimates(table[table["unit"] != "share"])
    assert ax.get_xscale() == "log"
    assert any(word.startswith("1.7") for word in words(ax))


def test_numbers_are_drawn_where_there_is_nothing_else(table):
    counted = table.iloc[:1].assign(unit="facilities", estimate=120.0, low=60.0, high=200.0)
    assert estimates(counted).get_xlabel() == "facilities"


def test_a_table_that_tells_nothing_is_not_drawn(table):
    with pytest.raises(BadParameter, match="nothing could be told"):
        estimates(table.iloc[[1, 3]])
    with pytest.raises(BadParameter, match="no column 'unit'"):
        estimates(table.drop(columns="unit"))


def test_bars_are_the_reports_by_last_digit():
    rows = pd.DataFrame({"digit": range(10), "observed": [30.0, *[8.0] * 9], "expected": [10.0] * 10})
    ax = digits(rows)
    assert [bar.get_height() for bar in ax.patches] == rows["observed"].tolist()
    assert ax.lines[0].get_ydata().tolist() == rows["expected"].tolist()
    with pytest.raises(BadParameter, match="no column 'expected'"):
        digits(rows.drop(columns="expected"))
