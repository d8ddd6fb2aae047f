"""A panel of several periods as one table: a row per facility, a column per period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.profiles.options import check_columns
from welfare.patterns.profiles.reading import columns, read_rows
from welfare.stats.inputs import dropped_rows

_FEWEST = 3


@dataclass(frozen=True)
class Periods:
    """Counts of facilities in successive periods.

    Attributes
    ----------
    facilities : array of str, shape (n,)
        In order.
    times : list
        Periods, in order.
    observed, expected : arrays, shape (n, periods)
        NaN in both where a facility has none.
    dropped : DataFrame
        Columns row, reason.
    """

    facilities: np.ndarray
    times: list[Any]
    observed: np.ndarray
    expected: np.ndarray
    dropped: pd.DataFrame

    def both(self, first: int, second: int) -> np.ndarray:
        """Return which facilities have a count in both periods."""
        return np.asarray(~np.isnan(self.observed[:, first]) & ~np.isnan(self.observed[:, second]))


def read_periods(
    panel: pd.DataFrame, *, observed: str, expected: str | None, facility: str, time: str, where: str
) -> Periods:
    """Return counts by facility and period; rows of the same facility and period are added up.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period.
    observed, expected, facility, time : str
        Columns.
    where : str
        What to call in an error.
    """
    asked = columns(observed, expected, None, facility)
    check_columns(panel, [*asked.asked, time], where)
    rows = read_rows(panel, asked)
    reasons = rows.reasons
    unknown = panel[time].isna().to_numpy()
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    reasons[unknown & kept] = f"missing {time}"
    whole = rows.table.assign(time=panel.loc[kept, time].to_numpy())[~unknown[kept]]
    try:
        times = sorted(whole["time"].unique().tolist())
    except TypeError as failure:
        raise BadParameter(
            f"the periods in {time!r} have no order ({failure})",
            where=f"{where}(time=)",
            spoiled="Which period follows which would be a guess.",
            todo="Give years, dates or text that sorts in time, all of one kind.",
        ) from None
    if len(times) < 2 or whole["facility_id"].nunique() < _FEWEST:
        raise NotEstimable(
            f"{whole['facility_id'].nunique()} facilities have a count and an expected count, in {len(times)} periods",
            where=where,
            spoiled="What lasts shows only where several facilities are seen twice.",
            todo="Bring three facilities or more, each in two periods or more.",
        )
    sums = whole.pivot_table(index="facility_id", columns="time", values=["observed", "expected"], aggfunc="sum")
    counts, means = (sums[name].reindex(columns=times).to_numpy(dtype=float) for name in ("observed", "expected"))
    return Periods(sums.index.to_numpy(dtype=object), times, counts, means, dropped_rows(panel.index, reasons))


__all__ = ["Periods", "read_periods"]
