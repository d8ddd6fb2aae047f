"""Pairs of one file's records with the places, each with its score, its reason and what is decided about it."""

from __future__ import annotations

from math import nan
from typing import Any

import pandas as pd

from welfare.link.addresses import same_place
from welfare.link.decisions import Judgements
from welfare.link.exact import by_identifier
from welfare.link.match import Matcher, Pair, address_of, decide, text_or_empty
from welfare.link.names import NameWeights
from welfare.schema.tables import Tables

COLUMNS = ["left_id", "right_id", "left_source", "right_source", "method", "score", "reason", "decision"]
_SHOWN = 3  # of a doubtful report, so many facilities are laid before a person
# An older directory's number is believed where the name or the place is at least this alike.
_NAME_KEPT, _PLACE_KEPT = 0.5, 0.65

Row = tuple[str, str, str, float, str, str]  # left_id, right_id, method, score, reason, decision


def numbered_pairs(bundle: Tables, facilities: pd.DataFrame, numbers: pd.DataFrame, judged: Judgements) -> pd.DataFrame:
    """Pair a file's records with the places by their numbers.

    Parameters
    ----------
    bundle : Tables
        The file.
    facilities, numbers : DataFrame
        Tidy tables `facilities` and `identifiers` of the places.
    judged : dict
        People's decisions by left_id and right_id.

    Returns
    -------
    DataFrame
        Rows of `Links.table`.
    """
    rejected = {pair for pair, ruling in judged.items() if ruling.word == "rejected"}
    pairs = by_identifier(bundle.identifiers, numbers, rejected)
    doubts = _doubts(pairs, bundle, facilities)
    decision = pd.Series("linked", index=pairs.index).where(doubts == "", "review")
    rows = pd.DataFrame(
        {
            "left_id": pairs["left_id"],
            "right_id": pairs["right_id"],
            "left_source": bundle.source_id,
            "right_source": pairs["right_id"].map(_file_of),
            "method": "identifier",
            "score": 1.0,
            "reason": pairs["reason"].where(doubts == "", pairs["reason"] + "; " + doubts),
            "decision": decision.where(pairs["choices"] > 0, "rejected"),
        }
    )
    return _with_confirmed(rows[COLUMNS], bundle, judged)


def _doubts(pairs: pd.DataFrame, bundle: Tables, facilities: pd.DataFrame) -> pd.Series:
    """Say, pair by pair, why a shared number does not decide; empty where it does."""
    doubts = pd.Series("", index=pairs.index, dtype="str")
    doubts[pairs["choices"] > 1] = "its numbers lead to several facilities"
    ours, theirs = _by_record(bundle.facilities), _by_record(facilities)
    if not ours:
        return doubts
    weights = NameWeights(facilities["name"].dropna())
    pair: Any
    for pair in pairs[pairs["choices"] == 1].itertuples():
        left, right = ours.get(pair.left_id), theirs.get(pair.right_id)
        if left is None or right is None:
            continue  # a file that does not say where its records are cannot contradict the number
        if left.region != right.region:
            doubts[pair.Index] = f"{left.region} in one file, {right.region} in the other: the number was handed on"
            continue
        name = weights.likeness(text_or_empty(left.name), text_or_empty(right.name))
        place = same_place(address_of(left), address_of(right))
        if name < _NAME_KEPT and place.strength < _PLACE_KEPT:
            doubts[pair.Index] = "neither name nor place is alike: the number may have been handed on"
    return doubts


def _by_record(facilities: pd.DataFrame) -> dict[str, Any]:
    """Return, by record_id, the rows that say in which region they are."""
    rows: Any = facilities[facilities["region"].notna()].itertuples(index=False)
    return {row.record_id: row for row in rows}


def reported_pairs(bundle: Tables, matcher: Matcher, judged: Judgements) -> pd.DataFrame:
    """Pair a file's reports with the places by name, address, distance and activity.

    Parameters
    ----------
    bundle : Tables
        A file with injuries that carry no number.
    matcher : Matcher
        Knows the places.
    judged : dict
        As for :func:`numbered_pairs`.

    Returns
    -------
    DataFrame
        Rows of `Links.table`: for a report that is counted its one pair, for a doubtful one the best few.
    """
    rejected = {pair for pair, ruling in judged.items() if ruling.word == "rejected"}
    rows: list[Row] = []
    seen: dict[tuple[str, ...], list[Pair]] = {}
    report: Any
    for report in bundle.injuries.itertuples(index=False):
        if not matcher.can_place(text_or_empty(report.industry_code)):
            continue
        about = tuple(map(str, (report.employer_name, *address_of(report), report.region, report.industry_code)))
        if about not in seen:
            seen[about] = matcher.candidates(report)
        rows += _rows(str(report.record_id), seen[about], rejected)
    table = pd.DataFrame(rows, columns=["left_id", "right_id", "method", "score", "reason", "decision"])
    table = table.assign(left_source=bundle.source_id, right_source=table["right_id"].map(_file_of))
    return _with_confirmed(table[COLUMNS], bundle, judged)


def _rows(record_id: str, pairs: list[Pair], rejected: set[tuple[str, str]]) -> list[Row]:
    """Return a report's rows: what people rejected is out of the running, the rest is judged without it."""
    out = [pair for pair in pairs if (record_id, pair.right_id) in rejected]
    running = [pair for pair in pairs if pair not in out]
    decision = decide(running)
    shown = {"linked": running[:1], "review": running[:_SHOWN], "none": []}[decision]
    return [
        (record_id, pair.right_id, "likeness", pair.score, pair.reason, word)
        for word, part in ((decision, shown), ("rejected", out))
        for pair in part
    ]


def _with_confirmed(table: pd.DataFrame, bundle: Tables, judged: Judgements) -> pd.DataFrame:
    """Put the pairs that people confirmed in the place of all that was proposed for their records.

    What people rejected stays on show. A confirmed pair that nothing proposed has the method "decision" and no score.
    """
    own = {record for _, frame in bundle for record in frame["record_id"]} if judged else set()
    confirmed = {
        left: (right, ruling.reason)
        for (left, right), ruling in judged.items()
        if ruling.word == "confirmed" and left in own
    }
    if not confirmed:
        return table
    chosen = pd.Series({left: right for left, (right, _) in confirmed.items()})
    right = table["left_id"].map(chosen)
    kept = table[right.isna() | (table["right_id"] == right) | (table["decision"] == "rejected")].copy()
    kept.loc[kept["right_id"] == kept["left_id"].map(chosen), "decision"] = "confirmed"
    unproposed = sorted(set(confirmed).difference(kept.loc[kept["decision"] == "confirmed", "left_id"]))
    added = [
        (left, confirmed[left][0], bundle.source_id, _file_of(confirmed[left][0]), "decision", nan, confirmed[left][1])
        for left in unproposed
    ]
    more = pd.DataFrame(added, columns=COLUMNS[:-1]).assign(decision="confirmed")
    return pd.concat([kept, more], ignore_index=True) if added else kept


def _file_of(record_id: str) -> str:
    return record_id.rpartition("#")[0]
