"""Clusters are drawn where they are and when they were; what lies abroad is on a plane, not off the map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse

from welfare.errors import BadParameter
from welfare.figures.clusters import cluster_map, cluster_over_time, neighbours_alike
from welfare.figures.maps import on_the_map
from welfare.figures.style import to_svg
from welfare.patterns.scan.clusters import scan

PLACES = pd.DataFrame({"x": [0.0, 1, 2, 5, 6], "y": [0.0, 1, 0, 5, 6], "cluster": [1, 1, 1, 0, 2]})
ONE = pd.DataFrame({"cluster": [1], "x": [1.0], "y": [1.0], "radius": [1.5], "shape": [3.0], "angle": [30.0]})


def test_a_cluster_is_drawn_with_the_ellipse_that_its_row_says():
    ax = cluster_map(PLACES, ONE, geographic=False)
    drawn = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert [(p.center, p.width, p.height, p.angle) for p in drawn] == [((1.0, 1.0), 3.0, 1.0, 30.0)]
    assert ax.get_aspect() == 1


def test_without_a_shape_it_is_a_circle():
    ax = cluster_map(PLACES, ONE.drop(columns=["shape", "angle"]), geographic=False)
    assert [(patch.width, patch.height) for patch in ax.patches] == [(3.0, 3.0)]


def test_only_clusters_named_are_set_apart(words):
    ax = cluster_map(PLACES, ONE, geographic=False)
    rest, inside = ax.collections
    assert rest.get_offsets().tolist() == [[5.0, 5.0], [6.0, 6.0]]
    assert inside.get_offsets().tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    printed = words(to_svg(ax, alt="clusters"))
    assert "cluster 1 (3)" in printed
    assert "5 places" in printed
    assert "5 places, none in a cluster" in words(to_svg(cluster_map(PLACES, ONE[:0], geographic=False), alt="none"))


def test_places_in_several_periods_are_drawn_once():
    twice = pd.concat([PLACES, PLACES.assign(cluster=0)])
    assert len(cluster_map(twice, ONE, geographic=False).collections[1].get_offsets()) == 3


def test_american_places_are_on_the_map_of_the_states_and_british_ones_on_a_plane():
    lon, lat = np.array([-90.0, -0.1]), np.array([40.0, 51.5])
    assert on_the_map(lon, lat).tolist() == [True, False]
    american = PLACES.assign(x=PLACES["x"] - 95, y=PLACES["y"] + 38)
    assert cluster_map(american, ONE, geographic=True).child_axes
    british = PLACES.assign(x=PLACES["x"] - 3, y=PLACES["y"] + 51)
    ax = cluster_map(british, ONE, geographic=True)
    assert not ax.child_axes
    assert not ax.patches  # a circle on the ground is none in degrees
    assert ax.get_aspect() == pytest.approx(1 / np.cos(np.radians(british["y"].mean())))


def test_the_clusters_own_periods_are_shaded_from_edge_to_edge():
    frame = pd.DataFrame(
        {
            "period": np.arange(2001, 2007),
            "observed": [1, 2, 9, 8, 1, 2],
            "expected": [3.0] * 6,
            "inside": [False, False, True, True, False, False],
        }
    )
    ax = cluster_over_time(frame)
    box = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (box.x0, box.x1) == pytest.approx((2002.5, 2004.5))
    assert ax.lines[1].get_ydata().tolist() == frame["observed"].tolist()
    assert ax.get_ylim()[0] == 0


def test_neighbours_are_drawn_with_morans_i_for_the_slope(words):
    table = pd.DataFrame(
        {
            "z": [-1.0, 0.0, 2.0],
            "neighbours_z": [-0.5, 0.1, 1.5],
            "quadrant": ["low among low", "high among high", "high among high"],
            "flagged": [False, False, True],
        }
    )
    ax = neighbours_alike(table, slope=0.6)
    line = ax.lines[-1]
    assert np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0] == pytest.approx(0.6)
    printed = words(to_svg(ax, alt="neighbours"))
    assert "high among high (1)" in printed
    assert not any("low among low" in word for word in printed)


def test_a_scan_draws_itself_in_space_and_in_time():
    x, year = np.repeat(np.arange(5.0), 5), np.tile(np.arange(2001, 2006), 5)
    cases = np.where((x == 2) & (year >= 2004), 12, 2)
    in_both = scan(cases, [10] * 25, x, x * 0, time=year, replicates=19)
    assert len(in_both.plot().collections[1].get_offsets()) == 1
    line = in_both.plot_over_time().lines[1]
    assert line.get_xdata().tolist() == [2001, 2002, 2003, 2004, 2005]
    assert line.get_ydata().tolist() == [2, 2, 2, 12, 12]
    alone = scan(cases, [10] * 25, None, None, time=year, replicates=19)
    assert alone.plot().lines[1].get_ydata().tolist() == [10, 10, 10, 20, 20]


def test_what_was_not_asked_for_cannot_be_drawn_over_time():
    in_space = scan([1, 1, 9, 1], [1] * 4, [0, 1, 2, 3], [0] * 4, replicates=19)
    with pytest.raises(BadParameter, match="no time was given"):
        in_space.plot_over_time()
    in_time = scan([1, 1, 9, 1], [1] * 4, None, None, time=[1, 2, 3, 4], replicates=19)
    with pytest.raises(BadParameter, match="no cluster 7"):
        in_time.plot_over_time(cluster=7)
