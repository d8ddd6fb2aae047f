"""One tidy table of two vintages: what came, went, was named anew or given another value, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.figures.numbers import counted
from welfare.schema.columns import PROVENANCE, columns
from welfare.schema.tables import Tables
from welfare.sources.compare.pairing import Pairs, Places, folded, pair_rows
from welfare.sources.compare.rewrite_counts import ColumnCount, as_frame, count_column, wholesale_in_words
from welfare.sources.compare.unread import Unread

COLUMNS = ["table", "change", "key", "column", "old", "new", "old_row", "new_row"]
WITHHELD = "withheld"  # stands for what a cell tells of a person
# A layout states these or does not: rows of a kind that one file has none of are a matter of layout, not of history.
_KINDS = {
    "identifiers": ["scheme"],
    "slaughter": ["species", "inspection_system"],
    "measures": ["quantity"],
    "area_measures": ["quantity"],
    "exposures": ["kind"],
}
_COUNTS_ROWS = ("footprint_id",)  # keys that the dictionary says are the row's number: another order, another number
_NAMED = 6  # kinds named in one note
_PLACE = ["name", "street", "city", "region", "postcode"]


class Compared(NamedTuple):
    """What comparing one table gave: rows of the changes table, a count by column, what a reader must know."""

    rows: pd.DataFrame
    rewrites: pd.DataFrame
    notes: list[str]


class Vintages(NamedTuple):
    """Two files of one source and what is known of them together; the old one stands first in each pair.

    Attributes
    ----------
    files : pair of Tables
        The files.
    places : Places
        Which ids are one place.
    unread : pair of Unread
        Which numbers the records bear that could not be read.
    same_layout : bool
        Whether both have the same headers. If not, what one of them never states is noted and left out.
    snapshot : bool
        Whether the source publishes states of one day, each of which replaces the one before.
    """

    files: tuple[Tables, Tables]
    places: Places
    unread: tuple[Unread, Unread]
    same_layout: bool
    snapshot: bool


class _Side(NamedTuple):
    """One file's rows of a table: their values as text, what they are about, and where they stand in the file."""

    text: pd.DataFrame
    place: pd.Series
    row: pd.Series


def compare(table: str, both: Vintages) -> Compared:
    """Compare one table of two vintages.

    Parameters
    ----------
    table : str
        Its name; if one file lacks it, all its rows came or went.
    both : Vintages
        The two files.

    Returns
    -------
    Compared
        Rows with the columns table, change, key, column, old, new, old_row, new_row.
    """
    notes: list[str] = []
    old, new = _sides(table, both)
    if not both.same_layout and table in _KINDS:
        old, new = _kinds_of_both(table, (old, new), both.files, notes)
    key, values = _compared_columns(table, (old, new), both, notes)
    rows: list[pd.DataFrame] = []
    if table == "identifiers" and {"facility_id", "scheme", "identifier"} <= set(key):
        old, new, handed = _handed_on(old, new, both.files, notes)
        rows.append(handed)
    sides = (old, new)
    pairs = _pair(table, key, values, sides, both.places)
    rows += _alone(table, key, sides, pairs, both)
    if table == "facilities":
        rows.append(_renumbered(key, sides, pairs, both.places))
    tally: list[ColumnCount] = []
    rows += _rewritten(table, key, values, sides, pairs, tally)
    notes += wholesale_in_words(tally)
    if unsure := len(pairs.unsure_old) + len(pairs.unsure_new):
        notes.append(
            f"ambiguous rows of {table}: {unsure:,}; which row of the other file is meant cannot be told, so no "
            "values are compared"
        )
    found = [part for part in rows if len(part)]
    out = pd.concat(found, ignore_index=True) if found else _no_rows()
    return Compared(_withheld(out.assign(table=table).astype({"table": "str"})[COLUMNS], table), as_frame(tally), notes)


def _withheld(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the rows without what cells tell of a person; that there was something stays."""
    personal = rows["column"].isin([name for name, column in columns(table).items() if column.personal])
    for side in ("old", "new"):
        rows[side] = rows[side].mask(personal & rows[side].notna(), WITHHELD)
    return rows


def _sides(table: str, both: Vintages) -> tuple[_Side, _Side]:
    old, new = (
        _side(file, table, names) for file, names in zip(both.files, (both.places.old, both.places.new), strict=True)
    )
    every = list(dict.fromkeys([*old.text, *new.text]))
    return old._replace(text=old.text.reindex(columns=every)), new._replace(text=new.text.reindex(columns=every))


def _side(tables: Tables, table: str, names: pd.Series) -> _Side:
    # In the file's order whatever the frame's: what stands under one key twice must not depend on it.
    about = [name for name, column in columns(table).items() if column.key]
    frame = getattr(tables, table).sort_values(["source_row", *about], kind="stable").reset_index(drop=True)
    text = pd.DataFrame({name: _as_text(frame[name]) for name in frame if name not in PROVENANCE}, index=frame.index)
    place = text["facility_id"] if "facility_id" in text else pd.Series(index=frame.index, dtype="str")
    common = place.map(names) if len(names) else pd.Series(index=frame.index, dtype="str")
    return _Side(text, common.where(common.notna(), place), frame["source_row"])


def _as_text(column: pd.Series) -> pd.Series:
    text: pd.Series = column.to_wkt() if column.dtype == "geometry" else column
    return text.astype("str")


def _only(side: _Side, wanted: pd.Series) -> _Side:
    at = np.flatnonzero(wanted)
    return _Side(
        side.text.iloc[at].reset_index(drop=True),
        side.place.iloc[at].reset_index(drop=True),
        side.row.iloc[at].reset_index(drop=True),
    )


def _kinds_of_both(
    table: str, sides: tuple[_Side, _Side], files: tuple[Tables, Tables], notes: list[str]
) -> tuple[_Side, _Side]:
    for column in _KINDS[table]:
        stated = [set(side.text[column].dropna()) for side in sides]
        for here, there in ((0, 1), (1, 0)):
            if only := sorted(stated[here] - stated[there]):
                count = int(sides[here].text[column].isin(only).sum())
                more = f" and {len(only) - _NAMED:,} more" if len(only) > _NAMED else ""
                notes.append(
                    f"{files[there].source_id} has no {table} of {column} {', '.join(only[:_NAMED])}{more}: "
                    f"{counted(count, 'row')} of {files[here].source_id} cannot be compared"
                )
        both = stated[0] & stated[1]
        old, new = (_only(side, side.text[column].isin(both) | side.text[column].isna()) for side in sides)
        sides = (old, new)
    return sides


def _compared_columns(
    table: str, sides: tuple[_Side, _Side], both: Vintages, notes: list[str]
) -> tuple[list[str], list[str]]:
    """Return the columns that say what a row is about and those that are compared; what is left out is noted."""
    known, files = columns(table), both.files
    key: list[str] = []
    values: list[str] = []
    unstated: tuple[list[str], list[str]] = ([], [])
    for name in map(str, sides[0].text):
        filled = [int(side.text[name].notna().sum()) for side in sides]
        own = name in known and known[name].type == "date" and both.snapshot
        if not any(filled):
            continue
        if not both.same_layout and not all(filled) and all(len(side.text) for side in sides):
            unstated[bool(filled[0])].append(f"{name} ({max(filled):,})")
        elif own and _is_the_files_own(sides, name, files):
            notes.append(f"{name} of {table} is the day or period of the file itself, so it is not compared")
        elif name not in known or not known[name].key:
            values.append(name)
        elif name in _COUNTS_ROWS:
            notes.append(f"{name} of {table} numbers the rows of a file, not things, so rows are matched by content")
        else:
            key.append(name)
    notes += [
        f"{files[at].source_id} states in no row of {table}: {', '.join(names)}; so what "
        f"{files[1 - at].source_id} states (in so many rows) is not compared"
        for at, names in enumerate(unstated)
        if names
    ]
    return key, values


def _is_the_files_own(sides: tuple[_Side, _Side], name: str, files: tuple[Tables, Tables]) -> bool:
    """Return whether each row of both files has the same date: the first, or the last, that its file covers."""
    periods = [file.period for file in files]
    return any(
        all(
            period is not None and bool((side.text[name] == f"{period[end]:%Y-%m-%d}").all())
            for side, period in zip(sides, periods, strict=True)
        )
        for end in (0, 1)
    )


def _handed_on(
    old: _Side, new: _Side, files: tuple[Tables, Tables], notes: list[str]
) -> tuple[_Side, _Side, pd.DataFrame]:
    """Take out the numbers that one place held and another now holds; return the rest, and rows that say so."""
    number = ["scheme", "identifier"]
    held = []
    for side in (old, new):
        part = side.text[[*number, "facility_id"]].assign(place=side.place, row=side.row, at=side.text.index)
        part = part.dropna(subset=[*number, "place"])
        held.append(part[part.groupby(number)["place"].transform("nunique") == 1].drop_duplicates(number))
    both = held[0].merge(held[1], on=number, suffixes=("_old", "_new"))
    both = both[both["place_old"] != both["place_new"]].reset_index(drop=True)
    if both.empty:
        return old, new, _no_rows()
    homes = [
        file.facilities.sort_values("source_row").drop_duplicates("facility_id").set_index("facility_id")[_PLACE]
        for file in files
    ]
    here, there = homes[0].reindex(both["facility_id_old"]), homes[1].reindex(both["facility_id_new"])
    cells = {"facility_id": (both["facility_id_old"], both["facility_id_new"])} | {
        name: (here[name].reset_index(drop=True), there[name].reset_index(drop=True)) for name in _PLACE
    }
    key = both["scheme"] + " | " + both["identifier"]
    if same := int((folded(cells["name"][0]) == folded(cells["name"][1]))[cells["name"][0].notna()].sum()):
        notes.append(
            f"numbers that another id of the same name holds now: {same:,} of {len(both):,}; if the old id vanished, "
            "its facility need not have: records are merged or numbered anew, and operators move"
        )
    parts = []
    for name, (ours, theirs) in cells.items():
        differ = _differ(ours, theirs)
        found = [part[differ] for part in (key, ours, theirs, both["row_old"], both["row_new"])]
        parts.append(_rows("handed_on", found[0], name, *found[1:]))
    gone, come = old.text.index.isin(both["at_old"]), new.text.index.isin(both["at_new"])
    out = pd.concat(parts).sort_values("key", kind="stable", ignore_index=True)
    return _only(old, pd.Series(~gone)), _only(new, pd.Series(~come)), out


def _differ(a: pd.Series, b: pd.Series) -> pd.Series:
    return ~((a == b) | (a.isna() & b.isna())).astype(bool)


def _pair(table: str, key: list[str], values: list[str], sides: tuple[_Side, _Side], places: Places) -> Pairs:
    keys, contents, careful, hopeless = [], [], [], []
    for side in sides:
        about = side.text[key].assign(facility_id=side.place) if "facility_id" in key else side.text[key]
        unsure = side.place.isin(places.unsure).to_numpy()
        keys.append(about)
        contents.append(about.join(side.text.reindex(columns=values)))
        careful.append(unsure | about.isna().all(axis=1).to_numpy(dtype=bool))
        hopeless.append(unsure if table == "facilities" else np.zeros(len(unsure), dtype=bool))
    return pair_rows(
        (keys[0], keys[1]), (contents[0], contents[1]), (careful[0], careful[1]), (hopeless[0], hopeless[1])
    )


def _key(side: _Side, key: list[str], at: np.ndarray) -> pd.Series:
    """Return what rows are about, as the file reads."""
    parts = side.text[key].iloc[at].fillna("").reset_index(drop=True)
    if parts.empty:
        return pd.Series("", index=range(len(at)), dtype="str")
    return parts.iloc[:, 0].str.cat(parts.iloc[:, 1:], sep=" | ") if len(key) > 1 else parts.iloc[:, 0]


def _rows(
    change: str | np.ndarray,
    key: pd.Series,
    column: str | None,
    old: pd.Series | None,
    new: pd.Series | None,
    old_row: pd.Series | None,
    new_row: pd.Series | None,
) -> pd.DataFrame:
    """Return rows of the changes table, all but the table's name."""
    frame = pd.DataFrame({"change": change, "key": key.to_numpy()}, index=range(len(key)))
    cells = {"old": old, "new": new, "old_row": old_row, "new_row": new_row}
    frame["column"] = column
    for name, part in cells.items():
        frame[name] = None if part is None else part.to_numpy()
    types = {name: "Int64" if name.endswith("_row") else "str" for name in COLUMNS if name != "table"}
    return frame.astype(types)


def _no_rows() -> pd.DataFrame:
    return _rows("", pd.Series(dtype="str"), None, None, None, None, None)


def _alone(
    table: str, key: list[str], sides: tuple[_Side, _Side], pairs: Pairs, both: Vintages
) -> Iterator[pd.DataFrame]:
    """Yield the rows that have no partner: vanished, appeared, unreadable in the other file, or ambiguous.

    For a facility they say its name, since its number alone tells a reader nothing.
    """
    column = "name" if table == "facilities" else None
    for here, at, change in (
        (0, pairs.vanished, "vanished"),
        (1, pairs.appeared, "appeared"),
        (0, pairs.unsure_old, "ambiguous"),
        (1, pairs.unsure_new, "ambiguous"),
    ):
        if not len(at):
            continue
        side = sides[here]
        text, row = side.text.iloc[at], side.row.iloc[at]
        name = text["name"] if column else None
        unread = both.unread[1 - here].bears(text, both.files[here]) & (change != "ambiguous")
        word = np.where(unread, "unreadable", change)
        cells = (name, None, row, None) if here == 0 else (None, name, None, row)
        yield _rows(word, _key(side, key, at), column, *cells)


def _renumbered(key: list[str], sides: tuple[_Side, _Side], pairs: Pairs, places: Places) -> pd.DataFrame:
    old, new = (side.text["facility_id"].iloc[at] for side, at in zip(sides, (pairs.old, pairs.new), strict=True))
    moved = (old.isin(places.renumbered["old"]).to_numpy()) & (old.to_numpy() != new.to_numpy())
    at_old, at_new = pairs.old[moved], pairs.new[moved]
    return _rows(
        "renumbered",
        _key(sides[1], key, at_new),
        "facility_id",
        old[moved],
        new[moved],
        sides[0].row.iloc[at_old],
        sides[1].row.iloc[at_new],
    )


def _rewritten(
    table: str,
    key: list[str],
    values: list[str],
    sides: tuple[_Side, _Side],
    pairs: Pairs,
    tally: list[ColumnCount],
) -> Iterator[pd.DataFrame]:
    for name in values:
        old, new = (
            side.text[name].iloc[at].reset_index(drop=True)
            for side, at in zip(sides, (pairs.old, pairs.new), strict=True)
        )
        differ = _differ(old, new).to_numpy()
        if not differ.any():
            continue
        tally.append(count_column(table, name, old, new))
        old, new = old[differ], new[differ]
        word: str | np.ndarray = "rewritten"
        if table == "facilities" and name == "name":
            renamed = (folded(old) != folded(new)) & old.notna() & new.notna()
            word = np.where(renamed, "renamed", "rewritten")
        at_old, at_new = pairs.old[differ], pairs.new[differ]
        yield _rows(
            word, _key(sides[1], key, at_new), name, old, new, sides[0].row.iloc[at_old], sides[1].row.iloc[at_new]
        )
