"""Linking by number: two records that carry the same identifier of the same scheme."""

from __future__ import annotations

import pandas as pd

# Which number is believed first, where a record carries several: an establishment's own number outlives its grants.
_FIRST = ("us.fsis", "us.fsis.grant")


def by_identifier(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Pair records that share an identifier.

    Parameters
    ----------
    left, right : DataFrame
        `identifiers` tables.

    Returns
    -------
    DataFrame
        Columns left_id, right_id, reason, choices: one row per left record that shares a number with a right one.
        `choices` is how many right records its best scheme leads to; above 1, the numbers do not decide.
    """
    keys = ["scheme", "identifier"]
    pairs = left[["record_id", *keys]].merge(right[["record_id", *keys]], on=keys, suffixes=("_left", "_right"))
    order = {scheme: rank for rank, scheme in enumerate(_FIRST)}
    pairs["rank"] = pairs["scheme"].map(order).fillna(len(order)).astype(int)
    pairs = pairs.sort_values(["record_id_left", "rank", "record_id_right", "identifier"], kind="stable")
    best = pairs[pairs["rank"] == pairs.groupby("record_id_left")["rank"].transform("min")]
    numbers = best.groupby(["record_id_left", "record_id_right"], sort=False)["identifier"].agg("+".join)
    found = best.drop_duplicates(["record_id_left", "record_id_right"]).set_index(["record_id_left", "record_id_right"])
    found = found.assign(numbers=numbers).reset_index()
    many = found.groupby("record_id_left")["record_id_right"].transform("size")
    return pd.DataFrame(
        {
            "left_id": found["record_id_left"],
            "right_id": found["record_id_right"],
            "reason": "same " + found["scheme"] + " " + found["numbers"],
            "choices": many,
        }
    )
