"""What a change costs animals, in hours of pain at each intensity: never added up, never one number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from welfare.errors import BadParameter
from welfare.figures.numbers import interval, tick
from welfare.figures.style import BLUE, GREY, INK, MUTED, OCHRE, PAPER, dress, narrow, new_axes, styled

_COLUMNS = ("line", "unit", "low", "median", "high")
# Rows whose widest values differ by less than this share one scale; beyond it the smaller would vanish.
_ONE_SCALE = 4.0


class _Layout(NamedTuple):
    """Where the parts of a row stand, in shares of the figure's width and of the row's height."""

    pitch: float  # inch per row
    left: float
    width: float
    foot: float
    height: float
    label: tuple[float, float]  # point above the middle; where the unit stands, 0: below the line's name


_ON_A_PAGE = _Layout(0.55, 0.285, 0.47, 0.42, 0.5, (1.5, 0.0))
_ON_A_TELEPHONE = _Layout(0.72, 0.0, 0.58, 0.3, 0.36, (12.0, 0.4))


@styled
def hours(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the difference in hours at each pain intensity, on both sides of zero.

    Parameters
    ----------
    table : DataFrame
        One row per intensity, in the order to be read. Columns: line (text), unit (text, e.g. ``hour / bird``), and
        low, median, high: the difference in that unit, below zero where the change brings less pain. A row
        without a median is written "not estimated".
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on; the rows are axes within it.

    Notes
    -----
    Where the intensities differ by more than fourfold each has its own scale, zero above zero: lengths are then
    comparable within a row only, and the figure says so. A hollow dot marks a value whose interval holds zero, or
    that has none.
    """
    absent = [name for name in _COLUMNS if name not in table]
    if absent:
        raise BadParameter(f"the table of hours has no column {', '.join(map(repr, absent))}")
    numbers = table[["low", "median", "high"]].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    count = max(len(table), 1)
    at_hand = _ON_A_TELEPHONE if narrow() else _ON_A_PAGE
    ax = new_axes(height_in=0.75 + at_hand.pitch * count) if ax is None else ax
    ax.set_axis_off()
    left, right = at_hand.left, at_hand.left + at_hand.width
    of = "" if narrow() else " hours"
    ax.text(left, 1.0, f"◂ fewer{of}: better", ha="left", va="bottom", color=BLUE, transform=ax.transAxes)
    ax.text(right, 1.0, f"more{of}: worse ▸", ha="right", va="bottom", color=OCHRE, transform=ax.transAxes)
    reach, own = _reach(numbers)
    step = 0.92 / count
    for row, (line, unit, limits) in enumerate(zip(table["line"], table["unit"], reach, strict=True)):
        bottom = 0.98 - (row + 1) * step
        inner = ax.inset_axes((left, bottom + at_hand.foot * step, at_hand.width, at_hand.height * step))
        _draw_row(inner, numbers[row], limits)
        middle = bottom + (at_hand.foot + at_hand.height / 2) * step
        at: Any = {"xycoords": ax.transAxes, "textcoords": "offset points", "va": "baseline"}
        up, beside = at_hand.label
        ax.annotate(str(line), (0.0, middle), xytext=(0, up), color=INK, **at)
        ax.annotate(
            str(unit), (beside, middle), xytext=(0, up if beside else up - 10.5), color=MUTED, fontsize=7.5, **at
        )
        known = not np.isnan(numbers[row, 1])
        words = _signed(numbers[row]) if known else "not estimated"
        look: Any = {"color": INK} if known else {"color": MUTED, "style": "italic"}
        ax.text(right + 0.03, middle, words, va="center_baseline", transform=ax.transAxes, **look)
    ax.text(0.0, 0.0, _note(numbers, own), va="top", color=MUTED, fontsize=7.5, transform=ax.transAxes)
    return ax


def _reach(numbers: np.ndarray) -> tuple[list[float], bool]:
    """Return how far each row reaches from zero, and whether the rows need scales of their own."""
    furthest = np.nanmax(np.abs(np.nan_to_num(numbers)), axis=1) if len(numbers) else np.array([])
    drawn = furthest[furthest > 0]
    if not len(drawn):
        return [1.0] * len(furthest), False
    own = bool(drawn.max() > _ONE_SCALE * drawn.min())
    wide = np.where(furthest > 0, furthest, 1.0) if own else np.full(len(furthest), drawn.max())
    return [float(reach) * 1.12 for reach in wide], own


def _note(numbers: np.ndarray, own: bool) -> str:
    joint = "\n" if narrow() else " "
    scale = "Each row has its own scale." if own else "All rows share one scale."
    hollow = " A hollow dot: the interval holds zero." if any(_undecided(row) for row in numbers) else ""
    return f"{scale}{hollow}{joint}Intensities are not added together."


def _undecided(numbers: np.ndarray) -> bool:
    low, median, high = numbers
    return not np.isnan(median) and not (low > 0 or high < 0)


def _signed(numbers: np.ndarray) -> str:
    low, median, high = numbers
    plus = "+" if median > 0 else ""
    return plus + interval(median, low, high).replace("–", " to ")


def _draw_row(ax: Axes, numbers: np.ndarray, reach: float) -> None:
    low, median, high = numbers
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-1, 1)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    if not np.isnan(median):
        colour = OCHRE if median > 0 else BLUE
        if not (np.isnan(low) or np.isnan(high)):
            ax.plot([low, high], [0, 0], color=colour, linewidth=2, zorder=2)
        inside = PAPER if _undecided(numbers) else colour
        ax.plot([median], [0], "o", color=colour, markerfacecolor=inside, markersize=6, zorder=3)
    ends = _round_down(reach / 1.12)
    ax.set_xticks([-ends, 0, ends], [tick(-ends), "0", f"+{tick(ends)}"])
    ax.set_yticks([])
    dress(ax)
    ax.tick_params(axis="x", labelsize=7, pad=2, length=2, color=GREY)


def _round_down(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten not above the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value * 1.0001))


__all__ = ["hours"]
