"""Changepoints: the best cuts there are, how often chance makes one, where they lie and how large they are."""

from __future__ import annotations

import sys
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest

from tests.patterns.nulls import SIMULATIONS, at_level, band
from welfare.errors import MissingExtra
from welfare.patterns.monitor.changes.chance import cut_curve, cut_set, draw, gains_by_chance
from welfare.patterns.monitor.changes.cost import pelt
from welfare.patterns.monitor.changes.found import _ratio_limits
from welfare.patterns.monitor.changes.partition import gain_per_cut
from welfare.patterns.monitor.charting.moves import NEGATIVE_BINOMIAL, POISSON, Law
from welfare.patterns.monitor.charts import monitor


def likelihood(counts: np.ndarray, mean: np.ndarray, cuts: tuple[int, ...]) -> float:
    edges = (0, *cuts, len(counts))
    parts = [(counts[a:b].sum(), mean[a:b].sum()) for a, b in pairwise(edges)]
    return sum(2 * o * np.log(o / e) for o, e in parts if o)


@pytest.mark.parametrize("seed", range(12))
def test_cuts_are_the_best_of_all_there_are(seed):
    rng = np.random.default_rng(seed)
    mean = rng.uniform(0.5, 3, 10)
    counts = rng.poisson(mean * np.repeat([1, 4, 1], [4, 3, 3])).astype(float)
    every = [cuts for k in range(10) for cuts in combinations(range(1, 10), k)]
    value = {cuts: likelihood(counts, mean, cuts) for cuts in every}
    for penalty in (0.7, 2.0, 6.0):
        best = max(every, key=lambda cuts: value[cuts] - penalty * len(cuts))
        assert pelt(counts, mean, penalty) == list(best)
    gain = max((value[cuts] - value[()]) / len(cuts) for cuts in every if cuts)
    assert gain_per_cut(counts, mean) == pytest.approx(gain)


def test_random_series_of_one_level_keep_their_total():
    rng = np.random.default_rng(0)
    counts, mean = np.array([4.0, 0, 1, 7, 2]), np.array([1.0, 2, 1, 3, 1])
    # Two periods: every split of the total, with its binomial chance.
    two = gains_by_chance(np.array([3.0, 1.0]), np.array([1.0, 3.0]), Law(POISSON), 4000, rng)
    splits = {k: gain_per_cut(np.array([k, 4.0 - k]), np.array([1.0, 3.0])) for k in range(5)}
    chance = sum(p for k, p in zip(range(5), (81, 108, 54, 12, 1), strict=True) if splits[k] >= splits[3] - 1e-9) / 256
    assert (two >= splits[3] - 1e-9).mean() == pytest.approx(chance, abs=0.02)
    assert len(gains_by_chance(counts, mean, Law(NEGATIVE_BINOMIAL, 0.5), 25, rng)) == 25


@pytest.mark.parametrize("dispersion", [0.0, 0.3])
@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_series_of_one_level_are_cut_at_the_level(simulations, dispersion):
    def cut(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        mean = 5 * (1 + 0.4 * np.sin(np.arange(40) / 5))
        rate = rng.gamma(1 / dispersion, dispersion, 40) if dispersion else 1.0
        found = monitor(
            rng.poisson(mean * rate), mean, method="changepoints", dispersion=dispersion, replicates=39, seed=seed
        )
        assert len(found.changes) > 0 or found.table["p_value"].iloc[0] > 0.05
        return bool(len(found.changes))

    at_level(cut, simulations)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_the_planted_change_lies_in_its_interval_as_often_as_stated(simulations):
    inside = ratios = found_one = 0
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        mean = np.repeat([3.0, 5.4], [30, 20])
        found = monitor(rng.poisson(mean), method="changepoints", limit=9.0, replicates=39, seed=seed)
        if len(found.changes) == 1:
            row = found.changes.iloc[0]
            found_one += 1
            inside += row["low"] <= 30 <= row["high"]
            ratios += row["ratio_low"] <= 1.8 <= row["ratio_high"]
    assert found_one > 0.75 * simulations
    assert inside >= band(0.95, found_one)[0] - 0.03 * found_one  # the sizes either side are estimated too
    assert ratios >= band(0.95, found_one)[0]


def test_a_step_up_and_down_is_cut_where_it_was_planted():
    rng = np.random.default_rng(3)
    mean = np.repeat([4.0, 12.0, 4.0], [40, 20, 40])
    months = pd.period_range("2015-01", periods=100, freq="M")
    found = monitor(pd.Series(rng.poisson(mean), index=months), method="changepoints")
    assert len(found.changes) == 2
    for change, planted in zip(found.changes.itertuples(), (months[40], months[60]), strict=True):
        assert change.low <= planted <= change.high and abs((change.change - planted).n) <= 2
    row = found.table.iloc[0]
    assert row["signal"] == found.changes["change"].iloc[0] and row["since"] == found.changes["change"].iloc[1]
    assert row["side"] == "below" and row["flagged"] == "below" and row["p_value"] == 1 / 200
    last = found.changes.iloc[1]
    assert row["ratio"] == pytest.approx(last["ratio"]) and last["ratio"] == pytest.approx(
        last["after"] / last["before"]
    )
    assert found.paths.iloc[-1, 0] == pytest.approx(last["after"])
    assert "level" in found.text and "1.0 times" not in found.text


def test_the_level_of_expected_counts_does_not_matter_but_their_proportions_do():
    counts = np.r_[np.full(20, 4), np.full(20, 8)]
    flat, tenfold = monitor(counts, method="changepoints"), monitor(counts, 10.0, method="changepoints")
    assert flat.changes["change"].tolist() == [20]
    assert flat.table["statistic"].iloc[0] == pytest.approx(tenfold.table["statistic"].iloc[0])
    animals = np.r_[np.full(20, 1.0), np.full(20, 2.0)]
    assert monitor(counts, animals, method="changepoints").changes.empty


def test_a_missing_period_is_passed_over_and_dates_stay_right():
    counts = np.r_[np.full(20, 4.0), np.full(20, 9.0)]
    counts[[3, 25]] = np.nan
    found = monitor(counts, method="changepoints")
    assert found.changes["change"].tolist() == [20] and found.paths.iloc[[3, 25], 0].isna().all()
    assert found.table["observed"].iloc[0] == 9 * 19


def test_the_ratio_of_two_counts_has_the_exact_interval_of_their_split():
    # 3 against 9 events with equal exposure: Clopper-Pearson for 9 of 12 is 0.428138 to 0.945139.
    low, high = _ratio_limits(np.array([3.0, 9.0]), np.ones(2), np.array([1]), Law(POISSON), 0.95)
    assert low == pytest.approx(0.4281415 / (1 - 0.4281415), rel=1e-4)
    assert high == pytest.approx(0.9451394 / (1 - 0.9451394), rel=1e-4)
    none = _ratio_limits(np.array([0.0, 9.0]), np.ones(2), np.array([1]), Law(POISSON), 0.95)
    assert none[1] == np.inf and none[0] > 1
    wide = _ratio_limits(np.array([3.0, 9.0]), np.ones(2), np.array([1]), Law(NEGATIVE_BINOMIAL, 0.5), 0.95)
    error = np.sqrt(1 / 3 + 1 / 9 + 0.5 + 0.5)
    assert np.log(wide[1] / wide[0]) == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def test_the_curve_of_one_cut_is_its_likelihood():
    counts, mean = np.array([2.0, 0, 5, 9]), np.array([1.0, 2, 1, 2])
    assert cut_curve(counts, mean).tolist() == pytest.approx([likelihood(counts, mean, (k,)) for k in (1, 2, 3)])


def test_series_without_an_event_or_a_change_say_so():
    frame = pd.DataFrame({"none": np.zeros(12), "even": np.tile([4, 5], 6)})
    found = monitor(frame, method="changepoints")
    assert (
        found.table["status"].tolist()[0].startswith("cannot tell") and found.table["status"].tolist()[1] == "watched"
    )
    assert found.changes.empty and found.table["since"].isna().all()


def test_one_series_without_an_event_cannot_be_told():
    found = monitor([0] * 10, 4.0, method="changepoints")
    assert "Nothing can be told: nothing to compare" in found.text
    assert found.table["p_value"].isna().all() and found.changes.empty


def test_without_ruptures_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(MissingExtra, match="spatial"):
        monitor([3, 4, 9, 9, 9], method="changepoints")


def test_the_set_of_cuts_is_cut_off_where_the_true_one_falls_short_in_so_many_random_series():
    rng = np.random.default_rng(3)
    counts, mean = rng.poisson(np.repeat([3.0, 6.0], [9, 12])).astype(float), np.ones(21)
    found = cut_set(counts, mean, 9, Law(POISSON), level=0.9, replicates=199, rng=np.random.default_rng(4))
    rates = np.repeat([counts[:9].mean(), counts[9:].mean()], [9, 12])
    short = []
    for series in draw(np.random.default_rng(4), rates, Law(POISSON), 199):
        alike = [likelihood(series, mean, (k,)) for k in range(1, 21)]
        short.append(max(alike) - alike[8])  # a cut before the tenth period
    enough = sorted(short)[179]  # 0.9 of 200
    curve = [likelihood(counts, mean, (k,)) for k in range(1, 21)]
    assert found.tolist() == [k for k in range(1, 21) if max(curve) - curve[k - 1] <= enough + 1e-9]
