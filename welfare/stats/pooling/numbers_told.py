"""How pooled numbers are told: on the scale of the effects, or as ratios where those are logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def ratio_of(value: Any) -> Any:
    """Return e to the power of a logarithm, or of each; infinite where it cannot be written, without a warning.

    Parameters
    ----------
    value : float, array or Series
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(value)


def told(value: float, ratio: bool) -> str:
    """Write an effect, or its ratio, to three figures.

    Parameters
    ----------
    value : float
        On the scale of the effects.
    ratio : bool
        Whether effects are logarithms of ratios.
    """
    return f"{ratio_of(value) if ratio else value:.3g}"


def told_range(low: float, high: float, ratio: bool) -> str:
    """Write the ends of an interval: ``0.33 to 0.73``.

    Parameters
    ----------
    low, high : float
        On the scale of the effects.
    ratio : bool
        Whether effects are logarithms of ratios.
    """
    return f"{told(low, ratio)} to {told(high, ratio)}"


def with_ratios(table: pd.DataFrame, ratio: bool, estimate: str = "estimate") -> pd.DataFrame:
    """Add columns ratio, ratio_low, ratio_high where effects are logarithms.

    Parameters
    ----------
    table : DataFrame
        Columns low, high and the one that `estimate` names.
    ratio : bool
        Whether effects are logarithms of ratios.
    estimate : str
        Column of the effect.
    """
    if not ratio:
        return table
    columns = {"ratio": estimate, "ratio_low": "low", "ratio_high": "high"}
    return table.assign(**{name: ratio_of(table[of]) for name, of in columns.items()})


__all__ = ["ratio_of", "told", "told_range", "with_ratios"]
