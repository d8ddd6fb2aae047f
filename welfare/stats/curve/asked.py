"""What is asked of a curve, and the frame it is fitted to: the condition's columns beside those of the panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.inputs import numbers
from welfare.stats.question import FAMILIES, Question, as_question
from welfare.stats.splines.crossbasis import crossbasis
from welfare.stats.splines.lags import lag_matrix
from welfare.stats.splines.regression import CubicRegression, cubic_regression
from welfare.stats.splines.restricted import knots_at_quantiles, restricted_cubic

BASES = ("rcs", "linear", "penalised")
Basis = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Asked:
    """A curve as asked for.

    Attributes
    ----------
    question : Question
        Of the count model that it is part of.
    outcome, condition : str
        Columns.
    kind : str
        One of `BASES`.
    knots : array
        Where the curve may bend; empty for a line.
    basis : callable
        From values of the condition to columns.
    names : list of str
        Of the curve's columns in the frame.
    frame : DataFrame
        The panel with those columns.
    lags : int
        How many periods back conditions count.
    lag_basis : array, shape (lags + 1, l)
        Columns over the lag.
    smooth : CubicRegression or None
        With ``basis="penalised"``.
    units, periods : arrays of int
        With lags, unit and period of each row of the frame; else empty.
    """

    question: Question
    outcome: str
    condition: str
    kind: str
    knots: np.ndarray
    basis: Basis
    names: list[str]
    frame: pd.DataFrame
    lags: int
    lag_basis: np.ndarray
    smooth: CubicRegression | None
    units: np.ndarray
    periods: np.ndarray


def as_asked(
    df: pd.DataFrame,
    *,
    outcome: str,
    condition: str,
    exposure: str | None,
    family: str,
    basis: str,
    knots: int | Sequence[float] | None,
    adjust: Sequence[str],
    absorb: Sequence[str],
    cluster: str | None,
    lags: int,
    unit: str | None,
    time: str | None,
) -> Asked:
    """Bring the options of a curve to one form, and make its columns.

    Raises
    ------
    BadParameter
        If a column is missing, or an option is none of those known.
    NotEstimable
        If the condition has too few values for the curve.
    """
    basis = {"penalized": "penalised"}.get(basis, basis)
    if basis not in BASES:
        raise BadParameter(
            f"no basis is called {basis!r}", where="curve(basis=)", todo=f"Use one of {', '.join(BASES)}."
        )
    adjust, absorb = _listed(adjust, "adjust"), _listed(absorb, "absorb")
    _refuse_columns(df, outcome, condition, unit, time, lags, basis)
    values = numbers(df[condition], condition)
    places, smooth = _knots(values, basis, knots)
    made: Basis = {
        "rcs": lambda at: restricted_cubic(at, places),
        "linear": lambda at: np.asarray(at, dtype=float)[:, None],
        "penalised": lambda at: smooth.basis(at) if smooth is not None else np.zeros((len(at), 0)),
    }[basis]
    frame, lag_basis = df, np.ones((1, 1))
    also: tuple[str, ...] = (condition,)
    units = periods = np.zeros(0, dtype=np.int64)
    if lags:
        lag_basis = _lag_basis(lags)
        units = pd.factorize(df[unit])[0].astype(np.int64)
        periods = _periods(df, str(time))
        history = lag_matrix(values, units, periods, lags)
        columns = crossbasis(history, made, lag_basis)
        whole = f"{condition}_history"
        frame = frame.assign(**{whole: np.where(np.isnan(columns).any(axis=1), np.nan, 1.0)})
        also = (condition, whole)
    else:
        columns = made(values)
    names = [f"{condition}_curve_{at + 1}" for at in range(columns.shape[1])]
    frame = frame.assign(**{name: columns[:, at] for at, name in enumerate(names)})
    first = [condition] if basis == "penalised" else names
    formula = f"{outcome} ~ {' + '.join([*first, *adjust])}" + (f" | {' + '.join(absorb)}" if absorb else "")
    question = as_question(
        formula,
        exposure=exposure,
        family=family,
        cluster=cluster,
        errors="CR1",
        random=None,
        bootstrap=None,
        seed=0,
    )
    if question.family in ("fractional", "nb1", "conditional_poisson") and basis == "penalised":
        raise BadParameter(
            f"a penalised curve is not built for family={family!r}",
            where="curve(family=)",
            spoiled="The smoothness would be chosen for another likelihood.",
            todo="Use basis='rcs', or family 'poisson', 'quasipoisson' or 'negative_binomial'.",
        )
    question = Question(**{**question.__dict__, "also": also})
    return Asked(
        question, outcome, condition, basis, places, made, names, frame, lags, lag_basis, smooth, units, periods
    )


def _listed(given: Sequence[str], role: str) -> list[str]:
    if isinstance(given, str):
        return [given]
    if not all(isinstance(name, str) for name in given):
        raise BadParameter(
            f"{role} holds something that is no text",
            where=f"curve({role}=)",
            spoiled="What was to be held fixed would not be.",
            todo="Give names of columns, or terms such as 'C(year)'.",
        )
    return list(given)


def _refuse_columns(
    df: pd.DataFrame, outcome: str, condition: str, unit: str | None, time: str | None, lags: int, basis: str
) -> None:
    for role, name in {"outcome": outcome, "condition": condition, "unit": unit, "time": time}.items():
        if name is not None and (not isinstance(name, str) or name not in df):
            raise BadParameter(
                f"the frame has no column {name!r}",
                where=f"curve({role}=)",
                spoiled="The curve would be of something else.",
                todo=f"Columns it has: {', '.join(map(str, df.columns))}.",
            )
    if lags and (unit is None or time is None):
        raise BadParameter(
            "lags were asked for, and not of which unit along which time",
            where="curve(lags=)",
            spoiled="The condition of one facility would be taken for another's past.",
            todo="Give unit= and time=, the latter in whole periods.",
        )
    if lags and basis == "penalised":
        raise BadParameter(
            "penalised curves with lags are not built",
            where="curve(basis=)",
            spoiled="The smoothness along the lag would not be chosen.",
            todo="Use basis='rcs' or 'linear'.",
        )


def _knots(
    values: np.ndarray, basis: str, knots: int | Sequence[float] | None
) -> tuple[np.ndarray, CubicRegression | None]:
    seen = values[~np.isnan(values)]
    if len(np.unique(seen)) < 2:
        raise NotEstimable(
            "the condition takes one value only",
            where="curve(condition=)",
            spoiled="There is nothing to compare it with.",
            todo="Bring rows with another value.",
        )
    if basis == "linear":
        return np.zeros(0), None
    if basis == "penalised":
        if knots is not None and not isinstance(knots, int):
            raise BadParameter(
                "a penalised curve places its knots itself", where="curve(knots=)", todo="Give how many, or leave it."
            )
        many = min(10, len(np.unique(seen))) if knots is None else knots
        smooth = cubic_regression(seen, many)
        return smooth.knots, smooth
    if knots is None or isinstance(knots, int):
        return knots_at_quantiles(seen, 4 if knots is None else knots), None
    return np.asarray(list(knots), dtype=float), None


def _periods(df: pd.DataFrame, time: str) -> np.ndarray:
    """Return whole numbers that rise by 1 from period to period: days that begin months, quarters or years count so."""
    column = df[time]
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.array.asi8
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.to_numpy(dtype=np.int64)
    if not pd.api.types.is_datetime64_any_dtype(column.dtype) or column.isna().any():
        raise BadParameter(
            f"{time} is neither whole numbers nor days",
            where="curve(time=)",
            spoiled="A gap in the record would not be seen, and an earlier condition taken for the last one.",
            todo="Give period numbers, pandas periods, or the first day of each period.",
        )
    month = column.dt.year.to_numpy() * 12 + column.dt.month.to_numpy() - 1
    if not (column.dt.day == 1).all():
        return column.to_numpy().astype("datetime64[D]").astype(np.int64)
    step = next(step for step in (12, 3, 1) if (month % step == month[0] % step).all())
    return month // step


def _lag_basis(lags: int) -> np.ndarray:
    """Return columns over the lag: each lag free up to three periods, beyond that a natural spline of four columns."""
    at = np.arange(lags + 1, dtype=float)
    if lags <= 3:
        return np.eye(lags + 1)
    # Equal distances on the scale of log(lag + 1): what follows soon is known in more detail (Gasparrini 2011).
    knots = np.expm1(np.linspace(0, np.log1p(lags), 4))
    return np.column_stack([np.ones(lags + 1), restricted_cubic(at, knots)])


__all__ = ["BASES", "FAMILIES", "Asked", "as_asked"]
