"""The places that records are linked to: the newest directory's facilities, then what only older directories list."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from welfare.schema.tables import Tables


class Places:
    """The places known so far, each with the record that stands for it and with its facility_id.

    Parameters
    ----------
    spine : Tables
        The newest directory.

    Attributes
    ----------
    homes : dict of str to str
        By record_id of a directory, the record that stands for its place.
    ids : dict of str to str
        By record_id of a record that stands for a place, the place's facility_id; no two places share one.
    facilities, identifiers : DataFrame
        Tidy tables of the records that stand for places; identifiers under those records' ids.
    """

    def __init__(self, spine: Tables) -> None:
        self.homes: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.facilities, self.identifiers = spine.facilities.iloc[:0], spine.identifiers.iloc[:0]
        self._named: dict[str, str] = {}
        self.add(spine, {})

    def add(self, directory: Tables, counted: Mapping[str, str]) -> None:
        """Give every record of a directory its place.

        A plant that the newer directories lack is a place of its own: its reports must not be given to a neighbour
        that still exists. One whose number is doubtful stands for itself until a person decides.

        Parameters
        ----------
        directory : Tables
        counted : mapping of str to str
            By record_id, the record it is linked to.
        """
        rows = directory.facilities[["record_id", "facility_id"]].astype(object)
        first: dict[str, str] = {}  # one directory may list a facility twice
        for record, number in rows.where(rows.notna(), None).itertuples(index=False):
            key = number or record
            home = self.homes[counted[record]] if record in counted else first.setdefault(key, record)
            self.homes[record] = home
            if home == record:
                self.ids[record] = record if key in self._named else key
                self._named[self.ids[record]] = record
            self._named.setdefault(key, home)
        standing = set(directory.facilities["record_id"]).difference(counted)
        new = directory.facilities[directory.facilities["record_id"].isin(set(first.values()))]
        numbers = directory.identifiers[directory.identifiers["record_id"].isin(standing)]
        numbers = numbers.assign(record_id=numbers["record_id"].map(self.homes).astype("str"))
        numbers = numbers.drop_duplicates(["record_id", "scheme", "identifier"])
        self.facilities = pd.concat([self.facilities, new], ignore_index=True)
        self.identifiers = pd.concat([self.identifiers, numbers], ignore_index=True)

    def record_of(self, facility_id: str) -> str | None:
        """Return the record that stands for the place a facility_id names, in any directory; None if none does."""
        return self._named.get(facility_id)
