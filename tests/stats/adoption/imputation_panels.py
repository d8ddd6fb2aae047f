"""Simulated panels with planted effects, and averages of effects, for the tests of imputed and saturated models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.stats.adoption.naive_panels import REFEREE, arrays
from welfare.stats.adoption.arrays import Adoption, Effects

ESTIMATES = REFEREE / "adoption_models_estimates.csv"


def farms(outcome: str, **options: object) -> Adoption:
    """Return the simulated farms that diff-diff and pyfixest were given."""
    return arrays(farm_rows(), outcome, "farm", "year", "cohort", **options)


def farm_rows() -> pd.DataFrame:
    return pd.read_csv(REFEREE / "adoption_models_panel.csv")


def planted(period: np.ndarray, cohort: np.ndarray) -> np.ndarray:
    """Return the effect of a cohort in a period: later cohorts gain less, and all gain with time."""
    since = period - cohort
    return np.where(since >= 0, 0.5 - 0.06 * cohort + 0.08 * since, 0.0)


def simulated(
    seed: int, *, units: int = 400, rate: float = 2.0, share: float = 0.9, counts: bool = False, steady: bool = False
) -> Adoption:
    """Return a panel with holes whose effects are :func:`planted` (0.3 throughout if `steady`).

    `rate` is what a unit of exposure meets on average; `share` is how many rows are there.
    """
    source = np.random.default_rng(seed)
    periods, cohorts = 8, np.array([2, 4, 5, 8])
    cohort = cohorts[np.arange(units) % 4]
    unit, period = np.nonzero(source.uniform(size=(units, periods)) < share)
    level = source.normal(0, 0.5, units) + 0.1 * (cohort < 8)  # those treated differ, as they may
    x = source.normal(0, 1, len(unit))
    size = source.uniform(0.5, 2, len(unit))
    effect = np.where(period >= cohort[unit], 0.3, 0.0) if steady else planted(period, cohort[unit])
    linear = level[unit] + source.normal(0, 0.2, periods)[period] + 0.3 * x + effect
    noise = source.normal(0, 0.5, len(unit))
    outcome = source.poisson(rate * size * np.exp(linear)) if counts else linear + noise
    return Adoption(
        outcome=outcome.astype(float),
        exposure=size if counts else None,
        unit=unit,
        period=period,
        periods=np.arange(periods),
        cohort=cohort,
        cluster=np.arange(units),
        covariates=x[:, None],
        labels=pd.Index(np.arange(periods) + 2010),
    )


def average(found: Effects, cells: np.ndarray) -> tuple[float, float]:
    """Return the average over some cells by rows, and its error."""
    weights = np.where(cells, found.weight, 0.0)
    weights = weights / weights.sum()
    used = weights > 0
    variance = weights[used] @ found.covariance[np.ix_(used, used)] @ weights[used]
    return float(weights[used] @ found.estimate[used]), float(np.sqrt(variance))


def horizon(adoption: Adoption, found: Effects) -> np.ndarray:
    return adoption.periods[found.period] - adoption.periods[found.cohort]


def off(found: Effects, truth: np.ndarray) -> np.ndarray:
    """Return how many errors each estimate is from the truth."""
    return (found.estimate - truth) / np.sqrt(np.diag(found.covariance))
