"""Profiles of American plants' humane handling and of British audits, against plain recomputation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, betabinom, chi2, nbinom

import welfare as wf
from tests.real.frames import handling_tasks
from welfare.patterns.profiles.profile import Profile, profile

pytestmark = pytest.mark.real

_ITEMS = [f"Q2{item}" for item in range(1, 23)]  # the 22 animal-welfare items of an audit
_NOT_COMPLIANT = ["Minor", "Major", "Critical"]


@pytest.fixture(scope="module")
def plants(shared: Path) -> pd.DataFrame:
    tasks = handling_tasks(shared)
    return tasks.assign(expected=tasks["tasks"] * tasks["findings"].sum() / tasks["tasks"].sum())


@pytest.fixture(scope="module")
def handling(plants: pd.DataFrame) -> Profile:
    return profile(plants, observed="findings", expected="expected", facility="plant")


@pytest.fixture(scope="module")
def audits(shared: Path) -> pd.DataFrame:
    """One row per establishment: welfare items judged at its last audit, and those not complied with."""
    raw = wf.read(shared / "data/gb/fsa/meat_establishment_audits_2015-2017.csv").raw
    failed = raw[_ITEMS].isin(_NOT_COMPLIANT)
    return pd.DataFrame(
        {
            "facility_id": raw["ApprovalNumber"],
            "failed": failed.sum(axis=1),
            "judged": (failed | raw[_ITEMS].eq("Compliant")).sum(axis=1),
        }
    )


@pytest.fixture(scope="module")
def welfare_items(audits: pd.DataFrame) -> Profile:
    return profile(audits, observed="failed", trials="judged")


def test_handling_counts_and_spread(plants: pd.DataFrame, handling: Profile) -> None:
    assert (len(handling.table), handling.table["observed"].sum()) == (1042, 788)
    z = 2 * (np.sqrt(plants["findings"]) - np.sqrt(plants["expected"]))
    phi = np.mean(np.clip(z, *np.quantile(z, [0.1, 0.9])) ** 2)
    w = 4 * plants["expected"]
    assert handling.phi == pytest.approx(phi)
    assert handling.tau2 == pytest.approx((1042 * phi - 1041) / (w.sum() - (w**2).sum() / w.sum()))
    assert round(handling.phi, 2) == 1.76


def test_handling_exact_intervals_and_p_values(handling: Profile) -> None:
    table, v = handling.table, handling.extra
    o, e = table["observed"], table["expected"]
    np.testing.assert_allclose(table["high"], chi2.ppf(0.975, 2 * o + 2) / 2 / e, rtol=1e-9)
    law = nbinom(1 / v, 1 / (1 + v * e))
    p = np.minimum(1, 2 * np.minimum(law.cdf(o), law.sf(o - 1)))
    np.testing.assert_allclose(table["p_value"], p, rtol=1e-9)


def test_no_plant_stands_out_but_many_would_if_plants_were_taken_to_be_alike(
    plants: pd.DataFrame, handling: Profile
) -> None:
    assert (handling.table["flagged"] == "").all()
    alike = profile(plants, observed="findings", expected="expected", facility="plant", overdispersion="none")
    assert alike.table["flagged"].value_counts().to_dict() == {"": 1012, "above": 29, "below": 1}
    # Sure to lie above expectation are 69 plants, and above twice that 32: of plants that differ as these do.
    assert (handling.exceeding(1)["probability"] > 0.95).sum() == 69
    assert (handling.exceeding(2)["probability"] > 0.95).sum() == 32


def test_british_welfare_items_are_those_of_the_file(audits: pd.DataFrame) -> None:
    assert ((audits["judged"] > 0).sum(), audits["failed"].sum(), audits["judged"].sum()) == (282, 450, 4950)


def test_british_shares_and_their_spread(audits: pd.DataFrame, welfare_items: Profile) -> None:
    judged = audits[audits["judged"] > 0]
    k, n = judged["failed"], judged["judged"]
    share = k.sum() / n.sum()
    z = 2 * np.sqrt(n) * (np.arcsin(np.sqrt(k / n)) - np.arcsin(np.sqrt(share)))
    assert welfare_items.phi == pytest.approx(np.mean(np.clip(z, *np.quantile(z, [0.1, 0.9])) ** 2))
    # At the fitted spread the likelihood of the beta-binomial is flat.
    rho, mean = welfare_items.spread.rho, welfare_items.spread.mean(np.array([share]))[0]
    assert round(rho, 3) == 0.047

    def likelihood(mean: float, rho: float) -> float:
        size = 1 / rho - 1
        return float(betabinom.logpmf(k, n, mean * size, (1 - mean) * size).sum())

    best = likelihood(mean, rho)
    assert all(likelihood(mean, rho * by) < best and likelihood(mean * by, rho) < best for by in (0.98, 1.02))


def test_british_p_values_and_shrunken_shares(audits: pd.DataFrame, welfare_items: Profile) -> None:
    table = welfare_items.table
    share = table["observed"].sum() / table["trials"].sum()
    size = 1 / welfare_items.extra - 1
    law = betabinom(table["trials"].astype(int), share * size, (1 - share) * size)
    p = np.minimum(1, 2 * np.minimum(law.cdf(table["observed"]), law.sf(table["observed"] - 1)))
    np.testing.assert_allclose(table["p_value"], p, rtol=1e-7)
    spread = welfare_items.spread
    m, size = spread.mean(np.array([share]))[0], 1 / spread.rho - 1
    a, b = table["observed"] + m * size, table["trials"] - table["observed"] + (1 - m) * size
    np.testing.assert_allclose(table["shrunken_ratio"], a / (a + b) / share, rtol=1e-7)
    np.testing.assert_allclose(table["shrunken_high"], beta.ppf(0.975, a, b) / share, rtol=1e-7)


def test_no_british_establishment_can_be_named_and_ranks_say_next_to_nothing(welfare_items: Profile) -> None:
    assert (welfare_items.table["flagged"] == "").all()
    assert (welfare_items.table["rank_high"] - welfare_items.table["rank_low"]).median() > 0.75 * 282
    assert welfare_items.worst(20)["probability"].max() < 0.9
    assert "686 no trials" in welfare_items.text
