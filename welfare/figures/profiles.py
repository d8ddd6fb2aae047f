"""Facilities against what was expected of them, and counts side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.scale import FuncScale
from matplotlib.ticker import FixedLocator
from scipy.special import pdtrik

from welfare.errors import BadParameter
from welfare.figures.numbers import short
from welfare.figures.style import (
    BLUE,
    GREY,
    INK,
    MUTED,
    OCHRE,
    PAPER,
    PLUM,
    dress,
    many,
    name_rows,
    narrow,
    new_axes,
    plain_ticks,
    row_labels,
    row_limits,
    styled,
    write_beside,
)

_LEVELS = (0.95, 0.998)
_FLAGS = {
    "": ("o", BLUE, "not flagged"),
    "above": ("^", OCHRE, "flagged: more than expected"),
    "below": ("v", PLUM, "flagged: fewer than expected"),
}
_RATIO_TICKS = (0, 0.25, 1, 2, 4, 8, 16, 32, 64, 128)


def funnel_limits(
    expected: np.ndarray, level: float, *, phi: float = 1.0, tau2: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratios between which chance alone would keep a facility.

    Parameters
    ----------
    expected : array of float
        Expected counts, events; above zero.
    level : float
        Share of facilities chance keeps within, e.g. 0.95.
    phi : float
        Overdispersion: how many times the Poisson variance the counts vary by.
    tau2 : float
        Variance of the true ratios between facilities, without unit.

    Returns
    -------
    low, high : array of float
        Ratios of observed to expected. A facility at or beyond `high` has a count so large that chance gives it or
        a larger one with probability at most ``(1 - level) / 2``; likewise below. Between whole counts the limit
        runs smoothly, on the Poisson distribution's continuous extension.

    Notes
    -----
    With overdispersion the distance of each limit from 1, on the square-root scale on which the figure is drawn, is
    multiplied by ``sqrt(phi + tau2 * expected)``: the factor by which the standard deviation of the root of the
    ratio grows. With none of it the limits are exactly Poisson's.
    """
    tail = (1 - level) / 2
    # pdtrik finds the count k with P(X <= k) = p. The upper limit is inclusive, P(X >= k) = tail, hence one more.
    low = pdtrik(tail, expected) / expected
    high = (pdtrik(1 - tail, expected) + 1) / expected
    wider = np.sqrt(phi + tau2 * expected)
    low, high = (1 + (np.sqrt(limit) - 1) * wider for limit in (low, high))
    return np.maximum(0.0, low) ** 2, high**2


@styled
def funnel(
    table: pd.DataFrame,
    *,
    phi: float = 1.0,
    tau2: float = 0.0,
    limits: pd.DataFrame | None = None,
    sizes: str = "expected events",
    ax: Axes | None = None,
) -> Axes:
    """Draw each facility's ratio of observed to expected against how much was expected of it.

    Parameters
    ----------
    table : DataFrame
        One row per facility. Columns: facility_id, observed (events), expected (events, above zero), ratio (without
        unit), flagged (``"above"``, ``"below"`` or ``""``). Facilities are not named in the figure.
    phi : float
        Overdispersion: how many times the Poisson variance the counts vary by.
    tau2 : float
        Variance of the true ratios between facilities, without unit.
    limits : DataFrame, optional
        Limits to draw in place of those of Poisson counts. Columns: at (on the horizontal axis), level, low, high
        (ratios), widened (whether for how much facilities differ).
    sizes : str
        What the column expected holds, e.g. "trials" where limits are those of shares.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    BadParameter
        If a column is missing, or a flag is none of the three.

    Notes
    -----
    Ratios stand on a square-root scale, on which Poisson counts vary about equally everywhere. Facilities with
    nothing expected of them, or no ratio, are left out and counted in the axis label.
    """
    drawn, left_out = _drawable(table)
    ax = new_axes(height_in=4.9) if ax is None else ax
    expected = drawn["expected"].to_numpy(dtype=float)
    least, most = (expected.min() / 1.3, expected.max() * 1.3) if len(drawn) else (0.1, 10.0)
    limits = _poisson(np.geomspace(least, most, 200), phi, tau2) if limits is None else limits
    widened = bool(limits["widened"].any())
    top = _top(drawn, limits[limits["widened"] == widened])

    ax.set_xscale("log")
    ax.set_yscale(FuncScale(ax.yaxis, (_root, _square)))
    ax.set_xlim(least, most)
    ax.set_ylim(0, top)
    if widened:
        _draw_limits(ax, limits[limits["widened"]], INK, "widened for how much facilities differ")
    # Beside widened limits those of chance alone stay, in grey: a reader sees how much was allowed for.
    _draw_limits(ax, limits[~limits["widened"]], GREY if widened else INK, "by chance alone")
    ax.axhline(1, color=INK, linewidth=0.8, zorder=1)
    _draw_facilities(ax, drawn, top)

    ax.xaxis.set_major_locator(FixedLocator(_count_ticks(least, most)))
    ax.xaxis.set_minor_locator(FixedLocator([]))
    ax.yaxis.set_major_locator(FixedLocator([at for at in _RATIO_TICKS if at <= top]))
    plain_ticks(ax, "x")
    plain_ticks(ax, "y")
    dress(ax, spines=("bottom", "left"))
    ax.tick_params(axis="y", labelcolor=MUTED)
    joint = "\n" if narrow() else " "
    ax.set_xlabel(f"{sizes}, logarithmic scale" + (f"{joint}({left_out:,} not drawn: no ratio)" if left_out else ""))
    ax.set_ylabel("observed / expected, square-root scale")
    # Below the axes: within them it would cover facilities.
    ax.legend(
        title=f"Beyond the {'dark ' if widened else ''}solid lines: far out",
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.11 if not (narrow() and left_out) else -0.15),
        ncols=1 if narrow() else 2,
        alignment="left",
        title_fontsize=8,
        handlelength=2.2,
        labelcolor=INK,
    )
    return ax


@styled
def lasting(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each facility's ratio in one period against that in the period before.

    Parameters
    ----------
    table : DataFrame
        One row per facility. Columns: ratio_before, ratio_after (observed over expected, without unit), expected_before
        (events: the larger, the larger the dot), before, after (names of the periods, the same in every row).
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    wanted = ("ratio_before", "ratio_after", "expected_before", "before", "after")
    absent = [name for name in wanted if name not in table]
    if absent:
        raise BadParameter(f"the table to draw has no column {', '.join(map(repr, absent))}")
    ax = new_axes(height_in=4.9) if ax is None else ax
    first, second = (table[name].to_numpy(dtype=float) for name in ("ratio_before", "ratio_after"))
    size = table["expected_before"].to_numpy(dtype=float)
    top = max(2.0, 1.1 * float(np.quantile(np.concatenate([first, second]), 0.995))) if len(table) else 2.0
    shown = (first <= top) & (second <= top)
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        getattr(ax, f"set_{name}scale")(FuncScale(axis, (_root, _square)))
        getattr(ax, f"set_{name}lim")(0, top)
        axis.set_major_locator(FixedLocator([at for at in _RATIO_TICKS if at <= top]))
        plain_ticks(ax, name)
    ax.plot([0, top], [0, top], color=INK, linewidth=0.9, label="as before")
    ax.axhline(1, color=GREY, linewidth=0.9, linestyle=(0, (4, 2.5)), label="as expected, whatever was before")
    ax.scatter(
        first[shown],
        second[shown],
        s=6 + 40 * np.sqrt(size[shown] / size.max()) if len(table) else 6,
        color=BLUE,
        alpha=0.5,
        linewidths=0,
        rasterized=many(int(shown.sum())),
    )
    dress(ax, spines=("bottom", "left"))
    hidden = int((~shown).sum())
    before, after = (str(table[name].iloc[0]) if len(table) else name for name in ("before", "after"))
    ax.set_xlabel(f"observed / expected, {before}" + (f" ({hidden:,} beyond the figure)" if hidden else ""))
    ax.set_ylabel(f"observed / expected, {after}")
    ax.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.11), ncols=1 if narrow() else 2, labelcolor=INK)
    return ax


@styled
def bars(table: pd.DataFrame, *, label: str, value: str, ax: Axes | None = None, unit: str = "") -> Axes:
    """Draw counts as horizontal bars with their numbers; what was not collected is written, never drawn as zero.

    Parameters
    ----------
    table : DataFrame
        One row per group, in the order to be read.
    label, value : str
        Columns: the group (text) and its count, in `unit`. A missing count is written "not collected".
    ax : Axes, optional
        Where to draw; new axes by default.
    unit : str
        What is counted, e.g. ``"plants"``.

    Returns
    -------
    Axes
        What was drawn on.
    """
    absent = [name for name in (label, value) if name not in table]
    if absent:
        raise BadParameter(f"the table to draw has no column {', '.join(map(repr, absent))}")
    numbers = table[value].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    names, pitch = row_labels(table[label])
    ax = new_axes(height_in=0.55 + pitch * max(len(names), 1)) if ax is None else ax
    most = float(np.nanmax(numbers)) if np.isfinite(numbers).any() else 0.0
    ax.set_xlim(0, (most or 1.0) * (1.3 if narrow() else 1.12))
    for row, number in enumerate(numbers.tolist()):
        if np.isnan(number):
            write_beside(ax, 0, row, "not collected", color=MUTED, style="italic")
            continue
        if number:
            ax.barh(row, number, height=0.3 if narrow() else 0.66, color=BLUE, linewidth=0)
        printed = f"{number:,.0f}" if number == round(number) else short(number)
        write_beside(ax, number, row, printed, color=INK)
    ax.set_ylim(*row_limits(len(names)))
    dress(ax, spines=("left",))
    name_rows(ax, names)
    ax.set_xticks([])
    ax.set_xlabel(unit, loc="left")
    return ax


def _count_ticks(least: float, most: float) -> list[float]:
    """Return round counts between two ends: the wider the range, the fewer to each power of ten."""
    decades = np.log10(most / least)
    steps = (1, 2, 5) if decades <= 2 else (1, 3) if decades <= 4 else (1,)
    powers = range(int(np.floor(np.log10(least))), int(np.ceil(np.log10(most))) + 1)
    return [at for power in powers for at in (step * 10.0**power for step in steps) if least <= at <= most]


def _root(ratio: Any) -> Any:
    return np.sqrt(np.maximum(ratio, 0))


def _square(height: Any) -> Any:
    return np.square(height)


def _drawable(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the facilities that have a place in the figure, and how many have none."""
    absent = [name for name in ("facility_id", "observed", "expected", "ratio", "flagged") if name not in table]
    if absent:
        raise BadParameter(f"the table of a funnel has no column {', '.join(map(repr, absent))}")
    unknown = set(table["flagged"].fillna("").unique()) - set(_FLAGS)
    if unknown:
        raise BadParameter(f"flagged holds {sorted(map(str, unknown))}", todo='Use "above", "below" or "".')
    drawn = pd.DataFrame(
        {
            "expected": table["expected"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "ratio": table["ratio"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "flagged": table["flagged"].fillna("").to_numpy(),
        }
    )
    drawn = drawn[(drawn["expected"] > 0) & np.isfinite(drawn["ratio"])]
    return drawn, len(table) - len(drawn)


def _poisson(grid: np.ndarray, phi: float, tau2: float) -> pd.DataFrame:
    """Return limits of Poisson counts along the figure: by chance alone and, where there is any spread, widened."""
    kinds = {False: (1.0, 0.0)} | ({True: (phi, tau2)} if phi != 1.0 or tau2 != 0.0 else {})
    frames = []
    for widened, (times, added) in kinds.items():
        for level in _LEVELS:
            low, high = funnel_limits(grid, level, phi=times, tau2=added)
            frames.append(pd.DataFrame({"at": grid, "level": level, "low": low, "high": high, "widened": widened}))
    return pd.concat(frames, ignore_index=True)


def _top(drawn: pd.DataFrame, limits: pd.DataFrame) -> float:
    """Return the highest ratio drawn to scale: all flagged facilities, and the limits where half the facilities are.

    One event where a hundredth was expected is a ratio of 100; to give it its place would press all others flat.
    """
    if drawn.empty:
        return 4.0
    outer = limits[limits["level"] == limits["level"].max()]
    at, heights = outer["at"].to_numpy(dtype=float), outer["high"].to_numpy(dtype=float)
    high = float(np.interp(np.median(drawn["expected"].to_numpy(dtype=float)), at, heights))
    flagged = drawn.loc[drawn["flagged"] != "", "ratio"].max() if (drawn["flagged"] != "").any() else 0.0
    return float(min(max(4.0, 1.2 * flagged, 1.2 * high), max(4.0, 1.2 * drawn["ratio"].max())))


def _draw_limits(ax: Axes, limits: pd.DataFrame, colour: str, words: str) -> None:
    for level, dashes in ((_LEVELS[1], "solid"), (_LEVELS[0], (0, (4, 2.5)))):
        drawn = limits[limits["level"] == level]
        for side in ("low", "high"):
            ax.plot(drawn["at"], drawn[side], color=colour, linewidth=0.9, linestyle=dashes, zorder=2)
        ax.plot([], [], color=colour, linewidth=0.9, linestyle=dashes, label=f"{100 * level:.3g}% limits {words}")


def _draw_facilities(ax: Axes, drawn: pd.DataFrame, top: float) -> None:
    for flag, (shape, colour, words) in _FLAGS.items():
        chosen = drawn[(drawn["flagged"] == flag) & (drawn["ratio"] <= top)]
        if chosen.empty and flag:
            continue
        ax.scatter(
            chosen["expected"],
            chosen["ratio"],
            marker=shape,
            s=34 if flag else 13,
            color=colour,
            alpha=1.0 if flag else 0.5,
            linewidths=0.6 if flag else 0,
            edgecolors=PAPER if flag else "none",
            zorder=4 if flag else 3,
            clip_on=False,
            rasterized=many(len(chosen)),
            label=f"{words} ({len(drawn[drawn['flagged'] == flag]):,})",
        )
    above = drawn[drawn["ratio"] > top]
    if len(above):
        ax.scatter(
            above["expected"],
            np.full(len(above), top),
            marker=6,  # a caret: its place on the scale is higher than the figure reaches
            s=26,
            color=GREY,
            clip_on=False,
            zorder=3,
            label=f"ratio above {short(top)}: beyond the figure ({len(above):,})",
        )


__all__ = ["bars", "funnel", "funnel_limits", "lasting"]
