"""Maps of the United States in equal-area projections: plants as points, and values by state."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from welfare.errors import BadParameter, FileMissing
from welfare.figures.numbers import counted, short
from welfare.figures.style import (
    BLUE,
    GREY,
    INK,
    LAND,
    MISSING,
    MUTED,
    OCHRE,
    PAPER,
    PLUM,
    RAMP,
    many,
    narrow,
    new_axes,
    styled,
)
from welfare.schema.codes import data_folder


class _Frame(NamedTuple):
    """One part of the map: which states, in which projection, where on the page, and which points fall in it."""

    name: str
    codes: tuple[str, ...]  # none: all that no other frame holds
    crs: str
    box: tuple[float, float, float, float] | None
    longitude: tuple[float, float]
    latitude: tuple[float, float]


def _albers(south: float, north: float, longitude: float) -> str:
    middle = (south + north) / 2
    return f"+proj=aea +lat_1={south} +lat_2={north} +lat_0={middle} +lon_0={longitude} +datum=WGS84 +units=m"


_FRAMES = (
    _Frame("", (), "EPSG:5070", None, (-126, -66), (24, 50)),
    _Frame("Alaska", ("AK",), "EPSG:3338", (0.0, 0.0, 0.24, 0.235), (-180, -129), (51, 72)),
    _Frame("Hawaii", ("HI",), _albers(19, 22, -157.5), (0.26, 0.02, 0.16, 0.15), (-161, -154), (18.5, 22.5)),
    _Frame("Guam", ("GU",), _albers(13.3, 13.6, 144.8), (0.44, 0.03, 0.07, 0.11), (144.5, 145.0), (13.1, 13.8)),
    _Frame("N. Marianas", ("MP",), _albers(14.2, 15.2, 145.6), (0.53, 0.03, 0.07, 0.11), (144.9, 146.2), (13.9, 20.7)),
    _Frame("Am. Samoa", ("AS",), _albers(-14.4, -14.2, -170.2), (0.62, 0.03, 0.1, 0.11), (-171.2, -169), (-14.7, -14)),
    _Frame(
        "Puerto Rico, Virgin Is.",
        ("PR", "VI"),
        _albers(17.9, 18.4, -66),
        (0.79, 0.0, 0.2, 0.11),
        (-68, -64.4),
        (17.5, 18.7),
    ),
)
# Areas, square points, that look alike: a triangle fills half its square, a diamond reaches beyond its own.
_SHAPES = (("D", OCHRE, 24), ("^", PLUM, 46), ("s", INK, 28))
_CLASSES = len(RAMP)
_LEGEND_ROW, _LEGEND_ROW_NARROW = 120, 60  # characters


@styled
def points(
    frame: pd.DataFrame,
    *,
    latitude: str = "latitude_deg",
    longitude: str = "longitude_deg",
    mark: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw places on a map of the states.

    Parameters
    ----------
    frame : DataFrame
        One row per place.
    latitude, longitude : str
        Columns, degrees (WGS 84). Rows without them, or outside the area drawn, are counted in a note.
    mark : str, optional
        Column that sets places apart: true or false, or up to three words (a blank sets none apart). Each word has
        its own shape and colour.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    BadParameter
        If a column is missing, or `mark` holds more than three words.
    """
    absent = [name for name in (latitude, longitude, *([mark] if mark else [])) if name not in frame]
    if absent:
        raise BadParameter(f"the frame to map has no column {', '.join(map(repr, absent))}")
    places = pd.DataFrame(
        {
            "longitude": frame[longitude].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "latitude": frame[latitude].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "mark": _marks(frame, mark),
        }
    )
    words = list(dict.fromkeys(word for word in places["mark"] if word))
    if len(words) > len(_SHAPES):
        raise BadParameter(f"{mark} sets apart {len(words)} kinds of place; a map shows at most {len(_SHAPES)}")
    ax = _map_axes() if ax is None else ax
    drawn = 0
    for part, panel in _panels(ax):
        _draw_states(panel, part, dict.fromkeys(part.codes, (LAND, "")))
        inside = _inside(places, part.frame)
        drawn += len(inside)
        _draw_places(panel, part.frame, inside, words, raster=many(len(places)))
    if mark is not None:
        _legend_of_marks(ax, places, words)
    outside = counted(len(places) - drawn, "record has", "records have")
    _note(ax, f"{outside} no coordinates, or none within the map." if drawn < len(places) else "")
    return ax


@styled
def regions(
    values: pd.Series,
    *,
    categories: list[str] | None = None,
    unit: str = "",
    missing: str = "not collected",
    ax: Axes | None = None,
) -> Axes:
    """Shade the states by a number or a category; a state without one is hatched, never shaded as zero.

    Parameters
    ----------
    values : Series
        Numbers (in `unit`) or text, by USPS code (``"NC"``). States missing from it, or with a missing value, are
        hatched.
    categories : list of str, optional
        The categories from most to least, darkest first; by default those of a text Series in their order. At most
        five.
    unit : str
        What the shades mean: the legend's title.
    missing : str
        What the hatching means.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    BadParameter
        If a code is not a state's, a value is not among `categories`, or there are more than five.

    Notes
    -----
    Numbers are cut into at most five classes of about equally many states; the legend gives the least and most
    value that each class holds.
    """
    outlines = _states()
    unknown = sorted(set(map(str, values.index)) - set(outlines.index))
    if unknown:
        raise BadParameter(f"no state has the code {', '.join(map(repr, unknown))}", todo="Use USPS codes.")
    if not values.index.is_unique:
        raise BadParameter("a state has two values", todo="Give one value per state.")
    shades, legend = _by_category(values, categories) if _is_text(values, categories) else _by_number(values)
    ax = _map_axes() if ax is None else ax
    blank = (MISSING, "/////")
    for part, panel in _panels(ax):
        _draw_states(panel, part, {code: (shades[code], "") if code in shades else blank for code in part.codes})
    handles = [Patch(facecolor=colour, edgecolor=GREY, linewidth=0.5, label=words) for colour, words in legend]
    if len(shades) < len(outlines):
        handles.append(Patch(facecolor=MISSING, edgecolor=GREY, linewidth=0.5, hatch="/////", label=missing))
    _legend(ax, handles, title=unit)
    _note(ax, "")
    return ax


@cache
def _states() -> gpd.GeoDataFrame:
    """Return the outlines of the states by USPS code, in degrees."""
    path = data_folder() / "boundaries" / "us_states.geojson"
    if not path.is_file():
        raise FileMissing("the outlines of the states are not there", where=str(path), spoiled="No map can be drawn.")
    content = json.loads(path.read_text(encoding="utf-8"))
    return gpd.GeoDataFrame.from_features(content["features"], crs="EPSG:4326").set_index("code")


class _Part(NamedTuple):
    """The outlines of one frame, projected."""

    frame: _Frame
    codes: tuple[str, ...]
    outlines: tuple[Outline, ...]
    bounds: tuple[float, float, float, float]


@cache
def _parts() -> tuple[_Part, ...]:
    states = _states()
    elsewhere = {code for frame in _FRAMES for code in frame.codes}
    parts = []
    for frame in _FRAMES:
        codes = frame.codes or tuple(code for code in states.index if code not in elsewhere)
        shapes = states.loc[list(codes)].geometry.to_crs(frame.crs)
        x0, y0, x1, y1 = map(float, shapes.total_bounds)
        parts.append(_Part(frame, codes, tuple(_outline(shape) for shape in shapes), (x0, y0, x1, y1)))
    return tuple(parts)


def _outline(shape: Any) -> Outline:
    rings = [ring for polygon in shape.geoms for ring in (polygon.exterior, *polygon.interiors)]
    return Outline.make_compound_path(*(Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings))


def _map_axes() -> Axes:
    return new_axes(height_in=3.6 if narrow() else 5.6)


def _panels(ax: Axes) -> list[tuple[_Part, Axes]]:
    """Lay out the main map with its insets in a band below, and return each part with the axes it goes on."""
    panels = []
    for part in _parts():
        panel = ax if part.frame.box is None else ax.inset_axes(part.frame.box)
        x0, y0, x1, y1 = part.bounds
        # The band for the insets is a sixth of the main map's height, and begins under Texas and Florida.
        below = 0.17 * (y1 - y0) if part.frame.box is None else 0.0
        room = 0.02 * (x1 - x0)
        panel.set_xlim(x0 - room, x1 + room)
        panel.set_ylim(y0 - below - room, y1 + room)
        panel.set_aspect("equal")
        panel.set_axis_off()
        if part.frame.box:
            panel.set_anchor("N")
            # Above its box, not its outline: the names of boxes in a row stand in a line.
            x, y, width, height = part.frame.box
            ax.text(
                x + width / 2,
                y + height + 0.01,
                ", ".join(part.frame.codes) if narrow() else part.frame.name,
                transform=ax.transAxes,
                ha="center",
                va="bottom",
                fontsize=7,
                color=MUTED,
            )
        panels.append((part, panel))
    return panels


def _draw_states(panel: Axes, part: _Part, shades: dict[str, tuple[str, str]]) -> None:
    for code, outline in zip(part.codes, part.outlines, strict=True):
        colour, hatch = shades[code]
        panel.add_patch(
            PathPatch(outline, facecolor=colour, edgecolor=GREY, linewidth=0.5, hatch=hatch or None, zorder=1)
        )


def _inside(places: pd.DataFrame, frame: _Frame) -> pd.DataFrame:
    return places[places["longitude"].between(*frame.longitude) & places["latitude"].between(*frame.latitude)]


def on_the_map(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Say which places, in degrees, :func:`points` would draw."""
    places = pd.DataFrame({"longitude": longitude, "latitude": latitude})
    return np.any([places.index.isin(_inside(places, frame).index) for frame in _FRAMES], axis=0)


def _draw_places(panel: Axes, frame: _Frame, places: pd.DataFrame, words: list[str], *, raster: bool) -> None:
    if places.empty:
        return
    where = gpd.GeoSeries(gpd.points_from_xy(places["longitude"], places["latitude"], crs="EPSG:4326")).to_crs(
        frame.crs
    )
    x, y = where.x.to_numpy(), where.y.to_numpy()
    marks = places["mark"].to_numpy()
    rest = marks == ""
    size, shade = (4.5, 0.45) if raster else (11, 0.7)
    panel.scatter(x[rest], y[rest], s=size, color=BLUE, alpha=shade, linewidths=0, rasterized=raster, zorder=2)
    for word, (shape, colour, area) in zip(words, _SHAPES, strict=False):
        chosen = marks == word
        panel.scatter(
            x[chosen], y[chosen], s=area, marker=shape, color=colour, edgecolors=PAPER, linewidths=0.6, zorder=3
        )


def _marks(frame: pd.DataFrame, mark: str | None) -> np.ndarray:
    """Return the word that sets each place apart, empty for the rest."""
    if mark is None:
        return np.full(len(frame), "", dtype=object)
    column = frame[mark]
    if pd.api.types.is_bool_dtype(column):
        return np.where(column.fillna(False).astype(bool), mark.replace("_", " "), "").astype(object)
    return column.astype("object").where(column.notna(), "").astype(str).to_numpy(dtype=object)


def _legend_of_marks(ax: Axes, places: pd.DataFrame, words: list[str]) -> None:
    counts = places["mark"].value_counts()
    handles = [
        ax.scatter([], [], s=area, marker=shape, color=colour, label=f"{word} ({counts[word]:,})")
        for word, (shape, colour, area) in zip(words, _SHAPES, strict=False)
    ]
    rest = counts.get("", 0)
    label = f"others ({rest:,})" if words else f"{counted(rest, 'place')}, none marked"
    handles.append(ax.scatter([], [], s=16, color=BLUE, alpha=0.7, label=label))
    _legend(ax, handles, title="")


def _legend(ax: Axes, handles: list[Any], *, title: str) -> None:
    # As few rows as the words need on the width of the map.
    wide = sum(len(handle.get_label()) + 6 for handle in handles)
    rows = -(-wide // (_LEGEND_ROW_NARROW if narrow() else _LEGEND_ROW))
    ax.legend(
        handles=handles,
        title=title or None,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12 if narrow() else -0.04),
        ncols=max(1, -(-len(handles) // rows)),
        handlelength=1.4,
        columnspacing=1.6,
        labelcolor=INK,
    )


def _note(ax: Axes, words: str) -> None:
    """Say what the map does with size and place."""
    joint = "\n" if narrow() else " "
    said = f"Equal-area projection; the insets have scales of their own.{joint}{words}".strip()
    ax.text(0.5, -0.015, said, transform=ax.transAxes, ha="center", va="top", color=MUTED, fontsize=7)


def _is_text(values: pd.Series, categories: list[str] | None) -> bool:
    return categories is not None or not pd.api.types.is_numeric_dtype(values)


def _by_category(values: pd.Series, categories: list[str] | None) -> tuple[dict[str, str], list[tuple[str, str]]]:
    known = values.dropna().astype(str)
    order = list(categories) if categories is not None else list(dict.fromkeys(known))
    strangers = sorted(set(known) - set(order))
    if strangers:
        raise BadParameter(f"values hold {strangers}, which are not among the categories {order}")
    if len(order) > _CLASSES:
        raise BadParameter(f"{len(order)} categories: more shades than a reader can tell apart ({_CLASSES})")
    steps = np.linspace(_CLASSES - 1, 0, len(order)).round().astype(int) if len(order) > 1 else [_CLASSES - 2]
    colours = {category: RAMP[step] for category, step in zip(order, steps, strict=True)}
    return {str(code): colours[word] for code, word in known.items()}, [(colours[word], word) for word in order]


def _by_number(values: pd.Series) -> tuple[dict[str, str], list[tuple[str, str]]]:
    known = values.dropna().astype(float)
    distinct = np.unique(known.to_numpy())
    if not len(distinct):
        return {}, []
    if len(distinct) <= _CLASSES:
        classes = np.searchsorted(distinct, known.to_numpy())
    else:
        cuts = np.unique(np.quantile(known.to_numpy(), np.linspace(0, 1, _CLASSES + 1)[1:-1]))
        classes = np.searchsorted(cuts, known.to_numpy(), side="left")
    held = sorted(set(classes.tolist()))
    steps = np.linspace(0, _CLASSES - 1, len(held)).round().astype(int) if len(held) > 1 else [_CLASSES - 2]
    colours = {which: RAMP[step] for which, step in zip(held, steps, strict=True)}
    # Counts are counts: 27, not 27.0.
    printed = "{:,.0f}".format if (distinct == distinct.round()).all() else short
    legend = []
    for which in held:
        inside = known.to_numpy()[classes == which]
        least, most = (printed(float(end)) for end in (inside.min(), inside.max()))
        legend.append((colours[which], least if least == most else f"{least} to {most}"))
    return {str(code): colours[which] for code, which in zip(known.index, classes.tolist(), strict=True)}, legend


__all__ = ["on_the_map", "points", "regions"]
