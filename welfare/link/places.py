"""The places that records are linked to: the newest directory's facilities, then what only older directories list."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from welfare.geography.coordinates import check_coordinates
from welfare.link.result import among
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
    facilities : DataFrame
        Tidy table of the records that stand for places.
    listed : DataFrame
        Tidy table `facilities` of every record of every directory added, without unusable coordinates.
    unusable : dict of str to dict
        By source_id, how many coordinates have which flag, and are no evidence.
    identifiers : DataFrame
        Every number that a directory lists at a place: record_id of the record that stands for it, facility_id, scheme,
        identifier, valid_from and valid_to (the time of that directory; null where it does not say).
    """

    def __init__(self, spine: Tables) -> None:
        self.homes: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.facilities = self.listed = spine.facilities.iloc[:0]
        self.identifiers = spine.identifiers.iloc[:0].assign(
            valid_from=pd.Series(dtype="datetime64[s]"), valid_to=pd.Series(dtype="datetime64[s]")
        )
        self.unusable: dict[str, dict[str, int]] = {}
        self._newest = spine.source_id
        self._seen: dict[str, tuple[pd.Timestamp, pd.Timestamp]] = {}
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
        # A file that repeats a facility's number in every row lists the facility once: its other rows are of it too.
        own = directory.identifiers[["record_id", "facility_id"]].drop_duplicates()
        for record, number in zip(own["record_id"].tolist(), own["facility_id"].tolist(), strict=True):
            if record not in self.homes and record not in counted and number in first:
                self.homes[record] = self.homes[first[number]]
        standing = set(first.values())
        new = directory.facilities[among(directory.facilities["record_id"], standing)]
        self.facilities = pd.concat([self.facilities, new], ignore_index=True)
        listed = self.with_usable_points(directory.facilities)
        self.listed = pd.concat([self.listed, listed], ignore_index=True)
        self._add_numbers(directory)

    def with_usable_points(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return records without the coordinates that say nothing about their place, and remember how many those are.

        A list of fish farms may place them at sea, so that is no fault here.
        """
        checked = check_coordinates(rows, on_land=False)
        spoiled = ~checked["usable"] & (checked["flag"] != "missing")
        for source, flags in checked["flag"][spoiled].groupby(rows["source_id"]):
            self.unusable[str(source)] = {str(flag): int(many) for flag, many in flags.value_counts().items()}
        points = {name: rows[name].mask(spoiled) for name in ("latitude_deg", "longitude_deg")}
        return rows.assign(**points)

    def _add_numbers(self, directory: Tables) -> None:
        since, until = directory.period or (None, None)
        numbers = directory.identifiers[among(directory.identifiers["record_id"], self.homes)]
        numbers = numbers.assign(
            record_id=numbers["record_id"].map(self.homes).astype("str"),
            valid_from=pd.Series(since, index=numbers.index, dtype="datetime64[s]"),
            valid_to=pd.Series(until, index=numbers.index, dtype="datetime64[s]"),
        ).drop_duplicates(["record_id", "scheme", "identifier"])
        self.identifiers = pd.concat([self.identifiers, numbers], ignore_index=True)
        if directory.period:
            for home in set(numbers["record_id"].tolist()):
                was = self._seen.get(home, directory.period)
                self._seen[home] = min(was[0], directory.period[0]), max(was[1], directory.period[1])

    def numbers_held(self, since: pd.Timestamp | None) -> pd.DataFrame:
        """Return the numbers as the newest directory lists them, and those that an older one still listed at a time.

        Parameters
        ----------
        since : Timestamp or None
            Older listings are left out if they end before it; if it is not known, all of them.
        """
        newest = self.identifiers["source_id"] == self._newest
        return self.identifiers[newest if since is None else newest | (self.identifiers["valid_to"] >= since)]

    def numbers(self) -> pd.DataFrame:
        """Return from when to when each number is known to be listed at a place.

        Returns
        -------
        DataFrame
            facility_id, scheme, identifier, valid_from, valid_to; null where no directory says as of when it is.
        """
        held = self.identifiers.assign(facility_id=self.identifiers["record_id"].map(self.ids))
        each = held.groupby(["facility_id", "scheme", "identifier"], sort=False, as_index=False)
        return each.agg(valid_from=("valid_from", "min"), valid_to=("valid_to", "max"))

    def time_from(self, place: str, period: tuple[pd.Timestamp, pd.Timestamp]) -> pd.Timedelta | None:
        """Return how long before or after a time a place is first or last listed; 0 if it was listed then.

        None if no directory that lists it says as of when it is.
        """
        if place not in self._seen:
            return None
        since, until = self._seen[place]
        return max(since - period[1], period[0] - until, pd.Timedelta(0))

    def record_of(self, facility_id: str) -> str | None:
        """Return the record that stands for the place a facility_id names, in any directory; None if none does."""
        return self._named.get(facility_id)
