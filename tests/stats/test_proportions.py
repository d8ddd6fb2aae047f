"""Shares and their intervals, against R, against what defines them, and against what must hold."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.rates.proportion import INTERVALS, proportion

REFEREE = Path(__file__).parents[1] / "referee" / "r"
METHODS = list(INTERVALS)
counts = st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize("method", METHODS)
def test_intervals_agree_with_r(method: str) -> None:
    """binom.test, prop.test without correction, qbeta, and mid-P tails inverted by uniroot."""
    by_r = pd.read_csv(REFEREE / "rates_proportions.csv")
    assert len(by_r) == 36
    for level, rows in by_r.groupby("level"):
        table = proportion(rows["events"], rows["trials"], method=method, level=level).table
        for end in ("low", "high"):
            # R's Wilson limits miss 0 and 1 by a rounding error where there is no event, or nothing else.
            expected = rows[f"{method}_{end}"].to_numpy()
            assert table[end].to_numpy() == pytest.approx(expected, rel=1e-8, abs=1e-15)


# Newcombe RG, Statistics in Medicine 1998; 17: 857-872, table I: 95% intervals of four shares.
@pytest.mark.parametrize(
    ("method", "events", "trials", "low", "high"),
    [
        ("wilson", 81, 263, 0.2553, 0.3662),
        ("wilson", 15, 148, 0.0624, 0.1605),
        ("wilson", 0, 20, 0.0, 0.1611),
        ("wilson", 1, 29, 0.0061, 0.1718),
        ("clopper_pearson", 81, 263, 0.2527, 0.3676),
        ("clopper_pearson", 15, 148, 0.0578, 0.1617),
        ("clopper_pearson", 0, 20, 0.0, 0.1684),
        ("clopper_pearson", 1, 29, 0.0009, 0.1776),
        ("midp", 81, 263, 0.2544, 0.3658),
        ("midp", 15, 148, 0.0601, 0.1581),
        ("midp", 0, 20, 0.0, 0.1391),
        ("midp", 1, 29, 0.0017, 0.1585),
    ],
)
def test_intervals_are_those_of_newcombes_table(method: str, events: int, trials: int, low: float, high: float) -> None:
    row = proportion(events, trials, method=method).table.iloc[0]
    assert (row["low"], row["high"]) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@settings(max_examples=40, deadline=None)
@given(case=counts, level=st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_exact_and_mid_p_limits_leave_half_of_the_rest_in_each_tail(case: tuple[int, int], level: float) -> None:
    events, trials = case
    for method, own in (("clopper_pearson", 0.0), ("midp", 0.5)):
        row = proportion(events, trials, method=method, level=level).table.iloc[0]
        tail = (1 - level) / 2
        if events > 0:
            found = binom.sf(events - 1, trials, row["low"]) - own * binom.pmf(events, trials, row["low"])
            assert found == pytest.approx(tail, rel=1e-7)
        else:
            assert row["low"] == 0
        if events < trials:
            found = binom.cdf(events, trials, row["high"]) - own * binom.pmf(events, trials, row["high"])
            assert found == pytest.approx(tail, rel=1e-7)
        else:
            assert row["high"] == 1


@settings(max_examples=40, deadline=None)
@given(case=counts, level=st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_wilson_limits_are_where_the_score_test_turns(case: tuple[int, int], level: float) -> None:
    from statistics import NormalDist

    events, trials = case
    row = proportion(events, trials, level=level).table.iloc[0]
    z = NormalDist().inv_cdf((1 + level) / 2)
    for share, sign in ((row["low"], 1), (row["high"], -1)):
        if 0 < share < 1:
            statistic = (events / trials - share) / math.sqrt(share * (1 - share) / trials)
            assert statistic == pytest.approx(sign * z, rel=1e-7)
        else:
            assert events in (0, trials)


@settings(max_examples=40, deadline=None)
@given(case=counts, levels=st.lists(st.floats(0.01, 0.999), min_size=2, max_size=2, unique=True))
def test_limits_mirror_widen_with_the_level_and_stay_inside_the_exact(case: tuple[int, int], levels: list) -> None:
    events, trials = case
    near, far = sorted(levels)
    found = {m: proportion(events, trials, method=m, level=near).table.iloc[0] for m in METHODS}
    for method, inner in found.items():
        outer = proportion(events, trials, method=method, level=far).table.iloc[0]
        assert 0 <= outer["low"] <= inner["low"] <= inner["high"] <= outer["high"] <= 1
        mirror = proportion(trials - events, trials, method=method, level=near).table.iloc[0]
        assert (inner["low"], inner["high"]) == (
            pytest.approx(1 - mirror["high"], rel=1e-9, abs=1e-12),
            pytest.approx(1 - mirror["low"], rel=1e-9, abs=1e-12),
        )
    for method in ("midp", "jeffreys"):
        assert found["clopper_pearson"]["low"] <= found[method]["low"] + 1e-12
        assert found[method]["high"] <= found["clopper_pearson"]["high"] + 1e-12


@pytest.mark.parametrize("chance", [0.02, 0.3, 0.71])
def test_exact_intervals_cover_at_least_their_level(chance: float) -> None:
    events = np.arange(0, 41)
    table = proportion(events, np.full(41, 40), method="clopper_pearson").table
    within = (table["low"] <= chance) & (chance <= table["high"])
    assert 0.95 <= sum(math.comb(40, k) * chance**k * (1 - chance) ** (40 - k) for k in events[within]) <= 1


def test_rows_without_trials_are_dropped_and_the_text_says_so() -> None:
    found = proportion(
        pd.Series([3, None, 2, 0], index=list("abcd"), dtype="Int64"),
        pd.Series([10, 10, None, 0], index=list("abcd"), dtype="Int64"),
    )
    assert found.table.index.tolist() == ["a"]
    assert dict(found.dropped.to_numpy()) == {"b": "missing events", "c": "no trials", "d": "no trials"}
    assert "3 of 10: 30% (95% Wilson interval 10.8% to 60.3%). Left out: 2 no trials, 1 missing events." in found.text
    assert "chance alone" in found.text


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((11, 10), {}, BadValue, "events are 11 of 10 trials in row 0"),
        ((1, 10.5), {}, BadValue, "trials is 10.5"),
        ((-1, 10), {}, BadValue, "events is -1"),
        ((0, 0), {}, NoDenominator, "no row has a trial"),
        (([None], [4]), {}, NotEstimable, "count of events"),
        ((1, 10), {"method": "wald"}, BadParameter, "wald"),
        ((1, 10), {"level": 1}, BadParameter, "not between 0 and 1"),
    ],
)
def test_what_is_no_share_is_refused(arguments: tuple, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        proportion(*arguments, **options)


def test_checks_compare_the_rows_with_their_common_share_as_r_does() -> None:
    """Births with Down's syndrome by birth order: chisq.test without correction on the table of five by two."""
    cells = pd.read_csv(REFEREE / "rates_downs_cells.csv").groupby("order")[["cases", "births"]].sum()
    checks = proportion(cells["cases"], cells["births"]).check().set_index("check")
    by_r = pd.read_csv(REFEREE / "rates_unlike.csv")["proportions"].item()
    assert checks.loc["heterogeneity", "value"] == pytest.approx(by_r, rel=1e-8)
    assert checks["verdict"].tolist() == ["in order", "in order", "look closer"]
    few = proportion([0, 9], [10, 10]).check().set_index("check")
    assert few.loc["few events", ["at", "value", "verdict"]].tolist() == ["0", 0, "look closer"]
    assert few.loc["zeros", "value"] == 1


def test_shares_are_drawn_with_the_share_of_all_rows() -> None:
    from matplotlib import pyplot

    ax = proportion(pd.Series([3, 6], index=["a", "b"]), pd.Series([10, 10], index=["a", "b"])).plot()
    assert {"a", "b"} <= {text.get_text() for text in ax.texts}
    assert "the line at 0.45" in ax.get_xlabel()
    pyplot.close(ax.figure)
