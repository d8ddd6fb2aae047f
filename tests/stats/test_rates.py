"""Rates and the limits of a Poisson mean, against published tables and against what defines them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.rates.groups import rate_by
from welfare.stats.rates.limits import byar_limits, exact_limits, midp_limits
from welfare.stats.rates.rate import rate


def upper_tail(count: int, mean: float) -> float:
    """P(X >= count) by adding up probabilities, with no library's distribution."""
    return 1 - math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count))


# Garwood 1936, as printed in every table of Poisson limits since (e.g. Pearson & Hartley, Biometrika tables, table 40).
@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.69), (1, 0.0253, 5.57), (2, 0.242, 7.22), (5, 1.62, 11.67), (10, 4.80, 18.39), (50, 37.11, 65.92)],
)
def test_exact_limits_are_those_of_the_published_table(events: int, low: float, high: float) -> None:
    row = rate(events, 1).table.iloc[0]
    assert row["low"] == pytest.approx(low, abs=0.006 if low > 1 else 0.0006)
    assert row["high"] == pytest.approx(high, abs=0.006)


@settings(max_examples=40, deadline=None)
@given(events=st.integers(1, 120), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_exact_limits_leave_half_of_the_rest_in_each_tail(events: int, level: float) -> None:
    (low,), (high,) = exact_limits(np.array([events]), level)
    assert upper_tail(events, low) == pytest.approx((1 - level) / 2, rel=1e-8)
    assert 1 - upper_tail(events + 1, high) == pytest.approx((1 - level) / 2, rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(events=st.integers(1, 120), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_midp_limits_count_half_of_the_count_itself_and_lie_inside_the_exact(events: int, level: float) -> None:
    (low,), (high,) = midp_limits(np.array([events]), level)

    def middle(mean: float) -> float:
        return (upper_tail(events, mean) + upper_tail(events + 1, mean)) / 2

    assert middle(low) == pytest.approx((1 - level) / 2, rel=1e-7)
    assert 1 - middle(high) == pytest.approx((1 - level) / 2, rel=1e-7)
    (outer_low,), (outer_high,) = exact_limits(np.array([events]), level)
    assert outer_low < low < events < high < outer_high


def test_midp_without_events_is_the_logarithm_of_the_tail() -> None:
    # Half of P(0) = exp(-m) / 2 is 0.025 where m = log(20).
    (low,), (high,) = midp_limits(np.array([0.0]), 0.95)
    assert (low, high) == (0.0, pytest.approx(math.log(20), rel=1e-10))


def test_byars_limits_follow_their_formula_and_come_near_the_exact() -> None:
    z = 1.959963984540054
    (low,), (high,) = byar_limits(np.array([10.0]), 0.95)
    assert low == pytest.approx(10 * (1 - 1 / 90 - z / (3 * 10**0.5)) ** 3)
    assert high == pytest.approx(11 * (1 - 1 / 99 + z / (3 * 11**0.5)) ** 3)
    counts = np.arange(1, 200, dtype=float)
    for ours, exact in zip(byar_limits(counts, 0.95), exact_limits(counts, 0.95), strict=True):
        assert np.abs(ours - exact).max() < 0.06


@pytest.mark.parametrize("mean", [0.3, 1.0, 2.7, 9.1, 33.0])
def test_exact_limits_cover_at_least_their_level(mean: float) -> None:
    counts = np.arange(0, 150)
    low, high = exact_limits(counts.astype(float), 0.95)
    probability = np.exp(counts * np.log(mean) - mean - [math.lgamma(k + 1) for k in counts])
    assert 0.95 <= probability[(low <= mean) & (mean <= high)].sum() <= 1


def test_a_rate_is_events_over_exposure_in_the_units_asked_for() -> None:
    # 788 noncompliance records in 193,594 tasks: 4.0704 per 1,000.
    found = rate(788, 193_594, per=1000)
    assert found.table["rate"].item() == pytest.approx(788 / 193.594)
    low, high = exact_limits(np.array([788.0]), 0.95)
    assert found.table["low"].item() == pytest.approx(low[0] / 193.594)
    assert found.table["high"].item() == pytest.approx(high[0] / 193.594)
    assert "4.07 per 1,000 units (95% exact (Garwood) interval 3.791 to 4.365)" in found.text


def test_no_events_is_a_rate_of_zero_with_an_upper_limit() -> None:
    # The exact upper limit for none is -log(0.025).
    row = rate(0, 200, per=100).table.iloc[0]
    assert (row["rate"], row["low"]) == (0, 0)
    assert row["high"] == pytest.approx(-math.log(0.025) / 2)


def test_rows_without_events_or_exposure_are_dropped_with_the_reason() -> None:
    events = pd.Series([3, None, 2, 5, 1], index=list("abcde"), dtype="Int64")
    exposure = pd.Series([10.0, 10.0, None, 0.0, -4.0], index=list("abcde"))
    found = rate(events, exposure)
    assert found.table.index.tolist() == ["a"]
    assert found.dropped.to_numpy().tolist() == [
        ["b", "missing events"],
        ["c", "no exposure"],
        ["d", "no exposure"],
        ["e", "negative exposure"],
    ]
    assert "Left out: 2 no exposure" in found.text


def test_without_a_denominator_there_is_no_rate() -> None:
    with pytest.raises(NoDenominator, match="no exposure was given"):
        rate([1, 2], None)
    with pytest.raises(NoDenominator, match="no row has an exposure above zero"):
        rate([1, 2], [0, None])


def test_rows_that_were_not_counted_are_not_zero() -> None:
    with pytest.raises(NotEstimable, match="no row with an exposure has a count"):
        rate([None, 3], [10, 0])


@pytest.mark.parametrize("events", [-1, 2.5, float("inf"), "many"])
def test_what_is_no_count_is_refused(events: object) -> None:
    with pytest.raises(BadValue):
        rate([events], [10])  # type: ignore[list-item]


def test_columns_of_other_rows_are_refused() -> None:
    with pytest.raises(BadParameter, match="differ in length"):
        rate([1, 2], [10])
    with pytest.raises(BadParameter, match="different row labels"):
        rate(pd.Series([1, 2]), pd.Series([10, 10], index=[1, 0]))


@pytest.mark.parametrize("option", [{"method": "wald"}, {"level": 95}, {"per": 0}])
def test_options_that_mean_nothing_are_refused(option: dict) -> None:
    with pytest.raises(BadParameter):
        rate(1, 10, **option)


REFEREE = Path(__file__).parents[1] / "referee" / "r"


@pytest.mark.parametrize("method", ["exact", "byar", "midp"])
def test_limits_agree_with_r(method: str) -> None:
    """poisson.test; Byar's formula as Breslow and Day print it; mid-P tails inverted by uniroot."""
    by_r = pd.read_csv(REFEREE / "rates_limits.csv")
    for level, rows in by_r.groupby("level"):
        table = rate(rows["events"], np.ones(len(rows)), method=method, level=level).table
        for end in ("low", "high"):
            assert table[end].to_numpy() == pytest.approx(rows[f"{method}_{end}"].to_numpy(), rel=1e-8)


# METHODS.md, section Rates: events over exposure with exact and Byar's limits.
@pytest.mark.parametrize(
    ("events", "exposure", "exact", "byar"),
    [
        (0, 3, (0, 1.229626485), (0, 1.222670611)),
        (4, 3.3, (0.3302622344, 3.10351172), (0.3261061842, 3.103258406)),
        (10, 8, (0.599423587, 2.298794505), (0.5984312391, 2.298932326)),
        (100, 80, (1.017049891, 1.520334922), (1.017026319, 1.52034922)),
    ],
)
def test_rates_have_the_reference_figures(events: int, exposure: float, exact: tuple, byar: tuple) -> None:
    for method, limits in (("exact", exact), ("byar", byar)):
        row = rate(events, exposure, method=method).table.iloc[0]
        assert (row["low"], row["high"]) == pytest.approx(limits, rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    events=st.integers(0, 300),
    method=st.sampled_from(["exact", "midp", "byar"]),
    levels=st.lists(st.floats(0.01, 0.999), min_size=2, max_size=2, unique=True),
)
def test_limits_widen_with_the_level_and_scale_with_units(events: int, method: str, levels: list[float]) -> None:
    near, far = sorted(levels)
    inner = rate(events, 40, method=method, level=near).table.iloc[0]
    outer = rate(events, 40, method=method, level=far).table.iloc[0]
    slack = 1 + 1e-12
    assert outer["low"] <= inner["low"] * slack
    assert inner["low"] <= inner["high"] <= outer["high"] * slack
    scaled = rate(events, 4000, method=method, level=near, per=100).table.iloc[0]
    names = ["rate", "low", "high"]
    assert scaled[names].to_numpy() == pytest.approx(inner[names].to_numpy(), rel=1e-12)
    exact = rate(events, 40, level=near).table.iloc[0]
    midp = rate(events, 40, method="midp", level=near).table.iloc[0]
    assert exact["low"] <= midp["low"] * slack
    assert midp["high"] <= exact["high"] * slack


def test_checks_compare_the_rows_with_their_common_rate_as_r_does() -> None:
    """Births with Down's syndrome by birth order: chisq.test of the cases, with the births as probabilities."""
    cells = pd.read_csv(REFEREE / "rates_downs_cells.csv").groupby("order")[["cases", "births"]].sum()
    checks = rate(cells["cases"], cells["births"]).check()
    assert list(checks) == ["check", "at", "value", "verdict", "advice"]
    checks = checks.set_index("check")
    by_r = pd.read_csv(REFEREE / "rates_unlike.csv")["rates"].item()
    assert checks.loc["heterogeneity", "value"] == pytest.approx(by_r, rel=1e-8)
    assert checks["verdict"].tolist() == ["in order", "in order", "look closer"]


def test_checks_see_few_events_and_none_and_name_the_group() -> None:
    df = pd.DataFrame({"system": ["cage", "free", "free"], "deaths": [0, 20, 3], "hens": [50, 900, 100]})
    checks = rate_by(df, "system", events="deaths", exposure="hens").check().set_index("check")
    assert checks.loc["few events", ["at", "value", "verdict"]].tolist() == ["cage", 0, "look closer"]
    assert checks.loc["zeros", ["at", "value", "verdict"]].tolist() == ["cage", 1, "look closer"]
    alone = rate(12, 100, method="byar").check().set_index("check")
    assert alone["verdict"].tolist() == ["in order"] * 3
    assert math.isnan(alone.loc["heterogeneity", "value"])
    assert "method='exact'" in rate(2, 100, method="byar").check().loc[0, "advice"]


def test_the_words_of_checks_are_those_of_the_models() -> None:
    from welfare.stats import diagnostics
    from welfare.stats.rates import checks

    assert (checks.FINE, checks.DOUBT) == (diagnostics.FINE, diagnostics.DOUBT)
    assert checks.Check._fields == diagnostics.Check._fields
