"""An interrupted series in words: what was found, how sure it is, and what it cannot show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from welfare.schema.results import count_reasons
from welfare.stats.diagnostics import DOUBT
from welfare.stats.series.asking import Answer, Model
from welfare.stats.series.rows import Asked, Series
from welfare.stats.series.terms import LEVEL, SLOPE

_FAMILIES = {
    "quasipoisson": "Quasi-Poisson",
    "poisson": "Poisson",
    "negative_binomial": "Negative binomial",
    "gaussian": "Straight-line",
}


def write_series(
    asked: Asked,
    series: Series,
    model: Model,
    found: Answer,
    events: pd.DataFrame,
    looked: pd.DataFrame,
    dropped: pd.DataFrame,
) -> str:
    """Write the paragraph of an interrupted series.

    Parameters
    ----------
    asked : Asked
    series : Series
    model : Model
    found : Answer
    events : DataFrame
        Of :func:`welfare.stats.series.counterfactual.without_change`.
    looked : DataFrame
        Of :func:`welfare.stats.series.doubts.checks`.
    dropped : DataFrame
        Columns row, reason.
    """
    per = f" per unit of {asked.exposure}" if asked.exposure else ""
    many = int(series.unit.max()) + 1
    places = f" in {many:,} unit{'s' * (many > 1)} ({asked.unit})" if asked.unit else ""
    left_out = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    doubts = ", ".join(looked.loc[looked["verdict"] == DOUBT, "check"])
    caution = f" Checks that ask for a closer look, as some do by chance: {doubts}." if doubts else ""
    return (
        f"{_FAMILIES[model.family]} model of {asked.outcome}{per} over time{places}: {series.before:,} periods before "
        f"and {series.after:,} from the change at {series.times[series.change]} on, {series.times[0]} to "
        f"{series.times[-1]}."
        f"{left_out} {_changes(asked, model, found)} {_added(asked, model, series, events)} {found.certainty.words}"
        f"{caution} The comparison is of the series with its own past{_carried(model)}: it cannot tell the change from "
        "anything else that came at the same date, such as another rule, a disease, other animals or another way of "
        "counting, and events that nobody recorded are not seen."
    )


def _carried(model: Model) -> str:
    carried = [
        *(["its trend"] if model.shape.trend else []),
        *(["its season"] if model.shape.season is not None else []),
    ]
    return f", {' and '.join(carried)} carried on" if carried else ", its level carried on"


def _changes(asked: Asked, model: Model, found: Answer) -> str:
    rows = {row["term"]: row for _, row in found.table.iterrows()}
    what = "rate" if asked.exposure else "level"
    level = f"At the change the {what} of {asked.outcome} {_in_words(rows[LEVEL], model)}"
    if SLOPE not in rows:
        return f"{level}."
    return f"{level} in the first period, and its trend {_in_words(rows[SLOPE], model, 'each further period')}."


def _in_words(row: pd.Series, model: Model, when: str = "") -> str:
    when = f" {when}" if when else ""
    shown = "" if (row["low"] > 0 or row["high"] < 0) else ", no difference shown"
    if model.family == "gaussian":
        return f"moved by {row['estimate']:.4g}{when} (95% interval {row['low']:.4g} to {row['high']:.4g}{shown})"
    # A trend moves little in one period: its digits stand after the 1.
    form = ".4f" if when else ".3g"
    ratio, low, high = (format(row[name], form) for name in ("ratio", "ratio_low", "ratio_high"))
    return f"was multiplied by {ratio}{when} (95% interval {low} to {high}{shown})"


def _added(asked: Asked, model: Model, series: Series, events: pd.DataFrame) -> str:
    rows = events.set_index("quantity")
    added, without = rows.loc["added"], rows.loc["without_change"]
    fewer = added["estimate"] < 0
    if model.family == "gaussian":
        return (
            f"Summed over the {series.after:,} periods after it that is {added['estimate']:,.4g} "
            f"({added['low']:,.4g} to {added['high']:,.4g}) against the {without['estimate']:,.4g} expected without it."
        )
    size = [abs(added[name]) for name in ("estimate", "low", "high")]
    if added["low"] < 0 < added["high"]:
        ends = f"95% interval {_count(-added['low'])} fewer to {_count(added['high'])} more"
    else:
        ends = f"95% interval {_count(min(size[1:]))} to {_count(max(size[1:]))}"
    return (
        f"Over the {series.after:,} periods after it that is {_count(size[0])} {asked.outcome} "
        f"{'fewer' if fewer else 'more'} ({ends}) than the {_count(without['estimate'])} expected without it."
    )


def _count(events: Any) -> str:
    """Write a number of events; of a few, also what is less than one."""
    return f"{events:,.0f}" if events >= 100 else f"{events:.2g}"
