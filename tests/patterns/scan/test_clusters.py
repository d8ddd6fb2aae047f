"""The circular scan: SaTScan's own output, every circle tried by hand, planted clusters and none."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from pyproj import Geod

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.patterns.scan.clusters import Scan, scan

COLUMNS = ["cluster", "llr", "observed", "expected", "relative_risk", "p_value"]
COLUMNS += ["x", "y", "radius", "members", "start", "end"]
PRINTED = {
    "observed": r"Number of cases\.*: ([\d.]+)",
    "expected": r"Expected cases\.*: ([\d.]+)",
    "relative_risk": r"Relative risk\.*: ([\d.]+)",
    "llr": r"Log likelihood ratio\.*: ([\d.]+)",
    "p_value": r"P-value\.*: ([\d.]+)",
    "radius": r"\) / ([\d.]+)",
}


@pytest.fixture(scope="module")
def leukaemia(shared: Path) -> pd.DataFrame:
    folder = shared / "data" / "reference" / "ny_leukaemia_satscan"

    def column(name: str, columns: list[str]) -> pd.DataFrame:
        return pd.read_csv(folder / f"satscan_ny_{name}.txt", sep=r"\s+", header=None, names=columns, index_col=0)

    cases, people = column("cases", ["id", "cases", "year"]), column("pop", ["id", "year", "people"])
    return cases[["cases"]].join(people[["people"]]).join(column("coords", ["id", "latitude", "longitude"]))


@pytest.fixture(scope="module")
def satscan(shared: Path) -> list[dict]:
    """Read the clusters SaTScan 9.6 printed for these data: circular, Cartesian, at most half of the population."""
    folder = shared / "data" / "reference" / "ny_leukaemia_satscan"
    text = (folder / "scan_test_ny_poisson_circular_cartesian.txt").read_text()
    clusters = re.split(r"\n\d+\.Location IDs included\.:", text.split("PARAMETER SETTINGS")[0])[1:]
    return [
        {
            "members": [int(place) for place in re.findall(r"\d+", cluster.split("Overlap")[0])],
            **{name: float(re.search(pattern, cluster)[1]) for name, pattern in PRINTED.items()},  # type: ignore[index]
        }
        for cluster in clusters
    ]


@pytest.fixture(scope="module")
def found(leukaemia: pd.DataFrame) -> Scan:
    return scan(leukaemia["cases"], leukaemia["people"], leukaemia["longitude"], leukaemia["latitude"])


def test_new_york_leukaemia_gives_satscans_clusters(found: Scan, satscan: list[dict]) -> None:
    assert len(satscan) == 6
    assert found.table.columns.tolist() == COLUMNS
    printed, ours = pd.DataFrame(satscan), found.table.head(6)
    assert ours["members"].tolist() == printed["members"].tolist()
    assert ours["llr"].to_numpy() == pytest.approx(printed["llr"].to_numpy(), abs=5e-7)
    assert ours["observed"].tolist() == printed["observed"].tolist()
    for name, half_a_digit in (("expected", 0.005), ("relative_risk", 0.005), ("radius", 0.005)):
        assert ours[name].to_numpy() == pytest.approx(printed[name].to_numpy(), abs=half_a_digit + 1e-9)


def test_new_york_leukaemia_gives_satscans_p_values(found: Scan, satscan: list[dict]) -> None:
    """Both are Monte Carlo, 999 maps each: they may differ by four standard deviations of a difference of shares."""
    theirs = np.array([cluster["p_value"] for cluster in satscan])
    ours = found.table["p_value"].to_numpy()[:6]
    assert (found.table["p_value"][6:] > 0.95).all()  # how far down the list goes depends on the lowest random map
    assert ours[0] == 0.001  # SaTScan's 0.00015 is a Gumbel approximation; 1/1000 is the least 999 maps can say
    wide = 4 * np.sqrt(2 * theirs * (1 - theirs) / 999) + 0.002
    assert (np.abs(ours - theirs)[1:] < wide[1:]).all()


def test_degrees_on_the_globe_are_other_circles_than_degrees_on_a_plane(leukaemia: pd.DataFrame, found: Scan) -> None:
    df = leukaemia
    globe = scan(df["cases"], df["people"], df["longitude"], df["latitude"], geographic=True, replicates=99)
    assert globe.table["members"][0] != found.table["members"][0]
    first = globe.table.iloc[0]
    far = df.loc[first["members"]]
    km = [
        Geod(ellps="WGS84").inv(first["x"], first["y"], *place)[2] / 1000
        for place in far[["longitude", "latitude"]].to_numpy()
    ]
    assert first["radius"] == pytest.approx(max(km))
    assert km == sorted(km)  # members are in order of geodesics
    assert "km of latitude" in globe.text


def haversine_km(lon: float, lat: float, lons: pd.Series, lats: pd.Series) -> pd.Series:
    north = np.sin(np.radians(lats - lat) / 2) ** 2
    east = np.sin(np.radians(lons - lon) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(north + math.cos(math.radians(lat)) * np.cos(np.radians(lats)) * east))


def best_by_trying_all(cases: np.ndarray, people: np.ndarray, points: np.ndarray, share: float) -> float:
    """Return the highest likelihood ratio over every circle, as its definition reads."""
    total, best = cases.sum(), 0.0
    for centre in points:
        distance = np.round(np.hypot(*(points - centre).T), 9)
        for reach in np.unique(distance):
            inside = distance <= reach
            if people[inside].sum() > share * people.sum() + 1e-9:
                break
            c, e = cases[inside].sum(), total * people[inside].sum() / people.sum()
            if c >= 2 and c > e:
                out = (total - c) * math.log((total - c) / (total - e)) if c < total else 0.0
                best = max(best, c * math.log(c / e) + out)
    return best


@pytest.mark.parametrize("seed", range(8))
def test_no_circle_has_a_higher_ratio(seed: int) -> None:
    """On a lattice with places on top of one another, where distances tie everywhere."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 6, size=(40, 2)).astype(float)
    people, cases = rng.integers(1, 20, 40).astype(float), rng.poisson(1.5, 40).astype(float)
    share = (0.5, 0.2)[seed % 2]
    table = scan(cases, people, *points.T, max_share=share, replicates=19).table
    best = best_by_trying_all(cases, people, points, share)
    assert (table["llr"][0] if len(table) else 0.0) == pytest.approx(best, rel=1e-9)


def test_the_highest_of_random_maps_is_that_of_every_circle_too() -> None:
    from welfare.patterns.scan.arrays import Cells, Reach
    from welfare.patterns.scan.ratios import POISSON
    from welfare.patterns.scan.space.search import highest

    rng = np.random.default_rng(3)
    points, people = rng.uniform(size=(25, 2)), rng.integers(1, 9, 25).astype(float)
    maps = rng.multinomial(60, people / people.sum(), size=21)
    by_hand = [best_by_trying_all(cases.astype(float), people, points, 0.5) for cases in maps]
    cells = Cells(points, maps[0][:, None], people[:, None])
    assert highest(cells, POISSON, Reach(), maps) == pytest.approx(by_hand, rel=1e-9)


def industry(seed: int, *, shape: float = np.inf, ratio: float = 1.0, n: int = 120) -> tuple[pd.DataFrame, pd.Series]:
    """Return made-up plants in the Midwest, and which of them lie within 100 km of a planted centre."""
    rng = np.random.default_rng(seed)
    df = pd.DataFrame(
        {"expected": rng.gamma(1, 2, n) + 0.05, "lon": rng.uniform(-96, -89, n), "lat": rng.uniform(39, 44, n)},
        index=[f"plant {at}" for at in range(n)],
    )
    planted = haversine_km(-92.0, 41.5, df["lon"], df["lat"]) < 100
    own = np.ones(n) if np.isinf(shape) else rng.gamma(shape, 1 / shape, n)
    return df.assign(cases=rng.poisson(df["expected"] * own * np.where(planted, ratio, 1))), planted


def first_p(df: pd.DataFrame, model: str, seed: int) -> float:
    found = scan(
        df["cases"], df["expected"], df["lon"], df["lat"], geographic=True, model=model, replicates=99, seed=seed
    )
    return float(found.table["p_value"].iloc[0])


def test_where_nothing_gathers_p_values_are_spread_evenly() -> None:
    """Kolmogorov's distance of 100 p-values from evenness exceeds 0.163 once in a hundred."""
    p_values = np.sort([first_p(industry(seed)[0], "poisson", seed) for seed in range(100)])
    steps = np.arange(101) / 100
    assert max(np.abs(p_values - steps[1:]).max(), np.abs(p_values - steps[:-1]).max()) < 0.163


def test_plants_that_differ_are_a_cluster_to_the_poisson_model_and_not_to_the_other() -> None:
    """Gamma-distributed ratios of shape 1.5, standing anywhere: no cluster. Of 40 at 5%, five or more: 1 in 20."""
    maps = [industry(seed, shape=1.5)[0] for seed in range(40)]
    assert sum(first_p(df, "poisson", seed) <= 0.05 for seed, df in enumerate(maps)) > 30
    assert sum(first_p(df, "negative_binomial", seed) <= 0.05 for seed, df in enumerate(maps)) <= 4
    warned = scan(maps[0]["cases"], maps[0]["expected"], maps[0]["lon"], maps[0]["lat"], geographic=True)
    assert warned.dispersion > 1.5
    assert "the p-values are too small" in warned.text


@pytest.mark.parametrize(("model", "shape"), [("poisson", np.inf), ("negative_binomial", 4.0)])
def test_planted_clusters_are_found_where_they_were_planted(model: str, shape: float) -> None:
    """Twenty industries with one fourfold cluster of about 23 plants in 240: its edge is rough, its place is not."""
    found, inside, right = 0, [], []
    for seed in range(20):
        df, planted = industry(seed, shape=shape, ratio=4.0, n=240)
        columns = [df[name] for name in ("cases", "expected", "lon", "lat")]
        first = scan(*columns, geographic=True, model=model, replicates=99, seed=seed).table.iloc[0]
        found += first["p_value"] <= 0.05
        both = len(set(first["members"]) & set(df.index[planted]))
        inside.append(both / planted.sum())
        right.append(both / len(first["members"]))
    assert found >= 18
    assert np.mean(inside) > 0.8
    assert np.mean(right) > 0.8


def test_clusters_share_no_place_and_their_ratios_fall() -> None:
    df, _ = industry(2, shape=1.0)
    table = scan(df["cases"], df["expected"], df["lon"], df["lat"], geographic=True).table
    members = [place for cluster in table["members"] for place in cluster]
    assert len(table) > 2
    assert len(members) == len(set(members))
    assert table["llr"].is_monotonic_decreasing
    assert table["p_value"].is_monotonic_increasing
    assert table[["start", "end"]].isna().all(axis=None)


def test_only_shares_of_the_population_count() -> None:
    df, _ = industry(5, ratio=3.0)
    one = scan(df["cases"], df["expected"], df["lon"], df["lat"], replicates=99)
    other = scan(df["cases"], df["expected"] * 1e6, df["lon"], df["lat"], replicates=99)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.table["expected"].sum() <= df["cases"].sum()


def test_a_seed_gives_the_same_p_values_again() -> None:
    df, _ = industry(6)
    columns = [df[name] for name in ("cases", "expected", "lon", "lat")]
    pd.testing.assert_frame_equal(scan(*columns, replicates=99).table, scan(*columns, replicates=99).table)


def test_rows_that_cannot_be_placed_are_dropped_with_the_reason() -> None:
    df, _ = industry(7, ratio=4.0)
    df = df.astype({"cases": "Int64"})
    df.loc["plant 1", "lat"] = np.nan
    df.loc["plant 2", "cases"] = pd.NA
    df.loc["plant 3", "expected"] = 0
    df.loc["plant 4", "expected"] = np.nan
    found = scan(df["cases"], df["expected"], df["lon"], df["lat"], geographic=True, replicates=99)
    assert found.dropped.to_numpy().tolist() == [
        ["plant 1", "missing coordinates"],
        ["plant 2", "missing cases"],
        ["plant 3", "no population"],
        ["plant 4", "no population"],
    ]
    assert len(found.places) == len(df) - 4
    assert "1 missing coordinates" in found.text


def test_all_cases_in_one_place_give_an_infinite_relative_risk_and_words_for_it() -> None:
    found = scan([0, 7, 0, 0], [1, 1, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0], replicates=99)
    assert np.isinf(found.table["relative_risk"][0])
    # Seven cases of seven where a quarter was expected: 7 log 4.
    assert found.table["llr"][0] == pytest.approx(7 * math.log(4))
    assert "no case fell elsewhere" in found.text


def test_where_every_place_has_its_share_there_is_no_cluster() -> None:
    found = scan([2, 2, 2, 2], [5, 5, 5, 5], [0, 1, 2, 3], [0, 0, 0, 0], replicates=19)
    assert found.table.empty
    assert found.table.columns.tolist() == COLUMNS
    assert "No circle holds two cases and more than expected." in found.text


@pytest.mark.parametrize(
    ("cases", "population", "x", "error"),
    [
        ([1, 2, 3], [1, 1, 1, 1], [0, 1, 2, 3], BadParameter),
        ([1, 2, -3, 4], [1, 1, 1, 1], [0, 1, 2, 3], BadValue),
        ([1, 2, 3, 4], [1, 1, -1, 1], [0, 1, 2, 3], BadValue),
        ([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 2, 300], BadValue),
        ([1, 2, 3, 4], [0, 0, None, 0], [0, 1, 2, 3], NoDenominator),
        ([1, 2, 3, 4], [1, 1, 1, 1], [0, 1, None, None], NotEstimable),
        ([1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 3], NotEstimable),
    ],
)
def test_what_cannot_be_scanned_is_refused(cases: list, population: list, x: list, error: type[Exception]) -> None:
    with pytest.raises(error):
        scan(cases, population, x, [0, 0, 0, 0], geographic=True)


def test_a_scan_on_the_globe_is_drawn_on_the_map() -> None:
    df, _ = industry(8, ratio=4.0)
    figure = scan(*(df[name] for name in ("cases", "expected", "lon", "lat")), geographic=True).plot().figure
    assert any("in a cluster" in words.get_text() for words in figure.findobj(Text))
