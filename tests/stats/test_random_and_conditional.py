"""Random intercepts and conditional Poisson through count_model: R's figures, and what does not go together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, NotEstimable

REFEREE = Path(__file__).parents[1] / "referee" / "r"


def by_r(model: str) -> pd.Series:
    return pd.read_csv(REFEREE / "conditional.csv").set_index(["model", "what"])["value"][model]


def assert_agrees(fit, model: str) -> None:
    expected = by_r(model)
    assert fit.table["estimate"].tolist() == pytest.approx(expected[["fixed_1", "fixed_2"]].tolist(), rel=1e-8)
    covariance = expected[["cov_1_1", "cov_1_2", "cov_2_1", "cov_2_2"]].to_numpy().reshape(2, 2)
    assert fit.covariance.to_numpy() == pytest.approx(covariance, rel=1e-8)
    assert fit.loglik == pytest.approx(expected["loglik"], rel=1e-10)


@pytest.fixture
def simulated() -> pd.DataFrame:
    df = pd.read_csv(REFEREE / "conditional_data.csv")
    return df.assign(exposure=np.exp(df["log_exposure"]))


def test_conditional_poisson_is_that_of_r(simulated):
    asked = {"exposure": "exposure", "family": "conditional_poisson", "errors": "model"}
    fit = wf.count_model("y ~ x + z | group", simulated, **asked)
    assert_agrees(fit, "simulated")
    # Two groups without an event and one of a single row say nothing of x and z.
    assert fit.dropped.groupby("reason").size().to_dict() == {
        "separated": int(simulated["group"].isin([4, 11]).sum()),
        "singleton": 1,
    }
    poisson = wf.count_model("y ~ x + z | group", simulated, **(asked | {"family": "poisson"}))
    assert fit.table.equals(poisson.table)


def test_conditional_poisson_of_the_epilepsy_trial(shared):
    epil = pd.read_csv(shared / "data" / "reference" / "epil.csv")
    fit = wf.count_model("y ~ V4 + period | subject", epil, family="conditional_poisson", errors="model")
    assert_agrees(fit, "epil")
    assert fit.table["estimate"].tolist() == pytest.approx([-0.09614243, -0.03164668], abs=6e-9)
    assert fit.table["std_error"].tolist() == pytest.approx([0.08378813, 0.03145296], abs=6e-9)


def test_random_intercepts_of_the_epilepsy_trial(shared):
    epil = pd.read_csv(shared / "data" / "reference" / "epil.csv").assign(
        lb=lambda df: np.log(df["base"] / 4), la=lambda df: np.log(df["age"])
    )
    formula = "y ~ lb + trt + la + V4 + lb:trt"
    laplace = wf.count_model(formula, epil, random="subject")
    table = laplace.table.set_index("term")
    # The figures on file are lme4's at its default tolerance, 3.6e-4 in log likelihood below the maximum.
    figures = {"lb": 0.88339046, "trt": -0.93307852, "la": 0.48082736, "V4": -0.15976959, "lb:trt": 0.33878357}
    assert table.loc[list(figures), "estimate"].tolist() == pytest.approx(list(figures.values()), abs=4e-4)
    assert laplace.random_sd == pytest.approx(0.50110124, abs=1e-4)
    assert -665.47479 < laplace.loglik < -665.474
    assert wf.count_model(formula, epil, random=("subject", 25)).random_sd == pytest.approx(0.50238767, abs=1e-6)
    assert laplace.errors == "model"
    assert "subject" in " ".join(laplace.notes)


def test_random_intercepts_of_shares_are_binomial(shared):
    cbpp = pd.read_csv(shared / "data" / "reference" / "lme4_cbpp.csv")
    cbpp = cbpp.assign(share=cbpp["incidence"] / cbpp["size"])
    fit = wf.count_model("share ~ C(period)", cbpp, exposure="size", family="fractional", random="herd")
    # The figures on file are lme4's at its default tolerance.
    assert fit.table["estimate"].tolist() == pytest.approx([-1.3983, -0.9919, -1.1282, -1.5797], abs=1e-3)
    assert fit.random_sd == pytest.approx(0.6421, abs=1e-3)
    with pytest.raises(BadParameter, match="whole"):
        wf.count_model(
            "share ~ C(period)", cbpp.assign(share=0.123), exposure="size", family="fractional", random="herd"
        )


def test_a_planted_intercept_is_found_and_predicted_over():
    rng = np.random.default_rng(2)
    farm = np.repeat(np.arange(300), 8)
    x = rng.normal(size=len(farm))
    mean = np.exp(0.5 + 0.3 * x + rng.normal(0, 0.6, 300)[farm])
    df = pd.DataFrame({"farm": farm, "x": x, "dead": rng.poisson(mean), "birds": 1.0})
    fit = wf.count_model("dead ~ x", df, exposure="birds", random="farm")
    assert fit.random_sd == pytest.approx(0.6, abs=0.06)
    assert (
        fit.table.set_index("term").loc["x", "ratio_low"]
        < np.exp(0.3)
        < fit.table.set_index("term").loc["x", "ratio_high"]
    )
    # The mean over all farms there could be, not that of a farm in the middle.
    expected = fit.predict(pd.DataFrame({"x": [0.0], "birds": [1000.0]})).table["expected"].iloc[0]
    assert expected == pytest.approx(1000 * np.exp(0.5 + 0.6**2 / 2), rel=0.1)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x | group", {"random": "group"}),
        ("y ~ x", {"random": "group", "cluster": "group"}),
        ("y ~ x", {"random": "group", "family": "nb1"}),
        ("y ~ x", {"random": "herd"}),
        ("y ~ x", {"random": 3}),
        ("y ~ x", {"family": "conditional_poisson"}),
        ("y ~ x | group + z", {"family": "conditional_poisson"}),
    ],
)
def test_what_does_not_go_together_is_refused(formula, options, simulated):
    with pytest.raises(BadParameter):
        wf.count_model(formula, simulated, **options)


def test_a_random_intercept_may_be_written_as_lme4_does(simulated):
    one, other = (wf.count_model("y ~ x", simulated, random=written) for written in ("group", "(1 | group)"))
    assert one.table.equals(other.table)
    assert one.random_sd == other.random_sd


def test_too_few_groups_carry_no_intercept(simulated):
    with pytest.raises(NotEstimable, match="groups"):
        wf.count_model("y ~ x", simulated.assign(half=simulated["group"] > 12), random="half")
