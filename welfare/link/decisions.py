"""What people decided of pairs they read: confirmed, rejected or split, with who, when and why. It beats any score."""

from __future__ import annotations

import csv
from collections.abc import Container
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.errors import BadValue, ContractBroken, FileMissing, WrongEncoding
from welfare.link.places import Places
from welfare.link.result import COLUMNS as PAIR_COLUMNS
from welfare.schema.codes import data_folder
from welfare.schema.tables import Tables

COLUMNS = ("source", "record", "facility_id", "decision", "who", "when", "why")
_PAIR = ["source", "record", "facility_id"]
_WORDS = ("confirmed", "rejected", "split")


class Ruling(NamedTuple):
    """What a person decided about a pair: confirmed, rejected or split, and when and why in words."""

    word: str
    reason: str


Judgements = dict[tuple[str, str], Ruling]  # by left_id and right_id


def load_decisions(given: str | Path | pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the shipped decisions, every file of `data/crosswalk`, with those given.

    A decision holds for every record of that name: for all vintages of its source, and, since OSHA gave a few event
    ids to two reports, for both of them. A confirmed pair is counted even where the library would not propose it; to
    replace a confirmed facility by another, reject the first and confirm the second.

    Parameters
    ----------
    given : path or DataFrame, optional
        Columns source (without vintage), record (the record's event_id or facility_id in its file), facility_id (of
        the directory), as `Links.review` shows them; decision (confirmed, rejected, or split: the record is of a place
        of its own, and nothing else is proposed for it), who, when, why. Others are left unread, so that a copy of the
        review can be filled in.

    Returns
    -------
    DataFrame
        Those columns, all text; a later row on the same pair replaces an earlier one.

    Raises
    ------
    FileMissing
        If there is no such file.
    WrongEncoding
        If it is not UTF-8.
    ContractBroken
        If a column is missing.
    BadValue
        If a decision is not one of the three words, or does not say who, when and why; or if two facilities are
        confirmed for one record.
    """
    parts = [_from_file(path) for path in sorted((data_folder() / "crosswalk").glob("*.csv"))]
    if isinstance(given, pd.DataFrame):
        cells = given.astype(object).where(given.notna(), "").astype("str")
        rows = [f"row {number}" for number in range(1, len(given) + 1)]
        parts.append(_checked(cells, "the decisions given", rows))
    elif given is not None:
        parts.append(_from_file(Path(given)))
    return pd.concat(parts).drop_duplicates(_PAIR, keep="last", ignore_index=True)


def _from_file(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileMissing("there is no such file of decisions", where=str(path), todo="Check the path.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="", restkey="")
            numbered = [(f"line {reader.line_num}", row) for row in reader]
    except UnicodeDecodeError as failure:
        raise WrongEncoding(
            "the decisions are not in UTF-8",
            where=str(path),
            spoiled="Names with accents would be misread.",
            todo="Save the file as CSV UTF-8.",
        ) from failure
    rows = pd.DataFrame([row for _, row in numbered], columns=list(reader.fieldnames or []), dtype="str")
    return _checked(rows, str(path), [line for line, _ in numbered])


def _checked(rows: pd.DataFrame, where: str, lines: list[str]) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in rows]
    if missing:
        raise ContractBroken(
            f"the decisions lack the column {', '.join(missing)}",
            where=where,
            spoiled="Nobody could tell which pair was judged, or by whom.",
            todo=f"Columns needed: {', '.join(COLUMNS)}.",
        )
    rows = rows[list(COLUMNS)].astype("str").apply(lambda cells: cells.str.strip())
    row: Any
    for line, row in zip(lines, rows.itertuples(index=False), strict=True):
        if row.decision not in _WORDS or not all(row):
            raise BadValue(
                f"a decision must be one of {', '.join(_WORDS)} and say who, when and why",
                where=f"{where}, {line}",
                spoiled="A plant could be named beside an injury on nobody's word.",
                todo="Fill the row in, or delete it.",
            )
    return rows


class Rulings:
    """The decisions as they bear on the records of some files.

    Parameters
    ----------
    decisions : DataFrame
        As :func:`load_decisions` returns them.
    sides : DataFrame
        By record_id: source, key; the records that are linked to places.
    """

    def __init__(self, decisions: pd.DataFrame, sides: pd.DataFrame) -> None:
        keys = sides[["source", "key"]].rename_axis("left_id").reset_index()
        keys = keys[keys["key"].isin(decisions["record"])]
        self._decisions = decisions
        self._on = decisions.merge(keys, left_on=["source", "record"], right_on=["source", "key"])
        self._sources = frozenset(sides["source"])

    def judged(self, places: Places) -> Judgements:
        """Return what is decided about each pair of a record and a place known so far.

        Raises
        ------
        BadValue
            If two places are confirmed for one record, or one is confirmed for a record that is split off.
        """
        found: Judgements = {}
        confirmed: dict[str, Any] = {}
        row: Any
        for row in self._on.itertuples(index=False):
            place = places.record_of(row.facility_id)
            if place is None or place == row.left_id:
                continue
            found[row.left_id, place] = Ruling(row.decision, f"{row.decision} by a person on {row.when}: {row.why}")
            if row.decision == "confirmed" and confirmed.setdefault(row.left_id, (place, row))[0] != place:
                first = confirmed[row.left_id][1]
                raise BadValue(
                    f"two facilities are confirmed for one record: {first.facility_id} and {row.facility_id}",
                    where=f"decisions on {row.source} {row.record}",
                    spoiled="One event would be counted at two plants, or at the wrong one.",
                    todo="Reject one of the two.",
                )
        for (left, _), ruling in found.items():
            if ruling.word == "split" and left in confirmed:
                row = confirmed[left][1]
                raise BadValue(
                    f"one record is split off as a place of its own and confirmed to be {row.facility_id}",
                    where=f"decisions on {row.source} {row.record}",
                    spoiled="It would be two places.",
                    todo="Where it is another facility, reject the wrong one instead of splitting it off.",
                )
        return found

    def unheeded(self, places: Places, pairs: Container[tuple[str, str]]) -> list[str]:
        """Say which decisions changed nothing, and why.

        Parameters
        ----------
        places : Places
        pairs : set of pair of str
            left_id and right_id of every pair that was made or proposed.
        """
        left = self._on.groupby(_PAIR, sort=False)["left_id"].agg(list).to_dict()
        found, elsewhere = [], 0
        row: Any
        for row in self._decisions.itertuples(index=False):
            place = places.record_of(row.facility_id)
            records = left.get((row.source, row.record, row.facility_id), [])
            if row.source not in self._sources:
                elsewhere += 1
            elif not records:
                found.append(f"{row.source} has no record {row.record}")
            elif place is None:
                found.append(f"no directory lists {row.facility_id}, {row.decision} for {row.record} of {row.source}")
            elif not any((record, place) in pairs for record in records):
                found.append(f"{row.record} of {row.source} is not paired with {row.facility_id} anyway")
        if elsewhere:
            found.append(f"{elsewhere:,} on records of sources that were not given")
        return found


def with_people(table: pd.DataFrame, bundle: Tables, judged: Judgements) -> pd.DataFrame:
    """Put the pairs that people confirmed in the place of all that was proposed for their records.

    What people rejected or split stays on show. A confirmed pair that nothing proposed has the method "decision" and
    no score. Of a record that people split off, nothing else is proposed: it is a place of its own.

    Parameters
    ----------
    table : DataFrame
        Rows of `Links.table`.
    bundle : Tables
        The file they are of.
    judged : dict
        As :meth:`Rulings.judged` returns them.
    """
    own = {record for _, frame in bundle for record in frame["record_id"]} if judged else set()
    ours = {pair: ruling for pair, ruling in judged.items() if pair[0] in own}
    if not ours:
        return table
    word = pd.Series(
        [ours[pair].word if pair in ours else "" for pair in zip(table["left_id"], table["right_id"], strict=True)],
        index=table.index,
        dtype="str",
    )
    decided = {left for (left, _), ruling in ours.items() if ruling.word in ("confirmed", "split")}
    table = table.assign(decision=table["decision"].mask(word != "", word))
    kept = table[~table["left_id"].isin(decided) | (word != "")]
    shown = set(zip(kept["left_id"], kept["right_id"], strict=True))
    unproposed = sorted(pair for pair, ruling in ours.items() if pair not in shown and ruling.word != "rejected")
    more = pd.DataFrame(unproposed, columns=["left_id", "right_id"]).assign(
        left_source=bundle.source_id,
        right_source=[right.rpartition("#")[0] for _, right in unproposed],
        method="decision",
        score=np.nan,
        reason=[ours[pair].reason for pair in unproposed],
        decision=[ours[pair].word for pair in unproposed],
    )
    return pd.concat([kept, more.reindex(columns=PAIR_COLUMNS)], ignore_index=True) if unproposed else kept
