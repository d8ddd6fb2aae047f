"""Curves, tests and models of few rows, few clusters and odd columns: no interval narrower than the doubt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration

FEW = pd.DataFrame(
    {
        "days": [2.0, 3, 5, 7, 7, 9, 4, 4],
        "kind": ["s", "d", None, "d", "s", None, "d", "s"],
        "event": [1, 1, 0, 1, 1, 0, 1, 1],
        "caged": [0, 1, 0, 1, 1, 0, 1, 0],
        "group": list("aabbccdd"),
        "herd": [1, 1, 2, 2, 3, 3, 4, 4],
        "side": [0, 0, 0, 0, 1, 1, 1, 1],
    }
)


@pytest.mark.parametrize(
    "kinds",
    [
        pd.array(["s", "d", None, "d", "s", None, "d", "s"], dtype="string"),
        pd.Categorical(["s", "d", None, "d", "s", None, "d", "s"]),
        pd.array([1, 2, None, 2, 1, 0, 2, 1], dtype="Int64"),
        [1.0, 2.0, np.nan, 2.0, 1.0, 0.0, 2.0, 1.0],
        ["1", "2", "", "2", "1", "0", "2", "1"],
    ],
)
def test_kinds_of_event_in_any_type_give_the_same_shares(kinds):
    asked = {"time": "days", "event": "kind"}
    found = cumulative_incidence(FEW.assign(kind=kinds), **asked).table
    usual = cumulative_incidence(FEW, **asked).table
    first, second = sorted(set(found["cause"])), sorted(set(usual["cause"]))
    for here, there in zip(first, second if first == second else second[::-1], strict=True):
        np.testing.assert_allclose(
            found.loc[found["cause"] == here, "incidence"], usual.loc[usual["cause"] == there, "incidence"], rtol=1e-12
        )


def test_a_share_of_one_or_none_has_no_interval_in_the_text():
    """Once printed beside 100% was the interval of an earlier time, which did not hold it."""
    found = cumulative_incidence(FEW.assign(kind="d"), time="days", event="kind")
    assert "d 100% (no interval) by 9" in found.text
    assert "Kaplan-Meier" not in found.text  # with one kind there is nothing to tell apart
    by = cumulative_incidence(FEW, time="days", event="kind", by="caged")
    assert "0, d 0% (no interval)" in by.text
    assert "would say 50% for 1, s where the share is 25%" in by.text
    assert "nan" not in by.text + cumulative_incidence(FEW.assign(h=1), time="days", event="kind", cluster="h").text


def test_groups_never_at_risk_together_add_no_degree_of_freedom():
    """Two strata of two groups each: two comparisons, though there are four groups."""
    found = survival(FEW, time="days", event="event", by="group", strata="side")
    parts = [survival(FEW[FEW["side"] == side], time="days", event="event", by="group") for side in (0, 1)]
    assert found.degrees == 2
    assert found.chi2 == pytest.approx(sum(part.chi2 for part in parts), rel=1e-10)


def test_a_robust_test_needs_more_clusters_than_differences():
    """With one cluster the test is 1 whatever was found; with two and two differences likewise it is 2."""
    one = survival(FEW.assign(herd=1), time="days", event="event", by="caged", cluster="herd")
    assert (one.degrees, np.isnan(one.p_value)) == (0, True)
    assert "cannot be tested" in one.text
    two = survival(
        FEW.assign(c=[0, 1] * 4, g=[0, 1, 2, 0, 1, 2, 0, 1]), time="days", event="event", by="g", cluster="c"
    )
    assert two.degrees == 0
    assert one.check().iloc[-1]["advice"].startswith("One cluster: ")


def test_a_mean_of_few_clusters_uses_students_t():
    from scipy.stats import t

    found = survival(FEW, time="days", event="event", cluster="herd").restricted_mean(5.0).iloc[0]
    assert (found["high"] - found["mean"]) / found["std_error"] == pytest.approx(t.ppf(0.975, 3), rel=1e-9)
    plain = survival(FEW, time="days", event="event").restricted_mean(5.0).iloc[0]
    assert (plain["mean"] - plain["low"]) / plain["std_error"] == pytest.approx(1.959963984540054, rel=1e-12)


def test_a_mean_before_any_event_has_no_interval():
    found = survival(FEW, time="days", event="event").restricted_mean(1.5).iloc[0]
    assert found["mean"] == 1.5
    assert found[["std_error", "low", "high"]].isna().all()


def test_a_time_that_is_missing_has_no_share():
    found = survival(FEW, time="days", event="event").at([np.nan, 5.0])
    assert found["survival"].isna().tolist() == [True, False]


def test_one_row_is_not_several():
    text = survival(FEW.iloc[:1], time="days", event="event").text
    assert "1 event among 1 row, half" in text


@pytest.mark.parametrize("call", [survival, cumulative_incidence])
def test_times_below_zero_and_two_columns_of_one_name_are_refused(call):
    with pytest.raises(BadValue, match="start is -5, below zero"):
        call(FEW.assign(start=-5.0), time="days", entry="start", event="event")
    with pytest.raises(BadParameter, match="more than one column 'days'"):
        call(pd.concat([FEW, FEW[["days"]]], axis=1), time="days", event="event")


def test_a_model_without_any_finite_ratio_says_so():
    one = FEW.assign(event=[0, 0, 0, 1, 0, 0, 0, 0])
    with pytest.raises(NotEstimable, match="no term has a finite hazard ratio"):
        duration("event ~ caged", one, time="days")


def test_conditions_that_give_no_number_are_refused_in_the_models_name():
    fit = duration("event ~ caged", FEW, time="days")
    with pytest.raises(BadParameter, match="condition is missing"):
        fit.hazard_ratio("caged", at=np.nan, reference=0)
    with pytest.raises(BadParameter, match="condition is missing"):
        fit.baseline({"caged": None})
    with pytest.raises(BadParameter, match=r"^duration"):
        fit.hazard_ratio("caged", at="cage", reference=0)


def test_pairs_that_cannot_be_compared_are_not_told():
    """All have the event at once: nobody is left to compare with, and no share of pairs is told."""
    fit = duration("event ~ caged", FEW.assign(days=1.0, event=1, caged=[0, 1, 2, 0, 1, 2, 3, 1]), time="days")
    assert np.isnan(fit.concordance)
    assert "nan" not in fit.text


def test_a_cluster_of_one_row_each_is_robust_and_a_unit_of_one_spell_is_a_row():
    rows = FEW.assign(name=range(8))
    by_cluster = duration("event ~ caged", rows, time="days", cluster="name")
    assert (by_cluster.errors, by_cluster.clusters) == ("CR0", 8)
    assert by_cluster.table.equals(duration("event ~ caged", rows, time="days", errors="CR0", cluster="name").table)
    by_unit = duration("event ~ caged", rows, time="days", unit="name")
    assert (by_unit.errors, by_unit.clusters) == ("model", None)
    assert by_unit.table.equals(duration("event ~ caged", rows, time="days").table)


def test_the_check_of_proportionality_pays_for_the_number_of_terms():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
    rows = rows.assign(days=rng.permutation(300) + 1, event=1)
    fit = duration("event ~ a + b + c", rows, time="days")
    least = fit.proportionality()["p_value"].iloc[:3].min()
    found = fit.check().set_index("check").loc["proportional hazards", "value"]
    assert found == pytest.approx(min(1.0, 3 * least), rel=1e-12)
    assert found != least


def test_only_events_with_nobody_else_at_risk_are_compared_with_none():
    """Of six events, the last of each stratum comes when its row is alone; the one before has a single rival."""
    rows = pd.DataFrame({"days": [1, 2, 3, 1, 2, 3], "event": 1, "side": [0, 0, 0, 1, 1, 1], "x": [1, 0, 2, 0, 1, 0]})
    found = duration("event ~ x", rows, time="days", strata="side").check().set_index("check")
    assert found.loc["events compared with none", "value"] == pytest.approx(2 / 6)


def test_a_row_that_enters_at_a_time_is_not_yet_at_risk_then():
    rows = pd.DataFrame({"start": [0, 0, 5], "days": [8, 5, 9], "event": [1, 1, 0]})
    found = survival(rows, time="days", entry="start", event="event")
    assert found.at([0, 4, 5, 6, 9])["at_risk"].tolist() == [2, 2, 2, 2, 1]
    assert found.table["at_risk"].tolist() == [2, 2, 1]
