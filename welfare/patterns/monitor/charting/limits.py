"""Where a chart's limit must lie for a given run between false alarms, and how likely a height is if nothing is wrong.

Both come from the Markov chain over the chart's heights on the facility's own expected counts. For thousands of
facilities limits are read off a table of chances of alarm by expected count and limit, each facility mixing the rows of
its own expected counts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np

from welfare.patterns.monitor.charting.chain import mean_run, start, survival
from welfare.patterns.monitor.charting.moves import Law, Moves

STEPS = 150  # of the grid of heights
_OWN = 40  # up to so many different series of expected counts, each limit is found on its own
_LOWEST, _HIGHEST = 0.02, 60.0
_CLOSE = 0.002  # of a limit
_MEANS, _LIMITS = 28, 28  # of the table
_CONSTANT = 60  # periods that stand for ever the same ones

MovesOf = Callable[[np.ndarray, np.ndarray, np.ndarray], Moves]  # of mean, trials, live


def run_limits(
    moves_of: MovesOf, law: Law, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, arl: float
) -> np.ndarray:
    """Return each facility's limit: with nothing wrong, the chart reaches it every `arl` periods on average.

    Parameters
    ----------
    moves_of : function
        Gives the chart's moves for expected counts.
    law : Law
        Of the counts.
    mean, trials : array of float, shape (periods, facilities)
        Expected counts, and trials (binomial).
    live : array of bool, same shape
        Periods in which the chart moves.
    arl : float
        Periods.

    Returns
    -------
    array of float, shape (facilities,)
        NaN for a facility without a live period.
    """
    out = np.full(mean.shape[1], np.nan)
    some = np.flatnonzero(live.any(axis=0))
    alike = (
        np.where(live, mean, -1.0)
        if trials is mean
        else np.concatenate([np.where(live, mean, -1.0), np.where(live, trials, -1.0)])
    )
    _, first, which = np.unique(alike[:, some], axis=1, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    if len(first) <= _OWN or trials is not mean:
        kept = some[first]
        again = _settled(moves_of, mean[:, kept], trials[:, kept], live[:, kept])
        with ThreadPoolExecutor(cpu_count()) as pool:
            own = list(pool.map(lambda one: own_limit(one[0], one[1], one[2], law, again[0].bottom, arl), again[1]))
        out[some] = np.array(own)[which]
    else:
        out[some] = _by_table(moves_of, law, mean[:, some], live[:, some], arl)
    return out


def _settled(
    moves_of: MovesOf, mean: np.ndarray, trials: np.ndarray, live: np.ndarray
) -> tuple[Moves, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Return moves for periods that recur for ever, and each facility's part: an EWMA starts narrow only once."""
    means, looked, on = (np.concatenate([part, part]) for part in (mean, trials, live))
    moves = moves_of(means, looked, on)
    on[: len(mean)] = False
    return moves, [one_facility(moves, means, looked, on, f) for f in range(mean.shape[1])]


def one_facility(
    moves: Moves, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, facility: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return one facility's expected counts, trials and moves, shape (t,), (t,) and (t, 3), live periods only."""
    on = live[:, facility]
    parts = (moves.slope, moves.per_count, moves.constant)
    return mean[on, facility], trials[on, facility], np.column_stack([part[on, facility] for part in parts])


def own_limit(mean: np.ndarray, trials: np.ndarray, moves: np.ndarray, law: Law, bottom: float, arl: float) -> float:
    """Return the limit for one facility, its periods recurring for ever: the lowest with at least that run.

    Parameters
    ----------
    mean, trials, moves
        See :func:`one_facility`.
    law, bottom, arl
        See :func:`run_limits`.
    """
    repeats = -(-_CONSTANT // len(mean))
    mean, trials, moves = np.tile(mean, repeats), np.tile(trials, repeats), np.tile(moves, (repeats, 1))

    def run(limit: float) -> float:
        return mean_run(law.kind, law.size, mean, trials, moves, bottom, limit, STEPS)

    low, high = _LOWEST, 4.0
    if run(low) >= arl:
        return low
    while run(high) < arl:
        low, high = high, 1.6 * high
        if high > _HIGHEST:
            return np.nan
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        low, high = (low, middle) if run(middle) >= arl else (middle, high)
    return high


def _by_table(moves_of: MovesOf, law: Law, mean: np.ndarray, live: np.ndarray, arl: float) -> np.ndarray:
    """Return limits from chances of alarm per period, on a table of expected counts and limits."""
    logs = np.log(np.where(live, mean, 1.0))
    marks = np.linspace(logs[live].min(), logs[live].max() + 1e-9, _MEANS)
    highest = max(
        own_limit(*_constant(moves_of, np.exp(mark)), law, _bottom(moves_of), 20 * arl) for mark in marks[::9]
    )
    limits = np.geomspace(0.2, 1.1 * highest, _LIMITS)
    with ThreadPoolExecutor(cpu_count()) as pool:
        rows = pool.map(lambda mark: _chances(moves_of, law, np.exp(mark), limits), marks)
        table = np.array(list(rows))
    step = marks[1] - marks[0]
    at = np.clip((logs - marks[0]) / step, 0, _MEANS - 1 - 1e-9)
    cell = at.astype(int)
    part = at - cell
    out = np.empty(mean.shape[1])
    for facility in range(mean.shape[1]):
        on = live[:, facility]
        weights = np.bincount(cell[on, facility], 1 - part[on, facility], _MEANS)
        weights += np.bincount(cell[on, facility] + 1, part[on, facility], _MEANS)
        chance = np.minimum.accumulate(weights @ table / weights.sum())
        out[facility] = np.exp(np.interp(np.log(arl), -np.log(chance), np.log(limits)))
    return out


def _constant(moves_of: MovesOf, mean: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flat = np.full((_CONSTANT, 1), mean)
    return _settled(moves_of, flat, flat, np.ones(flat.shape, dtype=bool))[1][0]


def _bottom(moves_of: MovesOf) -> float:
    one = np.ones((1, 1))
    return moves_of(one, one, one > 0).bottom


def _chances(moves_of: MovesOf, law: Law, mean: float, limits: np.ndarray) -> np.ndarray:
    """Return one over the run between false alarms, by limit."""
    means, trials, moves = _constant(moves_of, mean)
    bottom = _bottom(moves_of)
    runs = [mean_run(law.kind, law.size, means, trials, moves, bottom, limit, STEPS) for limit in limits]
    return 1 / np.array(runs)


def chance_of_height(
    moves: Moves, law: Law, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, height: np.ndarray
) -> np.ndarray:
    """Return how often a chart would stand as high, once or more in the periods watched, if nothing were wrong.

    Parameters
    ----------
    moves, law, mean, trials, live
        See :func:`run_limits`.
    height : array of float, shape (facilities,)
        The highest that each chart stood.

    Returns
    -------
    array of float, shape (facilities,)
        1 where the chart never left the ground; NaN without a live period.
    """

    def one(facility: int) -> float:
        if not live[:, facility].any():
            return np.nan
        if height[facility] <= _NOTHING:
            return 1.0
        means, looked, moved = one_facility(moves, mean, trials, live, facility)
        heights = start(moves.bottom, height[facility], STEPS)
        lived = survival(law.kind, law.size, means, looked, moved, moves.bottom, height[facility], heights)
        return float(np.clip(1 - lived[-1], _ROUNDING, 1))

    with ThreadPoolExecutor(cpu_count()) as pool:
        return np.array(list(pool.map(one, range(mean.shape[1]))))


_NOTHING = 1e-9
_ROUNDING = 1e-15  # what is left of 1 after so many sums cannot be told from 0


__all__ = ["STEPS", "chance_of_height", "one_facility", "own_limit", "run_limits"]
