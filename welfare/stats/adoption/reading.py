"""Effects by cohort and period as tables: intervals, averages by steps since adoption, the band for all at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.aggregate import Averages
from welfare.stats.adoption.arrays import Adoption, Array
from welfare.stats.doubt.reach import p_values, reach_of

_DRAWS = 4_000  # directions: each is integrated exactly, so that the factor is good to three digits


def errors_of(covariance: Array) -> Array:
    """Return standard errors; what is not known, and what has no variance at all, is missing, never certain."""
    variance = np.diag(covariance)
    return np.sqrt(np.where(variance > 0, variance, np.nan))


def cells(adoption: Adoption, effects: Explained, *, degrees: float, ratio: bool) -> pd.DataFrame:
    """Return the table of effects.

    Parameters
    ----------
    adoption : Adoption
    effects : Explained
    degrees : float
        Of Student's t.
    ratio : bool
        Whether estimates are logarithms of ratios.

    Returns
    -------
    DataFrame
        Columns cohort, time, estimate, std_error, low, high, p_value, horizon, weight, reason; with a ratio also ratio,
        ratio_low, ratio_high.
    """
    error = errors_of(effects.covariance)
    reach = reach_of(degrees) * error
    table = pd.DataFrame(
        {
            "cohort": adoption.labels[effects.cohort],
            "time": adoption.labels[effects.period],
            "estimate": effects.estimate,
            "std_error": error,
            "low": effects.estimate - reach,
            "high": effects.estimate + reach,
            "p_value": p_values(effects.estimate, error, degrees),
            "horizon": adoption.periods[effects.period] - adoption.periods[effects.cohort],
            "weight": effects.weight,
            "reason": pd.Series(effects.cell_reason, dtype="str"),
        }
    )
    return with_ratios(table) if ratio else table


def horizons(averages: Averages, *, degrees: float, ratio: bool, seed: int) -> pd.DataFrame:
    """Return averages by steps since adoption, with the band that holds all of them at once.

    Parameters
    ----------
    averages : Averages
    degrees : float
        Of Student's t.
    ratio : bool
        Whether estimates are logarithms of ratios.
    seed : int
        Of the band's simulated factor.

    Returns
    -------
    DataFrame
        Columns horizon, estimate, std_error, low, high, low_simultaneous, high_simultaneous, p_value, cohorts; with a
        ratio also ratio, ratio_low, ratio_high.
    """
    from welfare.stats.splines.bands import simultaneous_factor

    error = errors_of(averages.covariance)
    known = ~np.isnan(error)
    wide = np.nan
    if known.any():
        within = averages.covariance[np.ix_(known, known)]
        wide = simultaneous_factor(np.eye(int(known.sum())), within, draws=_DRAWS, seed=seed, degrees=degrees)
    reach = reach_of(degrees)
    table = pd.DataFrame(
        {
            "horizon": averages.step,
            "estimate": averages.estimate,
            "std_error": error,
            "low": averages.estimate - reach * error,
            "high": averages.estimate + reach * error,
            "low_simultaneous": averages.estimate - wide * error,
            "high_simultaneous": averages.estimate + wide * error,
            "p_value": p_values(averages.estimate, error, degrees),
            "cohorts": averages.cohorts,
        }
    )
    return with_ratios(table) if ratio else table


def averaged(estimate: float, std_error: float, *, degrees: float, ratio: bool) -> pd.Series:
    """Return one average with its interval: estimate, std_error, low, high, p_value, and the ratios where asked.

    Parameters
    ----------
    estimate, std_error : float
        An error of zero is not known rather than certain.
    degrees : float
        Of Student's t.
    ratio : bool
        Whether the estimate is the logarithm of a ratio.
    """
    error = std_error if std_error > 0 else np.nan
    reach = reach_of(degrees) * error
    p_value = p_values(np.array([estimate]), np.array([error]), degrees)
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "low": estimate - reach,
            "high": estimate + reach,
            "p_value": p_value,
        }
    )
    return (with_ratios(table) if ratio else table).iloc[0].rename(None)


def with_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Add what the logarithms estimate, low and high stand for: ratio, ratio_low, ratio_high."""
    with np.errstate(over="ignore"):
        return table.assign(
            ratio=np.exp(table["estimate"]), ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"])
        )
