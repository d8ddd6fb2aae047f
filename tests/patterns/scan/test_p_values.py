"""p-values: ranks, SaTScan's Gumbel, early stopping; and every model's false alarms, at their level."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gumbel_r

from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.patterns.scan.clusters import Scan, scan
from welfare.patterns.scan.monte_carlo import Maxima


def test_a_rank_counts_the_data_among_the_maps() -> None:
    maxima = Maxima(np.array([1.0, 2.0, 3.0, 4.0]), stopped=False)
    assert maxima.p_values(np.array([9.0, 4.0, 2.5, 0.5])).tolist() == [1 / 5, 2 / 5, 3 / 5, 1.0]


def test_a_tie_up_to_rounding_counts_against_the_data() -> None:
    maxima = Maxima(np.array([0.1 + 0.2, 0.1]), stopped=False)
    assert maxima.p_values(np.array([0.3])).tolist() == [2 / 3]
    assert maxima.p_values(np.array([0.3 * (1 + 1e-12)])).tolist() == [2 / 3]


def test_after_an_early_stop_the_share_of_maps_as_high_is_the_p_value() -> None:
    """Besag and Clifford: h maps of l, the l-th the last of the h; the data are not one more."""
    maxima = Maxima(np.array([1.0, 5.0, 2.0, 5.0]), stopped=True)
    assert maxima.p_values(np.array([4.0, 1.5])).tolist() == [2 / 4, 4 / 5]


def test_gumbel_is_fitted_by_mean_and_variance() -> None:
    rng = np.random.default_rng(0)
    scores = gumbel_r.rvs(4.0, 1.3, size=500, random_state=rng)
    scale = scores.std(ddof=1) * math.sqrt(6) / math.pi
    location = scores.mean() - np.euler_gamma * scale
    found = Maxima(scores, stopped=False).gumbel(np.array([3.0, 8.0, 60.0]))
    assert found == pytest.approx(gumbel_r.sf([3.0, 8.0, 60.0], location, scale), rel=1e-9)
    assert found[2] < 1e-15
    assert np.isnan(Maxima(np.zeros(9), stopped=False).gumbel(np.array([3.0]))).all()


def test_new_york_leukaemia_gives_satscans_gumbel_p_value(shared: Path) -> None:
    """SaTScan 9.6 prints 0.00015 from its own 999 maps: fits to 999 maps differ by some tens of percent."""
    folder = shared / "data" / "reference" / "ny_leukaemia_satscan"

    def column(name: str, columns: list[str]) -> pd.DataFrame:
        return pd.read_csv(folder / f"satscan_ny_{name}.txt", sep=r"\s+", header=None, names=columns, index_col=0)

    cases, people = column("cases", ["id", "cases", "year"]), column("pop", ["id", "year", "people"])
    df = cases[["cases"]].join(people[["people"]]).join(column("coords", ["id", "latitude", "longitude"]))
    columns = [df[name] for name in ("cases", "people", "longitude", "latitude")]
    found = scan(*columns, gumbel=True).table
    assert found.columns.tolist()[-2:] == ["end", "p_gumbel"]
    assert 0.00015 / 2 < found["p_gumbel"][0] < 0.00015 * 2
    # The second, by rank 0.016 there, where both ways of telling agree.
    assert found["p_gumbel"][1] == pytest.approx(found["p_value"][1], abs=0.008)


def quiet(seed: int, **how: Any) -> Scan:
    rng = np.random.default_rng(seed)
    people = rng.integers(5, 50, 25)
    return scan(rng.multinomial(60, people / people.sum()), people, *rng.uniform(size=(2, 25)), **how)


def test_drawing_stops_when_enough_maps_are_as_high() -> None:
    whole, stopped = quiet(3), quiet(3, stop_after=10)
    assert whole.replicates == 999
    assert stopped.replicates < 200
    assert stopped.table["p_value"][0] == pytest.approx(10 / stopped.replicates)
    assert stopped.table["llr"][0] == whole.table["llr"][0]
    # Four standard deviations of h / l about 0.8.
    assert stopped.table["p_value"][0] == pytest.approx(whole.table["p_value"][0], abs=0.45)
    assert any("Drawing stopped after" in note for note in stopped.notes)
    assert not any("Drawing stopped after" in note for note in whole.notes)


def test_drawing_does_not_stop_where_there_is_a_cluster() -> None:
    people, cases = np.full(20, 30), np.r_[np.full(17, 2), 12, 14, 13]
    found = scan(cases, people, np.arange(20.0), np.zeros(20), stop_after=5, replicates=199)
    assert found.replicates == 199
    assert found.table["p_value"][0] == 1 / 200


def places(seed: int, n: int = 14) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, rng.uniform(size=(2, n)), rng.integers(10, 60, n)


def poisson(seed: int) -> Scan:
    rng, at, people = places(seed)
    return scan(rng.multinomial(80, people / people.sum()), people, *at, replicates=19, seed=seed)


def early_stopping(seed: int) -> Scan:
    rng, at, people = places(seed)
    return scan(rng.poisson(people * 0.1), people, *at, replicates=99, stop_after=5, seed=seed)


def negative_binomial(seed: int) -> Scan:
    rng, at, people = places(seed, 60)
    cases = rng.poisson(people * 0.2 * rng.gamma(3, 1 / 3, 60))
    return scan(cases, people, *at, model="negative_binomial", replicates=19, seed=seed)


def bernoulli(seed: int) -> Scan:
    rng, at, trials = places(seed)
    return scan(rng.binomial(trials, 0.3), trials, *at, model="bernoulli", replicates=19, seed=seed)


def exponential(seed: int) -> Scan:
    """Waiting times cut off at a common day: more animals wait longer nowhere."""
    rng, at, _ = places(seed, 40)
    waits = rng.exponential(2.0, 40)
    return scan(waits < 3, np.minimum(waits, 3), *at, model="exponential", replicates=19, seed=seed)


def normal(seed: int) -> Scan:
    rng, at, _ = places(seed, 30)
    return scan(rng.exponential(size=30), np.ones(30), *at, model="normal", replicates=19, seed=seed)


def ellipses(seed: int) -> Scan:
    rng, at, people = places(seed)
    return scan(rng.poisson(people * 0.1), people, *at, shape="ellipse", replicates=19, seed=seed)


def expectation(seed: int) -> Scan:
    rng, at, people = places(seed)
    return scan(rng.poisson(people * 0.1), people * 0.1, *at, model="expectation", replicates=19, seed=seed)


def _months(seed: int, n: int = 8, t: int = 9) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    rng, at, _ = places(seed, n)
    return rng, np.repeat(at, t, axis=1), np.tile(np.arange(2001, 2001 + t), n), rng.integers(10, 60, n * t)


def space_time_poisson(seed: int) -> Scan:
    rng, at, year, people = _months(seed)
    return scan(rng.poisson(people * 0.05), people, *at, time=year, replicates=19, seed=seed)


def space_time_bernoulli(seed: int) -> Scan:
    rng, at, year, trials = _months(seed)
    return scan(rng.binomial(trials, 0.1), trials, *at, time=year, model="bernoulli", replicates=19, seed=seed)


def prospective(seed: int) -> Scan:
    rng, at, year, people = _months(seed)
    how: dict[str, Any] = {"model": "expectation", "analysis": "prospective"}
    return scan(rng.poisson(people * 0.05), people * 0.05, *at, time=year, replicates=19, seed=seed, **how)


def permutation(seed: int) -> Scan:
    """Places and years differ a great deal, but not some places in some years."""
    rng, at, year, _ = _months(seed)
    mean = np.repeat(rng.gamma(1, 2, 8), 9) * rng.gamma(2, 0.5, 9)[year - 2001]
    return scan(rng.poisson(mean), None, *at, time=year, model="permutation", replicates=19, seed=seed)


def in_time(seed: int) -> Scan:
    rng = np.random.default_rng(seed)
    people = rng.integers(50, 90, 20)
    return scan(rng.poisson(people * 0.1), people, None, None, time=np.arange(20), replicates=19, seed=seed)


def covariates(seed: int) -> Scan:
    """Old and young have other rates, and live elsewhere: the age allowed for, nothing gathers."""
    rng, at, people = places(seed)
    share = np.clip(at[0], 0.1, 0.9)
    groups = np.concatenate([np.ceil(people * share), np.ceil(people * (1 - share))])
    age = np.repeat(["old", "young"], len(people))
    cases = rng.poisson(groups * np.where(age == "old", 0.3, 0.05))
    return scan(cases, groups, *np.tile(at, 2), covariates=age, replicates=19, seed=seed)


EXACT = [poisson, bernoulli, exponential, normal, ellipses, expectation, early_stopping]
EXACT += [space_time_poisson, space_time_bernoulli, prospective, permutation, in_time]


def alarm(of: Callable[[int], Scan]) -> Callable[[int], bool]:
    def says_so(seed: int) -> bool:
        table = of(seed).table
        return bool(len(table) and table["p_value"][0] <= 0.05)

    return says_so


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("of", EXACT)
def test_where_nothing_gathers_alarms_come_at_their_level(of: Callable[[int], Scan], simulations: int) -> None:
    at_level(alarm(of), simulations)


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("of", [negative_binomial, covariates])
def test_where_something_is_estimated_first_alarms_are_no_more_than_that(
    of: Callable[[int], Scan], simulations: int
) -> None:
    """The gamma's shape, and the rates of the categories, come from the same counts: conservative."""
    at_level(alarm(of), simulations, may_be_rarer=True)


def test_places_that_are_always_high_are_no_cluster_to_the_permutation_model() -> None:
    x, year = np.repeat(np.arange(6.0), 8), np.tile(np.arange(2001, 2009), 6)
    cases = np.where(x >= 4, 12, 2)
    how: dict[str, Any] = {"time": year, "replicates": 99}
    assert scan(cases, np.full(48, 10), x, x * 0, **how).table["p_value"][0] == 0.01
    shuffled = scan(cases, None, x, x * 0, model="permutation", **how).table
    assert shuffled.empty or shuffled["p_value"][0] > 0.5


def test_what_is_going_on_now_is_found_and_what_is_over_is_not() -> None:
    rng = np.random.default_rng(0)
    x, year = np.repeat(np.arange(10.0), 10), np.tile(np.arange(2001, 2011), 10)
    how: dict[str, Any] = {"time": year, "analysis": "prospective", "replicates": 199}
    now = rng.poisson(3 * np.where((x < 3) & (year >= 2009), 3.0, 1.0))
    found = scan(now, np.full(100, 10), x, x * 0, **how).table.iloc[0]
    assert found["p_value"] <= 0.02
    assert found["end"] == 2010
    assert found["start"] in (2008, 2009)
    over = rng.poisson(3 * np.where((x < 3) & (year >= 2004) & (year <= 2005), 3.0, 1.0))
    assert scan(over, np.full(100, 10), x, x * 0, **how).table["p_value"][0] > 0.05
    assert scan(over, np.full(100, 10), x, x * 0, time=year, replicates=199).table["p_value"][0] <= 0.02
