"""Random maps on which nothing gathers, one function per model.

Each takes cells of n places by t steps, a generator and how many maps, and gives counts of shape (many, n, t). Under
the exponential and the normal model the base moves with the cases: those give (cases, base), both of that shape. Maps
are drawn in pieces, each from a generator of its own, on all processors: the same whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np

from welfare.errors import BadParameter
from welfare.patterns.scan.arrays import Cells

_PIECES = 8
_FEW = 10  # up to so many cases per cell they are dropped one by one; above, each cell's count is drawn at once
_MOST_TRIALS = 10**9  # NumPy's generator draws from no larger urn


def poisson(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps on which as many cases fall anew, each in proportion to the base.

    Parameters
    ----------
    cells : Cells
        Whole cases; their total is held.
    rng : Generator
        Source of randomness.
    many : int
        How many maps.

    Returns
    -------
    array of int, shape (many, n, t)
    """
    total, weights = _total(cells), np.ascontiguousarray(cells.base, dtype=float).ravel()

    def draw(own: np.random.Generator, maps: int) -> np.ndarray:
        return _fallen(total, np.broadcast_to(weights, (maps, len(weights))), own, alike=True)

    return _in_pieces(draw, rng, many).reshape(many, *cells.base.shape)


def negative_binomial(cells: Cells, rng: np.random.Generator, many: int, shape: float) -> np.ndarray:
    """Draw maps as `poisson` does, each place's base first multiplied by a gamma ratio of its own.

    Parameters
    ----------
    cells, rng, many
        As for :func:`poisson`.
    shape : float
        Of the gamma ratios, which have mean 1 and hold for all steps of a place; infinite for none.

    Returns
    -------
    array of int, shape (many, n, t)
        Each with the total of the cases.
    """
    if np.isinf(shape):
        return poisson(cells, rng, many)
    total, base = _total(cells), cells.base.astype(float)

    def draw(own: np.random.Generator, maps: int) -> np.ndarray:
        weights = base * own.gamma(shape, size=(maps, len(base), 1))
        return _fallen(total, weights.reshape(maps, base.size), own, alike=False)

    return _in_pieces(draw, rng, many).reshape(many, *base.shape)


def bernoulli(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps on which as many cases are picked anew among all trials, each trial at most once.

    Parameters
    ----------
    cells : Cells
        Whole cases among whole trials.
    rng, many
        As for :func:`poisson`.

    Returns
    -------
    array of int, shape (many, n, t)

    Raises
    ------
    BadParameter
        If there are a thousand million trials or more.
    """
    total, trials = _total(cells), np.rint(cells.base).astype(np.int64).ravel()
    if trials.sum() >= _MOST_TRIALS:
        raise BadParameter(
            f"{trials.sum():,} trials are too many to draw cases from",
            where="scan(model='bernoulli')",
            spoiled="Random maps could not be drawn.",
            todo="Use model='poisson': with cases so rare among trials the two agree.",
        )

    def draw(own: np.random.Generator, maps: int) -> np.ndarray:
        return own.multivariate_hypergeometric(trials, total, size=maps, method="marginals")

    return _in_pieces(draw, rng, many).reshape(many, *cells.base.shape)


def expectation(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Draw maps of independent Poisson counts with the base for mean; the total varies.

    Parameters
    ----------
    cells : Cells
        Expected counts for base.
    rng, many
        As for :func:`poisson`.

    Returns
    -------
    array of int, shape (many, n, t)
    """
    return _in_pieces(lambda own, maps: own.poisson(cells.base, size=(maps, *cells.base.shape)), rng, many)


def exponential(cells: Cells, rng: np.random.Generator, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw maps on which the rows' pairs (events, time at risk) change places.

    Parameters
    ----------
    cells : Cells
        One row per subject or other unit that could have been anywhere; events for cases, time at risk for base.
    rng, many
        As for :func:`poisson`.

    Returns
    -------
    cases, base : arrays, shape (many, n, t)
    """
    return _shuffled(cells, rng, many)


def normal(cells: Cells, rng: np.random.Generator, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw maps on which the rows' pairs (weighted value, weight) change places.

    Parameters
    ----------
    cells : Cells
        One row per value; its weight for base, weight times value for cases.
    rng, many
        As for :func:`poisson`.

    Returns
    -------
    cases, base : arrays, shape (many, n, t)
    """
    return _shuffled(cells, rng, many)


def _total(cells: Cells) -> int:
    return int(np.rint(cells.cases.sum()))


def _in_pieces(
    draw: Callable[[np.random.Generator, int], np.ndarray], rng: np.random.Generator, many: int
) -> np.ndarray:
    sizes = [len(part) for part in np.array_split(np.empty(many), min(_PIECES, max(many, 1)))]
    with ThreadPoolExecutor(cpu_count()) as pool:
        return np.concatenate(list(pool.map(draw, rng.spawn(len(sizes)), sizes)))


def _fallen(total: int, weights: np.ndarray, rng: np.random.Generator, *, alike: bool) -> np.ndarray:
    """Let `total` cases fall over cells in proportion to weights, one row per map; `alike` if all rows are one."""
    many, cells = weights.shape
    if total > _FEW * cells:
        shares = weights / weights.sum(axis=1, keepdims=True)
        return rng.multinomial(total, shares[0], size=many) if alike else rng.multinomial(total, shares)
    from welfare.patterns.scan.space.drops import drop

    out = np.zeros((many, cells), np.int64)
    drop(total, weights[:1] if alike else weights, rng, out)
    return out


def _shuffled(cells: Cells, rng: np.random.Generator, many: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(cells.cases))
    order = rng.permuted(np.broadcast_to(rows, (many, len(rows))), axis=1)
    return cells.cases[order], cells.base[order]
