"""What is said about links: which records are left, how many of each, what a reader should know."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from welfare.link.alike import can_place, to_place
from welfare.link.decisions import Rulings
from welfare.link.places import Places
from welfare.link.result import COUNTED, SIDE_BY_SIDE, among
from welfare.schema.tables import Tables

_REJECTED = "people rejected every facility it could be"
_SPLIT = "people found it to be another place than the facility it was joined to"
_NUMBER = "no facility of the directory carries its number"
_NOTHING = "it carries neither number, name nor address"
_OUTSIDE = "outside:"
_NAMED = 5  # so many decisions that changed nothing are named in a note
_SIDE = ["record_id", "source_id", "key", *SIDE_BY_SIDE]


def sides_of(bundles: Iterable[Tables]) -> pd.DataFrame:
    """Return, by record_id, what tells a person which record it is: source, key in its file, name and address."""
    parts = []
    for bundle in bundles:
        for _, frame in bundle:
            named = frame.rename(columns={"employer_name": "name"})
            key = named["event_id"] if "event_id" in named else named.get("facility_id")
            key = named["record_id"] if key is None else key.fillna(named["record_id"])
            part = named.assign(key=key).reindex(columns=_SIDE).astype("str")
            # Of a record in several tables, the row that says most: its name and address, if any table has them.
            parts.append(part.assign(source=bundle.source, told=part.notna().sum(axis=1)))
    table = pd.concat(parts, ignore_index=True).sort_values("told", ascending=False, kind="stable")
    return table.drop_duplicates("record_id").set_index("record_id").drop(columns="told")


def places_of(places: Places, table: pd.DataFrame, bundles: Iterable[Tables]) -> pd.DataFrame:
    """Return every record of a directory, and every counted record of another file, with the id of its place.

    Its time is what its own row states, else that of its file.
    """
    counted = table[table["decision"].isin(COUNTED)]
    homes = places.homes | {
        left: places.homes[right] for left, right in zip(counted["left_id"], counted["right_id"], strict=True)
    }
    since, until = _times(bundles)
    records = pd.Series(list(homes), dtype="str")
    return pd.DataFrame(
        {
            "facility_id": pd.Series([places.ids[home] for home in homes.values()], dtype="str"),
            "record_id": records,
            "valid_from": records.map(since).astype("datetime64[s]"),
            "valid_to": records.map(until).astype("datetime64[s]"),
        }
    )


def _times(bundles: Iterable[Tables]) -> tuple[pd.Series, pd.Series]:
    """Return, by record_id, the first and the last day each record is of."""
    parts = []
    for bundle in bundles:
        since, until = bundle.period or (None, None)
        records = _records_of(bundle)
        rows = pd.DataFrame({"valid_from": since, "valid_to": until}, index=records, dtype="datetime64[s]")
        own = bundle.facilities.drop_duplicates("record_id").set_index("record_id")[["valid_from", "valid_to"]]
        parts.append(own.reindex(records).astype("datetime64[s]").fillna(rows))
    both = pd.concat(parts)
    return both["valid_from"], both["valid_to"]


def _records_of(bundle: Tables) -> pd.Index:
    return pd.Index(dict.fromkeys(record for _, frame in bundle for record in frame["record_id"]))


def unmatched_records(others: list[Tables], table: pd.DataFrame) -> pd.DataFrame:
    """Return the records that no pair is counted or waiting for, each with the reason."""
    waiting = set(table.loc[~table["decision"].isin(("rejected", "split")), "left_id"])
    split = set(table.loc[table["decision"] == "split", "left_id"])
    rejected = set(table["left_id"]) - waiting
    parts = []
    for bundle in others:
        numbered, alike = set(bundle.identifiers["record_id"].tolist()), _why_no_place(bundle)

        def why(record: str, numbered: set[str] = numbered, alike: dict[str, str] = alike) -> str:
            if record in split:
                return _SPLIT
            if record in rejected:
                return _REJECTED
            return alike.get(record, _NUMBER if record in numbered else _NOTHING)

        left = [record for record in _records_of(bundle).tolist() if record not in waiting]
        reasons = [why(record) for record in left]
        parts.append(pd.DataFrame({"record_id": left, "source_id": bundle.source_id, "reason": reasons}, dtype="str"))
    empty = pd.DataFrame(columns=["record_id", "source_id", "reason"], dtype="str")
    return pd.concat([empty, *parts], ignore_index=True)


def _why_no_place(bundle: Tables) -> dict[str, str]:
    """Return, by record_id, why a record with a name or an address has no place, if it has none."""
    rows = to_place(bundle)
    reports = not len(bundle.facilities)
    alike = "no facility is alike in name and place"
    with_number = set(bundle.identifiers["record_id"].tolist())
    numbered = among(rows["record_id"], with_number)
    reason = pd.Series(alike, index=rows.index, dtype="str")
    reason[numbered] = f"{_NUMBER}; {alike}"
    reason[rows["region"].isna() & reports] = "it does not say in which region it happened"
    reason[~can_place(rows, must_state=reports)] = f"{_OUTSIDE} another industry than the directory's"
    reason[rows["industry_code"].isna() & reports] = f"{_OUTSIDE} it states no industry"
    return dict(zip(rows["record_id"].tolist(), reason.tolist(), strict=True))


def summarise(others: list[Tables], table: pd.DataFrame, unmatched: pd.DataFrame) -> pd.DataFrame:
    """Count each file's records once: by what is decided, or as rejected, unmatched or outside."""
    decided = table[~table["decision"].isin(("rejected", "split"))].drop_duplicates("left_id")
    rows = []
    for bundle in others:
        words = decided.loc[decided["left_source"] == bundle.source_id, "decision"].value_counts()
        left = unmatched.loc[unmatched["source_id"] == bundle.source_id, "reason"]
        rejected, outside = int(left.isin((_REJECTED, _SPLIT)).sum()), int(left.str.startswith(_OUTSIDE).sum())
        rows.append(
            {
                "source_id": bundle.source_id,
                "records": len(_records_of(bundle)),
                **{word: int(words.get(word, 0)) for word in ("linked", "confirmed", "review")},
                "rejected": rejected,
                "unmatched": len(left) - rejected - outside,
                "outside": outside,
            }
        )
    columns = ["source_id", "records", "linked", "confirmed", "review", "rejected", "unmatched", "outside"]
    return pd.DataFrame(rows, columns=columns)


def multiples(table: pd.DataFrame, lists: Container[str]) -> pd.DataFrame:
    """Return which records may be several places, and which places have several records of one list.

    Parameters
    ----------
    table : DataFrame
        Rows of `Links.table`.
    lists : set of str
        The source_id of each file that lists facilities: of one that counts events, many are of one place.

    Returns
    -------
    DataFrame
        One row per group of records and places that hang together: source_id, kind (one-to-many, many-to-one,
        many-to-many), records, places, left_ids and right_ids (joined by a space), decision (of its pairs, joined
        by +).
    """
    standing = table[table["decision"].isin((*COUNTED, "review"))]
    parts = []
    for source, pairs in standing.groupby("left_source", sort=False):
        left, records = pd.factorize(pairs["left_id"])
        right, places = pd.factorize(pairs["right_id"])
        edges = coo_array((np.ones(len(pairs)), (left, len(records) + right)), shape=(len(records) + len(places),) * 2)
        group = connected_components(edges, directed=False)[1][left]
        pairs = pairs.assign(group=group)
        size = pairs.groupby("group").agg(records=("left_id", "nunique"), places=("right_id", "nunique"))
        size = size[(size["places"] > 1) | ((size["records"] > 1) & (source in lists))]
        several = pairs[pairs["group"].isin(size.index)].groupby("group")
        ids = several.agg(left_ids=("left_id", _joined), right_ids=("right_id", _joined))
        words = several["decision"].agg(lambda words: "+".join(sorted(set(words))))
        parts.append(size.join(ids).join(words).assign(source_id=source))
    columns = ["source_id", "kind", "records", "places", "left_ids", "right_ids", "decision"]
    if not parts:
        return pd.DataFrame(columns=columns)
    many = pd.concat(parts, ignore_index=True)
    kind = pd.Series("many-to-many", index=many.index, dtype="str")
    kind = kind.mask(many["records"] == 1, "one-to-many").mask(many["places"] == 1, "many-to-one")
    return many.assign(kind=kind)[columns]


def _joined(ids: pd.Series) -> str:
    return " ".join(dict.fromkeys(ids))


def text_of(summary: pd.DataFrame, spine: Tables, several: pd.DataFrame, *, simulated: bool) -> str:
    """Say how many records of each file are linked, and what is not resolved."""
    sentences = []
    row: Any
    for row in summary.itertuples(index=False):
        within = row.records - row.outside
        counted = row.linked + row.confirmed
        share = f"{counted / within:.1%}" if within else "none"
        kept = f" ({row.outside:,} more are of other industries)" if row.outside else ""
        waiting = f"; {row.review:,} wait for a person" if row.review else ""
        sentences.append(f"{row.source_id}: {counted:,} of {within:,} records linked, {share}{kept}{waiting}.")
    world = "SIMULATED. " if simulated else ""
    doubtful = several[several["decision"].str.contains("review")]["kind"].value_counts()
    unsettled = [_groups(many, kind) for kind in ("one-to-many", "many-to-many") if (many := doubtful.get(kind, 0))]
    left = f" Left to a person: {' and '.join(unsettled)} of records and places." if unsettled else ""
    return (
        f"{world}The {len(spine.facilities):,} facilities of {spine.source_id} are the places. "
        + " ".join(sentences)
        + left
        + " A linked record enters totals; a plant is named beside an injury only if a person confirmed the link."
    )


def _groups(many: int, kind: str) -> str:
    return f"{many:,} {kind} {'group' if many == 1 else 'groups'}"


def notes(
    table: pd.DataFrame, spine: Tables, directories: list[Tables], places: Places, rulings: Rulings
) -> tuple[str, ...]:
    """Say what a user of the figures should know: which plants are places, and what the decisions did not change."""
    notes = [f"The places are those of {spine.source_id}; plants that closed before it are missing from it."]
    for bundle in directories:
        records = bundle.facilities["record_id"]
        if own := sum(places.homes[record] == record for record in records.tolist()):
            notes.append(
                f"{own:,} records of {bundle.source_id} carry no number that is believed to be that of a plant of a "
                "newer directory; they stand as places of their own."
            )
    counted = table[table["decision"].isin(COUNTED)]
    listed = {bundle.source_id for bundle in (spine, *directories)}
    gone = counted[~counted["left_source"].isin(listed) & (counted["right_source"] != spine.source_id)]
    for source, many in gone.groupby("left_source", sort=False).size().items():
        notes.append(f"{many:,} linked records of {source} are of plants that {spine.source_id} does not list.")
    notes += [
        f"{sum(flags.values()):,} coordinates of {source} are no evidence of the place: "
        f"{', '.join(f'{many:,} {flag}' for flag, many in flags.items())}."
        for source, flags in places.unusable.items()
    ]
    notes += _twice(counted, spine, places)
    if unheeded := rulings.unheeded(places, set(zip(table["left_id"], table["right_id"], strict=True))):
        more = f"; and {len(unheeded) - _NAMED:,} more" if len(unheeded) > _NAMED else ""
        notes.append(
            f"{len(unheeded):,} findings about decisions that changed nothing: {'; '.join(unheeded[:_NAMED])}{more}."
        )
    return tuple(notes)


def _twice(counted: pd.DataFrame, spine: Tables, places: Places) -> list[str]:
    """Say which files hold several records of one place, where they would be expected to hold one."""
    again = len(spine.facilities) - len(set(map(places.homes.__getitem__, spine.facilities["record_id"])))
    notes = (
        [f"{again:,} records of {spine.source_id} repeat a facility_id and are one place with its first."]
        if again
        else []
    )
    numbered = counted[counted["method"] != "likeness"]
    shared = numbered.groupby(["left_source", "right_id"], sort=False).size()
    for source, many in shared[shared > 1].groupby(level=0, sort=False).size().items():
        notes.append(f"{many:,} places carry more than one record of {source}; counts of such records are added.")
    return notes
