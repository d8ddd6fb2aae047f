"""Distances on the WGS 84 ellipsoid, and which points are near each other."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

_EARTH_KM = 6371.0
# No two points are farther apart on the ellipsoid than this share beyond their distance on the sphere (0.56 %).
_FLATTENING = 1.006


@cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def distance_km(latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike) -> Floats:
    """Return the length of the shortest line between points on the WGS 84 ellipsoid, in km.

    Parameters
    ----------
    latitude_a, longitude_a, latitude_b, longitude_b : array of float
        Degrees; of one length, or of length 1.

    Returns
    -------
    ndarray of float
        NaN where a coordinate is missing.

    References
    ----------
    Karney CFF. Algorithms for geodesics. Journal of Geodesy 2013; 87: 43-55.
    """
    given = (np.asarray(part, dtype=float) for part in (latitude_a, longitude_a, latitude_b, longitude_b))
    lat_a, lon_a, lat_b, lon_b = np.broadcast_arrays(*given)
    known = np.isfinite(lat_a) & np.isfinite(lon_a) & np.isfinite(lat_b) & np.isfinite(lon_b)
    found = np.full(known.shape, np.nan)
    if known.any():
        found[known] = _ellipsoid().inv(lon_a[known], lat_a[known], lon_b[known], lat_b[known])[2] / 1000
    return found


def within_km(
    latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike, *, km: float
) -> tuple[Ints, Ints, Floats]:
    """Return which points of two sets are at most so far apart.

    Parameters
    ----------
    latitude_a, longitude_a : array of float, n
    latitude_b, longitude_b : array of float, m
        Degrees; a point without one of its coordinates is near nothing.
    km : float
        Greatest distance.

    Returns
    -------
    tuple of ndarray
        Positions in the first set, positions in the second, and km, one entry per pair, in the order of the positions.
    """
    lat_a, lon_a, lat_b, lon_b = (
        np.asarray(part, dtype=float) for part in (latitude_a, longitude_a, latitude_b, longitude_b)
    )
    ours = np.flatnonzero(np.isfinite(lat_a) & np.isfinite(lon_a))
    theirs = np.flatnonzero(np.isfinite(lat_b) & np.isfinite(lon_b))
    if not len(ours) or not len(theirs):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    from scipy.spatial import KDTree

    # A sphere sieves, a hair too wide; the ellipsoid has the last word.
    chord = 2 * np.sin(min(km * _FLATTENING / _EARTH_KM, np.pi) / 2) * (1 + 1e-9)
    tree = KDTree(_on_sphere(lat_b[theirs], lon_b[theirs]))
    near = tree.query_ball_point(_on_sphere(lat_a[ours], lon_a[ours]), chord, return_sorted=True, workers=-1)
    a = np.repeat(ours, [len(found) for found in near])
    b = theirs[np.concatenate([np.asarray(found, dtype=np.int64) for found in near])]
    apart = distance_km(lat_a[a], lon_a[a], lat_b[b], lon_b[b])
    kept = apart <= km
    return a[kept], b[kept], apart[kept]


def _on_sphere(latitude: Floats, longitude: Floats) -> Floats:
    """Return points of the unit sphere, n by 3."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
