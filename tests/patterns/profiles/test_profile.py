"""Profiles of facilities: published formulas by hand, exact examples, planted plants and none."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.profiles.funnel import funnel, solve_spread, tail_probability
from welfare.patterns.profiles.laws.counts import Counts
from welfare.patterns.profiles.profile import profile
from welfare.patterns.profiles.ranks import rank_limits
from welfare.patterns.profiles.shrinkage import Spread, fit_spread, gamma_posterior
from welfare.stats.robustness.adjusting import adjusted_p


def plants(seed: int, *, n: int = 300, shape: float = 3.0, bad: int = 0) -> pd.DataFrame:
    """Return made-up plants with gamma-distributed true ratios, the first `bad` of them six times as high."""
    rng = np.random.default_rng(seed)
    expected = rng.gamma(1.5, 4, n) + 0.2
    expected[:bad] = 25
    ratio = np.ones(n) if np.isinf(shape) else rng.gamma(shape, 1 / shape, n)
    ratio[:bad] = 6
    return pd.DataFrame(
        {
            "facility_id": [f"us.fsis:{at:04d}" for at in range(n)],
            "findings_count": rng.poisson(expected * ratio),
            "expected_count": expected,
            "district": [f"{at % 10:02d}" for at in range(n)],
        }
    )


def test_phi_and_tau_follow_spiegelhalters_formulas_by_hand() -> None:
    """All counts are squares, so z is whole; with 11 plants the tenth and ninetieth percentiles are plants."""
    root_observed = np.array([1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 15])
    found = funnel(Counts(root_observed**2, np.full(11, 25.0)), winsorise=0.1, how="additive")
    assert found.z.tolist() == [-8, -6, -4, -2, -2, 0, 0, 2, 4, 6, 20]
    # Pulled in: -8 to -6 and 20 to 6. Squares: 36 + 36 + 16 + 4 + 4 + 0 + 0 + 4 + 16 + 36 + 36 = 188.
    assert found.phi == pytest.approx(188 / 11)
    # tau2 = (n phi - (n - 1)) / (sum w - sum w^2 / sum w), w = 4 x 25 = 100 each: (188 - 10) / (1100 - 100).
    assert found.tau2 == pytest.approx(0.178)
    assert found.z_adjusted == pytest.approx(found.z / math.sqrt(1 + 4 * 25 * 0.178))


def test_without_winsorising_phi_is_the_mean_square() -> None:
    found = funnel(Counts(np.array([1, 4, 9, 16]), np.full(4, 4.0)), winsorise=0.0, how="none")
    assert (found.phi, found.tau2) == ((4 + 0 + 4 + 16) / 4, 0.0)


def test_q_values_are_those_of_benjamini_and_hochbergs_example() -> None:
    """Benjamini and Hochberg 1995, section 4.1: fifteen p-values, four of them below a rate of 0.05."""
    text = "0.0001 0.0004 0.0019 0.0095 0.0201 0.0278 0.0298 0.0344 0.0459 0.3240 0.4262 0.5719 0.6528 0.7590 1.0000"
    exact = [Fraction(p) for p in text.split()]
    adjusted = [min(exact[later] * 15 / (later + 1) for later in range(at, 15)) for at in range(15)]
    found = adjusted_p(np.array([float(p) for p in exact]), "bh", 15)
    assert found == pytest.approx([float(q) for q in adjusted], rel=1e-12)
    assert found[:6] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714], abs=1e-8)
    assert (found < 0.05).sum() == 4


def test_tails_are_those_of_poisson_and_of_the_negative_binomial() -> None:
    # Expected four, none seen: 2 exp(-4), and under a gamma of variance v, 2 (1 + 4 v)^(-1/v).
    none, four = np.array([0.0]), np.array([4.0])
    assert tail_probability(Counts(none, four), np.zeros(1))[0] == pytest.approx(2 * math.exp(-4))
    assert tail_probability(Counts(none, four), np.full(1, 0.5))[0] == pytest.approx(2 * 3.0**-2)
    # Two or more where one is expected: 1 - 2/e.
    two = Counts(np.array([2.0]), np.array([1.0]))
    assert tail_probability(two, np.zeros(1))[0] == pytest.approx(2 * (1 - 2 / math.e))


@pytest.mark.parametrize("shape", [np.inf, 4.0, 1.5])
def test_the_spread_of_ratios_is_found_again(shape: float) -> None:
    df = plants(1, n=3000, shape=shape)
    observed, expected = df["findings_count"].to_numpy(), df["expected_count"].to_numpy()
    planted = 1 / shape
    law = Counts(observed, expected)
    phi = funnel(law, winsorise=0.1, how="additive").phi
    by_chance, variance = solve_spread(law, phi, winsorise=0.1)
    # Winsorised squares of a standard normal average 0.69; square roots of small counts add to that.
    assert 0.65 < by_chance < 1.1
    assert variance == pytest.approx(planted, abs=0.02 + 0.15 * planted)
    assert 1 / fit_spread(observed, expected).shape == pytest.approx(planted, abs=0.01 + 0.1 * planted)


def test_the_fitted_spread_is_where_the_likelihood_is_flat() -> None:
    from scipy.stats import nbinom

    df = plants(2)
    observed, expected = df["findings_count"].to_numpy(), df["expected_count"].to_numpy()
    fitted = fit_spread(observed, expected)

    def likelihood(mean: float, shape: float) -> float:
        return float(nbinom.logpmf(observed, shape, shape / (shape + mean * expected)).sum())

    best = likelihood(fitted.mean, fitted.shape)
    for factor in (0.99, 1.01):
        assert likelihood(fitted.mean * factor, fitted.shape) < best
        assert likelihood(fitted.mean, fitted.shape * factor) < best


def test_shrinkage_is_the_posterior_mean_of_gamma_and_poisson() -> None:
    # Prior gamma with mean 1 and shape 2; 6 seen where 1 was expected: (6 + 2) / (1 + 2).
    found = gamma_posterior(np.array([6.0]), np.array([1.0]), Spread(1.0, 2.0))
    low, high = found.interval(0.95)
    assert found.mean[0] == pytest.approx(8 / 3)
    # A gamma of shape 8 is half a chi-squared on 16 degrees, whose table gives 6.908 and 28.845.
    assert (low[0], high[0]) == (pytest.approx(6.908 / 6, abs=1e-3), pytest.approx(28.845 / 6, abs=1e-3))


def test_facilities_alike_cannot_be_ranked() -> None:
    observed = np.full(8, 5.0)
    assert np.isinf(fit_spread(observed, observed).shape)
    none = gamma_posterior(observed, observed, Spread(1.0, np.inf))
    low, high = rank_limits(none, level=0.95, draws=100, seed=0)
    assert (set(low), set(high)) == ({1.0}, {8.0})
    found = profile(pd.DataFrame({"facility_id": range(8), "findings_count": 5, "expected_count": 5.0}))
    assert set(found.table["shrunken_ratio"]) == {1.0}
    assert any("none can be ranked" in note for note in found.notes)


@pytest.mark.parametrize("shape", [np.inf, 3.0])
def test_where_nothing_is_planted_few_are_flagged(shape: float) -> None:
    """A false-discovery rate of 0.05 means: some plant flagged in at most 5% of industries where none is bad.

    Three or more of twenty would happen by chance in one of 13 runs at exactly 5%; the seeds are fixed.
    """
    flagged = [(profile(plants(seed, shape=shape), draws=100).table["flagged"] != "").sum() for seed in range(20)]
    assert sum(many > 0 for many in flagged) <= 2
    assert sum(flagged) <= 3


def test_planted_bad_plants_are_found_and_lead_the_ranks() -> None:
    found = profile(plants(3, shape=8.0, bad=5))
    above = found.table[found.table["flagged"] == "above"]
    assert above["facility_id"].tolist() == [f"us.fsis:{at:04d}" for at in range(5)]
    assert set(found.table.nsmallest(5, "rank").index) == set(above.index)
    assert "5 had more than their peers and 0 had fewer" in found.text


def test_without_allowing_for_spread_ordinary_plants_are_flagged() -> None:
    """Why overdispersion is allowed for: left out, plants that differ as plants do are named by the dozen."""
    df = plants(4, shape=1.5)
    assert (profile(df, overdispersion="none", draws=100).table["flagged"] != "").sum() > 20
    assert (profile(df, draws=100).table["flagged"] != "").sum() <= 1


def test_rank_ranges_hold_the_true_rank_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    ratio, expected = rng.gamma(4, 1 / 4, 400), rng.gamma(3, 4, 400)
    df = pd.DataFrame({"facility_id": np.arange(400), "findings_count": rng.poisson(ratio * expected)})
    found = profile(df.assign(expected_count=expected)).table.set_index("facility_id").loc[map(str, range(400))]
    true_rank = pd.Series(-ratio).rank().to_numpy()
    held = (found["rank_low"] <= true_rank) & (true_rank <= found["rank_high"])
    # Four standard deviations of 400 draws at 95%: 0.044.
    assert 0.906 < held.mean() <= 1


def test_periods_of_one_facility_and_facilities_of_one_district_are_added_up() -> None:
    df = plants(6)
    by_district = profile(df, facility="district")
    sums = df.groupby("district")[["findings_count", "expected_count"]].sum()
    assert by_district.table["facility_id"].tolist() == sums.index.tolist()
    assert by_district.table["observed"].tolist() == sums["findings_count"].tolist()
    assert by_district.table["expected"].tolist() == pytest.approx(sums["expected_count"].tolist())
    assert by_district.text.startswith("10 groups by district had ")
    halves = pd.concat([df.assign(findings_count=df["findings_count"] // 2), df], ignore_index=True)
    halves.loc[len(df) :, "findings_count"] = (df["findings_count"] - df["findings_count"] // 2).to_numpy()
    halves["expected_count"] /= 2
    pd.testing.assert_frame_equal(profile(halves).table, profile(df).table)


def test_rows_that_cannot_be_compared_are_dropped_with_the_reason() -> None:
    df = plants(7, n=20).astype({"findings_count": "Int64", "expected_count": "Float64"})
    df.loc[1, "findings_count"] = pd.NA
    df.loc[2, "expected_count"] = pd.NA
    df.loc[3, "expected_count"] = 0
    df.loc[4, "facility_id"] = None
    found = profile(df)
    assert found.dropped.to_numpy().tolist() == [
        [1, "missing findings_count"],
        [2, "missing expected_count"],
        [3, "nothing expected"],
        [4, "missing facility_id"],
    ]
    assert len(found.table) == 16
    assert "Left out: 1 missing findings_count" in found.text


def test_the_caution_ends_the_text() -> None:
    caution = "More noncompliance recorded than expected means worse handling or stricter inspection."
    assert profile(plants(8), caution=caution).text.endswith(f"not why. {caution}")


def test_a_seed_gives_the_same_ranges_again() -> None:
    df = plants(9, n=50)
    pd.testing.assert_frame_equal(profile(df, seed=0).table, profile(df, seed=0).table)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0.05, 60)), min_size=3, max_size=40))
def test_any_counts_give_intervals_about_their_ratio_and_q_values_above_p_values(rows: list) -> None:
    observed, expected = zip(*rows, strict=True)
    df = pd.DataFrame({"facility_id": range(len(rows)), "findings_count": observed, "expected_count": expected})
    table = profile(df, draws=100).table
    assert (table["low"] <= table["ratio"]).all()
    assert (table["ratio"] <= table["high"]).all()
    assert (table["q_value"] >= table["p_value"] - 1e-12).all()
    assert table["rank"].sum() == pytest.approx(len(rows) * (len(rows) + 1) / 2)
    assert ((table["rank_low"] <= table["rank"]) & (table["rank"] <= table["rank_high"])).all()
    shrunken_between = (table["shrunken_low"] <= table["shrunken_ratio"] + 1e-9) & (
        table["shrunken_ratio"] <= table["shrunken_high"] + 1e-9
    )
    assert shrunken_between.all() or table["observed"].sum() == 0


@pytest.mark.parametrize(
    ("change", "options", "error"),
    [
        ({}, {"observed": "injuries_count"}, BadParameter),
        ({}, {"overdispersion": "yes"}, BadParameter),
        ({}, {"level": 95}, BadParameter),
        ({}, {"fdr": 0}, BadParameter),
        ({}, {"draws": 5}, BadParameter),
        ({"findings_count": 1.5}, {}, BadValue),
        ({"expected_count": -1}, {}, BadValue),
        ({"facility_id": "one"}, {}, NotEstimable),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict, options: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        profile(plants(0, n=10).assign(**change), **options)


def test_the_funnel_drawn_adds_the_spread_once() -> None:
    """The widened limits stand where z_adjusted would: sqrt(ratio) - 1 times sqrt(1 + 4 E tau2)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from welfare.figures.profiles import funnel_limits

    found = profile(plants(1))
    ax = found.plot()
    expected = np.asarray(ax.lines[0].get_xdata(), dtype=float)
    _, plain = funnel_limits(expected, 0.95)
    widened = (1 + (np.sqrt(plain) - 1) * np.sqrt(1 + 4 * expected * found.tau2)) ** 2
    assert any(
        len(line.get_ydata()) == len(widened) and np.allclose(line.get_ydata(), widened, rtol=1e-6) for line in ax.lines
    )
    pyplot.close("all")
