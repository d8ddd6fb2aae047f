"""Separated rows, against the labelled sets of Correia, Guimaraes and Zylkin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from welfare.stats.design.build import usable
from welfare.stats.design.formula import read_formula
from welfare.stats.design.separation import _pushed, null_directions, separated_rows
from welfare.stats.glm.columns import Columns

LABELLED = ["01", "03", "05", "07", "09", "11", "13", "15", "17"]


def labelled(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "reference" / "separation" / f"{name}.csv")


def found_by(outcome, design, upper=None) -> np.ndarray:
    return separated_rows(np.asarray(outcome, dtype=float), Columns(np.asarray(design, dtype=float)), upper)


@pytest.mark.parametrize("name", LABELLED)
def test_separated_rows_are_those_the_labels_name(shared: Path, name: str) -> None:
    df = labelled(shared, name)
    slopes = df[[column for column in df if column.startswith("x")]]
    factors = [pd.get_dummies(df[column], prefix=column) for column in df if column.startswith("id")]
    design = pd.concat([slopes, *factors], axis=1).assign(constant=1)
    assert found_by(df["y"], design).tolist() == df["separated"].astype(bool).tolist()


def left_out(df: pd.DataFrame, terms: list[str], effects: list[str]) -> list[int]:
    """Rows that the design leaves out as separated, the effects absorbed."""
    formula = read_formula(f"y ~ {' + '.join(terms)} | {' + '.join(effects)}", df)
    reasons = np.full(len(df), None, dtype=object)
    usable(formula, df, reasons, None)
    return np.flatnonzero(reasons == "separated").tolist()


@pytest.mark.parametrize("name", ["01", "03", "07", "13"])
def test_with_fixed_effects_absorbed_the_same_rows_are_left_out(shared: Path, name: str) -> None:
    df = labelled(shared, name)
    effects = [column for column in df if column.startswith("id")]
    rows = df.assign(noise=np.random.default_rng(1).normal(size=len(df)))
    terms = [column for column in df if column.startswith("x")] or ["noise"]
    assert left_out(rows, terms, effects) == df.index[df["separated"].astype(bool)].tolist()


@pytest.mark.parametrize("name", ["fe1", "fe3"])
def test_absorbed_effects_and_dummies_judge_alike(shared: Path, name: str) -> None:
    df = labelled(shared, name)
    terms = [column for column in df if column.startswith("x")]
    effects = [column for column in df if column not in ("y", *terms)]
    design = pd.concat([df[terms], *(pd.get_dummies(df[column], prefix=column) for column in effects)], axis=1)
    assert left_out(df, terms, effects) == np.flatnonzero(found_by(df["y"], design)).tolist()


def test_a_level_without_events_is_separated_and_an_overlapping_one_is_not() -> None:
    counts = np.array([0.0, 0.0, 3.0, 1.0, 0.0])
    level = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    assert found_by(counts, np.column_stack([np.ones(5), level])).tolist() == [True, True, False, False, False]
    assert not found_by(counts + level, np.column_stack([np.ones(5), level])).any()


def test_a_share_is_separated_at_either_bound() -> None:
    share = np.array([0.0, 0.3, 0.6, 1.0, 1.0])
    level = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    design = np.column_stack([np.ones(5), level])
    assert found_by(share, design, upper=1.0).tolist() == [False, False, False, True, True]
    assert not found_by(np.where(level == 1, [0, 0, 0, 0.0, 1.0], share), design, upper=1.0).any()


def test_null_directions_find_the_combination_that_vanishes_whatever_its_units() -> None:
    tonnes = np.array([1.0, 2.0, 5.0, 7.0])
    design = np.column_stack([np.ones(4), tonnes, 1e6 * tonnes, [0.0, 1.0, 0.0, 1.0]])
    (direction,) = null_directions(design).T
    assert design @ direction == pytest.approx(np.zeros(4), abs=1e-9)
    assert direction[1] / direction[2] == pytest.approx(-1e6)


def by_one_programme(moves: np.ndarray) -> np.ndarray:
    """Ask the same of all rows in one linear programme: as many as can be are moved up by 1, none down."""
    n, m = moves.shape
    answer = linprog(
        np.concatenate([np.zeros(m), -np.ones(n)]),
        A_ub=np.hstack([-moves, np.eye(n)]),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * m + [(0, 1)] * n,
    )
    return answer.x[m:] > 0.5


@settings(deadline=None, max_examples=150)
@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=st.integers(-2, 2)))
def test_rows_pushed_up_are_those_of_one_programme_over_all(moves):
    assert _pushed(moves.astype(float)).tolist() == by_one_programme(moves.astype(float)).tolist()


def test_planted_directions_are_found_among_very_many_rows():
    rng = np.random.default_rng(3)
    moves = rng.normal(size=(60_000, 3))
    assert not _pushed(moves).any()
    some = rng.random(60_000) < 0.2
    moves[:, 1] = np.abs(moves[:, 1]) * some
    assert _pushed(moves).tolist() == some.tolist()
    # A second direction, felt by rows of its own once the first is known.
    others = ~some & (rng.random(60_000) < 0.1)
    moves[:, 2] = np.where(others, -np.abs(moves[:, 2]), 0)
    moves[:, 0] = np.where(some | others, 0, moves[:, 0])
    assert _pushed(moves).tolist() == (some | others).tolist()
