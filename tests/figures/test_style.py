"""A figure leaves as one inert SVG or PNG: labelled, stamped where simulated, whole, and the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from welfare.figures.estimates import forest
from welfare.figures.profiles import bars
from welfare.figures.style import INK, THEME, new_axes, row_labels, to_png, to_svg

TABLE = pd.DataFrame({"group": ["cattle", "swine & goats"], "count": [3, 4]})


def _drawn():
    return bars(TABLE, label="group", value="count", unit="plants")


def test_the_label_says_what_is_shown_and_is_escaped():
    root = ElementTree.fromstring(to_svg(_drawn(), alt='Plants "by" <kind> & size'))  # noqa: S314 (our own SVG)
    assert root.get("aria-label") == 'Plants "by" <kind> & size'
    assert root.get("role") == "img"


def test_simulated_is_printed_across_the_figure_and_said_in_its_label(words):
    svg = to_svg(_drawn(), alt="Plants", simulated=True)
    assert "SIMULATED" in words(svg)
    assert 'aria-label="SIMULATED. Plants"' in svg
    assert 'data-simulated="true"' in svg.split(">", 1)[0]


def test_the_stamp_lies_under_the_numbers_and_labels_so_that_they_can_be_read(words):
    said = words(to_svg(_drawn(), alt="Plants", simulated=True))
    last_stamp = max(place for place, text in enumerate(said) if text == "SIMULATED")
    assert all(said.index(text) > last_stamp for text in ("3", "4", "cattle", "swine & goats"))


def _widths(svg):
    """Widths on the page of the wide and of the narrow drawing, in their own points."""
    wide = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    return wide, float(re.search(r"--narrow: ([\d.]+)", svg)[1])


def test_a_figure_is_drawn_for_a_telephone_too_with_every_word_and_letters_nearly_twice_as_large(words):
    svg = to_svg(_drawn(), alt="Plants")
    assert sorted(words(svg, "narrow")) == sorted(words(svg))
    wide, narrow = _widths(svg)
    # Both are shown as wide as the page, and both set their letters in the same points.
    assert 1.6 < wide / narrow < 2
    assert svg.count('<g class="narrow" display="none"') == 1


def test_what_was_added_to_a_figure_is_never_lost_on_a_telephone(words):
    axes = _drawn()
    axes.set_title("added by the reader")
    svg = to_svg(axes, alt="Plants")
    assert "added by the reader" in words(svg)
    assert "narrow" not in svg


def test_a_table_changed_after_drawing_does_not_change_the_telephones_figure():
    table = TABLE.copy()
    axes = bars(table, label="group", value="count", unit="plants")
    table["count"] = [30, 40]
    assert "narrow" not in to_svg(axes, alt="Plants")


def test_a_figure_on_axes_of_the_readers_own_has_one_drawing():
    assert "narrow" not in to_svg(bars(TABLE, label="group", value="count", ax=Figure().subplots()), alt="x")


def test_drawing_for_a_telephone_leaves_the_next_figure_wide():
    to_svg(_drawn(), alt="Plants")
    assert _drawn().figure.get_size_inches()[0] == 7.2


def test_a_tall_figure_is_stamped_more_than_once_so_that_no_crop_is_clean(words):
    tall = new_axes(7, 15)
    assert words(to_svg(tall, alt="tall", simulated=True)).count("SIMULATED") >= 2 * 3


def test_real_data_are_not_stamped_and_the_stamp_does_not_stay_on_the_figure(words):
    axes = _drawn()
    before = to_svg(axes, alt="Plants")
    to_svg(axes, alt="Plants", simulated=True)
    assert to_svg(axes, alt="Plants") == before
    assert "SIMULATED" not in before


def test_the_same_numbers_give_the_same_svg():
    assert to_svg(_drawn(), alt="Plants") == to_svg(_drawn(), alt="Plants")


def test_another_process_draws_the_same_svg():
    script = (
        "import sys, pandas as pd\n"
        "from welfare.figures.profiles import bars\n"
        "from welfare.figures.style import to_svg\n"
        "table = pd.DataFrame({'group': ['cattle', 'swine & goats'], 'count': [3, 4]})\n"
        "svg = to_svg(bars(table, label='group', value='count', unit='plants'), alt='Plants')\n"
        "sys.stdout.buffer.write(svg.encode())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=120)
    assert done.stdout.decode() == to_svg(_drawn(), alt="Plants")


def test_two_figures_in_a_page_share_no_id():
    limits = pd.DataFrame({"term": ["a"], "ratio": [2.0], "ratio_low": [1.0], "ratio_high": [3.0]})
    one, two = (set(re.findall(r'\sid="([^"]+)"', to_svg(axes, alt="x"))) for axes in (_drawn(), forest(limits)))
    assert one
    assert two
    assert not one & two


def test_every_reference_of_an_svg_is_to_an_id_it_holds():
    svg = to_svg(_drawn(), alt="Plants")
    ids = set(re.findall(r'\sid="([^"]+)"', svg))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) == ids


def test_colours_may_be_set_by_the_page_and_keep_their_own_without_one():
    assert f"var({THEME[INK]}, {INK})" in to_svg(_drawn(), alt="Plants")


def test_no_text_is_cut_off_however_far_it_reaches_beyond_the_axes():
    axes = Figure(figsize=(3, 2)).subplots()
    axes.annotate("far to the right", (1, 1), xycoords="axes fraction", xytext=(200, 90), textcoords="offset points")
    _, _, width, height = map(float, re.search(r'viewBox="([^"]+)"', to_svg(axes, alt="x"))[1].split())
    assert width > 3 * 72 + 150
    assert height > 2 * 72 + 50


def test_matplotlibs_own_settings_are_left_as_they_were():
    before = dict(mpl.rcParams)
    to_svg(_drawn(), alt="Plants")
    assert dict(mpl.rcParams) == before


def test_a_dollar_sign_is_a_dollar_sign(words):
    table = pd.DataFrame({"group": ["price $ and cost $"], "count": [1]})
    assert "price $ and cost $" in words(to_svg(bars(table, label="group", value="count"), alt="x"))


def test_long_labels_wrap_and_the_rows_grow(words):
    name = "inspection system: traditional and new poultry inspection, in one year"
    (lines, short), pitch = row_labels(pd.Series([name, "swine"]))
    assert " ".join(lines) == name
    assert len(lines) == 2
    assert short == ["swine"]
    assert pitch > row_labels(pd.Series(["swine"]))[1]
    assert set(lines) <= set(words(to_svg(bars(pd.DataFrame({"a": [name], "b": [1]}), label="a", value="b"), alt="x")))


def test_a_png_is_written_whole(tmp_path):
    path = to_png(_drawn(), tmp_path / "deep" / "figure.png", simulated=True)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [each.name for each in path.parent.iterdir()] == ["figure.png"]


def test_a_png_that_fails_leaves_the_old_one_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    axes = _drawn()

    def half(part, **_how):
        part.write_bytes(b"\x89PNG half")
        raise OSError("disk full")

    monkeypatch.setattr(axes.figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        to_png(axes, path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["figure.png"]
