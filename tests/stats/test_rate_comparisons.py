"""Ratios and differences of two rates, against R, against the tests they invert, and against what must hold."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.rates import confint_poisson_2indep, test_poisson_2indep

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.rates.compare import rate_difference, rate_ratio

test_poisson_2indep.__test__ = False  # a function of statsmodels, not a test
REFEREE = Path(__file__).parents[1] / "referee" / "r"
SIDES = ["events", "exposure", "events_reference", "exposure_reference"]
LEVELS = [0.5, 0.8, 0.95, 0.99]
sides = st.tuples(
    st.integers(0, 200), st.floats(0.0078125, 1e6, width=32), st.integers(0, 200), st.floats(0.0078125, 1e6, width=32)
)


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "rates_compared.csv")


@pytest.mark.parametrize("method", ["exact", "midp", "score", "wald"])
def test_ratios_agree_with_r(by_r: pd.DataFrame, method: str) -> None:
    """poisson.test, rateratio.wald of epitools, and the mid-P and score tests inverted by uniroot."""
    told = by_r.dropna(subset=[f"{method}_low"])
    assert len(told) >= 27
    for level, rows in told.groupby("level"):
        table = rate_ratio(*(rows[name] for name in SIDES), method=method, level=level).table
        for end in ("low", "high"):
            assert table[end].to_numpy() == pytest.approx(rows[f"{method}_{end}"].to_numpy(), rel=1e-8)
        # Where the two tails meet, twice the smaller one is 1 less a rounding error.
        assert table["p_value"].to_numpy() == pytest.approx(rows[f"{method}_p"].to_numpy(), rel=1e-8)


@pytest.mark.parametrize("method", ["score", "wald"])
def test_differences_agree_with_r(by_r: pd.DataFrame, method: str) -> None:
    """The score test inverted by uniroot, its likeliest rates by uniroot on the derivative, not by the quadratic."""
    for level, rows in by_r.groupby("level"):
        table = rate_difference(*(rows[name] for name in SIDES), method=method, level=level).table
        for end in ("low", "high"):
            expected = rows[f"difference_{method}_{end}"].to_numpy()
            assert table[end].to_numpy() == pytest.approx(expected, rel=1e-8)
        p = rows["score_p" if method == "score" else "difference_wald_p"].to_numpy()
        assert table["p_value"].to_numpy() == pytest.approx(p, rel=1e-8)


def test_score_and_wald_agree_with_statsmodels() -> None:
    """Cases with events on both sides and exposures near one; statsmodels finds its score limits to about 1e-5."""
    for case in ((60, 51.4775, 30, 54.3087), (11, 8.0, 3, 10.11), (41, 28.01, 15, 19.017)):
        ratio, difference = rate_ratio(*case, method="score").table, rate_difference(*case).table
        for found, compare in ((ratio, "ratio"), (difference, "diff")):
            low, high = confint_poisson_2indep(*case, method="score", compare=compare)
            assert found[["low", "high"]].to_numpy()[0] == pytest.approx([low, high], rel=1e-4)
            p = test_poisson_2indep(*case, method="score", compare=compare).pvalue
            assert found["p_value"].item() == pytest.approx(p, rel=1e-9)
        low, high = confint_poisson_2indep(*case, method="wald-log", compare="ratio")
        wald = rate_ratio(*case, method="wald").table
        assert wald[["low", "high"]].to_numpy()[0] == pytest.approx([low, high], rel=1e-10)


# Breast cancer after fluoroscopy (Boice & Monson 1977, as in Rothman & Greenland, Modern epidemiology, 1998): 41 cases
# in 28,010 woman-years and 15 in 19,017, a rate ratio printed as 1.86.
def test_the_fluoroscopy_example_has_its_printed_ratio() -> None:
    assert rate_ratio(41, 28_010, 15, 19_017).table["ratio"].item() == pytest.approx(1.86, abs=0.005)


@settings(max_examples=30, deadline=None)
@given(case=sides, level=st.sampled_from(LEVELS))
def test_score_limits_of_a_ratio_are_where_the_unconditional_score_test_turns(case: tuple, level: float) -> None:
    a, exposure, b, other = case
    assume(a + b > 0)
    row = rate_ratio(*case, method="score", level=level).table.iloc[0]
    z = -_normal_quantile((1 - level) / 2)

    def statistic(theta: float) -> float:
        rate = (a + b) / (theta * exposure + other)  # the likeliest reference rate where the ratio is theta
        gap = a / exposure - theta * b / other
        return gap / math.sqrt(theta * rate / exposure + theta**2 * rate / other)

    for end, sign in (("low", 1), ("high", -1)):
        if 0 < row[end] < math.inf:
            assert statistic(row[end]) == pytest.approx(sign * z, rel=1e-7)
        else:
            assert (row[end], a if end == "low" else b) in ((0, 0), (math.inf, 0))


@settings(max_examples=30, deadline=None)
@given(case=sides, level=st.sampled_from(LEVELS))
def test_score_limits_of_a_difference_are_where_the_score_test_turns(case: tuple, level: float) -> None:
    a, exposure, b, other = case
    row = rate_difference(*case, level=level).table.iloc[0]
    z = -_normal_quantile((1 - level) / 2)

    def loglik(rate: float, difference: float) -> float:
        first = rate + difference
        if min(rate, first) < 0:
            return -math.inf
        terms = [(a, first, exposure), (b, rate, other)]
        return sum((n * math.log(r) if n else 0.0) - e * r if r > 0 or n == 0 else -math.inf for n, r, e in terms)

    for end, sign in (("low", 1), ("high", -1)):
        difference = row[end]
        # The larger root of the quadratic that Miettinen and Nurminen give.
        whole = exposure + other
        b_term = whole * difference - a - b
        rate = (-b_term + math.sqrt(b_term**2 + 4 * whole * b * difference)) / (2 * whole)
        rate = max(rate, -difference, 0.0)
        step = 1e-4 * (rate + 1 / whole)
        assert loglik(rate, difference) >= max(loglik(rate + step, difference), loglik(rate - step, difference)) - 1e-9
        gap = a / exposure - b / other - difference
        variance = max(rate + difference, 0) / exposure + rate / other
        # The textbook quadratic loses digits where one rate is near zero.
        assert gap / math.sqrt(variance) == pytest.approx(sign * z, rel=1e-5)
    assert row["low"] <= a / exposure - b / other <= row["high"]


def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)


@settings(max_examples=30, deadline=None)
@given(case=sides, method=st.sampled_from(["exact", "midp", "score", "wald"]), level=st.sampled_from(LEVELS))
def test_swapping_the_sides_turns_a_ratio_over(case: tuple, method: str, level: float) -> None:
    assume(case[0] + case[2] > 0)
    row = rate_ratio(*case, method=method, level=level).table.iloc[0]
    swapped = rate_ratio(*case[2:], *case[:2], method=method, level=level).table.iloc[0]
    with np.errstate(divide="ignore"):
        turned = 1 / swapped[["ratio", "high", "low"]].to_numpy(dtype=float)
    assert row[["ratio", "low", "high"]].to_numpy(dtype=float) == pytest.approx(turned, rel=1e-8)
    assert row["p_value"] == pytest.approx(swapped["p_value"], rel=1e-8)
    assert not row.isna().any()


@settings(max_examples=30, deadline=None)
@given(case=sides, level=st.sampled_from(LEVELS))
def test_swapping_the_sides_turns_a_difference_round_and_units_scale_it(case: tuple, level: float) -> None:
    row = rate_difference(*case, level=level).table.iloc[0]
    swapped = rate_difference(*case[2:], *case[:2], level=level).table.iloc[0]
    wide = max(abs(row["low"]), abs(row["high"]))
    assert row["low"] == pytest.approx(-swapped["high"], rel=1e-8, abs=1e-9 * wide)
    per = rate_difference(*case, level=level, per=1000).table.iloc[0]
    assert per[["difference", "low", "high"]].to_numpy() == pytest.approx(
        1000 * row[["difference", "low", "high"]].to_numpy(), rel=1e-12
    )
    scaled = rate_difference(case[0], case[1] * 1000, case[2], case[3] * 1000, level=level).table.iloc[0]
    for end in ("low", "high"):
        assert scaled[end] * 1000 == pytest.approx(row[end], rel=1e-8, abs=1e-9 * wide)
    assert scaled["p_value"] == pytest.approx(row["p_value"], rel=1e-8)


@settings(max_examples=30, deadline=None)
@given(case=sides, factor=st.sampled_from([1e-3, 7.0, 1e6]), method=st.sampled_from(["exact", "midp", "score", "wald"]))
def test_a_ratio_does_not_know_the_units_of_exposure(case: tuple, factor: float, method: str) -> None:
    assume(case[0] + case[2] > 0)
    row = rate_ratio(*case, method=method).table.iloc[0]
    scaled = rate_ratio(case[0], case[1] * factor, case[2], case[3] * factor, method=method).table.iloc[0]
    names = ["ratio", "low", "high", "p_value"]
    assert scaled[names].to_numpy(dtype=float) == pytest.approx(row[names].to_numpy(dtype=float), rel=1e-7)


@settings(max_examples=30, deadline=None)
@given(case=sides, levels=st.lists(st.floats(0.01, 0.999), min_size=2, max_size=2, unique=True))
def test_limits_widen_with_the_level_and_exact_ones_contain_mid_p(case: tuple, levels: list[float]) -> None:
    assume(case[0] + case[2] > 0)
    near, far = sorted(levels)
    for make, methods in ((rate_ratio, ("exact", "midp", "score", "wald")), (rate_difference, ("score", "wald"))):
        for method in methods:
            inner = make(*case, method=method, level=near).table.iloc[0]
            outer = make(*case, method=method, level=far).table.iloc[0]
            assert outer["low"] <= inner["low"] <= inner["high"] <= outer["high"]
    exact, midp = (rate_ratio(*case, method=method, level=near).table.iloc[0] for method in ("exact", "midp"))
    slack = 1 + 1e-12
    assert exact["low"] <= midp["low"] * slack
    assert midp["high"] <= exact["high"] * slack


@settings(max_examples=30, deadline=None)
@given(case=sides, level=st.sampled_from(LEVELS), method=st.sampled_from(["exact", "midp", "score"]))
def test_p_values_and_intervals_say_the_same(case: tuple, level: float, method: str) -> None:
    assume(case[0] + case[2] > 0)
    row = rate_ratio(*case, method=method, level=level).table.iloc[0]
    assume(abs(row["p_value"] - (1 - level)) > 1e-6)
    assert (row["p_value"] < 1 - level) == (not row["low"] < 1 < row["high"])
    if method == "score":
        difference = rate_difference(*case, level=level).table.iloc[0]
        assert difference["p_value"] == pytest.approx(row["p_value"], rel=1e-7)
        assert (difference["low"] < 0 < difference["high"]) == (row["low"] < 1 < row["high"])


def coverage(make, method: str, column: str, means: tuple[float, float], exposures: tuple[float, float]) -> float:
    """Add up the Poisson probabilities of all pairs of counts whose interval holds it; (0, 0) does, save by Wald."""
    counts = np.arange(0, 60)
    a, b = (side.ravel()[1:] for side in np.meshgrid(counts, counts))
    table = make(a, np.full(len(a), exposures[0]), b, np.full(len(b), exposures[1]), method=method).table
    rates = means[0] / exposures[0], means[1] / exposures[1]
    truth = rates[0] / rates[1] if column == "ratio" else rates[0] - rates[1]
    log_factorial = np.array([math.lgamma(n + 1) for n in counts])
    chance = np.exp(a * math.log(means[0]) + b * math.log(means[1]) - sum(means) - log_factorial[a] - log_factorial[b])
    without = 0.0 if method == "wald" else math.exp(-sum(means))
    return without + float(chance[(table["low"] <= truth) & (truth <= table["high"])].sum())


@pytest.mark.parametrize("means", [(4.0, 9.0), (1.5, 1.5), (12.0, 2.0), (0.5, 2.0)])
def test_exact_intervals_of_a_ratio_cover_at_least_their_level(means: tuple[float, float]) -> None:
    assert 0.95 <= coverage(rate_ratio, "exact", "ratio", means, (1.0, 3.0)) <= 1


@pytest.mark.parametrize("share", [0.25, 0.5, 1, 2])
@pytest.mark.parametrize("exposure", [1.0, 5.0])
def test_score_intervals_of_a_difference_cover_about_their_level_where_wald_does_not(share, exposure) -> None:
    """What the page on rates says of two events expected on the reference side, and of five and more."""
    for mean, least, most in ((2, 0.94, 0.99), (5, 0.94, 0.965), (20, 0.948, 0.952)):
        found = coverage(rate_difference, "score", "difference", (mean * share, mean), (exposure, 1.0))
        assert least <= round(found, 3) <= most
    if exposure == 5:
        assert coverage(rate_difference, "wald", "difference", (2 * share, 2), (exposure, 1.0)) < 0.87


def test_without_events_on_a_side_limits_are_zero_or_infinite() -> None:
    table = rate_ratio([0, 5], [10, 10], [4, 0], [10, 10]).table
    # Half of 0.05 is the chance that all of n events fall on one side: p^n = 0.025.
    share = 0.025 ** (1 / 4), 0.025 ** (1 / 5)
    assert table["low"].tolist() == [0.0, pytest.approx(share[1] / (1 - share[1]))]
    assert table["high"].tolist() == [pytest.approx((1 - share[0]) / share[0]), math.inf]
    assert table["ratio"].tolist() == [0.0, math.inf]
    assert table["p_value"].tolist() == pytest.approx([2 / 2**4, 2 / 2**5])
    wald = rate_ratio([0, 5], [10, 10], [4, 0], [10, 10], method="wald").table
    assert (wald["low"].tolist(), wald["high"].tolist(), wald["p_value"].tolist()) == ([0, 0], [math.inf] * 2, [1, 1])
    none = rate_difference(0, 10, 0, 4).table.iloc[0]
    z2 = _normal_quantile(0.975) ** 2
    assert (none["difference"], none["p_value"]) == (0, 1)
    assert (none["low"], none["high"]) == (pytest.approx(-z2 / 4), pytest.approx(z2 / 10))


def test_rows_without_a_comparison_are_dropped_with_the_reason() -> None:
    labels = list("abcdef")
    found = rate_ratio(
        pd.Series([3, None, 2, 5, 0, 1], index=labels, dtype="Int64"),
        pd.Series([10.0, 10.0, 0.0, 10.0, 10.0, -1.0], index=labels),
        pd.Series([1, 1, 1, None, 0, 1], index=labels, dtype="Int64"),
        pd.Series([10.0] * 6, index=labels),
    )
    assert found.table.index.tolist() == ["a"]
    assert dict(found.dropped.to_numpy()) == {
        "b": "missing events",
        "c": "no exposure",
        "d": "missing events_reference",
        "e": "no event on either side",
        "f": "negative exposure",
    }
    assert "Left out: 1 missing events" in found.text


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: rate_ratio(1, None, 1, 1), NoDenominator, r"rate_ratio\(exposure=\): no exposure was given"),
        (lambda: rate_ratio(1, 1, 1, 0), NoDenominator, "no row has an exposure above zero"),
        (lambda: rate_ratio(0, 1, 0, 1), NotEstimable, "no row has an event on either side"),
        (lambda: rate_difference(0, 1, 0, 1, method="wald"), NotEstimable, "has no width"),
        (lambda: rate_ratio([None], [1], [1], [1]), NotEstimable, "count of events"),
        (lambda: rate_ratio(-1, 1, 1, 1), BadValue, "events is -1"),
        (lambda: rate_ratio(1, 1, 1.5, 1), BadValue, "events_reference is 1.5"),
        (lambda: rate_ratio(1, math.inf, 1, 1), BadValue, "infinite"),
        (lambda: rate_difference(1, 1, 1, 1e200), BadValue, r"exposure_reference is 1e\+200"),
        (lambda: rate_ratio(1, 1e-300, 1, 1), BadValue, "exposure is 1e-300"),
        (lambda: rate_ratio([1, 2], [1, 2], 1, 1), BadParameter, "differ in length"),
        (lambda: rate_ratio(1, 1, 1, 1, method="fisher"), BadParameter, "fisher"),
        (lambda: rate_ratio(1, 1, 1, 1, level=95), BadParameter, "not between 0 and 1"),
        (lambda: rate_difference(1, 1, 1, 1, per=0), BadParameter, "not above zero"),
        (lambda: rate_difference(1, 1, 1, 1, method="exact"), BadParameter, "no exact interval of a difference"),
        (lambda: rate_difference(1, 1, 1, 1, method="midp"), BadParameter, "midp"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_the_text_of_one_comparison_says_what_was_found_and_what_it_cannot_rule_out() -> None:
    found = rate_ratio(41, 28_010, 15, 19_017)
    row = found.table.iloc[0]
    assert (
        f"The rate was 1.86 times the reference rate (95% exact (conditional binomial) interval {row['low']:.3g} to "
        f"{row['high']:.3g}): 41 events over 28,010 units of exposure against 15 events over 19,017." in found.text
    )
    assert "cannot rule out that whatever else differs between the two sides" in found.text
    lower = rate_difference(3, 1000, 11, 1000, per=1000)
    assert lower.text.startswith("The rate was 8 per 1,000 units of exposure below the reference rate (95% score")
    assert "no upper end (95% exact" in rate_ratio(5, 10, 0, 10).text


def test_the_text_of_many_comparisons_counts_them_and_says_what_chance_would_give() -> None:
    found = rate_ratio([50, 5, 3], [10, 10, 10], [10, 50, 3], [10, 10, 10])
    assert "lies above 1 for 1 and below for 1; for 1 it includes 1" in found.text
    assert "about 0.15 of 3 would be expected to exclude it by chance alone" in found.text
    for text in (found.text, *found.notes):
        assert "significant" not in text


def test_checks_see_few_events_and_none() -> None:
    found = rate_ratio([50, 0, 3], [10, 10, 10], [10, 50, 3], [10, 10, 10], method="wald").check().set_index("check")
    assert found.loc["few events", ["at", "value", "verdict"]].tolist() == ["1", 0, "look closer"]
    assert "method='exact'" in found.loc["few events", "advice"]
    assert found.loc["zeros", ["at", "value", "verdict"]].tolist() == ["1", 1, "look closer"]
    fine = rate_difference(50, 10, 40, 10).check()
    assert fine["verdict"].tolist() == ["in order", "in order"]
    assert list(fine) == ["check", "at", "value", "verdict", "advice"]


@pytest.mark.parametrize("make", [rate_ratio, rate_difference])
def test_comparisons_are_drawn_about_no_difference(make) -> None:
    from matplotlib import pyplot

    labels = ["North", "South", "West"]
    columns = ([50, 0, 3], [10.0, 10, 10], [10, 50, 0], [10.0, 10, 10])
    ax = make(*(pd.Series(column, index=labels) for column in columns)).plot()
    written = {text.get_text() for text in ax.texts}
    assert set(labels) <= written
    assert f"the line at {1 if make is rate_ratio else 0} means no difference" in ax.get_xlabel()
    pyplot.close(ax.figure)
