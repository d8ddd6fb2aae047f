"""The share without the event at given conditions, from a fitted model of hazards, with its standard error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.stats.duration.hazards.partial import PartialFit
from welfare.stats.duration.hazards.residuals import times_with_events, top_of


class Expected(NamedTuple):
    """Cumulative hazard at given conditions, at the event times of one stratum.

    Attributes
    ----------
    time : array, shape (T,)
    hazard, std_error : array, shape (T,)
    """

    time: np.ndarray
    hazard: np.ndarray
    std_error: np.ndarray


def expected_hazard(fit: PartialFit, covariance: np.ndarray, conditions: np.ndarray, stratum: int) -> Expected:
    """Sum the baseline hazard at given conditions.

    Parameters
    ----------
    fit : PartialFit
    covariance : array, shape (k, k)
        Of the estimates.
    conditions : array, shape (k,)
        Columns of the design, not centred.
    stratum : int

    Notes
    -----
    Ties as the fit has them: Efron's, else Breslow's. The error has what the events alone leave open, and what the
    estimates do.

    References
    ----------
    Tsiatis AA. Annals of Statistics 1981; 9: 93-108.
    """
    times = times_with_events(fit.rows, fit.columns, fit.estimates, fit.efron)
    own = fit.rows.stratum[times.row] == stratum
    away = conditions - fit.centre
    ratio = float(np.exp(away @ fit.estimates - top_of(fit)[stratum]))
    jumps, means = times.jumps[own], times.means[own]
    hazard = np.cumsum(jumps[:, 0]) * ratio
    drawn = (np.cumsum(jumps[:, 0])[:, None] * away - np.cumsum(means[:, 0], axis=0)) * ratio
    variance = np.cumsum(jumps[:, 2]) * ratio**2 + np.einsum("ta,ab,tb->t", drawn, covariance, drawn)
    return Expected(fit.rows.exit[times.row[own]], hazard, np.sqrt(variance))
