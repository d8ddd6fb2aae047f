"""Where the marginal likelihood of a random-intercept model is highest, and whether that is at no variance at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.mixed.arrays import check_separation
from welfare.stats.mixed.families import BINOMIAL, NB2, POISSON, means
from welfare.stats.mixed.marginal import MarginalLikelihood, SortedRows
from welfare.stats.mixed.maximum import maximise

_LARGEST_THETA = 1e5
_NEAR_BOUND = 1e-6  # an expected share or count this close to its bound may be on the way there
# In log likelihood: a standard deviation that adds less is 0; and what rounding of large counts cannot feign.
_NO_GAIN, _CLEAR_GAIN = 1e-8, 1e-4


@dataclass(frozen=True)
class Found:
    """A maximum of the likelihood.

    Attributes
    ----------
    parameters : array, shape (p,)
        Coefficients of the orthogonal columns, log theta (NB2 only), log sd (where it is above 0).
    information : array, shape (p, p)
        Observed information.
    with_sd : bool
        Whether the standard deviation is above 0.
    """

    parameters: np.ndarray
    information: np.ndarray
    with_sd: bool


def find_maximum(rows: SortedRows, nodes: int) -> Found:
    """Maximise the marginal likelihood over all parameters together.

    Parameters
    ----------
    rows : SortedRows
    nodes : int
        Points of quadrature.

    Returns
    -------
    Found

    Raises
    ------
    NotEstimable
        If an estimate would run to infinity, or the iterations do not settle.
    """
    if rows.family != NB2:
        start = _first_coefficients(rows)
        plain = _without_intercept(rows, start)
        _refuse_separation(rows, plain)
        return _with_intercept(rows, plain, nodes)
    simple = find_maximum(replace(rows, family=POISSON), nodes)
    start = _first_with_theta(rows, simple, nodes)
    return _with_intercept(rows, _without_intercept(rows, start), nodes)


def _without_intercept(rows: SortedRows, start: np.ndarray) -> Found | None:
    likelihood = MarginalLikelihood(rows, 1, with_sd=False)
    # With canonical links and no intercept to integrate over, the guess is the observed information itself.
    exact = likelihood.information_guess if rows.family != NB2 else None
    fit = maximise(likelihood, start, likelihood.information_guess(start), exact)
    return Found(*fit, with_sd=False) if fit else None


def _with_intercept(rows: SortedRows, plain: Found | None, nodes: int) -> Found:
    """Return the maximum with a positive standard deviation, or the plain fit where none is better."""
    if plain is None:
        raise _unsettled()
    without = MarginalLikelihood(rows, 1, with_sd=False)
    slope, bend = without.slopes_in_variance(plain.parameters)
    likelihood = MarginalLikelihood(rows, nodes, with_sd=True)
    fit = None
    # One step of scoring from no variance; where that leads below 0, what chance alone would make of it.
    first = slope / bend if slope > 0 else 1 / np.sqrt(bend)
    for variance in (np.clip(first, 1e-12, 4.0), 1.0):
        start = np.append(plain.parameters, np.log(variance) / 2)
        fit = fit or maximise(likelihood, start, likelihood.information_guess(start))
    # Where a small variance lowers the likelihood, only a maximum well away from 0 and clearly higher is another one.
    needed = _NO_GAIN if slope > 0 else _CLEAR_GAIN
    if fit and likelihood(fit[0])[0] > without(plain.parameters)[0] + needed:
        return Found(*fit, with_sd=True)
    if fit or slope <= 0 or slope**2 / bend < _NO_GAIN:
        return plain
    raise _unsettled()


def _first_coefficients(rows: SortedRows) -> np.ndarray:
    """Return one step of weighted least squares from the outcome itself, moved off its bounds."""
    if rows.family == BINOMIAL:
        near = rows.trials * (rows.counts + 0.5) / (rows.trials + 1)
        weights, eta = near * (1 - near / rows.trials), np.log(near / (rows.trials - near))
    else:
        near = rows.counts + 0.1
        weights, eta = near, np.log(near)
    aim = eta + (rows.counts - near) / weights - rows.log_exposure
    root = np.sqrt(weights)
    return np.asarray(np.linalg.lstsq(rows.columns * root[:, None], aim * root, rcond=None)[0])


def _refuse_separation(rows: SortedRows, plain: Found | None) -> None:
    """Look for estimates that run to infinity where a fit failed or came close to a bound."""
    share = rows.counts / rows.trials
    upper = 1.0 if rows.family == BINOMIAL else None
    if plain is not None:
        expected = means(rows.family, np.ones(len(share)), rows.columns @ plain.parameters + rows.log_exposure)
        near = (share == 0) & (expected < _NEAR_BOUND)
        if upper is not None:
            near |= (share == upper) & (expected > upper - _NEAR_BOUND)
        if not near.any():
            return
    check_separation(share, rows.columns, upper)


def _first_with_theta(rows: SortedRows, simple: Found, nodes: int) -> np.ndarray:
    """Return where to start the plain negative binomial; refuse counts that want no theta.

    At the Poisson fit only theta is left to gain from; if the likelihood still rises where theta is
    as good as infinite, there is no finite one.
    """
    k = rows.width
    wide = np.insert(simple.parameters, k, np.log(_LARGEST_THETA))
    point = MarginalLikelihood(rows, nodes, with_sd=simple.with_sd).at(wide)
    if point.slope[k] >= 0:
        raise NotEstimable(
            "within their groups the counts vary no more than chance allows, so the negative binomial has no theta",
            where="fit_random_intercept(family='nb2')",
            spoiled="Any theta would be a guess, and every standard error with it.",
            todo="Use family='poisson'.",
        )
    expected = means(rows.family, rows.trials, point.eta)
    excess = np.sum((rows.counts - expected) ** 2 - expected)
    log_theta = np.log(np.clip(np.sum(expected**2) / max(excess, 1e-300), 0.1, 1e3))
    return np.append(simple.parameters[:k], log_theta)


def _unsettled() -> NotEstimable:
    return NotEstimable(
        "the fit did not settle",
        where="fit_random_intercept",
        spoiled="Figures from an unfinished fit would look like any others.",
        todo="Use fewer terms, or larger groups.",
    )


__all__ = ["Found", "find_maximum"]
