"""Events and exposure of groups by stratum, beside a standard; what has no place in it is listed with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts
from welfare.stats.rates.rows import refuse_nothing_left, why_unusable

Stratum = tuple[Any, ...]
ALL = "all"


@dataclass(frozen=True)
class Strata:
    """Counts of g groups in k strata.

    Attributes
    ----------
    groups : list of g labels
        In sorted order.
    strata : list of k tuples
        Values of the columns that make a stratum.
    events, exposure : arrays of float, shape (g, k)
        Sums; zero where a group has no row.
    dropped : DataFrame
        Rows left out so far: columns row, reason.
    """

    groups: list[Any]
    strata: list[Stratum]
    events: np.ndarray
    exposure: np.ndarray
    dropped: pd.DataFrame


def stratify(df: pd.DataFrame, by: list[str], of: str | None, events: str, exposure: str) -> Strata:
    """Add up events and exposure by group and stratum.

    Parameters
    ----------
    df : DataFrame
        One row per facility, unit or period.
    by : list of str
        Columns that make the strata.
    of : str or None
        Column of the groups; None for one group.
    events, exposure : str
        Columns of counts and of exposures.

    Returns
    -------
    Strata
        Rows with a missing value, or no exposure above zero, are in `dropped`.

    Raises
    ------
    BadValue
        If a count is negative or not whole, or a value is not a number.
    NoDenominator
        If no row has an exposure above zero.
    NotEstimable
        If no such row has a count, or none of those a group and stratum.
    """
    columns = [*by] if of is None else [of, *by]
    counts = pd.DataFrame(
        {"events": numbers(df[events], events), "exposure": numbers(df[exposure], exposure)}, index=df.index
    )
    whole_counts(counts["events"].to_numpy(), events, df.index)
    reasons = why_unusable(counts)
    refuse_nothing_left(counts, reasons, "standardise")
    reasons[reasons == "missing events"] = f"missing {events}"
    for name in reversed(columns):
        reasons[df[name].isna().to_numpy()] = f"missing {name}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    if not kept.any():
        raise NotEstimable(
            f"no row with events and exposure has a value in each of {', '.join(columns)}",
            where="standardise",
            spoiled="A row of no known stratum cannot be compared with its like.",
            todo="Complete those columns, or standardise by others.",
        )
    rows, counts = df[kept], counts[kept]
    stratum, strata = _numbered(rows, by)
    group, groups = (np.zeros(len(rows), dtype=int), [(ALL,)]) if of is None else _numbered(rows, [of])
    cell, shape = group * len(strata) + stratum, (len(groups), len(strata))

    def sums(column: str) -> np.ndarray:
        return np.bincount(cell, weights=counts[column], minlength=shape[0] * shape[1]).reshape(shape)

    dropped = dropped_rows(df.index, reasons)
    return Strata([label for (label,) in groups], strata, sums("events"), sums("exposure"), dropped)


def rows_of_strata(df: pd.DataFrame, by: list[str], left_out: Iterable[Stratum], already: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of strata that the standard lacks, as a `dropped` frame.

    Parameters
    ----------
    df : DataFrame
        As given to :func:`stratify`.
    by : list of str
        Columns that make the strata.
    left_out : iterable of tuples
        The strata.
    already : DataFrame
        Rows that are listed as dropped: they are not listed again.
    """
    absent = set(left_out)
    keys = list(df[by].astype(object).itertuples(index=False, name=None))
    listed = set(already["row"])
    reasons = np.array(
        [
            f"{stratum_words(by, key)} is not in the standard" if key in absent and row not in listed else None
            for row, key in zip(df.index, keys, strict=True)
        ],
        dtype=object,
    )
    return dropped_rows(df.index, reasons)


def stratum_words(by: list[str], stratum: Stratum) -> str:
    """Write a stratum: ``age young, size large``.

    Parameters
    ----------
    by : list of str
        Columns that make the strata.
    stratum : tuple
        Their values.
    """
    return ", ".join(f"{name} {value}" for name, value in zip(by, stratum, strict=True))


def standard_of(standard: pd.DataFrame, by: list[str], method: str) -> dict[Stratum, float]:
    """Read a standard: exposures for direct standardisation, rates for indirect.

    Parameters
    ----------
    standard : DataFrame
        Columns `by`, and exposure (direct), or rate, or events and exposure (indirect). Rows of one stratum are added
        up, except rates.
    by : list of str
        Columns that make the strata.
    method : {"direct", "indirect"}
        Which standardisation.

    Returns
    -------
    dict of tuple to float
        Exposure or rate of each stratum; a stratum without exposure is not in it.

    Raises
    ------
    BadParameter
        If a column is missing, or a rate given twice for a stratum.
    BadValue
        If a value is missing, negative or not a number.
    """
    needed = _needed(standard, method)
    absent = [name for name in [*by, *needed] if name not in standard]
    if absent:
        raise BadParameter(
            f"the standard has no column {', '.join(map(repr, absent))}",
            where="standardise(standard=)",
            todo="Give the columns of `by`, and exposure (direct), or rate, or events and exposure (indirect).",
        )
    if standard[[*by, *needed]].isna().any(axis=None):
        raise BadValue(
            "the standard has missing values",
            where="standardise(standard=)",
            spoiled="A stratum whose part in the standard is not known would distort every rate made with it.",
            todo="Complete the standard, or take the rows out of it knowingly.",
        )
    values = {name: numbers(standard[name], name) for name in needed}
    for name, column in values.items():
        not_negative(column, name, standard.index)
    codes, strata = _numbered(standard, by)
    if needed == ["rate"]:
        return _single_rates(codes, strata, values["rate"])
    sums = {name: np.bincount(codes, weights=column, minlength=len(strata)) for name, column in values.items()}
    some = [(at, stratum) for at, stratum in enumerate(strata) if sums["exposure"][at] > 0]
    if method == "direct":
        return {stratum: float(sums["exposure"][at]) for at, stratum in some}
    return {stratum: float(sums["events"][at] / sums["exposure"][at]) for at, stratum in some}


def _needed(standard: pd.DataFrame, method: str) -> list[str]:
    if method == "direct":
        return ["exposure"]
    return ["rate"] if "rate" in standard else ["events", "exposure"]


def _single_rates(codes: np.ndarray, strata: list[Stratum], rates: np.ndarray) -> dict[Stratum, float]:
    if len(strata) < len(codes):
        raise BadParameter(
            "the standard gives more than one rate for a stratum",
            where="standardise(standard=)",
            spoiled="Which of them counts would depend on the order of its rows.",
            todo="Give one rate per stratum, or events and exposure, which add up.",
        )
    return {strata[code]: float(value) for code, value in zip(codes, rates, strict=True)}


def _numbered(rows: pd.DataFrame, columns: list[str]) -> tuple[np.ndarray, list[Stratum]]:
    """Return the number of each row's combination of values, and the combinations in sorted order."""
    if rows.empty:
        return np.zeros(0, dtype=int), []
    codes = rows.groupby(columns, observed=True, sort=True).ngroup().to_numpy()
    firsts = np.unique(codes, return_index=True)[1]
    return codes, list(rows[columns].iloc[firsts].astype(object).itertuples(index=False, name=None))
