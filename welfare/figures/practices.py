"""Combinations or terms that a search named: their ratio where they were sought, and where they were tried again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from welfare.errors import BadParameter
from welfare.figures.estimates import round_ratios
from welfare.figures.numbers import interval
from welfare.figures.style import (
    BLUE,
    INK,
    MUTED,
    OCHRE,
    PAPER,
    dress,
    name_rows,
    narrow,
    new_axes,
    plain_ticks,
    row_labels,
    row_limits,
    styled,
    write_beside,
)

_SMALLEST = 0.05  # ratios and limits below this are drawn as an arrow: a logarithmic axis has no 0
_APART, _PITCH = 0.14, 0.42  # of the two marks of a row, rows; of rows, inch


@styled
def found_and_held_out(table: pd.DataFrame, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """Draw each combination's ratio where it was sought as a ring, and where it was held out with its interval.

    Parameters
    ----------
    table : DataFrame
        One row per combination, in the order to be read: conditions (text), ratio, held_out_ratio, held_out_low,
        held_out_high; the last three missing where nothing was held out.
    level : float
        Coverage of the intervals.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    BadParameter
        If the table has no row.
    """
    if table.empty:
        raise BadParameter("the table has no row", where="found_and_held_out", todo="Draw a table of combinations.")
    found = table["ratio"].to_numpy(dtype=float)
    again = table[["held_out_ratio", "held_out_low", "held_out_high"]].to_numpy(dtype=float)
    names, pitch = row_labels(table["conditions"])
    ax = new_axes(height_in=1.25 + max(pitch, _PITCH) * len(names)) if ax is None else ax
    _scale(ax, found, again)
    ax.axvline(1.0, color=INK, linewidth=0.8, zorder=1)
    left = ax.get_xlim()[0]
    rows = np.arange(len(found))
    ring: Any = {"color": OCHRE, "markerfacecolor": PAPER, "markersize": 6, "linestyle": "none", "zorder": 3}
    ax.plot(np.maximum(found, left), rows - _APART, "o", label="where it was sought (too high)", **ring)
    for row, (ratio, low, high) in enumerate(again):
        if np.isfinite(ratio):
            _draw(ax, row + _APART, ratio, low, high)
    ax.plot([], [], "s-", color=BLUE, markersize=5, linewidth=1.3, label=f"held out ({level * 100:g}% interval)")
    _print_numbers(ax, found, again, level)
    ax.set_ylim(*row_limits(len(names)))
    dress(ax, grid="x")
    name_rows(ax, names)
    plain_ticks(ax)
    joint = "\n" if narrow() else " "
    ax.set_xlabel(f"observed for each expected,{joint}logarithmic scale")
    below = -(0.85 if narrow() else 0.6) / (max(pitch, _PITCH) * len(names))  # 0.6 inch under the axis
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, below), ncol=1 if narrow() else 2)
    return ax


def _scale(ax: Axes, found: np.ndarray, again: np.ndarray) -> None:
    """Set a logarithmic axis that holds 1, all ratios, and intervals up to twice as far."""
    ratios = np.concatenate([found, again[:, 0], [1.0]])
    ratios = np.maximum(ratios[np.isfinite(ratios)], _SMALLEST)
    room = np.log(2) + np.log(ratios.max() / ratios.min())
    ends = np.concatenate([ratios, np.maximum(again[np.isfinite(again)], _SMALLEST)])
    low = max(ends.min(), ratios.min() * np.exp(-room), _SMALLEST)
    high = min(ends.max(), ratios.max() * np.exp(room))
    pad = (high / low) ** 0.05 * 1.02
    low, high = float(low / pad), float(high * pad)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.xaxis.set_major_locator(FixedLocator(round_ratios(low, high, 1.0)))
    ax.xaxis.set_minor_locator(NullLocator())


def _draw(ax: Axes, row: float, ratio: float, low: float, high: float) -> None:
    left, right = ax.get_xlim()
    ax.plot([max(low, left), min(high, right)], [row, row], color=BLUE, linewidth=1.3, zorder=2)
    for at, shape, beyond in ((left, "<", low < left), (right, ">", high > right)):
        if beyond:
            ax.plot([at], [row], shape, color=BLUE, markersize=5, clip_on=False, zorder=4)
    ax.plot([max(ratio, left)], [row], "s", color=BLUE, markersize=5, zorder=4)


def _print_numbers(ax: Axes, found: np.ndarray, again: np.ndarray, level: float) -> None:
    margin: Any = {"xycoords": ax.get_yaxis_transform(), "points": 12}
    for row, (sought, (ratio, low, high)) in enumerate(zip(found, again, strict=True)):
        write_beside(ax, 1, row - _APART, interval(sought, np.nan, np.nan), color=MUTED, **margin)
        said = interval(ratio, low, high) if np.isfinite(ratio) else "none held out"
        write_beside(ax, 1, row + _APART, said, color=INK, **margin)
    head = f"ratio ({level * 100:g}%)" if narrow() else f"ratio ({level * 100:g}% interval)"
    write_beside(ax, 1, row_limits(len(found))[1] + 0.05, head, color=MUTED, fontsize=8, **margin)


__all__ = ["found_and_held_out"]
