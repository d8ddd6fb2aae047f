"""The pages on count models, curves and the agencies' files cannot rot: examples run, every option is named."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from welfare.stats.curve.asked import BASES
from welfare.stats.doubt.sandwich import KINDS
from welfare.stats.question import FAMILIES

PAGES = Path(__file__).resolve().parents[2] / "docs" / "explanation"


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


OF_STATS = ["count-models", "curves", "events", "interrupted-series", "durations", "pooling", "robustness"]
OF_PATTERNS = ["profiles", "clusters", "practices", "monitoring", "detection"]


@pytest.mark.parametrize("name", [*OF_STATS, *OF_PATTERNS])
def test_the_examples_give_what_the_page_shows(name: str) -> None:
    session = "".join(re.findall(r"```pycon\n(.*?)```", page(name), flags=re.S))
    example = doctest.DocTestParser().get_doctest(session, {}, name, f"{name}.md", 0)
    differences: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    outcome = doctest.DocTestRunner(optionflags=flags).run(example, out=differences.append)
    assert outcome.attempted >= 8
    assert not differences, "".join(differences)


def test_every_family_and_every_kind_of_errors_is_explained() -> None:
    text = page("count-models")
    assert {name for name in FAMILIES if f"| `{name}` |" in text} == set(FAMILIES)
    named = {kind for kind in KINDS if f"`{kind}`" in text}
    assert named | {"HC1", "HC2"} == set(KINDS)  # between HC0 and HC3
    assert all(f'basis="{basis}"' in page("curves") for basis in BASES if basis != "linear")
