"""Pairs of one file's records with the places, each with its score, its reason and what is decided about it."""

from __future__ import annotations

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


def numbered_pairs(bundle: Tables, spine: Tables, sides: pd.DataFrame, judged: Judgements) -> pd.DataFrame:
    """Pair a file's records with the places by their numbers.

    Parameters
    ----------
    bundle, spine : Tables
        The file, and the directory that gives the places.
    sides : DataFrame
        By record_id: source, key, name, street, city, region, postcode.
    judged : dict
        People's decisions by source, record and facility_id.

    Returns
    -------
    DataFrame
        Rows of `Links.table`.
    """
    pairs = by_identifier(bundle.identifiers, spine.identifiers)
    doubts = _doubts(pairs, bundle, spine)
    rows = pd.DataFrame(
        {
            "left_id": pairs["left_id"],
            "right_id": pairs["right_id"],
            "left_source": bundle.source_id,
            "right_source": spine.source_id,
            "method": "identifier",
            "score": 1.0,
            "reason": pairs["reason"].where(doubts == "", pairs["reason"] + "; " + doubts),
            "decision": pd.Series("linked", index=pairs.index).where(doubts == "", "review"),
        }
    )
    if judged:
        keys = sides["key"].to_dict()
        words = [
            judged.get((bundle.source, keys[left], keys[right]))
            for left, right in zip(rows["left_id"], rows["right_id"], strict=True)
        ]
        rows["decision"] = [word or before for word, before in zip(words, rows["decision"], strict=True)]
    return rows[COLUMNS]


def _doubts(pairs: pd.DataFrame, bundle: Tables, spine: Tables) -> pd.Series:
    """Say, pair by pair, why a shared number does not decide; empty where it does."""
    doubts = pd.Series("", index=pairs.index, dtype="str")
    doubts[pairs["choices"] > 1] = "its numbers lead to several facilities"
    if not bundle.facilities["region"].notna().any():
        return doubts
    weights = NameWeights(spine.facilities["name"].dropna())
    ours, theirs = _by_record(bundle), _by_record(spine)
    pair: Any
    for pair in pairs[doubts == ""].itertuples():
        left, right = ours[pair.left_id], theirs[pair.right_id]
        if left.region != right.region:
            doubts[pair.Index] = f"{left.region} in one file, {right.region} in the other: the number was handed on"
            continue
        name = weights.likeness(text_or_empty(left.name), text_or_empty(right.name))
        place = same_place(address_of(left), address_of(right))
        if name < _NAME_KEPT and place.strength < _PLACE_KEPT:
            doubts[pair.Index] = "neither name nor place is alike: the number may have been handed on"
    return doubts


def _by_record(bundle: Tables) -> dict[str, Any]:
    rows: Any = bundle.facilities.itertuples(index=False)
    return {row.record_id: row for row in rows}


def reported_pairs(bundle: Tables, matcher: Matcher, sides: pd.DataFrame, judged: Judgements) -> pd.DataFrame:
    """Pair a file's reports with the places by name, address, distance and activity.

    Parameters
    ----------
    bundle : Tables
        A file with injuries that carry no number.
    matcher : Matcher
        Knows the places.
    sides, judged
        As for :func:`numbered_pairs`.

    Returns
    -------
    DataFrame
        Rows of `Links.table`: for a report that is counted its one pair, for a doubtful one the best few.
    """
    keys = sides["key"].to_dict()
    rows: list[Row] = []
    seen: dict[tuple[str, ...], list[Pair]] = {}
    report: Any
    for report in bundle.injuries.itertuples(index=False):
        if not matcher.can_place(text_or_empty(report.industry_code)):
            continue
        about = tuple(map(str, (report.employer_name, *address_of(report), report.region, report.industry_code)))
        if about not in seen:
            seen[about] = matcher.candidates(report)
        words = {
            pair.right_id: judged.get((bundle.source, str(report.event_id), keys[pair.right_id]))
            for pair in seen[about]
        }
        rows += _rows(str(report.record_id), seen[about], words)
    table = pd.DataFrame(rows, columns=["left_id", "right_id", "method", "score", "reason", "decision"])
    return table.assign(left_source=bundle.source_id, right_source=table["right_id"].str.rpartition("#")[0])[COLUMNS]


def _rows(record_id: str, pairs: list[Pair], words: dict[str, str | None]) -> list[Row]:
    """Return a report's rows: what people rejected is out of the running, what they confirmed ends it."""
    confirmed = [pair for pair in pairs if words[pair.right_id] == "confirmed"]
    rejected = [pair for pair in pairs if words[pair.right_id] == "rejected"]
    running = [pair for pair in pairs if pair not in rejected]
    decision = "confirmed" if confirmed else decide(running)
    shown = {"confirmed": confirmed, "linked": running[:1], "review": running[:_SHOWN], "none": []}[decision]
    return [
        (record_id, pair.right_id, "likeness", pair.score, pair.reason, word)
        for word, part in ((decision, shown), ("rejected", rejected))
        for pair in part
    ]
