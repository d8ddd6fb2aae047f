"""Profiles against R: Spiegelhalter's formulas written out, MASS, VGAM; the script is tests/referee/r/profiles.R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.patterns.profiles.laws.beta_binomial import fit_shares, tails
from welfare.patterns.profiles.laws.counts import Counts
from welfare.patterns.profiles.laws.shares import Shares
from welfare.patterns.profiles.periods.chain import Chain
from welfare.patterns.profiles.periods.change import profile_change
from welfare.patterns.profiles.profile import Profile, profile

STORED = Path(__file__).resolve().parents[2] / "referee" / "r"


def stored(name: str) -> pd.DataFrame:
    return pd.read_csv(STORED / f"profiles_{name}.csv")


@pytest.fixture(scope="module")
def r() -> dict[str, float]:
    return stored("figures").set_index("figure")["value"].to_dict()


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return stored("counts")


@pytest.fixture(scope="module")
def shares() -> pd.DataFrame:
    return stored("shares")


def of_counts(counts: pd.DataFrame, **options: object) -> Profile:
    return profile(counts, observed="observed", expected="expected", facility="facility", **options)


def of_shares(shares: pd.DataFrame, **options: object) -> Profile:
    return profile(shares, observed="observed", trials="trials", facility="facility", **options)


def test_spread_and_deviations_of_counts(counts: pd.DataFrame, r: dict[str, float]) -> None:
    found = of_counts(counts)
    assert (found.phi, found.tau2) == (pytest.approx(r["phi"], rel=1e-12), pytest.approx(r["tau2"], rel=1e-12))
    for column in ("z", "z_adjusted"):
        np.testing.assert_allclose(found.table[column], counts[column], rtol=1e-10, atol=1e-12)
    multiplied = of_counts(counts, overdispersion="multiplicative").table["z_adjusted"]
    np.testing.assert_allclose(multiplied, counts["z_multiplied"], rtol=1e-10, atol=1e-12)


def test_p_values_with_spread_added_and_multiplied(counts: pd.DataFrame, r: dict[str, float]) -> None:
    """The spread is found by a root that R and we stop at different digits; tails follow it."""
    added, multiplied = of_counts(counts), of_counts(counts, overdispersion="multiplicative")
    assert added.extra == pytest.approx(r["variance"], abs=2e-5)
    assert multiplied.extra == pytest.approx(r["multiple"], abs=2e-5)
    np.testing.assert_allclose(added.table["p_value"], counts["p_value"], rtol=2e-3)
    np.testing.assert_allclose(added.table["q_value"], counts["q_value"], rtol=2e-3)
    np.testing.assert_allclose(multiplied.table["p_value"], counts["p_multiplied"], rtol=2e-3)
    law = Counts(counts["observed"].to_numpy(), counts["expected"].to_numpy())
    below, above = law.tails(law.spread_at(r["variance"], multiplied=False))
    exact = np.minimum(1, 2 * np.minimum(below, above))
    np.testing.assert_allclose(exact, counts["p_value"], rtol=1e-9)


def test_gamma_poisson_shrinkage_is_that_of_glm_nb(counts: pd.DataFrame, r: dict[str, float]) -> None:
    found = of_counts(counts)
    assert found.spread.shape == pytest.approx(r["theta"], rel=1e-5)
    assert found.spread.mean == pytest.approx(r["mean"], rel=1e-6)
    np.testing.assert_allclose(found.table["shrunken_ratio"], counts["shrunken"], rtol=1e-5)
    known = found.posterior.fitted  # of so few facilities the table goes over every spread: see test_few.py
    for end, theirs in zip(known.interval(0.95), ("shrunken_low", "shrunken_high"), strict=True):
        np.testing.assert_allclose(end, counts[theirs], rtol=1e-5)
    np.testing.assert_allclose(known.exceeding(1.5), counts["above_half_more"], rtol=1e-4, atol=1e-8)


def test_spread_and_deviations_of_shares(shares: pd.DataFrame, r: dict[str, float]) -> None:
    found = of_shares(shares)
    assert found.phi == pytest.approx(r["share_phi"], rel=1e-12)
    assert found.tau2 == pytest.approx(r["share_tau2"], rel=1e-12)
    np.testing.assert_allclose(found.table["z"], shares["z"], rtol=1e-10, atol=1e-12)


def test_beta_binomial_shrinkage_is_that_of_vgam(shares: pd.DataFrame, r: dict[str, float]) -> None:
    found = of_shares(shares)
    chance = shares["observed"].sum() / shares["trials"].sum()
    assert found.spread.rho == pytest.approx(r["share_rho"], rel=1e-5)
    assert found.spread.mean(np.array([chance]))[0] == pytest.approx(r["share_mean"], rel=1e-6)
    np.testing.assert_allclose(found.table["shrunken_ratio"], shares["shrunken"], rtol=1e-5)
    known = found.posterior.fitted  # of so few facilities the table goes over every spread: see test_few.py
    for end, theirs in zip(known.interval(0.95), ("shrunken_low", "shrunken_high"), strict=True):
        np.testing.assert_allclose(end, shares[theirs], rtol=1e-5)
    np.testing.assert_allclose(known.exceeding(1.5), shares["above_half_more"], rtol=1e-4, atol=1e-8)


def test_binomial_and_beta_binomial_tails(shares: pd.DataFrame) -> None:
    observed, trials = (shares[name].to_numpy(dtype=float) for name in ("observed", "trials"))
    chance = np.full(len(shares), observed.sum() / trials.sum())
    for rho, name in ((0.03, ""), (0.0, "binomial_")):
        below, above = tails(observed, trials, chance, np.full(len(shares), rho))
        np.testing.assert_allclose(below, shares[f"{name}below"], rtol=1e-9)
        np.testing.assert_allclose(above, shares[f"{name}above"], rtol=1e-9)


def test_the_fit_of_shares_does_not_ask_where_each_is_expected(shares: pd.DataFrame, r: dict[str, float]) -> None:
    """An expected share of 30% for all is another origin of the same mean."""
    observed, trials = (shares[name].to_numpy(dtype=float) for name in ("observed", "trials"))
    found = fit_shares(observed, trials, np.full(len(shares), 0.3))
    assert found.mean(np.array([0.3]))[0] == pytest.approx(r["share_mean"], rel=1e-5)
    assert found.rho == pytest.approx(r["share_rho"], rel=1e-5)


def test_limits_lie_between_the_whole_counts_that_chance_leaves_beyond_them() -> None:
    """R gives the largest count whose lower tail is at most (1 - level) / 2, and the smallest whose upper one is."""
    kinds = {"poisson": 0.0, "negative_binomial": 0.25, "binomial": 0.0, "beta_binomial": 0.05}
    for (kind, level), cases in stored("limits").groupby(["kind", "level"]):
        size, spread = cases["size"].to_numpy(dtype=float), np.full(len(cases), kinds[kind])
        nothing = np.zeros(len(cases))
        law = Shares(nothing, size, size / 10) if "binomial" in kind and kind[0] == "b" else Counts(nothing, size)
        if kind == "beta_binomial":
            law, size, spread = (Shares(nothing[:4], size[:4], size[:4] / 10), size[:4], spread[:4])
            cases = cases.iloc[:4]
        low, high = (side * law.expected for side in law.limits(spread, level))
        assert (np.ceil(high - 1e-9) == cases["high"]).all(), kind
        seen = np.where(low > 0, np.floor(low + 1e-9), -1)
        assert (seen == cases["low"]).all(), kind


def test_a_change_is_the_ratio_of_two_rates_given_the_events_of_both() -> None:
    pairs = stored("pairs")
    names = [f"f{at}" for at in range(len(pairs))]
    periods = [
        pd.DataFrame({"facility_id": names, "period_start": at, "findings_count": pairs[at],
                      "expected_count": pairs[f"expected_{at}"]})
        for at in ("before", "after")
    ]  # fmt: skip
    panel = pd.concat(periods, ignore_index=True).replace({"period_start": {"before": 2020, "after": 2021}})
    found = profile_change(panel, overall=1, overdispersion="none").table
    np.testing.assert_allclose(found["change"], pairs["change"], rtol=1e-12)
    np.testing.assert_allclose(found["low"], pairs["low"], rtol=1e-9)
    np.testing.assert_allclose(found["high"], pairs["high"], rtol=1e-9)
    np.testing.assert_allclose(found["p_value"], pairs["p_value"], rtol=1e-9)


def test_the_likelihood_of_linked_periods_is_that_of_nested_sums() -> None:
    from scipy.special import gammaln

    data, cases = stored("linked"), stored("chain")
    observed, expected = data[["o1", "o2"]].to_numpy(dtype=float), data[["e1", "e2"]].to_numpy(dtype=float)
    constant = float(np.sum(observed * np.log(expected) - gammaln(observed + 1)))
    for case in cases.itertuples():
        chain = Chain(observed, expected, case.shape)
        vars(chain)["means"] = np.ones(2)  # R's ratios have mean 1; here means would be fitted
        found = chain.filtered(case.rho, case.shape)[0] + constant
        assert found == pytest.approx(case.log_likelihood, abs=2e-3), case
        fine = Chain(observed, expected, case.shape)
        vars(fine).update(means=np.ones(2), scores=np.linspace(-8, 8, 321))
        assert fine.filtered(case.rho, case.shape)[0] + constant == pytest.approx(case.log_likelihood, abs=1e-7), case
