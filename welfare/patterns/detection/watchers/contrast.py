"""What is recorded on audited occasions against others, or on directed visits against routine ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import AMOUNT, EXPOSURE, LABEL, refuse_inspectors, usable_rows
from welfare.patterns.detection.estimates import FEWER, MORE, Estimate, Part, said, table_of
from welfare.schema.results import simulated_words
from welfare.stats.count_result import CountModel
from welfare.stats.counts import count_model
from welfare.stats.inputs import dropped_rows
from welfare.stats.rates.words import left_out_words

ASSUMPTION = (
    "A facility's true state does not differ between its occasions of one kind and of another, {season}: "
    "only what is looked at and written down does. Where the kind is chosen because of the state (a visit made on a "
    "complaint), the ratio holds that choice too."
)
_ROUTINE = ("routine", "regular", "scheduled", "unaudited", "no", "false", "0", "0.0")


@dataclass(frozen=True, repr=False, kw_only=True)
class VisitContrast(Part):
    """Occasions of one kind against another; see :func:`visit_contrast`.

    Attributes
    ----------
    table : DataFrame
        One row per kind but the reference, in the columns of every part.
    model : CountModel
        The fit it rests on.
    reference : str
        The kind that others are compared with.
    both : int
        Facilities seen on occasions of the reference and of another kind: the rest say nothing of the ratio.
    """

    model: CountModel
    reference: str
    both: int


def visit_contrast(
    visits: pd.DataFrame,
    *,
    by: str,
    reference: Any = None,
    facility: str = "facility_id",
    found: str = "findings_count",
    effort: str | None = None,
    period: str | None = None,
    part: str | None = None,
) -> VisitContrast:
    """Compare what is recorded on occasions of different kinds, each facility with itself.

    Parameters
    ----------
    visits : DataFrame
        One row per visit, or per facility and period.
    by : str
        Column of the kind: 0 and 1, true and false, or words such as routine and directed.
    reference : str, number or bool, optional
        The kind that others are compared with; by default the routine one, or else the commonest.
    facility : str
        Column of the facility: each has an effect of its own, and errors are clustered by it.
    found : str
        Column of counts, or of averages that are not negative.
    effort : str, optional
        Column of what each was made over.
    period : str, optional
        Column of the season, month or year, each with an effect of its own.
    part : str, optional
        What to call it in the table; the name of `by` by default.

    Returns
    -------
    VisitContrast

    Raises
    ------
    BadParameter
        If a column or the reference is not there, or the kinds are inspectors.
    BadValue
        If a count is negative.
    NotEstimable
        If there is one kind only, or fewer than two facilities were seen on occasions of both.

    Notes
    -----
    A Poisson model with effects of facility (and of period), errors CR1 by facility; see :func:`count_model`.

    References
    ----------
    Godwin SC, Krkosek M, Reynolds JD, Bateman AW. Ecological Applications 2021; 31: e02226.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.detection.watchers.contrast import visit_contrast
    >>> rows = pd.DataFrame({"facility_id": list("aabbccdd"), "audited": [0, 1] * 4,
    ...                      "findings_count": [2, 4, 1, 2, 3, 5, 2, 5]})
    >>> visit_contrast(rows, by="audited").table["estimate"].round(2).tolist()
    [2.0]
    """  # fmt: skip
    where = "visit_contrast"
    refuse_inspectors([by], where)
    wanted = {
        "kind": (by, LABEL),
        "facility": (facility, LABEL),
        "found": (found, AMOUNT),
        "effort": (effort, EXPOSURE),
        "period": (period, LABEL),
    }
    rows, dropped = usable_rows(visits, wanted, where)
    kinds = rows["kind"].map(_word)
    chosen = _reference(kinds, reference, where)
    others = sorted(set(kinds) - {chosen})
    both = _seen_both_ways(rows["facility"], kinds, chosen)
    if not others or both < 2:
        what = f"every occasion is {chosen!r}" if not others else f"{both} facilities were seen both ways"
        raise NotEstimable(
            what,
            where=where,
            spoiled="Facilities would be compared with one another, not with themselves.",
            todo="Bring occasions of both kinds at the same facilities.",
        )
    for at, other in enumerate(others):
        rows[f"kind{at}"] = (kinds == other).astype(float)
    rows["facility"] = rows["facility"].astype("str")
    if period is not None:
        rows["period"] = rows["period"].astype("str")
    terms = " + ".join(f"kind{at}" for at in range(len(others)))
    effects = "facility" if period is None else "facility + period"
    model = count_model(f"found ~ {terms} | {effects}", rows, exposure="effort" if effort else None, cluster="facility")
    estimates = _estimates(model, others, chosen, part or by, timed=period is not None)
    left_out = _all_dropped(visits.index, dropped, model.dropped)
    return VisitContrast(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(model, estimates, both) + left_out_words(left_out),
        dropped=left_out,
        notes=(
            f"{both:,} facilities were seen on occasions of both kinds; the ratio is of these.",
            "Errors allow for any dependence within a facility.",
        ),
        model=model,
        reference=chosen,
        both=both,
    )


def _word(value: Any) -> str:
    """Write a kind: 1, 1.0, True and "1" are one."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, int | float | np.number) and float(value) == int(value):
        return str(int(value))
    return str(value)


def _reference(kinds: pd.Series, reference: Any, where: str) -> str:
    if reference is not None:
        if _word(reference) not in set(kinds):
            raise BadParameter(
                f"no occasion is of the kind {reference!r}",
                where=f"{where}(reference=)",
                spoiled="There would be nothing to compare with.",
                todo=f"Use one of {', '.join(sorted(set(kinds)))}.",
            )
        return _word(reference)
    by_word = {kind.strip().lower(): kind for kind in sorted(set(kinds))}
    for word in _ROUTINE:
        if word in by_word:
            return by_word[word]
    return str(kinds.value_counts().sort_index().idxmax())


def _seen_both_ways(facility: pd.Series, kinds: pd.Series, chosen: str) -> int:
    usual = (kinds == chosen).groupby(facility.astype("str")).mean()
    return int(((usual > 0) & (usual < 1)).sum())


def _estimates(model: CountModel, others: list[str], chosen: str, part: str, *, timed: bool) -> list[Estimate]:
    table = model.table.set_index("term")
    season = "its season or period held fixed" if timed else "whatever the season"
    out = []
    for at, other in enumerate(others):
        row = table.loc[f"kind{at}", ["ratio", "ratio_low", "ratio_high"]].astype(float).to_dict()
        flag = MORE if row["ratio_low"] > 1 else FEWER if row["ratio_high"] < 1 else ""
        names = (f"{part} {other}", f"{part} {chosen}") if other.isdigit() else (other, chosen)
        out.append(
            Estimate(
                part,
                f"recorded on occasions {names[0]} against {names[1]}, same facility",
                row["ratio"],
                row["ratio_low"],
                row["ratio_high"],
                unit="ratio",
                assumption=ASSUMPTION.format(season=season),
                reason=flag,
            )
        )
    return out


def _all_dropped(labels: pd.Index, *frames: pd.DataFrame) -> pd.DataFrame:
    """Return the rows left out here and by the model, in the order of the input."""
    together = pd.concat([frame for frame in frames if len(frame)]) if any(len(f) for f in frames) else frames[0]
    if not labels.is_unique or together.empty:
        return together.reset_index(drop=True)
    reasons = pd.Series(together["reason"].to_numpy(dtype=object), index=list(together["row"])).reindex(labels)
    return dropped_rows(labels, reasons.to_numpy(dtype=object))


def _text(model: CountModel, estimates: list[Estimate], both: int) -> str:
    found = "; ".join(f"{row.quantity}: {said(row)}" for row in estimates)
    flagged = sorted({row.reason for row in estimates if row.reason})
    flags = f" That is {', or '.join(flagged)}." if flagged else " That is no more than chance explains."
    return (
        f"Ratios of what was recorded, from {model.n:,} occasions, {both:,} facilities having been seen both ways "
        f"({found}).{flags} {estimates[0].assumption}"
    )


__all__ = ["VisitContrast", "visit_contrast"]
