"""The best windows of a map, and how high random maps reach."""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach, Window


def highest(cells: Cells, ratio: int, reach: Reach, sets: np.ndarray, bases: np.ndarray | None = None) -> np.ndarray:
    """Return the highest score of any window, for each of many maps.

    Parameters
    ----------
    cells : Cells
        Places; steps are summed. Its base counts where no `bases` are given.
    ratio : int
        Which ratio: POISSON, BERNOULLI, EXPECTATION or NORMAL of :mod:`welfare.patterns.scan.ratios`. The exponential
        model's is POISSON, with `bases`.
    reach : Reach
        Which windows.
    sets : array, shape (r, n)
        Counts on each map; for NORMAL, sums of weighted values. For POISSON and BERNOULLI all maps hold the same total.
    bases : array of float, shape (r, n), optional
        The base of each map, where it moves with the cases (exponential and normal); the same total on each map.

    Returns
    -------
    array of float, shape (r,)
        0 where no window may be formed or none holds more than expected.
    """
    raise NotImplementedError


def windows(cells: Cells, ratio: int, reach: Reach, least: float) -> list[Window]:
    """Return the best window, then the best that shares no place with those before it, and so on.

    Parameters
    ----------
    cells : Cells
        Places; steps are summed.
    ratio : int
        As in :func:`highest`.
    reach : Reach
        Which windows.
    least : float
        Score below which no further window is sought; the first is always given if it is above 0.

    Returns
    -------
    list of Window
    """
    raise NotImplementedError
