"""Two vintages for the tests of `changes`: files of tidy tables, and what was found in them in few words."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from welfare.schema.columns import conform
from welfare.schema.tables import Tables
from welfare.sources.compare.changes import Changes

EMPTY = "empty"  # how the tests write a null


def bundle(
    source: str = "xx.food.visits",
    vintage: str = "2024",
    *,
    raw: Mapping[str, list[str]] | None = None,
    period: tuple[str, str] | None = None,
    simulated: bool = False,
    **frames: pd.DataFrame,
) -> Tables:
    """Return a file of tidy tables; rows without a source_row are numbered in order."""
    source_id = f"{source}@{vintage}"
    tidy = {}
    for name, frame in frames.items():
        rows = frame if "source_row" in frame else frame.assign(source_row=range(1, len(frame) + 1))
        record = source_id + "#" + rows["source_row"].astype("str")
        tidy[name] = conform(rows.assign(source_id=source_id, record_id=record), name)
    return Tables(
        source_id=source_id,
        source=source,
        vintage=vintage,
        frames=tidy,
        rejects=pd.DataFrame({"row": pd.Series(dtype="int64"), "reason": pd.Series(dtype="str")}),
        raw=pd.DataFrame(raw or {}, dtype="str"),
        period=None if period is None else (pd.Timestamp(period[0]), pd.Timestamp(period[1])),
        simulated=simulated,
    )


def found(result: Changes, table: str | None = None, *changes_: str) -> list[tuple[object, ...]]:
    """Return (change, key, column, old, new) of the rows of one table, nulls written out."""
    rows = result.table
    rows = rows if table is None else rows[rows["table"] == table]
    rows = rows[rows["change"].isin(changes_)] if changes_ else rows
    shown = rows[["change", "key", "column", "old", "new"]].fillna(EMPTY)
    return sorted(shown.itertuples(index=False, name=None))


def counts(result: Changes, table: str) -> dict[str, int]:
    rows = result.summary[result.summary["table"] == table]
    return dict(zip(rows["change"], rows["rows_count"], strict=True))


PLANT = {"establishment_id": "1", "establishment_number": "M1", "establishment_name": "North Packing"}
MILL = {"establishment_id": "2", "establishment_number": "M2", "establishment_name": "Mill Lane Meats"}
# The first of them as the layout of 2017 has it, with two grants.
OLD_PLANT = {
    "est_number": "M1+P1",
    "company": "North Packing, Inc.",
    "street": "1 Example Way",
    "city": "Sampletown",
    "st": "MA",
    "zip": "1234",
    "activities": "Meat Processing, Meat Slaughter",
}
