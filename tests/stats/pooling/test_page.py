"""The page on pooling names every option; examples in docstrings give what they show."""

from __future__ import annotations

import doctest
from pathlib import Path

from welfare.stats.pooling import own_fits, pool
from welfare.stats.pooling.estimating.fit import INTERVALS
from welfare.stats.pooling.estimating.heterogeneity import ESTIMATORS, SAME
from welfare.stats.pooling.printed import effect_sizes

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "pooling.md"


def test_every_option_and_every_way_to_make_an_effect_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in [*ESTIMATORS, *SAME, *INTERVALS, *effect_sizes.__all__])


def test_examples_in_docstrings_give_what_they_show():
    for module in (pool, own_fits):
        outcome = doctest.testmod(module)
        assert outcome.attempted > 0
        assert outcome.failed == 0
