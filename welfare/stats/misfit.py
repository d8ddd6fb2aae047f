"""Whether something left out of a fitted model would be felt: the exposure's power, a bend in a term, more zeros."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.stats.glm.columns import Factor, by_level
from welfare.stats.glm.distributions import Fractional, NegativeBinomial1, NegativeBinomial2
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.solving import solve


class Score(NamedTuple):
    """A score test of one more column.

    Attributes
    ----------
    estimate : float
        What its coefficient would be, after one step from 0.
    p_value : float
    """

    estimate: float
    p_value: float


def score_test(fit: Fit, column: np.ndarray, groups: Factor | None) -> Score:
    """Test whether one more column would improve a fitted model, robustly and without fitting it.

    Parameters
    ----------
    fit : Fit
    column : array of float, shape (n,)
    groups : Factor or None
        Clusters; None if rows stand alone.

    Returns
    -------
    Score
        NaN where the columns of the model already hold it.

    References
    ----------
    Boos DD. On generalized score tests. American Statistician 1992; 46: 327-333.
    """
    from scipy.special import ndtr

    held = solve(fit.columns, fit.weights, column, fit.kept)
    left = column - fit.columns.linear(held.estimates, held.swept)
    information = float(fit.weights @ left**2)
    if information <= 1e-10 * float(fit.weights @ (column - column.mean()) ** 2):
        return Score(np.nan, np.nan)
    each = left * fit.slopes
    sums = each if groups is None else by_level(groups, each)
    statistic = abs(sums.sum()) / np.sqrt(float(sums @ sums))
    return Score(float(sums.sum()) / information, float(2 * ndtr(-statistic)))


def expected_zeros(fit: Fit) -> tuple[float, float] | None:
    """Return how many rows the model expects to count nothing, and the standard deviation of that number.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    tuple of float, or None
        None for shares, of which a zero has no probability under the model.
    """
    mean, family = fit.expected, fit.family
    if isinstance(family, Fractional):
        return None
    if isinstance(family, NegativeBinomial2):
        chance = (1 + mean / family.theta) ** -family.theta
    elif isinstance(family, NegativeBinomial1):
        chance = (1 + family.alpha) ** (-mean / family.alpha)
    else:
        chance = np.exp(-mean)
    return float(chance.sum()), float(np.sqrt(np.sum(chance * (1 - chance))))
