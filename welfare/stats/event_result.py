"""The effects of a change adopted at different dates: tables, averages, the naive estimate beside them, and words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable, WelfareError
from welfare.schema.results import Result, simulated_words
from welfare.stats.adoption.aggregate import Averages, by_horizon, overall
from welfare.stats.adoption.arrays import Adoption, Effects
from welfare.stats.adoption.decomposition import cell_weights, decompose, negative_weights
from welfare.stats.adoption.group_time import group_time
from welfare.stats.adoption.question import EventQuestion
from welfare.stats.adoption.reading import averaged, cells, degrees_of, horizons
from welfare.stats.adoption.rows import Rows
from welfare.stats.adoption.two_way import TwoWay, two_way
from welfare.stats.adoption.words import Found, write_notes, write_text


@dataclass(frozen=True, repr=False, kw_only=True)
class EventStudy(Result):
    """Effects of a change by cohort and period; see :func:`welfare.stats.events.event_study`.

    Attributes
    ----------
    table : DataFrame
        One row per cohort and period: cohort (first treated period), time, estimate, std_error, low, high, p_value,
        horizon (steps since adoption), weight; of counts also ratio, ratio_low, ratio_high, and estimates are
        logarithms. Missing where there is nothing to compare.
    by_horizon : DataFrame
        One row per number of steps since adoption: horizon, estimate, std_error, low, high, low_simultaneous,
        high_simultaneous (95% for all at once), p_value, cohorts; of counts also the ratios.
    pretrend_p : float
        p-value of no difference before adoption, all periods together; missing where there is no period to see it in.
    naive : Series
        The static two-way estimate: estimate, std_error, low, high, p_value. Shown for what it is; missing where even
        that cannot be made.
    n, units, treated_units, clusters : int
        Rows, units, units that adopt, clusters.
    degrees : float
        Of Student's t in intervals; infinite for the normal.
    method, control, family : str
        As asked.
    """

    by_horizon: pd.DataFrame
    pretrend_p: float
    naive: pd.Series
    n: int
    units: int
    treated_units: int
    clusters: int
    degrees: float
    method: str
    control: str
    family: str
    _question: EventQuestion = field(repr=False)
    _rows: Rows = field(repr=False)
    _effects: Effects = field(repr=False)
    _averages: Averages = field(repr=False)
    _two_way: TwoWay | None = field(repr=False)

    def overall(self, kind: str = "simple") -> pd.Series:
        """Average the effects after adoption.

        Parameters
        ----------
        kind : {"simple", "dynamic", "group", "calendar"}
            Over treated units and periods; over steps since adoption, each the same; over cohorts by size, each first
            averaged over its periods; over calendar periods, each the same.

        Returns
        -------
        Series
            estimate, std_error, low, high, p_value; of counts also ratio, ratio_low, ratio_high.

        Raises
        ------
        BadParameter
            If the kind is none of these.
        NotEstimable
            If no effect after adoption could be estimated.
        """
        found = overall(self._rows.adoption, self._effects, kind, shares=self._question.shares)
        return averaged(*found, degrees=self.degrees, ratio=self._question.ratio)

    def decomposition(self) -> pd.DataFrame:
        """Split the naive estimate into the comparisons of two groups that it averages.

        Returns
        -------
        DataFrame
            treated_cohort, control_cohort, control ("never treated", "later treated", "already treated"), weight,
            estimate. The last kind is why the naive estimate misleads.

        Raises
        ------
        NotEstimable
            If the panel is not balanced, has covariates, or is of counts with an exposure: see :meth:`naive_weights`.

        References
        ----------
        Goodman-Bacon A. Journal of Econometrics 2021; 225: 254-277.
        """
        return decompose(self._rows.adoption)

    def naive_weights(self) -> pd.DataFrame:
        """Return the weight that the naive estimate gives to the effect of each cohort and period, some below zero.

        Returns
        -------
        DataFrame
            As :func:`welfare.stats.adoption.decomposition.cell_weights`.

        Raises
        ------
        NotEstimable
            If there is no naive estimate.

        References
        ----------
        de Chaisemartin C, D'Haultfoeuille X. American Economic Review 2020; 110: 2964-2996.
        """
        if self._two_way is None:
            raise NotEstimable(
                "there is no two-way estimate whose weights could be shown",
                where="EventStudy.naive_weights",
                todo="Bring units that adopt at another time, or never.",
            )
        return cell_weights(self._rows.adoption, self._two_way)

    def plot(self, ax: Any = None) -> Any:
        """Draw the effects by steps since adoption, with their intervals, and the naive estimate.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.events import events

        table, naive = self.by_horizon, float(self.naive["estimate"])
        quantity = f"change in {self._question.outcome}"
        if self._question.ratio:
            names = ["estimate", "low", "high", "low_simultaneous", "high_simultaneous"]
            table = table.assign(**{name: np.exp(table[name]) for name in names})
            naive, quantity = float(np.exp(naive)), f"ratio of {self._question.outcome}, logarithmic scale"
        return events(table, quantity=quantity, naive=naive, log=self._question.ratio, ax=ax)


def study_of(question: EventQuestion, rows: Rows, df: pd.DataFrame) -> EventStudy:
    """Estimate what a question asks of rows, and put it into tables and words.

    Parameters
    ----------
    question : EventQuestion
    rows : Rows
        Of the frame.
    df : DataFrame
        The frame, for what it says of itself.
    """
    data, ratio = rows.adoption, question.ratio
    effects = group_time(data, control=question.control, ratio=ratio)
    averages = by_horizon(data, effects, shares=question.shares)
    degrees = degrees_of(data.clusters)
    table = cells(data, effects, degrees=degrees, ratio=ratio)
    horizon = horizons(averages, degrees=degrees, ratio=ratio, seed=question.seed)
    naive = _naive(data, question.family)
    nothing = {"estimate": np.nan, "std_error": np.nan}
    naive_row = averaged(
        *((naive.estimate, naive.std_error) if naive else nothing.values()), degrees=degrees, ratio=ratio
    )
    found = Found(
        table,
        horizon,
        _average(data, effects, question, degrees),
        naive_row,
        np.nan,
        negative_weights(cell_weights(data, naive))[1] if naive else np.nan,
        effects.words,
    )
    return EventStudy(
        table=table,
        text=simulated_words(df) + write_text(question, rows, found),
        dropped=rows.dropped,
        notes=write_notes(question, rows, effects.words, degrees),
        by_horizon=horizon,
        pretrend_p=found.pretrend_p,
        naive=naive_row,
        n=len(data.outcome),
        units=data.units,
        treated_units=int((data.cohort < data.never).sum()),
        clusters=data.clusters,
        degrees=degrees,
        method=question.method,
        control=question.control,
        family=question.family,
        _question=question,
        _rows=rows,
        _effects=effects,
        _averages=averages,
        _two_way=naive,
    )


def _naive(data: Adoption, family: str) -> TwoWay | None:
    try:
        return two_way(data, family=family)
    except NotEstimable:
        return None


def _average(data: Adoption, effects: Effects, question: EventQuestion, degrees: float) -> pd.Series | WelfareError:
    try:
        found = overall(data, effects, "simple", shares=question.shares)
    except NotEstimable as failure:
        return failure
    return averaged(*found, degrees=degrees, ratio=question.ratio)
