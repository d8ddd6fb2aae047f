"""Count models against statsmodels, a second referee, on designs made up at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.genmod import families

import welfare as wf

TERMS = "x + z + C(kind)"


@pytest.fixture(params=range(4))
def made_up(request) -> pd.DataFrame:
    rng = np.random.default_rng(request.param)
    rows = int(rng.integers(150, 500))
    df = pd.DataFrame(
        {
            "x": rng.normal(2_000, 5, rows),  # far from 0 beside its spread, as a year is
            "z": rng.exponential(1e5, rows),
            "kind": rng.integers(0, 4, rows),
            "farm": rng.integers(0, 60, rows),
            "birds": rng.integers(10, 10_000, rows),
        }
    )
    mean = df["birds"] * np.exp(-5 + 0.05 * (df["x"] - 2_000) - 2e-6 * df["z"] + 0.2 * df["kind"])
    return df.assign(dead=rng.poisson(mean * rng.gamma(2, 0.5, rows)))


def same(ours: pd.Series, theirs: pd.Series, near: float) -> None:
    assert ours.to_numpy() == pytest.approx(theirs.loc[ours.index].to_numpy(), rel=near)


def table(fit) -> pd.DataFrame:
    return fit.table.set_index("term")


def test_poisson_and_its_clustered_errors(made_up):
    glm = smf.glm(f"dead ~ {TERMS}", made_up, family=families.Poisson(), offset=np.log(made_up["birds"]))
    plain = glm.fit(tol=1e-13)
    ours = wf.count_model(f"dead ~ {TERMS}", made_up, exposure="birds", errors="model")
    same(table(ours)["estimate"], plain.params, 1e-7)  # statsmodels inverts columns of unlike size as they are
    same(table(ours)["std_error"], plain.bse, 1e-6)
    assert ours.loglik == pytest.approx(plain.llf, rel=1e-10)
    clustered = glm.fit(tol=1e-13, cov_type="cluster", cov_kwds={"groups": made_up["farm"]})
    robust = wf.count_model(f"dead ~ {TERMS}", made_up, exposure="birds", cluster="farm")
    same(table(robust)["std_error"], clustered.bse, 1e-6)
    # From 40 clusters on both read them with the normal.
    same(table(robust)["low"], clustered.conf_int()[0], 1e-5)


def test_negative_binomial_at_the_theta_found(made_up):
    ours = wf.count_model(f"dead ~ {TERMS}", made_up, exposure="birds", family="nb2", errors="model")
    family = families.NegativeBinomial(alpha=1 / ours.theta)
    theirs = smf.glm(f"dead ~ {TERMS}", made_up, family=family, offset=np.log(made_up["birds"])).fit(tol=1e-13)
    same(table(ours)["estimate"], theirs.params, 1e-6)
    same(table(ours)["std_error"], theirs.bse, 1e-6)
    assert ours.loglik == pytest.approx(theirs.llf, rel=1e-9)


def test_effects_after_the_bar_are_dummies(made_up):
    kept = made_up[made_up.groupby("farm")["dead"].transform("sum") > 0]
    kept = kept[kept.groupby("farm")["dead"].transform("size") > 1]
    ours = wf.count_model("dead ~ x + z | farm + kind", kept, exposure="birds", errors="model")
    theirs = smf.glm(
        "dead ~ x + z + C(farm) + C(kind)", kept, family=families.Poisson(), offset=np.log(kept["birds"])
    ).fit(tol=1e-13)
    same(table(ours)["estimate"], theirs.params, 1e-7)
    same(table(ours)["std_error"], theirs.bse, 1e-6)
    assert ours.fitted.to_numpy() == pytest.approx(theirs.fittedvalues.to_numpy(), rel=1e-8)
