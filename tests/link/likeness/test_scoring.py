"""Probabilities: by hand, against every possible matching written out, and against planted truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.link.likeness.comparing import DOOR, PLACES, TOWN, Comparison
from welfare.link.likeness.scoring import features, log_odds, posterior
from welfare.schema.codes import shipped


def of(odds, a, b, *, records=10, one_to_one=False, fit_share=False):
    return posterior(
        np.asarray(odds, dtype=float),
        np.asarray(a),
        np.asarray(b),
        records=records,
        one_to_one=one_to_one,
        fit_share=fit_share,
    )


def by_enumeration(strength: np.ndarray) -> np.ndarray:
    """The share of each pair in all matchings of two small sets, each weighed by the product of its pairs."""
    total, held = 0.0, np.zeros(strength.shape)
    cells = list(itertools.product(*map(range, strength.shape)))
    for size in range(min(strength.shape) + 1):
        for pairs in itertools.combinations(cells, size):
            rows, columns = {i for i, _ in pairs}, {j for _, j in pairs}
            if len(rows) == len(columns) == size:
                weight = float(np.prod([strength[pair] for pair in pairs]))
                total += weight
                for pair in pairs:
                    held[pair] += weight
    return held / total


def test_one_pair_and_two_rivals():
    assert of([np.log(3)], [0], [0]) == pytest.approx([0.75])
    # Odds 3 and 1 against none: 3/5, 1/5, and 1/5 for no place.
    assert of([np.log(3), 0], [0, 0], [0, 1]) == pytest.approx([0.6, 0.2])


def test_two_records_compete_for_one_place_only_in_a_list():
    assert of([np.log(3)] * 2, [0, 1], [0, 0]) == pytest.approx([0.75, 0.75])
    # Matchings: none 1, the one 3, the other 3.
    assert of([np.log(3)] * 2, [0, 1], [0, 0], one_to_one=True) == pytest.approx([3 / 7, 3 / 7], abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.05, 20), min_size=5, max_size=5))
def test_where_the_pairs_form_a_tree_the_probabilities_are_exact(strengths):
    # A chain: left 0 - right 0 - left 1 - right 1 - left 2 - right 2.
    a, b = np.array([0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 2])
    full = np.zeros((3, 3))
    full[a, b] = strengths
    found = of(np.log(strengths), a, b, one_to_one=True)
    assert found == pytest.approx(by_enumeration(full)[a, b], abs=2e-4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.05, 20), min_size=9, max_size=9))
def test_elsewhere_they_are_near(strengths):
    full = np.array(strengths).reshape(3, 3)
    a, b = (part.ravel() for part in np.indices((3, 3)))
    found = of(np.log(strengths), a, b, one_to_one=True)
    assert found == pytest.approx(by_enumeration(full).ravel(), abs=0.15)  # 0.12 is the most found


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(-1000, 1000)), max_size=25, unique_by=lambda t: t[:2]
    ),
    st.booleans(),
)
def test_scores_of_one_record_stay_below_certainty(pairs, one_to_one):
    a, b = np.array([i for i, _, _ in pairs], dtype=int), np.array([j for _, j, _ in pairs], dtype=int)
    found = of([odds for _, _, odds in pairs], a, b, one_to_one=one_to_one)
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    if not one_to_one and len(a):
        assert np.bincount(a, found).max() <= 1


def test_a_rival_lowers_a_score():
    alone = of([2.0], [0], [0])
    assert (of([2.0, 1.0], [0, 0], [0, 1])[0] < alone[0]).all()


def test_where_few_have_a_counterpart_less_is_believed():
    # A thousand records; ten have a strong pair, all have a weak one.
    odds = np.concatenate([np.full(10, 6.0), np.full(990, -0.5)])
    each = np.arange(1000)
    believed = of(odds, each, each, records=1000)
    doubted = of(odds, each, each, records=1000, fit_share=True)
    assert (doubted < believed).all()
    assert doubted[-1] < 0.02
    # Fewer than fifty records say too little about the share.
    assert of(odds[:20], each[:20], each[:20], records=20, fit_share=True) == pytest.approx(believed[:20])


def test_of_pairs_scored_so_high_so_many_are_true():
    # Planted: 20,000 records draw their counterpart, or none, by the very odds the scores are made from.
    rng = np.random.default_rng(4)
    odds = rng.normal(0, 2, size=(20_000, 3))
    weight = np.column_stack([np.ones(len(odds)), np.exp(odds)])
    drawn = (rng.random(len(odds))[:, None] > np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    a = np.repeat(np.arange(len(odds)), 3)
    b = np.arange(len(a))
    score = of(odds.ravel(), a, b, records=len(odds))
    true = (drawn[:, None] == [1, 2, 3]).ravel()
    for low, high in itertools.pairwise([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]):
        inside = (score >= low) & (score < high)
        said, many = score[inside].mean(), inside.sum()
        assert true[inside].mean() == pytest.approx(said, abs=4 * np.sqrt(said * (1 - said) / many))


def weights() -> dict[str, float]:
    book = shipped("parameters/link_weights.csv")
    return dict(zip(book["feature"], book["log_odds"].astype(float), strict=True))


def test_the_share_with_a_counterpart_is_the_one_that_explains_the_odds_best():
    # Of n records k have one pair each, all of one strength s. With c = s / f, f the odds of a counterpart where the
    # weights were fitted, and o those odds here, the share o / (1 + o) equals k / n x o c / (1 + o c), so
    # o c = (c k / n - 1) / (1 - k / n), which is the odds of each pair.
    n, k, s = 200, 60, 90.0
    c = s / np.exp(weights()["share with a counterpart"])
    odds = (c * k / n - 1) / (1 - k / n)
    each = np.arange(k)
    found = of(np.full(k, np.log(s)), each, each, records=n, fit_share=True)
    assert found == pytest.approx(np.full(k, odds / (1 + odds)), rel=1e-6)


def test_each_thing_in_common_has_its_own_weight():
    same = np.array([True, False, False, True])
    pairs = Comparison(
        name=np.array([1.0, 0.9, 0.6, 0.2]),
        shared_weight=np.array([5.0, 30.0, 0.0, 2.0]),
        place=np.array([DOOR, DOOR, TOWN, len(PLACES) - 1]),
        km=np.full(4, np.nan),
        activity=np.array([2, 1, -1, -1]),
        unit=np.array([1, -1, 0, 0]),
        same_source=same,
    )
    stated: list[dict[str, float]] = [
        {"name": 1, "name above 0.5": 0.5, "name above 0.8": 0.2, "same name": 1, "name at the same door": 1}
        | {"same name at the same door": 1, "weight of the shared words": 0.5, "an activity in common": 1}
        | {"the same activities": 1, "the same unit": 1, PLACES[DOOR]: 1},
        {"name": 0.9, "name above 0.5": 0.4, "name above 0.8": 0.1, "name at the same door": 0.9}
        | {"weight of the shared words": 2, "an activity in common, other source": 1, "another unit": 1}
        | {PLACES[DOOR]: 1},
        {"name": 0.6, "name above 0.5": 0.1, "no activity in common, other source": 1, PLACES[TOWN]: 1},
        {"name": 0.2, "weight of the shared words": 0.2, "no activity in common": 1, PLACES[-1]: 1},
    ]
    made, book = features(pairs), weights()
    assert {*made} | {"share with a counterpart"} == {*book}
    for row, expected in enumerate(stated):
        held = {name: value[row] for name, value in made.items() if value[row]}
        assert held == pytest.approx(expected | {"intercept": 1})
        by_hand = book["intercept"] + sum(book[name] * value for name, value in expected.items())
        assert log_odds(pairs)[row] == pytest.approx(by_hand, abs=1e-12)
