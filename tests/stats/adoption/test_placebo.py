"""Treatments that never were: what is shifted and permuted, and p-values that are uniform under no effect."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.stats.adoption.naive_panels import by_hand, waived
from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.naive.two_way import two_way
from welfare.stats.adoption.trends.placebo import assignments, earlier, permuted, randomise


def static(adoption: Adoption) -> float:
    return two_way(adoption).estimate


def test_earlier_keeps_rows_before_the_true_treatment():
    # Cohorts 1, 3 and 5 of 7 periods, and one never treated; pretended two steps earlier.
    outcome = np.arange(28.0).reshape(4, 7)
    found = earlier(by_hand([1, 3, 5, 7], 7, outcome), 2)
    # Cohort 1 would have no period before; 3 keeps periods 0 to 2, 5 keeps 0 to 4, the last all.
    assert sorted(found.outcome) == [*range(7, 10), *range(14, 19), *range(21, 28)]
    assert found.units == 3
    assert found.cohort.tolist() == [1, 3, 7]
    assert found.cluster.tolist() == [0, 1, 2]
    assert found.outcome[found.treated].tolist() == [8, 9, 17, 18]


def test_steps_are_those_of_the_periods_and_not_their_places():
    # Years 0, 1, 4, 5, 6: a treatment in year 6, pretended two years earlier, begins in year 4.
    outcome = np.arange(10.0).reshape(2, 5)
    found = earlier(by_hand([4, 5], 5, outcome, periods=np.array([0, 1, 4, 5, 6])), 2)
    assert found.periods[found.cohort[0]] == 4
    assert found.outcome[found.treated].tolist() == [2, 3]


def test_periods_that_nobody_has_left_go():
    # Everybody is treated in the end: after the last treatment nothing is left.
    found = earlier(by_hand([3, 5], 7, np.arange(14.0).reshape(2, 7)), 1)
    assert found.periods.tolist() == [0, 1, 2, 3, 4]
    assert found.labels.tolist() == [2000, 2001, 2002, 2003, 2004]
    assert found.cohort.tolist() == [2, 4]


def test_everything_else_is_carried_along():
    adoption = waived(outcome="deaths", exposure="animals", covariates=("size",), cluster="state")
    found = earlier(adoption, 1)
    rows = ~adoption.treated
    assert found.exposure.tolist() == adoption.exposure[rows].tolist()
    assert found.covariates.tolist() == adoption.covariates[rows].tolist()
    assert found.clusters == adoption.clusters


def test_an_effect_that_jumps_at_treatment_leaves_no_placebo_effect():
    cohorts = [3, 3, 5, 5, 8, 8]
    since = np.arange(8)[None, :] >= np.array(cohorts)[:, None]
    outcome = 2.0 * since + np.arange(8)[None, :] + np.arange(6)[:, None]
    adoption = by_hand(cohorts, 8, outcome)
    assert static(adoption) == pytest.approx(2)
    assert static(earlier(adoption, 1)) == pytest.approx(0, abs=1e-12)
    # One that begins a period ahead of the date is seen.
    ahead = 2.0 * (np.arange(8)[None, :] >= np.array(cohorts)[:, None] - 1) + np.arange(8)[None, :]
    assert static(earlier(by_hand(cohorts, 8, ahead), 1)) == pytest.approx(2)


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_not_earlier(steps):
    with pytest.raises(BadParameter, match="steps earlier"):
        earlier(waived(), steps)


def test_too_early():
    with pytest.raises(NotEstimable, match="no cohort has a period before"):
        earlier(waived(), 6)


def test_permutation_keeps_how_many_have_each_date():
    adoption = waived()
    found = permuted(adoption, np.random.default_rng(0))
    assert Counter(found.cohort) == Counter(adoption.cohort)
    assert (found.cohort != adoption.cohort).any()
    assert found.outcome is adoption.outcome


def test_clusters_of_one_date_stay_together():
    cohorts = np.array([2, 2, 3, 3, 3, 4, 4, 4])
    cluster = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    adoption = by_hand(list(cohorts), 4, np.zeros((8, 4)), cluster=cluster)
    assert assignments(adoption) == 6
    seen = set()
    for seed in range(40):
        found = permuted(adoption, np.random.default_rng(seed)).cohort
        assert all(len(set(found[cluster == each])) == 1 for each in range(3))
        seen.add(tuple(found))
    assert len(seen) == 6


def test_units_within_clusters_exchange_dates_where_these_differ():
    cohorts = np.array([2, 4, 4, 3, 4, 4])
    cluster = np.array([1, 0, 1, 0, 1, 0])
    adoption = by_hand(list(cohorts), 4, np.zeros((6, 4)), cluster=cluster)
    assert assignments(adoption) == 9  # three places for the date of either cluster
    seen = set()
    for seed in range(100):
        found = permuted(adoption, np.random.default_rng(seed)).cohort
        for each in range(2):
            assert Counter(found[cluster == each]) == Counter(cohorts[cluster == each])
        seen.add(tuple(found))
    assert len(seen) == 9


def test_p_value_counts_the_true_dates_among_the_draws():
    adoption = waived()
    asked = []

    def estimate(panel: Adoption) -> float:
        asked.append(panel)
        return {1: -2.0, 2: 1.0, 3: 2.0, 4: -3.0}[len(asked)]

    found = randomise(adoption, estimate, draws=3, seed=0)
    assert asked[0] is adoption
    assert found.estimate == -2
    assert found.p_value == (1 + 2) / (1 + 3)


def test_a_draw_that_cannot_be_estimated_counts_as_extreme():
    adoption = waived()
    calls = iter([5.0, float("nan"), None, 0.0])

    def estimate(panel: Adoption) -> float:
        value = next(calls)
        if value is None:
            raise NotEstimable("no")
        return value

    found = randomise(adoption, estimate, draws=3)
    assert found.failed == 2
    assert found.p_value == (1 + 2) / 4
    assert "2 could not be estimated" in found.words


def test_a_large_effect_is_found_and_the_seed_decides():
    found = randomise(waived(), static, draws=99, seed=0)
    assert found.p_value == 0.01
    again = randomise(waived(), static, draws=99, seed=0)
    assert again.draws.tolist() == found.draws.tolist()
    assert randomise(waived(), static, draws=99, seed=1).draws.tolist() != found.draws.tolist()


def test_p_values_are_uniform_where_nothing_was_changed():
    # Dates at random, an outcome that depends on the unit alone but for noise; 19 draws: p is 1/20 ... 20/20.
    def gap(panel: Adoption) -> float:
        return panel.outcome[panel.treated].mean() - panel.outcome[~panel.treated].mean()

    rng = np.random.default_rng(8)
    p_values = []
    for run in range(400):
        cohorts = rng.permutation([2, 2, 2, 3, 3, 3, 5, 5, 5, 5])
        outcome = rng.exponential(size=(10, 5)) + rng.normal(size=10)[:, None]
        adoption = by_hand(list(cohorts), 5, outcome)
        p_values.append(randomise(adoption, gap, draws=19, seed=run).p_value)
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int), minlength=21)[1:]
    # Chi-squared of 20 equal cells: beyond 43.8 with probability 0.001.
    assert ((counts - 20) ** 2 / 20).sum() < 43.8


def test_few_ways_are_said():
    outcome = np.random.default_rng(0).normal(size=(4, 4))
    found = randomise(by_hand([2, 2, 4, 4], 4, outcome), static, draws=20)
    assert "in 6 ways" in found.words
    assert "below 0.17" in found.words


def test_what_randomisation_refuses():
    with pytest.raises(BadParameter, match="draws"):
        randomise(waived(), static, draws=0)
    with pytest.raises(NotEstimable, match="cannot be exchanged"):
        randomise(by_hand([2, 2, 2], 4, np.zeros((3, 4))), static)
    with pytest.raises(NotEstimable, match="true dates"):
        randomise(waived(), lambda panel: float("nan"))
