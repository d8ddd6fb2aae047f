"""Infinite hazard ratios against the definition: every pair of an event and a row at risk in one linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from welfare.stats.duration.hazards.at_risk import AtRisk, at_risk
from welfare.stats.duration.hazards.monotone import compared_with_none, separating


def drawn(seed: int) -> tuple[AtRisk, np.ndarray]:
    """Return few rows with few values, so that about half of the designs separate."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 14))
    entry = rng.integers(0, 4, n).astype(float)
    exit_ = entry + rng.integers(1, 6, n)
    event = rng.random(n) < 0.5
    event[0] = True
    stratum = np.sort(rng.integers(0, 2, n))
    stratum -= stratum.min()
    return at_risk(entry, exit_, event, stratum), rng.integers(0, 3, (n, int(rng.integers(1, 4)))).astype(float)


def pairs(rows: AtRisk, design: np.ndarray) -> np.ndarray:
    """Return x of the event less x of each row at risk then, one row per pair."""
    found = [
        design[i] - design[j]
        for i in np.flatnonzero(rows.event)
        for j in range(len(design))
        if rows.stratum[j] == rows.stratum[i] and rows.entry[j] < rows.exit[i] <= rows.exit[j]
    ]
    return np.array(found)


@pytest.mark.parametrize("seed", range(120))
def test_a_direction_is_found_just_where_one_exists(seed: int) -> None:
    rows, design = drawn(seed)
    every = pairs(rows, design)
    answer = linprog(-every.sum(axis=0), -every, np.zeros(len(every)), bounds=[(-1, 1)] * design.shape[1])
    exists = -answer.fun > 1e-7
    found = separating(rows, design)
    assert (found is not None) == exists
    if found is None:
        return
    assert (every @ found > -1e-6 * np.abs(found).max()).all()
    assert (every @ found).sum() > 0
    out = compared_with_none(rows, design, found)
    # Out are rows at risk at some event, at each of which the row that had it reaches strictly further.
    reach = design @ found / max(np.ptp(design @ found), 1e-300)
    for j in range(len(design)):
        there = [
            reach[i]
            for i in np.flatnonzero(rows.event)
            if rows.stratum[j] == rows.stratum[i] and rows.entry[j] < rows.exit[i] <= rows.exit[j]
        ]
        assert out[j] == (bool(there) and min(there) > reach[j] + 1e-7)


def test_about_half_of_the_designs_separate() -> None:
    found = [separating(*drawn(seed)) is not None for seed in range(120)]
    assert 0.2 < np.mean(found) < 0.8
