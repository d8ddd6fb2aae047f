"""Group-time effects beside R's did on its own data, diff-diff on simulated plants, statsmodels, and planted truths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import welfare as wf
from welfare.stats.event_result import EventStudy

FOLDER = Path(__file__).parents[2] / "referee"
OPTIONS = {
    "never": {},
    "notyet": {"control": "notyet"},
    "never by state": {"cluster": "state"},
    "all adopt": {"control": "notyet"},
}


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "group_time_panel.csv")


@pytest.fixture(scope="module")
def by_referee() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "group_time_effects.csv")


@pytest.fixture(scope="module")
def counties(shared) -> pd.DataFrame:
    return pd.read_csv(shared / "data/reference/mpdta.csv")


def teens(counties: pd.DataFrame, **options) -> EventStudy:
    return wf.event_study(
        counties, outcome="lemp", unit="countyreal", time="year", treated_from="first.treat", **options
    )


def plants(panel: pd.DataFrame, **options) -> EventStudy:
    return wf.event_study(panel, outcome="outcome", unit="plant", time="year", treated_from="adopts", **options)


def test_effects_by_cohort_and_year_are_those_of_callaway_and_santanna(counties):
    found = teens(counties).table.set_index(["cohort", "time"])["estimate"]
    published = {  # METHODS.md: did::att_gt 2.1.2 on its data set mpdta
        (2004, 2004): -0.010503246,
        (2004, 2005): -0.070423158,
        (2004, 2006): -0.137258739,
        (2004, 2007): -0.100811363,
        (2006, 2004): 0.006520112,
        (2006, 2005): -0.002750819,
        (2006, 2006): -0.004594607,
        (2006, 2007): -0.041224472,
        (2007, 2004): 0.030506656,
        (2007, 2005): -0.002725893,
        (2007, 2007): -0.026054411,
    }
    for cell, estimate in published.items():
        assert found[cell] == pytest.approx(estimate, abs=6e-10)


@pytest.mark.parametrize(
    ("options", "kind", "estimate", "std_error"),
    [
        ({}, "simple", -0.03995127516, 0.01203401),
        ({}, "dynamic", -0.07723982, None),
        ({}, "group", -0.03101828, None),
        ({}, "calendar", -0.04170043, None),
        ({"control": "notyet"}, "simple", -0.03976362562, None),
        ({"control": "notyet"}, "dynamic", -0.07739931, None),
        ({"covariates": ["lpop"]}, "simple", -0.04175177206, 0.0115028337),
    ],
)
def test_averages_are_those_of_rs_did(counties, options, kind, estimate, std_error):
    found = teens(counties, **options).overall(kind)
    assert found["estimate"] == pytest.approx(estimate, rel=2e-7)
    if std_error is not None:
        assert found["std_error"] == pytest.approx(std_error, rel=1e-6)


def test_steps_since_adoption_are_those_of_rs_did(counties):
    found = teens(counties).by_horizon.set_index("horizon")
    assert found.loc[0, "estimate"] == pytest.approx(-0.01993182, abs=5e-9)
    assert found.loc[1, "estimate"] == pytest.approx(-0.05095737, abs=5e-9)


@pytest.mark.parametrize("study", OPTIONS)
def test_effects_and_averages_are_those_of_diff_diff(panel, by_referee, study):
    everybody_adopts = study == "all adopt"
    found = plants(panel[panel["adopts"] > 0] if everybody_adopts else panel, **OPTIONS[study])
    expected = by_referee[(by_referee["study"] == study) & by_referee["estimate"].notna()]
    close = {"rtol": 1e-9, "atol": 1e-10}

    cells = expected[expected["what"] == "cell"].set_index(["cohort", "time"]).sort_index()
    if everybody_adopts:  # as in did the last cohort is the comparison, and none of what is judged
        assert found.table["cohort"].max() == 2015
        assert found.table["time"].max() == 2015
        cells = cells.loc[:2015]
    table = found.table.set_index(["cohort", "time"])
    assert set(cells.index) == set(table.index)
    table = table.loc[cells.index]
    np.testing.assert_allclose(table["estimate"], cells["estimate"], **close)
    np.testing.assert_allclose(table["std_error"], cells["std_error"], **close)

    simple = expected[expected["what"] == "simple"].iloc[0]
    assert found.overall()["estimate"] == pytest.approx(simple["estimate"], rel=1e-9)
    assert found.overall()["std_error"] == pytest.approx(simple["std_error"], rel=1e-9)
    if not everybody_adopts:
        horizons = expected[expected["what"] == "horizon"].set_index("time")
        table = found.by_horizon.set_index("horizon").loc[horizons.index]
        np.testing.assert_allclose(table["estimate"], horizons["estimate"], **close)
        np.testing.assert_allclose(table["std_error"], horizons["std_error"], **close)


def test_all_rows_are_in_the_comparison(panel):
    found = plants(panel)
    assert (found.n, found.units, found.clusters) == (960, 120, 120)
    assert found.treated_units == int((panel.groupby("plant")["adopts"].first() > 0).sum())
    assert found.dropped.empty
    assert len(found.table) == 4 * 7


def doubly_robust_by_statsmodels(rows: pd.DataFrame, weights: np.ndarray) -> float:
    """The comparison of Sant'Anna and Zhao (2020), each row weighed: a logit by statsmodels, a line by statsmodels."""
    design = sm.add_constant(rows[["size"]]).to_numpy()
    treated, change = rows["treated"].to_numpy(dtype=float), rows["change"].to_numpy()
    logit = sm.GLM(treated, design, family=sm.families.Binomial(), freq_weights=weights).fit(tol=1e-14, maxiter=100)
    line = sm.WLS(change[treated == 0], design[treated == 0], weights=weights[treated == 0]).fit()
    left, odds = change - line.predict(design), logit.fittedvalues / (1 - logit.fittedvalues) * (1 - treated)
    return np.average(left, weights=weights * treated) - np.average(left, weights=weights * odds)


def test_with_covariates_a_comparison_and_its_error_are_those_of_its_definition(panel):
    found = plants(panel, covariates=["size"]).table.set_index(["cohort", "time"]).loc[(2013, 2015)]
    wide = panel.pivot_table(index="plant", columns="year", values="outcome")
    per_plant = panel.groupby("plant")[["adopts", "size"]].first()
    rows = per_plant.assign(change=wide[2015] - wide[2012], treated=per_plant["adopts"] == 2013)
    rows = rows[rows["adopts"].isin([0, 2013])]
    ones, step = np.ones(len(rows)), 1e-4
    assert found["estimate"] == pytest.approx(doubly_robust_by_statsmodels(rows, ones), rel=1e-9)
    # What a row adds to an estimate is how the estimate moves with the row's weight.
    moves = []
    for place in range(len(rows)):
        more, less = ones.copy(), ones.copy()
        more[place] += step
        less[place] -= step
        moves.append((doubly_robust_by_statsmodels(rows, more) - doubly_robust_by_statsmodels(rows, less)) / (2 * step))
    assert found["std_error"] == pytest.approx(np.sqrt(np.sum(np.square(moves))), rel=1e-6)


def test_covariates_are_taken_from_before_the_change_alone(panel):
    plain = plants(panel, covariates=["size"]).table.set_index(["cohort", "time"])
    after = panel["year"] > 2012
    moved = panel.assign(size=panel["size"].where(~after, panel["size"] + panel["outcome"]))
    found = plants(moved, covariates=["size"]).table.set_index(["cohort", "time"])
    for cell in [(2013, 2013), (2013, 2017), (2012, 2016), (2015, 2012)]:  # of which the earlier year is 2012 or before
        assert found.loc[cell, "estimate"] == plain.loc[cell, "estimate"]
    assert found.loc[(2015, 2016), "estimate"] != plain.loc[(2015, 2016), "estimate"]


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    """Plants whose rate of injury goes up by a factor of their cohort's, over unlike numbers of animals."""
    return multiplied(np.random.default_rng(4), plants=300)


RATIOS = {2013: 1.5, 2015: 2.0}


def multiplied(rng: np.random.Generator, plants: int) -> pd.DataFrame:
    years = np.arange(2010, 2018)
    plant, year = np.repeat(np.arange(plants), len(years)), np.tile(years, plants)
    adopts = np.array([0, 2013, 2015])[np.arange(plants) % 3][plant]
    animals = rng.uniform(50, 400, plants)[plant] * rng.uniform(0.7, 1.3, len(plant))
    ratio = np.where(year >= np.where(adopts > 0, adopts, 9999), [RATIOS.get(each, 1.0) for each in adopts], 1.0)
    rate = 0.03 * np.exp(0.05 * (year - 2010) + rng.normal(0, 0.5, plants)[plant]) * ratio
    injuries = rng.poisson(animals * rate)
    return pd.DataFrame({"plant": plant, "year": year, "adopts": adopts, "animals": animals, "injuries": injuries})


def test_a_ratio_of_ratios_and_its_error_are_those_of_a_saturated_poisson_model(counted):
    study = wf.event_study(
        counted,
        outcome="injuries",
        unit="plant",
        time="year",
        treated_from="adopts",
        exposure="animals",
        family="poisson",
    )
    found = study.table.set_index(["cohort", "time"]).loc[(2013, 2016)]
    rows = counted[counted["adopts"].isin([0, 2013]) & counted["year"].isin([2012, 2016])]
    treated, after = (rows["adopts"] == 2013).astype(float), (rows["year"] == 2016).astype(float)
    fit = sm.GLM(
        rows["injuries"],
        np.column_stack([np.ones(len(rows)), treated, after, treated * after]),
        family=sm.families.Poisson(),
        offset=np.log(rows["animals"]),
    ).fit(
        tol=1e-14,
        maxiter=100,
        cov_type="cluster",
        cov_kwds={"groups": rows["plant"], "use_correction": False, "df_correction": False},
    )
    assert found["estimate"] == pytest.approx(fit.params.iloc[3], rel=1e-9)
    assert found["std_error"] == pytest.approx(fit.bse.iloc[3], rel=1e-9)
    assert found["ratio"] == pytest.approx(np.exp(found["estimate"]))
    assert found["ratio_low"] < RATIOS[2013] < found["ratio_high"]


def test_a_cell_that_counted_nothing_has_no_ratio_and_is_in_no_average(counted):
    silent = counted.assign(
        injuries=counted["injuries"].where(counted["adopts"].ne(2015) | counted["year"].ne(2016), 0)
    )
    options = {"outcome": "injuries", "unit": "plant", "time": "year", "treated_from": "adopts", "family": "poisson"}
    found = wf.event_study(silent, exposure="animals", **options)
    table = found.table.set_index(["cohort", "time"])
    assert table.loc[(2015, 2016), ["estimate", "std_error", "ratio"]].isna().all()
    assert table["estimate"].isna().sum() == 1
    rest = table[(table["horizon"] >= 0) & table["estimate"].notna()]
    assert found.overall()["estimate"] == pytest.approx(np.average(rest["estimate"], weights=rest["weight"]))
    assert "1 cell after adoption could not be estimated" in found.text


def staggered(rng: np.random.Generator, plants: int = 160) -> tuple[pd.DataFrame, dict[tuple[int, int], float]]:
    """Plants that adopt at three dates or never, with effects by cohort that grow; errors that last within plants."""
    years, cohorts = np.arange(2010, 2018), np.array([0, 2012, 2014, 2016])
    plant, year = np.repeat(np.arange(plants), len(years)), np.tile(years, plants)
    adopts = cohorts[np.arange(plants) % 4][plant]
    truth = {
        (int(cohort), int(at)): 4.0 - 0.8 * (cohort - 2012) / 2 + 1.0 * (at - cohort)
        for cohort in cohorts[1:]
        for at in years[years >= cohort]
    }
    effect = np.array([truth.get((int(c), int(t)), 0.0) for c, t in zip(adopts, year, strict=True)])
    lasting = np.cumsum(rng.normal(0, 0.5, (plants, len(years))), axis=1).ravel()
    outcome = (
        rng.normal(0, 2, plants)[plant] + 0.3 * (year - 2010) ** 1.5 + effect + lasting + rng.normal(0, 1, len(plant))
    )
    return pd.DataFrame({"plant": plant, "year": year, "adopts": adopts, "outcome": outcome}), truth


@pytest.mark.parametrize("control", ["never", "notyet"])
def test_planted_effects_are_found_and_the_naive_estimate_is_not_their_average(control):
    df, truth = staggered(np.random.default_rng(8))
    found = plants(df, control=control)
    after = found.table[found.table["horizon"] >= 0].set_index(["cohort", "time"])
    planted = pd.Series(truth)
    off = (after["estimate"] - planted.reindex(after.index)) / after["std_error"]
    assert len(off) == len(planted) == 12
    assert off.abs().max() < 4
    average = found.overall()
    assert average["low"] < planted.mean() < average["high"]
    # Effects grow, and plants treated already serve as controls: the naive estimate falls far short.
    assert found.naive["high"] < planted.mean() - 0.5
    forbidden = found.decomposition().query("control == 'already treated'")
    assert forbidden["weight"].sum() > 0.15
    assert "static two-way regression would print" in found.text


def test_the_decomposition_adds_up_to_the_naive_estimate():
    df, _ = staggered(np.random.default_rng(8))
    found = plants(df)
    parts = found.decomposition()
    assert parts["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert (parts["weight"] * parts["estimate"]).sum() == pytest.approx(found.naive["estimate"], abs=1e-10)


@pytest.mark.slow
def test_intervals_hold_the_planted_effects_as_often_as_they_say():
    """Of 400 panels; four standard errors of a binomial share of 0.95 are 0.044, of 0.05 (the pre-test) as much."""
    rng, held, all_held, tested = np.random.default_rng(30), [], [], []
    for _ in range(400):
        df, truth = staggered(rng, plants=120)
        found = plants(df, control="notyet")
        average = found.overall()
        held.append(average["low"] < np.mean(list(truth.values())) < average["high"])
        after = found.by_horizon[found.by_horizon["horizon"] >= 0].set_index("horizon")
        steps = pd.Series(truth).groupby(lambda cell: cell[1] - cell[0]).mean()
        inside = (after["low_simultaneous"] < steps) & (steps < after["high_simultaneous"])
        all_held.append(inside.all())
        tested.append(found.pretrend_p < 0.05)
    assert 0.92 < np.mean(held) < 0.98
    assert 0.90 < np.mean(all_held) < 0.98
    assert np.mean(tested) < 0.10


@pytest.mark.slow
@pytest.mark.parametrize(("many", "cohorts"), [(120, [4, 6, 8, 10, 12, 14, 16]), (42, [6, 12]), (500, [4, 8, 12])])
def test_the_look_before_adoption_seldom_finds_what_is_not_there(many, cohorts):
    """With many cells beside few plants too: of 150 panels without any effect, four standard errors above 5% is 12%."""
    found = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        plant, year = np.repeat(np.arange(many), 16), np.tile(np.arange(1, 17), many)
        adopts = np.array([0, *cohorts])[np.arange(many) % (len(cohorts) + 1)][plant]
        outcome = rng.normal(0, 1, many)[plant] + rng.normal(0, 1, len(plant))
        df = pd.DataFrame({"plant": plant, "year": year, "adopts": adopts, "outcome": outcome})
        found.append(plants(df).pretrend_p < 0.05)
    assert np.mean(found) < 0.12


def test_the_look_before_adoption_finds_a_drift_with_many_cohorts_and_few_plants():
    rng = np.random.default_rng(1)
    plant, year = np.repeat(np.arange(120), 16), np.tile(np.arange(1, 17), 120)
    adopts = np.array([0, 4, 6, 8, 10, 12, 14, 16])[np.arange(120) % 8][plant]
    drift = 0.6 * year * (adopts > 0)
    df = pd.DataFrame({"plant": plant, "year": year, "adopts": adopts, "outcome": drift + rng.normal(0, 1, len(plant))})
    assert plants(df).pretrend_p < 0.01
