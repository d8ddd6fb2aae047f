"""matplotlib's SVG file made into an element of a page: lean, its colours by name, and drawn for two widths."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

_LONG = 400  # characters: markers, of curves and few points, are shorter
_REFERENCE = re.compile(r'(?:href="#|url\(#)([^")]+)')


class Picture(NamedTuple):
    """What an SVG file draws, and on what size of page."""

    width: float  # point
    height: float  # point
    body: str


def picture(svg: str, theme: Mapping[str, str]) -> Picture:
    """Read matplotlib's SVG file as a picture: no prologue, no metadata, no style for the whole page.

    Parameters
    ----------
    svg : str
        The file.
    theme : mapping of str to str
        CSS variable by the colour it stands for.

    Returns
    -------
    Picture
        Its ids are unlike those of any other picture.
    """
    svg = svg[svg.index("<svg") :].strip().removesuffix("</svg>")
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    head, body = svg.split(">", 1)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    assert size is not None, "matplotlib gives every SVG a viewBox"  # noqa: S101 (a promise of the writer, not of input)
    used = set(_REFERENCE.findall(" ".join(re.findall(r"<[^>]*>", body))))
    prefix = f"f{hashlib.sha256(body.encode()).hexdigest()[:10]}-"
    body = re.sub(r"<[^>]*>", lambda tag: _lean(tag[0], used, prefix, theme), body)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    return Picture(float(size[1]), float(size[2]), re.sub(r">\s*\n\s*<", "><", body).strip())


def element(wide: Picture, narrow: Picture | None, *, alt: str, simulated: bool) -> str:
    """Return one ``<svg>`` that shows the wide picture, or the narrow one where a page's style asks for it.

    Parameters
    ----------
    wide, narrow : Picture
        The same figure, drawn for two widths; without a narrow one the wide one serves all.
    alt : str
        What the figure shows.
    simulated : bool
        Whether to mark the element as showing simulated data.

    Returns
    -------
    str
        The element. A page that wants the narrow picture hides ``.wide``, shows ``.narrow``, and gives the element
        the ``aspect-ratio`` in its variable ``--narrow``: no script is needed.
    """
    body, ratio = wide.body, ""
    if narrow is not None:
        # The element's coordinates are the wide picture's: the narrow one is scaled to fill the same width.
        scale = wide.width / narrow.width
        body = (
            f'<g class="wide">{wide.body}</g>'
            f'<g class="narrow" display="none" transform="scale({scale:.5g})">{narrow.body}</g>'
        )
        ratio = f"; --narrow: {narrow.width:g} / {narrow.height:g}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="figure" role="img"'
        f' aria-label="{escape(alt)}" viewBox="0 0 {wide.width:g} {wide.height:g}" width="{wide.width:g}"'
        f' height="{wide.height:g}" preserveAspectRatio="xMinYMin"'
        + (' data-simulated="true"' if simulated else "")
        + ' style="font-family: var(--fig-font, DejaVu Sans, Arial, sans-serif);'
        f' stroke-linejoin: round; stroke-linecap: butt{ratio}">{body}</svg>'
    )


def _lean(tag: str, used: set[str], prefix: str, theme: Mapping[str, str]) -> str:
    """Rewrite one tag: ids made unique or dropped, coordinates shortened, colours by name."""
    tag = re.sub(r'\sid="([^"]*)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", tag)
    tag = _REFERENCE.sub(lambda m: m[0].replace(f"#{m[1]}", f"#{prefix}{m[1]}"), tag)
    tag = re.sub(r'\stransform="rotate\(-?0 [^"]*\)"', "", tag)
    # The space matters: a picture's base64 text may end in `d=`.
    tag = re.sub(r'(?<=\s)(d|x|y|transform)="([^"]*)"', lambda m: f'{m[1]}="{_rounded(m[2])}"', tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    return re.sub(r"#[0-9a-f]{6}\b", lambda m: f"var({theme[m[0]]}, {m[0]})" if m[0] in theme else m[0], tag)


def _rounded(numbers: str) -> str:
    """Shorten numbers to a hundredth of a point, and those of a long outline to a tenth: no eye sees the rest."""
    places = 1 if len(numbers) > _LONG else 2
    short = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.{places}f}".rstrip("0").rstrip("."), numbers)
    short = re.sub(r"\s*\n\s*", "", short).strip()
    # After M or L a bare pair means another L: leaving the letter out shortens a map by a seventh.
    return short if re.search("[CQ]", short) else re.sub(r"(?<=\d)L ", " ", short)


__all__ = ["Picture", "element", "picture"]
