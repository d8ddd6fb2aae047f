"""Pooling against metafor 3.8 and clubSandwich (tests/referee/r/pooling.R)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.stats.pooling.trials import bcg
from welfare.stats.pooling.pool import pool
from welfare.stats.pooling.result import Pooled

FOLDER = Path(__file__).parents[2] / "referee" / "r"
METHODS = ["reml", "dl", "pm", "ml", "hedges", "sj", "eb", "fixed"]
ERRORS = ["hksj", "hksj_adhoc", "t", "normal"]
MODERATORS = {"latitude": ["latitude"], "latitude and allocation": ["latitude", "allocation"]}
TERMS = {
    "intrcpt": "Intercept",
    "ablat": "latitude",
    "allocrandom": "allocation[T.random]",
    "allocsystematic": "allocation[T.systematic]",
    "placerange": "place[T.range]",
    "placeyard": "place[T.yard]",
}
NEAR = 1e-8


@pytest.fixture(autouse=True)
def _short_paragraphs(monkeypatch):
    """Words are tested elsewhere: here hundreds of pools need not leave out each study for them."""
    monkeypatch.setattr("welfare.stats.pooling.pool._LEFT_OUT_IN_TEXT", 0)


@cache
def by_r(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"pooling_{name}.csv")


def frame(name: str) -> pd.DataFrame:
    if name == "bcg":
        return bcg()
    data = pd.read_csv(FOLDER / "pooling_data.csv").query("set == @name").reset_index(drop=True)
    return data.rename(columns={"yi": "effect", "vi": "variance"})


def pooled(name: str, **options) -> Pooled:
    df = frame(name)
    return pool(df["effect"], df["variance"], **options)


def close(found, expected, near: float = NEAR) -> None:
    assert np.asarray(found, dtype=float) == pytest.approx(
        np.asarray(expected, dtype=float), rel=near, abs=near / 10, nan_ok=True
    )


@pytest.mark.parametrize("ci", ERRORS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["bcg", "alike", "three", "nested"])
def test_every_estimator_with_every_interval_is_metafors(name, method, ci):
    expected = by_r("pools").set_index(["set", "method", "ci"]).loc[(name, method, ci)]
    found = pooled(name, method=method, ci=ci)
    same = ["estimate", "std_error", "low", "high", "p_value", "tau2", "i2", "h2", "q", "q_p"]
    close([getattr(found, number) for number in same], expected[same])
    if method != "fixed":  # metafor gives no interval of a variance that is assumed to be 0
        close([found.tau2_low, found.tau2_high], expected[["tau2_low", "tau2_high"]])
    close([found.prediction_low, found.prediction_high], expected[["higgins_low", "higgins_high"]])
    if ci == "hksj":
        plain = pooled(name, method=method, ci=ci, prediction_by="t")
        close([plain.prediction_low, plain.prediction_high], expected[["t_low", "t_high"]])


def test_of_two_peaks_of_the_likelihood_the_higher_is_taken():
    expected = by_r("peaks").iloc[0]
    assert expected["peaks"] == 2
    assert pooled("peaks").tau2 == pytest.approx(expected["tau2"], rel=1e-7)  # R searched by value, flat at a peak


@pytest.mark.parametrize("name", ["bcg", "alike", "three"])
def test_leave_one_out_is_metafors(name):
    expected = by_r("left_out").query("set == @name").reset_index(drop=True)
    found = pooled(name).leave_one_out()
    assert list(found["left_out"]) == [f"study {row + 1}" for row in range(len(expected))]
    for number in ("estimate", "std_error", "low", "high", "tau2", "i2"):
        close(found[number], expected[number])


@pytest.mark.parametrize("name", ["bcg", "alike", "nested"])
def test_funnel_tests_and_trim_and_fill_are_metafors(name):
    expected = by_r("funnel").set_index("set").loc[name]
    found = pooled(name)
    classical, random = found.egger().table.iloc[0], found.egger(model="random").table.iloc[0]
    close(
        classical[["statistic", "p_value", "limit", "limit_low", "limit_high"]],
        expected[["egger", "egger_p", "limit", "limit_low", "limit_high"]],
    )
    close(random[["statistic", "p_value"]], expected[["random", "random_p"]])
    close(found.begg().table.loc[0, ["tau", "p_value"]], expected[["tau", "tau_p"]])
    filled = found.trim_and_fill().set_index("what").loc["filled"]
    assert (filled["side"], filled["added"]) == (expected["side"], expected["added"])
    close(
        filled[["estimate", "low", "high"]], expected[["filled", "filled_low", "filled_high"]], 1e-6
    )  # mirrored about its loose mean


def moderators(name: str, which: str) -> pd.DataFrame:
    return frame(name)[MODERATORS.get(which, ["dose", "place"])]


@pytest.mark.parametrize("ci", ERRORS)
@pytest.mark.parametrize("method", ["reml", "dl", "pm", "ml", "hedges", "sj", "fixed"])
@pytest.mark.parametrize(
    ("name", "which"), [("bcg", "latitude"), ("bcg", "latitude and allocation"), ("nested", "dose and place")]
)
def test_meta_regression_is_metafors(name, which, method, ci):
    keys = ["set", "moderators", "method", "ci"]
    expected = by_r("regression").set_index(keys).loc[(name, which, method, ci)]
    tests = by_r("regression_tests").set_index(keys).loc[(name, which, method, ci)]
    found = pooled(name, method=method, ci=ci, moderators=moderators(name, which))
    table = found.moderators.set_index("term").loc[expected["term"].replace(TERMS)]
    for number in ("estimate", "std_error", "low", "high", "p_value"):
        close(table[number], expected[number])
    told = ["tau2", "i2", "qm", "qm_p", "qe", "qe_p"]
    close([getattr(found.regression, number) for number in told], tests[told])
    if method != "fixed":
        close(found.regression.r2, tests["r2"], 1e-7)  # a difference of two variances


def test_a_pool_with_moderators_is_still_the_pool_of_the_same_studies():
    with_them, without = pooled("bcg", moderators=moderators("bcg", "latitude")), pooled("bcg")
    assert with_them.estimate == without.estimate
    assert without.moderators is None


@pytest.mark.parametrize("method", ["reml", "dl", "fixed"])
def test_errors_clustered_by_study_are_clubsandwichs(method):
    expected = by_r("robust").set_index(["method", "moderators"]).sort_index()
    df = frame("nested")
    found = pool(
        df["effect"],
        df["variance"],
        method=method,
        study=df["group"],
        moderators=moderators("nested", "dose and place"),
    )
    alone = expected.loc[(method, "none")]
    close(
        [found.estimate, found.std_error, found.degrees, found.low, found.high, found.p_value],
        alone[["estimate", "std_error", "degrees", "low", "high", "p_value"]],
    )
    rows = expected.loc[(method, "dose and place")]
    table = found.moderators.set_index("term").loc[rows["term"].replace(TERMS)]
    for number in ("estimate", "std_error", "low", "high", "p_value"):
        close(table[number], rows[number])


def test_published_figures_of_the_bcg_trials():
    """As printed by metafor with its own stopping rule, of which 1e-7 is left in the variance."""
    found = pooled("bcg", ci="normal")
    assert [found.estimate, found.std_error, found.tau2, found.i2] == pytest.approx(
        [-0.7145323484, 0.1797815318, 0.313243326, 92.22138607], rel=3e-7
    )
    assert pooled("bcg", method="dl").tau2 == pytest.approx(0.3087602629, abs=5e-11)
    found = pooled("bcg")
    assert [found.std_error, found.low, found.high] == pytest.approx(
        [0.1807917455, -1.108443723, -0.3206209737], rel=3e-8
    )
    slope = pooled("bcg", ci="normal", moderators=bcg()["latitude"]).moderators.set_index("term").loc["latitude"]
    assert [slope["estimate"], slope["std_error"]] == pytest.approx([-0.02910166, 0.00719555], abs=3e-7)
