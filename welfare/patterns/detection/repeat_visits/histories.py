"""What repeat visits recorded, in arrays by facility and by visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import ANY, COUNT, LABEL, usable_rows
from welfare.patterns.detection.design import Terms, terms_of

FEWEST = 5


@dataclass(frozen=True)
class Histories:
    """Visits in order of their facility, and within it of their date; n visits, R facilities.

    Attributes
    ----------
    facilities : array of str, shape (R,)
    site : array of int, shape (n,)
        Facility of each visit, numbered from 0.
    counts : array of float, shape (n,)
        What each visit recorded.
    sites, visits : Terms
        Columns of the facilities' and of the visits' model.
    dropped : DataFrame
        Columns row, reason.
    dated : bool
        Whether visits were put in order by a date; if not, they are in the order of the input.
    """

    facilities: np.ndarray
    site: np.ndarray
    counts: np.ndarray
    sites: Terms
    visits: Terms
    dropped: pd.DataFrame
    dated: bool

    @property
    def times(self) -> np.ndarray:
        """Number of visits to each facility, shape (R,)."""
        return np.bincount(self.site, minlength=len(self.facilities))

    def by_site(self, rows: np.ndarray) -> np.ndarray:
        """Return sums by facility, shape (R,), of something by visit."""
        return np.bincount(self.site, rows, minlength=len(self.facilities))


def histories_of(
    visits: pd.DataFrame,
    *,
    facility: str,
    found: str,
    period: str | None,
    of_facility: Sequence[str],
    of_visit: Sequence[str],
    where: str,
) -> Histories:
    """Read repeat visits.

    Parameters
    ----------
    visits : DataFrame
        One row per visit.
    facility, found, period : str
        Columns: the facility, what was recorded, when (or None).
    of_facility, of_visit : sequence of str
        Columns that the two models hold; those of the facility must not change between its visits.
    where : str
        For errors.

    Raises
    ------
    BadParameter, BadValue, NotEstimable
        See :func:`occupancy`.
    """
    named = {column: (column, ANY) for column in (*of_facility, *of_visit)}
    wanted = {" facility": (facility, LABEL), " found": (found, COUNT), " period": (period, LABEL), **named}
    rows, dropped = usable_rows(visits, wanted, where)
    rows[" facility"] = rows[" facility"].astype("str")
    order = [" facility"] if period is None else [" facility", " period"]
    rows = rows.sort_values(order, kind="stable")
    facilities, site = np.unique(rows[" facility"].to_numpy(dtype=object), return_inverse=True)
    if np.bincount(site).max() < 2:
        raise NotEstimable(
            "no facility was visited twice",
            where=where,
            spoiled="A problem that is not there and one that is not recorded look alike on a single visit.",
            todo="Bring repeat visits to the same facilities.",
        )
    if len(facilities) < FEWEST:
        raise NotEstimable(
            f"visits are to {len(facilities)} facilit{'y' if len(facilities) == 1 else 'ies'}",
            where=where,
            spoiled="A share of so few facilities would be a guess.",
            todo=f"Bring visits to {FEWEST} or more.",
        )
    first = rows.drop_duplicates(" facility")
    for column in of_facility:
        if len(rows[[" facility", column]].drop_duplicates()) > len(facilities):
            raise BadParameter(
                f"{column} changes between visits to one facility",
                where=where,
                spoiled="The problem is taken to be there throughout or not at all, so what it depends on must stay.",
                todo=f"Give one value per facility, or let {column} enter the chance of recording.",
            )
    return Histories(
        facilities=facilities,
        site=site,
        counts=rows[" found"].to_numpy(dtype=float),
        sites=terms_of(first, of_facility, where),
        visits=terms_of(rows, of_visit, where),
        dropped=dropped,
        dated=period is not None,
    )


__all__ = ["Histories", "histories_of"]
