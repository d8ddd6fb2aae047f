"""Penalised curves, against mgcv, against fits without a penalty, and against planted curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.families import family_of
from welfare.stats.splines.penalised import PenalisedFit, fit_penalised
from welfare.stats.splines.posed import pose
from welfare.stats.splines.regression import CubicRegression, cubic_regression
from welfare.stats.splines.reml import settle
from welfare.stats.splines.robust import robust_covariance

REFEREE = Path(__file__).parents[2] / "referee" / "r"


def referee(name: str) -> pd.DataFrame:
    return pd.read_csv(REFEREE / f"splines_{name}.csv")


@pytest.fixture(scope="module")
def farms() -> pd.DataFrame:
    return referee("farms")


@pytest.fixture(scope="module")
def mcycle(motorcycles: pd.DataFrame) -> tuple[CubicRegression, PenalisedFit]:
    data = motorcycles
    spline = cubic_regression(data["times"].to_numpy(), 20)
    columns = spline.basis(data["times"].to_numpy())
    constant = np.ones((len(data), 1))
    return spline, fit_penalised(data["accel"].to_numpy(), constant, columns, spline.penalty, family="gaussian")


def farm_columns(farms: pd.DataFrame) -> np.ndarray:
    density = farms["density"].to_numpy()
    return np.column_stack([np.ones(len(farms)), farms["heat"], cubic_regression(density, 12).basis(density)])


def farm_fit(
    farms: pd.DataFrame, outcome: str = "deaths", *, constant: bool = True, heat: bool = True, **options: object
) -> PenalisedFit:
    density = farms["density"].to_numpy()
    spline = cubic_regression(density, 12)
    parametric = farm_columns(farms)[:, :2][:, [constant, heat]]
    log_exposure = np.log(farms["at_risk"].to_numpy())
    counts = farms[outcome].to_numpy()
    return fit_penalised(counts, parametric, spline.basis(density), spline.penalty, log_exposure, **options)  # type: ignore[arg-type]


def test_mcycle_gives_the_published_figures(mcycle: tuple[CubicRegression, PenalisedFit]) -> None:
    """mgcv 1.8-41, gam(accel ~ s(times, bs = "cr", k = 20), method = "REML")."""
    _, fit = mcycle
    assert fit.reml == pytest.approx(616.0093805, abs=5e-8)
    # With its usual tolerance mgcv stops at 12.7849041; taken further, in splines.R, at 12.78490398.
    assert fit.edf.sum() == pytest.approx(12.7849041, rel=1e-6)
    assert fit.scale == pytest.approx(509.0121069, rel=1e-8)
    assert fit.scale_reml == pytest.approx(fit.scale, rel=1e-8)
    assert fit.expected == pytest.approx(referee("mcycle")["fitted"].to_numpy(), rel=1e-8)


# Where mgcv chose the smoothness it stops once its gradient is small, some 1e-7 from the minimum that we follow to
# the last digit: what depends on the smoothness can agree no further.
CHOSEN, GIVEN = 1e-6, 1e-8


@pytest.mark.parametrize(
    ("model", "options", "tolerance"),
    [
        ("mcycle", None, GIVEN),
        ("poisson", {}, GIVEN),
        ("quasi_poisson", {"family": "quasi_poisson"}, CHOSEN),
        ("negative_binomial", {"family": "negative_binomial", "theta": 3.5}, CHOSEN),
        ("weighted", {"family": "negative_binomial", "theta": 3.5}, CHOSEN),
        ("fixed", {}, GIVEN),
    ],
)
def test_fits_agree_with_mgcv(
    model: str,
    options: dict | None,
    tolerance: float,
    farms: pd.DataFrame,
    mcycle: tuple[CubicRegression, PenalisedFit],
) -> None:
    row = referee("models").set_index("model").loc[model]
    each = referee("coefficients").query("model == @model")
    extra = {"weights": farms["weight"].to_numpy()} if model == "weighted" else {}
    extra |= {"smoothing": row["smoothing"]} if model == "fixed" else {}
    fit = mcycle[1] if options is None else farm_fit(farms, **options, **extra)
    assert not fit.straight
    assert fit.reml == pytest.approx(row["reml"], rel=1e-10)
    assert fit.edf.sum() == pytest.approx(row["edf"], rel=tolerance)
    assert fit.scale == pytest.approx(row["scale"], rel=tolerance)
    assert fit.smoothing == pytest.approx(row["smoothing"], rel=tolerance)
    assert fit.deviance == pytest.approx(row["deviance"], rel=tolerance)
    bayesian, frequentist = np.sqrt(np.diag(fit.bayesian)), np.sqrt(np.diag(fit.frequentist))
    # In units of their standard errors: a coefficient near zero has no digits of its own to agree in.
    apart = (fit.coefficients - each["estimate"].to_numpy()) / bayesian
    assert apart == pytest.approx(np.zeros(len(each)), abs=tolerance)
    assert bayesian == pytest.approx(each["se_bayesian"].to_numpy(), rel=tolerance)
    assert frequentist == pytest.approx(each["se_frequentist"].to_numpy(), rel=tolerance)
    assert fit.edf == pytest.approx(each["edf"].to_numpy(), rel=tolerance)
    if model not in ("mcycle", "weighted"):  # mgcv's sandwich takes no notice of prior weights
        sandwich = np.sqrt(np.diag(robust_covariance(fit, farm_columns(farms))))
        assert sandwich == pytest.approx(each["se_sandwich"].to_numpy(), rel=tolerance)


@pytest.mark.parametrize(
    ("model", "options", "tolerance"),
    [
        ("owners_poisson", {"family": "poisson"}, GIVEN),
        ("owners_quasi_poisson", {"family": "quasi_poisson"}, CHOSEN),
        ("owners_negative_binomial", {"family": "negative_binomial", "theta": 3.5}, CHOSEN),
        ("owners_gaussian", {"family": "gaussian"}, CHOSEN),
    ],
)
def test_absorbed_groups_are_as_columns_for_them_in_mgcv(
    model: str, options: dict, tolerance: float, farms: pd.DataFrame
) -> None:
    row = referee("models").set_index("model").loc[model]
    each = referee("coefficients").query("model == @model").iloc[-12:]
    if model in ("owners_negative_binomial", "owners_gaussian"):
        options = options | {"weights": farms["weight"].to_numpy()}
    fit = farm_fit(farms, constant=False, groups=farms["owner"].to_numpy(), **options)
    assert fit.reml == pytest.approx(row["reml"], rel=1e-9)
    assert fit.total_edf == pytest.approx(row["edf"], rel=tolerance)
    assert fit.scale == pytest.approx(row["scale"], rel=tolerance)
    assert fit.smoothing == pytest.approx(row["smoothing"], rel=tolerance)
    bayesian, frequentist = np.sqrt(np.diag(fit.bayesian)), np.sqrt(np.diag(fit.frequentist))
    apart = (fit.coefficients - each["estimate"].to_numpy()) / bayesian
    assert apart == pytest.approx(np.zeros(12), abs=tolerance)
    assert bayesian == pytest.approx(each["se_bayesian"].to_numpy(), rel=tolerance)
    assert frequentist == pytest.approx(each["se_frequentist"].to_numpy(), rel=tolerance)
    assert fit.edf == pytest.approx(each["edf"].to_numpy(), rel=tolerance)
    if "weights" not in options:
        columns = farm_columns(farms)[:, 1:]
        sandwich = np.sqrt(np.diag(robust_covariance(fit, columns, groups=farms["owner"].to_numpy())))
        assert sandwich == pytest.approx(each["se_sandwich"].to_numpy(), rel=tolerance)


def test_groups_without_events_or_labels_and_columns_within_none_are_refused(farms: pd.DataFrame) -> None:
    owner = farms["owner"].to_numpy()
    with pytest.raises(NotEstimable, match="2 groups have no event"):
        farm_fit(farms.assign(deaths=np.where(owner < 2, 0, farms["deaths"])), constant=False, groups=owner)
    with pytest.raises(NotEstimable, match="repeats"):
        farm_fit(farms, groups=owner)
    with pytest.raises(NotEstimable, match="repeats"):
        farm_fit(farms.assign(heat=owner), constant=False, groups=owner)
    with pytest.raises(NotEstimable, match="rows cannot carry"):
        farm_fit(farms.assign(deaths=1), constant=False, groups=np.arange(len(farms)))
    for labels in (owner[1:], np.where(owner == 3, np.nan, owner)):
        with pytest.raises(BadParameter):
            farm_fit(farms, constant=False, groups=labels)


def test_clustered_errors_follow_their_definition(farms: pd.DataFrame) -> None:
    fit, columns = farm_fit(farms, family="quasi_poisson"), farm_columns(farms)
    groups = np.arange(len(farms)) * 7 % 23
    meat = np.zeros((13, 13))
    for group in range(23):
        score = columns[groups == group].T @ (farms["deaths"] - fit.expected)[groups == group]
        meat += np.outer(score, score)
    n, smoothed = len(farms), fit.bayesian - fit.frequentist
    by_hand = fit.bread @ meat @ fit.bread * 23 / 22 * (n - 1) / (n - fit.edf.sum()) + smoothed
    assert robust_covariance(fit, columns, groups) == pytest.approx(by_hand, rel=1e-10)
    assert robust_covariance(fit, columns, groups * 5 + 3) == pytest.approx(by_hand, rel=1e-10)


def test_robust_errors_refuse_what_does_not_fit(farms: pd.DataFrame) -> None:
    fit, columns = farm_fit(farms), farm_columns(farms)
    one = np.zeros(len(farms), dtype=int)
    with pytest.raises(NotEstimable):
        robust_covariance(fit, columns, one)
    for wrong in (one[1:], one - 1, one.astype(float)):
        with pytest.raises(BadParameter):
            robust_covariance(fit, columns, wrong)
    with pytest.raises(BadParameter):
        robust_covariance(fit, columns[:, 1:])


def test_a_straight_truth_gives_a_straight_line_and_says_so(farms: pd.DataFrame) -> None:
    fit = farm_fit(farms, "even", heat=False)
    row = referee("models").set_index("model").loc["straight"]
    assert fit.straight
    # At the limit of infinite smoothness the restricted likelihood is flat: mgcv stops on the way, at 2.0000012.
    assert fit.edf.sum() == pytest.approx(2, abs=1e-5)
    assert fit.reml == pytest.approx(row["reml"], rel=1e-8)
    line = np.column_stack([np.ones(len(farms)), farms["density"]])
    plain = sm.GLM(farms["even"], line, family=sm.families.Poisson(), exposure=farms["at_risk"]).fit(tol=1e-13)
    assert fit.expected == pytest.approx(plain.mu, rel=1e-5)


def test_without_a_penalty_to_speak_of_it_is_the_plain_fit(farms: pd.DataFrame) -> None:
    fit = farm_fit(farms, smoothing=1e-9)
    design = farm_columns(farms)
    plain = sm.GLM(farms["deaths"], design, family=sm.families.Poisson(), exposure=farms["at_risk"]).fit(tol=1e-13)
    # The penalty of 1e-9 is still there, at some 1e-11 of the information.
    assert fit.expected == pytest.approx(plain.mu, rel=1e-8)
    assert fit.bayesian == pytest.approx(plain.cov_params(), rel=1e-6)
    assert fit.edf == pytest.approx(np.ones(13), abs=1e-8)


@pytest.mark.parametrize(("name", "theta"), [("poisson", None), ("quasi_poisson", None), ("negative_binomial", 2.0)])
@pytest.mark.parametrize("log_smoothing", [1.0, 6.0, 11.0])
def test_the_derivative_that_is_followed_is_the_derivative(
    name: str, theta: float | None, log_smoothing: float, farms: pd.DataFrame
) -> None:
    density = farms["density"].to_numpy()
    spline = cubic_regression(density, 12)
    problem = pose(
        farms["deaths"].to_numpy().astype(float),
        np.ones((len(farms), 1)),
        spline.basis(density),
        spline.penalty,
        np.log(farms["at_risk"].to_numpy()),
        farms["weight"].to_numpy(),
        family_of(name, theta),
    )
    above, below = (settle(problem, log_smoothing + step).score for step in (1e-4, -1e-4))
    # The difference of scores of some thousands keeps about 1e-8 of its digits.
    assert settle(problem, log_smoothing).slope == pytest.approx((above - below) / 2e-4, abs=1e-6)


def test_units_and_order_of_rows_change_nothing_else(farms: pd.DataFrame) -> None:
    fit = farm_fit(farms)
    order = np.random.default_rng(0).permutation(len(farms))
    moved = farms.iloc[order].assign(
        density=lambda rows: rows["density"] * 1000 + 5, at_risk=lambda rows: rows["at_risk"] / 100
    )
    again = farm_fit(moved)
    assert again.expected == pytest.approx(fit.expected[order], rel=1e-8)
    assert again.edf.sum() == pytest.approx(fit.edf.sum(), rel=1e-7)
    # The penalty is of squared curvature over length, so it shrinks with the cube of the unit.
    assert again.smoothing == pytest.approx(fit.smoothing * 1000**3, rel=1e-6)


def test_a_year_beside_an_intercept_loses_no_digits(farms: pd.DataFrame) -> None:
    density, log_exposure = farms["density"].to_numpy(), np.log(farms["at_risk"].to_numpy())
    spline, year = cubic_regression(density, 8), 2000.0 + np.arange(len(farms)) % 20
    fits = [
        fit_penalised(
            farms["deaths"].to_numpy(),
            np.column_stack([np.ones(len(farms)), column]),
            spline.basis(density),
            spline.penalty,
            log_exposure,
        )
        for column in (year, (year - 2010) / 10)
    ]
    assert fits[0].expected == pytest.approx(fits[1].expected, rel=1e-9)
    assert fits[0].edf.sum() == pytest.approx(fits[1].edf.sum(), rel=1e-8)


def test_a_planted_curve_lies_in_its_intervals() -> None:
    """Bayesian intervals hold the truth at 95% of places on average (Nychka 1988); of 40 x 300 places at least 93%."""
    held = []
    for seed in range(40):
        source = np.random.default_rng(seed)
        x = source.uniform(0, 1, 300)
        truth = -3 + 0.7 * np.sin(2 * np.pi * x)
        at_risk = source.integers(200, 2000, 300)
        spline = cubic_regression(x, 15)
        columns, constant = spline.basis(x), np.ones((300, 1))
        counts = source.poisson(at_risk * np.exp(truth))
        fit = fit_penalised(counts, constant, columns, spline.penalty, np.log(at_risk))
        design = np.column_stack([constant, columns])
        error = np.sqrt(np.einsum("ij,jk,ik->i", design, fit.bayesian, design))
        held.append(np.abs(design @ fit.coefficients - truth) < 1.96 * error)
    assert 0.93 < np.mean(held) < 0.975


def test_a_group_without_events_is_refused_rather_than_given_a_number(farms: pd.DataFrame) -> None:
    empty = (np.arange(len(farms)) < 20).astype(float)
    counts = np.where(empty == 1, 0, farms["deaths"])
    density = farms["density"].to_numpy()
    spline = cubic_regression(density, 8)
    parametric = np.column_stack([np.ones(len(farms)), empty])
    with pytest.raises(NotEstimable, match="did not settle"):
        fit_penalised(counts, parametric, spline.basis(density), spline.penalty, np.log(farms["at_risk"].to_numpy()))


@pytest.mark.parametrize("stretch", [slice(57, 60), slice(30, 31)])
def test_a_handful_of_events_in_one_stretch_is_refused(stretch: slice) -> None:
    """The restricted likelihood rises for ever here: mgcv stops at linear predictors of -2,222 and -4,861."""
    x = np.linspace(0, 10, 60)
    counts = np.zeros(60)
    counts[stretch] = 5 if stretch.start == 57 else 1
    spline = cubic_regression(x, 8)
    with pytest.raises(NotEstimable, match="did not settle"):
        fit_penalised(counts, np.ones((60, 1)), spline.basis(x), spline.penalty)


@pytest.mark.parametrize("family", ["gaussian", "quasi_poisson"])
@pytest.mark.parametrize("curved", [False, True])
def test_an_outcome_computed_from_the_condition_is_refused(family: str, curved: bool) -> None:
    x = np.linspace(0, 10, 60)
    spline = cubic_regression(x, 8)
    predictor = 3 + spline.basis(x)[:, 2] if curved else 2 + 0.1 * x
    outcome = predictor if family == "gaussian" else np.exp(predictor)
    with pytest.raises(NotEstimable, match="exactly"):
        fit_penalised(outcome, np.ones((60, 1)), spline.basis(x), spline.penalty, family=family)


def test_a_large_theta_is_poisson(farms: pd.DataFrame) -> None:
    fit, poisson = farm_fit(farms, family="negative_binomial", theta=1e10), farm_fit(farms)
    # The variance is larger by one part in 10^7 at the largest mean, some thousand deaths.
    assert fit.reml == pytest.approx(poisson.reml, rel=1e-6)
    assert fit.expected == pytest.approx(poisson.expected, rel=1e-6)


def test_on_many_rows_no_digit_is_lost() -> None:
    """Many rows are made orthonormal another way than few: the same rows many times over must give the same curve."""
    many = 12_000
    source = np.random.default_rng(0)
    x, year = source.uniform(0, 1, 400), 2000.0 + source.integers(0, 20, 400)
    counts = source.poisson(np.exp(1 + np.sin(5 * x)))
    spline = cubic_regression(x, 10)
    parts = counts, np.column_stack([np.ones(400), year]), spline.basis(x)
    few = fit_penalised(*parts, spline.penalty, weights=np.full(400, many / 400), smoothing=0.1)
    full = fit_penalised(*(np.repeat(part, many // 400, axis=0) for part in parts), spline.penalty, smoothing=0.1)
    assert full.expected[:: many // 400] == pytest.approx(few.expected, rel=1e-9)
    assert np.sqrt(np.diag(full.bayesian)) == pytest.approx(np.sqrt(np.diag(few.bayesian)), rel=1e-8)
    assert full.edf == pytest.approx(few.edf, rel=1e-8)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"outcome": np.full(60, -1.0)}, BadValue),
        ({"outcome": np.full(60, np.nan)}, BadValue),
        ({"outcome": np.zeros(60)}, NotEstimable),
        ({"outcome": np.ones(59)}, BadParameter),
        ({"parametric": np.ones((60, 2))}, NotEstimable),
        ({"parametric": np.zeros((60, 1))}, NotEstimable),
        ({"parametric": np.ones(60)}, BadParameter),
        ({"penalty": np.zeros((5, 5))}, BadParameter),
        ({"penalty": -np.eye(5)}, BadParameter),
        ({"penalty": np.triu(np.ones((5, 5)))}, BadParameter),
        ({"penalty": np.eye(4)}, BadParameter),
        ({"log_exposure": np.full(60, -np.inf)}, BadValue),
        ({"weights": np.zeros(60)}, BadValue),
        ({"family": "binomial"}, BadParameter),
        ({"family": "negative_binomial"}, BadParameter),
        ({"family": "negative_binomial", "theta": -1.0}, BadParameter),
        ({"theta": 2.0}, BadParameter),
        ({"smoothing": 0.0}, BadParameter),
        ({"family": "gaussian", "outcome": np.ones(60)}, NotEstimable),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict, error: type[Exception]) -> None:
    x = np.arange(60.0)
    spline = cubic_regression(x, 6)
    parts = {"outcome": x % 7, "parametric": np.ones((60, 1)), "smooth": spline.basis(x), "penalty": spline.penalty}
    with pytest.raises(error):
        fit_penalised(**(parts | change))


def test_more_coefficients_than_rows_are_refused() -> None:
    x = np.arange(8.0)
    spline = cubic_regression(x, 8)
    with pytest.raises(NotEstimable):
        fit_penalised(x, np.ones((8, 1)), spline.basis(x), spline.penalty)
