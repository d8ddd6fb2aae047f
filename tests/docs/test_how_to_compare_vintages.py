"""The how-to for comparing vintages cannot rot: its example runs, and it names every change there is."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from welfare.sources.compare.changes_in_words import WORDS as CHANGES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "compare-vintages.md"


def test_the_worked_example_gives_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, content in re.findall(r"^`([\w.]+\.csv)`:\n\n```text\n(.*?)```", page, flags=re.M | re.S):
        (tmp_path / name).write_text(content, encoding="utf-8")
    (session,) = re.findall(r"```pycon\n(.*?)```", page, flags=re.S)
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(session, {}, PAGE.name, PAGE.name, 0)
    differences: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=differences.append)
    assert outcome.attempted >= 8
    assert not differences, "".join(differences)


def test_every_change_is_explained_and_no_other() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## What each change means")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, flags=re.M)
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(CHANGES)
