"""The funnel's limits are the Poisson distribution's own; bars never draw what was not collected as zero."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, poisson

from welfare.errors import BadParameter
from welfare.figures.profiles import bars, funnel, funnel_limits
from welfare.figures.style import to_svg
from welfare.patterns.profiles.laws.counts import Counts
from welfare.patterns.profiles.profile import profile


def _limits(expected, level, **how):
    low, high = funnel_limits(np.array([expected]), level, **how)
    return low[0], high[0]


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_limits_where_the_poisson_tail_is_exact_arithmetic(level):
    tail = (1 - level) / 2
    # P(X >= 1) = 1 - exp(-m) is the tail at m = -log(1 - tail): one event is just at the upper limit.
    m = -log(1 - tail)
    assert _limits(m, level)[1] * m == pytest.approx(1)
    # P(X = 0) = exp(-m) is the tail at m = -log(tail): no event is just at the lower limit, and never below it.
    assert _limits(-log(tail), level)[0] == pytest.approx(0, abs=1e-3)
    assert _limits(-log(tail) / 2, level)[0] == 0


@pytest.mark.parametrize("level", [0.95, 0.998])
@pytest.mark.parametrize("count", [1, 2, 5, 20, 100, 1000])
def test_limits_against_the_chi_square_relation(level, count):
    tail = (1 - level) / 2
    # P(X >= k | m) = P(chi2 with 2k degrees <= 2m), an identity that the code does not use.
    m = chi2.ppf(tail, 2 * count) / 2
    assert _limits(m, level)[1] * m == pytest.approx(count, rel=1e-6)
    m = chi2.isf(tail, 2 * count + 2) / 2
    assert _limits(m, level)[0] * m == pytest.approx(count, rel=1e-6)


@pytest.mark.parametrize("expected", [0.3, 1.7, 6.2, 41.0])
def test_chance_alone_leaves_the_limits_no_more_often_than_they_say(expected):
    counts = np.arange(0, 400)
    low, high = _limits(expected, 0.95)
    weights = poisson.pmf(counts, expected)
    ratios = counts / expected
    assert weights[ratios >= high].sum() <= 0.025 + 1e-12
    assert weights[ratios < low].sum() <= 0.025 + 1e-12


def test_widened_limits_are_where_the_adjusted_deviation_reaches_its_own():
    expected, spread = 2000.0, 0.01  # so many events that Poisson and normal limits agree to a percent
    low, high = _limits(expected, 0.95, tau2=4 * spread)
    z = Counts(np.array([low, high]) * expected, np.full(2, expected)).z
    assert z / np.sqrt(1 + 4 * expected * spread) == pytest.approx([-1.96, 1.96], rel=0.02)


def test_overdispersion_widens_the_distance_from_one_on_the_scale_drawn():
    low, high = _limits(40.0, 0.95)
    wide_low, wide_high = _limits(40.0, 0.95, phi=4.0)
    assert np.sqrt(wide_high) - 1 == pytest.approx(2 * (np.sqrt(high) - 1))
    assert 1 - np.sqrt(wide_low) == pytest.approx(2 * (1 - np.sqrt(low)))


def _table(**columns):
    table = pd.DataFrame(columns)
    return table.assign(
        facility_id=[f"us.fsis:{row}" for row in table.index], ratio=table["observed"] / table["expected"]
    )


def test_each_facility_stands_at_its_expected_count_and_ratio():
    table = _table(observed=[3, 0, 40], expected=[2.0, 4.0, 10.0], flagged=["", "below", "above"])
    ax = funnel(table)
    drawn = {tuple(point) for group in ax.collections for point in np.asarray(group.get_offsets())}
    assert drawn == {(2.0, 1.5), (4.0, 0.0), (10.0, 4.0)}


def test_the_legend_counts_the_flags_and_does_not_call_the_others_expected(words):
    table = _table(observed=[3, 0, 40], expected=[2.0, 4.0, 10.0], flagged=["", "below", "above"])
    said = words(to_svg(funnel(table), alt="x"))
    assert {"not flagged (1)", "flagged: more than expected (1)", "flagged: fewer than expected (1)"} <= set(said)


def test_the_legend_names_each_line_and_says_beyond_which_a_facility_is_far_out(words):
    table = _table(observed=[3, 0, 40], expected=[2.0, 4.0, 10.0], flagged=["", "below", "above"])
    plain = set(words(to_svg(funnel(table), alt="x")))
    assert {"99.8% limits by chance alone", "95% limits by chance alone", "Beyond the solid lines: far out"} <= plain
    wide = words(to_svg(funnel(table, tau2=0.1), alt="x"))
    limits = [text for text in wide if "% limits" in text]
    assert limits[0] == "99.8% limits widened for how much facilities differ"
    assert len(limits) == 4
    assert "Beyond the dark solid lines: far out" in wide


@pytest.mark.parametrize(("least", "most"), [(0.01, 5.0), (0.9, 40.0), (2.0, 9.0), (0.001, 3000.0)])
def test_the_scale_of_expected_counts_has_three_to_ten_numbers_on_it(least, most):
    ax = funnel(_table(observed=[1, 1], expected=[least, most], flagged=["", ""]))
    left, right = ax.get_xlim()
    drawn = [at for at in ax.get_xticks() if left <= at <= right]
    assert 3 <= len(drawn) <= 10


def test_a_facility_without_expectation_or_ratio_is_counted_not_drawn(words):
    table = _table(observed=[3, 2, 1], expected=[2.0, 0.0, np.nan], flagged=["", "", ""])
    ax = funnel(table)
    assert sum(len(group.get_offsets()) for group in ax.collections) == 1
    assert any("(2 not drawn: no ratio)" in text for text in words(to_svg(ax, alt="x")))


def test_a_ratio_beyond_the_figure_is_marked_at_its_edge_and_counted(words):
    # Fifty facilities as expected, one with a single event where a thousandth was expected.
    table = _table(observed=[10] * 50 + [1], expected=[10.0] * 50 + [0.001], flagged=[""] * 51)
    ax = funnel(table)
    top = ax.get_ylim()[1]
    assert top < 1000
    assert [0.001, top] in [list(point) for group in ax.collections for point in np.asarray(group.get_offsets())]
    assert any(text.endswith("beyond the figure (1)") for text in words(to_svg(ax, alt="x")))


def test_no_facility_is_named(words):
    table = _table(observed=[3, 0, 40], expected=[2.0, 4.0, 10.0], flagged=["", "below", "above"])
    assert "us.fsis" not in to_svg(funnel(table), alt="x")


def test_an_unknown_flag_is_refused():
    with pytest.raises(BadParameter, match="worse"):
        funnel(_table(observed=[3], expected=[2.0], flagged=["worse"]))


def test_the_funnel_of_a_profile_of_a_thousand_plants_stays_small():
    draw = np.random.default_rng(0)
    expected = draw.gamma(0.5, 12, 1000) + 0.05
    panel = pd.DataFrame(
        {
            "facility_id": [f"us.fsis:{row}" for row in range(1000)],
            "findings_count": draw.poisson(expected * draw.gamma(12, 1 / 12, 1000)),
            "expected_count": expected,
        }
    )
    svg = to_svg(profile(panel).plot(), alt="A thousand plants")
    assert "<image" in svg
    assert len(svg) < 250_000


BARS = pd.DataFrame({"volume_category": ["1", "2", "3", None], "events": pd.array([12, 0, None, 1843], dtype="Int64")})


def test_bars_are_as_long_as_their_counts_and_missing_is_neither_bar_nor_zero(words):
    ax = bars(BARS, label="volume_category", value="events", unit="reports")
    assert {bar.get_y() + bar.get_height() / 2: bar.get_width() for bar in ax.patches} == pytest.approx(
        {0: 12, 3: 1843}
    )
    said = words(to_svg(ax, alt="x"))
    assert said.count("0") == 1
    assert said.count("not collected") == 1
    assert {"12", "1,843", "reports", "not known"} <= set(said)


def test_bars_of_nothing_but_missing_counts_are_drawn(words):
    table = pd.DataFrame({"group": ["a"], "count": pd.array([None], dtype="Int64")})
    ax = bars(table, label="group", value="count")
    assert not ax.patches
    assert "not collected" in words(to_svg(ax, alt="x"))
