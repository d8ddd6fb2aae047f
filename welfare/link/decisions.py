"""What people decided: pairs confirmed or rejected after reading, with who, when and why. They win over any score."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from welfare.errors import BadValue, ContractBroken, FileMissing
from welfare.schema.codes import shipped

COLUMNS = ("source", "record", "facility_id", "decision", "who", "when", "why")
_WORDS = ("confirmed", "rejected")

Judgements = dict[tuple[str, str, str], str]


def load_decisions(given: str | Path | pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the shipped decisions with those given.

    Parameters
    ----------
    given : path or DataFrame, optional
        Columns source (without vintage), record (the record's event_id or facility_id in its file), facility_id (of
        the directory), decision (confirmed or rejected), who, when, why.

    Returns
    -------
    DataFrame
        Those columns, all text; a later row on the same pair replaces an earlier one.

    Raises
    ------
    FileMissing
        If there is no such file.
    ContractBroken
        If a column is missing.
    BadValue
        If a decision is not one of the two words, or does not say who, when and why.
    """
    own = _checked(shipped("crosswalk/decisions.csv"), "data/crosswalk/decisions.csv")
    if given is None:
        return own
    if isinstance(given, pd.DataFrame):
        more, where = given.astype("str"), "the decisions given"
    else:
        if not Path(given).is_file():
            raise FileMissing("there is no such file of decisions", where=str(given), todo="Check the path.")
        more, where = pd.read_csv(given, dtype=str, keep_default_na=False), str(given)
    both = pd.concat([own, _checked(more, where)], ignore_index=True)
    return both.drop_duplicates(["source", "record", "facility_id"], keep="last", ignore_index=True)


def _checked(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in rows]
    if missing:
        raise ContractBroken(
            f"the decisions lack the column {', '.join(missing)}",
            where=where,
            spoiled="Nobody could tell which pair was judged, or by whom.",
            todo=f"Columns needed: {', '.join(COLUMNS)}.",
        )
    rows = rows[list(COLUMNS)]
    for line, row in enumerate(rows.itertuples(index=False), start=2):
        if row.decision not in _WORDS or not all(row):
            raise BadValue(
                f"a decision must be one of {', '.join(_WORDS)} and say who, when and why",
                where=f"{where}, line {line}",
                spoiled="A plant could be named beside an injury on nobody's word.",
                todo="Fill the row in, or delete it.",
            )
    return rows


def judgements(decisions: pd.DataFrame) -> Judgements:
    """Return the decisions by source, record and facility_id."""
    keys = zip(decisions["source"], decisions["record"], decisions["facility_id"], strict=True)
    return dict(zip(keys, decisions["decision"], strict=True))
