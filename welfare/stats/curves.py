"""Exposure-response curves: how the rate of harm moves along a condition, with bands, and where it may not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.schema.results import Result, simulated_words
from welfare.stats.count_result import CountModel, model_of
from welfare.stats.curve.asked import Asked, as_asked
from welfare.stats.curve.bend import Threshold, find_threshold
from welfare.stats.curve.fitted import Fitted, fit_curve, over_lags
from welfare.stats.curve.reading import attributable_to, bands, checks, curve_text, nonlinearity, notes
from welfare.stats.doubt.reach import reach_of
from welfare.stats.effects import AttributableEvents

_POINTS = 60


@dataclass(frozen=True, repr=False, kw_only=True)
class Curve(Result):
    """A fitted exposure-response curve; see :func:`curve`.

    Attributes
    ----------
    table : DataFrame
        One row per value of the condition between the lowest and the highest used: at, ratio (of the rate there to the
        rate at the reference), low, high (95% at that point), low_simultaneous, high_simultaneous (95% for the whole
        curve at once).
    reference : float
        Where the ratio is 1, in the condition's unit.
    nonlinearity_p : float
        p-value of the test that the curve is a straight line on the log scale; NaN for a line, and for a penalised
        curve, whose `edf` says how far from straight it is.
    association_p : float
        p-value of the test that the rate does not move with the condition at all.
    edf : float
        Effective degrees of freedom of the curve.
    model : CountModel
        That the curve is part of; of a penalised curve, the same with a straight line in its place.
    by_lag : DataFrame or None
        With lags: at, lag, ratio, low, high.
    lowest, highest : float
        Ends of the condition in the rows used: beyond them nothing is known.
    """

    reference: float
    nonlinearity_p: float
    association_p: float
    edf: float
    model: CountModel
    by_lag: pd.DataFrame | None
    lowest: float
    highest: float
    _asked: Asked = field(repr=False)
    _fitted: Fitted = field(repr=False)
    _seed: int = field(repr=False)

    def at(self, values: Sequence[float] | float, *, extrapolate: bool = False) -> pd.DataFrame:
        """Return the ratio at values of the condition.

        Parameters
        ----------
        values : number or sequence of g numbers
            In the condition's unit.
        extrapolate : bool
            Whether to answer beyond the rows used. The curve goes on as a straight line there, which nothing supports;
            such values are marked, and their intervals do not cover that doubt.

        Returns
        -------
        DataFrame
            As `table`, and extrapolated (bool).

        Raises
        ------
        BadValue
            If a value is missing, or lies beyond the rows used and `extrapolate` is not set.
        """
        at = np.atleast_1d(np.asarray(values, dtype=float))
        beyond = (at < self.lowest) | (at > self.highest)
        if np.isnan(at).any() or (beyond.any() and not extrapolate):
            wrong = at[np.isnan(at) | beyond][0]
            raise BadValue(
                f"{self._asked.condition} {wrong:g} lies beyond the rows used, {self.lowest:g} to {self.highest:g}",
                where="Curve.at",
                spoiled="What holds inside would be taken to hold where nobody looked.",
                todo="Stay inside, or say extrapolate=True and show the mark.",
            )
        return bands(self._asked, self._fitted, at, self.reference, self._seed).assign(extrapolated=beyond)

    def threshold(self) -> Threshold:
        """Look for the value from which harm moves with the condition: a line that bends once.

        Returns
        -------
        Threshold

        Raises
        ------
        NotEstimable
            If too few values lie between the fifth and the ninety-fifth percentile.
        """
        return find_threshold(self._asked, self._fitted)

    def attributable(self, *, reference: float | None = None, draws: int = 5_000, seed: int = 0) -> AttributableEvents:
        """Count the events attributable to the condition being where it was, and not at a reference.

        Parameters
        ----------
        reference : float, optional
            What it is compared with; the curve's by default. Inside the rows used.
        draws : int
            For the interval.
        seed : int
            Of the draws.

        Returns
        -------
        AttributableEvents
            Events x (1 - 1/ratio), summed. With lags it is the forward figure: what each period's condition has to do
            with the events of that period and of those after it.

        References
        ----------
        Gasparrini A, Leone M. BMC Medical Research Methodology 2014; 14: 55.
        """
        at = self.reference if reference is None else float(self.at(reference)["at"].iloc[0])
        return attributable_to(self._asked, self._fitted, at, draws, seed)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: the model's checks, and few rows at the ends of the curve.

        Returns
        -------
        DataFrame
            As :meth:`welfare.stats.count_result.CountModel.check`.
        """
        return pd.concat([self.model.check(), checks(self._asked, self._fitted)], ignore_index=True)

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve with both bands, its reference, and where the rows lie.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.curves import curve as draw

        used = self._fitted.design
        values = used.source[self._asked.condition].to_numpy(dtype=float)[used.places]
        odds = "odds" if self._asked.question.family == "fractional" else "rates"
        return draw(
            self.table,
            condition=self._asked.condition,
            reference=self.reference,
            values=values,
            quantity=f"ratio of {odds}",
            ax=ax,
        )


def curve(
    panel: pd.DataFrame,
    *,
    outcome: str,
    condition: str,
    exposure: str | None = None,
    family: str = "poisson",
    basis: str = "rcs",
    knots: int | Sequence[float] | None = None,
    reference: float | None = None,
    adjust: Sequence[str] = (),
    absorb: Sequence[str] = (),
    cluster: str | None = None,
    lags: int = 0,
    unit: str | None = None,
    time: str | None = None,
    seed: int = 0,
) -> Curve:
    """Relate the rate of harm to a condition by a curve.

    Parameters
    ----------
    panel : DataFrame
        One row per observation, e.g. per facility and period.
    outcome : str
        Column of counts (or averages, or with ``family="fractional"`` shares).
    condition : str
        Column of numbers, in any unit: density, line speed, temperature.
    exposure, family, cluster
        As :func:`welfare.stats.counts.count_model`.
    basis : {"rcs", "penalised", "linear"}
        Restricted cubic spline; cubic regression spline whose smoothness restricted maximum likelihood chooses; or a
        straight line on the log scale.
    knots : int or sequence of numbers, optional
        How many, 3 to 7 (4 by default; at Harrell's quantiles), or where; of a penalised curve how many (10).
    reference : float, optional
        Value of the condition that all others are compared with; the median of the rows used by default.
    adjust : sequence of str
        Terms held fixed, e.g. ``["temperature_c", "C(year)"]``.
    absorb : sequence of str
        Columns of fixed effects, e.g. ``["facility_id", "month"]``.
    lags : int
        How many periods back the condition may matter (a distributed lag); the curve is then the sum over all lags.
    unit, time : str, optional
        With lags: the column of facilities, and of periods as whole numbers, pandas periods, or first days.
    seed : int
        Of the simulated factor of the simultaneous bands.

    Returns
    -------
    Curve

    Raises
    ------
    BadParameter, BadValue, NoDenominator, NotEstimable
        As :func:`welfare.stats.counts.count_model`; and if the condition has too few values for the curve, the
        reference lies beyond the rows used, or lags are asked for without unit and time.

    Notes
    -----
    A curve is an association along one condition: what changes with it and is not held fixed is in the curve too.
    Ratios beyond the rows used are refused (:meth:`Curve.at`). Rows whose history is not whole are left out, never
    taken as 0.

    References
    ----------
    Harrell FE. Regression modeling strategies. 2nd ed. Springer, 2015. Wood SN. Generalized additive models. 2nd ed.
    CRC Press, 2017. Gasparrini A, Armstrong B, Kenward MG. Statistics in Medicine 2010; 29: 2224-2234.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.stats.curves import curve
    >>> density = np.linspace(5, 25, 200)
    >>> pens = pd.DataFrame({"density": density, "fish": 1000.0, "dead": 10 + np.maximum(density - 15, 0)})
    >>> found = curve(pens, outcome="dead", condition="density", exposure="fish", reference=10)
    >>> found.at([10, 25])["ratio"].round(2).tolist()
    [1.0, 1.99]
    """
    asked = as_asked(
        panel,
        outcome=outcome,
        condition=condition,
        exposure=exposure,
        family=family,
        basis=basis,
        knots=knots,
        adjust=adjust,
        absorb=absorb,
        cluster=cluster,
        lags=lags,
        unit=unit,
        time=time,
    )
    fitted = fit_curve(asked)
    design = fitted.design
    values = design.source[condition].to_numpy(dtype=float)[design.places]
    lowest, highest = float(values.min()), float(values.max())
    at_reference = float(np.median(values)) if reference is None else float(reference)
    if not lowest <= at_reference <= highest:
        raise BadParameter(
            f"the reference {at_reference:g} lies beyond the rows used, {lowest:g} to {highest:g}",
            where="curve(reference=)",
            spoiled="Every ratio would rest on a rate that nobody saw.",
            todo="Choose a value inside.",
        )
    grid = np.linspace(lowest, highest, _POINTS)
    table = bands(asked, fitted, grid, at_reference, seed)
    model = model_of(asked.question, fitted.found, panel)
    nonlinear, association = nonlinearity(asked, fitted)
    return Curve(
        table=table,
        text=simulated_words(panel) + curve_text(asked, fitted, values, at_reference, nonlinear),
        dropped=design.dropped,
        notes=(*notes(asked, fitted, reference is None, at_reference), *model.notes),
        reference=at_reference,
        nonlinearity_p=nonlinear,
        association_p=association,
        edf=float(len(fitted.coefficients))
        if fitted.penalised is None
        else float(fitted.penalised.edf[-len(asked.names) :].sum()),
        model=model,
        by_lag=_by_lag(asked, fitted, values, at_reference) if lags else None,
        lowest=lowest,
        highest=highest,
        _asked=asked,
        _fitted=fitted,
        _seed=seed,
    )


def _by_lag(asked: Asked, fitted: Fitted, values: np.ndarray, reference: float) -> pd.DataFrame:
    """Return the ratio at the quartiles and the ends of the condition, lag by lag."""
    at = np.quantile(values, [0.05, 0.25, 0.75, 0.95])
    found = over_lags(asked, fitted, at, reference)
    reach = reach_of(fitted.degrees)
    places, lag = np.meshgrid(at, np.arange(asked.lags + 1), indexing="ij")
    middle, error = found.by_lag, found.by_lag_error
    parts = {"ratio": middle, "low": middle - reach * error, "high": middle + reach * error}
    return pd.DataFrame(
        {"at": places.ravel(), "lag": lag.ravel()} | {name: np.exp(part).ravel() for name, part in parts.items()}
    )
