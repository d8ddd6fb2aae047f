"""A curve with its bands: the ratio of rates along a condition, and where the rows lie."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from welfare.figures.estimates import round_ratios
from welfare.figures.style import BLUE, INK, MUTED, dress, new_axes, plain_ticks, styled

_CHI2_95 = 3.841458820694124  # 0.95 quantile of chi-squared with 1 degree of freedom


@styled
def curve(
    table: pd.DataFrame,
    *,
    condition: str,
    reference: float,
    values: np.ndarray,
    quantity: str = "ratio of rates",
    ax: Axes | None = None,
) -> Axes:
    """Draw a ratio along a condition on a logarithmic scale, with both of its bands.

    Parameters
    ----------
    table : DataFrame
        Columns at, ratio, low, high, low_simultaneous, high_simultaneous; extrapolated where it was asked for.
    condition : str
        What the horizontal axis is called, unit included.
    reference : float
        Where the ratio is 1.
    values : array
        Of the condition, as observed: drawn as a rug, thinned where they are many.
    quantity : str
        What the vertical axis is called.
    ax : Axes, optional
        Where to draw; new axes by default.
    """
    ax = new_axes() if ax is None else ax
    inside = table[~table["extrapolated"]] if "extrapolated" in table else table
    ax.fill_between(
        inside["at"],
        inside["low_simultaneous"],
        inside["high_simultaneous"],
        color=BLUE,
        alpha=0.12,
        linewidth=0,
        label="95% for the whole curve",
    )
    ax.fill_between(inside["at"], inside["low"], inside["high"], color=BLUE, alpha=0.25, linewidth=0, label="95% each")
    ax.plot(inside["at"], inside["ratio"], color=BLUE, linewidth=1.8)
    if len(inside) < len(table):
        ax.plot(table["at"], table["ratio"], color=BLUE, linewidth=1, linestyle=":", label="beyond the data")
    ax.axhline(1, color=MUTED, linewidth=0.8)
    ax.plot([reference], [1], marker="o", markersize=4, color=INK, linestyle="none", label=f"reference {reference:.4g}")
    ax.set_yscale("log")
    seen = np.quantile(values, np.linspace(0, 1, min(len(values), 200)))
    ax.plot(seen, np.full(len(seen), 0.015), "|", color=MUTED, markersize=6, transform=ax.get_xaxis_transform())
    ax.set_xlabel(condition.replace("_", " "))
    ax.set_ylabel(quantity)
    ax.legend(frameon=False, fontsize="small")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(FixedLocator(round_ratios(low, high, 1.0)))
    ax.yaxis.set_minor_locator(NullLocator())
    plain_ticks(ax, "y")
    return dress(ax, grid="y", spines=("bottom", "left"))


@styled
def thresholds(table: pd.DataFrame, *, threshold: float, ax: Axes | None = None) -> Axes:
    """Draw how much worse than the best each threshold fits, and the line below which the interval lies.

    Parameters
    ----------
    table : DataFrame
        Columns threshold and deviance, the latter over its dispersion.
    threshold : float
        The best.
    ax : Axes, optional
        Where to draw; new axes by default.
    """
    ax = new_axes(height_in=3.2) if ax is None else ax
    ax.plot(table["threshold"], table["deviance"] - table["deviance"].min(), color=BLUE)
    ax.axhline(_CHI2_95, color=MUTED, linewidth=0.8)
    ax.axvline(threshold, color=INK, linewidth=0.8, linestyle=":")
    ax.set_xlabel("threshold")
    ax.set_ylabel("deviance above the best")
    return dress(ax, grid="y", spines=("bottom", "left"))
