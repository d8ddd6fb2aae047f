"""Effects by imputation: R's didimputation, diff-diff, statsmodels, the infinitesimal jackknife, planted truths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import binom

import welfare as wf
from tests.stats.adoption.imputation_panels import (
    ESTIMATES,
    average,
    farm_rows,
    farms,
    horizon,
    off,
    planted,
    simulated,
)
from tests.stats.adoption.naive_panels import arrays, by_hand
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.imputation import impute
from welfare.stats.adoption.imputing.imputation_leads import leads, leads_poisson
from welfare.stats.adoption.imputing.poisson_imputation import impute_poisson, pooled_ratios


@pytest.mark.real
def test_counties_as_r_didimputation_has_them(shared) -> None:
    table = pd.read_csv(shared / "data" / "reference" / "mpdta.csv")
    adoption = arrays(table, "lemp", "countyreal", "year", "first.treat")
    found = impute(adoption)
    since = horizon(adoption, found)
    estimate, error = average(found, since >= 0)
    # R's estimates come from demeaning that stops at 1e-8 or so.
    assert estimate == pytest.approx(-0.04770991511, rel=1e-6)
    assert error == pytest.approx(0.01322248865, rel=1e-9)
    by_horizon = [average(found, since == at)[0] for at in range(4)]
    assert by_horizon == pytest.approx([-0.03106692, -0.05223485, -0.13607811, -0.10470747], abs=1e-8)


@pytest.mark.parametrize(("called", "covariates"), [("plain", ()), ("heat", ("heat",))])
def test_a_panel_with_holes_as_diff_diff_has_it(called: str, covariates: tuple[str, ...]) -> None:
    adoption = farms("score", covariates=covariates)
    found = impute(adoption)
    since = horizon(adoption, found)
    for what, row in pd.read_csv(ESTIMATES).set_index(["program", "what"]).loc[f"imputation {called}"].iterrows():
        cells = since >= 0 if what == "overall" else since == int(str(what)[1:])
        # diff-diff's own demeaning stops at 1e-10.
        assert average(found, cells) == pytest.approx((row["estimate"], row["std_error"]), rel=2e-9)


def dummies(adoption: Adoption) -> np.ndarray:
    """Return the design of units, periods and covariates written out."""
    units = adoption.unit[:, None] == np.arange(adoption.units)
    periods = adoption.period[:, None] == np.arange(1, len(adoption.periods))
    return np.column_stack([units, periods, adoption.covariates]).astype(float)


def by_statsmodels(adoption: Adoption, weights: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Return effects by cell or group, each row counting so often: differences, or logarithms of ratios."""
    design, untreated = dummies(adoption), ~adoption.treated
    keys = (adoption.cohort[adoption.unit] * 100 + adoption.period if groups is None else groups)[~untreated]
    rows = pd.DataFrame({"y": adoption.outcome * weights, "w": weights})[~untreated]
    if adoption.exposure is None:
        fit = sm.WLS(adoption.outcome[untreated], design[untreated], weights=weights[untreated]).fit()
        rows["expected"] = (design @ fit.params * weights)[~untreated]
        sums = rows.groupby(keys).sum()
        return ((sums["y"] - sums["expected"]) / sums["w"]).to_numpy()
    offset = np.log(adoption.exposure)
    fit = sm.GLM(
        adoption.outcome[untreated],
        design[untreated],
        family=sm.families.Poisson(),
        offset=offset[untreated],
        freq_weights=weights[untreated],
    ).fit(tol=1e-14, maxiter=100)
    rows["expected"] = (np.exp(design @ fit.params + offset) * weights)[~untreated]
    sums = rows.groupby(keys).sum()
    return np.log(sums["y"] / sums["expected"]).to_numpy()


@pytest.mark.parametrize("outcome", ["score", "deaths"])
def test_estimates_are_those_of_dummies_written_out_and_influence_is_the_pull_of_each_cluster(outcome: str) -> None:
    exposure = "birds" if outcome == "deaths" else None
    adoption = farms(outcome, covariates=("heat",), exposure=exposure, cluster="district")
    found = (impute if exposure is None else impute_poisson)(adoption)
    whole = np.ones(len(adoption.outcome))
    np.testing.assert_allclose(found.estimate, by_statsmodels(adoption, whole), rtol=1e-9)
    step, few = 1e-4, np.sqrt(adoption.clusters / (adoption.clusters - 1))
    for cluster in range(1, adoption.clusters, 6):
        mine = adoption.cluster[adoption.unit] == cluster
        ends = [by_statsmodels(adoption, whole + sign * step * mine) for sign in (1, -1)]
        # A central difference is right to the square of its step.
        pull = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found.influence[cluster], pull * few, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(found.influence.T @ found.influence, found.covariance, rtol=1e-12)


def test_pooled_ratios_add_events_up_first() -> None:
    adoption = farms("deaths", exposure="birds")
    cells = impute_poisson(adoption)
    by_cell = adoption.cohort[adoption.unit] * 8 + adoption.period
    again = pooled_ratios(adoption, np.searchsorted(np.unique(by_cell[adoption.treated]), by_cell) % 12)
    np.testing.assert_allclose(again.estimate, cells.estimate, rtol=1e-12)
    np.testing.assert_allclose(again.covariance, cells.covariance, rtol=1e-10, atol=1e-16)
    whole = pooled_ratios(adoption, np.zeros(len(by_cell), dtype=int))
    assert whole.observed[0] == adoption.outcome[adoption.treated].sum()
    assert whole.expected[0] == pytest.approx(again.expected.sum(), rel=1e-12)
    assert whole.estimate[0] == pytest.approx(np.log(again.observed.sum() / again.expected.sum()), rel=1e-12)
    one = int(np.flatnonzero(adoption.cohort < 8)[1])
    mine = (adoption.unit == one).astype(float)
    ends = [by_statsmodels(adoption, 1 + sign * 1e-4 * mine, 0 * adoption.unit) for sign in (1, -1)]
    assert whole.influence[one, 0] == pytest.approx((ends[0] - ends[1])[0] / 2e-4, rel=1e-6)


@pytest.mark.parametrize("counts", [False, True])
def test_planted_effects_are_found(counts: bool) -> None:
    adoption = simulated(3, units=1200, counts=counts)
    found = (impute_poisson if counts else impute)(adoption)
    away = off(found, planted(found.period, found.cohort))
    assert len(away) == 13
    assert np.abs(away).max() < 4
    assert np.sqrt(np.diag(found.covariance)).max() < 0.06  # close enough for 4 errors to say something
    assert found.weight.sum() == (adoption.treated & (found.row_reason == "")).sum() > 3400


def test_units_without_an_event_before_treatment_stay_in_with_an_expectation_of_nothing() -> None:
    # One event per untreated unit in all: without those that had none, the ratio would be some 40% too low.
    adoption = simulated(5, units=6000, rate=0.15, counts=True, steady=True)
    everything = np.zeros(len(adoption.outcome), dtype=int)
    found = pooled_ratios(adoption, everything)
    error = np.sqrt(found.covariance[0, 0])
    assert error < 0.06
    assert abs(found.estimate[0] - 0.3) < 4 * error
    events = np.bincount(adoption.unit[~adoption.treated], adoption.outcome[~adoption.treated], adoption.units)
    some = adoption.treated & (events[adoption.unit] > 0)
    without = np.log(adoption.outcome[some].sum() / found.expected[0])
    assert without < 0.3 - 5 * error


@pytest.mark.slow
@pytest.mark.parametrize("counts", [False, True])
def test_intervals_cover_what_was_planted(counts: bool) -> None:
    inside, many = np.zeros(2), 300
    for seed in range(many):
        # Sandwich errors of counts need more units: with 160 they are 7% too small here.
        adoption = simulated(1000 + seed, units=400 if counts else 160, counts=counts, rate=4, steady=True)
        found = (impute_poisson if counts else impute)(adoption)
        since = horizon(adoption, found)
        for at, cells in enumerate([since >= 0, since == 1]):
            estimate, error = average(found, cells)
            inside[at] += abs(estimate - 0.3) < 1.96 * error
    low, high = binom.ppf([0.0005, 0.9995], many, 0.95)
    assert (inside >= low).all(), inside
    assert (inside <= high).all(), inside


def test_rows_that_cannot_be_imputed_have_a_reason_and_cells_do_without_them() -> None:
    outcome = np.arange(20.0).reshape(5, 4) ** 1.3
    kept = np.ones((5, 4), dtype=bool)
    kept[1, :2] = False  # treated from its first row on
    kept[[3, 4], 3] = False  # nobody untreated in the last period
    adoption = by_hand([2, 2, 2, 4, 4], 4, outcome, kept=kept)
    found = impute(adoption)
    assert found.period.tolist() == [2, 3]
    assert found.weight.tolist() == [2, 0]
    assert found.cell_reason.tolist() == ["", "no untreated row in its period"]
    last = adoption.treated & (adoption.period == 2) & (adoption.unit == 1)
    assert found.row_reason[last].tolist() == ["no untreated row of its unit"]
    assert (found.row_reason[~adoption.treated] == "").all()
    assert np.isnan(found.estimate).tolist() == [False, True]
    assert np.isnan(found.covariance).tolist() == [[False, True], [True, True]]
    untreated = outcome[[0, 2, 3, 4], :2].mean(axis=1)
    trend = outcome[3:, 2].mean() - untreated[2:].mean()
    assert found.estimate[0] == pytest.approx(outcome[[0, 2], 2].mean() - untreated[:2].mean() - trend, rel=1e-12)


def test_a_unit_and_a_period_that_no_chain_of_rows_links_say_nothing_of_each_other() -> None:
    kept = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=bool)
    adoption = by_hand([2, 2, 4, 4, 4], 4, np.arange(20.0).reshape(5, 4), kept=kept)
    with pytest.raises(NotEstimable, match="no treated row shares its unit and its period"):
        impute(adoption)
    bridged = by_hand([2, 2, 4, 4, 4], 4, np.arange(20.0).reshape(5, 4), kept=kept | (np.arange(5) == 4)[:, None])
    assert np.isfinite(impute(bridged).estimate).all()


def test_covariates_beyond_what_untreated_rows_hold_are_no_ground_for_a_prediction() -> None:
    source = np.random.default_rng(2)
    adoption = by_hand([2, 2, 2, 4, 4, 4], 4, source.normal(size=(6, 4)))
    # A rule that came in where units were treated, in one of their periods: untreated rows never had it.
    rule = ((adoption.unit == 0) & (adoption.period == 3)).astype(float)
    found = impute(replace(adoption, covariates=rule[:, None]))
    assert found.row_reason[rule == 1].tolist() == ["its covariates go beyond what untreated rows hold"]
    assert found.weight.tolist() == [3, 2]
    # One that only moves a unit's level is held by its effect.
    level = (adoption.unit == 0).astype(float)
    np.testing.assert_allclose(
        impute(replace(adoption, covariates=level[:, None])).estimate, impute(adoption).estimate, rtol=1e-12
    )


def test_a_cell_of_one_cluster_varies_about_all_treated_rows() -> None:
    outcome = np.random.default_rng(4).normal(size=(8, 4))
    adoption = by_hand([2, 3, 3, 4, 4, 4, 4, 4], 4, outcome)
    found = impute(adoption)
    assert found.alone.tolist() == [True, True, False]
    assert "of one cluster" in found.words
    # Cell (2, 2) holds unit 0 alone, whose untreated rows do not enter its own influence.
    effect = np.repeat(found.estimate, found.weight.astype(int)).mean()
    assert found.influence[0, 0] == pytest.approx(found.estimate[0] - effect, rel=1e-12)
    assert np.isnan(impute(by_hand([2, 4, 4, 4, 4], 4, outcome[:5])).covariance).all()
    counts = by_hand([2, 3, 3, 4, 4, 4, 4, 4], 4, np.random.default_rng(4).poisson(9, size=(8, 4)).astype(float))
    ratios, whole = impute_poisson(counts), pooled_ratios(counts, np.zeros(32, dtype=int))
    beyond = np.exp(whole.estimate[0] - ratios.estimate[0])
    assert ratios.influence[0, 0] == pytest.approx(1 - beyond, rel=1e-9)


@pytest.mark.parametrize(
    ("cohorts", "message"),
    [([4, 4, 4], "no row is treated"), ([0, 0, 0], "every row is treated"), ([2, 2, 2], "no treated row shares")],
)
def test_nothing_to_compare_is_refused(cohorts: list[int], message: str) -> None:
    adoption = by_hand(cohorts, 4, np.random.default_rng(1).poisson(9, size=(3, 4)).astype(float))
    for method in (impute, impute_poisson):
        with pytest.raises(NotEstimable, match=message):
            method(adoption)


def test_one_cluster_is_refused() -> None:
    adoption = by_hand([2, 2, 4, 4], 4, np.ones((4, 4)) + np.eye(4), cluster=np.zeros(4, dtype=int))
    for method in (impute, impute_poisson, lambda given: leads(given, 1)):
        with pytest.raises(NotEstimable, match="all of one cluster"):
            method(adoption)


def test_cells_without_events_seen_or_expected_are_missing_with_a_reason() -> None:
    counts = np.random.default_rng(3).poisson(5, size=(8, 5)).astype(float) + 1
    cohorts = [2, 2, 2, 3, 3, 5, 5, 5]
    counts[3:5, 3] = 0  # a cell without events
    counts[5:, 4] = 0  # a period without untreated events
    found = impute_poisson(by_hand(cohorts, 5, counts))
    reasons = dict(zip(zip(found.cohort.tolist(), found.period.tolist(), strict=True), found.cell_reason, strict=True))
    assert reasons[3, 3] == "no event"
    assert reasons[2, 4] == reasons[3, 4] == "no event in untreated rows of its period"
    assert [at for at, reason in reasons.items() if not reason] == [(2, 2), (2, 3)]
    assert np.isfinite(found.estimate).tolist() == [not reason for reason in found.cell_reason]
    counts[:2] = 0
    counts[2, :2] = 0  # a cohort without any event before its treatment
    quiet = impute_poisson(by_hand(cohorts, 5, counts))
    assert quiet.cell_reason[0] == "no event is expected"


def test_counts_below_zero_exposures_of_nothing_and_no_events_are_refused() -> None:
    counts = np.ones((4, 4))
    adoption = by_hand([2, 2, 4, 4], 4, counts, exposure=np.ones(16))
    with pytest.raises(BadValue, match="1 outcomes are below 0"):
        impute_poisson(replace(adoption, outcome=adoption.outcome - 2 * (np.arange(16) == 3)))
    with pytest.raises(BadValue, match="1 exposures are not above 0"):
        impute_poisson(replace(adoption, exposure=adoption.exposure - (np.arange(16) == 3)))
    with pytest.raises(NotEstimable, match="untreated rows have no event"):
        impute_poisson(replace(adoption, outcome=adoption.treated.astype(float)))
    with pytest.raises(NotEstimable, match="untreated rows have no event"):
        leads_poisson(replace(adoption, outcome=adoption.treated.astype(float)), 1)


def test_a_covariate_that_only_rows_without_events_have_is_refused() -> None:
    counts = np.random.default_rng(6).poisson(4, size=(8, 5)).astype(float) + 1
    adoption = by_hand([3, 3, 3, 5, 5, 5, 5, 5], 5, counts)
    shut = ((adoption.unit == 6) & (adoption.period == 1)).astype(float)
    adoption = replace(adoption, outcome=adoption.outcome * (1 - shut), covariates=shut[:, None])
    with pytest.raises(NotEstimable, match="covariate 1 does not vary"):
        impute_poisson(adoption)


def test_leads_are_dummies_among_untreated_rows() -> None:
    rows = farm_rows()
    untreated = rows[(rows["cohort"] == 0) | (rows["year"] < rows["cohort"])]
    untreated = untreated[untreated.groupby("farm")["year"].transform("size") > 1].copy()
    for lead in (1, 2):
        untreated[f"lead{lead}"] = (untreated["year"] == untreated["cohort"] - lead).where(untreated["cohort"] > 0, 0)
        untreated[f"lead{lead}"] = untreated[f"lead{lead}"].astype(float)
    found = leads(farms("score", covariates=("heat",), cluster="district"), 2)
    design = pd.get_dummies(untreated[["farm", "year"]].astype(str), dtype=float, drop_first=True).assign(constant=1.0)
    design[["lead1", "lead2", "heat"]] = untreated[["lead1", "lead2", "heat"]]
    fit = sm.OLS(untreated["score"], design).fit(cov_type="cluster", cov_kwds={"groups": untreated["district"]})
    np.testing.assert_allclose(found.estimate, fit.params[["lead1", "lead2"]], rtol=1e-10)
    # Alike but for the effects of farms, which lie within districts and do not count here.
    n, years, others, counted = len(untreated), untreated["year"].nunique(), 3, design.shape[1]
    errors = fit.bse[["lead1", "lead2"]] * np.sqrt((n - counted) / (n - years - others))
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=1e-9)
    assert found.weight.tolist() == untreated[["lead1", "lead2"]].sum().tolist()
    ratios = leads_poisson(farms("deaths", covariates=("heat",), exposure="birds", cluster="district"), 2)
    model = wf.count_model(
        "deaths ~ lead1 + lead2 + heat | farm + year", untreated, exposure="birds", cluster="district"
    ).table.set_index("term")
    np.testing.assert_allclose(ratios.estimate, model.loc[["lead1", "lead2"], "estimate"], rtol=1e-9)
    np.testing.assert_allclose(
        np.sqrt(np.diag(ratios.covariance)), model.loc[["lead1", "lead2"], "std_error"], rtol=1e-9
    )


def test_leads_that_nothing_can_be_compared_with_are_missing() -> None:
    # Everyone is treated, and each period before is a lead: the furthest is what the others are compared with.
    adoption = by_hand([3, 3, 3, 3, 3], 4, np.random.default_rng(7).normal(size=(5, 4)))
    found = leads(adoption, 4)
    assert np.isnan(found.estimate).all()
    mixed = by_hand([3, 3, 3, 4, 4, 4], 4, np.random.default_rng(7).normal(size=(6, 4)))
    found = leads(mixed, 4)
    assert np.isnan(found.estimate).tolist() == [False, False, True, True]
    assert found.weight.tolist() == [3, 3, 3, 0]
    with pytest.raises(BadParameter, match="0 leads"):
        leads(mixed, 0)


def test_leads_find_what_was_planted_before_treatment() -> None:
    for counts, method in ((False, leads), (True, leads_poisson)):
        adoption = simulated(8, units=1200, counts=counts)
        early = (adoption.horizon == -1) & ~adoption.treated
        grown = np.random.default_rng(0).poisson(adoption.outcome * 0.5) if counts else 0.4
        found = method(replace(adoption, outcome=adoption.outcome + early * grown), 2)
        truth = np.array([np.log(1.5) if counts else 0.4, 0.0])
        error = np.sqrt(np.diag(found.covariance))
        assert (error < 0.06).all()
        assert (np.abs(found.estimate - truth) < 4 * error).all()


def test_a_lead_without_events_is_missing_and_does_not_hold_the_others_up() -> None:
    counts = np.random.default_rng(9).poisson(6, size=(9, 6)).astype(float) + 1
    counts[:4, 3] = 0
    adoption = by_hand([4, 4, 4, 4, 6, 6, 6, 6, 6], 6, counts)
    found = leads_poisson(adoption, 2)
    assert np.isnan(found.estimate).tolist() == [True, False]


def test_units_of_one_untreated_row_are_no_part_of_leads() -> None:
    outcome = np.random.default_rng(10).normal(size=(10, 6))
    cohorts = [4, 4, 4, 5, 5, 6, 6, 6, 6, 1]  # the last is treated from its second period on
    found = leads(by_hand(cohorts, 6, outcome), 1)
    without = leads(by_hand(cohorts[:9], 6, outcome[:9]), 1)
    assert found.estimate == pytest.approx(without.estimate, rel=1e-12)
    assert found.covariance == pytest.approx(without.covariance, rel=1e-12)
    assert found.weight == without.weight == 5
