"""Which rows a count model cannot use, because an estimate would run to infinity to fit their zeros."""

from __future__ import annotations

import numpy as np


def null_directions(design: np.ndarray, tolerance: float = 1e-11) -> np.ndarray:
    """Return the combinations of columns that vanish on every row of a design.

    Parameters
    ----------
    design : array of float, shape (n, k)
        One column per term.
    tolerance : float
        Relative size below which a combination counts as zero. Columns are first scaled to unit length.

    Returns
    -------
    array of float, shape (k, m)
        One column per independent combination, for the columns as given; m is 0 when none vanishes.
    """
    lengths = np.linalg.norm(design, axis=0)
    lengths[lengths == 0] = 1.0
    triangle = np.linalg.qr(design / lengths, mode="r")
    _, sizes, directions = np.linalg.svd(triangle)
    sizes = np.concatenate([sizes, np.zeros(design.shape[1] - len(sizes))])
    vanishing: np.ndarray = sizes <= tolerance * max(float(sizes.max(initial=0)), 1e-300)
    return np.asarray(directions[vanishing].T / lengths[:, None])


def separated_rows(counts: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Find every row whose zero the likelihood would fit perfectly by sending an estimate to infinity.

    A direction in the space of estimates separates if it leaves the expected count of each row with
    events as it is, lowers that of some rows without events, and raises none. The likelihood then
    rises for ever along it: no finite estimate exists, and the rows lowered carry no information on
    the others. One linear programme finds all such rows at once.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Outcome, 0 or more.
    design : array of float, shape (n, k)
        One column per term; it may be rank-deficient.

    Returns
    -------
    array of bool, shape (n,)
        True where the row is separated; always a row with count 0.

    References
    ----------
    Correia S, Guimaraes P, Zylkin T. Verifying the existence of maximum likelihood estimates for
    generalized linear models. arXiv:1903.01633, 2019.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity

    zero = counts == 0
    separated = np.zeros(len(counts), dtype=bool)
    free = null_directions(design[~zero])
    if not zero.any() or not free.shape[1]:
        return separated
    moves = design[zero] @ free
    sizes = np.abs(moves).max(axis=0)
    felt = sizes > 1e-9 * max(float(sizes.max()), 1e-300)
    # Rows that move alike are one constraint; rounding also clears what is zero but for the last digit.
    moves, same = np.unique((moves[:, felt] / sizes[felt]).round(12), axis=0, return_inverse=True)
    n, m = moves.shape
    if not m:
        return separated
    # Maximise the sum of t with 0 <= t <= 1 and t <= moves @ g: at the optimum t is 1 exactly where a row is separated.
    answer = linprog(
        np.concatenate([np.zeros(m), -np.ones(n)]),
        A_ub=hstack([csr_array(-moves), identity(n)], format="csr"),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * m + [(0, 1)] * n,
        method="highs",
    )
    separated[zero] = answer.x[m:][same.ravel()] > 0.5
    return separated
