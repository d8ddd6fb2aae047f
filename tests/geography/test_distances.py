"""Distances on the ellipsoid against published lines, and nearness against every pair."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.geography.distances import distance_km, within_km


def degrees(whole: int, minutes: int, seconds: float) -> float:
    return (abs(whole) + minutes / 60 + seconds / 3600) * (-1 if whole < 0 else 1)


FLINDERS = degrees(-37, 57, 3.72030), degrees(144, 25, 29.52440)
BUNINYONG = degrees(-37, 39, 10.15610), degrees(143, 55, 35.38390)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        # Karney CFF. Test set for geodesics (GeodTest.dat), first line. 2010. doi:10.5281/zenodo.32156
        ((36.530042355041, 0), (-48.164270779097768864, 5.762344694676510456), 9398.5020434687),
        # Flinders Peak to Buninyong: Geocentric Datum of Australia Technical Manual, ICSM, section 4 (on GRS 80, whose
        # flattening differs from WGS 84's in the ninth digit).
        (FLINDERS, BUNINYONG, 54.972271),
        # Quarter of a meridian and of the equator: NIMA TR8350.2, WGS 84.
        ((0, 10), (90, 10), 10001.9657293),
        ((0, 0), (0, 90), 6378.137 * np.pi / 2),
        ((12.5, -84.0), (12.5, -84.0), 0),
    ],
)
def test_published_lines(one, other, km):
    assert distance_km([one[0]], [one[1]], [other[0]], [other[1]])[0] == pytest.approx(km, abs=2e-6)
    assert distance_km([other[0]], [other[1]], [one[0]], [one[1]])[0] == pytest.approx(km, abs=2e-6)


def test_across_the_date_line_is_near():
    assert distance_km([0], [179.99], [0], [-179.99])[0] == pytest.approx(0.02 * 6378.137 * np.pi / 180, rel=1e-9)
    assert within_km([0.0], [179.99], [0.0], [-179.99], km=3)[0].tolist() == [0]


def test_a_missing_coordinate_is_no_distance_and_near_nothing():
    found = distance_km([1.0, nan, 1.0], [1.0, 1.0, nan], [1.0] * 3, [1.0] * 3)
    assert found[0] == 0
    assert isnan(found[1])
    assert isnan(found[2])
    assert [len(part) for part in within_km([nan, 1.0], [1.0, nan], [1.0], [1.0], km=1)] == [0, 0, 0]
    assert [len(part) for part in within_km([], [], [1.0], [1.0], km=1)] == [0, 0, 0]


POINTS = st.lists(
    st.tuples(
        st.floats(-90, 90) | st.sampled_from([nan, 0.0, 0.01]), st.floats(-180, 180) | st.sampled_from([0.0, nan])
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(POINTS, POINTS, st.sampled_from([0.5, 2, 10, 500, 5000, 20004]))
def test_no_near_pair_is_passed_over_and_none_is_far(one, other, km):
    lat_a, lon_a = (np.array([point[i] for point in one], dtype=float) for i in (0, 1))
    lat_b, lon_b = (np.array([point[i] for point in other], dtype=float) for i in (0, 1))
    a, b, apart = within_km(lat_a, lon_a, lat_b, lon_b, km=km)
    every = {
        (i, j)
        for i in range(len(one))
        for j in range(len(other))
        if distance_km(lat_a[i : i + 1], lon_a[i : i + 1], lat_b[j : j + 1], lon_b[j : j + 1])[0] <= km
    }
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == sorted(every)
    assert (apart <= km).all()


@pytest.mark.parametrize("latitude", [0, 34, 60, 89])
@pytest.mark.parametrize("north", [True, False])
def test_what_is_exactly_so_far_away_is_near_and_a_hair_farther_is_not(latitude, north):
    # The sieve on the sphere must be wide enough both ways, and the ellipsoid decide: at the equator a degree of a
    # meridian is 110.57 km and one of the equator 111.32, on the sphere 111.19 both.
    there = (latitude + 0.02, 0.0) if north else (latitude, 0.02)
    line = [latitude], [0.0], [there[0]], [there[1]]
    (km,) = distance_km(*line)
    assert len(within_km(*line, km=km)[0]) == 1
    assert len(within_km(*line, km=km * (1 - 1e-6))[0]) == 0


def test_nothing_is_farther_than_round_the_earth():
    assert within_km([0.0], [0.0], [0.0], [180.0], km=30_000)[0].tolist() == [0]
