"""How often each facility was cited: those cited once and twice are what a lower bound rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import ANY, COUNT, LABEL, usable_rows


@dataclass(frozen=True)
class Citations:
    """Facilities with how often they were cited; R facilities, those never cited included.

    Attributes
    ----------
    table : DataFrame
        One row per facility: facility_id, times (visits that cited it, or findings), visits, and the columns asked for.
    dropped : DataFrame
        Columns row, reason.
    """

    table: pd.DataFrame
    dropped: pd.DataFrame

    @property
    def cited(self) -> pd.DataFrame:
        """The facilities cited at least once."""
        return self.table[self.table["times"] > 0]

    @property
    def never(self) -> int:
        """How many facilities were visited and never cited."""
        return int((self.table["times"] == 0).sum())


def citations_of(
    visits: pd.DataFrame, *, facility: str, found: str, by: Sequence[str], count: str, where: str
) -> Citations:
    """Count how often each facility was cited.

    Parameters
    ----------
    visits : DataFrame
        One row per visit.
    facility, found : str
        Columns.
    by : sequence of str
        Columns of the facility to keep; they must not change within it.
    count : {"visits", "findings"}
        What is counted: visits that found anything, or all findings.
    where : str
        For errors.

    Raises
    ------
    BadParameter, BadValue, NotEstimable
        If columns cannot be used, or nothing was ever found.
    """
    if count not in ("visits", "findings"):
        raise BadParameter(f"{count!r} cannot be counted", where=f"{where}(count=)", todo='Use "visits" or "findings".')
    named = {column: (column, ANY) for column in by}
    rows, dropped = usable_rows(visits, {" facility": (facility, LABEL), " found": (found, COUNT), **named}, where)
    rows[" facility"] = rows[" facility"].astype("str")
    rows[" times"] = (rows[" found"] > 0).astype(int) if count == "visits" else rows[" found"].astype(int)
    groups = rows.groupby(" facility", sort=True)
    for column in by:
        if len(rows[[" facility", column]].drop_duplicates()) > groups.ngroups:
            raise BadParameter(
                f"{column} changes between visits to one facility",
                where=where,
                spoiled="A facility is counted once, so it has one value of what its citations depend on.",
                todo="Give one value per facility.",
            )
    table = groups.agg(times=(" times", "sum"), visits=(" times", "size"))
    for column in by:
        table[column] = groups[column].first()
    table = table.rename_axis("facility_id").reset_index()
    if not (table["times"] > 0).any():
        raise NotEstimable(
            "no facility was ever cited",
            where=where,
            spoiled="Facilities that were missed are estimated from those that were not.",
            todo="Say how many visits found nothing; what they missed cannot be told from them.",
        )
    return Citations(table, dropped)


@dataclass(frozen=True)
class Repeats:
    """What Chao's bound rests on.

    Attributes
    ----------
    seen, once, twice : int
        Facilities cited at all, once, twice; where visits bound how often, of those visited at least twice.
    factor : float
        What the bound is multiplied by since a facility cannot be cited on more visits than it had.
    bounded : bool
        Whether it is.
    """

    seen: int
    once: int
    twice: int
    factor: float
    bounded: bool


def repeats_of(counted: Citations, count: str) -> Repeats:
    """Return how many facilities were cited once and twice, and how the number of visits bounds that.

    A facility with n visits and a chance of its own on each adds n^2 to where Chao's argument puts twice what those
    cited twice show, n (n - 1): so each of these counts n / (n - 1) times. Where the file holds no visit without a
    finding the number of visits is not known, and citations are taken for Poisson.
    """
    times, visits = counted.table["times"].to_numpy(), counted.table["visits"].to_numpy()
    bounded = count == "visits" and bool((times < visits).any())
    if bounded:
        times, visits = times[visits > 1], visits[visits > 1]
    twice = times == 2
    factor = float(twice.sum() / np.sum(visits[twice] / (visits[twice] - 1))) if bounded and twice.any() else 1.0
    return Repeats(int((times > 0).sum()), int((times == 1).sum()), int(twice.sum()), factor, bounded)


__all__ = ["Citations", "Repeats", "citations_of", "repeats_of"]
