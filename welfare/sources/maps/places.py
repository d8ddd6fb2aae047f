"""Where a record is: grid coordinates and outlines brought to longitude and latitude in degrees (WGS 84)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from welfare.sources.maps.transforms import number

Placed = tuple[pd.Series, pd.Series]  # values, reasons (empty string where the cells could be read)


@cache
def _to_degrees(system: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(system, "EPSG:4326", always_xy=True)


@cache
def coordinate_system(words: str) -> Any:
    """Return the coordinate system that words such as ``EPSG:27700`` name; None if they name none."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(words)
    except CRSError:
        return None


def degrees(easting: pd.Series, northing: pd.Series, system: str, axis: str) -> Placed:
    """Return the longitude or latitude of points on a national grid.

    Parameters
    ----------
    easting, northing : Series of str
        Cells, in the grid's unit.
    system : str
        The grid, e.g. ``EPSG:27700``.
    axis : {"longitude", "latitude"}
        Which of the two.
    """
    (x, x_fault), (y, y_fault) = number(easting), number(northing)
    placed = _to_degrees(system).transform(x.to_numpy(), y.to_numpy(), errcheck=False)
    values = np.where(x.isna() | y.isna(), np.nan, placed[0 if axis == "longitude" else 1])
    faults = x_fault.where(x_fault != "", y_fault)
    half = (easting == "") != (northing == "")
    beyond = ~np.isfinite(values) & x.notna() & y.notna()
    faults = faults.mask((faults == "") & half, "one of the two coordinates is missing")
    faults = faults.mask((faults == "") & beyond, f"the point is not on the grid {system}")
    return pd.Series(np.where(np.isfinite(values), values, np.nan), index=easting.index), faults


def outlines(shapes: pd.Series, systems: pd.Series) -> Placed:
    """Return outlines in degrees from well-known text, each in the coordinate system that its record names.

    An outline is no outline if it is a point or a line, is empty, crosses itself or, in degrees, lies outside the
    globe: metres that a file calls degrees are seen so, and degrees that it calls metres by their smallness.
    """
    import geopandas
    import shapely

    faults = pd.Series("", index=shapes.index, dtype="str")
    read = shapely.from_wkt([shape or None for shape in shapes], on_invalid="ignore")
    parts = []
    for system, own in pd.Series(read, index=shapes.index).groupby(systems):
        known = coordinate_system(str(system))
        if known is None:
            faults[own.index] = f"the coordinate system {str(system)!r} is not known"
            continue
        part = geopandas.GeoSeries(own, crs=known)
        if known.is_projected:
            small = (part.bounds[["minx", "maxx"]].abs() <= 180) & (
                part.bounds[["miny", "maxy"]].abs() <= 90
            ).to_numpy()
            faults[part.index[small.all(axis=1)]] = (
                f"the outline's coordinates look like degrees, not metres of {system}"
            )
        parts.append(part.to_crs("EPSG:4326"))
    placed = geopandas.GeoSeries(pd.concat(parts) if parts else [], crs=4326).reindex(shapes.index)
    bounds = placed.bounds
    outside = ~bounds["minx"].between(-180, 180) | ~bounds["maxx"].between(-180, 180)
    outside |= ~bounds["miny"].between(-90, 90) | ~bounds["maxy"].between(-90, 90)
    told = faults != ""
    faults[~told & ~placed.is_valid] = "the outline crosses itself"
    faults[~told & outside] = "the outline lies outside the globe: its coordinates are not those of the system it names"
    faults[~told & ~placed.geom_type.isin(["Polygon", "MultiPolygon"])] = "a point, a line or a mixture is no outline"
    faults[~told & (placed.isna() | placed.is_empty)] = "there is no outline that can be read"
    return placed, faults
