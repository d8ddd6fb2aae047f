"""The page on pooling names every option and each check it promises."""

from __future__ import annotations

from pathlib import Path

from welfare.stats.pooling import effect_sizes
from welfare.stats.pooling.fit import INTERVALS
from welfare.stats.pooling.heterogeneity import ESTIMATORS, SAME

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "pooling.md"


def test_every_option_and_every_way_to_make_an_effect_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in [*ESTIMATORS, *SAME, *INTERVALS, *effect_sizes.__all__])
