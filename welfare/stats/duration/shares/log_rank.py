"""The log-rank test in plain arrays: events against those expected if all groups had one hazard."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.stats.duration.hazards.at_risk import at_risk
from welfare.stats.duration.hazards.partial import slopes
from welfare.stats.duration.hazards.residuals import score_residuals, summed


class LogRank(NamedTuple):
    """A log-rank test.

    Attributes
    ----------
    observed, expected : array, shape (G,)
        Events by group, summed over strata.
    chi2, p_value : float
    degrees : int
    """

    observed: np.ndarray
    expected: np.ndarray
    chi2: float
    degrees: int
    p_value: float


def log_rank(
    entry: np.ndarray,
    exit_: np.ndarray,
    event: np.ndarray,
    group: np.ndarray,
    stratum: np.ndarray,
    cluster: np.ndarray | None,
) -> LogRank:
    """Test whether groups have one hazard within each stratum.

    Parameters
    ----------
    entry, exit_, event : array, shape (n,)
        A row is at risk in (entry, exit].
    group, stratum : array of int, shape (n,)
        From 0.
    cluster : array of int, shape (n,), or None
        Then the variance is that between clusters: the robust score test of a model of hazards, ties as Breslow.

    Returns
    -------
    LogRank
        No degrees of freedom where nothing can be compared, or with no more clusters than differences between groups:
        the test would come out the same whatever was found.

    References
    ----------
    Mantel N. Cancer Chemotherapy Reports 1966; 50: 163-170. Lin DY, Wei LJ. Journal of the American Statistical
    Association 1989; 84: 1074-1078.
    """
    from scipy.special import chdtrc

    groups = int(group.max()) + 1
    observed, expected, variance = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    for own in range(int(stratum.max()) + 1):
        here = stratum == own
        parts = _in_stratum(entry[here], exit_[here], event[here], group[here], groups)
        observed, expected, variance = observed + parts[0], expected + parts[1], variance + parts[2]
    excess = (observed - expected)[1:]
    spread = variance[1:, 1:]
    if cluster is not None:
        rows = at_risk(entry, exit_, event, stratum)
        dummies = (group[:, None] == np.arange(1, groups)).astype(float)
        still = np.zeros(groups - 1)
        excess = slopes(rows, dummies, still, False)[1]
        pulls = summed(score_residuals(rows, dummies, still, False), cluster)
        spread = pulls.T @ pulls
    values, vectors = np.linalg.eigh(spread)
    there = values > 1e-10 * max(float(values.max()), 1e-300)  # groups never at risk together add no comparison
    degrees = int(there.sum())
    if not degrees or (cluster is not None and len(np.unique(cluster)) <= degrees):
        return LogRank(observed, expected, np.nan, 0, np.nan)
    chi2 = float(np.sum((excess @ vectors[:, there]) ** 2 / values[there]))
    return LogRank(observed, expected, chi2, degrees, float(chdtrc(degrees, chi2)))


def _in_stratum(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, group: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observed and expected events by group, and the hypergeometric variance."""
    times = np.unique(exit_[event])
    if not len(times):
        return np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    here = np.zeros((len(times), groups))
    for one in range(groups):
        mine = group == one
        came = np.searchsorted(np.sort(entry[mine]), times, side="left")
        here[:, one] = came - np.searchsorted(np.sort(exit_[mine]), times, side="left")
    events = np.bincount(np.searchsorted(times, exit_[event]), minlength=len(times))
    all_here = here.sum(axis=1)
    share = here / all_here[:, None]
    scale = np.where(all_here > 1, events * (all_here - events) / np.maximum(all_here - 1, 1), 0.0)
    variance = np.diag(scale @ share) - (share * scale[:, None]).T @ share
    observed = np.bincount(group[event], minlength=groups).astype(float)
    return observed, events @ share, variance
