"""Few facilities: intervals that allow for not knowing how widely true ratios are spread; options refused in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaincc, betaln, expit, gammaincc, gammaln
from scipy.stats import nbinom, poisson

from tests.patterns.profiles.made import counted, linked, shared
from welfare.errors import BadParameter
from welfare.patterns.profiles.laws.counts import Counts, _whole_quantiles
from welfare.patterns.profiles.laws.shares import Shares
from welfare.patterns.profiles.periods.change import profile_change
from welfare.patterns.profiles.periods.persistence import persistence
from welfare.patterns.profiles.profile import profile


def counts_of(seed: int, n: int, shape: float) -> tuple[Counts, np.ndarray]:
    made = counted(seed, n=n, shape=shape)
    return Counts(*(made.panel[name].to_numpy(float) for name in ("findings_count", "expected_count"))), made.ratio


def test_the_chance_of_exceeding_is_the_sum_over_a_fine_grid_of_spread_and_mean() -> None:
    """Flat chances beforehand for the standard deviation and the log mean."""
    o, e = np.array([2.0, 9.0, 4.0, 14.0, 5.0]), np.array([5.0, 6.0, 5.0, 6.0, 7.0])
    sd, log_mean = (part[..., None] for part in np.meshgrid(np.linspace(0.01, 5, 250), np.linspace(-3, 3, 100)))
    a, mean = sd**-2, np.exp(log_mean)
    height = (gammaln(o + a) - gammaln(a) + a * np.log(a / (a + mean * e)) + o * np.log(mean * e / (a + mean * e))).sum(
        2
    )
    weight = np.exp(height - height.max())
    wanted = (weight[..., None] * gammaincc(o + a, 1.5 * (e + a / mean))).sum(axis=(0, 1)) / weight.sum()
    assert Counts(o, e).posterior().exceeding(1.5) == pytest.approx(wanted, abs=0.01)


def test_the_chance_of_a_share_exceeding_is_the_sum_over_a_fine_grid() -> None:
    o, n = np.array([1.0, 6.0, 3.0, 11.0, 2.0]), np.array([20.0, 25.0, 30.0, 30.0, 22.0])
    law = Shares(o, n, n * o.sum() / n.sum())
    sd, shift = (part[..., None] for part in np.meshgrid(np.linspace(0.002, 0.998, 200), np.linspace(-4, 4, 80)))
    mean, size = expit(np.log(law.chance / (1 - law.chance)) + shift), sd**-2 - 1
    a, b = mean * size, (1 - mean) * size
    height = (betaln(o + a, n - o + b) - betaln(a, b)).sum(axis=2)
    weight = np.exp(height - height.max())
    wanted = (weight[..., None] * betaincc(o + a, n - o + b, 1.5 * law.chance)).sum(axis=(0, 1)) / weight.sum()
    assert law.posterior().exceeding(1.5) == pytest.approx(wanted, abs=0.01)


def test_quantiles_are_where_the_chance_of_exceeding_is_the_tail_and_draws_agree() -> None:
    posterior = counts_of(1, 12, 3.0)[0].posterior()
    low, high = posterior.interval(0.9)
    assert posterior.exceeding(low) == pytest.approx(np.full(12, 0.95), abs=1e-6)
    assert posterior.exceeding(high) == pytest.approx(np.full(12, 0.05), abs=1e-6)
    source = np.random.default_rng(0)
    drawn = np.array([posterior.draw(source) for _ in range(3000)])
    assert (drawn > 1.2).mean(axis=0) == pytest.approx(posterior.exceeding(1.2), abs=0.04)


@pytest.mark.parametrize(
    "simulations", [pytest.param(15, id="15"), pytest.param(200, id="200", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("shape", [3.0, 20.0])
def test_ten_facilities_have_intervals_as_wide_as_they_say(shape: float, simulations: int) -> None:
    """With the likeliest spread taken as known, 95% intervals hold 80% of true ratios."""
    held, once = [], []
    for seed in range(simulations):
        law, ratio = counts_of(1000 + seed, 10, shape)
        posterior = law.posterior()
        for one, out in ((posterior, held), (posterior.fitted, once)):
            low, high = one.interval(0.95)
            out.append(((low <= ratio) & (ratio <= high)).mean())
    assert 0.90 < np.mean(held) < 0.99
    assert np.mean(once) < np.mean(held) - 0.04


@pytest.mark.parametrize("make", [counted, shared])
def test_ratios_are_those_of_the_likeliest_spread_and_a_hundred_facilities_know_theirs(make) -> None:
    for n in (99, 100):
        panel = make(5, n=n).panel
        if make is counted:
            law = Counts(panel["findings_count"].to_numpy(float), panel["expected_count"].to_numpy())
        else:
            o, trials = panel["failed"].to_numpy(float), panel["checked"].to_numpy(float)
            law = Shares(o, trials, trials * o.sum() / trials.sum())
        posterior = law.posterior()
        assert hasattr(posterior, "fitted") == (n < 100)
        if n < 100:
            assert (posterior.mean == posterior.fitted.mean).all()
            known, allowed = (part.interval(0.95) for part in (posterior.fitted, posterior))
            widths = (allowed[1] - allowed[0]) / (known[1] - known[0])
            assert 1 <= np.median(widths) < 1.1


def test_counts_beyond_the_grid_are_those_of_the_true_ratios() -> None:
    """A hundred thousand events leave no chance: what is found is the correlation of the ratios themselves."""
    made = linked(3, 0.6, n=12, size=100_000)
    found = persistence(made.panel)
    assert found.low < np.corrcoef(made.ratio.T)[0, 1] < found.high
    assert 0.5 < found.shape < 8


@pytest.mark.parametrize(
    ("name", "instead"),
    [("winsorised", 'overdispersion="additive", winsorise=0.1'), ("plain", 'overdispersion="additive", winsorise=0:')],
)
def test_names_of_an_earlier_release_say_what_to_write(name: str, instead: str) -> None:
    with pytest.raises(BadParameter) as caught:
        profile(counted(0, n=10).panel, overdispersion=name)
    assert instead in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{name: value} for name in ("level", "fdr", "draws", "winsorise", "overdispersion") for value in ("a", None, [1])]
    + [{"seed": -1}, {"seed": "a"}, {"seed": 1.5}, {"draws": 150.5}, {"caution": None}, {"observed": None}]
    + [{"facility": None}, {"observed": ["findings_count"]}, {"trials": 3}],
)
def test_options_that_cannot_be_used_are_refused_in_words(options: dict) -> None:
    with pytest.raises(BadParameter):
        profile(counted(0, n=10).panel, **options)


def test_what_is_no_table_and_questions_without_sense_are_refused_in_words() -> None:
    panel = counted(0, n=10).panel
    for nothing in (None, {}, [1]):
        with pytest.raises(BadParameter, match="not a table"):
            profile(nothing)
    found = profile(panel, draws=100)
    questions = [lambda: found.worst("a"), lambda: found.worst(None), lambda: found.exceeding("a")]
    questions += [lambda: found.funnel(levels=[]), lambda: found.funnel(levels=["a"]), lambda: found.exceeding(None)]
    for question in questions:
        with pytest.raises(BadParameter):
            question()
    assert len(found.funnel(levels=0.9)) == 10
    years = linked(0, 0.5, n=10).panel
    for options in ({"overall": "a"}, {"overall": -1}, {"level": "a"}, {"overdispersion": "plain"}, {"caution": 1}):
        with pytest.raises(BadParameter):
            profile_change(years, **options)
    for options in ({"level": "a"}, {"seed": "a"}, {"caution": 1}):
        with pytest.raises(BadParameter):
            persistence(years, **options)


def test_all_to_one_side_is_not_called_a_difference_between_facilities() -> None:
    panel = pd.DataFrame({"facility_id": list("abcdef"), "findings_count": 0, "expected_count": 10.0})
    found = profile(panel)
    assert "among themselves they differ no more than by chance" in found.text
    assert "ordinary differences between them" not in found.text
    assert "where 6e-09 were expected" in profile(panel.assign(expected_count=1e-9)).text


def test_one_facility_of_which_all_failed_where_none_did_elsewhere_is_fitted_in_silence() -> None:
    panel = pd.DataFrame(
        {"facility_id": list("abcdefgh"), "failed": [0] * 7 + [100], "checked": [20, 30] * 3 + [20, 100]}
    )
    table = profile(panel, observed="failed", trials="checked", draws=100).table
    assert np.isfinite(table.select_dtypes("number")).all().all()
    assert table.loc[7, "rank"] == 1


@pytest.mark.parametrize("variance", [0.0, 1e-4, 0.1])
def test_quantiles_of_counts_beyond_a_million_are_those_of_whole_counts(variance: float) -> None:
    """To 0.002 of z = 2 (sqrt(count) - sqrt(expected)); scipy looks for the whole count itself."""
    mean, shares = np.array([2e6]), np.array([0.005, 0.5, 0.995])
    whole = poisson(mean).ppf(shares) if variance == 0 else nbinom(1 / variance, 1 / (1 + variance * mean)).ppf(shares)
    found = _whole_quantiles(mean, np.array([variance]), shares)[0]
    assert 2 * np.sqrt(found) == pytest.approx(2 * np.sqrt(whole), abs=0.002)
