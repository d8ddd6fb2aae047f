"""Group against individual housing of calves (Donadio et al. 2025): what the published trials say together.

The paper states +0.06 kg a day (P = 0.001) and +1.44 kg at weaning (P = 0.037) for group housing. Its authors' script
takes differences of means, errors of means as printed, DerSimonian and Laird's variance and the normal interval.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.real.calves import NAMES, calves
from welfare.stats.pooling.estimating.fit import Rule, Studies, fit, p_values
from welfare.stats.pooling.estimating.heterogeneity import ESTIMATORS
from welfare.stats.pooling.pool import pool
from welfare.stats.pooling.result import Pooled

pytestmark = pytest.mark.real

_STORED = Path(__file__).resolve().parents[1] / "referee" / "r" / "pooling_calves.csv"


@pytest.fixture(scope="module")
def trials(shared: Path) -> pd.DataFrame:
    return calves(shared)


def pooled(trials: pd.DataFrame, outcome: str, *, by_article: bool = False, **options) -> Pooled:
    rows = trials[trials["outcome"] == outcome]
    study = rows["article"] if by_article else None
    return pool(rows["effect"], rows["variance"], labels=rows["study"], study=study, quantity=NAMES[outcome], **options)


CASES = [
    (outcome, method, ci) for outcome in NAMES for method in ("reml", "dl", "pm", "fixed") for ci in ("hksj", "normal")
]


@pytest.mark.parametrize(("outcome", "method", "ci"), [*CASES, ("ADG", "reml", "robust"), ("WW", "reml", "robust")])
def test_metafor_pools_the_same_effects_to_the_same(trials, outcome, method, ci):
    stored = pd.read_csv(_STORED).set_index(["outcome", "method", "ci"]).loc[(outcome, method, ci)]
    found = pooled(trials, outcome, method=method, ci=ci, by_article=ci == "robust")
    assert len(found.table) == stored["k"]
    numbers = ["estimate", "std_error", "low", "high", "p_value", "tau2", "i2"]
    if ci != "robust":
        numbers += ["prediction_low", "prediction_high"]
    assert [getattr(found, number) for number in numbers] == pytest.approx(
        stored[numbers].tolist(), rel=1e-8, nan_ok=True
    )


def test_the_published_gain_is_that_of_all_27_trials(trials):
    found = pooled(trials, "ADG", method="dl", ci="normal")
    assert len(found.table) == 27
    assert found.dropped.empty
    assert round(found.estimate, 2) == 0.06
    assert [round(found.estimate, 3), round(found.low, 3), round(found.high, 3)] == [0.064, 0.036, 0.093]
    default = pooled(trials, "ADG")
    assert [round(value, 3) for value in (default.estimate, default.low, default.high)] == [0.064, 0.035, 0.093]


def test_without_the_trial_that_the_authors_script_takes_out_the_gain_would_print_as_seven(trials):
    """The script drops the eleventh row, the one trial whose interval lies below 0, after a test of the funnel."""
    rows = trials[trials["outcome"] == "ADG"].reset_index(drop=True)
    assert rows.loc[10, "study"] == "Dong et al. 2017 I"
    below = rows[rows["effect"] + 1.96 * np.sqrt(rows["variance"]) < 0]
    assert below.index.tolist() == [10]
    found = pooled(rows.drop(index=10), "ADG", method="dl", ci="normal")
    assert round(found.estimate, 2) == 0.07


def test_the_published_p_value_of_the_gain_is_that_of_articles_not_of_trials(trials):
    """27 trials come from 20 articles; some share a control group."""
    assert pooled(trials, "ADG", method="dl", ci="normal").p_value < 2e-5
    clustered = pooled(trials, "ADG", by_article=True)
    assert clustered.studies == 20
    assert clustered.p_value == pytest.approx(0.0015, abs=5e-5)
    assert clustered.low > 0


def test_the_published_weaning_weight_is_not_that_of_the_published_rows(trials):
    """All 17 rows give +1.79 kg (P = 0.024) by the authors' own script; +1.44 kg lies well within its interval."""
    found = pooled(trials, "WW", method="dl", ci="normal")
    assert len(found.table) == 17
    assert [round(value, 2) for value in (found.estimate, found.low, found.high)] == [1.79, 0.24, 3.34]
    assert found.p_value == pytest.approx(0.024, abs=5e-4)
    assert found.low < 1.44 < found.high
    assert round(pooled(trials, "WW", method="fixed", ci="normal").estimate, 2) == 1.32


def test_no_estimator_gives_the_published_weaning_weight(trials):
    found = {method: round(pooled(trials, "WW", method=method).estimate, 2) for method in ESTIMATORS}
    assert found == {"reml": 1.81, "dl": 1.79, "pm": 1.78, "ml": 1.78, "hedges": 1.32, "sj": 1.91, "fixed": 1.32}


def test_no_one_or_two_trials_left_out_give_the_published_weaning_weight(trials):
    rows = trials[trials["outcome"] == "WW"]
    every = Studies(rows["effect"].to_numpy(), rows["variance"].to_numpy(), np.ones((17, 1)), np.arange(17))
    for many in (1, 2):
        for out in combinations(range(17), many):
            left = fit(every.without(np.isin(np.arange(17), out)), Rule("dl", "normal", 0.95))
            assert (round(left.estimate, 2), round(float(p_values(left)[0]), 3)) != (1.44, 0.037)


def test_by_article_the_weaning_weight_is_not_shown_to_differ(trials):
    found = pooled(trials, "WW", by_article=True)
    assert found.studies == 14
    assert found.low < 0 < found.high
    assert "no difference was shown" in found.text


def test_trials_differ_and_a_further_one_could_show_no_gain(trials):
    found = pooled(trials, "ADG")
    assert round(found.i2) == 74
    assert [round(value, 3) for value in (found.prediction_low, found.prediction_high)] == [-0.054, 0.183]
    left = found.leave_one_out()
    assert [round(left["estimate"].min(), 3), round(left["estimate"].max(), 3)] == [0.054, 0.070]
    assert (left["low"] > 0).all()


def test_small_trials_show_larger_gains_but_two_trials_with_tiny_errors_make_that(trials):
    """Dong et al. are given 0.008 kg a day as the error of a mean of 6 calves, a fifth of the median."""
    found = pooled(trials, "ADG")
    assert found.egger().p_value < 0.001
    assert found.check().set_index("check").loc["asymmetry", "verdict"] == "look closer"
    without = pooled(trials[~trials["study"].str.startswith("Dong")], "ADG")
    assert without.egger().p_value == pytest.approx(0.16, abs=0.005)
    assert [round(value, 3) for value in (without.estimate, without.low, without.high)] == [0.076, 0.047, 0.104]


def test_an_error_of_35_kg_is_pointed_at(trials):
    """Dong et al. are given 35.5 kg as the error of a mean of 6 calves; it weighs next to nothing, as a slip would."""
    found = pooled(trials, "WW")
    check = found.check().set_index("check").loc["standard errors"]
    assert check["at"].startswith("Dong et al.")
    assert check["value"] > 20
    assert found.table.set_index("study").loc[check["at"], "weight"] < 0.001


def test_whether_the_weaning_weight_differs_hangs_on_single_trials(trials):
    left = pooled(trials, "WW").leave_one_out()
    assert (left["low"] < 0).any()
    assert round(left["estimate"].min(), 2) == 1.25
