"""What it would take to undo a finding, of fits of every kind: planted confounders, refusals, words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import welfare as wf
from welfare.errors import BadParameter
from welfare.stats.duration.model import duration
from welfare.stats.events import event_study
from welfare.stats.pooling.pool import pool
from welfare.stats.robustness.confounding.e_value import e_value
from welfare.stats.robustness.confounding.linear import linear_of
from welfare.stats.robustness.confounding.omitted import omitted_variable_bounds
from welfare.stats.robustness.robustness import robustness


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    plant = np.repeat(np.arange(60), 6)
    hidden = rng.normal(size=360)
    size = rng.normal(size=360)
    speed = 10 + 0.5 * hidden + 0.4 * size + rng.normal(size=360)
    level = rng.normal(0, 0.3, 60)[plant]
    hurt = rng.poisson(20 * np.exp(0.1 * (speed - 10) + 0.15 * hidden + 0.1 * size + level))
    columns = {"plant": plant, "speed": speed, "size": size, "hidden": hidden, "hurt": hurt, "birds": 1_000}
    return pd.DataFrame(columns).assign(source_id=np.where(plant < 20, "a", np.where(plant < 40, "b", "c")))


@pytest.fixture(scope="module")
def fit(plants):
    return wf.count_model("hurt ~ speed + size", plants, exposure="birds", cluster="plant")


def row(found, check: str, at: str = "", term: str | None = None) -> pd.Series:
    table = found.table
    mine = table[(table["check"] == check) & (table["at"] == at) & ((table["term"] == term) | (term is None))]
    assert len(mine) == 1
    return mine.iloc[0]


def test_e_values_are_those_of_the_ratio_and_the_end_of_its_interval(fit):
    found = robustness(fit, term="speed", per=2, leave_out=[])
    ratio = fit.table.set_index("term").loc["speed", ["ratio", "ratio_low", "ratio_high"]] ** 2
    expected = e_value(*ratio)
    assert row(found, "as fitted")[["value", "low", "high"]].to_numpy(dtype=float) == pytest.approx(ratio.to_numpy())
    assert row(found, "E-value", "estimate")["value"] == pytest.approx(expected["point"], rel=1e-12)
    bound = row(found, "E-value", "end of the interval nearest to no difference")
    assert bound["value"] == pytest.approx(expected["bound"], rel=1e-12)
    assert f"{expected['point']:.3g} each" in found.text
    assert "Findings, and all that is said of them, are per 2 of speed." in found.notes


def test_the_unit_of_a_number_is_asked_for(fit):
    assert any(note.startswith("Per one unit of speed, size") for note in robustness(fit, leave_out=[]).notes)
    assert any(
        note.startswith("Per one unit of size:") for note in robustness(fit, per={"speed": 3}, leave_out=[]).notes
    )
    assert not any("Per one unit" in note for note in robustness(fit, per=3, leave_out=[]).notes)


def test_adding_a_planted_confounder_of_its_measured_strength_gives_about_the_longer_fit(plants):
    # The strengths are those of the weighted regressions in which the fits end: exact for linear fits, near here.
    options = {"exposure": "birds", "family": "quasipoisson", "errors": "model"}
    shorter = wf.count_model("hurt ~ speed + size", plants, **options)
    longer = wf.count_model("hurt ~ speed + size + hidden", plants, **options)
    condition, outcome = linear_of(longer).shares("speed", ["hidden"])
    before, after = (each.table.set_index("term").loc["speed"] for each in (shorter, longer))
    linear = linear_of(shorter)
    assert linear.error("speed") == pytest.approx(before["std_error"], rel=1e-9)
    found = omitted_variable_bounds(
        before["estimate"], linear.error("speed"), linear.degrees, r2_condition=condition, r2_outcome=outcome
    ).iloc[0]
    moved = before["estimate"] - after["estimate"]
    assert moved > before["std_error"]
    assert found["estimate"] == pytest.approx(after["estimate"], abs=0.1 * moved)
    assert found["std_error"] == pytest.approx(after["std_error"], rel=0.05)


def test_of_many_rows_and_a_small_effect_the_weighted_regression_is_near_exact():
    # Equal weights in the limit: the approximation is the linear case itself.
    rng = np.random.default_rng(4)
    hidden = rng.normal(size=4_000)
    speed = 0.7 * hidden + rng.normal(size=4_000)
    df = pd.DataFrame({"speed": speed, "hidden": hidden})
    df["hurt"] = rng.poisson(500 * np.exp(0.01 * speed + 0.01 * hidden))
    options = {"family": "quasipoisson", "errors": "model"}
    shorter, longer = (wf.count_model(f"hurt ~ speed{more}", df, **options) for more in ("", " + hidden"))
    condition, outcome = linear_of(longer).shares("speed", ["hidden"])
    linear = linear_of(shorter)
    estimate = shorter.table.set_index("term").loc["speed", "estimate"]
    found = omitted_variable_bounds(
        estimate, linear.error("speed"), linear.degrees, r2_condition=condition, r2_outcome=outcome
    )
    after = longer.table.set_index("term").loc["speed", "estimate"]
    assert found["estimate"].iloc[0] == pytest.approx(after, abs=0.01 * (estimate - after))


def test_fixed_effects_are_held_fixed_in_shares_of_variance(plants):
    # Swept out or written out as columns, the same regression.
    options = {"exposure": "birds", "family": "quasipoisson", "errors": "model"}
    some = plants[plants["plant"] < 15]
    swept = wf.count_model("hurt ~ speed + size | plant", some, **options)
    written = wf.count_model("hurt ~ speed + size + C(plant)", some, **options)
    tables = [
        robustness(each, term="speed", benchmarks="size", leave_out="source_id", df=plants) for each in (swept, written)
    ]
    names = ["robustness value", "partial R2", "benchmark"]
    one, other = (each.table[each.table["check"].isin(names)] for each in tables)
    assert len(one) == 6
    assert one["value"].to_numpy() == pytest.approx(other["value"].to_numpy(), rel=1e-7)
    assert one["low"].to_numpy() == pytest.approx(other["low"].to_numpy(), rel=1e-7, nan_ok=True)


def test_with_robust_errors_nothing_is_said_of_the_interval_by_shares_of_variance(fit):
    found = robustness(fit, term="speed", benchmarks="size", kd=[1], leave_out=[])
    assert row(found, "robustness value", "q = 1, alpha = 0.05")["verdict"] == "not computed"
    assert row(found, "robustness value", "q = 1")["verdict"] == "to be judged"
    beside = row(found, "benchmark", "1 x size")
    assert np.isnan(beside["low"])
    assert "no interval" in beside["reading"]
    assert found.bounds[["std_error", "t", "low", "high"]].isna().all(axis=None)


def test_a_benchmark_that_undoes_the_finding_says_so(fit):
    found = robustness(fit, term="speed", benchmarks="size", kd=[1, 200], leave_out=[])
    assert row(found, "benchmark", "200 x size")["verdict"] == "not computed"
    assert "more of the condition than there is" in row(found, "benchmark", "200 x size")["reading"]
    share = linear_of(fit).shares("speed", ["size"])[0]
    times = 0.9 * (1 - share) / share
    undone = robustness(fit, term="speed", benchmarks="size", kd=[times], leave_out=[])
    assert undone.table.set_index("check").loc["benchmark", "verdict"] == "changes"
    assert "the finding no longer holds" in undone.text
    assert "look closer" in set(undone.check()["verdict"])


def test_factors_and_groups_are_benchmarks(plants):
    fit = smf.ols("hurt ~ speed + size + source_id", plants).fit()
    found = robustness(fit, term="speed", benchmarks=["source_id", ["size", "source_id"]], kd=[1])
    assert found.bounds["benchmark"].tolist() == ["source_id", "size + source_id"]
    expected = [
        1 - smf.ols(f"speed ~ {more}", plants).fit().ssr / smf.ols(f"speed ~ {less}", plants).fit().ssr
        for more, less in (("size + source_id", "size"), ("size + source_id", "1"))
    ]
    strengths = np.array(expected) / (1 - np.array(expected))
    assert found.bounds["r2_condition"].to_numpy() == pytest.approx(strengths, rel=1e-8)


def test_weighted_regressions_are_judged_by_their_weights(plants):
    weights = np.linspace(0.5, 2, len(plants))
    design = sm.add_constant(plants[["speed", "size"]])
    weighted = sm.WLS(plants["hurt"], design, weights=weights).fit()
    root = np.sqrt(weights)
    plain = sm.OLS(plants["hurt"] * root, design.mul(root, axis=0)).fit()
    one, other = (robustness(each, term="speed", benchmarks="size") for each in (weighted, plain))
    kept = one.table["check"] != "E-value"
    numbers = [each.table.loc[kept, ["value", "low", "high"]].to_numpy() for each in (one, other)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-9, nan_ok=True)


def test_the_unit_of_weights_leaves_a_difference_as_large_as_it_is(plants):
    # Weights of 1,000 each are no weights: the residuals spread as they do without.
    design = sm.add_constant(plants[["speed", "size"]])
    plain = sm.OLS(plants["hurt"], design).fit()
    spread = np.sqrt(plain.ssr / plain.df_resid)
    ends = plain.conf_int().loc["speed"] / spread
    expected = e_value(plain.params["speed"] / spread, *ends, kind="difference")
    for fit in (plain, sm.WLS(plants["hurt"], design, weights=np.full(len(plants), 1_000.0)).fit()):
        found = robustness(fit, term="speed")
        values = [row(found, "E-value", at)["value"] for at in ("estimate", NEAREST)]
        assert values == pytest.approx(expected.tolist(), rel=1e-9)
    weights = np.linspace(0.5, 2, len(plants))
    one, other = (sm.WLS(plants["hurt"], design, weights=weights * times).fit() for times in (1, 250))
    tables = [robustness(each).table["value"].to_numpy() for each in (one, other)]
    assert tables[0] == pytest.approx(tables[1], rel=1e-9, nan_ok=True)


NEAREST = "end of the interval nearest to no difference"
SERIES = pd.Series({"estimate": 0.5, "std_error": 0.2, "low": 0.1, "high": 0.9})
POOLED = SimpleNamespace(
    estimate=0.5, std_error=0.2, low=0.1, high=0.9, table=pd.DataFrame({"study": [1], "weight": [1]})
)
STUDY = SimpleNamespace(overall=lambda which: SERIES if which == "simple" else None, table=pd.DataFrame({"time": [1]}))
TABLE = SimpleNamespace(
    table=pd.DataFrame([{"term": "fast", **SERIES, "p_value": 0.01, "ratio": np.exp(0.5)}]), text="SIMULATED. A fit."
)


@pytest.mark.parametrize(
    ("given", "term"), [(SERIES, "effect"), (POOLED, "pooled"), (STUDY, "overall"), (TABLE, "fast")]
)
def test_results_of_other_kinds_are_read(given, term):
    found = robustness(given, kind="rate")
    assert row(found, "E-value", "estimate")["value"] == pytest.approx(e_value(np.exp(0.5))["point"], rel=1e-12)
    assert row(found, "as fitted")["term"] == term
    # What cannot be done for them is said, not left out.
    assert row(found, "leave one out")["verdict"] == "not computed"
    assert row(found, "robustness value", "q = 1")["verdict"] == "not computed"
    assert found.text.startswith("SIMULATED. ") == (given is TABLE)


def test_an_estimate_of_unknown_scale_has_no_e_value():
    found = robustness(POOLED)
    assert row(found, "E-value", "estimate")["verdict"] == "not computed"
    assert "give kind=" in row(found, "E-value", "estimate")["reading"]
    assert row(found, "as fitted")["value"] == 0.5


def test_hazards_are_taken_to_be_of_a_common_outcome_unless_said():
    assert row(robustness(TABLE, kind="hazard"), "E-value", "estimate")["value"] == pytest.approx(
        e_value(np.exp(0.5), kind="hazard", rare=False)["point"]
    )
    assert row(robustness(TABLE, kind="hazard", rare=True), "E-value", "estimate")["value"] > 2.6
    # A table of ratios of nobody knows what is not one of hazards.
    assert "what its ratio is of" in row(robustness(TABLE), "E-value", "estimate")["reading"]


def test_shares_are_of_a_rare_outcome_where_they_are_small(plants):
    for scale, rare in ((0.02, True), (0.9, False)):
        df = plants.assign(share=scale * (plants["hurt"] + 1) / (plants["hurt"].max() + 1), none=0.0)
        fit = wf.count_model("share ~ speed", df, family="fractional")
        ratio = fit.table.set_index("term").loc["speed", "ratio"]
        expected = e_value(ratio, kind="odds", rare=rare)["point"]
        found = row(robustness(fit), "E-value", "estimate")
        assert found["value"] == pytest.approx(expected, rel=1e-12)
        assert ("not to be rare" in found["reading"]) is not rare


def test_differences_need_a_standard_deviation():
    assert "give sd=" in row(robustness(SERIES, kind="difference"), "E-value", "estimate")["reading"]
    found = robustness(SERIES, kind="difference", sd=2.0)
    expected = e_value(0.25, 0.05, 0.45, kind="difference")
    assert row(found, "E-value", "estimate")["value"] == pytest.approx(expected["point"], rel=1e-12)


@pytest.mark.parametrize(
    "change", [{"low": np.nan}, {"high": np.inf}, {"low": 0.5, "high": 0.5, "std_error": 0.0}, {"low": 0.6}]
)
def test_without_an_interval_around_the_estimate_there_is_no_e_value(change):
    found = robustness(pd.concat([SERIES.drop(list(change)), pd.Series(change)]), kind="rate")
    for at in ("estimate", "end of the interval nearest to no difference"):
        assert row(found, "E-value", at)["verdict"] == "not computed"
    assert any("interval is missing, infinite or of no width" in note for note in found.notes)


def test_where_nothing_was_shown_there_is_nothing_to_undo(plants):
    noisy = plants.assign(noise=np.random.default_rng(2).normal(size=360))
    fit = wf.count_model("hurt ~ noise", noisy, cluster="plant")
    found = robustness(fit, leave_out=[])
    bound = row(found, "E-value", "end of the interval nearest to no difference")
    assert (bound["value"], bound["verdict"]) == (1.0, "nothing to undo")
    assert "no difference was shown that could be undone" in found.text
    quasi = wf.count_model("hurt ~ noise", noisy, family="quasipoisson", errors="model")
    value = row(robustness(quasi), "robustness value", "q = 1, alpha = 0.05")
    assert (value["value"], value["verdict"]) == (0.0, "nothing to undo")


def test_the_words_say_what_none_of_it_can_show(fit):
    text = robustness(fit, term="speed", leave_out=[]).text
    for said in (
        "no number here says",
        "a large one is no proof",
        "errors of measurement",
        "beyond what is held fixed",
    ):
        assert said in text


def test_a_random_intercept_has_e_values_and_no_shares(plants):
    fit = wf.count_model("hurt ~ speed", plants, exposure="birds", random="plant")
    found = robustness(fit, leave_out="source_id", df=plants)
    assert row(found, "E-value", "estimate")["verdict"] == "to be judged"
    assert "random intercept" in row(found, "robustness value", "q = 1")["reading"]
    assert row(found, "leave one out", "source_id")["verdict"] in ("holds", "changes")


def test_surfaces_pass_through_what_the_table_says(plants):
    fit = smf.ols("hurt ~ speed + size", plants).fit()
    found = robustness(fit, term="speed", benchmarks="size")
    surface = found.contour().table
    corner = surface[(surface["r2_condition"] == 0) & (surface["r2_outcome"] == 0)].iloc[0]
    assert corner["value"] == pytest.approx(fit.params["speed"], rel=1e-12)
    both = surface[surface["r2_condition"] == surface["r2_outcome"]]
    undone = row(found, "robustness value", "q = 1")["value"]
    assert found.contour().both == pytest.approx(undone, rel=1e-12)
    crossing = np.interp(0, both["value"].to_numpy()[::-1], both["r2_condition"].to_numpy()[::-1])
    assert crossing == pytest.approx(undone, rel=2e-3)
    assert len(surface) == 61**2


def test_surfaces_of_ratios_are_of_ding_and_vanderweele(fit):
    found = robustness(fit, term="speed", per=4, leave_out=[]).contour()
    table = found.table
    row_of = table.iloc[777]
    factor = row_of["with_condition"] * row_of["with_harm"] / (row_of["with_condition"] + row_of["with_harm"] - 1)
    ratio = fit.table.set_index("term").loc["speed", ["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float) ** 4
    assert row_of[["value", "low", "high"]].to_numpy() == pytest.approx(ratio / factor, rel=1e-12)
    protective = robustness(fit, term="speed", per=4, leave_out=[])
    assert protective.contour(scale="variance").table["value"].iloc[0] == pytest.approx(ratio[0], rel=1e-12)


def test_a_protective_ratio_rises_towards_one(plants):
    fit = wf.count_model("hurt ~ slow", plants.assign(slow=-plants["speed"]), exposure="birds", cluster="plant")
    found = robustness(fit, leave_out=[])
    assert "could explain it away" in found.text
    assert "The interval includes" not in found.text
    surface = found.contour().table
    assert surface["value"].iloc[0] == pytest.approx(fit.table["ratio"].iloc[1], rel=1e-12)
    assert surface["value"].is_monotonic_increasing is False
    assert surface["value"].max() > 1


def test_surfaces_that_do_not_exist_are_refused(fit):
    found = robustness(SERIES, kind="rate")
    with pytest.raises(BadParameter, match="no contour of scale 'variance'"):
        found.contour(scale="variance")
    with pytest.raises(BadParameter, match="no contour of scale 'ratio'"):
        robustness(SERIES).contour(scale="ratio")
    with pytest.raises(BadParameter, match="2 findings"):
        robustness(fit, leave_out=[]).contour()
    with pytest.raises(BadParameter, match="no term 'height'"):
        robustness(fit, leave_out=[]).contour("height")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"term": "height"}, "no term 'height'"),
        ({"term": "Intercept"}, "overall level"),
        ({"term": []}, "no term was named"),
        ({"benchmarks": "height"}, "no term 'height'"),
        ({"term": "speed", "benchmarks": "speed"}, "the condition itself"),
        ({"per": 0}, "no number above 0"),
        ({"per": -1}, "no number above 0"),
        ({"per": "ten"}, "no number above 0"),
        ({"per": {"speed": None}}, "no number above 0"),
        ({"term": 3}, "no term 3"),
        ({"sd": "wide"}, "sd='wide' is no number above 0"),
        ({"rare": "no"}, "neither True nor False"),
        ({"sd": 0}, "sd=0 is no number above 0"),
        ({"kd": -1, "benchmarks": "size"}, "kd=-1 holds"),
        ({"kd": ["a"]}, "kd="),
        ({"benchmarks": [3]}, "no term '3'"),
        ({"df": {"speed": [1]}}, "df is no DataFrame"),
        ({"leave_out": 3}, "no column 3"),
        ({"denominators": "birds"}, "the denominator that was fitted"),
        ({"per": {"height": 2}}, "no term 'height'"),
        ({"kind": "ratio"}, "no kind of estimate"),
        ({"leave_out": "district"}, "no column 'district'"),
        ({"denominators": "hours"}, "no column 'hours'"),
        ({"negative_outcomes": "hurt"}, "the outcome itself"),
        ({"negative_outcomes": "office"}, "no column 'office'"),
        ({"negative_outcomes": "size"}, "in the model already"),
        ({"negative_exposures": "size"}, "in the model already"),
        ({"negative_exposures": "paint"}, "no column 'paint'"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, said, fit):
    with pytest.raises(BadParameter, match=said):
        robustness(fit, **options)


def test_a_frame_of_other_rows_is_refused(fit, plants):
    for df in (plants.assign(speed=plants["speed"] + 1), plants.iloc[:300], plants.drop(columns="size")):
        with pytest.raises(BadParameter, match="rows that were fitted"):
            robustness(fit, df=df)
    linear = smf.ols("hurt ~ speed", plants).fit()
    with pytest.raises(BadParameter, match="rows that were fitted"):
        robustness(linear, df=plants.assign(hurt=plants["hurt"] + 1))
    # More rows than were fitted, in another order, are the same rows.
    shorter = wf.count_model("hurt ~ speed", plants.iloc[:240], cluster="plant")
    found = robustness(shorter, df=plants.iloc[::-1], leave_out="source_id")
    assert row(found, "leave one out", "source_id")["verdict"] != "not computed"


@pytest.mark.parametrize(
    "given", [3.0, "fit", None, pd.DataFrame({"a": [1]}), SimpleNamespace(table=pd.DataFrame({"a": [1]}))]
)
def test_what_is_no_fit_is_refused(given):
    with pytest.raises(BadParameter, match="no fit whose estimates can be read"):
        robustness(given)


def test_a_model_of_an_overall_level_alone_has_no_finding(plants):
    with pytest.raises(BadParameter, match="no term but an intercept"):
        robustness(wf.count_model("hurt ~ 1", plants))


def test_a_pooled_result_leaves_out_its_own_studies_and_is_asked_what_its_ratio_is_of():
    pooled = pool([0.2, 0.5, 0.3, 0.1], [0.01, 0.02, 0.02, 0.03], ratio=True)
    silent, said = robustness(pooled), robustness(pooled, kind="rate")
    assert row(silent, "as fitted")["value"] == pytest.approx(pooled.ratio, rel=1e-12)
    assert "what its ratio is of" in row(silent, "E-value", "estimate")["reading"]
    expected = e_value(pooled.ratio, pooled.ratio_low, pooled.ratio_high)
    assert row(said, "E-value", "estimate")["value"] == pytest.approx(expected["point"], rel=1e-12)
    own = pooled.leave_one_out()
    assert said.refits["value"].to_numpy() == pytest.approx(own["ratio"].to_numpy(), rel=1e-12)
    ends = row(said, "leave one out", "study")[["low", "high"]].to_numpy(dtype=float)
    assert ends == pytest.approx([own["ratio"].min(), own["ratio"].max()], rel=1e-12)
    assert row(said, "leave one out", "study")["verdict"] == "changes"
    two = robustness(pool([0.2, 0.5], [0.01, 0.02]))
    assert "nothing to pool" in row(two, "leave one out", "study")["reading"]
    assert row(two, "as fitted")["unit"] == "difference"
    with pytest.raises(BadParameter, match="nobody said what ratio"):
        silent.contour()


def test_an_event_study_is_read_by_its_average_and_left_out_by_a_function():
    rng = np.random.default_rng(1)
    unit, time = np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30)
    since = np.repeat(np.where(np.arange(30) < 15, 0, 3), 5)
    df = pd.DataFrame({"unit": unit, "time": time, "since": since, "source_id": np.array(list("ab"))[unit % 2]})
    df["harm"] = rng.poisson(20 * np.exp(0.5 * ((since > 0) & (time >= since))))
    options = {"outcome": "harm", "unit": "unit", "time": "time", "treated_from": "since"}

    def study(rows: pd.DataFrame):
        return event_study(rows, **options, family="poisson")

    found = robustness(study(df), df=df, refit=study)
    average = study(df).overall("simple")
    assert row(found, "as fitted")["value"] == pytest.approx(average["ratio"], rel=1e-12)
    assert row(found, "E-value", "estimate")["value"] == pytest.approx(e_value(average["ratio"])["point"], rel=1e-12)
    without = study(df[df["source_id"] != "a"]).overall("simple")
    assert found.refits.set_index("left_out").loc["a", "value"] == pytest.approx(without["ratio"], rel=1e-9)
    assert "goes with the condition and with the outcome" in found.text
    assert f"{average['ratio']:.3f} ({average['ratio_low']:.3f} to" in found.text


def test_a_model_of_hazards_is_read_as_of_a_common_outcome_and_left_out_by_a_function():
    rng = np.random.default_rng(2)
    df = pd.DataFrame({"fast": rng.integers(0, 2, 120), "barn": np.arange(120) % 4, "dead": 1})
    df["days"] = rng.exponential(np.exp(-0.8 * df["fast"]))
    fit = duration("dead ~ fast", df, time="days")
    found = robustness(fit, df=df, leave_out="barn", refit=lambda rows: duration("dead ~ fast", rows, time="days"))
    ratio = fit.table["ratio"].iloc[0]
    expected = e_value(ratio, kind="hazard", rare=False)["point"]
    assert row(found, "E-value", "estimate")["value"] == pytest.approx(expected, rel=1e-12)
    without = duration("dead ~ fast", df[df["barn"] != 2], time="days").table["estimate"].iloc[0]
    assert found.refits.set_index("left_out").loc[2, "estimate"] == pytest.approx(without, rel=1e-9)
    assert "goes with fast and with dead" in found.text
