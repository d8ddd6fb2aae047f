"""What a pool says, what it leaves out and what it refuses; numbers from exact arithmetic or planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from tests.stats.pooling.trials import bcg
from welfare.errors import BadParameter, NotEstimable
from welfare.stats.pooling.estimating.fit import Rule, Studies, fit, prediction
from welfare.stats.pooling.own_fits import effects_of
from welfare.stats.pooling.pool import pool
from welfare.stats.pooling.result import Pooled

T1, T2, NORMAL = 12.706204736174707, 4.302652729749464, 1.959963984540054  # of 95%, with 1 and 2 degrees, and infinite


def vaccine(**options) -> Pooled:
    df = bcg()
    return pool(df["effect"], df["variance"], labels=df["study"], ratio=True, **options)


# Exact arithmetic


def test_two_studies_of_one_size():
    """REML of two: half the squared difference less the variance; the error is half the difference, t has 1 degree."""
    found = pool([0.0, 1.0], [0.1, 0.1])
    assert found.tau2 == pytest.approx(0.5 - 0.1, rel=1e-12)
    assert [found.estimate, found.std_error] == pytest.approx([0.5, 0.5], rel=1e-12)
    assert [found.low, found.high] == pytest.approx([0.5 - T1 / 2, 0.5 + T1 / 2], rel=1e-10)
    assert np.isnan(found.prediction_low)
    assert "With two studies either one decides." in found.text
    assert any("very wide" in note for note in found.notes)
    with pytest.raises(NotEstimable, match="nothing to pool"):
        found.leave_one_out()
    with pytest.raises(NotEstimable, match="cannot show asymmetry"):
        found.egger()
    assert found.check().set_index("check").loc["influence", "verdict"] == "look closer"


def test_one_true_effect_weighs_by_inverse_variances():
    found = pool([1.0, 2.0, 4.0], [1.0, 0.5, 0.25], method="fixed", ci="normal")
    assert found.table["weight"].tolist() == pytest.approx([1 / 7, 2 / 7, 4 / 7], rel=1e-14)
    assert found.estimate == pytest.approx(21 / 7, rel=1e-14)
    assert found.std_error == pytest.approx(7**-0.5, rel=1e-14)
    assert found.q == pytest.approx(1 * 4 + 2 * 1 + 4 * 1, rel=1e-13)
    assert found.i2 == pytest.approx(100 * (10 - 2) / 10, rel=1e-13)
    assert np.isnan([found.prediction_low, found.prediction_high]).all()
    assert any("one true effect is assumed" in note for note in found.notes)


def test_table_has_each_study_with_its_own_interval_and_a_share_of_the_weight():
    table = vaccine().table
    assert list(table) == ["study", "effect", "std_error", "low", "high", "weight", "ratio", "ratio_low", "ratio_high"]
    assert table["weight"].sum() == pytest.approx(1, rel=1e-14)
    assert (table["high"] - table["effect"]).to_numpy() == pytest.approx(NORMAL * table["std_error"].to_numpy())
    assert table["ratio_high"].to_numpy() == pytest.approx(np.exp(table["high"].to_numpy()))


def test_equal_effects_are_given_no_interval_of_width_zero():
    found = pool([0.2, 0.2, 0.2], [0.01, 0.04, 0.02])
    assert (found.tau2, found.factor) == (0.0, 1.0)
    assert found.std_error == pytest.approx((1 / (100 + 25 + 50)) ** 0.5, rel=1e-13)
    assert found.high - found.estimate == pytest.approx(T2 * found.std_error, rel=1e-10)
    assert any("would be 0" in note for note in found.notes)
    assert (found.tau2_low, found.tau2_high) == (0.0, 0.0)
    assert any("more alike than chance" in note for note in found.notes)
    check = found.check().set_index("check").loc["Hartung-Knapp factor"]
    assert (check["value"], check["verdict"]) == (0.0, "look closer")
    with pytest.raises(NotEstimable, match="alike"):
        found.begg()


def test_where_effects_agree_too_well_the_factor_can_be_kept_from_below_one():
    y, v = [0.20, 0.21, 0.19, 0.20], [0.04, 0.05, 0.03, 0.06]
    plain, kept = pool(y, v), pool(y, v, ci="hksj_adhoc")
    assert plain.factor < 0.01
    assert kept.factor == 1
    assert kept.std_error == pytest.approx((1 / sum(1 / one for one in v)) ** 0.5, rel=1e-12)
    assert any("below 1" in note for note in plain.notes)
    assert plain.check().set_index("check").loc["Hartung-Knapp factor", "verdict"] == "look closer"


@pytest.mark.parametrize("method", ["reml", "dl", "pm", "ml", "hedges", "sj", "fixed"])
def test_units_and_the_order_of_studies_change_nothing(method):
    df = bcg()
    one = pool(df["effect"], df["variance"], method=method)
    turned = df.iloc[::-1]
    other = pool(3 + 1e-6 * turned["effect"], 1e-12 * turned["variance"], method=method)
    assert other.estimate == pytest.approx(3 + 1e-6 * one.estimate, rel=1e-14)
    assert [other.std_error, other.tau2 * 1e6, other.i2] == pytest.approx(
        [one.std_error * 1e-6, one.tau2 * 1e-6, one.i2], rel=1e-6
    )
    assert other.table["weight"].to_numpy() == pytest.approx(one.table["weight"].to_numpy()[::-1], rel=1e-6)


def test_level_sets_every_interval():
    wide, narrow = vaccine(level=0.99), vaccine(level=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.prediction_low < narrow.prediction_low
    assert wide.tau2_low < narrow.tau2_low < narrow.tau2_high < wide.tau2_high
    assert "99% " in wide.text


def test_cumulative_ends_where_the_pool_is_and_follows_the_order():
    found = vaccine()
    steps = found.cumulative(order=bcg()["year"])
    by_year = bcg().sort_values("year", kind="stable")["study"].tolist()
    assert steps["added"].tolist() == by_year[1:]
    assert found.cumulative()["added"].tolist() == bcg()["study"].tolist()[1:]
    assert steps["studies"].tolist() == list(range(2, 14))
    last = steps.iloc[-1]
    assert [last["estimate"], last["low"], last["high"]] == pytest.approx([found.estimate, found.low, found.high])
    two = pool(bcg()["effect"][:2], bcg()["variance"][:2])
    assert steps.loc[0, "estimate"] == pytest.approx(two.estimate)
    with pytest.raises(BadParameter, match="order"):
        found.cumulative(order=[1, 2])


# Planted


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 2,000 sets of 8 studies; a share of 0.95 is known to 0.005."""
    rng, rules = np.random.default_rng(0), [Rule("reml", ci, 0.95) for ci in ("hksj", "normal")]
    held, predicted = np.zeros(2), 0
    for _ in range(2000):
        v, truth = rng.uniform(0.005, 0.03, 8), rng.normal(0.5, 0.4, 9)
        studies = Studies(rng.normal(truth[:8], np.sqrt(v)), v, np.ones((8, 1)), np.arange(8))
        fits = [fit(studies, rule) for rule in rules]
        held += [found.ends()[0] <= 0.5 <= found.ends()[1] for found in fits]
        low, high = prediction(fits[0], rules[0], "higgins", 8)
        predicted += low <= truth[8] <= high
    assert held[0] / 2000 == pytest.approx(0.95, abs=0.015)
    assert held[1] / 2000 < 0.92  # the normal takes the variance between studies as known
    assert predicted / 2000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.slow
def test_a_prediction_is_too_narrow_where_studies_hardly_differ():
    """Known of Higgins' interval (Partlett & Riley 2017), and said on the page: 86% of 95%."""
    rng, rule = np.random.default_rng(0), Rule("reml", "hksj", 0.95)
    held = 0
    for _ in range(2000):
        v, truth = rng.uniform(0.05, 0.2, 15), rng.normal(0.5, 0.3, 16)
        studies = Studies(rng.normal(truth[:15], np.sqrt(v)), v, np.ones((15, 1)), np.arange(15))
        low, high = prediction(fit(studies, rule), rule, "higgins", 15)
        held += low <= truth[15] <= high
    assert held / 2000 == pytest.approx(0.86, abs=0.02)


def test_small_studies_that_lean_are_found():
    rng = np.random.default_rng(1)
    error = rng.uniform(0.05, 0.5, 40)
    found = pool(rng.normal(0.1 + 2 * error, error), error**2)
    assert found.egger().p_value < 1e-3
    assert found.egger().table.loc[0, "limit_low"] < 0.1 < found.egger().table.loc[0, "limit_high"]
    assert "lean to one side" in found.text
    assert found.trim_and_fill().set_index("what").loc["filled", "estimate"] < found.estimate
    assert found.check().set_index("check").loc["asymmetry", "verdict"] == "look closer"


def test_effects_of_one_study_are_one_study():
    """Each study's effects repeated exactly: clustered errors do not shrink, those by row do."""
    df = pd.concat([bcg()] * 4, ignore_index=True)
    rows = pool(df["effect"], df["variance"], labels=df["study"])
    studies = pool(df["effect"], df["variance"], labels=df["study"], study=df["study"])
    assert rows.std_error < 0.55 * studies.std_error
    assert studies.std_error == pytest.approx(vaccine().std_error, rel=0.05)
    assert studies.studies == 13
    assert "52 effects of 13 studies" in studies.text
    assert len(studies.leave_one_out()) == 13
    assert any("independent" in note and "study=" in note for note in rows.notes)
    assert rows.check().set_index("check").loc["repeated labels", "verdict"] == "look closer"
    assert "repeated labels" not in set(studies.check()["check"])


# Own fits


def test_own_fits_can_be_pooled():
    rng = np.random.default_rng(2)
    fits = {}
    for name, slope in zip("ABC", (0.2, 0.3, 0.4), strict=True):
        dense = rng.uniform(0, 2, 200)
        rows = pd.DataFrame({"dense": dense, "deaths": rng.poisson(np.exp(2 + slope * dense))})
        fits[name] = wf.count_model("deaths ~ dense", rows)
    effects = effects_of(fits, "dense")
    assert effects["label"].tolist() == ["A", "B", "C"]
    assert effects["variance"].iloc[1] == fits["B"].table.set_index("term").loc["dense", "std_error"] ** 2
    found = pool(effects["effect"], effects["variance"], labels=effects["label"], ratio=True)
    assert found.low < 0.3 < found.high
    assert effects_of(list(fits.values()), "dense")["label"].tolist() == ["fit 1", "fit 2", "fit 3"]
    for wrong in (lambda: effects_of(fits, "light"), lambda: effects_of({}, "dense"), lambda: effects_of([1], "x")):
        with pytest.raises(BadParameter):
            wrong()


# Words


def test_the_paragraph_says_what_a_court_would_ask():
    text = vaccine(quantity="risk ratio of tuberculosis").text
    for words in (
        "13 studies pooled, allowing their true effects to differ: risk ratio of tuberculosis 0.489 on average",
        "(95% Hartung-Knapp-Sidik-Jonkman interval 0.33 to 0.726)",
        "In a further study like these the true value would be expected between 0.134 and 1.79",
        "on either side of 1",
        "About 92% of the variation among the effects is between studies",
        "from 0.452 (without TPT Madras 1980) to 0.533 (without Hart & Sutherland 1977)",  # codespell:ignore hart
        "no single study decides whether the interval excludes 1",
        "Egger's test, p = 0.19",
        "studies that were never published",
        "pooled associations remain associations",
    ):
        assert words in text


def test_moderators_are_told_with_what_they_cannot_show():
    df = bcg()
    found = vaccine(moderators=df[["latitude"]])
    assert "latitude: ratio 0.971 (0.954 to 0.989)" in found.text
    assert "About 76% of the variance between studies goes with them" in found.text
    assert "differ in other respects too" in found.text
    assert found.regression.table is found.moderators


def test_a_study_that_decides_is_named():
    found = pool([0.1, 0.12, 0.09, 0.11, 0.6], [0.01, 0.012, 0.011, 0.01, 0.02], labels=list("ABCDE"), method="fixed")
    assert "whether the interval includes 0 hangs on E." in found.text
    check = found.check().set_index("check").loc["influence"]
    assert (check["at"], check["verdict"]) == ("E", "look closer")


def test_a_standard_error_far_from_the_others_is_pointed_at():
    found = pool([1.0, 2.0, 1.5, 1.2], [1.0, 1.2, 0.9, 1000.0], labels=list("ABCD"))
    check = found.check().set_index("check").loc["standard errors"]
    assert (check["at"], check["verdict"]) == ("D", "look closer")
    assert check["value"] == pytest.approx(np.sqrt(1000 / 1.1))


def test_missing_values_are_left_out_by_name():
    effects, variances = [0.1, None, 0.3, 0.2, 0.4, 0.3], [0.01, 0.02, None, 0.01, 0.02, 0.03]
    found = pool(effects, variances, moderators={"size": [1, 2, 3, 4, None, 7]})
    reasons = ["missing effect", "missing variance", "missing moderator size"]
    assert found.dropped.to_dict("list") == {"row": [1, 2, 4], "reason": reasons}
    assert found.table.index.tolist() == [0, 3, 5]
    assert all(f"1 {reason}" in found.text for reason in reasons)
    kept = pool([0.1, 0.2, 0.3], [0.01, 0.01, 0.03])
    assert (found.estimate, found.low) == (kept.estimate, kept.low)


def test_simulated_studies_say_so():
    assert pool([1, 2], [1, 1], labels=["SIMULATED A", "SIMULATED B"]).text.startswith("SIMULATED. ")
    frame = pd.DataFrame({"size": [1.0, 2, 3, 5], "SIMULATED": True})
    assert pool([1, 2, 3, 5], [1, 1, 1, 1], moderators=frame).text.startswith("SIMULATED. ")


def test_labels_come_from_the_index_where_it_holds_names():
    effects = pd.Series([1.0, 2.0, 3.0], index=["Alm", "Bauer", "Costa"])
    found = pool(effects, pd.Series([1.0, 1.0, 1.0], index=effects.index))
    assert found.table["study"].tolist() == ["Alm", "Bauer", "Costa"]
    assert pool([1, 2], [1, 1]).table["study"].tolist() == ["study 1", "study 2"]


def test_an_interval_that_likeness_makes_narrow_stands_beside_the_one_of_the_studies_own_errors():
    alike = wf.pool([0.1, 0.12, 0.09, 0.11], [0.04] * 4)
    wide = wf.pool([0.1, 0.12, 0.09, 0.11], [0.04] * 4, ci="hksj_adhoc")
    assert f"by those errors it is {wide.low:.3g} to {wide.high:.3g}" in alike.text
    assert "make it narrow" not in wide.text
    assert "make it narrow" not in wf.pool([0.1, 0.6, -0.5, 0.11], [0.01] * 4).text
