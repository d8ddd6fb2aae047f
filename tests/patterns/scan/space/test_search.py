"""The spatial engine against every window tried as the definitions read, and against SaTScan's own output."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.patterns.nulls import SIMULATIONS, at_level
from tests.patterns.scan.space import by_definition
from welfare.patterns.scan import models
from welfare.patterns.scan.arrays import Cells, Reach
from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, NORMAL, POISSON
from welfare.patterns.scan.space import search
from welfare.patterns.scan.space.search import highest, windows

CIRCLE = ((1.0, 0.0),)
ELLIPSES = ((1.0, 0.0), (2.0, 0.0), (2.0, 90.0), (1.5, 45.0), (3.0, 30.0))


def lattice(seed: int, places: int = 30, side: int = 6) -> np.ndarray:
    """Return points of a lattice, many at equal distances and some on top of one another."""
    return np.random.default_rng(seed).integers(0, side, size=(places, 2)).astype(float)


def maps(name: str, base: np.ndarray, many: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """Return maps without a cluster, and their bases if these move."""
    if name == "bernoulli":
        return rng.multivariate_hypergeometric(base.astype(int), 60, size=many), None
    if name == "expectation":
        return rng.poisson(base, size=(many, len(base))), None
    if name == "normal":
        order = rng.permuted(np.tile(np.arange(len(base)), (many, 1)), axis=1)
        return (base * rng.normal(50, 1, len(base)))[order], base[order]
    return rng.multinomial(60, base / base.sum(), size=many), None


@pytest.mark.parametrize("shapes", [CIRCLE, ELLIPSES], ids=["circles", "ellipses"])
@pytest.mark.parametrize("name", by_definition.RATIOS)
@pytest.mark.parametrize("seed", range(4))
def test_no_window_scores_higher_and_one_scores_as_high(seed: int, name: str, shapes: tuple) -> None:
    """On lattices where distances tie, with caps, radii, fewest cases and penalties of all kinds."""
    rng = np.random.default_rng(seed)
    points, base = lattice(seed), rng.integers(1, 20, 30) / (4.0 if name == "expectation" else 1.0)
    sets, bases = maps(name, base, 5, rng)
    reach = Reach(
        max_share=(0.5, 0.2, 0.1)[seed % 3],
        max_radius=(np.inf, 2.0)[seed % 2],
        min_cases=2 + seed,
        shapes=shapes,
        penalty=(0.0, 1.0, 0.5)[seed % 3],
    )
    each = [base] * 5 if bases is None else bases
    expected = [by_definition.highest(name, points, sets[i], each[i], reach) for i in range(5)]
    first = Cells(points, sets[0][:, None], each[0][:, None])
    ratio = by_definition.RATIOS[name]
    assert highest(first, ratio, reach, sets, bases) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    # The kernel for bases that move knows the same ratios.
    assert highest(first, ratio, reach, sets, np.array(each)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    best = windows(first, ratio, reach, math.inf)
    assert [window.score for window in best] == pytest.approx([expected[0]] if expected[0] else [], rel=1e-9)
    for window in best:
        inside = window.members.tolist()
        assert by_definition.BY_NAME[name](sets[0], each[0], inside) == pytest.approx(window.llr, rel=1e-9)
        longer = window.shape[0]
        assert window.score == pytest.approx(window.llr * (4 * longer / (longer + 1) ** 2) ** reach.penalty)


@pytest.mark.parametrize(("places", "total"), [(200, 40), (80, 300), (80, 40_000), (80, 3_000_000)])
def test_many_maps_of_more_places_than_a_first_look_sees(places: int, total: int) -> None:
    """Narrow lanes and wide ones, several blocks, one not full; a map alone gives what it gives among others."""
    rng = np.random.default_rng(total)
    points, base = rng.random((places, 2)), rng.gamma(1.0, size=places)
    sets = rng.multinomial(total, base / base.sum(), size=70)
    cells, reach = Cells(points, sets[0][:, None], base[:, None]), Reach()
    found = highest(cells, POISSON, reach, sets)
    assert found[69] == pytest.approx(by_definition.highest("poisson", points, sets[69], base, reach), rel=1e-9)
    alone = [windows(Cells(points, one[:, None], base[:, None]), POISSON, reach, math.inf)[0].score for one in sets]
    assert found == pytest.approx(alone, rel=1e-9)
    assert highest(cells, POISSON, reach, sets[::-1])[::-1] == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize("processors", [1, 2, 7])
@pytest.mark.parametrize("ratio", [POISSON, NORMAL])
def test_the_number_of_threads_changes_nothing(ratio: int, processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    points, base = rng.random((100, 2)), np.ones(100)
    sets = rng.multinomial(200, base / 100, size=50)
    cells = Cells(points, sets[0][:, None], base[:, None])
    before = highest(cells, ratio, Reach(), sets)
    monkeypatch.setattr(search, "cpu_count", lambda: processors)
    assert (highest(cells, ratio, Reach(), sets) == before).all()


def test_counts_that_are_not_whole_are_scored_as_they_stand() -> None:
    rng = np.random.default_rng(0)
    points, base, one = lattice(0), np.ones(30), rng.gamma(2.0, size=30)
    cells = Cells(points, one[:, None], base[:, None])
    expected = by_definition.highest("poisson", points, one, base, Reach())
    assert highest(cells, POISSON, Reach(), np.array([one, one])) == pytest.approx([expected] * 2)


def test_steps_of_time_are_summed() -> None:
    rng = np.random.default_rng(3)
    points, base = lattice(3), rng.integers(1, 9, (30, 4)).astype(float)
    cases = rng.poisson(base)
    summed = Cells(points, cases.sum(axis=1)[:, None], base.sum(axis=1)[:, None])
    steps = Cells(points, cases, base)
    sets = cases.sum(axis=1)[None]
    assert highest(steps, POISSON, Reach(), sets) == highest(summed, POISSON, Reach(), sets)
    whole, once = windows(steps, POISSON, Reach(), 0.0)[0], windows(summed, POISSON, Reach(), 0.0)[0]
    assert (whole.first, whole.last, once.last) == (0, 3, 0)
    assert whole.members.tolist() == once.members.tolist()


@pytest.mark.parametrize("shapes", [CIRCLE, ELLIPSES], ids=["circles", "ellipses"])
@pytest.mark.parametrize("seed", range(4))
def test_further_windows_are_the_best_that_share_no_place_with_those_before(seed: int, shapes: tuple) -> None:
    """A window that touches one found before is no window, and no larger one around the same place is either."""
    rng = np.random.default_rng(seed)
    points, base = lattice(seed), rng.integers(1, 20, 30).astype(float)
    cases = rng.poisson(base / 4)
    reach = Reach(max_share=0.3, shapes=shapes, penalty=1.0)
    every = [
        (penalty * by_definition.poisson(cases, base, inside), set(inside))
        for penalty, _, inside in by_definition.every_window(points, base, reach)
        if cases[inside].sum() >= reach.min_cases
    ]
    found = windows(Cells(points, cases[:, None], base[:, None]), POISSON, reach, 0.0)
    taken: set[int] = set()
    for window in found:
        best = max(score for score, inside in every if not inside & taken)
        assert window.score == pytest.approx(best, rel=1e-9)
        assert not taken & set(window.members.tolist())
        taken |= set(window.members.tolist())
    assert max((score for score, inside in every if not inside & taken), default=0.0) <= 1e-9
    least = found[1].score
    short = windows(Cells(points, cases[:, None], base[:, None]), POISSON, reach, least)
    assert [window.score for window in short] == [window.score for window in found if window.score >= least]


def test_members_come_by_distance_and_the_centre_first_though_another_place_shares_its_point() -> None:
    points = np.array([[5.0, 0], [0, 0], [0, 0], [1, 0], [9, 0], [9, 1]])
    cases, base = np.array([0, 4, 4, 4, 0, 0]), np.ones(6)
    (window, *_) = windows(Cells(points, cases[:, None], base[:, None]), POISSON, Reach(), math.inf)
    assert sorted(window.members.tolist()) == [1, 2, 3]
    far = np.abs(points[window.members] - points[window.members[0]]).sum(axis=1)
    assert far.tolist() == sorted(far.tolist())


def test_a_place_above_the_cap_lies_in_no_window_and_three_tenths_are_three_times_a_tenth() -> None:
    points = np.arange(6.0)[:, None] * [1.0, 0.0]
    base = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.5])  # three of which add up to 0.30000000000000004
    cases = np.array([1, 1, 9, 9, 9, 20])
    cells = Cells(points, cases[:, None], base[:, None])
    (best, *_) = windows(cells, POISSON, Reach(max_share=0.3), math.inf)
    assert sorted(best.members.tolist()) == [2, 3, 4]
    alone = Cells(points, np.array([0, 0, 0, 0, 0, 9])[:, None], base[:, None])
    assert windows(alone, POISSON, Reach(max_share=0.3), 0.0) == []
    assert highest(alone, POISSON, Reach(max_share=0.3), alone.cases.T) == 0.0


@pytest.mark.parametrize("ratio", [POISSON, BERNOULLI, EXPECTATION, NORMAL])
def test_where_all_places_are_alike_there_is_no_window(ratio: int) -> None:
    base = np.full((9, 1), 3.0)
    cells = Cells(lattice(0, 9, 3), base.copy(), base)
    assert windows(cells, ratio, Reach(), 0.0) == []
    assert highest(cells, ratio, Reach(), cells.cases.T.repeat(3, axis=0)).tolist() == [0.0] * 3


def test_a_cap_that_admits_nothing_and_no_maps_give_nothing() -> None:
    cells = Cells(lattice(0), np.arange(30)[:, None], np.ones((30, 1)))
    assert windows(cells, POISSON, Reach(max_share=0.01), 0.0) == []
    assert highest(cells, POISSON, Reach(max_share=0.01), cells.cases.T).tolist() == [0.0]
    assert highest(cells, POISSON, Reach(), np.zeros((0, 30), dtype=int)).shape == (0,)


def test_maps_of_different_totals_are_refused_unless_totals_play_no_part() -> None:
    cells = Cells(lattice(0), np.ones((30, 1)), np.ones((30, 1)))
    sets = np.array([np.ones(30, dtype=int), 2 * np.ones(30, dtype=int)])
    with pytest.raises(ValueError, match="totals"):
        highest(cells, POISSON, Reach(), sets)
    with pytest.raises(ValueError, match="totals"):
        highest(cells, POISSON, Reach(), sets[:1].repeat(2, axis=0), np.array([np.ones(30), np.full(30, 2.0)]))
    assert highest(cells, EXPECTATION, Reach(), sets).tolist() == pytest.approx([0.0, 15 * (2 * math.log(2) - 1)])


def test_points_on_a_globe_are_scanned_by_straight_lines_through_it() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(40, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    base, cases = np.ones(40), rng.poisson(2.0, 40)
    reach = Reach(max_radius=1.0)
    expected = by_definition.highest("poisson", points, cases, base, reach)
    assert highest(Cells(points, cases[:, None], base[:, None]), POISSON, reach, cases[None]) == pytest.approx(expected)


def test_an_ellipse_finds_the_strip_that_was_planted() -> None:
    """Along a diagonal, three times the rate: a circle has to take in places beside it."""
    points = np.array([(x, y) for x in range(12) for y in range(12)], dtype=float)
    strip = (points[:, 0] == points[:, 1]) & (points[:, 0] >= 3) & (points[:, 0] <= 7)
    cases = np.where(strip, 15, 5)
    cells = Cells(points, cases[:, None], np.ones((144, 1)))
    shapes = by_definition.satscans_shapes()
    best = windows(cells, POISSON, Reach(shapes=shapes), math.inf)[0]
    assert set(best.members.tolist()) == set(np.flatnonzero(strip).tolist())
    assert best.shape in [(4.0, 45.0), (5.0, 48.0)]
    assert windows(cells, POISSON, Reach(), math.inf)[0].score < 0.8 * best.score


@pytest.fixture(scope="module")
def leukaemia(shared: Path) -> Cells:
    folder = shared / "data" / "reference" / "ny_leukaemia_satscan"

    def column(name: str, columns: list[str]) -> pd.DataFrame:
        return pd.read_csv(folder / f"satscan_ny_{name}.txt", sep=r"\s+", header=None, names=columns, index_col=0)

    df = column("cases", ["id", "cases", "year"])[["cases"]].join(column("pop", ["id", "year", "people"])[["people"]])
    df = df.join(column("coords", ["id", "y", "x"]))
    return Cells(df[["x", "y"]].to_numpy(), df[["cases"]].to_numpy(), df[["people"]].to_numpy(dtype=float))


def test_new_york_leukaemia_gives_satscans_ratios(leukaemia: Cells) -> None:
    """Circles, Cartesian, at most half of the population, as printed by SaTScan 9.6."""
    found = windows(leukaemia, POISSON, Reach(), 1.0)[:3]
    assert [window.llr for window in found[:2]] == pytest.approx([14.083511, 9.019716], abs=5e-7)
    assert [len(window.members) for window in found] == [28, 8, 33]
    assert [leukaemia.cases[window.members].sum() for window in found] == [100, 38, 64]
    assert highest(leukaemia, POISSON, Reach(), leukaemia.cases.T) == pytest.approx([14.083511], abs=5e-7)


def test_the_p_value_among_trials_is_that_of_every_way_the_cases_could_fall() -> None:
    """Nine places, 18 animals, 6 cases: 18,564 ways to pick the cases, against 4,000 maps drawn."""
    points = np.array([(x, y) for x in range(3) for y in range(3)], dtype=float)
    base = np.full(9, 2)
    place = np.repeat(np.arange(9), 2)
    ways = np.array([np.bincount(place[list(picked)], minlength=9) for picked in combinations(range(18), 6)])
    assert len(ways) == 18_564
    cells = Cells(points, ways[:1].T, base[:, None])
    patterns, times = np.unique(ways, axis=0, return_counts=True)
    ratios = highest(cells, BERNOULLI, Reach(), patterns)
    tried = range(0, len(patterns), 97)
    by_hand = [by_definition.highest("bernoulli", points, patterns[i], base, Reach()) for i in tried]
    assert ratios[list(tried)] == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    drawn = highest(cells, BERNOULLI, Reach(), models.bernoulli(cells, np.random.default_rng(0), 4000)[:, :, 0])
    for bar in np.unique(ratios.round(9))[1:]:
        exact = times[ratios >= bar - 1e-8].sum() / times.sum()
        seen = (drawn >= bar - 1e-8).mean()
        assert abs(seen - exact) <= 4 * math.sqrt(exact * (1 - exact) / 4000) + 1 / 4000


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("poisson", POISSON), ("bernoulli", BERNOULLI), ("expectation", EXPECTATION), ("exponential", POISSON),
        ("normal", NORMAL), ("negative_binomial", POISSON),
    ],
)  # fmt: skip
def test_each_models_maps_raise_alarms_at_the_level(name: str, ratio: int, simulations: int) -> None:
    """Data drawn apart from the maps: other draws, by NumPy alone, from the model as it reads."""
    points, base = lattice(0, 25, 5), np.random.default_rng(9).integers(5, 30, 25)

    def alarm(seed: int) -> bool:
        rng = np.random.default_rng([seed, 77])
        exposure = base.astype(float)
        if name == "bernoulli":
            cases = np.bincount(rng.permutation(np.repeat(np.arange(25), base))[:80], minlength=25).astype(float)
        elif name == "negative_binomial":
            cases = rng.poisson(0.5 * base * rng.gamma(2.0, 0.5, 25)).astype(float)
        elif name == "exponential":
            cases, exposure = rng.integers(0, 2, 25).astype(float), rng.exponential(3.0, 25)
        elif name == "normal":
            cases = base * rng.normal(3.0, 1 / np.sqrt(base))
        else:
            cases = rng.poisson(base).astype(float)
        cells = Cells(points, cases[:, None], exposure[:, None])
        own = np.random.default_rng([seed, 78])
        extra = (2.0,) if name == "negative_binomial" else ()
        drawn = getattr(models, name)(cells, own, 39, *extra)
        sets, bases = drawn if isinstance(drawn, tuple) else (drawn, None)
        maxima = highest(cells, ratio, Reach(), sets[:, :, 0], None if bases is None else bases[:, :, 0])
        found = windows(cells, ratio, Reach(), math.inf)
        score = found[0].score if found else 0.0
        return bool((1 + (maxima >= score - 1e-9).sum()) / 40 <= 0.05)

    at_level(alarm, simulations)
