"""Effects by steps since a change was adopted: before it there should be none, after it is what the change did."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from welfare.figures.estimates import round_ratios
from welfare.figures.style import BLUE, GREY, INK, MUTED, OCHRE, PAPER, dress, narrow, new_axes, plain_ticks, styled


@styled
def events(
    table: pd.DataFrame,
    *,
    quantity: str,
    naive: float | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw an effect for each number of steps since adoption, with its interval and the band for all at once.

    Parameters
    ----------
    table : DataFrame
        Columns horizon, estimate, low, high, low_simultaneous, high_simultaneous, in the units of the axis.
    quantity : str
        What the vertical axis is called, unit included.
    naive : float, optional
        The static two-way estimate, drawn as what it is.
    log : bool
        Whether values are ratios, on a logarithmic scale about 1.
    ax : Axes, optional
        Where to draw; new axes by default.
    """
    ax = new_axes() if ax is None else ax
    nothing = 1.0 if log else 0.0
    if log:
        ax.set_yscale("log")
    ax.axhline(nothing, color=INK, linewidth=0.8, zorder=1)
    ax.axvline(-0.5, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    for before, colour, words in ((True, GREY, "before adoption"), (False, BLUE, "after adoption")):
        part = table[(table["horizon"] < 0) == before]
        if part.empty:
            continue
        at = part["horizon"].to_numpy(dtype=float)
        ax.vlines(at, part["low_simultaneous"], part["high_simultaneous"], color=colour, linewidth=1.0, alpha=0.7)
        ax.vlines(at, part["low"], part["high"], color=colour, linewidth=3.2, alpha=0.85)
        sure = part["low"].notna().to_numpy()
        ax.plot(at[sure], part["estimate"][sure], "o", color=colour, markersize=5.5, label=words, zorder=3)
        # A point without an interval is not a certain one.
        ax.plot(at[~sure], part["estimate"][~sure], "o", color=colour, markerfacecolor=PAPER, markersize=5.5, zorder=3)
    if naive is not None and np.isfinite(naive):
        right = max(float(table["horizon"].max()), 0.0)
        ax.plot(
            [-0.5, right + 0.4],
            [naive, naive],
            color=OCHRE,
            linewidth=1.4,
            linestyle=(0, (5, 2)),
            label="two-way estimate",
        )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6 if narrow() else 12))
    hollow = "; hollow: no interval" if table["low"].isna().any() else ""
    joint = "\n" if narrow() else " "
    ax.set_xlabel(f"steps since adoption; thick lines hold 95% each,{joint}thin lines 95% for all{hollow}")
    ax.set_ylabel(quantity)
    if log:
        low, high = ax.get_ylim()
        ax.yaxis.set_major_locator(FixedLocator(round_ratios(low, high, 1.0)))
        ax.yaxis.set_minor_locator(NullLocator())
        plain_ticks(ax, "y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=1 if narrow() else 3)
    return dress(ax, grid="y", spines=("bottom", "left"))
