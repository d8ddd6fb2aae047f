"""What may be asked of a scan, and what is answered to what may not: a clear error, or an explained cannot tell."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.patterns.scan.clusters import scan

COLUMNS = ["cluster", "llr", "observed", "expected", "relative_risk", "p_value"]
COLUMNS += ["x", "y", "radius", "members", "start", "end"]
N = 8
GOOD: dict[str, Any] = {
    "cases": [0, 1, 6, 5, 1, 0, 1, 0],
    "population": [10] * N,
    "x": [0, 1, 2, 2.5, 4, 5, 6, 7],
    "y": [0.0] * N,
    "replicates": 19,
}
YEARS = {"time": [2001, 2002, 2003, 2004] * 2, "x": [0] * 4 + [1] * 4}


def asked(**change: Any) -> Any:
    given = {**GOOD, **change}
    columns = [given.pop(name) for name in ("cases", "population", "x", "y")]
    return scan(*columns, **given)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"model": "gamma"}, "there is no model 'gamma'"),
        ({"shape": "square"}, "there is no shape 'square'"),
        ({"analysis": "forecast", "time": YEARS["time"]}, "there is no analysis 'forecast'"),
        ({"max_share": 1.0}, "not between 0 and 1"),
        ({"max_share": 0}, "not between 0 and 1"),
        ({"max_share": "half"}, "max_share is 'half'"),
        ({"replicates": 9}, "cannot give a p-value of 0.05"),
        ({"replicates": 99.5}, "cannot give a p-value of 0.05"),
        ({"max_duration": 0.6, "time": YEARS["time"]}, "max_duration is 0.6"),
        ({"max_duration": 0, "time": YEARS["time"]}, "max_duration is 0"),
        ({"max_duration": 8, "time": list(range(N))}, "as long as the study period"),
        ({"max_radius": -1}, "max_radius is -1"),
        ({"min_cases": 0}, "min_cases is 0"),
        ({"penalty": -0.5}, "penalty is -0.5"),
        ({"stop_after": 0}, "stop_after is 0"),
        ({"stop_after": 20}, "stop_after is 20"),
        ({"model": "permutation"}, "model='permutation' needs x and y and time"),
        ({"model": "permutation", "x": None, "y": None, "time": range(N)}, "needs x and y and time"),
        ({"analysis": "prospective"}, "needs time"),
        ({"shape": "ellipse", "time": YEARS["time"]}, "shape='ellipse' is built for space alone"),
        ({"model": "normal", "time": YEARS["time"]}, "model='normal' is built for space alone"),
        ({"model": "exponential", "time": YEARS["time"]}, "model='exponential' is built for space alone"),
        ({"model": "negative_binomial", "x": None, "y": None, "time": range(N)}, "needs x and y"),
        ({"geographic": True, "x": None, "y": None, "time": range(N)}, "needs x and y"),
        ({"x": None, "y": None}, "neither places nor periods are given"),
        ({"x": None}, "x is missing"),
        ({"y": None}, "y is missing"),
        ({"model": "bernoulli", "covariates": list("aabbaabb")}, "takes no covariates"),
        ({"covariates": list("aabb")}, "differ in length"),
        ({"covariates": pd.Series(list("aabbaabb"), index=range(1, N + 1))}, "different row labels"),
        ({"x": [0, 1, 2]}, "differ in length"),
        ({"time": [2001]}, "differ in length"),
        ({"shape": "ellipse", "geographic": True, "x": [0, 10, 20, 30, 40, 50, 60, 120]}, "too far"),
    ],
)
def test_options_that_cannot_be_used_are_refused_by_name(option: dict, words: str) -> None:
    with pytest.raises(BadParameter, match=re.escape(words)):
        asked(**option)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"cases": [0] * N}, NotEstimable, "0 cases"),
        ({"cases": [1, *[0] * 7]}, NotEstimable, "1 cases"),
        ({"cases": [0.5] * N}, BadValue, "not a count"),
        ({"cases": [-1] * N}, BadValue, "not a count"),
        ({"cases": [np.inf] * N}, BadValue, "infinite"),
        ({"cases": ["some"] * N}, BadValue, "not a number"),
        ({"population": [0] * N}, NoDenominator, "above zero"),
        ({"population": None}, NoDenominator, "no population is given"),
        ({"population": [-1] * N}, BadValue, "below zero"),
        ({"population": [0] * N, "model": "exponential"}, NoDenominator, "time at risk"),
        ({"population": [5] * N, "model": "bernoulli"}, BadValue, "6 cases among 5"),
        ({"population": [10.5] * N, "model": "bernoulli"}, BadValue, "not a count"),
        ({"cases": [10] * N, "model": "bernoulli"}, NotEstimable, "all 80 trials are cases"),
        ({"cases": [2.5] * N, "model": "normal"}, NotEstimable, "1 different values"),
        ({"x": [None] * N}, NotEstimable, "0 places"),
        ({"x": [200, *range(7)], "geographic": True}, BadValue, "no longitude"),
        ({"y": [91.0, *[0] * 7], "geographic": True}, BadValue, "no latitude"),
        ({"population": [40, 40, 40] + [1e-9] * 5, "max_share": 0.2, "x": [0, 1, 2] + [None] * 5}, NotEstimable, "cap"),
        ({"time": ["soon"] * N}, BadValue, "cannot be read"),
        ({"time": [2001, 2002] * 4}, NotEstimable, "span 2 periods"),
        ({"time": [2001] * N}, NotEstimable, "span 1 period"),
        ({"time": [None] * N}, NotEstimable, "0 places with 0 cases"),
        ({"time": [1, 10**7] * 4}, BadValue, "steps"),
    ],
)
def test_data_that_cannot_answer_are_refused(change: dict, error: type[Exception], words: str) -> None:
    if words == "cap":
        words = "every place holds more than 0.2"
    with pytest.raises(error, match=re.escape(words)):
        asked(**change)


@pytest.mark.parametrize("many", [0, 1, 2])
def test_nothing_one_facility_or_two_are_too_few(many: int) -> None:
    with pytest.raises((NotEstimable, NoDenominator)):
        scan([5] * many, [10] * many, list(range(many)), [0] * many)
    with pytest.raises((NotEstimable, NoDenominator)):
        scan([5] * many, [10] * many, None, None, time=list(range(many)))


@pytest.mark.parametrize("model", ["poisson", "negative_binomial", "bernoulli", "exponential", "normal", "expectation"])
def test_every_model_gives_the_same_columns_first(model: str) -> None:
    found = asked(model=model, **({"population": [2] * N} if model == "expectation" else {}))
    assert found.table.columns.tolist()[: len(COLUMNS)] == COLUMNS
    assert found.model == model
    assert found.table["members"][0] == [2, 3]
    assert found.places.loc[[2, 3], "cluster"].tolist() == [1, 1]
    assert "worse handling, or stricter inspection" in found.text


def test_values_of_any_sign_suit_the_normal_model() -> None:
    found = asked(model="normal", cases=[-5.5, -6, -1, -1.2, -5, -6.1, -5.2, -4.9], population=[1] * N)
    assert found.table["members"][0] in ([2, 3], [3, 2])
    assert "mean -1.1, against" in found.text


def test_places_on_one_spot_are_in_a_circle_together() -> None:
    found = asked(x=[0, 0, 1, 1, 2, 2, 3, 3], cases=[0, 1, 6, 0, 1, 0, 1, 0])
    assert sorted(found.table["members"][0]) == [2, 3]
    assert found.table["radius"][0] == 0


def test_cases_where_nobody_could_be_one_do_not_vanish_silently() -> None:
    found = asked(population=[0, *[10] * 7], cases=[7, 1, 6, 5, 1, 0, 1, 0])
    assert found.dropped.to_numpy().tolist() == [[0, "no population"]]
    assert "Left out: 1 no population, with 7 cases." in found.text


def test_covariates_set_what_is_expected() -> None:
    """Old farms have ten times the rate of new ones: farms of many old animals are no cluster once that is known."""
    age = ["old", "new"] * 6
    x = np.repeat(np.arange(6), 2)
    people = [10, 90, 10, 90, 90, 10, 90, 10, 10, 90, 10, 90]
    cases = [5, 4, 5, 5, 45, 0, 45, 1, 5, 5, 5, 4]
    bare = scan(cases, people, x, [0] * 12, replicates=99)
    known = scan(cases, people, x, [0] * 12, covariates=age, replicates=99)
    assert bare.table["p_value"][0] == 0.01
    assert known.table.empty or known.table["p_value"][0] > 0.2
    rates = {"old": 110 / 220, "new": 19 / 380}
    expected = [number * rates[kind] for number, kind in zip(people, age, strict=True)]
    assert known.places["expected"].to_numpy() == pytest.approx(expected)


def test_covariates_of_several_columns_are_crossed_and_a_missing_one_is_a_reason() -> None:
    frame = pd.DataFrame({"species": list("aabbaabb"), "size": ["s", "l"] * 4}).astype("object")
    frame.loc[5, "size"] = None
    found = asked(covariates=frame, cases=[1, 2, 6, 5, 1, 0, 1, 0])
    assert found.dropped.to_numpy().tolist() == [[5, "missing covariate"]]
    expected = [1, 2, 3.5, 2.5, 1, 3.5, 2.5]
    assert found.places["expected"].to_numpy() == pytest.approx(expected)


def test_a_category_without_a_case_leaves_its_rows_out_with_the_reason() -> None:
    found = asked(covariates=list("bbaaaabb"), cases=[0, 0, 6, 5, 1, 2, 0, 0])
    assert set(found.dropped["reason"]) == {"no case in its category, so none expected"}
    assert found.dropped["row"].tolist() == [0, 1, 6, 7]


def test_months_without_any_row_are_months_all_the_same() -> None:
    """Cases in March and May, no row for April: a window of two months cannot hold both."""
    months = [f"2020-{month:02d}-01" for month in (1, 2, 3, 5, 6, 7)] * 3
    cases = [1, 1, 9, 9, 1, 1, *[1] * 12]
    x = np.repeat([0, 1, 2], 6)
    found = scan(cases, [10] * 18, x, [0] * 18, time=pd.to_datetime(months), max_duration=2, replicates=19)
    assert found.table["observed"][0] == 9
    longer = scan(cases, [10] * 18, x, [0] * 18, time=pd.to_datetime(months), max_duration=3, replicates=19)
    row = longer.table.iloc[0]
    assert (row["start"], row["end"]) == (pd.Timestamp("2020-03-01"), pd.Timestamp("2020-05-01"))
    assert any("No place has any exposure in 2020-04-01" in note for note in longer.notes)
    assert len(longer.over_time["period"].unique()) == 7


def test_a_period_in_which_no_place_has_exposure_is_told() -> None:
    found = scan(
        [1, 1, 0, 6, 1, 1, 0, 1, 1, 1, 0, 1],
        [10, 10, 0, 10] * 3,
        np.repeat([0, 1, 2], 4),
        [0] * 12,
        time=[2001, 2002, 2003, 2004] * 3,
        replicates=19,
    )
    assert found.dropped["reason"].tolist() == ["no population"] * 3
    assert any("No place has any exposure in 2003" in note for note in found.notes)


@pytest.mark.parametrize(
    ("time", "start"),
    [
        ([2003] * 3 + [2004] * 3 + [2005] * 3 + [2006] * 3, 2005),
        (["2020-01"] * 3 + ["2020-02"] * 3 + ["2020-03"] * 3 + ["2020-04"] * 3, pd.Timestamp("2020-03-01")),
        (pd.PeriodIndex(["2020Q1"] * 3 + ["2020Q2"] * 3 + ["2020Q3"] * 3 + ["2020Q4"] * 3, freq="Q"), "2020-07-01"),
        (
            pd.to_datetime(["2020-01-15"] * 3 + ["2020-02-15"] * 3 + ["2020-03-15"] * 3 + ["2020-04-15"] * 3),
            "2020-03-15",
        ),
        (list("111222333444"), 3),
    ],
)
def test_periods_are_called_what_they_were_called(time: Any, start: Any) -> None:
    cases = [1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1]
    found = scan(cases, [10] * 12, [0, 1, 2] * 4, [0] * 12, time=time, replicates=19)
    row = found.table.iloc[0]
    assert row["members"] == [6]
    assert row["start"] == row["end"] == (pd.Timestamp(start) if isinstance(start, str) else start)


def test_a_missing_period_is_a_reason() -> None:
    time = [2001, 2002, 2003, 2004] * 3
    time[5] = None
    found = scan([1, 1, 1, 6] * 3, [10] * 12, np.repeat([0, 1, 2], 4), [0] * 12, time=time, replicates=19)
    assert found.dropped.to_numpy().tolist() == [[5, "missing period"]]


def test_under_the_permutation_model_an_unknown_count_is_no_zero() -> None:
    cases = [1, 1, 1, 6, None, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1, 1]
    found = scan(
        cases, None, np.repeat([0, 1, 2, 3], 4), [0] * 16, time=[1, 2, 3, 4] * 4, model="permutation", replicates=19
    )
    assert found.dropped["row"].tolist() == [4, 5, 6, 7]
    assert found.dropped["reason"].tolist()[1:] == ["missing cases in another period of the place"] * 3
    # Expected counts are the margins' of the three places left.
    assert found.places["expected"].iloc[3] == pytest.approx(9 * 8 / 19)
    assert found.places["expected"].sum() == pytest.approx(19)


def test_the_permutation_model_looks_at_no_population() -> None:
    columns = [1, 1, 1, 6, 1, 1, 1, 1, 1, 2, 1, 1], np.repeat([0, 1, 2], 4), [0] * 12
    how: dict[str, Any] = {"time": [1, 2, 3, 4] * 3, "model": "permutation", "replicates": 19}
    one = scan(columns[0], None, *columns[1:], **how)
    other = scan(columns[0], [5, 0, -3] * 4, *columns[1:], **how)
    pd.testing.assert_frame_equal(one.table, other.table)


def test_expected_counts_are_taken_as_they_are_by_the_expectation_model_alone() -> None:
    half = asked(model="expectation", population=[0.5] * N)
    assert half.places["expected"].tolist() == [0.5] * N
    everywhere_high = asked(model="expectation", population=[0.5] * N, cases=[4] * N, max_share=0.5, replicates=99)
    assert everywhere_high.table["p_value"][0] == 0.01
    assert asked(cases=[4] * N, replicates=99).table.empty


def test_relative_risk_is_against_elsewhere_or_against_what_was_expected() -> None:
    inside = asked().table.iloc[0]
    assert inside["relative_risk"] == pytest.approx((11 / 20) / (3 / 60))
    trusted = asked(model="expectation", population=[2] * N).table.iloc[0]
    assert trusted["relative_risk"] == pytest.approx(11 / 4)
    columns = [1, 1, 1, 6, 1, 1, 1, 1, 1, 2, 1, 1], None, np.repeat([0, 1, 2], 4), [0] * 12
    row = scan(*columns, time=[1, 2, 3, 4] * 3, model="permutation", replicates=19).table.iloc[0]
    assert row["relative_risk"] == pytest.approx(row["observed"] / row["expected"])


def test_a_place_that_holds_more_than_half_of_a_cluster_is_named() -> None:
    heaped = asked(cases=[0, 1, 30, 9, 1, 0, 1, 0])
    assert any("one place, 2, holds more than half" in note for note in heaped.notes)
    shared_evenly = asked(cases=[0, 1, 15, 15, 1, 0, 1, 0])
    assert not any("holds more than half" in note for note in shared_evenly.notes)
