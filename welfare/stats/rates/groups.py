"""Rates of the groups of a frame: events and exposure added up per group, each with its interval."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import no_rows_dropped, simulated_words
from welfare.stats.rates.rate import Rate, rate


def rate_by(df: pd.DataFrame, by: str, *, events: str, exposure: str, per: float = 1.0, level: float = 0.95) -> Rate:
    """Give the rate of each group, with its exact interval.

    Parameters
    ----------
    df : DataFrame
        One row per facility, or per facility and period.
    by : str
        Column with the groups.
    events, exposure : str
        Columns of counts, and of what they were counted over.
    per : float
        Units of exposure to give the rate for.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Rate
        One row per group, its name in the column `by`; a group without exposure is dropped, with its reason, and so
        is each row of `df` without a group, events or exposure.

    Raises
    ------
    BadParameter
        If a column is missing.
    NoDenominator
        If no group has an exposure.
    """
    absent = [name for name in (by, events, exposure) if name not in df]
    if absent:
        raise BadParameter(f"the frame has no column {', '.join(map(repr, absent))}")
    left_out = pd.Series("", index=df.index, dtype="str")
    for name in (by, events, exposure):
        left_out[df[name].isna() & (left_out == "")] = f"missing {name}"
    rows = df[left_out == ""]
    sums = rows.groupby(by)[[events, exposure]].sum()
    found = rate(sums[events], sums[exposure], per=per, level=level)
    missing = left_out[left_out != ""]
    dropped = pd.DataFrame({"row": missing.index, "reason": missing.to_numpy()})
    return replace(
        found,
        table=found.table.rename_axis(by).reset_index(),
        text=simulated_words(df) + found.text,
        dropped=pd.concat([no_rows_dropped(), dropped, found.dropped], ignore_index=True),
    )
