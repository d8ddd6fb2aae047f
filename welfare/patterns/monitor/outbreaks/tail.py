"""How rare a count is beside its prediction, and from which count on it raises an alarm."""

from __future__ import annotations

import numpy as np

_ADDED_UP = 1e-9  # a smaller chance is lost in the rounding of probabilities that are added up from 0


def rarity(counts: np.ndarray, expected: np.ndarray, error: np.ndarray, phi: np.ndarray, threshold: str) -> np.ndarray:
    """Return the chance of a count as high or higher.

    Parameters
    ----------
    counts, expected, error, phi : array of float, of one shape
        Counts; their predictions, above 0; standard error of the logarithms of those; dispersion, 1 or more.
    threshold : {"nb", "nb_plugin", "power"}
        Form of the tail; see :class:`~welfare.patterns.monitor.outbreaks.baseline.Baseline`.
    """
    from scipy.stats import nbinom, norm, poisson

    if threshold == "power":
        middle, spread = _power(expected, error, phi)
        return norm.sf(counts ** (2 / 3), middle, spread)
    total = _total(expected, error, phi, threshold)
    out = poisson.sf(counts - 1, expected)
    wide = total > 1 + 1e-9
    out[wide] = nbinom.sf(counts[wide] - 1, expected[wide] / (total[wide] - 1), 1 / total[wide])
    return out


def upper(expected: np.ndarray, error: np.ndarray, phi: np.ndarray, alpha: float, threshold: str) -> np.ndarray:
    """Return the highest count that raises no alarm, `alpha` being the chance of a higher one.

    Parameters
    ----------
    expected, error, phi, threshold
        See :func:`rarity`.
    alpha : float
        Chance of a false alarm in one period.
    """
    from scipy.stats import nbinom, norm, poisson

    if threshold == "power":
        middle, spread = _power(expected, error, phi)
        return np.maximum(middle + norm.isf(alpha) * spread, 0) ** 1.5
    total = _total(expected, error, phi, threshold)
    out = np.full(len(expected), np.nan)
    if alpha > _ADDED_UP:
        from welfare.patterns.monitor.outbreaks.quantile import highest_ordinary

        out = highest_ordinary(expected, total, alpha)
    wide, left = total > 1 + 1e-9, np.isnan(out)
    here = left & ~wide
    out[here] = poisson.isf(alpha, expected[here])
    here = left & wide
    out[here] = nbinom.isf(alpha, expected[here] / (total[here] - 1), 1 / total[here])
    return out


def _total(expected: np.ndarray, error: np.ndarray, phi: np.ndarray, threshold: str) -> np.ndarray:
    """Return variance over mean: of counts, and of the prediction."""
    return phi + (expected * error**2 if threshold == "nb" else 0.0)


def _power(expected: np.ndarray, error: np.ndarray, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = _total(expected, error, phi, "nb")
    return expected ** (2 / 3), np.sqrt(4 / 9 * expected ** (1 / 3) * total)


__all__ = ["rarity", "upper"]
