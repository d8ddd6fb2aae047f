"""Counts compared within groups only: the conditional Poisson likelihood, from which every group's level drops out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from welfare.errors import NotEstimable
from welfare.stats.fitting.arrays import check_rank, check_rows, check_separation
from welfare.stats.fitting.maximum import inverse_information


@dataclass(frozen=True)
class ConditionalFit:
    """A fitted conditional Poisson model; n rows, k estimates, G groups.

    Attributes
    ----------
    estimates : array, shape (k,)
        Logarithms of ratios within a group.
    covariance : array, shape (k, k)
        Inverse of the information, which here is both the observed and the expected one.
    loglik : float
        Log likelihood of each group's counts given their total, with all constants.
    scores : array, shape (G, k)
        What each group adds to the derivative of the log likelihood; 0 where a group tells nothing.
    expected : array, shape (n,)
        Expected count of each row given its group's total.
    uninformative : array of int
        Numbers of the groups that tell nothing: no event, or a single row.
    """

    estimates: np.ndarray
    covariance: np.ndarray
    loglik: float
    scores: np.ndarray
    expected: np.ndarray
    uninformative: np.ndarray


@dataclass(frozen=True)
class _Rows:
    """Rows of the groups that tell something, in order of their group; columns as differences within groups."""

    counts: np.ndarray
    columns: np.ndarray
    log_exposure: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    totals: np.ndarray

    def sums(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.add.reduceat(rows, self.starts, axis=0))

    def spread(self, groups: np.ndarray) -> np.ndarray:
        return np.repeat(groups, self.sizes, axis=0)


def fit_conditional_poisson(
    counts: np.ndarray, design: np.ndarray, log_exposure: np.ndarray, groups: np.ndarray
) -> ConditionalFit:
    """Fit a Poisson model with a level of its own for every group, by the likelihood given the groups' totals.

    Given its total, a group's counts are multinomial, with shares in proportion to exposure times
    exp(design @ estimates). Estimates and errors are those of a Poisson model with a column per group.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Outcome, whole numbers, 0 or more.
    design : array of float, shape (n, k)
        Columns that vary within groups; no constant.
    log_exposure : array of float, shape (n,)
        Logarithm of the exposure, added with coefficient 1.
    groups : array of int, shape (n,)
        Group of each row, numbered from 0 without a gap.

    Returns
    -------
    ConditionalFit

    Raises
    ------
    BadParameter, BadValue
        If the arrays do not fit together, or hold what cannot be a count.
    NotEstimable
        If no group has both an event and a second row, a combination of columns is constant within
        every such group, an estimate would run to infinity (separation), or the iterations do not settle.

    References
    ----------
    Hausman J, Hall BH, Griliches Z. Econometrica 1984; 52: 909-938. Armstrong BG, Gasparrini A,
    Tobias A. BMC Medical Research Methodology 2014; 14: 122.
    """
    check_rows(counts, design, log_exposure, groups)
    sizes, totals = np.bincount(groups), np.bincount(groups, weights=counts)
    telling = (sizes > 1) & (totals > 0)
    if not telling.any():
        raise _nothing_to_compare()
    order = np.argsort(groups, kind="stable")
    order = order[telling[groups[order]]]
    rows = _within(counts[order], design[order], log_exposure[order], sizes[telling], totals[telling])
    estimates, inverse = _newton(rows)
    shares, log_shares = _shares(rows, estimates)
    expected = np.where(sizes[groups] == 1, counts, 0.0)
    expected[order] = rows.spread(rows.totals) * shares
    scores = np.zeros((len(sizes), design.shape[1]))
    scores[telling] = rows.sums(rows.columns * (rows.counts - expected[order])[:, None])
    ways = gammaln(rows.totals + 1).sum() - gammaln(rows.counts + 1).sum()
    return ConditionalFit(
        estimates=estimates,
        covariance=inverse,
        loglik=float(ways + rows.counts @ log_shares),
        scores=scores,
        expected=expected,
        uninformative=np.flatnonzero(~telling),
    )


def _within(
    counts: np.ndarray, design: np.ndarray, log_exposure: np.ndarray, sizes: np.ndarray, totals: np.ndarray
) -> _Rows:
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    centres = np.add.reduceat(design * counts[:, None], starts, axis=0) / totals[:, None]
    columns = design - np.repeat(centres, sizes, axis=0)
    check_rank(columns, "a column of the design, or a combination, is constant within every group that has events")
    # Against a row of the same group that has events, a group's level cancels from what separation asks.
    with_events = np.maximum.reduceat(np.where(counts > 0, np.arange(len(counts)), -1), starts)
    check_separation(counts, design - design[np.repeat(with_events, sizes)])
    return _Rows(counts, columns, log_exposure, starts, sizes, totals)


def _shares(rows: _Rows, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's share of its group's expected total, and the logarithm of it."""
    eta = rows.columns @ estimates + rows.log_exposure
    eta -= rows.spread(np.maximum.reduceat(eta, rows.starts))
    log_shares = eta - rows.spread(np.log(rows.sums(np.exp(eta))))
    return np.exp(log_shares), log_shares


def _newton(rows: _Rows) -> tuple[np.ndarray, np.ndarray]:
    """Climb the concave likelihood; a step that does not raise it is halved."""
    estimates = np.zeros(rows.columns.shape[1])
    height = rows.counts @ _shares(rows, estimates)[1]
    for _ in range(100):
        inverse, slope = _curvature(rows, estimates)
        step = inverse @ slope
        if slope @ step < 1e-20:
            return estimates, inverse
        while True:
            risen = rows.counts @ _shares(rows, estimates + step)[1]
            if risen >= height - 1e-12 * abs(height):
                break
            step = step / 2
        estimates, height = estimates + step, risen
        if slope @ step < 1e-14:  # the next step would be below rounding
            return estimates, _curvature(rows, estimates)[0]
    raise NotEstimable(
        "the fit did not settle",
        where="fit_conditional_poisson",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Use fewer terms.",
    )


def _curvature(rows: _Rows, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shares, _ = _shares(rows, estimates)
    expected = rows.spread(rows.totals) * shares
    means = rows.sums(rows.columns * shares[:, None])
    centred = rows.columns - rows.spread(means)
    information = centred.T @ (centred * expected[:, None])
    return inverse_information(information), rows.columns.T @ (rows.counts - expected)


def _nothing_to_compare() -> NotEstimable:
    return NotEstimable(
        "no group has both an event and a second row to compare it with",
        where="groups",
        spoiled="Nothing varies within any group, and only that is compared here.",
        todo="Group the rows more widely, or use a model that compares between groups.",
    )
