"""Where records are: county and state by their point, beside what their file says, with every fault of the point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import ContractBroken
from welfare.geography.boundaries import LINE_KM, county_of
from welfare.geography.coordinates import FLAGS, check_coordinates
from welfare.schema.results import Result

_NEEDED = ("latitude_deg", "longitude_deg")
_AMERICAN = "US"


@dataclass(frozen=True, repr=False, kw_only=True)
class Locations(Result):
    """Where records are; see :func:`locate`. `dropped` are the records whose point places them nowhere."""


def locate(facilities: pd.DataFrame, *, on_land: bool = True) -> Locations:
    """Say in which county and state each record lies, and what is wrong with its coordinates.

    Parameters
    ----------
    facilities : DataFrame
        Tidy table `facilities`, or any with latitude_deg and longitude_deg; country, region, county, street, city,
        record_id and facility_id are used where it has them.
    on_land : bool
        Whether the places stand on land: pass False for fish farms, whose point at sea is no mistake.

    Returns
    -------
    Locations
        Table under the index of `facilities`: record_id and facility_id where given; flag, reason, usable and
        precision_km as :func:`welfare.geography.coordinates.check_coordinates` returns them; state, county,
        county_fips, county_from (boundary: the point lies in it; file: elsewhere than in the United States, or without
        a usable point), border_km, doubt (near the line, off the coast) and agrees_region (null where one of the two
        is not known). Coordinates and what the file states are never changed.

    Raises
    ------
    ContractBroken
        If the coordinates have no column.
    """
    if missing := [name for name in _NEEDED if name not in facilities]:
        raise ContractBroken(
            f"the table has no column {' and no '.join(missing)}",
            spoiled="No record could be placed.",
            todo="Pass the facilities of a file that states coordinates; others have their county from the file.",
        )
    checked = check_coordinates(facilities, on_land=on_land)
    points = facilities[list(_NEEDED)].astype("float64").where(checked["usable"])
    inside = county_of(points["latitude_deg"], points["longitude_deg"]).set_axis(facilities.index)
    file = {name: _stated(facilities, name) for name in ("country", "region", "county")}
    american = (file["country"] == _AMERICAN) | file["country"].isna()
    found = inside["state"].notna() & american
    # A point that is itself only known to some km may lie across a line that far away.
    near = (inside["doubt"] == "") & (inside["border_km"] < LINE_KM + checked["precision_km"])
    inside["doubt"] = inside["doubt"].mask(near, "near the line")
    agrees = (inside["state"] == file["region"]).astype("boolean")
    table = pd.DataFrame(
        {
            **{str(name): facilities[name] for name in ("record_id", "facility_id") if name in facilities},
            **{str(name): checked[name] for name in checked},
            "state": inside["state"].where(found, file["region"]),
            "county": inside["county"].where(found, file["county"]),
            "county_fips": inside["fips"].where(found),
            "county_from": pd.Series("file", facilities.index, dtype="str").mask(found, "boundary"),
            "border_km": inside["border_km"].where(found),
            "doubt": inside["doubt"].where(found, ""),
            "agrees_region": agrees.where(found & file["region"].notna()),
        }
    )
    nowhere = table[~table["usable"]]
    return Locations(
        table=table,
        text=_text(table),
        dropped=pd.DataFrame({"row": nowhere.index, "reason": nowhere["reason"].to_numpy()}),
        notes=(
            "Counties are those of 2017, from outlines that lie up to about 1 km from the true lines.",
            "No coordinate was changed; a flagged one is shown as the file states it.",
        ),
    )


def _stated(facilities: pd.DataFrame, column: str) -> pd.Series:
    if column in facilities:
        return facilities[column].astype("str")
    return pd.Series(np.nan, facilities.index, dtype="str")


def _text(table: pd.DataFrame) -> str:
    many = len(table)
    counts = table["flag"].value_counts()
    faults = [f"{int(counts[flag]):,} {flag.replace('_', ' ')}" for flag in FLAGS if flag in counts]
    inside, doubtful = (table["county_from"] == "boundary").sum(), (table["doubt"] != "").sum()
    against = int((~table["agrees_region"].fillna(True)).sum())
    sentences = [
        f"Of {many:,} records {int(table['usable'].sum()):,} have coordinates that may be used.",
        f"Faults: {', '.join(faults)}." if faults else "No fault was found in the coordinates.",
        f"{int(inside):,} lie in a county by the shipped outlines, {int(doubtful):,} of them so near its line, or off "
        "the coast, that the county is in doubt.",
    ]
    if against:
        sentences.append(f"{against:,} lie, near a line, in another state than their file says.")
    return " ".join(sentences)
