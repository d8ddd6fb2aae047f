"""Which numbers stand on the records of a file that could not be read: what bears one of them has not vanished."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from welfare.schema.tables import Tables

_OWN_NUMBERS = ("event_id", "finding_id", "inspection_id")  # of one row; a facility's number stands on many
_LOOKED_AT = 500  # so many records tell under which header a number stands


class Unread:
    """The numbers on the rejected records of one file.

    They are found under the headers from which the numbers of the records that could be read came.

    Parameters
    ----------
    tables : Tables
        The file.
    """

    def __init__(self, tables: Tables) -> None:
        self.numbers: frozenset[tuple[str, str]] = frozenset()
        if len(tables.rejects):
            raw = tables.raw.set_axis(range(1, len(tables.raw) + 1))
            refused = raw.loc[tables.rejects["row"]]
            self.numbers = frozenset(
                (kind, token)
                for kind, header in _headers_of_numbers(tables, raw)
                for cell in refused[header].dropna()
                for token in _tokens(cell)
            )

    def bears(self, rows: pd.DataFrame, tables: Tables) -> np.ndarray:
        """Tell which rows of another vintage are about something that a rejected record of this file names.

        Parameters
        ----------
        rows : DataFrame
            Rows of one tidy table of `tables`.
        tables : Tables
            The other vintage.

        Returns
        -------
        array of bool
            One per row.
        """
        if not self.numbers or rows.empty:
            return np.zeros(len(rows), dtype=bool)
        for kind in _OWN_NUMBERS:
            if kind in rows and rows[kind].notna().any():
                return rows[kind].isin([number for k, number in self.numbers if k == kind]).to_numpy()
        if "facility_id" not in rows:
            return np.zeros(len(rows), dtype=bool)
        held = tables.identifiers
        pairs = pd.MultiIndex.from_frame(held[["scheme", "identifier"]])
        named = set(held.loc[pairs.isin(list(self.numbers)), "facility_id"])
        return rows["facility_id"].isin(named | {f"{scheme}:{number}" for scheme, number in self.numbers}).to_numpy()


def _tokens(cell: str) -> set[str]:
    return {cell.strip(), *re.split(r"[^\w.-]+", cell)} - {""}


def _headers_of_numbers(tables: Tables, raw: pd.DataFrame) -> list[tuple[str, str]]:
    """Return kinds of number (a scheme, or a column such as event_id) with the header under which each stands."""
    parts = []
    for _, frame in tables:
        rows = frame[["source_row"]]
        parts += [rows.assign(kind=name, number=frame[name]) for name in _OWN_NUMBERS if name in frame]
        if "facility_id" in frame:
            scheme = frame["facility_id"].str.replace(r":.*", "", regex=True)
            local = frame["facility_id"].str.replace(r"^[^:]*:", "", regex=True)
            parts.append(rows.assign(kind=scheme, number=local))
        if "identifier" in frame:
            parts.append(rows.assign(kind=frame["scheme"], number=frame["identifier"]))
    known = pd.concat(parts).dropna() if parts else pd.DataFrame(columns=["source_row", "kind", "number"])
    found = []
    for kind, some in known.groupby("kind", sort=False):
        rows = some.drop_duplicates("source_row").head(_LOOKED_AT)
        for header in raw:
            cells = raw[header].loc[rows["source_row"]].fillna("")
            if all(number in _tokens(cell) for number, cell in zip(rows["number"], cells, strict=True)):
                found.append((str(kind), str(header)))
                break
    return found
