"""Random maps of the scan: each has the distribution that its model names."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from scipy.stats import chisquare

from welfare.errors import BadParameter
from welfare.patterns.scan import models
from welfare.patterns.scan.arrays import Cells

MANY = 20_000


def cells(cases: list[float], base: list[float]) -> Cells:
    return Cells(np.zeros((len(base), 2)), np.array(cases, dtype=float)[:, None], np.array(base, dtype=float)[:, None])


def holds(drawn: np.ndarray, chances: dict[tuple[int, ...], float]) -> bool:
    """Say whether maps come as often as they should: a chi-square at 1 in 10,000."""
    seen = Counter(map(tuple, drawn.reshape(len(drawn), -1).tolist()))
    assert set(seen) <= set(chances)
    assert sum(chances.values()) == pytest.approx(1)
    often = {key: chance for key, chance in chances.items() if chance * len(drawn) >= 5}
    counts, expected = [seen[key] for key in often], [chance * len(drawn) for chance in often.values()]
    if len(often) < len(chances):
        counts.append(len(drawn) - sum(counts))
        expected.append(len(drawn) - sum(expected))
    return bool(chisquare(counts, expected).pvalue > 1e-4)


def splits(total: int, places: int) -> list[tuple[int, ...]]:
    return [way for way in product(range(total + 1), repeat=places) if sum(way) == total]


def multinomial(way: tuple[int, ...], shares: np.ndarray) -> float:
    ways = math.factorial(sum(way)) / math.prod(map(math.factorial, way))
    return float(ways * np.prod(shares ** np.array(way)))


@pytest.mark.parametrize("few", [10, 0], ids=["dropped one by one", "cell by cell"])
def test_poisson_maps_are_multinomial(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_FEW", few)
    data = cells([4, 0, 0, 0], [1, 2, 5, 0])
    chances = {way: multinomial(way, np.array([1, 2, 5, 0]) / 8) for way in splits(4, 4) if way[3] == 0}
    assert holds(models.poisson(data, np.random.default_rng(0), MANY), chances)


@pytest.mark.parametrize("few", [10, 0], ids=["dropped one by one", "cell by cell"])
def test_negative_binomial_maps_with_base_alike_are_dirichlet_multinomial(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With equal bases the gamma ratios' shares are Dirichlet: its compound has a closed form."""
    monkeypatch.setattr(models, "_FEW", few)
    shape = 1.5

    def chance(way: tuple[int, ...]) -> float:
        rising = [math.gamma(shape + k) / math.gamma(shape) / math.factorial(k) for k in way]
        return math.prod(rising) * math.factorial(4) * math.gamma(3 * shape) / math.gamma(3 * shape + 4)

    drawn = models.negative_binomial(cells([4, 0, 0], [7, 7, 7]), np.random.default_rng(0), MANY, shape)
    assert holds(drawn, {way: chance(way) for way in splits(4, 3)})


def test_negative_binomial_ratios_hold_over_a_places_steps_and_an_infinite_shape_is_poisson() -> None:
    steps = Cells(np.zeros((2, 2)), np.array([[100, 100], [0, 0]]), np.ones((2, 2)))
    drawn = models.negative_binomial(steps, np.random.default_rng(0), 2000, 0.5)
    assert (drawn.sum(axis=(1, 2)) == 200).all()
    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 0, 1])[0, 1] > 0.9
    same = [models.negative_binomial(steps, np.random.default_rng(0), 9, np.inf),
            models.poisson(steps, np.random.default_rng(0), 9)]  # fmt: skip
    assert (same[0] == same[1]).all()


def test_bernoulli_maps_pick_each_trial_at_most_once() -> None:
    base = [1, 2, 4]
    chances = {
        way: math.prod(math.comb(b, k) for b, k in zip(base, way, strict=True)) / math.comb(7, 4)
        for way in splits(4, 3)
        if all(k <= b for b, k in zip(base, way, strict=True))
    }
    assert holds(models.bernoulli(cells([1, 2, 1], base), np.random.default_rng(0), MANY), chances)


def test_too_many_trials_are_refused_and_the_way_out_is_named() -> None:
    with pytest.raises(BadParameter, match="poisson"):
        models.bernoulli(cells([1, 2], [1e9, 1]), np.random.default_rng(0), 2)


def test_expectation_maps_are_independent_poisson_counts() -> None:
    base = [0.5, 1.5]
    chances = {
        way: math.prod(math.exp(-b) * b**k / math.factorial(k) for b, k in zip(base, way, strict=True))
        for way in product(range(25), repeat=2)
    }
    assert holds(models.expectation(cells([9, 9], base), np.random.default_rng(0), MANY), chances)


@pytest.mark.parametrize("name", ["exponential", "normal"])
def test_pairs_change_places_together_each_order_as_often(name: str) -> None:
    data = cells([1, 2, 3], [10, 20, 30])
    cases, base = getattr(models, name)(data, np.random.default_rng(0), MANY)
    assert (base == 10 * cases).all()
    orders = [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)]
    assert holds(cases.astype(int), dict.fromkeys(orders, 1 / 6))


def test_many_cells_of_unlike_weight_keep_their_shares() -> None:
    """3,000 cells with weights over five powers of ten, some none: totals by tens of cells, against their shares."""
    rng = np.random.default_rng(0)
    base = 10 ** rng.uniform(-5, 0, 3000)
    base[::7] = 0
    data = cells([900] + [0] * 2999, base.tolist())
    drawn = models.poisson(data, np.random.default_rng(1), 500).sum(axis=(0, 2))
    assert drawn[base == 0].sum() == 0
    grouped, shares = drawn.reshape(100, 30).sum(axis=1), base.reshape(100, 30).sum(axis=1) / base.sum()
    assert chisquare(grouped, shares * drawn.sum()).pvalue > 1e-4


@pytest.mark.parametrize("name", ["poisson", "bernoulli", "expectation", "exponential", "normal"])
def test_maps_depend_on_the_seed_and_not_on_the_number_of_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = cells([3, 2, 1, 0], [9, 9, 9, 9])
    one, again, other = (getattr(models, name)(data, np.random.default_rng(seed), 11) for seed in (0, 0, 1))
    monkeypatch.setattr(models, "cpu_count", lambda: 1)
    single = getattr(models, name)(data, np.random.default_rng(0), 11)
    assert np.array(one).shape == (*((2,) if name in ("exponential", "normal") else ()), 11, 4, 1)
    assert (np.array(one) == np.array(again)).all()
    assert (np.array(one) == np.array(single)).all()
    assert (np.array(one) != np.array(other)).any()


def test_maps_drawn_one_after_the_other_from_one_generator_differ() -> None:
    data, rng = cells([30, 20, 10, 0], [9, 9, 9, 9]), np.random.default_rng(0)
    assert (models.poisson(data, rng, 5) != models.poisson(data, rng, 5)).any()
