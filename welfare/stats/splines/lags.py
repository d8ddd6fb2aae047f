"""A condition's history: what it was in earlier periods of the same unit, and nothing where that is not known."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter, BadValue


def lag_matrix(values: np.ndarray, unit_codes: np.ndarray, times: np.ndarray, lags: int) -> np.ndarray:
    """Return each row's condition now and in earlier periods of the same unit.

    Parameters
    ----------
    values : array of float, shape (n,)
        The condition; NaN where missing.
    unit_codes : array of int, shape (n,)
        Which unit a row belongs to; rows may be in any order.
    times : array of int, shape (n,)
        Period number; consecutive periods differ by 1.
    lags : int
        How many periods back, 0 or more.

    Returns
    -------
    array of float, shape (n, lags + 1)
        Column l holds the unit's value l periods earlier: NaN where that period was not recorded,
        whether before the first record or in a gap, never 0 and never the value of another period.

    Raises
    ------
    BadParameter
        If lags is not a whole number of 0 or more, or lengths differ.
    BadValue
        If codes or times are not whole numbers, a value is infinite, or a unit has two rows at one time.
    """
    if not isinstance(lags, (int, np.integer)) or lags < 0:
        raise BadParameter(
            f"lags is {lags!r}",
            where="lags",
            spoiled="Harm would be explained by conditions that came after it.",
            todo="Give a whole number of periods, 0 or more.",
        )
    exposure = np.asarray(values, dtype=float)
    units, periods = whole_numbers(unit_codes, "unit_codes"), whole_numbers(times, "times")
    if not exposure.shape == units.shape == periods.shape == (exposure.size,):
        raise BadParameter(
            "values, unit_codes and times differ in length",
            where="lag_matrix",
            spoiled="One row's value would be used for another row.",
            todo="Give one of each per row.",
        )
    if np.isinf(exposure).any():
        raise BadValue(
            "a value is infinite",
            where="values",
            spoiled="Every row that it enters would be infinite too.",
            todo="Find what was divided by zero, and make it missing.",
        )
    if not len(exposure):
        return np.empty((0, lags + 1))
    return _looked_up(exposure, units, periods, int(lags))


def _looked_up(exposure: np.ndarray, units: np.ndarray, periods: np.ndarray, lags: int) -> np.ndarray:
    order = np.lexsort((periods, units))
    _, codes = np.unique(units, return_inverse=True)
    recorded, ranks = np.unique(periods, return_inverse=True)
    # Ranks keep the key small however far apart the times are; a time nobody recorded has none.
    key = codes * len(recorded) + ranks
    sorted_key = key[order]
    if (np.diff(sorted_key) == 0).any():
        raise BadValue(
            "a unit has two rows at one time",
            where="times",
            spoiled="Which of them is the history of the next would be an accident of order.",
            todo="Sum or average them first.",
        )
    out = np.full((len(exposure), lags + 1), np.nan)
    for lag in range(lags + 1):
        wanted = periods - lag
        rank = np.minimum(np.searchsorted(recorded, wanted), len(recorded) - 1)
        sought = codes * len(recorded) + rank
        at = np.minimum(np.searchsorted(sorted_key, sought), len(sorted_key) - 1)
        found = (recorded[rank] == wanted) & (sorted_key[at] == sought)
        out[found, lag] = exposure[order[at[found]]]
    return out


def whole_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Return whole numbers as integers, refusing others.

    Parameters
    ----------
    values : array of int or float, shape (n,)
        Numbers of units or periods.
    name : str
        What to call them in the error.

    Returns
    -------
    array of int, shape (n,)

    Raises
    ------
    BadValue
        If one is missing, infinite, fractional, or no number.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "iuf" or not (np.isfinite(given).all() and (given == np.floor(given)).all()):
        raise BadValue(
            f"{name} are not whole numbers",
            where=name,
            spoiled="Which period comes before which could not be told.",
            todo="Number units and periods; for months, 12 x year + month.",
        )
    return given.astype(np.int64)
