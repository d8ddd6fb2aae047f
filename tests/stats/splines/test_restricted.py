"""Restricted cubic splines, against Harrell's formula in R, R's natural splines, and their own definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.restricted import knots_at_quantiles, restricted_cubic, restricted_cubic_slope

REFEREE = Path(__file__).parents[2] / "referee" / "r"
KNOTS = np.array([2.0, 5.0, 6.5, 11.0])


@pytest.fixture(scope="module")
def harrell() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "splines_restricted.csv")


def test_columns_and_knots_are_harrells(harrell: pd.DataFrame) -> None:
    knots = knots_at_quantiles(harrell["x"].to_numpy(), 5)
    assert knots == pytest.approx(pd.read_csv(REFEREE / "splines_restricted_knots.csv")["knot"].to_numpy(), rel=1e-14)
    columns = restricted_cubic(harrell["x"].to_numpy(), knots)
    assert (columns[:, 0] == harrell["x"]).all()
    # R's cubes cancel beyond the last knot, where ours are exact: 1e-12 of the largest is left of its digits.
    largest = harrell[["term1", "term2", "term3"]].to_numpy().max()
    assert columns[:, 1:] == pytest.approx(
        harrell[["term1", "term2", "term3"]].to_numpy(), rel=1e-8, abs=1e-12 * largest
    )


def test_a_regression_on_them_fits_what_rs_natural_spline_fits(harrell: pd.DataFrame) -> None:
    knots = knots_at_quantiles(harrell["x"].to_numpy(), 5)
    design = np.column_stack([np.ones(len(harrell)), restricted_cubic(harrell["x"].to_numpy(), knots)])
    fitted = design @ np.linalg.lstsq(design, harrell["y"].to_numpy(), rcond=None)[0]
    assert fitted == pytest.approx(harrell["fitted"].to_numpy(), rel=1e-8)


@pytest.mark.parametrize(
    ("knots", "published"),
    [
        (3, [0.10, 0.5, 0.90]),
        (4, [0.05, 0.35, 0.65, 0.95]),
        (5, [0.05, 0.275, 0.5, 0.725, 0.95]),
        (6, [0.05, 0.23, 0.41, 0.59, 0.77, 0.95]),
        (7, [0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975]),
    ],
)
def test_knots_lie_at_the_published_quantiles(knots: int, published: list[float]) -> None:
    """Harrell 2015, table 2.3, which prints four places."""
    assert knots_at_quantiles(np.arange(1001) / 1000, knots) == pytest.approx(published, abs=5e-5)


def test_below_a_hundred_values_the_outer_knots_are_the_fifth_from_each_end() -> None:
    values = np.arange(1.0, 100)
    assert knots_at_quantiles(values, 4)[[0, -1]].tolist() == [5, 95]
    assert knots_at_quantiles(np.arange(1.0, 101), 4)[0] == pytest.approx(5.95)
    assert knots_at_quantiles(np.append(values, np.nan), 4).tolist() == knots_at_quantiles(values, 4).tolist()


def test_a_hand_worked_value() -> None:
    """With knots 0, 1, 2 the term at 1.5 is (1.5^3 - 2 x 0.5^3) / 4, and at 3 it is (27 - 16 + 1) / 4."""
    assert restricted_cubic(np.array([-1.0, 0.5, 1.5, 3.0]), np.array([0.0, 1.0, 2.0]))[:, 1] == pytest.approx(
        [0, 0.125 / 4, (3.375 - 0.25) / 4, 3.0], rel=1e-15
    )


@settings(max_examples=60, deadline=None)
@given(at=st.floats(-50, 50), weights=st.tuples(*[st.floats(-2, 2)] * 3))
def test_the_slope_is_the_derivative_and_straight_outside(at: float, weights: tuple[float, ...]) -> None:
    def curve(x: float) -> float:
        return float((restricted_cubic(np.array([x]), KNOTS) @ weights)[0])

    slope = float((restricted_cubic_slope(np.array([at]), KNOTS) @ weights)[0])
    # A central difference of a cubic is off by a sixth of the third derivative times the step squared.
    assert slope == pytest.approx((curve(at + 1e-4) - curve(at - 1e-4)) / 2e-4, abs=1e-6)
    if at > 11:
        assert curve(at) == pytest.approx(curve(11.0) + (at - 11) * slope, abs=1e-9)
    if at < 2:
        assert curve(at) == pytest.approx(weights[0] * at, abs=1e-12)


def test_far_outside_no_digit_is_lost() -> None:
    near, far = restricted_cubic(np.array([11.0, 1e9]), KNOTS)
    slope = restricted_cubic_slope(np.array([11.0]), KNOTS)[0]
    assert far == pytest.approx(near + slope * (1e9 - 11), rel=1e-14)


def test_a_missing_value_stays_missing() -> None:
    for columns in (restricted_cubic, restricted_cubic_slope):
        rows = columns(np.array([np.nan, 3.0]), KNOTS)
        assert np.isnan(rows[0]).all()
        assert np.isfinite(rows[1]).all()


@pytest.mark.parametrize("knots", [2, 8, 0, True, 4.0, "4"])
def test_numbers_of_knots_without_a_recommendation_are_refused(knots: object) -> None:
    with pytest.raises(BadParameter):
        knots_at_quantiles(np.arange(500.0), knots)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values", [np.repeat([1.0, 2, 3], 50), np.full(9, np.nan), np.r_[np.zeros(400), np.arange(9.0)]]
)
def test_too_few_distinct_values_and_heaps_are_refused(values: np.ndarray) -> None:
    with pytest.raises(NotEstimable):
        knots_at_quantiles(values, 4)


@pytest.mark.parametrize("knots", [[1, 2], [1, 2, 2, 3], [3, 2, 1], [1, 2, np.nan], [[1, 2, 3]], [1, 2, np.inf]])
def test_knots_that_make_no_curve_are_refused(knots: list) -> None:
    with pytest.raises(BadParameter):
        restricted_cubic(np.arange(5.0), np.array(knots))


def test_infinite_values_are_refused() -> None:
    with pytest.raises(BadValue):
        restricted_cubic(np.array([1.0, np.inf]), KNOTS)
    with pytest.raises(BadValue):
        knots_at_quantiles(np.array([1.0, -np.inf]), 3)
