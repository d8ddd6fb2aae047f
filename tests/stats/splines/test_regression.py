"""The cubic regression spline, against mgcv's basis and penalty and scipy's natural spline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.regression import cubic_regression

REFEREE = Path(__file__).parents[2] / "referee" / "r"


def referee(name: str) -> pd.DataFrame:
    return pd.read_csv(REFEREE / f"splines_{name}.csv")


def test_basis_knots_and_penalty_are_mgcvs(motorcycles: pd.DataFrame) -> None:
    spline = cubic_regression(motorcycles["times"].to_numpy(), 20)
    assert spline.knots == pytest.approx(referee("knots")["knot"].to_numpy(), rel=1e-14)
    basis = referee("basis")
    # The places -5 and 70 lie outside the data: mgcv goes on in a straight line, and so do we.
    assert spline.basis(basis["times"].to_numpy()) == pytest.approx(basis.iloc[:, 1:].to_numpy(), abs=1e-12)
    assert spline.penalty == pytest.approx(referee("penalty").to_numpy(), rel=1e-8)


def test_the_basis_is_the_spline_that_its_heights_describe() -> None:
    """Scipy's natural cubic spline through any heights at the knots, on a fine grid, with its integral of curvature."""
    source = np.random.default_rng(3)
    spline = cubic_regression(source.gamma(3, 2, 80), 9)
    free = source.normal(size=8)
    heights = spline.constraint @ free
    other = CubicSpline(spline.knots, heights, bc_type="natural")
    at = np.linspace(spline.knots[0], spline.knots[-1], 301)
    assert spline.basis(at) @ free == pytest.approx(other(at), abs=1e-12)
    assert spline.slope(at) @ free == pytest.approx(other(at, 1), abs=1e-11)
    second = other(spline.knots, 2)
    # Second derivatives are straight between knots, so the integral of their square is exact by thirds.
    pieces = np.diff(spline.knots) / 3 * (second[:-1] ** 2 + second[:-1] * second[1:] + second[1:] ** 2)
    assert free @ spline.penalty @ free == pytest.approx(pieces.sum(), rel=1e-10)


def test_a_missing_value_stays_missing_and_outside_is_straight() -> None:
    spline = cubic_regression(np.arange(20.0), 6)
    assert np.isnan(spline.basis(np.array([np.nan]))).all()
    assert np.isnan(spline.slope(np.array([np.nan]))).all()
    one, two, three = spline.basis(np.array([19.0, 24.0, 29.0]))
    assert three - two == pytest.approx(two - one, abs=1e-12)
    assert spline.basis(np.arange(20.0)).sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "k", "error"),
    [
        (np.arange(5.0), 6, NotEstimable),
        (np.arange(50.0), 2, BadParameter),
        (np.arange(50.0), 5.0, BadParameter),
        (np.array([1.0, np.inf, 2, 3]), 3, BadValue),
    ],
)
def test_bases_that_values_cannot_carry_are_refused(values: np.ndarray, k: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        cubic_regression(values, k)
