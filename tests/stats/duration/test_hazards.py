"""Cox models: planted truths, infinite ratios, influence, checks, curves of given conditions, and the words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import NotEstimable
from welfare.stats.duration.hazards.at_risk import at_risk, tied
from welfare.stats.duration.hazards.monotone import separating
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration


def planted(n: int = 4_000, seed: int = 2) -> pd.DataFrame:
    """Return rows of constant hazard 0.02 x 1.5 per unit of speed x 0.5 in cages, looked at until day 100."""
    rng = np.random.default_rng(seed)
    speed, cage = rng.normal(size=n), rng.integers(0, 2, n)
    came = rng.exponential(1 / (0.02 * 1.5**speed * 0.5**cage))
    return pd.DataFrame(
        {
            "days": np.minimum(came, 100),
            "event": (came < 100).astype(int),
            "speed": speed,
            "system": np.where(cage, "cage", "barn"),
            "plant": rng.integers(0, 200, n),
        }
    )


@pytest.fixture(scope="module")
def df() -> pd.DataFrame:
    return planted()


@pytest.fixture(scope="module")
def fit(df):
    return duration("event ~ speed + system", df, time="days", cluster="plant")


def test_the_planted_ratios_lie_within_the_intervals_and_the_baseline_is_the_planted_one(fit):
    table = fit.table.set_index("term")
    for term, truth in (("speed", 1.5), ("system[T.cage]", 0.5)):
        assert table.loc[term, "ratio_low"] < truth < table.loc[term, "ratio_high"]
        assert table.loc[term, "ratio"] == pytest.approx(truth, rel=0.08)
    shown = fit.baseline({"speed": 0, "system": "barn"})
    at_50 = shown[shown["time"] <= 50].iloc[-1]
    assert at_50["low"] < np.exp(-0.02 * 50) < at_50["high"]
    assert fit.concordance > 0.6


def test_a_hazard_ratio_between_values_is_that_of_the_table(fit):
    table = fit.table.set_index("term")
    found = fit.hazard_ratio("system", at="cage", reference="barn")
    assert list(found.values()) == pytest.approx(
        table.loc["system[T.cage]", ["ratio", "ratio_low", "ratio_high"]].tolist(), rel=1e-10
    )
    two = fit.hazard_ratio("speed", at=3.0, reference=1.0)
    assert two["ratio"] == pytest.approx(table.loc["speed", "ratio"] ** 2, rel=1e-10)


def test_a_row_split_in_two_says_the_same(df):
    """Exact: a spell cut where nothing changes is the same spell."""
    first = df[df["days"] > 20].assign(days=20.0, event=0, begun=0.0)
    rest = df.assign(begun=np.where(df["days"] > 20, 20.0, 0.0))
    split = pd.concat([first, rest], ignore_index=True)
    whole = duration("event ~ speed + system", df.assign(begun=0.0), time="days", entry="begun", cluster="plant")
    parts = duration("event ~ speed + system", split, time="days", entry="begun", cluster="plant")
    for column in ("estimate", "std_error"):
        assert parts.table[column].to_numpy() == pytest.approx(whole.table[column].to_numpy(), rel=1e-9)
    assert parts.loglik == pytest.approx(whole.loglik, rel=1e-12)
    one, other = (
        survival(x, time="days", entry="begun", event="event", cluster="plant") for x in (whole._source, split)
    )
    assert other.at([10, 30, 60])["survival"].tolist() == pytest.approx(
        one.at([10, 30, 60])["survival"].tolist(), rel=1e-12
    )
    assert other.at([10, 30, 60])["std_error"].tolist() == pytest.approx(
        one.at([10, 30, 60])["std_error"].tolist(), rel=1e-9
    )


def test_the_unit_of_time_and_of_a_condition_does_not_matter(df, fit):
    scaled = df.assign(days=df["days"] * 1e6, speed=df["speed"] * 1e-6 + 1e3)
    found = duration("event ~ speed + system", scaled, time="days", cluster="plant")
    assert found.loglik == pytest.approx(fit.loglik, rel=1e-9)  # 1000 + 0.000001 keeps nine digits of the condition
    assert found.table["estimate"].iloc[0] * 1e-6 == pytest.approx(fit.table["estimate"].iloc[0], rel=1e-6)


def test_a_level_without_events_is_left_out_by_name_and_the_rest_is_as_without_it(df):
    quiet = df.assign(system=np.where(df.index % 10 == 0, "tent", df["system"]))
    quiet.loc[quiet["system"] == "tent", "event"] = 0
    found = duration("event ~ speed + system", quiet, time="days")
    without = duration("event ~ speed + system", quiet[quiet["system"] != "tent"], time="days")
    assert found.table["estimate"].to_numpy() == pytest.approx(without.table["estimate"].to_numpy(), rel=1e-10)
    assert (found.dropped["reason"] == "separated").all()
    # Rows of it that ended before any event were compared with none all along.
    assert set(found.dropped["row"]) <= set(quiet.index[quiet["system"] == "tent"])
    assert found.n + len(found.dropped) == len(quiet)
    check = found.check().set_index("check").loc["infinite ratios"]
    assert (check["verdict"], check["at"]) == ("look closer", "system[T.tent]")
    assert "No finite ratio exists for system[T.tent]" in found.text
    assert any("runs to zero" in note for note in found.notes)


def test_a_ratio_that_only_infinity_fits_is_refused_though_every_level_has_events():
    # The cages had it while all barns were still there, the barns only after the last cage: no ratio is finite.
    df = pd.DataFrame({"days": [1, 2, 3, 4, 5, 6], "event": 1, "caged": [1, 1, 1, 0, 0, 0], "size": [2, 1, 3, 2, 1, 3]})
    with pytest.raises(NotEstimable, match="caged runs to infinity"):
        duration("event ~ caged + size", df, time="days")


def test_what_runs_to_infinity_only_together_is_found():
    rng = np.random.default_rng(0)
    n = 300
    x, z = rng.normal(size=n), rng.normal(size=n)
    # Events come in the order of x + z, exactly: neither alone orders them.
    order = np.argsort(-(x + z))
    days = np.empty(n)
    days[order] = np.arange(1, n + 1)
    rows = at_risk(np.zeros(n), days, np.ones(n, dtype=bool))
    direction = separating(rows, np.column_stack([x, z]))
    assert direction is not None
    assert direction[0] / direction[1] == pytest.approx(1, abs=0.2)
    with pytest.raises(NotEstimable, match="x, z runs to infinity"):
        duration("event ~ x + z", pd.DataFrame({"x": x, "z": z, "days": days, "event": 1}), time="days")
    assert separating(rows, np.column_stack([x])) is None


def test_a_strong_finite_ratio_is_not_taken_for_an_infinite_one():
    rng = np.random.default_rng(4)
    x = rng.normal(size=2_000)
    came = rng.exponential(np.exp(-6 * x))
    found = duration("event ~ x", pd.DataFrame({"x": x, "days": came, "event": 1}), time="days")
    assert found.table["estimate"].item() == pytest.approx(6, rel=0.1)
    assert found.dropped.empty


def test_strata_after_a_bar_are_strata(df):
    by_bar = duration("event ~ speed | system", df, time="days")
    named = duration("event ~ speed", df, time="days", strata="system")
    assert by_bar.table.equals(named.table)
    assert "2 strata (system)" in by_bar.text


def test_few_clusters_use_students_t(df):
    few = duration("event ~ speed", df.assign(region=df["plant"] % 7), time="days", cluster="region")
    row = few.table.iloc[0]
    from scipy.stats import t

    assert few.degrees == 6
    assert (row["high"] - row["estimate"]) / row["std_error"] == pytest.approx(t.ppf(0.975, 6), rel=1e-9)
    larger = duration("event ~ speed", df.assign(region=df["plant"] % 7), time="days", cluster="region", errors="CR1")
    assert (larger.table["std_error"] / few.table["std_error"]).item() == pytest.approx(np.sqrt(7 / 6), rel=1e-9)
    assert few.check().set_index("check").loc["clusters", "verdict"] == "look closer"


def test_a_unit_with_one_spell_each_is_no_cluster(df):
    alone = duration("event ~ speed", df.assign(herd=np.arange(len(df))), time="days", unit="herd")
    assert alone.clusters is None
    assert alone.errors == "model"


def test_one_cluster_that_decides_is_found_and_left_out():
    df = planted(400, seed=9).assign(plant=lambda rows: np.arange(len(rows)) // 4)
    df.loc[df["plant"] == 0, ["speed", "days", "event"]] = [12.0, 90.0, 1]
    fit = duration("event ~ speed", df, time="days", cluster="plant")
    check = fit.check().set_index("check").loc["influence"]
    assert (check["verdict"], check["at"]) == ("look closer", "plant 0")
    assert "Without plant 0" in fit.text
    rest = fit.without_most_influential()
    assert rest.text.startswith("Without plant 0: ")
    expected = duration("event ~ speed", df[df["plant"] != 0], time="days", cluster="plant")
    assert rest.table.equals(expected.table)
    assert set(rest.dropped["row"]) == set(df.index[df["plant"] == 0])
    assert (rest.dropped["reason"] == "without plant 0").all()


def test_a_ratio_that_moves_with_time_is_found():
    rng = np.random.default_rng(6)
    n = 3_000
    late = rng.integers(0, 2, n)
    # Twice the hazard for ten days, half of it afterwards.
    wait = rng.exponential(1.0, n)
    early = np.where(late == 1, 0.10, 0.05)
    after = np.where(late == 1, 0.025, 0.05)
    days = np.where(wait < 10 * early, wait / early, 10 + (wait - 10 * early) / after)
    fit = duration("event ~ late", pd.DataFrame({"late": late, "days": days, "event": 1}), time="days")
    check = fit.check().set_index("check").loc["proportional hazards"]
    assert (check["verdict"], check["at"]) == ("look closer", "late")
    assert duration("event ~ speed", planted(), time="days").check()["verdict"].iloc[0] == "in order"


def test_other_checks_find_what_is_planted():
    df = planted(60, seed=1)
    many = df.assign(**{f"x{k}": np.random.default_rng(k).normal(size=60) for k in range(6)})
    few = duration("event ~ x0 + x1 + x2 + x3 + x4 + x5", many, time="days").check().set_index("check")
    assert few.loc["events per term", "verdict"] == "look closer"
    coarse = planted(500).assign(days=lambda rows: np.ceil(rows["days"] / 50))
    for ties in ("efron", "breslow"):
        found = duration("event ~ speed", coarse, time="days", ties=ties).check().set_index("check")
        assert found.loc["ties", "verdict"] == "look closer"
    thin = planted(200).assign(pair=lambda rows: np.arange(len(rows)) // 2)
    found = duration("event ~ speed", thin, time="days", strata="pair").check().set_index("check")
    assert found.loc["events compared with none", "verdict"] == "look closer"


def test_curves_that_cross_and_thin_beginnings_are_found():
    late = np.array([*np.linspace(1, 10, 40), *np.linspace(90, 100, 60)])
    steady = np.linspace(20, 60, 100)
    df = pd.DataFrame({"days": [*late, *steady], "event": 1, "group": ["late"] * 100 + ["steady"] * 100})
    checks = survival(df, time="days", event="event", by="group").check().set_index("check")
    assert checks.loc["crossing", "verdict"] == "look closer"
    thin = pd.DataFrame({"entry": [0, 0, *[10] * 60], "exit": [2, 30, *range(11, 71)], "event": 1})
    checks = survival(thin, time="exit", entry="entry", event="event").check().set_index("check")
    assert (checks.loc["thin start", "verdict"], checks.loc["thin start", "value"]) == ("look closer", 0.5)


def test_times_that_differ_by_rounding_are_tied():
    entry, exit_ = tied(np.zeros(3), np.array([0.1 + 0.2, 0.3, 0.4]))
    assert exit_[0] == exit_[1] != exit_[2]
    assert (entry == 0).all()


def test_extreme_conditions_do_not_overflow():
    df = planted(200).assign(speed=lambda rows: rows["speed"] + 1e6)
    assert np.isfinite(duration("event ~ speed", df, time="days").table["estimate"]).all()


def test_words_name_what_was_left_out_and_what_cannot_be_shown(df):
    found = duration("event ~ speed", df.assign(SIMULATED=True).mask(df.index.to_series() < 3), time="days")
    assert found.text.startswith("SIMULATED. Cox model of the time until event")
    assert "Left out: 3 missing" in found.text
    assert "associations in what was recorded" in found.text
    curve = survival(df, time="days", event="event", by="system", cluster="plant")
    assert "robust log-rank test" in curve.text
    assert "cage: " in curve.text
