"""The scan in space and time against every cylinder tried by hand, with ties, empty steps and every ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from welfare.patterns.scan.arrays import Cells, Reach, Window
from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, POISSON
from welfare.patterns.scan.time import search
from welfare.patterns.scan.time.permuting import margins
from welfare.patterns.scan.time.search import highest, windows

N, STEPS = 12, 7


def log_likelihood_ratio(ratio: int, count: int, base: float, total: int, total_base: float) -> float:
    """Return the ratio from likelihoods written out: rates inside and outside against one rate."""

    def part(cases: float, rate: float) -> float:
        return cases * math.log(rate) if cases > 0 else 0.0

    if base <= 0 or (ratio != EXPECTATION and base > total_base * (1 - 1e-12)):
        return 0.0
    if ratio == EXPECTATION:
        return part(count, count / base) + base - count if count > base else 0.0
    out, out_base = total - count, total_base - base
    inside, outside, all_over = count / base, out / out_base, total / total_base
    if inside <= outside:
        return 0.0
    value = part(count, inside) + part(out, outside) - part(total, all_over)
    if ratio == BERNOULLI:
        value += part(base - count, 1 - inside) + part(out_base - out, 1 - outside)
        value -= part(total_base - total, 1 - all_over)
    return value


def circles(cells: Cells, reach: Reach) -> list[frozenset[int]]:
    points, n = cells.points, len(cells.points)
    share = cells.base.sum(axis=1) / cells.base.sum()
    found = set()
    for i in range(n):
        apart = [math.dist(points[i], points[j]) for j in range(n)]
        for radius in apart:
            inside = frozenset(j for j in range(n) if apart[j] <= radius * (1 + 1e-9))
            if radius <= reach.max_radius and (n == 1 or share[list(inside)].sum() <= reach.max_share + 1e-12):
                found.add(inside)
    return sorted(found, key=sorted)


def cylinders(cells: Cells, reach: Reach) -> list[tuple[frozenset[int], int, int]]:
    steps = cells.base.shape[1]
    spans = [(a, b) for a in range(steps) for b in range(a, min(steps, a + reach.max_steps))]
    return [
        (circle, a, b) for circle in circles(cells, reach) for a, b in spans if not reach.last_only or b == steps - 1
    ]


def by_hand(cells: Cells, ratio: int, reach: Reach, counts: np.ndarray) -> dict[tuple[frozenset[int], int, int], float]:
    total, total_base = int(counts.sum()), float(cells.base.sum())
    scores = {}
    for circle, a, b in cylinders(cells, reach):
        count = int(counts[sorted(circle), a : b + 1].sum())
        base = float(cells.base[sorted(circle), a : b + 1].sum())
        if count >= reach.min_cases:
            scores[circle, a, b] = log_likelihood_ratio(ratio, count, base, total, total_base)
    return scores


def on_a_grid(ratio: int, seed: int, *, cases: int = 80, many: int = 4) -> tuple[Cells, np.ndarray]:
    """Return places on a small grid, some at one spot and many as far away as others, a step and cells without base."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 4, (N, 2)).astype(float)
    base = rng.integers(1, 30, (N, STEPS)).astype(float)
    base[:, 2] = 0.0
    base[rng.random((N, STEPS)) < 0.1] = 0.0
    if ratio == BERNOULLI:
        sets = rng.binomial(base.astype(int), 0.15, (many, N, STEPS))
    elif ratio == EXPECTATION:
        base *= cases / base.sum()
        sets = rng.poisson(base, (many, N, STEPS))
    else:
        sets = rng.multinomial(cases, (base / base.sum()).ravel(), many).reshape(many, N, STEPS)
    return Cells(points, sets[0], base), sets


@pytest.mark.parametrize("ratio", [POISSON, BERNOULLI, EXPECTATION])
@pytest.mark.parametrize("last_only", [False, True], ids=["retrospective", "prospective"])
@pytest.mark.parametrize("max_steps", [1, 3, 7])
def test_the_highest_is_the_highest_of_all_cylinders(ratio: int, last_only: bool, max_steps: int) -> None:
    for seed in range(3):
        cells, sets = on_a_grid(ratio, seed)
        reach = Reach(max_steps=max_steps, last_only=last_only)
        expected = [max(by_hand(cells, ratio, reach, counts).values(), default=0.0) for counts in sets]
        assert max(expected) > 0.5
        assert highest(cells, ratio, reach, sets) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "reach",
    [
        Reach(max_steps=4, max_share=0.2),
        Reach(max_steps=4, max_share=0.04),  # most places lie in no circle
        Reach(max_steps=4, max_share=0.001),  # all of them
        Reach(max_steps=4, max_radius=1.0),
        Reach(max_steps=4, max_radius=0.0),
        Reach(max_steps=4, min_cases=9),
        Reach(max_steps=4, min_cases=1),
        Reach(max_steps=70, max_share=1.0),
    ],
)
def test_no_cylinder_reaches_further_than_it_may(reach: Reach) -> None:
    for seed in range(3, 6):
        cells, sets = on_a_grid(POISSON, seed, cases=40)
        expected = [max(by_hand(cells, POISSON, reach, counts).values(), default=0.0) for counts in sets]
        assert highest(cells, POISSON, reach, sets) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("cases", [2, 20_000, 3_000_000])
def test_few_and_many_cases_are_searched_as_exactly(cases: int) -> None:
    cells, sets = on_a_grid(POISSON, 11, cases=cases)
    for last_only in (False, True):
        reach = Reach(max_steps=5, last_only=last_only, max_share=0.6)
        expected = [max(by_hand(cells, POISSON, reach, counts).values(), default=0.0) for counts in sets]
        assert highest(cells, POISSON, reach, sets) == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_bases_of_very_different_sizes_are_searched_as_exactly() -> None:
    rng = np.random.default_rng(5)
    cells, _ = on_a_grid(POISSON, 5)
    base = cells.base * 10.0 ** rng.integers(-6, 3, cells.base.shape)
    sets = rng.multinomial(300, (base / base.sum()).ravel(), 4).reshape(4, N, STEPS)
    sets[1:] += ((rng.random(sets[1:].shape) < 0.05) & (base > 0)).astype(int)  # cases where hardly any are expected
    cells, reach = Cells(cells.points, sets[0], base), Reach(max_steps=4, min_cases=1, max_share=0.9)
    expected = [max(by_hand(cells, POISSON, reach, counts).values(), default=0.0) for counts in sets]
    assert highest(cells, POISSON, reach, sets) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_larger_field_with_more_sets_than_stand_side_by_side_is_searched_as_exactly() -> None:
    rng = np.random.default_rng(3)
    n, steps, many = 30, 9, 70
    base = np.repeat(rng.gamma(2, size=(n, 1)), steps, axis=1)
    sets = rng.multinomial(900, (base / base.sum()).ravel(), many).reshape(many, n, steps)
    sets[7, 3:9, 2:5] += 3  # something in one of them
    cells, reach = Cells(rng.random((n, 2)), sets[0], base), Reach(max_steps=6)
    found = highest(cells, POISSON, reach, sets)
    for which in (7, 31, 32, 69):
        expected = max(by_hand(cells, POISSON, reach, sets[which]).values())
        assert found[which] == pytest.approx(expected, rel=1e-9)


def test_the_permutation_ratio_is_the_poisson_ratio_on_the_margins() -> None:
    for seed in range(3):
        cells, sets = on_a_grid(POISSON, seed, cases=60)
        permuted = margins(cells.points, sets[0])
        expected = np.outer(sets[0].sum(axis=1), sets[0].sum(axis=0)) / 60
        assert permuted.base == pytest.approx(expected)
        reach = Reach(max_steps=3)
        best = max(by_hand(permuted, POISSON, reach, sets[0]).values())
        assert highest(permuted, POISSON, reach, sets[:1]) == pytest.approx([best], rel=1e-9)


@pytest.mark.parametrize("last_only", [False, True])
def test_one_place_is_a_scan_in_time_alone(last_only: bool) -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(1, 9, (1, 20)).astype(float)
    sets = rng.multinomial(60, base[0] / base.sum(), 5).reshape(5, 1, 20)
    sets[2, 0, 14:17] += 9
    cells, reach = Cells(np.zeros((1, 0)), sets[2], base), Reach(max_steps=10, last_only=last_only)
    for ratio in (POISSON, EXPECTATION):
        expected = [max(by_hand(cells, ratio, reach, counts).values()) for counts in sets]
        assert highest(cells, ratio, reach, sets) == pytest.approx(expected, rel=1e-9)
    if not last_only:
        (window,) = windows(cells, POISSON, reach, 1.0)
        assert (window.members.tolist(), window.first, window.last) == ([0], 14, 16)


def found_by_hand(cells: Cells, ratio: int, reach: Reach, least: float) -> list[tuple[float, frozenset[int], int, int]]:
    scores = by_hand(cells, ratio, reach, cells.cases)
    found: list[tuple[float, frozenset[int], int, int]] = []
    while scores:
        (members, first, last), best = max(scores.items(), key=lambda item: item[1])
        if best <= 0 or (found and best < least):
            break
        found.append((best, members, first, last))
        scores = {key: value for key, value in scores.items() if not key[0] & members}
    return found


def seen(window: Window) -> tuple[float, frozenset[int], int, int]:
    return pytest.approx(window.score, rel=1e-9), frozenset(window.members.tolist()), window.first, window.last


@pytest.mark.parametrize("ratio", [POISSON, BERNOULLI, EXPECTATION])
@pytest.mark.parametrize("last_only", [False, True], ids=["retrospective", "prospective"])
def test_windows_are_the_best_that_share_no_place_with_better_ones(ratio: int, last_only: bool) -> None:
    for seed in range(20, 24):
        cells, _ = on_a_grid(ratio, seed)
        base = np.where(cells.base > 0, cells.base, cells.base.max() / 7)  # without base, windows of one score are many
        cells = Cells(cells.points + np.random.default_rng(seed).random((N, 2)) / 9, cells.cases, base)
        reach = Reach(max_steps=3, last_only=last_only)
        for least in (0.5, 2.0, 50.0):
            found, expected = windows(cells, ratio, reach, least), found_by_hand(cells, ratio, reach, least)
            assert len(found) == len(expected) >= 1
            assert [seen(window) for window in found] == expected
            assert all(window.llr == window.score for window in found)


def test_a_window_begins_with_its_centre_and_ends_with_its_farthest_place() -> None:
    cells, _ = on_a_grid(POISSON, 2)
    for window in windows(cells, POISSON, Reach(max_steps=3), 0.1):
        apart = np.linalg.norm(cells.points[window.members] - cells.points[window.members[0]], axis=1)
        assert apart[0] == 0
        assert (np.diff(apart) >= 0).all()


def test_of_centres_with_the_same_circle_the_first_is_named() -> None:
    cases = np.ones((6, 4), dtype=int)
    cases[2:4, 1:3] = 9
    cells = Cells(np.array([[0.0], [1], [2], [2.5], [4], [5]]), cases, np.ones((6, 4)))
    window = windows(cells, POISSON, Reach(max_steps=2), 1e9)[0]
    assert (window.members.tolist(), window.first, window.last) == ([2, 3], 1, 2)


def test_no_excess_no_window() -> None:
    cells = Cells(np.arange(4.0)[:, None], np.full((4, 3), 2), np.ones((4, 3)))
    assert windows(cells, POISSON, Reach(max_steps=2), 0.0) == []
    assert highest(cells, POISSON, Reach(max_steps=2), np.stack([cells.cases, 0 * cells.cases])).tolist() == [0, 0]
    assert highest(cells, POISSON, Reach(max_steps=2), np.zeros((0, 4, 3), dtype=int)).tolist() == []


def test_a_planted_cluster_is_found_with_its_place_and_its_time() -> None:
    rng = np.random.default_rng(8)
    n, steps = 60, 24
    points, base = rng.random((n, 2)), np.repeat(rng.uniform(5, 20, (n, 1)), steps, axis=1)
    near = np.argsort(np.linalg.norm(points - points[17], axis=1))[:7]
    rate = np.full((n, steps), 0.1)
    rate[near, 9:14] = 0.6
    cells = Cells(points, rng.poisson(rate * base), base)
    for tried in (cells, margins(points, cells.cases)):
        first = windows(tried, POISSON, Reach(max_steps=12), 1e9)[0]
        assert sorted(first.members) == sorted(near)
        assert (first.first, first.last) == (9, 13)


def test_batches_and_processors_play_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, sets = on_a_grid(POISSON, 4, many=70)
    reach = Reach(max_steps=4)
    at_once, secondary = highest(cells, POISSON, reach, sets), windows(cells, POISSON, reach, 0.5)
    for many in (1, 5):
        monkeypatch.setattr(search, "cpu_count", lambda many=many: many)
        assert (highest(cells, POISSON, reach, sets) == at_once).all()
        assert [window.members.tolist() for window in windows(cells, POISSON, reach, 0.5)] == [
            window.members.tolist() for window in secondary
        ]
    one_by_one = [highest(cells, POISSON, reach, counts[None])[0] for counts in sets]
    assert at_once == pytest.approx(one_by_one, rel=1e-12)


def test_what_is_planned_is_kept_for_the_same_cells_only() -> None:
    cells, sets = on_a_grid(POISSON, 6)
    other, other_sets = on_a_grid(POISSON, 7)
    for reach in (Reach(max_steps=2), Reach(max_steps=3)):
        for tried, counts in ((cells, sets), (other, other_sets), (cells, sets)):
            best = max(by_hand(tried, POISSON, reach, counts[1]).values())
            assert highest(tried, POISSON, reach, counts)[1] == pytest.approx(best, rel=1e-9)
    assert highest(cells, EXPECTATION, Reach(max_steps=3), sets)[1] == pytest.approx(
        max(by_hand(cells, EXPECTATION, Reach(max_steps=3), sets[1]).values()), rel=1e-9
    )


def test_windows_on_hardly_any_base_are_not_overlooked() -> None:
    """Cases where a ten-thousandth of a case or less was expected, beside windows that score high in another way."""
    rng = np.random.default_rng(9)
    for ratio in (POISSON, EXPECTATION):
        for _ in range(8):
            points, base = rng.random((N, 2)), rng.gamma(0.3, size=(N, STEPS)) * 10.0 ** rng.uniform(-9, 0, (N, STEPS))
            counts = np.where(rng.random((N, STEPS)) < 0.1, rng.poisson(30, (N, STEPS)), 0)
            cells, reach = Cells(points, counts, base), Reach(max_steps=3, max_share=0.9)
            expected = max(by_hand(cells, ratio, reach, counts).values())
            assert highest(cells, ratio, reach, counts[None]) == pytest.approx([expected], rel=1e-9)


@pytest.mark.parametrize("ratio", [POISSON, EXPECTATION])
@pytest.mark.parametrize("cases", [2**24 + 1, 10**9, pytest.param(10**12, marks=pytest.mark.slow)])  # compiled anew
def test_counts_beyond_any_narrow_number_are_searched_as_exactly(ratio: int, cases: int) -> None:
    cells, sets = on_a_grid(ratio, 12, cases=cases, many=1)
    sets[0, 4, 3] += cases  # in one cell
    cells = Cells(cells.points, sets[0], np.maximum(cells.base, cells.base.max() / 50))
    reach = Reach(max_steps=3)
    best = max(by_hand(cells, ratio, reach, sets[0]).values())
    assert highest(cells, ratio, reach, sets) == pytest.approx([best], rel=1e-7)
    assert windows(cells, ratio, reach, 1e300)[0].score == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize("cases", [40, 10**6])
def test_the_score_of_a_window_is_that_of_its_places_and_steps(cases: int) -> None:
    """On more places than every cylinder can be tried on."""
    rng = np.random.default_rng(cases)
    n, steps = 150, 24
    base = np.repeat(rng.gamma(0.5, size=(n, 1)), steps, axis=1)
    counts = rng.multinomial(cases, rng.dirichlet(20 * base.ravel() / base.mean())).reshape(n, steps)
    points = rng.random((n, 2))
    for cells in (Cells(points, counts, base), margins(points, counts)):
        for window in windows(cells, POISSON, Reach(max_steps=12), 1.0):
            inside = window.members[:, None], np.arange(window.first, window.last + 1)
            by_itself = log_likelihood_ratio(
                POISSON, int(counts[inside].sum()), float(cells.base[inside].sum()), cases, float(cells.base.sum())
            )
            assert window.score == pytest.approx(by_itself, rel=1e-9)
