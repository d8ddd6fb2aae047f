"""Which county, state or country a point lies in, by shipped outlines, and how near their lines it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from welfare.geography.distances import Floats, Ints, distance_km
from welfare.schema.codes import code_map, data_folder

# So far the shipped county lines may lie from the true ones; see data/boundaries/README.md for how it was measured.
LINE_KM = 1.0
# A point in no outline belongs to the nearest one if it is so near: simplified coasts lose piers and islets.
COAST_KM = 5.0
# Country outlines are coarser still (1:50,000,000).
COUNTRY_KM = 10.0


@dataclass(frozen=True)
class Outlines:
    """Outlines with their attributes, and trees to search them by."""

    table: pd.DataFrame
    areas: Any  # of the outlines, on the Mercator plane, which keeps what is nearest nearest
    lines: Any  # of short pieces of their lines
    pieces: Any
    piece_of: Ints  # by piece, the row of its outline


@cache
def _outlines(name: str) -> Outlines:
    import geopandas
    import shapely

    frame = geopandas.read_parquet(data_folder() / "boundaries" / f"{name}.parquet")
    # Mercator has no poles.
    flat = frame.clip((-180, -85, 180, 85)).sort_index().to_crs("EPSG:3857")
    shapes = flat.geometry.to_numpy()
    table = pd.DataFrame(flat.drop(columns="geometry")).reset_index(drop=True)
    pieces, piece_of = _pieces(shapes)
    return Outlines(table, shapely.STRtree(shapes), shapely.STRtree(pieces), pieces, piece_of)


def _pieces(shapes: Any) -> tuple[Any, Ints]:
    """Cut the lines of outlines into single stretches, which are quick to search and to measure."""
    import shapely

    rings, of_shape = shapely.get_parts(shapely.boundary(shapes), return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    within = np.flatnonzero(of_ring[1:] == of_ring[:-1])
    stretches = shapely.linestrings(np.stack([points[within], points[within + 1]], axis=1))
    return stretches, of_shape[of_ring[within]]


@cache
def _plane() -> Any:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)


def county_of(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> pd.DataFrame:
    """Return the county and state each point lies in, in the United States.

    Parameters
    ----------
    latitude_deg, longitude_deg : array of float, n
        WGS 84.

    Returns
    -------
    DataFrame
        n rows: fips (county, five digits), county, state (USPS code), border_km (to the nearest county line, on the
        ellipsoid) and doubt: "near the line" if that is less than the lines are accurate to, "off the coast" if the
        point lies in no county and was given the nearest, at most 5 km away; else empty. Null where a point is missing
        or in no county. Counties are those of 2017: Connecticut's eight, not the planning regions that replaced them.
    """
    return _located(_outlines("us_counties"), latitude_deg, longitude_deg, COAST_KM)


def country_of(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> pd.DataFrame:
    """Return the country each point lies in.

    Returns
    -------
    DataFrame
        n rows: country (ISO 3166-1 alpha-2; null where the land has none), name, border_km and doubt as in
        :func:`county_of`. Null at sea, more than 10 km from the coast.
    """
    return _located(_outlines("countries"), latitude_deg, longitude_deg, COUNTRY_KM)


def km_from_country(latitude_deg: ArrayLike, longitude_deg: ArrayLike, country: pd.Series) -> Floats:
    """Return how far each point is from the country named beside it, in km.

    Parameters
    ----------
    latitude_deg, longitude_deg : array of float, n
        WGS 84.
    country : Series of str, n
        ISO 3166-1 alpha-2; a part of a country counts as the country.

    Returns
    -------
    ndarray of float
        0 within its outlines; NaN without a point, or for a country without an outline.
    """
    import shapely

    outlines = _outlines("countries")
    parts = code_map("country_parts", "part", "country")
    owner, stated = (codes.replace(parts).to_numpy() for codes in (outlines.table["country"], country))
    lat, lon = (np.asarray(part, dtype=float) for part in (latitude_deg, longitude_deg))
    found = np.full(len(lat), np.nan)
    known = (np.abs(lat) < 85) & (np.abs(lon) <= 180)
    for name in pd.unique(stated[known]):
        rows, home = np.flatnonzero(known & (stated == name)), np.flatnonzero(owner == name)
        if not len(home):
            continue
        shape = shapely.union_all(outlines.areas.geometries[home])
        points = shapely.points(*_plane().transform(lon[rows], lat[rows]))
        meeting = shapely.get_point(shapely.shortest_line(points, shape), 1)
        there = _plane().transform(shapely.get_x(meeting), shapely.get_y(meeting), direction="INVERSE")
        inside = shapely.intersects(points, shape)
        found[rows] = np.where(inside, 0.0, distance_km(lat[rows], lon[rows], there[1], there[0]))
    return found


def _located(outlines: Outlines, latitude_deg: ArrayLike, longitude_deg: ArrayLike, coast_km: float) -> pd.DataFrame:
    import shapely

    lat, lon = (np.asarray(part, dtype=float) for part in (latitude_deg, longitude_deg))
    known = np.flatnonzero((np.abs(lat) < 85) & (np.abs(lon) <= 180))
    points = shapely.points(*_plane().transform(lon[known], lat[known]))
    home = np.full(len(known), -1)
    inside, shape = outlines.areas.query(points, predicate="intersects")
    home[inside[::-1]] = shape[::-1]  # on a line between two, the first
    nearest, border = _nearest(outlines, points, lat[known], lon[known])
    off = (home < 0) & (border <= coast_km)
    home[off] = nearest[off]
    doubt = np.where(off, "off the coast", np.where((home >= 0) & (border < LINE_KM), "near the line", ""))
    rows = outlines.table.reindex(home).assign(border_km=border, doubt=doubt)  # no outline has the number -1
    return rows.set_axis(known, axis=0).reindex(range(len(lat))).fillna({"doubt": ""})


def _nearest(outlines: Outlines, points: Any, lat: Floats, lon: Floats) -> tuple[Ints, Floats]:
    """Return the outline whose line is nearest to each point, and how far it is in km."""
    import shapely

    if not len(points):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    piece = outlines.lines.query_nearest(points, all_matches=False)[1]  # one for each point, in their order
    meeting = shapely.get_point(shapely.shortest_line(points, outlines.pieces[piece]), 1)
    there = _plane().transform(shapely.get_x(meeting), shapely.get_y(meeting), direction="INVERSE")
    return outlines.piece_of[piece], distance_km(lat, lon, there[1], there[0])
