"""Simultaneous bands, against values known exactly or by integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import chi2, f, norm, t

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.bands import simultaneous_factor
from welfare.stats.splines.restricted import knots_at_quantiles, restricted_cubic


@pytest.mark.parametrize("degrees", [np.inf, 7.0])
def test_one_contrast_and_its_multiples_give_the_exact_quantile(degrees: float) -> None:
    covariance = np.array([[4.0, 1.0], [1.0, 9.0]])
    row = np.array([[1.0, 2.0]])
    exact = t.ppf(0.975, degrees) if np.isfinite(degrees) else norm.ppf(0.975)
    for contrasts in (row, np.vstack([row, 0 * row, -3 * row])):
        assert simultaneous_factor(contrasts, covariance, degrees=degrees, draws=5) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("many", [2, 5, 12])
def test_independent_contrasts_give_sidaks_value(many: int) -> None:
    sidak = norm.ppf(0.5 + 0.95 ** (1 / many) / 2)
    covariance = np.diag(np.arange(1.0, many + 1))
    # With 10,000 directions the factor's standard deviation between seeds is below 0.007.
    assert simultaneous_factor(np.eye(many), covariance) == pytest.approx(sidak, abs=0.02)
    assert simultaneous_factor(np.eye(many), covariance, draws=100_000) == pytest.approx(sidak, abs=0.006)


@pytest.mark.parametrize("correlation", [-0.95, 0.0, 0.5, 0.9])
def test_two_contrasts_agree_with_bivariate_normal_integration(correlation: float) -> None:
    rest = np.sqrt(1 - correlation**2)

    def inside(c: float) -> float:
        def given(z: float) -> float:
            return norm.pdf(z) * (norm.cdf((c - correlation * z) / rest) - norm.cdf((-c - correlation * z) / rest))

        return quad(given, -c, c, epsabs=1e-12)[0]

    exact = brentq(lambda c: inside(c) - 0.95, 1.5, 3)
    found = simultaneous_factor(np.eye(2), np.array([[1, correlation], [correlation, 1.0]]), draws=50_000)
    assert found == pytest.approx(exact, abs=0.003)


def test_student_errors_agree_with_simulation_from_their_definition() -> None:
    covariance = 0.4 * np.eye(3) + 0.6
    source = np.random.default_rng(1)
    draws = source.multivariate_normal(np.zeros(3), covariance, 400_000) / np.sqrt(
        source.chisquare(6, (400_000, 1)) / 6
    )
    simulated = np.quantile(np.abs(draws).max(axis=1), 0.95)
    # The simulated quantile itself is known to 0.007.
    assert simultaneous_factor(np.eye(3), covariance, degrees=6, draws=50_000) == pytest.approx(simulated, abs=0.02)


def test_a_curves_band_lies_between_one_point_and_every_contrast_and_holds_the_curve() -> None:
    x = np.random.default_rng(0).gamma(4, 5, 400)
    knots = knots_at_quantiles(x, 5)
    design = np.column_stack([np.ones(400), restricted_cubic(x, knots)])
    covariance = np.linalg.inv(design.T @ design)[1:, 1:]
    contrasts = restricted_cubic(np.linspace(5, 40, 80), knots) - restricted_cubic(np.array([20.0]), knots)
    factor = simultaneous_factor(contrasts, covariance)
    assert norm.ppf(0.975) < factor < np.sqrt(chi2.ppf(0.95, 4))
    errors = np.random.default_rng(2).multivariate_normal(np.zeros(4), covariance, 20_000) @ contrasts.T
    held = (np.abs(errors) <= factor * np.sqrt(np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts))).all(axis=1)
    # Of 20,000 curves 95% with a standard error of 0.15 points, beside the factor's own.
    assert held.mean() == pytest.approx(0.95, abs=0.008)


def test_every_direction_at_once_is_scheffes_value() -> None:
    angles = np.linspace(0, np.pi, 2000)
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    assert simultaneous_factor(around, np.eye(2), degrees=9) == pytest.approx(np.sqrt(2 * f.ppf(0.95, 2, 9)), rel=1e-5)


def test_the_same_seed_gives_the_same_digits_and_another_nearly_so() -> None:
    one, again, other = (simultaneous_factor(np.eye(4), np.eye(4), seed=seed) for seed in (0, 0, 1))
    assert one == again != other
    assert one == pytest.approx(other, abs=0.03)


def test_units_of_the_estimates_do_not_matter() -> None:
    covariance, scale = np.array([[1.0, 0.3], [0.3, 2.0]]), np.diag([1e-6, 1e6])
    contrasts = np.array([[1.0, 1.0], [1.0, -2.0]])
    moved = simultaneous_factor(contrasts @ np.linalg.inv(scale), scale @ covariance @ scale, draws=100_000)
    assert moved == pytest.approx(simultaneous_factor(contrasts, covariance, draws=100_000), abs=0.005)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"level": 1.0}, BadParameter),
        ({"draws": 0}, BadParameter),
        ({"degrees": 0.0}, BadParameter),
        ({"contrasts": np.ones((3, 4))}, BadParameter),
        ({"contrasts": np.array([[1.0, np.nan]])}, BadValue),
        ({"contrasts": np.zeros((3, 2))}, NotEstimable),
        ({"contrasts": np.zeros((0, 2))}, NotEstimable),
        ({"covariance": np.zeros((2, 2))}, NotEstimable),
        ({"covariance": np.array([[1.0, 2.0], [2.0, 1.0]])}, BadValue),
        ({"covariance": np.array([[-1.0, 0.0], [0.0, 1.0]])}, BadValue),
        ({"covariance": np.array([[1.0, 0.5], [0.0, 1.0]])}, BadValue),
        ({"covariance": np.full((2, 2), np.nan)}, BadValue),
    ],
)
def test_what_makes_no_band_is_refused(change: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        simultaneous_factor(**({"contrasts": np.eye(2), "covariance": np.eye(2)} | change))
