"""How much wider a band must be to hold a whole curve at once rather than one point of it."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter, BadValue, NotEstimable


def simultaneous_factor(
    contrasts: np.ndarray,
    covariance: np.ndarray,
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
    degrees: float = np.inf,
) -> float:
    """Return the critical value that all of several estimates stay within at once.

    It solves P(max abs(z) <= factor) = level, where z are the standardised errors of contrasts @
    estimates. Errors are drawn as a direction and a length: only directions are simulated, and the
    length, whose distribution is known, is integrated exactly. One contrast, or several that are
    multiples of one another, therefore give the exact quantile.

    Parameters
    ----------
    contrasts : array of float, shape (g, k)
        One row per point of the curve. Rows without variance, such as the reference's, have no part in it.
    covariance : array of float, shape (k, k)
        Of the estimates.
    level : float
        Between 0 and 1.
    draws : int
        Directions to draw, 1 or more.
    seed : int
        The same seed gives the same factor.
    degrees : float
        Degrees of freedom of the errors (multivariate t); infinite for normal ones.

    Returns
    -------
    float

    Raises
    ------
    BadParameter
        If shapes differ, or level, draws or degrees are not usable.
    BadValue
        If a contrast or covariance is missing or infinite, or a variance is negative.
    NotEstimable
        If no contrast has any variance.

    References
    ----------
    Ruppert D, Wand MP, Carroll RJ. Semiparametric regression. Cambridge University Press, 2003,
    section 6.5. Marra G, Wood SN. Scandinavian Journal of Statistics 2012; 39: 53-74. Directions and
    lengths: Genz A, Bretz F. Computation of multivariate normal and t probabilities. Springer, 2009.
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2, f

    _refuse(level, draws, degrees)
    shape = standardised(np.asarray(contrasts, dtype=float), np.asarray(covariance, dtype=float))
    rank = shape.shape[1]
    reach = _reach(shape, draws, seed)

    def missed(factor: float) -> float:
        squares = (factor / reach) ** 2
        beyond = chi2.sf(squares, rank) if np.isinf(degrees) else f.sf(squares / rank, rank, degrees)
        return float(beyond.mean() - (1 - level))

    one = np.sqrt(chi2.isf(1 - level, 1) if np.isinf(degrees) else f.isf(1 - level, 1, degrees))
    if rank == 1:
        return float(one)
    # What holds every contrast there could be (Scheffe) holds these, whatever directions were drawn.
    most = np.sqrt(chi2.isf(1 - level, rank) if np.isinf(degrees) else rank * f.isf(1 - level, rank, degrees))
    return float(max(one, brentq(missed, 1e-9, 1.001 * most, xtol=1e-12, rtol=1e-13)))


def standardised(contrasts: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return rows of unit length whose inner products are the correlations of the contrasts.

    Parameters
    ----------
    contrasts : array of float, shape (g, k)
        One row per estimate.
    covariance : array of float, shape (k, k)
        Symmetric, no eigenvalue below 0.

    Returns
    -------
    array of float, shape (h, r)
        Rows for the h contrasts that have a variance; r is the rank of their covariance.

    Raises
    ------
    BadParameter
        If shapes differ.
    BadValue
        If something is missing or infinite, or a variance is negative.
    NotEstimable
        If no contrast has any variance.
    """
    root = square_root(covariance)
    if contrasts.ndim != 2 or contrasts.shape[1] != len(root):
        raise BadParameter(
            f"contrasts of shape {contrasts.shape} do not fit {len(root)} estimates",
            where="contrasts",
            spoiled="An estimate would be multiplied by another's contrast.",
            todo="Give one row per point and one column per estimate.",
        )
    if not np.isfinite(contrasts).all():
        raise BadValue(
            "a contrast is missing or infinite",
            where="contrasts",
            spoiled="The band would be missing or infinite everywhere.",
            todo="Leave such points out.",
        )
    rows = contrasts @ root
    sizes = np.linalg.norm(rows, axis=1)
    felt = sizes > 1e-10 * sizes.max(initial=0.0)
    if not felt.any():
        raise NotEstimable(
            "no contrast has any variance",
            where="contrasts",
            spoiled="A band of no width would look like certainty.",
            todo="Give points other than the reference, and the covariance of the estimates.",
        )
    _, spread, turned = np.linalg.svd(rows[felt] / sizes[felt, None], full_matrices=False)
    kept = spread > 1e-8 * spread[0]
    out = (rows[felt] / sizes[felt, None]) @ turned[kept].T
    return np.asarray(out / np.linalg.norm(out, axis=1)[:, None])


def square_root(covariance: np.ndarray) -> np.ndarray:
    """Return a matrix that times its transpose is the covariance.

    Parameters
    ----------
    covariance : array of float, shape (k, k)
        Symmetric, no eigenvalue below 0 beyond rounding.

    Returns
    -------
    array of float, shape (k, k)

    Raises
    ------
    BadValue
        If it is not such a matrix.
    """
    usable = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1] and np.isfinite(covariance).all()
    if usable:
        # On the scale of correlations: a year and a count of animals have variances of very different size.
        sizes = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
        sizes = np.where(sizes > 0, sizes, 1.0)
        scaled = covariance / np.outer(sizes, sizes)
        usable = bool(np.allclose(scaled, scaled.T, atol=1e-8))
    if usable:
        spread, turn = np.linalg.eigh((scaled + scaled.T) / 2)
        usable = spread[0] > -1e-8
    if not usable:
        raise BadValue(
            "the covariance is not a symmetric matrix of finite numbers without negative variances",
            where="covariance",
            spoiled="Every interval made from it would be wrong.",
            todo="Give the covariance as the fit returned it.",
        )
    return np.asarray(sizes[:, None] * turn * np.sqrt(np.maximum(spread, 0.0)))


def _reach(shape: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return, for each drawn direction, the largest of the contrasts along it."""
    source, many, rank = np.random.default_rng(seed), len(shape), shape.shape[1]
    block = max(1, 4_000_000 // many)
    out = []
    for start in range(0, draws, block):
        direction = source.standard_normal((min(block, draws - start), rank))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        out.append(np.abs(direction @ shape.T).max(axis=1))
    return np.concatenate(out)


def _refuse(level: float, draws: int, degrees: float) -> None:
    whole = isinstance(draws, (int, np.integer)) and draws >= 1
    if not (0 < level < 1 and whole and degrees > 0):
        raise BadParameter(
            f"level {level!r}, draws {draws!r} and degrees {degrees!r} make no band",
            where="simultaneous_factor",
            spoiled="The band would hold anything, or nothing.",
            todo="Use a level between 0 and 1, at least one draw, and degrees of freedom above 0.",
        )
