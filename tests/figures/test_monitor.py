"""A chart over time: what is drawn is what the table says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.style import to_svg
from welfare.patterns.monitor.charts import monitor

COUNTS = np.r_[np.tile([4, 5, 3], 10), np.tile([9, 8, 10], 4)]

SIGNAL = {"i": "signal 32", "M": "2022-09-01", "O": "2022-09"}


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(42),
        pd.date_range("2020-01-01", periods=42, freq="MS"),
        pd.period_range("2020-01", periods=42, freq="M"),
        pd.period_range("2020-01", periods=42, freq="M").astype(str),
    ],
    ids=["numbers", "dates", "periods", "text"],
)
def test_the_line_is_the_chart_and_the_signal_is_named(index):
    found = monitor(pd.Series(COUNTS, index=index), 4.0)
    ax = found.plot()
    assert ax.lines[0].get_ydata() == pytest.approx(found.paths.iloc[:, 0].to_numpy())
    assert set(ax.lines[1].get_ydata()) == {found.table["limit"].iloc[0]}
    shown = words(ax)
    assert "limit" in shown
    assert any(text.startswith("signal ") and text.endswith(SIGNAL[index.dtype.kind]) for text in shown), shown
    assert "<svg" in to_svg(ax, alt="a chart")


def test_the_facility_asked_for_is_drawn_else_the_clearest():
    frame = pd.DataFrame({"quiet": np.tile([4, 5, 3], 14), "risen": COUNTS})
    found = monitor(frame, 4.0)
    assert found.plot().lines[0].get_ydata() == pytest.approx(found.paths["risen"].to_numpy())
    quiet = found.plot(facility="quiet")
    assert quiet.lines[0].get_ydata() == pytest.approx(found.paths["quiet"].to_numpy())
    assert not any(text.startswith("signal") for text in words(quiet))
    with pytest.raises(BadParameter, match="no facility"):
        found.plot(facility="third")


@pytest.mark.parametrize("method", ["ewma", "shewhart", "changepoints"])
def test_every_method_can_be_drawn(method):
    found = monitor(COUNTS, 4.0, method=method)
    ax = found.plot()
    assert ax.get_ylabel() and ("limit" in words(ax)) == (method != "changepoints")
