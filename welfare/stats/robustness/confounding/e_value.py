"""How strongly something unmeasured must go with both condition and harm to explain a ratio away: the E-value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue

KINDS = ("rate", "risk", "odds", "hazard", "difference")
# Of a difference in standard deviations: the logarithm of about the ratio of risks (Chinn 2000; VanderWeele 2017).
_PER_SD = 0.91


def e_value(
    ratio: float,
    low: float | None = None,
    high: float | None = None,
    *,
    kind: str = "rate",
    rare: bool = True,
    true: float | None = None,
) -> pd.Series:
    """Say how strong an unmeasured confounder must be to move a ratio, or its interval, to no difference.

    Parameters
    ----------
    ratio : float
        As estimated: a ratio above 0, or with ``kind="difference"`` a difference of means over the standard deviation.
    low, high : float, optional
        Ends of its interval. The far end may be left out, 0 or infinite.
    kind : {"rate", "risk", "odds", "hazard", "difference"}
        What it is. Ratios of rates and risks are used as they are; of differences d, exp(0.91 d).
    rare : bool
        Whether fewer than about 15% have the outcome by the end. If not, a ratio of odds enters by its square root,
        one of hazards h by (1 - 0.5^sqrt(h)) / (1 - 0.5^sqrt(1/h)): both approximate the ratio of risks.
    true : float, optional
        Value to explain the estimate down, or up, to; of the same kind as `ratio`. No difference by default.

    Returns
    -------
    Series
        point : a confounder that goes with the condition and with the harm by ratios of so much each, beyond what is
        held fixed, can move the estimate to `true`; one weaker on both sides cannot, one weaker on one side can if it
        is stronger on the other. bound : the same for the end of the interval nearest to `true`; 1 where the interval
        includes it, missing where that end was not given.

    Raises
    ------
    BadParameter
        If `kind` is none of those named.
    BadValue
        If a value is missing, not above 0, or outside its own interval.

    Notes
    -----
    A large E-value is no proof: it takes one confounder, measures without error, and a choice of rows that has nothing
    to do with the harm. It depends on the unit of a condition that is a number; give the ratio for a contrast that can
    happen. Whether a confounder of that strength is likely, only knowledge of the matter can say.

    References
    ----------
    VanderWeele TJ, Ding P. Annals of Internal Medicine 2017; 167: 268-274. Ding P, VanderWeele TJ. Epidemiology 2016;
    27: 368-377. VanderWeele TJ. Biometrics 2020; 76: 746-752 (square root). Chinn S. Statistics in Medicine 2000; 19:
    3127-3131.

    Examples
    --------
    >>> from welfare.stats.robustness.confounding.e_value import e_value
    >>> e_value(3.9, 1.8, 8.7).round(2).to_dict()
    {'point': 7.26, 'bound': 3.0}
    """
    if kind not in KINDS:
        raise BadParameter(
            f"no kind of ratio is called {kind!r}",
            where="e_value(kind=)",
            spoiled="Its scale would be taken for another.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )
    null = 0.0 if kind == "difference" else 1.0
    given = _checked(ratio, low, high, null if true is None else true, positive=kind != "difference")
    value, least, most, null = (as_risk_ratio(number, kind, rare=rare) for number in given)
    nearest = least if value > null else most
    # Missing ends compare as false: only an end that is known can lie beyond the truth.
    if (value >= null and least <= null) or (value <= null and most >= null):
        nearest = null
    return pd.Series({"point": strength(value / null), "bound": strength(nearest / null)}, name="e_value")


def strength(ratio: float) -> float:
    """Return the least ratio by which one confounder must go with both sides to make a ratio of risks out of none.

    Parameters
    ----------
    ratio : float
        Of risks, above 0; missing stays missing.
    """
    with np.errstate(divide="ignore", over="ignore"):
        away = float(np.maximum(ratio, np.divide(1.0, ratio)))
    # Two roots and not one of the product, which overflows before its factors do.
    return away + float(np.sqrt(away) * np.sqrt(away - 1.0))


def explained(with_condition: np.ndarray, with_harm: np.ndarray) -> np.ndarray:
    """Return the largest ratio of risks that a confounder of given strength can make out of none.

    Parameters
    ----------
    with_condition, with_harm : array
        Ratios by which it goes with the condition and with the harm, 1 or more.

    References
    ----------
    Ding P, VanderWeele TJ. Epidemiology 2016; 27: 368-377.
    """
    return np.asarray(with_condition * with_harm / (with_condition + with_harm - 1.0))


def as_risk_ratio(value: float, kind: str, *, rare: bool) -> float:
    """Return about the ratio of risks that a ratio of another kind, or a difference, stands for.

    Parameters
    ----------
    value : float
        Above 0; of a difference, any number of standard deviations.
    kind : str
        One of `KINDS`.
    rare : bool
        Whether the outcome is.
    """
    if kind == "difference":
        with np.errstate(over="ignore"):
            return float(np.exp(_PER_SD * value))
    if rare or kind in ("rate", "risk"):
        return value
    if kind == "odds":
        return float(np.sqrt(value))
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(value)
        if np.isinf(root) or root == 0:
            return float(root)
        return float(np.expm1(-np.log(2) * root) / np.expm1(-np.log(2) / root))


def _checked(ratio: Any, low: Any, high: Any, true: Any, *, positive: bool) -> tuple[float, float, float, float]:
    """Return the four as numbers, ends not given as NaN; refuse what is no estimate with an interval around it."""
    value, null = _number(ratio, "ratio", positive=positive), _number(true, "true", positive=positive)
    least, most = (_end(end, name, positive=positive) for end, name in ((low, "low"), (high, "high")))
    if least > value or most < value:
        raise BadValue(
            f"the estimate {value:g} lies outside its interval, {least:g} to {most:g}",
            where="e_value(low=, high=)",
            spoiled="The bound nearest to no difference would be the wrong one.",
            todo="Give the interval of this estimate, low end first, on the same scale.",
        )
    return value, least, most, null


def _end(given: Any, name: str, *, positive: bool) -> float:
    """Return an end of an interval: NaN where it was not given, else a number that may be 0 or infinite."""
    if given is None:
        return np.nan
    number = _float(given)
    if np.isnan(number) or (positive and number < 0):
        raise _no_number(given, name)
    return number


def _number(given: Any, name: str, *, positive: bool) -> float:
    number = _float(given)
    if not np.isfinite(number) or (positive and number <= 0):
        raise _no_number(given, name)
    return number


def _float(given: Any) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        return np.nan


def _no_number(given: Any, name: str) -> BadValue:
    return BadValue(
        f"{name} is {given!r}",
        where=f"e_value({name}=)",
        spoiled="The E-value of no estimate is no E-value.",
        todo="Give numbers (ratios above 0), and leave out an end of the interval that is not known.",
    )


__all__ = ["KINDS", "as_risk_ratio", "e_value", "explained", "strength"]
