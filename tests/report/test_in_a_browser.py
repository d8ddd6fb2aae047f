"""A saved document opened in a browser: nothing on the console, nothing asked of the network, and it is all there."""

from __future__ import annotations

from html import escape

import pandas as pd
import pytest

from welfare.figures.maps import points, regions
from welfare.figures.money import hours
from welfare.figures.profiles import bars
from welfare.figures.style import to_svg
from welfare.report.document import (
    Callout,
    Disclosure,
    Document,
    FigureBlock,
    Prose,
    Section,
    TableBlock,
    Tiles,
)

pytestmark = pytest.mark.browser


def _document(simulated: bool) -> Document:
    counts = pd.DataFrame({"group": ["cattle", "<script>console.log(1)</script>"], "count": [3, None]})
    places = pd.DataFrame(
        {"latitude_deg": [40.0] * 600, "longitude_deg": [-100.0] * 600, "flagged": [True] + [False] * 599}
    )
    pain = pd.DataFrame({"line": ["hurtful"], "unit": ["h per bird"], "low": [-9.0], "median": [-5.0], "high": [-1.0]})
    figures = [
        bars(counts, label="group", value="count"),
        points(places, mark="flagged"),
        regions(pd.Series({"NC": "full", "CA": "none"})),
        hours(pain),
    ]
    blocks = [FigureBlock(to_svg(ax, alt="a figure", simulated=simulated), "A caption", "a source") for ax in figures]
    first = [Tiles([("3", "plants", "of 4")]), Prose("Words & <b>words</b>.\n\n- one\n- two"), Callout("Mind", "this")]
    folded = Disclosure("More", [TableBlock(counts, "Folded")])
    return Document(
        "Title & <script>alert(1)</script>",
        "Of what",
        [
            Section("First", first),
            Section("Figures", blocks),
            Section("Tables", [TableBlock(counts, "Counts"), folded]),
        ],
        {"command": "welfare study us-slaughter --simulated"},
        simulated=simulated,
    )


def test_the_browser_would_have_told(open_page, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><title>x</title><script>console.log("said")</script><img src="http://example.invalid/a.png">',
        encoding="utf-8",
    )
    opened = open_page(page)
    assert any("said" in message for message in opened.console)
    assert opened.requests == ["http://example.invalid/a.png"]


@pytest.mark.parametrize("simulated", [False, True])
def test_a_document_is_silent_and_asks_for_nothing(open_page, tmp_path, simulated):
    opened = open_page(_document(simulated).save(tmp_path / "report.html"))
    assert opened.console == []
    assert opened.requests == []
    assert "<script" not in opened.dom
    assert opened.dom.count("<svg") == 4
    assert opened.dom.count("<table") == 2
    assert ("SIMULATED" in opened.dom) is simulated


_PROBE = """<!doctype html><title>probe</title><iframe src="report.html" style="width:{width}px;height:900px"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const drawn = kind => [...page.querySelectorAll("." + kind)];
  const shown = kind => drawn(kind).filter(each => each.getBoundingClientRect().width).length;
  const cut = [...page.querySelectorAll("svg")].filter(each => each.getBoundingClientRect().right > {width}).length;
  document.body.dataset.found = [shown("wide"), shown("narrow"), cut].join(" ");
}}</script>"""


@pytest.mark.parametrize(("width", "found"), [(390, "0 4 0"), (1200, "4 0 0")])
def test_a_telephone_is_shown_the_narrow_drawings_and_no_figure_is_cut(open_page, tmp_path, width, found):
    report = _document(simulated=False).save(tmp_path / "report.html")
    style = report.read_text(encoding="utf-8").replace("default-src 'none'; ", "")
    # A browser keeps one file from reading another: the report goes into the page that looks at it.
    probe = _PROBE.format(width=width).replace('src="report.html"', f'srcdoc="{escape(style)}"')
    page = tmp_path / "probe.html"
    page.write_text(probe, encoding="utf-8")
    assert f'data-found="{found}"' in open_page(page).dom
