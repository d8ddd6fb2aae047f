"""What cannot be asked of practices is refused in words, and what cannot be answered says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.patterns.practices.made_up import CONDITIONS, panel
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.practices.subsets import practices


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    return panel(0, ratio=2.5)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"conditions": []}, "conditions are"),
        ({"conditions": ["species", "species"]}, "conditions are"),
        ({"conditions": ["species", "findings_count"]}, "conditions are"),
        ({"conditions": ["species", "facility_id"]}, "conditions are"),
        ({"conditions": ["nothing"]}, "no column 'nothing'"),
        ({"observed": "nothing"}, "no column 'nothing'"),
        ({"unit": "nothing"}, "no column 'nothing'"),
        ({"model": "normal"}, "model is 'normal'"),
        ({"missing": "pool"}, "missing is 'pool'"),
        ({"direction": "up"}, "direction is 'up'"),
        ({"min_units": 1}, "min_units is 1"),
        ({"replicates": 18}, "replicates is 18"),
        ({"replicates": 99.5}, "replicates is 99.5"),
        ({"max_conditions": 0}, "max_conditions is 0"),
        ({"most": True}, "most is True"),
        ({"min_expected": 0}, "min_expected is 0"),
        ({"min_expected": np.nan}, "min_expected is nan"),
        ({"confirm": 1.0}, "confirm is 1.0"),
        ({"level": 95}, "level is 95"),
        ({"bands": {"speed": [1]}}, "bands for"),
        ({"bands": {"species": [1]}}, "no column of numbers"),
        ({"conditions": ["expected_count"], "expected": "findings_count", "observed": "ones"}, "not categorical"),
        ({"conditions": ["ones", "shift"], "bands": {"ones": [2, 1]}}, "edges of ones"),
        ({"conditions": ["ones", "shift"], "bands": {"ones": []}}, "edges of ones"),
        ({"conditions": ["many"]}, "many has 200 values"),
    ],
)
def test_options_that_cannot_be_used_are_refused(planted, options, match):
    df = planted.assign(ones=1, many=planted["facility_id"])
    with pytest.raises(BadParameter, match=match):
        practices(df, **{"conditions": CONDITIONS, "replicates": 19, **options})


@pytest.mark.parametrize("wrong", [-1, 0.5, np.inf, "two"])
def test_counts_that_are_none_are_refused(planted, wrong):
    df = planted.astype({"findings_count": "object"}).copy()
    df.loc[0, "findings_count"] = wrong
    with pytest.raises(BadValue):
        practices(df, conditions=CONDITIONS, replicates=19)


def test_negative_expectations_are_refused(planted):
    df = planted.copy()
    df.loc[0, "expected_count"] = -1
    with pytest.raises(BadValue):
        practices(df, conditions=CONDITIONS, replicates=19)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda df: df.iloc[:0],
        lambda df: df.assign(findings_count=0),
        lambda df: df.assign(expected_count=0.0),
        lambda df: df[df["facility_id"] == df["facility_id"].iloc[0]],
        lambda df: df.assign(**dict.fromkeys(CONDITIONS, "one")),
        lambda df: df.assign(expected_count=np.nan),
        lambda df: df.head(12),
    ],
)
def test_what_cannot_be_answered_says_so(planted, spoil):
    with pytest.raises(NotEstimable):
        practices(spoil(planted), conditions=CONDITIONS, replicates=19)


@pytest.mark.parametrize(
    "wrong",
    [
        {"conditions": None},
        {"conditions": 5},
        {"conditions": [["shift"]]},
        {"seed": -1},
        {"seed": "today"},
        {"level": "high"},
        {"confirm": "half"},
        {"min_expected": None},
        {"bands": {"shift": 100}},
        {"bands": {"shift": ["a"]}},
    ],
    ids=str,
)
def test_options_of_the_wrong_kind_are_refused(planted, wrong):
    with pytest.raises(BadParameter):
        practices(planted, **{"conditions": CONDITIONS, "replicates": 19, **wrong})


def test_a_panel_that_is_no_frame_is_refused():
    with pytest.raises(BadParameter, match="the panel is a list"):
        practices([1, 2], conditions=CONDITIONS)
