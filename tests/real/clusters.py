"""The agencies' files as places to search: what a row is, where it lies, and what was left out.

Each function takes the folder of third-party files and reads through `welfare.read`.
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import pandas as pd

import welfare as wf
from welfare.schema.codes import data_folder

FOUND = ("Minor", "Major", "Critical")


def welfare_items(shared: Path) -> pd.DataFrame:
    """Return one row per British meat establishment whose audit scored animal-welfare items.

    Columns: establishment, item_count (items scored compliant or not), found_count (minor, major and critical), x, y
    (longitude and latitude; missing where the list of approved establishments has none), outcome (of the whole audit).

    Left out: establishments all of whose 22 items are "not applicable" or "not observed": they take in no live animals.
    """
    audits = wf.read(shared / "data/gb/fsa/meat_establishment_audits_2015-2017.csv")
    listed = wf.read(shared / "data/gb/fsa/approved_establishments.csv").facilities
    scored = audits.assessments[audits.assessments["score"].isin(["Compliant", *FOUND])]
    rows = (
        scored.assign(found=scored["score"].isin(FOUND))
        .groupby("facility_id")["found"]
        .agg(item_count="size", found_count="sum")
        .reset_index()
        .rename(columns={"facility_id": "establishment"})
    )
    at = listed.drop_duplicates("facility_id").set_index("facility_id")[["longitude_deg", "latitude_deg"]]
    outcome = audits.inspections.set_index("facility_id")["outcome"]
    return rows.assign(
        x=rows["establishment"].map(at["longitude_deg"]),
        y=rows["establishment"].map(at["latitude_deg"]),
        outcome=rows["establishment"].map(outcome),
    )


def influenza_flocks(shared: Path) -> pd.DataFrame:
    """Return one row per American county and month with a flock confirmed to have avian influenza.

    Columns: county, region (state), month (its first day), flock_count, x, y (longitude and latitude of the county's
    middle; missing where no county of 2017 has the name).
    """
    rows = wf.read(shared / "data/us/aphis/hpai_confirmed_flocks_2022-2026.xlsx").mortality
    months = (
        rows.assign(month=rows["date_from"].dt.to_period("M").dt.to_timestamp())
        .groupby(["region", "county", "month"])
        .size()
        .rename("flock_count")
        .reset_index()
    )
    counties = geopandas.read_parquet(data_folder() / "boundaries" / "us_counties.parquet")
    middle = counties.to_crs("+proj=cea +ellps=WGS84").geometry.centroid.to_crs("EPSG:4326")
    name = counties["county"].str.casefold().str.replace(r"[^a-z]", "", regex=True)
    at = pd.DataFrame({"region": counties["state"], "key": name, "x": middle.x, "y": middle.y})
    at = at.drop_duplicates(["region", "key"], keep=False)  # Baltimore is a city and a county
    key = months["county"].str.casefold().str.replace(r"[^a-z]", "", regex=True)
    return months.assign(key=key).merge(at, on=["region", "key"], how="left").drop(columns="key")
