"""What papers print, as rows of numbers, and the effects made of them as a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.stats.inputs import common_labels, not_negative, numbers, whole_counts


def rows_of(**columns: Any) -> pd.DataFrame:
    """Put columns side by side as numbers; counts must be counts, deviations and errors not negative.

    Parameters
    ----------
    **columns : numbers, or sequences or Series of n numbers
        By name: "events..." and "n" hold counts, "sd..." and "se..." deviations and errors.

    Returns
    -------
    DataFrame
        n rows of floats, missing as NaN.

    Raises
    ------
    BadParameter
        If one is not given, or lengths or labels differ.
    BadValue
        If a value is not what its name says.
    """
    absent = [name for name, column in columns.items() if column is None]
    if absent:
        raise BadParameter(f"{', '.join(absent)} is not given", where=absent[0], todo="Give it for both sides.")
    if all(np.ndim(column) == 0 for column in columns.values()):
        columns = {name: [value] for name, value in columns.items()}
    labels = common_labels(**columns)
    rows = pd.DataFrame({name: numbers(column, name) for name, column in columns.items()}, index=labels)
    for name in rows:
        if str(name).startswith("events") or str(name) in ("n", "n_reference"):
            whole_counts(rows[name].to_numpy(), str(name), labels)
        if str(name).startswith(("sd", "se")):
            not_negative(rows[name].to_numpy(), str(name), labels)
    return rows


def logarithm(values: pd.Series) -> pd.Series:
    """Return natural logarithms under the same labels.

    Parameters
    ----------
    values : Series of float
        Above 0, or missing.
    """
    return pd.Series(np.log(values.to_numpy()), values.index)


def effects_frame(effect: pd.Series, variance: pd.Series) -> pd.DataFrame:
    """Return effects and variances, both missing where one is, or where the variance is 0.

    Parameters
    ----------
    effect, variance : Series of float
    """
    unknown = effect.isna() | variance.isna() | ~(variance > 0) | np.isinf(variance)
    return pd.DataFrame({"effect": effect.mask(unknown), "variance": variance.mask(unknown)})


__all__ = ["effects_frame", "logarithm", "rows_of"]
