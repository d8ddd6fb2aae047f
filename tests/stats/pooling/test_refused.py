"""What a pool refuses, each with its reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.pooling.pool import pool

Y, V = [0.1, 0.3, 0.2, 0.5, 0.4, 0.15], [0.01, 0.02, 0.015, 0.03, 0.02, 0.01]


@pytest.mark.parametrize(
    ("error", "words", "effects", "variances"),
    [
        (NotEstimable, "0 of 0", [], []),
        (NotEstimable, "1 of 1", [0.1], [0.01]),
        (NotEstimable, "1 of 3", [0.1, None, 0.2], [0.01, 0.01, None]),
        (BadValue, "not above 0", [0.1, 0.2], [0.01, 0.0]),
        (BadValue, "row 1, not above 0", [0.1, 0.2], [0.01, -0.2]),
        (BadValue, "infinite", [0.1, np.inf], [0.01, 0.2]),
        (BadValue, "infinite", [0.1, 0.2], [0.01, np.inf]),
        (BadValue, "not a number", [0.1, "much"], [0.01, 0.2]),
        (BadValue, "1e\\+60", [0.1, 1e60], [0.01, 0.2]),
        (BadParameter, "differ in length", [0.1, 0.2], [0.01]),
        (BadParameter, "one value", 0.1, [0.01]),
        (BadParameter, "different row labels", pd.Series([1.0, 2]), pd.Series([1.0, 2], index=[1, 2])),
    ],
)
def test_effects_and_variances_that_cannot_be_pooled(error, words, effects, variances):
    with pytest.raises(error, match=words):
        pool(effects, variances)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "best"}, "nothing is called 'best'"),
        ({"ci": "exact"}, "nothing is called 'exact'"),
        ({"prediction_by": "none"}, "nothing is called 'none'"),
        ({"level": 95}, "level"),
        ({"labels": ["a"]}, "length"),
        ({"study": [1, 1, 2, 2, 3, 3], "ci": "normal"}, "independent"),
        ({"ci": "robust"}, "which effects are of one study"),
    ],
)
def test_options_that_cannot_be(options, words):
    with pytest.raises(BadParameter, match=words):
        pool(Y, V, **options)


def test_effects_of_one_study_alone_are_no_pool():
    with pytest.raises(NotEstimable, match="one study"):
        pool(Y, V, study=["a"] * 6)
    found = pool(Y, V, study=["a", "a", None, "b", "b", "b"])
    assert found.dropped.to_dict("list") == {"row": [2], "reason": ["missing study"]}


def test_an_error_by_study_that_would_be_zero_is_not_given():
    """Two studies with the same two effects: their sums leave nothing over, their effects do."""
    found = pool([0.0, 1.0, 0.0, 1.0], [0.1] * 4, study=["a", "a", "b", "b"], method="fixed")
    assert found.std_error == pytest.approx((0.1 / 4) ** 0.5, rel=1e-12)
    assert found.degrees == 1
    assert any("would be 0" in note for note in found.notes)
    with pytest.raises(NotEstimable, match="2 coefficients are asked of 2 studies"):
        pool([0.0, 1.0, 0.2, 1.0], [0.1] * 4, study=["a", "a", "b", "b"], moderators=["x", "x", "y", "y"])


@pytest.mark.parametrize(
    ("error", "words", "moderators"),
    [
        (BadParameter, "place is the same", {"place": [1.0] * 6}),
        (BadParameter, "place is the same", {"place": ["barn"] * 6}),
        (BadParameter, "place is the same in all studies used", {"place": [1, 1, 1, 1, 1, None]}),
        (BadParameter, "twice follows exactly", {"once": [1, 2, 3, 4, 5, 7], "twice": [2, 4, 6, 8, 10, 14]}),
        (
            BadParameter,
            "sum follows exactly",
            {"a": [1, 2, 3, 4, 5, 7], "b": [0, 1, 0, 1, 1, 0], "sum": [1, 3, 3, 5, 6, 7]},
        ),
        (NotEstimable, "6 coefficients are asked of 6", pd.DataFrame(np.eye(6)[:, :5] + 0.1)),
        (NotEstimable, "6 coefficients are asked of 6", {"place": list("abcdef")}),
        (NotEstimable, "1 of 6", {"place": [1, None, None, None, None, None]}),
        (BadParameter, "length", {"place": [1, 2]}),
        (BadParameter, "length", [1, 2, 3]),
        (BadParameter, "not one value per study", {"place": 3}),
        (BadParameter, "not one value per study", np.ones((6, 2))),
        (BadValue, "infinite", {"place": [1, 2, 3, 4, 5, np.inf]}),
    ],
)
def test_moderators_that_cannot_be_used(error, words, moderators):
    with pytest.raises(error, match=words):
        pool(Y, V, moderators=moderators)


def test_moderators_of_nearly_the_same_large_numbers_are_told_apart():
    year = [2001.0, 2002, 2003, 2004, 2005, 2007]
    found = pool(Y, V, moderators={"year": year})
    shifted = pool(Y, V, moderators={"year": [one - 2000 for one in year]})
    assert found.moderators["estimate"].iloc[1] == pytest.approx(shifted.moderators["estimate"].iloc[1], rel=1e-9)


def test_few_studies_for_moderators_are_pointed_at():
    found = pool(Y, V, moderators=[1.0, 2, 3, 4, 5, 7])
    assert found.moderators["term"].tolist() == ["Intercept", "moderator"]
    assert any("fewer than ten each" in note for note in found.notes)


def test_moderators_that_meet_the_effects_exactly_keep_the_studies_own_errors():
    x = np.array([1.0, 2, 3, 4])
    found = pool(0.5 + 0.25 * x, [0.04] * 4, moderators=x).moderators
    assert found["estimate"].tolist() == pytest.approx([0.5, 0.25], rel=1e-9)
    assert found["std_error"].iloc[1] == pytest.approx((0.04 / ((x - x.mean()) ** 2).sum()) ** 0.5, rel=1e-9)


@pytest.mark.parametrize("call", ["egger", "begg", "trim_and_fill"])
def test_asymmetry_is_refused_where_it_cannot_be_seen(call):
    with pytest.raises(NotEstimable, match="cannot show asymmetry"):
        getattr(pool(Y[:2], V[:2]), call)()
    with pytest.raises(NotEstimable, match="same standard error"):
        getattr(pool(Y, [0.01] * 6), call)()
    assert "fewer than ten" in pool(Y, V).egger().text
    with pytest.raises(BadParameter):
        pool(Y, V).egger(model="other")


def test_many_studies_of_one_size_are_told_so():
    text = pool(np.arange(12.0), [0.5] * 12).text
    assert "All studies are of one size" in text
