"""Standardised rates in words: what was found, what was held equal, and what it cannot rule out."""

from __future__ import annotations

import pandas as pd

from welfare.stats.rates.options import per_units
from welfare.stats.rates.words import left_out_words, range_words

_NAMED = 3
_KINDS = {
    "gamma": "gamma (Fay and Feuer)",
    "tiwari": "gamma (Tiwari, Clegg and Zou)",
    "exact": "exact (Garwood)",
    "midp": "mid-P",
    "byar": "Byar's approximate",
}


def standardised_words(
    table: pd.DataFrame,
    dropped: pd.DataFrame,
    by: list[str],
    of: str | None,
    interval: str,
    *,
    standard: str,
    per: float,
    level: float,
) -> str:
    """Write the paragraph of standardised rates.

    Parameters
    ----------
    table, dropped : DataFrame
        Of the result.
    by : list of str
        Columns that make the strata.
    of : str or None
        Column of the groups.
    interval : str
        Name of the interval, as asked for.
    standard : str
        What the groups were brought to, in words.
    per, level : float
        Units of exposure; coverage.
    """
    direct = "rate" in table
    value = "rate" if direct else "ratio"
    kind = f"{level * 100:g}% {_KINDS[interval]} intervals"
    ranked = table.sort_values(value, kind="stable")
    shown = ranked if len(ranked) <= _NAMED else ranked.iloc[[0, -1]]
    said = "; ".join(
        f"{_group(row, of)}{row[value]:,.3g} ({range_words(row['low'], row['high'])})" for _, row in shown.iterrows()
    )
    how_many = "" if len(ranked) <= _NAMED else f"lowest and highest of {len(ranked):,} groups, "
    what = (
        f"Rates {per_units(per)} of exposure, standardised directly by {', '.join(by)} to {standard}"
        if direct
        else f"Events observed for each one expected, by {', '.join(by)}, at the rates of {standard}"
    )
    return (
        f"{what} ({how_many}{kind}): {said}.{_coverage(table, of)}{left_out_words(dropped)} Held equal is the make-up "
        f"by {', '.join(by)} alone: this cannot rule out that whatever else differs, or how events were looked for and "
        "recorded, accounts for a difference."
    )


def _group(row: pd.Series, of: str | None) -> str:
    return "" if of is None else f"{row[of]} "


def _coverage(table: pd.DataFrame, of: str | None) -> str:
    least = table.iloc[int(table["coverage"].to_numpy().argmin())]
    if least["coverage"] == 1:
        return ""
    whose = "" if of is None else f" of {least[of]}, the least covered,"
    return f" Of the exposure{whose} {100 * least['coverage']:.3g}% is in strata of the standard; the rest is left out."
