"""What linking answers: pairs, places, what is doubtful, what was left out."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result
from welfare.schema.tables import Tables

COLUMNS = [
    "left_id",
    "right_id",
    "left_source",
    "right_source",
    "method",
    "score",
    "reason",
    "decision",
    "rank",
    "valid_from",
    "valid_to",
]
COUNTED = ("linked", "confirmed")
SIDE_BY_SIDE = ["name", "street", "city", "region", "postcode"]


@dataclass(frozen=True, repr=False, kw_only=True)
class Links(Result):
    """Which records are the same place; see :func:`welfare.link.links.link_records`.

    Attributes
    ----------
    table : DataFrame
        One row per pair: left_id, right_id (the record that stands for the place), left_source, right_source, method
        (identifier, likeness; decision for a pair only people made), score (the probability that they are one place;
        1 for an identifier, null for a pair only people made), reason, decision (linked, review, confirmed, rejected,
        split), rank (1 for the likeliest place of the left record), valid_from and valid_to (the time of the left
        record, for which the link is claimed: numbers and plants change hands).
    places : DataFrame
        facility_id, record_id, valid_from, valid_to: every record that is counted, with the one id of its place and
        the time the record is of; null where the file does not say.
    numbers : DataFrame
        facility_id, scheme, identifier, valid_from, valid_to: from when to when a directory is known to list a number
        at a place. A number with two places was handed on.
    multiples : DataFrame
        source_id, kind (one-to-many: a record may be several places; many-to-one: a place has several records of one
        list; many-to-many), records, places, left_ids, right_ids, decision.
    summary : DataFrame
        Per source: records, linked, confirmed, review, rejected, unmatched, outside (not a kind of place to link).
    unmatched : DataFrame
        record_id, source_id, reason.
    spine : Tables
        The directory whose facilities are the places.
    simulated : bool
        Whether the plants are made up.
    """

    places: pd.DataFrame
    numbers: pd.DataFrame
    multiples: pd.DataFrame
    summary: pd.DataFrame
    unmatched: pd.DataFrame
    spine: Tables
    simulated: bool
    _sides: pd.DataFrame = field(repr=False)
    _ids: dict[str, str] = field(repr=False)

    def review(self, n: int | None = None) -> pd.DataFrame:
        """Return the doubtful pairs side by side, the likeliest records first.

        Parameters
        ----------
        n : int, optional
            So many pairs at most; all by default.

        Returns
        -------
        DataFrame
            source and record (as a decisions file names it), facility_id, score, rank, reason, then name, street,
            city, region and postcode of both sides. A working paper: it is not for publication. With the columns
            decision, who, when and why filled in it is a file of decisions.
        """
        pairs = self.table[self.table["decision"] == "review"]
        # A record's candidates stay together, under the likeliest.
        best = pairs.groupby("left_id")["score"].transform("max")
        pairs = pairs.assign(best=best).sort_values(
            ["best", "left_id", "score", "right_id"], ascending=[False, True, False, True], kind="stable"
        )
        pairs = pairs if n is None else pairs.head(n)
        left, right = self._sides.loc[pairs["left_id"]], self._sides.loc[pairs["right_id"]]
        shown = pd.DataFrame(
            {
                "source": left["source"].to_numpy(),
                "record": left["key"].to_numpy(),
                "facility_id": pairs["right_id"].map(self._ids).to_numpy(),
                "score": pairs["score"].to_numpy(),
                "rank": pairs["rank"].to_numpy(),
                "reason": pairs["reason"].to_numpy(),
            }
        )
        for name in SIDE_BY_SIDE:
            shown[f"{name}_reported"], shown[f"{name}_directory"] = left[name].to_numpy(), right[name].to_numpy()
        return shown.assign(SIMULATED="SIMULATED") if self.simulated else shown


def among(ids: pd.Series, known: Container[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which ids are known: as `isin`, which is slow on long sets of text."""
    return np.array([one in known for one in ids.tolist()], dtype=bool)
