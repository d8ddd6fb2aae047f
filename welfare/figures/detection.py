"""What inspection does not see: shares between nought and all, ratios about 1, and last digits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from welfare.errors import BadParameter
from welfare.figures.estimates import forest, rates
from welfare.figures.style import BLUE, INK, OCHRE, dress, narrow, new_axes, plain_ticks, styled


def estimates(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the shares of a table of estimates with their intervals; its ratios or numbers where it has no shares.

    Parameters
    ----------
    table : DataFrame
        One row per estimate: part, quantity (text), estimate, low, high (in the unit), unit, status. What cannot be
        told is drawn as words, not as a number.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    BadParameter
        If a column is missing, or there is nothing that has a place in the figure.
    """
    absent = [name for name in ("part", "quantity", "estimate", "low", "high", "unit", "status") if name not in table]
    if absent:
        raise BadParameter(f"the table to draw has no column {', '.join(map(repr, absent))}")
    told = table[np.isfinite(table["estimate"]) & (table["unit"] != "p-value")]
    for unit in ("share", "ratio"):
        if (told["unit"] == unit).any():
            return _drawn(told[told["unit"] == unit], unit, ax)
    if told.empty:
        raise BadParameter(
            "nothing could be told that has a place in a figure",
            where="plot",
            todo="Read the reasons in the table.",
        )
    return _drawn(told[told["unit"] == told["unit"].iloc[0]], str(told["unit"].iloc[0]), ax)


def _drawn(rows: pd.DataFrame, unit: str, ax: Axes | None) -> Axes:
    several = len(set(rows["part"])) > 1
    named = rows.assign(label=rows["part"] + ": " + rows["quantity"] if several else rows["quantity"])
    if unit == "ratio":
        return forest(named, label="label", value="estimate", low="low", high="high", ax=ax)
    if unit != "share":
        return rates(named, label="label", value="estimate", ax=ax, unit=unit)
    percent = named.assign(**{name: 100 * named[name] for name in ("estimate", "low", "high")})
    return rates(
        percent, label="label", value="estimate", ax=ax, unit="percent; what inspection does not see is estimated"
    )


@styled
def digits(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many reports end in each digit, and how many would if nobody rounded.

    Parameters
    ----------
    table : DataFrame
        One row per last digit: digit (0 to 9), observed and expected (reports).
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    absent = [name for name in ("digit", "observed", "expected") if name not in table]
    if absent:
        raise BadParameter(f"the table of digits has no column {', '.join(map(repr, absent))}")
    ax = new_axes(height_in=3.4) if ax is None else ax
    at = table["digit"].to_numpy(dtype=float)
    ax.bar(at, table["observed"], width=0.66, color=BLUE, linewidth=0, label="reports")
    ax.plot(
        at, table["expected"], "_", color=OCHRE, markersize=22, markeredgewidth=2, label="a smooth spread of counts"
    )
    ax.set_xticks(at, [f"{digit:.0f}" for digit in at])
    plain_ticks(ax, "y")
    dress(ax, grid="y", spines=("bottom",))
    ax.set_xlabel("last digit of the reported count")
    ax.set_ylabel("reports")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=1 if narrow() else 2, labelcolor=INK)
    return ax


__all__ = ["digits", "estimates"]
