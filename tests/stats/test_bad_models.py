"""What a count model must not answer: each a clear error or a stated refusal, and each row left out named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable, WelfareError


@pytest.fixture
def pens() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    farm = np.repeat(np.arange(20), 12)
    x = rng.normal(size=240)
    dead = rng.poisson(np.exp(0.5 + 0.2 * x + rng.normal(0, 0.3, 20)[farm]) * rng.gamma(2, 0.5, 240))
    columns = {"farm": farm, "month": np.tile(np.arange(12), 20), "x": x, "dead": dead, "fish": 100.0}
    return pd.DataFrame(columns).assign(size=lambda df: np.where(df["farm"] < 5, "small", "large"))


FORMULA = "dead ~ x | farm + month"
FAMILIES = ["poisson", "quasipoisson", "negative_binomial", "nb1"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"dead": 0}, NotEstimable, "no event"),
        ({"dead": -1}, BadValue, "below zero"),
        ({"dead": np.nan}, NotEstimable, "no row is left"),
        ({"x": 1.0}, NotEstimable, "does not vary within farm and month"),
        ({"x": np.inf}, NotEstimable, "no row is left"),
        ({"fish": 0.0}, NoDenominator, "above zero"),
        ({"fish": np.nan}, NoDenominator, "above zero"),
        ({"fish": np.inf}, BadValue, "infinite"),
        ({"fish": "many"}, BadValue, "not a number"),
    ],
)
def test_columns_that_say_nothing_are_refused(family, change, error, said, pens):
    with pytest.raises(error, match=said):
        wf.count_model(FORMULA, pens.assign(**change), exposure="fish", family=family)


@pytest.mark.parametrize("family", ["negative_binomial", "nb1", "conditional_poisson"])
def test_averages_have_no_negative_binomial(family, pens):
    with pytest.raises(BadParameter, match="not whole"):
        wf.count_model("dead ~ x | farm", pens.assign(dead=pens["dead"] / 3), family=family)


def test_averages_go_with_poisson_and_the_notes_say_how(pens):
    fit = wf.count_model(FORMULA, pens.assign(dead=pens["dead"] / 3), cluster="farm")
    assert any("quasi-likelihood" in note for note in fit.notes)
    whole = wf.count_model(FORMULA, pens, cluster="farm")
    columns = ["estimate", "std_error"]
    assert fit.table[columns].to_numpy() == pytest.approx(whole.table[columns].to_numpy(), rel=1e-9)
    assert "on average" in fit.text


def test_shares_above_one_are_percentages(pens):
    with pytest.raises(BadValue, match="above 1"):
        wf.count_model("dead ~ x", pens.assign(dead=37.5), family="fractional")


@pytest.mark.parametrize(
    "formula",
    [
        "dead ~ __import__('os').system('true')",
        "dead ~ {exec('1')}",
        "dead ~ x.map(str)",
        "dead ~ open('/etc/hostname')",
        "dead ~ eval('x')",
        "dead ~ np.linalg.norm(x)",
        "dead ~ np.load(x)",
        "dead ~ C(x, contr.treatment(base=open('/etc/hostname')))",
        "open('/etc/hostname') ~ x",
        "dead ~ I(x, y := 3)",
    ],
)
def test_a_formula_that_holds_code_runs_none(formula, pens, monkeypatch):
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("it ran"))
    with pytest.raises(BadParameter):
        wf.count_model(formula, pens)


@pytest.mark.parametrize(
    "formula",
    [
        "dead",
        "~ x",
        "dead ~ x ~ farm",
        "dead ~ x |",
        "dead ~ x | farm |",
        "dead ~ shoe",
        "dead ~ x | shoe",
        "dead ~ x | farm^",
        7,
    ],
)
def test_a_formula_that_cannot_be_read_is_refused(formula, pens):
    with pytest.raises(BadParameter):
        wf.count_model(formula, pens)


def test_a_term_that_effects_hold_already_is_named(pens):
    with pytest.raises(NotEstimable, match=r"size\[T.small\] does not vary within farm"):
        wf.count_model("dead ~ x + size | farm", pens)
    with pytest.raises(NotEstimable, match="fixed effects alone"):
        wf.count_model("dead ~ 1 | farm", pens)
    with pytest.raises(NotEstimable, match="x, twice repeat"):
        wf.count_model("dead ~ x + twice", pens.assign(twice=2 * pens["x"]))


def test_what_is_left_out_is_listed_row_by_row(pens):
    broken = pens.copy()
    broken.loc[0, "x"] = np.nan
    broken.loc[1, "dead"] = np.nan
    broken.loc[2, "fish"] = 0.0
    broken.loc[3, "fish"] = np.nan
    broken.loc[4, "fish"] = -5.0
    broken.loc[5, "x"] = np.inf
    broken.loc[broken["farm"] == 7, "dead"] = 0
    broken = broken[(broken["farm"] != 9) | (broken["month"] == 0)]
    fit = wf.count_model(FORMULA, broken, exposure="fish", cluster="farm")
    reasons = fit.dropped.set_index("row")["reason"]
    assert reasons[:6].to_dict() == {
        0: "missing x",
        1: "missing dead",
        2: "no exposure",
        3: "no exposure",
        4: "negative exposure",
        5: "not a finite number: x",
    }
    assert set(reasons[broken.index[broken["farm"] == 7]]) == {"separated"}
    assert reasons[broken.index[broken["farm"] == 9]].tolist() == ["singleton"]
    assert fit.n + len(fit.dropped) == len(broken)
    assert fit.clusters == 18
    assert any("separated: 12" in note for note in fit.notes)


def test_perfect_separation_leaves_the_other_terms_as_they_are_without_it(pens):
    # Nothing was counted in the rows of one kind: its ratio is not finite, and the rows say nothing of x.
    kind = pens["farm"] < 3
    rows = pens.assign(kind=np.where(kind, "none", "some"), dead=np.where(kind, 0, pens["dead"]))
    fit = wf.count_model("dead ~ x + kind", rows, cluster="farm")
    assert fit.dropped["reason"].value_counts().to_dict() == {"separated": 36}
    assert fit.table["term"].tolist() == ["Intercept", "x"]
    alone = wf.count_model("dead ~ x", rows[~kind], cluster="farm")
    assert fit.table[["estimate", "std_error"]].to_numpy() == pytest.approx(
        alone.table[["estimate", "std_error"]].to_numpy(), rel=1e-9
    )


def test_one_cluster_shows_no_spread(pens):
    with pytest.raises(NotEstimable, match="belong to one"):
        wf.count_model("dead ~ x", pens[pens["farm"] == 3], cluster="farm")


@pytest.mark.parametrize("family", [*FAMILIES, "fractional"])
def test_hostile_sizes_end_in_a_fit_or_a_refusal(family, pens):
    shares = family == "fractional"
    for scale in (1e-8, 1e8):
        rows = pens.assign(x=pens["x"] * scale, dead=pens["dead"] / 50 if shares else pens["dead"])
        plain = pens.assign(dead=rows["dead"])
        try:
            fit = wf.count_model("dead ~ x | farm", rows, family=family)
        except WelfareError:
            pytest.fail("the unit of a column is no reason to refuse")
        base = wf.count_model("dead ~ x | farm", plain, family=family)
        assert fit.table["estimate"].iloc[0] * scale == pytest.approx(base.table["estimate"].iloc[0], rel=1e-6)
        assert fit.table["p_value"].iloc[0] == pytest.approx(base.table["p_value"].iloc[0], rel=1e-6)
