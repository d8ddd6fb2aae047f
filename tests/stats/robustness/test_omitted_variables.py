"""Cinelli and Hazlett's algebra against PySensemakr (tests/referee/robustness_reference.py) and against regressions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.robustness.confounding.linear import linear_of
from welfare.stats.robustness.confounding.omitted import (
    as_strong_as,
    omitted_variable_bounds,
    partial_r2,
    robustness_value,
)
from welfare.stats.robustness.robustness import robustness

REFEREE = Path(__file__).parents[2] / "referee"
KEYS = {"r2dz_x": "r2_condition", "r2yz_dx": "r2_outcome"}
KEYS |= {"adjusted_estimate": "estimate", "adjusted_se": "std_error", "adjusted_t": "t"}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "robustness_numbers.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "robustness_rows.csv")


def of(numbers: pd.DataFrame, study: str) -> tuple[pd.DataFrame, tuple[float, float, float]]:
    mine = numbers[numbers["study"] == study]
    one = mine[mine["at"] == ""].set_index("what")["value"]
    return mine, (one["estimate"], one["std_error"], one["degrees"])


@pytest.mark.parametrize("study", ["made up", "darfur", "strong", "middling"])
def test_robustness_values_are_sensemakrs(study, numbers):
    mine, given = of(numbers, study)
    for row in mine[mine["what"] == "rv"].itertuples():
        q, alpha = row.at.split("/")
        found = robustness_value(*given, q=float(q), alpha=None if alpha == "None" else float(alpha))
        assert found == pytest.approx(row.value, rel=1e-12, abs=1e-15)
    for row in mine[mine["what"] == "partial_r2"].itertuples():
        assert partial_r2(*given) == pytest.approx(row.value, rel=1e-12)


@pytest.mark.parametrize("study", ["made up", "darfur"])
def test_estimates_under_stated_strengths_are_sensemakrs(study, numbers):
    mine, given = of(numbers, study)
    grid = mine[mine["what"].str.startswith("grid")].pivot_table(index="at", columns="what", values="value")
    shares = np.array([at.split("/") for at in grid.index], dtype=float)
    found = omitted_variable_bounds(*given, r2_condition=shares[:, 0], r2_outcome=shares[:, 1])
    away = omitted_variable_bounds(*given, r2_condition=shares[:, 0], r2_outcome=shares[:, 1], away=True)
    for name, values in (("estimate", found["estimate"]), ("se", found["std_error"]), ("t", found["t"])):
        assert values.to_numpy() == pytest.approx(grid[f"grid_{name}"].to_numpy(), rel=1e-12)
    assert away["estimate"].to_numpy() == pytest.approx(grid["grid_away"].to_numpy(), rel=1e-12)


def test_the_published_figures_of_darfur():
    # Cinelli and Hazlett 2020, by sensemakr 0.1.6 in R; what is given has nine digits, so what is found has.
    given = (0.09731581928, 0.0232565378, 783)
    assert robustness_value(*given) == pytest.approx(0.1387763539, rel=1e-9)
    assert robustness_value(*given, alpha=0.05) == pytest.approx(0.07625796554, rel=1e-9)
    assert partial_r2(*given) == pytest.approx(0.02187309, abs=5e-9)


def test_darfurs_benchmarks_from_summary_numbers(numbers):
    mine, given = of(numbers, "darfur")
    r2 = mine[mine["what"] == "r2"].set_index("at")["value"]
    strengths = [as_strong_as(r2["female with condition"], r2["female with outcome"], times) for times in (1, 2, 3)]
    condition, outcome = zip(*strengths, strict=True)
    found = omitted_variable_bounds(*given, r2_condition=condition, r2_outcome=outcome)
    expected = mine[mine["at"].str.endswith("x female")].pivot_table(index="at", columns="what", values="value")
    for theirs, ours in KEYS.items():
        assert found[ours].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-9)
    assert found["estimate"].to_numpy() == pytest.approx([0.07522027, 0.05291517, 0.03039602], abs=5e-9)


def test_benchmarks_from_a_fit_are_sensemakrs(numbers, rows):
    mine, _ = of(numbers, "made up")
    fit = smf.ols("harm ~ speed + age + size + season", rows).fit()
    found = robustness(fit, term="speed", benchmarks=["age", "size", "season"], kd=(1, 2, 3), leave_out=["place"])
    bounds = found.bounds.assign(at=lambda df: df["times"].astype(int).astype(str) + " x " + df["benchmark"])
    expected = mine[mine["at"].str.contains(" x ")].pivot_table(index="at", columns="what", values="value")
    bounds = bounds.set_index("at").loc[expected.index]
    for theirs, ours in KEYS.items():
        assert bounds[ours].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-9)
    table = found.table.set_index(["check", "at"])
    value = mine.set_index(["what", "at"])["value"]
    assert table.loc[("robustness value", "q = 1"), "value"] == pytest.approx(value["rv", "1/None"], rel=1e-9)
    at = ("robustness value", "q = 1, alpha = 0.05")
    assert table.loc[at, "value"] == pytest.approx(value["rv", "1/0.05"], rel=1e-9)
    assert table.loc[("partial R2", "outcome"), "value"] == pytest.approx(value["partial_r2", ""], rel=1e-9)
    assert table.loc[("benchmark", "1 x age"), "verdict"] == "changes"
    assert table.loc[("benchmark", "3 x size"), "verdict"] == "holds"


def test_the_algebra_gives_the_regression_that_holds_the_variable_fixed(rows):
    # Leave age out, take its partial R2 from regressions: the longer regression comes back, its interval too.
    longer, shorter = (smf.ols(f"harm ~ speed + {others}", rows).fit() for others in ("age + size", "size"))
    condition = partial_r2(*last(smf.ols("speed ~ size + age", rows).fit()))
    outcome = partial_r2(*last(smf.ols("harm ~ speed + size + age", rows).fit()))
    given = shorter.params["speed"], shorter.bse["speed"], shorter.df_resid
    found = omitted_variable_bounds(*given, r2_condition=condition, r2_outcome=outcome).iloc[0]
    low, high = longer.conf_int().loc["speed"]
    expected = [longer.params["speed"], longer.bse["speed"], longer.tvalues["speed"], low, high]
    assert found[["estimate", "std_error", "t", "low", "high"]].to_numpy() == pytest.approx(expected, rel=1e-10)


def last(fit) -> tuple[float, float, float]:
    return fit.params["age"], fit.bse["age"], fit.df_resid


@pytest.mark.parametrize(
    ("t", "degrees", "alpha"), [(4.18, 783, 0.05), (3.3, 8, 0.05), (30.0, 12, 0.05), (9.0, 6, 0.001)]
)
def test_no_weaker_confounder_brings_the_interval_to_no_difference(t, degrees, alpha):
    # By search over all pairs of strengths up to the value: below it none does, just above it one does.
    from scipy.special import stdtrit

    value = robustness_value(t, 1.0, degrees, alpha=alpha)
    critical = stdtrit(degrees - 1, 1 - alpha / 2)

    def least_t(limit: float) -> float:
        shares = limit * np.sin(np.linspace(0, np.pi / 2, 2001))
        found = omitted_variable_bounds(t, 1.0, degrees, r2_condition=limit, r2_outcome=shares)
        return float(found["t"].min())

    assert least_t(value * (1 - 1e-4)) > critical
    assert least_t(value * (1 + 1e-3)) < critical


def test_a_huge_t_keeps_its_digits_and_a_small_one_is_zero():
    assert robustness_value(1e9, 1.0, 10) == pytest.approx(1.0, abs=1e-12)
    assert 0 < 1 - robustness_value(1e3, 1.0, 10) < 2e-5
    assert robustness_value(1.0, 1.0, 100, alpha=0.05) == 0
    assert robustness_value(-4.0, 1.0, 100) == robustness_value(4.0, 1.0, 100)


def test_shares_of_observed_terms_are_those_of_regressions(rows):
    fit = smf.ols("harm ~ speed + age + size + season", rows).fit()
    condition, outcome = linear_of(fit).shares("speed", ["season[T.hot]", "season[T.wet]"])
    with_it, without = (smf.ols(f"speed ~ age + size{more}", rows).fit().ssr for more in (" + season", ""))
    assert condition == pytest.approx(1 - with_it / without, rel=1e-9)
    assert outcome == pytest.approx(1 - fit.ssr / smf.ols("harm ~ speed + age + size", rows).fit().ssr, rel=1e-9)


@pytest.mark.parametrize(
    "given", [(1.0, 0.0, 10), (1.0, -1.0, 10), (np.nan, 1.0, 10), (1.0, np.inf, 10), (1.0, 1.0, 1), (1.0, 1.0, np.inf)]
)
def test_without_an_error_or_rows_left_over_there_is_no_value(given):
    with pytest.raises(BadValue, match="degrees of freedom"):
        robustness_value(*given)
    with pytest.raises(BadValue, match="degrees of freedom"):
        omitted_variable_bounds(*given, r2_condition=0.1, r2_outcome=0.1)


def test_strengths_that_cannot_be_are_refused():
    for condition, outcome in ((1.0, 0.1), (-0.1, 0.1), (0.1, 1.1), (np.nan, 0.1)):
        with pytest.raises(BadValue, match="share of variance"):
            omitted_variable_bounds(1.0, 0.1, 50, r2_condition=condition, r2_outcome=outcome)
    with pytest.raises(BadParameter, match="2 shares"):
        omitted_variable_bounds(1.0, 0.1, 50, r2_condition=[0.1, 0.2], r2_outcome=[0.1, 0.2, 0.3])
    with pytest.raises(BadParameter, match="alpha"):
        robustness_value(1.0, 0.1, 50, alpha=1.0)
    with pytest.raises(BadParameter, match="q is"):
        robustness_value(1.0, 0.1, 50, q=0)
    with pytest.raises(NotEstimable, match="more of the condition than there is"):
        as_strong_as(0.4, 0.1, 2)
    with pytest.raises(NotEstimable, match="more of the condition than there is"):
        as_strong_as(1.0, 0.1, 1)
