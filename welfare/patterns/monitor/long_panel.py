"""A long panel, one row per facility and period, made into periods by facilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.stats.inputs import dropped_rows, numbers
from welfare.stats.periods import missing, steps_of


def wide(
    panel: Any, columns: dict[str, str | None], expected: Any, trials: Any
) -> tuple[pd.DataFrame, Any, Any, pd.DataFrame, np.ndarray]:
    """Return counts, expected counts, trials by period and facility, rows that belong nowhere, cells that have a row.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period.
    columns : dict
        Names of the columns `facility`, `time` and `observed`.
    expected, trials : str, number or None
        Column of the panel, or one value for all.
    """
    if not isinstance(panel, pd.DataFrame) or not all(isinstance(name, str) for name in columns.values()):
        raise BadParameter(
            "a long panel needs a DataFrame and the names of its columns",
            where="monitor(facility=, time=, observed=)",
            todo="Name all three, or give a frame of periods by facilities and none of them.",
        )
    facility, time, observed = (str(columns[name]) for name in ("facility", "time", "observed"))
    asked = [facility, time, observed, *(name for name in (expected, trials) if isinstance(name, str))]
    absent = [name for name in asked if name not in panel]
    if absent:
        raise BadParameter(
            f"the panel has no column {', '.join(map(repr, absent))}",
            where="monitor",
            spoiled="There would be nothing to watch.",
            todo=f"Columns it has: {', '.join(map(str, panel.columns))}.",
        )
    if panel.empty:
        raise BadParameter("the panel is empty", where="monitor(series)", todo="Give a row per facility and period.")
    reasons = np.full(len(panel), None, dtype=object)
    reasons[panel[time].isna().to_numpy()] = f"missing {time}"
    reasons[panel[facility].isna().to_numpy()] = f"missing {facility}"
    rows = panel[pd.isna(reasons)]
    steps = steps_of(rows[time], time)
    at = steps.of(rows[time], time)
    places, names = pd.factorize(rows[facility], sort=True)
    _refuse_twice(at, places, rows, facility, time)
    every = np.arange(at.min(), at.max() + 1) if len(at) and not missing(at).any() else np.array([], dtype=int)
    index = pd.Index(steps.labels(every), name=time)

    def frame(values: Any, name: str) -> Any:
        if not isinstance(values, str):
            return values
        out = np.full((len(every), len(names)), np.nan)
        out[at - every[0] if len(every) else at, places] = numbers(rows[values], name)
        return pd.DataFrame(out, index=index, columns=pd.Index(names.astype(str), name=facility))

    held = np.zeros((len(every), len(names)), dtype=bool)
    held[at - every[0] if len(every) else at, places] = True
    return (
        frame(observed, observed),
        frame(expected, "expected"),
        frame(trials, "trials"),
        dropped_rows(panel.index, reasons),
        held,
    )


def _refuse_twice(at: np.ndarray, places: np.ndarray, rows: pd.DataFrame, facility: str, time: str) -> None:
    twice = pd.DataFrame({"at": at, "place": places}).duplicated().to_numpy()
    if twice.any():
        first = rows.iloc[int(twice.argmax())]
        raise BadParameter(
            f"{facility} {first[facility]!r} has two rows in period {first[time]!r}",
            where="monitor",
            spoiled="Which count is the period's would be a guess.",
            todo="Add up the rows of one facility and period.",
        )


__all__ = ["wide"]
