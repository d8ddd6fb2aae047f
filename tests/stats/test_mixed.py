"""Random-intercept models, against lme4, the definitions of their likelihoods evaluated in R, and planted truths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.mixed.families import FAMILIES
from welfare.stats.mixed.marginal import MarginalLikelihood, sort_rows
from welfare.stats.mixed.model import MixedFit, fit_random_intercept

REFEREE = Path(__file__).parents[1] / "referee" / "r"
FAMILY = {"offset": "poisson", "small_sd": "poisson", "no_sd": "poisson", "binary": "binomial", "overdispersed": "nb2"}


def simulated(name: str) -> dict[str, Any]:
    """Return the arguments of a fit to data that R made."""
    df = pd.read_csv(REFEREE / f"mixed_{name}.csv")
    columns = df[[column for column in ("x", "z") if column in df]]
    return {
        "counts": df["y"].to_numpy(dtype=float),
        "design": np.column_stack([np.ones(len(df)), columns]),
        "log_exposure": df["log_exposure"].to_numpy() if "log_exposure" in df else np.zeros(len(df)),
        "groups": df["group"].to_numpy() - 1,
        "family": FAMILY[name],
        "trials": np.ones(len(df)) if FAMILY[name] == "binomial" else None,
    }


def epil(shared: Path) -> dict[str, Any]:
    """Return model II of Breslow and Clayton 1993: seizures by treatment, baseline, age and visit."""
    df = pd.read_csv(shared / "data" / "reference" / "epil.csv")
    before, treated = np.log(df["base"] / 4), df["trt"]
    return {
        "counts": df["y"].to_numpy(dtype=float),
        "design": np.column_stack([np.ones(len(df)), before, treated, np.log(df["age"]), df["V4"], before * treated]),
        "log_exposure": np.zeros(len(df)),
        "groups": df["subject"].to_numpy() - 1,
    }


def cbpp(shared: Path) -> dict[str, Any]:
    """Return contagious bovine pleuropneumonia by period, with a level per herd."""
    df = pd.read_csv(shared / "data" / "reference" / "lme4_cbpp.csv")
    return {
        "counts": df["incidence"].to_numpy(dtype=float),
        "design": np.column_stack([np.ones(len(df)), *(df["period"] == period for period in (2, 3, 4))]).astype(float),
        "log_exposure": np.zeros(len(df)),
        "groups": df["herd"].to_numpy() - 1,
        "family": "binomial",
        "trials": df["size"].to_numpy(dtype=float),
    }


def referee(model: str, nodes: int, by: str) -> pd.Series:
    table = pd.read_csv(REFEREE / "mixed.csv")
    kept = table[(table["model"] == model) & (table["nodes"] == nodes) & (table["by"] == by)]
    return kept.set_index("what")["value"]


def numbered(figures: pd.Series, name: str) -> np.ndarray:
    """Return the figures `name_1`, `name_2` and so on, or `name_1_1` and so on as a square."""
    found = figures[figures.index.str.match(rf"{name}_\d")].to_numpy()
    return found.reshape(int(len(found) ** 0.5), -1) if name == "cov" else found


def assert_agree(fit: MixedFit, figures: pd.Series, estimates: float, errors: float) -> None:
    assert fit.estimates == pytest.approx(numbered(figures, "fixed"), rel=estimates)
    assert fit.sd == pytest.approx(figures["sd"], rel=estimates)
    assert fit.loglik == pytest.approx(figures["loglik"], rel=min(estimates, 1e-8))
    sizes = np.sqrt(np.diag(fit.covariance))
    assert fit.covariance / np.outer(sizes, sizes) == pytest.approx(
        numbered(figures, "cov") / np.outer(sizes, sizes), abs=errors
    )
    if "log_sd_error" in figures:
        assert fit.log_sd_error == pytest.approx(figures["log_sd_error"], rel=errors)


# The referee's covariances are second differences of a likelihood: 3e-8 is the largest difference seen.
@pytest.mark.parametrize(
    ("name", "nodes", "by"),
    [
        ("offset", 1, "definition"),
        ("offset", 25, "lme4"),
        ("small_sd", 1, "definition"),
        ("small_sd", 25, "lme4"),
        ("binary", 1, "definition"),
        ("binary", 25, "lme4"),
        ("overdispersed", 25, "definition"),
    ],
)
def test_simulated_data_give_the_referee_s_figures(name: str, nodes: int, by: str) -> None:
    fit, figures = fit_random_intercept(**simulated(name), nodes=nodes), referee(name, nodes, by)
    assert_agree(fit, figures, estimates=1e-8, errors=1e-7)
    assert fit.nodes == nodes
    assert not fit.at_boundary
    if "theta" in figures:
        assert fit.theta == pytest.approx(figures["theta"], rel=1e-8)
        assert fit.log_theta_error == pytest.approx(figures["log_theta_error"], rel=1e-7)
    else:
        assert fit.theta is None


# lme4's Laplace approximation takes the curvature one step short of each mode, so that its own likelihood is good to
# 1e-6 only, worst for yes-or-no outcomes; its second differences magnify that.
@pytest.mark.parametrize(("name", "errors"), [("offset", 1e-5), ("small_sd", 1e-3), ("binary", 5e-3)])
def test_laplace_agrees_with_lme4_as_far_as_that_goes(name: str, errors: float) -> None:
    fit, figures = fit_random_intercept(**simulated(name)), referee(name, 1, "lme4")
    assert fit.estimates == pytest.approx(numbered(figures, "fixed"), abs=1e-5)
    assert fit.sd == pytest.approx(figures["sd"], abs=1e-5)
    assert fit.loglik == pytest.approx(figures["loglik"], abs=3e-6)
    assert fit.modes == pytest.approx(numbered(figures, "mode"), abs=1e-5)
    sizes = np.sqrt(np.diag(fit.covariance))
    assert (fit.covariance - numbered(figures, "cov")) / np.outer(sizes, sizes) == pytest.approx(0, abs=errors)


@pytest.mark.parametrize(("nodes", "by"), [(1, "definition"), (25, "lme4")])
def test_epilepsy_and_cattle_give_the_referee_s_figures(shared: Path, nodes: int, by: str) -> None:
    for name, data in (("epil", epil(shared)), ("cbpp", cbpp(shared))):
        assert_agree(fit_random_intercept(**data, nodes=nodes), referee(name, nodes, by), estimates=1e-8, errors=1e-7)


def test_epilepsy_gives_the_figures_on_file(shared: Path) -> None:
    """lme4 at its default control stops where the log likelihood is 0.0004 lower: alike to three digits, no more."""
    fit = fit_random_intercept(**epil(shared))
    assert fit.estimates[1:] == pytest.approx([0.88339046, -0.93307852, 0.48082736, -0.15976959, 0.33878357], rel=5e-4)
    assert np.sqrt(np.diag(fit.covariance))[1:3] == pytest.approx([0.13065302, 0.39856236], rel=5e-3)
    assert fit.sd == pytest.approx(0.50110124, rel=1e-4)
    assert -665.47479 < fit.loglik == pytest.approx(-665.47479, abs=5e-4)
    assert fit_random_intercept(**epil(shared), nodes=25).sd == pytest.approx(0.50238767, abs=2e-7)


def test_cattle_give_the_published_figures(shared: Path) -> None:
    """Bates et al. 2015 (the lme4 manual's own example), to the four digits printed."""
    fit = fit_random_intercept(**cbpp(shared))
    assert fit.estimates == pytest.approx([-1.3983, -0.9919, -1.1282, -1.5797], abs=7e-4)
    assert fit.sd == pytest.approx(0.6421, abs=2e-4)


def test_groups_alike_give_a_standard_deviation_of_zero_and_the_plain_model() -> None:
    fit, figures = fit_random_intercept(**simulated("no_sd")), referee("no_sd", 1, "glm")
    assert fit.at_boundary
    assert fit.sd == 0
    assert np.isnan(fit.log_sd_error)
    assert_agree(fit, figures, estimates=1e-8, errors=1e-8)
    assert (fit.modes == 0).all()
    assert (fit.mode_variances == 0).all()
    assert fit.expected == pytest.approx(fit.marginal)
    assert fit_random_intercept(**simulated("no_sd"), nodes=9).estimates == pytest.approx(fit.estimates, rel=1e-10)


@pytest.mark.parametrize("name", ["offset", "small_sd", "binary", "overdispersed"])
@pytest.mark.parametrize("nodes", [1, 2, 7])
def test_derivatives_are_those_of_the_likelihood(name: str, nodes: int) -> None:
    data = simulated(name)
    trials = np.ones(len(data["counts"])) if data["trials"] is None else data["trials"]
    rows = sort_rows(
        FAMILIES[data["family"]], data["counts"], data["design"], data["log_exposure"], trials, data["groups"]
    )
    likelihood = MarginalLikelihood(rows, nodes, with_sd=True)
    at = np.array([0.3, -0.4, 0.2][: rows.width] + [0.7] * (name == "overdispersed") + [-0.3])
    moves = 1e-3 * np.eye(len(at))

    def rise(move: np.ndarray) -> float:
        return likelihood(at + move)[0] - likelihood(at - move)[0]

    # Fourth order in a step of 1e-3: good to 1e-9 or so of the likelihood's size over the step.
    differences = [(8 * rise(move) - rise(2 * move)) / (12 * 1e-3) for move in moves]
    assert likelihood(at)[1] == pytest.approx(differences, rel=1e-7, abs=1e-7)


# Four yes-or-no outcomes leave a group's intercept far from normal, and a rule in need of more points.
@pytest.mark.parametrize(("name", "nodes"), [("offset", (15, 25)), ("binary", (25, 41)), ("overdispersed", (15, 25))])
def test_more_nodes_converge(name: str, nodes: tuple[int, int]) -> None:
    few, some, many = (fit_random_intercept(**simulated(name), nodes=several) for several in (1, *nodes))
    assert some.estimates == pytest.approx(many.estimates, rel=1e-8)
    assert some.sd == pytest.approx(many.sd, rel=1e-8)
    assert some.loglik == pytest.approx(many.loglik, abs=1e-8)
    assert abs(few.loglik - many.loglik) > 1e-3


@pytest.mark.parametrize("name", ["offset", "binary", "overdispersed"])
def test_neither_the_order_of_rows_nor_the_numbers_of_groups_matter(name: str) -> None:
    data = simulated(name)
    fit = fit_random_intercept(**data)
    rng = np.random.default_rng(4)
    order = rng.permutation(len(data["counts"]))
    names = rng.permutation(data["groups"].max() + 1)
    moved = {key: value[order] if isinstance(value, np.ndarray) else value for key, value in data.items()}
    other = fit_random_intercept(**moved | {"groups": names[data["groups"]][order]})
    assert other.estimates == pytest.approx(fit.estimates, rel=1e-9)
    assert other.covariance == pytest.approx(fit.covariance, rel=1e-7)
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-12)
    assert other.modes[names] == pytest.approx(fit.modes, rel=1e-8, abs=1e-9)
    assert other.expected == pytest.approx(fit.expected[order], rel=1e-8)
    assert other.marginal == pytest.approx(fit.marginal[order], rel=1e-8)


@given(st.floats(-20, 20), st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_units_of_exposure_move_the_intercept_only_and_units_of_a_column_its_estimate(
    shift: float, scale: float
) -> None:
    data = simulated("offset")
    fit = fit_random_intercept(**data)
    moved = fit_random_intercept(
        **data | {"log_exposure": data["log_exposure"] + shift, "design": data["design"] * [1, scale, 1]}
    )
    assert moved.estimates == pytest.approx((fit.estimates - [shift, 0, 0]) / [1, scale, 1], rel=1e-8, abs=1e-9)
    assert moved.sd == pytest.approx(fit.sd, rel=1e-8)
    assert moved.loglik == pytest.approx(fit.loglik, rel=1e-11)


@pytest.mark.parametrize("name", ["offset", "binary", "overdispersed"])
def test_scores_add_up_to_nothing_and_fitted_counts_follow_their_definition(name: str) -> None:
    data = simulated(name)
    fit = fit_random_intercept(**data, nodes=5)
    assert fit.scores.shape == (data["groups"].max() + 1, len(fit.estimates))
    assert fit.scores.sum(axis=0) @ fit.covariance == pytest.approx(0, abs=1e-8)
    eta = data["design"] @ fit.estimates + data["log_exposure"]
    if name == "binary":
        assert fit.expected == pytest.approx(1 / (1 + np.exp(-eta - fit.modes[data["groups"]])), rel=1e-10)
        u = np.linspace(-9, 9, 721)
        weight = np.exp(-(u**2) / 2) / np.exp(-(u**2) / 2).sum()
        marginal = (weight / (1 + np.exp(-eta[:, None] - fit.sd * u))).sum(axis=1)
        assert fit.marginal == pytest.approx(marginal, rel=1e-6)
    else:
        assert fit.expected == pytest.approx(np.exp(eta + fit.modes[data["groups"]]), rel=1e-10)
        assert fit.marginal == pytest.approx(np.exp(eta + fit.sd**2 / 2), rel=1e-10)


def test_the_variance_of_a_mode_is_that_of_a_normal_with_its_curvature() -> None:
    data = simulated("offset")
    fit = fit_random_intercept(**data)
    inside = np.bincount(data["groups"], weights=fit.expected)
    assert fit.mode_variances == pytest.approx(1 / (inside + 1 / fit.sd**2), rel=1e-10)
    # At a mode, the pull of the rows and that of the normal prior are one.
    pull = np.bincount(data["groups"], weights=data["counts"] - fit.expected)
    assert pull == pytest.approx(fit.modes / fit.sd**2, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize(("family", "nodes"), [("poisson", 1), ("binomial", 15), ("nb2", 9)])
def test_planted_truths_lie_in_their_intervals(family: str, nodes: int) -> None:
    """Of 120 intervals with 95 % cover, fewer than 106 would hold the truth once in a thousand such tests."""
    rng = np.random.default_rng(12)
    held = []
    for _ in range(40):
        groups = np.repeat(np.arange(60), 6)
        x = rng.normal(size=360)
        log_exposure = rng.uniform(0, 2, 360) if family != "binomial" else np.zeros(360)
        eta = -0.5 + 0.4 * x + 0.7 * rng.normal(size=60)[groups] + log_exposure
        trials = rng.integers(1, 9, 360).astype(float) if family == "binomial" else None
        if trials is not None:
            counts = rng.binomial(trials.astype(int), 1 / (1 + np.exp(-eta)))
        else:
            counts = rng.poisson(np.exp(eta) * (rng.gamma(3, 1 / 3, 360) if family == "nb2" else 1))
        design = np.column_stack([np.ones(360), x])
        fit = fit_random_intercept(
            counts.astype(float), design, log_exposure, groups, family=family, trials=trials, nodes=nodes
        )
        off = (fit.estimates - [-0.5, 0.4]) / np.sqrt(np.diag(fit.covariance))
        held += [*(np.abs(off) < 1.96), abs(np.log(fit.sd / 0.7)) < 1.96 * fit.log_sd_error]
    assert len(held) == 120
    assert sum(held) >= 106


def test_hostile_sizes_settle() -> None:
    """Millions of events, a spread of e^3 between groups, years as they stand: still the maximum."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(40), 10)
    year = rng.integers(1990, 2025, 400).astype(float)
    eta = 10 + 0.02 * (year - 2000) + 3 * rng.normal(size=40)[groups]
    fit = fit_random_intercept(
        rng.poisson(np.exp(eta)).astype(float), np.column_stack([np.ones(400), year]), np.zeros(400), groups
    )
    assert fit.estimates[1] == pytest.approx(0.02, abs=1e-4)
    assert fit.sd == pytest.approx(3, rel=0.35)
    assert fit.scores.sum(axis=0) * np.sqrt(np.diag(fit.covariance)) == pytest.approx(0, abs=1e-4)


def small(**changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    data = {
        "counts": rng.poisson(3, 60).astype(float),
        "design": np.column_stack([np.ones(60), np.linspace(-1, 1, 60)]),
        "log_exposure": np.zeros(60),
        "groups": np.arange(60) % 10,
    }
    return data | changes


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"groups": np.zeros(60, dtype=int)}, "between 1 group cannot"),
        ({"groups": np.arange(60) % 4}, "between 4 groups cannot"),
        ({"counts": np.zeros(60)}, "every count is 0"),
        ({"design": np.column_stack([np.ones(60), np.ones(60)])}, "follows from the others"),
        (
            {
                "design": np.column_stack([np.ones(60), np.arange(60) < 20]).astype(float),
                "counts": np.where(np.arange(60) < 20, 0.0, 2.0),
            },
            "run to infinity to fit 20 rows",
        ),
        (
            {
                "family": "binomial",
                "trials": np.full(60, 5.0),
                "counts": np.where(np.arange(60) < 20, 5.0, 2.0),
                "design": np.column_stack([np.ones(60), np.arange(60) < 20]).astype(float),
            },
            "run to infinity to fit 20 rows",
        ),
        (
            {"family": "binomial", "trials": np.ones(60), "counts": (np.arange(60) >= 30).astype(float)},
            "run to infinity to fit 60 rows",
        ),
        ({"family": "binomial", "trials": np.full(60, 5.0), "counts": np.full(60, 5.0)}, "every trial is an event"),
        ({"family": "nb2", "groups": np.arange(60)}, "single row"),
        (
            {
                "family": "binomial",
                "trials": np.ones(60),
                "counts": (np.arange(60) % 3 == 0).astype(float),
                "groups": np.arange(60),
            },
            "single row",
        ),
        ({"family": "nb2", "counts": np.arange(60) % 2 + 3.0}, "no theta"),
    ],
)
def test_what_cannot_be_estimated_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(NotEstimable, match=match):
        fit_random_intercept(**small(**changes))


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"family": "gamma"}, BadParameter, "family='gamma'"),
        ({"nodes": 0}, BadParameter, "nodes=0"),
        ({"family": "binomial"}, BadParameter, "trials=none"),
        ({"trials": np.ones(60)}, BadParameter, "trials=given"),
        ({"log_exposure": np.zeros(59)}, BadParameter, "log_exposure has shape"),
        ({"design": np.ones(60)}, BadParameter, "design has shape"),
        ({"groups": np.arange(60) % 10 + 1}, BadParameter, "numbered from 0"),
        ({"groups": np.arange(60) % 10 * 2}, BadParameter, "numbered from 0"),
        ({"groups": np.arange(60) % 10 / 1}, BadParameter, "numbered from 0"),
        ({"counts": np.full(60, -1.0)}, BadValue, "not a count"),
        ({"counts": np.full(60, 1.5)}, BadValue, "not a count"),
        ({"counts": np.full(60, np.nan)}, BadValue, "missing or infinite"),
        ({"log_exposure": np.full(60, -np.inf)}, BadValue, "missing or infinite"),
        ({"design": np.full((60, 2), np.inf)}, BadValue, "missing or infinite"),
        ({"family": "binomial", "trials": np.ones(60)}, BadValue, "exceed their trials"),
        ({"family": "binomial", "trials": np.full(60, 9.5)}, BadParameter, "one whole number per row"),
    ],
)
def test_what_cannot_be_read_is_refused(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        fit_random_intercept(**small(**changes))
