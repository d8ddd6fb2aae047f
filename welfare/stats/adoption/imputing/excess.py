"""Events of treated rows beside those expected of them, added up before ratios are formed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.imputing.poisson_imputation import pooled_ratios
from welfare.stats.adoption.reading import errors_of
from welfare.stats.doubt.reach import reach_of

GROUPS = ("all", "horizon", "cohort", "time")


def observed_and_expected(adoption: Adoption, by: str, *, degrees: float) -> pd.DataFrame:
    """Compare events observed after adoption with those expected without it.

    Parameters
    ----------
    adoption : Adoption
        Of counts.
    by : {"all", "horizon", "cohort", "time"}
        What to add events up by.
    degrees : float
        Of Student's t in intervals.

    Returns
    -------
    DataFrame
        As :meth:`welfare.stats.event_result.EventStudy.excess`.

    Raises
    ------
    BadParameter
        If `by` is none of these.
    """
    if by not in GROUPS:
        raise BadParameter(
            f"events are not added up by {by!r}",
            where="EventStudy.excess(by=)",
            todo=f"Use one of {', '.join(GROUPS)}.",
        )
    treated = adoption.treated
    each = {
        "all": np.zeros(len(treated), dtype=np.int64),
        "horizon": adoption.horizon,
        "cohort": adoption.cohort[adoption.unit],
        "time": adoption.period,
    }[by]
    levels, place = np.unique(each[treated], return_inverse=True)
    groups = np.full(len(treated), -1, dtype=np.int64)
    groups[treated] = place
    found = pooled_ratios(adoption, groups)
    reach = reach_of(degrees) * errors_of(found.covariance)
    low, high = np.exp(found.estimate - reach), np.exp(found.estimate + reach)
    table = pd.DataFrame(
        {
            "observed": found.observed,
            "expected": found.expected,
            "ratio": np.exp(found.estimate),
            "ratio_low": low,
            "ratio_high": high,
            "excess": found.observed - found.expected,
            "excess_low": found.observed * (1 - 1 / low),
            "excess_high": found.observed * (1 - 1 / high),
            "rows": found.weight.astype(np.int64),
            "reason": pd.Series(found.reason, dtype="str"),
        }
    )
    if by == "all":
        return table
    named = levels if by == "horizon" else adoption.labels[levels]
    table.insert(0, by, named)
    return table
