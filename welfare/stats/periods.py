"""Periods as whole steps: years, quarters, months or days, whatever form the frame has them in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue

# From coarse to fine: the first in which no two dates of the frame fall together is what its rows are periods of.
_SPACINGS = ("Y", "Q", "M", "W", "D", "h")
_TWO_WAYS = re.compile(r"\s*\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_YEARS = (1800, 2200)
_NO_STEP = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Steps:
    """How a frame writes periods.

    Attributes
    ----------
    spacing : str or None
        A pandas period alias, for dates and periods; None for whole numbers.
    years : bool
        Whether whole numbers are calendar years, so that a date is in one of them.
    """

    spacing: str | None
    years: bool = False

    def of(self, values: pd.Series, name: str) -> np.ndarray:
        """Return periods as whole steps; a date is in the period that holds it.

        Parameters
        ----------
        values : Series of n values
            Whole numbers, dates, periods, or text that reads as one of them; missing where there is none.
        name : str
            What to call them in an error.

        Returns
        -------
        array of int, shape (n,)
            The least integer where missing (see :func:`missing`).

        Raises
        ------
        BadValue
            If a value is not written like the frame's periods, or is a fraction.
        """
        out = np.full(len(values), _NO_STEP)
        known = values.notna().to_numpy()
        if known.any():
            out[known] = self._read(uncategorised(values[known]).infer_objects(), name)
        return out

    def _read(self, values: pd.Series, name: str) -> np.ndarray:
        if self.spacing is None:
            if self.years and (
                pd.api.types.is_datetime64_any_dtype(values) or isinstance(values.dtype, pd.PeriodDtype)
            ):
                return values.dt.year.to_numpy(dtype=np.int64)
            return _whole_numbers(values, name)
        codes, unique = pd.factorize(values)
        periods = []
        for value in unique:
            try:
                periods.append(_as_period(value, self.spacing))
            except (ValueError, TypeError) as failure:
                raise BadValue(
                    f"{name} holds {str(value)!r}, which is no date of a period here ({failure})",
                    where=name,
                    spoiled="Which rows come before the change would be a guess.",
                    todo="Write both columns alike: both as years, or both as dates, year first (2017-04-03).",
                ) from None
        return np.array([period.ordinal for period in periods], dtype=np.int64)[codes]

    def labels(self, steps: np.ndarray) -> pd.Index:
        """Return steps as a table shows them: numbers as they were, periods by their usual name ("2019Q2")."""
        if self.spacing is None:
            return pd.Index(steps)
        return pd.Index([str(pd.Period(ordinal=int(step), freq=self.spacing)) for step in steps])


def uncategorised(values: pd.Series) -> pd.Series:
    """Return values as what their categories are, where they are categories."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(object)
    return values


def missing(steps: np.ndarray) -> np.ndarray:
    """Return where no period is known."""
    return np.asarray(steps == _NO_STEP)


def steps_of(values: pd.Series, name: str) -> Steps:
    """Find out how a column writes its periods.

    Parameters
    ----------
    values : Series
        Whole numbers, dates, periods or text.
    name : str
        What to call them in an error.

    Raises
    ------
    BadValue
        If they cannot be put in order.
    """
    known = uncategorised(values).dropna().infer_objects()
    if isinstance(known.dtype, pd.PeriodDtype):
        return Steps(str(known.iloc[0].freqstr)) if len(known) else Steps(None)
    if pd.api.types.is_numeric_dtype(known.dtype) or _reads_as_numbers(known):
        numbers = pd.to_numeric(known, errors="coerce")
        return Steps(None, years=bool(numbers.between(*_YEARS).all()))
    unique = pd.Series(known.unique())
    if not pd.api.types.is_datetime64_any_dtype(unique.dtype):
        try:
            unique = pd.Series([_moment(value)[0] for value in unique])
        except (ValueError, TypeError) as failure:
            raise BadValue(
                f"{name} holds periods that cannot be read ({failure})",
                where=name,
                spoiled="Which rows come before the change would be a guess.",
                todo="Give years as numbers, or dates, or pandas periods.",
            ) from None
    for spacing in _SPACINGS:
        if unique.dt.tz_localize(None).dt.to_period(spacing).is_unique:
            return Steps(spacing)
    return Steps("s")


def _as_period(value: Any, spacing: str) -> pd.Period:
    moment, coarse = _moment(value)
    if coarse is not None and _fineness(coarse) < _fineness(spacing):
        raise ValueError(f"{value} is longer than one of them")
    return pd.Period(moment, freq=spacing)


def _moment(value: Any) -> tuple[pd.Timestamp, str | None]:
    """Return when a value begins, and as what kind of period it was written; None for a moment."""
    if isinstance(value, int | float | np.number):
        raise TypeError(f"{value} is a number")
    if isinstance(value, str):
        if _TWO_WAYS.match(value):
            raise ValueError(f"{value} can be read with the day or the month first")
        value = pd.Period(value)
    if isinstance(value, pd.Period):
        return value.start_time, value.freqstr
    return pd.Timestamp(value).tz_localize(None), None


def _fineness(spacing: str) -> int:
    names = [name[0] for name in _SPACINGS]
    return names.index(spacing[0]) if spacing[0] in names else len(names)


def _reads_as_numbers(values: pd.Series) -> bool:
    return bool(len(values)) and all(isinstance(value, str) and value.strip().isdigit() for value in values.unique())


def _whole_numbers(values: pd.Series, name: str) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(numbers) | (numbers != np.floor(numbers))
    if wrong.any():
        raise BadValue(
            f"{name} holds {values.iloc[int(np.argmax(wrong))]!r}, not a whole number like the frame's periods",
            where=name,
            spoiled="Which rows come before the change would be a guess.",
            todo="Write both columns alike: both as years, or both as dates; the first treated period in whole steps.",
        )
    return numbers.astype(np.int64)
