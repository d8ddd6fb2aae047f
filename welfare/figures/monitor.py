"""A chart of counts over time: how high the evidence stands, where its limit is, and since when it has been rising."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from welfare.figures.style import BLUE, INK, MUTED, OCHRE, dress, new_axes, styled


@styled
def chart(path: pd.Series, row: pd.Series, *, quantity: str, ax: Axes | None = None) -> Axes:
    """Draw one facility's chart with its limit and its signal; the climb that led to it is shaded.

    Parameters
    ----------
    path : Series of n heights
        By period; missing where the chart has none: the line breaks there.
    row : Series
        Of the result's table: facility_id, limit, signal, since, until, status.
    quantity : str
        What the height is, for the vertical axis.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ax = new_axes(height_in=3.4) if ax is None else ax
    at, on_axis = _positions(path.index)
    ax.plot(at, path.to_numpy(dtype=float), color=BLUE, linewidth=1.6, drawstyle="steps-post")
    if np.isfinite(row["limit"]) and quantity != "Observed over expected":
        ax.axhline(row["limit"], color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.annotate(
            "limit", (1, row["limit"]), xycoords=("axes fraction", "data"), xytext=(-2, 3), ha="right", **_SMALL
        )
    if pd.notna(row["since"]):
        ax.axvspan(on_axis(row["since"]), on_axis(row["until"]), color=OCHRE, alpha=0.14, linewidth=0)
    if pd.notna(row["signal"]):
        where = on_axis(row["signal"])
        ax.axvline(where, color=OCHRE, linewidth=1.0)
        ax.annotate(
            f"signal {_shown(row['signal'])}",
            (where, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -3),
            va="top",
            **_SMALL,
        )
    if row["status"] != "watched":
        ax.set_title(str(row["status"]), loc="left", color=MUTED, fontsize=8)
    ax.set_ylabel(quantity)
    ax.set_xlabel("Period" if at.dtype.kind != "M" else "")
    if at.dtype.kind != "M":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return dress(ax, grid="y", spines=("bottom",))


_SMALL: Any = {"textcoords": "offset points", "color": INK, "fontsize": 8}


def _positions(periods: pd.Index) -> tuple[np.ndarray, Any]:
    """Return where periods stand on the axis, and a function that gives it for one label."""
    if isinstance(periods, pd.PeriodIndex):
        return periods.to_timestamp().to_numpy(), lambda label: label.to_timestamp().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(periods.dtype):
        return periods.to_numpy(), lambda label: label.to_numpy()
    if pd.api.types.is_numeric_dtype(periods.dtype):
        return periods.to_numpy(), float
    order = {label: float(position) for position, label in enumerate(periods)}
    return np.arange(len(periods), dtype=float), order.__getitem__


def _shown(label: Any) -> str:
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) else str(label)


__all__ = ["chart"]
