"""What each row adds to the estimates, and the covariance that allows for dependence within clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.duration.hazards.at_risk import AtRisk
from welfare.stats.duration.hazards.partial import PartialFit, largest, weights_of


@dataclass(frozen=True)
class EventTimes:
    """The event times of each stratum, the earliest first.

    Attributes
    ----------
    row : array of int, shape (T,)
        A row with an event then.
    key, last : array of int
        Place of each event time, shape (T,), and each row's entry and exit, shape (n, 2): among the event times.
    jumps : array, shape (T, 3)
    means : array, shape (T, 3, k)
    counts : array of int, shape (T, 2)
        As :func:`welfare.stats.duration.hazards.risk_sets.event_times`; jumps are those of a row whose linear predictor
        is the largest of its stratum.
    """

    row: np.ndarray
    key: np.ndarray
    last: np.ndarray
    jumps: np.ndarray
    means: np.ndarray
    counts: np.ndarray


def times_with_events(rows: AtRisk, columns: np.ndarray, estimates: np.ndarray, efron: bool) -> EventTimes:
    """Sum over the risk sets at given estimates.

    Parameters
    ----------
    rows : AtRisk
    columns : array, shape (n, k)
    estimates : array, shape (k,)
    efron : bool
    """
    from welfare.stats.duration.hazards.risk_sets import event_times  # compiled

    _, w = weights_of(columns @ estimates, rows.stratum)
    row, jumps, means, counts = event_times(
        np.ascontiguousarray(columns),
        w,
        rows.entry_rank,
        rows.exit_rank,
        rows.event,
        rows.stratum,
        rows.by_exit,
        rows.by_entry,
        efron,
    )
    span = int(max(rows.exit_rank.max(initial=0), rows.entry_rank.max(initial=0))) + 1
    keys = rows.stratum[row] * span + rows.exit_rank[row]
    order = np.argsort(keys)
    keys = keys[order]
    ends = np.column_stack([rows.stratum * span + rows.entry_rank, rows.stratum * span + rows.exit_rank])
    # How many event times lie at or before each row's entry, and its exit.
    last = np.searchsorted(keys, ends.ravel(), side="right").reshape(ends.shape)
    return EventTimes(row[order], keys, last, jumps[order], means[order], counts[order])


def score_residuals(rows: AtRisk, columns: np.ndarray, estimates: np.ndarray, efron: bool) -> np.ndarray:
    """Return what each row adds to the slope, shape (n, k), as Lin and Wei have it and R's survival with ties.

    Parameters
    ----------
    rows : AtRisk
    columns : array, shape (n, k)
    estimates : array, shape (k,)
    efron : bool

    References
    ----------
    Lin DY, Wei LJ. Journal of the American Statistical Association 1989; 84: 1074-1078. Therneau TM, Grambsch PM.
    Modeling survival data. Springer, 2000, chapter 4 and appendix B.
    """
    found = times_with_events(rows, columns, estimates, efron)
    _, w = weights_of(columns @ estimates, rows.stratum)
    hazard = np.concatenate([[0.0], np.cumsum(found.jumps[:, 0])])
    drawn = np.vstack([np.zeros(columns.shape[1]), np.cumsum(found.means[:, 0], axis=0)])
    came, went = found.last.T
    left = columns * (hazard[went] - hazard[came])[:, None] - (drawn[went] - drawn[came])
    residuals = -w[:, None] * left
    own = rows.event
    at = went[own] - 1
    mine, weight = columns[own], w[own][:, None]
    # An event's own row is at risk for a part of the ties only, by Efron: what was taken away too much comes back.
    too_much = mine * (found.jumps[at, 0] - found.jumps[at, 1])[:, None] - (found.means[at, 0] - found.means[at, 1])
    residuals[own] += mine - found.means[at, 2] + weight * too_much
    return np.asarray(residuals)


def changes_without(fit: PartialFit, codes: np.ndarray | None) -> np.ndarray:
    """Approximate how each row, or each cluster, moves the estimates: R's dfbeta, shape (n or G, k).

    Parameters
    ----------
    fit : PartialFit
    codes : array of int, shape (n,), or None
        Cluster of each row.
    """
    moves = score_residuals(fit.rows, fit.columns, fit.estimates, fit.efron) @ fit.inverse
    return moves if codes is None else summed(moves, codes)


def summed(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the sum of rows by cluster, shape (G, k)."""
    many = int(codes.max(initial=0)) + 1
    return np.column_stack([np.bincount(codes, column, many) for column in values.T])


def concordance(fit: PartialFit) -> float:
    """Return the share of pairs, comparable within strata, in which the one expected to come first did.

    Parameters
    ----------
    fit : PartialFit

    References
    ----------
    Harrell FE, Califf RM, Pryor DB, Lee KL, Rosati RA. JAMA 1982; 247: 2543-2546.
    """
    from welfare.stats.duration.hazards.risk_sets import concordant_pairs  # compiled

    rows, predictor = fit.rows, fit.predictor
    # Rows alike in every condition are tied, whatever rounding makes of them.
    scale = max(float(np.abs(predictor).max(initial=0)), 1.0)
    levels, rank = np.unique(np.round(predictor / scale, 12), return_inverse=True)
    more, less, same = concordant_pairs(
        rank.astype(np.int64),
        len(levels),
        rows.entry_rank,
        rows.exit_rank,
        rows.event,
        rows.stratum,
        rows.by_exit,
        rows.by_entry,
    )
    pairs = more + less + same
    return float((more + same / 2) / pairs) if pairs else np.nan


def top_of(fit: PartialFit) -> np.ndarray:
    """Return the largest linear predictor of each stratum, to which jumps refer."""
    return largest(fit.predictor, fit.rows.stratum)
