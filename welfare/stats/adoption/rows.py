"""A frame made into units that adopt a change: who is a cohort, who a comparison, and who cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.schema.results import no_rows_dropped
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.inputs import dropped_rows, not_negative, numbers
from welfare.stats.periods import Steps, missing, steps_of, uncategorised

ALWAYS = "treated before the data begin"
_ASKED = "event_study"


class _LeftOut:
    """Rows that cannot be used, each with the first reason that was given; as small numbers, since rows are many."""

    def __init__(self, rows: int) -> None:
        self.names: list[str] = []
        self._codes = np.zeros(rows, dtype=np.int8)

    def mark(self, where: np.ndarray, reason: str) -> None:
        """Give rows a reason, where they have none yet."""
        fresh = where & (self._codes == 0)
        if fresh.any():
            self.names.append(reason)
            self._codes[fresh] = len(self.names)

    @property
    def kept(self) -> np.ndarray:
        """Rows without a reason."""
        return np.asarray(self._codes == 0)

    def reasons(self) -> np.ndarray:
        """Return the reason of each row, None where it is kept."""
        return np.array([None, *self.names], dtype=object)[self._codes]


@dataclass(frozen=True)
class Rows:
    """A frame as estimators take it, and what of it they do not.

    Attributes
    ----------
    adoption : Adoption
        The rows that can be used.
    dropped : DataFrame
        Columns row, reason.
    labels : Index of n labels
        Of the rows used.
    units : Index of U labels
        Of the units.
    later : int
        Units that adopt after the last period: not treated in these data.
    moved : int
        Units that adopt in a period without rows, and count from the next one that has some.
    cluster : str
        What errors are clustered by.
    """

    adoption: Adoption
    dropped: pd.DataFrame
    labels: pd.Index
    units: pd.Index
    later: int
    moved: int
    cluster: str


def read_rows(
    df: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treated_from: str,
    covariates: Sequence[str],
    exposure: str | None,
    cluster: str | None,
    counts: bool,
) -> Rows:
    """Bring a frame to the arrays that estimators take.

    Parameters
    ----------
    df : DataFrame
        One row per unit and period.
    outcome, unit, time, treated_from, covariates, exposure, cluster
        As :func:`welfare.stats.events.event_study`.
    counts : bool
        Whether the outcome is counts, so that it cannot be negative.

    Raises
    ------
    BadParameter
        If a column is not there.
    BadValue
        If a unit has two rows of one period, two dates of adoption or two clusters, or a value cannot be read.
    NoDenominator
        If no row has an exposure above zero.
    NotEstimable
        If no unit adopts the change within the data, or there is one period.
    """
    named = [outcome, unit, time, treated_from, *covariates, *([exposure] if exposure else []), *_other(cluster, unit)]
    _refuse_absent(df, named)
    steps = steps_of(df[time], time)
    period = steps.of(df[time], time)
    start, never = _adopted(df[treated_from], steps, treated_from)
    values = numbers(df[outcome], outcome)
    if counts:
        not_negative(values, outcome, df.index)
    beside = np.column_stack([numbers(df[name], name) for name in covariates]) if covariates else np.empty((len(df), 0))
    over = None if exposure is None else numbers(df[exposure], exposure)
    codes, known_units = pd.factorize(df[unit], sort=True)

    out = _LeftOut(len(df))
    out.mark(codes < 0, f"missing {unit}")
    out.mark(missing(period), f"missing {time}")
    out.mark(np.isnan(values), f"missing {outcome}")
    for place, name in enumerate(covariates):
        out.mark(np.isnan(beside[:, place]), f"missing {name}")
    if over is not None:
        out.mark(np.isnan(over), f"missing {exposure}")
        out.mark(over <= 0, "no exposure")
        if not out.kept.any():
            raise NoDenominator(
                f"no row has {exposure} above zero",
                where=f"{_ASKED}(exposure=)",
                spoiled="There would be nothing to make rates over.",
                todo="Name the column that the counts were made over, e.g. animals or hours.",
            )
    _one_date_per_unit(codes, start, never, known_units, treated_from)
    out.mark(~never & (start <= _begins(codes, period, out.kept, len(known_units))), ALWAYS)
    kept = np.flatnonzero(out.kept)
    if not len(kept) or period[kept].min() == period[kept].max():
        raise NotEstimable(
            "the rows that can be used cover fewer than two periods",
            where=f"{_ASKED}(time=)",
            spoiled="There is no change over time to compare.",
            todo="Give periods before and after the change. Left out: " + (", ".join(out.names) or "nothing") + ".",
        )
    _no_twins(df, codes, period, kept, known_units, steps)
    return _assembled(
        kept, codes, period, start, never, values, over, beside, df, known_units, out, steps, unit, cluster or unit
    )


def _assembled(
    kept: np.ndarray,
    codes: np.ndarray,
    period: np.ndarray,
    start: np.ndarray,
    never: np.ndarray,
    values: np.ndarray,
    over: np.ndarray | None,
    beside: np.ndarray,
    df: pd.DataFrame,
    known_units: pd.Index,
    out: _LeftOut,
    steps: Steps,
    unit_name: str,
    cluster: str,
) -> Rows:
    unit, present = codes, np.arange(len(known_units))
    if len(kept) < len(df):
        unit, present = pd.factorize(codes[kept], sort=True)
    place, periods = pd.factorize(period[kept], sort=True)
    one_row = np.zeros(len(present), dtype=np.int64)
    one_row[unit] = kept
    adopts, not_at_all = start[one_row], never[one_row]
    later = ~not_at_all & (adopts > periods[-1])
    treated = ~not_at_all & ~later
    if not treated.any():
        raise NotEstimable(
            "no unit adopts the change within the periods of the data",
            where=f"{_ASKED}(treated_from=)",
            spoiled="There is no change whose effect could be seen.",
            todo=f"Look at the periods of adoption beside those of the rows ({steps.labels(periods[[0, -1]])[0]} to "
            f"{steps.labels(periods[[0, -1]])[1]}); 0 or missing means never.",
        )
    cohort = np.where(treated, np.searchsorted(periods, np.where(treated, adopts, periods[0])), len(periods))
    moved = treated & (periods[np.minimum(cohort, len(periods) - 1)] != adopts)
    groups = np.arange(len(present))
    if cluster != unit_name:
        groups = _clusters(df[cluster].iloc[kept], unit, present, known_units, cluster)
    adoption = Adoption(
        outcome=values[kept],
        exposure=None if over is None else over[kept],
        unit=unit.astype(np.int64),
        period=place.astype(np.int64),
        periods=periods,
        cohort=cohort.astype(np.int64),
        cluster=groups,
        covariates=beside[kept],
        labels=steps.labels(periods),
    )
    return Rows(
        adoption,
        dropped_rows(df.index, out.reasons()) if out.names else no_rows_dropped(),
        df.index[kept],
        known_units[present],
        int(later.sum()),
        int(moved.sum()),
        cluster,
    )


def _other(cluster: str | None, unit: str) -> list[str]:
    return [] if cluster is None or cluster == unit else [cluster]


def _refuse_absent(df: pd.DataFrame, named: Sequence[str]) -> None:
    twice = [name for name in named if (df.columns == name).sum() > 1]
    if twice:
        raise BadParameter(
            f"the frame has more than one column {twice[0]!r}",
            where=_ASKED,
            spoiled="Which of them is meant would be a guess.",
            todo="Rename or drop one.",
        )
    absent = [name for name in named if name not in df.columns]
    if absent:
        raise BadParameter(
            f"the frame has no column {', '.join(map(repr, absent))}",
            where=_ASKED,
            spoiled="Another comparison than the one meant would be made.",
            todo=f"Name columns of the frame: {', '.join(map(str, list(df.columns)[:20]))}.",
        )


def _adopted(values: pd.Series, steps: Steps, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the step of adoption by row, and who never adopts: a missing value, 0, or infinity."""
    values = uncategorised(values)
    never = values.isna().to_numpy()
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        never = never | values.astype("object").isin([0, "0", "", float("inf")]).to_numpy()
    elif pd.api.types.is_numeric_dtype(values.dtype):
        plain = values.to_numpy(dtype=float, na_value=np.nan)
        never = never | (plain == 0) | np.isposinf(plain)
    return steps.of(values.where(~never), name), never


def _one_date_per_unit(
    codes: np.ndarray, start: np.ndarray, never: np.ndarray, units: pd.Index, treated_from: str
) -> None:
    """Refuse a unit whose rows do not agree on when it adopts."""
    rows = np.flatnonzero(codes >= 0)
    date = np.where(never, -1, start)[rows]
    one = np.zeros(len(units), dtype=np.int64)
    one[codes[rows]] = date
    twice = np.unique(codes[rows][one[codes[rows]] != date])
    if len(twice):
        raise BadValue(
            f"{treated_from} is not one value in all rows of {units[twice[0]]} ({len(twice):,} such units)",
            where=treated_from,
            spoiled="Rows after the first change would be compared as if nothing had changed.",
            todo="Give each unit the period of its first change in every row, or missing in every row. A change that "
            "was undone and made again has no estimate here: end the unit's rows at the second.",
        )


def _begins(codes: np.ndarray, period: np.ndarray, usable: np.ndarray, units: int) -> np.ndarray:
    """Return, by row, the first period in which its unit has a row that can be used."""
    first = np.full(units + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, codes[usable], period[usable])
    return np.asarray(first[codes])


def _no_twins(
    df: pd.DataFrame, codes: np.ndarray, period: np.ndarray, kept: np.ndarray, units: pd.Index, steps: Steps
) -> None:
    offset = period[kept] - period[kept].min()
    pairs = codes[kept].astype(np.int64) * (int(offset.max()) + 1) + offset
    twin = pd.Series(pairs).duplicated().to_numpy()
    if twin.any():
        at = kept[int(np.argmax(twin))]
        raise BadValue(
            f"{units[codes[at]]} has two rows of {steps.labels(period[[at]])[0]} ({int(twin.sum()):,} such "
            f"rows, the first with label {df.index[at]!r})",
            where="event_study(unit=, time=)",
            spoiled="One of them would stand for the period by chance.",
            todo="Sum counts and exposures by unit and period first, or name the finer unit.",
        )


def _clusters(labels: pd.Series, unit: np.ndarray, present: np.ndarray, known_units: pd.Index, name: str) -> np.ndarray:
    """Return the cluster of each unit, and refuse a unit that lies in two or in none."""
    codes, _ = pd.factorize(labels, sort=True)
    of_unit = np.full(len(present), -1)
    of_unit[unit] = codes
    astray = (of_unit[unit] != codes) | (codes < 0)
    if astray.any():
        first = int(np.argmax(astray))
        raise BadValue(
            f"{known_units[present[unit[first]]]} lies in more than one {name}, or in none",
            where="event_study(cluster=)",
            spoiled="Errors would take rows of one place as independent.",
            todo="Cluster by something that does not change within a unit.",
        )
    _, compact = np.unique(of_unit, return_inverse=True)
    if compact.max() == 0:
        raise NotEstimable(
            f"all units belong to one {name}",
            where="event_study(cluster=)",
            spoiled="The spread between clusters cannot be seen from one.",
            todo="Cluster by a finer unit, or give no cluster.",
        )
    return compact.astype(np.int64)
