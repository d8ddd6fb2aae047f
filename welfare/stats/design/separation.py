"""Which rows a model with a link cannot use, because an estimate would run to infinity to fit their bound."""

from __future__ import annotations

import numpy as np

from welfare.stats.glm.columns import Columns

# Relative sizes: of a direction that vanishes in products of columns, of what it may still move an inner row by, and of
# a move that is none.
_VANISHES, _STILL, _DUST = 1e-9, 1e-7, 1e-9
# Of a combination of moves, each row's being 1 at most: what a linear programme leaves of nothing is less.
_NOTICED, _AT_ONCE = 1e-6, 2_000


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
    the largest fixed effect swept out. Within it a few small linear programmes find all such rows. (The iterative
    rectifier of Correia, Guimaraes and Zylkin finds the same rows in rounds of least squares.)

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
    """Return the rows that some combination of moves takes upwards while it takes none downwards.

    The combinations that take no row downwards form a cone. A linear programme asks how far one of them can take the
    rows not yet found upwards, all together: if no way, none of them is ever moved. Rows are constraints only once a
    combination has broken them, so that many rows cost little.
    """
    pushed = np.zeros(len(moves), dtype=bool)
    felt = np.abs(moves).max(axis=0, initial=0) > 0
    moving = np.abs(moves).max(axis=1, initial=0) > 0
    if not felt.any():
        return pushed
    # How far a row is moved does not matter, only whether: rows of one direction are one constraint.
    sizes = np.abs(moves[moving]).max(axis=1, keepdims=True)
    rows, same = np.unique((moves[moving] / sizes)[:, felt].round(10), axis=0, return_inverse=True)
    bound = np.zeros(len(rows), dtype=bool)
    bound[np.random.default_rng(0).permutation(len(rows))[:_AT_ONCE]] = True
    found = np.zeros(len(rows), dtype=bool)
    while not found.all():
        aim = rows[~found].sum(axis=0)
        combination = _furthest(aim, rows[bound])
        reached = rows @ combination
        broken = np.flatnonzero((reached < -_NOTICED) & ~bound)
        if len(broken):
            bound[broken[np.argsort(reached[broken])[:_AT_ONCE]]] = True
            continue
        risen = (reached > _NOTICED) & ~found
        if not risen.any():
            break
        found |= risen
    pushed[moving] = found[same.ravel()]
    return pushed


def _furthest(aim: np.ndarray, constraints: np.ndarray) -> np.ndarray:
    """Return the combination, each part from -1 to 1, that goes furthest along `aim` and takes no constraint down."""
    from scipy.optimize import linprog

    bounds = [(-1, 1)] * len(aim)
    answer = linprog(-aim / max(np.abs(aim).max(), 1e-300), -constraints, np.zeros(len(constraints)), bounds=bounds)
    return np.asarray(answer.x)
