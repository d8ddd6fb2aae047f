from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest


@pytest.fixture(scope="session")
def words() -> Callable[[str], list[str]]:
    """Every text printed in an SVG, in the order it is drawn."""

    def found(svg: str) -> list[str]:
        texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 (our own SVG)
        return ["".join(text.itertext()) for text in texts]

    return found
