"""Tests of pre-trends, their power, and honest bounds: diff-diff, did, linear programmes, exact normals, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.stats import chi2, f, ncx2, norm

from tests.stats.adoption.naive_panels import REFEREE
from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.arrays import Effects
from welfare.stats.adoption.trends.honest import honest
from welfare.stats.adoption.trends.honest_magnitudes import interval_magnitudes, reach, set_magnitudes
from welfare.stats.adoption.trends.honest_smooth import folded, interval_smooth, set_smooth
from welfare.stats.adoption.trends.pretrend import inside, power, wald

AVERAGES = {"first": np.eye(4)[0], "average": np.full(4, 0.25)}


@pytest.fixture(scope="module")
def profits() -> tuple[np.ndarray, np.ndarray]:
    """Effects on profits around a cut of a tax, Rambachan and Roth 2023, section 6.1 (Benzarti and Carloni 2019)."""
    stored = pd.read_csv(REFEREE / "adoption_naive_event_study.csv")
    return stored["estimate"].to_numpy(), stored.drop(columns=["year", "estimate"]).to_numpy()


@pytest.fixture(scope="module")
def by_peer() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "adoption_naive_honest.csv")


HORIZONS = np.array([-5, -4, -3, -2, 0, 1, 2, 3])


# Honest bounds


@pytest.mark.parametrize("target", AVERAGES)
def test_smooth_intervals_are_those_of_diff_diff_or_shorter(profits, by_peer, target):
    estimate, covariance = profits
    rows = by_peer[(by_peer["target"] == target) & (by_peer["kind"] == "smoothness")]
    found = honest(HORIZONS, estimate, covariance, weights=AVERAGES[target], smoothness=list(rows["m"])).table
    found = found[found["kind"] == "smoothness"]
    # Its search stops at 1e-5 or so of the shortest.
    assert found["low"].to_numpy() == pytest.approx(rows["low"].to_numpy(), abs=1e-5)
    assert found["high"].to_numpy() == pytest.approx(rows["high"].to_numpy(), abs=1e-5)
    assert ((found["high"] - found["low"]).to_numpy() <= (rows["high"] - rows["low"]).to_numpy() + 1e-12).all()


@pytest.mark.parametrize("target", AVERAGES)
def test_sets_of_relative_magnitudes_are_those_of_diff_diff(profits, by_peer, target):
    estimate, covariance = profits
    rows = by_peer[(by_peer["target"] == target) & (by_peer["kind"] != "smoothness")]
    found = honest(HORIZONS, estimate, covariance, weights=AVERAGES[target], magnitudes=list(rows["m"])).table
    found = found[found["kind"] == "relative magnitudes"]
    assert found["set_low"].to_numpy() == pytest.approx(rows["low"].to_numpy(), rel=1e-9)
    assert found["set_high"].to_numpy() == pytest.approx(rows["high"].to_numpy(), rel=1e-9)


# What HonestDiD 0.2.8 (R 4.5.2, method "Conditional") gives for the same estimates: target, Mbar, low, high; ends on a
# grid of 0.0008 or so. Where the upper end was that of its grid it is left out.
BY_R = [
    ("first", 0.5, 0.118889160931495, 0.270824190875899),
    ("first", 1.0, 0.0672312507503984, 0.317924050158664),
    ("average", 0.5, 0.0689235806549147, np.nan),
    ("average", 1.0, -0.0682166721353771, np.nan),
]


@pytest.mark.parametrize(("target", "m", "low", "high"), BY_R)
def test_intervals_of_relative_magnitudes_are_near_those_of_the_authors_program(profits, target, m, low, high):
    estimate, covariance = profits
    found = honest(HORIZONS, estimate, covariance, weights=AVERAGES[target], magnitudes=[m]).table.iloc[0]
    # A hybrid test, which is a little wider where one inequality binds, and without the inequalities among changes.
    assert low - 0.0016 < found["low"] <= low
    if np.isfinite(high):
        assert high <= found["high"] < high + 0.0016


def _differences(many: int, order: int) -> np.ndarray:
    return np.diff(np.eye(many), order, axis=0)


@pytest.mark.parametrize("weights", [[1.0, 0, 0], [0.2, 0.3, 0.5], [-1.0, 0, 1.0], [0, 1.0, -2.0]])
def test_sets_are_those_of_linear_programmes(weights):
    weights = np.array(weights)
    before, after = np.array([0.3, -0.1, 0.2]), np.array([1.0, 1.5, 1.2])
    path_of = np.concatenate([before, [0.0]])
    none = np.zeros((6, 6))
    objective = np.concatenate([np.zeros(4), weights])
    for m in (0.7, 1.0):
        # Trends over all seven periods, those before and at the reference pinned to what was estimated.
        bounds = [(value, value) for value in path_of] + [(None, None)] * 3
        bends = _differences(7, 2)
        limits = np.full(2 * len(bends), m)
        ends = [
            sign * linprog(sign * objective, np.vstack([bends, -bends]), limits, bounds=bounds).fun for sign in (1, -1)
        ]
        expected = sorted(weights @ after - np.array(ends))
        assert set_smooth(before, after, none, weights, m) == pytest.approx(expected, abs=1e-9)
        steps = _differences(7, 1)[3:]
        limits = np.full(2 * len(steps), m * np.abs(np.diff(path_of)).max())
        ends = [
            sign * linprog(sign * objective, np.vstack([steps, -steps]), limits, bounds=bounds).fun for sign in (1, -1)
        ]
        expected = sorted(weights @ after - np.array(ends))
        assert set_magnitudes(before, after, none, weights, m) == pytest.approx(expected, abs=1e-9)


def test_no_smooth_trend_through_a_crooked_path():
    low, high = set_smooth(np.array([0.3, -0.1]), np.array([1.0]), np.eye(3), np.ones(1), 0.3)
    assert np.isnan(low)
    assert np.isnan(high)
    assert np.isfinite(interval_smooth(np.array([0.3, -0.1]), np.array([1.0]), np.eye(3), np.ones(1), 0.3)).all()


def _covariance(size: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(size, size))
    return root @ root.T / size / 50 + np.eye(size) / 100


@pytest.mark.parametrize("m", [0.0, 0.02, 0.1, 0.5])
def test_smooth_interval_covers_exactly_at_the_worst_trend(m):
    covariance, weights = _covariance(6, 1), np.array([0.5, 0.3, 0.2])
    zero = np.zeros(3)
    low, high = interval_smooth(zero, zero, covariance, weights, m)
    assert low == pytest.approx(-high)
    unit = np.eye(6)
    contrast = np.array([np.mean(interval_smooth(each[:3], each[3:], covariance, weights, m)) for each in unit])
    error = np.sqrt(contrast @ covariance @ contrast)
    # The trend of bends up to m (slope free, 0 at the reference) that moves the estimator furthest from the truth.
    bends = _differences(7, 2)
    moved = np.insert(contrast, 3, 0.0)
    bounds = [(None, None)] * 3 + [(0, 0)] + [(None, None)] * 3
    worst = linprog(-moved, np.vstack([bends, -bends]), np.full(2 * len(bends), m), bounds=bounds)
    assert worst.status == 0  # bounded: straight trends do not move it
    bias = -worst.fun
    covered = norm.cdf((high - bias) / error) - norm.cdf((low - bias) / error)
    assert covered == pytest.approx(0.95, abs=1e-8)


def test_no_affine_estimator_has_a_shorter_interval():
    covariance, weights, m = _covariance(6, 2), np.array([1.0, 0, 0]), 0.05
    low, high = interval_smooth(np.zeros(3), np.zeros(3), covariance, weights, m)
    bends = _differences(7, 2)
    bounds = [(None, None)] * 3 + [(0, 0)] + [(None, None)] * 3
    rng = np.random.default_rng(0)
    for _ in range(200):
        contrast = np.concatenate([rng.normal(size=3), weights])
        # Without a bias from a straight trend: -3 a - 2 b - c + 1 = 0.
        contrast[2] = 1 - 3 * contrast[0] - 2 * contrast[1]
        worst = linprog(-np.insert(contrast, 3, 0.0), np.vstack([bends, -bends]), np.full(10, m), bounds=bounds)
        error = np.sqrt(contrast @ covariance @ contrast)
        assert folded(-worst.fun / error) * error >= (high - low) / 2 - 1e-9


@pytest.mark.parametrize("bias", [0.0, 0.3, 1.0, 5.0, 12.0])
def test_folded_quantile(bias):
    bound = folded(bias)
    assert ncx2.cdf(bound**2, 1, bias**2) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize(
    ("before", "m"),
    [([0.0, 0.0, 0.0], 1.0), ([0.3, 0.0, 0.0], 1.0), ([0.1, 0.2, 0.1], 0.5), ([0.0, 0.0, 0.6], 2.0)],
)
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.slow
def test_interval_of_relative_magnitudes_covers(before, m, side):
    # Trends after treatment at the edge of what the bound allows, effects 1.
    before = np.array(before)
    covariance, weights = _covariance(5, 3), np.array([0.5, 0.5])
    largest = np.abs(np.diff(np.append(before, 0.0))).max()
    trend = side * m * largest * np.array([1, 2])
    rng = np.random.default_rng(5)
    draws = rng.multivariate_normal(np.concatenate([before, 1 + trend]), covariance, size=1500)
    covered = [
        low <= 1 <= high
        for low, high in (interval_magnitudes(each[:3], each[3:], covariance, weights, m) for each in draws)
    ]
    # Three standard errors of a share of 0.95.
    assert np.mean(covered) >= 0.95 - 0.017


def test_interval_of_relative_magnitudes_is_not_needlessly_long():
    # One change before treatment far above its error: at the edge one inequality binds, and the level is nearly 5%.
    covariance, weights = np.eye(2) / 1e4, np.ones(1)
    rng = np.random.default_rng(6)
    draws = rng.multivariate_normal([1.0, 1 + 1.0], covariance, size=500)
    covered = [
        low <= 1 for low, _ in (interval_magnitudes(each[:1], each[1:], covariance, weights, 1.0) for each in draws)
    ]
    assert 0.92 < np.mean(covered) < 0.98  # three standard errors


def test_interval_of_relative_magnitudes_by_hand():
    # One period before, one after: b before, c after, independent. Far from 0, the lower end is where the first
    # inequality, c - b - average, is as many of its errors above 0 as the hybrid's second stage allows.
    error = np.sqrt(2) / 100
    low, high = interval_magnitudes(np.array([-1.0]), np.array([5.0]), np.eye(2) / 1e4, np.ones(1), 1.0)
    first = norm.ppf(1 - 0.0025)
    bound = norm.ppf((1 - 0.045 / 0.995) * norm.cdf(first))
    assert (low, high) == pytest.approx((4 - bound * error, 6 + bound * error), abs=1e-8)


def test_without_a_difference_in_trends_the_interval_is_the_usual_one(profits):
    estimate, covariance = profits
    found = honest(HORIZONS, estimate, covariance, magnitudes=[0.0])
    row = found.table.iloc[0]
    reach_of = norm.ppf(0.975) * found.std_error
    assert (row["low"], row["high"]) == pytest.approx((found.estimate - reach_of, found.estimate + reach_of))
    assert found.estimate == pytest.approx(estimate[4:].mean())


def test_breakdown_is_where_the_interval_reaches_nothing(profits):
    estimate, covariance = profits
    found = honest(HORIZONS, estimate, covariance)
    for kind, option in (("relative magnitudes", "magnitudes"), ("smoothness", "smoothness")):
        m = found.breakdown[kind]
        table = honest(HORIZONS, estimate, covariance, **{option: [0.999 * m, 1.001 * m]}).table
        lows = table.loc[table["kind"] == kind, "low"].to_numpy()
        assert lows[0] > 0 > lows[1]
    none = honest(HORIZONS, np.where(HORIZONS < 0, estimate, 0.001), covariance).breakdown
    assert none["relative magnitudes"] == 0


def test_reach_of_an_average():
    assert reach(np.full(4, 0.25)) == pytest.approx(1 + 0.75 + 0.5 + 0.25)
    assert reach(np.array([0, 1.0])) == pytest.approx(2)


def test_a_gap_ends_the_run_of_horizons(profits):
    estimate, covariance = profits
    horizons = np.array([-6, -4, -3, -2, 0, 1, 2, 4])
    found = honest(horizons, estimate, covariance)
    assert found.horizons == (-4, -3, -2, 0, 1, 2)
    assert found.estimate == pytest.approx(estimate[4:7].mean())
    assert "-6, 4" in found.notes[0]
    inner = np.arange(1, 7)
    again = honest(horizons[inner], estimate[inner], covariance[np.ix_(inner, inner)])
    pd.testing.assert_frame_equal(found.table, again.table)
    with_reference = honest(
        np.insert(HORIZONS, 4, -1), np.insert(estimate, 4, 0.0), np.insert(np.insert(covariance, 4, 0, 0), 4, 0, 1)
    )
    pd.testing.assert_frame_equal(with_reference.table, honest(HORIZONS, estimate, covariance).table)


def test_what_honest_bounds_refuse(profits):
    estimate, covariance = profits
    with pytest.raises(NotEstimable, match="side before"):
        honest(np.array([-6, -5, -4, -3, 0, 1, 2, 3]), estimate, covariance)
    with pytest.raises(NotEstimable, match="side after"):
        honest(np.array([-6, -5, -4, -3, -2, 1, 2, 3]), estimate, covariance)
    with pytest.raises(BadParameter, match="belong together"):
        honest(HORIZONS[1:], estimate, covariance)
    with pytest.raises(BadParameter, match="negative"):
        honest(HORIZONS, estimate, covariance, magnitudes=[-1.0])
    with pytest.raises(BadParameter, match="weights"):
        honest(HORIZONS, estimate, covariance, weights=np.ones(3))
    with pytest.raises(NotEstimable, match="no error"):
        honest(HORIZONS, estimate, covariance, weights=np.zeros(4))


# Tests of pre-trends


def _effects() -> Effects:
    cohort, period = np.array([3, 3, 3, 5, 5, 5]), np.array([1, 2, 3, 1, 3, 6])
    root = np.random.default_rng(9).normal(size=(40, 6)) / 40
    return Effects(
        cohort=cohort,
        period=period,
        estimate=np.array([0.1, 0.0, 1.0, -0.2, 0.3, 2.0]),
        covariance=root.T @ root,
        weight=np.array([10.0, 10, 10, 30, 30, 30]),
        influence=root,
        words="",
    )


def test_joint_test_by_hand():
    effects = _effects()
    before = np.array([0, 1, 3, 4])
    b, v = effects.estimate[before], effects.covariance[np.ix_(before, before)]
    statistic = b @ np.linalg.solve(v, b)
    found = wald(b, v)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(chi2.sf(statistic, 4))
    assert wald(b, v, clusters=20).p_value == pytest.approx(f.sf(statistic * 16 / (4 * 19), 4, 16))
    assert np.isnan(wald(b, v, clusters=4).p_value)


def test_what_follows_from_the_rest_is_not_tested_twice():
    root = np.random.default_rng(1).normal(size=(30, 2))
    root = np.column_stack([root, root.sum(axis=1), np.zeros(30)])
    estimate = np.array([1.0, 2.0, 3.0, 0.0])
    found = wald(estimate, root.T @ root)
    plain = wald(estimate[:2], root[:, :2].T @ root[:, :2])
    assert found.degrees == 2
    assert found.statistic == pytest.approx(plain.statistic)
    with pytest.raises(NotEstimable, match="before treatment"):
        wald(np.array([0.0, np.nan]), np.diag([0.0, 1.0]))


def test_missed_trends_are_those_of_diff_diff(profits):
    _, covariance = profits
    by_peer = pd.read_csv(REFEREE / "adoption_naive_missed.csv")
    for slope, missed in by_peer.itertuples(index=False):
        found = inside(slope * (HORIZONS[:4] + 1.0), covariance[:4, :4], 0)
        assert found == pytest.approx(missed, abs=2e-5)  # both integrate by random points


@pytest.mark.parametrize("probability", [0.5, 0.8])
def test_power_with_one_estimate_is_exact(probability):
    found = power(np.array([-2, 0, 1]), np.diag([0.04, 1, 1]), probability=probability)
    shift = found.slope / 0.2
    assert norm.sf(1.959963985 - shift) + norm.cdf(-1.959963985 - shift) == pytest.approx(probability, abs=1e-8)
    assert found.bias == pytest.approx(found.slope * np.array([1, 2]))
    # Estimates after treatment are unrelated to those before: passing the test changes nothing.
    assert found.bias_after_passing == pytest.approx(found.bias)


def test_power_of_the_joint_test(profits):
    _, covariance = profits
    found = power(HORIZONS, covariance, probability=0.8, test="joint")
    drift = found.slope * (HORIZONS[:4] + 1.0)
    distance = drift @ np.linalg.solve(covariance[:4, :4], drift)
    assert ncx2.sf(chi2.ppf(0.95, 4), 4, distance) == pytest.approx(0.8, abs=1e-9)


def test_power_and_bias_after_passing_by_simulation(profits):
    _, covariance = profits
    found = power(HORIZONS, covariance, probability=0.5, seed=1)
    rng = np.random.default_rng(2)
    draws = rng.multivariate_normal(found.slope * (HORIZONS + 1.0), covariance, size=100_000)
    passed = (np.abs(draws[:, :4]) < 1.959963985 * np.sqrt(np.diag(covariance))[:4]).all(axis=1)
    assert passed.mean() == pytest.approx(0.5, abs=0.008)  # five standard errors
    spread = draws[passed][:, 4:].std(axis=0) / np.sqrt(passed.sum())
    assert (np.abs(draws[passed][:, 4:].mean(axis=0) - found.bias_after_passing) < 5 * spread).all()


def test_power_of_differences_from_the_period_just_before():
    pattern = np.array([1.0, 1.0, 1.0, 2.0])
    found = power(np.array([-2, -1, 0, 1]), np.eye(4) / 25, probability=0.5, pattern=pattern)
    one = 1 - np.sqrt(0.5)
    shift = found.slope / 0.2
    assert norm.sf(1.959963985 - shift) + norm.cdf(-1.959963985 - shift) == pytest.approx(one, abs=1e-5)
    assert found.bias == pytest.approx(found.slope * np.array([1, 2]))


def test_what_power_refuses():
    with pytest.raises(BadParameter, match="chance alone"):
        power(np.array([-2, 0]), np.eye(2), probability=0.04)
    with pytest.raises(BadParameter, match="no test"):
        power(np.array([-2, 0]), np.eye(2), test="some")
    with pytest.raises(NotEstimable, match="a trend would move"):
        power(np.array([-1, 0]), np.eye(2))


def test_few_clusters_leave_directions_without_variance_and_no_warning():
    for seed in range(20):
        influence = np.random.default_rng(seed).normal(size=(2, 6))
        found = honest(np.array([-4, -3, -2, 0, 1, 2]), influence[0], influence.T @ influence)
        assert np.isfinite(found.table[["low", "high"]].to_numpy()).all()
