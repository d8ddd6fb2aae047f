"""Units that adopt a change at different dates, as plain arrays: what each estimator of its effects takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

Array = np.ndarray


@dataclass(frozen=True)
class Adoption:
    """One row per unit and period, n rows, U units, T periods.

    Attributes
    ----------
    outcome : array of float, shape (n,)
        Without missing values.
    exposure : array of float, shape (n,), or None
        What counts were made over, above 0 (Poisson); None where there is none.
    unit : array of int, shape (n,)
        Codes from 0 to U - 1. No unit has two rows of one period; not every unit need have every period.
    period : array of int, shape (n,)
        Places in `periods`.
    periods : array of int, shape (T,)
        Periods in whole steps (years, quarters since some start), ascending; gaps are gaps.
    cohort : array of int, shape (U,)
        Place in `periods` of the first treated period of each unit, at least 1; T for units never treated.
    cluster : array of int, shape (U,)
        Codes from 0 on of what each unit belongs to; the unit itself where nothing coarser was named.
    covariates : array of float, shape (n, k)
        Without the constant; k may be 0.
    labels : Index of T labels
        The periods as the frame has them, for tables and words.
    """

    outcome: Array
    exposure: Array | None
    unit: Array
    period: Array
    periods: Array
    cohort: Array
    cluster: Array
    covariates: Array
    labels: pd.Index

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.cohort)

    @property
    def never(self) -> int:
        """Return the cohort code of units that are never treated."""
        return len(self.periods)

    @cached_property
    def cohorts(self) -> Array:
        """Cohort codes of those ever treated, ascending."""
        return np.unique(self.cohort[self.cohort < self.never])

    @cached_property
    def horizon(self) -> Array:
        """Steps since the first treated period, by row, negative before; the periods' own spacing, not their places.

        Meaningless for units never treated, where it is 0.
        """
        treated = self.cohort[self.unit] < self.never
        start = self.periods[np.where(treated, self.cohort[self.unit], 0)]
        return np.where(treated, self.periods[self.period] - start, 0)

    @cached_property
    def treated(self) -> Array:
        """Whether each row is of a treated unit, from its first treated period on."""
        return self.period >= self.cohort[self.unit]

    def clusters_of(self, units: Array) -> int:
        """Return how many clusters some units (a mask, or their codes) belong to."""
        return int(np.count_nonzero(np.bincount(self.cluster[units])))

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster.max()) + 1


@dataclass(frozen=True)
class Effects:
    """Effects by cohort and period, m of them, and what they owe to each cluster.

    Attributes
    ----------
    cohort, period : array of int, shape (m,)
        Places in `Adoption.periods`; sorted by cohort, then period.
    estimate : array of float, shape (m,)
        Differences; logarithms of ratios where the model is multiplicative. Missing where it cannot be estimated.
    covariance : array of float, shape (m, m)
        Of the estimates, clustered; missing in the rows and columns of what cannot be estimated.
    weight : array of float, shape (m,)
        Treated rows that an effect is an average over (units, mostly), for averages over cohorts.
    influence : array of float, shape (C, m), or None
        What each cluster adds to each estimate: influence' @ influence is `covariance`. None where the estimator has
        none.
    words : str
        How errors were made, in a sentence.
    """

    cohort: Array
    period: Array
    estimate: Array
    covariance: Array
    weight: Array
    influence: Array | None
    words: str


def sum_by_cluster(influence: Array, adoption: Adoption) -> Array:
    """Add up what units add to estimates, shape (U, k), by cluster, shape (C, k).

    As it is where each unit stands alone; where units belong together, times the root of C / (C - 1), without which the
    errors of few clusters would be too small.
    """
    count = adoption.clusters
    if count == adoption.units:
        return influence
    order = np.argsort(adoption.cluster, kind="stable")
    starts = np.searchsorted(adoption.cluster[order], np.arange(count))
    return np.asarray(np.add.reduceat(influence[order], starts, axis=0) * np.sqrt(count / (count - 1)))
