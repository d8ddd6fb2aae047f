"""Thresholds, against exhaustive search, planted truths, and how often the test finds what is not there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import chi2, norm

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.broken_stick import BrokenStick, davies_bound, fit_broken_stick


def squares(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[float], float], float]:
    """Return the residual sum of squares by threshold, and that of the straight line, for errors of variance 1."""
    line = np.linalg.qr(np.column_stack([np.ones_like(x), x])).Q
    left = y - line @ (line.T @ y)

    def profile(c: float) -> float:
        bend = np.maximum(x - c, 0)
        bend = bend - line @ (line.T @ bend)
        return float(left @ left - (bend @ left) ** 2 / (bend @ bend))

    return profile, float(left @ left)


def deaths(seed: int, n: int = 300, threshold: float = 30.0, slope: float = 0.08) -> tuple[np.ndarray, Callable, float]:
    """Return densities, and Poisson deviances by threshold and without one, where harm starts at a threshold."""
    source = np.random.default_rng(seed)
    x = np.round(source.uniform(15, 45, n), 1)
    at_risk = source.integers(500, 5000, n)
    counts = source.poisson(at_risk * np.exp(-5 + slope * np.maximum(x - threshold, 0)))

    def deviance(*columns: np.ndarray) -> float:
        design = np.column_stack([np.ones(n), x, *columns])
        return float(sm.GLM(counts, design, family=sm.families.Poisson(), exposure=at_risk).fit(tol=1e-12).deviance)

    return x, lambda c: deviance(np.maximum(x - c, 0)), deviance()


def test_the_best_threshold_is_what_an_exhaustive_search_finds() -> None:
    x, profile, straight = deaths(0)
    found = fit_broken_stick(profile, x, straight=straight, points=40)
    fine = np.linspace(*found.searched, 280)
    heights = np.array([profile(c) for c in fine])
    assert found.deviance <= heights.min() + 1e-9
    # The fine grid is 0.1 wide.
    assert found.threshold == pytest.approx(fine[np.argmin(heights)], abs=0.1)
    inside = fine[heights <= found.deviance + chi2.ppf(0.95, 1)]
    assert [found.low, found.high] == pytest.approx([inside[0], inside[-1]], abs=0.1)
    for end in (found.low, found.high):
        assert profile(end) - found.deviance == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)
    assert (found.low_open, found.high_open) == (False, False)
    assert found.p_value < 1e-6
    assert found.gain == pytest.approx(straight - found.deviance)


def test_planted_thresholds_lie_in_their_intervals() -> None:
    """Of 200 intervals 190 hold the planted threshold; fewer than 180 would happen once in a thousand such tests."""
    held = 0
    for seed in range(200):
        source = np.random.default_rng(seed)
        x = source.uniform(0, 10, 200)
        profile, _ = squares(x, 1 + 0.2 * x + 1.2 * np.maximum(x - 6, 0) + source.normal(size=200))
        found = fit_broken_stick(profile, x)
        held += (found.low_open or found.low <= 6) and (found.high_open or found.high >= 6)
    assert held >= 180


def test_the_davies_bound_is_rarely_below_five_percent_where_there_is_no_bend() -> None:
    """The bound errs on the safe side: of 600 straight truths, at most 5% and three standard errors, 46."""
    found = 0
    for seed in range(600):
        source = np.random.default_rng(seed)
        x = source.uniform(0, 10, 150)
        profile, straight = squares(x, 1 + 0.2 * x + source.normal(size=150))
        found += fit_broken_stick(profile, x, straight=straight).p_value < 0.05
    # And it is not so safe as to be blind: an exact test would find 30.
    assert 10 <= found <= 46


def test_the_davies_bound_by_hand() -> None:
    """Roots 1, 3, 2: they rise by 2 and fall by 1."""
    expected = 2 * norm.sf(3) + 3 * np.exp(-9 / 2) / np.sqrt(2 * np.pi)
    assert davies_bound(np.array([1.0, 9.0, 4.0])) == pytest.approx(expected, rel=1e-12)
    assert davies_bound(np.array([0.5, 0.1, 0.5])) <= 1
    # Without ups and downs there is one test, and its chi-squared p-value.
    assert davies_bound(np.full(5, 4.0)) == pytest.approx(chi2.sf(4, 1), rel=1e-12)


def _threshold_of(shape: Callable[[float], float], **options: object) -> BrokenStick:
    return fit_broken_stick(shape, np.arange(101.0), **options)  # type: ignore[arg-type]


def test_an_interval_that_runs_out_of_the_range_says_so() -> None:
    low = _threshold_of(lambda c: 10 + (c - 20) ** 2 / 100)
    assert low.low_open
    assert np.isnan(low.low)
    assert low.high == pytest.approx(20 + 10 * np.sqrt(chi2.ppf(0.95, 1)))
    high = _threshold_of(lambda c: 10 + (c - 80) ** 2 / 100)
    assert (high.low_open, high.high_open) == (False, True)
    assert np.isnan(high.high)
    flat = _threshold_of(lambda c: 10 + 1e-3 * (c - 50) ** 2 / 100)
    assert (flat.low_open, flat.high_open) == (True, True)
    edge = _threshold_of(lambda c: c)
    assert (edge.threshold, edge.low_open) == (5, True)


def test_a_parabola_gives_its_exact_interval_and_dispersion_widens_it() -> None:
    for dispersion in (1.0, 4.0):
        found = _threshold_of(lambda c: 10 + (c - 47.3) ** 2, dispersion=dispersion)
        half = np.sqrt(dispersion * chi2.ppf(0.95, 1))
        assert found.threshold == pytest.approx(47.3, abs=1e-6)
        assert [found.low, found.high] == pytest.approx([47.3 - half, 47.3 + half], abs=1e-6)


def test_an_interval_spans_a_second_dip_of_the_deviance() -> None:
    found = _threshold_of(lambda c: min((c - 30) ** 2, 1 + (c - 60) ** 2))
    assert found.threshold == pytest.approx(30, abs=1e-6)
    assert found.high == pytest.approx(60 + np.sqrt(chi2.ppf(0.95, 1) - 1), abs=1e-6)


def test_without_the_straight_line_there_is_no_test() -> None:
    found = _threshold_of(lambda c: (c - 30) ** 2)
    assert np.isnan([found.gain, found.p_value]).all()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"quantiles": (0.9, 0.1)}, BadParameter),
        ({"quantiles": (-0.1, 0.9)}, BadParameter),
        ({"points": 2}, BadParameter),
        ({"level": 1.5}, BadParameter),
        ({"dispersion": 0.0}, BadParameter),
        ({"values": np.array([1.0, np.inf])}, BadValue),
        ({"values": np.repeat([0.0, 1.0], 20)}, NotEstimable),
        ({"values": np.full(20, np.nan)}, NotEstimable),
        ({"profile": lambda c: np.nan}, NotEstimable),
        ({"straight": -5.0}, NotEstimable),
        ({"straight": np.nan}, NotEstimable),
    ],
)
def test_what_has_no_threshold_is_refused(change: dict, error: type[Exception]) -> None:
    parts: dict = {"profile": lambda c: (c - 30) ** 2, "values": np.arange(101.0)}
    with pytest.raises(error):
        fit_broken_stick(**(parts | change))


def test_davies_refuses_what_is_no_statistic() -> None:
    for statistics in ([], [1.0, np.nan], [-1.0, 2.0]):
        with pytest.raises(BadValue):
            davies_bound(np.array(statistics))
