"""How every part says what it found: a row per estimate, with its assumption in words and whether it is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result

COLUMNS = ("part", "quantity", "estimate", "low", "high", "unit", "assumption", "status", "reason")
ESTIMATED, LOWER_BOUND, CANNOT_TELL = "estimated", "lower bound", "cannot tell"
MORE = "more recorded than expected: worse handling, or stricter inspection"
FEWER = "fewer recorded than expected: better handling, or less of it seen or written down"


@dataclass(frozen=True)
class Estimate:
    """One figure of a part.

    Attributes
    ----------
    part, quantity : str
        Which part it belongs to, and what it is of, in plain words.
    estimate, low, high : float
        In `unit`; NaN where there is none.
    unit : str
        E.g. "share", "ratio", "facilities", "p-value".
    assumption : str
        What must be true for the figure to mean that.
    status : {"estimated", "lower bound", "cannot tell"}
    reason : str
        Why there is no figure, or no interval, or what a figure that stands out reads as; "" if there is nothing to
        say.
    """

    part: str
    quantity: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    unit: str = ""
    assumption: str = ""
    status: str = ESTIMATED
    reason: str = ""


def table_of(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return the figures as a frame, one row each, in the columns that every part has."""
    rows = [asdict(estimate) for estimate in estimates]
    numbers = dict.fromkeys(("estimate", "low", "high"), "float64")
    words = dict.fromkeys([name for name in COLUMNS if name not in numbers], "str")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(numbers | words)


def said(estimate: Estimate) -> str:
    """Write a figure with its interval: ``0.62 (0.55 to 0.69)``; as percent where it is a share."""
    values = [estimate.estimate, estimate.low, estimate.high]
    middle, low, high = (_written(value, estimate.unit) for value in values)
    return middle if np.isnan(values[1:]).all() else f"{middle} ({low} to {high})"


def _written(value: float, unit: str) -> str:
    if np.isnan(value):
        return "not known"
    if np.isinf(value):
        return "without end"
    if unit == "share":
        return f"{100 * value:.3g}%"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


@dataclass(frozen=True, repr=False)
class Part(Result):
    """One part of what inspection does not see.

    Attributes
    ----------
    table : DataFrame
        One row per estimate: part, quantity (plain words), estimate, low, high, unit, assumption (in words), status
        ("estimated", "lower bound" or "cannot tell"), reason.
    """

    def plot(self, ax: Any = None) -> Any:
        """Draw the shares with their intervals, or the ratios where there are no shares.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.detection import estimates

        return estimates(self.table, ax=ax)


__all__ = ["CANNOT_TELL", "ESTIMATED", "FEWER", "LOWER_BOUND", "MORE", "Estimate", "Part", "said", "table_of"]
