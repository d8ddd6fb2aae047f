"""Practices: planted ones are found with their exact conditions, and everything is said that a reader must know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.patterns.practices.made_up import CONDITIONS, panel
from welfare.errors import BadParameter, BadValue
from welfare.patterns.practices.searching.chance import Unevenness
from welfare.patterns.practices.subsets import practices

FIXED = ["conditions", "support", "observed", "expected", "ratio", "p_value", "confirmed"]


PLANTED = {"stunning": ("electrical",), "shift": ("night",)}


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    return panel(0, ratio=2.5)


@pytest.fixture(scope="module")
def found(planted: pd.DataFrame):
    return practices(planted, conditions=CONDITIONS, replicates=199)


def test_a_planted_interaction_is_found_with_its_exact_conditions(found):
    assert found.subsets == (PLANTED,)
    row = found.table.iloc[0]
    assert row["conditions"] == "stunning is electrical, and shift is night"
    assert row["p_value"] == 1 / 200
    assert row["confirmed"] is np.True_ or row["confirmed"] is True
    assert list(found.table.columns[:7]) == FIXED
    assert found.search == "exact"


def test_both_parts_add_up_to_what_pandas_counts(planted, found):
    inside = planted[(planted["stunning"] == "electrical") & (planted["shift"] == "night")]
    row = found.table.iloc[0]
    assert row["observed"] + row["held_out_observed"] == inside["findings_count"].sum()
    assert row["support"] + row["held_out_units"] == inside["facility_id"].nunique()
    assert row["ratio"] == row["observed"] / row["expected"]
    assert row["held_out_ratio"] == row["held_out_observed"] / row["held_out_expected"]
    assert row["held_out_low"] < row["held_out_ratio"] < row["held_out_high"]


def test_without_holding_out_the_numbers_are_those_of_all_rows(planted):
    whole = practices(planted, conditions=CONDITIONS, replicates=99, confirm=None)
    inside = planted[(planted["stunning"] == "electrical") & (planted["shift"] == "night")]
    scale = planted["findings_count"].sum() / planted["expected_count"].sum()
    row = whole.table.iloc[0]
    assert whole.subsets[0] == PLANTED
    assert (row["observed"], row["rows"], row["support"]) == (
        inside["findings_count"].sum(),
        len(inside),
        inside["facility_id"].nunique(),
    )
    assert row["expected"] == pytest.approx(inside["expected_count"].sum() * scale)
    by_facility = inside.groupby("facility_id")["findings_count"].sum()
    assert row["largest_share"] == pytest.approx(by_facility.max() / by_facility.sum())
    assert pd.isna(row["confirmed"])
    assert np.isnan(row["held_out_ratio"])
    assert "not tried on others" in whole.sentences[0]
    assert "none held out" in whole.notes[0]


def test_two_planted_practices_are_both_found_the_second_beyond_the_first():
    df = panel(3, facilities=400, expected=3.0)
    rng = np.random.default_rng(9)
    pigs = ((df["species"] == "pig") & (df["regime"] == "npis")).to_numpy()
    night = ((df["stunning"] == "electrical") & (df["shift"] == "night")).to_numpy()
    df["findings_count"] += rng.poisson(df["expected_count"] * (3 * pigs + 2 * night))
    both = practices(df, conditions=CONDITIONS, replicates=99)
    assert {frozenset(subset.items()) for subset in both.subsets[:2]} == {
        frozenset(PLANTED.items()),
        frozenset({"species": ("pig",), "regime": ("npis",)}.items()),
    }
    assert (both.table["p_value"] <= 0.05).all()
    assert both.table["confirmed"].iloc[:2].all()
    assert any("the combinations before explain" in note for note in both.notes)
    one = practices(df, conditions=CONDITIONS, replicates=99, most=1)
    assert len(one.table) == 1
    assert one.table["observed"].iloc[0] == both.table["observed"].iloc[0]


def test_a_list_of_values_is_found_and_said():
    df = panel(4, facilities=400)
    hit = df["species"].isin(["pig", "turkey"])
    df["findings_count"] = df["findings_count"] + np.random.default_rng(0).poisson(df["expected_count"] * 1.5 * hit)
    said = practices(df, conditions=CONDITIONS, replicates=99)
    assert said.subsets[0] == {"species": ("pig", "turkey")}
    assert said.table["conditions"][0] == "species is pig or turkey"


def test_all_but_one_value_is_said_as_not_that_one():
    df = panel(4, facilities=400)
    miss = df["species"] == "sheep"
    df["findings_count"] = np.random.default_rng(0).poisson(df["expected_count"] * np.where(miss, 0.3, 1.0))
    said = practices(df, conditions=CONDITIONS, replicates=99)
    assert said.table["conditions"][0] == "species is not sheep"
    assert said.subsets[0]["species"] == ("cattle", "chicken", "pig", "turkey")


def test_less_than_expected_can_be_looked_for():
    df = panel(5, ratio=0.3, expected=4.0)
    less = practices(df, conditions=CONDITIONS, replicates=99, direction="less")
    assert less.subsets[0] == PLANTED
    assert less.table["ratio"][0] < 0.7
    assert less.table["confirmed"][0]
    assert "fewer than expected" in less.text


def test_nothing_planted_is_told_as_nothing_shown():
    nothing = practices(panel(7), conditions=CONDITIONS, replicates=99)
    assert nothing.table["p_value"][0] > 0.05
    assert len(nothing.table) == 1
    assert "no combination was shown to matter" in nothing.text


def test_what_few_bad_facilities_do_is_a_practice_to_poisson_and_chance_to_the_default():
    """Facilities differ, with a standard deviation of 1, for reasons of their own; no condition matters."""
    flagged = {"poisson": 0, "negative_binomial": 0}
    for seed in range(10):
        df = panel(seed, facilities=80, between=1.0, within=0.0, expected=4.0)
        for model in flagged:
            p_value = practices(df, conditions=CONDITIONS, replicates=39, model=model, seed=seed).table["p_value"][0]
            flagged[model] += p_value <= 0.05
    assert flagged["poisson"] >= 8
    assert flagged["negative_binomial"] <= 3


def test_the_spread_given_to_chance_is_that_of_the_facilities(found):
    # 0.25 was planted between facilities; what the practice does to them is counted in.
    assert 0.2 < found.spread.between < 0.6
    assert "standard deviation" in found.text
    poisson = practices(panel(0), conditions=CONDITIONS, replicates=19, model="poisson")
    assert poisson.spread == Unevenness(0.0, 0.0)
    assert "taken as independent" in poisson.text


def test_a_combination_that_rests_on_few_facilities_is_never_named():
    df = panel(7, facilities=200)
    rare = df["facility_id"].isin(df["facility_id"].unique()[:4])
    df["housing"] = np.where(rare, "cage", "floor")
    df.loc[rare, "findings_count"] += 40
    tested = practices(df, conditions=["housing", "shift", "regime"], replicates=99, confirm=None)
    assert all(subset.get("housing") is None for subset in tested.subsets)
    assert (tested.table["support"] >= 5).all()
    assert practices(
        df, conditions=["housing", "shift", "regime"], replicates=99, confirm=None, min_units=4, model="poisson"
    ).subsets[0]["housing"] == ("cage",)


def test_one_facility_with_most_of_the_events_is_told():
    df = panel(8, facilities=60, rows=1, expected=6.0, between=0.0, within=0.0)
    df["housing"] = np.where(np.arange(60) < 20, "cage", "floor")
    df.loc[0, "findings_count"] += 400
    told = practices(df, conditions=["housing"], replicates=19, confirm=None, model="poisson")
    assert told.subsets[0] == {"housing": ("cage",)}
    assert told.table["largest_share"][0] > 0.5
    assert any("one of the facilities has" in note for note in told.notes)


def test_conditions_that_go_together_are_told_as_hardly_told_apart():
    df = panel(0, ratio=2.5)
    df["line"] = np.where(df["stunning"] == "electrical", "old line", "new line")
    df["conveyor"] = df["line"].str.replace("line", "conveyor")
    said = practices(df, conditions=["line", "conveyor", "regime"], replicates=99)
    held = said.table["conditions"][0]
    assert held in ("line is old line", "conveyor is old conveyor")
    other = {"line is old line": "conveyor is old conveyor"}.get(held, "line is old line")
    assert any(other in note and "nearly the same" in note for note in said.notes)


def test_the_part_held_out_can_be_too_small_to_tell():
    df = panel(10, facilities=60, rows=2, ratio=1.0, expected=3.0, between=0.0, within=0.0)
    hit = (df["stunning"] == "bolt") & (df["shift"] == "night") & (df["regime"] == "npis")
    df["findings_count"] += np.where(hit, 9, 0)
    told = practices(df, conditions=CONDITIONS, replicates=99, confirm=0.2, min_units=4)
    assert pd.isna(told.table["confirmed"][0])
    assert "too little to tell" in told.sentences[0]


def test_too_few_facilities_are_searched_whole_and_that_is_said():
    df = panel(11, facilities=16, rows=8, expected=4.0)
    told = practices(df, conditions=["stunning", "shift"], replicates=19)
    assert pd.isna(told.table["confirmed"][0])
    assert any("too few facilities" in note for note in told.notes)
    assert any("16 facilities are few" in note for note in told.notes)


def test_a_condition_not_recorded_is_a_value_or_a_reason_and_never_silent(planted):
    df = planted.copy()
    df.loc[df.index[::7], "species"] = None
    own = practices(df, conditions=CONDITIONS, replicates=19)
    assert own.dropped.empty
    assert any("species is missing in 115 rows" in note for note in own.notes)
    dropped = practices(df, conditions=CONDITIONS, replicates=19, missing="drop")
    assert len(dropped.dropped) == 115
    assert set(dropped.dropped["reason"]) == {"missing species"}
    assert "115 missing species" in dropped.text
    df.loc[0, "species"] = "not recorded"
    with pytest.raises(BadValue, match="not recorded"):
        practices(df, conditions=CONDITIONS, replicates=19)


def test_not_recorded_may_itself_be_what_harm_goes_with():
    df = panel(12, facilities=300)
    df["stunning"] = df["stunning"].where(df["stunning"] != "gas")
    df["findings_count"] += np.where(
        df["stunning"].isna(), np.random.default_rng(0).poisson(df["expected_count"] * 2), 0
    )
    assert practices(df, conditions=CONDITIONS, replicates=99).subsets[0] == {"stunning": ("not recorded",)}


def test_rows_without_count_expectation_or_facility_are_left_out_with_a_reason(planted):
    df = planted.astype({"findings_count": "Float64"}).copy()
    df.loc[3, "findings_count"] = None
    df.loc[5, "expected_count"] = np.nan
    df.loc[7, "expected_count"] = 0
    df.loc[9, "facility_id"] = None
    left = practices(df, conditions=CONDITIONS, replicates=19).dropped
    assert left.to_numpy().tolist() == [
        [3, "missing findings_count"],
        [5, "missing expected_count"],
        [7, "nothing expected"],
        [9, "missing facility_id"],
    ]


def test_numbers_are_refused_or_cut_into_stated_bands(planted):
    df = planted.assign(speed=np.where(planted["shift"] == "night", 180.0, 140.0))
    with pytest.raises(BadParameter, match=r"bands=\{'speed'"):
        practices(df, conditions=["speed", "stunning"], replicates=19)
    cut = practices(df, conditions=["speed", "stunning"], bands={"speed": [140, 175]}, replicates=99)
    assert cut.subsets[0] == {"speed": ("175 or more",), "stunning": ("electrical",)}
    wide = df.assign(speed=np.linspace(100, 200, len(df)))
    assert practices(wide, conditions=["speed"], bands={"speed": [140, 175]}, replicates=19).table["conditions"][0] in {
        f"speed is {one}{band}" for one in ("", "not ") for band in ("below 140", "140 to below 175", "175 or more")
    }


def test_yes_and_no_and_categories_are_conditions_as_they_stand(planted):
    night = planted["shift"] == "night"
    stunning = pd.Categorical(planted["stunning"], categories=["gas", "electrical", "bolt", "never used"])
    df = planted.assign(night=night, stunning=stunning)
    assert practices(df, conditions=["night", "stunning"], replicates=99).subsets[0] == {
        "night": ("yes",),
        "stunning": ("electrical",),
    }
    loose = df.assign(night=night.astype("object").where(df.index % 11 > 0, None))
    held = practices(loose, conditions=["night", "stunning"], replicates=19).subsets[0]["night"]
    assert "yes" in held
    assert "no" not in held


def test_a_panel_without_facilities_takes_rows_as_strangers_and_says_so(planted):
    told = practices(planted.drop(columns="facility_id"), conditions=CONDITIONS, replicates=19)
    assert any("No unit was named" in note for note in told.notes)
    assert "rows of 800 rows" in told.text
    other = practices(
        planted.rename(columns={"facility_id": "plant"}), conditions=CONDITIONS, unit="plant", replicates=19
    )
    assert "200 groups by plant" in other.text


def test_the_scale_of_what_is_expected_changes_nothing(planted, found):
    tenfold = planted.assign(expected_count=planted["expected_count"] * 10)
    pd.testing.assert_frame_equal(practices(tenfold, conditions=CONDITIONS, replicates=199).table, found.table)


def test_the_order_of_rows_and_of_conditions_changes_no_finding(planted, found):
    turned = practices(planted[::-1], conditions=CONDITIONS[::-1], replicates=99, confirm=None)
    straight = practices(planted, conditions=CONDITIONS, replicates=99, confirm=None)
    assert dict(turned.subsets[0]) == dict(straight.subsets[0]) == PLANTED
    assert turned.table["expected"][0] == pytest.approx(straight.table["expected"][0])


def test_the_same_seed_gives_the_same_and_another_seed_another(planted, found):
    again = practices(planted, conditions=CONDITIONS, replicates=199)
    pd.testing.assert_frame_equal(again.table, found.table)
    other = practices(planted, conditions=CONDITIONS, replicates=199, seed=1)
    assert other.table["observed"][0] != found.table["observed"][0]


def test_many_values_are_climbed_and_the_planted_practice_is_found():
    rng = np.random.default_rng(2)
    df = panel(13, facilities=500, rows=3, expected=4.0)
    facility = np.unique(df["facility_id"], return_inverse=True)[1]
    for name in ("district", "breed", "builder"):
        df[name] = np.array([f"{name} {n}" for n in range(12)])[rng.integers(0, 12, 500)][facility]
    hit = (df["district"] == "district 3") & (df["shift"] == "night")
    df["findings_count"] += np.where(hit, rng.poisson(df["expected_count"] * 3), 0)
    climbed = practices(df, conditions=["district", "breed", "builder", "shift"], replicates=39)
    assert climbed.search == "ascent"
    assert climbed.subsets[0] == {"district": ("district 3",), "shift": ("night",)}
    assert any("coordinate ascent" in note for note in climbed.notes)


def test_simple_descriptions_are_named_before_long_ones():
    """Without the cost of a description the search names longer lists, which fit chance."""
    length = {True: 0, False: 0}
    for seed in range(4):
        df = panel(seed, ratio=1.8)
        for simple in length:
            subset = practices(df, conditions=CONDITIONS, replicates=19, simple=simple, seed=seed).subsets[0]
            length[simple] += sum(len(values) for values in subset.values())
    assert length[True] < length[False]


def test_simulated_rows_are_marked(planted):
    assert practices(planted.assign(SIMULATED=True), conditions=CONDITIONS, replicates=19).text.startswith(
        "SIMULATED. "
    )
    assert not practices(planted, conditions=CONDITIONS, replicates=19).text.startswith("SIMULATED")


def test_the_text_says_what_it_cannot_show(found):
    assert "not why" in found.text
    assert "100 of them were searched" in found.text
    cautioned = practices(panel(0), conditions=CONDITIONS, replicates=19, caution="One year only.")
    assert cautioned.text.endswith("One year only.")


def test_a_figure_is_drawn(found):
    assert found.plot().get_xscale() == "log"


def test_a_condition_of_one_value_is_noted(planted):
    df = planted.assign(regime="npis")
    assert any(
        "one value in all rows" in note and "regime" in note
        for note in practices(df, conditions=CONDITIONS, replicates=19).notes
    )


def test_the_order_of_rows_changes_nothing(planted):
    again = practices(planted.sample(frac=1, random_state=1), conditions=CONDITIONS[1:], replicates=99)
    asked = practices(planted, conditions=CONDITIONS[1:], replicates=99)
    assert again.table.equals(asked.table)
    assert again.text == asked.text


def test_the_order_of_rows_changes_nothing_where_each_stands_for_itself(planted):
    alone = planted.drop(columns="facility_id")
    again = practices(alone.sample(frac=1, random_state=2), conditions=CONDITIONS[1:], replicates=49)
    assert again.table.equals(practices(alone, conditions=CONDITIONS[1:], replicates=49).table)
