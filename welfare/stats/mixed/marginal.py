"""The marginal likelihood of a model with one random intercept, as a function of its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.mixed.families import NB2, constants, row_slopes
from welfare.stats.mixed.quadrature import gauss_hermite, integrate_groups


@dataclass(frozen=True)
class SortedRows:
    """Rows in order of their group, on columns that are orthogonal: every estimate is then of one size.

    Attributes
    ----------
    family : int
        POISSON, BINOMIAL or NB2 of `families`.
    counts, trials, log_exposure : array of float, shape (n,)
        As given, sorted.
    columns : array of float, shape (n, k)
        Orthogonal, each with mean square 1.
    triangle : array of float, shape (k, k)
        Columns as given = columns @ triangle; so estimates as given solve triangle @ estimates = coefficients.
    edges : array of int, shape (G + 1,)
        Group g holds the rows from edges[g] up to edges[g + 1].
    order : array of int, shape (n,)
        Where each row stood.
    """

    family: int
    counts: np.ndarray
    trials: np.ndarray
    log_exposure: np.ndarray
    columns: np.ndarray
    triangle: np.ndarray
    edges: np.ndarray
    order: np.ndarray

    @property
    def width(self) -> int:
        """Number of fixed effects, k."""
        return self.columns.shape[1]

    def group_sums(self, rows: np.ndarray) -> np.ndarray:
        """Return sums by group, shape (G, ...), of something by row."""
        return np.asarray(np.add.reduceat(rows, self.edges[:-1], axis=0))

    def unsorted(self, rows: np.ndarray) -> np.ndarray:
        """Return something by row in the order the rows were given in."""
        out = np.empty_like(rows)
        out[self.order] = rows
        return out


def sort_rows(
    family: int,
    counts: np.ndarray,
    design: np.ndarray,
    log_exposure: np.ndarray,
    trials: np.ndarray,
    groups: np.ndarray,
) -> SortedRows:
    """Sort rows by group, and make the columns of a full-rank design orthogonal.

    Parameters
    ----------
    family : int
        POISSON, BINOMIAL or NB2.
    counts, log_exposure, trials : array of float, shape (n,)
    design : array of float, shape (n, k)
    groups : array of int, shape (n,)
        Numbered from 0 without a gap.
    """
    order = np.argsort(groups, kind="stable")
    columns, triangle = np.linalg.qr(design[order].astype(float))
    size = np.sqrt(len(counts))
    return SortedRows(
        family=family,
        counts=counts[order].astype(float),
        trials=trials[order].astype(float),
        log_exposure=log_exposure[order].astype(float),
        columns=np.ascontiguousarray(columns * size),
        triangle=triangle / size,
        edges=np.concatenate([[0], np.cumsum(np.bincount(groups))]),
        order=order,
    )


@dataclass(frozen=True)
class Point:
    """The marginal log likelihood and its parts at one set of parameters.

    Attributes
    ----------
    loglik : float
        With all constants.
    slope : array, shape (p,)
        Its derivative: k coefficients, log theta with NB2, log sd unless that is fixed at 0.
    row_slopes : array, shape (n,)
        Derivative in the eta of each row.
    by_theta, by_sd : array, shape (G,)
        What each group adds to the derivatives in log theta and log sd.
    eta : array, shape (n,)
        Fixed part of the linear predictor, with exposure.
    sd, log_theta : float
    modes, scales : array, shape (G,)
        Of each group's intercept, in units of sd: where it is most likely, and how widely it lies around.
    """

    loglik: float
    slope: np.ndarray
    row_slopes: np.ndarray
    by_theta: np.ndarray
    by_sd: np.ndarray
    eta: np.ndarray
    sd: float
    log_theta: float
    modes: np.ndarray
    scales: np.ndarray


class MarginalLikelihood:
    """Evaluates the likelihood of sorted rows, each time looking for the modes near where they last were.

    Parameters
    ----------
    rows : SortedRows
    nodes : int
        Points of quadrature.
    with_sd : bool
        False fixes the standard deviation of the intercept at 0: the plain generalised linear model.
    """

    def __init__(self, rows: SortedRows, nodes: int, *, with_sd: bool) -> None:
        self.rows, self.with_sd = rows, with_sd
        self._rule = gauss_hermite(nodes)
        self._modes = np.zeros(len(rows.edges) - 1)
        self._constants = self._constants_at(0.0)

    def _constants_at(self, log_theta: float) -> tuple[np.ndarray, np.ndarray]:
        return constants(self.rows.family, self.rows.counts, self.rows.trials, log_theta)

    def at(self, parameters: np.ndarray) -> Point:
        """Return the likelihood at coefficients, log theta (NB2 only) and log sd (where it is not fixed at 0)."""
        rows, k = self.rows, self.rows.width
        eta = rows.columns @ parameters[:k] + rows.log_exposure
        log_theta = float(parameters[k]) if rows.family == NB2 else 0.0
        sd = float(np.exp(parameters[-1])) if self.with_sd else 0.0
        loglik, slopes, by_theta, by_sd, scales = integrate_groups(
            rows.family, rows.counts, rows.trials, eta, log_theta, sd, rows.edges, *self._rule, self._modes
        )
        constant, constant_slope = self._constants if rows.family != NB2 else self._constants_at(log_theta)
        by_theta, by_sd = by_theta + rows.group_sums(constant_slope), by_sd * sd
        others = [by_theta.sum()] * (rows.family == NB2) + [by_sd.sum()] * self.with_sd
        return Point(
            loglik=float(loglik.sum() + constant.sum()),
            slope=np.append(rows.columns.T @ slopes, others),
            row_slopes=slopes,
            by_theta=by_theta,
            by_sd=by_sd,
            eta=eta,
            sd=sd,
            log_theta=log_theta,
            modes=self._modes.copy(),
            scales=scales,
        )

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log likelihood and its derivative."""
        point = self.at(parameters)
        return point.loglik, point.slope

    def information_guess(self, parameters: np.ndarray) -> np.ndarray:
        """Return a positive definite stand-in for the observed information, shape (p, p), from first derivatives.

        For the coefficients it is exact but for how the curvature at the modes changes with them; for
        log theta and log sd, the groups' squared scores, on the diagonal only.
        """
        point, rows, k = self.at(parameters), self.rows, self.rows.width
        eta = point.eta + np.repeat(point.sd * point.modes, np.diff(rows.edges))
        _, bends = row_slopes(rows.family, rows.counts, rows.trials, eta, point.log_theta)
        pulled = rows.group_sums(rows.columns * bends[:, None]) * (point.sd * point.scales)[:, None]
        squares = [point.by_theta @ point.by_theta] * (rows.family == NB2) + [point.by_sd @ point.by_sd] * self.with_sd
        guess = np.diag(np.maximum([0.0] * k + squares, 1e-6))
        guess[:k, :k] = -(rows.columns.T * bends) @ rows.columns - pulled.T @ pulled
        return guess

    def slopes_in_variance(self, parameters: np.ndarray) -> tuple[float, float]:
        """Return the slope of the log likelihood in the intercept's variance where that is 0, and its variance.

        A slope of at most 0 means that no small variance fits better than none; slope over variance is
        a first guess of the variance (one step of scoring).
        """
        point, rows = self.at(parameters), self.rows
        first, second = row_slopes(rows.family, rows.counts, rows.trials, point.eta, point.log_theta)
        inside = rows.group_sums(second)
        return float(np.sum(rows.group_sums(first) ** 2 + inside) / 2), float(np.sum(inside**2) / 2)
