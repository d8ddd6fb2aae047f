"""Over several industries the study's intervals are as wide as they say: one interval that misses proves nothing."""

from __future__ import annotations

from math import log

import pytest
from scipy.stats import chi2

from welfare.examples import write_example
from welfare.study import run_study

pytestmark = pytest.mark.slow

_SEEDS = range(1, 6)


def test_planted_ratios_lie_around_the_estimates_as_their_errors_say(tmp_path):
    squares = {"npis": 0.0, "speed_10": 0.0}
    for seed in _SEEDS:
        data = tmp_path / str(seed)
        truth = write_example(data, seed=seed)
        terms = run_study("us-slaughter", data=data, out=tmp_path / f"out-{seed}", seed=seed).findings.speed_model.table
        for name, planted in (("npis", truth.regime_ratio), ("speed_10", truth.speed_ratio_per_10)):
            term = terms.set_index("term").filter(like=name, axis=0).iloc[0]
            squares[name] += ((term["estimate"] - log(planted)) / term["std_error"]) ** 2
    low, high = chi2.ppf([0.001, 0.999], len(_SEEDS))
    assert all(low < total < high for total in squares.values()), squares
