"""Conditions whose hazard ratio runs to infinity: found for certain, with the rows that then are compared with none.

A direction v in the space of estimates separates if at every event the row that had it has the largest x v of all at
risk, and at one of them larger than some: the likelihood then rises for ever along it. Each event asks as much of v as
there are rows at risk; few of these constraints bind, so a linear programme is given those that its answer has broken,
until it breaks none (or nothing is left to gain).
"""

from __future__ import annotations

import heapq

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
    own = np.flatnonzero(rows.event)
    # Along the direction a row stays comparable at an event's time only where nobody at risk reaches further.
    stays = np.zeros(len(reach), dtype=bool)
    keys = rows.stratum[own] * (int(rows.exit_rank.max()) + 1) + rows.exit_rank[own]
    order = np.lexsort((-reach[own], keys))
    keys, first = np.unique(keys[order], return_index=True)
    tops = reach[own][order][first]
    span = int(rows.exit_rank.max()) + 1
    begins = np.searchsorted(keys, rows.stratum * span + rows.entry_rank, side="right")
    ends = np.searchsorted(keys, rows.stratum * span + rows.exit_rank, side="right")
    for row in range(len(reach)):
        stays[row] = bool((tops[begins[row] : ends[row]] <= reach[row] + _NOTICED).any())
    return np.asarray(~stays & (begins < ends))


def _pairs_of_means(rows: AtRisk, x: np.ndarray) -> np.ndarray:
    """Return, for each event, how its row differs from the mean of those at risk, shape (events, k)."""
    from welfare.stats.duration.hazards.residuals import times_with_events

    times = times_with_events(rows, x, np.zeros(x.shape[1]), False)
    at = times.last[rows.event, 1] - 1
    return np.asarray(x[rows.event] - times.means[at, 2])


def _rivals(rows: AtRisk, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each event's row, and the row at risk then that reaches furthest."""
    events, rivals = [], []
    heap: list[tuple[float, int]] = []
    i, n = 0, len(reach)
    while i < n:
        row = rows.by_exit[i]
        own, time = rows.stratum[row], rows.exit_rank[row]
        if i == 0 or rows.stratum[rows.by_exit[i - 1]] != own:
            heap = []
        came = []
        while i < n and rows.stratum[rows.by_exit[i]] == own and rows.exit_rank[rows.by_exit[i]] == time:
            at = int(rows.by_exit[i])
            heapq.heappush(heap, (-float(reach[at]), at))
            if rows.event[at]:
                came.append(at)
            i += 1
        while heap and rows.entry_rank[heap[0][1]] >= time:  # time runs downwards: it is out for good
            heapq.heappop(heap)
        events += came
        rivals += [heap[0][1]] * len(came)
    return np.array(events, dtype=np.int64), np.array(rivals, dtype=np.int64)


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
