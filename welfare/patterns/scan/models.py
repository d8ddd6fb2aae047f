"""Random maps on which nothing gathers, one function per model.

Each takes cells of n places by t steps, a generator and how many maps, and gives counts of shape (many, n, t). Under
the exponential and the normal model the base moves with the cases: those give (cases, base), both of that shape.
"""

from __future__ import annotations

import numpy as np

from welfare.patterns.scan.arrays import Cells


def poisson(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps on which as many cases fall anew, each in proportion to the base."""
    raise NotImplementedError


def negative_binomial(cells: Cells, rng: np.random.Generator, many: int, shape: float) -> np.ndarray:
    """Draw maps as `poisson` does, each place's base first multiplied by a gamma ratio of this shape and mean 1."""
    raise NotImplementedError


def bernoulli(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps on which as many cases are picked anew among all trials, each trial at most once."""
    raise NotImplementedError


def expectation(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps of independent Poisson counts with the base for mean; the total varies."""
    raise NotImplementedError


def exponential(cells: Cells, rng: np.random.Generator, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw maps on which the rows' pairs (events, time at risk) change places."""
    raise NotImplementedError


def normal(cells: Cells, rng: np.random.Generator, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw maps on which the rows' pairs (weighted value, weight) change places."""
    raise NotImplementedError
