"""What leaving a variable out of a regression can do to an estimate: Cinelli and Hazlett's algebra, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable


def partial_r2(estimate: float, std_error: float, degrees: float) -> float:
    """Return the share of what the other terms leave of the outcome that this term explains: t^2 / (t^2 + degrees).

    Parameters
    ----------
    estimate, std_error : float
        Of a linear regression, the classical error.
    degrees : float
        Rows less estimates.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    BadValue
        If a number is missing, the error not above 0 or the degrees below 1.
    """
    _refuse(estimate, std_error, degrees, "partial_r2")
    squared = (estimate / std_error) ** 2
    return float(squared / (squared + degrees))


def robustness_value(
    estimate: float, std_error: float, degrees: float, *, q: float = 1.0, alpha: float | None = None
) -> float:
    """Return how much of both condition and outcome a confounder must explain to undo a linear estimate.

    Parameters
    ----------
    estimate, std_error : float
        Of a linear regression, the classical error.
    degrees : float
        Rows less estimates.
    q : float
        Share of the estimate to explain away, above 0: 1 for all of it.
    alpha : float, optional
        Instead of explaining the estimate away, bring its interval of 1 - alpha to include what is left of it.

    Returns
    -------
    float
        Share between 0 and 1 of the variance that the other terms leave, of the condition and of the outcome alike. A
        confounder that explains less of both cannot do it. 0 where the interval includes it already.

    Raises
    ------
    BadValue
        If a number is missing, the error not above 0 or the degrees below 2.
    BadParameter
        If `q` is not above 0 or `alpha` not between 0 and 1.

    Notes
    -----
    It holds for any number of confounders taken together, of any shape. It does not hold for errors other than the
    classical; nor does it see measurement error, or a choice of rows that goes with the outcome.

    References
    ----------
    Cinelli C, Hazlett C. Making sense of sensitivity. Journal of the Royal Statistical Society B 2020; 82: 39-67.

    Examples
    --------
    >>> from welfare.stats.robustness.confounding.omitted import robustness_value
    >>> robustness_value(0.0973158, 0.0232565, 783), robustness_value(0.0973158, 0.0232565, 783, alpha=0.05)
    (0.1387..., 0.0762...)
    """
    _refuse(estimate, std_error, degrees, "robustness_value")
    if not (np.isfinite(q) and q > 0) or not (alpha is None or 0 < alpha < 1):
        raise BadParameter(
            f"q is {q!r} and alpha {alpha!r}",
            where="robustness_value",
            spoiled="Another question would be answered.",
            todo="Give q above 0, and alpha between 0 and 1 or none.",
        )
    size = q * abs(estimate / std_error) / np.sqrt(degrees)
    critical = 0.0 if alpha is None else _critical(degrees, alpha) / np.sqrt(degrees - 1)
    beyond = size - critical
    if beyond <= 0:
        return 0.0
    if size * critical > 1:
        # The confounder that does most harm to the interval then explains less of the outcome than it may.
        return float((size**2 - critical**2) / (1 + size**2))
    # Of 0.5 (sqrt(f^4 + 4 f^2) - f^2) the form that loses no digits where f is large.
    return float(2 / (1 + np.sqrt(1 + 4 / beyond**2)))


def omitted_variable_bounds(
    estimate: float, std_error: float, degrees: float, *, r2_condition: Any, r2_outcome: Any, away: bool = False
) -> pd.DataFrame:
    """Return what a linear estimate would be with a confounder of given strength held fixed too.

    Parameters
    ----------
    estimate, std_error : float
        Of a linear regression, the classical error.
    degrees : float
        Rows less estimates.
    r2_condition : float or sequence of m floats
        Share of what the other terms leave of the condition that the confounder explains, from 0 to below 1.
    r2_outcome : float or sequence of m floats
        Share of what condition and other terms leave of the outcome that it explains, from 0 to 1.
    away : bool
        Whether it hides part of the effect; by default it makes up part of it.

    Returns
    -------
    DataFrame
        One row per strength: r2_condition, r2_outcome, estimate, std_error, t, low, high (95%, one degree of freedom
        fewer).

    Raises
    ------
    BadValue
        If a number is missing, the error not above 0, the degrees below 2, or a share outside its range.

    References
    ----------
    Cinelli C, Hazlett C. Journal of the Royal Statistical Society B 2020; 82: 39-67, equations 7 and 8.

    Examples
    --------
    >>> from welfare.stats.robustness.confounding.omitted import omitted_variable_bounds
    >>> omitted_variable_bounds(0.0973158, 0.0232565, 783, r2_condition=0.05, r2_outcome=0.05).round(4).to_dict(
    ...     "records"
    ... )
    [{'r2_condition': 0.05, 'r2_outcome': 0.05, 'estimate': 0.0639, 'std_error': 0.0233, 't': 2.7472, ...}]
    """
    _refuse(estimate, std_error, degrees, "omitted_variable_bounds")
    condition, outcome = (np.atleast_1d(np.asarray(share, dtype=float)) for share in (r2_condition, r2_outcome))
    if not (((condition >= 0) & (condition < 1)).all() and ((outcome >= 0) & (outcome <= 1)).all()):
        raise BadValue(
            "a share of variance lies outside 0 to 1, or the confounder explains all of the condition",
            where="omitted_variable_bounds(r2_condition=, r2_outcome=)",
            spoiled="No such confounder can exist.",
            todo="Give shares from 0 to 1; below 1 for the condition.",
        )
    if condition.shape != outcome.shape and 1 not in (condition.size, outcome.size):
        raise BadParameter(
            f"{condition.size} shares of the condition meet {outcome.size} of the outcome",
            where="omitted_variable_bounds",
            spoiled="Strengths of different confounders would be paired.",
            todo="Give as many of one as of the other.",
        )
    condition, outcome = np.broadcast_arrays(condition, outcome)
    value, error = adjusted(estimate, std_error, degrees, condition, outcome, away=away)
    reach = _critical(degrees, 0.05) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        t = value / error
    columns = {"r2_condition": condition, "r2_outcome": outcome, "estimate": value, "std_error": error, "t": t}
    return pd.DataFrame({**columns, "low": value - reach, "high": value + reach})


def adjusted(
    estimate: float, std_error: float, degrees: float, condition: np.ndarray, outcome: np.ndarray, *, away: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates and classical errors with the confounder held fixed; shares as arrays of one shape.

    Parameters
    ----------
    estimate, std_error, degrees : float
        Of the regression without it.
    condition, outcome : array
        Partial R2 of the confounder with each.
    away : bool
        Whether it hides part of the effect.
    """
    bias = np.sqrt(outcome * condition / (1 - condition)) * std_error * np.sqrt(degrees)
    value = np.sign(estimate) * (abs(estimate) + (bias if away else -bias))
    error = std_error * np.sqrt((1 - outcome) / (1 - condition) * degrees / (degrees - 1))
    return value, error


def as_strong_as(r2_condition: float, r2_outcome: float, times: float) -> tuple[float, float]:
    """Return the shares of a confounder some times as strong as an observed term, for both sides.

    Parameters
    ----------
    r2_condition : float
        Partial R2 of the observed term with the condition, the other terms given.
    r2_outcome : float
        Partial R2 of the observed term with the outcome, condition and other terms given.
    times : float
        How many times as strong, above 0.

    Returns
    -------
    tuple of float
        Of the condition, and at most of the outcome (1 where the bound is beyond).

    Raises
    ------
    NotEstimable
        If a confounder so strong would explain more of the condition than there is.

    References
    ----------
    Cinelli C, Hazlett C. Journal of the Royal Statistical Society B 2020; 82: 39-67, section 4.4.
    """
    odds = r2_condition / (1 - r2_condition) if r2_condition < 1 else np.inf
    between = (
        times * r2_condition**2 / ((1 - times * r2_condition) * (1 - r2_condition))
        if times * r2_condition < 1
        else np.inf
    )
    if times * odds >= 1 or between >= 1:
        raise NotEstimable(
            f"a confounder {times:g} times as strong would explain more of the condition than there is",
            where="robustness(kd=)",
            spoiled="The bound would be that of something impossible.",
            todo="Ask for fewer times; the observed term all but settles the condition.",
        )
    of_outcome = ((np.sqrt(times) + np.sqrt(between)) / np.sqrt(1 - between)) ** 2 * r2_outcome / (1 - r2_outcome)
    return float(times * odds), float(min(of_outcome, 1.0))


def _critical(degrees: float, alpha: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees - 1, 1 - alpha / 2))


def _refuse(estimate: float, std_error: float, degrees: float, where: str) -> None:
    least = 1 if where == "partial_r2" else 2
    try:
        known = bool(np.isfinite(np.array([estimate, std_error, degrees], dtype=float)).all())
    except (TypeError, ValueError):
        known = False
    if not (known and std_error > 0 and degrees >= least):
        raise BadValue(
            f"the estimate is {estimate!r}, its error {std_error!r}, the degrees of freedom {degrees!r}",
            where=where,
            spoiled="Without an error above 0 and rows left over there is no t statistic to judge by.",
            todo=f"Give those of a linear regression with at least {least} more rows than estimates.",
        )


__all__ = ["adjusted", "as_strong_as", "omitted_variable_bounds", "partial_r2", "robustness_value"]
