"""The columns of an interrupted series: level, trend, season, and what changes from a date on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

LEVEL, SLOPE, TREND, INTERCEPT = "level change", "slope change", "trend", "Intercept"


@dataclass(frozen=True)
class Shape:
    """Which terms a series has.

    Attributes
    ----------
    slope : bool
        Whether the slope may change too.
    trend : bool
        Whether there is a straight trend throughout.
    season : float or None
        Length of the season, in periods.
    harmonics : int
        Pairs of waves in it.
    """

    slope: bool
    trend: bool
    season: float | None
    harmonics: int


def harmonic(place: Array, season: float, harmonics: int) -> tuple[list[str], Array]:
    """Return sine and cosine waves that repeat with a season.

    Parameters
    ----------
    place : array of int, shape (n,)
        Periods.
    season : float
        Its length in periods: 12 for months.
    harmonics : int
        The first goes round once in a season, the second twice, and so on.

    Returns
    -------
    names : list of str
    columns : array, shape (n, 2 x harmonics), one column fewer where the last wave has but two values a period apart
    """
    names, columns = [], []
    for each in range(1, harmonics + 1):
        angle = 2 * np.pi * each * place / season
        # At half the season's length a sine is 0 in every period.
        if 2 * each != season:
            names.append(f"season sin {each}")
            columns.append(np.sin(angle))
        names.append(f"season cos {each}")
        columns.append(np.cos(angle))
    return names, np.column_stack(columns)


def columns_of(place: Array, unit: Array, change: int, shape: Shape) -> tuple[list[str], Array]:
    """Return the columns of a model of a series.

    Parameters
    ----------
    place : array of int, shape (n,)
        Periods; the trend counts them from the change on, so that the level before it is that at the change.
    unit : array of int, shape (n,)
        Each unit from the second on has a column of its own.
    change : int
        First period after the change.
    shape : Shape
        Which terms there are.

    Returns
    -------
    names : list of k str
        Terms that are told come first, then those of units.
    columns : array, shape (n, k)
    """
    since = (place - change).astype(float)
    after = (place >= change).astype(float)
    names, columns = [INTERCEPT, LEVEL], [np.ones(len(place)), after]
    if shape.slope:
        names.append(SLOPE)
        columns.append(after * since)
    if shape.trend:
        names.append(TREND)
        columns.append(since)
    if shape.season is not None:
        more, waves = harmonic(place, shape.season, shape.harmonics)
        names += more
        columns += list(waves.T)
    levels = np.unique(unit)[1:]
    names += [f"unit {each}" for each in levels]
    columns += [(unit == each).astype(float) for each in levels]
    return names, np.column_stack(columns)
