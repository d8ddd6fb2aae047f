"""Effects and their variances from printed counts of events, among animals or over an exposure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue
from welfare.stats.inputs import not_negative, numbers
from welfare.stats.pooling.printed.printed_rows import effects_frame, logarithm, rows_of


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
    return effects_frame(logarithm(a / (a + b)) - logarithm(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


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
    effect, variance = logarithm(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    every = numbers(np.atleast_1d(events), "events") == numbers(np.atleast_1d(n), "n")
    every &= numbers(np.atleast_1d(events_reference), "events_reference") == numbers(
        np.atleast_1d(n_reference), "n_reference"
    )
    return effects_frame(effect.mask(every), variance.mask(every))


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
    return effects_frame(a / total - c / total_reference, a * b / total**3 + c * d / total_reference**3)


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
    rows = rows_of(
        events=events, exposure=exposure, events_reference=events_reference, exposure_reference=exposure_reference
    )
    for name in ("exposure", "exposure_reference"):
        not_negative(rows[name].to_numpy(), name, rows.index)
    none = (rows["events"] == 0) & (rows["events_reference"] == 0)
    zero = (rows["events"] == 0) | (rows["events_reference"] == 0)
    first, second = ((rows[name] + 0.5 * zero).mask(none) for name in ("events", "events_reference"))
    over, over_reference = (rows[name].where(rows[name] > 0) for name in ("exposure", "exposure_reference"))
    return effects_frame(logarithm(first / over) - logarithm(second / over_reference), 1 / first + 1 / second)


def _table(
    events: Any, n: Any, events_reference: Any, n_reference: Any, *, uninformative: bool = False
) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Return the four counts of each row, halves added where one is 0; missing where no event is on either side."""
    rows = rows_of(events=events, n=n, events_reference=events_reference, n_reference=n_reference)
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


__all__ = ["log_odds_ratio", "log_rate_ratio", "log_risk_ratio", "risk_difference"]
