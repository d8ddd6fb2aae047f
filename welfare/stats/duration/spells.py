"""Dated records made into spells at risk: when each begins, when it ends, and whether a record ended it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.schema.results import Result, simulated_words
from welfare.stats.duration.cutting.dates import as_dates
from welfare.stats.duration.cutting.episodes import conditions_named, gap_reasons, read_conditions, split
from welfare.stats.duration.cutting.records import Observed, observe
from welfare.stats.duration.rows import check_columns, names

CLOCKS = ("unit", "spell")
_OWN = {"number", "previous", "start", "end", "entry", "exit", "event", "cause", "ended_by"}
_OWN |= {"spell", "begin", "last", "origin", "since_begin", "begun_by", "begin_known", "end_known", "end_part"}


@dataclass(frozen=True, repr=False, kw_only=True)
class Spells(Result):
    """Spells at risk; see :func:`spells`.

    Attributes
    ----------
    table : DataFrame
        One row per spell, or part of one over which conditions hold: the unit, what was kept of the record that began
        it, number (of the spell, from 1), previous (events before it), start and end (dates), entry and exit (days),
        event (1 or 0), cause if asked for, ended_by (label of the record that ended it), and the conditions.
    units, events : int
        Units with time at risk, and spells that end with a record.
    days : float
        Time at risk, days.
    """

    units: int
    events: int
    days: float
    _unit: str = field(repr=False)

    def plot(self, ax: Any = None, *, most: int = 25) -> Any:
        """Draw the spells of the first units as lines, with a dot where a record ended one.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        most : int
            How many units to draw.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.survival import timelines

        return timelines(self.table, unit=self._unit, most=most, ax=ax)


def spells(
    records: pd.DataFrame,
    *,
    unit: str,
    date: str,
    until: Any,
    since: Any = None,
    origin: Any = None,
    conditions: pd.DataFrame | None = None,
    recurrent: bool = True,
    clock: str = "unit",
    keep: str | Sequence[str] = (),
    cause: str | None = None,
) -> Spells:
    """Turn dated records into spells from one record to the next, or to the end of observation.

    Parameters
    ----------
    records : DataFrame
        One row per record (a finding, an inspection, a death).
    unit : str
        Column of whom the record is of (herd, plant).
    date : str
        Column of its date. Records of one unit on one day are one event.
    until : date, or Series or mapping of dates by unit
        When observation ends. Records after it are left out by name.
    since : date, or Series or mapping of dates by unit, optional
        When observation begins: each record after it is then an event. A Series or mapping also says which units were
        observed: those without a record have one spell without an event; with one date for all they are not there. By
        default a unit comes under observation with its first record, which is no event.
    origin : date, or Series or mapping of dates by unit, optional
        From when days are counted (an opening, a hatch); where observation begins by default. Earlier than that, entry
        is delayed: above 0.
    conditions : DataFrame, optional
        Columns `unit`, valid_from, valid_to (dates, missing where open) and conditions: spells are split where these
        change. Time of which no condition is known is left out. An event on the day a condition begins counts under
        what held before.
    recurrent : bool
        Whether a unit stays at risk after its first event.
    clock : {"unit", "spell"}
        Count days from the unit's origin throughout; or anew from the start of each spell.
    keep : str or sequence of str
        Columns of the record that begins a spell to keep with it.
    cause : str, optional
        Column of the kind of record: what ended the spell, for competing risks. Missing kinds are "not known", and
        unlike ones of one day "several".

    Returns
    -------
    Spells
        `.table` goes into :func:`welfare.stats.duration.kaplan_meier.survival` and
        :func:`welfare.stats.duration.model.duration` with ``time="exit", entry="entry"``.

    Raises
    ------
    BadParameter
        If a column, a date or an option is not known, a column has the name of one made here, or units of the
        conditions are of another kind than those of the records.
    BadValue
        If a date of a record cannot be read, an origin lies after the start, or conditions of a unit overlap.
    NotEstimable
        If no unit has any time at risk.

    Notes
    -----
    Where observation begins with a unit's first record, units without a record are not there: what is seen is the time
    to the next record among those that had one, not to the first. A unit that closes before `until` and is not known to
    have closed counts as at risk without events: give `until` by unit.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.duration.spells import spells
    >>> records = pd.DataFrame({"herd": ["a", "a", "b"], "found": ["2023-01-10", "2023-03-01", "2023-02-01"]})
    >>> made = spells(records, unit="herd", date="found", until="2023-12-31")
    >>> made.table[["herd", "number", "entry", "exit", "event"]].to_numpy().tolist()
    [['a', 1, 0, 50, 1], ['a', 2, 50, 355, 0], ['b', 1, 0, 333, 0]]
    """
    kept = names(keep)
    check_columns(records, "spells", unit=unit, date=date, keep=kept, cause=cause)
    values = [] if conditions is None else conditions_named(conditions, unit)
    _check_options(clock, unit, [*kept, *values])
    observed = observe(
        records,
        unit=unit,
        date=date,
        until=until,
        since=since,
        origin=origin,
        recurrent=recurrent,
        keep=kept,
        cause=cause,
    )
    parts, dropped, notes = _parts(observed, conditions, unit)
    if parts.empty:
        raise NotEstimable(
            "no unit has any time at risk",
            where="spells",
            spoiled="There is nothing to count from.",
            todo="Look at `until` and `since`: records on the last day leave no time after them.",
        )
    zero = parts["begin"] - parts["since_begin"] if clock == "spell" else parts["begin"] - parts["origin"]
    length = parts["end"] - parts["begin"]
    table = parts.assign(
        start=as_dates(parts["begin"].to_numpy()),
        end=as_dates(parts["end"].to_numpy()),
        entry=zero.astype(int),
        exit=(zero + length).astype(int),
        event=parts["event"].astype(int),
    )
    order = [unit, *kept, "number", "previous", "start", "end", "entry", "exit", "event"]
    table = table[[*order, *(["cause"] if cause else []), "ended_by", *values]].reset_index(drop=True)
    if "SIMULATED" in records:
        table["SIMULATED"] = records["SIMULATED"].iloc[0]
    made_up = simulated_words(records) or simulated_words(pd.DataFrame() if conditions is None else conditions)
    events, days = int(table["event"].sum()), float(length.sum())
    units = len(table[unit].unique())
    return Spells(
        table=table,
        text=made_up + " ".join([_text(observed, units, events, days, unit), *notes]),
        dropped=dropped,
        notes=(*observed.notes, *notes),
        units=units,
        events=events,
        days=days,
        _unit=unit,
    )


def _check_options(clock: str, unit: str, others: list[str]) -> None:
    if clock not in CLOCKS:
        raise BadParameter(
            f"no clock is called {clock!r}",
            where="spells(clock=)",
            spoiled="Days would be counted from another moment than meant.",
            todo=f"Use one of {', '.join(CLOCKS)}.",
        )
    asked = [unit, *others]
    clash = sorted({str(name) for name in asked if name in _OWN or asked.count(name) > 1})
    if clash:
        raise BadParameter(
            f"the columns {', '.join(clash)} have the name of a column made here, or of one another",
            where="spells",
            spoiled="One would overwrite the other.",
            todo="Rename them first.",
        )


def _parts(
    observed: Observed, conditions: pd.DataFrame | None, unit: str
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Split by conditions; return the parts, what was left out, and notes."""
    whole = observed.spells.assign(since_begin=observed.spells["begin"])
    if conditions is None:
        return whole, observed.dropped, []
    made = split(whole, read_conditions(conditions, unit), unit)
    of_spell = whole.drop(columns=["begin", "end"]).iloc[made.table["spell"].to_numpy(dtype=int)].reset_index(drop=True)
    parts = pd.concat([of_spell, made.table.drop(columns="spell")], axis=1)
    ends = parts["last"] & (parts["event"] == 1)
    parts["event"] = ends.astype(int)
    for name in ("cause", "ended_by"):
        if name in parts:
            parts[name] = parts[name].where(ends, None)
    source = whole.iloc[made.gaps["spell"].to_numpy(dtype=int)].reset_index(drop=True)
    lost = (source["event"] == 1) & made.gaps["last"]
    rows = source["begun_by"].where(source["begun_by"].notna(), source[unit])
    listed = pd.concat(
        [
            observed.dropped,
            pd.DataFrame({"row": rows.astype("object"), "reason": gap_reasons(made.gaps)}),
            pd.DataFrame(
                {"row": source["ended_by"][lost].astype("object"), "reason": "event while no condition is known"}
            ),
        ],
        ignore_index=True,
    )
    days = float((made.gaps["end"] - made.gaps["begin"]).sum())
    notes = (
        [f"Left out for want of a known condition: {days:,.0f} days with {int(lost.sum()):,} events."] if days else []
    )
    nameless = int(conditions[unit].isna().sum())
    notes += [f"Conditions of no known {unit}, not used: {nameless:,}."] if nameless else []
    return parts, listed, notes


def _text(observed: Observed, units: int, events: int, days: float, unit: str) -> str:
    selection = ""
    if observed.from_first:
        selection = (
            f" Each {unit} comes under observation with its first record: those without any are not seen, and the time "
            "is that to the next, not to the first."
        )
    elif not observed.listed:
        selection = f" Each {unit} without any record is not seen, and its time at risk is missing from the days."
    left = len(observed.dropped)
    out = f" Left out, with reasons: {left:,}." if left else ""
    return (
        f"Units ({unit}) with time at risk: {units:,}; records of them: {observed.records:,}; days at risk: "
        f"{days:,.0f}; events: {events:,}.{out}{selection} What nobody recorded is no event here, and whoever was "
        "gone before that is known counts as there."
    )
