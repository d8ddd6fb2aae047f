"""Two vintages of a source compared: what appeared, vanished, was renamed, and which values were written anew."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.columns import columns, table_names
from welfare.schema.results import Result
from welfare.schema.tables import Tables
from welfare.sources.headers import likely_renames
from welfare.sources.pairing import Places, match_places
from welfare.sources.registry import registry
from welfare.sources.rewrites import COLUMNS, Vintages, compare
from welfare.sources.unread import Unread

_WORDS = {
    "vanished": "vanished",
    "appeared": "appeared",
    "unreadable": "unreadable (the other file has a record of it that could not be read)",
    "renumbered": "renumbered (another id with the same name and address)",
    "renamed": "renamed",
    "handed_on": "handed on to another facility",
    "rewritten": "with a value rewritten",
    "ambiguous": "ambiguous (which row of the other file it is cannot be told)",
}
_SHOWN = 3  # columns named as those rewritten most
_SHARED_VALUES = 0.1  # of the values of two headers, so many must be the same for one to be the other renamed
_UNTOLD = (
    "The files do not say why: what vanished may have closed, been left out or been given another number, and a value "
    "may have been corrected or the thing itself have changed. What changed and changed back between the two is in "
    "neither."
)


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
    headers : DataFrame
        Columns change (appeared, vanished, renamed), old, new: the headers of the files; `renamed` is a guess:
        the two are spelled much alike and share values.
    dropped : DataFrame
        Columns row (record_id), reason: the records of either file that could not be read.
    old_source_id, new_source_id : str
        What was compared.
    """

    summary: pd.DataFrame
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
        - ``handed_on``: a number that one facility held and another now holds, with what differs between the two;
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
    parts = []
    for name in table_names():
        held = [name in file.frames for file in (old, new)]
        if not any(held):
            continue
        if not all(held) and not same_layout:
            here, there = (old, new) if held[0] else (new, old)
            rows = len(here.frames[name])
            notes.append(f"{there.source_id} has no {name}: the {rows:,} rows of {here.source_id} are not compared")
            continue
        part = compare(name, both)
        parts.append(part.rows)
        notes += part.notes
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled or parts or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    if not snapshot:
        notes += _notes_on_time(table, old, new)
    headers = _headers(old, new)
    simulated = old.simulated
    return Changes(
        table.assign(SIMULATED="SIMULATED") if simulated else table,
        _text(table, headers, old, new),
        _dropped(old, new),
        tuple(notes),
        _summary(table),
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


def _named(tables: Tables, other: Tables) -> str:
    """Return the file's source and vintage, and the file where those are the same for both."""
    return tables.source_id if tables.source_id != other.source_id else f"{tables.source_id} ({tables.path})"


def _notes_on_files(old: Tables, new: Tables, *, snapshot: bool) -> list[str]:
    notes = []
    if old.vintage and new.vintage and old.vintage > new.vintage:
        notes.append(f"the file given as old is the later one: {old.vintage} against {new.vintage}")
    for tables in (old, new):
        if count := len(tables.rejects):
            notes.append(
                f"records of {tables.source_id} that could not be read: {count:,} (.dropped says why); what they are "
                "about may seem to have vanished or appeared"
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
            f"facilities matched though the files number them differently: {count:,}; they share a number of one "
            "scheme, and name or place is alike (the doubt is in docs/how-to/compare-vintages.md)"
        )
    if count := len(places.unsure):
        notes.append(
            "groups of facilities that share numbers, or a name and address, such that which is which cannot be told: "
            f"{count:,}; they are called ambiguous"
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


def _headers(old: Tables, new: Tables) -> pd.DataFrame:
    before, after = ([str(name) for name in file.raw] for file in (old, new))
    gone, come = [name for name in before if name not in after], [name for name in after if name not in before]
    ours, theirs = _values(old, gone), _values(new, come)
    pairs: list[tuple[str, str]] = []
    for name in gone:
        taken = {other for _, other in pairs}
        alike = [other for other in come if other not in taken and _share(ours[name], theirs[other])]
        pairs += likely_renames([name], alike)
    known = {name for pair in pairs for name in pair}
    rows = [
        *(("renamed", a, b) for a, b in pairs),
        *(("vanished", name, None) for name in gone if name not in known),
        *(("appeared", None, name) for name in come if name not in known),
    ]
    return pd.DataFrame(rows, columns=["change", "old", "new"]).astype("str")


def _values(tables: Tables, headers: list[str]) -> dict[str, set[str]]:
    return {name: set(tables.raw[name].dropna()) - {""} for name in headers}


def _share(ours: set[str], theirs: set[str]) -> bool:
    """Return whether enough values stand under both headers, or neither holds any."""
    return len(ours & theirs) >= _SHARED_VALUES * min(len(ours), len(theirs)) and bool(ours) == bool(theirs)


def _dropped(old: Tables, new: Tables) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"row": file.source_id + "#" + file.rejects["row"].astype("str"), "reason": file.rejects["reason"]}
        )
        for file in (old, new)
    ]
    return pd.concat(parts, ignore_index=True).astype("str")


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    place = {name: at for at, name in enumerate(table_names())}
    things = table.drop_duplicates(["table", "change", "key", "old_row", "new_row"])
    by = ["table", "change"]
    counts = pd.DataFrame(
        {"rows_count": things.groupby(by).size(), "values_count": table.groupby(by).size()}
    ).reset_index()
    order = counts["table"].map(place) * len(_WORDS) + counts["change"].map(list(_WORDS).index)
    return counts.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _text(table: pd.DataFrame, headers: pd.DataFrame, old: Tables, new: Tables) -> str:
    names = f"{_named(old, new)} and {_named(new, old)}"
    mark = "SIMULATED. " if old.simulated else ""
    if table.empty:
        same = "are the same file, byte for byte" if old.sha256 and old.sha256 == new.sha256 else "hold the same"
        found = f"No change: {names} {same}{' in every table compared' if same == 'hold the same' else ''}."
        return f"{mark}{found}{_headers_in_words(headers)}"
    sentences = [_table_in_words(name, rows) for name, rows in table.groupby("table", sort=False)]
    return f"{mark}Between {names}, by table. {' '.join(sentences)}{_headers_in_words(headers)} {_UNTOLD}"


def _table_in_words(name: object, rows: pd.DataFrame) -> str:
    counts = _summary(rows).set_index("change")["rows_count"]
    said = ", ".join(f"{counts[change]:,} {words}" for change, words in _WORDS.items() if change in counts)
    most = rows.loc[rows["change"].isin(["rewritten", "renamed"]), "column"].value_counts().head(_SHOWN)
    listed = (
        f"; values that differ most often: {', '.join(f'{column} {count:,}' for column, count in most.items())}"
        if len(most)
        else ""
    )
    return f"{name}: {said}{listed}."


def _headers_in_words(headers: pd.DataFrame) -> str:
    if headers.empty:
        return ""
    counts = headers["change"].value_counts()
    words = {"renamed": "likely renamed", "vanished": "vanished", "appeared": "appeared"}
    return (
        " Of the headers, " + ", ".join(f"{counts[key]:,} {word}" for key, word in words.items() if key in counts) + "."
    )
