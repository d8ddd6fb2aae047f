"""Where a record is: grid coordinates and outlines brought to longitude and latitude in degrees (WGS 84)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from welfare.sources.transforms import number

Placed = tuple[pd.Series, pd.Series]  # values, reasons (empty string where the cells could be read)


@cache
def _to_degrees(system: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(system, "EPSG:4326", always_xy=True)


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

    An outline is no outline if it is empty, crosses itself or, in degrees, lies outside the globe: metres that a file
    calls degrees are seen so.
    """
    import geopandas
    import shapely

    read = shapely.from_wkt(shapes.where(shapes != "", None).to_numpy(dtype=object), on_invalid="ignore")
    parts = []
    for system, own in pd.Series(read, index=shapes.index).groupby(systems):
        part = geopandas.GeoSeries(own, crs=str(system))
        parts.append(part.to_crs("EPSG:4326"))
    placed = pd.concat(parts).reindex(shapes.index) if parts else geopandas.GeoSeries(index=shapes.index, crs=4326)
    bounds = placed.bounds
    outside = ~bounds["minx"].between(-180, 180) | ~bounds["maxx"].between(-180, 180)
    outside |= ~bounds["miny"].between(-90, 90) | ~bounds["maxy"].between(-90, 90)
    faults = pd.Series("", index=shapes.index, dtype="str")
    faults[~placed.is_valid] = "the outline crosses itself"
    faults[outside] = "the outline lies outside the globe: its coordinates are not those of the system it names"
    faults[placed.isna() | placed.is_empty] = "there is no outline that can be read"
    return placed, faults
