"""Lines of a table that are no records: a sum of the others, the headers once more, a note below the last."""

from __future__ import annotations

import pandas as pd

_SUM = r"(?:(?:grand|overall)[ -])?(?:sub[ -]?)?totals?:?|sum:?|summe:?|gesamt:?|totaal:?"
_NOTE = r"(?s:(?:[*†‡]|(?:foot)?notes? ?\d*:|sources?:).*)"


def no_record(records: pd.DataFrame) -> pd.Series:
    """Return why rows are no records; empty where they may be.

    Parameters
    ----------
    records : DataFrame
        All text, one column per header, as the file has them.

    Notes
    -----
    A sum is known by its first filled cell: a row that begins with a name or a date is a record, whatever else it
    says. Where more than half of the rows begin so, "Total" is a word of the file, and no sum is seen. A note stands
    alone in its row.
    """
    reasons = pd.Series("", index=records.index, dtype="str")
    if records.shape[1] < 2:
        return reasons
    first = records.iloc[:, 0]
    for name in records.columns[1:]:
        if not (first == "").any():
            break
        first = first.where(first != "", records[name])
    sums = first.str.fullmatch(_SUM, case=False)
    if sums.mean() <= 0.5:
        reasons[sums] = "it begins with '" + first[sums] + "': a sum of other records, not a record"
    again = records[first == records.columns[0]]
    reasons[again.index[(again == list(records.columns)).all(axis=1)]] = "it is the row of headers once more"
    notes = records[first.str.fullmatch(_NOTE, case=False)]
    alone = notes.index[(notes != "").sum(axis=1) == 1]
    reasons[alone] = "nothing stands in it but '" + first[alone].str.slice(0, 60) + "': a note, not a record"
    return reasons
