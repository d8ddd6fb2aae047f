"""Count models, against published estimates, statsmodels, exact ratios and planted truths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.counts import count_model

SHIPS = "incidents ~ C(type) + C(year) + C(period)"


@pytest.fixture(scope="module")
def ships(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "reference" / "ships.csv", dtype={"year": str, "period": str})


def plants(seed: int = 0, n: int = 400, shape: float = np.inf) -> pd.DataFrame:
    """Return made-up plants whose pigs' rate is 1.5 times that of cattle, in 25 districts."""
    rng = np.random.default_rng(seed)
    df = pd.DataFrame(
        {
            "findings_count": 0,
            "tasks_count": rng.integers(20, 900, n),
            "species": rng.choice(["cattle", "pig"], n),
            "speed": rng.normal(size=n),
            "district": rng.integers(0, 25, n),
        },
        index=[f"plant {at}" for at in range(n)],
    )
    mean = df["tasks_count"] * 0.02 * np.where(df["species"] == "pig", 1.5, 1) * np.exp(0.2 * df["speed"])
    spread = 1.0 if np.isinf(shape) else rng.gamma(shape, 1 / shape, n)
    return df.assign(findings_count=rng.poisson(mean * spread))


def test_ships_give_the_published_estimates_and_errors(ships: pd.DataFrame) -> None:
    """McCullagh and Nelder 1989, table 6.3: estimates, and errors that include the dispersion of 1.69."""
    fit = count_model(SHIPS, ships, exposure="service", errors="model")
    published = {
        "Intercept": (-6.41, 0.28),
        "C(type)[T.B]": (-0.54, 0.23),
        "C(type)[T.C]": (-0.69, 0.43),
        "C(type)[T.D]": (-0.08, 0.38),
        "C(type)[T.E]": (0.33, 0.31),
        "C(year)[T.65]": (0.70, 0.19),
        "C(year)[T.70]": (0.82, 0.22),
        "C(year)[T.75]": (0.45, 0.30),
        "C(period)[T.75]": (0.38, 0.15),
    }
    table = fit.table.set_index("term")
    assert table.index.tolist() == list(published)
    assert fit.dispersion == pytest.approx(1.69, abs=0.005)
    for term, (estimate, error) in published.items():
        assert table.loc[term, "estimate"] == pytest.approx(estimate, abs=0.006)
        assert table.loc[term, "std_error"] * fit.dispersion**0.5 == pytest.approx(error, abs=0.006)


def test_ships_agree_with_statsmodels(ships: pd.DataFrame) -> None:
    design = pd.get_dummies(ships[["type", "year", "period"]], drop_first=True).assign(constant=1.0).astype(float)
    other = sm.GLM(ships["incidents"], design, family=sm.families.Poisson(), exposure=ships["service"]).fit(tol=1e-12)
    fit = count_model(SHIPS, ships, exposure="service", errors="model")
    order = [design.columns.get_loc("constant"), *range(8)]
    assert fit.table["estimate"].to_numpy() == pytest.approx(other.params.to_numpy()[order], rel=1e-7)
    assert fit.table["std_error"].to_numpy() == pytest.approx(other.bse.to_numpy()[order], rel=1e-7)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-10)
    assert fit.dispersion == pytest.approx(other.pearson_chi2 / other.df_resid, rel=1e-8)
    assert fit.fitted.to_numpy() == pytest.approx(other.mu, rel=1e-7)
    assert fit.fitted.index.equals(ships.index)


def sandwich(design: np.ndarray, residual: np.ndarray, mean: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Return CR1 as its definition reads: a loop over clusters."""
    n, k = design.shape
    names = np.unique(cluster)
    meat = np.zeros((k, k))
    for name in names:
        score = design[cluster == name].T @ residual[cluster == name]
        meat += np.outer(score, score)
    bread = np.linalg.inv(design.T @ np.diag(mean) @ design)
    many = len(names)
    return bread @ meat @ bread * many / (many - 1) * (n - 1) / (n - k)


@pytest.mark.parametrize("cluster", ["district", None])
def test_robust_errors_follow_their_definition(cluster: str | None) -> None:
    df = plants()
    fit = count_model("findings_count ~ species + speed", df, exposure="tasks_count", cluster=cluster)
    design = np.column_stack([np.ones(len(df)), df["species"] == "pig", df["speed"]]).astype(float)
    groups = df["district"].to_numpy() if cluster else np.arange(len(df))
    mean = fit.fitted.to_numpy()
    by_hand = sandwich(design, df["findings_count"].to_numpy() - mean, mean, groups)
    assert fit.covariance.to_numpy() == pytest.approx(by_hand, rel=1e-8)
    assert fit.clusters == (25 if cluster else None)


def test_clustered_errors_agree_with_statsmodels() -> None:
    df = plants()
    fit = count_model("findings_count ~ species + speed", df, exposure="tasks_count", cluster="district")
    other = sm.GLM.from_formula(
        "findings_count ~ species + speed", df, family=sm.families.Poisson(), exposure=df["tasks_count"]
    ).fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": df["district"], "use_correction": True})
    assert fit.table["std_error"].to_numpy() == pytest.approx(other.bse.to_numpy(), rel=1e-7)


def test_clustered_intervals_use_students_t_on_clusters_less_one() -> None:
    fit = count_model("findings_count ~ species", plants(), exposure="tasks_count", cluster="district")
    row = fit.table.iloc[1]
    # The 0.975 quantile of Student's t with 24 degrees of freedom, from any printed table: 2.064.
    assert (row["high"] - row["estimate"]) / row["std_error"] == pytest.approx(2.064, abs=5e-4)
    assert row["ratio_low"] == pytest.approx(np.exp(row["low"]))


def test_negative_binomial_agrees_with_statsmodels_discrete() -> None:
    df = plants(shape=2.0)
    fit = count_model(
        "findings_count ~ species + speed", df, exposure="tasks_count", family="negative_binomial", errors="model"
    )
    design = np.column_stack([np.ones(len(df)), df["species"] == "pig", df["speed"]]).astype(float)
    other = sm.NegativeBinomial(df["findings_count"].to_numpy(), design, exposure=df["tasks_count"].to_numpy()).fit(
        disp=0, method="newton", start_params=[*fit.table["estimate"], 1 / fit.theta], maxiter=100
    )
    assert fit.table["estimate"].to_numpy() == pytest.approx(other.params[:3], rel=1e-6)
    assert fit.theta == pytest.approx(1 / other.params[3], rel=1e-6)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-9)
    # Discrete models report observed information, ours is expected: alike within sampling of the second derivative.
    assert fit.table["std_error"].to_numpy() == pytest.approx(other.bse[:3], rel=0.05)
    expected = sm.GLM(
        df["findings_count"],
        design,
        family=sm.families.NegativeBinomial(alpha=1 / fit.theta),
        exposure=df["tasks_count"],
    ).fit(tol=1e-12)
    assert fit.table["std_error"].to_numpy() == pytest.approx(np.sqrt(np.diag(expected.cov_params())), rel=1e-6)


def test_negative_binomial_without_overdispersion_says_so() -> None:
    with pytest.raises(NotEstimable, match="no more than chance"):
        count_model("deaths ~ 1", pd.DataFrame({"deaths": [2, 3, 2, 3, 2, 3]}), family="negative_binomial")


def test_planted_ratios_lie_in_their_intervals() -> None:
    """Ninety-five of a hundred intervals hold the planted 1.5; fewer than 88 would happen once in 500 such tests."""
    held = 0
    for seed in range(100):
        fit = count_model("findings_count ~ species", plants(seed, n=300, shape=3.0), exposure="tasks_count")
        held += fit.table.loc[1, "ratio_low"] < 1.5 < fit.table.loc[1, "ratio_high"]
    assert held >= 88


@settings(max_examples=25, deadline=None)
@given(events=st.tuples(st.integers(1, 500), st.integers(1, 500)), tasks=st.tuples(*[st.integers(1, 10_000)] * 2))
def test_two_groups_give_the_ratio_of_their_rates(events: tuple[int, int], tasks: tuple[int, int]) -> None:
    df = pd.DataFrame({"y": [*events, *events], "tasks": [*tasks, *tasks], "g": ["a", "b", "a", "b"]})
    fit = count_model("y ~ g", df, exposure="tasks", errors="model")
    rates = events[0] / tasks[0], events[1] / tasks[1]
    assert fit.table["ratio"].to_numpy() == pytest.approx([rates[0], rates[1] / rates[0]], rel=1e-7)
    # The variance of a log ratio of Poisson counts is 1/a + 1/b; each group is there twice.
    assert fit.table.loc[1, "std_error"] == pytest.approx((0.5 / events[0] + 0.5 / events[1]) ** 0.5, rel=1e-6)


def test_units_of_exposure_and_order_of_rows_change_nothing_else() -> None:
    df = plants()
    formula, options = "findings_count ~ species + speed", {"exposure": "tasks_count", "cluster": "district"}
    fit = count_model(formula, df, **options)
    shuffled = df.sample(frac=1, random_state=1).assign(tasks_count=lambda rows: rows["tasks_count"] * 1000)
    again = count_model(formula, shuffled, **options)
    moved = fit.table["estimate"].to_numpy() - np.array([np.log(1000), 0, 0])
    assert again.table["estimate"].to_numpy() == pytest.approx(moved, rel=1e-9)
    assert again.table["std_error"].to_numpy() == pytest.approx(fit.table["std_error"].to_numpy(), rel=1e-7)


def test_unusable_rows_are_dropped_with_the_first_reason() -> None:
    df = plants().astype({"tasks_count": "Float64", "species": "str", "findings_count": "Int64"})
    df.loc["plant 1", "findings_count"] = pd.NA
    df.loc["plant 2", "species"] = None
    df.loc["plant 3", "tasks_count"] = pd.NA
    df.loc["plant 4", "tasks_count"] = 0
    df.loc["plant 5", "speed"] = -1.0
    df.loc["plant 6", "district"] = np.nan
    df.loc["plant 7", "tasks_count"] = -3
    df["speed"] = np.where(df.index == "plant 5", 0.0, np.exp(df["speed"]))
    fit = count_model(
        "findings_count ~ species + np.log(speed)", df, exposure="tasks_count", cluster="district", errors="CR1"
    )
    assert dict(fit.dropped.to_numpy()) == {
        "plant 1": "missing findings_count",
        "plant 2": "missing species",
        "plant 3": "no exposure",
        "plant 4": "no exposure",
        "plant 5": "not a finite number: np.log(speed)",
        "plant 6": "missing district",
        "plant 7": "negative exposure",
    }
    assert fit.n == len(df) - 7
    assert "events were recorded in rows without tasks_count" in fit.notes[0]


def test_a_level_without_events_is_left_out_and_named_rather_than_given_a_ratio() -> None:
    df = plants()
    df["species"] = df["species"].where(df.index != "plant 0", "sheep").where(df.index != "plant 9", "sheep")
    df.loc[["plant 0", "plant 9"], "findings_count"] = 0
    fit = count_model("findings_count ~ C(species)", df, exposure="tasks_count", cluster="district")
    assert fit.table["term"].tolist() == ["Intercept", "C(species)[T.pig]"]
    assert fit.dropped.to_numpy().tolist() == [["plant 0", "separated"], ["plant 9", "separated"]]
    assert any("no event in sheep" in note for note in fit.notes)
    without = count_model(
        "findings_count ~ C(species)", df[df["species"] != "sheep"], exposure="tasks_count", cluster="district"
    )
    assert fit.table["estimate"].tolist() == pytest.approx(without.table["estimate"].tolist())


def test_a_base_level_without_events_gives_way_to_the_next() -> None:
    df = plants()
    df.loc[df["species"] == "cattle", "findings_count"] = 0
    df["species"] = np.where(df["speed"] > 1, "sheep", df["species"])
    df.loc[df["species"] == "sheep", "findings_count"] += 1
    fit = count_model("findings_count ~ species", df, exposure="tasks_count")
    assert fit.table["term"].tolist() == ["Intercept", "species[T.sheep]"]
    assert "species is compared with pig, since cattle had no event." in fit.notes


def test_columns_that_repeat_one_another_are_named() -> None:
    df = plants().assign(speed_again=lambda rows: 3 * rows["speed"] + 2)
    with pytest.raises(NotEstimable, match=r"speed.*speed_again repeat one another"):
        count_model("findings_count ~ speed + speed_again", df)


@pytest.mark.parametrize(
    ("change", "formula", "options", "error"),
    [
        ({}, "findings_count", {}, BadParameter),
        ({}, "findings_count ~ speed | county", {}, BadParameter),
        ({}, "findings_count ~ speed | district | facility_id", {}, BadParameter),
        ({}, "findings_count ~ shoe_size", {}, BadParameter),
        ({}, "findings_count ~ speed", {"exposure": "hours"}, BadParameter),
        ({}, "findings_count ~ speed", {"cluster": "county"}, BadParameter),
        ({}, "findings_count ~ speed", {"family": "gaussian"}, BadParameter),
        ({}, "findings_count ~ speed", {"errors": "HC9"}, BadParameter),
        ({}, "findings_count ~ speed", {"errors": "model", "cluster": "district"}, BadParameter),
        ({"findings_count": -1}, "findings_count ~ speed", {}, BadValue),
        ({"findings_count": 0}, "findings_count ~ speed", {}, NotEstimable),
        ({"tasks_count": 0}, "findings_count ~ speed", {"exposure": "tasks_count"}, NoDenominator),
        ({"species": "pig"}, "findings_count ~ species", {}, NotEstimable),
        ({"district": 1}, "findings_count ~ speed", {"cluster": "district"}, NotEstimable),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict, formula: str, options: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        count_model(formula, plants(n=40).assign(**change), **options)


def test_checks_see_overdispersion_few_clusters_and_lonely_levels() -> None:
    df = plants(shape=0.5).assign(region=lambda rows: rows["district"] % 6)
    df["line"] = np.where(df["region"] == 1, "fast", "slow")
    fit = count_model("findings_count ~ line", df, exposure="tasks_count", cluster="region")
    checks = fit.check().set_index("check")
    assert checks.loc["clusters", ["value", "verdict"]].tolist() == [6, "look closer"]
    assert checks.loc["clusters behind a level", ["value", "verdict"]].tolist() == [1, "look closer"]
    assert "clusters behind a level" in fit.text
    trusting = count_model("findings_count ~ line", df, exposure="tasks_count", errors="model").check()
    assert trusting.set_index("check").loc["overdispersion", "verdict"] == "look closer"


@pytest.mark.parametrize("cluster", ["district", None])
def test_the_influence_check_names_who_moves_the_estimates_most(cluster: str | None) -> None:
    """The one-step change is close to the change on fitting again, and its largest is the planted outlier's."""
    df = plants(n=150)
    outlier = df.index[df["species"] == "pig"][0]
    df.loc[outlier, ["findings_count", "tasks_count"]] = [150, 900]
    fit = count_model("findings_count ~ species", df, exposure="tasks_count", cluster=cluster)
    check = fit.check().set_index("check").loc["influence"]
    name = outlier if cluster is None else df.loc[outlier, "district"]
    assert check["at"] == str(name)
    assert f"Leaving out {cluster or 'row'} {name} would" in check["advice"]
    left = df.drop(outlier) if cluster is None else df[df["district"] != name]
    again = count_model("findings_count ~ species", left, exposure="tasks_count", cluster=cluster)
    moved = np.abs(again.table["estimate"] - fit.table["estimate"]) / fit.table["std_error"]
    assert check["value"] == pytest.approx(moved.max(), rel=0.15)


def test_the_text_says_what_was_found_and_what_it_cannot_show() -> None:
    fit = count_model("findings_count ~ species + speed", plants(), exposure="tasks_count", cluster="district")
    ratio, low, high = fit.table.loc[1, ["ratio", "ratio_low", "ratio_high"]]
    assert f"species pig against cattle: {ratio:.3g} times the rate ({low:.3g} to {high:.3g})" in fit.text
    assert "These are associations in what was recorded" in fit.text
