"""A series as asked about: its model fitted, with the table of its terms; and the same for dates that saw no change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.estimates import effects_table
from welfare.stats.series.fitting import Doubt, Fitted, doubt, fit_series
from welfare.stats.series.newey_west import automatic_lags
from welfare.stats.series.rows import Series
from welfare.stats.series.terms import INTERCEPT, LEVEL, Shape, columns_of

_SIDE = 5  # periods on either side of a date that saw no change
_RATIOS = ["ratio", "ratio_low", "ratio_high"]


@dataclass(frozen=True)
class Model:
    """What is fitted to a series.

    Attributes
    ----------
    family : str
    shape : Shape
    robust : bool
        Whether errors allow for neighbours that are alike.
    lags : int or None
        Over how many periods; None for the automatic rule.
    """

    family: str
    shape: Shape
    robust: bool
    lags: int | None


@dataclass(frozen=True)
class Answer:
    """A model of a series fitted; `table` as :class:`welfare.stats.interrupted.InterruptedSeries` has it."""

    found: Fitted
    certainty: Doubt
    table: pd.DataFrame

    @property
    def level(self) -> float:
        """The estimate of the change of level."""
        return float(self.found.estimates[self.found.names.index(LEVEL)])


def answer(series: Series, model: Model) -> Answer:
    """Fit a model to a series.

    Parameters
    ----------
    series : Series
    model : Model

    Raises
    ------
    BadParameter
        If errors are to allow for likeness over more than a third of the series.
    NotEstimable
        As :func:`welfare.stats.series.fitting.fit_series`.
    """
    _refuse_far_lags(series, model)
    found, certainty = _fitted(series, model)
    names = found.names
    degrees = np.full(len(names), certainty.degrees)
    table = effects_table(names, found.estimates, certainty.covariance, degrees)
    hidden = [name.startswith("unit ") or (name == INTERCEPT and series.unit.any()) for name in names]
    table = table[~np.array(hidden)].reset_index(drop=True)
    return Answer(found, certainty, table.drop(columns=_RATIOS) if model.family == "gaussian" else table)


def _refuse_far_lags(series: Series, model: Model) -> None:
    """Refuse so many lags that the products of scores, which sum to 0 over all periods, cancel."""
    span = int(np.ptp(series.place)) + 1
    if model.robust and model.lags is not None and model.lags > span // 3:
        raise BadParameter(
            f"{model.lags} lags in a series of {span} periods",
            where="interrupted_series(lags=)",
            spoiled="What the model leaves sums to nothing over all periods: so many lags make errors too small.",
            todo=f"Use {span // 3} or fewer.",
        )


def _fitted(series: Series, model: Model) -> tuple[Fitted, Doubt]:
    names, columns = columns_of(series.place, series.unit, series.change, model.shape)
    found = fit_series(series.outcome, series.exposure, names, columns, model.family)
    span = int(np.ptp(series.place)) + 1
    lags = None if not model.robust else automatic_lags(span) if model.lags is None else min(model.lags, span - 1)
    return found, doubt(found, series.place, model.family, lags)


def placebo_dates(series: Series, model: Model, real: float) -> pd.DataFrame:
    """Fit the model to what lies before the change, as if the change had come at each date there in turn.

    Parameters
    ----------
    series : Series
    model : Model
    real : float
        The estimate of the true change of level.

    Returns
    -------
    DataFrame
        One row per date with at least five periods on either side: time, estimate, std_error, low, high, p_value (and
        the ratios) of the change of level, and as_large: whether it is at least as far from 0 as the true one. Dates at
        which the model cannot be fitted have missing numbers.
    """
    dates, rows = [], []
    for date in np.unique(series.place[series.place < series.change]):
        within = series.earlier(int(date))
        if within.before < _SIDE or within.after < _SIDE:
            continue
        dates.append(date)
        try:
            found, certainty = _fitted(within, model)
            at = found.names.index(LEVEL)
            rows.append((found.estimates[at], certainty.covariance[at, at], certainty.degrees))
        except NotEstimable:
            rows.append((np.nan, np.nan, np.inf))
    estimates, variances, degrees = np.array(rows, dtype=float).reshape(-1, 3).T
    frame = effects_table(
        list(series.times.take(np.array(dates, dtype=np.int64))), estimates, np.diag(variances), degrees
    )
    frame = frame.rename(columns={"term": "time"})
    frame["as_large"] = np.abs(estimates) >= abs(real)
    return frame.drop(columns=_RATIOS) if model.family == "gaussian" else frame
