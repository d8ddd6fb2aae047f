"""What counts do where no practice matters: units differ, rows of a unit differ, and chance does the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.patterns.profiles.shrinkage import fit_spread


@dataclass(frozen=True)
class Unevenness:
    """How true ratios of observed to expected vary for reasons that no condition holds.

    Attributes
    ----------
    between : float
        Variance of the ratio between units (facilities), relative to its mean; 0 if chance alone explains it.
    within : float
        Variance of the ratio between rows of one unit, about the unit's own.
    """

    between: float
    within: float


def unevenness(observed: np.ndarray, expected: np.ndarray, unit: np.ndarray) -> Unevenness:
    """Measure how much units differ, and rows within them, beyond chance.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Counts, and expected counts above zero.
    unit : array of int, shape (n,)
        Number of each row's unit, from 0.

    Returns
    -------
    Unevenness

    Notes
    -----
    Within: by moments. Given its unit's total O, a row with share p of what was expected there has a squared
    residual of mean O p (1 - p) by chance, and v O (O - 1) p^2 (1 - 2p + sum of squared shares) more where rows differ
    with variance v. Between: maximum likelihood of the totals (negative binomial), less what the rows give them.
    """
    totals = np.bincount(unit, observed), np.bincount(unit, expected)
    share = expected / totals[1][unit]
    squares = np.bincount(unit, share**2)
    within = _within(observed, totals[0][unit], share, squares[unit])
    shape = fit_spread(*totals).shape
    from_rows = within * float(np.average(squares, weights=totals[1]))
    return Unevenness(max(0.0, 1 / shape - from_rows), within)


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
        Of the true ratios: gamma-distributed between units, and between rows within them, drawn anew each time.
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
        means = means * _ratios(spread.between, (many, int(unit.max()) + 1), rng)[:, unit]
    if spread.within > 0:
        means = means * _ratios(spread.within, means.shape, rng)
    means = means + expected * 1e-100  # where a gamma this skewed gave nothing but zeros
    return rng.multinomial(total, means / means.sum(axis=1, keepdims=True))


def _ratios(variance: float, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.standard_gamma(1 / variance, size) * variance


__all__ = ["Unevenness", "random_counts", "unevenness", "weights"]
