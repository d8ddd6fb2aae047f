"""Separated rows, against the labelled sets of Correia, Guimaraes and Zylkin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.stats.separation import null_directions, separated_rows

LABELLED = ["01", "03", "05", "07", "09", "11", "13", "15", "17"]


@pytest.mark.parametrize("name", LABELLED)
def test_separated_rows_are_those_the_labels_name(shared: Path, name: str) -> None:
    df = pd.read_csv(shared / "data" / "reference" / "separation" / f"{name}.csv")
    slopes = df[[column for column in df if column.startswith("x")]]
    factors = [pd.get_dummies(df[column], prefix=column) for column in df if column.startswith("id")]
    design = pd.concat([slopes, *factors], axis=1).assign(constant=1).to_numpy(dtype=float)
    found = separated_rows(df["y"].to_numpy(dtype=float), design)
    assert found.tolist() == df["separated"].astype(bool).tolist()


def test_a_level_without_events_is_separated_and_an_overlapping_one_is_not() -> None:
    counts = np.array([0.0, 0.0, 3.0, 1.0, 0.0])
    level = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    assert separated_rows(counts, np.column_stack([np.ones(5), level])).tolist() == [True, True, False, False, False]
    assert not separated_rows(counts + level, np.column_stack([np.ones(5), level])).any()


def test_null_directions_find_the_combination_that_vanishes_whatever_its_units() -> None:
    tonnes = np.array([1.0, 2.0, 5.0, 7.0])
    design = np.column_stack([np.ones(4), tonnes, 1e6 * tonnes, [0.0, 1.0, 0.0, 1.0]])
    (direction,) = null_directions(design).T
    assert design @ direction == pytest.approx(np.zeros(4), abs=1e-9)
    assert direction[1] / direction[2] == pytest.approx(-1e6)
