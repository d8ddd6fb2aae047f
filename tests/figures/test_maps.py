"""Maps put places where they are, and tell a zero from what was not collected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from shapely import Point, Polygon, unary_union

from welfare.errors import BadParameter
from welfare.figures.maps import _parts, _states, points, regions
from welfare.figures.style import MISSING, RAMP, to_svg

# Public landmarks, degrees, and the frame of the map that each belongs to.
PLACES = pd.DataFrame(
    {
        "place": ["Denver", "Honolulu", "Anchorage", "San Juan", "Hagatna", "Paris", "nowhere"],
        "latitude_deg": [39.74, 21.31, 61.22, 18.47, 13.48, 48.86, None],
        "longitude_deg": [-104.99, -157.86, -149.90, -66.11, 144.75, 2.35, None],
        "flagged": [True, False, False, False, False, False, False],
    }
)


def _panels(ax):
    return [ax, *ax.child_axes]


def _shades(ax):
    """Colour and hatching by state."""
    found = {}
    for part, panel in zip(_parts(), _panels(ax), strict=True):
        for code, patch in zip(part.codes, panel.patches, strict=True):
            found[code] = (to_hex(patch.get_facecolor()), patch.get_hatch())
    return found


def test_each_place_is_in_its_own_frame_and_one_abroad_in_none(words):
    ax = points(PLACES)
    counts = {
        part.frame.name: sum(len(group.get_offsets()) for group in panel.collections)
        for part, panel in zip(_parts(), _panels(ax), strict=True)
    }
    assert counts == {
        "": 1,
        "Alaska": 1,
        "Hawaii": 1,
        "Guam": 1,
        "N. Marianas": 0,
        "Am. Samoa": 0,
        "Puerto Rico, Virgin Is.": 1,
    }
    assert any("2 records have no coordinates, or none within the map." in text for text in words(to_svg(ax, alt="x")))


@pytest.mark.parametrize("code", ["CO", "AK", "HI", "PR", "GU"])
def test_each_place_falls_within_the_outline_of_its_state(code):
    ax = points(PLACES)
    part, panel = next((part, panel) for part, panel in zip(_parts(), _panels(ax), strict=True) if code in part.codes)
    outline = part.outlines[part.codes.index(code)]
    state = unary_union([Polygon(ring) for ring in outline.to_polygons()])
    (place,) = [tuple(point) for group in panel.collections for point in np.asarray(group.get_offsets())]
    assert state.distance(Point(place)) < 5000  # metres; outlines are simplified, and these towns lie on the coast


def test_the_projection_keeps_areas():
    # Census Bureau, total area of three states without a coast, 2010.
    areas = {"CO": 269_601, "WY": 253_335, "KS": 213_100}  # km2
    (main, *_) = _parts()
    for code, area in areas.items():
        outline = main.outlines[main.codes.index(code)]
        x, y = outline.vertices[:-1].T
        measured = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2e6
        assert measured == pytest.approx(area, rel=0.005)


def test_true_and_false_set_places_apart_with_counts(words):
    said = words(to_svg(points(PLACES, mark="flagged"), alt="x"))
    assert {"flagged (1)", "others (6)"} <= set(said)


def test_a_missing_mark_sets_none_apart(words):
    marked = PLACES.assign(mark=["more than expected", None, pd.NA, "", np.nan, None, None])
    assert {"more than expected (1)", "others (6)"} <= set(words(to_svg(points(marked, mark="mark"), alt="x")))


def test_a_map_on_which_no_place_is_marked_says_so_and_one_that_marks_none_says_nothing(words):
    unmarked = words(to_svg(points(PLACES.assign(mark=None), mark="mark"), alt="x"))
    assert "7 places, none marked" in unmarked
    assert not any("marked" in text for text in words(to_svg(points(PLACES), alt="x")))


def test_on_a_telephone_the_insets_go_by_the_codes_of_their_states(words):
    svg = to_svg(points(PLACES), alt="x")
    assert {"Hawaii", "Puerto Rico, Virgin Is."} <= set(words(svg))
    assert {"HI", "PR, VI"} <= set(words(svg, "narrow"))


def test_more_kinds_than_a_reader_can_tell_apart_are_refused():
    with pytest.raises(BadParameter, match="4 kinds"):
        points(PLACES.assign(mark=["a", "b", "c", "d", "", "", ""]), mark="mark")


def test_seven_thousand_places_are_a_picture_within_the_svg():
    draw = np.random.default_rng(0)
    many = pd.DataFrame({"latitude_deg": draw.uniform(30, 45, 7000), "longitude_deg": draw.uniform(-118, -80, 7000)})
    many["flagged"] = np.arange(7000) < 30
    svg = to_svg(points(many, mark="flagged"), alt="x")
    assert "<image" in svg
    assert len(svg) < 600_000  # for a page and for a telephone together
    assert svg == to_svg(points(many, mark="flagged"), alt="x")


def test_zero_is_shaded_and_what_was_not_collected_is_hatched(words):
    ax = regions(pd.Series({"TX": 0, "NC": 12, "IA": 3, "CA": None}), unit="severe injuries")
    shades = _shades(ax)
    assert shades["TX"] == (RAMP[0], None)
    assert shades["NC"] == (RAMP[-1], None)
    assert shades["CA"] == shades["WY"]
    assert shades["CA"][0] == MISSING
    assert shades["CA"][1]
    assert {"0", "3", "12", "not collected", "severe injuries"} <= set(words(to_svg(ax, alt="x")))


def test_categories_run_from_dark_to_light_in_the_order_given_and_the_hatching_has_its_own_word(words):
    series = pd.Series({"TX": "full", "IL": "partial", "CA": "none"})
    ax = regions(series, categories=["full", "partial", "none"], unit="coverage", missing="no plant")
    shades = _shades(ax)
    assert [shades[code][0] for code in ("TX", "IL", "CA")] == [RAMP[4], RAMP[2], RAMP[0]]
    assert shades["WY"][1]
    said = words(to_svg(ax, alt="x"))
    assert [text for text in said if text in {"full", "partial", "none", "no plant"}] == [
        "full",
        "partial",
        "none",
        "no plant",
    ]


def test_every_state_and_territory_has_a_shade():
    codes = list(_states().index)
    assert len(codes) == 50 + 1 + 5
    shades = _shades(regions(pd.Series("full", index=codes)))
    assert set(shades) == set(codes)
    assert not any(hatch for _, hatch in shades.values())


def test_without_gaps_the_legend_has_no_word_for_them():
    svg = to_svg(regions(pd.Series("full", index=_states().index)), alt="x")
    assert "not collected" not in svg


def test_classes_hold_about_equally_many_states_and_the_legend_gives_their_ends(words):
    codes = sorted(_states().index)
    ax = regions(pd.Series(range(len(codes)), index=codes))
    shades = pd.Series({code: shade for code, (shade, _) in _shades(ax).items()})
    assert shades.value_counts().between(11, 12).all()
    assert [text for text in words(to_svg(ax, alt="x")) if " to " in text] == [
        "0 to 11",
        "12 to 22",
        "23 to 33",
        "34 to 44",
        "45 to 55",
    ]


@pytest.mark.parametrize(
    ("values", "how", "said"),
    [
        (pd.Series({"XX": 1}), {}, "XX"),
        (pd.Series([1, 2], index=["NC", "NC"]), {}, "two values"),
        (pd.Series({"NC": "some"}), {"categories": ["full", "none"]}, "some"),
        (pd.Series(list("abcdef"), index=["NC", "SC", "GA", "FL", "AL", "MS"]), {}, "6 categories"),
    ],
)
def test_what_cannot_be_shaded_is_refused(values, how, said):
    with pytest.raises(BadParameter, match=said):
        regions(values, **how)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(BadParameter, match="latitude_deg"):
        points(PLACES.drop(columns="latitude_deg"))
