"""How the documentation is built: `make docs`."""

from __future__ import annotations

import csv
from importlib.metadata import version as installed_version
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
html_theme_options = {"description": "Harm to animals, counted from records", "page_width": "1100px"}
html_show_sourcelink = False

_SOURCES = Path(__file__).parent.parent / "data" / "sources.csv"
_PAGE = Path(__file__).parent / "reference" / "generated" / "sources.txt"


def _write_sources(_app: object) -> None:
    """Lay each row of the registry out as a section: a table of twelve columns would not fit a page."""
    with _SOURCES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sections = []
    for row in rows:
        source, title = row.pop("source"), row.pop("title")
        lines = [f"- **{name.replace('_', ' ')}**: {cell}" for name, cell in row.items()]
        sections.append("\n".join([f"## {source}", "", f"{title}.", "", *lines, ""]))
    _PAGE.parent.mkdir(parents=True, exist_ok=True)
    _PAGE.write_text("\n".join(sections), encoding="utf-8")


def setup(app: Any) -> None:
    """Write the generated page before the others are read."""
    app.connect("builder-inited", _write_sources)
