"""Two vintages of a source compared: what appeared, vanished, was renamed, and which values were written anew."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from welfare.errors import BadParameter
from welfare.figures.numbers import counted
from welfare.schema.columns import columns, table_names
from welfare.schema.results import Result
from welfare.schema.tables import Tables
from welfare.sources.compare.changes_in_words import in_words, summary
from welfare.sources.compare.header_changes import header_changes
from welfare.sources.compare.moves import moves_in_words
from welfare.sources.compare.pairing import Places, match_places
from welfare.sources.compare.rewrite_counts import as_frame
from welfare.sources.compare.rewrites import COLUMNS, Vintages, compare
from welfare.sources.compare.unread import Unread
from welfare.sources.manifest import vintage_order
from welfare.sources.registry import registry


@dataclass(frozen=True, repr=False)
class Changes(Result):
    """What differs between two vintages of one source.

    Attributes
    ----------
    table : DataFrame
        One row per change, in the order of the tables: table; change (see :func:`changes`); key (what the row is about,
        as the file reads, the new one where both hold it); column; old, new (the values as text, null where the cell is
        empty or there is no such row; ``withheld`` where they tell of a person); old_row, new_row (source_row in either
        file). If the plants are made up, also the column SIMULATED.
    summary : DataFrame
        Columns table, change, rows_count (rows of the tidy table, or numbers handed on), values_count
        (rows of `table`).
    rewrites : DataFrame
        One row per column that differs in rows of both files: table, column, rows_count (rows matched), stated_count
        (of them, those that state it in both), differ_count, of which spelling_count (text that differs in case, white
        space or punctuation alone), lost_count (now empty) and filled_count (was empty); wholesale (whether most of
        those stated in both differ). A facility's name is counted here whether renamed or rewritten.
    headers : DataFrame
        Columns change (appeared, vanished, renamed), old, new: the headers of the files; `renamed` is a guess
        (:func:`welfare.sources.compare.header_changes.header_changes`).
    dropped : DataFrame
        Columns row (record_id), reason: the records of either file that could not be read.
    old_source_id, new_source_id : str
        What was compared.
    """

    summary: pd.DataFrame
    rewrites: pd.DataFrame
    headers: pd.DataFrame
    old_source_id: str
    new_source_id: str


def changes(old: Tables, new: Tables) -> Changes:
    """Compare two vintages of a source, so that rewritten history is visible.

    Parameters
    ----------
    old, new : Tables
        Two files of one source, as :func:`welfare.read` returns them. The order of their rows does not matter.

    Returns
    -------
    Changes
        `.table` with one row per change, `.summary`, `.headers`, `.text`, `.dropped` and `.notes`. The changes are

        - ``appeared``, ``vanished``: a row that only one file has; for a facility, `old` or `new` is its name;
        - ``unreadable``: the same, but a record of the other file that bears its number could not be read;
        - ``renamed``: a facility with another name. A name that differs only in case, white space or punctuation is
          ``rewritten``;
        - ``renumbered``: an id that is gone, and a new one with the same name, street, town and region;
        - ``rewritten``: any other value that differs, also one that was empty or now is;
        - ``handed_on``: a number that one id held and another now holds, with what differs between the two: it
          passed to another facility, or two records of one facility were merged or numbered anew;
        - ``ambiguous``: a row that could be several of the other file. No partner is picked.

    Raises
    ------
    BadParameter
        If the files are of different sources, or only one is of made-up plants, or either was not read.

    Notes
    -----
    Rows are one where the columns that `data/columns.csv` marks as key agree, so a change of such a column shows as one
    row that vanished and one that appeared. Where a key stands on several rows, those with equal content are paired and
    the rest is ambiguous.

    Where the layouts number facilities differently (the FSIS directory of 2017 states grants of inspection, later ones
    an establishment id), facilities are one if they share a number of the same scheme, one to one, and name or place is
    alike: the same region and the same town, postcode or street; or at least half of the telling words of the name.
    The rule can err both ways: a buyer in the same town looks like a new name, and a company that moved and changed its
    name looks like two. A number that leads to several facilities is ambiguous.

    Examples
    --------
    >>> import welfare as wf
    >>> found = wf.changes(wf.read("directory_2024-09.csv"), wf.read("directory_2025-06.csv"))  # doctest: +SKIP
    >>> found.table[found.table["change"] == "renamed"]  # doctest: +SKIP
    """
    _require_comparable(old, new)
    snapshot = bool((registry().set_index("source")["kind"] == "snapshot").get(old.source, False))
    same_layout = set(old.raw) == set(new.raw)
    places = match_places(old, new)
    both = Vintages((old, new), places, (Unread(old), Unread(new)), same_layout, snapshot)
    notes = [*_notes_on_files(old, new, snapshot=snapshot), *_notes_on_places(places)]
    parts, counts = [], []
    for name in table_names():
        held = [name in file.frames for file in (old, new)]
        if not any(held):
            continue
        if not all(held) and not same_layout:
            here, there = (old, new) if held[0] else (new, old)
            rows = counted(len(here.frames[name]), "row")
            notes.append(f"{there.source_id} has no {name}: {rows} of {here.source_id} cannot be compared")
            continue
        part = compare(name, both)
        parts.append(part.rows)
        counts.append(part.rewrites)
        notes += part.notes
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled or parts or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    if not snapshot:
        notes += _notes_on_time(table, old, new)
    notes += moves_in_words(table, old, new)
    rewrites = pd.concat([as_frame([]), *counts], ignore_index=True)
    headers = header_changes(old, new)
    simulated = old.simulated
    return Changes(
        table.assign(SIMULATED="SIMULATED") if simulated else table,
        in_words(table, rewrites, headers, old, new),
        _dropped(old, new),
        tuple(notes),
        summary(table),
        rewrites,
        headers,
        old.source_id,
        new.source_id,
    )


def _require_comparable(old: Tables, new: Tables) -> None:
    for given in (old, new):
        if not isinstance(given, Tables):
            raise BadParameter(
                f"changes() compares files that were read, not {type(given).__name__}",
                todo="Pass what welfare.read returned for the one file and for the other.",
            )
    if old.source != new.source:
        raise BadParameter(
            f"{old.source_id} and {new.source_id} are files of different sources",
            spoiled="Every row would seem to have vanished or appeared.",
            todo="Compare two vintages of one source; records of different sources are linked with link_records.",
        )
    if old.simulated != new.simulated:
        raise BadParameter(
            f"the plants of {(old if old.simulated else new).source_id} are made up, those of the other file are not",
            where=new.path,
            spoiled="Made-up plants would seem to have vanished or appeared among real ones.",
            todo="Compare two files of the agency, or two simulated ones.",
        )


def _notes_on_files(old: Tables, new: Tables, *, snapshot: bool) -> list[str]:
    notes = []
    if old.vintage and new.vintage and vintage_order(old.vintage) > vintage_order(new.vintage):
        notes.append(f"the file given as old is the later one: {old.vintage} against {new.vintage}")
    for tables in (old, new):
        if count := len(tables.rejects):
            notes.append(
                f"records of {tables.source_id} that could not be read: {count:,} (.dropped says why); what such a "
                "record is about may seem to have vanished or appeared"
            )
    if snapshot:
        return notes
    if old.period is None or new.period is None:
        notes.append("what time the files cover is not known of both, so a row may be missing because of its date")
    elif old.period[1] < new.period[0] or new.period[1] < old.period[0]:
        notes.append(
            f"the periods do not overlap ({_span(old)} and {_span(new)}): rows of different dates are different "
            "things, and no value of one could be a rewritten value of the other"
        )
    elif old.period != new.period:
        notes.append(f"the files cover different periods: {_span(old)} and {_span(new)}")
    return notes


def _span(tables: Tables) -> str:
    return "unknown" if tables.period is None else f"{tables.period[0]:%Y-%m-%d} to {tables.period[1]:%Y-%m-%d}"


def _notes_on_places(places: Places) -> list[str]:
    notes = []
    if count := len(places.shared_number):
        notes.append(
            f"facilities matched though the files number them differently: {count:,}, by a number of one scheme that "
            "both state, name or place being alike (the doubt is in docs/how-to/compare-vintages.md)"
        )
    if count := len(places.unsure):
        notes.append(
            "groups of facilities that share numbers, or a name and address, such that which is which cannot be told: "
            f"{count:,}, called ambiguous"
        )
    return notes


def _notes_on_time(table: pd.DataFrame, old: Tables, new: Tables) -> list[str]:
    """Say how many of the rows that only one file has lie in the time that the other one covers, too."""
    notes = []
    for change, here, there, row in (("vanished", old, new, "old_row"), ("appeared", new, old, "new_row")):
        if there.period is None or here.period is None or here.period == there.period:
            continue
        for name, frame in here:
            days = [
                day for day in ("date", "date_to", "valid_from") if day in columns(name) and frame[day].notna().any()
            ]
            alone = table.loc[(table["table"] == name) & (table["change"] == change), row]
            if not days or alone.empty:
                continue
            dated = frame[frame["source_row"].isin(alone)]
            inside = dated.loc[dated[days[0]].between(*there.period), "source_row"].nunique()
            notes.append(
                f"records of {name} that {change}: {alone.nunique():,}, of which {inside:,} dated within the period "
                f"that {there.source_id} covers; only those can be rewritten history"
            )
    return notes


def _dropped(old: Tables, new: Tables) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"row": file.source_id + "#" + file.rejects["row"].astype("str"), "reason": file.rejects["reason"]}
        )
        for file in (old, new)
    ]
    return pd.concat(parts, ignore_index=True).astype("str")
