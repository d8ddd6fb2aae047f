"""Parts of the spatial engine: orders by distance, and counts below which no window can win."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.patterns.scan.space import by_definition
from welfare.patterns.scan.ratios import BERNOULLI, EXPECTATION, POISSON, log_ratio
from welfare.patterns.scan.space import bars, lanes
from welfare.patterns.scan.space.orders import sort_by, squares_from, windows_around


def sorted_by(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order, near = np.empty(len(squares), np.uint32), np.empty(len(squares))
    sort_by(squares, order, near, np.empty((2, len(squares)), np.int64))
    return order, near


@pytest.mark.parametrize(
    "squares",
    [
        np.zeros(5),
        np.array([7.0]),
        np.random.default_rng(0).random(500),
        np.random.default_rng(1).integers(0, 9, 500).astype(float),
        1e12 + np.random.default_rng(2).random(3000),  # two far towns: single precision sees one distance
        np.concatenate([np.random.default_rng(3).random(50) * 1e-30, np.random.default_rng(4).random(50) * 1e30]),
    ],
    ids=["zeros", "one", "even", "ties", "far", "wide"],
)
def test_places_come_in_order_of_their_squares_and_ties_as_given(squares: np.ndarray) -> None:
    order, near = sorted_by(squares)
    assert order.tolist() == np.argsort(squares, kind="stable").tolist()
    assert (near == np.sort(squares)).all()


@pytest.mark.parametrize(("longer", "angle"), [(1.0, 0.0), (2.0, 0.0), (3.0, 30.0), (1.5, 90.0), (4.0, 135.0)])
def test_a_point_on_an_ellipse_has_the_square_of_its_longer_half_axis(longer: float, angle: float) -> None:
    """Points of the curve itself, from its parameters: a cos t along the axis, a / s sin t across."""
    turn, t, half = math.radians(angle), np.linspace(0, 2 * math.pi, 12), 2.5
    along, across = half * np.cos(t), half / longer * np.sin(t)
    x, y = along * math.cos(turn) - across * math.sin(turn), along * math.sin(turn) + across * math.cos(turn)
    points = np.column_stack([np.r_[40.0, 40 + x], np.r_[-7.0, -7 + y]])
    squares = np.empty(13)
    squares_from(points, 0, (longer, angle), squares)
    assert squares == pytest.approx(np.r_[0.0, np.full(12, half**2)], rel=1e-9)


def test_places_on_one_edge_enter_together_and_taken_ones_end_growth() -> None:
    near = np.array([0.0, 1, 1 + 1e-12, 4, 9, 16])
    order, base, taken = np.arange(6, dtype=np.uint32), np.ones(6), np.zeros(6, dtype=bool)
    inside = np.empty(6)
    assert windows_around(order, near, base, 6.0, np.inf, taken, inside) == 6
    assert inside.tolist() == [1, -1, 3, 4, 5, 6]
    assert windows_around(order, near, base, 2.0, np.inf, taken, inside) == 1  # the cap lies within an edge
    assert windows_around(order, near, base, 6.0, 4.0, taken, inside) == 4
    taken[4] = True
    assert windows_around(order, near, base, 6.0, np.inf, taken, inside) == 4


@pytest.mark.parametrize("ratio", [POISSON, BERNOULLI, EXPECTATION])
@pytest.mark.parametrize("bar", [0.0, 0.5, 4.0, 30.0])
def test_no_window_beats_the_bar_with_fewer_cases_than_the_table_says(ratio: int, bar: float) -> None:
    """Every whole count over many bases; and the table does not let everything through."""
    totals, cap = ((120.0, 400.0, 0.0, 0.0), 200.0) if ratio == BERNOULLI else ((120.0, 130.0, 0.0, 0.0), 65.0)
    table = np.empty(bars.STEPS, np.int64)
    bars.fill(table, ratio, bar, cap, totals, 3, 121)
    assert (np.diff(table) >= 0).all()
    assert table.min() >= 3
    whole = np.arange(1.0, cap + 1) if ratio == BERNOULLI else np.random.default_rng(0).random(300) * cap
    spare = 0
    for base in whole:
        least = table[bars.entry(base, cap)]
        most = min(120, int(base)) if ratio == BERNOULLI else 120
        for count in range(3, most + 1):
            beats = log_ratio(ratio, float(count), base, totals) > bar
            assert not beats or count >= least
            spare += not beats and count >= least
    assert spare < 0.02 * 120 * len(whole)


@pytest.mark.parametrize("bits", [lanes.NARROW, lanes.WIDE])
def test_a_packed_word_holds_each_map_in_its_lane(bits: int) -> None:
    many = lanes.lanes(bits) + 3
    sets = np.random.default_rng(0).integers(0, 2 ** (bits - 1) - 1, size=(many, 4))
    words = lanes.pack(sets, bits)
    assert words.shape == (2, 4, lanes.WORDS)
    for m in range(many):
        block, place = divmod(m, lanes.lanes(bits))
        shift = bits * (place // lanes.WORDS)
        assert ((words[block, :, place % lanes.WORDS] >> shift) & (2**bits - 1)).tolist() == sets[m].tolist()


@pytest.mark.parametrize("name", by_definition.RATIOS)
def test_a_ratio_is_that_of_the_two_likelihoods(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        base = rng.integers(2, 12, 8).astype(float)
        cases = base * rng.normal(0, 1, 8) if name == "normal" else rng.binomial(base.astype(int), 0.4).astype(float)
        squares = float((base * (cases / base - cases.sum() / base.sum()) ** 2).sum())
        totals = (cases.sum(), base.sum(), squares, 8.0)
        expected = by_definition.BY_NAME[name](cases, base, [0, 1, 2])
        found = log_ratio(by_definition.RATIOS[name], cases[:3].sum(), base[:3].sum(), totals)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_values_that_one_window_explains_wholly_have_a_high_and_finite_ratio() -> None:
    totals = (3.0, 6.0, 1.5, 6.0)  # three values of 1, three of 0
    assert 90 < log_ratio(by_definition.NORMAL, 3.0, 3.0, totals) < 110
