"""Saturated models: R's fixest, pyfixest, diff-diff, statsmodels, our own count_model, planted truths."""

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
from welfare.errors import BadValue, NotEstimable
from welfare.stats.adoption.absorbing.calendars import Calendars, calendars
from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.absorbing.fits import fit_poisson
from welfare.stats.adoption.absorbing.separation import separated
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.imputation_leads import leads
from welfare.stats.adoption.saturating.saturated import saturate
from welfare.stats.adoption.saturating.saturated_poisson import saturate_poisson
from welfare.stats.design.separation import separated_rows
from welfare.stats.glm.columns import Columns, Factor


@pytest.mark.real
def test_counties_as_r_fixest_has_them(shared) -> None:
    table = pd.read_csv(shared / "data" / "reference" / "mpdta.csv")
    adoption = arrays(table, "lemp", "countyreal", "year", "first.treat")
    found = saturate(adoption)
    since = horizon(adoption, found)
    assert average(found, since == 0) == pytest.approx((-0.019931817, 0.011857539), rel=3e-8)
    assert average(found, since == 1)[0] == pytest.approx(-0.050957367, rel=3e-8)
    assert average(found, since >= 0) == pytest.approx((-0.03995127516, 0.01179627744), rel=3e-10)


@pytest.mark.parametrize("cluster", ["farm", "district"])
@pytest.mark.parametrize("outcome", ["score", "deaths"])
def test_every_cell_and_its_error_as_pyfixest_has_them(outcome: str, cluster: str) -> None:
    counts = outcome == "deaths"
    adoption = farms(outcome, covariates=("heat",), exposure="birds" if counts else None, cluster=cluster)
    found = (saturate_poisson if counts else saturate)(adoption)
    expected = pd.read_csv(ESTIMATES).set_index(["program", "what"]).loc[f"pyfixest {outcome} {cluster}"]
    names = [f"c{at}_{when}" for at, when in zip(found.cohort, found.period, strict=True)]  # years count from 0
    assert names == expected.index.tolist()
    np.testing.assert_allclose(found.estimate, expected["estimate"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), expected["std_error"], rtol=1e-9)
    np.testing.assert_allclose(found.influence.T @ found.influence, found.covariance, rtol=1e-12)
    assert (found.row_reason == "").all()
    assert found.weight.sum() == sum(
        (adoption.cohort[adoption.unit] < 8) & (adoption.period != adoption.cohort[adoption.unit] - 1)
    )


@pytest.mark.parametrize(("called", "covariates"), [("plain", ()), ("heat", ("heat",))])
def test_averages_as_diff_diff_has_them(called: str, covariates: tuple[str, ...]) -> None:
    adoption = farms("score", covariates=covariates)
    found = saturate(adoption)
    since = horizon(adoption, found)
    for what, row in pd.read_csv(ESTIMATES).set_index(["program", "what"]).loc[f"saturated {called}"].iterrows():
        cells = since >= 0 if what == "overall" else since == int(str(what)[1:])
        assert average(found, cells) == pytest.approx((row["estimate"], row["std_error"]), rel=1e-9)


def with_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a column that names the cell of each row; "0" for controls and for the year before the change."""
    cell = "c" + rows["cohort"].astype(str) + "_" + rows["year"].astype(str)
    return rows.assign(cell=cell.mask((rows["cohort"] == 0) | (rows["year"] == rows["cohort"] - 1), "0"))


def test_counts_are_the_count_model_with_cells_as_a_factor() -> None:
    rows = with_cells(farm_rows())
    adoption = farms("deaths", covariates=("heat",), exposure="birds", cluster="district")
    found = saturate_poisson(adoption)
    model = wf.count_model("deaths ~ C(cell) + heat | farm + year", rows, exposure="birds", cluster="district")
    cells = model.table[model.table["term"].str.contains("cell")]
    np.testing.assert_allclose(found.estimate, cells["estimate"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), cells["std_error"], rtol=1e-10)


def test_dummies_written_out_give_the_same() -> None:
    rows = with_cells(farm_rows())
    design = pd.get_dummies(rows[["farm", "year", "cell"]].astype(str), dtype=float, drop_first=True)
    cells = [name for name in design if name.startswith("cell")]
    design = design.assign(heat=rows["heat"], constant=1.0)
    linear = sm.OLS(rows["score"], design).fit(cov_type="cluster", cov_kwds={"groups": rows["farm"]})
    found = saturate(farms("score", covariates=("heat",)))
    np.testing.assert_allclose(found.estimate, linear.params[cells], rtol=1e-9)
    # Alike but for the effects of farms, which do not count here.
    counted = (len(rows) - design.shape[1]) / (len(rows) - design.shape[1] + rows["farm"].nunique() - 1)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), linear.bse[cells] * np.sqrt(counted), rtol=1e-9)
    poisson = sm.GLM(rows["deaths"], design, family=sm.families.Poisson(), offset=np.log(rows["birds"])).fit(tol=1e-13)
    counts = saturate_poisson(farms("deaths", covariates=("heat",), exposure="birds"))
    np.testing.assert_allclose(counts.estimate, poisson.params[cells], rtol=1e-8)


@pytest.mark.parametrize("counts", [False, True])
def test_planted_effects_are_found(counts: bool) -> None:
    adoption = simulated(12, units=1600, rate=3, counts=counts)
    found = (saturate_poisson if counts else saturate)(adoption)
    away = off(found, planted(found.period, found.cohort))
    assert len(away) == 3 * 7
    assert np.abs(away).max() < 4
    assert np.sqrt(np.diag(found.covariance)).max() < 0.08  # close enough for 4 errors to say something


@pytest.mark.slow
@pytest.mark.parametrize("counts", [False, True])
def test_intervals_cover_what_was_planted(counts: bool) -> None:
    inside, many = np.zeros(3), 300
    for seed in range(many):
        adoption = simulated(2000 + seed, units=400, counts=counts, rate=4, steady=True)
        found = (saturate_poisson if counts else saturate)(adoption)
        since = horizon(adoption, found)
        for at, cells in enumerate([since >= 0, since == 1, since == -2]):
            estimate, error = average(found, cells)
            inside[at] += abs(estimate - (0.3 if at < 2 else 0.0)) < 1.96 * error
    low, high = binom.ppf([0.0005, 0.9995], many, 0.95)
    assert (inside >= low).all(), inside
    assert (inside <= high).all(), inside


def test_without_units_never_treated_the_last_cohort_is_the_control_before_its_own_change() -> None:
    rows = with_cells(farm_rows().query("cohort > 0").reset_index(drop=True))
    adoption = arrays(rows, "score", "farm", "year", "cohort")
    found = saturate(adoption)
    assert "the last cohort, treated from 7 on" in found.words
    assert set(found.cohort) == {3, 4, 6}
    last = found.period == 7
    assert set(found.cell_reason[last]) == {"no controls: every cohort is treated by then"}
    assert np.isnan(found.estimate).tolist() == last.tolist()
    assert (found.row_reason != "").tolist() == (rows["year"] >= 7).tolist()
    before = rows[rows["year"] < 7].assign(cell=lambda all: all["cell"].mask(all["cohort"] == 7, "0"))
    design = pd.get_dummies(before[["farm", "year", "cell"]].astype(str), dtype=float, drop_first=True)
    fit = sm.OLS(before["score"], design.assign(constant=1.0)).fit()
    np.testing.assert_allclose(
        found.estimate[~last], fit.params[[name for name in design if name.startswith("cell")]], rtol=1e-8, atol=1e-10
    )
    assert "units never treated" in saturate(farms("score")).words


@pytest.mark.parametrize(
    ("cohorts", "message"),
    [([4, 4, 4], "no unit is ever treated"), ([2, 2, 2], "all units are treated from one period on")],
)
def test_nothing_to_compare_is_refused(cohorts: list[int], message: str) -> None:
    adoption = by_hand(cohorts, 4, np.random.default_rng(1).poisson(9, size=(3, 4)).astype(float))
    for method in (saturate, saturate_poisson):
        with pytest.raises(NotEstimable, match=message):
            method(adoption)


def test_one_cluster_and_a_model_of_as_many_estimates_as_rows_are_refused() -> None:
    counts = np.random.default_rng(1).poisson(9, size=(4, 4)) + 1.0
    with pytest.raises(NotEstimable, match="all of one cluster"):
        saturate(by_hand([2, 2, 4, 4], 4, counts, cluster=np.zeros(4, dtype=int)))
    with pytest.raises(NotEstimable, match="6 rows for 6 estimates"):
        saturate(by_hand([1, 3], 3, counts[:2, :3]))
    with pytest.raises(NotEstimable, match="4 rows for 4 estimates"):
        leads(by_hand([2, 3], 3, counts[:2, :3], kept=np.array([[1, 1, 1], [1, 1, 0]], dtype=bool)), 1)
    with pytest.raises(BadValue, match="16 outcomes are below 0"):
        saturate_poisson(by_hand([2, 2, 4, 4], 4, -counts))


def by_cell(found: Explained) -> dict[tuple[int, int], str]:
    return dict(zip(zip(found.cohort.tolist(), found.period.tolist(), strict=True), found.cell_reason, strict=True))


def test_cells_of_gaps_have_a_reason() -> None:
    outcome = np.random.default_rng(5).normal(size=(9, 5))
    kept = np.ones((9, 5), dtype=bool)
    kept[:2, 1] = False  # a cohort not seen in the period before its change
    kept[6:, 4] = False  # no controls in the last period
    kept[8, 1:] = False  # a unit of one row
    adoption = by_hand([2, 2, 3, 3, 3, 5, 5, 5, 5], 5, outcome, kept=kept)
    kept[5, 4] = False
    adoption = by_hand([2, 2, 3, 3, 3, 5, 5, 5, 5], 5, outcome, kept=kept)
    found = saturate(adoption)
    reasons = by_cell(found)
    assert {reasons[2, at] for at in (0, 2, 3)} == {"no usable row of its cohort in the period before treatment"}
    assert reasons[2, 4] == reasons[3, 4] == "no usable row of controls in its period"
    assert {reasons[3, at] for at in (0, 1, 3)} == {""}
    assert found.row_reason[adoption.unit == 8].tolist() == ["the only usable row of its unit"]
    assert np.isnan(found.covariance).any(axis=0).all()
    sure = found.cell_reason == ""
    assert np.isfinite(found.covariance[np.ix_(sure, sure)]).all()


def test_periods_that_no_unit_links_cannot_be_compared() -> None:
    kept = np.ones((7, 4), dtype=bool)
    kept[0, 2:] = kept[1, :2] = False  # nobody of the cohort seen on both sides of the change
    found = saturate(by_hand([2, 2, 4, 4, 4, 4, 4], 4, np.random.default_rng(5).normal(size=(7, 4)), kept=kept))
    unlinked = "link its period with the one before treatment"
    assert found.cell_reason.tolist() == ["", *[f"no rows of its cohort {unlinked}"] * 2]
    kept[:2] = True
    kept[2:4, 2:] = kept[4:, :2] = False
    found = saturate(by_hand([2, 2, 4, 4, 4, 4, 4], 4, np.random.default_rng(5).normal(size=(7, 4)), kept=kept))
    assert found.cell_reason.tolist()[1:] == [f"no rows of controls {unlinked}"] * 2


def test_a_cell_of_one_cluster_has_no_error_and_says_so() -> None:
    found = saturate(by_hand([2, 3, 3, 4, 4, 4], 4, np.random.default_rng(8).normal(size=(6, 4))))
    assert found.alone.tolist() == [True] * 3 + [False] * 3
    assert "no error can be seen" in found.words
    assert np.isnan(np.diag(found.covariance)).tolist() == [True] * 3 + [False] * 3
    assert "too small" not in saturate(by_hand([3, 3, 4, 4], 4, np.random.default_rng(8).normal(size=(4, 4)))).words


def test_rows_without_events_that_effects_at_infinity_would_fit_are_left_out() -> None:
    counts = np.random.default_rng(3).poisson(5, size=(10, 5)) + 1.0
    cohorts = [2, 2, 2, 3, 3, 3, 5, 5, 5, 5]
    counts[:3, 3] = 0  # a cell without events
    counts[9] = 0  # a unit without events
    adoption = by_hand(cohorts, 5, counts)
    found = saturate_poisson(adoption)
    assert by_cell(found)[2, 3] == "no event in its cohort and period"
    assert set(found.row_reason[adoption.unit == 9]) == {"no event in its unit"}
    assert (found.row_reason != "").sum() == 3 + 5
    sure = found.cell_reason == ""
    assert sure.sum() == 7
    without = saturate_poisson(by_hand(cohorts[:9], 5, counts[:9]))
    np.testing.assert_allclose(found.estimate[sure], without.estimate[sure], rtol=1e-12)
    counts[:3, 1] = 0  # none in the period before the change
    quiet = by_cell(saturate_poisson(by_hand(cohorts, 5, counts)))
    assert quiet[2, 2] == "no usable row of its cohort in the period before treatment"
    assert quiet[3, 3] == ""
    counts[6:] = 0
    with pytest.raises(NotEstimable, match="no row can be used"):
        saturate_poisson(by_hand([2, 2, 5, 5], 5, np.zeros((4, 5))))
    silent = saturate_poisson(by_hand(cohorts, 5, counts))
    assert "no usable row of controls in its period" in silent.cell_reason
    assert np.isnan(silent.estimate).all()


@pytest.mark.parametrize("seed", range(60))
def test_separated_rows_are_those_that_linear_programmes_find(seed: int) -> None:
    source = np.random.default_rng(seed)
    units, periods = source.integers(3, 9), source.integers(2, 6)
    unit, period = np.nonzero(source.uniform(size=(units, periods)) < source.uniform(0.3, 1))
    outcome = source.poisson(source.uniform(0.2, 1), len(unit)).astype(float)
    if not outcome.any():
        return
    group = np.zeros_like(unit)
    found = separated(calendars(unit, group, period, np.zeros((len(unit), 0))), outcome)
    small = Factor(period - 1, periods - 1)
    whole = Columns(np.zeros((len(unit), 0)), (), (Factor(unit, units), small), sweep=None)
    assert found.tolist() == separated_rows(outcome, whole).tolist()


def wild(seed: int, spread: float) -> tuple[Calendars, np.ndarray]:
    """Return a small table of counts of very different size, without separated rows."""
    source = np.random.default_rng(seed)
    unit, period = np.nonzero(source.uniform(size=(9, 6)) < 0.8)
    outcome = np.floor(np.exp(source.normal(0, spread, len(unit))))
    model = calendars(unit, 0 * unit, period, source.normal(size=(len(unit), 1)))
    kept = ~separated(model, outcome)
    return calendars(unit[kept], 0 * unit[kept], period[kept], model.covariates[kept]), outcome[kept]


@pytest.mark.parametrize("seed", range(12))  # steps have to be halved for some
def test_counts_of_very_different_size_are_fitted_to_the_last_digit(seed: int) -> None:
    model, outcome = wild(seed, 8)
    fit = fit_poisson(model, outcome, np.zeros(len(outcome)))
    for codes in (model.unit, model.slot):
        assert np.abs(np.bincount(codes, fit.residual)).max() < 1e-8 * outcome.max()
    assert abs(fit.residual @ model.covariates[:, 0]) < 1e-8 * outcome.max()


def test_a_fit_out_of_reach_is_refused() -> None:
    model, outcome = wild(13, 20)
    with pytest.raises(NotEstimable, match="did not settle"):
        fit_poisson(model, outcome, np.zeros(len(outcome)))


def test_writing_out_a_few_units_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saturate(farms("score", covariates=("heat",)))
    monkeypatch.setattr("welfare.stats.adoption.absorbing.calendars._AT_ONCE", 20)
    by_parts = saturate(farms("score", covariates=("heat",)))
    np.testing.assert_allclose(by_parts.estimate, whole.estimate, rtol=1e-10)
    np.testing.assert_allclose(by_parts.covariance, whole.covariance, rtol=1e-9)


def test_effects_of_units_and_years_may_be_large_beside_what_is_sought() -> None:
    adoption = farms("score", covariates=("heat",))
    plain = saturate(adoption)
    level = 1e6 * (1 + adoption.unit) + 1e5 * adoption.period
    moved = saturate(replace(adoption, outcome=adoption.outcome + level))
    np.testing.assert_allclose(moved.estimate, plain.estimate, rtol=1e-6, atol=1e-8)
    far = replace(adoption, covariates=adoption.covariates * 1e-4 + 1e3)
    np.testing.assert_allclose(saturate(far).estimate, plain.estimate, rtol=1e-6)
    again: Adoption = replace(adoption, covariates=np.column_stack([adoption.covariates, adoption.covariates * 2]))
    np.testing.assert_allclose(saturate(again).estimate, plain.estimate, rtol=1e-9)
    np.testing.assert_allclose(saturate(again).covariance, plain.covariance, rtol=1e-9)
