"""Moran's I and local Moran's I: R's spdep, data that are third parties', planted patterns, and maps without any."""

from __future__ import annotations

import builtins
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.errors import BadParameter, BadValue, MissingExtra, NoDenominator, NotEstimable
from welfare.patterns.autocorrelation.engine import local, whole
from welfare.patterns.autocorrelation.moran import autocorrelation
from welfare.patterns.autocorrelation.neighbours import nearest, within

REFEREE = Path(__file__).parents[2] / "referee" / "r"


@pytest.fixture(scope="module")
def places() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "moran_places.csv")


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "moran_whole.csv").set_index("what")


@pytest.mark.parametrize(("how", "what"), [({"neighbours": 6}, "nearest 6"), ({"within_distance": 1.8}, "within 1.8")])
def test_the_whole_map_agrees_with_spdep(places: pd.DataFrame, by_r: pd.DataFrame, how: dict, what: str) -> None:
    found = autocorrelation(places["value"], places["x"], places["y"], permutations=99, **how)
    row = by_r.loc[what]
    assert found.statistic == pytest.approx(row["statistic"], rel=1e-9)
    assert found.expected == pytest.approx(row["expected"], rel=1e-9)
    assert found.variance == pytest.approx(row["variance"], rel=1e-9)
    assert found.z == pytest.approx((row["statistic"] - row["expected"]) / np.sqrt(row["variance"]), rel=1e-9)
    slope = (found.table["z"] * found.table["neighbours_z"]).mean()
    assert slope == pytest.approx(found.statistic)


@pytest.mark.parametrize(("how", "column"), [({"neighbours": 6}, "i"), ({"within_distance": 1.8}, "i_band")])
def test_local_statistics_agree_with_spdep(places: pd.DataFrame, how: dict, column: str) -> None:
    found = autocorrelation(places["value"], places["x"], places["y"], permutations=99, **how)
    assert found.table["i"].to_numpy() == pytest.approx(places[column].to_numpy(), rel=1e-9)


def test_local_p_values_are_twice_spdeps_folded_ones_and_quadrants_are_the_same(places: pd.DataFrame) -> None:
    """Both shuffle: within four standard deviations of the difference of two shares."""
    table = autocorrelation(places["value"], places["x"], places["y"], neighbours=6).table
    theirs = places["p_folded"].to_numpy()
    wide = 4 * np.sqrt(theirs * (1 - theirs) * (1 / 9999 + 1 / 19999)) + 2e-4
    inner = theirs < 0.49  # twice a half is cut off at 1
    assert (np.abs(table["p_value"].to_numpy() / 2 - theirs) < wide)[inner].all()
    words = {"High-High": "high among high", "Low-Low": "low among low"}
    words |= {"High-Low": "high among low", "Low-High": "low among high"}
    assert table["quadrant"].tolist() == places["quadrant"].map(words).tolist()


def test_rates_are_standardised_as_spdep_standardises_them(places: pd.DataFrame, by_r: pd.DataFrame) -> None:
    found = autocorrelation(
        places["cases"], places["x"], places["y"], population=places["population"], neighbours=6, permutations=99
    )
    assert found.statistic == pytest.approx(by_r.loc["rates, nearest 6", "statistic"], rel=1e-9)
    assert found.table["value"].to_numpy() == pytest.approx((places["cases"] / places["population"]).to_numpy())


OUT_OF_R = """
suppressPackageStartupMessages(library(spdep)); data(oldcol)
pairs <- data.frame(of = rep(seq_along(COL.nb), lengths(COL.nb)), is = unlist(COL.nb))
write.csv(pairs, file.path(commandArgs(TRUE)[1], "pairs.csv"), row.names = FALSE)
write.csv(COL.OLD["CRIME"], file.path(commandArgs(TRUE)[1], "crime.csv"), row.names = FALSE)
"""


@pytest.mark.slow
def test_the_crime_rates_of_columbus_give_the_published_figures(tmp_path: Path) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed: the data are inside R's spData")
    done = subprocess.run([program, "--vanilla", "-e", OUT_OF_R, str(tmp_path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("R's spdep is not installed")
    pairs, crime = pd.read_csv(tmp_path / "pairs.csv") - 1, pd.read_csv(tmp_path / "crime.csv")["CRIME"].to_numpy()
    found = whole(crime, [near.to_numpy() for _, near in pairs.groupby("of")["is"]], permutations=999, seed=0)
    assert found.statistic == pytest.approx(0.51095126408, abs=1e-10)
    assert found.expected == pytest.approx(-1 / 48)
    assert found.variance == pytest.approx(0.00890876156, abs=1e-11)
    assert found.z == pytest.approx(5.634132894, abs=1e-8)
    assert found.p_permutation == 2 / 1000


def test_one_missing_value_among_sixty_makes_no_other_place_significant() -> None:
    """Given to esda as it is, it makes all sixty so."""
    rng = np.random.default_rng(0)
    values, x, y = rng.normal(size=60), rng.uniform(size=60), rng.uniform(size=60)
    values[7] = np.nan
    found = autocorrelation(pd.Series(values), x, y, permutations=999)
    assert found.dropped.to_numpy().tolist() == [[7, "missing value"]]
    assert (found.table["p_value"] <= 0.05).sum() < 12
    assert 7 not in found.table.index
    assert "1 missing value" in found.text


def test_who_stands_alone_is_left_out_and_changes_nothing_for_the_others() -> None:
    rng = np.random.default_rng(1)
    x, y, values = rng.uniform(size=40), rng.uniform(size=40), rng.normal(size=40)
    labels = [f"farm {at}" for at in range(41)]
    far = autocorrelation(
        pd.Series([*values[:20], 99.0, *values[20:]], index=labels),
        pd.Series([*x[:20], 50.0, *x[20:]], index=labels),
        pd.Series([*y[:20], 50.0, *y[20:]], index=labels),
        within_distance=0.3,
        permutations=99,
    )
    without = autocorrelation(values, x, y, within_distance=0.3, permutations=99)
    assert far.dropped.to_numpy().tolist() == [["farm 20", "no place near enough"]]
    assert far.statistic == without.statistic
    assert far.table["i"].tolist() == without.table["i"].tolist()


def test_neighbours_are_those_that_every_distance_says() -> None:
    rng = np.random.default_rng(2)
    points = rng.integers(0, 7, size=(50, 2)).astype(float)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    for at, near in enumerate(nearest(points, 5)):
        others = np.delete(np.arange(50), at)
        assert near.tolist() == others[np.lexsort((others, apart[at, others]))][:5].tolist()
    for at, near in enumerate(within(points, 2.0)):
        assert near.tolist() == [j for j in range(50) if j != at and apart[at, j] <= 2]


def test_on_the_globe_a_degree_of_longitude_is_short_in_the_north() -> None:
    """At 70 degrees north 0.25 degrees of longitude are 9.6 km, 0.25 of latitude 27.9 km."""
    lon, lat = (side.ravel() for side in np.meshgrid(np.arange(6) * 0.25, 70 + np.arange(6) * 0.25))
    found = autocorrelation(lat, lon, lat, geographic=True, within_distance=10.0, permutations=99)
    assert found.table["neighbours"].max() == 2
    assert found.table["neighbours_z"].to_numpy() == pytest.approx(found.table["z"].to_numpy())
    assert found.statistic == pytest.approx(1)


def test_a_planted_hot_corner_is_flagged_and_little_else() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(size=300), rng.uniform(size=300)
    corner = (x < 0.25) & (y < 0.25)
    people = rng.integers(200, 2000, 300)
    cases = rng.poisson(people * np.where(corner, 0.06, 0.02))
    found = autocorrelation(cases, x, y, population=people)
    flagged = found.table["flagged"] & (found.table["quadrant"] == "high among high")
    assert flagged[corner].mean() > 0.7
    assert flagged[~corner].mean() < 0.02
    assert found.p_value < 1e-6
    assert "high among high" in found.text
    assert "Neighbours are more alike" in found.text


def test_a_board_of_black_and_white_is_less_alike_than_chance() -> None:
    x, y = (side.ravel() for side in np.meshgrid(np.arange(8), np.arange(8)))
    found = autocorrelation((x + y) % 2, x, y, within_distance=1.0, permutations=999)
    assert found.statistic == pytest.approx(-1)
    assert found.p_permutation == 2 / 1000
    assert "Neighbours are less alike" in found.text


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_where_values_stand_anywhere_the_whole_map_alarms_at_its_level(simulations: int) -> None:
    rng = np.random.default_rng(11)
    x, y = rng.uniform(size=60), rng.uniform(size=60)
    near = nearest(np.column_stack([x, y]), 6)

    def by_normal(seed: int) -> bool:
        return whole(np.random.default_rng(seed).normal(size=60), near, permutations=99, seed=seed).p_value <= 0.05

    def by_shuffling(seed: int) -> bool:
        values = np.random.default_rng(seed).exponential(size=60)
        return whole(values, near, permutations=199, seed=seed).p_permutation <= 0.05

    at_level(by_normal, simulations)
    at_level(by_shuffling, simulations)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_where_values_stand_anywhere_one_place_alarms_at_its_level_and_flags_are_rare(simulations: int) -> None:
    rng = np.random.default_rng(12)
    x, y = rng.uniform(size=60), rng.uniform(size=60)
    near = nearest(np.column_stack([x, y]), 6)

    def first_place(seed: int) -> bool:
        values = np.random.default_rng(seed).normal(size=60)
        return bool(local(values, near, permutations=199, seed=seed + 1).p_value[0] <= 0.05)

    def any_flag(seed: int) -> bool:
        values = np.random.default_rng(seed).normal(size=60)
        return bool(autocorrelation(values, x, y, neighbours=6, permutations=2999, seed=seed).table["flagged"].any())

    at_level(first_place, simulations)
    at_level(any_flag, min(simulations, 100), may_be_rarer=True)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_rates_of_small_and_large_places_alarm_at_the_level(simulations: int) -> None:
    """The small vary more: standardised, they do not pass for a pattern."""
    rng = np.random.default_rng(13)
    x, y, people = rng.uniform(size=80), rng.uniform(size=80), np.round(np.exp(rng.normal(5, 1.2, 80))) + 1

    def alarm(seed: int) -> bool:
        cases = np.random.default_rng(seed).poisson(people * 0.05)
        return autocorrelation(cases, x, y, population=people, neighbours=6, permutations=199).p_permutation <= 0.05

    at_level(alarm, simulations)


def test_a_seed_gives_the_same_p_values_again_and_zero_is_one() -> None:
    rng = np.random.default_rng(4)
    columns = rng.normal(size=50), rng.uniform(size=50), rng.uniform(size=50)
    one, other, third = (autocorrelation(*columns, permutations=199, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.p_permutation == other.p_permutation
    assert not one.table["p_value"].equals(third.table["p_value"])


GOOD = {"values": list(range(12)), "x": list(range(12)), "y": [0] * 12}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"values": [1] * 12}, NotEstimable, "same value"),
        ({"values": [0] * 12, "population": [5] * 12}, NotEstimable, "same value"),
        ({"values": [*range(11), "many"]}, BadValue, "not a number"),
        ({"values": [*range(11), np.inf]}, BadValue, "infinite"),
        ({"values": [-1, *range(11)], "population": [9] * 12}, BadValue, "not a count"),
        ({"population": [0] * 12}, NoDenominator, "above zero"),
        ({"population": [-1, *[9] * 11]}, BadValue, "below zero"),
        ({"x": [None] * 12}, NotEstimable, "0 places"),
        ({"x": [*range(11)]}, BadParameter, "differ in length"),
        ({"x": [0.0] * 12, "neighbours": 11}, NotEstimable, "nearly all the others"),
        ({"within_distance": 0.1}, NotEstimable, "0 places"),
        ({"within_distance": -1}, BadParameter, "within_distance"),
        ({"neighbours": 0}, BadParameter, "neighbours"),
        ({"permutations": 9}, BadParameter, "permutations"),
        ({"fdr": 1.0}, BadParameter, "fdr"),
        ({"x": [*range(11), 181], "geographic": True}, BadValue, "no longitude"),
    ],
)
def test_what_cannot_be_asked_is_refused(change: dict, error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"neighbours": 3, **GOOD, **change}
    with pytest.raises(error, match=words):
        autocorrelation(given.pop("values"), given.pop("x"), given.pop("y"), **given)


def test_places_on_one_spot_are_neighbours_like_any() -> None:
    rng = np.random.default_rng(6)
    x, y = np.repeat(rng.uniform(size=10), 3), np.repeat(rng.uniform(size=10), 3)
    found = autocorrelation(np.repeat(rng.normal(size=10), 3), x, y, neighbours=2, permutations=99)
    assert found.statistic == pytest.approx(1)


def test_rows_without_population_are_dropped_with_the_reason(places: pd.DataFrame) -> None:
    people = places["population"].astype(float)
    people[3], people[4] = 0, np.nan
    found = autocorrelation(places["cases"], places["x"], places["y"], population=people, permutations=99)
    assert found.dropped.to_numpy().tolist() == [[3, "no population"], [4, "no population"]]


def test_too_few_shuffles_for_any_flag_are_noted(places: pd.DataFrame) -> None:
    columns = places["value"], places["x"], places["y"]
    assert any("could not be flagged" in note for note in autocorrelation(*columns, permutations=99).notes)
    assert not any("could not be flagged" in note for note in autocorrelation(*columns, permutations=9999).notes)


def test_without_esda_the_command_that_installs_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "esda":
            raise ImportError("No module named 'esda'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"welfare\[spatial\]"):
        autocorrelation(GOOD["values"], GOOD["x"], GOOD["y"], neighbours=3)
