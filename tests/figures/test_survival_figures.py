"""Survival curves, shares by cause and timelines: what is drawn is what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.figures.style import to_svg
from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration
from welfare.stats.duration.spells import spells


@pytest.fixture(scope="module")
def df() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 120
    return pd.DataFrame(
        {
            "days": rng.integers(1, 200, n),
            "event": rng.integers(0, 2, n),
            "ended": rng.choice(["sold", "died", None], n),
            "system": rng.choice(["barn", "cage"], n),
        }
    )


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_curves_carry_their_names_and_those_at_risk(df):
    found = survival(df, time="days", event="event", by="system")
    ax = found.plot(until=150)
    line = ax.lines[0]
    barn = found.table[(found.table["group"] == "barn") & (found.table["time"] <= 150)]
    assert line.get_ydata()[1:-1] == pytest.approx(barn["survival"].to_numpy())
    shown = words(ax)
    assert shown.count("barn") == 2  # beside the curve, and beneath
    ticks = [int(tick) for tick in ax.get_xticks()]
    counts = found.at(ticks).set_index(["group", "time"])["at_risk"]
    assert all(f"{counts.loc[('cage', tick)]:,}" in shown for tick in ticks)
    assert counts.loc[("barn", 0)] + counts.loc[("cage", 0)] == len(df)


def test_shares_are_stacked_for_one_group_and_lines_for_several(df):
    one = cumulative_incidence(df, time="days", event="ended")
    ax = one.plot()
    assert any(text.startswith("sold ") and text.endswith("%") for text in words(ax))
    several = cumulative_incidence(df, time="days", event="ended", by="system").plot()
    assert {"barn: died", "cage: sold"} <= set(words(several))


def test_timelines_have_a_dot_for_each_event(df):
    records = pd.DataFrame(
        {"herd": ["a", "a", "a", "b"], "date": ["2023-01-01", "2023-02-01", "2023-05-01", "2023-03-01"]}
    )
    ax = spells(records, unit="herd", date="date", until="2023-12-31").plot()
    assert [len(line.get_xdata()) for line in ax.lines] == [2, 0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_figures_leave_as_svg(df):
    for ax in (
        survival(df, time="days", event="event", by="system").plot(),
        cumulative_incidence(df, time="days", event="ended").plot(),
        duration("event ~ system", df, time="days").plot(),
    ):
        assert to_svg(ax, alt="a figure").startswith("<svg")


def test_names_of_curves_that_end_together_stand_apart_about_where_they_end():
    from welfare.figures.survival import _APART, _apart

    placed = _apart(np.array([0.5, 0.5, 0.9, 0.0]))
    assert placed.tolist() == pytest.approx([0.5 - _APART / 2, 0.5 + _APART / 2, 0.9, 0.02])
    assert np.diff(np.sort(_apart(np.zeros(8)))).min() == pytest.approx(_APART)
    assert _apart(np.ones(8)).max() == pytest.approx(1.0)


def test_a_step_at_the_very_end_is_seen():
    """Both rows of two have the event, the second at the last time: the area must reach 100%, as its label says."""
    rows = pd.DataFrame({"days": [5, 10], "kind": ["died", "died"]})
    ax = cumulative_incidence(rows, time="days", event="kind").plot()
    corners = ax.collections[0].get_paths()[0].vertices
    top = corners[corners[:, 1] > 0.99]
    assert np.ptp(top[:, 0]) > 0.05
    assert top[:, 0].max() <= ax.get_xlim()[1]


def test_no_curve_is_drawn_after_anybody_was_observed():
    rows = pd.DataFrame({"days": [5, 10, 20, 40], "event": [1, 0, 1, 0], "side": list("aabb")})
    ax = survival(rows, time="days", event="event", by="side").plot(until=60)
    assert [float(line.get_xdata().max()) for line in ax.lines[:2]] == [10, 40]
    shares = cumulative_incidence(rows, time="days", event="event", by="side").plot(until=60)
    assert [float(line.get_xdata().max()) for line in shares.lines[:2]] == pytest.approx([10.72, 40.72])


@pytest.mark.parametrize("until", [0, -5.0, float("nan")])
def test_a_figure_that_ends_before_it_begins_is_refused(until):
    rows = pd.DataFrame({"days": [5, 10], "event": [1, 0]})
    with pytest.raises(BadParameter, match="no time after 0"):
        survival(rows, time="days", event="event").plot(until=until)
