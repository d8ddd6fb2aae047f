"""Conditions whose hazard ratio runs to infinity: found for certain, with the rows that then are compared with none.

A direction v in the space of estimates separates if at every event the row that had it has the largest x v of all at
risk, and at one of them larger than some: the likelihood then rises for ever along it. Each event asks as much of v as
there are rows at risk; few of these constraints bind, so a linear programme is given those that its answer has broken,
until it breaks none (or nothing is left to gain).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.stats.duration.hazards.at_risk import AtRisk

_FAR = 8.0  # of a linear predictor, over the range of a column: where Newton's steps went astray, they went further
_NOTICED = 1e-7
_AT_ONCE, _ROUNDS = 2_000, 200


def suspected(design: np.ndarray, estimates: np.ndarray, settled: bool) -> bool:
    """Say whether estimates are so far out that they may run to infinity.

    Parameters
    ----------
    design : array, shape (n, k)
    estimates : array, shape (k,)
    settled : bool
        Whether the fit came to an end.
    """
    return not settled or bool((np.abs(estimates) * np.ptp(design, axis=0) > _FAR).any())


def separating(rows: AtRisk, design: np.ndarray) -> np.ndarray | None:
    """Return a direction along which the likelihood rises for ever, shape (k,); None where there is none.

    Parameters
    ----------
    rows : AtRisk
    design : array, shape (n, k)
    """
    spread = np.ptp(design, axis=0)
    x = (design - design.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found = _pairs_of_means(rows, x)
    aim = found.sum(axis=0)
    constraints = found[np.random.default_rng(0).permutation(len(found))[:_AT_ONCE]]
    for _ in range(_ROUNDS):
        direction = _furthest(aim, constraints)
        if aim @ direction <= _NOTICED * max(1.0, float(np.abs(aim).max())):
            return None
        event, rival = _rivals(rows, x @ direction)
        short = (x[event] - x[rival]) @ direction
        broken = np.flatnonzero(short < -_NOTICED)
        if not len(broken):
            return np.asarray(direction / np.where(spread > 0, spread, 1.0))
        worst = broken[np.argsort(short[broken])[:_AT_ONCE]]
        constraints = np.vstack([constraints, x[event[worst]] - x[rival[worst]]])
    return None


def compared_with_none(rows: AtRisk, design: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the rows that, at the end of a separating direction, are in no event's risk set any more, array of n bool.

    Parameters
    ----------
    rows : AtRisk
    design : array, shape (n, k)
    direction : array, shape (k,)
        Of :func:`separating`.
    """
    reach = design @ direction
    reach = reach / max(float(np.ptp(reach)), np.finfo(float).tiny)
    seen = _windows(rows)
    # Along the direction a row stays comparable at an event's time only where nobody who has it then reaches further.
    tops = np.full(seen.times, -np.inf)
    np.maximum.at(tops, seen.of_event, reach[rows.event])
    return np.asarray((_least(tops, seen.begins, seen.ends) > reach + _NOTICED) & (seen.begins < seen.ends))


class _Windows(NamedTuple):
    """Event times of all strata, numbered; the range of them at which each row is at risk; and each event's own."""

    times: int
    begins: np.ndarray
    ends: np.ndarray
    of_event: np.ndarray


def _windows(rows: AtRisk) -> _Windows:
    span = int(max(rows.exit_rank.max(), rows.entry_rank.max())) + 1
    own = rows.stratum * span + rows.exit_rank
    keys, of_event = np.unique(own[rows.event], return_inverse=True)
    begins = np.searchsorted(keys, rows.stratum * span + rows.entry_rank, side="right")
    return _Windows(len(keys), begins, np.searchsorted(keys, own, side="right"), of_event)


def _least(values: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the least of the values in each of many ranges; infinite where a range is empty."""
    found = np.full(len(begins), np.inf)
    level, least = 0, values
    while len(least):
        # The least of 2^level values from each place on: two of them, which may overlap, cover a range of that size.
        size = 2**level
        here = (ends - begins >= size) & (ends - begins < 2 * size)
        found[here] = np.minimum(least[begins[here]], least[ends[here] - size])
        least = np.minimum(least[:-size], least[size:]) if len(least) > size else least[:0]
        level += 1
    return found


def _pairs_of_means(rows: AtRisk, x: np.ndarray) -> np.ndarray:
    """Return, for each event, how its row differs from the mean of those at risk, shape (events, k)."""
    from welfare.stats.duration.hazards.residuals import times_with_events

    times = times_with_events(rows, x, np.zeros(x.shape[1]), False)
    at = times.last[rows.event, 1] - 1
    return np.asarray(x[rows.event] - times.means[at, 2])


def _rivals(rows: AtRisk, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each event's row, and the row at risk then that reaches furthest."""
    seen = _windows(rows)
    order = np.argsort(reach, kind="stable")
    rank = np.empty(len(reach), dtype=np.int64)
    rank[order] = np.arange(len(reach))
    # Each row is put on the two blocks, of a power of two of event times, that cover its range; blocks then hand down.
    sizes = seen.ends - seen.begins
    level = int(np.log2(max(int(sizes.max()), 1)))
    best = np.full(seen.times, -1, dtype=np.int64)
    for size in (2**k for k in range(level, -1, -1)):
        here = (sizes >= size) & (sizes < 2 * size)
        np.maximum.at(best, seen.begins[here], rank[here])
        np.maximum.at(best, seen.ends[here] - size, rank[here])
        if size > 1:
            down = best.copy()
            np.maximum(down[size // 2 :], best[: len(best) - size // 2], out=down[size // 2 :])
            best = down
    return np.flatnonzero(rows.event), order[best[seen.of_event]]


def _furthest(aim: np.ndarray, constraints: np.ndarray) -> np.ndarray:
    """Return the direction, each part from -1 to 1, that goes furthest along `aim` and breaks no constraint."""
    from scipy.optimize import linprog

    answer = linprog(
        -aim / max(float(np.abs(aim).max()), 1e-300),
        -constraints,
        np.zeros(len(constraints)),
        bounds=[(-1, 1)] * len(aim),
    )
    return np.asarray(answer.x if answer.x is not None else np.zeros(len(aim)))
