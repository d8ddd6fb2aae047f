"""Faults of coordinates: each is found where it was planted, none where there is none, and nothing is changed."""

from __future__ import annotations

from math import asin, degrees, nan, radians, sin

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.geography.coordinates import FLAGS, check_coordinates
from welfare.sources.read import read

# A plant in Gainesville, Georgia, in places no state's centre is near.
PLANT = {"latitude_deg": 34.28012, "longitude_deg": -83.82234, "country": "US", "region": "GA", "city": "Gainesville"}


def check(*rows: dict[str, object], **options: bool) -> pd.DataFrame:
    return check_coordinates(pd.DataFrame([PLANT | row for row in rows]), **options)


@pytest.mark.parametrize(
    ("row", "flag", "words"),
    [
        ({}, "", ""),
        ({"latitude_deg": nan, "longitude_deg": nan}, "missing", "no coordinates"),
        ({"latitude_deg": nan}, "half", "only the longitude is given"),
        ({"latitude_deg": 0.0, "longitude_deg": 0.0}, "zero", "off Africa"),
        ({"latitude_deg": 134.28}, "impossible", "no point on Earth"),
        ({"latitude_deg": -83.82234, "longitude_deg": 34.28012}, "swapped", "changed places"),
        ({"longitude_deg": 83.82234}, "sign_lost", "the longitude had the other sign"),
        ({"latitude_deg": -34.28012}, "sign_lost", "the latitude had the other sign"),
        # Karlsruhe, Germany; Augusta in Maine; the Atlantic; and a village 40 km into Alabama.
        ({"latitude_deg": 49.00912, "longitude_deg": 8.40431}, "outside_country", "it lies in DE, not US"),
        ({"latitude_deg": 44.31071, "longitude_deg": -69.77953}, "outside_region", "it lies in ME, not GA"),
        ({"latitude_deg": 30.50012, "longitude_deg": -70.10034}, "at_sea", "it lies at sea"),
        ({"latitude_deg": 34.3, "longitude_deg": -83.8}, "imprecise", "it may be 6 km off"),
        ({"latitude_deg": 34.28, "longitude_deg": -83.82}, "", ""),
        ({"region": "", "country": ""}, "", ""),
        # Lavras in Brazil needs no state; a point in Georgia said to be in Canada is elsewhere.
        ({"latitude_deg": -21.24512, "longitude_deg": -44.99934, "country": "BR", "region": "MG"}, "", ""),
        ({"country": "CA", "region": "ON"}, "outside_country", "it lies in US, not CA"),
    ],
)
def test_each_fault_where_it_was_planted(row, flag, words):
    found = check(row).iloc[0]
    assert found["flag"] == flag
    assert words in found["reason"]
    assert found["usable"] == (flag in ("", "imprecise"))


def test_a_state_s_centre_is_suspected():
    # Wyoming lies between two parallels and two meridians, so half its area is below the mean of the two sines.
    south, north, west, east = 41.0, 45.0, -111.0546, -104.0522
    middle = degrees(asin((sin(radians(south)) + sin(radians(north))) / 2))
    centre = {"latitude_deg": round(middle, 5), "longitude_deg": (west + east) / 2, "region": "WY"}
    assert check(centre)["flag"].item() == "region_centre"
    assert not check(centre)["usable"].item()
    assert check(centre | {"latitude_deg": middle + 0.1})["flag"].item() == ""
    # Near the middle of a territory as small as the District of Columbia most places are.
    assert check({"latitude_deg": 38.9052, "longitude_deg": -77.0164, "region": "DC"})["flag"].item() == ""


def test_many_addresses_on_one_very_point_are_noticed():
    rows = [{"street": f"{number} Main St"} for number in range(1, 6)]
    found = check(*rows)
    assert set(found["flag"]) == {"shared"}
    assert found["reason"].iloc[0] == "5 different addresses have this very point"
    assert set(check(*rows[:4])["flag"]) == {""}
    assert set(check(*[rows[0]] * 9)["flag"]) == {""}
    # A wholesale market: many doors, one postcode.
    assert set(check(*(row | {"postcode": "10474"} for row in rows))["flag"]) == {""}
    coarse = {"latitude_deg": 34.28, "longitude_deg": -83.82}
    assert set(check(*(row | coarse for row in rows))["flag"]) == {""}


def test_a_trailing_zero_is_no_coarseness():
    # Of 10,000 points of two decimals one in ten by one in ten ends in zeros, and has no fewer decimals for it.
    hundredths = np.arange(100) / 100
    grid = [(34 + a, -84 + b) for a in hundredths for b in hundredths]
    rows = pd.DataFrame(grid, columns=["latitude_deg", "longitude_deg"])
    assert set(check_coordinates(rows)["flag"]) == {""}
    # Twice as many are more than chance; of whole degrees, of which there is one, two are not.
    tenths = rows[(rows * 10).round(6).mod(1).eq(0).all(axis=1)]
    found = check_coordinates(pd.concat([rows, tenths], ignore_index=True))
    assert (found["flag"] == "imprecise").sum() == 2 * (len(tenths) - 1)


def test_a_fish_farm_at_sea_is_no_mistake():
    pen = {"latitude_deg": 57.9312, "longitude_deg": -6.8234, "country": "GB", "region": "Scotland"}
    at_sea = pen | {"latitude_deg": 57.5012, "longitude_deg": -12.0034}
    assert check(at_sea)["flag"].item() == "at_sea"
    assert check(at_sea, on_land=False)["flag"].item() == ""


def test_the_gravest_fault_names_and_all_are_told():
    found = check({"latitude_deg": 14.24, "longitude_deg": -170.71, "region": "AS"}).iloc[0]
    assert found["flag"] == "sign_lost"
    assert found["reason"].endswith("it lies at sea")


def test_nothing_is_changed_and_the_index_stays():
    rows = pd.DataFrame([PLANT, PLANT | {"latitude_deg": -83.8, "longitude_deg": 34.28}], index=["b", "a"])
    before = rows.copy(deep=True)
    assert check_coordinates(rows).index.tolist() == ["b", "a"]
    pd.testing.assert_frame_equal(rows, before)
    assert check_coordinates(rows.iloc[:0]).empty


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(-400, 400) | st.sampled_from([nan, 0.0, 90.0, -90.0]),
            st.floats(-400, 400) | st.sampled_from([nan, 0.0, 180.0, -180.0]),
            st.sampled_from(["US", "GB", "", "XX"]),
            st.sampled_from(["GA", "AK", "England", ""]),
        ),
        max_size=8,
    )
)
def test_any_numbers_are_flagged_or_not_and_never_an_error(rows):
    columns = ["latitude_deg", "longitude_deg", "country", "region"]
    found = check_coordinates(
        pd.DataFrame(rows, columns=columns).astype({"latitude_deg": float, "longitude_deg": float})
    )
    assert found["flag"].isin(["", *FLAGS]).all()
    assert ((found["flag"] == "") == (found["reason"] == "")).all()
    assert not (found["usable"] & ~found["flag"].isin(["", "imprecise"])).any()


@pytest.mark.real
def test_the_directory_s_plants_are_where_it_says(shared):
    plants = read(shared / "data/us/fsis/mpi_directory_2025-06.csv").facilities
    found = check_coordinates(plants)
    assert found["usable"].mean() > 0.99
    assert set(found["flag"]) == {"", "region_centre"}
    # Planted: every fiftieth pair changes places, and the sign of the longitude is lost in the next row.
    spoiled = plants.copy()
    swapped, lost = plants.index[::50], plants.index[1::50]
    latitude = plants.loc[swapped, "latitude_deg"].to_numpy()
    spoiled.loc[swapped, "latitude_deg"] = plants.loc[swapped, "longitude_deg"].to_numpy()
    spoiled.loc[swapped, "longitude_deg"] = latitude
    spoiled.loc[lost, "longitude_deg"] *= -1
    found = check_coordinates(spoiled)["flag"]
    # West of 90 degrees, a latitude that was a longitude is no point on Earth, which is the graver fault.
    assert found[swapped].isin(["swapped", "impossible"]).all()
    assert (found[lost] == "sign_lost").mean() > 0.99
    assert np.isin(found.drop([*swapped, *lost]), ["", "region_centre"]).all()


@pytest.mark.real
def test_wrong_points_of_the_injury_reports_are_found(shared):
    reports = read(shared / "data/us/osha/severe_injury_reports_2015-2017.csv").injuries
    flags = check_coordinates(reports)["flag"].value_counts()
    # American Samoa north of the equator five times; points in India, Brazil and Germany, looked up one by one.
    assert (flags["sign_lost"], flags["outside_country"], flags["zero"]) == (5, 3, 1)
    assert flags["outside_region"] == 5
    assert not {"at_sea", "swapped", "impossible"} & set(flags.index)


@pytest.mark.parametrize(
    ("country", "latitude", "longitude"),
    [
        # Suva, Taveuni across the date line, Tarawa, Malé, Lerwick, St Mary's, Tórshavn, Longyearbyen, Easter Island,
        # San Juan and Saint-Denis under both codes, Pristina, Kyrenia, Hargeisa, Attu, Stanley.
        ("FJ", -18.1416, 178.4419),
        ("FJ", -16.8512, -179.9712),
        ("KI", 1.4518, 172.9717),
        ("MV", 4.1755, 73.5093),
        ("GB", 60.1530, -1.1494),
        ("GB", 49.9141, -6.3153),
        ("FO", 62.0079, -6.7900),
        ("NO", 78.2232, 15.6267),
        ("SJ", 78.2232, 15.6267),
        ("CL", -27.1127, -109.3497),
        ("PR", 18.4655, -66.1057),
        ("US", 18.4655, -66.1057),
        ("FR", -20.8789, 55.4481),
        ("RE", -20.8789, 55.4481),
        ("XK", 42.6629, 21.1655),
        ("CY", 35.3364, 33.3182),
        ("SO", 9.5624, 44.0770),
        ("US", 52.9012, 172.9034),
        ("FK", -51.6977, -57.8517),
        # Across a river or a line from another country: Windsor, Niagara Falls, Tijuana, Juárez, Vaals, Freilassing,
        # Görlitz, Konstanz, Menton, Ciudad del Este, Baarle-Hertog, Komárno.
        ("CA", 42.3149, -83.0364),
        ("CA", 43.0896, -79.0849),
        ("MX", 32.5149, -117.0382),
        ("MX", 31.7386, -106.4870),
        ("NL", 50.7706, 6.0180),
        ("DE", 47.8408, 12.9811),
        ("DE", 51.1526, 14.9872),
        ("DE", 47.6603, 9.1758),
        ("FR", 43.7765, 7.5048),
        ("PY", -25.5097, -54.6111),
        ("BE", 51.4436, 4.9294),
        ("SK", 47.7631, 18.1226),
        # On the parallels at which Russia and Fiji cross the date line: Luleå, Kemi, Bodø, Kariba, Anadyr, Egvekinot.
        ("SE", 65.5848, 22.1547),
        ("FI", 65.7364, 24.5634),
        ("NO", 67.2804, 14.4049),
        ("ZW", -16.5222, 28.8017),
        ("RU", 64.7337, 177.4968),
        ("RU", 66.3222, -179.1185),
    ],
)
def test_true_places_all_over_the_world_are_no_fault(country, latitude, longitude):
    place = {"country": country, "region": "", "latitude_deg": latitude, "longitude_deg": longitude}
    assert check(place)["flag"].item() == ""
