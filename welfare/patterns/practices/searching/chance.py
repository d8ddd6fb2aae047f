"""What counts do where no practice matters: units differ, rows of a unit differ, and chance does the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.patterns.profiles.shrinkage import fit_spread

_GRID, _STEPS, _SETTLED = 80, 400, 1e-7


@dataclass(frozen=True)
class Unevenness:
    """How true ratios of observed to expected vary for reasons that no condition holds.

    Attributes
    ----------
    between : float
        Variance of the ratio between units (facilities), relative to its mean; 0 if chance alone explains it.
    within : float
        Variance of the ratio between rows of one unit, about the unit's own: a gamma distribution.
    ratios, shares : tuple of float
        Ratios between units, of mean 1, and the share of units that has each; empty for a gamma distribution.
    """

    between: float
    within: float
    ratios: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


def unevenness(observed: np.ndarray, expected: np.ndarray, unit: np.ndarray, *, gamma: bool = False) -> Unevenness:
    """Measure how much units differ, and rows within them, beyond chance.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    unit : array of int, shape (n,)
        Number of each row's unit, from 0.
    gamma : bool
        Whether to take the ratios between units as gamma-distributed; else as they come.

    Returns
    -------
    Unevenness

    Notes
    -----
    Within: by moments. Given its unit's total O, a row with share p of what was expected there has a squared
    residual of mean O p (1 - p) by chance, and v O (O - 1) p^2 (1 - 2p + sum of squared shares) more where rows differ
    with variance v. Between: maximum likelihood of the totals, less what the rows give them, over gamma distributions
    (negative binomial), or over all distributions of ratios (Laird's): a few facilities far beyond the others stay
    so, where a gamma distribution would think them impossible.

    References
    ----------
    Laird N. Nonparametric maximum likelihood estimation of a mixing distribution. JASA 1978; 73: 805-811.
    """
    totals = np.bincount(unit, observed), np.bincount(unit, expected)
    share = expected / totals[1][unit]
    squares = np.bincount(unit, share**2)
    within = _within(observed, totals[0][unit], share, squares[unit])
    shape = fit_spread(*totals).shape
    between = max(0.0, 1 / shape - within * float(np.average(squares, weights=totals[1])))
    if gamma or between == 0:
        return Unevenness(between, within)
    ratios, shares = _mixture(*totals, within * squares)
    return Unevenness(float(shares @ ratios**2) - 1, within, tuple(ratios.tolist()), tuple(shares.tolist()))


def _mixture(observed: np.ndarray, expected: np.ndarray, from_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ratios of mean 1 and their shares: maximum likelihood over all distributions, on a grid."""
    seen = observed / expected
    grid = np.geomspace(max(1e-3 * seen.mean(), 1e-9), seen.max() * 1.05, _GRID)
    likelihood = np.exp(_log_likelihood(observed[:, None], expected[:, None] * grid, from_rows[:, None]))
    likelihood /= likelihood.max(axis=1, keepdims=True)
    shares = np.full(_GRID, 1 / _GRID)
    for _ in range(_STEPS):
        step = likelihood / (likelihood @ shares)[:, None]
        after = shares * step.mean(axis=0)
        done = np.abs(after - shares).max() < _SETTLED
        shares = after
        if done:
            break
    shares = shares / shares.sum()
    kept = shares > 1e-9
    grid, shares = grid[kept], shares[kept] / shares[kept].sum()
    return grid / float(grid @ shares), shares


def _log_likelihood(observed: np.ndarray, mean: np.ndarray, from_rows: np.ndarray) -> np.ndarray:
    """Return log likelihoods up to a constant by count: Poisson, or negative binomial where rows differ."""
    if not from_rows.any():
        log = observed * np.log(mean) - mean
    else:
        shape = 1 / from_rows
        log = observed * np.log(mean / (mean + shape)) + shape * np.log(shape / (mean + shape))
    return np.asarray(log - log.max(axis=1, keepdims=True))


def _within(observed: np.ndarray, total: np.ndarray, share: np.ndarray, squares: np.ndarray) -> float:
    told = (total > 1) & (share < 1 - 1e-12)
    total, share = total[told], share[told]
    # Each squared residual over its size by chance, as in Pearson's statistic: large units do not outweigh the rest.
    beyond = (observed[told] - total * share) ** 2 / (total * share) - (1 - share)
    weight = (total - 1) * share * (1 - 2 * share + squares[told])
    return max(0.0, float(beyond.sum() / weight.sum())) if weight.sum() > 0 else 0.0


def weights(expected: np.ndarray, unit: np.ndarray, spread: Unevenness) -> np.ndarray:
    """Return what each row's count weighs in the search: less, the more of its variance is not chance.

    Parameters
    ----------
    expected : array, shape (n,)
        Expected counts.
    unit : array of int, shape (n,)
        Number of each row's unit.
    spread : Unevenness
        Of the true ratios.

    Returns
    -------
    array, shape (n,)
        1 without unevenness. A unit with expected count E and a variance b of its ratio has a count of variance
        E (1 + b E); at a weight of 1 / (1 + b E) its weighted count has its weighted mean for variance, as a Poisson
        count has, and Poisson's likelihood ratio orders subsets by how unusual they are.
    """
    return np.asarray(1 / (1 + spread.between * np.bincount(unit, expected)[unit] + spread.within * expected))


def random_counts(
    expected: np.ndarray, unit: np.ndarray, spread: Unevenness, total: int, many: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw counts as they would be if no condition mattered, with the total that was seen.

    Parameters
    ----------
    expected : array, shape (n,)
        Expected counts; only their shares count.
    unit : array of int, shape (n,)
        Number of each row's unit.
    spread : Unevenness
        Of the true ratios, between units and between rows within them, drawn anew each time.
    total : int
        Sum of the counts.
    many : int
        Sets of counts.
    rng : Generator
        What draws.

    Returns
    -------
    array of int, shape (many, n)
    """
    if spread.between == 0 and spread.within == 0:
        return rng.multinomial(total, expected / expected.sum(), size=many)
    means = np.broadcast_to(expected, (many, len(expected)))
    if spread.between > 0:
        size = (many, int(unit.max()) + 1)
        drawn = rng.choice(spread.ratios, size, p=spread.shares) if spread.ratios else _gamma(spread.between, size, rng)
        means = means * drawn[:, unit]
    if spread.within > 0:
        means = means * _gamma(spread.within, means.shape, rng)
    means = means + expected * 1e-100  # where a gamma this skewed gave nothing but zeros
    return rng.multinomial(total, means / means.sum(axis=1, keepdims=True))


def _gamma(variance: float, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.standard_gamma(1 / variance, size) * variance


__all__ = ["Unevenness", "random_counts", "unevenness", "weights"]
