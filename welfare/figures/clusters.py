"""Clusters where they are and when they were, and how alike neighbours are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from matplotlib.ticker import MaxNLocator

from welfare.figures.maps import on_the_map, points
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
    narrow,
    new_axes,
    plain_ticks,
    styled,
)

_SHAPES = (("D", OCHRE, 24), ("^", PLUM, 42), ("s", INK, 26))
_QUADRANTS = {
    "high among high": ("D", OCHRE, 26),
    "low among low": ("s", PLUM, 24),
    "high among low": ("^", INK, 34),
    "low among high": ("v", INK, 34),
}


@styled
def cluster_map(places: pd.DataFrame, clusters: pd.DataFrame, *, geographic: bool, ax: Axes | None = None) -> Axes:
    """Draw places, with those in clusters set apart: on the map of the United States if they lie there.

    Parameters
    ----------
    places : DataFrame
        One row per place, or place and period; columns x, y, cluster (0 outside all).
    clusters : DataFrame
        Those to set apart: cluster, x, y, radius, and for ellipses shape and angle (degrees).
    geographic : bool
        Whether x and y are degrees (WGS 84). Else circles and ellipses are drawn.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    spots = places.groupby(["x", "y"], as_index=False, sort=False)["cluster"].max()
    inside = spots["cluster"].isin(clusters["cluster"])
    if geographic and on_the_map(spots["x"].to_numpy(), spots["y"].to_numpy()).mean() > 0.5:
        marked = spots.assign(mark=np.where(inside, "in a cluster", ""))
        return points(marked, latitude="y", longitude="x", mark="mark", ax=ax)
    ax = new_axes(height_in=4.8) if ax is None else ax
    rest = spots[~inside]
    small = many(len(spots))
    ax.scatter(
        rest["x"], rest["y"], s=4.5 if small else 11, color=BLUE, alpha=0.5, linewidths=0, rasterized=small, zorder=2
    )
    for at, row in enumerate(clusters.to_dict("records")):
        shape, colour, area = _SHAPES[min(at, len(_SHAPES) - 1)]
        spot = spots[spots["cluster"] == row["cluster"]]
        words = f"cluster {row['cluster']} ({len(spot):,})" if at < len(_SHAPES) else None
        ax.scatter(
            spot["x"],
            spot["y"],
            s=area,
            marker=shape,
            color=colour,
            edgecolors=PAPER,
            linewidths=0.6,
            zorder=3,
            label=words,
        )
        if not geographic:
            _draw_window(ax, row, colour)
    ax.set_aspect(1 / np.cos(np.radians(spots["y"].mean())) if geographic else 1)
    ax.set_xlabel("longitude (degrees)" if geographic else "x")
    ax.set_ylabel("latitude (degrees)" if geographic else "y")
    for axis in ("x", "y"):
        plain_ticks(ax, axis)
    _title(ax, f"{len(spots):,} places" + ("" if len(clusters) else ", none in a cluster"))
    if len(clusters):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=1 if narrow() else 3, frameon=False)
    return dress(ax, spines=("bottom", "left"))


@styled
def cluster_over_time(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw observed and expected cases of one cluster's places, period by period, the cluster's own shaded.

    Parameters
    ----------
    frame : DataFrame
        One row per period: period (number or date), observed, expected, inside.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ax = new_axes() if ax is None else ax
    at = frame["period"].to_numpy()
    inside = frame["inside"].to_numpy(dtype=bool)
    edges = _edges(at)
    ax.axvspan(
        edges[:-1][inside].min(),
        edges[1:][inside].max(),
        color=OCHRE,
        alpha=0.14,
        linewidth=0,
        label="in the cluster",
    )
    ax.plot(at, frame["expected"], color=BLUE, linewidth=1.6, drawstyle="steps-mid", label="expected")
    ax.plot(at, frame["observed"], color=MUTED, linewidth=0.9, marker="o", markersize=3.0, label="observed")
    ax.scatter(at[inside], frame["observed"][inside], s=22, marker="D", color=OCHRE, zorder=4)
    ax.set_ylim(bottom=min(0.0, float(frame["observed"].min())))
    ax.set_ylabel("cases")
    plain_ticks(ax, "y")
    if not np.issubdtype(at.dtype, np.datetime64):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=1 if narrow() else 3, frameon=False)
    return dress(ax, grid="y", spines=("bottom",))


@styled
def neighbours_alike(table: pd.DataFrame, *, slope: float, ax: Axes | None = None) -> Axes:
    """Draw each place against its neighbours; places that stand out are set apart.

    Parameters
    ----------
    table : DataFrame
        One row per place: z, neighbours_z, quadrant, flagged.
    slope : float
        Moran's I of the whole map: the slope of the line.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ax = new_axes(height_in=4.8) if ax is None else ax
    rest = table[~table["flagged"]]
    small = many(len(table))
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.axvline(0, color=GREY, linewidth=0.6)
    ax.scatter(rest["z"], rest["neighbours_z"], s=11, color=BLUE, alpha=0.5, linewidths=0, rasterized=small, zorder=2)
    for words, (shape, colour, area) in _QUADRANTS.items():
        chosen = table[table["flagged"] & (table["quadrant"] == words)]
        if len(chosen):
            ax.scatter(
                chosen["z"],
                chosen["neighbours_z"],
                s=area,
                marker=shape,
                color=colour,
                edgecolors=PAPER,
                linewidths=0.6,
                zorder=3,
                label=f"{words} ({len(chosen):,})",
            )
    ends = np.array([table["z"].min(), table["z"].max()])
    ax.plot(ends, slope * ends, color=INK, linewidth=1.0, label=f"Moran's I = {slope:.2f}")
    ax.set_xlabel("value, standard deviations from the mean")
    ax.set_ylabel("mean of the neighbours")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=1 if narrow() else 3, frameon=False)
    return dress(ax, grid="both", spines=())


def _draw_window(ax: Axes, row: dict[Any, Any], colour: str) -> None:
    ratio, angle = row.get("shape", 1.0), row.get("angle", 0.0)
    longer = 2 * row["radius"]
    ax.add_patch(
        Ellipse(
            (row["x"], row["y"]),
            longer,
            longer / ratio,
            angle=angle,
            fill=False,
            edgecolor=colour,
            linewidth=1.0,
            zorder=2,
        )
    )


def _edges(at: np.ndarray) -> np.ndarray:
    """Return where each period begins and ends: half-way to the next."""
    half = (at[1:] - at[:-1]) / 2
    return np.concatenate([[at[0] - half[0]], at[:-1] + half, [at[-1] + half[-1]]])


def _title(ax: Axes, words: str) -> None:
    ax.set_title(words, loc="left", fontsize=8, color=MUTED)


__all__ = ["cluster_map", "cluster_over_time", "neighbours_alike"]
