"""Pairs of a file's records with the places by name, address, distance and activity: linked, or left to a person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from welfare.link.decisions import Judgements
from welfare.link.exact import with_other_forms
from welfare.link.likeness.comparing import DOOR, PLACES
from welfare.link.match import Engine, match
from welfare.link.places import Places
from welfare.link.result import COLUMNS, among
from welfare.schema.codes import shipped
from welfare.schema.tables import Tables

# A score from which a pair is counted. Two vintages of one list say the same places again: there, likelier than not is
# enough, and of pairs scored 0.4 more than half are true (docs/explanation/linking.md), if no rival on either side is
# nearly as likely. Elsewhere a wrong link accuses a wrong plant.
_SAME_SOURCE, _OTHER_SOURCE, _LEAD = 0.4, 0.8, 0.1
# Between sources a name must be alike at least so much, and the two addresses must not contradict each other: a firm
# at the door may be a contractor, and a firm elsewhere in town another plant of the same owner.
_NAME_AT_DOOR, _NAME_ELSEWHERE = 0.35, 0.7
# Whose number has changed is the same plant only if its name stayed and the rest is all but certain.
_NAME_STAYED, _ALL_BUT_CERTAIN = 0.85, 0.9
# Below this a pair is not worth a person's time; of a doubtful record so many places are laid before one.
# Where many places share the likelihood, each is below it, and a person should still know.
_WORTH_READING, _SOMEWHERE, _SHOWN = 0.2, 0.5, 3
_ROW = ["record_id", "source_id", "name", "other_names", "street", "city", "region", "postcode", "country"]
_ROW += ["latitude_deg", "longitude_deg", "activities"]


def to_place(bundle: Tables) -> pd.DataFrame:
    """Return the records of a file that say by name, street or coordinates where they are from.

    Returns
    -------
    DataFrame
        Columns as :func:`welfare.link.match.match` takes them, and industry_code. Where no activities are stated, those
        of the industry.
    """
    parts = [bundle.facilities]
    if len(bundle.injuries):
        parts.append(bundle.injuries.rename(columns={"employer_name": "name"}))
    rows = pd.concat([part.reindex(columns=[*_ROW, "industry_code"]) for part in parts], ignore_index=True)
    stated = rows["name"].notna() | rows["street"].notna() | rows["latitude_deg"].notna()
    rows = rows[stated.to_numpy()].drop_duplicates("record_id", ignore_index=True)
    return rows.assign(activities=rows["activities"].fillna(rows["industry_code"].map(industry_activities())))


def industry_activities() -> dict[str, str]:
    """Return, by industry code, what a facility of that industry may be approved to do."""
    book = shipped("codes/industry_activities.csv")
    return dict(zip(book["code"].astype("str"), book["activities"].astype("str"), strict=True))


def can_place(rows: pd.DataFrame, *, must_state: bool) -> pd.Series:
    """Return whether the industry of each record is one whose facilities a directory lists.

    Parameters
    ----------
    rows : DataFrame
        industry_code.
    must_state : bool
        Whether a record that states no industry is none of ours: of every employer's reports most are not.
    """
    codes = rows["industry_code"]
    return codes.isin(list(industry_activities())) | (codes.isna() & (not must_state))


def alike_pairs(
    bundle: Tables, places: Places, judged: Judgements, numbered: pd.DataFrame, *, engine: Engine = "auto"
) -> pd.DataFrame:
    """Pair the records that no number leads anywhere with the places they are like.

    Parameters
    ----------
    bundle : Tables
    places : Places
    judged : dict
        People's decisions by left_id and right_id.
    numbered : DataFrame
        The pairs of this file that were made by number.
    engine : {"auto", "rapidfuzz", "splink"}

    Returns
    -------
    DataFrame
        Rows of `Links.table`: for a record that is counted its one pair, for a doubtful one the best few.
    """
    split = {left for (left, _), ruling in judged.items() if ruling.word == "split"}
    rejected = {pair for pair, ruling in judged.items() if ruling.word == "rejected"}
    rows = to_place(bundle)
    lists_places = len(bundle.facilities) > 0
    rows = rows[can_place(rows, must_state=not lists_places).to_numpy()]
    standing = numbered[numbered["decision"] != "rejected"]
    done = {*standing["left_id"].tolist(), *split}
    rows = rows[~among(rows["record_id"], done)]
    rows = places.with_usable_points(rows)
    found = match(rows, places.listed, homes=places.homes, one_to_one=lists_places, engine=engine, ruled_out=rejected)
    found["same_source"] = _without_vintage(found["left_id"]) == _without_vintage(found["right_id"])
    taken = standing if lists_places else standing.iloc[:0]
    found["against"] = pd.Series(_against(found, bundle, places, taken), index=found.index, dtype="str")
    table = _decided(found).assign(left_source=bundle.source_id, method="likeness")
    table["right_source"] = table["right_id"].str.replace(r"#[^#]*$", "", regex=True)
    return table.reindex(columns=COLUMNS)


def _against(found: pd.DataFrame, bundle: Tables, places: Places, standing: pd.DataFrame) -> list[str]:
    """Say, pair by pair, what keeps a record and a place from being counted as one; empty if nothing does."""
    ours = _numbers(bundle.identifiers, set(found["left_id"].tolist()))
    theirs = _numbers(places.identifiers, set(found["place_id"].tolist()))
    taken = set(standing.loc[standing["decision"].isin(("linked", "confirmed")), "right_id"])
    against = []
    pair: Any
    for pair in found.itertuples(index=False):
        one, other = ours.get(pair.left_id, set()), theirs.get(pair.place_id, set())
        both = {scheme for scheme, _ in one} & {scheme for scheme, _ in other}
        same_plant = pair.name >= _NAME_STAYED and pair.score >= _ALL_BUT_CERTAIN
        if pair.place_id in taken:
            against.append("another record of the file has that facility's number")
        elif not pair.same_source and pair.name < (_NAME_AT_DOOR if pair.place == PLACES[DOOR] else _NAME_ELSEWHERE):
            against.append("another name")
        elif not pair.same_source and "another" in pair.place:
            against.append("it may be another plant of the firm")
        elif both and not one & other and not same_plant:
            against.append(f"another {min(both)} number")
        else:
            against.append("")
    return against


def _numbers(identifiers: pd.DataFrame, records: set[str]) -> dict[str, set[tuple[str, str]]]:
    """Return the numbers of some records, by record_id."""
    known = with_other_forms(identifiers[among(identifiers["record_id"], records)])
    held: dict[str, set[tuple[str, str]]] = {}
    cells = (known[name].tolist() for name in ("record_id", "scheme", "identifier"))
    for record, scheme, number in zip(*cells, strict=True):
        held.setdefault(record, set()).add((scheme, number))
    return held


def _decided(found: pd.DataFrame) -> pd.DataFrame:
    """Say of each pair whether it is counted, left to a person or rejected; what is too unlike is not returned."""
    out = found["ruled_out"]
    running = found[~out]
    rank = running.groupby("left_id", sort=False).cumcount() + 1
    enough = running["score"] >= running["same_source"].map({True: _SAME_SOURCE, False: _OTHER_SOURCE})
    enough &= _leads(running) | ~running["same_source"]
    linked = (rank == 1) & enough & (running["against"] == "")
    settled = linked.groupby(running["left_id"]).transform("any")
    worth = running["score"] >= _WORTH_READING
    one_of_many = ~worth & (running["total"] >= _SOMEWHERE)
    review = ~settled & (worth | one_of_many) & (rank <= _SHOWN)
    reason = running["reason"].where(running["against"] == "", running["reason"] + "; " + running["against"])
    reason = reason.where(~one_of_many, reason + "; one of many that are as likely")
    word = pd.Series("review", index=running.index).mask(linked, "linked")
    running = running.assign(decision=word, reason=reason)[linked | review]
    rejected = found[out & (found["score"] >= _WORTH_READING)].assign(decision="rejected")
    both = pd.concat([running, rejected])
    order = pd.Series(pd.factorize(found["left_id"])[0], index=found.index)
    both = both.assign(order=order[both.index].to_numpy()).sort_values("order", kind="stable")
    return both[["left_id", "place_id", "score", "reason", "decision"]].rename(columns={"place_id": "right_id"})


def _leads(pairs: pd.DataFrame) -> pd.Series:
    """Return whether each pair is clearly likelier than any other of its record, and of its place."""
    ordered = pairs.sort_values("score", ascending=False, kind="stable")
    clear = pd.Series(True, index=pairs.index)
    for side in ("left_id", "place_id"):
        place = ordered.groupby(side, sort=False).cumcount()
        second = ordered[place == 1].set_index(side)["score"]
        lead = ordered["score"] - second.reindex(ordered[side]).fillna(0.0).to_numpy()
        clear &= ((place == 0) & (lead >= _LEAD)).reindex(pairs.index)
    return clear


def _without_vintage(records: pd.Series) -> pd.Series:
    return records.str.replace("@.*", "", regex=True)
