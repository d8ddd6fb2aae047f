"""What a fit does not hold and `check()` finds: planted, and not found where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf


@pytest.fixture
def plants() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    return pd.DataFrame({"x": rng.normal(size=3000), "tasks": np.exp(rng.uniform(3, 7, 3000))})


def found(df: pd.DataFrame, mean: pd.Series, check: str, keep: object = 1) -> pd.Series:
    counts = np.random.default_rng(4).poisson(mean) * keep
    return wf.count_model("dead ~ x", df.assign(dead=counts), exposure="tasks").check().set_index("check").loc[check]


def test_counts_that_grow_with_the_root_of_the_exposure(plants):
    row = found(plants, np.sqrt(plants["tasks"]), "exposure")
    assert row["verdict"] == "look closer"
    assert 0.2 < row["value"] < 0.6  # one step from 1 goes beyond 0.5, and the advice says so
    assert found(plants, 0.1 * plants["tasks"], "exposure")["verdict"] == "in order"


def test_rows_that_could_not_count(plants):
    looked = np.random.default_rng(5).random(3000) < 0.7
    assert found(plants, 0.1 * plants["tasks"], "zeros", looked)["verdict"] == "look closer"
    assert found(plants, 0.1 * plants["tasks"], "zeros")["verdict"] == "in order"


def test_a_bend(plants):
    row = found(plants, 0.1 * plants["tasks"] * np.exp(0.2 * plants["x"] ** 2), "non-linearity")
    assert (row["verdict"], row["at"]) == ("look closer", "x")
    assert found(plants, 0.1 * plants["tasks"] * np.exp(0.2 * plants["x"]), "non-linearity")["verdict"] == "in order"
