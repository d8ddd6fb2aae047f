"""Survival curves as a result: times by which shares had the event, the mean up to a time, checks and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result
from welfare.stats.diagnostics import DOUBT, FINE, Check
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.duration.shares.intervals import crossing, reach_of
from welfare.stats.duration.shares.jackknife import Watched, area_variance
from welfare.stats.duration.shares.product_limit import ProductLimit

_FEW = 10


@dataclass(frozen=True, repr=False, kw_only=True)
class SurvivalCurve(Result):
    """Kaplan-Meier curves; see :func:`welfare.stats.duration.kaplan_meier.survival`.

    Attributes
    ----------
    table : DataFrame
        One row per group and time at which a row ends: group, time, at_risk, events, censored, survival (share still
        without the event after it), std_error, low, high (95%).
    n, events : int
        Rows used, and those that end with the event.
    clusters : int or None
        Clusters among them; None if rows were taken one by one.
    log_rank : DataFrame or None
        Columns group, observed, expected (events); None with one group.
    chi2, p_value : float
    degrees : int
        Of the log-rank test; NaN and 0 with one group.
    conf : str
        Scale of the intervals.
    """

    n: int
    events: int
    clusters: int | None
    log_rank: pd.DataFrame | None
    chi2: float
    degrees: int
    p_value: float
    conf: str
    _curves: tuple[ProductLimit, ...] = field(repr=False)
    _labels: tuple[str, ...] = field(repr=False)
    _watched: tuple[Watched | None, ...] = field(repr=False)
    _ends: tuple[tuple[np.ndarray, np.ndarray], ...] = field(repr=False)  # sorted entries and exits
    _time: str = field(repr=False)

    @property
    def medians(self) -> pd.DataFrame:
        """One row per group: group, n, events, median, low, high (95%); NaN where the curve does not get there."""
        table = self.quantiles([0.5]).drop(columns="share").rename(columns={"time": "median"})
        ended = self.table.groupby("group", sort=False)[["events", "censored"]].sum().reindex(list(self._labels))
        table.insert(1, "n", ended.sum(axis=1).to_numpy())
        table.insert(2, "events", ended["events"].to_numpy())
        return table

    def quantiles(self, shares: Sequence[float] = (0.25, 0.5, 0.75)) -> pd.DataFrame:
        """Return the times by which given shares had the event.

        Parameters
        ----------
        shares : sequence of float
            Between 0 and 1: 0.5 for the median.

        Returns
        -------
        DataFrame
            Columns group, share, time, low, high; NaN where a curve (or its limit) does not get there. Where the curve
            rests on the share exactly, the middle of that rest, as in R's survival.
        """
        asked = [float(share) for share in np.atleast_1d(shares)]
        _refuse_shares(asked)
        found = []
        for label in self._labels:
            own = self.table[self.table["group"] == label]
            time = own["time"].to_numpy()
            for share in asked:
                at = [crossing(time, own[name].to_numpy(), 1 - share) for name in ("survival", "low", "high")]
                found.append((label, share, *at))
        return pd.DataFrame(found, columns=["group", "share", "time", "low", "high"])

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the curve, and how many are at risk, at given times.

        Parameters
        ----------
        times : sequence of float
            In the unit of time.

        Returns
        -------
        DataFrame
            Columns group, time, at_risk (under observation at that time), survival, std_error, low, high; NaN after
            the last time that anybody of the group was observed.
        """
        found = []
        for label, (entries, exits) in zip(self._labels, self._ends, strict=True):
            own = self.table[self.table["group"] == label]
            for time in np.atleast_1d(times):
                there = _there(entries, exits, time)
                place = int(np.searchsorted(own["time"].to_numpy(), time, side="right")) - 1
                if not time <= exits[-1]:
                    values = [np.nan] * 4
                elif place < 0:
                    values = [1.0, 0.0, np.nan, np.nan]
                else:
                    values = list(own.iloc[place][["survival", "std_error", "low", "high"]])
                found.append((label, time, there, *values))
        return pd.DataFrame(found, columns=["group", "time", "at_risk", "survival", "std_error", "low", "high"])

    def restricted_mean(self, until: float) -> pd.DataFrame:
        """Return the mean time without the event, counted up to a time.

        Parameters
        ----------
        until : float
            Where counting ends, in the unit of time: no later than the last time observed in each group.

        Returns
        -------
        DataFrame
            Columns group, until, mean, std_error, low, high (95%; missing where no event came by then, which leaves
            nothing to say how sure that is). With fewer than 40 clusters, by Student's t as in the table.

        Raises
        ------
        BadParameter
            If a group was not observed so long.

        References
        ----------
        Irwin JO. Journal of Hygiene 1949; 47: 188-189.
        """
        found = []
        for label, curve, rows in zip(self._labels, self._curves, self._watched, strict=True):
            if not 0 < until <= curve.time[-1]:
                raise BadParameter(
                    f"{label} was observed up to {curve.time[-1]:g}, and the mean was asked for up to {until:g}",
                    where="SurvivalCurve.restricted_mean(until=)",
                    spoiled="What nobody saw would be made up.",
                    todo="Choose a time that every group was observed to.",
                )
            mean, squared = _area(curve, until, rows)
            error = float(np.sqrt(squared)) if squared > 0 else np.nan
            half = (reach_of(MANY_CLUSTERS if rows is None else rows.clusters)) * error
            found.append((label, until, mean, error, mean - half, mean + half))
        return pd.DataFrame(found, columns=["group", "until", "mean", "std_error", "low", "high"])

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: few events, few at risk early or late, curves that cross, few clusters.

        Returns
        -------
        DataFrame
            Columns check, at (group), value, verdict ("in order" or "look closer"), advice.
        """
        found = [
            check(label, curve)
            for label, curve in zip(self._labels, self._curves, strict=True)
            for check in (_few_events, _thin_start, _long_tail)
        ]
        if len(self._curves) == 2:
            found.append(_crossing(self._curves))
        if self.clusters is not None:
            found.append(_clusters(self.clusters))
        return pd.DataFrame(found, columns=list(Check._fields))

    def plot(self, ax: Any = None, *, until: float | None = None) -> Any:
        """Draw the curves with their bands, and how many are at risk beneath.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        until : float, optional
            Where the time axis ends; by default where a twentieth of a group is still at risk.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.survival import survival_curves

        return survival_curves(self.table, self.at, time=self._time.replace("_", " "), until=until, ax=ax)


def _there(entries: np.ndarray, exits: np.ndarray, time: float) -> int:
    """Return how many rows are at risk at a time; at the very beginning, those about to be."""
    if time <= entries[0]:
        return int(np.searchsorted(entries, time, side="right"))
    return int(np.searchsorted(entries, time, side="left") - np.searchsorted(exits, time, side="left"))


def _refuse_shares(shares: Sequence[float]) -> None:
    if not all(0 < share < 1 for share in shares):
        raise BadParameter(
            f"the shares {list(shares)} are not all between 0 and 1",
            where="SurvivalCurve.quantiles(shares=)",
            spoiled="No time belongs to them.",
            todo="Give 0.5 for the median.",
        )


def _area(curve: ProductLimit, until: float, rows: Watched | None) -> tuple[float, float]:
    """Return the area below a curve up to a time, and its variance."""
    inside = curve.time <= until
    steps = np.diff(np.append(curve.time[inside], until), prepend=0.0)
    pieces = steps * np.concatenate([[1.0], curve.survival[inside]])
    if rows is not None:
        return float(pieces.sum()), area_variance(curve, rows, until)
    beyond = pieces[::-1].cumsum()[::-1][1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        left = curve.at_risk - curve.events
        each = np.where((curve.events > 0) & (left > 0), curve.events / (curve.at_risk * left), 0.0)[inside]
    return float(pieces.sum()), float((beyond**2 * each).sum())


def _few_events(label: str, curve: ProductLimit) -> Check:
    events = int(curve.events.sum())
    if events >= _FEW:
        return Check("events", label, events, FINE, f"{events:,} events carry the curve.")
    few = "1 event is" if events == 1 else f"{events} events are"
    return Check("events", label, events, DOUBT, f"{few} few: the interval is rough; do not rest on it.")


def _thin_start(label: str, curve: ProductLimit) -> Check:
    most = int(np.argmax(curve.at_risk))
    early = (curve.events > 0) & (curve.at_risk < min(_FEW, curve.at_risk[most])) & (np.arange(len(curve.time)) < most)
    if not early.any():
        return Check("thin start", label, 0.0, FINE, "No event comes before enough are under observation.")
    lost = 1 - float(np.prod(1 - curve.events[early] / curve.at_risk[early]))
    return Check(
        "thin start",
        label,
        lost,
        DOUBT,
        f"Events among fewer than {_FEW} at risk, before most had come under observation, take {100 * lost:.0f}% off "
        "the whole curve. Begin later: drop what ended before, and read the curve as of those who got so far.",
    )


def _long_tail(label: str, curve: ProductLimit) -> Check:
    late = (curve.events > 0) & (curve.at_risk < _FEW) & (np.arange(len(curve.time)) >= np.argmax(curve.at_risk))
    if not late.any():
        return Check("tail", label, float(curve.at_risk.min()), FINE, "Each event comes among enough at risk.")
    first = float(curve.time[late][0])
    return Check(
        "tail",
        label,
        first,
        DOUBT,
        f"From {first:g} on events come among fewer than {_FEW} at risk: the curve's end is a few rows' fate.",
    )


def _crossing(curves: tuple[ProductLimit, ...]) -> Check:
    one, other = curves
    shared = min(one.time[-1], other.time[-1])
    times = np.unique(np.concatenate([one.time, other.time]))
    times = times[times <= shared]
    gap = _height(one, times) - _height(other, times)
    both = max(float(gap.max(initial=0)), 0.0), max(float(-gap.min(initial=0)), 0.0)
    value = min(both)
    if value <= 0.05:
        return Check("crossing", "", value, FINE, "One curve lies above the other nearly throughout.")
    return Check(
        "crossing",
        "",
        value,
        DOUBT,
        f"The curves cross, each above the other by at least {100 * value:.0f} points somewhere: the log-rank test "
        "adds up differences that cancel. Compare restricted means, or shares at a time named beforehand.",
    )


def _height(curve: ProductLimit, times: np.ndarray) -> np.ndarray:
    return np.concatenate([[1.0], curve.survival])[np.searchsorted(curve.time, times, side="right")]


def _clusters(clusters: int) -> Check:
    if clusters >= MANY_CLUSTERS:
        return Check("clusters", "", clusters, FINE, "Enough clusters for errors between them.")
    if clusters == 1:
        return Check("clusters", "", 1, DOUBT, "One cluster: the spread between clusters cannot be seen from one.")
    return Check("clusters", "", clusters, DOUBT, f"{clusters} clusters are few: intervals are likely too narrow.")
