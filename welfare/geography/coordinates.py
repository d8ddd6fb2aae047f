"""What is wrong with the coordinates of records: found, said in words, and never corrected."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from welfare.geography.boundaries import COUNTRY_KM, LINE_KM, country_of, county_of, km_from_country
from welfare.geography.distances import Floats, distance_km
from welfare.schema.codes import code_map, data_folder

# Gravest first; a record has the gravest that holds, and all of them in its reason.
FLAGS = (
    "missing",
    "half",
    "impossible",
    "zero",
    "swapped",
    "sign_lost",
    "outside_country",
    "outside_region",
    "at_sea",
    "region_centre",
    "shared",
    "imprecise",
)
# With one of these the point may be near the place; with any other it says nothing about it.
_STILL_USABLE = ("", "imprecise")
_CENTRE_KM, _SMALL_KM2 = 2.0, 1000  # in a region smaller than that most places are near its centre
_MANY = 5  # so many addresses on one very point are geocoded to a town, a street or a default
_COARSE_DECIMALS, _FINE_DECIMALS = 2, 4  # to two decimals a town has one point for many addresses, and rightly
_KM_PER_DEGREE = 111.2
_AMERICAN = "US"
_WOULD = "it would lie where it is said to be"


def check_coordinates(rows: pd.DataFrame, *, on_land: bool = True) -> pd.DataFrame:
    """Say what is wrong with the coordinates of records.

    Parameters
    ----------
    rows : DataFrame
        latitude_deg, longitude_deg; country (ISO 3166-1 alpha-2), region, street and city where known.
    on_land : bool
        Whether the places stand on land: a fish farm at sea is no mistake.

    Returns
    -------
    DataFrame
        Under the index of `rows`: flag (the gravest of :data:`FLAGS` that holds, empty if none does), reason (all that
        hold, in words, with what the point would be if it were mended: it is not), usable (whether the point may serve
        as evidence of where the place is), precision_km (half the last decimal that is given; null without a point).

    Notes
    -----
    Countries are checked against outlines of 1:50,000,000, so a point within 10 km of its country counts as in it.
    The centre of a region is the centroid of its counties; a point that near it may be a default, or a plant.
    """
    point = pd.DataFrame(
        {
            "latitude_deg": rows["latitude_deg"].to_numpy(dtype=float, na_value=np.nan),
            "longitude_deg": rows["longitude_deg"].to_numpy(dtype=float, na_value=np.nan),
            "country": _text(rows, "country"),
            "region": _text(rows, "region"),
        }
    )
    lat, lon = point["latitude_deg"].to_numpy(), point["longitude_deg"].to_numpy()
    faults: dict[str, dict[int, str]] = {flag: {} for flag in FLAGS}

    def note(flag: str, where: Any, words: Any) -> None:
        for row in np.flatnonzero(where):
            faults[flag][int(row)] = words(row)

    none, half = np.isnan(lat) & np.isnan(lon), np.isnan(lat) ^ np.isnan(lon)
    note("missing", none, lambda _: "no coordinates")
    note("half", half, lambda row: f"only the {'longitude' if np.isnan(lat[row]) else 'latitude'} is given")
    beyond = (np.abs(lat) > 90) | (np.abs(lon) > 180)
    zero = (lat == 0) & (lon == 0)
    note("impossible", beyond, lambda row: f"{lat[row]:g}, {lon[row]:g} is no point on Earth")
    note("zero", zero, lambda _: "0, 0 is a point off Africa, and what programs write for none")

    given = ~none & ~half & ~zero
    home = _where(point)
    decimals = _decimals(point, _text(rows, "source_id"))
    half_km = np.where(given, _KM_PER_DEGREE / 2 / 10.0**decimals, np.nan)
    wrong = given & _is_elsewhere(home, point, half_km)
    tried = np.flatnonzero(wrong & (point["country"] != "").to_numpy())
    for flag, (new_lat, new_lon), words in (
        ("swapped", (lon, lat), "latitude and longitude changed places"),
        ("sign_lost", (lat, -lon), "the longitude had the other sign"),
        ("sign_lost", (-lat, lon), "the latitude had the other sign"),
    ):
        mended = point.iloc[tried].assign(latitude_deg=new_lat[tried], longitude_deg=new_lon[tried])
        fits = tried[~_is_elsewhere(_where(mended), mended, half_km[tried])]
        note(flag, np.isin(np.arange(len(point)), fits), lambda _, words=words: f"{_WOULD} if {words}")
    abroad = wrong & ~beyond & (home["country"] != point["country"]).to_numpy() & (home["country"] != "").to_numpy()
    note("outside_country", abroad, lambda row: f"it lies in {home['country'][row]}, not {point['country'][row]}")
    other = wrong & ~beyond & ~abroad & (home["state"] != "").to_numpy()
    note("outside_region", other, lambda row: f"it lies in {home['state'][row]}, not {point['region'][row]}")
    sea = given & ~beyond & (home["country"] == "").to_numpy()
    if on_land:
        note("at_sea", sea, lambda _: "it lies at sea")

    centre = given & (_from_centre(point) <= _CENTRE_KM)
    note("region_centre", centre, lambda row: f"it is the centre of {point['region'][row]}, which may be a default")
    many = _addresses_here(rows, point)
    shared = given & (many >= _MANY) & (decimals >= _FINE_DECIMALS)
    note("shared", shared, lambda row: f"{many[row]:,} different addresses have this very point")
    coarse = given & (decimals < _COARSE_DECIMALS)
    note("imprecise", coarse, lambda row: f"with so few decimals it may be {half_km[row]:.0f} km off")

    held = [[name for name in FLAGS if row in faults[name]] for row in range(len(point))]
    gravest = [names[0] if names else "" for names in held]
    reasons = ["; ".join(faults[name][row] for name in names) for row, names in enumerate(held)]
    usable = np.isin(gravest, _STILL_USABLE) & given
    found = {"flag": gravest, "reason": reasons, "usable": usable, "precision_km": half_km}
    return pd.DataFrame(found, index=rows.index).astype({"flag": "str", "reason": "str"})


def _text(rows: pd.DataFrame, column: str) -> list[str]:
    return rows[column].astype("str").fillna("").tolist() if column in rows else [""] * len(rows)


def _where(point: pd.DataFrame) -> pd.DataFrame:
    """Return the country and, in the United States, the state each point lies in; empty where in none."""
    degrees = point["latitude_deg"], point["longitude_deg"]
    country, county = country_of(*degrees), county_of(*degrees)
    at_home = county["state"].notna()
    return pd.DataFrame(
        {
            # The finer lines have the last word where they speak.
            "country": country["country"].mask(at_home, _AMERICAN).fillna("").astype("str"),
            "state": county["state"].fillna("").astype("str"),
            "border_km": county["border_km"].where(at_home),
        }
    ).set_axis(point.index)


def _is_elsewhere(home: pd.DataFrame, point: pd.DataFrame, half_km: Floats) -> Any:
    """Return whether a point lies in another country, or clearly in another state, than its record says."""
    stated = point["country"] != ""
    # Puerto Rico may be recorded as a country or as a part of one: neither is a fault.
    parts = code_map("country_parts", "part", "country")
    country = stated & (home["country"].replace(parts) != point["country"].replace(parts))
    # Outlines of countries are coarse, on land as on the coast.
    other = np.flatnonzero(country)
    there = point.iloc[other]
    away = km_from_country(there["latitude_deg"], there["longitude_deg"], there["country"])
    country[country] = ~(away <= COUNTRY_KM)
    american = (point["country"] == _AMERICAN) & (point["region"] != "")
    state = american & (home["state"] != point["region"]) & ~(home["border_km"] < LINE_KM + half_km)
    nowhere = (point["latitude_deg"].abs() > 90) | (point["longitude_deg"].abs() > 180)
    return (country | state | nowhere).to_numpy()


@cache
def _centres() -> pd.DataFrame:
    """Return, by state, the centroid of its counties."""
    import geopandas

    counties = geopandas.read_parquet(data_folder() / "boundaries" / "us_counties.parquet")
    flat = counties.to_crs("+proj=cea +ellps=WGS84").geometry  # areas are true
    area, middle = flat.area, flat.centroid.to_crs("EPSG:4326")
    weighed = pd.DataFrame({"state": counties["state"], "area": area, "lat": middle.y * area, "lon": middle.x * area})
    sums = weighed.groupby("state").sum()
    centres = pd.DataFrame({"lat": sums["lat"] / sums["area"], "lon": sums["lon"] / sums["area"]})
    return centres[sums["area"] > _SMALL_KM2 * 1e6]


def _from_centre(point: pd.DataFrame) -> Floats:
    american = (point["country"] == _AMERICAN) | (point["country"] == "")
    centre = _centres().reindex(point["region"].where(american))
    return distance_km(
        point["latitude_deg"], point["longitude_deg"], centre["lat"].to_numpy(), centre["lon"].to_numpy()
    )


def _addresses_here(rows: pd.DataFrame, point: pd.DataFrame) -> Any:
    """Return how many different addresses of the table have the very same point as each row.

    The units of a market or a cold store are one building, and have one postcode: they count as one address.
    """
    cells = zip(_text(rows, "postcode"), _text(rows, "street"), _text(rows, "city"), strict=True)
    address = pd.Series([code or f"{street}, {city}" for code, street, city in cells], dtype=object)
    table = point[["latitude_deg", "longitude_deg"]].assign(address=address)
    return table.groupby(["latitude_deg", "longitude_deg"], dropna=False)["address"].transform("nunique").to_numpy()


def _decimals(point: pd.DataFrame, source: list[str]) -> Any:
    """Return how many decimals the finer of the two coordinates is given with, at most 6.

    A number keeps no trailing zeros: of points written with two decimals one in a hundred seems to have one. Where no
    more points of a file have fewer decimals than that comes to, they have as many as the others.
    """
    degrees = point[["latitude_deg", "longitude_deg"]].to_numpy()
    found = np.full(len(degrees), 6)
    for places in range(5, -1, -1):
        given = np.isclose(degrees, np.round(degrees, places), rtol=0, atol=1e-9).all(axis=1)
        found[given] = places
    for rows in pd.Series(source).groupby(source).indices.values():
        known = rows[~np.isnan(degrees[rows]).any(axis=1)]
        if not len(known):
            continue
        usual = int(np.bincount(found[known]).argmax())
        for places in range(usual - 1, -1, -1):
            fewer, chance = known[found[known] <= places], len(known) * 100.0 ** (places - usual)
            if len(fewer) <= chance + 3 * chance**0.5:
                found[fewer] = usual
                break
    return found
