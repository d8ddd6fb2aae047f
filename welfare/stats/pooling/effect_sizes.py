"""Effects and their variances from what papers print: means, counts, rates, or an estimate with its interval.

Each function takes single values, sequences or Series of n values, and returns a frame of effect and variance with n
rows, to be handed to :func:`welfare.pool`. What cannot be reckoned is missing, and the pool then says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.stats.inputs import common_labels, not_negative, numbers, whole_counts
from welfare.stats.rates.options import check_level

_LOPSIDED = 0.2  # of half the width: rounding in print moves the middle by less


def mean_difference(
    mean: Any,
    mean_reference: Any,
    *,
    sd: Any = None,
    sd_reference: Any = None,
    n: Any = None,
    n_reference: Any = None,
    se: Any = None,
    se_reference: Any = None,
) -> pd.DataFrame:
    """Subtract means, in their own unit.

    Parameters
    ----------
    mean, mean_reference : number, or sequence or Series of n numbers
        Of the two sides.
    sd, sd_reference, n, n_reference : the same, optional
        Standard deviations and animals (or pens, where pens were treated) of the two sides.
    se, se_reference : the same, optional
        Standard errors of the means, instead.

    Returns
    -------
    DataFrame
        Columns effect, variance.

    Raises
    ------
    BadParameter
        If neither deviations with numbers nor errors are given, or lengths differ.
    BadValue
        If a value is negative, infinite or not a number.

    Notes
    -----
    Animals of one pen are not independent: where pens were treated and animals counted, the variance is too small.
    """
    if (se is None) == (sd is None):
        raise BadParameter(
            "the doubt of the means is needed once",
            where="mean_difference",
            spoiled="A difference without its error has no weight.",
            todo="Give sd= and n= of both sides, or se= of both.",
        )
    rows = _rows(
        mean=mean,
        mean_reference=mean_reference,
        **({"se": se, "se_reference": se_reference} if sd is None else _spread(sd, sd_reference, n, n_reference)),
    )
    if sd is None:
        variance = rows["se"] ** 2 + rows["se_reference"] ** 2
    else:
        variance = rows["sd"] ** 2 / rows["n"] + rows["sd_reference"] ** 2 / rows["n_reference"]
    return _frame(rows["mean"] - rows["mean_reference"], variance)


def standardised_difference(
    mean: Any, mean_reference: Any, *, sd: Any, sd_reference: Any, n: Any, n_reference: Any
) -> pd.DataFrame:
    """Divide the difference of means by the common standard deviation, corrected for few animals (Hedges' g).

    Parameters
    ----------
    mean, mean_reference, sd, sd_reference, n, n_reference : number, or sequence or Series of n numbers
        As :func:`mean_difference`.

    Returns
    -------
    DataFrame
        Columns effect (standard deviations), variance.

    Raises
    ------
    BadParameter, BadValue
        As :func:`mean_difference`.

    Notes
    -----
    Its unit is the spread of the animals studied: the same gain is a larger effect in a more uniform herd. Prefer
    :func:`mean_difference` where all studies measured in one unit.

    References
    ----------
    Hedges LV. Journal of Educational Statistics 1981; 6: 107-128.
    """
    from scipy.special import gammaln

    rows = _rows(mean=mean, mean_reference=mean_reference, **_spread(sd, sd_reference, n, n_reference))
    degrees = rows["n"] + rows["n_reference"] - 2
    within = (rows["n"] - 1) * rows["sd"] ** 2 + (rows["n_reference"] - 1) * rows["sd_reference"] ** 2
    exact = pd.Series(np.exp(gammaln(degrees / 2) - gammaln((degrees - 1) / 2)), rows.index) / (degrees / 2) ** 0.5
    exact = exact.where(degrees > 1)
    effect = exact * (rows["mean"] - rows["mean_reference"]) / (within / degrees) ** 0.5
    total = rows["n"] + rows["n_reference"]
    return _frame(effect, 1 / rows["n"] + 1 / rows["n_reference"] + effect**2 / (2 * total))


def log_ratio_of_means(
    mean: Any, mean_reference: Any, *, sd: Any, sd_reference: Any, n: Any, n_reference: Any
) -> pd.DataFrame:
    """Take the logarithm of the ratio of two means above 0.

    Parameters
    ----------
    mean, mean_reference, sd, sd_reference, n, n_reference : number, or sequence or Series of n numbers
        As :func:`mean_difference`.

    Returns
    -------
    DataFrame
        Columns effect (logarithm), variance; missing where a mean is not above 0.

    Raises
    ------
    BadParameter, BadValue
        As :func:`mean_difference`.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS. Ecology 1999; 80: 1150-1156.
    """
    rows = _rows(mean=mean, mean_reference=mean_reference, **_spread(sd, sd_reference, n, n_reference))
    above = rows[["mean", "mean_reference"]].where(rows[["mean", "mean_reference"]] > 0)
    variance = (rows["sd"] / above["mean"]) ** 2 / rows["n"]
    variance += (rows["sd_reference"] / above["mean_reference"]) ** 2 / rows["n_reference"]
    return _frame(_log(above["mean"] / above["mean_reference"]), variance)


def log_risk_ratio(events: Any, n: Any, events_reference: Any, n_reference: Any) -> pd.DataFrame:
    """Take the logarithm of the ratio of two risks.

    Parameters
    ----------
    events, events_reference : number, or sequence or Series of n numbers
        Animals with the event.
    n, n_reference : the same
        Animals.

    Returns
    -------
    DataFrame
        Columns effect (logarithm), variance.

    Raises
    ------
    BadParameter
        If lengths differ.
    BadValue
        If a count is no count, or events outnumber animals.

    Notes
    -----
    Where a count, or its complement, is 0 on a side, a half is added to all four counts. Without an event on either
    side the row says nothing of a ratio, and is missing.
    """
    a, b, c, d = _table(events, n, events_reference, n_reference)
    return _frame(_log(a / (a + b)) - _log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def log_odds_ratio(events: Any, n: Any, events_reference: Any, n_reference: Any) -> pd.DataFrame:
    """Take the logarithm of the ratio of two odds.

    Parameters
    ----------
    events, n, events_reference, n_reference
        As :func:`log_risk_ratio`.

    Returns
    -------
    DataFrame
        Columns effect (logarithm), variance.

    Raises
    ------
    BadParameter, BadValue
        As :func:`log_risk_ratio`.

    Notes
    -----
    As :func:`log_risk_ratio`; it is missing too where every animal of both sides had the event.
    """
    a, b, c, d = _table(events, n, events_reference, n_reference)
    effect, variance = _log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    every = numbers(np.atleast_1d(events), "events") == numbers(np.atleast_1d(n), "n")
    every &= numbers(np.atleast_1d(events_reference), "events_reference") == numbers(
        np.atleast_1d(n_reference), "n_reference"
    )
    return _frame(effect.mask(every), variance.mask(every))


def risk_difference(events: Any, n: Any, events_reference: Any, n_reference: Any) -> pd.DataFrame:
    """Subtract two risks.

    Parameters
    ----------
    events, n, events_reference, n_reference
        As :func:`log_risk_ratio`.

    Returns
    -------
    DataFrame
        Columns effect (share of 1), variance.

    Raises
    ------
    BadParameter, BadValue
        As :func:`log_risk_ratio`.

    Notes
    -----
    Halves are added to counts of 0 as in :func:`log_risk_ratio`; a row without any event stays, its difference near 0.
    """
    a, b, c, d = _table(events, n, events_reference, n_reference, uninformative=True)
    total, total_reference = a + b, c + d
    return _frame(a / total - c / total_reference, a * b / total**3 + c * d / total_reference**3)


def log_rate_ratio(events: Any, exposure: Any, events_reference: Any, exposure_reference: Any) -> pd.DataFrame:
    """Take the logarithm of the ratio of two rates.

    Parameters
    ----------
    events, events_reference : number, or sequence or Series of n numbers
        Counts.
    exposure, exposure_reference : the same
        What they were counted over: animal days, worker hours.

    Returns
    -------
    DataFrame
        Columns effect (logarithm), variance.

    Raises
    ------
    BadParameter
        If lengths differ.
    BadValue
        If a count is no count, or an exposure is negative.

    Notes
    -----
    Where one count is 0 a half is added to both. Without an event on either side, or an exposure, it is missing. The
    counts are taken as Poisson: if events come in bouts, the variance is too small.
    """
    rows = _rows(
        events=events, exposure=exposure, events_reference=events_reference, exposure_reference=exposure_reference
    )
    for name in ("exposure", "exposure_reference"):
        not_negative(rows[name].to_numpy(), name, rows.index)
    none = (rows["events"] == 0) & (rows["events_reference"] == 0)
    zero = (rows["events"] == 0) | (rows["events_reference"] == 0)
    first, second = ((rows[name] + 0.5 * zero).mask(none) for name in ("events", "events_reference"))
    over, over_reference = (rows[name].where(rows[name] > 0) for name in ("exposure", "exposure_reference"))
    return _frame(_log(first / over) - _log(second / over_reference), 1 / first + 1 / second)


def from_interval(estimate: Any, low: Any, high: Any, *, level: float = 0.95, ratio: bool = False) -> pd.DataFrame:
    """Read an error off a printed interval.

    Parameters
    ----------
    estimate, low, high : number, or sequence or Series of n numbers
        As printed.
    level : float
        Coverage of the interval.
    ratio : bool
        They are ratios: their logarithms are taken.

    Returns
    -------
    DataFrame
        Columns effect (logarithm of the ratio if asked), variance.

    Raises
    ------
    BadParameter
        If lengths differ or level is no share.
    BadValue
        If an interval does not hold its estimate about in the middle, or a ratio is not above 0.

    Notes
    -----
    The interval is taken to be the normal one. One by Student's t gives a variance somewhat too large; an exact one of
    few events is lopsided, and refused. Two printed digits leave the variance uncertain by a few per cent.
    """
    from scipy.special import ndtri

    check_level(level, "from_interval")
    rows = _rows(estimate=estimate, low=low, high=high)
    if ratio:
        if (rows <= 0).any(axis=None):
            raise BadValue(
                "a ratio or its limit is not above 0",
                where="from_interval",
                spoiled="It has no logarithm.",
                todo="Leave ratio=False for differences.",
            )
        rows = rows.apply(_log)
    half = (rows["high"] - rows["low"]) / 2
    off = (rows["estimate"] - (rows["high"] + rows["low"]) / 2).abs()
    wrong = ((half <= 0) | (off > _LOPSIDED * half)).to_numpy()
    if wrong.any():
        raise BadValue(
            f"the interval in row {rows.index[wrong][0]!r} does not have its estimate in the middle "
            f"({int(wrong.sum()):,} such rows)",
            where="from_interval",
            spoiled="Its width would not be the error of the estimate.",
            todo="Give ratio=True for ratios; for exact intervals go back to the counts.",
        )
    return _frame(rows["estimate"], (half / float(-ndtri((1 - level) / 2))) ** 2)


def _spread(sd: Any, sd_reference: Any, n: Any, n_reference: Any) -> dict[str, Any]:
    return {"sd": sd, "sd_reference": sd_reference, "n": n, "n_reference": n_reference}


def _rows(**columns: Any) -> pd.DataFrame:
    """Put columns side by side as numbers; counts must be counts, deviations and errors not negative."""
    absent = [name for name, column in columns.items() if column is None]
    if absent:
        raise BadParameter(f"{', '.join(absent)} is not given", where=absent[0], todo="Give it for both sides.")
    if all(np.ndim(column) == 0 for column in columns.values()):
        columns = {name: [value] for name, value in columns.items()}
    labels = common_labels(**columns)
    rows = pd.DataFrame({name: numbers(column, name) for name, column in columns.items()}, index=labels)
    for name in rows:
        if str(name).startswith("events") or str(name) in ("n", "n_reference"):
            whole_counts(rows[name].to_numpy(), str(name), labels)
        if str(name).startswith(("sd", "se")):
            not_negative(rows[name].to_numpy(), str(name), labels)
    return rows


def _table(
    events: Any, n: Any, events_reference: Any, n_reference: Any, *, uninformative: bool = False
) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Return the four counts of each row, halves added where one is 0; missing where no event is on either side."""
    rows = _rows(events=events, n=n, events_reference=events_reference, n_reference=n_reference)
    rest = pd.DataFrame({"b": rows["n"] - rows["events"], "d": rows["n_reference"] - rows["events_reference"]})
    wrong = (rest < 0).any(axis=1).to_numpy()
    if wrong.any():
        raise BadValue(
            f"events outnumber animals in row {rows.index[wrong][0]!r} ({int(wrong.sum()):,} such rows)",
            where="events",
            spoiled="A risk above 1 means that they are not counts of the same things.",
            todo="Count animals that had the event; for several events per animal use log_rate_ratio.",
        )
    four = pd.concat([rows["events"], rest["b"], rows["events_reference"], rest["d"]], axis=1, keys=list("abcd"))
    four = four.mask((rows["n"] == 0) | (rows["n_reference"] == 0))
    four = four.add(0.5 * (four == 0).any(axis=1), axis=0)
    if not uninformative:
        four = four.mask((rows["events"] == 0) & (rows["events_reference"] == 0))
    return four["a"], four["b"], four["c"], four["d"]


def _log(values: pd.Series) -> pd.Series:
    return pd.Series(np.log(values.to_numpy()), values.index)


def _frame(effect: pd.Series, variance: pd.Series) -> pd.DataFrame:
    """Return effects and variances, both missing where one is, or where the variance is 0."""
    unknown = effect.isna() | variance.isna() | ~(variance > 0) | np.isinf(variance)
    return pd.DataFrame({"effect": effect.mask(unknown), "variance": variance.mask(unknown)})


__all__ = [
    "from_interval",
    "log_odds_ratio",
    "log_rate_ratio",
    "log_ratio_of_means",
    "log_risk_ratio",
    "mean_difference",
    "risk_difference",
    "standardised_difference",
]
