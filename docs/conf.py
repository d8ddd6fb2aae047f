"""How the documentation is built: `make docs`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.metadata import version as installed_version
from itertools import groupby
from pathlib import Path
from typing import Any

project = "welfare"
author = "The welfare developers"
copyright = author
release = version = installed_version("welfare")

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings state types, shapes and units in words
numpydoc_show_class_members = False  # attributes are in the docstring; listing them again would say them twice
myst_heading_anchors = 3

html_theme = "alabaster"
html_theme_options = {
    "description": "Harm to animals, counted from records",
    "page_width": "1280px",
    "body_max_width": "980px",
    "code_font_size": "0.75em",  # a line of 120 letters fits
}
html_show_sourcelink = False

_DATA = Path(__file__).parent.parent / "data"
_PAGES = Path(__file__).parent / "reference" / "generated"
_ABSENCE = {"none": "there was none", "not_collected": "not collected", "cannot_tell": "cannot tell"}


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _of(rows: Iterable[dict[str, str]], source: str) -> list[dict[str, str]]:
    return [row for row in rows if row["source"] == source]


def _write_sources(_app: object) -> None:
    """Write a list of all sources and a section for each: a table of twelve columns would not fit a page."""
    sources = sorted(_rows("sources.csv"), key=lambda row: row["source"])
    covered, addresses = _rows("coverage.csv"), _rows("downloads.csv")
    listed = ["| source | what it is | fetched |", "|---|---|---|"]
    sections = []
    for row in sources:
        source, title, page = (row.pop(name) for name in ("source", "title", "landing_page"))
        known = _of(addresses, source)
        maps = _rows(f"column_maps/{source}.csv")
        tables = dict.fromkeys(line["table"] for line in maps if line["table"].isidentifier())
        vintages = ", ".join(dict.fromkeys(known_row["vintage"] or "the newest" for known_row in known))
        row["format"] = row["format"].replace("|", " or ")
        facts = {
            **{name.replace("_", " "): cell for name, cell in row.items()},
            "tables it fills": ", ".join(f"`{table}`" for table in tables),
            "a facility without a record": "; ".join(
                dict.fromkeys(f"{_ABSENCE[of['what_absence_means']]} ({of['why']})" for of in _of(covered, source))
            ),
            "landing page": f"<{page}>" if page else "",
            "`welfare fetch`": vintages or "no known address: download it by hand",
        }
        if source.startswith("user."):
            del facts["`welfare fetch`"]
        listed.append(f"| [{source}](#{source.replace('.', '')}) | {title} | {'yes' if known else ''} |")
        lines = [f"- **{name}**: {cell}" for name, cell in facts.items() if cell]
        sections.append("\n".join([f"## {source}", "", f"{title}.", "", *lines, ""]))
    _PAGES.mkdir(parents=True, exist_ok=True)
    (_PAGES / "sources.txt").write_text("\n".join([*listed, "", *sections]), encoding="utf-8")


def _write_columns(_app: object) -> None:
    """Write a section for each tidy table; what is in every table comes first."""
    flags = {"required": "never null", "key": "key", "personal": "tells of a person"}
    lines = []
    for table, rows in groupby(_rows("columns.csv"), key=lambda row: row["table"]):
        lines += [f"## {'Every table' if table == '*' else table}", ""]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        for row in rows:
            said = "; ".join(word for name, word in flags.items() if row[name] == "yes")
            meaning = (row["meaning"] + (f" ({said})" if said else "")).replace("|", "\\|").replace("*", "\\*")
            lines.append(f"| `{row['column']}` | {row['type']} | {row['unit']} | {meaning} |")
        lines.append("")
    _PAGES.mkdir(parents=True, exist_ok=True)
    (_PAGES / "columns.txt").write_text("\n".join(lines), encoding="utf-8")


def setup(app: Any) -> None:
    """Write the generated pages before the others are read."""
    app.connect("builder-inited", _write_sources)
    app.connect("builder-inited", _write_columns)
