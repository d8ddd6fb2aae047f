"""The how-to for a file of one's own cannot rot: its example runs, and its keys and units are the code's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from welfare.schema.columns import columns, table_names
from welfare.schema.units import conversion
from welfare.sources.own import own_cells, own_map
from welfare.sources.own.draft_map import draft_map
from welfare.sources.own.own_map import load_map

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "bring-your-own-file.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```text\n(.*?)```", PAGE, flags=re.M | re.S))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_worked_example_gives_what_the_page_shows(folder: Path) -> None:
    session = "".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.S))
    example = doctest.DocTestParser().get_doctest(session, {}, "own-file", "bring-your-own-file.md", 0)
    differences: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=differences.append)
    assert outcome.attempted >= 12
    assert not differences, "".join(differences)


def test_the_draft_shown_is_the_draft_made(folder: Path) -> None:
    assert FILES["draft"] in draft_map("speeds.csv", source="my.line_speeds")


def test_the_finished_mapping_is_the_draft_with_its_todos_decided(folder: Path) -> None:
    finished = load_map("my_map.yaml").book
    draft = draft_map("speeds.csv", source="my.line_speeds")
    decided = [
        ("publisher: TODO", "publisher: x"),
        ("vintage: TODO", "vintage: 2024-03"),
        ("period: TODO", "period: 2024"),
        ("scheme: TODO, separator: TODO", "scheme: us.fsis.grant, separator: +"),
        ("basis: TODO", "basis: measured\n    species: young_chicken"),
        ("column: shift", "column: shift, codes: {1: first, 2: second}"),
        ("unit: Birds per minute", "unit: birds per minute"),
    ]
    for before, after in decided:
        assert before in draft
        draft = draft.replace(before, after)
    (folder / "decided.yaml").write_text(draft, encoding="utf-8")
    assert load_map("decided.yaml").book.to_numpy().tolist() == finished.to_numpy().tolist()


def _keys(heading: str, number: int) -> list[str]:
    tables = re.findall(r"^\| key \|.*?\n\n", PAGE.split(heading)[1].split("\n## ")[0], flags=re.M | re.S)
    first_cells = re.findall(r"^\| (`.*?) \|", tables[number], flags=re.M)
    return [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_key_is_documented_and_no_other() -> None:
    assert _keys("## How a mapping is written", 0) == list(own_map._KEYS)
    places = [*own_cells._KEYS, "withheld", "ignore", "fill_down"]
    assert sorted(_keys("## How a mapping is written", 1)) == sorted(places)


def test_every_unit_named_converts_into_some_column() -> None:
    named = re.findall(r"`([^`]+)`", PAGE.split("## Units")[1].split("Animals of any kind")[0])
    assert len(named) >= 12
    units = {column.unit for table in table_names() for column in columns(table).values() if column.type == "number"}
    for unit in named:
        assert any(_converts(unit, into) for into in units), unit


def _converts(unit: str, into: str) -> bool:
    from welfare.errors import BadParameter

    try:
        return conversion(unit, into).factor > 0
    except BadParameter:
        return False
