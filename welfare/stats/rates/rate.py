"""Events per unit of exposure, with intervals that hold for few events and for none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result, count_reasons
from welfare.stats.inputs import dropped_rows
from welfare.stats.rates.checks import few_events, frame_of, heterogeneity, zeros
from welfare.stats.rates.limits import Limits, byar_limits, exact_limits, midp_limits
from welfare.stats.rates.options import check_level, check_method, check_per, per_units
from welfare.stats.rates.rows import no_denominator, refuse_nothing_left, row_names, side_by_side, why_unusable


@dataclass(frozen=True, repr=False)
class Rate(Result):
    """Rates with their intervals; see :func:`rate` for how they are made.

    Attributes
    ----------
    table : DataFrame
        One row per input row with a denominator; columns events, exposure, rate, low, high
        (the last three per `per` units of exposure).
    per : float
        Units of exposure that a rate is given for.
    level : float
        Coverage of the intervals, between 0 and 1.
    method : str
        Name of the interval.
    """

    per: float = field(default=1.0, kw_only=True)
    level: float = field(default=0.95, kw_only=True)
    method: str = field(default="exact", kw_only=True)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: few events, rows without any, rows too unlike for one common rate.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (name of the row it is about, or empty), value (fewest events; rows
            without; Pearson's chi-square of the rows against their common rate), verdict ("in order" or
            "look closer"), advice.
        """
        counts, names = self.table["events"].to_numpy(), row_names(self.table)
        return frame_of(
            [
                few_events(counts, names, better="exact" if self.method == "byar" else ""),
                zeros(counts, names),
                heterogeneity(counts, self.table["exposure"].to_numpy()),
            ]
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw each rate with its interval; the line marks the rate of all rows together.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        together = float(self.table["events"].sum() / self.table["exposure"].sum() * self.per)
        named = self.table.assign(label=row_names(self.table))
        return forest(
            named,
            label="label",
            value="rate",
            low="low",
            high="high",
            ax=ax,
            log=False,
            quantity="rate",
            reference=together,
        )


_LIMITS: dict[str, tuple[Callable[[np.ndarray, float], Limits], str]] = {
    "exact": (exact_limits, "exact (Garwood)"),
    "midp": (midp_limits, "mid-P"),
    "byar": (byar_limits, "Byar's approximate"),
}


def rate(
    events: float | Sequence[float] | pd.Series,
    exposure: float | Sequence[float] | pd.Series | None,
    *,
    method: str = "exact",
    per: float = 1.0,
    level: float = 0.95,
) -> Rate:
    """Divide events by exposure and say how far chance alone could have moved the answer.

    Parameters
    ----------
    events : number, or sequence or Series of n numbers
        Counts of events: whole numbers, 0 or more. A missing count is left out, never taken as 0.
    exposure : number, or sequence or Series of n numbers
        What the events are counted over, in any one unit (animals, tasks, hours).
    method : {"exact", "midp", "byar"}
        Interval: Garwood's exact one (covers at least `level`), mid-P (covers `level` on average),
        or Byar's approximation to the exact one.
    per : float
        Units of exposure to give the rate for, e.g. 1000.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Rate
        `.table` has one row per row with a denominator, under the label it had in a Series, with
        columns events, exposure, rate, low, high. `.dropped` names the others.

    Raises
    ------
    NoDenominator
        If `exposure` is None, or no row has an exposure above zero.
    NotEstimable
        If no row with an exposure has a count.
    BadValue
        If a count is negative or not whole, or a value is infinite or not a number.
    BadParameter
        If lengths or labels differ, or an option is none of those above.

    Notes
    -----
    The interval takes events to be independent at a constant rate (Poisson). It is too narrow where
    one occasion produces several records, and it says nothing of events that went unrecorded.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442. Breslow NE, Day NE. IARC 1987. Cohen GR, Yang S-Y.
    Statistics in Medicine 1994; 13: 2189-2203.

    Examples
    --------
    >>> from welfare.stats.rates.rate import rate
    >>> rate(4, 3300, per=1000).table.round(2).to_dict("records")
    [{'events': 4.0, 'exposure': 3300.0, 'rate': 1.21, 'low': 0.33, 'high': 3.1}]
    """
    check_method(method, _LIMITS, "rate(method=)")
    check_level(level, "rate")
    check_per(per, "rate")
    if exposure is None:
        raise no_denominator("no exposure was given", "rate")
    rows = side_by_side(events=events, exposure=exposure)
    reasons = why_unusable(rows)
    refuse_nothing_left(rows, reasons, "rate")
    kept = rows[[reason is None for reason in reasons]]
    dropped = dropped_rows(rows.index, reasons)
    limits, _ = _LIMITS[method]
    low, high = limits(kept["events"].to_numpy(), level)
    scale = per / kept["exposure"]
    table = kept.assign(rate=kept["events"] * scale, low=low * scale, high=high * scale)
    return Rate(
        table,
        _sentence(table, dropped, method, per=per, level=level),
        dropped,
        ("The interval takes events to be independent; it is too narrow where one occasion gives several records.",),
        per=per,
        level=level,
        method=method,
    )


def _sentence(table: pd.DataFrame, dropped: pd.DataFrame, method: str, *, per: float, level: float) -> str:
    limits, interval = _LIMITS[method]
    events, exposure = float(table["events"].sum()), float(table["exposure"].sum())
    low, high = (float(side[0]) * per / exposure for side in limits(np.array([events]), level))
    counted = "1 event" if events == 1 else f"{events:,.0f} events"
    rows = "" if len(table) == 1 else f" in {len(table):,} rows together"
    missing = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    return (
        f"{counted} over {exposure:,.6g} units of exposure{rows}: {events / exposure * per:,.4g} {per_units(per)} "
        f"({level * 100:g}% {interval} interval {low:,.4g} to {high:,.4g}).{missing} The interval allows for chance "
        "alone: it says nothing of events that were not recorded, or of differences in how they were looked for."
    )
