"""Effects and their variances from what papers print: means, counts, rates, or an estimate with its interval.

Each function takes single values, sequences or Series of n values, and returns a frame of effect and variance with n
rows, to be handed to :func:`welfare.pool`. What cannot be reckoned is missing, and the pool then says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.stats.pooling.printed.printed_counts import log_odds_ratio, log_rate_ratio, log_risk_ratio, risk_difference
from welfare.stats.pooling.printed.printed_rows import effects_frame, logarithm, rows_of
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
    rows = rows_of(
        mean=mean,
        mean_reference=mean_reference,
        **({"se": se, "se_reference": se_reference} if sd is None else _spread(sd, sd_reference, n, n_reference)),
    )
    if sd is None:
        variance = rows["se"] ** 2 + rows["se_reference"] ** 2
    else:
        variance = rows["sd"] ** 2 / rows["n"] + rows["sd_reference"] ** 2 / rows["n_reference"]
    return effects_frame(rows["mean"] - rows["mean_reference"], variance)


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

    rows = rows_of(mean=mean, mean_reference=mean_reference, **_spread(sd, sd_reference, n, n_reference))
    degrees = rows["n"] + rows["n_reference"] - 2
    within = (rows["n"] - 1) * rows["sd"] ** 2 + (rows["n_reference"] - 1) * rows["sd_reference"] ** 2
    exact = pd.Series(np.exp(gammaln(degrees / 2) - gammaln((degrees - 1) / 2)), rows.index) / (degrees / 2) ** 0.5
    exact = exact.where(degrees > 1)
    effect = exact * (rows["mean"] - rows["mean_reference"]) / (within / degrees) ** 0.5
    total = rows["n"] + rows["n_reference"]
    return effects_frame(effect, 1 / rows["n"] + 1 / rows["n_reference"] + effect**2 / (2 * total))


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
    rows = rows_of(mean=mean, mean_reference=mean_reference, **_spread(sd, sd_reference, n, n_reference))
    above = rows[["mean", "mean_reference"]].where(rows[["mean", "mean_reference"]] > 0)
    variance = (rows["sd"] / above["mean"]) ** 2 / rows["n"]
    variance += (rows["sd_reference"] / above["mean_reference"]) ** 2 / rows["n_reference"]
    return effects_frame(logarithm(above["mean"] / above["mean_reference"]), variance)


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
    rows = rows_of(estimate=estimate, low=low, high=high)
    if ratio:
        if (rows <= 0).any(axis=None):
            raise BadValue(
                "a ratio or its limit is not above 0",
                where="from_interval",
                spoiled="It has no logarithm.",
                todo="Leave ratio=False for differences.",
            )
        rows = rows.apply(logarithm)
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
    return effects_frame(rows["estimate"], (half / float(-ndtri((1 - level) / 2))) ** 2)


def _spread(sd: Any, sd_reference: Any, n: Any, n_reference: Any) -> dict[str, Any]:
    return {"sd": sd, "sd_reference": sd_reference, "n": n, "n_reference": n_reference}


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
