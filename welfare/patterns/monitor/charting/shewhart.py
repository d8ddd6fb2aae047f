"""Each period on its own: how rare a count as high is, given what was expected of that period."""

from __future__ import annotations

from typing import Any

import numpy as np

from welfare.patterns.monitor.charting.moves import BINOMIAL, NEGATIVE_BINOMIAL, Law

_SMALLEST = 1e-300  # what is left of a tail beyond what numbers can hold


def tails(counts: np.ndarray, mean: np.ndarray, trials: np.ndarray, law: Law, sign: int) -> np.ndarray:
    """Return the chance of a count as far out, or farther, for each period.

    Parameters
    ----------
    counts, mean, trials : array of float
        Of one shape; expected counts above 0.
    law : Law
        Of the counts.
    sign : {1, -1}
        As many or more, or as few or fewer.
    """
    known = _law(mean, trials, law)
    return known.sf(counts - 1) if sign > 0 else known.cdf(counts)


def chance_of_rarest(
    rarest: np.ndarray, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, law: Law, sign: int
) -> np.ndarray:
    """Return the chance that some period is at least as rare as the rarest seen, if nothing is wrong: exact.

    Parameters
    ----------
    rarest : array of float, shape (facilities,)
        Smallest tail of each facility.
    mean, trials, live : array, shape (periods, facilities)
        Expected counts, trials, and which periods count.
    law, sign
        See :func:`tails`.

    Returns
    -------
    array of float, shape (facilities,)

    Notes
    -----
    Of each period only those tails can occur that its expected count allows, so the chance is below that of as many
    continuous p-values.
    """
    known = _law(mean, trials, law)
    asked = np.minimum(np.broadcast_to(rarest, mean.shape) * (1 + 1e-9), 1.0)
    if sign > 0:
        reached = known.isf(asked)
        # The quantile leaves at most `asked` above it; the tail from it on may be as small already.
        tail = known.sf(reached - 1)
        attained = np.where(tail <= asked, tail, known.sf(reached))
    else:
        reached = known.ppf(asked)
        tail = known.cdf(reached)
        attained = np.where(tail <= asked, tail, known.cdf(reached - 1))
    missed = np.where(live, np.log1p(-np.minimum(attained, 1 - 1e-16)), 0.0)
    return np.maximum(-np.expm1(missed.sum(axis=0)), _SMALLEST)


def _law(mean: np.ndarray, trials: np.ndarray, law: Law) -> Any:
    from scipy.stats import binom, nbinom, poisson

    if law.kind == BINOMIAL:
        return binom(trials, mean / trials)
    if law.kind == NEGATIVE_BINOMIAL:
        return nbinom(law.size, law.size / (law.size + mean))
    return poisson(mean)


__all__ = ["chance_of_rarest", "tails"]
