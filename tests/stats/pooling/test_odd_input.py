"""Pools of few studies and of input in odd types: the same numbers, plain floats, and no word too many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue
from welfare.stats.pooling.pool import pool

Y, V, PLACE = [0.1, 0.3, 0.2, 0.5, 0.4, 0.15], [0.01, 0.02, 0.015, 0.03, 0.02, 0.01], [44.0, 55, 42, 52, 13, 44]
INDEX = pd.Index([9, 9, 3, "x", None, 2.5])
NUMBERS = "estimate std_error low high tau2 i2 h2 q q_p p_value prediction_low prediction_high tau2_low tau2_high"


@pytest.mark.parametrize("method", ["reml", "dl", "pm", "ml", "hedges", "sj", "fixed", "eb", "he", "common"])
@pytest.mark.parametrize("ci", ["hksj", "hksj_adhoc", "t", "normal"])
def test_numbers_are_plain_floats(method, ci):
    found = pool(np.array(Y), np.array(V), method=method, ci=ci)
    assert {type(getattr(found, name)) for name in NUMBERS.split()} == {float}
    assert (type(found.studies), found.table["weight"].sum()) == (int, pytest.approx(1, rel=1e-12))


@pytest.mark.parametrize(
    "moderators",
    [
        PLACE,
        tuple(PLACE),
        np.array(PLACE),
        np.array(PLACE)[:, None],
        pd.Series(PLACE),
        pd.Series(PLACE, dtype="Float64"),
        {"place": PLACE},
        {"place": np.array(PLACE)},
        pd.DataFrame({"place": PLACE}),
    ],
)
def test_moderators_in_any_form_give_the_same_line(moderators):
    found, usual = pool(Y, V, moderators=moderators), pool(Y, V, moderators=PLACE)
    np.testing.assert_array_equal(found.moderators["estimate"], usual.moderators["estimate"])
    assert list(found.moderators["term"]) in (["Intercept", "moderator"], ["Intercept", "place"])


def test_series_with_odd_labels_keep_them():
    found = pool(
        pd.Series(Y, index=INDEX), pd.Series(V, index=INDEX), moderators=pd.DataFrame({"p": PLACE}, index=INDEX)
    )
    assert found.table.index.equals(INDEX)
    assert found.estimate == pool(Y, V).estimate


def test_a_table_for_effects_is_refused():
    with pytest.raises(BadParameter, match="table of 2 dimensions"):
        pool(np.array(Y)[:, None], V)
    with pytest.raises(BadParameter, match="table of 2 dimensions"):
        pool(pd.DataFrame({"y": Y}), V)


def test_variances_that_drown_one_another_are_refused():
    with pytest.raises(BadValue, match="variances run from 1e-13 to 1"):
        pool([0.1, 0.2, 0.3], [1e-13, 1.0, 0.5])
    assert pool([0.1, 0.2, 0.3], [1e-11, 1.0, 0.5]).i2 == 0


def test_a_moderator_too_large_to_square_is_refused():
    with pytest.raises(BadValue, match="moderator place holds 2e"):
        pool(Y, V, moderators={"place": [1e300, 2e300, 3, 4, 5, 6]})


def test_ratios_beyond_what_can_be_written_are_infinite_without_a_warning():
    found = pool([1.0, 2.0, 900.0], [0.1, 0.1, 0.1], ratio=True)
    assert found.table["ratio"].iloc[2] == np.inf
    assert found.ratio_high == np.inf


def test_a_factor_of_one_is_not_below_one():
    """With two studies that differ the restricted likelihood makes it 1, but for rounding."""
    found = pool([0.1, 0.32], [0.01, 0.02])
    assert found.factor == pytest.approx(1, rel=1e-9)
    assert not any("below 1" in note for note in found.notes)


def test_effects_more_alike_than_chance_have_no_interval_of_their_spread_in_words():
    found = pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3])
    assert "standard deviation of 0 (no interval: effects are more alike" in found.text
    assert "0 to 0)" not in found.text
    fixed = pool([0.3, 0.3, 0.3], [0.1, 0.2, 0.3], method="fixed")
    assert "here taken to be 0, has no interval" in fixed.text


def test_effects_of_one_study_are_not_counted_as_studies():
    """Twelve effects of four studies: few studies, and tests that take effects as independent say so."""
    rng = np.random.default_rng(3)
    y, v, study = rng.normal(size=12), rng.uniform(0.1, 1, 12), np.repeat(list("abcd"), 3)
    found = pool(y, v, study=study, moderators=np.arange(12.0) % 5)
    assert "12 effects of 4 studies against what they differ in" in found.text
    assert any("interval of the variance between studies take effects to be independent" in n for n in found.notes)
    for test in (found.egger(), found.begg()):
        assert "With 4 studies, fewer than ten" in test.text
        assert any("taken as independent" in note for note in test.notes)
    assert not any("taken as independent" in note for note in found.egger(model="random").notes)
    assert not any("taken as independent" in note for note in pool(y, v).egger().notes)
