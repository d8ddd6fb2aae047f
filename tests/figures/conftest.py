from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def words() -> Callable[..., list[str]]:
    """Every text printed in an SVG, in the order it is drawn: as a page shows it, or a telephone."""

    def found(svg: str, width: str = "wide") -> list[str]:
        root = ElementTree.fromstring(svg)  # noqa: S314 (our own SVG)
        drawn = root.find(f"{_SVG}g[@class='{width}']")
        texts = (root if drawn is None else drawn).iter(f"{_SVG}text")
        return ["".join(text.itertext()) for text in texts]

    return found
