"""Events among trials, as a share, with intervals that hold for few trials and at both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue, NoDenominator, NotEstimable
from welfare.schema.results import Result
from welfare.stats.inputs import dropped_rows
from welfare.stats.rates.checks import Check, few_events, frame_of, heterogeneity, unlikeness, zeros
from welfare.stats.rates.options import check_level, check_method
from welfare.stats.rates.rows import row_names, side_by_side
from welfare.stats.rates.shares import LIMITS
from welfare.stats.rates.words import left_out_words

INTERVALS = {
    "wilson": "Wilson",
    "clopper_pearson": "exact (Clopper-Pearson)",
    "midp": "mid-P",
    "jeffreys": "Jeffreys",
}


@dataclass(frozen=True, repr=False)
class Proportion(Result):
    """Shares with their intervals; see :func:`proportion` for how they are made.

    Attributes
    ----------
    table : DataFrame
        One row per input row with a trial; columns events, trials, proportion, low, high (shares of 1).
    method : str
        Name of the interval.
    level : float
        Coverage of the intervals, between 0 and 1.
    """

    method: str = field(default="wilson", kw_only=True)
    level: float = field(default=0.95, kw_only=True)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: few events (or few trials without), rows without any, rows too unlike.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (name of the row it is about, or empty), value (fewest events or
            others; rows without events; Pearson's chi-square of the rows against their common share), verdict
            ("in order" or "look closer"), advice.
        """
        events, trials = (self.table[name].to_numpy() for name in ("events", "trials"))
        names, rarer = row_names(self.table), np.minimum(events, trials - events)
        return frame_of(
            [few_events(rarer, names, "of the rarer outcome"), zeros(events, names), _unlike(events, trials)]
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw each share with its interval; the line marks the share of all rows together.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        return forest(
            self.table.assign(label=row_names(self.table)),
            label="label",
            value="proportion",
            low="low",
            high="high",
            ax=ax,
            log=False,
            quantity="share",
            reference=float(self.table["events"].sum() / self.table["trials"].sum()),
        )


def proportion(
    events: float | Sequence[float] | pd.Series,
    trials: float | Sequence[float] | pd.Series,
    *,
    method: str = "wilson",
    level: float = 0.95,
) -> Proportion:
    """Divide events by the trials they happened in, and say how far chance alone could have moved the answer.

    Parameters
    ----------
    events : number, or sequence or Series of n numbers
        Trials with the event: whole numbers, 0 or more, at most `trials`.
    trials : number, or sequence or Series of n numbers
        All trials (animals examined, inspections made): whole numbers.
    method : {"wilson", "clopper_pearson", "midp", "jeffreys"}
        Interval: Wilson's, of the score test without continuity correction (covers `level` nearly);
        Clopper and Pearson's exact one (covers at least `level`); mid-P, and Jeffreys' equal-tailed one from 0 where
        there was no event and to 1 where there were only events (both cover `level` on average).
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Proportion
        `.table` has one row per row with a trial, under the label it had in a Series, with columns events, trials,
        proportion, low, high. `.dropped` names the others.

    Raises
    ------
    NoDenominator
        If no row has a trial.
    NotEstimable
        If no row with trials has a count of events.
    BadValue
        If a count is negative or not whole, a value is infinite or not a number, or events outnumber trials.
    BadParameter
        If lengths or labels differ, or an option is none of those above.

    Notes
    -----
    The interval takes trials to be independent, with one chance for all (binomial). It is too narrow where animals of
    one group share their fate.

    References
    ----------
    Wilson EB. Journal of the American Statistical Association 1927; 22: 209-212. Clopper CJ, Pearson ES. Biometrika
    1934; 26: 404-413. Berry G, Armitage P. The Statistician 1995; 44: 417-423. Brown LD, Cai TT, DasGupta A.
    Statistical Science 2001; 16: 101-133.

    Examples
    --------
    >>> from welfare.stats.rates.proportion import proportion
    >>> proportion(15, 148).table.round(3).to_dict("records")
    [{'events': 15.0, 'trials': 148.0, 'proportion': 0.101, 'low': 0.062, 'high': 0.16}]
    """
    check_method(method, INTERVALS, "proportion(method=)")
    check_level(level, "proportion")
    rows = side_by_side(events=events, trials=trials)
    _refuse_more_events_than_trials(rows)
    reasons = _reasons(rows)
    kept = rows[[reason is None for reason in reasons]]
    counts, others = kept["events"].to_numpy(), (kept["trials"] - kept["events"]).to_numpy()
    found = LIMITS[method](counts, others, level)
    # Counted down from one where that is the smaller number, so that an interval up to 1 ends at 1.
    low, high = (
        np.where(share < rest, share, 1 - rest)
        for share, rest in ((found.low, found.low_rest), (found.high, found.high_rest))
    )
    table = kept.assign(proportion=kept["events"] / kept["trials"], low=low, high=high)
    dropped = dropped_rows(rows.index, reasons)
    text = _sentence(table, dropped, method, level)
    notes = (
        "The interval takes trials to be independent; it is too narrow where animals of one group share their fate.",
    )
    return Proportion(table, text, dropped, notes, method=method, level=level)


def _refuse_more_events_than_trials(rows: pd.DataFrame) -> None:
    wrong = (rows["events"] > rows["trials"]).to_numpy()
    if wrong.any():
        first = rows[wrong].iloc[0]
        raise BadValue(
            f"events are {first['events']:g} of {first['trials']:g} trials in row {rows.index[wrong][0]!r} "
            f"({int(wrong.sum()):,} such rows)",
            where="proportion(events=)",
            spoiled="A share above 1 means that events and trials are not counts of the same things.",
            todo="Count trials that had the event; for several events per trial use wf.rate.",
        )


def _reasons(rows: pd.DataFrame) -> np.ndarray:
    reasons = np.full(len(rows), None, dtype=object)
    reasons[rows["events"].isna()] = "missing events"
    reasons[rows["trials"].isna() | (rows["trials"] == 0)] = "no trials"
    if not (rows["trials"] > 0).any():
        raise NoDenominator(
            "no row has a trial",
            where="proportion(trials=)",
            spoiled="A count without what it was counted among is no share.",
            todo="Give the number of animals or inspections among which the events were counted.",
        )
    if all(reason is not None for reason in reasons):
        raise NotEstimable(
            "no row with trials has a count of events",
            where="proportion(events=)",
            spoiled="A row that was not counted is not a row with zero events.",
            todo="Give counts for at least one row.",
        )
    return reasons


def _unlike(events: np.ndarray, trials: np.ndarray) -> Check:
    """Compare the rows with their common share, counting events and the rest (chi-square of a table of n by 2)."""
    found = heterogeneity(events, trials)
    common = events.sum() / trials.sum()
    # The part of the events is what `heterogeneity` adds up; the part of the rest is its mirror image.
    return (
        found
        if np.isnan(found.value) or common == 1
        else unlikeness(found.check, found.value / (1 - common), len(events) - 1)
    )


def _sentence(table: pd.DataFrame, dropped: pd.DataFrame, method: str, level: float) -> str:
    events, trials = table["events"].sum(), table["trials"].sum()
    one = np.array([events]), np.array([trials - events])
    found = LIMITS[method](*one, level)
    rows = "" if len(table) == 1 else f" in {len(table):,} rows together"
    interval = f"interval {100 * found.low[0]:.3g}% to {100 * found.high[0]:.3g}%"
    return (
        f"{events:,.0f} of {trials:,.0f}{rows}: {100 * events / trials:.3g}% ({level * 100:g}% {INTERVALS[method]} "
        f"{interval}).{left_out_words(dropped)} The interval allows for chance alone: it says nothing of how those "
        "counted were chosen, or of events that were not recorded."
    )
