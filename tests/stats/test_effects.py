"""What a count model says in other terms: expected counts with their exposure, ratios, attributable events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, NoDenominator

PANEL = Path(__file__).parents[1] / "referee" / "r" / "counts_panel.csv"


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return pd.read_csv(PANEL).assign(district=lambda df: "d" + df["district"].astype(str))


FORMULAS = [
    "deaths ~ speed + dense + C(year)",
    "deaths ~ bs(speed, df=4) + dense * C(year)",
    "deaths ~ speed + district",
    "deaths ~ np.log(speed) + dense | plant + year",
    "deaths ~ speed | district^year",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_what_is_predicted_of_the_rows_used_is_what_was_fitted(formula, family, panel):
    fit = wf.count_model(formula, panel, exposure="animals", family=family)
    assert fit.predict().table["expected"].to_numpy() == pytest.approx(fit.fitted.to_numpy(), rel=1e-9)
    again = fit.predict(panel.loc[fit.fitted.index]).table["expected"]
    assert again.to_numpy() == pytest.approx(fit.fitted.to_numpy(), rel=1e-9)


@pytest.mark.parametrize("formula", FORMULAS)
def test_twice_the_exposure_gives_twice_the_count(formula, panel):
    fit = wf.count_model(formula, panel, exposure="animals")
    rows = panel.loc[fit.fitted.index]
    doubled = fit.predict(rows.assign(animals=2 * rows["animals"])).table["expected"]
    assert doubled.to_numpy() == pytest.approx(2 * fit.fitted.to_numpy(), rel=1e-9)


def test_a_factor_kept_in_codes_predicts_as_one_in_dummies(panel, monkeypatch):
    formula = "deaths ~ speed + C(plant)"
    rows = panel[panel.groupby("plant")["deaths"].transform("sum") > 0]
    written_out = wf.count_model(formula, rows, exposure="animals")
    monkeypatch.setattr("welfare.stats.design.matrices._DENSE_CELLS", 100)
    coded = wf.count_model(formula, rows, exposure="animals")
    assert coded._found.fit.columns.shown, "the factor was not kept in codes"
    ours, theirs = coded.table.set_index("term"), written_out.table.set_index("term")
    assert set(ours.index) == set(theirs.index)
    columns = ["estimate", "std_error", "p_value"]
    assert ours.loc[theirs.index, columns].to_numpy() == pytest.approx(theirs[columns].to_numpy(), rel=1e-8, abs=1e-12)
    assert coded.covariance.loc["speed", "C(plant)[T.3]"] == pytest.approx(
        written_out.covariance.loc["speed", "C(plant)[T.3]"], rel=1e-8
    )
    assert coded.predict().table["expected"].to_numpy() == pytest.approx(written_out.fitted.to_numpy(), rel=1e-9)


def test_a_prediction_s_interval_is_that_of_the_table_where_there_is_one_term(panel):
    fit = wf.count_model("deaths ~ 1", panel, exposure="animals", cluster="district")
    row = fit.predict(panel.assign(animals=1000)).table.iloc[0]
    ratios = fit.table.iloc[0]
    assert row[["expected", "low", "high"]].tolist() == pytest.approx(
        (1000 * ratios[["ratio", "ratio_low", "ratio_high"]].astype(float)).tolist(), rel=1e-12
    )


def test_rows_that_cannot_be_predicted_are_named(panel):
    fit = wf.count_model("deaths ~ speed + C(year) | plant", panel, exposure="animals")
    plant = panel.loc[fit.fitted.index[0], "plant"]
    good = {"speed": 2.0, "year": 2012, "plant": plant, "animals": 100}
    changes = [{}, {"year": 1999}, {"plant": 999}, {"animals": 0}, {"animals": None}, {"speed": None}]
    rows = pd.DataFrame([good | change for change in changes], index=list("abcdef"))
    found = fit.predict(rows)
    assert found.table.index.tolist() == ["a"]
    assert dict(zip(found.dropped["row"], found.dropped["reason"], strict=True)) == {
        "b": "year: not in the fit",
        "c": "plant: not in the fit",
        "d": "no exposure",
        "e": "no exposure",
        "f": "missing speed",
    }
    assert found.table["low"].isna().all()
    assert "No interval" in found.notes[0]
    with pytest.raises(NoDenominator, match="animals"):
        fit.predict(rows.drop(columns="animals"))
    with pytest.raises(BadParameter, match="speed"):
        fit.predict(rows.drop(columns="speed"))


def test_a_ratio_for_more_units_is_the_power_of_that_for_one(panel):
    fit = wf.count_model("deaths ~ speed + C(year) | plant", panel, exposure="animals", cluster="district")
    one, ten = fit.rate_ratio("speed", per=1), fit.rate_ratio("speed", per=10)
    table = fit.table.set_index("term").loc["speed"]
    assert list(one.values()) == pytest.approx(table[["ratio", "ratio_low", "ratio_high"]].astype(float).tolist())
    assert list(ten.values()) == pytest.approx([value**10 for value in one.values()])
    level = fit.rate_ratio("year", at=2013, reference=2011)
    row = fit.table.set_index("term").loc["C(year)[T.2013]"]
    assert list(level.values()) == pytest.approx(row[["ratio", "ratio_low", "ratio_high"]].astype(float).tolist())
    back = fit.rate_ratio("year", at=2011, reference=2013)
    assert back["ratio"] * level["ratio"] == pytest.approx(1)
    assert back["low"] * level["high"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("deaths ~ speed", {}),
        ("deaths ~ speed", {"at": 2.0}),
        ("deaths ~ speed", {"per": 1.0, "at": 2.0, "reference": 1.0}),
        ("deaths ~ dense", {"per": 1.0}),
        ("deaths ~ np.log(speed)", {"per": 1.0}),
        ("deaths ~ speed * C(year)", {"per": 1.0}),
    ],
)
def test_a_ratio_that_is_not_one_number_is_refused(formula, options, panel):
    with pytest.raises(BadParameter):
        wf.count_model(formula, panel, exposure="animals").rate_ratio("speed", **options)
    with pytest.raises(BadParameter, match="not fitted to"):
        wf.count_model("deaths ~ C(year)", panel).rate_ratio("year", at=1999, reference=2011)


def test_attributable_events_are_those_above_the_reference(panel):
    fit = wf.count_model("deaths ~ speed + C(year) | plant", panel, exposure="animals", cluster="district")
    found = fit.attributable("speed", reference=1.5)
    rows = panel.loc[fit.fitted.index]
    slope = fit.table.set_index("term").loc["speed", "estimate"]
    share = 1 - np.exp(-slope * (rows["speed"] - 1.5))
    number, fraction = found.table["estimate"]
    assert found.by_row.to_numpy() == pytest.approx(share.to_numpy())
    assert number == pytest.approx((share * rows["deaths"]).sum())
    assert fraction == pytest.approx(number / rows["deaths"].sum())
    assert (found.table["low"] < found.table["estimate"]).all()
    assert (found.table["estimate"] < found.table["high"]).all()
    assert fit.attributable("speed", reference=9.0).table["estimate"].iloc[0] < 0
    assert "cannot show" in found.text


def test_shares_have_no_attributable_number(panel):
    fit = wf.count_model("share ~ speed", panel, family="fractional")
    with pytest.raises(BadParameter, match="odds"):
        fit.attributable("speed", reference=1.0)
