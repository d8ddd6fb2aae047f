"""A report as a value: sections of plain blocks, rendered to one HTML file that needs nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from welfare.errors import BadParameter
from welfare.report.tables import Format, html_table
from welfare.report.templating import environment

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prose:
    """Paragraphs, parted by blank lines; a paragraph whose lines all begin with a hyphen and a space is a list."""

    text: str


@dataclass(frozen=True)
class Tiles:
    """A few figures at a glance, each a value, what it counts, and a detail that keeps it honest."""

    tiles: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class FigureBlock:
    """A figure made by :func:`welfare.figures.style.to_svg`, under a caption that says the finding.

    Attributes
    ----------
    svg : str
        The ``<svg>`` element.
    caption : str
        What the figure shows, in a sentence.
    source : str
        Where its numbers come from.
    alt : str
        What it shows, for those who cannot see it; by default the SVG's own label.
    """

    svg: str
    caption: str
    source: str = ""
    alt: str = ""


@dataclass(frozen=True)
class TableBlock:
    """A frame as a table; the fields are those of :func:`welfare.report.tables.html_table`."""

    frame: pd.DataFrame
    caption: str
    source: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)
    missing: str | Mapping[str, str] = "not collected"
    rows: int | None = None
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Callout:
    """Words that must not be missed, such as what the records cannot show."""

    heading: str
    text: str


@dataclass(frozen=True)
class Disclosure:
    """Blocks folded under one line on screen; in print they are always open."""

    summary: str
    blocks: Sequence[Block]


Block = Prose | Tiles | FigureBlock | TableBlock | Callout | Disclosure


@dataclass(frozen=True)
class Section:
    """A titled part of a document.

    Attributes
    ----------
    title : str
        Its heading.
    blocks : sequence of blocks
        What it holds, in order.
    lead : str
        One or two sentences that say what the section finds.
    anchor : str
        Its id in the page (small letters, digits, hyphens); by default made from the title.
    """

    title: str
    blocks: Sequence[Block]
    lead: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes
    ----------
    title, subtitle : str
        What it is about, and of what records and when.
    sections : sequence of Section
        Its parts, in order.
    provenance : mapping of str to str
        How it was made, as it is to be printed: package version, command, seed, ...
    simulated : bool
        Whether its numbers come from the simulated industry: then a banner, each printed page, each table row and
        each figure says SIMULATED.
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    provenance: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False

    def html(self) -> str:
        """Return the document as one HTML file: no script, and nothing fetched from anywhere.

        Returns
        -------
        str
            The same document gives the same text.

        Raises
        ------
        BadParameter
            If a figure is not an inert SVG, a figure and the document disagree on whether they are simulated, or an
            anchor is malformed or used twice.
        """
        anchors = _anchors(self.sections)
        count = _Count(self.simulated)
        sections = [
            {
                "title": section.title,
                "lead": section.lead,
                "anchor": anchor,
                "blocks": [count.view(block) for block in section.blocks],
            }
            for section, anchor in zip(self.sections, anchors, strict=True)
        ]
        return environment().get_template("document.html").render(document=self, sections=sections)

    def save(self, path: str | Path) -> Path:
        """Write the document as an HTML file, whole or not at all.

        Parameters
        ----------
        path : path
            Where the file goes.

        Returns
        -------
        Path
            The file.
        """
        from welfare.schema.provenance import write_text

        return write_text(path, self.html())


class _Count:
    """Turns blocks into what the template sees, numbering figures and tables through the document."""

    def __init__(self, simulated: bool) -> None:
        self.simulated = simulated
        self.figures = 0
        self.tables = 0

    def view(self, block: Block) -> dict[str, Any]:
        match block:
            case Prose():
                return {"kind": "prose", "parts": _parts(block.text)}
            case Tiles():
                return {"kind": "tiles", "tiles": block.tiles}
            case Callout():
                return {"kind": "callout", "heading": block.heading, "parts": _parts(block.text)}
            case Disclosure():
                inner = [self.view(each) for each in block.blocks]
                return {"kind": "disclosure", "summary": block.summary, "blocks": inner}
            case FigureBlock():
                return self._figure(block)
            case TableBlock():
                return self._table(block)
        raise BadParameter(f"a section cannot hold {type(block).__name__}")

    def _figure(self, block: FigureBlock) -> dict[str, Any]:
        self.figures += 1
        svg = _inert(block.svg, f"figure {self.figures}")
        if ('data-simulated="true"' in svg.split(">", 1)[0]) != self.simulated:
            made_of = ("real", "simulated") if self.simulated else ("simulated", "real")
            raise BadParameter(
                f"figure {self.figures} is of {made_of[0]} data in a document of {made_of[1]} data",
                spoiled="A reader could take invented plants for real ones.",
                todo="Give to_svg and Document the same `simulated`.",
            )
        alt = f"SIMULATED. {block.alt}" if self.simulated and block.alt else block.alt
        svg = _scoped(svg, f"g{self.figures}-")
        return {"kind": "figure", "number": self.figures, "svg": svg, "alt": alt, "block": block}

    def _table(self, block: TableBlock) -> dict[str, Any]:
        self.tables += 1
        table = html_table(
            block.frame,
            caption=block.caption,
            source=block.source,
            labels=block.labels,
            units=block.units,
            formats=block.formats,
            missing=block.missing,
            rows=block.rows,
            simulated=self.simulated,
            number=self.tables,
        )
        return {"kind": "table", "html": table}


_TAG = re.compile(r"<[^>]*>")
_SVG = "{http://www.w3.org/2000/svg}"
_FETCHES = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:", re.IGNORECASE)
# What may stand in a picture; whatever is not named here is refused.
_DRAWN = {"svg", "g", "defs", "path", "use", "image", "text", "tspan", "clipPath", "pattern", "rect"}


def _inert(svg: str, name: str) -> str:
    """Return an SVG, refused unless it is a picture only: no script, no handler, no address outside the page."""
    bad = _not_a_picture(svg)
    if bad:
        raise BadParameter(
            f"{name} is not a plain SVG picture: {bad[:80]}",
            spoiled="The page must hold no script and fetch nothing.",
            todo="Make figures with welfare.figures.style.to_svg.",
        )
    return svg


def _not_a_picture(svg: str) -> str:
    """Say what in an SVG is more than a picture; empty if nothing is."""
    if not svg.startswith("<svg") or "<!" in svg or "<?" in svg:
        return "it is not one <svg> element without declarations and comments"
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314 (without declarations there are no entities to expand)
    except ElementTree.ParseError as problem:
        return f"it is not well formed ({problem})"
    for element in root.iter():
        tag = element.tag.removeprefix(_SVG)
        if tag not in _DRAWN:
            return f"it holds <{tag}>"
        for attribute, value in element.attrib.items():
            bare = attribute.rpartition("}")[2].lower()
            address = (
                not value.startswith(("#", "data:image/png;base64,")) if bare == "href" else _FETCHES.search(value)
            )
            if bare.startswith("on") or bare == "src" or address:
                return f'it holds {bare}="{value}"'
    return ""


def _scoped(svg: str, prefix: str) -> str:
    """Prefix the ids of an SVG, so that one figure may stand in a page twice."""
    return _TAG.sub(lambda tag: re.sub(r'(\sid="|href="#|url\(#)', rf"\1{prefix}", tag[0]), svg)


def _parts(text: str) -> list[tuple[str, list[str]]]:
    """Split text into paragraphs and lists."""
    parts = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in chunk.splitlines()]
        if lines and all(line.startswith("- ") for line in lines):
            parts.append(("list", [line[2:] for line in lines]))
        else:
            parts.append(("paragraph", [" ".join(lines)]))
    return parts


# Ids the page itself uses: a section may not take them.
_TAKEN = re.compile(r"contents|main|provenance|(figure|table)-\d+")


def _anchors(sections: Sequence[Section]) -> list[str]:
    """Return one id per section: the given ones as they are, the others made from the titles."""
    given = [section.anchor for section in sections if section.anchor]
    for anchor in given:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", anchor) or _TAKEN.fullmatch(anchor) or given.count(anchor) > 1:
            raise BadParameter(
                f"{anchor!r} cannot be a section's anchor: it is malformed, used twice, or the page's own",
                todo="Use small letters, digits and hyphens, beginning with a letter.",
            )
    used, anchors = set(given), []
    for section in sections:
        anchor = section.anchor
        if not anchor:
            slug = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "section"
            stem = slug if slug[0].isalpha() and not _TAKEN.fullmatch(slug) else f"section-{slug}"
            anchor, times = stem, 1
            while anchor in used:
                times += 1
                anchor = f"{stem}-{times}"
            used.add(anchor)
        anchors.append(anchor)
    return anchors


__all__ = ["Block", "Callout", "Disclosure", "Document", "FigureBlock", "Prose", "Section", "TableBlock", "Tiles"]
