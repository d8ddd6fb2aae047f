"""Limits, chances of exceeding, chances of being among the worst: exact arithmetic, and truth that was planted."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma

from tests.patterns.profiles.made import counted, shared
from welfare.errors import BadParameter
from welfare.figures.profiles import funnel_limits
from welfare.patterns.profiles import ranks
from welfare.patterns.profiles.laws.beta_binomial import tails
from welfare.patterns.profiles.profile import Profile, profile
from welfare.patterns.profiles.shrinkage import fit_spread, gamma_posterior


def of(panel: pd.DataFrame, **options: object) -> Profile:
    if "failed" in panel:
        return profile(panel, observed="failed", trials="checked", **{"draws": 200, **options})
    return profile(panel, **{"draws": 200, **options})


def rising(start: Fraction, steps: int) -> Fraction:
    """Return start (start + 1) ... over `steps` factors."""
    out = Fraction(1)
    for step in range(steps):
        out *= start + step
    return out


@pytest.mark.parametrize(("n", "a", "b"), [(12, Fraction(3, 2), Fraction(5)), (9, Fraction(1, 3), Fraction(1, 2))])
def test_beta_binomial_tails_are_those_of_exact_fractions(n: int, a: Fraction, b: Fraction) -> None:
    """Terms are C(n, k) a(k) b(n - k) / (a + b)(n) in rising factorials; the second case is higher at both ends."""
    terms = [comb(n, k) * rising(a, k) * rising(b, n - k) / rising(a + b, n) for k in range(n + 1)]
    assert sum(terms) == 1
    k = np.arange(n + 1, dtype=float)
    below, above = tails(k, np.full(n + 1, float(n)), np.full(n + 1, float(a / (a + b))),
                         np.full(n + 1, float(1 / (1 + a + b))))  # fmt: skip
    assert below == pytest.approx([float(sum(terms[: at + 1])) for at in range(n + 1)], rel=1e-12)
    assert above == pytest.approx([float(sum(terms[at:])) for at in range(n + 1)], rel=1e-12)


def test_of_very_many_trials_a_beta_distribution_stands_for_the_share() -> None:
    """Both sides of the bound of 20,000 expected agree to some hundredths of the tail."""
    for k, low in ((19_300.0, True), (20_700.0, False)):
        summed, smooth = (
            tails(np.array([k]), np.array([200_000.0]), np.array([chance]), np.array([1e-5]))[0 if low else 1][0]
            for chance in (0.0999999, 0.1000001)
        )
        assert smooth == pytest.approx(summed, rel=0.04)


@pytest.mark.parametrize("how", ["additive", "multiplicative", "none"])
@pytest.mark.parametrize("make", [counted, shared])
def test_limits_of_the_p_values_law_are_where_p_reaches_its_level(make, how: str) -> None:
    """Exactly: beyond the 95% limits where, and only where, p is at most 0.05."""
    found = of(make(1).panel, overdispersion=how)
    law = {"none": found.law.by_chance}.get(how, found.law.with_spread)
    limits = found.funnel(limits=law, levels=[0.95])
    assert limits["facility_id"].tolist() == found.table["facility_id"].tolist()
    ratio = found.table["ratio"].to_numpy()
    beyond = (ratio >= limits["high"] - 1e-12) | ((ratio <= limits["low"] + 1e-12) & (limits["low"] > 0))
    assert (beyond.to_numpy() == (found.table["p_value"] <= 0.05).to_numpy()).all()
    assert beyond.any() or how == "multiplicative"


def test_additive_limits_are_the_figures_and_multiplicative_ones_stand_root_phi_further_out() -> None:
    found = of(counted(2).panel)
    at = np.array([0.7, 3.0, 40.0])
    drawn = np.array(funnel_limits(at, 0.95, tau2=4 * found.tau2))
    given = found.funnel(at, levels=[0.95])
    np.testing.assert_allclose(given[["low", "high"]].to_numpy().T, drawn, rtol=1e-9)
    exact = found.funnel(at, limits="poisson", levels=[0.95])
    wide = found.funnel(at, limits="multiplicative", levels=[0.95])
    distance = (np.sqrt(wide["high"]) - 1) / (np.sqrt(exact["high"]) - 1)
    np.testing.assert_allclose(distance, np.sqrt(found.phi), rtol=1e-9)
    assert wide["expected"].tolist() == at.tolist()


def test_shares_are_drawn_between_their_own_limits_and_never_above_all() -> None:
    found = of(shared(1).panel)
    limits = found.funnel([5, 50, 500], limits="additive", levels=[0.95])
    share = found.law.expected.sum() / found.law.trials.sum()
    middle = np.arcsin(np.sqrt(share))
    exact = found.funnel([5, 50, 500], limits="binomial", levels=[0.95])
    reach = np.arcsin(np.sqrt(exact["high"] * share)) - middle
    wider = np.sqrt(1 + 4 * np.array([5, 50, 500]) * found.tau2)
    np.testing.assert_allclose(np.arcsin(np.sqrt(limits["high"] * share)) - middle, reach * wider, rtol=1e-9)
    # Of one trial, one event is no surprise at all: the limit lies where no count reaches.
    assert (found.funnel([1], limits="additive")["high"] * share > 1).all()


def test_multiplicative_limits_never_draw_in_what_chance_leaves() -> None:
    found = of(counted(3, shape=np.inf, size=60.0).panel, overdispersion="multiplicative")
    assert found.phi < 1
    np.testing.assert_allclose(found.table["z_adjusted"], found.table["z"])


def test_the_chance_of_exceeding_is_the_posterior_tail() -> None:
    found = of(counted(4).panel)
    shape, mean = found.spread.shape, found.spread.mean
    table = found.exceeding(1.5)
    by_hand = gamma.sf(1.5, table["observed"] + shape, scale=1 / (table["expected"] + shape / mean))
    np.testing.assert_allclose(table["probability"], by_hand, rtol=1e-9)


@pytest.mark.parametrize("make", [counted, shared])
def test_chances_of_exceeding_come_true_as_often_as_they_say(make) -> None:
    """Of facilities said to exceed 1.3 with a chance of 60% to 90%, that share does; and so for the other groups."""
    said, true = [], []
    for seed in range(4):
        made = make(seed, n=400)
        table = of(made.panel).exceeding(1.3).set_index("facility_id").loc[made.panel["facility_id"]]
        # The ratio of a share is to the share of all together.
        ratio = made.ratio if "failed" not in made.panel else made.ratio * 0.1
        centre = 1.0 if "failed" not in made.panel else made.panel["failed"].sum() / made.panel["checked"].sum()
        said.append(table["probability"].to_numpy())
        true.append(ratio / centre > 1.3)
    chance, came = np.concatenate(said), np.concatenate(true)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.01)):
        group = (chance >= low) & (chance < high)
        error = np.sqrt(chance[group].mean() * (1 - chance[group].mean()) / group.sum())
        assert abs(came[group].mean() - chance[group].mean()) < 3.5 * error + 0.02, (low, high)


def test_without_spread_all_have_the_chance_of_the_one_ratio_they_share() -> None:
    same = pd.DataFrame({"facility_id": range(100), "findings_count": 1, "expected_count": 1.0})
    found = of(same)
    # 100 events where 100 were expected, half an event added: a gamma of shape 100.5 over 100.
    assert found.exceeding(1.2)["probability"].tolist() == pytest.approx([gamma.sf(1.2, 100.5, scale=1 / 100)] * 100)
    assert found.worst(25)["probability"].tolist() == [0.25] * 100


def test_the_chances_of_being_among_the_worst_add_up_and_come_with_ranks() -> None:
    found = of(counted(5, bad=4, shape=8.0).panel, draws=500)
    worst = found.worst(4)
    assert worst.columns.tolist() == ["facility_id", "shrunken_ratio", "rank", "rank_low", "rank_high", "probability"]
    assert worst["probability"].sum() == pytest.approx(4)
    assert set(worst["facility_id"][:4]) == {f"us.fsis:{at:04d}" for at in range(4)}
    assert worst["probability"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(found.worst(0.1), found.worst(30))


def test_being_the_worse_of_two_is_the_integral_over_both_posteriors() -> None:
    """Two of three facilities hold nearly all events: P(first > second) of two gamma ratios is a beta's tail."""
    observed, expected = np.array([30, 20, 0]), np.full(3, 10.0)
    posterior = gamma_posterior(observed, expected, fit_spread(observed, expected))
    from scipy.stats import beta

    first = beta.sf(0.5, posterior.shape[0], posterior.shape[1])  # same rate: a / (a + b) is beta-distributed
    assert posterior.rate[0] == posterior.rate[1]
    drawn = ranks.drawn_ranks(posterior, 20_000, 0)
    assert (drawn[:, 0] == 1).mean() == pytest.approx(first, abs=0.015)


def test_beyond_two_thousand_facilities_ranks_are_those_that_very_many_draws_give() -> None:
    rng = np.random.default_rng(0)
    expected = rng.gamma(1.5, 4, 2100) + 0.2
    expected[:20] = 5000  # whose own ratio is certain: only the others' move their rank
    observed = rng.poisson(expected * rng.gamma(3, 1 / 3, 2100))
    posterior = gamma_posterior(observed, expected, fit_spread(observed, expected))
    low, high = ranks.rank_limits(posterior, level=0.95, draws=100, seed=0)
    drawn = ranks.drawn_ranks(posterior, 2000, 1)
    held = ((drawn >= low) & (drawn <= high)).mean(axis=0)
    assert held.mean() == pytest.approx(0.95, abs=0.004)
    assert held.min() > 0.92
    assert held[:20].min() > 0.92
    exact = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert np.abs(low - exact[0]).mean() < 0.006 * 2100
    assert np.abs(high - exact[1]).mean() < 0.006 * 2100


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda found: found.funnel([0.0]), "nothing is expected"),
        (lambda found: found.funnel([np.nan]), "missing size"),
        (lambda found: found.funnel(limits="binomial"), "no limits are called"),
        (lambda found: found.funnel(levels=[95]), "levels are \\[95\\]"),
        (lambda found: found.exceeding(0), "threshold"),
        (lambda found: found.exceeding(np.inf), "threshold"),
        (lambda found: found.worst(0), "most is 0"),
        (lambda found: found.worst(300), "most is 300"),
        (lambda found: found.worst(0.0001), "most is"),
        (lambda found: found.worst(2.5), "most is"),
    ],
)
def test_what_cannot_be_asked_of_a_profile_is_refused(ask, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        ask(of(counted(6).panel))


def test_half_a_trial_has_no_limits() -> None:
    with pytest.raises(BadParameter, match="whole numbers"):
        of(shared(1).panel).funnel([2.5])


def test_poisson_limits_by_hand() -> None:
    """Of 3.7 expected, none has a tail of exp(-3.7) = 2.5% at the level of 1 - 2 exp(-3.7): just at the limit."""
    found = of(counted(7).panel).funnel([3.7], limits="poisson", levels=[1 - 2 * exp(-3.7)])
    assert found["low"].item() == pytest.approx(0, abs=1e-6)
