"""Specification curves: every row a fit of its own, planted effects and none, choices that cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, NotEstimable
from welfare.stats.robustness.choosing.choices import read_choices
from welfare.stats.robustness.choosing.shuffling import Shuffle, shuffled
from welfare.stats.robustness.choosing.specifications import specification_curve

NUMBERS = ["estimate", "std_error", "low", "high", "p_value", "ratio", "ratio_low", "ratio_high"]


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    rng = np.random.default_rng(14)
    plant = np.repeat(np.arange(30), 6)
    size = rng.normal(size=180)
    speed = 0.5 * size + rng.normal(size=180)
    columns = {"plant": plant, "speed": speed, "size": size, "birds": rng.integers(900, 1100, 180)}
    df = pd.DataFrame(columns).assign(hours=rng.uniform(80, 120, 180), late=np.arange(180) % 6 > 1)
    df["hurt"] = rng.poisson(df["birds"] * 0.02 * np.exp(0.2 * speed + 0.3 * size))
    return df.assign(law=(plant < 15).astype(int))


CHOICES = {
    "outcome": "hurt",
    "condition": "speed",
    "controls": ["", "size"],
    "effects": ["", "plant"],
    "exposure": ["birds", "hours"],
    "rows": ["all", "late"],
    "cluster": "plant",
}


@pytest.fixture(scope="module")
def curve(plants):
    return specification_curve(CHOICES, plants)


def test_every_specification_is_the_fit_of_its_choices(curve, plants):
    assert len(curve.table) == 16
    for row in curve.table.iloc[[0, 5, 10, 15]].itertuples():
        formula = (
            "hurt ~ speed"
            + (" + size" if row.controls == "size" else "")
            + (" | plant" if row.effects == "plant" else "")
        )
        df = plants[plants["late"]] if row.rows == "late" else plants
        fit = wf.count_model(formula, df, exposure=row.exposure, cluster="plant")
        expected = fit.table.set_index("term").loc["speed", NUMBERS]
        found = curve.table.loc[row.Index, NUMBERS]
        assert found.to_numpy(dtype=float) == pytest.approx(expected.to_numpy(dtype=float), rel=1e-12)
        assert (row.n, row.clusters) == (fit.n, 30)


def test_specifications_come_in_the_order_stated(curve, plants):
    names = ["controls", "effects", "exposure", "rows"]
    assert curve.table[names].iloc[:3].to_numpy().tolist() == [
        ["none", "none", "birds", "all"],
        ["none", "none", "birds", "late"],
        ["none", "none", "hours", "all"],
    ]
    again = specification_curve(dict(reversed(CHOICES.items())), plants)
    pd.testing.assert_frame_equal(again.table, curve.table)


def test_the_summary_is_of_the_estimates(curve):
    estimates = curve.table["estimate"]
    values = curve.summary.set_index("statistic")["value"]
    assert values["median"] == estimates.median()
    assert values["share of the same sign"] == 1
    assert values["share of the same sign with interval excluding no difference"] == (curve.table["low"] > 0).mean()
    assert f"{np.exp(estimates.median()):.4g}" in curve.text
    # Size drives speed and harm, so leaving it out is what moves the finding.
    checks = curve.check().set_index("check")
    assert checks.loc["choice that matters most", "at"] == "controls"
    assert "The choice of controls moves it most" in curve.text
    assert set(checks["verdict"]) == {"in order"}
    gap = curve.table.groupby("controls")["estimate"].median()
    assert checks.loc["choice that matters most", "value"] == pytest.approx(gap["none"] - gap["size"])


def test_formulas_may_be_given_whole(plants):
    formulas = ["hurt ~ speed", "hurt ~ speed + size"]
    found = specification_curve(formulas, plants, term="speed")
    expected = [wf.count_model(text, plants).table["estimate"].iloc[1] for text in formulas]
    assert found.table["estimate"].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert found.table["formula"].tolist() == formulas


def test_a_specification_that_cannot_be_fitted_stays_with_its_reason(plants):
    choices = {**CHOICES, "condition": "law", "effects": ["", "plant"], "controls": "", "rows": "all", "exposure": None}
    found = specification_curve(choices, plants)
    assert found.table["reason"].iloc[0] == ""
    assert "does not vary within plant" in found.table["reason"].iloc[1]
    assert np.isnan(found.table["estimate"].iloc[1])
    assert found.dropped.to_dict("records") == [{"row": 2, "reason": found.table["reason"].iloc[1]}]
    assert "Not fitted, and listed with the reason: 1." in found.text
    assert found.check().set_index("check").loc["fitted", "verdict"] == "look closer"
    missing = specification_curve({**CHOICES, "controls": ["", "height"]}, plants).table
    assert missing["reason"].str.contains("no column 'height'").sum() == 8


def test_shuffles_find_a_planted_effect_and_none_where_there_is_none(plants):
    choices = {"outcome": "hurt", "controls": ["", "size"], "exposure": "birds"}
    df = plants.assign(dice=np.random.default_rng(3).normal(size=180))
    found = specification_curve({**choices, "condition": "speed"}, df, shuffles=24)
    assert found.summary["p_value"].iloc[0] == pytest.approx(1 / 25)
    assert len(found.shuffles) == 24
    assert "shuffled 24 times" in found.text
    assert "handed out so at random" in found.notes[0]
    none = specification_curve({**choices, "condition": "dice"}, df, shuffles=24)
    assert none.summary["p_value"].min() > 0.05


def test_the_seed_decides_the_shuffles(plants):
    choices = {"outcome": "hurt", "condition": "speed", "exposure": "birds"}
    one, same, other = (specification_curve(choices, plants, shuffles=3, seed=seed).shuffles for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_p_values_count_the_curve_itself(plants):
    choices = {"outcome": "hurt", "condition": "speed", "exposure": "birds"}
    found = specification_curve(choices, plants.assign(speed=np.random.default_rng(9).normal(size=180)), shuffles=9)
    far = (found.shuffles["median"].abs() >= abs(found.summary["value"].iloc[0])).sum()
    assert found.summary["p_value"].iloc[0] == pytest.approx((1 + far) / 10)


def test_shuffled_units_keep_one_condition_each_and_levels_their_own(plants):
    rng = np.random.default_rng(0)
    by_plant = shuffled(plants, Shuffle.of(plants, "law", by="plant", within=None), rng)
    assert by_plant["law"].equals(by_plant.groupby("plant")["law"].transform("first"))
    assert by_plant["law"].sum() == plants["law"].sum()
    assert (by_plant["law"] != plants["law"]).any()
    inside = shuffled(plants, Shuffle.of(plants, "speed", by=None, within="plant"), rng)
    for plant in (0, 29):
        before, after = (each.loc[each["plant"] == plant, "speed"] for each in (plants, inside))
        assert sorted(before) == sorted(after)
    assert not inside["speed"].equals(plants["speed"])
    assert inside.drop(columns="speed").equals(plants.drop(columns="speed"))


def test_units_of_several_conditions_cannot_move_as_one(plants):
    with pytest.raises(BadParameter, match="more than one speed"):
        Shuffle.of(plants, "speed", by="plant", within=None)
    with pytest.raises(BadParameter, match="more than one late"):
        Shuffle.of(plants, "law", by="plant", within="late")
    with pytest.raises(BadParameter, match="no column 'county'"):
        Shuffle.of(plants, "law", by="county", within=None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"covariates": ["size"]}, "no choice called 'covariates'"),
        ({"formula": "hurt ~ speed"}, "formulas were given, and parts"),
        ({"controls": []}, "controls has no option"),
        ({"controls": ["size", "size"]}, "names an option twice"),
        ({"rows": ["all", "size"]}, "no column of True and False"),
        ({"rows": "nowhere"}, "no column of True and False"),
    ],
)
def test_choices_that_cannot_be_are_refused(change, said, plants):
    with pytest.raises(BadParameter, match=said):
        specification_curve({**CHOICES, **change}, plants)


def test_what_is_left_unsaid_is_asked_for(plants):
    with pytest.raises(BadParameter, match="nothing says what is explained"):
        specification_curve({"outcome": "hurt"}, plants)
    with pytest.raises(BadParameter, match="do not say which term"):
        specification_curve(["hurt ~ speed"], plants)
    with pytest.raises(BadParameter, match="more than one condition"):
        specification_curve({"outcome": "hurt", "condition": ["speed", "size"]}, plants, shuffles=9)
    with pytest.raises(NotEstimable, match="none of 2 specifications could be fitted"):
        specification_curve({"outcome": "hurt", "condition": ["a", "b"]}, plants)


def test_too_many_specifications_are_refused_before_any_is_fitted(plants):
    many = {**CHOICES, "controls": [f"x{at}" for at in range(40)]}
    with pytest.raises(BadParameter, match=r"320 specifications \(40 controls x 2 effects x 2 exposure x 2 rows\)"):
        read_choices(many, plants, 300)
    assert len(read_choices(many, plants, 320)) == 320


def test_two_clusters_stand_together_in_a_tuple(plants):
    found = specification_curve({**CHOICES, "cluster": ["plant", ("plant", "late")], "rows": "all"}, plants)
    assert sorted(set(found.table["cluster"])) == ["plant", "plant and late"]
    two = found.table[found.table["cluster"] == "plant and late"].iloc[0]
    fit = wf.count_model("hurt ~ speed", plants, exposure="birds", cluster=["plant", "late"])
    assert two["std_error"] == pytest.approx(fit.table["std_error"].iloc[1], rel=1e-12)


def test_a_protective_condition_has_most_estimates_below_one(plants):
    df = plants.assign(slow=-plants["speed"])
    found = specification_curve({"outcome": "hurt", "condition": "slow", "controls": ["", "size"]}, df, shuffles=19)
    # As far below as the same condition turned round lies above: none of 19 shuffles does as well.
    assert found.summary["p_value"].iloc[0] == pytest.approx(1 / 20)
    assert found.summary["value"].tolist() == [found.table["estimate"].median(), 1.0, 1.0]
    assert "100% lie below 1" in found.text


def test_of_as_many_estimates_on_either_side_the_shares_are_of_the_side_of_the_median(plants):
    # One of each sign, the negative one far larger: the median lies below 1, and so does the share that is told.
    df = plants.assign(down=plants["birds"] - plants["hurt"] * 10, birds=1_000)
    curve = specification_curve({"outcome": ["hurt", "down"], "condition": "speed", "exposure": "birds"}, df)
    assert sorted(np.sign(curve.table["estimate"])) == [-1, 1]
    side = -1 if curve.table["estimate"].median() < 0 else 1
    mine = curve.table[np.sign(curve.table["estimate"]) == side].iloc[0]
    clear = mine["low"] > 0 or mine["high"] < 0
    assert curve.summary["value"].tolist()[1:] == [0.5, 0.5 * clear]
    assert f"50% lie {'below' if side < 0 else 'above'} 1" in curve.text


def test_ratios_of_odds_among_ratios_of_rates_are_told(plants):
    df = plants.assign(share=plants["hurt"] / plants["birds"])
    formulas = {"formula": ["hurt ~ speed", "share ~ speed"], "exposure": "birds"}
    both = specification_curve({**formulas, "family": ["poisson", "fractional"]}, df, term="speed")
    assert any(note.startswith("Ratios of fractional models are of odds") for note in both.notes)
    assert not any("odds" in note for note in specification_curve(formulas, df, term="speed").notes)


@pytest.mark.parametrize("shuffles", [-1, 2.5, "ten", True])
def test_shuffles_are_a_whole_number(shuffles, plants):
    with pytest.raises(BadParameter, match="shuffles is"):
        specification_curve({"outcome": "hurt", "condition": "speed"}, plants, shuffles=shuffles)
