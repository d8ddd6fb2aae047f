"""The how-to for a new source cannot rot: its example runs, and its vocabulary is the code's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from welfare.schema.codes import shipped
from welfare.sources.manifest import _NEEDED as MANIFEST_COLUMNS
from welfare.sources.maps.mapping import VOCABULARY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "new-source.md").read_text(encoding="utf-8")


def test_the_worked_example_gives_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in re.findall(r"^`([\w.]+\.csv)`:\n\n```text\n(.*?)```", PAGE, flags=re.M | re.S):
        (tmp_path / name).write_text(content, encoding="utf-8")
    (session,) = re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.S)
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(session, {}, "new-source", "new-source.md", 0)
    differences: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=differences.append)
    assert outcome.attempted >= 8
    assert not differences, "".join(differences)


def test_every_transform_is_documented_and_no_other() -> None:
    transforms = PAGE.split("## Transforms")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)", transforms, flags=re.M)
    assert sorted(documented) == sorted(VOCABULARY)


def test_every_column_of_the_registry_is_documented() -> None:
    registry = PAGE.split("## The row in the registry")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", registry, flags=re.M)
    documented = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert documented == list(shipped("sources.csv").columns)


def test_every_column_of_a_manifest_is_named() -> None:
    manifest = PAGE.split("## When it is true")[1].split("\n## ")[0]
    assert [name for name in MANIFEST_COLUMNS if f"`{name}`" not in manifest] == []
