"""How often a test says there is something where there is nothing, and how far off that may be by chance."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scipy.stats import binom

SIMULATIONS = [pytest.param(50, id="50"), pytest.param(500, id="500", marks=pytest.mark.slow)]


def false_alarms(says_so: Callable[[int], bool], simulations: int) -> int:
    """Count the seeds, from 0, under which a test raises an alarm although nothing is there."""
    return int(sum(bool(says_so(seed)) for seed in range(simulations)))


def band(level: float, simulations: int) -> tuple[int, int]:
    """Return the fewest and the most false alarms that a test of this level gives in 999 of 1,000 tries."""
    low, high = binom.ppf([0.0005, 0.9995], simulations, level)
    return int(low), int(high)


def at_level(
    says_so: Callable[[int], bool], simulations: int, level: float = 0.05, *, may_be_rarer: bool = False
) -> None:
    """Assert that false alarms lie within the band of the level; `may_be_rarer` for a test that is conservative."""
    low, high = band(level, simulations)
    seen = false_alarms(says_so, simulations)
    assert seen <= high, f"{seen} false alarms in {simulations}, at most {high} at level {level}"
    assert may_be_rarer or seen >= low, f"{seen} false alarms in {simulations}, at least {low} at level {level}"
