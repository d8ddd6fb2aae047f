"""The best cylinder of each set of counts, and the best ones of the data that share no place."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach, Window


def highest(cells: Cells, ratio: int, reach: Reach, sets: np.ndarray) -> np.ndarray:
    """Find, for each set of counts, the highest score of any cylinder.

    Parameters
    ----------
    cells : Cells
        Places, steps and base; its cases only set how finely the search is planned. What is planned is kept for the
        last `cells` (by identity) and `reach`: call batch by batch with the same objects.
    ratio : int
        POISSON, BERNOULLI or EXPECTATION of :mod:`welfare.patterns.scan.ratios`.
    reach : Reach
        How far cylinders reach. Only circles: `shapes` and `penalty` play no part.
    sets : array of int, shape (r, n, t)
        Counts. Multiples of 32 sets at a time are fastest.

    Returns
    -------
    array of float, shape (r,)
        0 where no cylinder holds enough cases and more than expected.
    """
    raise NotImplementedError


def windows(cells: Cells, ratio: int, reach: Reach, least: float) -> list[Window]:
    """Find the best cylinder, then the best that shares no place with those before it, and so on.

    Parameters
    ----------
    cells : Cells
        Places, steps, cases and base.
    ratio : int
        As in :func:`highest`.
    reach : Reach
        As in :func:`highest`.
    least : float
        Score below which no further cylinder is sought; the first is given if its score is above 0.

    Returns
    -------
    list of Window
        The best first.
    """
    raise NotImplementedError
