"""Where a row's place is, and who stands behind it: the operator of the day, the injuries a person has confirmed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pandas.api.typing import NaTType

from welfare.geography.locate import locate
from welfare.link.links import Links
from welfare.schema.tables import Tables


def located(facts: pd.DataFrame, *, on_land: bool) -> pd.DataFrame:
    """Return facilities with the county their point lies in and what is wrong with their coordinates.

    Parameters
    ----------
    facts : DataFrame
        latitude_deg, longitude_deg, country, region, county (as the files state it), city.
    on_land : bool
        False where the places may be at sea, as fish farms are: a list of them has no street addresses.

    Returns
    -------
    DataFrame
        With county from the shipped outlines where a usable point lies in the United States, else as stated;
        county_fips (null elsewhere) and coordinates_flag (empty where nothing is wrong with the point). No coordinate
        is changed.
    """
    found = locate(facts, on_land=on_land).table
    return facts.assign(
        county=found["county"], county_fips=found["county_fips"].astype("str"), coordinates_flag=found["flag"]
    )


def operators_on(links: Links, bundles: Sequence[Tables], events: pd.DataFrame) -> pd.DataFrame:
    """Name the operator of each facility as of the day of an event: by the directory nearest to that day.

    Parameters
    ----------
    links : Links
        From `link_records` on the same bundles.
    bundles : sequence of Tables
        With the directories.
    events : DataFrame
        facility_id, date.

    Returns
    -------
    DataFrame
        Under the index of `events`: operator, directory (its source and vintage); null where no directory lists the
        facility, or the event has no date. Of two directories equally near it is the earlier. Plants change hands:
        the operator of today may not be the one of that day.
    """
    listed = _directories(links, bundles)
    numbered = events[["facility_id", "date"]].reset_index(drop=True).rename_axis("event").reset_index()
    pairs = numbered.dropna().merge(listed, on="facility_id")
    pairs["apart"] = (pairs["as_of"] - pairs["date"]).abs()
    nearest = pairs.sort_values(["event", "apart", "as_of"], kind="stable").drop_duplicates("event").set_index("event")
    named = nearest[["name", "source_id"]].reindex(range(len(events))).set_axis(events.index)
    return named.rename(columns={"name": "operator", "source_id": "directory"})


def _directories(links: Links, bundles: Sequence[Tables]) -> pd.DataFrame:
    """Return whom each directory names for each place: facility_id, name, source_id, as_of (middle of its period)."""
    home = links.places.set_index("record_id")["facility_id"]
    parts = []
    for bundle in bundles:
        rows = bundle.facilities
        as_of = pd.Series(_middle(bundle), index=rows.index, dtype="datetime64[s]")
        parts.append(rows.assign(facility_id=rows["record_id"].map(home), as_of=as_of))
    return pd.concat(parts)[["facility_id", "name", "source_id", "as_of"]].dropna()


def _middle(bundle: Tables) -> pd.Timestamp | NaTType:
    """Return the middle day of a directory's period; of any other file none."""
    if bundle.period is None or not bundle.facilities["street"].notna().any():
        return pd.NaT
    first, last = bundle.period
    return (first + (last - first) / 2).as_unit("s")


def inspection_systems(bundles: Sequence[Tables]) -> pd.DataFrame:
    """Count the facilities that each file lists under each inspection system, in the agency's own words.

    Returns
    -------
    DataFrame
        source_id, inspection_system, facilities: facilities with two systems count under both.
    """
    rows = pd.concat([bundle.slaughter for bundle in bundles], ignore_index=True).dropna(subset=["inspection_system"])
    counts = rows.groupby(["source_id", "inspection_system"])["facility_id"].nunique()
    return counts.rename("facilities").reset_index().sort_values("facilities", ascending=False, ignore_index=True)


def confirmed_events(links: Links, bundles: Sequence[Tables]) -> pd.DataFrame:
    """Return the injuries whose link a person confirmed, with the operator of that day: only these may be named.

    Returns
    -------
    DataFrame
        record_id, facility_id, date, kind, operator, directory.
    """
    sure = links.table.loc[links.table["decision"] == "confirmed", "left_id"]
    events = pd.concat([bundle.injuries for bundle in bundles], ignore_index=True)
    events = events[events["record_id"].isin(sure)]
    home = links.places.set_index("record_id")["facility_id"]
    events = events.assign(facility_id=events["record_id"].map(home)).reset_index(drop=True)
    named = events.join(operators_on(links, bundles, events))
    return named[["record_id", "facility_id", "date", "kind", "operator", "directory"]]


def without_unconfirmed_names(panel: pd.DataFrame) -> pd.DataFrame:
    """Take the operator's name out of each row with an injury on a link nobody confirmed, for what leaves the house.

    Counts stay, for totals. Rows of made-up plants keep their names.
    """
    if "SIMULATED" in panel:
        return panel
    unsure = (panel["injuries_count"] > panel["injuries_confirmed_count"]).fillna(False).astype(bool)
    return panel.assign(name=panel["name"].mask(unsure))
