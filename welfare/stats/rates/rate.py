"""Events per unit of exposure, with intervals that hold for few events and for none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NoDenominator, NotEstimable
from welfare.schema.results import Result, count_reasons
from welfare.stats.inputs import common_labels, dropped_rows, numbers, whole_counts
from welfare.stats.rates.limits import Limits, byar_limits, exact_limits, midp_limits


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
        named = self.table.assign(label=self.table.index.astype(str))
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
    _check_options(method, per, level)
    rows = _pair_up(events, exposure)
    reasons = _reasons(rows)
    if not (rows["exposure"] > 0).any():
        raise _no_denominator("no row has an exposure above zero")
    kept = rows[[reason is None for reason in reasons]]
    if kept.empty:
        raise NotEstimable(
            "no row with an exposure has a count of events",
            where="rate(events=)",
            spoiled="A row that was not counted is not a row with zero events.",
            todo="Give counts for at least one row.",
        )
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


def _check_options(method: str, per: float, level: float) -> None:
    if method not in _LIMITS:
        raise BadParameter(
            f"no interval is called {method!r}", where="rate(method=)", todo=f"Use {', '.join(_LIMITS)}."
        )
    if not 0 < level < 1:
        raise BadParameter(
            f"level is {level!r}, not between 0 and 1",
            where="rate(level=)",
            spoiled="No interval has that coverage.",
            todo="Give a share, e.g. 0.95 rather than 95.",
        )
    if not (np.isfinite(per) and per > 0):
        raise BadParameter(f"per is {per!r}, not above zero", where="rate(per=)", todo="Give the units, e.g. 1000.")


def _no_denominator(what: str) -> NoDenominator:
    return NoDenominator(
        what,
        where="rate(exposure=)",
        spoiled="A count without what it was counted over says nothing of how often harm happens.",
        todo="Give the number of animals, tasks or hours that the events were counted over.",
    )


def _pair_up(events: Any, exposure: Any) -> pd.DataFrame:
    if exposure is None:
        raise _no_denominator("no exposure was given")
    if np.ndim(events) == 0 and np.ndim(exposure) == 0:
        events, exposure = [events], [exposure]
    labels = common_labels(events=events, exposure=exposure)
    rows = pd.DataFrame({"events": numbers(events, "events"), "exposure": numbers(exposure, "exposure")}, index=labels)
    whole_counts(rows["events"].to_numpy(), "events", labels)
    return rows


def _reasons(rows: pd.DataFrame) -> np.ndarray:
    reasons = np.full(len(rows), None, dtype=object)
    reasons[rows["events"].isna()] = "missing events"
    reasons[rows["exposure"].isna() | (rows["exposure"] == 0)] = "no exposure"
    reasons[rows["exposure"] < 0] = "negative exposure"
    return reasons


def _sentence(table: pd.DataFrame, dropped: pd.DataFrame, method: str, *, per: float, level: float) -> str:
    limits, interval = _LIMITS[method]
    events, exposure = float(table["events"].sum()), float(table["exposure"].sum())
    low, high = (float(side[0]) * per / exposure for side in limits(np.array([events]), level))
    counted = "1 event" if events == 1 else f"{events:,.0f} events"
    rows = "" if len(table) == 1 else f" in {len(table):,} rows together"
    unit = "unit" if per == 1 else f"{per:,g} units"
    missing = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    return (
        f"{counted} over {exposure:,.6g} units of exposure{rows}: {events / exposure * per:,.4g} per {unit} "
        f"({level * 100:g}% {interval} interval {low:,.4g} to {high:,.4g}).{missing} The interval allows for chance "
        "alone: it says nothing of events that were not recorded, or of differences in how they were looked for."
    )
