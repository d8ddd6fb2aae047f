"""Restricted cubic splines: smooth between the outer knots, straight lines beyond them."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter, BadValue, NotEstimable

_OUTER = {3: 0.10, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}


def knots_at_quantiles(values: np.ndarray, knots: int) -> np.ndarray:
    """Place knots at the quantiles that Harrell recommends.

    Below 100 values an outer quantile rests on too few of them, so the outer knots are then the
    fifth smallest and the fifth largest value (Stone and Koo's advice, which Harrell follows).

    Parameters
    ----------
    values : array of float, shape (n,)
        The condition as observed, in its own unit; NaN where missing.
    knots : int
        How many, from 3 to 7.

    Returns
    -------
    array of float, shape (knots,)
        Increasing, in the unit of the values.

    Raises
    ------
    BadParameter
        If the number of knots is not from 3 to 7.
    BadValue
        If a value is infinite.
    NotEstimable
        If the values have fewer distinct ones than a curve with that many knots needs, or heap so
        much that two knots would coincide.

    References
    ----------
    Harrell FE. Regression modeling strategies. 2nd ed. Springer, 2015, table 2.3 and section 2.4.6.
    """
    if not isinstance(knots, (int, np.integer)) or knots not in _OUTER:
        raise BadParameter(
            f"{knots!r} knots were asked for",
            where="knots",
            spoiled="Fewer than 3 make no curve, and more than 7 follow chance.",
            todo="Ask for 3, 4, 5, 6 or 7 knots, or give their places.",
        )
    seen = finite(values, "values")
    distinct = len(np.unique(seen))
    # A knot needs values on both sides of it for its coefficient to be felt.
    if distinct < knots + 2:
        raise _too_few(f"{knots} knots need at least {knots + 2} distinct values, and there are {distinct}")
    ordered = np.sort(seen)
    places = np.quantile(ordered, np.linspace(_OUTER[knots], 1 - _OUTER[knots], knots))
    if len(ordered) < 100:
        places[0], places[-1] = ordered[min(4, len(ordered) - 1)], ordered[max(len(ordered) - 5, 0)]
    if (np.diff(places) <= 0).any():
        raise _too_few(f"the values heap, so {knots} knots would not be at {knots} increasing places")
    return np.asarray(places)


def restricted_cubic(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the columns of a restricted cubic spline in Harrell's parametrisation.

    Parameters
    ----------
    values : array of float, shape (n,)
        Where to evaluate; NaN gives a row of NaN.
    knots : array of float, shape (k,)
        Increasing, at least 3.

    Returns
    -------
    array of float, shape (n, k - 1)
        The value itself, then k - 2 cubic terms divided by the squared distance of the outer knots,
        so that every column has the unit of the values. Any combination is cubic between knots, with
        a continuous second derivative, and linear outside the outer ones.

    Raises
    ------
    BadParameter
        If there are fewer than 3 knots, or they do not increase.
    BadValue
        If a value is infinite.

    References
    ----------
    Harrell FE. Regression modeling strategies. 2nd ed. Springer, 2015, section 2.4.5.
    """
    return _columns(values, knots, power=3)


def restricted_cubic_slope(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the first derivatives of the columns of `restricted_cubic`.

    Parameters
    ----------
    values : array of float, shape (n,)
        Where to evaluate; NaN gives a row of NaN.
    knots : array of float, shape (k,)
        Increasing, at least 3.

    Returns
    -------
    array of float, shape (n, k - 1)
        Change of each column per unit of the value; constant outside the outer knots.

    Raises
    ------
    BadParameter
        If there are fewer than 3 knots, or they do not increase.
    BadValue
        If a value is infinite.
    """
    return _columns(values, knots, power=2)


def _columns(values: np.ndarray, knots: np.ndarray, power: int) -> np.ndarray:
    at, places = finite(values, "values", missing=True), _usable(knots)
    first, before, last = places[0], places[-2], places[-1]
    scale = (3 if power == 2 else 1) / (last - first) ** 2

    # From the last knot on the cubes cancel; held at the knot they are exact, and the rest is a straight line.
    inside, beyond = np.minimum(at, last), np.maximum(at - last, 0.0)

    def above(knot: float, of: int) -> np.ndarray:
        return np.asarray(np.maximum(inside - knot, 0.0) ** of)

    linear = at if power == 3 else np.where(np.isnan(at), np.nan, 1.0)
    columns = [linear]
    for knot in places[:-2]:
        share = (last - knot) / (last - before)
        column = scale * (above(knot, power) - share * above(before, power))
        if power == 3:
            column = column + 3 * scale * (above(knot, 2) - share * above(before, 2)) * beyond
        columns.append(column)
    return np.column_stack(columns)


def _usable(knots: np.ndarray) -> np.ndarray:
    places = np.asarray(knots, dtype=float)
    if places.ndim != 1 or len(places) < 3 or not np.isfinite(places).all() or (np.diff(places) <= 0).any():
        raise BadParameter(
            f"the knots {places.tolist()} are not three or more increasing numbers",
            where="knots",
            spoiled="Two knots at one place leave a column that no data can tell from another.",
            todo="Give at least 3 distinct places in increasing order.",
        )
    return places


def finite(values: np.ndarray, name: str, *, missing: bool = False) -> np.ndarray:
    """Return values as floats, refusing what is infinite; missing ones are left out, or kept as NaN.

    Parameters
    ----------
    values : array of float, shape (n,)
        Values; NaN where missing.
    name : str
        What to call them in the error.
    missing : bool
        True to keep NaN in its place.

    Returns
    -------
    array of float, shape (n,), or shorter where missing values were left out

    Raises
    ------
    BadValue
        If the values are not one row of numbers, or one is infinite.
    """
    out = np.asarray(values, dtype=float)
    if out.ndim != 1 or np.isinf(out).any():
        raise BadValue(
            f"{name} must be one row of finite numbers",
            where=name,
            spoiled="Every column made from them would be infinite too.",
            todo="Find what was divided by zero, and make it missing.",
        )
    return out if missing else out[~np.isnan(out)]


def _too_few(what: str) -> NotEstimable:
    return NotEstimable(
        what,
        where="knots",
        spoiled="The curve would be drawn where there is nothing to draw it from.",
        todo="Use fewer knots, give their places, or use the condition in groups.",
    )
