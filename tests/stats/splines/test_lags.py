"""Distributed lags and attributable numbers, against dlnmpy, exact arithmetic and planted truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from welfare.errors import BadParameter, BadValue
from welfare.stats.splines.attributable import attributable, forward_counts
from welfare.stats.splines.crossbasis import Association, crossbasis, linear, reduce_overall
from welfare.stats.splines.lags import lag_matrix
from welfare.stats.splines.restricted import restricted_cubic

REFEREE = Path(__file__).parents[2] / "referee"
LAGS = 5


def referee(name: str) -> pd.DataFrame:
    return pd.read_csv(REFEREE / f"dlnm_{name}.csv")


def natural(values: np.ndarray) -> np.ndarray:
    """Return columns that span what dlnmpy's natural spline with the same knots spans."""
    return restricted_cubic(values, np.array([10.0, 16.0, 24.0, 32.0]))


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    return referee("series")


@pytest.fixture(scope="module")
def lagged(series: pd.DataFrame) -> np.ndarray:
    return lag_matrix(series["heat"].to_numpy(), series["barn"].to_numpy(), series["day"].to_numpy(), LAGS)


def fitted(series: pd.DataFrame, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = ~np.isnan(columns).any(axis=1)
    design = np.column_stack([columns, series["barn"] == 0, series["barn"] == 1]).astype(float)[whole]
    rows = series[whole]
    fit = sm.GLM(rows["deaths"], design, family=sm.families.Poisson(), exposure=rows["at_risk"]).fit(
        tol=1e-14, maxiter=200
    )
    k = columns.shape[1]
    return fit.params.to_numpy()[:k], fit.cov_params().to_numpy()[:k, :k]


@pytest.fixture(scope="module", params=["linear", "curve"])
def reduced(request: pytest.FixtureRequest, series: pd.DataFrame, lagged: np.ndarray) -> tuple[str, Association, tuple]:
    basis, reference = (linear, 0.0) if request.param == "linear" else (natural, 20.0)
    over_lag = referee("lag_basis").to_numpy()
    columns = crossbasis(lagged, basis, over_lag)
    coef, covariance = fitted(series, columns)
    at = referee("associations").set_index("model").loc[[request.param], "at"].to_numpy()
    compared = columns - crossbasis(np.full_like(lagged, reference), basis, over_lag)
    found = reduce_overall(coef, covariance, basis, over_lag, at, reference)
    return request.param, found, (compared, coef, covariance, basis)


def test_linear_columns_are_dlnms(lagged: np.ndarray) -> None:
    columns = crossbasis(lagged, linear, referee("lag_basis").to_numpy())
    assert columns == pytest.approx(referee("linear_columns").to_numpy(), rel=1e-10, abs=1e-12, nan_ok=True)


def test_associations_are_dlnms(reduced: tuple[str, Association, tuple]) -> None:
    """With other columns for the same curves, so the whole fit must agree and not only the arithmetic after it."""
    model, found, _ = reduced
    theirs = referee("associations").set_index("model").loc[[model]]
    # Both fits are iterated to a tolerance; near-zero log ratios are compared on the scale of their errors.
    close = {"rel": 1e-8, "abs": 1e-10}
    assert found.overall == pytest.approx(theirs["overall"].to_numpy(), **close)
    assert found.overall_error == pytest.approx(theirs["overall_error"].to_numpy(), **close)
    for lag in range(LAGS + 1):
        assert found.by_lag[:, lag] == pytest.approx(theirs[f"lag{lag}"].to_numpy(), **close)
        assert found.by_lag_error[:, lag] == pytest.approx(theirs[f"lag{lag}_error"].to_numpy(), **close)
        assert found.cumulative[:, lag] == pytest.approx(theirs[f"cumulative{lag}"].to_numpy(), **close)
        assert found.cumulative_error[:, lag] == pytest.approx(theirs[f"cumulative{lag}_error"].to_numpy(), **close)


def test_attributable_fractions_are_dlnms(reduced: tuple[str, Association, tuple], series: pd.DataFrame) -> None:
    model, found, (compared, coef, covariance, basis) = reduced
    theirs = referee("attributable").set_index("model").loc[model].set_index("direction")["fraction"]
    whole = ~np.isnan(compared).any(axis=1)
    deaths = series["deaths"].to_numpy()
    back = attributable(compared[whole], coef, covariance, deaths[whole], draws=10)
    assert back.fraction == pytest.approx(theirs["back"], rel=1e-8)
    ahead = forward_counts(deaths, series["barn"].to_numpy(), series["day"].to_numpy(), LAGS)
    known = ~np.isnan(ahead)
    contrasts = (basis(series["heat"].to_numpy()) - basis(np.array([found.reference])))[known]
    forward = attributable(contrasts, found.coefficients, found.covariance, ahead[known], draws=10)
    assert forward.fraction == pytest.approx(theirs["forw"], rel=1e-8)


def test_history_that_is_not_there_is_missing_whatever_the_order_of_rows() -> None:
    units = np.array([7, 3, 7, 7, 3, 7])
    times = np.array([2, 1, 1, 5, 2, 4])
    values = np.array([20.0, 1.0, 10.0, 50.0, np.nan, 40.0])
    gone = np.nan
    expected = [
        [20, 10, gone],
        [1, gone, gone],
        [10, gone, gone],
        [50, 40, gone],
        [gone, 1, gone],
        [40, gone, 20],
    ]
    assert lag_matrix(values, units, times, 2) == pytest.approx(np.array(expected), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(-6, 6)), min_size=1, max_size=30, unique=True),
    lags=st.integers(0, 4),
)
def test_the_lag_matrix_is_what_a_dictionary_would_look_up(rows: list[tuple[int, int]], lags: int) -> None:
    units, times = np.array(rows).T
    values = np.arange(float(len(rows)))
    known = dict(zip(rows, values, strict=True))
    expected = [[known.get((unit, time - lag), np.nan) for lag in range(lags + 1)] for unit, time in rows]
    assert lag_matrix(values, units, times, lags) == pytest.approx(np.array(expected), nan_ok=True)


def test_times_however_far_apart_do_not_run_into_another_unit() -> None:
    far = np.array([0, 2**61, 2**61 + 1])
    found = lag_matrix(np.array([1.0, 2.0, 3.0]), np.array([5, 5, 5]), far, 1)
    assert found == pytest.approx(np.array([[1, np.nan], [2, np.nan], [3, 2]]), nan_ok=True)


def test_each_lag_left_free_is_one_column_per_lag() -> None:
    lagged = np.arange(12.0).reshape(4, 3)
    assert (crossbasis(lagged, linear, np.eye(3)) == lagged).all()
    assert crossbasis(lagged, linear, np.ones((3, 1)))[:, 0].tolist() == lagged.sum(axis=1).tolist()


def test_columns_are_the_sum_that_defines_them() -> None:
    source = np.random.default_rng(0)
    lagged, over_lag = source.gamma(3, 2, (6, 4)), source.normal(size=(4, 2))

    def powers(x: np.ndarray) -> np.ndarray:
        return np.column_stack([x, x**2, x**3])

    columns = crossbasis(lagged, powers, over_lag)
    for row in range(6):
        for v in range(3):
            for b in range(2):
                total = sum(lagged[row, lag] ** (v + 1) * over_lag[lag, b] for lag in range(4))
                assert columns[row, 2 * v + b] == pytest.approx(total, rel=1e-12)


def test_a_reduction_by_hand() -> None:
    """Two lags left free, linear: 0.2 now and 0.1 a day on, variances 0.04 and 0.09, covariance -0.02."""
    found = reduce_overall(
        np.array([0.2, 0.1]), np.array([[0.04, -0.02], [-0.02, 0.09]]), linear, np.eye(2), np.array([3.0, 1.0]), 1.0
    )
    assert found.overall == pytest.approx([2 * 0.3, 0])
    assert found.overall_error == pytest.approx([2 * 0.3, 0])
    assert found.by_lag[0] == pytest.approx([0.4, 0.2])
    assert found.by_lag_error[0] == pytest.approx([0.4, 0.6])
    assert found.cumulative[0] == pytest.approx([0.4, 0.6])
    assert found.cumulative_error[0] == pytest.approx([0.4, 0.6])


def test_a_planted_lag_curve_lies_in_its_intervals() -> None:
    """Of 100 intervals for the overall association 95 hold the planted one; fewer than 88 once in 500 such tests."""
    planted = 0.05 * 0.6 ** np.arange(5)
    over_lag = CubicSpline(np.array([0.0, 1, 2, 4]), np.eye(4))(np.arange(5.0))
    held = 0
    for seed in range(100):
        source = np.random.default_rng(seed)
        heat = source.normal(0, 3, (8, 60))
        codes, days = np.repeat(np.arange(8), 60), np.tile(np.arange(60), 8)
        lagged = lag_matrix(heat.ravel(), codes, days, 4)
        columns = crossbasis(lagged, linear, over_lag)
        whole = ~np.isnan(columns).any(axis=1)
        deaths = source.poisson(np.exp(1 + lagged[whole] @ planted))
        design = np.column_stack([columns[whole], np.ones(whole.sum())])
        fit = sm.GLM(deaths, design, family=sm.families.Poisson()).fit()
        found = reduce_overall(fit.params[:-1], fit.cov_params()[:-1, :-1], linear, over_lag, np.array([1.0]), 0.0)
        held += abs(found.overall[0] - planted.sum()) < 1.96 * found.overall_error[0]
    assert held >= 88


@pytest.mark.parametrize(
    ("values", "units", "times", "lags", "error"),
    [
        ([1.0, 2.0], [0, 0], [1, 1], 1, BadValue),
        ([1.0, 2.0], [0, 0], [1.5, 2], 1, BadValue),
        ([1.0, 2.0], [0, np.nan], [1, 2], 1, BadValue),
        ([1.0, 2.0], ["a", "b"], [1, 2], 1, BadValue),
        ([1.0, np.inf], [0, 0], [1, 2], 1, BadValue),
        ([1.0, 2.0], [0, 0], [1, 2], -1, BadParameter),
        ([1.0, 2.0], [0, 0], [1, 2], 1.0, BadParameter),
        ([1.0, 2.0], [0], [1, 2], 1, BadParameter),
    ],
)
def test_histories_that_cannot_be_told_are_refused(
    values: list, units: list, times: list, lags: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        lag_matrix(np.array(values), np.array(units), np.array(times), lags)  # type: ignore[arg-type]


def test_bases_that_do_not_fit_are_refused() -> None:
    lagged = np.ones((4, 3))
    with pytest.raises(BadParameter):
        crossbasis(lagged, linear, np.eye(2))
    with pytest.raises(BadParameter):
        crossbasis(lagged, lambda x: x, np.eye(3))
    with pytest.raises(BadParameter):
        reduce_overall(np.ones(2), np.eye(2), linear, np.eye(3), np.array([1.0]), 0.0)
    with pytest.raises(BadParameter):
        reduce_overall(np.ones(3), np.eye(2), linear, np.eye(3), np.array([1.0]), 0.0)
    with pytest.raises(BadValue):
        reduce_overall(np.ones(3), np.eye(3), linear, np.eye(3), np.array([1.0]), np.nan)


def test_no_rows_give_no_history() -> None:
    assert lag_matrix(np.array([]), np.array([], dtype=int), np.array([], dtype=int), 2).shape == (0, 3)
