"""The inner loop of trying every subset, compiled: scores of many subsets on many sets of counts, the best kept."""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled


@compiled()
def log_ratio(share: float, p: float, total: float, sign: float) -> float:
    """Return the log likelihood ratio of a subset.

    Parameters
    ----------
    share, p : float
        Share of the counts in it, and of what was expected.
    total : float
        All counts.
    sign : float
        1 to look for an excess, -1 for a want.

    Returns
    -------
    float
        0 where the subset holds no more (no less) than expected.
    """
    if p <= 0.0 or p >= 1.0 or sign * (share - p) <= 0.0:
        return 0.0
    value = 0.0
    if share > 0.0:
        value += share * np.log(share / p)
    if share < 1.0:
        value += (1.0 - share) * np.log((1.0 - share) / (1.0 - p))
    return total * value


@compiled()
def keep_the_best(
    sums: np.ndarray,
    allowed: np.ndarray,
    share: np.ndarray,
    cost: np.ndarray,
    total: np.ndarray,
    sign: float,
    number: int,
    score: np.ndarray,
    family: np.ndarray,
    position: np.ndarray,
) -> None:
    """Score subsets of one family on several sets of counts, and note where one is better than the best so far.

    Parameters
    ----------
    sums : array, shape (subsets, many)
        Counts in each.
    allowed : array of int, shape (a,)
        Rows of `sums` that may be named.
    share, cost : arrays, shape (a,)
        Share of what was expected, and what the description costs.
    total : array, shape (many,)
        All counts of each set.
    sign : float
        1 to look for an excess, -1 for a want.
    number : int
        Of the family.
    score, family, position : arrays, shape (many,)
        The best so far; changed in place.
    """
    for i in range(len(allowed)):
        row, p, price = sums[allowed[i]], share[i], cost[i]
        if p <= 0.0 or p >= 1.0:
            continue
        scale = 1.0 / (p * (1.0 - p))
        for r in range(len(total)):
            beyond = max(sign * (row[r] / total[r] - p), 0.0)
            # The likelihood ratio is at most the chi-squared distance: logarithms are taken only where that is enough.
            if total[r] * beyond * beyond * scale - price > score[r]:
                value = log_ratio(row[r] / total[r], p, total[r], sign) - price
                if value > score[r]:
                    score[r], family[r], position[r] = value, number, i


__all__ = ["keep_the_best", "log_ratio"]
