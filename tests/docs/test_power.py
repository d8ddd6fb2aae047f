"""The power curves that the documentation shows are of this form, and begin where nothing is planted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binom

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIGURES = sorted((DOCS / "power").glob("*.csv"))
COLUMNS = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_power_rises_from_the_level_and_is_shown(path: Path) -> None:
    figures = pd.read_csv(path)
    assert figures.columns.tolist() == COLUMNS
    assert path.with_suffix(".py").is_file()
    assert f"power-{path.stem}.png" in (DOCS / "explanation" / "power.md").read_text(encoding="utf-8")
    assert (DOCS / "images" / f"power-{path.stem}.png").is_file()
    for test, rows in figures.groupby("test", sort=False):
        nothing, many = rows.iloc[0], int(rows["simulations"].iloc[0])
        most = binom.ppf(0.9995, many, 0.05) / many
        assert nothing["power"] <= most, f"{test}: {nothing['power']:.1%} false alarms"
        assert rows["power"].max() > max(0.5, 2 * nothing["power"]), f"{test} sees nothing at any strength tried"
        assert ((rows["low"] <= rows["power"] + 1e-9) & (rows["power"] <= rows["high"] + 1e-9)).all()


def test_there_is_a_curve_for_every_room() -> None:
    assert {"profiles", "scan", "scan_time", "practices", "monitor", "detection"} <= {path.stem for path in FIGURES}
