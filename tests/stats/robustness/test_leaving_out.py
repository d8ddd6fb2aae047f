"""Leaving out one at a time: against whole refits, against statsmodels, and with a place that makes the finding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import welfare as wf
from welfare.stats.robustness.effect import Effect, effects_of
from welfare.stats.robustness.leaving.leaving_out import left_out_row
from welfare.stats.robustness.leaving.refits import ALL_EXACT, AT_MOST, leave_one_out
from welfare.stats.robustness.robustness import robustness

NUMBERS = ["estimate", "std_error", "low", "high"]


@pytest.fixture(scope="module")
def farms() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    farm = np.repeat(np.arange(42), 5)
    density = rng.normal(size=210) + rng.normal(0, 1, 42)[farm]
    mean = np.exp(2 + 0.15 * density + rng.normal(0, 0.4, 42)[farm])
    columns = {"farm": farm, "density": density, "age": rng.normal(size=210), "fish": rng.integers(900, 1100, 210)}
    df = pd.DataFrame(columns).assign(dead=rng.poisson(mean), source_id=np.array(list("abcd"))[farm % 4])
    return df.assign(district=farm // 6)


def refitted(df: pd.DataFrame, column: str, formula: str, **options) -> pd.DataFrame:
    """Fit the whole model without each level: slow, and plain."""
    found = []
    for level in dict.fromkeys(df[column]):
        table = wf.count_model(formula, df[df[column] != level], **options).table
        found.append(table[table["term"] == "density"][NUMBERS].assign(left_out=level))
    return pd.concat(found).set_index("left_out")


@pytest.mark.parametrize("formula", ["dead ~ density + age", "dead ~ density + age | farm"])
def test_of_few_levels_each_is_left_out_by_a_whole_refit(formula, farms):
    options = {"exposure": "fish", "cluster": "farm"}
    fit = wf.count_model(formula, farms, **options)
    found = robustness(fit, term="density", leave_out=["source_id", "district"], df=farms)
    for column in ("source_id", "district"):
        mine = found.refits[found.refits["column"] == column].set_index("left_out")
        expected = refitted(farms, column, formula, **options)
        assert mine["exact"].all()
        assert mine.loc[expected.index, NUMBERS].to_numpy() == pytest.approx(expected[NUMBERS].to_numpy(), rel=1e-9)
        row = found.table[(found.table["check"] == "leave one out") & (found.table["at"] == column)].iloc[0]
        ratios = np.exp(expected["estimate"])
        assert [row["low"], row["high"]] == pytest.approx([ratios.min(), ratios.max()], rel=1e-9)
        whole = fit.table.set_index("term").loc["density", "estimate"]
        furthest = (expected["estimate"] - whole).abs().idxmax()
        assert row["value"] == pytest.approx(ratios[furthest], rel=1e-9)
        assert f"furthest without {furthest} (" in row["reading"]


@pytest.mark.parametrize(
    "formula", [pytest.param("dead ~ density + age", marks=pytest.mark.slow), "dead ~ density | farm"]
)
def test_of_many_levels_those_that_move_it_most_are_fitted_anew_and_the_others_are_near(formula, farms):
    options, some = {"exposure": "fish", "cluster": "farm"}, farms[farms["farm"] < 30]
    fit = wf.count_model(formula, some, **options)
    found = robustness(fit, term="density")
    refits, expected = found.refits.set_index("left_out"), refitted(some, "farm", formula, **options)
    assert ALL_EXACT < len(refits) == 30
    assert 10 <= refits["exact"].sum() <= 13
    gap = (refits["estimate"] - expected["estimate"]).abs()
    whole = fit.table.set_index("term").loc["density"]
    assert gap[refits["exact"]].max() < 1e-9
    assert gap.max() < 0.05 * whole["std_error"]
    # The range is that of whole refits, since both of its ends were fitted anew.
    row = found.table.set_index("check").loc["leave one out"]
    ends = np.exp([expected["estimate"].min(), expected["estimate"].max()])
    assert [row["low"], row["high"]] == pytest.approx(ends, rel=1e-9)
    assert "the others are one Newton step" in row["reading"]
    assert refits.loc[~refits["exact"], ["std_error", "low", "high"]].isna().all(axis=None)


def test_one_place_that_makes_the_finding_is_found(farms):
    rng = np.random.default_rng(1)
    one = farms["farm"] == 33
    df = farms.assign(density=rng.normal(size=210) + 3.0 * one, dead=rng.poisson(np.where(one, 60, 8)))
    fit = wf.count_model("dead ~ density", df, exposure="fish")
    found = robustness(fit, df=df, leave_out="farm")
    row = found.table[(found.table["check"] == "leave one out") & (found.table["at"] == "farm")].iloc[0]
    assert fit.table.set_index("term").loc["density", "low"] > 0
    assert row["verdict"] == "changes"
    assert "Its interval includes 1 without 33" in row["reading"]
    assert "furthest without 33 (5 rows)" in found.text
    checks = found.check().set_index("at")
    assert checks.loc["density: farm", "verdict"] == "look closer"


def test_a_sign_that_turns_is_said():
    df = pd.DataFrame({"x": [0, 0, 0, 0, 1, 1, 1, 1], "dead": [5, 6, 5, 6, 4, 3, 4, 40], "who": list("ababcded")})
    fit = wf.count_model("dead ~ x", df)
    row = robustness(fit, leave_out="who", df=df).table.set_index("check").loc["leave one out"]
    assert "Its sign turns without 1 of them" in row["reading"]
    assert row["verdict"] == "changes"


def test_a_level_without_which_there_is_no_estimate_leaves_the_answer_open(farms):
    df = farms.assign(fast=(farms["farm"] == 3).astype(int), two=np.where(farms["farm"] == 3, "it", "others"))
    fit = wf.count_model("dead ~ fast + density", df, exposure="fish")
    found = robustness(fit, leave_out="two", df=df)
    table = found.table[found.table["check"] == "leave one out"].set_index("term")
    assert "does not vary" in found.refits.set_index(["left_out", "term"]).loc[("it", "fast"), "reason"]
    assert table.loc["fast", "verdict"] == "not computed"  # among the others it does not vary either


def test_terms_that_would_compare_with_another_level_are_not_compared(farms):
    df = farms.assign(house=np.where(farms["farm"] < 20, "a", np.where(farms["farm"] < 30, "b", "c")))
    fit = wf.count_model("dead ~ house", df, exposure="fish", cluster="farm")
    found = robustness(fit, leave_out="house", df=df).refits.set_index(["left_out", "term"])
    assert "compared with b, and not with a" in found.loc[("a", "house[T.c]"), "reason"]
    assert np.isfinite(found.loc[("b", "house[T.c]"), "estimate"])
    assert "cannot be estimated without it" in found.loc[("c", "house[T.c]"), "reason"]


def test_columns_learned_from_the_rows_are_not_compared(farms):
    fit = wf.count_model("dead ~ poly(density, 2) + age", farms, exposure="fish")
    found = robustness(fit, leave_out="source_id", df=farms)
    table = found.table[found.table["check"] == "leave one out"].set_index("term")
    assert table["verdict"].to_dict() == {
        "poly(density, 2)[1]": "not computed",
        "poly(density, 2)[2]": "not computed",
        "age": table.loc["age", "verdict"],
    }
    assert table.loc["age", "verdict"] != "not computed"
    assert set(found.refits["term"]) == {"age"}


def test_a_column_of_one_level_is_a_stated_refusal(farms):
    found = robustness(wf.count_model("dead ~ density", farms), leave_out=["one", "district"], df=farms.assign(one="a"))
    rows = found.table[found.table["check"] == "leave one out"].set_index("at")
    assert rows.loc["one", "verdict"] == "not computed"
    assert "1 level among the rows used" in rows.loc["one", "reading"]
    assert rows.loc["district", "verdict"] == "holds"


def test_rows_without_a_level_are_never_left_out(farms):
    df = farms.assign(part=np.where(farms["farm"] < 10, "a", np.where(farms["farm"] < 20, "b", None)))
    fit = wf.count_model("dead ~ density", df, exposure="fish")
    found = robustness(fit, leave_out="part", df=df).refits
    assert found["left_out"].tolist() == ["a", "b"]
    expected = wf.count_model("dead ~ density", df[df["part"] != "a"], exposure="fish").table
    assert found["estimate"].iloc[0] == pytest.approx(expected["estimate"].iloc[1], rel=1e-9)


def test_findings_per_more_units_are_left_out_per_as_many(farms):
    fit = wf.count_model("dead ~ density", farms, exposure="fish")
    one, ten = (robustness(fit, leave_out="source_id", df=farms, per=per) for per in (1, 10))
    assert ten.refits[NUMBERS].to_numpy() == pytest.approx(10 * one.refits[NUMBERS].to_numpy(), rel=1e-12)
    assert ten.refits["value"].to_numpy() == pytest.approx(np.exp(ten.refits["estimate"].to_numpy()), rel=1e-12)


def test_the_defaults_are_facilities_sources_and_clusters(farms):
    df = farms.rename(columns={"farm": "facility_id"})
    fit = wf.count_model("dead ~ density", df, cluster="district")
    found = robustness(fit, df=df).table
    assert found.loc[found["check"] == "leave one out", "at"].tolist() == ["facility_id", "source_id", "district"]
    alone = robustness(fit).table
    assert alone.loc[alone["check"] == "leave one out", "at"].tolist() == ["district"]
    none = robustness(wf.count_model("dead ~ density", df)).table.set_index("check")
    assert "give df=" in none.loc["leave one out", "reading"]
    assert "leave one out" not in set(robustness(fit, leave_out=[]).table["check"])


@pytest.mark.parametrize("formula", ["dead ~ density + age", "dead ~ density + age + C(district)"])
def test_linear_fits_without_each_level_are_statsmodels(formula, farms):
    fit = smf.ols(formula, farms).fit()
    for column in ("farm", "district"):
        found = robustness(fit, term=["density", "age"], leave_out=column).refits.set_index(["left_out", "term"])
        assert found["exact"].all()
        for level in (3, 6):
            again = smf.ols(formula, farms[farms[column] != level]).fit()
            for term in ("density", "age"):
                expected = [again.params[term], again.bse[term], *again.conf_int().loc[term]]
                assert found.loc[(level, term), NUMBERS].to_numpy(dtype=float) == pytest.approx(expected, rel=1e-8)


def test_linear_terms_that_rest_on_one_level_have_no_estimate_without_it(farms):
    fit = smf.ols("dead ~ density + C(district)", farms).fit()
    found = robustness(fit, term=["density", "C(district)[T.4]"], leave_out="district").refits
    one = found.set_index(["left_out", "term"])
    assert one.loc[(4, "C(district)[T.4]"), "reason"] == "C(district)[T.4] cannot be estimated without it"
    assert np.isnan(one.loc[(4, "C(district)[T.4]"), "estimate"])
    assert np.isfinite(one.loc[(4, "density"), "estimate"])
    assert np.isnan(one.loc[(0, "C(district)[T.4]"), "estimate"])  # the level it is compared with


def test_linear_fits_with_robust_errors_give_no_intervals_of_another_kind(farms):
    fit = smf.ols("dead ~ density", farms).fit(cov_type="HC1")
    found = robustness(fit, leave_out="district")
    assert found.refits["estimate"].notna().all()
    assert found.refits[["std_error", "low", "high"]].isna().all(axis=None)
    assert found.table.set_index("check").loc["robustness value", "verdict"].tolist() == [
        "to be judged",
        "not computed",
    ]


def test_linear_fits_with_rows_dropped_know_which_level_each_row_has(farms):
    df = farms.assign(age=farms["age"].where(farms.index % 7 != 0))
    fit = smf.ols("dead ~ density + age", df).fit()
    found = robustness(fit, term="density", leave_out="district", df=df).refits.set_index("left_out")
    again = smf.ols("dead ~ density + age", df[df["district"] != 2]).fit()
    assert found.loc[2, "estimate"] == pytest.approx(again.params["density"], rel=1e-9)
    assert found.loc[2, "rows"] == (df["age"].notna() & (df["district"] == 2)).sum()


def test_any_other_fit_is_left_out_by_the_function_that_fits_it(farms):
    def slope(df: pd.DataFrame) -> pd.Series:
        fit = smf.ols("dead ~ density", df).fit()
        low, high = fit.conf_int().loc["density"]
        numbers = {"estimate": fit.params["density"], "std_error": fit.bse["density"], "low": low, "high": high}
        return pd.Series(numbers, name="density")

    found = robustness(slope(farms), df=farms, refit=slope, leave_out="district", kind="difference", sd=1.0)
    expected = robustness(smf.ols("dead ~ density", farms).fit(), leave_out="district")
    assert found.refits[NUMBERS].to_numpy() == pytest.approx(expected.refits[NUMBERS].to_numpy(), rel=1e-9)
    more = farms.loc[farms.index.repeat(3)].assign(row=np.arange(630))
    many = robustness(slope(more), df=more, refit=slope, leave_out="row", kind="difference")
    assert "630 levels, each of which would take a whole fit" in " ".join(many.notes)
    silent = robustness(slope(farms), df=farms, leave_out="district", kind="difference", sd=1.0)
    assert "nothing says how to fit this again" in silent.table.set_index("check").loc["leave one out", "reading"]


def test_so_many_terms_as_there_are_the_refits_stay_bounded(farms):
    rng = np.random.default_rng(5)
    names = [f"x{at}" for at in range(8)]
    df = farms.assign(**{name: rng.normal(size=210) for name in names})
    fit = wf.count_model(f"dead ~ {' + '.join(names)}", df, exposure="fish", cluster="farm")
    found = leave_one_out(fit, df["farm"], effects_of(fit), None)
    assert len(found) == 42 * 8
    assert found.loc[found["exact"], "left_out"].nunique() <= AT_MOST


def test_a_place_that_the_finding_draws_on_is_fitted_anew_though_it_moves_it_by_nothing(farms):
    # Much of what is known of the density comes from one farm, which lies exactly on the line of the others.
    one = farms["farm"] == 17
    far = farms.assign(density=farms["density"] * np.where(one, 6.0, 1.0), dead=farms["dead"].astype(float))
    others = wf.count_model("dead ~ density", far[~one]).table["estimate"]
    far.loc[one, "dead"] = np.exp(others.iloc[0] + others.iloc[1] * far.loc[one, "density"])
    fit = wf.count_model("dead ~ density", far)
    found = robustness(fit, leave_out="farm", df=far).refits.set_index("left_out")
    assert fit.table["estimate"].to_numpy() == pytest.approx(others.to_numpy(), rel=1e-9)
    assert found.loc[17, "exact"]
    assert found.loc[17, "std_error"] > 1.2 * found["std_error"].drop(index=17).max()


def test_where_one_step_has_no_interval_the_whole_one_moves_with_the_estimate():
    effect = Effect("x", estimate=1.0, std_error=0.4, low=0.2, high=1.8, p_value=0.01, kind="rate")
    refits = pd.DataFrame(
        {"left_out": ["a", "b"], "rows": 3, "exact": False, "reason": "", "low": np.nan, "high": np.nan}
    )
    # Moved by 0.7 and by 0.9 the interval is -0.5 to 1.1, and 1.1 to 2.7.
    for moved, verdict in (([0.9, 0.3], "changes"), ([0.9, 1.9], "holds")):
        assert left_out_row(effect, "farm", refits.assign(estimate=moved)).verdict == verdict
    # Without one of them there is no estimate: nothing says that it holds there.
    lost = refits.assign(estimate=[0.9, np.nan], reason=["", "x cannot be estimated without it"])
    found = left_out_row(effect, "farm", lost)
    assert found.verdict == "cannot tell"
    assert "Without 1 of them there is no such estimate (b: x cannot be estimated without it)." in found.reading
    protective = Effect("x", estimate=-1.0, std_error=0.4, low=-1.8, high=-0.2, p_value=0.01, kind="rate")
    for moved, verdict in (([-0.9, -0.3], "changes"), ([-0.9, -1.9], "holds")):
        assert left_out_row(protective, "farm", refits.assign(estimate=moved)).verdict == verdict
