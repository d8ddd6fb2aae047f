"""A model with one smooth curve whose smoothness the data choose, in plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.splines.absorbed import Absorbed, absorbed
from welfare.stats.splines.families import Family, family_of
from welfare.stats.splines.newton import curvature
from welfare.stats.splines.posed import Problem, pose, solved
from welfare.stats.splines.reml import Settled, settle, smoothest


@dataclass(frozen=True)
class PenalisedFit:
    """A fitted penalised model; n rows, q columns without penalty and then m of the curve.

    Attributes
    ----------
    coefficients : array, shape (q + m,)
        Those without penalty first; logarithms of ratios unless the family is gaussian.
    bayesian : array, shape (q + m, q + m)
        Covariance that allows for the bias of smoothing: the one to make intervals with.
    frequentist : array, shape (q + m, q + m)
        Covariance over repeated samples at this smoothness.
    edf : array, shape (q + m,)
        Effective degrees of freedom of each coefficient.
    total_edf : float
        Their sum, and one for each absorbed group.
    smoothing : float
        Factor of the penalty as given.
    reml : float
        Minus the Laplace-approximate log restricted likelihood.
    scale : float
        Factor of the variance, by Pearson's residuals on n less the model's degrees of freedom; 1 for
        poisson and negative_binomial.
    scale_reml : float
        The same as the restricted likelihood has it.
    expected : array, shape (n,)
        Expected outcome.
    scores : array, shape (n,)
        Derivative of each row's log likelihood by its linear predictor, times the scale and the row's weight.
    working : array, shape (n,)
        What each row adds to the expected information.
    bread : array, shape (q + m, q + m)
        Inverse of the penalised expected information before the scale; with sums of scores by cluster it
        makes a robust covariance.
    deviance, pearson : float
        At the fit, before the scale.
    straight : bool
        True if the data ask for no more than what is free of penalty, with `CubicRegression` a straight
        line: `smoothing` is then only the largest factor tried.
    """

    coefficients: np.ndarray
    bayesian: np.ndarray
    frequentist: np.ndarray
    edf: np.ndarray
    total_edf: float
    smoothing: float
    reml: float
    scale: float
    scale_reml: float
    expected: np.ndarray
    scores: np.ndarray
    working: np.ndarray
    bread: np.ndarray
    deviance: float
    pearson: float
    straight: bool


def fit_penalised(
    outcome: np.ndarray,
    parametric: np.ndarray,
    smooth: np.ndarray,
    penalty: np.ndarray,
    log_exposure: np.ndarray | None = None,
    *,
    family: str = "poisson",
    theta: float | None = None,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    smoothing: float | None = None,
) -> PenalisedFit:
    """Fit a curve with the smoothness that restricted maximum likelihood chooses.

    Coefficients maximise the likelihood less half the penalty, by Newton's method; the smoothing
    parameter minimises the Laplace-approximate restricted likelihood of Wood 2011, whose derivative
    is followed to its root. Newton's method and the restricted likelihood use observed weights, the
    covariances and degrees of freedom expected ones: the two differ for the negative binomial alone.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Counts of 0 or more; any finite number for the gaussian family.
    parametric : array of float, shape (n, q)
        Columns without penalty, the constant among them if the model has one; q may be 0.
    smooth : array of float, shape (n, m)
        Columns of the curve, such as `CubicRegression.basis` gives.
    penalty : array of float, shape (m, m)
        Symmetric, no eigenvalue below 0, at least one above.
    log_exposure : array of float, shape (n,), or None
        Added to the linear predictor with coefficient 1.
    family : str
        poisson, quasi_poisson, negative_binomial (log link) or gaussian (identity link).
    theta : float or None
        Negative binomial: variance = mean + mean^2 / theta, taken as known.
    weights : array of float, shape (n,), or None
        Prior weight of each row, above 0: what it adds to the log likelihood is multiplied by it.
    groups : array, shape (n,), or None
        Labels of groups that each have a constant of their own, absorbed rather than estimated: the fit
        is that with a column for each group and none for the constant.
    smoothing : float or None
        Factor of the penalty; None to have it chosen.

    Returns
    -------
    PenalisedFit

    Raises
    ------
    BadParameter
        If shapes differ, the family or theta is not usable, or the penalty is not one.
    BadValue
        If a value is missing or infinite, a count negative, or a weight not above 0.
    NotEstimable
        If there are no events, too few rows, columns that repeat one another, an outcome
        met exactly, or the fit does not settle.

    References
    ----------
    Wood SN. Journal of the Royal Statistical Society B 2011; 73: 3-36. Wood SN. Generalized additive
    models: an introduction with R. 2nd ed. CRC Press, 2017, sections 6.2, 6.6 and 6.10.
    """
    chosen = family_of(family, theta)
    y, fixed, curve, price, offset, rows = _checked(outcome, parametric, smooth, penalty, log_exposure, weights)
    within = None if groups is None else _grouped(y, np.asarray(groups), chosen)
    _refuse_hopeless(y, fixed.shape[1] + curve.shape[1] + (within.many if within else 0), chosen)
    problem = pose(y, fixed, curve, price, offset, rows, chosen, within)
    if smoothing is None:
        settled, straight = smoothest(problem)
    else:
        if not 0 < smoothing < np.inf:
            raise BadParameter(
                f"smoothing is {smoothing!r}",
                where="smoothing",
                spoiled="The penalty would vanish, or be all there is.",
                todo="Give a number above 0, or None to have it chosen.",
            )
        settled, straight = settle(problem, float(np.log(smoothing))), False
    return _finished(problem, settled, straight)


def _finished(problem: Problem, settled: Settled, straight: bool) -> PenalisedFit:
    family, mean = problem.family, settled.rest.mean
    working = problem.weights * family.expected_weights(mean)
    information = curvature(problem, working).within
    price = np.exp(settled.log_smoothing) * problem.price
    inverse = solved(information + np.diag(price), np.eye(len(price)))
    bread = problem.back @ inverse @ problem.back.T
    both = problem.back @ inverse @ information @ inverse @ problem.back.T
    edf = np.einsum("ij,ji->i", problem.back @ inverse @ information, np.linalg.inv(problem.back))
    total_edf = float(edf.sum()) + (problem.groups.many if problem.groups else 0)
    pearson = float(problem.weights @ ((problem.outcome - mean) ** 2 / family.variance(mean)))
    scale = pearson / (len(mean) - total_edf) if family.scaled else 1.0
    return PenalisedFit(
        coefficients=problem.back @ settled.rest.gamma,
        bayesian=scale * (bread + bread.T) / 2,
        frequentist=scale * (both + both.T) / 2,
        edf=edf,
        total_edf=total_edf,
        smoothing=float(np.exp(settled.log_smoothing)),
        reml=settled.score,
        scale=float(scale),
        scale_reml=settled.scale,
        expected=mean,
        scores=problem.weights * family.scores(problem.outcome, mean),
        working=working,
        bread=(bread + bread.T) / 2,
        deviance=family.deviance(problem.outcome, mean, problem.weights),
        pearson=pearson,
        straight=straight,
    )


def _checked(
    outcome: np.ndarray,
    parametric: np.ndarray,
    smooth: np.ndarray,
    penalty: np.ndarray,
    log_exposure: np.ndarray | None,
    weights: np.ndarray | None,
) -> tuple[np.ndarray, ...]:
    y, fixed, curve, price = (np.asarray(part, dtype=float) for part in (outcome, parametric, smooth, penalty))
    n = len(y)
    offset = np.zeros(n) if log_exposure is None else np.asarray(log_exposure, dtype=float)
    rows = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    shapes = (y.shape, fixed.shape[:1], curve.shape[:1], offset.shape, rows.shape)
    if any(shape != (n,) for shape in shapes) or fixed.ndim != 2 or curve.ndim != 2:
        raise BadParameter(
            f"the parts have shapes {y.shape}, {fixed.shape}, {curve.shape}, {offset.shape} and {rows.shape}",
            where="fit_penalised",
            spoiled="One row's value would be used for another row.",
            todo="Give n outcomes, and columns, exposures and weights of n rows.",
        )
    _refuse_penalty(price, curve.shape[1])
    for name, part in (("outcome", y), ("parametric", fixed), ("smooth", curve), ("log_exposure", offset)):
        if not np.isfinite(part).all():
            raise _bad(f"{name} holds {int((~np.isfinite(part)).sum()):,} values that are missing or infinite", name)
    if not ((rows > 0) & np.isfinite(rows)).all():
        raise _bad("a weight is not above 0", "weights")
    return y, fixed, curve, price, offset, rows


def _refuse_penalty(penalty: np.ndarray, m: int) -> None:
    usable = m > 0 and penalty.shape == (m, m) and np.isfinite(penalty).all()
    if usable:
        sizes = np.linalg.eigvalsh(penalty)
        # The check is on the whole matrix: eigvalsh reads one half of it only.
        usable = np.allclose(penalty, penalty.T, atol=1e-12 * np.abs(penalty).max())
        usable = usable and sizes[-1] > 0 and sizes[0] > -1e-9 * sizes[-1]
    if not usable:
        raise BadParameter(
            f"the penalty must be a symmetric {m} by {m} matrix without eigenvalues below 0, and not all 0",
            where="penalty",
            spoiled="A rough curve would be rewarded.",
            todo="Use the penalty that came with the basis.",
        )


def _grouped(outcome: np.ndarray, groups: np.ndarray, family: Family) -> Absorbed:
    missing = groups != groups
    if groups.shape != outcome.shape or np.any(missing):
        raise BadParameter(
            "the groups are not one label per row",
            where="groups",
            spoiled="One row's group would be used for another row.",
            todo="Give a label for every row, and leave out rows without one.",
        )
    within = absorbed(groups)
    empty = int((within.sums(outcome) == 0).sum()) if family.counts else 0
    if empty:
        raise _hopeless(f"{empty:,} groups have no event", "Leave their rows out, and say so: they tell nothing here.")
    return within


def _refuse_hopeless(outcome: np.ndarray, k: int, family: Family) -> None:
    if family.counts and (outcome < 0).any():
        raise _bad("a count is below 0", "outcome")
    if len(outcome) <= k:
        raise _hopeless(f"{len(outcome)} rows cannot carry {k} coefficients", "Use fewer knots, or more rows.")
    if family.counts and not outcome.any():
        raise _hopeless("there is no event", "A curve of nothing is no finding; give the rows' upper bound instead.")
    if not family.counts and (outcome == outcome[0]).all():
        raise _hopeless("the outcome never varies", "There is nothing to explain.")


def _bad(what: str, where: str) -> BadValue:
    return BadValue(
        what, where=where, spoiled="Every coefficient would be wrong.", todo="Leave those rows out, and say so."
    )


def _hopeless(what: str, todo: str) -> NotEstimable:
    return NotEstimable(what, where="fit_penalised", spoiled="Any curve would be a guess.", todo=todo)
