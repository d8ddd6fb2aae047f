"""What watching counts over time found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result


@dataclass(frozen=True, repr=False, kw_only=True)
class Monitor(Result):
    """Counts watched over time; see :func:`~welfare.patterns.monitor.charts.monitor`.

    Attributes
    ----------
    table : DataFrame
        One row per facility, in the order given: facility_id; periods (that count); statistic (the chart at the end);
        highest (it stood); limit; signal (first period at the limit; missing if none); since, until (first and last
        period of the climb that led to the signal, or of the one it is on); observed, expected, ratio (in that time);
        side ("above", "below"); p_value (of a chart as high in the time watched if nothing were wrong); q_value;
        flagged (side where q_value < fdr, else ""); status ("watched", or why not).
    paths : DataFrame
        The chart: one row per period, one column per facility.
    expected : DataFrame
        Expected counts: as `paths`. For "farrington" what past years lead to expect, missing where too few are at hand;
        for "changepoints" the level of each stretch.
    upper : DataFrame
        "farrington" only: the highest count that raises no alarm, as `paths`.
    changes : DataFrame
        Changepoints only, one row per change: facility_id, change (first period of the new level), low, high (periods
        between which it lies), ratio (level after over before), ratio_low, ratio_high, before, after (observed over
        expected either side).
    method : str
        Of charting.
    law : str
        Of the counts: Poisson, negative binomial, binomial or quasi-Poisson.
    dispersion : float
        Variance of the true rate between periods relative to its mean squared; 0 for Poisson counts.
    arl : float
        Periods between false alarms, on average, that limits were set for; missing where they were not.
    fdr : float
        False-discovery rate of the flags.
    """

    paths: pd.DataFrame
    expected: pd.DataFrame
    upper: pd.DataFrame
    changes: pd.DataFrame
    method: str
    law: str
    dispersion: float
    arl: float
    fdr: float

    def plot(self, ax: Any = None, *, facility: Any = None) -> Any:
        """Draw one facility's chart, its limit, its signal and the time since which evidence gathered.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        facility : label, optional
            Which; by default the one with the smallest p-value.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        BadParameter
            If there is no such facility.
        """
        from welfare.figures.monitor import chart

        names = self.table["facility_id"]
        if facility is None:
            p = self.table["p_value"]
            position = int(p.fillna(2.0).to_numpy().argmin())
        else:
            at = (names == facility).to_numpy()
            if not at.any():
                raise BadParameter(
                    f"no facility is called {facility!r}", where="Monitor.plot(facility=)", todo="See `.table`."
                )
            position = int(at.argmax())
        return chart(self.paths.iloc[:, position], self.table.iloc[position], quantity=_QUANTITY[self.method], ax=ax)


_QUANTITY = {
    "cusum": "Log-likelihood ratio",
    "ewma": "Standard deviations above expectation",
    "shewhart": "Rarity of the period, -log10 of its p-value",
    "changepoints": "Observed over expected",
    "farrington": "Rarity of the period, -log10 of its p-value",
}


__all__ = ["Monitor"]
