"""Errors and tests of periods that are alike: by hand, and R's acf, Box.test and NeweyWest's rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.stats.series.autocorrelation import autocorrelations, ljung_box
from welfare.stats.series.newey_west import automatic_lags, long_run, newey_west
from welfare.stats.series.terms import Shape, columns_of, harmonic


def test_long_run_by_hand():
    scores = np.array([[1.0], [2.0], [4.0]])
    everything = np.arange(3)
    assert long_run(scores, everything, 0)[0, 0] == 1 + 4 + 16
    # Weight 1/2 for neighbours: 2 x (1 x 2 + 2 x 4) / 2.
    assert long_run(scores, everything, 1)[0, 0] == 21 + 10
    # 2/3 for neighbours, 1/3 for those two apart.
    assert long_run(scores, everything, 2)[0, 0] == pytest.approx(21 + 2 * (10 * 2 / 3 + 4 / 3))
    assert long_run(scores, everything, 9)[0, 0] == pytest.approx(21 + 2 * (10 * 0.9 + 4 * 0.8))


def test_a_gap_is_time_that_passed():
    scores = np.array([[1.0], [2.0], [4.0]])
    # Periods 0, 1 and 3: only the first two are neighbours, the last two are two apart.
    assert long_run(scores, np.array([0, 1, 3]), 1)[0, 0] == 21 + 2
    assert long_run(scores, np.array([0, 1, 3]), 2)[0, 0] == pytest.approx(21 + 2 * (2 * 2 / 3 + 8 / 3))


def test_rows_of_one_period_are_added_first():
    scores = np.array([[1.0, 0], [2.0, 1], [4.0, 3]])
    found = long_run(scores, np.array([0, 1, 0]), 1)
    assert found == pytest.approx(
        np.array([[25, 15], [15, 9]]) + np.array([[4, 2], [2, 1]]) + np.array([[10, 5.5], [5.5, 3]])
    )


def test_newey_west_wraps_the_bread_and_counts_terms():
    scores = np.random.default_rng(0).normal(size=(20, 2))
    bread = np.array([[2.0, 0.5], [0.5, 1.0]])
    plain = newey_west(scores, np.arange(20), bread, 3, adjust=False)
    assert plain == pytest.approx(bread @ long_run(scores, np.arange(20), 3) @ bread)
    assert newey_west(scores, np.arange(20), bread, 3) == pytest.approx(plain * 20 / 18)


@pytest.mark.parametrize(("periods", "lags"), [(59, 3), (100, 4), (101, 4), (400, 5), (3, 1), (2, 0)])
def test_rule_of_lags(periods, lags):
    assert automatic_lags(periods) == lags


def test_autocorrelation_across_a_gap_is_none():
    left = np.array([1.0, -1, 1, -1])
    assert autocorrelations(left, np.arange(4), 2) == pytest.approx([-3 / 4, 2 / 4])
    assert autocorrelations(left, np.array([0, 1, 3, 4]), 3) == pytest.approx([-2 / 4, -1 / 4, 2 / 4])


def test_ljung_box_is_that_of_r():
    folder = Path(__file__).parents[2] / "referee" / "r"
    series = pd.read_csv(folder / "interrupted_series.csv")
    by_r = pd.read_csv(folder / "interrupted_estimates.csv").set_index(["study", "what"]).loc["gaussian"]
    shape = Shape(slope=True, trend=True, season=12, harmonics=2)
    _, columns = columns_of(series["month"].to_numpy(), np.zeros(60, dtype=int), 35, shape)
    left = series["score"] - columns @ np.linalg.lstsq(columns, series["score"], rcond=None)[0]
    for lags in (1, 12):
        expected = by_r.loc[f"box {lags}"].set_index("term")["estimate"]
        statistic, p_value = ljung_box(left.to_numpy(), np.arange(60), lags)
        assert statistic == pytest.approx(expected["statistic"], rel=1e-9)
        assert p_value == pytest.approx(expected["p_value"], rel=1e-9)
    expected = by_r.loc["acf"].set_index("term")["estimate"].to_numpy()
    assert autocorrelations(left.to_numpy(), np.arange(60), 3) == pytest.approx(expected, rel=1e-9)


def test_waves_repeat_and_the_last_sine_is_left_out():
    names, waves = harmonic(np.arange(24), 4, 2)
    assert names == ["season sin 1", "season cos 1", "season cos 2"]
    assert waves[:4] == pytest.approx(np.array([[0, 1, 1], [1, 0, -1], [0, -1, 1], [-1, 0, -1]]), abs=1e-12)
    assert waves[:4] == pytest.approx(waves[20:], abs=1e-12)


def test_columns_by_hand():
    shape = Shape(slope=True, trend=True, season=None, harmonics=2)
    names, columns = columns_of(np.array([0, 1, 2, 3]), np.array([0, 1, 0, 1]), 2, shape)
    assert names == ["Intercept", "level change", "slope change", "trend", "unit 1"]
    assert columns.tolist() == [[1, 0, 0, -2, 0], [1, 0, 0, -1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
