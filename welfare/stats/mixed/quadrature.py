"""The integral over each group's random intercept, by adaptive Gauss-Hermite quadrature, with exact first derivatives.

With u the intercept in units of its standard deviation, a group's likelihood is the integral over u of exp(h(u)),
where h(u) = sum of log f(eta + sd u) over its rows, less u^2 / 2. The rule is centred at the mode of h and scaled by
its curvature there; mode and scale move with every parameter, and the derivatives below follow them.
"""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled
from welfare.stats.mixed.families import higher_slopes, slope_and_bend, value_and_slopes

_LONGEST_STEP = 5.0  # of eta, in one step to the mode: further, and exp() may overflow


def gauss_hermite(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a rule for a standard normal weight, and the logs of weights to put on exp(h) itself.

    Parameters
    ----------
    nodes : int
        How many; 1 makes the rule Laplace's approximation.

    Returns
    -------
    points, log_weights : array of float, shape (nodes,)
    """
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points, np.log(weights) - np.log(np.sqrt(2 * np.pi)) + points**2 / 2


@compiled(error_model="numpy")
def _slopes_at(
    family: int, counts: np.ndarray, trials: np.ndarray, eta: np.ndarray, log_theta: float, sd: float, u: float
) -> tuple[float, float]:
    """Return the first and second derivative of h in u, for the rows of one group."""
    first, second = 0.0, 0.0
    for i in range(len(eta)):
        slope, bend = slope_and_bend(family, counts[i], trials[i], eta[i] + sd * u, log_theta)
        first += slope
        second += bend
    return sd * first - u, sd * sd * second - 1


@compiled(error_model="numpy")
def _mode(
    family: int, counts: np.ndarray, trials: np.ndarray, eta: np.ndarray, log_theta: float, sd: float, u: float
) -> float:
    """Return where h is highest: Newton's steps, kept between the points known to lie on either side."""
    low, high = -np.inf, np.inf
    longest = _LONGEST_STEP / max(sd, 1e-3)
    for _ in range(200):
        first, second = _slopes_at(family, counts, trials, eta, log_theta, sd, u)
        if first > 0:
            low = u
        else:
            high = u
        step = -first / second if np.isfinite(first) else np.copysign(longest, first)
        # The steps shrink quadratically: after one of 1e-8 the rest is below rounding.
        if abs(step) < 1e-8 * (1 + abs(u)):
            return u + step
        step = max(-longest, min(longest, step))
        if not low < u + step < high and np.isfinite(low) and np.isfinite(high):
            step = (low + high) / 2 - u
        u += step
    return u


@compiled(error_model="numpy")
def _group(
    family: int,
    counts: np.ndarray,
    trials: np.ndarray,
    eta: np.ndarray,
    log_theta: float,
    sd: float,
    points: np.ndarray,
    log_weights: np.ndarray,
    mode: float,
    slopes: np.ndarray,
) -> tuple[float, float, float, float]:
    """Integrate one group at its mode, and fill in the slope of its log likelihood in the eta of each row.

    Returns the log likelihood, its slopes in log theta and in sd, and the scale of the rule.
    """
    n, many = len(eta), len(points)
    first, second, third, first_theta, second_theta = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        at = eta[i] + sd * mode
        bend, twist, slope_theta, bend_theta = higher_slopes(family, counts[i], trials[i], at, log_theta)
        first += slope_and_bend(family, counts[i], trials[i], at, log_theta)[0]
        second += bend
        third += twist
        first_theta += slope_theta
        second_theta += bend_theta
    scale = 1 / np.sqrt(1 - sd * sd * second)

    height, row_slope = np.empty(many), np.empty((many, n))
    total_slope, total_theta = np.zeros(many), np.zeros(many)
    for k in range(many):
        u = mode + scale * points[k]
        height[k] = log_weights[k] - u * u / 2
        for i in range(n):
            value, slope, slope_theta = value_and_slopes(family, counts[i], trials[i], eta[i] + sd * u, log_theta)
            height[k] += value
            row_slope[k, i] = slope
            total_slope[k] += slope
            total_theta[k] += slope_theta
    top = height.max()
    share = np.exp(height - top)
    loglik = np.log(scale) + top + np.log(share.sum())
    share /= share.sum()

    # How the log likelihood answers when the rule's centre or its scale moves: nothing, were the rule exact.
    by_mode, by_scale, by_theta, by_sd = 0.0, 1 / scale, 0.0, 0.0
    for k in range(many):
        u = mode + scale * points[k]
        slope = sd * total_slope[k] - u
        by_mode += share[k] * slope
        by_scale += share[k] * points[k] * slope
        by_theta += share[k] * total_theta[k]
        by_sd += share[k] * u * total_slope[k]
    if many == 1:
        by_mode = 0.0  # the slope of h at its mode
    # Implicit derivatives: the mode by what tilts h, the scale by what bends it, both from third derivatives.
    square, half_cube = scale * scale, scale**3 / 2
    through_mode = by_mode + by_scale * half_cube * sd**3 * third
    mode_by_sd = square * (first + sd * mode * second)
    by_sd += through_mode * mode_by_sd + by_scale * half_cube * (2 * sd * second + sd * sd * mode * third)
    by_theta += through_mode * square * sd * first_theta + by_scale * half_cube * sd * sd * second_theta
    for i in range(n):
        at = eta[i] + sd * mode
        bend, twist, _, _ = higher_slopes(family, counts[i], trials[i], at, log_theta)
        slopes[i] = through_mode * square * sd * bend + by_scale * half_cube * sd * sd * twist
        for k in range(many):
            slopes[i] += share[k] * row_slope[k, i]
    return loglik, by_theta, by_sd, scale


@compiled(error_model="numpy")
def integrate_groups(
    family: int,
    counts: np.ndarray,
    trials: np.ndarray,
    eta: np.ndarray,
    log_theta: float,
    sd: float,
    edges: np.ndarray,
    points: np.ndarray,
    log_weights: np.ndarray,
    modes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Integrate every group's likelihood over its random intercept.

    Parameters
    ----------
    family : int
        POISSON, BINOMIAL or NB2 of `families`.
    counts, trials, eta : array of float, shape (n,)
        Rows in order of their group: outcome, trials, fixed part of the linear predictor with exposure.
    log_theta : float
        NB2 only.
    sd : float
        Standard deviation of the random intercept, 0 or more.
    edges : array of int, shape (G + 1,)
        Group g holds the rows from edges[g] up to edges[g + 1].
    points, log_weights : array of float, shape (K,)
        From `gauss_hermite`.
    modes : array of float, shape (G,)
        Where to look for each group's mode, in standard deviations; the modes found on return.

    Returns
    -------
    loglik : array of float, shape (G,)
        Less the constants of the family.
    slopes : array of float, shape (n,)
        Derivative of the whole log likelihood in the eta of each row.
    by_theta, by_sd : array of float, shape (G,)
        Derivatives in log theta and in sd.
    scales : array of float, shape (G,)
        Inverse square root of the curvature at the mode.

    References
    ----------
    Pinheiro JC, Bates DM. Journal of Computational and Graphical Statistics 1995; 4: 12-35. Liu Q,
    Pierce DA. Biometrika 1994; 81: 624-629.
    """
    groups = len(edges) - 1
    loglik, by_theta, by_sd, scales = np.empty(groups), np.empty(groups), np.empty(groups), np.empty(groups)
    slopes = np.empty(len(eta))
    for g in range(groups):
        low, high = edges[g], edges[g + 1]
        y, m, e = counts[low:high], trials[low:high], eta[low:high]
        modes[g] = _mode(family, y, m, e, log_theta, sd, modes[g])
        loglik[g], by_theta[g], by_sd[g], scales[g] = _group(
            family, y, m, e, log_theta, sd, points, log_weights, modes[g], slopes[low:high]
        )
    return loglik, slopes, by_theta, by_sd, scales
