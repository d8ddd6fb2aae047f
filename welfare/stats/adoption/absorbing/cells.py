"""Cells of cohort and period, and effects by cell with a reason for each row and each cell that has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.adoption.arrays import Adoption, Effects

Array = np.ndarray

ALONE = (
    " Where the treated or the untreated units of a comparison are of one cluster, what is particular to it passes for "
    "the effect, and no error can be seen: none is given."
)


@dataclass(frozen=True)
class Explained(Effects):
    """Effects by cohort and period, and why some rows and cells gave none.

    Attributes
    ----------
    row_reason : array of str, shape (n,)
        Why a row of the `Adoption` was not used; empty for rows that were.
    cell_reason : array of str, shape (m,)
        Why a cell has no estimate; empty for cells that have one.
    alone : array of bool, shape (m,)
        Whether a cell's treated rows, or those it is compared with, are of one cluster: its error then cannot be read
        from their spread.
    """

    row_reason: Array
    cell_reason: Array
    alone: Array


@dataclass(frozen=True)
class Cells:
    """The cells that some rows fall in.

    Attributes
    ----------
    code : array of int, shape (n,)
        Cell of each row; -1 for rows of none.
    cohort, period : array of int, shape (m,)
        Of each cell; sorted by cohort, then period.
    """

    code: Array
    cohort: Array
    period: Array

    @property
    def many(self) -> int:
        """How many cells there are."""
        return len(self.cohort)

    def count(self, rows: Array) -> Array:
        """Return how many of some rows (a mask) are in each cell, shape (m,)."""
        return np.bincount(self.code[rows & (self.code >= 0)], minlength=self.many)

    def reasons(self, weight: Array, row_reason: Array) -> Array:
        """Return, for cells of no weight, the reason that most of their rows have; empty for others; shape (m,)."""
        out = np.full(self.many, "", dtype=object)
        for at in np.flatnonzero(weight == 0):
            found, many = np.unique(row_reason[self.code == at].astype(str), return_counts=True)
            out[at] = str(found[many.argmax()]) if len(found) else "no row"
        return out

    def sums(self, rows: Array, values: Array) -> Array:
        """Return values, one for each row in a mask, summed by cell, shape (m,)."""
        return np.bincount(self.code[rows], values, self.many)


def cells_of(adoption: Adoption, rows: Array) -> Cells:
    """Return the cells of cohort and period of some rows, all of treated units.

    Parameters
    ----------
    adoption : Adoption
    rows : array of bool, shape (n,)
    """
    many = len(adoption.periods)
    key = adoption.cohort[adoption.unit[rows]] * many + adoption.period[rows]
    found, place = np.unique(key, return_inverse=True)
    code = np.full(len(rows), -1)
    code[rows] = place
    return Cells(code, found // many, found % many)


def refuse_few_clusters(adoption: Adoption, rows: Array) -> int:
    """Return how many clusters some rows (a mask) are of, and refuse fewer than two.

    Raises
    ------
    NotEstimable
        If the rows are all of one cluster.
    """
    many = len(np.unique(adoption.cluster[adoption.unit[rows]]))
    if many < 2:
        raise NotEstimable(
            "the rows that can be used are all of one cluster" if many else "no row can be used",
            where="event_study",
            spoiled="Without others to compare it with, nothing can be said of error.",
            todo="Bring more units, or cluster by something finer.",
        )
    return many


def by_cluster(adoption: Adoption, rows: Array, cells: Cells, values: Array) -> Array:
    """Return values of the rows in a mask, summed by cluster and cell, shape (C, m)."""
    cluster = adoption.cluster[adoption.unit[rows]]
    both = cluster * cells.many + cells.code[rows]
    sums = np.bincount(both, values, adoption.clusters * cells.many)
    return np.asarray(sums.reshape(adoption.clusters, cells.many))


def one_cluster(adoption: Adoption, rows: Array, cells: Cells) -> Array:
    """Return which cells have treated rows of one cluster alone, shape (m,): they cannot vary about their own mean."""
    return (by_cluster(adoption, rows, cells, np.ones(int(rows.sum()))) > 0).sum(axis=0) == 1


def unseen(covariance: Array, alone: Array) -> Array:
    """Return a covariance, shape (m, m), missing where one cluster is all there is on a side: it shows no spread."""
    out = covariance.copy()
    out[alone] = out[:, alone] = np.nan
    return out


def small_sample(clusters: int, rows: int, estimates: int, units: int) -> float:
    """Return what a clustered covariance is multiplied by: G / (G - 1) x (n - 1) / (n - K), as fixest has it.

    Parameters
    ----------
    clusters, rows : int
    estimates : int
        The constant and all estimates but the effects of units, which lie within clusters.
    units : int

    Raises
    ------
    NotEstimable
        If there are not more rows than estimates, those of units included.
    """
    if rows < estimates + units:
        raise NotEstimable(
            f"{rows:,} rows for {estimates + units - 1:,} estimates",
            where="event_study",
            spoiled="The model would fit every row, and show no error.",
            todo="Bring more units, or use method='callaway_santanna'.",
        )
    return clusters / (clusters - 1) * (rows - 1) / (rows - estimates)


def blanked(influence: Array, cell_reason: Array) -> tuple[Array, Array]:
    """Return influence and covariance with cells that have a reason missing, shapes (C, m) and (m, m)."""
    influence[:, cell_reason != ""] = np.nan
    return influence, influence.T @ influence
