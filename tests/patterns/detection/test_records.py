"""Zeros beyond those of a count model, and last digits beyond those of a smooth spread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad
from scipy.special import ndtri
from scipy.stats import beta, chi2

from tests.patterns.detection.frames import COVERED, holds, r_figure, r_rows, value
from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.design import terms_of
from welfare.patterns.detection.records.excess import _share_beyond, excess_share, score_p
from welfare.patterns.detection.records.heaping import _simulated, digit_heaping
from welfare.patterns.detection.records.smooth import smooth_basis, smooth_counts
from welfare.patterns.detection.records.zero_inflated import Counts, _Likelihood, fit_counts
from welfare.patterns.detection.records.zeros import excess_zeros

SHARE = "visits beyond that which could only"


def found(counts) -> pd.DataFrame:
    return pd.DataFrame({"findings_count": np.asarray(counts).astype(int)})


def r_counts(name: str) -> Counts:
    rows = r_rows("zeros")
    return Counts(
        rows[name].to_numpy(float),
        np.log(rows["tasks"].to_numpy()),
        terms_of(rows, ["x"], "test"),
        terms_of(rows, ["z"], "test"),
    )


@pytest.mark.parametrize(
    ("family", "name", "model"),
    [("poisson", "plain", "zero-inflated poisson"), ("negative_binomial", "wide", "zero-inflated negbin")],
)
def test_excess_zeros_are_fitted_as_by_pscl(family, name, model):
    data = r_counts(name)
    fit = fit_counts(data, family, inflated=True, where="test")
    estimates, covariance = fit.climbed.given([data.terms, data.zeros], int(family != "poisson"))
    terms = ["counts constant", "counts x", "zeros constant", "zeros z", "family log theta"][: len(estimates)]
    for at, term in enumerate(terms):
        r = r_figure(model, term)
        assert estimates[at] == pytest.approx(r["estimate"], abs=2e-5)
        assert np.sqrt(covariance[at, at]) == pytest.approx(r["std_error"], rel=1e-3)
    assert fit.loglik == pytest.approx(r_figure(model, "loglik")["estimate"], abs=1e-6)


def test_the_public_function_gives_the_same_fit():
    fit = excess_zeros(r_rows("zeros"), found="wide", effort="tasks", by=["x"], zeros_by=["z"])
    assert fit.loglik == pytest.approx(r_figure("zero-inflated negbin", "loglik")["estimate"], abs=1e-6)
    assert fit.theta == pytest.approx(
        np.exp(r_figure("zero-inflated negbin", "family log theta")["estimate"]), rel=1e-4
    )
    assert value(fit.table, SHARE, "reason") == "no interval: the share depends on terms"


def test_the_score_test_is_van_den_broeks():
    data = r_counts("plain")
    p_value = score_p(data, fit_counts(data, "poisson", inflated=False, where="test"))
    assert -ndtri(p_value) == pytest.approx(r_figure("score test", "z")["estimate"], rel=1e-6)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
@pytest.mark.parametrize(("estimated", "fixed"), [(True, 0.0), (False, 0.2), (False, 0.0)])
def test_slopes_are_those_of_differences(family, estimated, fixed):
    likelihood = _Likelihood(r_counts("wide"), family, estimated, fixed)
    at = likelihood.start() + 0.1
    assert check_grad(lambda p: likelihood(p)[0], lambda p: likelihood(p)[1], at) < 2e-3


def test_zeros_expected_of_poisson_counts_are_those_of_the_mean():
    counts = np.repeat([0, 1, 2, 3], [30, 40, 20, 10])
    table = excess_zeros(found(counts)).table
    assert value(table, "visits that found nothing") == 0.3
    assert value(table, "visits that would find nothing by chance (Poisson)") == pytest.approx(np.exp(-counts.mean()))


@pytest.mark.parametrize("simulations", COVERED)
def test_a_planted_share_lies_in_its_interval(simulations):
    one = terms_of(pd.DataFrame(index=range(200)), [], "test")

    def held(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        counts = rng.negative_binomial(4, 4 / 10, 200) * (rng.random(200) < 0.7)
        excess = excess_share(Counts(counts.astype(float), np.zeros(200), one, one), level=0.8, where="test")
        return excess.low <= 0.3 <= excess.high

    holds(held, simulations, 0.8)


@pytest.mark.parametrize(("family", "name"), [("negative_binomial", "wide"), ("poisson", "plain")])
def test_the_likelihood_ratio_and_the_ends_of_the_interval_are_those_of_their_definition(family, name):
    counts = r_rows("zeros")[name].to_numpy(float)
    one = terms_of(pd.DataFrame(index=range(len(counts))), [], "test")
    data = Counts(counts, np.zeros(len(counts)), one, one)
    excess = _share_beyond(data, family, 0.9, "test")
    plain, best = (fit_counts(data, family, inflated=more, where="test").loglik for more in (False, True))
    assert excess.p_value == pytest.approx(chi2.sf(2 * (best - plain), 1) / 2)
    assert 0 <= excess.low < excess.share < excess.high < 1
    for end in [end for end in (excess.low, excess.high) if end]:
        there = fit_counts(data, family, inflated=True, where="test", fixed_share=end).loglik
        assert 2 * (best - there) == pytest.approx(chi2.ppf(0.9, 1), abs=0.01)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_poisson_counts_fail_the_score_test_at_the_level(simulations):
    def alarm(seed: int) -> bool:
        counts = np.random.default_rng(seed).poisson(1.5, 200).astype(float)
        one = terms_of(pd.DataFrame(index=range(200)), [], "test")
        data = Counts(counts, np.zeros(200), one, one)
        return score_p(data, fit_counts(data, "poisson", inflated=False, where="test")) < 0.05

    at_level(alarm, simulations)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_negative_binomial_counts_show_excess_zeros_at_the_level(simulations):
    def alarm(seed: int) -> bool:
        counts = np.random.default_rng(seed).negative_binomial(1.5, 0.3, 200)
        one = terms_of(pd.DataFrame(index=range(200)), [], "test")
        data = Counts(counts.astype(float), np.zeros(200), one, one)
        return excess_share(data, level=None, where="test").p_value < 0.05

    at_level(alarm, simulations)


def test_differences_between_facilities_are_no_excess_beyond_the_negative_binomial():
    counts = np.random.default_rng(3).negative_binomial(0.6, 0.2, 500)
    table = excess_zeros(found(counts)).table
    assert value(table, "p-value: more zeros than Poisson") < 1e-10
    assert value(table, "p-value: more zeros than negative") > 0.05
    assert value(table, SHARE, "low") == 0


def test_no_zero_at_all_is_no_excess():
    fit = excess_zeros(found(np.random.default_rng(0).poisson(9, 100) + 1))
    assert value(fit.table, SHARE) == 0
    assert fit.table["estimate"].iloc[-1] == 1  # likelihood ratio


def test_what_zeros_cannot_answer_is_said():
    with pytest.raises(NotEstimable, match="every count is 0"):
        excess_zeros(found([0] * 30))
    with pytest.raises(NotEstimable, match="there are 3 counts"):
        excess_zeros(found([0, 1, 2]))
    with pytest.raises(NotEstimable, match="marks of 0 and 1"):
        excess_zeros(found([0, 1] * 20))
    with pytest.raises(BadParameter, match="no column 'hours'"):
        excess_zeros(found([0, 1] * 20), effort="hours")


def rounded(seed: int, share: float, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    counts = rng.negative_binomial(2, 0.05, n)
    return found(np.where(rng.random(n) < share, 5 * np.round(counts / 5), counts))


def test_expected_digits_are_those_of_a_poisson_regression_in_r():
    digits = digit_heaping(r_rows("dead"), most=139, replicates=0).digits
    for digit in range(10):
        assert digits["expected"][digit] == pytest.approx(r_figure("digits", str(digit))["estimate"], abs=1e-4)
    assert digits["expected"].sum() == pytest.approx(digits["observed"].sum())


def test_the_index_is_of_the_digits_in_the_table():
    fit = digit_heaping(rounded(0, 0.3))
    due = fit.digits.set_index("digit")
    ends = due.loc[[0, 5]].sum()
    assert value(fit.table, "reports ending in 0 or 5") == pytest.approx(ends["observed"] / ends["expected"])
    moved = (due["observed"] - due["expected"]).clip(lower=0).sum() / due["observed"].sum()
    assert value(fit.table, "reports that would need") == pytest.approx(moved)
    assert value(fit.table, "p-value") == 1 / 200
    # Of 30% rounded, four in five had another last digit; a smooth spread has a fifth of 0 and 5.
    assert value(fit.table, "reports ending in 0 or 5") == pytest.approx((0.2 * 0.7 + 0.3) / 0.2, abs=0.25)
    assert value(fit.table, "reports that would need") == pytest.approx(0.3 * 0.8, abs=0.05)


def test_the_interval_and_what_chance_gives_are_those_of_their_definition():
    fit = digit_heaping(rounded(0, 0.04), replicates=39, least=10, most=99)
    seen, due = fit.digits["observed"].to_numpy(), fit.digits["expected"].to_numpy()
    total, fives = seen.sum(), seen[[0, 5]].sum()
    share = due[[0, 5]].sum() / total
    index = fit.table.iloc[0]
    assert index["low"] * share == pytest.approx(beta.ppf(0.025, fives, total - fives + 1))
    assert index["high"] * share == pytest.approx(beta.ppf(0.975, fives + 1, total - fives))
    counts = rounded(0, 0.04)["findings_count"]
    observed = np.bincount(counts[counts.between(10, 99)] - 10, minlength=90).astype(float)
    basis = smooth_basis(np.arange(10.0, 100.0))
    expected = smooth_counts(observed, basis)
    rng, shares, farther = np.random.default_rng(1), [], 0
    for _ in range(150):
        drawn = rng.multinomial(int(total), expected / total).reshape(9, 10)
        again = smooth_counts(drawn.ravel().astype(float), basis).reshape(9, 10).sum(axis=0)
        off = drawn.sum(axis=0) - again
        shares.append(np.abs(off).sum() / 2 / total)
        farther += (off**2 / again).sum() >= ((seen - due) ** 2 / due).sum()
    p_value, by_chance = _simulated(observed, expected, basis, 10, 150, 1)
    assert by_chance == pytest.approx(np.mean(shares))
    assert p_value == (1 + farther) / 151


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("kind", ["negative binomial", "lognormal", "small"])
def test_counts_that_nobody_rounded_are_called_rounded_at_the_level(simulations, kind):
    def alarm(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        counts = {
            "negative binomial": lambda: rng.negative_binomial(2, 0.05, 400),
            "lognormal": lambda: rng.poisson(np.exp(rng.normal(3, 0.8, 400))),
            "small": lambda: rng.negative_binomial(1, 0.1, 600),
        }[kind]()
        return digit_heaping(found(counts), replicates=19, seed=seed).table["estimate"][2] <= 0.05

    at_level(alarm, simulations)


def test_few_counts_and_small_ones_tell_nothing():
    with pytest.raises(NotEstimable, match="no count is 10 or more"):
        digit_heaping(found(range(10)))
    with pytest.raises(NotEstimable, match="less than twice"):
        digit_heaping(found([12, 15, 20] * 40))
    with pytest.raises(NotEstimable, match="12 counts lie between"):
        digit_heaping(found(range(10, 130, 10)))
    with pytest.raises(BadParameter, match="least is 0"):
        digit_heaping(found(range(100)), least=0)
    text = digit_heaping(rounded(1, 0.2)).text
    assert "of nobody in particular" in text
