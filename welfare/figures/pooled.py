"""Effects of several studies beside what they say together: a forest with weights, and a funnel of their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, LogFormatterSciNotation, MaxNLocator, NullLocator

from welfare.errors import BadParameter
from welfare.figures.estimates import round_ratios
from welfare.figures.numbers import interval
from welfare.figures.style import (
    BLUE,
    INK,
    MUTED,
    OCHRE,
    PAPER,
    RAMP,
    RULE,
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

_SMALLEST, _LARGEST = 2.6, 10.0  # side of a box, points
_NORMAL_95 = 1.959963984540054
_CHARACTER, _GAP = 5.2, 38.0  # width of a printed character, and of the column of weights, points
_ROOM = 1.5  # times as far as the studies reach: what of the summary lies beyond ends in an arrow
_TICKS, _FURTHEST = 9, 300.0  # most ticks of 1, 2 and 5; largest logarithm
_POWERS = 18.0  # range of logarithms beyond which ticks are written as powers of ten
_DEEPEST = 6.0  # times the median standard error: what lies below is drawn as an arrow at the edge


@styled
def pooled_forest(
    table: pd.DataFrame,
    *,
    pooled: tuple[float, float, float],
    prediction: tuple[float, float] = (np.nan, np.nan),
    level: float = 0.95,
    ratio: bool = False,
    quantity: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw each study with its interval and a box as large as its weight, then the pooled effect as a diamond.

    Parameters
    ----------
    table : DataFrame
        One row per study, in the order to be read: study (text), effect, low, high, weight (share of 1).
    pooled : tuple of float
        Pooled effect, low, high.
    prediction : tuple of float
        Where the true effect of a further study would lie; missing for none.
    level : float
        Coverage of the intervals.
    ratio : bool
        Effects are logarithms of ratios: draw and print the ratios, on a logarithmic scale.
    quantity : str
        What the effects are, with their unit, for the axis.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Notes
    -----
    An interval much wider than the effects lie apart ends in an arrow; its numbers stand at the margin.
    """
    numbers = table[["effect", "low", "high"]].to_numpy(dtype=float)
    ends = _limits(numbers, pooled, prediction)
    summary = np.array([pooled, (np.nan, *prediction)][: 1 if np.isnan(prediction[0]) else 2])
    named = ["All studies together", f"A further study ({level * 100:g}% prediction)"][: len(summary)]
    names, pitch = row_labels(pd.concat([table["study"].astype("str"), pd.Series(named)], ignore_index=True))
    ax = new_axes(height_in=0.95 + pitch * len(names)) if ax is None else ax
    _scale(ax, *ends, ratio=ratio)
    shown = _ratios if ratio else np.asarray
    ax.axvline(float(shown(0.0)), color=INK, linewidth=0.8, zorder=1)
    ax.axvline(float(shown(pooled[0])), color=OCHRE, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    _draw_studies(ax, shown(numbers), table["weight"].to_numpy(dtype=float))
    _draw_summary(ax, shown(summary), len(table))
    _print_numbers(ax, shown(numbers), shown(summary), table["weight"].to_numpy(dtype=float), level, ratio)
    bottom, top = row_limits(len(names))
    ax.set_ylim(bottom, top)
    dress(ax, grid="x")
    name_rows(ax, names)
    if not narrow():
        ax.axhline(len(table) - 0.5, color=RULE, linewidth=0.8, zorder=1)
    plain_ticks(ax)
    if ratio and ends[1] - ends[0] > _POWERS:
        ax.xaxis.set_major_formatter(LogFormatterSciNotation())
    _name_scale(ax, ratio, quantity)
    return ax


def _limits(
    numbers: np.ndarray, pooled: tuple[float, float, float], prediction: tuple[float, float]
) -> tuple[float, float]:
    """Return how far to draw: all effects, pooled and predicted, and intervals that reach not much further."""
    points = np.array([*numbers[:, 0], pooled[0], 0.0])
    least, most = points.min(), points.max()
    # However far a summary of two or three studies reaches, the studies must still be told apart.
    room = _ROOM * (max(most, numbers[:, 2].max()) - min(least, numbers[:, 1].min()))
    least = max(np.nanmin([least, *pooled, *prediction]), least - room)
    most = min(np.nanmax([most, *pooled, *prediction]), most + room)
    room = (most - least) * 0.75 or 1.0
    left, right = max(numbers[:, 1].min(), least - room), min(numbers[:, 2].max(), most + room)
    left, right = min(left, least), max(right, most)
    pad = 0.03 * (right - left)
    return float(left - pad), float(right + pad)


def _ratios(logarithms: Any) -> Any:
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(logarithms)


def _scale(ax: Axes, left: float, right: float, *, ratio: bool) -> None:
    if not ratio:
        ax.set_xlim(left, right)
        ax.xaxis.set_major_locator(MaxNLocator(4 if narrow() else 7, steps=[1, 2, 5, 10]))
        return
    if max(-left, right) > _FURTHEST:
        raise BadParameter(
            f"logarithms from {left:.3g} to {right:.3g} are of ratios too large to draw",
            where="Pooled.plot",
            spoiled="No axis could hold them.",
            todo="Look whether the effects are logarithms of ratios; if not, leave ratio=False.",
        )
    low, high = float(np.exp(left)), float(np.exp(right))
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ticks = round_ratios(low, high, 1.0)
    if narrow() and len(ticks) > 6:
        ticks = [at for at in ticks if at == 1 or not str(f"{at:e}").startswith("2")]
    if len(ticks) > _TICKS:
        first, last = int(np.ceil(np.log10(low))), int(np.floor(np.log10(high)))
        step = -(-(last - first) // 6) or 1
        ticks = [10.0**power for power in range(step * -(-first // step), last + 1, step)]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())


def _draw_studies(ax: Axes, numbers: np.ndarray, weights: np.ndarray) -> None:
    """Draw a line and a box per study; the area of a box is its weight."""
    left, right = ax.get_xlim()
    sides = np.maximum(_LARGEST * np.sqrt(weights / weights.max()), _SMALLEST)
    for row, ((value, low, high), side) in enumerate(zip(numbers, sides, strict=True)):
        ax.plot([max(low, left), min(high, right)], [row, row], color=BLUE, linewidth=1.3, zorder=2)
        _arrows(ax, low < left, high > right, row, BLUE)
        ax.plot([value], [row], "s", color=BLUE, markersize=side, markeredgecolor=PAPER, markeredgewidth=0.4, zorder=4)


def _draw_summary(ax: Axes, summary: np.ndarray, row: int) -> None:
    """Draw the pooled effect as a diamond as wide as its interval, the prediction as a bar."""
    left, right = ax.get_xlim()
    value, low, high = summary[0]
    if left <= low and high <= right:
        ax.fill([low, value, high, value], [row, row - 0.24, row, row + 0.24], color=OCHRE, linewidth=0, zorder=4)
    else:
        ax.plot([max(low, left), min(high, right)], [row, row], color=OCHRE, linewidth=1.6, zorder=4)
        ax.plot([value], [row], "D", color=OCHRE, markersize=8, zorder=4)
    if len(summary) > 1:
        _, low, high = summary[1]
        ax.plot(
            [max(low, left), min(high, right)], [row + 1, row + 1], color=OCHRE, linewidth=3.2, alpha=0.55, zorder=3
        )
    for at, (_, low, high) in enumerate(summary):
        _arrows(ax, low < left, high > right, row + at, OCHRE)


def _arrows(ax: Axes, below: bool, beyond: bool, row: int, colour: str) -> None:
    """Say at the edges of the axis that an interval goes on."""
    for at, shape, there in zip(ax.get_xlim(), "<>", (below, beyond), strict=True):
        if there:
            ax.plot([at], [row], shape, color=colour, markersize=5, clip_on=False, zorder=5)


def _print_numbers(
    ax: Axes, numbers: np.ndarray, summary: np.ndarray, weights: np.ndarray, level: float, ratio: bool
) -> None:
    margin: Any = {"xycoords": ax.get_yaxis_transform(), "color": INK, "points": 12}
    said = [_said(*values) for values in numbers]
    for row, words in enumerate(said):
        write_beside(ax, 1, row, words, **margin)
    write_beside(ax, 1, len(said), _said(*summary[0]), weight="bold", **margin)
    for _, low, high in summary[1:]:
        write_beside(ax, 1, len(said) + 1, f"{_said(low)} to {_said(high)}", **margin)
    heading: Any = margin | {"color": MUTED, "fontsize": 8}
    kind = "ratio" if ratio else "effect"
    if narrow():
        write_beside(ax, 1, -1, f"{kind} ({level * 100:g}%)", **heading)
        return
    heads = f"{kind} ({level * 100:g}% interval)"
    write_beside(ax, 1, -1, heads, **heading)
    right = {"points": _GAP + 12 + _CHARACTER * max(map(len, [heads, *said])), "color": MUTED, "ha": "right"}
    write_beside(ax, 1, -1, "weight", **(heading | right))
    for row, weight in enumerate(weights):
        write_beside(ax, 1, row, _percent(weight), **(margin | right))


def _said(value: float, low: float = np.nan, high: float = np.nan) -> str:
    """Print a number; what a subtraction left in its last digits is no digit of it."""
    return interval(*(float(f"{number:.12g}") for number in (value, low, high)))


def _percent(weight: float) -> str:
    return "<0.1%" if weight < 0.0005 else f"{100 * weight:.1f}%"


def _name_scale(ax: Axes, ratio: bool, quantity: str) -> None:
    kind = quantity or ("ratio" if ratio else "effect")
    joint = "\n" if narrow() else " "
    scale = ", logarithmic scale" if ratio else ""
    ax.set_xlabel(f"{kind}{scale};{joint}the line at {1 if ratio else 0} means no difference")


@styled
def pooled_funnel(
    table: pd.DataFrame,
    *,
    estimate: float,
    tau2: float = 0.0,
    ratio: bool = False,
    quantity: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw effects against their standard errors, precise studies on top.

    Parameters
    ----------
    table : DataFrame
        One row per study: effect, std_error.
    estimate : float
        Pooled effect.
    tau2 : float
        Variance between studies: how much wider than chance the cloud is expected to be.
    ratio : bool
        Effects are logarithms of ratios: print the ratios, on a logarithmic scale.
    quantity : str
        What the effects are, with their unit, for the axis.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ax = new_axes(height_in=4.0) if ax is None else ax
    shown = np.exp if ratio else np.asarray
    effects, errors = table["effect"].to_numpy(dtype=float), table["std_error"].to_numpy(dtype=float)
    deepest = min(float(errors.max()) * 1.08, _DEEPEST * float(np.median(errors)))
    within = errors <= deepest
    steps = np.linspace(0.0, deepest, 60)
    chance, both = _NORMAL_95 * steps, _NORMAL_95 * np.sqrt(steps**2 + tau2)
    reach = max(float(both.max()), float(np.abs(effects - estimate).max())) * 1.06
    _scale(ax, estimate - reach, estimate + reach, ratio=ratio)
    ax.fill_betweenx(
        steps,
        shown(estimate - chance),
        shown(estimate + chance),
        color=RAMP[0],
        linewidth=0,
        zorder=0,
        label="95% of studies, by chance alone",
    )
    if tau2 > 0:
        for side in (-1, 1):
            edge = shown(estimate + side * both)
            words = "95%, true effects differing as estimated" if side > 0 else None
            ax.plot(edge, steps, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)), zorder=1, label=words)
    ax.axvline(float(shown(estimate)), color=OCHRE, linewidth=1.0, zorder=1, label="all studies together")
    ax.plot(
        shown(effects[within]),
        errors[within],
        "o",
        color=BLUE,
        markersize=5.5,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        linestyle="none",
        zorder=3,
        rasterized=many(len(effects)),
    )
    if not within.all():
        at = np.full((~within).sum(), deepest)
        beyond = "below the edge: standard error beyond what is drawn"
        ax.plot(shown(effects[~within]), at, "v", color=BLUE, markersize=6, clip_on=False, zorder=3, label=beyond)
    ax.set_ylim(deepest, 0.0)
    dress(ax, grid="y", spines=("bottom",))
    plain_ticks(ax)
    plain_ticks(ax, "y")
    kind = quantity or ("ratio" if ratio else "effect")
    ax.set_xlabel(f"{kind}{', logarithmic scale' if ratio else ''}")
    ax.set_ylabel(f"standard error{' of the logarithm' if ratio else ''}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncol=1 if narrow() else 2)
    return ax


__all__ = ["pooled_forest", "pooled_funnel"]
