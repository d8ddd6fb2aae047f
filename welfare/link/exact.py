"""Linking by number: two records that carry the same identifier of the same scheme."""

from __future__ import annotations

from collections.abc import Container

import pandas as pd

# Which number is believed first, where a record carries several: an establishment's own number outlives its grants.
# Schemes not named here come after, in the order of their names.
_FIRST = ("us.fsis", "us.fsis.grant")


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
    pairs = left[["record_id", *keys]].merge(right[["record_id", *keys]], on=keys, suffixes=("_left", "_right"))
    pairs = pairs.rename(columns={"record_id_left": "left_id", "record_id_right": "right_id"})
    schemes = [*_FIRST, *sorted(set(pairs["scheme"]).difference(_FIRST))]
    pairs["rank"] = pairs["scheme"].map({scheme: rank for rank, scheme in enumerate(schemes)}).astype(int)
    each = ["left_id", "rank", "right_id"]
    pairs = pairs.sort_values([*each, "identifier"], kind="stable").drop_duplicates([*each, "identifier"])
    found = pairs.groupby([*each, "scheme"], sort=False)["identifier"].agg("+".join).reset_index()
    found = found.drop_duplicates(["left_id", "right_id"])  # a pair counts by its best scheme
    out = pd.Series([pair in rejected for pair in zip(found["left_id"], found["right_id"], strict=True)], found.index)
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
