"""Shares over time: survival curves with those at risk beneath, cumulative incidence, and spells as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from welfare.errors import BadParameter
from welfare.figures.style import (
    BLUE,
    GREY,
    INK,
    MUTED,
    OCHRE,
    PAPER,
    PLUM,
    dress,
    narrow,
    new_axes,
    plain_ticks,
    styled,
)

_COLOURS = (BLUE, OCHRE, PLUM, INK, GREY)
_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
_MOST, _STILL = 10, 0.05
_BEYOND = 1.012  # of the time axis: so that a step at its very end is seen
_APART = 0.055  # of the axis' height: between the labels of two curves


@styled
def survival_curves(
    table: pd.DataFrame,
    at: Callable[[Sequence[float]], pd.DataFrame],
    *,
    time: str,
    until: float | None = None,
    quantity: str = "share still without the event",
    ax: Axes | None = None,
) -> Axes:
    """Draw a falling step curve per group with its band, and how many are at risk beneath.

    Parameters
    ----------
    table : DataFrame
        Columns group, time, at_risk, survival, low, high.
    at : callable
        Of times, returns a frame with group, time, at_risk.
    time : str
        What the horizontal axis is called, unit included.
    until : float, optional
        Where it ends; by default where a twentieth of the most at risk still are.
    quantity : str
        What the vertical axis is called.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    groups = _groups(table["group"])
    end = _end(table, until)
    ax = new_axes(height_in=3.9 + 0.17 * len(groups)) if ax is None else ax
    ends = []
    for (name, colour, style), label in zip(_looks(groups), groups, strict=True):
        own = table[table["group"] == label]
        last = min(end, float(own["time"].max()))  # beyond, nobody was observed
        own = own[own["time"] <= end]
        x = np.concatenate([[0.0], own["time"], [last]])
        share, low, high = (_steps(own[column]) for column in ("survival", "low", "high"))
        x, share, low, high = x[: len(share)], share, low, high
        ax.fill_between(x, low, high, step="post", color=colour, alpha=0.16, linewidth=0)
        ax.step(x, share, where="post", color=colour, linewidth=1.7, linestyle=style)
        ends.append((float(share[~np.isnan(share)][-1]), name, colour))
    ax.set_xlim(0, end)
    ax.set_ylim(0, 1.005)
    _per_cent(ax)
    ax.set_ylabel(quantity)
    _label_ends(ax, ends if len(groups) > 1 else [])
    dress(ax, grid="y", spines=("bottom",))
    _at_risk(ax, at, groups, time)
    return ax


def _steps(values: pd.Series) -> np.ndarray:
    """Return a curve from 1 on, its last value carried to where drawing ends."""
    known = values.to_numpy(dtype=float)
    return np.concatenate([[1.0], known, known[-1:] if len(known) else [1.0]])


def _groups(column: pd.Series) -> list[str]:
    groups = list(dict.fromkeys(column))
    if len(groups) > _MOST:
        raise BadParameter(
            f"{len(groups)} groups are too many for one figure",
            where="plot",
            spoiled="No reader could tell the curves apart.",
            todo=f"Choose at most {_MOST}, or join groups.",
        )
    return groups


def _looks(groups: list[str]) -> list[tuple[str, str, object]]:
    styles = [style for style in _STYLES for _ in _COLOURS]
    return list(islice(zip(map(str, groups), cycle(_COLOURS), styles, strict=False), len(groups)))


def _end(table: pd.DataFrame, until: float | None) -> float:
    """Return what was asked, or the last time at which a twentieth of the most at risk, in some group, still are."""
    if until is not None:
        if not until > 0:
            raise BadParameter(
                f"until={until} is no time after 0",
                where="plot(until=)",
                spoiled="Nothing would be drawn.",
                todo="Give a time in the unit of the axis.",
            )
        return float(until)
    found = []
    for _, own in table.groupby("group", sort=False):
        enough = own["at_risk"] >= _STILL * own["at_risk"].max()
        found.append(float(own["time"][enough].max()))
    return max(found)


def _per_cent(ax: Axes) -> None:
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))


def _label_ends(ax: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write the name of each curve beside its end, apart where curves end together."""
    bottom, top = ax.get_ylim()
    heights = _apart(np.array([(value - bottom) / (top - bottom) for value, _, _ in ends]))
    for height, (_, name, colour) in zip(heights, ends, strict=True):
        ax.annotate(
            name,
            (1, height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center_baseline",
            color=colour,
            fontweight="bold",
        )


def _apart(heights: np.ndarray) -> np.ndarray:
    """Move heights as little as need be for each to stand `_APART` from the next, within the axis."""
    order = np.argsort(heights, kind="stable")
    steps = _APART * np.arange(len(heights))
    blocks: list[tuple[float, int]] = []  # mean and size of runs that touch, from below
    for level in heights[order] - steps:
        mean, size = float(level), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (mean * size + before * many) / (size + many), size + many
        blocks.append((mean, size))
    levels = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    placed = np.empty(len(heights))
    placed[order] = np.clip(levels, 0.02, max(0.02, 1.0 - steps[-1:].sum())) + steps
    return placed


def _at_risk(ax: Axes, at: Callable[[Sequence[float]], pd.DataFrame], groups: list[str], time: str) -> None:
    """Write how many of each group are at risk below the ticks of the time axis."""
    left, right = ax.get_xlim()
    ticks = [tick for tick in MaxNLocator(4 if narrow() else 7).tick_values(left, right) if left <= tick <= right]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    plain_ticks(ax)
    ax.set_xlabel(time, labelpad=4)
    counts = at(ticks).set_index(["group", "time"])["at_risk"]
    down, line = -40.0, 12.5
    look: Any = {"annotation_clip": False, "textcoords": "offset points", "va": "center_baseline", "fontsize": 8}
    ax.annotate("at risk", (0, 0), xycoords="axes fraction", xytext=(-20, down), ha="right", color=MUTED, **look)
    for row, ((name, colour, _), label) in enumerate(zip(_looks(groups), groups, strict=True)):
        y = down - line * row - (line if len(groups) > 1 else 0)
        if len(groups) > 1:
            ax.annotate(name, (0, 0), xycoords="axes fraction", xytext=(-20, y), ha="right", color=colour, **look)
        for tick in ticks:
            number = f"{int(counts.loc[(label, tick)]):,}"
            ax.annotate(
                number, (tick, 0), xycoords=("data", "axes fraction"), xytext=(0, y), ha="center", color=INK, **look
            )


@styled
def incidence_curves(table: pd.DataFrame, *, time: str, until: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share with each kind of event: stacked for one group, a line per group and kind for several.

    Parameters
    ----------
    table : DataFrame
        Columns group, cause, time, at_risk, incidence, low, high.
    time : str
        What the horizontal axis is called, unit included.
    until : float, optional
        Where it ends; by default where a twentieth of the most at risk still are.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    end = _end(table, until)
    ax = new_axes() if ax is None else ax
    ends = _stacked(ax, table, end) if len(table["group"].unique()) == 1 else _side_by_side(ax, table, end)
    ax.set_xlim(0, end * _BEYOND)
    ax.set_ylim(0, None)
    _per_cent(ax)
    ax.set_xlabel(time)
    ax.set_ylabel("share with the event")
    plain_ticks(ax)
    _label_ends(ax, ends)
    return dress(ax, grid="y", spines=("bottom",))


def _stacked(ax: Axes, table: pd.DataFrame, end: float) -> list[tuple[float, str, str]]:
    causes = _groups(table["cause"])
    base: np.ndarray | None = None
    ends = []
    for name, colour, _ in _looks(causes):
        x, share = _rising(table[table["cause"] == name], "incidence", end)
        base = np.zeros_like(share) if base is None else base
        ax.fill_between(x, base, base + share, step="post", color=colour, linewidth=0)
        ax.step(x, base + share, where="post", color=PAPER, linewidth=0.8)
        ends.append((float(base[-1] + share[-1] / 2), f"{name} {100 * share[-1]:.0f}%", colour))
        base = base + share
    return ends


def _side_by_side(ax: Axes, table: pd.DataFrame, end: float) -> list[tuple[float, str, str]]:
    """Draw a line per group and kind of event: kinds by colour, groups by how the line is broken."""
    causes, groups = _groups(table["cause"]), _groups(table["group"])
    colours = {name: colour for name, colour, _ in _looks(causes)}
    styles = dict(zip(groups, cycle(_STYLES), strict=False))
    ends = []
    for group, cause in dict.fromkeys(zip(table["group"], table["cause"], strict=True)):
        own = table[(table["group"] == group) & (table["cause"] == cause)]
        x, share = _rising(own, "incidence", end)
        low, high = (_rising(own, column, end)[1] for column in ("low", "high"))
        ax.fill_between(x, low, high, step="post", color=colours[cause], alpha=0.13, linewidth=0)
        ax.step(x, share, where="post", color=colours[cause], linewidth=1.7, linestyle=styles[group])
        ends.append((float(share[-1]), f"{group}: {cause}", colours[cause]))
    return ends


def _rising(own: pd.DataFrame, column: str, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve from 0 on, its last value carried to the end, or a hair beyond the last time observed."""
    inside = own[own["time"] <= end]
    values = inside[column].to_numpy(dtype=float)
    last = values[-1:] if len(values) else np.zeros(1)
    x = np.concatenate([[0.0], inside["time"], [min(end, float(own["time"].max())) + (_BEYOND - 1) * end]])
    return x, np.concatenate([[0.0], values, last])


@styled
def timelines(table: pd.DataFrame, *, unit: str, most: int = 25, ax: Axes | None = None) -> Axes:
    """Draw the spells of units as lines over calendar time, with a dot where an event ended one.

    Parameters
    ----------
    table : DataFrame
        Columns `unit`, start, end (dates), event.
    unit : str
        Whose spells they are.
    most : int
        How many units to draw, the first of the table.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    units = list(dict.fromkeys(table[unit]))
    shown = units[:most]
    ax = new_axes(height_in=0.8 + 0.2 * len(shown)) if ax is None else ax
    for row, name in enumerate(shown):
        own = table[table[unit] == name]
        ax.hlines(np.full(len(own), row), own["start"], own["end"], color=BLUE, linewidth=1.3)
        came = own[own["event"] == 1]
        ax.plot(came["end"], np.full(len(came), row), "o", color=OCHRE, markersize=4.5)
    ax.set_yticks(range(len(shown)), [str(name) for name in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_ylabel(unit.replace("_", " "))
    rest = f" ({len(shown)} of {len(units):,})" if len(units) > len(shown) else ""
    ax.set_xlabel(f"under observation, with a dot where an event came{rest}")
    return dress(ax, grid="x")


__all__ = ["incidence_curves", "survival_curves", "timelines"]
