"""Counts with one random intercept per group: maximum likelihood by Laplace's approximation or by quadrature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.mixed.arrays import check_rank, check_rows, check_trials
from welfare.stats.mixed.families import FAMILIES, NB2, marginal_means, means
from welfare.stats.mixed.intercept import Found, find_maximum
from welfare.stats.mixed.marginal import MarginalLikelihood, Point, SortedRows, sort_rows
from welfare.stats.mixed.maximum import inverse_information

_FEWEST_GROUPS = 5  # a standard deviation between fewer is a guess (Gelman & Hill 2007, section 12.9)


@dataclass(frozen=True)
class MixedFit:
    """A fitted generalised linear mixed model with one normal intercept per group; n rows, k estimates, G groups.

    Attributes
    ----------
    estimates : array, shape (k,)
        Fixed effects, on the scale of the link.
    covariance : array, shape (k, k)
        Of the fixed effects: their block of the inverse observed information of all parameters together.
    sd : float
        Standard deviation of the intercept between groups, on the scale of the link; 0 at the boundary.
    log_sd_error : float
        Standard error of log(sd); NaN at the boundary.
    at_boundary : bool
        Whether no positive sd fits better than 0: the model is then the one without the intercept, and
        the covariance that model's.
    theta, log_theta_error : float or None
        With ``nb2``: variance given the group = mean + mean^2 / theta, and the standard error of log(theta).
    loglik : float
        Marginal log likelihood with all constants, as the rule of `nodes` points has it.
    modes : array, shape (G,)
        Most likely intercept of each group, about 0.
    mode_variances : array, shape (G,)
        Variance of each group's intercept given its rows and the estimates, from the curvature at its mode.
    scores : array, shape (G, k)
        What each group adds to the derivative of the log likelihood in the fixed effects.
    expected : array, shape (n,)
        Expected count with the group's intercept at its mode.
    marginal : array, shape (n,)
        Expected count averaged over all groups there could be.
    nodes : int
        Points of quadrature; 1 is Laplace's approximation.
    """

    estimates: np.ndarray
    covariance: np.ndarray
    sd: float
    log_sd_error: float
    at_boundary: bool
    theta: float | None
    log_theta_error: float | None
    loglik: float
    modes: np.ndarray
    mode_variances: np.ndarray
    scores: np.ndarray
    expected: np.ndarray
    marginal: np.ndarray
    nodes: int


def fit_random_intercept(
    counts: np.ndarray,
    design: np.ndarray,
    log_exposure: np.ndarray,
    groups: np.ndarray,
    *,
    family: str = "poisson",
    trials: np.ndarray | None = None,
    nodes: int = 1,
) -> MixedFit:
    """Fit a generalised linear mixed model with a normal intercept per group, by maximum likelihood.

    Fixed effects and standard deviation (and theta) are found together, with exact derivatives of the
    approximated likelihood. Quadrature is adaptive: centred and scaled at each group's mode.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Outcome, whole numbers, 0 or more.
    design : array of float, shape (n, k)
        Full-rank columns, the constant included.
    log_exposure : array of float, shape (n,)
        Logarithm of the exposure (of the odds, for ``binomial``), added with coefficient 1.
    groups : array of int, shape (n,)
        Group of each row, numbered from 0 without a gap; at least 5.
    family : str
        ``"poisson"`` or ``"nb2"`` (log link), or ``"binomial"`` (logit link).
    trials : array of float, shape (n,), or None
        Trials of each row, for ``binomial`` and only there.
    nodes : int
        1 to 100 points of quadrature. 1 is Laplace's approximation, which understates the standard
        deviation where groups are small; 15 or more are exact for most purposes.

    Returns
    -------
    MixedFit

    Raises
    ------
    BadParameter, BadValue
        If the arrays do not fit together, or hold what cannot be a count.
    NotEstimable
        If there are too few groups, no events (or only events), columns that follow from one another, an
        estimate that would run to infinity (separation), counts that vary too little for a theta, or
        if the iterations do not settle.

    Notes
    -----
    Covariances are from the observed information by central differences of the exact derivative. The
    curvature at the modes is the observed one too: with ``nb2``, whose link is not canonical,
    Laplace's approximation in lme4 takes the expected one and so differs in the third digit.

    References
    ----------
    Pinheiro JC, Bates DM. Journal of Computational and Graphical Statistics 1995; 4: 12-35. Breslow NE,
    Clayton DG. Journal of the American Statistical Association 1993; 88: 9-25. Bates D, Maechler M,
    Bolker B, Walker S. Journal of Statistical Software 2015; 67(1).
    """
    if family not in FAMILIES or not 1 <= nodes <= 100 or (trials is None) == (family == "binomial"):
        raise BadParameter(
            f"family={family!r} with nodes={nodes} and trials={'none' if trials is None else 'given'}",
            where="fit_random_intercept",
            spoiled="There is no such model.",
            todo="Use 'poisson' or 'nb2' without trials, or 'binomial' with trials, and 1 to 100 nodes.",
        )
    check_rows(counts, design, log_exposure, groups)
    if trials is not None:
        check_trials(counts, trials)
    tries = np.ones(len(counts)) if trials is None else trials
    _check_groups(groups, alike=family == "nb2" or (family == "binomial" and tries.max() <= 1))
    check_rank(design, "a column of the design follows from the others")
    rows = sort_rows(FAMILIES[family], counts, design, log_exposure, tries, groups)
    found = find_maximum(rows, nodes)
    point = MarginalLikelihood(rows, nodes, with_sd=found.with_sd).at(found.parameters)
    return _result(rows, found, point, nodes)


def _check_groups(groups: np.ndarray, *, alike: bool) -> None:
    many = int(groups.max()) + 1
    if many < _FEWEST_GROUPS:
        raise NotEstimable(
            f"the standard deviation between {many} group{'s' if many > 1 else ''} cannot be estimated",
            where="groups",
            spoiled="It would be a guess, and with it the error of every estimate.",
            todo=f"Give the groups a column each, or use at least {_FEWEST_GROUPS} groups.",
        )
    if alike and many == len(groups):
        raise NotEstimable(
            "every group has a single row, so differences between groups and within them cannot be told apart",
            where="groups",
            spoiled="The split between the two would be set by the shape of the distributions alone.",
            todo="Fit the model without the intercept.",
        )


def _result(rows: SortedRows, found: Found, point: Point, nodes: int) -> MixedFit:
    k, triangle = rows.width, rows.triangle
    everything = inverse_information(found.information)
    errors = np.sqrt(np.diag(everything))
    intercepts = np.repeat(point.sd * point.modes, np.diff(rows.edges))
    half = solve_triangular(triangle, everything[:k, :k])
    wide = rows.family == NB2
    return MixedFit(
        estimates=solve_triangular(triangle, found.parameters[:k]),
        covariance=solve_triangular(triangle, half.T),
        sd=point.sd,
        log_sd_error=float(errors[-1]) if found.with_sd else np.nan,
        at_boundary=not found.with_sd,
        theta=float(np.exp(point.log_theta)) if wide else None,
        log_theta_error=float(errors[k]) if wide else None,
        loglik=point.loglik,
        modes=point.sd * point.modes,
        mode_variances=(point.sd * point.scales) ** 2,
        scores=rows.group_sums(rows.columns * point.row_slopes[:, None]) @ triangle,
        expected=rows.unsorted(means(rows.family, rows.trials, point.eta + intercepts)),
        marginal=rows.unsorted(marginal_means(rows.family, rows.trials, point.eta, point.sd)),
        nodes=nodes,
    )
