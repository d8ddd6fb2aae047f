"""Draw the power curves beside this file: `make power` after the scripts beside it have written their figures.

    python docs/power/draw.py

Each csv gives one picture, docs/images/power-NAME.png, one panel a test: how often it raised the alarm (of so many
simulations, with Wilson's interval) against how much was planted. The first row of each test plants nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from welfare.figures.style import BLUE, INK, MUTED, dress, styled, to_png

HERE = Path(__file__).parent
IMAGES = HERE.parent / "images"
LEVEL = 0.05
_ACROSS = 3


def panel(test: str, rows: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one test's curve."""
    x, y = rows["effect"].to_numpy(float), rows["power"].to_numpy(float)
    ax.axhline(LEVEL, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    ax.vlines(x, rows["low"], rows["high"], color=BLUE, linewidth=2.2, alpha=0.6)
    ax.plot(x, y, "o-", color=BLUE, markersize=4, linewidth=1.2)
    ax.set_ylim(-0.03, 1.03)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "50%", "", "100%"])
    ax.set_title(test, fontsize=8.5, color=INK, loc="left", wrap=True)
    ax.set_xlabel(str(rows["effect_unit"].iloc[0]))
    return dress(ax, grid="y", spines=("bottom", "left"))


@styled
def page(figures: pd.DataFrame) -> Figure:
    """Draw every test of one room."""
    tests = list(figures.groupby("test", sort=False))
    down = int(np.ceil(len(tests) / _ACROSS))
    sheet = Figure(figsize=(9.4, 2.6 * down), layout="constrained")
    for at, (test, rows) in enumerate(tests, start=1):
        panel(str(test), rows, sheet.add_subplot(down, _ACROSS, at))
    return sheet


def main() -> None:
    """Draw every csv beside this file."""
    for path in sorted(HERE.glob("*.csv")):
        to_png(page(pd.read_csv(path)), IMAGES / f"power-{path.stem}.png")


if __name__ == "__main__":
    main()
