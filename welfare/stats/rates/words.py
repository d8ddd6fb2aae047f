"""A comparison of rates in words: what was found, what was held equal, and what it cannot rule out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.schema.results import count_reasons
from welfare.stats.rates.options import per_units

LIMITS_OF_IT = (
    "The comparison holds nothing equal but the exposure: it cannot rule out that whatever else differs between the "
    "two sides, or how events were looked for and recorded on each, accounts for what was found."
)


def comparison_words(
    table: pd.DataFrame, dropped: pd.DataFrame, measure: str, interval: str, *, per: float, level: float
) -> str:
    """Write the paragraph of a comparison.

    Parameters
    ----------
    table, dropped : DataFrame
        Of the result.
    measure : {"ratio", "difference"}
        What was compared by.
    interval : str
        Name of the interval.
    per, level : float
        Units of exposure of a difference; coverage.
    """
    kind = f"{level * 100:g}% {interval} interval"
    found = (_one if len(table) == 1 else _many)(table, measure, kind, per, level)
    return f"{found}{left_out_words(dropped)} {LIMITS_OF_IT}"


def left_out_words(dropped: pd.DataFrame) -> str:
    """Say what was left out, as a sentence to add; nothing where nothing was.

    Parameters
    ----------
    dropped : DataFrame
        Columns row, reason.
    """
    return "" if dropped.empty else f" Left out: {count_reasons(dropped)}."


def events_words(count: float) -> str:
    """Write a count of events: ``no event``, ``1 event``, ``1,204 events``.

    Parameters
    ----------
    count : float
        How many.
    """
    return "no event" if count == 0 else "1 event" if count == 1 else f"{count:,.0f} events"


def range_words(low: float, high: float, unit: str = "") -> str:
    """Write the ends of an interval: ``1.2 to 2.8``; without an upper end, ``1.2 upward``.

    Parameters
    ----------
    low, high : float
        Ends.
    unit : str
        Written after the upper end.
    """
    return f"{low:,.3g}{unit} upward" if np.isinf(high) else f"{low:,.3g} to {high:,.3g}{unit}"


def _one(table: pd.DataFrame, measure: str, kind: str, per: float, level: float) -> str:
    del level
    row = table.iloc[0]
    interval = f"({kind} {range_words(row['low'], row['high'])})"
    if measure == "difference":
        size = abs(row["difference"])
        side = "below" if row["difference"] < 0 else "above"
        said = f"The rate was {size:,.3g} {per_units(per)} of exposure {side} the reference rate {interval}"
    elif np.isinf(row["ratio"]):
        said = f"With no event on the reference side the ratio of the two rates has no upper end {interval}"
    else:
        said = f"The rate was {row['ratio']:,.3g} times the reference rate {interval}"
    return (
        f"{said}: {events_words(row['events'])} over {row['exposure']:,.6g} units of exposure against "
        f"{events_words(row['events_reference'])} over {row['exposure_reference']:,.6g}."
    )


def _many(table: pd.DataFrame, measure: str, kind: str, per: float, level: float) -> str:
    same = 1 if measure == "ratio" else 0
    above, below = int((table["low"] > same).sum()), int((table["high"] < same).sum())
    of_what = "the ratio" if measure == "ratio" else f"the difference {per_units(per)} of exposure"
    return (
        f"Of {len(table):,} rates compared each with its reference rate by {of_what} ({kind}s), the interval lies "
        f"above {same} for {above:,} and below for {below:,}; for {len(table) - above - below:,} it includes {same}, "
        f"and about {(1 - level) * len(table):.2g} of {len(table):,} would be expected to exclude it by chance alone."
    )
