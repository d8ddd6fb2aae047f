"""County, state and country of a point, how near a line it is, and what the shipped outlines are good for."""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd
import pytest

from welfare.errors import ContractBroken
from welfare.geography.boundaries import COAST_KM, LINE_KM, country_of, county_of
from welfare.geography.distances import distance_km
from welfare.geography.locate import locate
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


def test_a_pier_belongs_to_its_coast_and_is_doubtful():
    # Off Ocean City, Maryland, to the east: a kilometre or two, and then thirty.
    found = county_of([38.33, 38.33], [-75.065, -74.70])
    assert (found["fips"][0], found["doubt"][0]) == ("24047", "off the coast")
    assert 0 < found["border_km"][0] <= COAST_KM
    assert pd.isna(found["fips"][1])


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


def test_locate_without_coordinates_is_refused():
    with pytest.raises(ContractBroken, match="the table has no column longitude_deg"):
        locate(pd.DataFrame({"latitude_deg": [1.0]}))
