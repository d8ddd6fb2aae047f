"""Convert the county and country outlines of two npm packages to the tables beside this script.

    npm pack us-atlas@3.0.1 world-atlas@2.0.2
    pip install pycountry
    python data/boundaries/make_boundaries.py us-atlas-3.0.1.tgz world-atlas-2.0.2.tgz

Writes us_counties.parquet and countries.parquet: GeoParquet, longitude and latitude in degrees. Outlines are as the
packages hold them; countries are those of 1:50,000,000 with the islands that only 1:10,000,000 has, rounded to
thousandths of a degree. What is not valid is mended by shapely.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tarfile
import tempfile
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pycountry
import shapely

HERE = Path(__file__).parent
SHA256 = {
    "us-atlas-3.0.1.tgz": "e6daba1800885868303ad3549da62f85a557b8142bb72629ec15651de62f9c5d",
    "world-atlas-2.0.2.tgz": "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97",
}
OTHER_NAMES = {"69": "MP", "78": "VI"}  # the package spells these two out at length
# Land without a number of its own in ISO 3166-1, and the code under which records of places there are kept.
WITHOUT_CODE = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Indian Ocean Ter.": "AU"}
COUNTRY_DEGREES, ISLAND_DEGREES = 0.001, 0.003


def layer(package: Path, member: str, name: str) -> geopandas.GeoDataFrame:
    """Return one layer of a TopoJSON file in a package, in WGS 84, every outline valid."""
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256[package.name]:
        raise SystemExit(f"{package} is not the file this was written for: its SHA-256 is {found}")
    with tarfile.open(package) as archive, tempfile.TemporaryDirectory() as folder:
        archive.extract(f"package/{member}", folder, filter="data")
        shapes = geopandas.read_file(Path(folder) / "package" / member, layer=name)
    shapes = shapes.set_crs("EPSG:4326")
    if name == "countries":
        shapes = shapes.set_geometry([cut_at_180(shape) for shape in shapes.geometry.array], crs="EPSG:4326")
    return shapes.set_geometry(_areas(shapes.geometry.array))


def cut_at_180(shape: shapely.Geometry) -> shapely.Geometry:
    """Return an outline that crosses 180 degrees, and reads as running back over the map, as parts on either side."""
    parts = []
    for part in shapely.get_parts(shape):
        if part.is_empty:
            continue
        rings = [part.exterior, *part.interiors]
        if all(np.abs(np.diff(shapely.get_coordinates(ring)[:, 0])).max() < 180 for ring in rings):
            parts.append(part)
            continue
        points = [shapely.get_coordinates(ring) for ring in rings]
        whole = [np.column_stack([np.unwrap(at[:, 0], period=360), at[:, 1]]) for at in points]
        if abs(whole[0][0, 0] - whole[0][-1, 0]) > 1:  # round a pole: no ring on a flat map
            parts.append(part)
            continue
        polygon = shapely.make_valid(shapely.Polygon(whole[0], whole[1:]), method="structure", keep_collapsed=False)
        for turn in (-360, 0, 360):
            piece = shapely.intersection(polygon, shapely.box(-180 + turn, -90, 180 + turn, 90))
            moved = shapely.transform(piece, lambda at, turn=turn: at - [turn, 0])
            parts += [one for one in shapely.get_parts(moved) if one.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _areas(shapes: object) -> object:
    """Return outlines made valid, without the lines and points that may leave over."""
    return shapely.make_valid(shapes, method="structure", keep_collapsed=False)


def counties(package: Path) -> geopandas.GeoDataFrame:
    """Return fips, county, state (USPS code), geometry."""
    shapes = layer(package, "counties-10m.json", "counties")
    codes = pd.read_csv(HERE.parent / "codes" / "us_states.csv", dtype=str).set_index("name")["code"]
    states = layer(package, "counties-10m.json", "states").set_index("id")["name"].map(codes)
    states = states.fillna(OTHER_NAMES)
    table = shapes.rename(columns={"id": "fips", "name": "county"})
    table["state"] = table["fips"].str[:2].map(states)
    if unknown := sorted(set(table.loc[table["state"].isna(), "fips"].str[:2])):
        raise SystemExit(f"no state has the number {', '.join(unknown)}")
    return table[["fips", "county", "state", "geometry"]].sort_values("fips", ignore_index=True)


def countries(package: Path) -> geopandas.GeoDataFrame:
    """Return country (ISO 3166-1 alpha-2; null for what has none), name, geometry."""
    coarse, fine = (layer(package, f"countries-{scale}.json", "countries") for scale in ("50m", "10m"))
    both = pd.concat([coarse, islands(fine, coarse)]).dissolve(by=["id", "name"], dropna=False).reset_index()
    codes = {country.numeric: country.alpha_2 for country in pycountry.countries}
    table = both.assign(country=both["id"].map(codes).fillna(both["name"].map(WITHOUT_CODE)))
    rounded = shapely.set_precision(table.geometry.array, COUNTRY_DEGREES)
    table = table.set_geometry(_areas(rounded))
    return table[["country", "name", "geometry"]].sort_values("name", ignore_index=True)


def islands(fine: geopandas.GeoDataFrame, coarse: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Return the islands that the coarse outlines lack: places stand on them."""
    parts = fine.explode(ignore_index=True)
    land = shapely.STRtree(coarse.geometry.array)
    there = land.query(parts.geometry.array, predicate="intersects")[0]
    lost = parts.drop(index=set(there))
    return lost.set_geometry(shapely.simplify(lost.geometry.array, ISLAND_DEGREES))


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("us_atlas", type=Path)
    parser.add_argument("world_atlas", type=Path)
    given = parser.parse_args()
    for name, table in (("us_counties", counties(given.us_atlas)), ("countries", countries(given.world_atlas))):
        path = HERE / f"{name}.parquet"
        table.to_parquet(path, compression="zstd", index=False)
        sys.stdout.write(f"{path.name}: {len(table):,} rows, {path.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
