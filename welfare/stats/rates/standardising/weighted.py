"""Limits of a weighted sum of Poisson counts by the gamma distribution: what a directly standardised rate is."""

from __future__ import annotations

import numpy as np


def gamma_limits(
    counts: np.ndarray, weights: np.ndarray, level: float, *, modified: bool = False
) -> tuple[float, float]:
    """Return limits of the sum of weights times counts.

    Parameters
    ----------
    counts : array of float, shape (k,)
        Events of each stratum.
    weights : array of float, shape (k,)
        What one event adds to the rate: the stratum's share of the standard over its exposure; above zero.
    level : float
        Coverage: at least, in every case tried, by Fay and Feuer; nearly, modified.
    modified : bool
        Take the mean weight for the unseen event of the upper limit, and the mean of the squares for its variance,
        rather than the largest weight: shorter intervals (Tiwari, Clegg and Zou).

    Returns
    -------
    low, high : float
        Zero without events.

    References
    ----------
    Fay MP, Feuer EJ. Statistics in Medicine 1997; 16: 791-801. Tiwari RC, Clegg LX, Zou Z. Statistical Methods in
    Medical Research 2006; 15: 547-569.
    """
    mean, variance = float(weights @ counts), float(weights**2 @ counts)
    tail = (1 - level) / 2
    unseen, square = (weights.mean(), (weights**2).mean()) if modified else (weights.max(), float(weights.max()) ** 2)
    low = _gamma_quantile(tail, mean, variance) if mean > 0 else 0.0
    return low, _gamma_quantile(1 - tail, mean + float(unseen), variance + float(square))


def _gamma_quantile(share: float, mean: float, variance: float) -> float:
    from scipy.special import gammaincinv

    return float(gammaincinv(mean**2 / variance, share)) * variance / mean
