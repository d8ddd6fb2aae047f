"""Colours, axes and files: how every figure of the library looks, and how it leaves as SVG or PNG.

Colours are told apart by people with any colour vision, and in greyscale print by lightness; none is red against green.
In SVG each is written as a CSS variable with the colour as its fallback, so that a page may darken its figures.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from pathlib import Path
from textwrap import wrap
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox
from pandas import Series

from welfare.figures.inline import Picture, element, picture
from welfare.figures.numbers import tick
from welfare.schema.provenance import write_whole

INK, MUTED, RULE, PAPER = "#1e2730", "#5c6873", "#d5dade", "#ffffff"
BLUE, OCHRE, PLUM, GREY = "#2b5c8a", "#b8651b", "#6b4c86", "#98a4ae"
LAND, MISSING = "#eef1f3", "#f4f5f6"
RAMP = ("#dce7f1", "#b1cae0", "#7ea6ca", "#4a7bac", "#1f4d7a")  # from least to most

# The page may set these variables; alone, the SVG keeps the colours above.
THEME = {
    INK: "--fig-ink",
    MUTED: "--fig-muted",
    RULE: "--fig-rule",
    PAPER: "--fig-paper",
    BLUE: "--fig-blue",
    OCHRE: "--fig-ochre",
    PLUM: "--fig-plum",
    GREY: "--fig-grey",
    LAND: "--fig-land",
    MISSING: "--fig-missing",
    **{colour: f"--fig-ramp-{step}" for step, colour in enumerate(RAMP, start=1)},
}

# Any: the stubs type each setting's name as a literal of its own.
_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a company's name is a dollar sign
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",  # text stays text: small, searchable, and read aloud where a reader selects it
    "svg.hashsalt": "welfare",  # else the ids in the file differ on each run
}
_RASTER_DPI, _RASTER_DPI_NARROW = 200, 150
_MANY = 500
_OVER_THE_GROUND = 1.2  # the land of a map and the grid are drawn below it, dots, lines and text above
_LABEL, _LINE = 42, 10.5  # characters in a row's label, points from line to line
_TELEPHONE = 4.0 / 7.2  # how much narrower a figure is drawn for a telephone

_narrow: ContextVar[bool] = ContextVar("narrow", default=False)
# How to draw a figure anew, for another width: matplotlib cannot lay out one figure for two.
_recipes: WeakKeyDictionary[Figure, Callable[[], Axes]] = WeakKeyDictionary()

_P = ParamSpec("_P")
_R = TypeVar("_R")


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a drawing function under this module's settings, leaving matplotlib's own as they were.

    A function that returns new axes is noted as how to draw their figure anew.
    """

    @wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with rc_context(_SETTINGS):
            made = draw(*args, **kwargs)
        if isinstance(made, Axes) and kwargs.get("ax") is None:
            _recipes[_root(made)] = partial(drawn, *args, **kwargs)  # type: ignore[assignment]
        return made

    return drawn


def narrow() -> bool:
    """Say whether the figure now being drawn is for a telephone: 4 inch wide where it would be 7.2."""
    return _narrow.get()


def new_axes(width_in: float = 7.2, height_in: float = 4.2) -> Axes:
    """Make axes on a figure of their own, without pyplot and its global list of figures.

    Parameters
    ----------
    width_in, height_in : float
        Size of the figure, inch; on a telephone it is narrower (see :func:`narrow`).

    Returns
    -------
    Axes
        Its figure is ``axes.figure``.
    """
    size = (width_in * (_TELEPHONE if narrow() else 1.0), height_in)
    with rc_context(_SETTINGS):
        return Figure(figsize=size, layout="constrained").subplots()


def dress(ax: Axes, *, grid: str = "", spines: tuple[str, ...] = ("bottom",)) -> Axes:
    """Take off what carries no information: the box, the ticks, and all but the grid asked for.

    Parameters
    ----------
    ax : Axes
        Changed in place.
    grid : {"", "x", "y", "both"}
        Across which axis to draw lines.
    spines : tuple of str
        Which sides of the box stay.
    """
    for side, spine in ax.spines.items():
        spine.set_visible(side in spines)
    ax.tick_params(length=0, pad=4)
    ax.grid(False)
    if grid:
        ax.grid(True, axis=grid)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    return ax


def plain_ticks(ax: Axes, which: str = "x") -> None:
    """Print an axis in plain numbers with thousands separators: no powers of ten.

    Parameters
    ----------
    ax : Axes
        Changed in place.
    which : {"x", "y"}
        The axis.
    """
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_formatter(FuncFormatter(tick))
    axis.set_minor_formatter(FuncFormatter(lambda *_: ""))


def row_labels(names: Series) -> tuple[list[list[str]], float]:
    """Return labels for rows, wrapped to leave the figure its room, and the height that a row then needs.

    They stand to the left of their rows; on a telephone above them.

    Parameters
    ----------
    names : Series
        What each row is; a missing one is called "not known".

    Returns
    -------
    labels : list of list of str
        Lines by row.
    pitch : float
        Height per row, inch.
    """
    known = names.astype("object").where(names.notna(), "not known")
    labels = [wrap(str(name), _LABEL) or [""] for name in known]
    lines = max((len(label) for label in labels), default=1)
    return labels, 0.26 + _LINE / 72 * lines if narrow() else max(0.27, 0.09 + _LINE / 72 * lines)


def row_limits(rows: int) -> tuple[float, float]:
    """Return the limits of the y axis for rows 0, 1, ... from the top down, with room for their labels."""
    return rows - 0.4, -0.95 if narrow() else -0.6


def name_rows(ax: Axes, labels: list[list[str]]) -> None:
    """Write the labels of :func:`row_labels` beside rows 0, 1, ...

    Parameters
    ----------
    ax : Axes
        Changed in place.
    labels : list of list of str
        Lines by row.

    Notes
    -----
    Each line is a text of its own: of a text in lines, SVG keeps where each would begin in matplotlib's font, and in
    any other the right edge would be ragged.
    """
    ax.set_yticks(range(len(labels)), [])
    for row, lines in enumerate(labels):
        for position, line in enumerate(lines):
            below = len(lines) - 1 - position
            offset = (0, 12 + below * _LINE) if narrow() else (-8, (below - (len(lines) - 1) / 2) * _LINE)
            ax.annotate(
                line,
                (0, row),
                xycoords=ax.get_yaxis_transform(),
                xytext=offset,
                textcoords="offset points",
                ha="left" if narrow() else "right",
                va="center_baseline",
                color=INK,
                # Above its row a label lies on the grid: the ground behind it keeps lines off its letters.
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8} if narrow() else None,
            )


def write_beside(ax: Axes, x: float, y: float, words: str, *, points: float = 4, **look: Any) -> None:
    """Write words to the right of a point: SVG drops leading spaces, so the gap is a distance.

    Parameters
    ----------
    ax : Axes
        Where to write.
    x, y : float
        The point, in data coordinates; with ``xycoords`` in `look`, in those.
    words : str
        What to write.
    points : float
        How far to the right of it, point.
    **look
        Passed on to ``Axes.annotate``.
    """
    ax.annotate(words, (x, y), xytext=(points, 0), textcoords="offset points", va="center_baseline", **look)


def many(count: int) -> bool:
    """Say whether so many points go into the SVG as a picture: as shapes they would weigh more than the rest."""
    return count > _MANY


def to_svg(fig: Figure | Axes, *, alt: str, simulated: bool = False) -> str:
    """Return a figure as SVG to put into an HTML page; the same figure gives the same bytes.

    Parameters
    ----------
    fig : Figure or Axes
        What to draw; axes stand for their figure.
    alt : str
        What the figure shows, for those who cannot see it.
    simulated : bool
        Print SIMULATED across it.

    Returns
    -------
    str
        One ``<svg>`` element; its ids are unlike those of any other figure. A figure of this library holds a
        second drawing for narrow screens, hidden unless the page shows it (see :func:`welfare.figures.inline.element`),
        except where something was added to it after it was drawn.
    """
    root = _root(fig)
    wide = _pictured(root, simulated)
    return element(
        wide,
        _for_a_telephone(root, wide, simulated),
        alt=f"SIMULATED. {alt}" if simulated else alt,
        simulated=simulated,
    )


def _pictured(fig: Figure, simulated: bool) -> Picture:
    stream = io.StringIO()
    with rc_context(_SETTINGS), _stamped(fig, simulated):
        fig.savefig(
            stream,
            format="svg",
            dpi=_RASTER_DPI_NARROW if narrow() else _RASTER_DPI,
            facecolor="none",
            bbox_inches=_extent(fig),
            metadata={"Date": None},
        )
    return picture(stream.getvalue(), THEME)


def _for_a_telephone(fig: Figure, wide: Picture, simulated: bool) -> Picture | None:
    """Draw a figure anew for a narrow screen; None where that would lose what was put on it after it was drawn."""
    again = _recipes.get(fig)
    if again is None or _pictured(_root(again()), simulated) != wide:
        return None
    before = _narrow.set(True)
    try:
        return _pictured(_root(again()), simulated)
    finally:
        _narrow.reset(before)


def to_png(fig: Figure | Axes, path: str | Path, *, simulated: bool = False) -> Path:
    """Write a figure as PNG at 200 dots per inch, whole or not at all.

    Parameters
    ----------
    fig : Figure or Axes
        What to draw; axes stand for their figure.
    path : path
        Where the file goes.
    simulated : bool
        Print SIMULATED across it.

    Returns
    -------
    Path
        The file.
    """
    root = _root(fig)
    with rc_context(_SETTINGS), _stamped(root, simulated):
        return write_whole(
            path,
            lambda part: root.savefig(
                part, format="png", dpi=_RASTER_DPI, bbox_inches=_extent(root), metadata={"Software": None}
            ),
        )


def _root(fig: Figure | Axes) -> Figure:
    found = fig if isinstance(fig, Figure) else fig.get_figure(root=True)
    if found is None:
        raise ValueError("these axes belong to no figure")
    return found


def _extent(fig: Figure) -> Bbox:
    """Return the page of a figure, inch: its own size, and more where a legend or a label reaches beyond it."""
    fig.draw_without_rendering()
    return Bbox.union([fig.bbox_inches, fig.get_tightbbox()])


@contextmanager
def _stamped(fig: Figure, simulated: bool) -> Iterator[None]:
    """Lay SIMULATED over the ground of a figure while it is drawn, under its marks and numbers.

    A tall figure gets it more than once, so no crop is clean.
    """
    if not simulated:
        yield
        return
    width, height = fig.get_size_inches() * 72
    size = min(width / 9, height / 2)
    times = max(1, round(height / 300))
    host: Any = fig.axes[0] if fig.axes else fig
    # Twice, light under dark and a point apart: the dark one shows on pale ground, the light one on dark.
    layers = ((PAPER, 0.3, -1.0), (INK, 0.13, 0.0))
    marks = [
        host.text(
            0.5 + shift / width,
            (step + 0.5) / times + shift / height,
            "SIMULATED",
            transform=fig.transFigure,
            ha="center",
            va="center",
            rotation=18 if height > 150 else 0,
            fontsize=size,
            fontweight="bold",
            color=colour,
            alpha=alpha,
            zorder=_OVER_THE_GROUND,
            in_layout=False,
        )
        for step in range(times)
        for colour, alpha, shift in layers
    ]
    try:
        yield
    finally:
        for mark in marks:
            mark.remove()
