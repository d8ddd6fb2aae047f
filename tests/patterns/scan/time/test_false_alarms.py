"""Where nothing gathers in space and time, p-values of 0.05 or less are as rare as they say."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.patterns.scan.arrays import Cells, Reach
from welfare.patterns.scan.ratios import EXPECTATION, POISSON
from welfare.patterns.scan.time.permuting import draw, margins
from welfare.patterns.scan.time.search import highest

N, STEPS, REPLICATES, REACH = 16, 8, 39, Reach(max_steps=4)
POINTS = np.random.default_rng(100).random((N, 2))
BASE = np.repeat(np.random.default_rng(101).gamma(3, size=(N, 1)), STEPS, axis=1) * np.linspace(1, 2, STEPS)


def significant(cells: Cells, ratio: int, sets: np.ndarray) -> bool:
    best = highest(cells, ratio, REACH, np.concatenate([cells.cases[None], sets]))
    return bool((1 + (best[1:] >= best[0] * (1 - 1e-9)).sum()) / (1 + REPLICATES) <= 0.05)


def poisson(seed: int) -> bool:
    rng = np.random.default_rng(seed)
    sets = rng.multinomial(200, (BASE / BASE.sum()).ravel(), 1 + REPLICATES).reshape(-1, N, STEPS)
    return significant(Cells(POINTS, sets[0], BASE), POISSON, sets[1:])


def expectation(seed: int) -> bool:
    rng, base = np.random.default_rng(seed), 200 * BASE / BASE.sum()
    sets = rng.poisson(base, (1 + REPLICATES, N, STEPS))
    return significant(Cells(POINTS, sets[0], base), EXPECTATION, sets[1:])


def permutation(seed: int, *, planted: bool = False) -> bool:
    rng = np.random.default_rng(seed)
    # Places differ, and so do steps: neither is a cluster.
    rate = rng.gamma(2, size=(N, 1)) * rng.gamma(2, size=(1, STEPS))
    if planted:
        rate[np.ix_(np.argsort(np.linalg.norm(POINTS - POINTS[0], axis=1))[:4], [3, 4])] *= 6
    cells = margins(POINTS, rng.poisson(rate))
    return significant(cells, POISSON, draw(cells, rng, REPLICATES))


@pytest.mark.slow  # tests/patterns/scan/test_p_values.py asks the same of whole scans
@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("model", [poisson, expectation, permutation])
def test_false_alarms_come_at_the_level(model: object, simulations: int) -> None:
    at_level(model, simulations)


def test_an_alarm_can_be_raised() -> None:
    assert sum(map(partial(permutation, planted=True), range(20))) > 10
