"""Forest and funnel: boxes where effects are, as large as their weights; what is cut off is an arrow."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.stats.pooling.trials import bcg
from welfare.errors import BadParameter
from welfare.figures.style import OCHRE, _narrow, to_svg
from welfare.stats.pooling.pool import pool
from welfare.stats.pooling.result import Pooled


@pytest.fixture(scope="module")
def vaccine() -> Pooled:
    df = bcg()
    return pool(df["effect"], df["variance"], labels=df["study"], ratio=True, quantity="risk ratio")


@pytest.fixture
def telephone() -> Iterator[None]:
    before = _narrow.set(True)
    yield
    _narrow.reset(before)


def printed(ax) -> list[str]:
    root = ElementTree.fromstring(to_svg(ax, alt="x"))  # noqa: S314 (our own SVG)
    drawn = root.find("{http://www.w3.org/2000/svg}g[@class='wide']")
    return [
        "".join(text.itertext()) for text in (root if drawn is None else drawn).iter("{http://www.w3.org/2000/svg}text")
    ]


def boxes(ax) -> list[tuple[float, float, float]]:
    """Where boxes stand and how large they are: value, row, side."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_markersize())
        for line in ax.lines
        if line.get_marker() == "s"
    ]


def test_boxes_stand_at_the_ratios_and_their_areas_are_the_weights(vaccine):
    found = boxes(vaccine.plot())
    assert [value for value, _, _ in found] == pytest.approx(vaccine.table["ratio"].tolist())
    assert [row for _, row, _ in found] == list(range(13))
    area = np.array([side**2 for _, _, side in found])
    assert area / area.sum() == pytest.approx(vaccine.table["weight"].to_numpy())


def test_the_diamond_spans_the_interval_and_the_bar_the_prediction(vaccine):
    ax = vaccine.plot()
    corners = ax.patches[0].get_xy()
    assert [corners[:, 0].min(), corners[:, 0].max()] == pytest.approx([vaccine.ratio_low, vaccine.ratio_high])
    assert set(np.round(corners[:, 1])) == {13}
    bar = next(line for line in ax.lines if list(line.get_ydata()) == [14, 14])
    assert list(bar.get_xdata()) == pytest.approx(np.exp([vaccine.prediction_low, vaccine.prediction_high]))


def test_numbers_weights_and_names_are_printed(vaccine):
    words = printed(vaccine.plot())
    assert {"TPT Madras 1980", "1.01 (0.89–1.14)", "10.2%", "All studies together", "0.49 (0.33–0.73)"} <= set(words)
    assert {"A further study (95% prediction)", "0.13 to 1.79", "weight", "ratio (95% interval)"} <= set(words)
    assert "risk ratio, logarithmic scale; the line at 1 means no difference" in words


def test_on_a_telephone_the_weights_are_left_to_the_boxes(vaccine, telephone):
    words = printed(vaccine.plot())
    assert "1.01 (0.89–1.14)" in words
    assert not {"10.2%", "weight"} & set(words)


def test_an_interval_beyond_the_rest_ends_in_arrows_and_keeps_its_numbers():
    ax = pool([1.0, 2.0, 1.5, 1.2], [1.0, 1.2, 0.9, 1000.0], labels=list("ABCD")).plot()
    arrows = [(line.get_marker(), line.get_ydata()[0]) for line in ax.lines if line.get_marker() in "<>"]
    assert arrows == [("<", 3), (">", 3)]
    assert "1.20 (−60.8 to 63.2)" in printed(ax)
    assert ax.get_xlim()[1] < 20


def test_without_a_prediction_there_is_no_row_for_it():
    words = printed(pool([1.0, 2.0], [1.0, 1.2]).plot())
    assert "All studies together" in words
    assert not any("further study" in word for word in words)
    assert "effect; the line at 0 means no difference" in words


def test_equal_effects_are_drawn():
    assert [value for value, _, _ in boxes(pool([0.2] * 3, [0.01] * 3).plot())] == [0.2] * 3


def test_the_funnel_has_each_study_at_its_error_the_precise_on_top(vaccine):
    ax = vaccine.funnel()
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    assert dots.get_xdata() == pytest.approx(vaccine.table["ratio"].to_numpy())
    assert dots.get_ydata() == pytest.approx(vaccine.table["std_error"].to_numpy())
    bottom, top = ax.get_ylim()
    assert bottom > top == 0


def test_a_standard_error_far_below_is_an_arrow_at_the_edge():
    ax = pool([1.0, 2.0, 1.5, 1.2], [1.0, 1.2, 0.9, 1000.0]).funnel()
    arrow = next(line for line in ax.lines if line.get_marker() == "v")
    assert arrow.get_xdata().tolist() == [1.2]
    assert arrow.get_ydata()[0] == ax.get_ylim()[0] < 10
    assert "below the edge: standard error beyond what is drawn" in printed(ax)


def test_the_funnel_widens_by_what_studies_differ(vaccine):
    edges = [line for line in vaccine.funnel().lines if len(line.get_xdata()) > 2 and line.get_marker() == "None"]
    reach = 1.959963984540054 * vaccine.tau2**0.5
    assert sorted(line.get_xdata()[0] for line in edges) == pytest.approx(
        np.exp([vaccine.estimate - reach, vaccine.estimate + reach])
    )


@pytest.mark.parametrize("effects", [[0.1, 2.0], [0.1, 8.0, 3.0]])
def test_a_summary_that_reaches_very_far_leaves_the_studies_apart(effects):
    """Two or three ratios that differ have intervals over many powers of ten."""
    ax = pool(effects, [0.01, 0.5, 0.3][: len(effects)], ratio=True).plot()
    assert len(ax.get_xticks()) <= 9
    width = np.ptp(np.log(ax.get_xlim()))
    assert abs(effects[1] - effects[0]) / width > 0.1
    arrows = [line for line in ax.lines if line.get_marker() in ("<", ">")]
    assert {line.get_color() for line in arrows} == {OCHRE}


def test_ratios_too_large_to_draw_are_refused():
    with pytest.raises(BadParameter, match="too large to draw"):
        pool([1.0, 2.0, 900.0], [0.1] * 3, ratio=True).plot()
