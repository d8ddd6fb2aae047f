"""The caller's columns as numbers, and which rows can be used: what cannot is named, never counted as nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator
from welfare.patterns.scan.asking.calendar import read_periods
from welfare.patterns.scan.asking.options import STANDARDISED, Options
from welfare.stats.inputs import common_labels, dropped_rows, not_negative, numbers, whole_counts
from welfare.stats.periods import Steps

# What the second column is to each model, as a reason to leave a row out says it.
_BASE = {"exponential": "time at risk", "normal": "weight", "expectation": "expected count"}
_FAR = 1e100  # squares of coordinates beyond are beyond all numbers
_LIMITS = (("x", "longitude", 180), ("y", "latitude", 90))


@dataclass(frozen=True)
class Columns:
    """Rows that can be used.

    Attributes
    ----------
    rows : DataFrame
        Under the input's labels: cases, base, and where given x, y, step (whole number), time (as given), category.
    dropped : DataFrame
        Columns row, reason.
    lost : float
        Cases in the rows left out.
    steps : Steps or None
        How periods are written.
    """

    rows: pd.DataFrame
    dropped: pd.DataFrame
    lost: float
    steps: Steps | None


def read_columns(
    cases: Any, population: Any, x: Any, y: Any, *, time: Any, covariates: Any, options: Options
) -> Columns:
    """Read the columns and say which rows can be used.

    Parameters
    ----------
    cases, population, x, y, time, covariates : sequences, Series or None
        As :func:`welfare.patterns.scan.clusters.scan` takes them.
    options : Options
        What is asked.

    Raises
    ------
    BadParameter
        If lengths or labels differ.
    BadValue
        If a value cannot be what its column holds.
    NoDenominator
        If no row has a base above zero.
    """
    given = {"cases": cases, "population": population, "x": x, "y": y, "time": time}
    # The permutation model has no population: whatever is passed for it is not looked at.
    used = {name: column for name, column in given.items() if column is not None and not _unused(name, options)}
    if population is None and options.model != "permutation":
        raise NoDenominator(
            "no population is given",
            where="scan(population=)",
            spoiled="A map of bare counts shows where plants stand, not where harm is more than its share.",
            todo="Give the animals, tasks or expected counts that cases are in proportion to if nothing gathers.",
        )
    labels = common_labels(**used)
    rows = pd.DataFrame(
        {name: numbers(column, name) for name, column in used.items() if name != "time"}, index=labels
    ).rename(columns={"population": "base"})
    steps = None
    if options.in_time:
        rows["step"], steps, rows["time"] = read_periods(time, labels)
    if covariates is not None:
        rows["category"] = _categories(covariates, labels, options)
    if options.model == "permutation":
        rows["base"] = 1.0
    _refuse_impossible(rows, options)
    reasons = _reasons(rows, options)
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    return Columns(rows[kept], dropped_rows(labels, reasons), float(rows.loc[~kept, "cases"].sum()), steps)


def _unused(name: str, options: Options) -> bool:
    return name == "population" and options.model == "permutation"


def _categories(covariates: Any, labels: pd.Index, options: Options) -> np.ndarray:
    """Return one category per row, missing (NaN) where any of the covariates is."""
    if options.model not in STANDARDISED:
        raise BadParameter(
            f"the {options.model} model takes no covariates",
            where="scan(covariates=)",
            spoiled="Categories would be named and not allowed for.",
            todo=f"Use model {' or '.join(map(repr, STANDARDISED))}, or scan each category by itself.",
        )
    frame = covariates if isinstance(covariates, pd.DataFrame) else pd.DataFrame({"covariate": covariates})
    if len(frame) != len(labels) or (
        isinstance(covariates, pd.Series | pd.DataFrame) and not frame.index.equals(labels)
    ):
        raise BadParameter(
            "covariates and cases differ in length or carry different row labels",
            where="scan(covariates=)",
            spoiled="One row's category would be used for another row.",
            todo="Take both from one frame, or align them first.",
        )
    number = frame.groupby(list(frame.columns), sort=False, observed=True, dropna=True).ngroup().to_numpy(dtype=float)
    return np.where(frame.isna().any(axis=1).to_numpy(), np.nan, number)


def _refuse_impossible(rows: pd.DataFrame, options: Options) -> None:
    labels = rows.index
    if options.model != "normal":
        whole_counts(rows["cases"].to_numpy(), "cases", labels)
    not_negative(rows["base"].to_numpy(), "population", labels)
    if options.model == "bernoulli":
        whole_counts(rows["base"].to_numpy(), "population", labels)
        _refuse_more_than_all(rows)
    if options.in_space and not options.geographic and (rows[["x", "y"]].abs() > _FAR).to_numpy().any():
        raise BadValue(
            f"x or y is beyond {_FAR:g}",
            where="scan(x=, y=)",
            spoiled="Distances cannot be computed from it.",
            todo="Give coordinates in a larger unit, or missing where they are not known.",
        )
    if options.geographic:
        for name, word, limit in _LIMITS:
            wrong = rows[name].abs() > limit
            if wrong.any():
                at = int(np.argmax(wrong))
                raise BadValue(
                    f"{name} is {rows[name].iloc[at]:g} in row {labels[at]!r}, which is no {word}",
                    where=f"scan({name}=, geographic=True)",
                    spoiled="Distances would be measured between places that do not exist.",
                    todo="Give x as longitude and y as latitude in degrees, or geographic=False for a plane.",
                )


def _refuse_more_than_all(rows: pd.DataFrame) -> None:
    wrong = (rows["cases"] > rows["base"]).to_numpy()
    if wrong.any():
        at = int(np.argmax(wrong))
        raise BadValue(
            f"row {rows.index[at]!r} has {rows['cases'].iloc[at]:g} cases among {rows['base'].iloc[at]:g}"
            f" ({int(wrong.sum()):,} such rows)",
            where="scan(population=, model='bernoulli')",
            spoiled="A share above 1 fits no trial.",
            todo="Give population as cases and controls together, or use model='poisson' for cases that may recur.",
        )


def _reasons(rows: pd.DataFrame, options: Options) -> np.ndarray:
    """Return why each row is left out; None where it is kept."""
    reasons = np.full(len(rows), None, dtype=object)
    if options.in_space:
        reasons[rows[["x", "y"]].isna().any(axis=1).to_numpy()] = "missing coordinates"
    if options.in_time:
        reasons[rows["step"].isna().to_numpy()] = "missing period"
    reasons[rows["cases"].isna().to_numpy()] = "missing cases"
    if "category" in rows:
        reasons[rows["category"].isna().to_numpy()] = "missing covariate"
    some = (rows["base"] > 0).to_numpy()
    reasons[~some] = f"no {_BASE.get(options.model, 'population')}"
    if not some.any():
        raise NoDenominator(
            f"no row has a {_BASE.get(options.model, 'population')} above zero",
            where="scan(population=)",
            spoiled="A map of bare counts shows where plants stand, not where harm is more than its share.",
            todo="Give the animals, tasks or expected counts that each place's cases are to be compared with.",
        )
    if options.model == "permutation":
        _leave_out_whole_places(rows, reasons)
    return reasons


def _leave_out_whole_places(rows: pd.DataFrame, reasons: np.ndarray) -> None:
    """Where every period of a place counts, one that is not known makes the others unusable: it is not zero."""
    unknown = rows["cases"].isna()
    keys = [rows["x"], rows["y"]]
    spoiled = unknown.groupby(keys).transform("any").fillna(False).to_numpy(dtype=bool)
    reasons[spoiled & pd.isna(reasons)] = "missing cases in another period of the place"
