"""The space-time permutation: what places and steps would give if the time of a case had nothing to do with its place."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.arrays import Cells


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
    """
    raise NotImplementedError


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
    array of int, shape (many, n, t)
    """
    raise NotImplementedError
