"""A series with a change in it: what was observed, what the model fits, and what it would have been without."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from welfare.figures.style import BLUE, INK, MUTED, OCHRE, dress, narrow, new_axes, plain_ticks, styled


@styled
def interrupted(
    frame: pd.DataFrame,
    *,
    at: np.ndarray,
    change: float | np.datetime64,
    quantity: str,
    period: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a series with its model, carried on without the change.

    Parameters
    ----------
    frame : DataFrame
        Columns observed, expected, without_change, low, high, one row per period, in the unit of `quantity`; missing
        where a period has no row: lines break there.
    at : array of number or date, shape (rows,)
        Where each period stands on the horizontal axis.
    change : number or date
        Where the change is marked: between the last period before and the first after.
    quantity : str
        What the vertical axis is called, unit included.
    period : str
        What the horizontal axis is called.
    ax : Axes, optional
        Where to draw; new axes by default.
    """
    ax = new_axes() if ax is None else ax
    after = at > change
    # The line without the change begins where the two part: at the last period before.
    carried = after.copy()
    if (~after).any():
        carried[np.flatnonzero(~after)[-1]] = True
    ax.plot(at, frame["observed"], marker="o", markersize=3.2, color=MUTED, linestyle="none", label="observed")
    for number, side in enumerate((~after, after)):
        ax.plot(at[side], frame["expected"][side], color=BLUE, linewidth=1.8, label="model" if number else None)
    ax.plot(
        at[carried],
        frame["without_change"][carried],
        color=OCHRE,
        linewidth=1.8,
        linestyle=(0, (1, 1)),
        label="without the change",
    )
    ax.fill_between(
        at[after], frame["low"][after], frame["high"][after], color=OCHRE, alpha=0.18, linewidth=0, label="its 95% band"
    )
    ax.axvline(change, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))  # type: ignore[arg-type]
    ax.annotate(
        "change",
        (change, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
        color=INK,
        fontsize=8,
    )
    ax.set_ylabel(quantity)
    ax.set_xlabel(period)
    plain_ticks(ax, "y")
    if not np.issubdtype(at.dtype, np.datetime64):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    # Room below for the legend's line, so that no point is hidden.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2 if narrow() else 4, frameon=False)
    return dress(ax, grid="y", spines=("bottom",))
