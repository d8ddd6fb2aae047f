"""E-values: published figures, the confounder that just makes a ratio out of none, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from welfare.errors import BadParameter, BadValue
from welfare.stats.robustness.confounding.e_value import as_risk_ratio, e_value, explained, strength


def test_the_examples_of_vanderweele_and_ding():
    # Annals of Internal Medicine 2017: 3.9 (1.8 to 8.7), no breastfeeding and death by respiratory infection.
    found = e_value(3.9, 1.8, 8.7)
    assert found.round(2).to_dict() == {"point": 7.26, "bound": 3.00}
    assert e_value(3.9, 1.8)["bound"] == found["bound"]
    assert found["point"] == pytest.approx(3.9 + math.sqrt(3.9 * 2.9), rel=1e-14)


def test_a_protective_ratio_needs_what_its_inverse_needs():
    harm, less = e_value(1 / 0.8, 1 / 0.91, 1 / 0.71), e_value(0.8, 0.71, 0.91)
    assert less.to_numpy() == pytest.approx(harm.to_numpy(), rel=1e-14)
    assert less["point"] == pytest.approx(1.25 + math.sqrt(0.3125), rel=1e-14)
    assert e_value(0.8, high=0.91)["bound"] == pytest.approx(less["bound"], rel=1e-14)


@pytest.mark.parametrize("ratio", [1.05, 1.8, 3.9, 0.4])
def test_a_confounder_of_just_that_strength_makes_the_ratio_out_of_no_effect(ratio):
    # The worst case of Ding and VanderWeele 2016: all the exposed have it, 1 / E of the others; it multiplies risk.
    needed = e_value(ratio)["point"]
    with_it, without = 0.01 * needed, 0.01
    exposed, others = with_it, with_it / needed + without * (1 - 1 / needed)
    assert max(exposed / others, others / exposed) == pytest.approx(max(ratio, 1 / ratio), rel=1e-12)
    assert explained(np.array(needed), np.array(needed)) == pytest.approx(max(ratio, 1 / ratio), rel=1e-12)


@pytest.mark.parametrize(("low", "high"), [(0.9, 2.5), (1.0, 2.5), (0.9, math.inf), (0, 9)])
def test_an_interval_that_includes_no_difference_needs_no_confounder(low, high):
    assert e_value(1.5, low, high)["bound"] == 1


@pytest.mark.parametrize(("low", "high"), [(0.4, 1.1), (0.4, 1.0), (0, 1.1), (0.1, math.inf)])
def test_nor_does_that_of_a_protective_ratio(low, high):
    assert e_value(0.6, low, high)["bound"] == 1
    if low > 0:
        assert e_value(math.log(0.6), math.log(low), math.log(high), kind="difference")["bound"] == 1


def test_the_far_end_may_be_infinite_and_a_near_end_not_given_stays_unknown():
    assert e_value(2.0, 1.2, math.inf)["bound"] == strength(1.2)
    assert math.isnan(e_value(2.0, high=9.0)["bound"])
    assert math.isnan(e_value(2.0)["bound"])
    assert e_value(1.0, 0.5, 2.0).to_dict() == {"point": 1.0, "bound": 1.0}


def test_common_outcomes_enter_by_their_approximations():
    assert e_value(4.0, kind="odds", rare=False)["point"] == pytest.approx(2 + math.sqrt(2), rel=1e-14)
    assert as_risk_ratio(0.25, "odds", rare=False) == 0.5
    assert e_value(0.25, 0.1, 0.64, kind="odds", rare=False)["bound"] == pytest.approx(strength(0.8), rel=1e-14)
    # Hazards of 4: (1 - 1/4) / (1 - 1/sqrt(2)).
    risk = 0.75 / (1 - 1 / math.sqrt(2))
    assert as_risk_ratio(4.0, "hazard", rare=False) == pytest.approx(risk, rel=1e-14)
    assert as_risk_ratio(0.25, "hazard", rare=False) == pytest.approx(1 / risk, rel=1e-14)
    assert as_risk_ratio(1.0, "hazard", rare=False) == pytest.approx(1.0, rel=1e-14)
    assert e_value(4.0, kind="hazard")["point"] == e_value(4.0)["point"]
    assert as_risk_ratio(math.inf, "hazard", rare=False) == math.inf
    assert as_risk_ratio(0.0, "hazard", rare=False) == 0


def test_differences_are_read_by_their_standard_deviation():
    found = e_value(0.5, 0.2, 0.8, kind="difference")
    assert found["point"] == pytest.approx(strength(math.exp(0.455)), rel=1e-14)
    assert found["bound"] == pytest.approx(strength(math.exp(0.182)), rel=1e-14)
    assert e_value(0.5, -0.2, 1.2, kind="difference")["bound"] == 1


def test_the_estimate_can_be_explained_down_to_another_value_than_none():
    # Down to 1.5, a ratio of 3 is twice too large; up to 4, three quarters of it.
    assert e_value(3.0, 2.0, 4.0, true=1.5).to_numpy() == pytest.approx(
        [2 + math.sqrt(2), strength(2 / 1.5)], rel=1e-14
    )
    assert e_value(3.0, 2.0, 3.5, true=4.0).to_numpy() == pytest.approx([strength(4 / 3), strength(4 / 3.5)], rel=1e-14)
    assert e_value(3.0, 1.2, 4.0, true=1.5)["bound"] == 1


@pytest.mark.parametrize("ratio", [0, -2.0, math.nan, math.inf, None, "two"])
def test_what_is_no_ratio_is_refused(ratio):
    with pytest.raises(BadValue, match="ratio is"):
        e_value(ratio)


def test_intervals_that_are_none_of_this_estimate_are_refused():
    with pytest.raises(BadValue, match="outside its interval"):
        e_value(2.0, 2.5, 3.0)
    with pytest.raises(BadValue, match="low is nan"):
        e_value(2.0, math.nan, 3.0)
    with pytest.raises(BadValue, match="low is -1"):
        e_value(2.0, -1, 3.0)
    with pytest.raises(BadParameter, match="no kind of ratio"):
        e_value(2.0, kind="rates")


def test_a_huge_ratio_has_a_finite_e_value():
    # For large ratios the E-value nears twice the ratio less a half.
    assert strength(1e200) == pytest.approx(2e200, rel=1e-12)
    assert strength(1e-200) == pytest.approx(2e200, rel=1e-12)
