"""Shares with each kind of event as a result: shares at given times, checks, words and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result, count_reasons
from welfare.stats.diagnostics import DOUBT, FINE, Check
from welfare.stats.doubt.sandwich import MANY_CLUSTERS

_FEW = 10


@dataclass(frozen=True, repr=False, kw_only=True)
class CumulativeIncidence(Result):
    """Shares with each kind of event; see :func:`welfare.stats.duration.competing.cumulative_incidence`.

    Attributes
    ----------
    table : DataFrame
        One row per group, cause and time at which a row of the group ends: group, cause, time, at_risk, events (of the
        cause), incidence (share that had that cause by then), std_error, low, high (95%).
    one_minus_survival : DataFrame
        One row per group and cause, at the last time: group, cause, incidence, one_minus_survival (what 1 -
        Kaplan-Meier gives, the other causes taken for censoring).
    n : int
        Rows used.
    clusters : int or None
        Clusters among them.
    errors : str
        "greenwood" or "jackknife".
    """

    one_minus_survival: pd.DataFrame
    n: int
    clusters: int | None
    errors: str
    _time: str = field(repr=False)

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the shares at given times.

        Parameters
        ----------
        times : sequence of float

        Returns
        -------
        DataFrame
            Columns group, cause, time, incidence, std_error, low, high; 0 before the first time, missing after the last
            that anybody of the group was observed.
        """
        found = []
        for (group, cause), own in self.table.groupby(["group", "cause"], sort=False):
            ends = own["time"].to_numpy()
            for time in np.atleast_1d(times):
                place = int(np.searchsorted(ends, time, side="right")) - 1
                values = (
                    [0.0, 0.0, np.nan, np.nan]
                    if place < 0
                    else list(own.iloc[place][["incidence", "std_error", "low", "high"]])
                )
                found.append((group, cause, time, *(values if time <= ends[-1] else [np.nan] * 4)))
        return pd.DataFrame(found, columns=["group", "cause", "time", "incidence", "std_error", "low", "high"])

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: few events of a cause, few at risk at the end, few clusters.

        Returns
        -------
        DataFrame
            Columns check, at, value, verdict ("in order" or "look closer"), advice.
        """
        found = []
        for (group, cause), own in self.table.groupby(["group", "cause"], sort=False):
            events, at = int(own["events"].sum()), f"{group}: {cause}" if self._several else str(cause)
            few = events < _FEW
            advice = "few: its share is rough" if few else "enough to draw a curve"
            many = "1 event is" if events == 1 else f"{events:,} events are"
            found.append(Check("events", at, events, DOUBT if few else FINE, f"{many} {advice}."))
        late = self.table[(self.table["events"] > 0) & (self.table["at_risk"] < _FEW)]
        found.append(Check("few at risk", "", len(late), DOUBT if len(late) else FINE, _late_words(late)))
        if self.clusters is not None:
            few = self.clusters < MANY_CLUSTERS
            advice = "few: intervals are likely too narrow." if few else "enough for errors between them."
            found.append(
                Check("clusters", "", self.clusters, DOUBT if few else FINE, f"{self.clusters} clusters are {advice}")
            )
        return pd.DataFrame(found, columns=list(Check._fields))

    @property
    def _several(self) -> bool:
        return len(self.table["group"].unique()) > 1

    def plot(self, ax: Any = None, *, until: float | None = None) -> Any:
        """Draw the share with each cause, one upon another; with groups, a curve per group and cause.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        until : float, optional
            Where the time axis ends.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.survival import incidence_curves

        return incidence_curves(self.table, time=self._time.replace("_", " "), until=until, ax=ax)


def _late_words(late: pd.DataFrame) -> str:
    if late.empty:
        return f"Each event comes among at least {_FEW} at risk."
    first = late["time"].min()
    return f"From {first:g} on events come among fewer than {_FEW} at risk: there the curves are a few rows' fate."


def write_text(found: CumulativeIncidence, censored: int) -> str:
    """Write the paragraph.

    Parameters
    ----------
    found : CumulativeIncidence
    censored : int
        Rows without an event.
    """
    last = found.table.groupby(["group", "cause"], sort=False).tail(1)
    columns = (last[name] for name in ("group", "cause", "time", "incidence", "low", "high"))
    said = []
    for group, cause, time, share, low, high in list(zip(*columns, strict=True))[:8]:
        name = f"{group}, {cause}" if found._several else str(cause)
        limits = "no interval" if np.isnan(low) else f"{100 * low:.3g}% to {100 * high:.3g}%"
        said.append(f"{name} {100 * share:.3g}% ({limits}) by {time:g}")
    more = f"; and {len(last) - 8} more in the table" if len(last) > 8 else ""
    out = "" if found.dropped.empty else f" Left out: {count_reasons(found.dropped)}."
    return (
        f"Share with each kind of event, in the unit of {found._time}, by Aalen and Johansen, of {found.n:,} rows "
        f"({censored:,} without an event): {'; '.join(said)}{more} (95% intervals).{out}"
        f"{_against(found)} The shares hold if leaving observation says nothing of what was to come; kinds of event "
        "that nobody told apart are one kind here."
    )


def _against(found: CumulativeIncidence) -> str:
    """Say what one less a Kaplan-Meier curve would give where it is furthest off; nothing where it gives the same."""
    both = found.one_minus_survival
    gaps = (both["one_minus_survival"] - both["incidence"]).to_numpy()
    most = both.iloc[int(gaps.argmax())]
    if gaps.max() < 0.0005:
        return ""
    name = f"{most['group']}, {most['cause']}" if found._several else str(most["cause"])
    return (
        " One less a Kaplan-Meier curve, which takes the other kinds for censoring, would say "
        f"{100 * most['one_minus_survival']:.3g}% for {name} where the share is {100 * most['incidence']:.3g}%: those "
        "whom another event took are not there to have this one."
    )
