"""Attributable numbers, against exact arithmetic, a distribution in closed form and the delta method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.attributable import attributable, forward_counts


def test_without_doubt_it_is_arithmetic() -> None:
    """Ratios of 2, 1 and a half with 10, 7 and 4 deaths: 5 + 0 - 4 = 1 of 21."""
    contrasts = np.log([[2.0], [1.0], [0.5]])
    found = attributable(contrasts, np.ones(1), np.zeros((1, 1)), np.array([10, 7, 4]), draws=20)
    assert found.by_row == pytest.approx([0.5, 0, -1])
    for number in (found.number, found.number_low, found.number_high, *found.simulated):
        assert number == pytest.approx(1, rel=1e-12)
    assert found.fraction == pytest.approx(1 / 21)
    assert found.events == 21


def test_one_coefficient_gives_an_interval_in_closed_form() -> None:
    """With one ratio the number falls in order with the coefficient, so its quantiles are those of the coefficient."""
    found = attributable(np.ones((3, 1)), np.array([0.4]), np.array([[0.01]]), np.array([50, 30, 20]), draws=200_000)
    exact = 100 * (1 - np.exp(-(0.4 + 0.1 * norm.ppf([0.025, 0.975]))))
    # The quantiles of 200,000 draws are known to about 0.04 deaths.
    assert [found.number_low, found.number_high] == pytest.approx(exact, abs=0.15)
    assert [found.fraction_low, found.fraction_high] == pytest.approx(exact / 100, abs=0.0015)


def test_with_small_errors_the_interval_is_the_delta_methods() -> None:
    source = np.random.default_rng(4)
    contrasts, counts = source.normal(size=(200, 3)), source.poisson(9, 200)
    beta, covariance = np.array([0.3, -0.1, 0.2]), 1e-6 * (np.eye(3) + 0.5)
    found = attributable(contrasts, beta, covariance, counts, draws=100_000)
    gradient = (np.exp(-contrasts @ beta) * counts) @ contrasts
    half = norm.ppf(0.975) * np.sqrt(gradient @ covariance @ gradient)
    assert found.number == pytest.approx(((1 - np.exp(-contrasts @ beta)) * counts).sum(), rel=1e-12)
    # Half the width of 100,000 draws is known to half a percent.
    assert found.number_high - found.number == pytest.approx(half, rel=0.02)
    assert found.number - found.number_low == pytest.approx(half, rel=0.02)


def test_rows_alike_are_as_one_row_and_rows_without_events_add_nothing() -> None:
    beta, covariance = np.array([0.3, -0.2]), np.array([[0.02, 0.01], [0.01, 0.05]])
    rows, counts = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 3.0]]), np.array([6.0, 9.0, 0.0])
    one = attributable(rows, beta, covariance, counts, draws=500, seed=3)
    split = attributable(np.repeat(rows, 3, axis=0), beta, covariance, np.repeat(counts / 3, 3), draws=500, seed=3)
    without = attributable(rows[:2], beta, covariance, counts[:2], draws=500, seed=3)
    assert split.simulated == pytest.approx(one.simulated, rel=1e-12)
    assert without.simulated == pytest.approx(one.simulated, rel=1e-12)
    assert split.number == pytest.approx(one.number, rel=1e-12)


def test_the_same_seed_gives_the_same_interval() -> None:
    arguments = (np.ones((2, 1)), np.array([0.4]), np.array([[0.01]]), np.array([5, 3]))
    one, again, other = (attributable(*arguments, seed=seed) for seed in (0, 0, 1))
    assert (one.number_low, one.number_high) == (again.number_low, again.number_high)
    assert one.number_low != other.number_low


def test_a_covariance_of_lower_rank_is_drawn_from_all_the_same() -> None:
    found = attributable(np.array([[1.0, -1.0]]), np.array([0.5, 0.2]), np.ones((2, 2)), np.array([8]), draws=50)
    # The two coefficients err alike, so their difference does not err at all.
    assert found.simulated == pytest.approx(np.full(50, 8 * (1 - np.exp(-0.3))), rel=1e-6)


def test_forward_counts_are_means_of_what_followed() -> None:
    counts = forward_counts(np.array([1.0, 2, 6, 5, 8]), np.array([0, 0, 0, 1, 1]), np.array([1, 2, 3, 1, 3]), 1)
    assert counts == pytest.approx([1.5, 4, np.nan, np.nan, np.nan], nan_ok=True)


def test_forward_counts_take_times_of_any_kind_of_number() -> None:
    counts, unit = np.array([1.0, 3.0]), np.zeros(2, dtype=int)
    for times in (np.array([4, 5], dtype=np.uint8), np.array([4.0, 5.0])):
        assert forward_counts(counts, unit, times, 1)[0] == 2
    with pytest.raises(BadValue):
        forward_counts(counts, unit, np.array([4.5, 5.5]), 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"contrasts": np.ones((2, 3))}, BadParameter),
        ({"contrasts": np.ones((3, 2))}, BadParameter),
        ({"covariance": np.eye(3)}, BadParameter),
        ({"level": 0.0}, BadParameter),
        ({"draws": 0}, BadParameter),
        ({"contrasts": np.full((2, 2), np.nan)}, BadValue),
        ({"coefficients": np.array([0.1, np.inf])}, BadValue),
        ({"counts": np.array([1.0, -1.0])}, BadValue),
        ({"counts": np.array([1.0, np.nan])}, BadValue),
        ({"covariance": -np.eye(2)}, BadValue),
        ({"counts": np.zeros(2)}, NotEstimable),
        ({"covariance": 1e8 * np.eye(2)}, NotEstimable),
    ],
)
def test_what_cannot_be_attributed_is_refused(change: dict, error: type[Exception]) -> None:
    parts = {"contrasts": np.eye(2), "coefficients": np.ones(2), "covariance": np.eye(2), "counts": np.array([3, 4])}
    with pytest.raises(error):
        attributable(**(parts | change))
