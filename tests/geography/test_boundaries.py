"""County, state and country of a point, how near a line it is, and what the shipped outlines are good for."""

from __future__ import annotations

from math import nan

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from welfare.errors import ContractBroken
from welfare.geography.boundaries import COAST_KM, COUNTRY_KM, LINE_KM, country_of, county_of
from welfare.geography.distances import distance_km
from welfare.geography.locate import locate
from welfare.schema.codes import data_folder
from welfare.sources.read import read


@pytest.mark.parametrize(
    ("where", "latitude", "longitude", "fips", "county", "state"),
    [
        ("Atlanta, Georgia, the state house", 33.7490, -84.3880, "13121", "Fulton", "GA"),
        ("Chicago, Illinois, city hall", 41.8838, -87.6319, "17031", "Cook", "IL"),
        ("Greeley, Colorado, the court house", 40.4249, -104.6917, "08123", "Weld", "CO"),
        ("Honolulu, Hawaii, Iolani palace", 21.3067, -157.8588, "15003", "Honolulu", "HI"),
        ("Hagåtña, Guam", 13.4745, 144.7504, "66010", "Guam", "GU"),
        ("San Juan, Puerto Rico", 18.4500, -66.0700, "72127", "San Juan", "PR"),
        ("Hartford, Connecticut, a county of 2017", 41.7640, -72.6823, "09003", "Hartford", "CT"),
    ],
)
def test_points_whose_county_anybody_can_look_up(where, latitude, longitude, fips, county, state):
    found = county_of([latitude], [longitude]).iloc[0]
    assert (found["fips"], found["county"], found["state"]) == (fips, county, state), where


def test_a_point_that_is_missing_or_abroad_is_in_no_county():
    latitude, longitude = [nan, 33.7, 48.85, 90.0, -90.0, 500.0], [-84.3, nan, 2.35, 0.0, 0.0, 0.0]
    found = county_of(latitude, longitude)
    assert found["fips"].isna().all()
    assert (found["doubt"] == "").all()
    assert len(found) == 6
    assert county_of([], []).empty
    assert country_of(latitude, longitude)["country"].fillna("").tolist() == ["", "", "FR", "", "", ""]


def test_how_far_a_line_is():
    # The line between Wyoming and Colorado is the parallel of 41 degrees: a tenth of a degree of the meridian away.
    degrees = np.array([40.9, 40.98, 40.995, 41.005, 41.02, 41.1])
    found = county_of(degrees, np.full(6, -107.0))
    true = distance_km(degrees, [-107.0], [41.0], [-107.0])
    assert found["border_km"].to_numpy() == pytest.approx(true, abs=LINE_KM / 3)
    assert (found["doubt"] == "near the line").tolist() == (true < LINE_KM).tolist()
    assert found["state"].tolist() == ["CO"] * 3 + ["WY"] * 3


def test_a_surveyed_corner_lies_on_the_lines_that_meet_there():
    # Four Corners Monument, National Geodetic Survey: 36 59 56.3 N, 109 02 42.6 W (NAD 83, a metre or two off WGS 84).
    north, west = 36 + 59 / 60 + 56.3 / 3600, -(109 + 2 / 60 + 42.6 / 3600)
    corner = county_of([north], [west]).iloc[0]
    assert corner["border_km"] < LINE_KM
    assert corner["doubt"] == "near the line"
    # Three hundredths of a degree away, north and south by east and west.
    around = county_of(north + 0.03 * np.array([1, 1, -1, -1]), west + 0.03 * np.array([1, -1, 1, -1]))
    assert around["state"].tolist() == ["CO", "UT", "NM", "AZ"]
    assert around["county"].tolist() == ["Montezuma", "San Juan", "San Juan", "Apache"]


def test_distances_to_lines_are_those_of_whole_outlines_on_a_plane_around_each_point():
    # Computed another way: outlines uncut, on a plane whose distances from the point are true, every outline measured.
    counties = geopandas.read_parquet(data_folder() / "boundaries" / "us_counties.parquet")
    lines = shapely.boundary(counties.geometry.array)
    drawn = np.random.default_rng(0)
    places = {  # south, north, west, east
        "the plains": (32, 45, -104, -90),
        "the east": (32, 43, -84, -76),
        "Alaska": (62, 66, -155, -145),
        "Puerto Rico": (18.1, 18.4, -67, -66),
    }
    for where, (south, north, west, east) in places.items():
        latitude, longitude = drawn.uniform(south, north, 12), drawn.uniform(west, east, 12)
        found = county_of(latitude, longitude)["border_km"]
        for lat, lon, km in zip(latitude, longitude, found, strict=True):
            plane = Transformer.from_crs("EPSG:4326", f"+proj=aeqd +lat_0={lat} +lon_0={lon}", always_xy=True)
            near = shapely.clip_by_rect(lines, lon - 6, lat - 2, lon + 6, lat + 2)
            near = shapely.segmentize(near[~shapely.is_empty(near)], 0.005)
            flat = shapely.transform(near, plane.transform, interleaved=False)
            true = shapely.distance(flat, shapely.Point(0, 0)).min() / 1000
            # A long line has no one course between its ends: straight in degrees, or on the plane of the search.
            assert km == pytest.approx(true, abs=0.02, rel=0.002), where


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(17, 72) | st.sampled_from([nan, 41.0, 90.0, -91.0]),
            st.floats(-180, -64) | st.sampled_from([nan, -107.0, 180.0, 181.0]),
        ),
        max_size=6,
    )
)
def test_each_point_is_placed_as_if_it_were_alone(points):
    latitude, longitude = (np.array([point[i] for point in points], dtype=float) for i in (0, 1))
    for place in (county_of, country_of):
        together = place(latitude, longitude)
        assert together.index.tolist() == list(range(len(points)))
        alone = [place(latitude[i : i + 1], longitude[i : i + 1]) for i in range(len(points))]
        for row, one in enumerate(alone):
            pd.testing.assert_frame_equal(together.iloc[[row]].reset_index(drop=True), one, check_dtype=False)


def test_islands_on_both_sides_of_the_date_line():
    # Attu, Semisopochnoi and Adak are of one county; on the line itself is sea.
    found = county_of([52.9012, 51.95, 51.88, 51.0, 51.0], [172.9034, 179.6, -176.658, 180.0, -180.0])
    assert found["fips"].fillna("").tolist() == ["02016", "02016", "02016", "", ""]


def test_the_tables_hold_what_their_notes_say():
    folder = data_folder() / "boundaries"
    counties, countries = (geopandas.read_parquet(folder / f"{name}.parquet") for name in ("us_counties", "countries"))
    for table in (counties, countries):
        assert table.crs == "EPSG:4326"
        assert table.geometry.is_valid.all()
    assert counties["fips"].is_unique
    assert counties["fips"].str.fullmatch(r"\d{5}").all()
    assert counties.groupby(counties["fips"].str[:2])["state"].nunique().eq(1).all()
    assert counties["state"].nunique() == 56  # 50 states, DC, and Puerto Rico, VI, Guam, Samoa, the Northern Marianas
    # As the Bureau counted them until 2022; Shannon County was renamed Oglala Lakota in 2015.
    assert counties.loc[counties["state"] == "CT", "fips"].tolist() == [f"09{odd:03d}" for odd in range(1, 17, 2)]
    assert counties.loc[counties["fips"] == "46102", "county"].item() == "Oglala Lakota"
    # Simplified lines cross in places: what two counties both hold is less than two square kilometres altogether.
    flat = counties.to_crs("+proj=cea +ellps=WGS84").geometry.array
    one, other = shapely.STRtree(flat).query(flat, predicate="overlaps")
    assert shapely.area(shapely.intersection(flat[one], flat[other])).sum() / 2 < 2e6
    twice = countries["country"].dropna().value_counts()
    assert twice[twice > 1].to_dict() == {"AU": 3, "CY": 2, "SO": 2}


def test_a_pier_belongs_to_its_coast_and_is_doubtful():
    # Off Ocean City, Maryland, to the east: a kilometre or two, and then thirty.
    found = county_of([38.33, 38.33], [-75.065, -74.70])
    assert (found["fips"][0], found["doubt"][0]) == ("24047", "off the coast")
    assert 0 < found["border_km"][0] <= COAST_KM
    assert pd.isna(found["fips"][1])
    # Of the country as far as twice that: the coast there runs near 75.08 degrees west, a degree being 87 km.
    found = country_of([38.33] * 3, [-75.00, -74.94, -74.70])
    assert found["country"].fillna("").tolist() == ["US", "", ""]
    assert (found["doubt"][0], found["doubt"][1]) == ("off the coast", "")
    assert COAST_KM < found["border_km"][0] < COUNTRY_KM < found["border_km"][1]


@pytest.mark.real
def test_counties_are_those_the_directory_states(shared):
    path = shared / "data/us/fsis/mpi_directory_2025-06.csv"
    plants, stated = read(path).facilities, pd.read_csv(path, dtype=str)
    found = county_of(plants["latitude_deg"], plants["longitude_deg"])
    assert (found["state"].to_numpy() == plants["region"].to_numpy()).all()
    other = stated["fips_code"].notna() & (found["fips"].str[-3:] != stated["fips_code"].str[-3:].str.zfill(3))
    assert other.sum() == 67
    assert (found["doubt"][other] != "").sum() == 62


def test_locate_says_where_and_from_what():
    rows = pd.DataFrame(
        {
            "record_id": ["a#1", "a#2", "a#3", "a#4"],
            "latitude_deg": [33.7490, -84.3880, 51.5074, nan],
            "longitude_deg": [-84.3880, 33.7490, -0.1278, nan],
            "country": ["US", "US", "GB", "US"],
            "region": ["GA", "GA", "England", "GA"],
            "county": [None, "Fulton", "Greater London", "Fulton"],
        },
        index=[10, 11, 12, 13],
    )
    before = rows.copy(deep=True)
    found = locate(rows)
    assert found.table["county_fips"].fillna("").tolist() == ["13121", "", "", ""]
    assert found.table["county"].tolist() == ["Fulton", "Fulton", "Greater London", "Fulton"]
    assert found.table["county_from"].tolist() == ["boundary", "file", "file", "file"]
    assert found.table["flag"].tolist() == ["", "swapped", "", "missing"]
    assert found.dropped["row"].tolist() == [11, 13]
    assert "Of 4 records 2 have coordinates that may be used. Faults: 1 missing, 1 swapped." in found.text
    pd.testing.assert_frame_equal(rows, before)


def test_a_coarse_point_is_as_doubtful_as_it_is_coarse():
    # Wyoming ends near 111.05 degrees west, some 4 km from here: no doubt for a fine point, one for a point known to a
    # tenth of a degree, which may be 5.6 km off.
    here = {"country": "US", "region": "WY"}
    fine = locate(pd.DataFrame([here | {"latitude_deg": 42.50012, "longitude_deg": -111.00012}])).table.iloc[0]
    coarse = locate(pd.DataFrame([here | {"latitude_deg": 42.5, "longitude_deg": -111.0}])).table.iloc[0]
    assert LINE_KM < fine["border_km"] < coarse["precision_km"] == pytest.approx(5.56)
    assert (fine["doubt"], coarse["doubt"]) == ("", "near the line")


def test_locate_without_coordinates_is_refused():
    with pytest.raises(ContractBroken, match="the table has no column longitude_deg"):
        locate(pd.DataFrame({"latitude_deg": [1.0]}))


def test_no_country_runs_back_over_the_map_from_180_degrees():
    # Bodø, Luleå, Kemi and Kariba, which uncut outlines of Russia and Fiji would hold; Anadyr, Uelen, Suva, Taveuni.
    latitude = [67.2804, 65.5848, 65.7364, -16.52, 64.7337, 66.16, -18.1416, -16.85]
    longitude = [14.4049, 22.1547, 24.5637, 28.80, 177.4968, -169.81, 178.4419, -179.97]
    assert country_of(latitude, longitude)["country"].tolist() == ["NO", "SE", "FI", "ZW", "RU", "RU", "FJ", "FJ"]
