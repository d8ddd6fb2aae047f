"""Charts of counts against expectation: heights, limits, evidence, p-values, flags, and what moves no chart."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import pandas as pd
import pytest

from tests.patterns.monitor.made import DEATHS, planted
from tests.patterns.nulls import band
from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.patterns.monitor.charts import monitor


def test_a_cusum_adds_up_log_likelihood_ratios_by_hand():
    height, heights = 0.0, []
    for count in DEATHS:
        height = max(0.0, height + count * log(2) - 4.0)
        heights.append(height)
    found = monitor(DEATHS, 4.0, limit=3.0)
    assert found.paths.iloc[:, 0].tolist() == pytest.approx(heights)
    row = found.table.iloc[0]
    first = next(t for t, h in enumerate(heights) if h >= 3.0)
    zero = max(t for t in range(first) if heights[t] == 0)
    assert (row["signal"], row["since"], row["until"]) == (first, zero + 1, 13)
    assert row["observed"] == sum(DEATHS[zero + 1 :])
    assert row["expected"] == 4.0 * (14 - zero - 1)
    assert row["ratio"] == pytest.approx(row["observed"] / row["expected"])
    assert row["statistic"] == pytest.approx(heights[-1]) and row["highest"] == pytest.approx(max(heights))


def test_a_climb_that_ended_is_told_to_its_end_and_not_beyond():
    counts = [4, 12, 12, 0, 0, 0, 0, 0, 9, 3]
    row = monitor(counts, 4.0, limit=5.0).table.iloc[0]
    # 0.0, 4.3, 8.6, 4.6, 0.6, 0: back on the ground in period 5, and off it again at the end.
    assert row[["signal", "since", "until"]].tolist() == [2, 1, 4]
    assert row["observed"] == 24 and row["expected"] == 16.0


def test_looking_below_finds_fewer_and_not_more():
    counts = [4, 5, 4, 0, 1, 0, 0, 0, 0, 0]
    below = monitor(counts, 4.0, direction="down", limit=4.0)
    height, heights = 0.0, []
    for count in counts:
        height = max(0.0, height + count * log(0.5) + 2.0)
        heights.append(height)
    assert below.paths.iloc[:, 0].tolist() == pytest.approx(heights)
    assert below.table.iloc[0][["side", "flagged"]].tolist() == ["below", "below"]
    assert monitor(counts, 4.0, limit=4.0).table["flagged"].tolist() == [""]


def test_looking_both_ways_doubles_the_smaller_p_value_and_the_run_of_each_side():
    counts = planted(3, step=1.45)  # a p-value neither tiny nor near 1
    up, down, both = (monitor(*counts, direction=side, dispersion=0) for side in ("up", "down", "both"))
    p = [found.table["p_value"].iloc[0] for found in (up, down, both)]
    assert 1e-9 < p[0] < min(0.4, p[1]) and p[2] == pytest.approx(2 * p[0])
    assert both.table["side"].tolist() == ["above"]
    twice = monitor(*counts, arl=1000, dispersion=0)
    assert both.table["limit"].iloc[0] == pytest.approx(twice.table["limit"].iloc[0])
    assert both.paths.equals(up.paths)


@pytest.mark.parametrize(("step", "method"), [(2.0, "cusum"), (1.4, "ewma"), (2.0, "bernoulli_cusum")])
def test_a_planted_step_is_found_and_dated(step, method):
    late = []
    for seed in range(20):
        counts, expected = planted(seed, mean=8.0, step=step)
        trials = 100 if method == "bernoulli_cusum" else None
        row = monitor(counts, expected, method=method, trials=trials).table.iloc[0]
        assert row["flagged"] == "above"
        if row["signal"] >= 40:
            late.append(abs(row["since"] - 40))
    assert np.median(late) <= 4 and len(late) >= 16


def test_a_slow_drift_is_found():
    rng = np.random.default_rng(4)
    counts = rng.poisson(5 * np.exp(0.015 * np.maximum(np.arange(120) - 60, 0)))
    row = monitor(counts, 5.0, ratio=1.5).table.iloc[0]
    assert row["flagged"] == "above" and row["signal"] > 60 and 55 <= row["since"] <= 100


def test_spread_beyond_chance_is_allowed_for_and_said():
    rng = np.random.default_rng(5)
    mean = np.full((100, 40), 6.0)
    counts = pd.DataFrame(rng.poisson(mean * rng.gamma(4, 0.25, mean.shape)))
    plain, wide = monitor(counts, 6.0, dispersion=0), monitor(counts, 6.0)
    assert wide.dispersion == pytest.approx(0.25, abs=0.04) and wide.law == "negative binomial"
    assert (plain.table["p_value"] < 0.05).mean() > 0.4
    assert (wide.table["p_value"] < 0.05).sum() <= band(0.05, 40)[1]
    assert any("do not allow for it" in note for note in plain.notes)
    assert any("allow for it, as negative-binomial" in note for note in wide.notes)


def test_a_step_is_not_taken_for_spread():
    counts, expected = planted(6, facilities=40, step=2.5)
    assert monitor(counts, expected).dispersion == 0.0


def test_a_period_without_exposure_or_count_neither_moves_the_chart_nor_sets_it_back():
    counts = [3, 9, 9, np.nan, 0, 9, 4, 7]
    expected = [4, 4, 4, 4, 0, 4, 4, np.nan]
    found = monitor(counts, expected, limit=6.0)
    short = monitor([3, 9, 9, 9, 4], 4.0, limit=6.0)
    assert found.paths.iloc[[0, 1, 2, 5, 6], 0].tolist() == pytest.approx(short.paths.iloc[:, 0].tolist())
    assert found.paths.iloc[3, 0] == found.paths.iloc[4, 0] == found.paths.iloc[2, 0]
    assert found.table["p_value"].iloc[0] == pytest.approx(short.table["p_value"].iloc[0])
    reasons = dict(found.dropped.itertuples(index=False))
    assert reasons == {3: "missing count", 4: "nothing expected", 7: "missing expected"}
    assert found.table[["signal", "since", "until", "observed", "expected"]].iloc[0].tolist() == [5, 1, 6, 31, 16]
    assert "1 missing count" in found.text


@pytest.mark.parametrize("method", ["ewma", "shewhart"])
def test_other_charts_pass_over_empty_periods_too(method):
    with_gap = monitor([3, 9, np.nan, 9, 4], [4, 4, 4, 4, 4], method=method, limit=5.0)
    short = monitor([3, 9, 9, 4], 4.0, method=method, limit=5.0)
    assert with_gap.table["p_value"].iloc[0] == pytest.approx(short.table["p_value"].iloc[0])
    assert with_gap.table["statistic"].iloc[0] == pytest.approx(short.table["statistic"].iloc[0])


def test_events_where_nothing_was_expected_are_named():
    found = monitor([3, 4, 2, 5], [4, 0, 4, 4])
    assert found.dropped["reason"].tolist() == ["events where nothing was expected"]


def test_a_gap_in_the_calendar_is_a_period_without_a_record():
    months = pd.to_datetime(["2020-01-01", "2020-02-01", "2020-05-01", "2020-06-01", "2020-04-01"])
    found = monitor(pd.Series([3, 9, 8, 9, 7], index=months), 4.0, limit=4.0)
    assert len(found.paths) == 6 and any("1 periods between" in note for note in found.notes)
    in_order = monitor([3, 9, 7, 8, 9], 4.0, limit=4.0)
    assert found.paths.iloc[[0, 1, 3, 4, 5], 0].tolist() == pytest.approx(in_order.paths.iloc[:, 0].tolist())
    assert str(found.table["signal"].iloc[0])[:7] == "2020-05"


def test_a_long_panel_says_the_same_as_a_frame_of_periods_by_facilities():
    counts, expected = planted(8, facilities=3, step=2.0)
    counts.index = expected.index = pd.period_range("2015-01", periods=80, freq="M")
    rows = counts.reset_index(names="month").melt("month", var_name="farm", value_name="deaths")
    rows["due"] = expected.melt()["value"].to_numpy()
    rows["month"] = rows["month"].astype(str)
    rows = pd.concat([rows, pd.DataFrame({"month": ["2016-01"], "farm": [None], "deaths": [4], "due": [1.0]})])
    rows = rows.sample(frac=1, random_state=0).reset_index(drop=True)
    found = monitor(rows, "due", facility="farm", time="month", observed="deaths")
    wide = monitor(counts, expected)
    for column in ("facility_id", "statistic", "limit", "p_value", "q_value", "flagged"):
        assert found.table[column].tolist() == wide.table[column].tolist(), column
    assert found.table["signal"].tolist() == wide.table["signal"].astype(str).tolist()
    assert found.dropped["reason"].tolist() == ["missing farm"]
    gone = rows[(rows["farm"] != "f1") | (rows["month"] > "2015-06")]
    later = monitor(gone, "due", facility="farm", time="month", observed="deaths")
    assert later.table["periods"].tolist() == [80, 74, 80] and later.dropped["reason"].tolist() == ["missing farm"]
    assert any(note.startswith("6 periods between") for note in later.notes)


def test_expected_counts_may_be_one_number_one_per_period_or_one_per_facility():
    counts, _ = planted(9, facilities=2)
    by_facility = monitor(counts, pd.Series([4.0, 5.0], index=counts.columns))
    frame = pd.DataFrame({"f0": np.full(80, 4.0), "f1": np.full(80, 5.0)})
    assert by_facility.table.equals(monitor(counts, frame).table)
    by_period = monitor(counts, np.linspace(3, 5, 80))
    assert by_period.expected["f0"].tolist() == pytest.approx(np.linspace(3, 5, 80))


def test_one_facility_among_many_that_cannot_be_told_does_not_stop_the_others():
    counts, expected = planted(10, facilities=4, step=3.0)
    counts = counts.astype(float)
    counts.iloc[2:, 0] = np.nan
    expected.iloc[:, 1] = 0.0
    found = monitor(counts, expected).table
    assert found["status"].tolist() == [
        "cannot tell: 2 periods have a count and something expected",
        "cannot tell: 0 periods have a count and something expected",
        "watched",
        "watched",
    ]
    assert found["p_value"].isna().tolist() == [True, True, False, False]
    assert found["flagged"].tolist() == ["", "", "above", "above"]
    alone = monitor(counts.iloc[:, 2:], expected.iloc[:, 2:]).table
    assert found["q_value"].tolist()[2:] == pytest.approx(alone["q_value"].tolist())


@pytest.mark.parametrize("method", ["cusum", "ewma", "shewhart"])
def test_all_zeros_are_watched_and_never_signal(method):
    found = monitor([0] * 10, 0.5, method=method)
    assert found.table["p_value"].iloc[0] == 1.0 and found.table["signal"].isna().all()
    assert "never reached its limit" in found.text


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: monitor([3, 4], 4.0), NotEstimable, "cannot tell: 2 periods"),
        (lambda: monitor([3, 4, 5]), NoDenominator, "no expected counts"),
        (lambda: monitor([3, 4, 5], 0.0), NoDenominator, "nothing is expected"),
        (lambda: monitor([], 4.0), BadParameter, "empty"),
        (lambda: monitor(5, 4.0), BadParameter, "neither"),
        (lambda: monitor([3, -4, 5], 4.0), BadValue, "not a count"),
        (lambda: monitor([3, 4.5, 5], 4.0), BadValue, "not a count"),
        (lambda: monitor([3, "four", 5], 4.0), BadValue, "not a number"),
        (lambda: monitor([3, np.inf, 5], 4.0), BadValue, "infinite"),
        (lambda: monitor([3, 4, 5], -1.0), BadValue, "below zero"),
        (lambda: monitor([3, 4, 5], [4.0, 4.0]), BadParameter, "does not fit"),
        (lambda: monitor(pd.Series([3, 4, 5], index=[1, 1, 2]), 4.0), BadParameter, "named twice"),
        (lambda: monitor(pd.DataFrame([[1, 2]] * 4, columns=["a", "a"]), 4.0), BadParameter, "named twice"),
        (lambda: monitor([3, 4, 5], 4.0, method="cumsum"), BadParameter, "no method"),
        (lambda: monitor([3, 4, 5], 4.0, direction="sideways"), BadParameter, "no direction"),
        (lambda: monitor([3, 4, 5], 4.0, ratio=1.0), BadParameter, "ratio"),
        (lambda: monitor([3, 4, 5], 4.0, ratio="two"), BadParameter, "ratio"),
        (lambda: monitor([3, 4, 5], 4.0, arl=1), BadParameter, "arl"),
        (lambda: monitor([3, 4, 5], 4.0, limit=0), BadParameter, "limit"),
        (lambda: monitor([3, 4, 5], 4.0, fdr=1), BadParameter, "fdr"),
        (lambda: monitor([3, 4, 5], 4.0, dispersion=-1), BadParameter, "dispersion"),
        (lambda: monitor([3, 4, 5], 4.0, trials=9), BadParameter, "trials"),
        (lambda: monitor([3, 4, 5], 2.0, trials=4, method="bernoulli_cusum"), BadValue, "trials"),
        (lambda: monitor([3, 4, 5], 4.0, facility="f"), BadParameter, "long panel"),
        (
            lambda: monitor(pd.DataFrame({"f": [1]}), 4.0, facility="f", time="t", observed="o"),
            BadParameter,
            "no column 't', 'o'",
        ),
        (
            lambda: monitor(
                pd.DataFrame({"f": [1, 1], "t": [1, 1], "o": [2, 3]}), 4.0, facility="f", time="t", observed="o"
            ),
            BadParameter,
            "two rows",
        ),
        (lambda: monitor(pd.DataFrame(index=range(3)), 4.0), BadParameter, "empty"),
        (lambda: monitor([3, 4, 5], 4.0, seed=-1), BadParameter, "seed"),
        (lambda: monitor([3, 4, 5], 4.0, seed="today"), BadParameter, "seed"),
        (lambda: monitor([3, 4, 5], 4.0, replicates=19.5), BadParameter, "replicates"),
        (lambda: monitor([3, 4, 5], 4.0, replicates=18), BadParameter, "replicates"),
        (
            lambda: monitor(pd.Series([3, 4, 5], index=pd.MultiIndex.from_product([[1], [1, 2, 3]])), 4.0),
            BadParameter,
            "2 parts",
        ),
        (lambda: monitor(pd.DataFrame({"a": [1.0, np.inf, 2]}), 4.0), BadValue, "series\\['a'\\] is infinite"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_thousand_million_events_are_watched_as_soon_as_a_few():
    found = monitor([10**9] * 8 + [10**9 + 10**5] * 4, 1e9, method="ewma", dispersion=0, limit=3.0)
    twice = monitor([10**9] * 8 + [2 * 10**9] * 4, 1e9, dispersion=0.1)
    assert found.table["since"].iloc[0] == twice.table["since"].iloc[0] == 8
    assert 0 < found.table["p_value"].iloc[0] < 1e-5


def test_an_expected_count_near_nothing_is_said_and_not_rounded_to_nothing():
    assert "5e-09 were expected" in monitor([0] * 8 + [1] + [0] * 4, 1e-9).text


def test_a_p_value_too_small_to_be_held_is_not_zero():
    assert monitor([1] * 5 + [10**6], 1.0, method="shewhart", dispersion=0).table["p_value"].iloc[0] > 0


def test_yes_or_no_series_need_no_trials():
    found = monitor([0, 0, 1, 0, 1, 1, 1, 1], 0.2, method="bernoulli_cusum", limit=2.0)
    up = Fraction(2, 6) / Fraction(4, 5)  # odds of 1 to 4 doubled: a share of 1/3, so 4/5 * (1 + 2/4) = 6/5
    step = log(float(2 / (Fraction(6, 5)))), log(float(1 / Fraction(6, 5)))
    assert float(up) == pytest.approx(5 / 12)
    assert found.paths.iloc[:3, 0].tolist() == pytest.approx([0, 0, step[0]])
    assert found.paths.iloc[3, 0] == pytest.approx(step[0] + step[1])


def test_made_up_plants_stay_marked():
    counts, expected = planted(11)
    assert monitor(counts.assign(SIMULATED=True), expected).text.startswith("SIMULATED. ")


def test_a_signal_is_said_with_what_it_cannot_show():
    text = monitor(DEATHS, 4.0).text
    assert "signalled in period" in text and "worse handling, or stricter inspection" in text


def test_order_of_facilities_changes_nothing_for_any_of_them():
    counts, expected = planted(12, facilities=5, step=1.5)
    forward = monitor(counts, expected).table.set_index("facility_id")
    backward = monitor(counts.iloc[:, ::-1], expected.iloc[:, ::-1]).table.set_index("facility_id")
    assert forward.equals(backward.loc[forward.index])


def climb_by_hand(counts: list[float], expected: list[float], limit: float) -> tuple[int | None, ...]:
    """Return signal, since and until of a CUSUM of a doubled rate, walking through the periods one by one."""
    live = [mean > 0 and count == count for count, mean in zip(counts, expected, strict=True)]
    heights = [0.0]
    for count, mean, moves in zip(counts, expected, live, strict=True):
        heights.append(max(0.0, heights[-1] + count * log(2) - mean) if moves else heights[-1])
    del heights[0]
    signal = next((t for t, height in enumerate(heights) if live[t] and height >= limit), None)
    end = len(heights) - 1 if signal is None else signal
    if heights[end] <= 1e-12:
        return signal, None, None
    since = max((t for t in range(end) if heights[t] <= 1e-12), default=-1) + 1
    until = min((t for t in range(end, len(heights)) if heights[t] <= 1e-12), default=len(heights)) - 1
    return signal, since, max(t for t in range(until + 1) if live[t])


@pytest.mark.parametrize("seed", range(15))
def test_since_is_the_period_after_the_last_reset_whatever_is_missing(seed):
    rng = np.random.default_rng(seed)
    expected = np.where(rng.random(30) < 0.1, 0.0, 2.0)
    counts = np.where(expected > 0, rng.poisson(2.6, 30).astype(float), 0.0)
    counts[rng.random(30) < 0.1] = np.nan
    row = monitor(counts, expected, limit=2.0, dispersion=0).table.iloc[0]
    found = tuple(None if pd.isna(row[name]) else int(row[name]) for name in ("signal", "since", "until"))
    assert found == climb_by_hand(counts.tolist(), expected.tolist(), 2.0)
