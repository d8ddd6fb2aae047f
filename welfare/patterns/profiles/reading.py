"""What a panel says of each facility: one row of counts per facility, and why rows were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from welfare.errors import BadValue, NotEstimable
from welfare.patterns.profiles.laws.counts import Counts
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts

if TYPE_CHECKING:
    from welfare.patterns.profiles.funnel import Law

_FEWEST = 3
_EXPECTED = "expected_count"


@dataclass(frozen=True)
class Columns:
    """What to read from a panel.

    Attributes
    ----------
    observed, facility : str
        Columns of counts and of what is compared.
    expected, trials : str or None
        Columns of expected counts and of trials.
    """

    observed: str
    expected: str | None
    trials: str | None
    facility: str

    @property
    def asked(self) -> list[str]:
        """Names of the columns that must be there."""
        optional = [name for name in (self.expected, self.trials) if name is not None]
        return [self.observed, *optional, self.facility]


def columns(observed: str, expected: str | None, trials: str | None, facility: str) -> Columns:
    """Return what to read: without trials, expected counts have a column of their own."""
    return Columns(observed, _EXPECTED if expected is None and trials is None else expected, trials, facility)


@dataclass(frozen=True)
class Rows:
    """A panel's rows as numbers.

    Attributes
    ----------
    table : DataFrame
        Columns facility_id (text), observed, expected, and trials where asked for; the rows that can be used.
    reasons : array of str or None, shape of the panel
        Why each row was left out.
    """

    table: pd.DataFrame
    reasons: np.ndarray


def read_rows(panel: pd.DataFrame, asked: Columns) -> Rows:
    """Return the rows of a panel that can be compared, and why the others cannot.

    Parameters
    ----------
    panel : DataFrame
        One row per facility, or per facility and period.
    asked : Columns
        Where to look.
    """
    counts = numbers(panel[asked.observed], asked.observed)
    whole_counts(counts, asked.observed, panel.index)
    reasons = np.full(len(panel), None, dtype=object)
    parts = {"observed": counts}
    for part, name in (("trials", asked.trials), ("expected", asked.expected)):
        if name is None:
            continue
        values = numbers(panel[name], name)
        not_negative(values, name, panel.index)
        reasons[values == 0] = "nothing expected" if part == "expected" else "no trials"
        reasons[np.isnan(values)] = f"missing {name}"
        parts[part] = values
    if asked.trials is not None:
        _check_trials(parts, asked, panel.index)
    reasons[np.isnan(counts)] = f"missing {asked.observed}"
    reasons[panel[asked.facility].isna().to_numpy()] = f"missing {asked.facility}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    names = panel.loc[kept, asked.facility].astype("str").to_numpy()
    return Rows(pd.DataFrame({"facility_id": names, **{part: parts[part][kept] for part in parts}}), reasons)


def _check_trials(parts: dict[str, np.ndarray], asked: Columns, labels: pd.Index) -> None:
    trials = parts["trials"]
    whole_counts(trials, str(asked.trials), labels)
    for part, name in (("observed", asked.observed), ("expected", asked.expected)):
        if part in parts and (parts[part] > trials * (1 + 1e-12)).any():
            first = int(np.argmax(parts[part] > trials))
            raise BadValue(
                f"{name} is {parts[part][first]:g} of {trials[first]:g} trials in row {labels[first]!r}",
                where=str(name),
                spoiled="A share above one is no share.",
                todo="Check both columns; counts that can exceed their denominator need an expected count, not trials.",
            )


def by_facility(rows: Rows, labels: pd.Index, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per facility, in the order of its identifier, and the rows that were left out."""
    places = rows.table.groupby("facility_id", as_index=False).sum()
    if len(places) < _FEWEST:
        raise NotEstimable(
            f"{len(places)} facilities have both a count and an expected count",
            where=where,
            spoiled="A facility cannot be set against its peers without peers.",
            todo="Bring more facilities, or give each one's rate with its interval (wf.rate).",
        )
    return places, dropped_rows(labels, rows.reasons)


def law_of(places: pd.DataFrame, where: str) -> tuple[pd.DataFrame, Law]:
    """Return one row per facility with what is expected of it, and the law its count follows.

    Parameters
    ----------
    places : DataFrame
        facility_id, observed, and expected or trials or both.
    where : str
        What to call in an error.
    """
    if "trials" not in places:
        return places, Counts(places["observed"].to_numpy(), places["expected"].to_numpy())
    observed, trials = (places[name].to_numpy(dtype=float) for name in ("observed", "trials"))
    share = observed.sum() / trials.sum()
    expected = places["expected"].to_numpy(dtype=float) if "expected" in places else trials * share
    if not 0 < share < 1 or (expected >= trials).any():
        raise NotEstimable(
            f"{observed.sum():,.0f} of {trials.sum():,.0f} trials had the event"
            if not 0 < share < 1
            else f"the event was expected in every trial of {int((expected >= trials).sum()):,} facilities",
            where=where,
            spoiled="No facility can lie away from a share of none or all: every limit would be that share itself.",
            todo="Give each share with its exact interval (wf.proportion).",
        )
    from welfare.patterns.profiles.laws.shares import Shares  # brings numba, which counts do without

    table = places[["facility_id", "observed"]].assign(expected=expected)
    return table, Shares(observed, trials, expected)


__all__ = [
    "Columns",
    "Rows",
    "by_facility",
    "columns",
    "law_of",
    "read_rows",
]
