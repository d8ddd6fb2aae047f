"""Where no practice matters, searches name one no more often than their level, though facilities differ."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.patterns.nulls import SIMULATIONS, at_level
from tests.patterns.practices.made_up import CONDITIONS, panel
from tests.patterns.practices.narratives_made_up import findings
from welfare.patterns.practices.narratives.terms import narrative_terms
from welfare.patterns.practices.subsets import practices

PANELS = {
    "facilities and rows differ": {},
    "chance alone": {"between": 0.0, "within": 0.0},
    "facilities differ much": {"between": 1.0, "within": 0.5, "expected": 4.0},
    "a few facilities are far beyond the others": {"between": 1.0, "tail": "lognormal", "expected": 4.0},
    "one row each": {"rows": 1, "between": 0.5, "within": 0.0, "facilities": 300, "expected": 4.0},
}

_LATER = ("chance alone", "facilities differ much")  # the easier ones
MADE = [pytest.param(name, marks=[pytest.mark.slow] if name in _LATER else []) for name in PANELS]


def fewest(simulations: int) -> int:
    return 39 if simulations == 50 else 99


def conditions(simulations: int) -> list[str]:
    return CONDITIONS[1:] if simulations == 50 else CONDITIONS  # the first has most values, and takes half the time


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("made", MADE)
def test_the_search_names_a_practice_at_its_level(made, simulations):
    def says_so(seed: int) -> bool:
        df = panel(seed, **{"facilities": 100, **PANELS[made]})
        how = {"replicates": fewest(simulations), "confirm": None, "most": 1, "seed": seed}
        return practices(df, conditions=conditions(simulations), **how).table["p_value"][0] <= 0.05

    at_level(says_so, simulations, may_be_rarer=True)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_the_part_held_out_confirms_at_its_level_what_the_search_names(simulations):
    def says_so(seed: int) -> bool:
        how = {"replicates": fewest(simulations), "most": 1, "seed": seed}
        confirmed = practices(panel(seed, facilities=120), conditions=conditions(simulations), **how).table[
            "confirmed"
        ][0]
        return confirmed is not pd.NA and bool(confirmed)

    at_level(says_so, simulations, may_be_rarer=True)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_words_mark_findings_at_their_level(simulations):
    def says_so(seed: int) -> bool:
        how = {"replicates": fewest(simulations), "confirm": None, "most": 1, "seed": seed}
        return (
            narrative_terms(findings(seed, facilities=30 if simulations == 50 else 60), **how).table["p_value"][0]
            <= 0.05
        )

    at_level(says_so, simulations)
