"""Random series of one level, and of two: what chance alone makes of cuts, and where it moves them."""

from __future__ import annotations

import numpy as np

from welfare.patterns.monitor.changes.partition import gain_per_cut
from welfare.patterns.monitor.charting.moves import Law


def draw(rng: np.random.Generator, mean: np.ndarray, law: Law, size: int) -> np.ndarray:
    """Return random counts, shape (size, t), Poisson or negative binomial.

    Parameters
    ----------
    rng : Generator
        Of the draws.
    mean : array of float, shape (t,)
        Means.
    law : Law
        Of the counts.
    size : int
        How many series.
    """
    if law.dispersion:
        mean = mean * rng.gamma(law.size, law.dispersion, (size, len(mean)))
        return rng.poisson(mean).astype(float)
    return rng.poisson(mean, (size, len(mean))).astype(float)


def gains_by_chance(
    counts: np.ndarray, mean: np.ndarray, law: Law, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the gain per cut of random series of one level, in ascending order.

    Parameters
    ----------
    counts, mean : array of float, shape (t,)
        The series.
    law : Law
        Of the counts. Poisson series are drawn given their total, which makes the test exact.
    replicates : int
        How many.
    rng : Generator
        Of the draws.
    """
    total, shares = counts.sum(), mean / mean.sum()
    if law.dispersion:
        random = draw(rng, total * shares, law, replicates)
    else:
        random = rng.multinomial(int(total), shares, replicates).astype(float)
    return np.sort([gain_per_cut(series, mean) for series in random])


def cut_curve(counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return twice the log likelihood of one cut before each period 1 .. t - 1, along the last axis.

    Parameters
    ----------
    counts : array of float, shape (..., t)
        Counts.
    mean : array of float, shape (t,)
        Expected counts above 0.
    """
    before, e = counts.cumsum(axis=-1), mean.cumsum()
    parts = [(before[..., :-1], e[:-1]), (before[..., -1:] - before[..., :-1], e[-1] - e[:-1])]
    out = np.zeros(parts[0][0].shape)
    for observed, expected in parts:
        out += 2 * observed * np.log(np.where(observed > 0, observed, 1.0) / np.where(observed > 0, expected, 1.0))
    return out


def cut_set(
    counts: np.ndarray, mean: np.ndarray, cut: int, law: Law, *, level: float, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the periods before which the change may lie: those whose likelihood is not too far below the best.

    Parameters
    ----------
    counts, mean : array of float, shape (t,)
        From the cut before to the cut after.
    cut : int
        First period of the new level, 1 to t - 1.
    law : Law
        Of the counts.
    level : float
        Coverage: how far is too far is found on random series with the change where, and as large as, it was found.
    replicates, rng : int, Generator
        Of those.

    References
    ----------
    Worsley KJ. Biometrika 1986; 73: 91-104.
    """
    curve = cut_curve(counts, mean)
    rates = np.repeat(
        [counts[:cut].sum() / mean[:cut].sum(), counts[cut:].sum() / mean[cut:].sum()], [cut, len(mean) - cut]
    )
    random = cut_curve(draw(rng, rates * mean, law, replicates), mean)
    short = np.sort(random.max(axis=1) - random[:, cut - 1])
    enough = short[min(int(np.ceil(level * (replicates + 1))), replicates) - 1]
    return 1 + np.flatnonzero(curve.max() - curve <= enough + 1e-9)


__all__ = ["cut_curve", "cut_set", "draw", "gains_by_chance"]
