"""Two rates compared: their ratio or their difference, with intervals that hold for few events and for none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.schema.results import Result
from welfare.stats.inputs import dropped_rows
from welfare.stats.rates.checks import few_events, frame_of, zeros
from welfare.stats.rates.difference import Sides, difference_p, score_limits, wald_limits
from welfare.stats.rates.options import check_level, check_method, check_per, per_units
from welfare.stats.rates.ratio import ratio_limits, ratio_p
from welfare.stats.rates.rows import no_denominator, refuse_nothing_left, row_names, side_by_side, why_unusable
from welfare.stats.rates.words import comparison_words

Numbers = float | Sequence[float] | pd.Series

INTERVALS = {
    "exact": "exact (conditional binomial)",
    "midp": "mid-P (conditional binomial)",
    "score": "score",
    "wald": "Wald",
}
_ONE_BY_ONE = "Rows are compared one by one; no row borrows from another, and none is adjusted for another condition."
_INDEPENDENT = "Intervals take events to be independent; they are too narrow where one occasion gives several records."


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Rates against reference rates; see :func:`rate_ratio` and :func:`rate_difference`.

    Attributes
    ----------
    table : DataFrame
        One row per row compared; columns events, exposure, events_reference, exposure_reference, then ratio (without
        unit) or difference (per `per` units of exposure), low, high, p_value.
    measure : str
        "ratio" or "difference".
    method : str
        Name of the interval.
    per : float
        Units of exposure that a difference is given for.
    level : float
        Coverage of the intervals, between 0 and 1.
    """

    measure: str = field(default="ratio", kw_only=True)
    method: str = field(default="exact", kw_only=True)
    per: float = field(default=1.0, kw_only=True)
    level: float = field(default=0.95, kw_only=True)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: a side with few events, or with none.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (name of the row it is about, or empty), value, verdict ("in order"
            or "look closer"), advice.
        """
        fewer = self.table[["events", "events_reference"]].min(axis=1).to_numpy()
        names = row_names(self.table)
        better = {"ratio": "exact", "difference": "score"}[self.measure]
        return frame_of(
            [
                few_events(fewer, names, "events on one side", better=better if self.method == "wald" else ""),
                zeros(fewer, names),
            ]
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw each comparison with its interval about the line of no difference.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        ratio = self.measure == "ratio"
        return forest(
            self.table.assign(label=row_names(self.table)),
            label="label",
            value=self.measure,
            low="low",
            high="high",
            ax=ax,
            log=ratio,
            quantity="rate ratio" if ratio else f"difference of rates {per_units(self.per)}",
            reference=1.0 if ratio else 0.0,
        )


def rate_ratio(
    events: Numbers,
    exposure: Numbers,
    events_reference: Numbers,
    exposure_reference: Numbers,
    *,
    method: str = "exact",
    level: float = 0.95,
) -> Comparison:
    """Divide each rate by its reference rate, with an interval.

    Parameters
    ----------
    events, events_reference : number, or sequence or Series of n numbers
        Counts of events on the two sides: whole numbers, 0 or more.
    exposure, exposure_reference : number, or sequence or Series of n numbers
        What the events are counted over, in one unit for both sides.
    method : {"exact", "score", "midp", "wald"}
        Given the total, the events of one side are binomial. "exact" carries the limits of Clopper and Pearson for
        that share over to the ratio (covers at least `level`), "midp" its mid-P limits (covers `level` on average),
        "score" Wilson's: for two Poisson counts these are also the limits of the unconditional score test. "wald"
        takes the logarithm of the ratio as normal: too wide for few events, and empty words for none on a side.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Comparison
        `.table` has a row for each row with both exposures and an event on either side, with columns events,
        exposure, events_reference, exposure_reference, ratio, low, high, p_value. Without events on one side the
        ratio is zero or infinite, and so is that limit. `.dropped` names the rows left out.

    Raises
    ------
    NoDenominator
        If an exposure is None, or no row has both above zero.
    NotEstimable
        If no such row has both counts, or none of them an event.
    BadValue
        If a count is negative or not whole, or a value is infinite or not a number.
    BadParameter
        If lengths or labels differ, or an option is none of those above.

    Notes
    -----
    The p-value is that of equal rates and agrees with the interval: exact and mid-P are twice the smaller tail, where
    R's poisson.test adds up all outcomes that are no likelier.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413. Berry G, Armitage P. The Statistician 1995; 44: 417-423.
    Graham PL, Mengersen K, Morton AP. Statistics in Medicine 2003; 22: 2071-2083 (score).

    Examples
    --------
    >>> from welfare.stats.rates.compare import rate_ratio
    >>> rate_ratio(11, 800, 3, 1011).table[["ratio", "low", "high"]].round(2).to_dict("records")
    [{'ratio': 4.63, 'low': 1.22, 'high': 25.87}]
    """
    check_method(method, INTERVALS, "rate_ratio(method=)")
    check_level(level, "rate_ratio")
    rows = _rows(events, exposure, events_reference, exposure_reference, "rate_ratio")
    reasons = why_unusable(rows)
    refuse_nothing_left(rows, reasons, "rate_ratio")
    reasons[_eventless(rows) & (reasons == None)] = "no event on either side"  # noqa: E711 (element by element)
    kept = _kept(rows, reasons, "rate_ratio", "The ratio of nothing to nothing has no value.")
    counts, others = kept["events"].to_numpy(), kept["events_reference"].to_numpy()
    odds = (kept["exposure"] / kept["exposure_reference"]).to_numpy()
    low, high = ratio_limits(counts, others, odds, method, level)
    with np.errstate(divide="ignore"):
        ratio = counts / others / odds
    table = kept.assign(ratio=ratio, low=low, high=high, p_value=ratio_p(counts, others, odds, method))
    return _result(table, dropped_rows(rows.index, reasons), "ratio", method, 1.0, level)


def rate_difference(
    events: Numbers,
    exposure: Numbers,
    events_reference: Numbers,
    exposure_reference: Numbers,
    *,
    method: str = "score",
    per: float = 1.0,
    level: float = 0.95,
) -> Comparison:
    """Subtract from each rate its reference rate, with an interval.

    Parameters
    ----------
    events, events_reference : number, or sequence or Series of n numbers
        Counts of events on the two sides: whole numbers, 0 or more.
    exposure, exposure_reference : number, or sequence or Series of n numbers
        What the events are counted over, in one unit for both sides.
    method : {"score", "wald"}
        "score" holds the differences that the score test does not reject, its variance that of the likeliest rates
        with such a difference (covers `level` nearly, for few events too). "wald" takes the variance as observed,
        which is too small for few events. There is no "exact": the chance of the counts then hangs on how high the
        rates are, which nobody knows, and it is refused rather than approximated.
    per : float
        Units of exposure to give the difference for, e.g. 1000.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Comparison
        `.table` has a row for each row with both exposures, with columns events, exposure, events_reference,
        exposure_reference, difference, low, high, p_value. `.dropped` names the rows left out; by "wald" also those
        without an event on either side, whose interval would have no width.

    Raises
    ------
    NoDenominator
        If an exposure is None, or no row has both above zero.
    NotEstimable
        If no such row has both counts; by "wald", if none has an event.
    BadValue
        If a count is negative or not whole, or a value is infinite or not a number.
    BadParameter
        If lengths or labels differ, or an option is none of those above.

    References
    ----------
    Miettinen O, Nurminen M. Statistics in Medicine 1985; 4: 213-226.

    Examples
    --------
    >>> from welfare.stats.rates.compare import rate_difference
    >>> found = rate_difference(11, 800, 3, 1011, per=1000)
    >>> found.table[["difference", "low", "high"]].round(2).to_dict("records")
    [{'difference': 10.78, 'low': 2.86, 'high': 21.93}]
    """
    if method == "exact":
        raise BadParameter(
            "there is no exact interval of a difference of two rates here",
            where="rate_difference(method=)",
            spoiled="How likely two counts are under a difference hangs on how high both rates are, and nobody knows.",
            todo="Use method='score', or rate_ratio(method='exact'), which does not hang on it.",
        )
    check_method(method, ("score", "wald"), "rate_difference(method=)")
    check_level(level, "rate_difference")
    check_per(per, "rate_difference")
    rows = _rows(events, exposure, events_reference, exposure_reference, "rate_difference")
    reasons = why_unusable(rows)
    refuse_nothing_left(rows, reasons, "rate_difference")
    if method == "wald":
        reasons[_eventless(rows) & (reasons == None)] = "no event on either side"  # noqa: E711 (element by element)
    kept = _kept(rows, reasons, "rate_difference", "A Wald interval without events has no width: use method='score'.")
    sides = Sides(*(kept[name].to_numpy() for name in kept))
    low, high = (score_limits if method == "score" else wald_limits)(sides, level)
    table = kept.assign(
        difference=sides.difference * per, low=low * per, high=high * per, p_value=difference_p(sides, method)
    )
    return _result(table, dropped_rows(rows.index, reasons), "difference", method, per, level)


def _rows(events: Any, exposure: Any, events_reference: Any, exposure_reference: Any, where: str) -> pd.DataFrame:
    for name, column in (("exposure", exposure), ("exposure_reference", exposure_reference)):
        if column is None:
            raise no_denominator("no exposure was given", where, name)
    return side_by_side(
        events=events,
        exposure=exposure,
        events_reference=events_reference,
        exposure_reference=exposure_reference,
    )


def _eventless(rows: pd.DataFrame) -> np.ndarray:
    return ((rows["events"] == 0) & (rows["events_reference"] == 0)).to_numpy()


def _kept(rows: pd.DataFrame, reasons: np.ndarray, where: str, spoiled: str) -> pd.DataFrame:
    kept = rows[[reason is None for reason in reasons]]
    if kept.empty:
        raise NotEstimable(
            "no row has an event on either side",
            where=f"{where}(events=)",
            spoiled=spoiled,
            todo="Give each side's rate instead (wf.rate), whose upper limit says what chance leaves open.",
        )
    return kept


def _result(
    table: pd.DataFrame, dropped: pd.DataFrame, measure: str, method: str, per: float, level: float
) -> Comparison:
    text = comparison_words(table, dropped, measure, INTERVALS[method], per=per, level=level)
    notes = (_INDEPENDENT, _ONE_BY_ONE)
    return Comparison(table, text, dropped, notes, measure=measure, method=method, per=per, level=level)
