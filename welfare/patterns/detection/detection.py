"""How much harm inspectors do not see: every estimate that visits allow, each with what must be true for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.patterns.detection.columns import check_replicates, check_share, hashable, need_columns
from welfare.patterns.detection.estimates import CANNOT_TELL, FEWER, MORE, Estimate, Part, said
from welfare.patterns.detection.names import Names, names_in
from welfare.patterns.detection.parts import QUESTIONS, Asked, answered
from welfare.schema.results import count_reasons, simulated_words

_SIMULATED_ONLY = (
    "The shipped real files hold no inspector identity, and none says what was truly there: what is said of "
    "inspectors, "
    "and the occupancy, N-mixture and never-cited estimates, are proved on simulated visits only."
)
_LEADING = {
    "occupancy": 5,
    "n-mixture": 2,
    "chao lower bound": 1,
    "zero-truncated": 2,
    "inspectors": 1,
    "districts": 1,
    "digit heaping": 1,
}


@dataclass(frozen=True, repr=False, kw_only=True)
class Detection(Part):
    """What inspection does not see; see :func:`detection`. No inspector is named or ranked.

    Attributes
    ----------
    table : DataFrame
        One row per estimate: part, quantity (plain words), estimate, low, high, unit, assumption (in words), status
        ("estimated", "lower bound" or "cannot tell"), reason (why not, or what a figure that stands out reads as).
    parts : dict of str to Part
        The answer of each part that the visits allowed, with all it holds.
    names : Names
        Which column was taken for what.
    """

    parts: dict[str, Part]
    names: Names


def detection(
    visits: pd.DataFrame,
    *,
    facility: str | None = None,
    found: str | None = None,
    inspector: str | None = None,
    district: str | None = None,
    kind: str | None = None,
    audited: str | None = None,
    effort: str | None = None,
    period: str | None = None,
    expected: str | None = None,
    level: float = 0.95,
    replicates: int = 99,
    seed: int = 0,
) -> Detection:
    """Say how much harm inspectors do not see, as far as records of their visits can.

    Parameters
    ----------
    visits : DataFrame
        One row per visit, visits that found nothing included: without these hardly anything can be told.
    facility : str, optional
        Column of the facility; by default `facility_id`.
    found : str, optional
        Column of what the visit recorded, a count or 0 and 1; by default `findings_count`, else `detected`.
    inspector : str, optional
        Column of who made it; by default `inspector` or `inspector_id`. Nobody is named.
    district : str, optional
        Column of the district; by default `district`.
    kind : str, optional
        Column of the kind of visit (directed, routine); by default `visit_type`, `programme` or `kind`.
    audited : str, optional
        Column that says whether the occasion was audited; by default `audited`.
    effort : str, optional
        Column of what the visit was made over; by default `tasks_count`.
    period : str, optional
        Column that puts visits in order; by default `date_from`, `period_start` or `date`.
    expected : str, optional
        Column of counts expected by what was visited; by default `expected_count`.
    level : float
        Coverage of the intervals.
    replicates : int
        Simulations behind tests of fit and of last digits; 0 for none.
    seed : int
        Of these.

    Returns
    -------
    Detection
        A part whose column is not there, or that the visits cannot answer, is a row "cannot tell" with the reason.

    Raises
    ------
    BadParameter
        If `visits` is no frame, a column named is not there, or an option cannot be used.
    BadValue
        If a count is negative, not whole or not a number.
    NotEstimable
        If there are no visits.

    Notes
    -----
    The parts are functions of their own, with more options: :func:`occupancy`, :func:`n_mixture`,
    :func:`capture_recapture`, :func:`inspector_effects`, :func:`visit_contrast`, :func:`digit_heaping`,
    :func:`excess_zeros`. They answer different questions under different assumptions, and need not agree.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.detection.detection import detection
    >>> rng = np.random.default_rng(1)
    >>> place = np.repeat(np.arange(200), 4)
    >>> found = (rng.random(200) < 0.4)[place] & (rng.random(800) < 0.3)
    >>> visits = pd.DataFrame({"facility_id": place, "findings_count": found.astype(int)})
    >>> told = detection(visits)
    >>> told.table.query("part == 'audited'")[["status", "reason"]].to_numpy().tolist()
    [['cannot tell', 'no column of audits']]
    """
    where = "detection"
    check_share(level, "level", where)
    check_replicates(replicates, where)
    need_columns(visits, [], where)
    asked = Names(facility, found, effort, period, inspector, district, kind, audited, expected)
    names = names_in(visits, asked, where)
    if visits.empty:
        raise NotEstimable(
            "there are no visits",
            where=where,
            spoiled="Nothing can be said of what was not looked at.",
            todo="Give one row per visit, those that found nothing included.",
        )
    parts = {question.part: answered(question, Asked(visits, names, level, replicates, seed)) for question in QUESTIONS}
    table = pd.concat([part.table for part in parts.values()], ignore_index=True)
    dropped = _dropped(visits.index, parts)
    return Detection(
        table=table,
        text=simulated_words(visits) + _text(visits, names, table, dropped),
        dropped=dropped,
        notes=_notes(parts),
        parts=parts,
        names=names,
    )


def _dropped(labels: pd.Index, parts: dict[str, Part]) -> pd.DataFrame:
    """Return the rows that any part left out, each once with its first reason, in the order of the input."""
    together = pd.concat([part.dropped for part in parts.values()], ignore_index=True)
    once = together.drop_duplicates("row").reset_index(drop=True)
    if not labels.is_unique or once.empty:
        return once
    order = pd.Series(range(len(labels)), index=labels)
    return once.iloc[order.loc[list(once["row"])].argsort().to_numpy()].reset_index(drop=True)


def _text(visits: pd.DataFrame, names: Names, table: pd.DataFrame, dropped: pd.DataFrame) -> str:
    places = pd.Series(hashable(visits[names.facility])).nunique() if names.facility else None
    of = f" to {places:,} facilities" if places else ""
    told = table[(table["status"] != CANNOT_TELL) & (table["unit"] != "p-value")]
    shown = np.array([_LEADING.get(str(part), len(told)) for part in told["part"]], dtype=int)
    leading = told[told.groupby("part").cumcount().to_numpy() < shown]
    found = [f"{row['part']}: {row['quantity']}: {said(_as_estimate(row))}" for _, row in leading.iterrows()]
    flags = {str(reason) for reason in told["reason"] if reason in (MORE, FEWER)}
    flagged = f" Where a figure is flagged it reads: {'; or: '.join(sorted(flags))}." if flags else ""
    lost = table[table["status"] == CANNOT_TELL]
    unknown = "; ".join(f"{row['part']} ({row['reason']})" for _, row in lost.iterrows())
    ending = f" Cannot tell: {unknown}." if len(lost) else ""
    out = "" if dropped.empty else f" Rows that had no part in some estimate: {count_reasons(dropped)}."
    what = f"What follows is estimated, not seen. {'. '.join(found)}." if found else "Nothing could be estimated."
    return (
        f"{len(visits):,} visits{of} were looked at for what they do not show. {what}{flagged}{ending}{out} Each "
        f"figure holds "
        "under its own assumption, which stands beside it in the table, and under no other; they need not agree. They "
        "cannot say which facility hides what, nor whether an inspector is strict or lax."
    )


def _as_estimate(row: Any) -> Estimate:
    return Estimate(row["part"], row["quantity"], row["estimate"], row["low"], row["high"], unit=row["unit"])


def _notes(parts: dict[str, Part]) -> tuple[str, ...]:
    notes = [_SIMULATED_ONLY]
    for name, part in parts.items():
        notes += [f"{name}: {note}" for note in part.notes]
    return tuple(dict.fromkeys(notes))


__all__ = ["Detection", "detection"]
