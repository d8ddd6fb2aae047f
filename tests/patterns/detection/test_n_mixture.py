"""N-mixture: how many there were to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad
from scipy.stats import binom, nbinom, poisson

from tests.patterns.detection.frames import COVERED, holds, r_figure, r_rows, r_terms, value
from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.repeat_visits.abundance import FAMILIES, Abundance
from welfare.patterns.detection.repeat_visits.histories import histories_of
from welfare.patterns.detection.repeat_visits.n_mixture import n_mixture

THERE, SHARE, BEYOND = "number there to find", "of what is there", "there at these facilities beyond"


def counted(
    seed: int, *, mean: float = 4.0, share: float = 0.5, facilities: int = 120, visits: int = 4
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    there = rng.poisson(mean, facilities)
    found = rng.binomial(there[:, None], share, (facilities, visits))
    return pd.DataFrame({"facility_id": np.repeat(np.arange(facilities), visits), "findings_count": found.ravel()})


def as_histories(rows: pd.DataFrame):
    return histories_of(
        rows, facility="facility_id", found="findings_count", period=None, of_facility=[], of_visit=[], where="test"
    )


@pytest.mark.parametrize(
    ("family", "found", "terms"),
    [
        ("poisson", "count", {"abundance_by": ["large"], "recording_by": ["hours"]}),
        ("negative_binomial", "spread", {}),
        ("zero_inflated", "some", {}),
    ],
)
def test_estimates_errors_and_likelihood_are_those_of_r(family, found, terms):
    fit = n_mixture(r_rows("visits"), found=found, family=family, **terms)
    ours = fit.coefficients.assign(name=fit.coefficients["model"] + " " + fit.coefficients["term"]).set_index("name")
    model = f"n-mixture {family}"
    assert len(ours) == len(r_terms(model)) - 1
    for term in r_terms(model)[:-1]:
        assert ours.loc[term, "estimate"] == pytest.approx(r_figure(model, term)["estimate"], abs=2e-5)
        assert ours.loc[term, "std_error"] == pytest.approx(r_figure(model, term)["std_error"], rel=1e-3)
    assert fit.loglik == pytest.approx(r_figure(model, "loglik")["estimate"], abs=1e-6)
    assert fit.aic == pytest.approx(2 * len(ours) - 2 * fit.loglik)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_likelihood_is_the_sum_over_every_number_there(family):
    rows = counted(0, facilities=5, visits=2)
    parameters = np.array([0.9, -0.3, 0.4])[: 2 + (family != "poisson")]
    histories = as_histories(rows)
    likelihood = Abundance(histories, family, 40).prepared()
    # The one column of each model is constant, and of either sign.
    signs = np.array([histories.sites.columns[0, 0], histories.visits.columns[0, 0], 1.0])[: len(parameters)]
    value_, _ = likelihood(parameters * signs)
    mean, share, numbers = np.exp(0.9), 1 / (1 + np.exp(0.3)), np.arange(41)
    prior = poisson.pmf(numbers, mean)
    if family == "negative_binomial":
        theta = np.exp(0.4)
        prior = nbinom.pmf(numbers, theta, theta / (theta + mean))
    if family == "zero_inflated":
        none = 1 / (1 + np.exp(-0.4))
        prior = (1 - none) * prior + none * (numbers == 0)
    pairs = rows["findings_count"].to_numpy().reshape(5, 2)
    by_hand = sum(np.log(np.sum(prior * binom.pmf(a, numbers, share) * binom.pmf(b, numbers, share))) for a, b in pairs)
    assert value_ == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_slopes_are_those_of_differences(family):
    likelihood = Abundance(as_histories(counted(1, facilities=20)), family, 50).prepared()
    at = np.array([1.1, -0.2, 0.3])[: likelihood.model.width]
    assert check_grad(lambda p: likelihood(p)[0], lambda p: likelihood(p)[1], at) < 1e-4


@pytest.mark.parametrize("simulations", COVERED)
def test_planted_numbers_lie_in_the_intervals(simulations):
    tables = [n_mixture(counted(seed, facilities=80), level=0.8).table for seed in range(simulations)]
    for name, truth in ((THERE, 4), (SHARE, 0.5)):
        holds(lambda seed, n=name, t=truth: value(tables[seed], n, "low") <= t <= value(tables[seed], n, "high"),
              simulations, 0.8)  # fmt: skip


def test_what_is_expected_there_is_no_less_than_what_was_found():
    fit = n_mixture(counted(3, share=0.3))
    assert (fit.facilities["expected_there"] >= fit.facilities["most_found"]).all()
    beyond = (fit.facilities["expected_there"] - fit.facilities["most_found"]).sum()
    assert value(fit.table, BEYOND) == pytest.approx(beyond)
    # Of as many as a Poisson mean times the facilities there are in all.
    assert fit.facilities["expected_there"].sum() == pytest.approx(120 * value(fit.table, THERE), rel=1e-6)


def test_k_that_decides_the_answer_is_refused_and_one_that_is_left_out_is_found():
    rows = counted(0, mean=12.0, share=0.3, facilities=100)
    most = int(rows["findings_count"].max())
    with pytest.raises(BadParameter, match="still change between most="):
        n_mixture(rows, most=most + 6)
    with pytest.raises(BadParameter, match="one visit found"):
        n_mixture(rows, most=most)
    fit = n_mixture(rows)
    assert fit.most == most + 100
    assert n_mixture(rows, most=300).loglik == pytest.approx(fit.loglik, abs=1e-8)
    assert any("summed over (K)" in note for note in fit.notes)


def test_counts_that_agree_within_facilities_no_better_than_between_are_refused():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"facility_id": np.repeat(np.arange(80), 2), "findings_count": rng.poisson(3, 160)})
    totals = rows.groupby("facility_id")["findings_count"].transform("sum")
    rows.loc[::2, "findings_count"] = (totals[::2] // 3).to_numpy()
    rows.loc[1::2, "findings_count"] = (6 - rows.loc[::2, "findings_count"]).clip(lower=0).to_numpy()
    with pytest.raises(NotEstimable, match="no more alike numbers"):
        n_mixture(rows)


def test_numbers_that_differ_less_than_poisson_ones_carry_no_further_spread():
    rng = np.random.default_rng(0)
    found = rng.binomial(rng.binomial(8, 0.5, 150)[:, None], 0.7, (150, 3))
    rows = pd.DataFrame({"facility_id": np.repeat(np.arange(150), 3), "findings_count": found.ravel()})
    with pytest.raises(NotEstimable, match="no maximum"):
        n_mixture(rows, family="negative_binomial")
    assert value(n_mixture(rows).table, THERE) > 3


def test_the_fragility_is_said_and_bad_options_are_refused():
    rows = counted(0)
    assert "known to be fragile" in n_mixture(rows).text
    with pytest.raises(BadParameter, match="no family is called 'normal'"):
        n_mixture(rows, family="normal")
    with pytest.raises(BadParameter, match="most is 0"):
        n_mixture(rows, most=0)
    with pytest.raises(NotEstimable, match="no visit found anything"):
        n_mixture(rows.assign(findings_count=0))
    with pytest.raises(NotEstimable, match="more memory"):
        n_mixture(rows.assign(findings_count=rows["findings_count"] + 40_000))
