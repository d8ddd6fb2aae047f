"""How many of the events counted are attributable to a condition, given a curve and where the animals were on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.bands import square_root
from welfare.stats.splines.lags import lag_matrix, whole_numbers


@dataclass(frozen=True)
class Attributable:
    """Events attributable to a condition being where it was and not at the reference.

    Attributes
    ----------
    number, number_low, number_high : float
        Events; negative where the condition was better than the reference.
    fraction, fraction_low, fraction_high : float
        The same as a share of all events, 1 at most.
    by_row : array, shape (n,)
        Share of each row's events: 1 - 1/ratio.
    simulated : array, shape (draws,)
        The number in each draw.
    events : float
        All events.
    """

    number: float
    number_low: float
    number_high: float
    fraction: float
    fraction_low: float
    fraction_high: float
    by_row: np.ndarray
    simulated: np.ndarray
    events: float


def attributable(
    contrasts: np.ndarray,
    coefficients: np.ndarray,
    covariance: np.ndarray,
    counts: np.ndarray,
    *,
    level: float = 0.95,
    draws: int = 5_000,
    seed: int = 0,
) -> Attributable:
    """Count the events attributable to a condition, with an interval simulated from the estimates.

    With contrasts of a cross-basis at each row's history, this is the backward figure of Gasparrini
    and Leone: what past conditions contributed to the events of a row. For the forward one give
    contrasts of the cumulative association at each row's own condition, and `forward_counts`.

    Parameters
    ----------
    contrasts : array of float, shape (n, k)
        Columns of the curve at each row's condition, less those at the reference.
    coefficients : array of float, shape (k,)
        Logarithms of ratios.
    covariance : array of float, shape (k, k)
        Of the coefficients.
    counts : array of float, shape (n,)
        Events of each row, 0 or more.
    level : float
        Of the interval, between 0 and 1.
    draws : int
        Coefficients to draw from their normal distribution; the interval is between quantiles.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Attributable

    Raises
    ------
    BadParameter
        If shapes differ, or level or draws is not usable.
    BadValue
        If a number is missing or infinite, a count negative, or the covariance not one.
    NotEstimable
        If there are no events, or the estimates are too uncertain to give any number.

    References
    ----------
    Gasparrini A, Leone M. BMC Medical Research Methodology 2014; 14: 55.
    """
    rows, beta, events = (np.asarray(part, dtype=float) for part in (contrasts, coefficients, counts))
    _refuse(rows, beta, events, level, draws)
    root = square_root(np.asarray(covariance, dtype=float))
    if len(root) != len(beta):
        raise _mismatch(f"a covariance of {len(root)} estimates does not fit {len(beta)} coefficients")
    # Rows alike in condition are worked out once, however many there are; rows without events add nothing.
    alike, which = np.unique(rows, axis=0, return_inverse=True)
    together = np.bincount(which.ravel(), weights=events, minlength=len(alike))
    source = np.random.default_rng(seed)
    drawn = beta + source.standard_normal((draws, len(beta))) @ root.T
    simulated = _numbers(alike[together > 0], drawn, together[together > 0])
    if not np.isfinite(simulated).all():
        raise NotEstimable(
            "the coefficients are so uncertain that the number attributable has no lower limit",
            where="covariance",
            spoiled="The interval would be infinite.",
            todo="Check the fit: such errors come from columns that nearly repeat one another, or rows far outside it.",
        )
    low, high = np.quantile(simulated, [(1 - level) / 2, (1 + level) / 2])
    by_row = -np.expm1(-rows @ beta)
    number, total = float(by_row @ events), float(events.sum())
    return Attributable(
        number=number,
        number_low=float(low),
        number_high=float(high),
        fraction=number / total,
        fraction_low=float(low) / total,
        fraction_high=float(high) / total,
        by_row=by_row,
        simulated=simulated,
        events=total,
    )


def forward_counts(counts: np.ndarray, unit_codes: np.ndarray, times: np.ndarray, lags: int) -> np.ndarray:
    """Return the mean of each row's events and those of the next periods, which its condition may have contributed to.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Events.
    unit_codes : array of int, shape (n,)
        Which unit a row belongs to.
    times : array of int, shape (n,)
        Period number within the unit.
    lags : int
        How many periods ahead, 0 or more.

    Returns
    -------
    array of float, shape (n,)
        NaN where one of those periods was not recorded.

    Raises
    ------
    BadParameter, BadValue
        As `lag_matrix`.

    References
    ----------
    Gasparrini A, Leone M. BMC Medical Research Methodology 2014; 14: 55 (the forward perspective).
    """
    backwards = -whole_numbers(times, "times")
    return np.asarray(lag_matrix(counts, unit_codes, backwards, lags).mean(axis=1))


def _numbers(alike: np.ndarray, drawn: np.ndarray, events: np.ndarray) -> np.ndarray:
    block = max(1, 4_000_000 // max(len(alike), 1))
    with np.errstate(over="ignore"):
        parts = [-np.expm1(-drawn[at : at + block] @ alike.T) @ events for at in range(0, len(drawn), block)]
    return np.concatenate(parts)


def _refuse(rows: np.ndarray, beta: np.ndarray, events: np.ndarray, level: float, draws: int) -> None:
    if beta.ndim != 1 or events.ndim != 1 or rows.shape != (len(events), len(beta)):
        raise _mismatch(f"contrasts of shape {rows.shape} do not fit {events.size} counts and {beta.size} coefficients")
    if not (0 < level < 1 and isinstance(draws, (int, np.integer)) and draws >= 1):
        raise BadParameter(
            f"level {level!r} and draws {draws!r} make no interval",
            where="attributable",
            spoiled="The interval would hold anything, or nothing.",
            todo="Use a level between 0 and 1 and at least one draw; 5,000 are usual.",
        )
    if not (np.isfinite(rows).all() and np.isfinite(beta).all() and np.isfinite(events).all()) or (events < 0).any():
        raise BadValue(
            "a contrast, coefficient or count is missing or infinite, or a count is below 0",
            where="attributable",
            spoiled="The sum over rows would be wrong.",
            todo="Leave out rows whose condition or count is not known, and say how many.",
        )
    if not events.any():
        raise NotEstimable(
            "there is no event",
            where="counts",
            spoiled="A share of nothing is not a number.",
            todo="Nothing can be attributed where nothing was counted.",
        )


def _mismatch(what: str) -> BadParameter:
    return BadParameter(
        what,
        where="attributable",
        spoiled="One row's condition would be used for another row's events.",
        todo="Give one contrast row per count, and one column per coefficient.",
    )
