"""Robustness of every kind of result the library gives: what each is taken for, what is said of what was not tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import welfare as wf
from welfare.errors import BadParameter
from welfare.stats.duration.model import duration
from welfare.stats.robustness.confounding.e_value import e_value
from welfare.stats.robustness.leaving.refits import leave_one_out
from welfare.stats.robustness.robustness import robustness

POINT, NEAREST = "estimate", "end of the interval nearest to no difference"


@pytest.fixture(scope="module")
def barns() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    barn = np.repeat(np.arange(12), 15)
    columns = {"barn": barn, "dense": rng.normal(size=180), "breed": np.array(list("abc"))[barn % 3]}
    df = pd.DataFrame(columns, index=np.arange(180) + 500).assign(birds=1_000)
    df["dead"] = rng.poisson(30 * np.exp(0.2 * df["dense"] + rng.normal(0, 0.2, 12)[barn]))
    df["days"] = np.ceil(rng.exponential(30 * np.exp(-0.3 * df["dense"])))
    return df.assign(lame=rng.integers(0, 4, 180) > 0)


def row(found, check: str, at: str = "", term: str | None = None) -> pd.Series:
    table = found.table
    mine = table[(table["check"] == check) & (table["at"] == at) & ((table["term"] == term) | (term is None))]
    assert len(mine) == 1
    return mine.iloc[0]


@pytest.mark.parametrize("slope", [False, True])
def test_an_interrupted_series_is_of_ratios_of_rates_and_only_its_changes_are_findings(slope):
    month = np.arange(48)
    rng = np.random.default_rng(1)
    harm = rng.poisson(50 * np.where(month >= 24, 0.6, 1) * (1 + 0.2 * np.sin(month * np.pi / 6)))
    df = pd.DataFrame({"month": month, "harm": harm})
    options = {"outcome": "harm", "time": "month", "change_at": 24, "season": 12, "slope": slope}
    fit = wf.interrupted_series(df, **options)
    found = robustness(fit)
    ratios = fit.table.set_index("term").loc["level change", ["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)
    expected = e_value(*ratios)
    level = [row(found, "E-value", at, "level change")["value"] for at in (POINT, NEAREST)]
    assert level == pytest.approx(expected.tolist(), rel=1e-12)
    assert list(dict.fromkeys(found.table["term"])) == ["level change", "slope change"][: 1 + slope]
    assert "level change: ratio of rates" in found.text
    assert "goes with the change and with the outcome" in found.text
    plain = robustness(wf.interrupted_series(df, **{**options, "family": "gaussian"}), sd=10)
    assert row(plain, "E-value", POINT, "level change")["value"] > 1
    assert "level change: difference" in plain.text


def test_an_event_study_of_means_is_of_differences():
    rng = np.random.default_rng(1)
    unit, time = np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30)
    df = pd.DataFrame({"unit": unit, "time": time, "since": np.where(unit < 15, 0, 3)})
    df["harm"] = rng.normal(size=150) + 2 * ((df["since"] > 0) & (time >= df["since"]))
    fit = wf.event_study(df, outcome="harm", unit="unit", time="time", treated_from="since")
    silent, said = robustness(fit), robustness(fit, sd=2.0)
    assert "give sd=" in row(silent, "E-value", POINT)["reading"]
    average = fit.overall("simple")[["estimate", "low", "high"]] / 2
    assert row(said, "E-value", POINT)["value"] == pytest.approx(e_value(*average, kind="difference")["point"])
    # What it takes to leave places out is said where it is missing.
    reason = row(robustness(fit, df=df.assign(source_id=unit % 3)), "leave one out", "source_id")["reading"]
    assert reason.endswith("give df= and refit=.")


@pytest.mark.parametrize("formula", ["lame ~ dense", "lame ~ dense | breed"])
def test_a_model_of_hazards_leaves_out_its_own_clusters_with_nothing_asked_for(barns, formula):
    fit = duration(formula, barns, time="days", cluster="barn")
    columns = ["estimate", "std_error", "low", "high"]
    tables = [
        duration(formula, barns[barns["barn"] != barn], time="days", cluster="barn").table[columns]
        for barn in range(12)
    ]
    wanted = pd.concat(tables).to_numpy()
    for found in (robustness(fit), robustness(fit, df=barns.iloc[::-1])):
        got = found.refits.set_index("left_out").loc[list(range(12)), columns].to_numpy(dtype=float)
        assert got == pytest.approx(wanted, rel=1e-9)
        assert (found.refits["rows"] == 15).all()
        assert "ratio of hazards" in found.text
        assert "levels of barn" in found.text
    fewer = fit.without_most_influential() if "|" not in formula else fit
    # What was left out on purpose stays out.
    assert len(robustness(fewer).refits) == (11 if fewer is not fit else 12)


def test_hazards_of_other_rows_are_refused(barns):
    fit = duration("lame ~ dense", barns, time="days", cluster="barn")
    with pytest.raises(BadParameter, match="rows that were fitted"):
        robustness(fit, df=barns.assign(dense=0.0))


def test_without_the_level_compared_with_a_function_gives_another_comparison_and_no_number(barns):
    fit = duration("lame ~ dense + breed", barns, time="days")
    found = robustness(fit, leave_out="breed", refit=lambda rows: duration("lame ~ dense + breed", rows, time="days"))
    without = found.refits[(found.refits["left_out"] == "a") & (found.refits["term"] == "breed[T.c]")].iloc[0]
    assert np.isnan(without["estimate"])
    assert without["reason"] == "breed is then compared with b, and not with a"
    other = barns.assign(crossbreed=np.where(np.arange(180) % 2, "x", "y"))
    both = wf.count_model("dead ~ breed + crossbreed", other, exposure="birds")
    left = robustness(both, leave_out="breed").refits
    # The name of one factor ends like that of the other; only one of them has lost its first level.
    mine = left[(left["left_out"] == "a") & (left["term"] == "crossbreed[T.y]")]
    assert np.isfinite(mine["estimate"]).all()
    assert len(mine) == 1


@pytest.mark.parametrize(
    "family", ["poisson", "quasipoisson", "negative_binomial", "nb1", "nb2", "fractional", "conditional_poisson"]
)
def test_every_family_of_counts_has_e_values_and_leaves_out_its_clusters(barns, family):
    if family == "fractional":
        fit = wf.count_model("share ~ dense", barns.assign(share=barns["dead"] / 1_000), family=family, cluster="barn")
    else:
        bar = " | barn" if family == "conditional_poisson" else ""
        fit = wf.count_model(f"dead ~ dense{bar}", barns, exposure="birds", family=family, cluster="barn")
    found = robustness(fit)
    ratios = fit.table.set_index("term").loc["dense", ["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)
    kind = "odds" if family == "fractional" else "rate"
    assert row(found, "E-value", NEAREST)["value"] == pytest.approx(e_value(*ratios, kind=kind)["bound"], rel=1e-12)
    assert row(found, "leave one out", "barn")["verdict"] != "not computed"
    assert len(found.refits) == 12
    share = row(found, "partial R2", "outcome")
    assert 0 < share["value"] < 1


def test_the_interval_has_a_robustness_value_where_its_errors_are_classical_alone(barns):
    at = "q = 1, alpha = 0.05"
    for family, errors, classical in (
        ("quasipoisson", "model", True),
        ("quasipoisson", "CR1", False),
        ("poisson", "model", False),
    ):
        fit = wf.count_model("dead ~ dense", barns, exposure="birds", family=family, errors=errors)
        found = row(robustness(fit), "robustness value", at)
        assert (found["verdict"] != "not computed") is classical


def test_of_as_many_estimates_as_rows_nothing_is_judged(barns):
    found = robustness(smf.ols("dead ~ dense", barns.head(2)).fit())
    assert set(found.table["verdict"]) == {"to be judged", "not computed"}
    assert (found.table["verdict"] == "not computed").sum() == len(found.table) - 1
    assert "There is no interval around it" in found.text


def test_what_was_not_tried_is_said_with_how_to_ask_for_it(barns):
    fit = wf.count_model("dead ~ dense", barns.assign(hours=barns["birds"] * 2, dust=3), exposure="birds")
    found = robustness(fit)
    assert "Not tried, since none was named: other denominators, outcomes that" in found.text
    assert "other denominators (denominators=)" in found.notes[0]
    assert "(negative_outcomes=)" in found.notes[0]
    assert "(benchmarks=)" in found.notes[0]
    reading = row(found, "leave one out")["reading"]
    assert "give df= with one" in reading
    assert "leave_out=" in reading
    rows = barns.assign(hours=barns["birds"] * 2, noise=np.arange(180) % 7, dust=np.arange(180) % 5)
    named = robustness(fit, df=rows, denominators="hours", negative_outcomes="noise", negative_exposures="dust")
    assert "Not tried, since none was named: confounders as strong" in named.text
    share = wf.count_model("share ~ dense", barns.assign(share=0.01 * (barns["dead"] > 30)), family="fractional")
    assert "denominators" not in robustness(share).notes[0]
    assert "Not tried" not in robustness(pd.Series({"estimate": 0.5, "low": 0.1, "high": 0.9}), kind="rate").text


def test_one_column_of_a_curve_or_of_a_crossing_has_no_e_value(barns):
    bent = robustness(wf.count_model("dead ~ bs(dense, df=4)", barns, exposure="birds", cluster="barn"))
    rows = bent.table[bent.table["check"] == "E-value"]
    assert (rows["verdict"] == "not computed").all()
    assert rows["reading"].str.contains("one column of a curve").all()
    crossed = robustness(wf.count_model("dead ~ dense * breed", barns, exposure="birds", cluster="barn"))
    assert row(crossed, "E-value", POINT, "dense:breed[T.b]")["verdict"] == "not computed"
    assert row(crossed, "E-value", POINT, "dense")["verdict"] == "to be judged"
    assert any(note.startswith("dense, breed[T.b], breed[T.c]: told where") for note in crossed.notes)
    scaled = robustness(wf.count_model("dead ~ scale(dense)", barns, exposure="birds"))
    assert row(scaled, "E-value", POINT)["verdict"] == "to be judged"


def test_a_missing_interval_is_not_one_that_includes_no_difference():
    found = robustness(pd.Series({"estimate": 1.0, "std_error": np.nan}), kind="rate")
    assert "includes" not in found.text
    assert "There is no interval around it" in found.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (pd.Series({"estimate": "high", "low": 1, "high": 2}), "estimate is 'high'"),
        (pd.Series({"estimate": 1.0, "low": "none", "high": 2}), "low is 'none'"),
    ],
)
def test_estimates_that_are_no_numbers_are_refused(given, said):
    with pytest.raises(BadParameter, match=said):
        robustness(given)


def test_a_ratio_or_a_curve_is_sent_to_the_e_value(barns):
    curve = wf.curve(barns, outcome="dead", condition="dense", exposure="birds")
    generalised = smf.glm("dead ~ dense", barns, family=sm.families.Poisson()).fit()
    for given in (wf.rate_ratio(30, 1_000, 20, 1_000), wf.rate_difference(30, 1_000, 20, 1_000), curve, generalised):
        with pytest.raises(BadParameter, match=r"ask wf\.e_value"):
            robustness(given)


def test_a_term_named_twice_is_asked_once(barns):
    fit = wf.count_model("dead ~ dense", barns, exposure="birds", cluster="barn")
    assert robustness(fit, term=["dense", "dense"]).table.equals(robustness(fit, term="dense").table)


def test_a_level_of_most_rows_is_left_out_of_a_linear_fit_in_little_room():
    # The block of the hat matrix of 60,000 rows would take 29 gigabytes.
    rng = np.random.default_rng(3)
    df = pd.DataFrame({"x": rng.normal(size=100_000), "z": 1e6 * rng.normal(size=100_000)})
    df["y"] = 0.1 * df["x"] + rng.normal(size=100_000)
    df["source_id"] = np.where(np.arange(100_000) < 60_000, "a", "b")
    fit = smf.ols("y ~ x + z", df).fit()
    found = robustness(fit, term="x").refits.set_index("left_out")
    for level, other in (("a", "b"), ("b", "a")):
        again = smf.ols("y ~ x + z", df[df["source_id"] == other]).fit()
        wanted = [again.params["x"], again.bse["x"], *again.conf_int().loc["x"]]
        got = found.loc[level, ["estimate", "std_error", "low", "high"]].to_numpy(dtype=float)
        assert got == pytest.approx(wanted, rel=1e-9)
    assert len(leave_one_out(fit, df["source_id"].where(df["x"] > 0), [], None)) == 0
