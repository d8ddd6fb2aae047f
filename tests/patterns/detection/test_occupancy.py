"""Occupancy: where a problem is, against whether a visit records it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.patterns.detection.frames import COVERED, holds, r_figure, r_rows, r_terms, repeat_visits, value
from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.detection.repeat_visits.doubts import clumping, misfit
from welfare.patterns.detection.repeat_visits.histories import Histories, histories_of
from welfare.patterns.detection.repeat_visits.occupancy import occupancy
from welfare.patterns.detection.repeat_visits.presence import fit_presence

THERE, RECORDED = "facilities at which the problem is there", "visits that record it"
UNSEEN, MISSED, NAIVE = (
    "facilities never cited",
    "facilities at which it is there and no",
    "facilities at which any visit",
)


def read(rows: pd.DataFrame) -> Histories:
    names = {"facility": "facility_id", "found": "findings_count", "period": "date_from"}
    return histories_of(rows, **names, of_facility=[], of_visit=[], where="test")


def marks(*histories: str) -> pd.DataFrame:
    rows = [(f"p{place}", int(mark)) for place, history in enumerate(histories) for mark in history]
    return pd.DataFrame(rows, columns=["facility_id", "findings_count"])


@pytest.mark.parametrize(
    ("model", "terms"),
    [("occupancy", {}), ("occupancy terms", {"occurrence_by": ["large"], "recording_by": ["hours"]})],
)
def test_estimates_errors_and_likelihood_are_those_of_r(model, terms):
    fit = occupancy(r_rows("visits"), found="seen", replicates=0, **terms)
    ours = fit.coefficients.assign(name=fit.coefficients["model"] + " " + fit.coefficients["term"]).set_index("name")
    for term in r_terms(model)[:-1]:
        assert ours.loc[term, "estimate"] == pytest.approx(r_figure(model, term)["estimate"], abs=1e-5)
        assert ours.loc[term, "std_error"] == pytest.approx(r_figure(model, term)["std_error"], rel=1e-4)
    assert fit.loglik == pytest.approx(r_figure(model, "loglik")["estimate"], abs=1e-8)
    assert fit.aic == pytest.approx(2 * len(ours) - 2 * fit.loglik)


def test_the_interval_is_the_profile_that_r_finds_by_root_finding():
    table = occupancy(r_rows("visits"), found="seen", replicates=0).table
    for end in ("low", "high"):
        assert value(table, THERE, end) == pytest.approx(r_figure("occupancy profile", end)["estimate"], abs=2e-6)


def test_with_two_visits_each_the_estimates_are_those_of_lincoln_and_petersen():
    """Of two visits each, n1 = 30 facilities cited once, n2 = 20 twice: p = 2 n2 / (n1 + 2 n2), psi p^2 = n2 / n."""
    rows = marks(*["11"] * 20, *["10"] * 17, *["01"] * 13, *["00"] * 150)
    fit = occupancy(rows, replicates=0)
    p = 40 / 70
    assert value(fit.table, RECORDED) == pytest.approx(p, abs=1e-9)
    assert value(fit.table, THERE) == pytest.approx(20 / 200 / p**2, abs=1e-9)
    there = 20 / 200 / p**2
    given = there * (1 - p) ** 2 / (there * (1 - p) ** 2 + 1 - there)
    assert value(fit.table, UNSEEN) == pytest.approx(given, abs=1e-9)
    assert value(fit.table, MISSED) == pytest.approx(given * 150 / 200, abs=1e-9)
    assert value(fit.table, NAIVE) == 0.25
    shown = fit.facilities.set_index("facility_id")["chance_there"]
    assert shown["p0"] == 1
    assert shown["p199"] == pytest.approx(given)


def test_the_chance_given_the_visits_falls_with_visits_that_found_nothing():
    rows = marks(*["110"] * 10, *["100"] * 10, *["0"] * 5, *["000000"] * 5, *["000"] * 20)
    chance = occupancy(rows, replicates=0).facilities.groupby("visits")["chance_there"].min()
    assert chance[1] > chance[3] > chance[6]


def test_an_estimate_on_its_bound_has_an_interval_and_says_so():
    """Never missed: every cited facility is cited on every visit, so psi is binomial with a profile interval."""
    fit = occupancy(marks(*["111"] * 6, *["000"] * 4), replicates=0)
    assert (value(fit.table, THERE), value(fit.table, RECORDED)) == (pytest.approx(0.6), 1.0)
    from scipy.stats import binom, chi2

    for end in ("low", "high"):
        at = value(fit.table, THERE, end)
        drop = binom.logpmf(6, 10, 0.6) - binom.logpmf(6, 10, at)
        assert drop == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=2e-3)
    assert value(fit.table, RECORDED, "reason") == "the estimate lies on its bound"
    assert fit.coefficients.empty
    everywhere = occupancy(marks("100", "001", "010", "000", "100", "010"), replicates=0)
    assert value(everywhere.table, THERE) == 1.0
    assert value(everywhere.table, RECORDED) == pytest.approx(5 / 18)
    assert value(everywhere.table, THERE, "high") == 1.0
    assert value(everywhere.table, THERE, "low") < 0.9


@pytest.mark.parametrize("simulations", COVERED)
@pytest.mark.parametrize("name", [THERE, RECORDED, UNSEEN])
def test_planted_chances_lie_in_the_intervals(simulations, name):
    missed = 0.4 * 0.65**4
    truth = {THERE: 0.4, RECORDED: 0.35, UNSEEN: missed / (missed + 0.6)}[name]

    def held(seed: int) -> bool:
        table = occupancy(repeat_visits(seed, facilities=150, recorded=0.35), replicates=0, level=0.8).table
        return value(table, name, "low") <= truth <= value(table, name, "high")

    holds(held, simulations, 0.8)


def test_planted_terms_are_found():
    rng = np.random.default_rng(5)
    rows = repeat_visits(1, facilities=1500, there=1.0, recorded=1.0)
    large, hours = np.repeat(rng.normal(size=1500), 4), rng.normal(size=6000)
    has = np.repeat(rng.random(1500), 4) < 1 / (1 + np.exp(-(0.2 + 0.8 * large)))
    rows["findings_count"] = has & (rng.random(6000) < 1 / (1 + np.exp(0.6 - 0.7 * hours)))
    rows["large"], rows["hours"] = large, hours
    fit = occupancy(rows, occurrence_by=["large"], recording_by=["hours"], replicates=0)
    for (_, row), truth in zip(fit.coefficients.iterrows(), (0.2, 0.8, -0.6, 0.7), strict=True):
        assert abs(row["estimate"] - truth) < 3.3 * row["std_error"]
        assert row["std_error"] < 0.15
    low, high = (value(fit.table, THERE, end) for end in ("low", "high"))
    assert low < has[::4].mean() < high


def test_with_terms_that_do_nothing_intervals_are_near_those_without():
    rows = repeat_visits(3, facilities=400)
    rows["x"] = np.random.default_rng(0).normal(size=len(rows))
    plain, terms = occupancy(rows, replicates=0), occupancy(rows, recording_by=["x"], replicates=0)
    for name in (THERE, RECORDED, UNSEEN, MISSED):
        for column in ("estimate", "low", "high"):
            assert value(terms.table, name, column) == pytest.approx(value(plain.table, name, column), rel=0.08)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_order_that_means_nothing_is_called_runs_at_the_level(simulations):
    at_level(lambda seed: clumping(read(repeat_visits(seed))).p_value < 0.05, simulations)


@pytest.mark.parametrize("simulations", [20, SIMULATIONS[-1]])
def test_a_fit_that_holds_is_rejected_at_the_level(simulations):
    def rejected(seed: int) -> bool:
        rows = read(repeat_visits(seed, facilities=80, visits=3, recorded=0.5))
        return misfit(rows, fit_presence(rows, "test"), 19, seed).p_value <= 0.05

    at_level(rejected, simulations)


def test_a_problem_that_ends_leaves_runs_and_is_told():
    fit = occupancy(repeat_visits(0, facilities=400, visits=6, there=0.6, recorded=0.7, runs=0.25), replicates=0)
    assert fit.clumping.p_value < 0.001
    assert "come in runs" in fit.text
    assert any("comes and goes" in note for note in fit.notes)


def test_pairs_expected_of_an_order_without_meaning_are_those_of_all_orders():
    """Every order of two records on four visits, once each: as many pairs as expected, whatever the variance."""
    orders = ["1100", "1010", "1001", "0110", "0101", "0011"]
    seen = occupancy(marks(*orders * 2), replicates=0).clumping
    assert (seen.facilities, seen.seen, seen.expected) == (12, 6, pytest.approx(6.0))
    assert seen.p_value == pytest.approx(0.5)
    from scipy.stats import norm

    together = occupancy(marks(*["1100"] * 7, *orders), replicates=0).clumping
    # Of one facility: 0 or 1 pair, as likely as not.
    assert together.p_value == pytest.approx(norm.sf((10 - 6.5) / np.sqrt(13 / 4)))


def test_facilities_unlike_in_a_way_the_model_does_not_give_are_told():
    rng = np.random.default_rng(2)
    chance = np.where(rng.random(400) < 0.5, 0.9, 0.08)
    rows = repeat_visits(2, facilities=400, visits=6)
    rows["findings_count"] = (rng.random((400, 6)) < chance[:, None]).astype(int).ravel()
    fit = occupancy(rows, replicates=39)
    assert fit.misfit.p_value <= 0.05
    assert fit.misfit.c_hat > 1.5
    assert any("c-hat" in note for note in fit.notes)


def test_counts_above_one_are_records_and_dates_put_them_in_order():
    rows = repeat_visits(4, facilities=60, recorded=0.6)
    shuffled = rows.sample(frac=1, random_state=0)
    marked = rows.assign(findings_count=(rows["findings_count"] > 0).astype(int))
    one, two, three = (occupancy(r, period="date_from", replicates=0) for r in (rows, shuffled, marked))
    assert one.table.equals(two.table)
    assert one.table.equals(three.table)
    assert not any("order of the rows" in note for note in one.notes)
    assert any("order of the rows" in note for note in occupancy(rows, replicates=0).notes)


def test_rows_without_what_is_needed_are_dropped_with_the_reason():
    rows = repeat_visits(0, facilities=50)
    rows.loc[3, "facility_id"] = None
    rows["findings_count"] = rows["findings_count"].astype("Float64")
    rows.loc[7, "findings_count"] = pd.NA
    fit = occupancy(rows, replicates=0)
    assert fit.dropped.to_dict("records") == [
        {"row": 3, "reason": "missing facility_id"},
        {"row": 7, "reason": "missing findings_count"},
    ]
    assert "Left out: 1 missing" in fit.text
    assert fit.facilities["visits"].sum() == 198


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (marks(*["0"] * 5, *["1"] * 5), "no facility was visited twice"),
        (marks(*["00"] * 9), "no visit recorded anything"),
        (marks("01", "10"), "visits are to 2 facilities"),
        (marks("0110"), "visits are to 1 facility"),
        (marks().astype({"findings_count": float}), "there are no visits"),
    ],
)
def test_what_visits_cannot_answer_is_said(rows, why):
    with pytest.raises(NotEstimable, match=why):
        occupancy(rows)


def test_bad_input_is_refused():
    rows = repeat_visits(0, facilities=20)
    rows["new"] = np.arange(len(rows))
    with pytest.raises(BadParameter, match="no column 'plant'"):
        occupancy(rows, facility="plant")
    with pytest.raises(BadParameter, match="new changes between visits to one facility"):
        occupancy(rows, occurrence_by=["new"])
    with pytest.raises(BadParameter, match=r"level is 1\.5"):
        occupancy(rows, level=1.5)
    with pytest.raises(BadParameter, match="5 replicates"):
        occupancy(rows, replicates=5)
    with pytest.raises(BadParameter, match="list, not a DataFrame"):
        occupancy([1, 2])
    for bad, error in ((-1, "not a count"), (0.5, "not a count"), (np.inf, "infinite")):
        with pytest.raises(BadValue, match=error):
            occupancy(rows.assign(findings_count=rows["findings_count"].astype(float).replace(0.0, bad)))
    with pytest.raises(BadValue, match="not a number"):
        occupancy(rows.assign(findings_count="many"))
    with pytest.raises(NotEstimable, match="repeat one another"):
        occupancy(rows.assign(one=1.0), occurrence_by=["one"])


def test_the_text_says_what_often_fails():
    text = occupancy(repeat_visits(0), replicates=0).text
    assert "throughout or not at all often fails under inspection" in text
    assert "nothing is recorded that is not there" in text
    marked = repeat_visits(0).assign(SIMULATED=True)
    assert occupancy(marked, replicates=0).text.startswith("SIMULATED. ")


def test_the_variance_of_pairs_is_that_of_all_orders():
    from itertools import combinations

    from scipy.stats import norm

    orders = [set(order) for order in combinations(range(6), 4)]
    pairs = [sum(at in order and at + 1 in order for at in range(5)) for order in orders]
    seen = occupancy(marks(*["111100"] * 10, "000000"), replicates=0).clumping
    assert seen.expected == pytest.approx(10 * np.mean(pairs))
    assert seen.p_value == pytest.approx(norm.sf((30 - 10 * np.mean(pairs)) / np.sqrt(10 * np.var(pairs))))
