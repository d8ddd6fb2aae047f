"""Interrupted series: the published smoking ban, R's glm and sandwich, planted changes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable, WelfareError
from welfare.stats.interrupted import InterruptedSeries, interrupted_series
from welfare.stats.series.asking import Model, answer
from welfare.stats.series.rows import Series
from welfare.stats.series.terms import Shape

FOLDER = Path(__file__).parents[1] / "referee" / "r"
FULL = {"slope": True, "season": 12, "harmonics": 2}
# glm.nb takes theta and estimates in turns and stops on the way.
NEAR = {"negative_binomial": 1e-6}


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "interrupted_estimates.csv").set_index(["study", "what"])


@pytest.fixture(scope="module")
def hens() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "interrupted_series.csv")


def found_in(hens: pd.DataFrame, family: str = "quasipoisson", **options: object) -> InterruptedSeries:
    given = {"outcome": "deaths", "exposure": "hens"} if family != "gaussian" else {"outcome": "score"}
    return interrupted_series(hens, **{"time": "month", "change_at": 35, "family": family, **FULL, **given, **options})


@pytest.mark.parametrize(
    ("season", "ratio", "low", "high", "dispersion"),
    [
        (None, 0.894376508, 0.839189003859, 0.953193302601, 3.559194632),
        (12, 0.885071547, 0.839400955, 0.933227009, 2.262186415),
    ],
)
def test_smoking_ban_in_sicily(shared, season, ratio, low, high, dispersion):
    # Bernal, Cummins and Gasparrini 2017. The dispersions on file are R's at its default tolerance, from weights one
    # step behind the estimates, and the intervals have them.
    sicily = pd.read_csv(shared / "data" / "reference" / "sicily.csv")
    found = interrupted_series(
        sicily, outcome="aces", time="time", change_at=37, exposure="stdpop", season=season, errors="model"
    )
    row = found.table.set_index("term").loc["level change"]
    assert row["ratio"] == pytest.approx(ratio, rel=1e-8)
    assert [row["ratio_low"], row["ratio_high"]] == pytest.approx([low, high], rel=1e-6)
    assert found.dispersion == pytest.approx(dispersion, rel=1e-5)
    assert (found.before, found.after, found.n) == (36, 23, 59)


@pytest.mark.parametrize("family", ["quasipoisson", "poisson", "negative_binomial", "gaussian"])
@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("model", {"errors": "model"}),
        ("adjusted 0", {"lags": 0}),
        ("adjusted 3", {}),  # 4 (60 / 100)^(2/9) is 3.57
        ("adjusted 6", {"lags": 6}),
    ],
)
def test_estimates_and_errors_are_those_of_r(hens, by_r, family, what, options):
    found = found_in(hens, family, **options)
    expected = by_r.loc[(family, what)].dropna().set_index("term")
    table = found.table.set_index("term")
    near = NEAR.get(family, 1e-8)
    assert set(table.index) == set(expected.index)
    assert table["estimate"].to_numpy() == pytest.approx(expected.loc[table.index, "estimate"].to_numpy(), rel=near)
    assert table["std_error"].to_numpy() == pytest.approx(expected.loc[table.index, "std_error"].to_numpy(), rel=near)


def test_what_else_describes_the_fit(hens, by_r):
    assert found_in(hens).dispersion == pytest.approx(
        by_r.loc[("quasipoisson", "model")].set_index("term").loc["dispersion", "estimate"], rel=1e-8
    )
    assert found_in(hens, "negative_binomial").theta == pytest.approx(
        by_r.loc[("negative_binomial", "model")].set_index("term").loc["theta", "estimate"], rel=1e-6
    )
    assert "theta" in " ".join(found_in(hens, "negative_binomial").notes)


def test_missing_months_are_time_that_passed(hens, by_r):
    short = hens[~hens["month"].isin([7, 8, 20, 41])].sample(frac=1, random_state=1)
    found = found_in(short, lags=4)
    expected = by_r.loc[("gaps", "plain 4")].set_index("term")["std_error"]
    table = found.table.set_index("term")
    factor = np.sqrt(56 / (56 - 8))
    assert table["std_error"].to_numpy() == pytest.approx(expected[table.index].to_numpy() * factor, rel=1e-8)
    assert "4 of 60 periods have no row" in " ".join(found.notes)
    check = found.check().set_index("check").loc["periods without a row"]
    assert (check["value"], check["verdict"]) == (4, "look closer")
    # Had rows been taken for months, neighbours would be others.
    as_rows = found_in(short.sort_values("month").assign(month=range(56)), lags=4)
    assert as_rows.table["std_error"].iloc[1] != pytest.approx(table["std_error"].iloc[1], rel=1e-3)


def test_places_that_share_shocks(by_r):
    houses = pd.read_csv(FOLDER / "interrupted_houses.csv")
    found = found_in(houses, unit="house", lags=3)
    expected = by_r.loc[("houses", "plain 3")].set_index("term")
    table = found.table.set_index("term")
    assert "Intercept" not in table.index
    assert table["estimate"].to_numpy() == pytest.approx(expected.loc[table.index, "estimate"].to_numpy(), rel=1e-8)
    factor = np.sqrt(180 / 170)
    assert table["std_error"].to_numpy() == pytest.approx(
        expected.loc[table.index, "std_error"].to_numpy() * factor, rel=1e-8
    )
    frame = found.counterfactual
    assert len(frame) == 60
    assert frame["observed"].sum() == houses["deaths"].sum()
    assert frame["exposure"].iloc[0] == houses.loc[houses["month"] == 0, "hens"].sum()
    assert "3 units (house)" in found.text


def test_dates_periods_and_numbers_are_one_series(hens):
    plain = found_in(hens)
    months = pd.period_range("2015-01", periods=60, freq="M")
    change = months[35]
    columns = (months, months.to_timestamp(), months.to_timestamp(how="end"), months.astype(str))
    for column, given in zip(columns, (str(change), change, change.start_time, "2017-12"), strict=True):
        dated = found_in(hens.assign(month=column), change_at=given)
        pd.testing.assert_frame_equal(dated.table, plain.table, rtol=1e-9)
    assert dated.counterfactual["time"].tolist()[35] == "2017-12"
    assert "2017-12" in dated.text


def test_a_change_inside_a_period_is_said(hens):
    days = pd.period_range("2015-01", periods=60, freq="M").to_timestamp()
    found = found_in(hens.assign(month=days), change_at="2017-12-20")
    assert "The change falls inside 2017-12" in found.notes[-1]
    assert found.after == 25
    assert len(found_in(hens.assign(month=days), change_at="2017-12-01").notes) == 1


def test_every_second_year_is_one_step():
    years = np.arange(2001, 2041, 2)
    rng = np.random.default_rng(0)
    counts = rng.poisson(50, 20)
    plain = interrupted_series(
        pd.DataFrame({"year": range(20), "n": counts}), outcome="n", time="year", change_at=10, lags=2
    )
    found = interrupted_series(
        pd.DataFrame({"year": years, "n": counts}), outcome="n", time="year", change_at=2020, lags=2
    )
    pd.testing.assert_frame_equal(found.table, plain.table)
    assert "2 steps of year apart" in found.notes[-1]


def test_few_periods_use_student(hens):
    found = found_in(hens[hens["month"].between(20, 54)], slope=False, season=None)
    assert found.degrees == 35 - 3
    row = found.table.iloc[1]
    assert (row["high"] - row["estimate"]) / row["std_error"] == pytest.approx(t.ppf(0.975, 32), rel=1e-9)
    assert np.isinf(found_in(hens).degrees)
    row = found_in(hens).table.iloc[1]
    assert (row["high"] - row["estimate"]) / row["std_error"] == pytest.approx(norm.ppf(0.975), rel=1e-9)
    assert found_in(hens, "gaussian", errors="model").degrees == 52


# The counterfactual


def test_events_added_follow_from_the_ratio(hens):
    # Without a change of slope every period after is multiplied by the same ratio.
    found = found_in(hens, slope=False)
    ratio = found.table.set_index("term").loc["level change", "ratio"]
    frame = found.counterfactual
    after = frame["time"] >= 35
    assert (frame["expected"] / frame["without_change"])[after].to_numpy() == pytest.approx(ratio, rel=1e-9)
    assert (frame["expected"] / frame["without_change"])[~after].to_numpy() == pytest.approx(1, rel=1e-9)
    events = found.events.set_index("quantity")["estimate"]
    assert events["observed"] == hens["deaths"][35:].sum()
    # The level change makes what is expected after it add up to what was observed.
    assert frame["expected"][after].sum() == pytest.approx(events["observed"], rel=1e-8)
    assert events["added"] == pytest.approx(events["observed"] * (1 - 1 / ratio), rel=1e-8)
    assert events["share"] == pytest.approx(ratio - 1, rel=1e-8)


def test_intervals_of_events_are_those_of_the_estimates(hens):
    # The share is a ratio minus 1: its interval must be that of the table, to what draws leave.
    found = found_in(hens, slope=False, draws=40_000, seed=3)
    row = found.table.set_index("term").loc["level change"]
    share = found.events.set_index("quantity").loc["share"]
    assert [share["low"], share["high"]] == pytest.approx([row["ratio_low"] - 1, row["ratio_high"] - 1], abs=0.006)
    # The line without the change: delta method on the log scale, by the covariance given.
    names = list(found.covariance)
    place = 50
    angle = 2 * np.pi * place / 12
    column = pd.Series(0.0, index=names)
    column[["Intercept", "trend"]] = 1, place - 35
    column[["season sin 1", "season cos 1"]] = np.sin(angle), np.cos(angle)
    column[["season sin 2", "season cos 2"]] = np.sin(2 * angle), np.cos(2 * angle)
    error = np.sqrt(column @ found.covariance.to_numpy() @ column)
    line = found.counterfactual.iloc[place]
    assert line["high"] / line["without_change"] == pytest.approx(np.exp(1.96 * error), rel=0.01)
    assert line["low"] / line["without_change"] == pytest.approx(np.exp(-1.96 * error), rel=0.01)
    assert found_in(hens, slope=False, seed=3).events.equals(found_in(hens, slope=False, seed=3).events)
    assert not found_in(hens, slope=False, seed=4).events.equals(found_in(hens, slope=False, seed=3).events)


def level_change(values: np.ndarray, change: int, model: Model) -> pd.Series:
    """Return the row of the change of level; without the placebo dates, which take most of the time."""
    months = np.arange(len(values))
    series = Series(values.astype(float), None, months, np.zeros_like(months), change, pd.Index(months), months)
    return answer(series, model).table.set_index("term").loc["level change"]


def test_a_planted_change_is_found_and_covered():
    rng = np.random.default_rng(12)
    months = np.arange(72)
    level = np.exp(3.5 + 0.004 * months - 0.4 * (months >= 40) + 0.02 * np.maximum(months - 40, 0))
    model = Model("poisson", Shape(slope=True, trend=True, season=None, harmonics=2), robust=False, lags=None)
    rows = [level_change(rng.poisson(level), 40, model) for _ in range(120)]
    inside = np.mean([row["low"] <= -0.4 <= row["high"] for row in rows])
    assert 0.89 < inside <= 1  # three standard errors
    assert np.mean([row["estimate"] for row in rows]) == pytest.approx(-0.4, abs=0.03)


def test_trust_in_the_model_is_misplaced_where_shocks_last():
    rng = np.random.default_rng(5)
    shape = Shape(slope=False, trend=False, season=None, harmonics=2)
    shares = {}
    shocks = rng.normal(size=(120, 200))
    for at in range(1, 200):
        shocks[:, at] += 0.7 * shocks[:, at - 1]
    for robust, lags in ((False, None), (True, 12)):
        model = Model("gaussian", shape, robust, lags)
        rows = [level_change(10 + each, 100, model) for each in shocks]
        shares[robust] = np.mean([row["low"] <= 0 <= row["high"] for row in rows])
    # Shocks of correlation 0.7 make the plain error 1 / sqrt(5.7) of what it should be: it covers 0.59. Twelve lags
    # see 0.83 of the long-run variance: 0.92.
    assert shares[False] < 0.70
    assert shares[True] > 0.85


# Checks and placebos


def test_likeness_of_neighbours_is_measured_as_in_r(hens, by_r):
    checks = found_in(hens).check().set_index("check")
    box = by_r.loc[("quasipoisson", "box 12")].set_index("term")["estimate"]
    assert checks.loc["autocorrelation", "at"] == "lags 1 to 12"
    assert checks.loc["autocorrelation", "value"] == pytest.approx(box["p_value"], rel=1e-6)
    assert checks.loc["autocorrelation", "verdict"] == "look closer"
    lag = by_r.loc[("quasipoisson", "acf")].set_index("term")["estimate"]["lag 1"]
    assert checks.loc["autocorrelation of neighbours", "value"] == pytest.approx(lag, rel=1e-7)
    assert "autocorrelation" in found_in(hens).text
    assert "newey_west" in found_in(hens, errors="model").check().iloc[0]["advice"]


def test_checks_see_what_is_planted(hens):
    poisson = found_in(hens, "poisson", errors="model").check().set_index("check")
    assert poisson.loc["overdispersion", "verdict"] == "look closer"
    assert found_in(hens, "poisson").check().set_index("check").loc["overdispersion", "verdict"] == "in order"
    short = found_in(hens[hens["month"].between(29, 60)], season=None, slope=False).check().set_index("check")
    assert short.loc["periods before", "verdict"] == "look closer"
    assert short.loc["periods after", "verdict"] == "in order"
    assert short.loc["placebo dates", "verdict"] == "look closer"
    assert "Too few" in short.loc["placebo dates", "advice"]
    one_season = found_in(hens[hens["month"] >= 20]).check().set_index("check")
    assert one_season.loc["seasons before", "value"] == pytest.approx(15 / 12)
    assert one_season.loc["seasons before", "verdict"] == "look closer"
    assert found_in(hens).check().set_index("check").loc["seasons before", "verdict"] == "in order"


def test_a_bend_before_the_change_is_seen():
    rng = np.random.default_rng(1)
    months = np.arange(60)
    bent = np.exp(4 + 0.0015 * (months - 40) ** 2 * (months < 40))
    straight = np.exp(4 + 0.01 * months)
    for level, verdict in ((bent, "look closer"), (straight, "in order")):
        frame = pd.DataFrame({"month": months, "deaths": rng.poisson(level)})
        found = interrupted_series(frame, outcome="deaths", time="month", change_at=40)
        assert found.check().set_index("check").loc["straight trend", "verdict"] == verdict


def test_only_the_time_before_is_asked_for_a_bend(hens):
    # Straight before, bent after: what is carried on is straight. By least squares, and the t-test of the square.
    bent = hens.assign(score=hens["score"] + 0.02 * np.maximum(hens["month"] - 35, 0) ** 2)
    check = found_in(bent, "gaussian").check().set_index("check").loc["straight trend"]
    assert check["verdict"] == "in order"
    early = hens[hens["month"] < 35]
    angle = 2 * np.pi * early["month"] / 12
    waves = [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    columns = np.column_stack([np.ones(35), early["month"], *waves, (early["month"] - 17) ** 2])
    estimates, squares, *_ = np.linalg.lstsq(columns, early["score"], rcond=None)
    error = np.sqrt(squares[0] / 28 * np.linalg.inv(columns.T @ columns)[-1, -1])
    assert check["value"] == pytest.approx(2 * t.sf(abs(estimates[-1]) / error, 28), rel=1e-6)


def test_places_with_levels_of_their_own_on_a_straight_scale():
    houses = pd.read_csv(FOLDER / "interrupted_houses.csv")
    found = interrupted_series(
        houses, outcome="deaths", time="month", change_at=35, family="gaussian", unit="house", errors="model"
    )
    month = houses["month"].to_numpy()
    columns = np.column_stack([month >= 35, month - 35, *(houses["house"] == each for each in "abc")]).astype(float)
    estimates, squares, *_ = np.linalg.lstsq(columns, houses["deaths"], rcond=None)
    covariance = np.linalg.inv(columns.T @ columns) * squares[0] / (180 - 5)
    assert found.table["term"].tolist() == ["level change", "trend"]
    assert found.table["estimate"].to_numpy() == pytest.approx(estimates[:2], rel=1e-9)
    assert found.table["std_error"].to_numpy() == pytest.approx(np.sqrt(np.diag(covariance))[:2], rel=1e-9)


def test_placebo_dates_are_fits_of_the_time_before(hens):
    found = found_in(hens, slope=False, season=None)
    placebo = found.placebo()
    assert placebo["time"].tolist() == list(range(5, 31))
    again = interrupted_series(
        hens[hens["month"] < 35], outcome="deaths", time="month", change_at=12, exposure="hens"
    ).table.set_index("term")
    row = placebo.set_index("time").loc[12]
    assert row["estimate"] == pytest.approx(again.loc["level change", "estimate"], rel=1e-9)
    assert row["ratio_high"] == pytest.approx(again.loc["level change", "ratio_high"], rel=1e-9)
    real = abs(found.table.set_index("term").loc["level change", "estimate"])
    assert placebo["as_large"].tolist() == (placebo["estimate"].abs() >= real).tolist()


def test_steps_without_a_cause_are_said():
    rng = np.random.default_rng(2)
    months = np.arange(80)
    level = 4 + 0.5 * ((months // 10) % 2)  # up and down every ten months
    frame = pd.DataFrame({"month": months, "deaths": rng.poisson(np.exp(level))})
    found = interrupted_series(frame, outcome="deaths", time="month", change_at=60, trend=False)
    check = found.check().set_index("check").loc["placebo dates"]
    assert check["verdict"] == "look closer"
    assert check["value"] > 0.05
    assert "such steps come without a cause" in check["advice"]


def test_the_words_say_what_was_found_and_what_cannot_be_shown(hens):
    found = found_in(hens, slope=False)
    row = found.table.set_index("term").loc["level change"]
    added = found.events.set_index("quantity").loc["added"]
    assert (
        f"multiplied by {row['ratio']:.3g} (95% interval {row['ratio_low']:.3g} to {row['ratio_high']:.3g})"
        in found.text
    )
    assert f"{-added['estimate']:,.0f} deaths fewer" in found.text
    assert "anything else that came at the same date" in found.text
    assert "up to 3 apart" in found.text
    assert not found.text.startswith("SIMULATED")
    assert found_in(hens.assign(SIMULATED=True)).text.startswith("SIMULATED. ")
    assert "no difference shown" in found_in(hens).text  # of the slope
    gaussian = found_in(hens, "gaussian")
    assert "ratio" not in gaussian.table
    assert "moved by" in gaussian.text


def test_the_picture_shows_each_period_and_breaks_at_gaps(hens):
    ax = found_in(hens[hens["month"] != 10]).plot()
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    rate = hens["deaths"] / hens["hens"] * 100
    assert np.nanmax(np.abs(dots.get_ydata() - rate.where(hens["month"] != 10).to_numpy())) == pytest.approx(
        0, abs=1e-12
    )
    assert np.isnan(dots.get_ydata()[10])
    assert ax.get_ylabel() == "deaths per 100 hens"
    dashed = next(line for line in ax.lines if list(line.get_xdata()) == [34.5, 34.5])
    assert dashed is not None
    dated = found_in(hens.assign(month=pd.period_range("2015-01", periods=60, freq="M")), change_at="2017-12").plot()
    assert dated.get_xlabel() == "month"
    assert interrupted_series(hens, outcome="deaths", time="month", change_at=35).plot().get_ylabel() == "deaths"


# What is left out, and refused


def test_rows_left_out_are_named(hens):
    holed = hens.assign(deaths=hens["deaths"].astype(float), month=hens["month"].astype(float)).set_index(
        "month", drop=False
    )
    holed.index = [f"row {at}" for at in range(60)]
    holed.iloc[3, holed.columns.get_loc("deaths")] = np.nan
    holed.iloc[5, holed.columns.get_loc("hens")] = 0
    holed.iloc[9, holed.columns.get_loc("month")] = np.nan
    found = found_in(holed)
    assert found.dropped.to_dict("records") == [
        {"row": "row 3", "reason": "missing deaths"},
        {"row": "row 5", "reason": "no exposure"},
        {"row": "row 9", "reason": "missing month"},
    ]
    assert found.n == 57
    assert "1 missing deaths" in found.text
    pd.testing.assert_frame_equal(found.table, found_in(hens.drop([3, 5, 9])).table)


def test_a_house_without_a_death_says_nothing():
    houses = pd.read_csv(FOLDER / "interrupted_houses.csv")
    silent = pd.concat([houses, houses[houses["house"] == "a"].assign(house="d", deaths=0)], ignore_index=True)
    found = found_in(silent, unit="house")
    pd.testing.assert_frame_equal(found.table, found_in(houses, unit="house").table)
    assert found.dropped["reason"].unique().tolist() == ["house without an event"]
    assert len(found.dropped) == 60


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        ({}, {"change_at": 0}, BadParameter, "run from 0 to 59"),
        ({}, {"change_at": 60}, BadParameter, "not within the data"),
        ({}, {"change_at": -5}, BadParameter, "not within the data"),
        ({}, {"change_at": None}, BadParameter, "no date of the change"),
        ({}, {"change_at": 34.5}, BadValue, "not a whole number"),
        ({}, {"change_at": "June"}, BadValue, "June"),
        ({}, {"change_at": 2}, NotEstimable, "2 periods before"),
        ({}, {"change_at": 59}, NotEstimable, "1 period after"),
        ({"month": lambda df: df["month"] // 2}, {"change_at": 15}, BadValue, "has two rows"),
        ({"month": "long ago"}, {}, BadValue, "month"),
        ({"month": lambda df: df["month"] + 0.5}, {}, BadValue, "not a whole number"),
        ({"deaths": -1}, {}, BadValue, "below zero"),
        ({"deaths": "many"}, {}, BadValue, "not a number"),
        ({"deaths": 0.5}, {"family": "negative_binomial"}, BadValue, "not a count"),
        ({"deaths": np.nan}, {}, NotEstimable, "no row can be used"),
        ({"deaths": lambda df: df["deaths"].where(df["month"] < 35, 0)}, {}, NotEstimable, "nothing was counted after"),
        (
            {"deaths": lambda df: df["deaths"].where(df["month"] > 34, 0)},
            {},
            NotEstimable,
            "nothing was counted before",
        ),
        ({"deaths": 7}, {"exposure": None}, NotEstimable, "does not vary"),
        ({"hens": 0}, {}, NoDenominator, "above zero"),
        ({}, {"outcome": "harm"}, BadParameter, "no column 'harm'"),
        ({}, {"exposure": "cows"}, BadParameter, "no column 'cows'"),
        ({}, {"family": "gaussian", "exposure": "hens"}, BadParameter, "no place for an exposure"),
        ({}, {"family": "gamma"}, BadParameter, "gamma"),
        ({}, {"errors": "HC1"}, BadParameter, "HC1"),
        ({}, {"lags": -1}, BadParameter, "lags=-1"),
        ({}, {"lags": 3, "errors": "model"}, BadParameter, "lags=3"),
        ({}, {"season": 1}, BadParameter, "season=1"),
        ({}, {"season": 12, "harmonics": 7}, BadParameter, "harmonics=7"),
        ({}, {"seed": -1}, BadParameter, "seed"),
        ({}, {"draws": 3}, BadParameter, "draws"),
    ],
)
def test_what_is_refused(hens, change, options, error, words):
    with pytest.raises(error, match=words):
        found_in(hens.assign(**change), **{"season": None, "slope": False, **options})


def test_too_many_terms_for_the_periods(hens):
    few = hens[hens["month"].between(31, 38)]
    with pytest.raises(NotEstimable, match=r"cannot carry|told apart"):
        found_in(few)
    with pytest.raises(NotEstimable, match="does not vary"):
        interrupted_series(
            pd.DataFrame({"t": range(12), "y": [1.0] * 6 + [2.0] * 6}),
            outcome="y", time="t", change_at=6, family="gaussian",
        )  # fmt: skip


def test_a_house_counted_twice_in_a_month():
    houses = pd.read_csv(FOLDER / "interrupted_houses.csv")
    with pytest.raises(BadValue, match="two rows of one house"):
        found_in(pd.concat([houses, houses.iloc[[0]]]), unit="house")
    with pytest.raises(BadValue, match="unit="):
        found_in(houses)


def test_every_error_says_what_to_do(hens):
    for options in ({"change_at": 0}, {"change_at": 2}, {"family": "gamma"}):
        with pytest.raises(WelfareError) as caught:
            found_in(hens, **options)
        assert caught.value.todo


# What a hostile reader could do with it.


def test_lags_over_the_whole_series_are_refused(hens):
    with pytest.raises(BadParameter, match="errors too small"):
        found_in(hens, lags=1000)
    assert found_in(hens, lags=len(hens) // 3).lags == len(hens) // 3
    with pytest.raises(BadParameter):
        found_in(hens, lags=len(hens) // 3 + 1)


def test_periods_that_cannot_be_used_stay_gaps():
    df = pd.DataFrame({"month": range(24), "deaths": [9, 12, 9, 11] * 3 + [14, 18, 14, 15] * 3, "hens": [0, 100] * 12})
    found = interrupted_series(df, outcome="deaths", time="month", change_at=12, exposure="hens", trend=False)
    assert found.counterfactual["time"].tolist() == list(range(1, 24, 2))
    assert any("11 of 23 periods have no row" in note for note in found.notes)
    assert "from the change at 12 on" in found.text


def test_few_events_are_not_rounded_away():
    df = pd.DataFrame({"month": range(24), "deaths": [0, 0, 1, 0, 0, 0] + [0] * 6 + [0, 1, 0, 0, 1, 0] * 2})
    text = interrupted_series(df, outcome="deaths", time="month", change_at=12, trend=False).text
    assert "that is 3 deaths more" in text
    assert "than the 1 expected" in text
    half = df.assign(deaths=df["deaths"] / 2)
    text = interrupted_series(half, outcome="deaths", time="month", change_at=12, trend=False).text
    assert "that is 1.5 deaths more" in text
    assert "than the 0.5 expected" in text


def test_odd_options_are_read_or_refused_with_advice(hens):
    with pytest.raises(BadParameter, match="season='12'"):
        found_in(hens, season="12")
    with pytest.raises(BadParameter, match="more than one column 'deaths'"):
        found_in(pd.concat([hens, hens[["deaths"]]], axis=1))
    dated = hens.assign(month=pd.period_range("2020-01", periods=len(hens), freq="M").to_timestamp())
    plain, zoned = (found_in(dated, change_at=pd.Timestamp("2022-12-15", tz=zone)) for zone in (None, "UTC"))
    pd.testing.assert_frame_equal(plain.table, zoned.table)
    assert "in 1 unit (farm)" in found_in(hens.assign(farm="a"), unit="farm").text


def test_places_that_share_periods_add_no_degrees_of_freedom():
    deaths = np.random.default_rng(3).poisson(20, 48)
    df = pd.DataFrame({"month": [*range(24)] * 2, "farm": ["a"] * 24 + ["b"] * 24, "deaths": deaths})
    found = interrupted_series(df, outcome="deaths", time="month", change_at=12, unit="farm")
    assert found.degrees == 24 - 3  # level, change and trend; farms' own levels are of rows, not of periods


def test_rates_given_with_an_exposure_are_noted():
    rng = np.random.default_rng(3)
    df = pd.DataFrame({"month": range(40), "dead": rng.poisson(20, 40), "birds": 1_000})
    options = {"outcome": "dead", "time": "month", "change_at": 20}
    noted = interrupted_series(df.assign(dead=df["dead"] / 3), exposure="birds", **options).notes
    assert any("divided by birds once more" in note for note in noted)
    for plain in (
        interrupted_series(df, exposure="birds", **options),
        interrupted_series(df.assign(dead=df["dead"] / 3), **options),
    ):
        assert not any("once more" in note for note in plain.notes)
