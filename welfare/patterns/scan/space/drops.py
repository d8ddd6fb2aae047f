"""Cases dropped one by one on cells with given weights, compiled (Walker 1977, as Vose 1991 builds his table)."""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled


@compiled(error_model="numpy")
def _tabulate(weights: np.ndarray, keep: np.ndarray, other: np.ndarray, stack: np.ndarray) -> None:
    """Cut the weights into columns of one height, each of at most two cells: itself up to `keep`, `other` above."""
    cells = len(weights)
    scale = cells / weights.sum()
    small, large = 0, cells
    for i in range(cells):
        keep[i], other[i] = weights[i] * scale, i
        if keep[i] < 1:
            stack[small] = i
            small += 1
        else:
            large -= 1
            stack[large] = i
    # Small cells lie at the bottom of the stack, large ones from its top.
    while small > 0 and large < cells:
        small -= 1
        low, high = stack[small], stack[large]
        other[low] = high
        keep[high] -= 1 - keep[low]
        if keep[high] < 1:
            large += 1
            stack[small] = high
            small += 1
    # What rounding leaves over is full but for rounding.
    for k in range(small):
        keep[stack[k]] = 1.0
    for k in range(large, cells):
        keep[stack[k]] = 1.0


@compiled(error_model="numpy")
def drop(total: int, weights: np.ndarray, rng: np.random.Generator, out: np.ndarray) -> None:
    """Drop `total` cases on each map, each on a cell with a probability in proportion to its weight.

    Parameters
    ----------
    total : int
        Cases per map.
    weights : array of float, shape (many, cells) or (1, cells)
        Of the cells of each map, or of all.
    rng : Generator
        Source of randomness.
    out : array of int, shape (many, cells)
        Zeros, to be filled.
    """
    many, cells = out.shape
    keep, other, stack = np.empty(cells), np.empty(cells, np.int64), np.empty(cells, np.int64)
    for m in range(many):
        if m < len(weights):
            _tabulate(weights[m], keep, other, stack)
        for _ in range(total):
            at = rng.random() * cells
            cell = int(at)
            out[m, cell if at - cell < keep[cell] else other[cell]] += 1
