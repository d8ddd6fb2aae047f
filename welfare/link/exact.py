"""Linking by number: two records that carry the same identifier of the same scheme, unless something speaks against."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
import pandas as pd

from welfare.link.decisions import Judgements
from welfare.link.likeness.comparing import POSTCODE, compare
from welfare.link.likeness.records import Words, comparable
from welfare.link.places import Places
from welfare.link.result import COLUMNS
from welfare.schema.codes import shipped
from welfare.schema.tables import Tables

# Which number is believed first, where a record carries several: an establishment's own number outlives its grants.
# Schemes not named here come after, in the order of their names.
_FIRST = ("us.fsis", "us.fsis.grant")
# A number is believed where the names are at least this alike, or the place is at least of the same postcode.
_NAME_KEPT = 0.5
# A number that two places have held is that of the nearer listing in time, if that is so near; and a place that no
# longer holds it is not proposed for longer after its last listing.
_FRESH = pd.Timedelta(days=730)


def by_identifier(
    left: pd.DataFrame, right: pd.DataFrame, rejected: Container[tuple[str, str]] = frozenset()
) -> pd.DataFrame:
    """Pair records that share an identifier.

    Parameters
    ----------
    left, right : DataFrame
        `identifiers` tables.
    rejected : set of pair of str
        Pairs (left_id, right_id) that people found to be different places: they keep no other pair back.

    Returns
    -------
    DataFrame
        Columns left_id, right_id, reason, choices: one row per left record that shares a number with a right one, or
        several if its numbers lead to several. `choices` is how many right records its best scheme leads to; above
        1, the numbers do not decide. A rejected pair has `choices` 0.
    """
    keys = ["scheme", "identifier"]
    pairs = with_other_forms(left)[["record_id", *keys]].merge(
        with_other_forms(right)[["record_id", *keys]], on=keys, suffixes=("_left", "_right")
    )
    pairs = pairs.rename(columns={"record_id_left": "left_id", "record_id_right": "right_id"})
    schemes = [*_FIRST, *sorted(set(pairs["scheme"]).difference(_FIRST))]
    pairs["rank"] = pairs["scheme"].map({scheme: rank for rank, scheme in enumerate(schemes)}).astype(int)
    each = ["left_id", "rank", "right_id"]
    pairs = pairs.sort_values([*each, "identifier"], kind="stable").drop_duplicates([*each, "identifier"])
    found = _joined(pairs, [*each, "scheme"])
    found = found.drop_duplicates(["left_id", "right_id"])  # a pair counts by its best scheme
    out = pd.Series(
        [pair in rejected for pair in zip(found["left_id"].tolist(), found["right_id"].tolist(), strict=True)],
        found.index,
    )
    best = found["rank"].mask(out).groupby(found["left_id"]).transform("min")
    found = found[out | (found["rank"] == best)].assign(standing=(~out).astype(int))
    many = found.groupby("left_id")["standing"].transform("sum").where(found["standing"] == 1, 0)
    return pd.DataFrame(
        {
            "left_id": found["left_id"],
            "right_id": found["right_id"],
            "reason": "same " + found["scheme"] + " " + found["identifier"],
            "choices": many,
        }
    ).reset_index(drop=True)


def _joined(pairs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return one row per pair and scheme, several numbers joined by +."""
    several = pairs.duplicated(by, keep=False)
    joined: dict[tuple[object, ...], str] = {}
    for *key, number in pairs.loc[several, [*by, "identifier"]].to_numpy(dtype=object).tolist():
        joined[tuple(key)] = f"{joined[tuple(key)]}+{number}" if tuple(key) in joined else number
    rows = pd.DataFrame([(*key, numbers) for key, numbers in joined.items()], columns=[*by, "identifier"])
    found = pd.concat([pairs.loc[~several, [*by, "identifier"]], rows], ignore_index=True)
    return found.sort_values(by[:-1], kind="stable", ignore_index=True)


def with_other_forms(identifiers: pd.DataFrame) -> pd.DataFrame:
    """Return identifiers with the forms in which other agencies write them: grant M112 is also number core 112."""
    parts = [identifiers]
    form: Any
    for form in shipped("codes/identifier_forms.csv").itertuples(index=False):
        own = identifiers[identifiers["scheme"] == form.scheme]
        short = own["identifier"].str.extract(str(form.pattern), expand=False).str.lower()
        parts.append(own.assign(scheme=form.other_scheme, identifier=short).dropna(subset=["identifier"]))
    core = pd.concat(parts, ignore_index=True)
    return core.drop_duplicates(["record_id", "scheme", "identifier"])


def numbered_pairs(bundle: Tables, places: Places, judged: Judgements, *, newest_only: bool) -> pd.DataFrame:
    """Pair a file's records with the places by their numbers.

    Parameters
    ----------
    bundle : Tables
        The file.
    places : Places
        The places known so far.
    judged : dict
        People's decisions by left_id and right_id.
    newest_only : bool
        Leave a place out for records of a time well after a directory last listed their number there.

    Returns
    -------
    DataFrame
        Rows of `Links.table`.
    """
    rejected = {pair for pair, ruling in judged.items() if ruling.word != "confirmed"}
    since = bundle.period[0] - _FRESH if bundle.period else None
    numbers = places.numbers_held(since) if newest_only else places.identifiers
    pairs = by_identifier(bundle.identifiers, numbers, rejected)
    if bundle.period:
        pairs = _of_their_time(pairs, places, bundle.period)
    doubts = _doubts(pairs, bundle, places.facilities)
    decision = pd.Series("linked", index=pairs.index).where(doubts == "", "review")
    rows = pd.DataFrame(
        {
            "left_id": pairs["left_id"],
            "right_id": pairs["right_id"],
            "left_source": bundle.source_id,
            "right_source": pairs["right_id"].str.replace(r"#[^#]*$", "", regex=True),
            "method": "identifier",
            "score": 1.0,
            "reason": pairs["reason"].where(doubts == "", pairs["reason"] + "; " + doubts),
            "decision": decision.where(pairs["choices"] > 0, "rejected"),
        }
    )
    return rows.reindex(columns=COLUMNS)


def _of_their_time(pairs: pd.DataFrame, places: Places, period: tuple[pd.Timestamp, pd.Timestamp]) -> pd.DataFrame:
    """Of several places that held a record's number, keep the one that held it at the time of the record."""
    if not (pairs["choices"] > 1).any():
        return pairs
    away = pairs["right_id"].map(lambda place: places.time_from(place, period)).astype("timedelta64[s]")
    standing = pairs["choices"] > 0
    nearest = away.where(standing).groupby(pairs["left_id"]).transform("min")
    kept = ~standing | away.isna() | nearest.isna() | (nearest > _FRESH) | (away == nearest)
    pairs = pairs[kept]
    many = (pairs["choices"] > 0).groupby(pairs["left_id"]).transform("sum").where(pairs["choices"] > 0, 0)
    return pairs.assign(choices=many).reset_index(drop=True)


def _doubts(pairs: pd.DataFrame, bundle: Tables, facilities: pd.DataFrame) -> pd.Series:
    """Say, pair by pair, why a shared number does not decide; empty where it does."""
    doubts = pd.Series("", index=pairs.index, dtype="str")
    doubts[pairs["choices"] > 1] = "its numbers lead to several facilities"
    # A file that does not say where its records are cannot contradict the number.
    ours, theirs = _located(bundle.facilities), _located(facilities)
    both = ours.index.get_indexer(pd.Index(pairs["left_id"])) >= 0
    both &= theirs.index.get_indexer(pd.Index(pairs["right_id"])) >= 0
    one = pairs[(pairs["choices"] == 1).to_numpy() & both]
    if one.empty:
        return doubts
    left, right = ours.loc[one["left_id"]].reset_index(), theirs.loc[one["right_id"]].reset_index()
    words = Words()
    known = comparable(facilities, words)  # first, for the weights of the words
    sides = comparable(left, words), comparable(right, words)
    every = np.arange(len(one))
    found = compare(*sides, every, every, words, known=known)
    named = (sides[0].names.sizes > 0) & (sides[1].names.sizes > 0)  # a name that is not stated contradicts nothing
    unlike = named & (found.name < _NAME_KEPT) & (found.place > POSTCODE)
    doubts[one.index[unlike]] = "neither name nor place is alike: the number may have been handed on"
    elsewhere = (left["region"] != right["region"]).to_numpy()
    doubts[one.index[elsewhere]] = (
        left["region"] + " in one file, " + right["region"] + " in the other: the number was handed on"
    ).to_numpy()[elsewhere]
    return doubts


def _located(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return, by record_id, the rows that say in which region they are."""
    return facilities[facilities["region"].notna()].drop_duplicates("record_id").set_index("record_id")
