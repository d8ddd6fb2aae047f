"""What curves, shares by cause and models of hazards must refuse, leave out by name, or say plainly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration


@pytest.fixture
def df() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 60
    entry = rng.integers(0, 10, n).astype(float)
    return pd.DataFrame(
        {
            "herd": np.arange(n) // 2,
            "entry": entry,
            "exit": entry + rng.integers(1, 30, n),
            "event": rng.integers(0, 2, n),
            "speed": rng.normal(size=n).round(2),
            "system": rng.choice(["barn", "cage"], n),
        },
        index=[f"r{k}" for k in range(n)],
    )


def every(df: pd.DataFrame, **options: object) -> list:
    given = {"time": "exit", "entry": "entry"} | options
    return [
        lambda: survival(df, event="event", **given),
        lambda: cumulative_incidence(df, event="event", **given),
        lambda: duration("event ~ speed", df, **given),
    ]


BROKEN = {
    "an exit before its entry": (
        lambda df: df.assign(exit=[-1.0, *df["exit"][1:]]),
        BadValue,
        "exit is -1, before entry",
    ),
    "text for a time": (lambda df: df.assign(exit=["x", *df["exit"][1:]]), BadValue, "not a number"),
    "an infinite time": (lambda df: df.assign(exit=[np.inf, *df["exit"][1:]]), BadValue, "infinite"),
    "dates": (lambda df: df.assign(exit=pd.Timestamp("2024-01-01")), BadParameter, "holds dates, not lengths of time"),
    "no time at all": (lambda df: df.assign(exit=np.nan), NotEstimable, "no row"),
    "no column": (lambda df: df.drop(columns="exit"), BadParameter, "no column 'exit'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_times_that_are_none_are_refused_by_all(kind, df):
    change, error, words = BROKEN[kind]
    for call in every(change(df)):
        with pytest.raises(error, match=words):
            call()


def test_no_frame_is_refused():
    for call in every({"exit": [1]}):
        with pytest.raises(BadParameter, match="a dict was given, not a frame"):
            call()


def test_a_negative_time_without_entry_is_refused(df):
    with pytest.raises(BadValue, match="exit is -3, below zero, in row 'r0'"):
        survival(df.assign(exit=[-3.0, *df["exit"][1:]]), time="exit", event="event")


def test_rows_without_time_or_values_are_left_out_by_name(df):
    df = df.assign(event=df["event"].astype(float))
    df.loc["r0", ["exit", "event"]] = [df.loc["r0", "entry"], 1]
    df.loc["r1", "exit"] = np.nan
    df.loc["r2", "entry"] = np.nan
    df.loc["r4", "speed"] = np.nan
    df.loc["r5", "system"] = None
    df.loc["r6", "event"] = np.nan
    common = {"r0": "no time at risk", "r1": "missing exit", "r2": "missing entry"}
    curve = survival(df, time="exit", entry="entry", event="event", by="system")
    assert dict(curve.dropped.to_numpy()) == common | {"r5": "missing system", "r6": "missing event"}
    assert any("very moment their row entered, left out: 1" in note for note in curve.notes)
    fit = duration("event ~ speed", df, time="exit", entry="entry", strata="system")
    assert dict(fit.dropped.to_numpy()) == common | {
        "r4": "missing speed",
        "r5": "missing system",
        "r6": "missing event",
    }
    assert fit.n == 54 == len(df) - len(fit.dropped)
    assert any("very moment their row entered, left out: 1" in note for note in fit.notes)
    causes = cumulative_incidence(df, time="exit", entry="entry", event="event")
    assert dict(causes.dropped.to_numpy()) == common  # a missing event is one that had not come


def test_events_that_are_neither_are_refused(df):
    broken = df.assign(event=[2, *df["event"][1:]])
    for call in (every(broken)[0], every(broken)[2]):
        with pytest.raises(BadValue, match="event is 2 in row 'r0', not 0 or 1"):
            call()


def test_true_and_false_are_one_and_nought(df):
    whole = survival(df, time="exit", event="event").table
    assert survival(df.assign(event=df["event"] == 1), time="exit", event="event").table.equals(whole)


def test_labels_that_repeat_do_not_mix_rows(df):
    again = df.set_axis(["x"] * len(df))
    again.iloc[3, again.columns.get_loc("exit")] = np.nan
    plain = df[np.arange(len(df)) != 3]
    for event in ("event",):
        assert (
            cumulative_incidence(again, time="exit", event=event)
            .table["incidence"]
            .equals(cumulative_incidence(plain, time="exit", event=event).table["incidence"])
        )
    assert duration("event ~ speed", again, time="exit").table.equals(
        duration("event ~ speed", plain, time="exit").table
    )


def test_without_events_a_model_is_refused_and_a_curve_says_that_it_knows_nothing(df):
    quiet = df.assign(event=0)
    with pytest.raises(NotEstimable, match="no row that can be used ends with the event"):
        duration("event ~ speed", quiet, time="exit")
    with pytest.raises(NotEstimable, match="no row ends with an event"):
        cumulative_incidence(quiet, time="exit", event="event")
    curve = survival(quiet, time="exit", event="event")
    assert (curve.table["survival"] == 1).all()
    assert curve.table[["low", "high"]].isna().all().all()
    assert curve.check().set_index("check").loc["events", "verdict"] == "look closer"
    assert "fewer than half had the event" in curve.text


def test_one_group_has_no_test(df):
    curve = survival(df.assign(one="x"), time="exit", event="event", by="one")
    assert curve.log_rank is None
    assert np.isnan(curve.p_value)


MODELS = {
    "a condition without variance": ("event ~ speed", {}, {"speed": 1.0}, NotEstimable, "speed takes one value"),
    "a factor of one level": ("event ~ system", {}, {"system": "barn"}, NotEstimable, "takes one value"),
    "no term": ("event ~ 1", {}, {}, NotEstimable, "holds no term"),
    "columns that repeat": ("event ~ speed + I(2 * speed)", {}, {}, NotEstimable, "repeat one another"),
    "what does not vary within strata": (
        "event ~ speed + system",
        {"strata": "system"},
        {},
        NotEstimable,
        "do not vary",
    ),
    "code": ("event ~ getattr(speed, 'sum')", {}, {}, BadParameter, "code that is not a term"),
    "an unknown column": ("event ~ sped", {}, {}, BadParameter, "no column 'sped'"),
    "an outcome that is no column": ("log(exit) ~ speed", {}, {}, BadParameter, "is not a column"),
    "no outcome": ("speed", {}, {}, BadParameter, "has no outcome"),
    "two fixed effects": ("event ~ speed | system + herd", {}, {}, BadParameter, "more than one fixed effect"),
    "unknown ties": ("event ~ speed", {"ties": "exact"}, {}, BadParameter, "no treatment of ties"),
    "unknown errors": ("event ~ speed", {"errors": "HC3"}, {}, BadParameter, "no kind of errors"),
    "errors that contradict": (
        "event ~ speed",
        {"errors": "model", "cluster": "herd"},
        {},
        BadParameter,
        "independent",
    ),
    "one cluster": ("event ~ speed", {"cluster": "one"}, {"one": "x"}, NotEstimable, "belong to one one"),
    "an unknown cluster": ("event ~ speed", {"cluster": "farm"}, {}, BadParameter, "no column 'farm'"),
    "spells that overlap": ("event ~ speed", {"unit": "herd"}, {}, BadValue, "spells of one herd overlap: 0"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_models_that_cannot_be_fitted_are_refused_by_name(kind, df):
    formula, options, changed, error, words = MODELS[kind]
    with pytest.raises(error, match=words) as caught:
        duration(formula, df.assign(**changed), **({"time": "exit", "entry": "entry"} | options))
    assert "count_model" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda df: survival(df, time="exit", event="event", conf="logit"), "no interval is called 'logit'"),
        (
            lambda df: cumulative_incidence(df, time="exit", event="event", errors="x"),
            "no kind of errors is called 'x'",
        ),
        (lambda df: survival(df, time="exit", event="event").quantiles([1.5]), "between 0 and 1"),
        (lambda df: survival(df, time="exit", event="event").restricted_mean(9999), "was observed up to"),
        (lambda df: duration("event ~ speed", df, time="exit").proportionality("sqrt"), "no transform of time"),
        (lambda df: duration("event ~ speed", df, time="exit").baseline({"sped": 1}), "no term names sped"),
        (lambda df: duration("event ~ system", df, time="exit").baseline({"system": "tent"}), "a level is unknown"),
        (lambda df: duration("event ~ speed | system", df, time="exit").baseline(), "a baseline of its own"),
        (
            lambda df: duration("event ~ speed", df, time="exit").hazard_ratio("system", at="cage", reference="barn"),
            "no term names 'system'",
        ),
        (
            lambda df: duration("event ~ speed * system", df, time="exit").hazard_ratio("speed", at=1, reference=0),
            "differs between rows",
        ),
        (lambda df: survival(df, time="exit", event="event", by="herd").plot(), "too many for one figure"),
    ],
)
def test_questions_without_an_answer_are_refused(call, words, df):
    with pytest.raises(BadParameter, match=words):
        call(df)


@pytest.mark.parametrize("word", ["censored", "None", "alive", "no event"])
def test_leaving_without_an_event_is_no_kind_of_event(word):
    df = pd.DataFrame({"days": [1, 2, 3, 4, 5], "ended": ["found", word, "closed", word, "found"]})
    with pytest.raises(BadValue, match=f"a kind of event is called '{word}'"):
        cumulative_incidence(df, time="days", event="ended")


def test_events_told_in_words_are_refused_with_what_to_write():
    df = pd.DataFrame({"days": [1, 2, 3], "ended": ["yes", "no", "yes"]})
    with pytest.raises(BadValue, match=r"holds the word 'yes', not 0 or 1.*Give 1 where the event came"):
        survival(df, time="days", event="ended")


def test_a_model_with_strata_after_the_bar_can_be_fitted_again():
    rng = np.random.default_rng(0)
    df = pd.DataFrame({"days": rng.exponential(9, 200) + 0.1, "dead": rng.integers(0, 2, 200)})
    df = df.assign(size=rng.normal(size=200), pen=rng.integers(0, 3, 200))
    fit = duration("dead ~ size | pen", df, time="days")
    assert fit.without_most_influential().n == 199
