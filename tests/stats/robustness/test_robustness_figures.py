"""Figures of robustness: what they draw is what the tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import welfare as wf
from welfare.errors import BadParameter
from welfare.figures.style import to_svg
from welfare.stats.robustness.choosing.specifications import specification_curve
from welfare.stats.robustness.multiplicity import multiplicity
from welfare.stats.robustness.robustness import robustness


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    size = rng.normal(size=150)
    speed = 0.5 * size + rng.normal(size=150)
    df = pd.DataFrame({"speed": speed, "size": size, "birds": 1_000, "hours": rng.uniform(90, 110, 150)})
    df["hurt"] = rng.poisson(20 * np.exp(0.2 * speed + 0.1 * size))
    return df.assign(source_id=np.array(list("abc"))[np.arange(150) % 3], paper=rng.poisson(5, 150))


@pytest.fixture(scope="module")
def found(plants):
    fit = wf.count_model("hurt ~ speed + size", plants, exposure="birds")
    return robustness(fit, term="speed", df=plants, benchmarks="size", denominators="hours", negative_outcomes="paper")


def texts(ax) -> list[str]:
    return [each.get_text() for each in ax.texts]


def test_what_was_made_again_stands_row_by_row(found):
    ax = found.plot()
    said = texts(ax)
    for words in ("speed, as fitted", "without each source_id: range", "per unit of hours", "confounder 1 × as strong"):
        assert any(words in each for each in said)
    ticks = [line for line in ax.lines if line.get_marker() == "|"]
    assert len(ticks) == 1
    assert sorted(ticks[0].get_xdata()) == sorted(found.refits["value"])
    assert found.plot(term="speed") is not ax


def test_contours_mark_no_difference_and_what_was_observed(found):
    expected = {"variance": {"as fitted", "1 × size", "robustness value"}, "ratio": {"as fitted", "E-value"}}
    for scale, marks in expected.items():
        surface = found.contour(scale=scale)
        ax = surface.plot()
        assert all(any(mark in each for each in texts(ax)) for mark in marks)
        square = next(line for line in ax.lines if line.get_marker() == "s")
        assert [square.get_xdata()[0], square.get_ydata()[0]] == pytest.approx([surface.both] * 2)


def test_every_specification_is_drawn_in_order(plants):
    choices = {"outcome": "hurt", "condition": "speed", "controls": ["", "size"], "exposure": ["birds", "hours"]}
    curve = specification_curve(choices, plants)
    upper = curve.plot()
    lower = upper.figure.axes[1]
    dots = np.concatenate([line.get_ydata() for line in upper.lines if line.get_marker() == "o"])
    assert sorted(dots) == pytest.approx(sorted(curve.table["ratio"]))
    assert sorted(texts(lower)) == ["controls: none", "controls: size", "exposure: birds", "exposure: hours"]
    assert sum(len(line.get_xdata()) for line in lower.lines if line.get_marker() == "|") == 8
    assert upper.get_yscale() == "log"
    with pytest.raises(BadParameter, match="no place in a grid"):
        curve.plot(ax=Figure().add_axes((0, 0, 1, 1)))


def test_p_values_are_drawn_before_and_after(plants):
    fits = [wf.count_model("hurt ~ speed + size", plants), wf.count_model("paper ~ speed", plants)]
    family = multiplicity(fits)
    ax = family.plot()
    adjusted = next(line for line in ax.lines if line.get_label() == "adjusted")
    least = family.table["p_adjusted"].clip(lower=1e-12)
    assert sorted(adjusted.get_xdata()) == pytest.approx(sorted(least), abs=1e-12)


def test_all_of_them_can_be_put_on_a_page_wide_and_narrow(found, plants):
    curve = specification_curve({"outcome": "hurt", "condition": "speed", "controls": ["", "size"]}, plants)
    for ax in (found.contour(scale="variance").plot(), curve.plot()):
        assert '<g class="narrow"' in to_svg(ax, alt="a figure")
