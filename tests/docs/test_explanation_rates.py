"""The page on rates cannot rot: its examples run, and it names every method there is."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from welfare.stats.rates import compare, proportion, rate
from welfare.stats.rates.standardising.methods import GAMMA, OF_A_COUNT

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "rates.md").read_text(encoding="utf-8")


def test_the_examples_give_what_the_page_shows() -> None:
    session = "".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.S))
    example = doctest.DocTestParser().get_doctest(session, {}, "rates", "rates.md", 0)
    differences: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=differences.append)
    assert outcome.attempted >= 12
    assert not differences, "".join(differences)


def test_every_method_is_explained_and_no_other() -> None:
    def named(heading: str) -> set[str]:
        table = PAGE.split(heading)[1].split("\n## ")[0]
        cells = re.findall(r"^\| (.*?) \|", table, flags=re.M)
        return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert named("\n## A rate\n") == set(rate._LIMITS)
    assert named("\n## Two rates compared\n") == set(compare.INTERVALS)
    assert named("\n## A share\n") == set(proportion.INTERVALS)
    assert named("\n## Standardised rates\n") == set(GAMMA)
    assert set(OF_A_COUNT) == set(rate._LIMITS)
