"""Chances of a chart, its limits and its false alarms: every outcome added up, simulated runs, ordinary series."""

from __future__ import annotations

from math import comb, exp, factorial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from tests.patterns.monitor.made import planted
from tests.patterns.nulls import SIMULATIONS, at_level, band
from welfare.patterns.monitor.charting.chain import outcomes
from welfare.patterns.monitor.charting.limits import chance_of_height
from welfare.patterns.monitor.charting.moves import BINOMIAL, NEGATIVE_BINOMIAL, POISSON, Law, cusum_moves, ewma_moves
from welfare.patterns.monitor.charting.shewhart import chance_of_rarest, tails
from welfare.patterns.monitor.charts import monitor


def every_outcome(law: Law, means: list[float], trials: float, most: int):
    """Yield every series of counts up to `most`, with its probability."""

    def p(x: int, mean: float) -> float:
        if law.kind == POISSON:
            return exp(-mean) * mean**x / factorial(x)
        if law.kind == BINOMIAL:
            share = mean / trials
            return comb(int(trials), x) * share**x * (1 - share) ** (trials - x)
        gammas = float(np.prod([(law.size + i) / (i + 1) for i in range(x)]))
        return gammas * (1 + mean / law.size) ** -law.size * (mean / (mean + law.size)) ** x

    for counts in np.ndindex(*([most + 1] * len(means))):
        yield np.array(counts, float), float(np.prod([p(x, mean) for x, mean in zip(counts, means, strict=True)]))


@pytest.mark.parametrize("law", [Law(POISSON), Law(NEGATIVE_BINOMIAL, 0.4), Law(BINOMIAL)], ids=lambda law: law.name)
@pytest.mark.parametrize("kind", ["cusum", "down", "ewma"])
def test_the_chance_of_a_height_is_that_of_all_outcomes_together(law, kind):
    means, trials = [0.7, 1.1, 0.4, 0.9], 5.0
    mean, looked = np.array(means)[:, None], np.full((4, 1), trials)
    live = np.ones((4, 1), dtype=bool)
    moves = (
        ewma_moves(mean, looked, law, 0.3, live, 1)
        if kind == "ewma"
        else cusum_moves(mean, looked, law, 2.0 if kind == "cusum" else 0.5)
    )
    limit = {"cusum": 0.93, "down": 0.61, "ewma": 1.47}[kind]
    # Up to 5 in each of 4 periods: of the Poisson what is left out is under 0.001.
    exact = sum(
        p for counts, p in every_outcome(law, means, trials, 5) if moves.path(counts[:, None], live).max() >= limit
    )
    beyond = 1 - sum(p for _, p in every_outcome(law, means, trials, 5))
    found = chance_of_height(moves, law, mean, looked, live, np.array([limit]))[0]
    assert exact - 0.012 <= found <= exact + beyond + 0.012  # the grid's error after four steps


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("law", [Law(POISSON), Law(NEGATIVE_BINOMIAL, 0.4)], ids=lambda law: law.name)
def test_the_chance_of_the_rarest_period_is_exact(law, sign):
    means, mean = [0.7, 1.1, 2.4], np.array([[0.7], [1.1], [2.4]])
    live = np.ones((3, 1), dtype=bool)
    table = tails(np.arange(13.0)[:, None], mean.T, mean.T, law, sign)  # by count and period
    outcomes = [(counts.astype(int), p) for counts, p in every_outcome(law, means, 0.0, 12)]
    for rarest in (0.3, 0.11, table[3, 1]):
        exact = sum(p for counts, p in outcomes if table[counts, range(3)].min() <= rarest * (1 + 1e-9))
        found = chance_of_rarest(np.array([rarest]), mean, mean, live, law, sign)[0]
        assert found == pytest.approx(exact, abs=2e-3)  # what lies beyond 12


def test_limits_give_the_run_asked_for_by_simulation():
    rng = np.random.default_rng(1)
    season = 1.5 * (1 + 0.6 * np.sin(np.arange(52) * 2 * np.pi / 52))
    limit = monitor(np.zeros(52), season, arl=100).table["limit"].iloc[0]
    for chart, height, runs in (("cusum", limit, 1500), ("ewma", None, 1500)):
        if height is None:
            height = monitor(np.zeros(52), season, arl=100, method="ewma").table["limit"].iloc[0]
        mean = np.tile(season, 30)[:, None].repeat(runs, axis=1)
        live, law = np.ones(mean.shape, dtype=bool), Law(POISSON)
        moves = cusum_moves(mean, mean, law, 2.0) if chart == "cusum" else ewma_moves(mean, mean, law, 0.2, live, 1)
        over = moves.path(rng.poisson(mean).astype(float), live) >= height
        assert over.any(axis=0).all()
        run = over.argmax(axis=0) + 1
        error = run.std() / np.sqrt(runs)
        # A limit between two heights that counts can reach gives a run up to a few percent too long.
        assert -3.5 * error < run.mean() - 100 < 3.5 * error + 6, chart


@pytest.mark.parametrize("method", ["cusum", "ewma"])
def test_limits_read_off_the_table_give_nearly_the_run_of_limits_solved_one_by_one(method):
    rng = np.random.default_rng(2)
    expected = np.exp(rng.normal(0.3, 0.8, 45)) * (1 + 0.4 * np.sin(np.arange(104)[:, None] / 8))
    counts = pd.DataFrame(np.zeros(expected.shape))
    many = monitor(counts, pd.DataFrame(expected), arl=300, method=method).table["limit"]
    one_by_one = [
        monitor(np.zeros(104), expected[:, j], arl=300, method=method).table["limit"].iloc[0] for j in range(0, 45, 9)
    ]
    assert many.iloc[::9].to_numpy() == pytest.approx(one_by_one, rel=0.03)


@pytest.mark.parametrize("method", ["cusum", "ewma", "shewhart", "bernoulli_cusum"])
@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_series_as_expected_are_flagged_at_the_level(method, simulations):
    def flagged(seed: int) -> bool:
        counts, expected = planted(seed, mean=6.0, periods=60)
        if method == "bernoulli_cusum":
            rng = np.random.default_rng(seed)
            counts = pd.DataFrame(rng.binomial(40, expected / 40), columns=expected.columns)
        trials = 40 if method == "bernoulli_cusum" else None
        return bool((monitor(counts, expected, method=method, trials=trials, limit=3.0).table["flagged"] != "").any())

    at_level(flagged, simulations, may_be_rarer=method == "shewhart")  # its tails are few and jump over the level


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_facilities_that_are_as_expected_are_seldom_flagged_among_those_that_are_not(simulations):
    false = named = 0
    for seed in range(simulations // 5):
        counts, expected = planted(seed, facilities=60, periods=40)
        risen, _ = planted(1000 + seed, facilities=60, periods=40, step=2.5, at=25)
        counts.iloc[:, :12] = risen.iloc[:, :12]
        flagged = (monitor(counts, expected, limit=4.0, fdr=0.1).table["flagged"] != "").to_numpy()
        false, named = false + flagged[12:].sum(), named + flagged.sum()
    assert named > 11 * (simulations // 5)  # nearly every one that rose
    assert band(0.08, named)[0] <= false <= band(0.08, named)[1]  # 0.1 of 48 in 60


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_spread_is_seldom_seen_where_there_is_none(simulations):
    def seen(seed: int) -> bool:
        return monitor(*planted(seed, periods=40), limit=4.0).dispersion > 0

    at_level(seen, simulations, 0.02, may_be_rarer=True)


def outcome_table(kind: int, mean: float, size: float, trials: float) -> tuple[np.ndarray, np.ndarray]:
    counts, chances = np.empty(4000), np.empty(4000)
    many = outcomes(kind, mean, size, trials, counts, chances)
    return counts[:many], chances[:many]


@pytest.mark.parametrize("mean", [1e-9, 0.3, 40.0, 9e3, 1e6, 1e9])
def test_outcomes_have_the_mean_and_the_variance_of_the_law_however_large(mean):
    looked = max(50 * mean, 10.0)
    laws = [(POISSON, 1.0, 1.0, mean), (NEGATIVE_BINOMIAL, 2.0, 1.0, mean + mean**2 / 2)]
    laws += [(NEGATIVE_BINOMIAL, 0.05, 1.0, mean + 20 * mean**2), (BINOMIAL, 1.0, looked, mean * (1 - mean / looked))]
    for kind, size, trials, variance in laws:
        counts, chances = outcome_table(kind, mean, size, trials)
        assert abs(chances.sum() - 1) < 1e-11
        assert counts @ chances == pytest.approx(mean, rel=1e-4)
        assert (counts - mean) ** 2 @ chances == pytest.approx(variance, rel=3e-3)


def test_a_block_of_counts_holds_their_probability():
    counts, chances = outcome_table(POISSON, 1e6, 1.0, 1.0)
    for at in (998_000, 1_000_000, 1_003_000):
        assert chances[counts >= at].sum() == pytest.approx(poisson.sf(at - 1, 1e6), abs=5e-3)


@pytest.mark.parametrize("direction", ["up", "both"])
def test_a_thousand_facilities_as_expected_are_seldom_flagged(direction):
    def flagged(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        expected = np.tile(np.exp(rng.normal(0, 1, 1000)), (24, 1))
        found = monitor(
            pd.DataFrame(rng.poisson(expected)), expected, direction=direction, limit=4.0, fdr=0.2, dispersion=0
        )
        return bool((found.table["flagged"] != "").any())

    at_level(flagged, 12, 0.2, may_be_rarer=True)
