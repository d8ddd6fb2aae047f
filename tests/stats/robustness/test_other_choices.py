"""Other denominators and negative controls: against fits made by hand, with planted confounding and without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import welfare as wf
from welfare.errors import BadParameter
from welfare.stats.robustness.robustness import robustness

RATIO = ["ratio", "ratio_low", "ratio_high"]


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 600
    lax = rng.normal(size=n)  # never recorded: how lax the plant is
    speed = 0.8 * lax + rng.normal(size=n)
    birds = rng.integers(900, 1100, n)
    columns = {
        "lax": lax,
        "speed": speed,
        "animals": birds,
        # Faster lines take fewer hours for the same animals: per hour worked they look worse.
        "hours": birds * np.exp(-0.2 * speed) / 10,
        "hurt": rng.poisson(birds * 0.02 * np.exp(0.1 * speed + 0.2 * lax)),
        "paper": rng.poisson(8 * np.exp(0.2 * lax)),  # what speed cannot cause, and laxness does
        "storms": rng.poisson(8, n),  # what neither causes
        "few": rng.poisson(0.02, n),
        "later_speed": 0.8 * lax + rng.normal(size=n),
        "moon": rng.normal(size=n),
        "kind": np.array(list("abc"))[rng.integers(0, 3, n)],
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def fit(plants):
    return wf.count_model("hurt ~ speed", plants, exposure="animals")


def rows_of(found, check: str) -> pd.DataFrame:
    return found.table[found.table["check"] == check].set_index("at")


def test_another_denominator_is_the_same_model_per_unit_of_it(fit, plants):
    row = rows_of(robustness(fit, df=plants, denominators="hours"), "denominator").loc["hours"]
    by_hand = wf.count_model("hurt ~ speed", plants, exposure="hours").table.iloc[1]
    assert row[["value", "low", "high"]].to_numpy(dtype=float) == pytest.approx(by_hand[RATIO].to_numpy(dtype=float))
    ten = rows_of(robustness(fit, df=plants, denominators="hours", per=10), "denominator").loc["hours"]
    tenfold = by_hand[RATIO].to_numpy(dtype=float) ** 10
    assert ten[["value", "low", "high"]].to_numpy(dtype=float) == pytest.approx(tenfold)
    # What is planted: 0.2 more on the log scale.
    assert np.log(row["value"]) == pytest.approx(fit.table["estimate"].iloc[1] + 0.2, abs=0.01)
    assert row["verdict"] == "holds"
    assert "Per unit of hours in place of animals" in row["reading"]
    assert "on those of them" not in row["reading"]


def test_where_rows_differ_the_first_denominator_is_told_on_the_same_rows(fit, plants):
    df = plants.assign(hours=plants["hours"].where(plants["speed"] > 0))
    row = rows_of(robustness(fit, df=df, denominators=["hours"]), "denominator").loc["hours"]
    there = df[df["hours"].notna()]
    other = wf.count_model("hurt ~ speed", there, exposure="animals").table.set_index("term").loc["speed"]
    assert f"{len(there):,} rows" in row["reading"]
    assert f"Per unit of animals on those of them that have it: {other['ratio']:.3f}" in row["reading"]


def test_a_denominator_that_undoes_the_finding_says_so(fit, plants):
    df = plants.assign(busy=plants["animals"] * np.exp(fit.table["estimate"].iloc[1] * plants["speed"]))
    row = rows_of(robustness(fit, df=df, denominators="busy"), "denominator").loc["busy"]
    assert row["verdict"] == "changes"
    assert row["value"] == pytest.approx(1.0, abs=0.01)
    assert "Its interval then includes 1" in row["reading"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_denominator_that_is_nowhere_above_zero_is_a_stated_refusal(value, fit, plants):
    row = rows_of(robustness(fit, df=plants.assign(hours=value), denominators="hours"), "denominator").loc["hours"]
    assert row["verdict"] == "not computed"
    assert "above zero" in row["reading"]


def test_shares_and_other_fits_have_no_other_denominator(plants):
    shares = wf.count_model("share ~ speed", plants.assign(share=plants["hurt"] / 100), family="fractional")
    with pytest.raises(BadParameter, match="denominator in them"):
        robustness(shares, df=plants.assign(share=plants["hurt"] / 100), denominators="hours")
    linear = robustness(smf.ols("hurt ~ speed", plants).fit(), denominators="hours", negative_outcomes="paper")
    for check in ("denominator", "negative outcome"):
        assert rows_of(linear, check)["verdict"].tolist() == ["not computed"]


def test_an_outcome_the_condition_cannot_cause_shows_what_both_share(fit, plants):
    found = robustness(fit, df=plants, negative_outcomes=["paper", "storms", "few"])
    rows = rows_of(found, "negative outcome")
    assert rows["verdict"].to_dict() == {"paper": "association found", "storms": "none found", "few": "cannot tell"}
    by_hand = wf.count_model("paper ~ speed", plants, exposure="animals").table.iloc[1]
    values = rows.loc["paper", ["value", "low", "high"]].to_numpy(dtype=float)
    assert values == pytest.approx(by_hand[RATIO].to_numpy(dtype=float))
    assert "something other than cause makes one" in found.text
    assert "cannot tell one from the other" in rows.loc["few", "reading"]
    checks = found.check().set_index("at")["verdict"]
    assert checks["speed: paper"] == checks["speed: few"] == "look closer"
    assert checks["speed: storms"] == "in order"


def test_fixed_effects_and_units_stay_with_the_other_outcome(plants):
    fit = wf.count_model("hurt ~ speed | kind", plants, exposure="animals")
    row = rows_of(robustness(fit, df=plants, negative_outcomes="paper", per=2), "negative outcome").loc["paper"]
    by_hand = wf.count_model("paper ~ speed | kind", plants, exposure="animals").table.iloc[0]
    assert row["value"] == pytest.approx(by_hand["ratio"] ** 2)


def test_a_condition_that_cannot_cause_the_harm_stands_beside_the_one_in_question(fit, plants):
    found = robustness(fit, df=plants, negative_exposures=["later_speed", "moon"])
    rows = rows_of(found, "negative exposure")
    assert rows["verdict"].to_dict() == {"later_speed": "association found", "moon": "none found"}
    by_hand = wf.count_model("hurt ~ speed + later_speed", plants, exposure="animals").table.set_index("term")
    values = rows.loc["later_speed", ["value", "low", "high"]].to_numpy(dtype=float)
    assert values == pytest.approx(by_hand.loc["later_speed", RATIO].to_numpy(dtype=float))
    assert "lets something through" in found.text


def test_with_the_planted_confounder_held_fixed_neither_control_shows_an_association(plants):
    fit = wf.count_model("hurt ~ speed + lax", plants, exposure="animals")
    found = robustness(fit, term="speed", df=plants, negative_outcomes="paper", negative_exposures="later_speed")
    assert rows_of(found, "negative outcome").loc["paper", "verdict"] == "none found"
    assert rows_of(found, "negative exposure").loc["later_speed", "verdict"] == "none found"


def test_a_control_of_levels_gives_each_of_them_and_names_that_are_no_words_are_quoted(fit, plants):
    df = plants.assign(**{"type of house": plants["kind"]})
    rows = rows_of(robustness(fit, df=df, negative_exposures=["kind", "type of house"]), "negative exposure")
    assert rows.loc["kind", "term"].tolist() == ["kind[T.b]", "kind[T.c]"]
    assert rows["value"].iloc[:2].to_numpy() == pytest.approx(rows["value"].iloc[2:].to_numpy())


def test_controls_that_cannot_be_fitted_are_stated_refusals(fit, plants):
    df = plants.assign(nothing=0, flat=1.0, twin=2 * plants["speed"])
    found = robustness(fit, df=df, negative_outcomes="nothing", negative_exposures=["flat", "twin"])
    assert "no event was counted" in rows_of(found, "negative outcome").loc["nothing", "reading"]
    assert rows_of(found, "negative exposure")["verdict"].tolist() == ["not computed"] * 2
