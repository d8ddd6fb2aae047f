"""The static estimate and what it is an average of: pyfixest, diff-diff, and exact arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.stats.adoption.naive_panels import REFEREE, arrays, by_hand, waived
from welfare.errors import NoDenominator, NotEstimable
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.naive.decomposition import (
    cell_weights,
    decompose,
    forbidden_share,
    least_spread,
    negative_weights,
    no_comparisons,
)
from welfare.stats.adoption.naive.two_way import two_way

GAPS = np.array([at for at in range(480) if at % 7 != 3])


@pytest.fixture(scope="module")
def mpdta(shared) -> Adoption:
    table = pd.read_csv(shared / "data" / "reference" / "mpdta.csv")
    return arrays(table, "lemp", "countyreal", "year", "first.treat")


@pytest.mark.parametrize(
    ("study", "panel", "family", "near"),
    [
        ("plain", {}, "gaussian", 1e-10),
        ("covariate", {"covariates": ("size",)}, "gaussian", 1e-10),
        # pyfixest takes means of units and periods away in turns until 1e-8, and ends other iterations at a deviance.
        ("gaps", {"rows": GAPS, "covariates": ("size",), "cluster": "state"}, "gaussian", 1e-8),
        ("poisson", {"outcome": "deaths", "exposure": "animals"}, "poisson", 1e-7),
    ],
)
def test_estimate_and_error_are_pyfixests(study, panel, family, near):
    by_peer = pd.read_csv(REFEREE / "adoption_naive_static.csv").set_index("study").loc[study]
    found = two_way(waived(**panel), family=family)
    assert found.estimate == pytest.approx(by_peer["estimate"], rel=near)
    assert found.std_error == pytest.approx(by_peer["std_error"], rel=near)


def test_minimum_wages(mpdta):
    found = two_way(mpdta)
    assert found.estimate == pytest.approx(-0.03654893667, abs=5e-12)
    assert found.std_error == pytest.approx(0.013265155429, rel=1e-9)  # pyfixest
    assert found.clusters == 500
    assert "normal" in found.words


def test_few_clusters_use_student():
    found = two_way(waived(cluster="state"))
    assert found.degrees == 11
    assert (found.high - found.estimate) / found.std_error == pytest.approx(2.200985160, rel=1e-9)  # tables of t


def test_a_covariate_that_does_not_move_within_units_changes_nothing():
    frame = pd.read_csv(REFEREE / "adoption_naive_panel.csv").assign(old=lambda df: df["plant"] % 3 + 1e6)
    plain = arrays(frame, "rate", "plant", "year", "waived")
    fixed = arrays(frame, "rate", "plant", "year", "waived", covariates=("old",))
    assert two_way(fixed).estimate == pytest.approx(two_way(plain).estimate, rel=1e-12)


def test_comparisons_are_those_of_diff_diff():
    by_peer = pd.read_csv(REFEREE / "adoption_naive_bacon.csv", dtype=str).astype({"weight": float, "estimate": float})
    by_peer["control"] = by_peer["control"].replace("never_treated", "None")
    found = decompose(waived())
    found[["treated_cohort", "control_cohort"]] = found[["treated_cohort", "control_cohort"]].map(str)
    both = by_peer.merge(found, left_on=["treated", "control"], right_on=["treated_cohort", "control_cohort"])
    assert len(both) == len(by_peer) == len(found) == 9
    assert both["weight_y"].to_numpy() == pytest.approx(both["weight_x"].to_numpy(), rel=1e-10)
    assert both["estimate_y"].to_numpy() == pytest.approx(both["estimate_x"].to_numpy(), rel=1e-9)
    kinds = {"treated_vs_never": "never treated", "earlier_vs_later": "later treated"}
    assert (both["kind"].map(kinds).fillna("already treated") == both["control_y"]).all()


def test_comparisons_add_up_to_the_estimate(mpdta):
    for adoption in (mpdta, waived()):
        found = decompose(adoption)
        assert found["weight"].sum() == pytest.approx(1, abs=1e-12)
        assert (found["weight"] > 0).all()
        assert found["weight"] @ found["estimate"] == pytest.approx(two_way(adoption).estimate, abs=1e-10)
    assert forbidden_share(decompose(mpdta)) == pytest.approx(0.05392422819, abs=1e-10)


def test_comparisons_of_three_units_by_hand():
    # Treated from period 1, from period 2, never; three periods. Goodman-Bacon 2021, equation 10, in fractions: each of
    # the six pairs has n_k n_l = 1/9, and (periods before x periods after) / 9 within its span.
    outcome = np.array([[0.0, 1.0, 5.0], [0.0, 2.0, 2.0], [1.0, 1.0, 3.0]])
    found = decompose(by_hand([1, 2, 3], 3, outcome)).set_index(["treated_cohort", "control"])
    spans = {(2001, "later treated"): 1, (2001, "never treated"): 2, (2002, "already treated"): 1}
    spans[(2002, "never treated")] = 2
    for key, span in spans.items():
        assert found.loc[key, "weight"] == pytest.approx(span / 6)
    assert found.loc[(2001, "later treated"), "estimate"] == pytest.approx((1 - 0) - (2 - 0))
    assert found.loc[(2001, "never treated"), "estimate"] == pytest.approx((3 - 0) - (2 - 1))
    assert found.loc[(2002, "already treated"), "estimate"] == pytest.approx((2 - 2) - (5 - 1))
    assert found.loc[(2002, "never treated"), "estimate"] == pytest.approx((2 - 1) - (3 - 1))
    assert forbidden_share(found.reset_index()) == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("panel", "reason"),
    [
        ({"rows": GAPS}, "not every unit has every period"),
        ({"covariates": ("size",)}, "covariates"),
        ({"outcome": "deaths", "exposure": "animals"}, "exposure"),
    ],
)
def test_no_comparisons_where_they_do_not_add_up(panel, reason):
    assert reason in no_comparisons(waived(**panel))
    with pytest.raises(NotEstimable, match="cell_weights"):
        decompose(waived(**panel))
    assert no_comparisons(waived()) is None


def test_weights_are_those_of_diff_diff():
    by_peer = pd.read_csv(REFEREE / "adoption_naive_cells.csv")
    adoption = waived()
    found = cell_weights(adoption, two_way(adoption))
    assert found[["cohort", "period"]].to_numpy().tolist() == by_peer[["waived", "year"]].to_numpy().tolist()
    assert found["weight"].to_numpy() == pytest.approx(by_peer["weight"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("panel", [{}, {"rows": GAPS}, {"rows": GAPS, "covariates": ("size",)}])
def test_weights_times_effects_are_the_estimate(panel):
    # No noise: units, periods and covariate explain the outcome but for an effect of each cohort and period.
    adoption = waived(**panel)
    rng = np.random.default_rng(3)
    effect = rng.normal(size=(len(adoption.periods), len(adoption.periods)))
    base = rng.normal(size=adoption.units)[adoption.unit] + rng.normal(size=8)[adoption.period]
    base = base + adoption.covariates.sum(axis=1)
    cohort = np.minimum(adoption.cohort, adoption.never - 1)[adoption.unit]
    outcome = base + np.where(adoption.treated, effect[cohort, adoption.period], 0.0)
    planted = Adoption(**{**vars_of(adoption), "outcome": outcome})
    found = two_way(planted)
    cells = cell_weights(planted, found)
    truth = effect[cells["cohort"].to_numpy(), cells["period"].to_numpy()]
    assert cells["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert cells["weight"] @ truth == pytest.approx(found.estimate, abs=1e-10)


def vars_of(adoption: Adoption) -> dict:
    return {name: getattr(adoption, name) for name in Adoption.__dataclass_fields__}


def test_weights_of_ratios_hold_to_first_order():
    # Counts as they are expected, with small effects on the log scale that differ by cohort and period.
    adoption = waived(outcome="deaths", exposure="animals")
    rng = np.random.default_rng(4)
    effect = 0.002 * rng.normal(size=(8, 8))
    base = -4 + 0.3 * rng.normal(size=adoption.units)[adoption.unit] + 0.2 * rng.normal(size=8)[adoption.period]
    cohort = np.minimum(adoption.cohort, 7)[adoption.unit]
    rate = np.exp(base + np.where(adoption.treated, effect[cohort, adoption.period], 0.0))
    planted = Adoption(**{**vars_of(adoption), "outcome": rate * adoption.exposure})
    found = two_way(planted, family="poisson")
    cells = cell_weights(planted, found)
    truth = effect[cells["cohort"].to_numpy(), cells["period"].to_numpy()]
    assert cells["weight"] @ truth == pytest.approx(found.estimate, abs=2e-6)  # the square of the effects


def test_growing_effects_turn_the_static_estimate_round():
    # Two cohorts, everybody treated in the end, effects that grow by 1 a period and are never below 1.
    cohorts, periods = [1, 4] * 4, 8
    since = np.arange(periods)[None, :] - np.array(cohorts)[:, None] + 1
    adoption = by_hand(cohorts, periods, np.where(since > 0, since, 0).astype(float) ** 2)
    found = two_way(adoption)
    cells = cell_weights(adoption, found)
    many, total = negative_weights(cells)
    assert found.estimate < 0
    assert many == (cells["weight"] < 0).sum() > 0
    assert total == pytest.approx(cells.loc[cells["weight"] < 0, "weight"].sum())
    assert forbidden_share(decompose(adoption)) > 0.4
    # Effects that differ by that deviation, the wrong way round, would average nothing: corollary 1, its own example.
    ratio = cells["weight"] / cells["share"]
    spread = least_spread(cells, found.estimate)
    effects = found.estimate * (ratio - 1) / (cells["share"] @ (ratio - 1) ** 2)
    assert cells["share"] @ effects == pytest.approx(0, abs=1e-12)
    assert cells["weight"] @ effects == pytest.approx(found.estimate)
    assert np.sqrt(cells["share"] @ effects**2) == pytest.approx(spread)


def test_one_cohort_has_even_weights():
    adoption = by_hand([2, 2, 4, 4], 4, np.arange(16.0).reshape(4, 4) ** 2)
    cells = cell_weights(adoption, two_way(adoption))
    assert cells["weight"].to_numpy() == pytest.approx([0.5, 0.5])
    assert negative_weights(cells) == (0, 0.0)
    assert least_spread(cells, 1.0) == np.inf


def test_units_and_periods_without_a_count_are_left_out_of_ratios():
    adoption = waived(outcome="deaths", exposure="animals")
    deaths = adoption.outcome.copy()
    deaths[adoption.unit == 5] = 0
    deaths[adoption.period == 7] = 0
    silent = Adoption(**{**vars_of(adoption), "outcome": deaths})
    found = two_way(silent, family="poisson")
    assert (~found.used).sum() == 60 + 7
    assert (found.left[~found.used] == 0).all()
    kept = (adoption.unit != 5) & (adoption.period != 7)
    frame = pd.read_csv(REFEREE / "adoption_naive_panel.csv")[kept]
    again = two_way(arrays(frame, "deaths", "plant", "year", "waived", exposure="animals"), family="poisson")
    assert found.estimate == pytest.approx(again.estimate, rel=1e-9)
    assert found.std_error == pytest.approx(again.std_error, rel=1e-9)


def test_refusals():
    with pytest.raises(NoDenominator, match="poisson"):
        two_way(waived(outcome="deaths", exposure="animals"))
    everybody_at_once = by_hand([2, 2, 2], 4, np.ones((3, 4)))
    with pytest.raises(NotEstimable, match="leave nothing"):
        two_way(everybody_at_once)
    with pytest.raises(NotEstimable, match="same period"):
        decompose(everybody_at_once)
    with pytest.raises(NotEstimable, match="one cluster"):
        two_way(by_hand([2, 4], 4, np.arange(8.0).reshape(2, 4), cluster=np.zeros(2, dtype=int)))
    with pytest.raises(NotEstimable, match="counted anything"):
        two_way(by_hand([2, 4], 4, np.zeros((2, 4))), family="poisson")
