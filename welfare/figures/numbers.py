"""How figures print a number: three figures that matter, thousands separators, a true minus sign."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
    if size < 1e-6:
        digits, power = f"{value:.1e}".split("e")
        text = f"{digits} × 10{str(int(power)).translate(_RAISED)}"
    elif size < 1:
        # Two significant figures, whatever the number of leading zeros.
        text = f"{value:.{1 - math.floor(math.log10(size))}f}"
    else:
        text = f"{value:,.{max(0, 2 - math.floor(math.log10(size)))}f}"
    return text.replace("-", "−")


def counted(count: int, one: str, more: str = "") -> str:
    """Print a count with its noun: ``1 record``, ``1,204 records``.

    Parameters
    ----------
    count : int
        How many.
    one, more : str
        The words for one and for any other number; `more` is by default `one` with an s.
    """
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


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
