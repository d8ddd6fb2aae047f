"""The space-time permutation: places and steps as they are, if the time of a case had nothing to do with its place."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.scan.arrays import Cells

_MOST = 20_000_000  # cases that are shuffled one by one


def margins(points: np.ndarray, cases: np.ndarray) -> Cells:
    """Return cells whose base is what the margins alone would give: cases of the place times those of the step.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    cases : array of int, shape (n, t)
        Cases.

    Returns
    -------
    Cells
        With base[i, s] = cases of place i * cases of step s / all cases, to be scanned with the Poisson ratio.

    Raises
    ------
    NotEstimable
        If there is no case.
    BadParameter
        If there are more than 20 million.

    Notes
    -----
    No population is needed: a place or a step that has many cases throughout is no cluster, only more of them in one
    place at one time than elsewhere at that time and there at other times. A population that grows faster in one
    place than in others looks like a cluster.

    References
    ----------
    Kulldorff M, Heffernan R, Hartman J, Assuncao R, Mostashari F. A space-time permutation scan statistic for disease
    outbreak detection. PLoS Medicine 2005; 2: e59.
    """
    total = cases.sum()
    if total == 0:
        raise NotEstimable(
            "there is no case",
            where="the space-time permutation",
            spoiled="Expected counts come from the cases of each place and of each step.",
            todo="Bring a longer time, or more places.",
        )
    if total > _MOST:
        raise BadParameter(
            f"{total:,.0f} cases are too many to shuffle one by one",
            where="scan(model='permutation')",
            spoiled="Random maps could not be drawn.",
            todo="Count occasions, such as days or flocks with a case, and not animals.",
        )
    base = cases.sum(axis=1, keepdims=True) * (cases.sum(axis=0, keepdims=True) / total)
    return Cells(points=points, cases=cases, base=base)


def draw(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Shuffle the steps of cases among places: tables at random among all with these margins.

    Parameters
    ----------
    cells : Cells
        Only its cases are used.
    rng : Generator
        Source of randomness.
    many : int
        Tables.

    Returns
    -------
    array of int32, shape (many, n, t)
    """
    n, steps = cells.cases.shape
    cases = cells.cases.astype(np.int64)
    begins = np.repeat(np.arange(n) * steps, cases.sum(axis=1))
    step = np.repeat(np.arange(steps), cases.sum(axis=0))
    tables = np.empty((many, n, steps), dtype=np.int32)
    for table in tables:
        rng.shuffle(step)
        table[:] = np.bincount(begins + step, minlength=n * steps).reshape(n, steps)
    return tables
