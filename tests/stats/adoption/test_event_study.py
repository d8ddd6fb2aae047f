"""wf.event_study: three estimators, periods as people write them, rows left out, placebos, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.event_result import EventStudy

METHODS = ["callaway_santanna", "imputation", "sun_abraham"]


@pytest.fixture(scope="module")
def counties(shared) -> pd.DataFrame:
    return pd.read_csv(shared / "data/reference/mpdta.csv")


@pytest.fixture
def plants() -> pd.DataFrame:
    """Sixty plants over six years, adopting in 2013, 2014 or never, by 3 more; nothing else but noise."""
    rng = np.random.default_rng(5)
    plant, year = np.repeat(np.arange(60), 6), np.tile(np.arange(2010, 2016), 60)
    adopts = np.array([0, 2013, 2014])[np.arange(60) % 3][plant]
    change = 3.0 * ((adopts > 0) & (year >= adopts))
    outcome = plant / 10 + 0.5 * (year - 2010) + change + rng.normal(0, 1, 360)
    return pd.DataFrame({"plant": plant, "year": year, "waiver_from": adopts, "rate": outcome, "animals": 100.0})


def study(df: pd.DataFrame, **options) -> EventStudy:
    return wf.event_study(
        df, **{"outcome": "rate", "unit": "plant", "time": "year", "treated_from": "waiver_from", **options}
    )


# What METHODS.md has of R's packages on did's own data, each estimator by its own.


def teens(counties: pd.DataFrame, method: str) -> EventStudy:
    return wf.event_study(
        counties, outcome="lemp", unit="countyreal", time="year", treated_from="first.treat", method=method
    )


def test_imputation_is_that_of_rs_didimputation(counties):
    found = teens(counties, "imputation")
    average = found.overall()
    assert average["estimate"] == pytest.approx(-0.04770991511, rel=1e-6)
    assert average["std_error"] == pytest.approx(0.01322248865, rel=1e-6)
    steps = found.by_horizon.set_index("horizon")["estimate"]
    for horizon, estimate in {0: -0.03106692, 1: -0.05223485, 2: -0.13607811, 3: -0.10470747}.items():
        assert steps[horizon] == pytest.approx(estimate, rel=1e-6)


def test_interaction_weighted_regression_is_that_of_fixest(counties):
    found = teens(counties, "sun_abraham")
    average, steps = found.overall(), found.by_horizon.set_index("horizon")
    assert average["estimate"] == pytest.approx(-0.03995127516, rel=1e-9)
    assert average["std_error"] == pytest.approx(0.01179627744, rel=1e-9)
    assert steps.loc[0, "estimate"] == pytest.approx(-0.019931817, abs=5e-10)
    assert steps.loc[0, "std_error"] == pytest.approx(0.011857539, abs=5e-10)
    assert steps.loc[1, "estimate"] == pytest.approx(-0.050957367, abs=5e-10)


def test_the_naive_estimate_is_that_of_a_two_way_regression(counties):
    assert teens(counties, "callaway_santanna").naive["estimate"] == pytest.approx(-0.03654893667, rel=1e-9)


def test_the_look_before_adoption_has_the_p_value_that_did_prints(counties):
    # 0.16812 in the vignette of R's did for this model and data.
    assert teens(counties, "callaway_santanna").pretrend_p == pytest.approx(0.16812, abs=5e-6)


# One question, three estimators.


@pytest.mark.parametrize("method", METHODS)
def test_each_estimator_finds_what_was_planted_and_says_so(plants, method):
    found = study(plants, method=method)
    average = found.overall()
    assert average["low"] < 3 < average["high"]
    assert average["low"] > 2
    assert found.by_horizon.loc[found.by_horizon["horizon"] < 0, "p_value"].min() > 0.01
    for kind in ("dynamic", "group", "calendar"):
        assert found.overall(kind)["estimate"] == pytest.approx(3, abs=4 * found.overall(kind)["std_error"])
    assert list(found.table)[:6] == ["cohort", "time", "estimate", "std_error", "low", "high"]
    assert f"{average['estimate']:+.3g}" in found.text
    assert "only if, without it" in found.text
    assert {"check", "at", "value", "verdict", "advice"} == set(found.check())


@pytest.mark.parametrize("method", METHODS)
def test_without_any_pre_period_but_one_nothing_is_said_of_parallel_trends(plants, method):
    found = study(plants[(plants["year"] >= 2012) & (plants["waiver_from"] != 2014)], method=method)
    assert np.isnan(found.pretrend_p)
    assert "No period before adoption can be used" in found.text
    doubt = found.check().set_index("check").loc["before adoption"]
    assert doubt["verdict"] == "look closer"


@pytest.mark.parametrize("method", METHODS)
def test_ratios_stand_beside_logarithms(plants, method):
    rng = np.random.default_rng(6)
    counted = plants.assign(injuries=rng.poisson(plants["animals"] * 0.2 * np.where(plants["rate"] > 5, 1, 1)))
    found = study(counted, outcome="injuries", exposure="animals", family="poisson", method=method)
    for frame in (found.table, found.by_horizon, found.overall().to_frame().T):
        known = frame[frame["estimate"].notna()].astype({"estimate": float})
        np.testing.assert_allclose(known["ratio"], np.exp(known["estimate"]))
        np.testing.assert_allclose(known["ratio_high"].astype(float), np.exp(known["high"].astype(float)))
    assert found.overall()["ratio_low"] < 1 < found.overall()["ratio_high"]
    assert "times the rate: no difference shown" in found.text


def test_a_change_in_exposure_is_no_effect_on_the_rate(plants):
    rng = np.random.default_rng(7)
    treated = (plants["waiver_from"] > 0) & (plants["year"] >= plants["waiver_from"])
    animals = 200.0 * np.where(treated, 2, 1)
    counted = plants.assign(animals=animals, injuries=rng.poisson(animals * 0.1))
    by_rate = study(counted, outcome="injuries", exposure="animals", family="poisson")
    by_count = study(counted, outcome="injuries", family="poisson")
    assert by_rate.overall()["ratio"] == pytest.approx(1, abs=0.06)
    assert by_count.overall()["ratio"] == pytest.approx(2, abs=0.12)


def test_events_beyond_those_expected_add_up_and_hold_what_was_planted():
    rng = np.random.default_rng(12)
    plant, year = np.repeat(np.arange(150), 8), np.tile(np.arange(2010, 2018), 150)
    adopts = np.array([0, 2013, 2015])[np.arange(150) % 3][plant]
    treated = (adopts > 0) & (year >= adopts)
    usual = 20 * np.exp(rng.normal(0, 0.4, 150)[plant] + 0.04 * (year - 2010))
    df = pd.DataFrame({"plant": plant, "year": year, "waiver_from": adopts, "animals": 500})
    df["rate"] = rng.poisson(usual * np.where(treated, 1.5, 1))
    found = study(df, exposure="animals", family="poisson", method="imputation")
    total = found.excess().iloc[0]
    assert total["observed"] == df.loc[treated, "rate"].sum()
    assert total["rows"] == treated.sum()
    assert total["excess_low"] < 0.5 * usual[treated].sum() < total["excess_high"]
    assert total["ratio_low"] < 1.5 < total["ratio_high"]
    for by in ("horizon", "cohort", "time"):
        parts = found.excess(by)
        assert parts["excess"].sum() == pytest.approx(total["excess"], rel=1e-9)
        assert (parts["excess_low"] < parts["excess"]).all()
    assert found.excess("cohort")["cohort"].tolist() == [2013, 2015]
    with pytest.raises(BadParameter, match="only imputation of counts"):
        study(df, family="poisson").excess()
    with pytest.raises(BadParameter, match="'district'"):
        found.excess("district")


# Placebos and bounds.


def test_a_date_that_never_was_shows_nothing(plants):
    found = study(plants).placebo_dates(3).set_index("steps_earlier")
    assert (found["p_value"].dropna() > 0.01).all()
    assert found["rows"].iloc[0] == 60 * 6 - int(
        ((plants["waiver_from"] > 0) & (plants["year"] >= plants["waiver_from"])).sum()
    )


def test_a_trend_that_came_before_the_change_shows_at_dates_that_never_were(plants):
    drifting = plants.assign(rate=plants["rate"] + 1.5 * (plants["year"] - 2010) * (plants["waiver_from"] > 0))
    found = study(drifting)
    assert (found.placebo_dates(2)["p_value"] < 0.001).all()
    assert found.pretrend_p < 0.001
    assert "had not moved alike" in found.text
    bounds = found.honest()
    linear = bounds.table.query("kind == 'smoothness' and m == 0").iloc[0]
    # A straight drift is what this bound allows for: it takes it out, and leaves the planted 3.
    assert linear["low"] < 3 < linear["high"]
    assert found.overall("dynamic")["low"] > 3.5


def test_dates_given_to_other_plants_at_random_seldom_do_as_much(plants):
    found = study(plants).placebo_units(draws=99, seed=0)
    assert found.p_value == pytest.approx(0.01)
    again = study(plants).placebo_units(draws=99, seed=0)
    np.testing.assert_array_equal(found.draws, again.draws)


def test_honest_bounds_without_any_doubt_are_the_usual_interval(plants):
    found = study(plants)
    usual = found.overall("dynamic")
    none = found.honest(magnitudes=[0.0]).table.iloc[0]
    assert none["low"] == pytest.approx(usual["low"], abs=1e-6)
    assert none["high"] == pytest.approx(usual["high"], abs=1e-6)
    wider = found.honest(magnitudes=[0.5, 1.0, 2.0]).table.query("kind == 'relative magnitudes'")
    assert wider["low"].is_monotonic_decreasing
    assert wider["high"].is_monotonic_increasing
    with pytest.raises(BadParameter, match="no effect is 9 steps"):
        found.honest(horizon=9)
    with pytest.raises(NotEstimable, match="by imputation"):
        study(plants, method="imputation").honest()


def test_a_look_that_could_have_missed_as_much_as_was_found_is_said_to_be_weak(plants):
    strong, faint = (
        study(plants),
        study(plants.assign(rate=plants["rate"] + 2.9 * _since(plants).lt(0) * (plants["waiver_from"] > 0))),
    )
    checks = [found.check().set_index("check").loc["power before adoption"] for found in (strong, faint)]
    assert [row["verdict"] for row in checks] == ["in order", "look closer"]
    # Both look at the same noise: only what was found differs.
    assert checks[0]["value"] == pytest.approx(checks[1]["value"])


def _since(df: pd.DataFrame) -> pd.Series:
    return df["year"] - df["waiver_from"].where(df["waiver_from"] > 0, df["year"])


# Periods as people write them.


@pytest.mark.parametrize(
    ("period", "adopts"),
    [
        (
            lambda year: pd.to_datetime(year.astype(str) + "-01-01"),
            lambda year: pd.to_datetime(year.astype(str) + "-06-15"),
        ),
        (
            lambda year: pd.PeriodIndex(year.astype(str), freq="Y"),
            lambda year: pd.to_datetime(year.astype(str) + "-12-31"),
        ),
        (lambda year: year.astype(str), lambda year: year.astype(str)),
        (lambda year: year.astype(str) + "-07-01", lambda year: year.astype(str) + "-07-01"),
        (lambda year: year.astype(float), lambda year: year.astype(float)),
    ],
    ids=["dates, adopted within the year", "periods and dates", "text of years", "text of dates", "floats"],
)
@pytest.mark.parametrize("method", METHODS)
def test_periods_may_be_dates_periods_text_or_numbers(plants, period, adopts, method):
    plain = study(plants, method=method)
    treated = plants["waiver_from"] > 0
    written = adopts(plants["waiver_from"].where(treated, 2013)).where(treated)
    found = study(
        plants.assign(year=np.asarray(period(plants["year"]), dtype=object), waiver_from=written), method=method
    )
    np.testing.assert_allclose(found.table["estimate"], plain.table["estimate"], rtol=1e-9)
    np.testing.assert_array_equal(found.table["horizon"], plain.table["horizon"])
    assert [str(time)[:4] for time in found.table["time"]] == [str(time) for time in plain.table["time"]]


def test_months_count_by_the_calendar():
    months = pd.period_range("2019-11", "2020-06", freq="M")
    plant, month = np.repeat(np.arange(20), len(months)), np.tile(months.to_timestamp(), 20)
    adopts = pd.Series(np.where(plant % 2 == 0, np.datetime64("2020-02-10"), np.datetime64("NaT")))
    rate = np.random.default_rng(1).normal(0, 1, len(plant))
    df = pd.DataFrame({"plant": plant, "year": month, "waiver_from": adopts, "rate": rate})
    found = study(df)
    assert found.table["cohort"].unique().tolist() == ["2020-02"]
    assert found.by_horizon["horizon"].tolist() == [-2, -1, 0, 1, 2, 3, 4]


def test_a_year_that_nobody_has_is_counted_over(plants):
    found = study(plants[plants["year"] != 2011])
    assert found.by_horizon["horizon"].tolist() == [-2, -1, 0, 1, 2]
    assert any("Periods are missing for everybody" in note for note in found.notes)
    moved = study(plants[plants["year"] != 2013])
    assert any("adopt in a period of which there is no row" in note for note in moved.notes)


# Rows left out, each with its reason.


def test_rows_that_cannot_be_used_are_listed_with_their_reason(plants):
    df = plants.copy()
    df.loc[3, "rate"] = None
    df.loc[df["plant"] == 7, "waiver_from"] = 2010
    df.loc[(df["plant"] == 10) & (df["year"] < 2014), "rate"] = None  # adopts in 2013: no row before it
    found = study(df)
    reasons = found.dropped.set_index("row")["reason"]
    assert reasons[3] == "missing rate"
    assert (reasons.loc[df.index[df["plant"] == 7]] == "treated before the data begin").all()
    assert (reasons.loc[df.index[(df["plant"] == 10) & (df["year"] >= 2014)]] == "treated before the data begin").all()
    assert found.n == 360 - len(found.dropped)
    assert "treated before the data begin" in found.text


def test_units_that_adopt_after_the_data_end_are_not_treated_in_them(plants):
    late = plants.assign(waiver_from=plants["waiver_from"].replace(0, 2030))
    found = study(late)
    pd.testing.assert_frame_equal(found.table, study(plants).table)
    assert any("after the last period" in note for note in found.notes)


@pytest.mark.parametrize("method", METHODS)
def test_a_panel_with_holes_is_used_as_far_as_it_goes(plants, method):
    rng = np.random.default_rng(3)
    found = study(plants[rng.random(len(plants)) > 0.15], method=method)
    assert found.overall()["low"] < 3 < found.overall()["high"]
    assert found.check().set_index("check").loc["missing periods", "verdict"] == "look closer"


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_and_the_names_of_plants_do_not_matter(plants, method):
    plain = study(plants, method=method)
    mixed = plants.assign(plant=plants["plant"].map(lambda place: f"P{(place * 37) % 60:03d}")).sample(
        frac=1, random_state=1
    )
    np.testing.assert_allclose(
        study(mixed, method=method).table["estimate"], plain.table["estimate"], rtol=1e-8, atol=1e-12
    )
    np.testing.assert_allclose(study(mixed, method=method).table["std_error"], plain.table["std_error"], rtol=1e-8)


# What is refused.


def test_without_plants_that_never_adopt_the_comparison_is_refused_and_the_way_out_named(plants):
    adopting = plants[plants["waiver_from"] > 0]
    with pytest.raises(NotEstimable, match="every unit adopts the change in the end"):
        study(adopting)
    found = study(adopting, control="notyet")
    assert found.table["cohort"].unique().tolist() == [2013]
    assert found.table["time"].max() == 2013
    with pytest.raises(NotEstimable, match="all units adopt the change in the same period"):
        study(plants[plants["waiver_from"] == 2013], control="notyet")


def test_one_cohort_beside_plants_that_never_adopt_is_enough(plants):
    found = study(plants[plants["waiver_from"] != 2014])
    assert found.overall()["low"] < 3 < found.overall()["high"]
    assert found.naive["estimate"] == pytest.approx(found.overall()["estimate"], abs=0.5)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (
            lambda df: df.assign(waiver_from=df["waiver_from"].where(df["year"] != 2012, 2011)),
            BadValue,
            "not one value",
        ),
        (lambda df: df.assign(waiver_from=df["waiver_from"].where(df["year"] > 2012)), BadValue, "not one value"),
        (lambda df: pd.concat([df, df.iloc[[5]]]), BadValue, "has two rows of 2015"),
        (lambda df: df.assign(waiver_from=0), NotEstimable, "no unit adopts"),
        (lambda df: df.assign(waiver_from=2040), NotEstimable, "no unit adopts"),
        (lambda df: df.assign(waiver_from=2009), NotEstimable, "fewer than two periods"),
        (lambda df: df[df["year"] == 2013], NotEstimable, "fewer than two periods"),
        (lambda df: df.assign(waiver_from=df["waiver_from"] + 0.5), BadValue, "not a whole number"),
        (lambda df: df.assign(year=pd.to_datetime(df["year"].astype(str))), BadValue, "is no date"),
        (lambda df: df.assign(rate="high"), BadValue, "not a number"),
        (lambda df: df.assign(rate=np.inf), BadValue, "infinite"),
        (lambda df: df.drop(columns="waiver_from"), BadParameter, "no column 'waiver_from'"),
    ],
)
def test_frames_that_cannot_be_read_are_refused(plants, change, error, says):
    with pytest.raises(error, match=says):
        study(change(plants))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"method": "magic"}, BadParameter, "method='magic' is not known"),
        ({"control": "some"}, BadParameter, "control='some' is not known"),
        ({"family": "gamma"}, BadParameter, "family='gamma' is not known"),
        ({"exposure": "animals"}, BadParameter, "the family is not one of counts"),
        ({"family": "poisson", "covariates": ["animals"]}, BadParameter, "take no covariates"),
        ({"seed": -1}, BadParameter, "seed"),
        ({"cluster": "year"}, BadValue, "more than one year"),
    ],
)
def test_options_that_do_not_go_together_are_refused(plants, options, error, says):
    with pytest.raises(error, match=says):
        study(plants, **options)


def test_counts_below_zero_and_exposures_of_nothing_are_refused(plants):
    with pytest.raises(BadValue, match="below zero"):
        study(plants.assign(rate=-1), family="poisson")
    with pytest.raises(NoDenominator, match="no row has animals above zero"):
        study(plants.assign(animals=0, rate=1), family="poisson", exposure="animals")
    with pytest.raises(BadParameter, match="no average of effects is called 'median'"):
        study(plants).overall("median")


def test_an_outcome_that_never_varies_has_no_error_and_no_certainty(plants):
    found = study(plants.assign(rate=1.0))
    assert found.table["estimate"].abs().max() == 0
    assert found.table[["std_error", "low", "high", "p_value"]].isna().all(axis=None)
    assert found.overall()[["std_error", "low", "high", "p_value"]].isna().all()
    assert "no interval" in found.text


def test_few_clusters_widen_intervals_and_are_said(plants):
    few = plants[plants["plant"] < 12]
    found = study(few)
    assert found.degrees == 11
    reach = (found.table["high"] - found.table["low"]) / 2 / found.table["std_error"]
    np.testing.assert_allclose(reach, 2.2009851600916384)  # 0.975 quantile of t with 11 degrees of freedom
    checks = found.check().set_index("check")["verdict"]
    assert checks["few clusters"] == checks["few treated clusters"] == checks["small cohorts"] == "look closer"


def test_the_figure_shows_every_step_and_the_naive_estimate(plants):
    found = study(plants)
    ax = found.plot()
    drawn = np.concatenate([line.get_xdata() for line in ax.lines if line.get_marker() == "o"])
    assert sorted(drawn) == found.by_horizon["horizon"].tolist()
    assert "two-way estimate" in ax.get_legend_handles_labels()[1]


# One cluster shows no spread: no interval, where one of no width would stand.


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("method", METHODS)
def test_one_cluster_on_a_side_gives_no_interval(plants, method, family):
    df = plants.assign(side=plants["waiver_from"] > 0, rate=plants["rate"].clip(lower=0).round())
    found = study(df, method=method, family=family, cluster="side")
    assert found.table["std_error"].isna().all()
    assert np.isnan(found.overall("simple")["std_error"])
    assert np.isnan(found.overall("group")["std_error"])
    assert np.isnan(found.naive["std_error"])
    assert np.isnan(found.pretrend_p)
    assert "no interval that could be given" in found.text


@pytest.mark.parametrize("method", ["callaway_santanna", "sun_abraham"])
def test_a_cohort_of_one_plant_has_no_error_and_no_part_in_the_look_before(plants, method):
    alone = plants.assign(waiver_from=plants["waiver_from"].mask(plants["plant"] == 1, 2012))
    alone["rate"] += 50.0 * ((alone["plant"] == 1) & (alone["year"] == 2010))
    found = study(alone, method=method)
    cells = found.table.set_index("cohort")["std_error"]
    assert cells[2012].isna().all()
    assert cells[2013].notna().all()
    assert found.by_horizon.set_index("horizon")["std_error"].notna().loc[0]
    assert np.isfinite(found.overall()["std_error"])
    # The last step is that plant's alone: a fourth of the average over steps, and nothing to bound.
    assert found.by_horizon.set_index("horizon")["std_error"].isna().loc[3]
    assert np.isnan(found.overall("dynamic")["std_error"])
    assert found.honest().horizons[-1] == 2
    # What is one plant's own is no proof that plants had moved apart.
    without = study(plants[plants["plant"] != 1], method=method)
    assert found.pretrend_p == pytest.approx(without.pretrend_p, abs=0.05)
    at = found.check().set_index("check")
    assert at.loc["effects of one cluster", "value"] == 4
    assert "has 1 unit:" in at.loc["small cohorts", "advice"]


def test_a_period_with_one_untreated_plant_gives_imputation_no_error(plants):
    df = plants[(plants["waiver_from"] > 0) | (plants["plant"] == 0)]
    late = study(df, method="imputation").table
    assert late.loc[late["time"] >= 2014, "std_error"].isna().all()
    assert late.loc[late["time"] < 2014, "std_error"].notna().all()


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("method", METHODS)
def test_one_plant_to_compare_with_shows_no_error(plants, method, family):
    df = plants[(plants["waiver_from"] == 2013) | (plants["plant"] == 0)]
    found = study(df.assign(rate=df["rate"].clip(lower=0).round() + 1), method=method, family=family)
    after = found.table[found.table["horizon"] >= 0]
    assert after["estimate"].notna().all()
    assert after["std_error"].isna().all()


def test_fewer_than_ten_clusters_that_adopt_are_told(plants):
    adopters = plants.loc[plants["waiver_from"] > 0, "plant"].unique()
    for many, told in ((9, True), (10, False)):
        df = plants[(plants["waiver_from"] == 0) | plants["plant"].isin(adopters[:many])]
        assert ("intervals are too narrow" in study(df).text) is told


def test_a_test_before_adoption_is_no_surer_than_the_clusters_that_adopt():
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(40):
        plant, year = np.repeat(np.arange(60), 8), np.tile(np.arange(8), 60)
        state = plant // 3
        starts = np.where(state < 4, np.where(state % 2, 3, 5), 0)
        shared = np.cumsum(rng.normal(0, 0.5, (20, 8)), axis=1)[state, year]
        df = pd.DataFrame({"plant": plant, "year": year, "waiver_from": starts, "state": state})
        found = study(df.assign(rate=shared + rng.normal(0, 1, 480)), cluster="state")
        wrong += found.pretrend_p < 0.05
        assert "of which 4 adopt: with so few intervals are too narrow" in found.text
    assert wrong <= 6  # with all 20 clusters counted it was 9 in 10


# Rows in no comparison are told.


def test_rows_without_a_row_to_compare_with_are_told(plants):
    gone = plants["plant"].isin([1, 4]) & (plants["year"] == 2012)
    found = study(plants[~gone])
    late = plants["plant"].isin([1, 4]) & (plants["year"] >= 2013)
    assert sorted(found.dropped["row"]) == plants.index[late].tolist()
    assert "Of these rows not used: 6 in no comparison that could be made." in found.text
    kept = study(plants[~gone & ~late])
    cells = found.table["cohort"] == 2013
    assert found.table.loc[cells, "estimate"].to_numpy() == pytest.approx(kept.table.loc[cells, "estimate"].to_numpy())
    assert study(plants).dropped.empty


def test_periods_after_the_last_adoption_are_told(plants):
    found = study(plants[plants["waiver_from"] > 0], control="notyet")
    assert set(found.dropped["reason"]) == {"no controls: every cohort is treated by then"}
    assert len(found.dropped) == 40 * 2


def test_ratios_that_count_nothing_are_said_to_tilt_the_average(plants):
    count = plants["rate"].clip(lower=0).round().mask((plants["waiver_from"] == 2014) & (plants["year"] == 2014), 0)
    found = study(plants.assign(rate=count), family="poisson")
    assert "1 cell after adoption could not be estimated and is not in it, which tilts it" in found.text
    nothing = study(
        plants.assign(rate=count.mask((plants["waiver_from"] > 0) & (plants["year"] >= plants["waiver_from"]), 0)),
        family="poisson",
    )
    assert "No average effect" in nothing.text
    nothing.check()


def test_one_of_each_is_told_in_the_singular(plants):
    text = study(plants[plants["plant"] < 2]).text
    assert "of which 1 adopts in 1 cohort and 1 never does" in text


def test_placebo_units_need_no_error(plants):
    one = plants[(plants["waiver_from"] == 0) | (plants["plant"] == 1)]
    found = study(one)
    assert np.isnan(found.overall()["std_error"])
    drawn = found.placebo_units(draws=19)
    assert drawn.estimate == pytest.approx(found.overall()["estimate"])
    assert np.isfinite(drawn.draws).all()


def test_categories_are_read_as_what_they_are(plants):
    plain = study(plants).table
    held = study(plants.astype({"year": "category", "waiver_from": "category", "plant": "category"})).table
    pd.testing.assert_frame_equal(held, plain)


def test_two_columns_of_one_name_are_refused(plants):
    with pytest.raises(BadParameter, match="more than one column 'rate'"):
        study(pd.concat([plants, plants[["rate"]]], axis=1))


def quarterly(plants: pd.DataFrame, adopted: str) -> pd.DataFrame:
    quarter = pd.PeriodIndex(plants["year"].astype(str), freq="Y").to_timestamp().to_period("Q")
    return plants.assign(year=quarter, waiver_from=np.where(plants["waiver_from"] == 2013, adopted, ""))


@pytest.mark.parametrize(
    ("adopted", "says"),
    [
        ("03/04/2013", "the day or the month first"),
        ("1.4.13", "the day or the month first"),
        ("2013", "longer than one"),
    ],
)
def test_a_date_that_can_be_read_two_ways_or_is_too_long_is_refused(plants, adopted, says):
    with pytest.raises(BadValue, match=says):
        study(quarterly(plants, adopted))
    assert study(quarterly(plants, "2013-01-03")).table["cohort"].unique().tolist() == ["2013Q1"]


def test_years_as_numbers_take_dates_of_adoption(plants):
    dates = pd.to_datetime(
        plants["waiver_from"].where(plants["waiver_from"] > 0).astype("Int64").astype("str") + "-09-30", errors="coerce"
    )
    pd.testing.assert_frame_equal(study(plants.assign(waiver_from=dates)).table, study(plants).table)


def test_what_had_no_part_or_was_divided_twice_is_noted(plants):
    fixed = plants.assign(size=plants["plant"] % 7, heat=np.random.default_rng(0).normal(size=len(plants)))
    found = study(fixed, method="imputation", covariates=["size", "heat"])
    assert any(note.startswith("size: the same in all rows of each plant") for note in found.notes)
    rates = plants.assign(rate=np.random.default_rng(1).poisson(5, len(plants)) / 3)
    found = study(rates, family="poisson", exposure="animals")
    assert any("divided by animals once more" in note for note in found.notes)
    assert not any("once more" in note for note in study(rates, family="poisson").notes)


def test_a_point_without_an_interval_is_drawn_hollow(plants):
    alone = plants.assign(waiver_from=np.where(plants["plant"] == 1, 2012, np.where(plants["plant"] % 3 == 2, 2014, 0)))
    found = study(alone)
    unsure = found.by_horizon["low"].isna()
    assert 0 < unsure.sum() < len(unsure)
    ax = found.plot()
    hollow = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "#ffffff"]
    assert sorted(at for line in hollow for at in line.get_xdata()) == found.by_horizon.loc[unsure, "horizon"].tolist()
    assert "hollow: no interval" in ax.get_xlabel()
    assert "hollow" not in study(plants).plot().get_xlabel()
