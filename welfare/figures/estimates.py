"""Numbers with their doubt, one row each: ratios about a reference, and rates from zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from welfare.errors import BadParameter
from welfare.figures.numbers import interval
from welfare.figures.style import (
    BLUE,
    INK,
    MUTED,
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

# A ratio a hundred times off the reference is drawn as an arrow: its number still stands at the margin.
_FURTHEST = 100.0
_ROUND = (1, 2, 5)


@styled
def forest(
    table: pd.DataFrame,
    *,
    label: str = "term",
    value: str = "ratio",
    low: str = "ratio_low",
    high: str = "ratio_high",
    ax: Axes | None = None,
    log: bool = True,
    reference: float = 1.0,
    quantity: str = "ratio",
) -> Axes:
    """Draw ratios with their intervals about a reference, each number printed at the right margin.

    Parameters
    ----------
    table : DataFrame
        One row per estimate, in the order to be read.
    label, value, low, high : str
        Columns: what is estimated (text), the ratio, and the ends of its interval (all without unit). A value
        without an interval is drawn as a bare dot (a reference group); a missing value is written "not estimated".
    ax : Axes, optional
        Where to draw; new axes by default.
    log : bool
        Draw on a logarithmic scale, as ratios want: a doubling and a halving are then equally far.
    reference : float
        The value that means no difference.
    quantity : str
        What the values are, for the heading and the axis.

    Returns
    -------
    Axes
        What was drawn on.

    Notes
    -----
    An interval that reaches zero, infinity or a hundred times the reference ends in an arrow.
    """
    names, pitch, numbers = _columns(table, label, (value, low, high))
    ax = _row_axes(len(names), pitch) if ax is None else ax
    if log:
        ax.set_xscale("log")
        left, right = _log_limits(numbers, reference)
        ax.xaxis.set_major_locator(FixedLocator(round_ratios(left, right, reference)))
        ax.xaxis.set_minor_locator(FixedLocator([]))
    else:
        left, right = _linear_limits(np.append(numbers.ravel(), reference))
    ax.set_xlim(left, right)
    ax.axvline(reference, color=INK, linewidth=0.8, zorder=1)
    _draw_rows(ax, names, numbers, missing="not estimated", heading=f"{quantity} (interval)")
    scale = ", logarithmic scale" if log else ""
    joint = "\n" if narrow() else " "
    ax.set_xlabel(f"{quantity}{scale};{joint}the line at {reference:.3g} means no difference")
    return ax


@styled
def rates(
    table: pd.DataFrame,
    *,
    label: str,
    value: str = "rate",
    low: str = "low",
    high: str = "high",
    unit: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a rate per group as a dot with its interval, on a scale from zero.

    Parameters
    ----------
    table : DataFrame
        One row per group, in the order to be read.
    label, value, low, high : str
        Columns: the group (text), its rate, and the ends of its interval, all in `unit`. A missing rate is written
        "not collected" and has no dot.
    unit : str
        What the rate is of, e.g. ``"noncompliance records per 1,000 tasks"``.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    names, pitch, numbers = _columns(table, label, (value, low, high))
    ax = _row_axes(len(names), pitch) if ax is None else ax
    ax.set_xlim(*_linear_limits(np.append(numbers.ravel(), 0.0)))
    _draw_rows(ax, names, numbers, missing="not collected", heading="rate (interval)")
    ax.set_xlabel(unit)
    return ax


def _columns(table: pd.DataFrame, label: str, numbers: Sequence[str]) -> tuple[list[list[str]], float, np.ndarray]:
    absent = [name for name in (label, *numbers) if name not in table]
    if absent:
        raise BadParameter(f"the table to draw has no column {', '.join(map(repr, absent))}")
    values = table[list(numbers)].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return *row_labels(table[label]), values


def _row_axes(rows: int, pitch: float) -> Axes:
    return new_axes(height_in=0.85 + pitch * max(rows, 1))


def _linear_limits(values: np.ndarray) -> tuple[float, float]:
    """Return limits around the finite values; an end that is zero stays at zero."""
    finite = values[np.isfinite(values)]
    least, most = float(finite.min()), float(finite.max())
    room = 0.04 * ((most - least) or abs(most) or 1.0)
    return (0.0 if least == 0 else least - room), most + room


def _log_limits(numbers: np.ndarray, reference: float) -> tuple[float, float]:
    drawable = numbers[np.isfinite(numbers) & (numbers > 0)]
    least = max(min(drawable.min(initial=reference), reference), reference / _FURTHEST)
    most = min(max(drawable.max(initial=reference), reference), reference * _FURTHEST)
    room = max((most / least) ** 0.06, 1.05)
    return least / room, most * room


def round_ratios(left: float, right: float, reference: float) -> list[float]:
    """Return the reference and round numbers: 1, 2 and 5 times powers of ten, or plain steps on a short scale.

    Parameters
    ----------
    left, right : float
        Ends of a logarithmic axis, above 0.
    reference : float
        Always among the ticks; none other stands close to it.
    """
    powers = range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
    # Written as a fraction, 0.2 is 0.2; as 2 * 10**-1 it would not be.
    found = [step * 10.0**power if power >= 0 else step / 10.0**-power for power in powers for step in _ROUND]
    inside = [at for at in found if left <= at <= right]
    if len(inside) < 3:
        inside = [at for at in MaxNLocator(5).tick_values(left, right) if left <= at <= right and at > 0]
    # A tick beside the reference, not on it, would be printed over its number.
    near = (right / left) ** (0.1 if narrow() else 0.05)
    return sorted([reference, *(at for at in inside if at > reference * near or at < reference / near)])


def _draw_rows(ax: Axes, names: list[list[str]], numbers: np.ndarray, *, missing: str, heading: str) -> None:
    """Draw one dot and line per row, from the top down, with the numbers in the right margin."""
    left, right = ax.get_xlim()
    margin: Any = {"xycoords": ax.get_yaxis_transform(), "points": 12}
    for row, (value, low, high) in enumerate(numbers):
        if np.isnan(value):
            write_beside(ax, 1, row, missing, color=MUTED, style="italic", **margin)
            continue
        write_beside(ax, 1, row, interval(value, low, high), color=INK, **margin)
        if not (np.isnan(low) or np.isnan(high)):
            ax.plot([max(low, left), min(high, right)], [row, row], color=BLUE, linewidth=1.6, zorder=2)
        ends = ((left, "<", value < left or low < left), (right, ">", value > right or high > right))
        for at, shape, beyond in ends:
            if beyond:
                ax.plot([at], [row], shape, color=BLUE, markersize=5, clip_on=False, zorder=3)
        if left <= value <= right:
            ax.plot([value], [row], "o", color=BLUE, markersize=5.5, clip_on=False, zorder=3)
    write_beside(ax, 1, -1, heading, color=MUTED, fontsize=8, **margin)
    ax.set_ylim(*row_limits(len(names)))
    dress(ax, grid="x")
    name_rows(ax, names)
    plain_ticks(ax)


__all__ = ["forest", "rates"]
