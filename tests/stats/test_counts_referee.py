"""Count models against R: stats::glm, MASS::glm.nb, sandwich and clubSandwich (tests/referee/r/counts.R)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

import welfare as wf
from welfare.stats.count_result import CountModel

FOLDER = Path(__file__).parents[1] / "referee" / "r"
YEARS = "deaths ~ speed + dense + C(year)"
MODELS = {
    "plain": (YEARS, {"exposure": "animals"}),
    "pair": ("deaths ~ speed + dense", {"exposure": "animals"}),
    "quasi": (YEARS, {"exposure": "animals", "family": "quasipoisson"}),
    "effects": ("deaths ~ speed + dense | plant + year", {"exposure": "animals"}),
    "nb2": (YEARS, {"exposure": "animals", "family": "negative_binomial"}),
    "nb2 effects": ("deaths ~ speed + dense | plant + year", {"exposure": "animals", "family": "negative_binomial"}),
    "nb1": (YEARS, {"exposure": "animals", "family": "nb1"}),
    "fractional": ("share ~ speed + dense", {"family": "fractional"}),
    "trials": ("dead ~ speed + dense", {"exposure": "animals", "family": "fractional"}),
    "ships": ("incidents ~ type + C(year) + C(period)", {"exposure": "service"}),
}
CLUSTERS = {"ships": "type", "pair": ["district", "year"]}
# Numerical derivatives and an optimiser without them, in R, are where these end.
LOOSE = {"nb1": 2e-5, "nb2": 1e-7, "nb2 effects": 1e-6}


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "counts_estimates.csv", keep_default_na=False, na_values=["NA"]).set_index(
        ["study", "what"]
    )


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    df = pd.read_csv(FOLDER / "counts_panel.csv")
    return df.assign(dead=np.minimum(df["deaths"], df["animals"]) / df["animals"])


def fitted(study: str, what: str, panel: pd.DataFrame) -> CountModel:
    formula, options = MODELS[study]
    robust = what.startswith("CR") or what == "two-way"
    errors = {"two-way": "CR1"}.get(what, what)
    return wf.count_model(
        formula, panel, **options, errors=errors, cluster=CLUSTERS.get(study, "district") if robust else None
    )


CASES = [
    *[("plain", what) for what in ("model", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2", "CR3")],
    ("pair", "two-way"),
    ("quasi", "model"),
    *[("effects", what) for what in ("model", "HC0", "HC3", "CR0", "CR2")],
    *[(study, "model") for study in ("nb2", "nb2 effects", "nb1")],
    ("fractional", "HC1"),
    ("trials", "model"),
    ("trials", "CR1"),
]


@pytest.mark.parametrize(("study", "what"), CASES)
def test_estimates_and_errors_are_those_of_r(study, what, panel, by_r):
    table = fitted(study, what, panel).table.set_index("term")
    expected = by_r.loc[[(study, what)]].set_index("term")
    assert set(expected.index) == set(table.index)
    found = table.loc[expected.index]
    near = LOOSE.get(study, 1e-8)
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=near, abs=near / 10)
    if expected["std_error"].notna().all():
        # R stops its iterations at a deviance; errors carry what is left of that.
        assert found["std_error"].to_numpy() == pytest.approx(expected["std_error"].to_numpy(), rel=max(near, 1e-7))


@pytest.mark.parametrize("what", ["model", "HC0", "HC3", "CR1"])
def test_ship_damage(what, shared, by_r):
    ships = pd.read_csv(shared / "data" / "reference" / "ships.csv")
    fit = fitted("ships", what, ships[ships["service"] > 0])
    expected = by_r.loc[[("ships", what)]].set_index("term")
    found = fit.table.set_index("term").loc[expected.index]
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-8)
    assert found["std_error"].to_numpy() == pytest.approx(expected["std_error"].to_numpy(), rel=1e-7)
    assert fit.n == 34
    assert fit.loglik == pytest.approx(-68.28077143, abs=5e-9)
    assert fit.dispersion * 25 == pytest.approx(42.27525311, abs=2e-8)


def test_smoking_ban_in_sicily(shared):
    # Bernal, Cummins and Gasparrini 2017. The dispersion on file is R's at its default tolerance, from weights one step
    # behind the estimates, and the interval has it.
    sicily = pd.read_csv(shared / "data" / "reference" / "sicily.csv")
    fit = wf.count_model("aces ~ smokban + time", sicily, exposure="stdpop", family="quasipoisson", errors="model")
    row = fit.table.set_index("term").loc["smokban"]
    assert row["ratio"] == pytest.approx(0.894376508, rel=1e-8)
    assert fit.dispersion == pytest.approx(3.559194632, rel=1e-5)
    assert [row["ratio_low"], row["ratio_high"]] == pytest.approx([0.839189003859, 0.953193302601], rel=1e-6)


@pytest.mark.parametrize(("study", "what"), [("plain", "CR2"), ("effects", "CR2")])
def test_degrees_of_freedom_are_satterthwaites(study, what, panel, by_r):
    fit = fitted(study, what, panel)
    expected = by_r.loc[[(study, what)]].set_index("term")
    table = fit.table.set_index("term").loc[expected.index]
    reach = (table["high"] - table["estimate"]) / table["std_error"]
    assert reach.to_numpy() == pytest.approx(t.ppf(0.975, expected["degrees"].to_numpy(dtype=float)), rel=1e-6)


@pytest.mark.parametrize(
    ("study", "what", "value"),
    [
        ("plain", "loglik", lambda fit: fit.loglik),
        ("effects", "loglik", lambda fit: fit.loglik),
        ("plain", "pearson", lambda fit: fit.dispersion * (fit.n - len(fit.table))),
        ("quasi", "dispersion", lambda fit: fit.dispersion),
        ("nb2", "theta", lambda fit: fit.theta),
        ("nb2", "loglik", lambda fit: fit.loglik),
        ("nb2 effects", "theta", lambda fit: fit.theta),
        ("nb1", "alpha", lambda fit: fit.alpha),
        ("nb1", "loglik", lambda fit: fit.loglik),
    ],
)
def test_what_else_describes_the_fit(study, what, value, panel, by_r):
    expected = float(by_r.loc[(study, what), "estimate"])
    assert value(fitted(study, "model", panel)) == pytest.approx(expected, rel=max(LOOSE.get(study, 0), 1e-8))
