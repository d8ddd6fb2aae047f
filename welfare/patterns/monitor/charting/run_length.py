"""How long a Poisson CUSUM in counts runs before it signals: exactly on a lattice, or by simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from welfare.errors import BadParameter, BadValue
from welfare.patterns.monitor.charting.moves import NEGATIVE_BINOMIAL, POISSON, Law
from welfare.stats.inputs import numbers

_FINEST = 64  # largest denominator of a lattice
_STEPS = 600  # of the grid where reference and limit lie on none
_LONGEST = 1_000_000  # periods of one simulated run
_CONSTANT = 60


def run_length(
    mean: float | Sequence[float],
    *,
    reference: float,
    limit: float,
    dispersion: float = 0.0,
    replicates: int = 0,
    seed: int = 0,
) -> float:
    """Return the average run length of the CUSUM max(0, sum before + count - reference), until it reaches a limit.

    Parameters
    ----------
    mean : float or sequence of floats
        Mean count per period, events; several recur in turn for ever.
    reference : float
        Taken off each period's count, events: (ratio - 1) / ln(ratio) times the expected count, to look for that ratio.
    limit : float
        Height at which it signals, events.
    dispersion : float
        Variance of a count is mean + dispersion * mean^2: 0 for Poisson, above 0 for negative-binomial counts.
    replicates : int
        Simulate so many runs; 0 to solve the Markov chain.
    seed : int
        Of the simulation.

    Returns
    -------
    float
        Periods, that of the signal included.

    Raises
    ------
    BadParameter
        If the limit is not above 0, or another option cannot be used.
    BadValue
        If a mean is missing or not above 0.

    Notes
    -----
    Exact where `reference` and `limit` are multiples of one fraction with a denominator up to 64; else on a grid of 600
    heights, within about 1%.

    References
    ----------
    Lucas JM. Technometrics 1985; 27: 129-144. Brook D, Evans DA. Biometrika 1972; 59: 539-549.

    Examples
    --------
    >>> from welfare.patterns.monitor.charting.run_length import run_length
    >>> round(run_length(2, reference=3, limit=8), 3), round(run_length(4, reference=3, limit=8), 3)
    (1927.334, 8.18)
    """
    means = numbers(np.atleast_1d(np.asarray(mean, dtype=object)), "mean")
    if not (means > 0).all() or not len(means):
        raise BadValue("a mean is missing, zero or less", where="run_length(mean)", todo="Give means above 0.")
    for name, value, least in (("limit", limit, 0.0), ("reference", reference, -np.inf)):
        if not np.isfinite(value) or value <= least:
            raise BadParameter(f"{name} is {value!r}", where=f"run_length({name}=)", todo="Give a number above 0.")
    if not (np.isfinite(dispersion) and dispersion >= 0) or replicates < 0:
        raise BadParameter("a dispersion, or a number of replicates, is below 0", where="run_length")
    law = Law(NEGATIVE_BINOMIAL, dispersion) if dispersion > 0 else Law(POISSON)
    if replicates:
        return _simulated(means, reference, limit, law, replicates, seed)
    from welfare.patterns.monitor.charting.chain import mean_run

    steps = _lattice(reference, limit)
    means = np.tile(means, -(-_CONSTANT // len(means)))
    moves = np.tile([1.0, 1.0, -reference], (len(means), 1))
    return float(mean_run(law.kind, law.size, means, np.ones(len(means)), moves, 0.0, float(limit), steps))


def _lattice(reference: float, limit: float) -> int:
    """Return how many steps of the lattice that counts and reference move on lie below the limit."""
    for parts in range(1, _FINEST + 1):
        if abs(reference * parts - round(reference * parts)) < 1e-9:
            # Heights are whole steps: a limit between two of them is reached with the upper one.
            steps = limit * parts
            if abs(steps - round(steps)) < 1e-9:
                return round(steps)
    return _STEPS


def _simulated(means: np.ndarray, reference: float, limit: float, law: Law, replicates: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    height, lasted = np.zeros(replicates), np.zeros(replicates)
    running = np.arange(replicates)
    for t in range(_LONGEST):
        mean = means[t % len(means)]
        counts = (
            rng.poisson(mean, len(running))
            if law.kind == POISSON
            else rng.negative_binomial(law.size, law.size / (law.size + mean), len(running))
        )
        height = np.maximum(0.0, height + counts - reference)
        over = height >= limit - 1e-9
        lasted[running[over]] = t + 1
        running, height = running[~over], height[~over]
        if not len(running):
            return float(lasted.mean())
    raise BadParameter(
        f"{len(running):,} of {replicates:,} runs had not ended after {_LONGEST:,} periods",
        where="run_length(limit=)",
        todo="Use replicates=0, which solves for the mean.",
    )


__all__ = ["run_length"]
