"""The public scan against every window tried by hand: each model, in space, in time and in both, on small maps."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.patterns.scan import by_hand
from welfare.patterns.scan.clusters import Scan, scan

NEVER = slice(0, 1)
SEEDS = range(4)


def small_map(seed: int, n: int = 18) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points on a lattice, where distances tie, trials and cases."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 6, size=(n, 2)).astype(float)
    trials = rng.integers(1, 12, n).astype(float)
    return points, trials, rng.binomial(trials.astype(int), 0.3).astype(float)


def llr(found: Scan) -> float:
    return float(found.table["llr"].iloc[0]) if len(found.table) else 0.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("model", ["poisson", "bernoulli", "exponential", "expectation"])
def test_in_space(model: str, seed: int) -> None:
    points, trials, cases = small_map(seed)
    base = trials * 0.3 if model == "expectation" else trials
    ratio = {"bernoulli": by_hand.bernoulli, "expectation": by_hand.expectation}.get(model, by_hand.poisson)
    share = (0.5, 0.25)[seed % 2]
    windows = [(inside, NEVER) for inside in by_hand.circles(points, base / base.sum(), share)]
    best, inside, _ = by_hand.best(cases[:, None], base[:, None], windows, ratio)
    found = scan(cases, base, *points.T, model=model, max_share=share, replicates=19)
    assert llr(found) == pytest.approx(best, rel=1e-9)
    if best:
        row = found.table.iloc[0]
        assert row["observed"] == cases[inside].sum() == found.places.loc[row["members"], "observed"].sum()
        expected = base[inside].sum() * (1 if model == "expectation" else cases.sum() / base.sum())
        assert row["expected"] == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_space_the_normal_model(seed: int) -> None:
    points, weights, _ = small_map(seed)
    values = np.random.default_rng(seed).normal(-3, 2, len(points))
    ratio = by_hand.normal(values, weights)
    best = max(
        ((ratio(at), at) for at in by_hand.circles(points, weights / weights.sum()) if at.sum() >= 2),
        key=lambda found: found[0],
    )
    row = scan(values, weights, *points.T, model="normal", replicates=19).table.iloc[0]
    assert row["llr"] == pytest.approx(best[0], rel=1e-9)
    assert row["mean_inside"] == pytest.approx(np.average(values[best[1]], weights=weights[best[1]]))
    assert row["mean_outside"] == pytest.approx(np.average(values[~best[1]], weights=weights[~best[1]]))
    assert math.isnan(row["relative_risk"])


@pytest.mark.parametrize("penalty", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_in_space_by_ellipses(seed: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    points, people, cases = rng.uniform(0, 6, (14, 2)), rng.integers(1, 12, 14).astype(float), rng.poisson(2.0, 14)
    best, with_penalty = 0.0, 0.0
    for inside, axes in by_hand.ellipses(points, people / people.sum()):
        c, b = cases[inside].sum(), people[inside].sum()
        ratio = by_hand.poisson(c, b, cases.sum(), people.sum()) if c >= 2 else 0.0
        score = ratio * (4 * axes / (axes + 1) ** 2) ** penalty
        if score > with_penalty + 1e-12:
            with_penalty, best = score, ratio
    found = scan(cases, people, *points.T, shape="ellipse", penalty=penalty, replicates=19)
    row = found.table.iloc[0]
    assert row["llr"] == pytest.approx(best, rel=1e-9)
    assert row["llr"] * (4 * row["shape"] / (row["shape"] + 1) ** 2) ** penalty == pytest.approx(with_penalty)
    assert list(found.table.columns[-3:]) == ["end", "shape", "angle"]
    holds_its_members_and_no_other(points, row)


def holds_its_members_and_no_other(points: np.ndarray, row: pd.Series) -> None:
    """The printed ellipse (radius, shape, angle) is the one that holds the members."""
    turn = math.radians(row["angle"])
    apart = points - row[["x", "y"]].to_numpy(dtype=float)
    along = apart @ np.array([math.cos(turn), math.sin(turn)])
    across = apart @ np.array([-math.sin(turn), math.cos(turn)])
    inside = np.hypot(along, row["shape"] * across) <= row["radius"] * (1 + 1e-9)
    assert set(np.flatnonzero(inside)) == set(row["members"])


def months(seed: int, n: int = 7, t: int = 7) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Places by months in rows in no order, one month of one place without a row."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 4, size=(n, 2)).astype(float) + np.arange(n)[:, None] * 1e-3
    trials = rng.integers(1, 9, (n, t)).astype(float)
    cases = rng.binomial(trials.astype(int), 0.3).astype(float)
    place, step = (at.ravel() for at in np.indices((n, t)))
    df = pd.DataFrame(
        {
            "x": points[place, 0],
            "y": points[place, 1],
            "month": pd.date_range("2021-11-01", periods=t, freq="MS")[step],
            "cases": cases.ravel(),
            "trials": trials.ravel(),
            "place": place,
            "step": step,
        },
        index=[f"{p} in {s}" for p, s in zip(place, step, strict=True)],
    )
    cases[2, 3] = trials[2, 3] = 0
    df = df.drop(index="2 in 3").sample(frac=1, random_state=seed)
    return df, cases, trials


@pytest.mark.parametrize("analysis", ["retrospective", "prospective"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("model", ["poisson", "bernoulli", "expectation", "permutation"])
def test_in_space_and_time(model: str, seed: int, analysis: str) -> None:
    df, cases, base = months(seed)
    if model == "expectation":
        df["trials"], base = df["trials"] * 0.3, base * 0.3
    if model == "permutation":
        base = np.outer(cases.sum(axis=1), cases.sum(axis=0)) / cases.sum()
    ratio = {"bernoulli": by_hand.bernoulli, "expectation": by_hand.expectation}.get(model, by_hand.poisson)
    points = df.drop_duplicates("place").sort_values("place")[["x", "y"]].to_numpy()
    longest = (3, 2)[seed % 2]
    windows = [
        (inside, steps)
        for inside in by_hand.circles(points, base.sum(axis=1) / base.sum())
        for steps in by_hand.intervals(7, longest, last_only=analysis == "prospective")
    ]
    best, inside, steps = by_hand.best(cases, base, windows, ratio)
    found = scan(
        df["cases"],
        None if model == "permutation" else df["trials"],
        df["x"],
        df["y"],
        time=df["month"],
        model=model,
        max_duration=(0.5, 2)[seed % 2],
        analysis=analysis,
        replicates=19,
    )
    assert llr(found) == pytest.approx(best, rel=1e-9)
    if best:
        row = found.table.iloc[0]
        assert row["observed"] == cases[inside, steps].sum()
        scale = 1 if model == "expectation" else cases.sum() / base.sum()
        assert row["expected"] == pytest.approx(base[inside, steps].sum() * scale)
        members = df.loc[row["members"]]
        assert members["cases"].sum() == row["observed"]
        assert members["month"].between(row["start"], row["end"]).all()
        assert isinstance(row["start"], pd.Timestamp)
        assert members["place"].nunique() >= 1
        assert (found.places.loc[row["members"], "cluster"] == 1).all()
        assert (found.places["cluster"] == 1).sum() == len(members)
        if analysis == "prospective":
            assert row["end"] == df["month"].max()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("model", ["poisson", "bernoulli", "expectation"])
def test_in_time_alone(model: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trials = rng.integers(20, 60, 16).astype(float)
    cases = rng.binomial(trials.astype(int), 0.2).astype(float)
    base = trials * 0.2 if model == "expectation" else trials
    ratio = {"bernoulli": by_hand.bernoulli, "expectation": by_hand.expectation}.get(model, by_hand.poisson)
    everywhere = np.ones(1, dtype=bool)
    windows = [(everywhere, steps) for steps in by_hand.intervals(16, 8)]
    best, _, steps = by_hand.best(cases[None], base[None], windows, ratio)
    # Years in two halves each: rows of one period are added up.
    df = pd.DataFrame({"cases": cases, "base": base, "year": np.arange(2001, 2017)})
    df = pd.concat([df.assign(cases=df["cases"] // 2, base=df["base"] / 2), df.assign(cases=-(-df["cases"] // 2))])
    df["base"] = np.tile(np.floor(base / 2), 2) if model == "bernoulli" else np.tile(base / 2, 2)
    if model == "bernoulli":
        df["base"] = np.concatenate([np.floor(base / 2), np.ceil(base / 2)])
    found = scan(df["cases"].to_numpy(), df["base"].to_numpy(), None, None, time=df["year"].to_numpy(), model=model)
    row = found.table.iloc[0]
    assert row["llr"] == pytest.approx(best, rel=1e-9)
    assert (row["start"], row["end"]) == (2001 + steps.start, 2000 + steps.stop)
    assert row[["x", "y", "radius"]].isna().all()
    assert len(row["members"]) == 2 * (steps.stop - steps.start)


@pytest.mark.parametrize("reach", [0.5, 1.0, 1.5])
def test_no_circle_is_wider_than_it_may_be(reach: float) -> None:
    points, people, cases = small_map(1)
    windows = [(inside, NEVER) for inside in by_hand.circles(points, people / people.sum(), 0.5, reach)]
    best, _, _ = by_hand.best(cases[:, None], people[:, None], windows, by_hand.poisson)
    found = scan(cases, people, *points.T, max_radius=reach, replicates=19)
    assert llr(found) == pytest.approx(best, rel=1e-9)
    assert (found.table["radius"] <= reach).all()


@pytest.mark.parametrize("least", [1, 2, 9])
def test_no_cluster_has_fewer_cases_than_asked_for(least: int) -> None:
    points, people, _ = small_map(2)
    cases = np.zeros(len(points))
    cases[0], cases[5:12] = 1, [2, 1, 3, 1, 2, 1, 1]
    windows = [(inside, NEVER) for inside in by_hand.circles(points, people / people.sum())]
    best, _, _ = by_hand.best(cases[:, None], people[:, None], windows, by_hand.poisson, least)
    found = scan(cases, people, *points.T, min_cases=least, replicates=19)
    assert llr(found) == pytest.approx(best, rel=1e-9)
    assert (found.table["observed"] >= least).all()


def test_further_clusters_share_no_place_in_space_and_time_either() -> None:
    df, _, _ = months(3, n=20, t=9)
    for place in (4, 9, 15):
        df["cases"] += np.where((df["place"] == place) & df["step"].between(place % 4, place % 4 + 1), 25, 0)
    found = scan(df["cases"], df["trials"], df["x"], df["y"], time=df["month"], max_share=0.08, replicates=19)
    places = [set(df.loc[members, "place"]) for members in found.table["members"]]
    assert len(places) > 2
    assert sum(map(len, places)) == len(set.union(*places))
    assert found.table["llr"].is_monotonic_decreasing


def test_rows_of_one_place_and_period_are_added_up() -> None:
    df, _, _ = months(0)
    whole = scan(df["cases"], df["trials"], df["x"], df["y"], time=df["month"], replicates=19)
    halves = pd.concat([df.assign(cases=df["cases"] // 2), df.assign(cases=-(-df["cases"] // 2))], ignore_index=True)
    twice = scan(halves["cases"], halves["trials"], halves["x"], halves["y"], time=halves["month"], replicates=19)
    numbers = ["llr", "observed", "expected", "p_value", "start", "end"]
    pd.testing.assert_frame_equal(whole.table[numbers], twice.table[numbers])
    assert len(twice.table["members"][0]) == 2 * len(whole.table["members"][0])
    assert twice.places["expected"].sum() == pytest.approx(df["cases"].sum())
