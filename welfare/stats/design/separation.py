"""Which rows a model with a link cannot use, because an estimate would run to infinity to fit their bound."""

from __future__ import annotations

import numpy as np

from welfare.stats.glm.columns import Columns

# Relative sizes: of a direction that vanishes in products of columns, of what it may still move an inner row by, and of
# a move that is none.
_VANISHES, _STILL, _DUST = 1e-9, 1e-7, 1e-9


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


def separated_rows(outcome: np.ndarray, columns: Columns, upper: float | None = None) -> np.ndarray:
    """Find every row at a bound that the likelihood would fit perfectly by sending an estimate to infinity.

    A direction in the space of estimates separates if it leaves what is expected of each row inside the bounds as it
    is, lowers that of some rows at 0 (or raises that of some at the upper bound), and moves no row away from its
    bound. The likelihood then rises for ever along it: no finite estimate exists, and the rows moved carry no
    information on the others.

    Directions that leave the inner rows alone form a space of few dimensions, found from the normal equations with
    the largest fixed effect swept out. Within it one linear programme finds all such rows at once.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        0 or more.
    columns : Columns
        They may be rank-deficient. Every level of the absorbed factors has a row inside the bounds.
    upper : float or None
        The upper bound of the outcome; None if there is none.

    Returns
    -------
    array of bool, shape (n,)
        True where the row is separated.

    References
    ----------
    Correia S, Guimaraes P, Zylkin T. Verifying the existence of maximum likelihood estimates for generalized linear
    models. arXiv:1903.01633, 2019.
    """
    low = outcome == 0
    high = np.zeros_like(low) if upper is None else outcome == upper
    bound = low | high
    separated = np.zeros(len(outcome), dtype=bool)
    if not bound.any():
        return separated
    moves = _moves(columns, bound)
    if moves.shape[1]:
        separated[bound] = _pushed(moves * np.where(high[bound], 1.0, -1.0)[:, None])
    return separated


def _moves(columns: Columns, bound: np.ndarray) -> np.ndarray:
    """Return how the rows at a bound move along each direction that leaves the others alone, shape (bound rows, d)."""
    inner = columns.take(~bound)
    if not columns.small and columns.swept is None:
        free = null_directions(columns.dense[~bound])
        reach = np.abs(columns.dense).max(axis=0) @ np.abs(free)
        return _without_dust(columns.dense[bound] @ free / np.where(reach > 0, reach, 1.0))
    moments = inner.moments(np.ones(inner.rows))
    sizes = np.sqrt(np.where(np.diag(moments.products) > 0, np.diag(moments.products), 1.0))
    values, vectors = np.linalg.eigh(moments.residual() / np.outer(sizes, sizes))
    free = vectors[:, values <= _VANISHES * max(float(values.max(initial=0)), 1e-300)] / sizes[:, None]
    outer, found = columns.take(bound), [np.zeros((int(bound.sum()), 0))]
    for direction in free.T:
        swept = -moments.means() @ direction if len(moments.swept_weights) else np.zeros(0)
        # Columns that nearly repeat one another give directions that vanish but for a trace: those move inner rows.
        begin = columns.starts[-1]
        spread = np.abs(columns.dense).max(axis=0, initial=0) @ np.abs(direction[begin:])
        reach = np.abs(direction[:begin]).max(initial=0) + np.abs(swept).max(initial=0) + spread
        if reach > 0 and np.abs(inner.linear(direction, swept)).max(initial=0) <= _STILL * reach:
            found.append(outer.linear(direction, swept)[:, None] / reach)
    return _without_dust(np.hstack(found))


def _without_dust(moves: np.ndarray) -> np.ndarray:
    """Clear what rounding left of moves that are none; the moves are relative to the size of their direction."""
    return np.where(np.abs(moves) > _DUST, moves, 0.0)


def _pushed(moves: np.ndarray) -> np.ndarray:
    """Return the rows that some combination of moves takes upwards while it takes none downwards."""
    sizes = np.abs(moves).max(axis=0)
    felt = sizes > 0
    if not felt.any():
        return np.zeros(len(moves), dtype=bool)
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity

    # Rows that move alike are one constraint; rounding also clears what is zero but for the last digit.
    moves, same = np.unique((moves[:, felt] / sizes[felt]).round(10), axis=0, return_inverse=True)
    n, m = moves.shape
    # Maximise the sum of t with 0 <= t <= 1 and t <= moves @ g: at the optimum t is 1 exactly where a row is separated.
    answer = linprog(
        np.concatenate([np.zeros(m), -np.ones(n)]),
        A_ub=hstack([csr_array(-moves), identity(n)], format="csr"),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * m + [(0, 1)] * n,
        method="highs",
    )
    return np.asarray(answer.x[m:][same.ravel()] > 0.5)
