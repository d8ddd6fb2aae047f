"""Whether what a model leaves of one period is like what it leaves of the next."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def autocorrelations(residuals: Array, place: Array, lags: int) -> Array:
    """Return the correlation of residuals with those 1 to `lags` periods before, shape (lags,).

    Parameters
    ----------
    residuals : array of float, shape (T,)
        One per period that has one.
    place : array of int, shape (T,)
        Its period, from 0 on: those without a residual leave a gap, and no pair across it is taken for neighbours.
    lags : int
        How many.

    Notes
    -----
    As is usual, products are summed over all pairs and divided by the sum of squares over all periods.
    """
    centred = residuals - residuals.mean()
    series = np.zeros(int(place.max()) + 1)
    series[place] = centred
    total = float(centred @ centred)
    return np.array([series[each:] @ series[: len(series) - each] / total for each in range(1, lags + 1)])


def ljung_box(residuals: Array, place: Array, lags: int) -> tuple[float, float]:
    """Test jointly that residuals have no correlation with those 1 to `lags` periods before.

    Parameters
    ----------
    residuals, place, lags
        As :func:`autocorrelations`.

    Returns
    -------
    statistic, p_value : float
        By the chi-squared distribution with `lags` degrees of freedom: estimates of the model are not counted.

    References
    ----------
    Ljung GM, Box GEP. On a measure of lack of fit in time series models. Biometrika 1978; 65: 297-303.
    """
    from scipy.stats import chi2

    count = len(residuals)
    found = autocorrelations(residuals, place, lags)
    statistic = count * (count + 2) * float(np.sum(found**2 / (count - np.arange(1, lags + 1))))
    return statistic, float(chi2.sf(statistic, lags))
