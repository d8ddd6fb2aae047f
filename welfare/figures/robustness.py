"""How far a finding holds: under confounders of every strength, without each place, and in every specification."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter

from welfare.errors import BadParameter
from welfare.figures.estimates import forest, round_ratios
from welfare.figures.numbers import short, tick
from welfare.figures.style import (
    BLUE,
    GREY,
    INK,
    LAND,
    OCHRE,
    PAPER,
    PLUM,
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
)

_LEVELS = 6


@styled
def contour(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    term: str,
    fitted: float,
    ratio: bool,
    both: float,
    bounds: pd.DataFrame,
    ax: Axes | None = None,
) -> Axes:
    """Draw lines of equal estimates over two strengths of a confounder; beyond the bold one the finding is undone.

    Parameters
    ----------
    table : DataFrame
        Columns `x`, `y` and value: a full grid.
    x, y : str
        Columns of the strengths: shares of variance from 0 to 1, or ratios from 1 on.
    term : str
        What the finding is of.
    fitted : float
        The estimate as fitted.
    ratio : bool
        Whether it is a ratio, whose value of no difference is 1, else 0.
    both : float
        The strength on both sides that leaves no difference: marked.
    bounds : DataFrame
        Confounders as strong as observed terms: columns benchmark, times and, on the scale of variance, `x` and `y`.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ax = new_axes(height_in=5.2) if ax is None else ax
    grid = table.pivot_table(index=y, columns=x, values="value")
    across, up, values = grid.columns.to_numpy(), grid.index.to_numpy(), grid.to_numpy()
    nothing = 1.0 if ratio else 0.0
    of_ratios = bool(across.min() >= 1)
    if of_ratios:
        ax.set_xscale("log")
        ax.set_yscale("log")
    # Beyond the line of no difference the sign turns: that side is shaded.
    undone = (values - nothing) * np.sign(fitted - nothing)
    ax.contourf(across, up, undone, levels=[-np.inf, 0], colors=[LAND])
    levels = _equal(values, nothing, fitted)
    lines = ax.contour(across, up, values, levels=levels, colors=[BLUE], linewidths=0.8, linestyles="solid")
    ax.clabel(lines, fmt=tick, fontsize=7.5)
    bold = ax.contour(across, up, values, levels=[nothing], colors=[OCHRE], linewidths=2)
    points = [(across[0], up[0], "o", INK, f"as fitted {short(fitted)}")]
    if both < across[-1]:
        words = f"E-value {short(both)}" if of_ratios else f"robustness value {100 * both:.3g}%"
        points.append((both, both, "s", OCHRE, f"no difference left: {words}"))
    else:
        ax.clabel(bold, fmt=lambda _: "no difference left", fontsize=8)
    for row in [] if of_ratios else bounds.sort_values("times", ascending=False).to_dict("records"):
        points.append((row[x], row[y], "D", PLUM, f"{row['times']:g} × {row['benchmark']}"))
    _name_strengths(ax, across, up, term, of_ratios)
    _mark(ax, points)
    return dress(ax, spines=("bottom", "left"))


def _mark(ax: Axes, points: list[tuple[float, float, str, str, str]]) -> None:
    """Draw points and name them, leaving out a name that would be written over another."""
    named: list[tuple[float, float]] = []
    for across, up, shape, colour, words in points:
        ax.plot([across], [up], shape, color=colour, markersize=5.5, clip_on=False, zorder=4)
        x, y = ax.transAxes.inverted().transform(ax.transData.transform((across, up)))
        if any(abs(x - other) < 0.2 and abs(y - above) < 0.045 for other, above in named):
            continue
        named.append((x, y))
        ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.2, "alpha": 0.85}
        left = x > 0.55
        ax.annotate(
            words,
            (across, up),
            xytext=(-8 if left else 8, 6),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8,
            color=INK,
            zorder=4,
            bbox=ground,
        )


def _equal(values: np.ndarray, nothing: float, fitted: float) -> list[float]:
    """Return the values at which lines are drawn: round, and beside neither no difference nor the corner."""
    low, high = float(values.min()), float(values.max())
    ticks = MaxNLocator(_LEVELS + 2).tick_values(low, high)
    room = 0.04 * (high - low)
    return [float(at) for at in ticks if low < at < high and min(abs(at - nothing), abs(at - fitted)) > room]


def _name_strengths(ax: Axes, across: np.ndarray, up: np.ndarray, term: str, of_ratios: bool) -> None:
    joint = "\n" if narrow() else " "
    if of_ratios:
        ax.set_xlabel(f"ratio by which the confounder goes with{joint}{term}")
        ax.set_ylabel("ratio by which it goes with the harm")
        for axis, ends in ((ax.xaxis, across), (ax.yaxis, up)):
            axis.set_major_locator(FixedLocator(round_ratios(float(ends[0]), float(ends[-1]), 1.0)))
            axis.set_minor_locator(NullLocator())
        plain_ticks(ax, "x")
        plain_ticks(ax, "y")
        return
    ax.set_xlabel(f"share of {term} that the confounder explains,{joint}of what the other terms leave")
    ax.set_ylabel("share of the outcome that it explains")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if across[-1] > 0.08 else 1))


@styled
def again(table: pd.DataFrame, refits: pd.DataFrame, *, term: str, ratio: bool, ax: Axes | None = None) -> Axes:
    """Draw a finding as fitted, and as made again in other ways, one row each.

    Parameters
    ----------
    table : DataFrame
        Columns check, at, value, low, high: as fitted first. Of "leave one out" low and high are the range.
    refits : DataFrame
        Columns column and value: each estimate without one level, drawn as a tick in the row of its column.
    term : str
        What the finding is of.
    ratio : bool
        Whether it is a ratio.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    labels = [_row_name(check, at, term) for check, at in zip(table["check"], table["at"], strict=True)]
    rows = table[["value", "low", "high"]].assign(label=labels).reset_index(drop=True)
    ax = forest(
        rows,
        label="label",
        value="value",
        low="low",
        high="high",
        ax=ax,
        log=ratio,
        reference=1.0 if ratio else 0.0,
        quantity="ratio" if ratio else "difference",
    )
    left, right = ax.get_xlim()
    checks = table["check"].to_numpy()
    for row in np.flatnonzero(checks == "leave one out"):
        mine = refits.loc[refits["column"] == table["at"].iloc[row], "value"].dropna()
        mine = mine[mine.between(left, right)]
        ax.plot(mine, np.full(len(mine), row), "|", color=OCHRE, markersize=9, markeredgewidth=0.6, zorder=4)
    ax.axvline(float(table["value"].iloc[0]), color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    return ax


def _row_name(check: str, at: str, term: str) -> str:
    return {
        "as fitted": f"{term}, as fitted",
        "leave one out": f"without each {at}: range",
        "denominator": f"per unit of {at}",
        "benchmark": f"confounder {at.replace(' x ', ' × as strong as ', 1)}",
        "negative outcome": f"on {at}, which it cannot cause",
    }.get(check, f"{check}, {at}")


@styled
def specifications(table: pd.DataFrame, choices: list[str], *, term: str, ratio: bool, ax: Axes | None = None) -> Axes:
    """Draw every specification's estimate in order of size, and below which choices it made.

    Parameters
    ----------
    table : DataFrame
        One row per specification that could be fitted: value, low, high, and the columns of `choices`.
    choices : list of str
        Columns; those that differ between specifications are drawn.
    term : str
        What the finding is of.
    ratio : bool
        Whether it is a ratio.
    ax : Axes, optional
        Whose place both panels take; new axes by default.

    Returns
    -------
    Axes
        Of the upper panel.
    """
    table = table.sort_values("value", kind="stable").reset_index(drop=True)
    options = _options(table, choices)
    labels, pitch = row_labels(pd.Series([words for _, _, words in options], dtype="object"))
    heights = 2.4, max(pitch * 0.8 * len(options), 0.3)
    ax = new_axes(height_in=sum(heights) + 0.7) if ax is None else ax
    upper, lower = _two_panels(ax, heights)
    at = np.arange(1, len(table) + 1)
    nothing = 1.0 if ratio else 0.0
    clear = ((table["low"] > nothing) | (table["high"] < nothing)).to_numpy()
    thin = 0.5 if many(4 * len(table)) else 1.2
    for mask, colour, words in (
        (clear, BLUE, f"interval excludes {nothing:g}"),
        (~clear, GREY, f"includes {nothing:g}"),
    ):
        if mask.any():
            mine = table[mask]
            upper.vlines(at[mask], mine["low"], mine["high"], color=colour, linewidth=thin, alpha=0.65)
            upper.plot(at[mask], mine["value"], "o", color=colour, markersize=3.2, label=words)
    upper.axhline(nothing, color=INK, linewidth=0.8)
    median = float(table["value"].median())
    upper.axhline(median, color=OCHRE, linewidth=1, linestyle="--", label=f"median {short(median)}")
    _scale_up(upper, table, ratio, term)
    upper.legend(loc="upper left", ncols=1 if narrow() else 3)
    upper.tick_params(labelbottom=False)
    _mark_choices(lower, table, options, labels, at, clear)
    return upper


def _options(table: pd.DataFrame, choices: list[str]) -> list[tuple[str, Any, str]]:
    """Return column, option and words of every option of the choices that differ."""
    return [
        (column, option, f"{column}: {option}")
        for column in choices
        if len(set(table[column])) > 1
        for option in dict.fromkeys(table[column].sort_index())
    ]


def _two_panels(ax: Axes, heights: tuple[float, float]) -> tuple[Axes, Axes]:
    place, figure = ax.get_subplotspec(), ax.get_figure(root=True)
    if place is None or figure is None:
        raise BadParameter(
            "these axes have no place in a grid of a figure",
            where="plot(ax=)",
            todo="Make them by figure.subplots(), or give none.",
        )
    ax.remove()
    inner = place.subgridspec(2, 1, height_ratios=heights, hspace=0.06)
    upper = figure.add_subplot(inner[0])
    return upper, figure.add_subplot(inner[1], sharex=upper)


def _scale_up(ax: Axes, table: pd.DataFrame, ratio: bool, term: str) -> None:
    if ratio:
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.12)
        ax.yaxis.set_major_locator(FixedLocator(round_ratios(*ax.get_ylim(), 1.0)))
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.12 * (high - low))
    plain_ticks(ax, "y")
    ax.set_ylabel(f"{term}: {'ratio, logarithmic scale' if ratio else 'estimate'}")
    ax.set_xlim(0, len(table) + 1)
    dress(ax, grid="y", spines=("left",))


def _mark_choices(
    ax: Axes,
    table: pd.DataFrame,
    options: list[tuple[str, Any, str]],
    labels: list[list[str]],
    at: np.ndarray,
    clear: np.ndarray,
) -> None:
    before = ""
    for row, (column, option, _) in enumerate(options):
        taken = (table[column] == option).to_numpy()
        for mask, colour in ((taken & clear, BLUE), (taken & ~clear, GREY)):
            ax.plot(at[mask], np.full(int(mask.sum()), row), "|", color=colour, markersize=7, markeredgewidth=1.4)
        if column != before and row:
            ax.axhline(row - (0.78 if narrow() else 0.5), color=RULE, linewidth=0.7)
        before = column
    ax.set_ylim(*row_limits(len(options)))
    ax.set_xlabel(f"{len(table):,} specifications, by size of estimate")
    dress(ax, spines=())
    name_rows(ax, labels)


@styled
def p_values(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw p-values by rank, alone and adjusted for how many there are, on a logarithmic scale.

    Parameters
    ----------
    table : DataFrame
        Columns fit, term, p_value, p_adjusted.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    known = table[table["p_value"].notna()].sort_values("p_value", kind="stable")
    names = known["fit"].astype(str) + ": " + known["term"].astype(str)
    labels, pitch = row_labels(names)
    ax = new_axes(height_in=0.95 + pitch * len(known)) if ax is None else ax
    rows = np.arange(len(known))
    # A p-value of 0 is one too small to be held; it is drawn at the left end.
    least = max(float(known.loc[known["p_value"] > 0, "p_value"].min()) / 2, 1e-12)
    alone, adjusted = (known[name].clip(lower=least).to_numpy() for name in ("p_value", "p_adjusted"))
    ax.hlines(rows, alone, adjusted, color=RULE, linewidth=2)
    ax.plot(alone, rows, "o", color=GREY, markersize=5, label="alone")
    ax.plot(adjusted, rows, "o", color=BLUE, markersize=6, label="adjusted")
    ax.axvline(0.05, color=OCHRE, linewidth=1, label="0.05")
    ax.set_xscale("log")
    ax.set_xlim(least / 1.5, 1.6)
    ax.set_ylim(*row_limits(len(known)))
    ax.set_xlabel("p-value, logarithmic scale")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    dress(ax, grid="x")
    name_rows(ax, labels)
    ax.xaxis.set_major_locator(
        FixedLocator([at for at in (1e-12, 1e-9, 1e-6, 1e-4, 0.001, 0.01, 0.1, 1) if at >= least])
    )
    ax.xaxis.set_minor_locator(NullLocator())
    plain_ticks(ax)
    return ax


__all__ = ["again", "contour", "p_values", "specifications"]
