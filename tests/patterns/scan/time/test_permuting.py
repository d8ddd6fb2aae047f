"""The space-time permutation: tables at random among all with the same margins."""

from __future__ import annotations

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from scipy.stats import chi2

from welfare.errors import NotEstimable
from welfare.patterns.scan.arrays import Cells
from welfare.patterns.scan.time.permuting import draw, margins


def hypergeometric(cases: np.ndarray) -> dict[tuple[int, ...], float]:
    """Return every table with these margins, and how likely it is: a product of factorials, written out."""
    rows, columns = cases.sum(axis=1), cases.sum(axis=0)
    chances = {}
    for cells in product(*(range(int(min(r, c)) + 1) for r in rows for c in columns)):
        table = np.array(cells).reshape(cases.shape)
        if (table.sum(axis=1) == rows).all() and (table.sum(axis=0) == columns).all():
            ways = prod(map(factorial, map(int, [*rows, *columns])))
            chances[cells] = ways / (factorial(int(cases.sum())) * prod(map(factorial, map(int, cells))))
    return chances


@pytest.mark.parametrize("cases", [[[3, 2], [1, 4]], [[2, 0, 3], [1, 2, 1]], [[1, 1], [1, 1], [0, 2]]])
def test_tables_are_drawn_as_often_as_their_margins_say(cases: list[list[int]]) -> None:
    table, many = np.array(cases), 20_000
    chances = hypergeometric(table)
    assert sum(chances.values()) == pytest.approx(1)
    drawn = draw(Cells(np.zeros((len(table), 2)), table, table), np.random.default_rng(1), many)
    seen, often = np.unique(drawn.reshape(many, -1), axis=0, return_counts=True)
    counts = dict(zip(map(tuple, seen.tolist()), often.tolist(), strict=True))
    assert set(counts) <= set(chances)
    off = sum((counts.get(cells, 0) - many * p) ** 2 / (many * p) for cells, p in chances.items())
    assert off < chi2.ppf(0.999, len(chances) - 1)


def test_margins_are_kept_and_the_seed_decides() -> None:
    cases = np.random.default_rng(0).poisson(3, (50, 9))
    cases[4], cases[:, 2] = 0, 0
    cells = margins(np.zeros((50, 2)), cases)
    drawn = draw(cells, np.random.default_rng(5), 20)
    assert drawn.shape == (20, 50, 9)
    assert (drawn.sum(axis=1) == cases.sum(axis=0)).all()
    assert (drawn.sum(axis=2) == cases.sum(axis=1)).all()
    assert (drawn == draw(cells, np.random.default_rng(5), 20)).all()
    assert (drawn != draw(cells, np.random.default_rng(6), 20)).any()
    assert (drawn[0] != drawn[1]).any()
    assert (cells.base.sum(axis=1) == pytest.approx(cases.sum(axis=1), abs=1e-9)) is True


def test_without_cases_there_is_nothing_to_permute() -> None:
    with pytest.raises(NotEstimable, match="no case"):
        margins(np.zeros((3, 2)), np.zeros((3, 4), dtype=int))
