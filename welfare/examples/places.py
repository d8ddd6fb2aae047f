"""Where the simulated plants stand: real states, made-up districts, towns, streets and postcodes."""

from __future__ import annotations

from functools import cache

import geopandas
import numpy as np
import pandas as pd
import shapely

from welfare.schema.codes import data_folder, shipped

# State, number of its simulated district, first digit of its postcodes, and how many livestock, poultry and
# processing plants it gets relative to other states. The weights are chosen by eye, not taken from any file.
_STATES = """
AL 5 3 8 38 15; AR 8 7 7 34 12; AZ 10 8 5 1 10; CA 10 9 25 14 90; CO 10 8 16 1 20; CT 1 0 3 1 10; DE 2 1 1 10 3;
FL 4 3 8 5 50; GA 4 3 12 40 38; IA 8 5 30 4 22; ID 10 8 9 0 8; IL 7 6 20 3 60; IN 6 4 14 8 18; KS 9 6 18 0 14;
KY 6 4 18 8 16; LA 5 7 6 5 12; MA 1 0 3 1 18; MD 2 2 6 7 14; ME 1 0 5 1 5; MI 6 4 18 4 30; MN 7 5 18 12 28;
MO 8 6 26 14 24; MS 5 3 4 24 9; MT 10 5 9 0 5; NC 3 2 14 24 30; ND 7 5 6 0 4; NE 8 6 24 2 18; NH 1 0 4 0 3;
NJ 1 0 6 1 45; NM 10 8 8 0 6; NV 10 8 3 0 6; NY 1 1 22 6 55; OH 6 4 20 6 30; OK 9 7 12 6 14; OR 10 9 12 2 14;
PA 2 1 40 20 50; RI 1 0 2 0 5; SC 3 2 6 14 10; SD 8 5 8 1 5; TN 5 3 12 12 20; TX 9 7 36 24 75; UT 10 8 10 2 12;
VA 3 2 14 12 18; VT 1 0 10 0 4; WA 10 9 14 3 22; WI 7 5 34 6 36; WV 2 2 6 5 3; WY 10 8 6 0 3
"""
_TOWNS = (
    "Simbrook", "Simbury", "Simfield", "Simford", "Simgrove", "Simhaven", "Simhurst", "Simlake", "Simmere", "Simmont",
    "Simoak", "Simport", "Simridge", "Simrock", "Simstead", "Simton", "Simvale", "Simview", "Simwick", "Simwood",
)  # fmt: skip
_STREETS = (
    "Alder", "Barn", "Cedar", "Depot", "Elm", "Forge", "Grange", "Hollow", "Ivy", "Junction", "Knoll", "Locust", "Mill",
    "Orchard", "Quarry", "Spring",
)  # fmt: skip
_STREET_KINDS = ("Road", "Street", "Avenue", "Drive", "Highway", "Lane", "Boulevard", "Parkway")
_TOWN_SPREAD_DEG = 0.05


@cache
def states() -> pd.DataFrame:
    """Return the states of the simulated industry.

    Returns
    -------
    DataFrame
        Index code; columns district, postcode_prefix (2 digits), livestock, poultry, processing (weights), name,
        osha_plan.
    """
    rows = [entry.split() for entry in _STATES.replace("\n", " ").split(";")]
    table = pd.DataFrame(rows, columns=["code", "number", "digit", "livestock", "poultry", "processing"])
    rank = table.groupby("digit").cumcount() + 1  # from 1: a lost leading zero must leave at least three digits
    table["postcode_prefix"] = table["digit"] + rank.astype(str)
    table["district"] = "Sim District " + table["number"].str.zfill(2)
    kinds = ["livestock", "poultry", "processing"]
    table[kinds] = table[kinds].astype(float)
    facts = shipped("codes/us_states.csv").set_index("code")
    return table.set_index("code").drop(columns=["number", "digit"]).join(facts)


def under_federal_osha(codes: pd.Series) -> pd.Series:
    """Say for each state whether federal OSHA covers its private employers."""
    return codes.map(states()["osha_plan"] != "state")


@cache
def _outlines() -> dict[str, shapely.Geometry]:
    outlines = geopandas.read_file(data_folder() / "boundaries" / "us_states.geojson")
    return dict(zip(outlines["code"], outlines.geometry, strict=True))


def draw_towns(rng: np.random.Generator) -> pd.DataFrame:
    """Scatter the towns of every state inside its outline.

    Returns
    -------
    DataFrame
        Columns state, town, postcode, latitude_deg, longitude_deg: 20 towns per state, of the same 20 made-up names.
    """
    parts = []
    for code, state in states().iterrows():
        outline = _outlines()[str(code)]
        lon, lat = _points_inside(rng, outline.buffer(-0.03), len(_TOWNS)).T
        postcodes = [f"{state['postcode_prefix']}{number}" for number in range(101, 101 + len(_TOWNS))]
        where = {"latitude_deg": lat, "longitude_deg": lon}
        parts.append(pd.DataFrame({"state": code, "town": _TOWNS, "postcode": postcodes, **where}))
    return pd.concat(parts, ignore_index=True)


def _points_inside(rng: np.random.Generator, outline: shapely.Geometry, count: int) -> np.ndarray:
    """Return points (longitude, latitude) spread evenly over the degrees of an outline."""
    west, south, east, north = outline.bounds
    found = np.empty((0, 2))
    while len(found) < count:
        tried = rng.uniform((west, south), (east, north), size=(8 * count, 2))
        found = np.vstack([found, tried[shapely.contains_xy(outline, tried)]])
    return found[:count]


def settle(rng: np.random.Generator, kinds: np.ndarray) -> pd.DataFrame:
    """Give every plant a state, a town in it, a street and a spot near the town and inside the state.

    Parameters
    ----------
    rng : Generator
        The stream of places alone.
    kinds : array of str
        livestock, poultry or processing, one per plant.

    Returns
    -------
    DataFrame
        Columns state, town, postcode, latitude_deg, longitude_deg, district, circuit, street; one row per plant.
    """
    book, towns = states(), draw_towns(rng)
    chosen = np.empty(len(kinds), dtype=object)
    for kind in ("livestock", "poultry", "processing"):
        here = kinds == kind
        chosen[here] = rng.choice(book.index.to_numpy(dtype=object), here.sum(), p=book[kind] / book[kind].sum())
    first = {code: len(_TOWNS) * position for position, code in enumerate(book.index)}
    places = towns.iloc[[first[code] + int(rng.integers(len(_TOWNS))) for code in chosen]].reset_index(drop=True)
    spots = places[["longitude_deg", "latitude_deg"]].to_numpy()
    moved = spots + rng.normal(0, _TOWN_SPREAD_DEG, size=spots.shape)
    inside = [shapely.contains_xy(_outlines()[code], *spot) for code, spot in zip(chosen, moved, strict=True)]
    places[["longitude_deg", "latitude_deg"]] = np.where(np.array(inside)[:, None], moved, spots).round(8)
    places["district"] = places["state"].map(book["district"])
    places["circuit"] = places["district"].str[-2:] + pd.Series(rng.integers(1, 31, len(places))).astype(str).str.zfill(
        2
    )
    places["street"] = [_street(rng) for _ in range(len(places))]
    return places


def _street(rng: np.random.Generator) -> str:
    name, kind = _STREETS[rng.integers(len(_STREETS))], _STREET_KINDS[rng.integers(len(_STREET_KINDS))]
    compass = ("", "", "", "North ", "South ", "East ", "West ")[rng.integers(7)]
    return f"{rng.integers(100, 9900)} {compass}Sim {name} {kind}"
