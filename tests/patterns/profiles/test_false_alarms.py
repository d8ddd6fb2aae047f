"""Where nothing is planted, flags are as rare as they say; and input that no answer can be made from is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from tests.patterns.nulls import SIMULATIONS, at_level
from tests.patterns.profiles.made import counted, shared
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.profiles.profile import Profile, profile

_LEVELS = (0.01, 0.05, 0.2)


def of(panel: pd.DataFrame, **options: object) -> Profile:
    if "failed" in panel:
        return profile(panel, observed="failed", trials="checked", **{"draws": 100, **options})
    return profile(panel, **{"draws": 100, **options})


MAKERS = {
    "counts by chance": lambda seed: counted(seed, n=100, shape=np.inf).panel,
    "counts with spread": lambda seed: counted(seed, n=100, shape=3.0).panel,
    "shares by chance": lambda seed: shared(seed, n=100, rho=0.0).panel,
    "shares with spread": lambda seed: shared(seed, n=100, rho=0.05).panel,
}


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize(
    "make",
    # By chance alone flags are rarer still than with spread: that takes the slow run only.
    [pytest.param(make, id=name, marks=[pytest.mark.slow] * ("chance" in name)) for name, make in MAKERS.items()],
)
def test_any_flag_is_a_false_one_and_as_rare_as_the_rate_says(make, simulations: int) -> None:
    """Where no facility differs from its peers, the false-discovery rate is how often any is flagged."""
    at_level(lambda seed: (of(make(seed)).table["flagged"] != "").any(), simulations, may_be_rarer=True)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_p_values_are_at_most_at_their_level(make) -> None:
    values = np.concatenate([of(make(seed)).table["p_value"] for seed in range(6)])
    for level in _LEVELS:
        assert (values <= level).sum() <= binom.ppf(0.9995, len(values), level), level


@pytest.mark.parametrize("how", ["additive", "multiplicative"])
def test_multiplied_variance_is_met_by_the_limits_that_multiply(how: str) -> None:
    """Events that come in bunches of three: the variance is a multiple of chance's, whatever the size."""
    rng = np.random.default_rng(4)
    beyond = []
    for _ in range(6):
        expected = rng.gamma(1.5, 30, 300) + 3
        bunches = rng.poisson(expected / 3)
        panel = pd.DataFrame({"facility_id": range(300), "findings_count": 3 * bunches, "expected_count": expected})
        table = of(panel, overdispersion=how).table
        large = table["expected"] > table["expected"].quantile(0.8)
        beyond.append([(table.loc[large, "p_value"] <= 0.05).mean(), (table.loc[~large, "p_value"] <= 0.05).mean()])
    large, small = np.mean(beyond, axis=0)
    if how == "multiplicative":
        assert large == pytest.approx(0.05, abs=0.04)
        assert small == pytest.approx(0.05, abs=0.03)
    else:
        assert large < 0.02  # an added variance is too wide for large facilities here: the choice matters


def test_exact_intervals_and_limits_hold_by_chance() -> None:
    """Garwood's interval holds the true ratio of 1, and the Poisson limits hold the count, at least 95 times in 100."""
    made = counted(1, n=3000, shape=np.inf)
    found = of(made.panel, overdispersion="none")
    table = found.table
    misses = ((table["low"] > 1) | (table["high"] < 1)).sum()
    assert binom.ppf(0.0005, 3000, 0.02) < misses <= binom.ppf(0.9995, 3000, 0.05)
    limits = found.funnel(levels=[0.95])
    out = ((table["ratio"] >= limits["high"]) | (table["ratio"] < limits["low"])).sum()
    assert binom.ppf(0.0005, 3000, 0.015) < out <= binom.ppf(0.9995, 3000, 0.05)


@pytest.mark.parametrize("make", [counted, shared])
def test_shrunken_intervals_hold_the_true_ratio_as_often_as_they_say(make) -> None:
    held = []
    for seed in range(5):
        made = make(seed, n=300)
        table = of(made.panel).table.set_index("facility_id").loc[made.panel["facility_id"]]
        shift = 1.0 if make is counted else 0.1 / (made.panel["failed"].sum() / made.panel["checked"].sum())
        truth = made.ratio * shift
        held.append((table["shrunken_low"].to_numpy() <= truth) & (truth <= table["shrunken_high"].to_numpy()))
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_planted_bad_shares_are_found() -> None:
    found = of(shared(2, rho=0.02, bad=4).panel)
    assert set(found.table.loc[found.table["flagged"] == "above", "facility_id"]) == {f"s{at:04d}" for at in range(4)}
    assert "events in" in found.text
    assert found.table.columns[-2:].tolist() == ["flagged", "trials"]


def test_no_event_anywhere_is_explained_and_never_nan() -> None:
    found = of(counted(0, n=20).panel.assign(findings_count=0))
    assert not found.table.drop(columns="flagged").isna().any().any()
    assert found.table["shrunken_ratio"].eq(0).all()
    assert (found.table["shrunken_high"] > 0).all()
    assert any("None had any event" in note and "cannot tell" in note for note in found.notes)
    assert found.exceeding(1)["probability"].between(0, 1).all()


@pytest.mark.parametrize("count", [0, "all"])
def test_shares_of_none_or_all_have_nothing_to_compare(count) -> None:
    panel = shared(0).panel
    with pytest.raises(NotEstimable, match="trials had the event"):
        of(panel.assign(failed=panel["checked"] if count == "all" else 0))


@pytest.mark.parametrize(
    ("change", "options", "error"),
    [
        ({"failed": 300}, {}, BadValue),
        ({"checked": -1}, {}, BadValue),
        ({"checked": 2.5}, {}, BadValue),
        ({"checked": "some"}, {}, BadValue),
        ({"checked": 0, "failed": 0}, {}, NotEstimable),
        ({}, {"trials": "looked"}, BadParameter),
        ({}, {"expected": "wanted"}, BadParameter),
        ({"wanted": 1000.0}, {"expected": "wanted"}, BadValue),
        ({}, {"winsorise": 0.5}, BadParameter),
        ({}, {"winsorise": -0.1}, BadParameter),
        ({}, {"overdispersion": "winsorised"}, BadParameter),
    ],
)
def test_shares_that_cannot_be_compared_are_refused(change: dict, options: dict, error: type[Exception]) -> None:
    panel = shared(0).panel.assign(**change)
    with pytest.raises(error):
        profile(panel, **{"observed": "failed", "trials": "checked", **options})


@pytest.mark.parametrize("change", [{"findings_count": np.inf}, {"findings_count": "x"}, {"expected_count": 0.0}])
def test_counts_that_cannot_be_compared_are_refused(change: dict) -> None:
    with pytest.raises((BadValue, NotEstimable)):
        profile(counted(0).panel.assign(**change))


def test_an_empty_panel_and_a_column_twice_are_refused() -> None:
    panel = counted(0).panel
    with pytest.raises(NotEstimable):
        profile(panel.iloc[:0])
    with pytest.raises(BadParameter, match="more than one column"):
        profile(pd.concat([panel, panel[["expected_count"]]], axis=1))


def test_expected_shares_of_each_facility_are_what_it_is_compared_with() -> None:
    """Twice the share expected of half the facilities, and twice the failures there: nobody differs."""
    rng = np.random.default_rng(5)
    trials, chance = rng.integers(20, 200, 400), np.repeat([0.1, 0.2], 200)
    panel = pd.DataFrame({"facility_id": range(400), "failed": rng.binomial(trials, chance), "checked": trials})
    with_expected = of(panel.assign(wanted=trials * chance), expected="wanted")
    assert with_expected.spread.rho < 0.005
    assert of(panel).spread.rho > 0.01
    assert with_expected.table["shrunken_ratio"].between(0.8, 1.25).all()
