"""Effects made of what papers print, against metafor::escalc (tests/referee/r/pooling.R) and exact arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue
from welfare.stats.pooling.pool import pool
from welfare.stats.pooling.printed import effect_sizes

MEANS = {"mean": [10.2, 3.4, 0.5], "mean_reference": [9.1, 3.9, 0.42]}
SPREAD = {"sd": [2.1, 0.8, 0.09], "sd_reference": [2.6, 0.7, 0.2], "n": [12, 30, 7], "n_reference": [11, 28, 19]}
COUNTS = ([4, 0, 12, 30], [20, 15, 12, 400], [9, 3, 5, 45], [21, 15, 13, 380])
MADE = {
    "MD": lambda: effect_sizes.mean_difference(**MEANS, **SPREAD),
    "SMD": lambda: effect_sizes.standardised_difference(**MEANS, **SPREAD),
    "ROM": lambda: effect_sizes.log_ratio_of_means(**MEANS, **SPREAD),
    "RR": lambda: effect_sizes.log_risk_ratio(*COUNTS),
    "OR": lambda: effect_sizes.log_odds_ratio(*COUNTS),
    "RD": lambda: effect_sizes.risk_difference(*COUNTS),
    "IRR": lambda: effect_sizes.log_rate_ratio([4, 0, 120], [20, 15.5, 1200], [9, 3, 80], [21, 14, 1500]),
}


@pytest.mark.parametrize("measure", list(MADE))
def test_effects_and_variances_are_those_of_escalc(measure):
    stored = pd.read_csv(Path(__file__).parents[2] / "referee" / "r" / "pooling_sizes.csv")
    expected = stored[stored["measure"] == measure]
    found = MADE[measure]()
    for column in ("effect", "variance"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-13)


def test_errors_of_means_do_for_deviations_and_numbers():
    errors = {"se": [2.1 / 12**0.5], "se_reference": [2.6 / 11**0.5]}
    found = effect_sizes.mean_difference([10.2], [9.1], **errors)
    assert found["variance"].item() == pytest.approx(2.1**2 / 12 + 2.6**2 / 11, rel=1e-14)


def test_a_normal_interval_gives_back_its_error():
    found = effect_sizes.from_interval(
        np.exp(0.3), np.exp(0.3 - 1.959963984540054 * 0.2), np.exp(0.691992796908), ratio=True
    )
    assert found.iloc[0].tolist() == pytest.approx([0.3, 0.04], rel=1e-10)
    assert effect_sizes.from_interval(2, 1, 3, level=0.9)["variance"].item() == pytest.approx(
        (1 / 1.6448536269514722) ** 2
    )


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda: effect_sizes.log_risk_ratio([0, 2], [10, 10], [0, 1], [10, 10]), [True, False]),
        (lambda: effect_sizes.log_risk_ratio([0, 2], [0, 10], [1, 1], [10, 10]), [True, False]),
        (lambda: effect_sizes.log_odds_ratio([10, 2], [10, 10], [10, 1], [10, 10]), [True, False]),
        (lambda: effect_sizes.log_rate_ratio([0, 2, 1], [5, 5, 0], [0, 1, 1], [5, 5, 5]), [True, False, True]),
        (lambda: effect_sizes.risk_difference([0, None], [10, 10], [0, 1], [10, 10]), [False, True]),
        (
            lambda: effect_sizes.standardised_difference([1], [2], sd=[1], sd_reference=[1], n=[1], n_reference=[2]),
            [True],
        ),
        (lambda: effect_sizes.log_ratio_of_means(-1, 2, sd=1, sd_reference=1, n=5, n_reference=5), [True]),
        (lambda: effect_sizes.mean_difference(1, 2, sd=0, sd_reference=0, n=5, n_reference=5), [True]),
        (lambda: effect_sizes.mean_difference(1, 2, sd=1, sd_reference=1, n=0, n_reference=5), [True]),
    ],
)
def test_what_says_nothing_is_missing_and_not_zero(make, missing):
    found = make()
    assert found["effect"].isna().tolist() == missing
    assert found["variance"].isna().tolist() == missing


def test_a_pool_says_which_rows_said_nothing():
    found = effect_sizes.log_risk_ratio([4, 0, 12, 30], [20, 15, 20, 400], [9, 0, 15, 45], [21, 15, 30, 380])
    pooled = pool(found["effect"], found["variance"], ratio=True)
    assert pooled.dropped.to_dict("list") == {"row": [1], "reason": ["missing effect"]}


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (BadParameter, lambda: effect_sizes.mean_difference([1], [2])),
        (BadParameter, lambda: effect_sizes.mean_difference([1], [2], sd=[1], sd_reference=[1])),
        (BadParameter, lambda: effect_sizes.mean_difference([1, 2], [2], se=[1], se_reference=[1])),
        (
            BadParameter,
            lambda: effect_sizes.mean_difference(1, 2, sd=1, n=3, sd_reference=1, n_reference=3, se=1, se_reference=1),
        ),
        (BadValue, lambda: effect_sizes.mean_difference([1], [2], se=[-1], se_reference=[1])),
        (BadValue, lambda: effect_sizes.mean_difference([1], [2], sd=[1], sd_reference=[1], n=[2.5], n_reference=[3])),
        (BadValue, lambda: effect_sizes.log_risk_ratio([5], [4], [1], [4])),
        (BadValue, lambda: effect_sizes.log_risk_ratio([-1], [4], [1], [4])),
        (BadValue, lambda: effect_sizes.log_rate_ratio([1], [-4.0], [1], [4.0])),
        (BadValue, lambda: effect_sizes.log_rate_ratio([1], [np.inf], [1], [4.0])),
        (BadValue, lambda: effect_sizes.from_interval(2, 1.9, 4)),
        (BadValue, lambda: effect_sizes.from_interval(2, 3, 1)),
        (BadValue, lambda: effect_sizes.from_interval(-2, -3, -1, ratio=True)),
        (BadParameter, lambda: effect_sizes.from_interval(2, 1, 3, level=95)),
    ],
)
def test_what_cannot_be_is_refused(error, call):
    with pytest.raises(error):
        call()
