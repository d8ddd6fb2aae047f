"""How figures print a number: three figures that matter, thousands separators, a true minus sign."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """Print a number to about three significant figures.

    Parameters
    ----------
    value : float
        Any number; infinity prints as its sign.

    Returns
    -------
    str
        E.g. ``1,234``, ``12.3``, ``0.046``, ``−7.10``.
    """
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.001:
        text = f"{value:.1e}"
    elif size < 1:
        # Two significant figures, whatever the number of leading zeros.
        text = f"{value:.{1 - math.floor(math.log10(size))}f}"
    else:
        text = f"{value:,.{max(0, 2 - math.floor(math.log10(size)))}f}"
    return text.replace("-", "−")


def interval(value: float, low: float, high: float) -> str:
    """Print a number with its interval, or alone where it has none.

    Parameters
    ----------
    value, low, high : float
        In one unit; NaN in `low` or `high` means there is no interval.
    """
    if math.isnan(low) or math.isnan(high):
        return short(value)
    # An en dash between negative numbers reads as a third minus sign.
    joint = " to " if low < 0 else "–"
    return f"{short(value)} ({short(low)}{joint}{short(high)})"


def tick(value: float, _position: int | None = None) -> str:
    """Print an axis label: as few digits as tell it from its neighbours.

    Parameters
    ----------
    value : float
        Where the tick stands.
    _position : int, optional
        Its number, which matplotlib passes and nothing here needs.
    """
    text = f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) >= 1e-4 or value == 0 else f"{value:g}"
    return text.replace("-", "−")
