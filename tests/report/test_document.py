"""A document is one page that needs nothing but itself, and cannot pass made-up plants off as real ones."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from welfare.errors import BadParameter
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

COUNTS = pd.DataFrame({"group": ["cattle", "swine"], "count": [3, 4]})


def _svg(simulated=False):
    return to_svg(bars(COUNTS, label="group", value="count", unit="plants"), alt="Plants", simulated=simulated)


def _document(*blocks, simulated=False, **fields):
    return Document("Title", "Of what", [Section("One", blocks)], simulated=simulated, **fields)


def _ids(html):
    return re.findall(r'<[^>]*\sid="([^"]+)"', html)


def test_the_same_document_gives_the_same_page():
    def page():
        return _document(
            Prose("Words."), FigureBlock(_svg(), "c"), TableBlock(COUNTS, "c"), provenance={"a": "b"}
        ).html()

    assert page() == page()


def test_no_id_is_used_twice_though_a_figure_stands_in_the_page_twice():
    figure = FigureBlock(_svg(), "c")
    sections = [Section("One", [figure, TableBlock(COUNTS, "c")]), Section("One", [figure, TableBlock(COUNTS, "c")])]
    html = Document("Title", "", sections, {"a": "b"}).html()
    ids = _ids(html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_sections_without_an_anchor_take_one_from_their_title():
    titles = ["What was found?", "What was found?", "2024", "Provenance", "¿?", "Main"]
    html = Document("Title", "", [Section(title, []) for title in titles]).html()
    assert re.findall(r'<section id="([^"]+)"', html) == [
        "what-was-found",
        "what-was-found-2",
        "section-2024",
        "section-provenance",
        "section",
        "section-main",
    ]


def test_an_anchor_that_was_given_is_kept_and_others_make_way():
    html = Document("Title", "", [Section("Rates", []), Section("More", [], anchor="rates")]).html()
    assert re.findall(r'<section id="([^"]+)"', html) == ["rates-2", "rates"]


@pytest.mark.parametrize(
    "anchor", ["Rates", "1st", "a b", 'a"b', "main", "contents", "provenance", "table-1", "figure-2"]
)
def test_an_anchor_that_is_malformed_or_the_pages_own_is_refused(anchor):
    with pytest.raises(BadParameter, match="cannot be a section's anchor"):
        Document("Title", "", [Section("One", [], anchor=anchor)]).html()


def test_an_anchor_given_twice_is_refused():
    with pytest.raises(BadParameter, match="used twice"):
        Document("Title", "", [Section("One", [], anchor="x"), Section("Two", [], anchor="x")]).html()


@pytest.mark.parametrize("of_document", [True, False])
def test_a_figure_of_other_data_than_its_document_is_refused_even_folded_away(of_document):
    figure = FigureBlock(_svg(simulated=not of_document), "c")
    for block in (figure, Disclosure("More", [figure])):
        with pytest.raises(BadParameter, match=r"figure 1 is of (real|simulated) data in a document of"):
            _document(block, simulated=of_document).html()


def test_a_simulated_document_says_so_in_title_banner_rows_and_figures():
    html = _document(TableBlock(COUNTS, "c"), FigureBlock(_svg(True), "c", alt="Bars"), simulated=True).html()
    assert "<title>SIMULATED: Title</title>" in html
    assert '<p class="banner" role="note">SIMULATED — no real plant, person or event</p>' in html
    assert html.count('<td class="sim">SIMULATED</td>') == len(COUNTS)
    assert 'aria-label="SIMULATED. Bars"' in html
    assert 'aria-label="SIMULATED. Plants"' in html


def test_a_document_of_real_data_says_nothing_of_simulation():
    assert "SIMULATED" not in _document(TableBlock(COUNTS, "c"), FigureBlock(_svg(), "c")).html()


@pytest.mark.parametrize(
    "change",
    [
        ("</svg>", "<script>alert(1)</script></svg>"),
        ("</svg>", "<foreignObject><p>x</p></foreignObject></svg>"),
        ("</svg>", "<style>@import 'http://example.invalid'</style></svg>"),
        ("</svg>", '<a xlink:href="http://example.invalid"><text>x</text></a></svg>'),
        ("</svg>", "<image xlink:href='http://example.invalid/a.png'/></svg>"),
        ("</svg>", '<image href="data:image/svg+xml;base64,AAAA"/></svg>'),
        ("</svg>", '<image src="a.png"/></svg>'),
        ("</svg>", '<use xlink:href="http://example.invalid/a.svg#x"/></svg>'),
        ("</svg>", '<path style="fill: url(http://example.invalid/#x)"/></svg>'),
        ("</svg>", '<path fill="url(&quot;//example.invalid/#x&quot;)"/></svg>'),
        ("</svg>", '<set attributeName="href" to="javascript:alert(1)"/></svg>'),
        ("</svg>", "<!-- x --></svg>"),
        ("</svg>", "<g></svg>"),
        ("</svg>", "</svg><p>after</p>"),
        ("<svg ", '<svg onload="alert(1)" '),
        ("<svg ", '<svg data-a=">" onload="alert(1)" '),
        ("<svg ", "<svg ONLOAD='alert(1)' "),
        ("<svg ", '<!DOCTYPE svg [<!ENTITY a "b">]><svg '),
        ("<svg ", "<p>before</p><svg "),
    ],
)
def test_a_figure_that_is_more_than_a_picture_is_refused(change):
    svg = _svg().replace(*change, 1)
    assert svg != _svg()
    with pytest.raises(BadParameter, match="figure 1 is not a plain SVG picture"):
        _document(FigureBlock(svg, "c")).html()


def test_every_text_of_a_document_is_escaped():
    bad = "<img src=x>&"
    frame = pd.DataFrame({"a": [bad]})
    blocks = [
        Prose(f"{bad}\n\n- {bad}"),
        Tiles([(bad, bad, bad)]),
        Callout(bad, bad),
        FigureBlock(_svg(), bad, bad, bad),
        TableBlock(frame, bad, bad),
        Disclosure(bad, [Prose(bad)]),
    ]
    html = Document(bad, bad, [Section(bad, blocks, bad)], {bad: bad}).html()
    assert "<img" not in html
    assert html.count("&lt;img src=x&gt;&amp;") >= 20


def test_the_page_forbids_itself_to_run_or_fetch_anything():
    html = _document(Prose("Words.")).html()
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html)


def test_figures_and_tables_are_numbered_through_the_document():
    figure, table = FigureBlock(_svg(), "c"), TableBlock(COUNTS, "c")
    sections = [Section("One", [figure, table]), Section("Two", [Disclosure("More", [table, figure])])]
    html = Document("Title", "", sections).html()
    assert re.findall(r"<b>((?:Figure|Table) \d)</b>", html) == ["Figure 1", "Table 1", "Table 2", "Figure 2"]


def test_prose_is_paragraphs_and_lists():
    html = _document(Prose("One\nline.\n\n- a\n- b\n\nTwo - not a list.")).html()
    for part in ("<p>One line.</p>", "<li>a</li>", "<li>b</li>", "<p>Two - not a list.</p>"):
        assert part in html


def test_the_contents_lead_to_every_section():
    sections = [Section("One", []), Section("Two & three", [])]
    html = Document("Title", "", sections, {"command": "welfare study"}).html()
    assert re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', html) == [
        ("one", "One"),
        ("two-three", "Two &amp; three"),
        ("provenance", "How this document was made"),
    ]
    assert "<dt>command</dt>\n<dd>welfare study</dd>" in html


def test_a_block_of_another_kind_is_refused():
    with pytest.raises(BadParameter, match="cannot hold str"):
        _document("words").html()


def test_save_writes_the_page_whole(tmp_path):
    document = _document(Prose("Words: – ≤."))
    path = document.save(tmp_path / "new" / "report.html")
    assert path.read_bytes() == document.html().encode()
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


def test_a_document_that_cannot_be_made_leaves_the_old_one_and_nothing_beside_it(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(BadParameter):
        _document(FigureBlock("<svg><script/></svg>", "c")).save(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_disk_that_fills_up_leaves_the_old_one_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    write = type(path).write_text

    def half(self, text, **how):
        write(self, text[: len(text) // 2], **how)
        raise OSError("disk full")

    monkeypatch.setattr(type(path), "write_text", half)
    with pytest.raises(OSError, match="disk full"):
        _document(Prose("Words.")).save(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
