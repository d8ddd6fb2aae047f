"""The search for subsets: every one tried by hand on small data, and what a subset must rest on."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest

from welfare.patterns.practices.searching.ascent import Ascent
from welfare.patterns.practices.searching.cells import Terms, into_cells
from welfare.patterns.practices.searching.every import best_subsets, families, subsets_in_all
from welfare.patterns.practices.searching.scoring import log_ratio

SIZES = (4, 3, 2, 2)


def small(seed: int, *, rows: int = 160, units: int = 25):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, size, rows) for size in SIZES])
    unit = rng.integers(0, units, rows)
    expected = rng.gamma(2, 1, rows)
    weight = rng.uniform(0.3, 1, rows)
    observed = rng.poisson(expected * np.where((codes[:, 0] < 2) & (codes[:, 2] == 1), 2.5, 1.0))
    return codes, unit, expected, weight, observed


def by_hand(codes, unit, expected, weight, observed, terms: Terms):
    """Every subset in plain Python: its description and score, of those that rest on enough."""
    o, e = weight * observed, weight * expected
    total, whole = o.sum(), e.sum()
    lists = {k: [s for r in range(1, n) for s in combinations(range(n), r)] for k, n in enumerate(SIZES)}
    scores = {}
    for many in range(1, terms.max_conditions + 1):
        for named in combinations(range(len(SIZES)), many):
            for held in product(*(lists[k] for k in named)):
                inside = np.ones(len(o), dtype=bool)
                cost = math.log(math.comb(len(SIZES), many)) if terms.simple else 0.0
                for k, values in zip(named, held, strict=True):
                    inside &= np.isin(codes[:, k], values)
                    size = SIZES[k]
                    cost += math.log((size - 1) * math.comb(size, len(values))) if terms.simple else 0.0
                enough = all(
                    len(set(unit[side])) >= terms.min_units and expected[side].sum() >= terms.min_expected
                    for side in (inside, ~inside)
                )
                if enough:
                    scores[named, held] = likelihood_ratio(o[inside].sum(), e[inside].sum(), total, whole, terms) - cost
    return scores


def likelihood_ratio(o, e, total, whole, terms):
    """Kulldorff's, from its two binomial likelihoods."""
    e = e * total / whole
    if (o <= e) if terms.more else (o >= e):
        return 0.0
    inside = o * math.log(o / e) if o else 0.0
    return inside + ((total - o) * math.log((total - o) / (total - e)) if total > o else 0.0)


@pytest.mark.parametrize("simple", [True, False])
@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("min_units", [2, 20])
@pytest.mark.parametrize("max_conditions", [1, 3])
def test_the_best_subset_is_the_best_of_all_tried_by_hand(simple, more, min_units, max_conditions):
    terms = Terms(max_conditions, min_units, 12.0 if min_units > 2 else 100.0, more, simple)
    codes, unit, expected, weight, observed = small(1)
    scores = by_hand(codes, unit, expected, weight, observed, terms)
    cells = into_cells(codes, expected, unit, weight)
    every = families(cells, terms)
    best = best_subsets(every, cells.add_up(observed[None]), more=more)
    picked = every[best.family[0]].picked(int(best.position[0]))
    assert best.score[0] == pytest.approx(max(scores.values()), rel=1e-12)
    assert scores[tuple(picked), tuple(picked.values())] == pytest.approx(best.score[0], rel=1e-12)
    assert sum(len(family.allowed) for family in every) == len(scores)


def test_minimum_support_bites_here():
    """At 20 of 25 units, and at 12 expected events, some subsets are left out, so that the test above can fail."""
    given = small(1)
    free, by_units, by_events = (
        by_hand(*given, Terms(3, *least, True, True)) for least in ((1, 0.0), (20, 0), (1, 12.0))
    )
    assert 0 < len(by_units) < len(free)
    assert 0 < len(by_events) < len(free)
    assert len(free) == subsets_in_all(SIZES, 3)


def test_many_sets_of_counts_at_once_give_what_each_gives_alone():
    codes, unit, expected, weight, _ = small(2)
    cells = into_cells(codes, expected, unit, weight)
    every = families(cells, Terms(3, 5, 5.0, True, True))
    counts = cells.add_up(np.random.default_rng(0).poisson(expected, (40, len(expected))))
    together = best_subsets(every, counts, more=True)
    alone = [best_subsets(every, counts[:, [column]], more=True) for column in range(40)]
    assert together.score.tolist() == pytest.approx([one.score[0] for one in alone], rel=1e-12)
    assert together.position.tolist() == [one.position[0] for one in alone]
    assert together.family.tolist() == [one.family[0] for one in alone]


@pytest.mark.parametrize("more", [True, False])
def test_the_ascent_finds_what_trying_all_finds_and_never_more(more):
    reached = []
    for seed in range(5):
        codes, unit, expected, weight, observed = small(seed)
        terms = Terms(3, 8, 8.0, more, True)
        cells = into_cells(codes, expected, unit, weight)
        counts = cells.add_up(observed[None])
        highest = best_subsets(families(cells, terms), counts, more=more).score[0]
        score, picked = Ascent(cells, terms, restarts=30, seed=0).best(counts)[0]
        assert score <= highest + 1e-9
        named = tuple(sorted(picked))
        held = tuple(picked[k] for k in named)
        assert by_hand(codes, unit, expected, weight, observed, terms)[named, held] == pytest.approx(score, rel=1e-9)
        reached.append(score >= highest - 1e-9)
    assert sum(reached) >= 4


def test_the_likelihood_ratio_at_its_edges():
    assert log_ratio(1.0, 0.2, 10.0, 1.0) == pytest.approx(-10 * math.log(0.2))
    assert log_ratio(0.0, 0.2, 10.0, -1.0) == pytest.approx(-10 * math.log(0.8))
    assert [log_ratio(0.3, 0.2, 10.0, -1.0), log_ratio(0.1, 0.2, 10.0, 1.0), log_ratio(0.5, 1.0, 9.0, -1.0)] == [
        0,
        0,
        0,
    ]


def test_a_facility_with_rows_under_several_conditions_counts_once():
    """Four facilities, each by day and by night: eight rows are not eight facilities."""
    codes = np.array([[0, 0], [1, 0]] * 4 + [[0, 1], [1, 1]] * 4)
    unit = np.repeat(np.arange(8), 2)
    expected = np.full(16, 10.0)
    cells = into_cells(codes, expected, unit, np.ones(16))
    allowed = {least: families(cells, Terms(1, least, 1.0, True, True)) for least in (4, 5, 8, 9)}
    named = {least: [family.named for family in every] for least, every in allowed.items()}
    assert named == {4: [(0,), (1,)], 5: [(0,)], 8: [(0,)], 9: []}


def test_conditions_of_one_value_name_nothing():
    assert subsets_in_all((1, 1), 2) == 0
    assert subsets_in_all((1, 3), 2) == 6
    assert subsets_in_all((2, 3), 1) == 2 + 6
    assert subsets_in_all((2, 3), 5) == 2 + 6 + 12
