"""Which columns of the visits hold what: named by the caller, or known by the names they have in the tidy tables."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pandas as pd

from welfare.patterns.detection.columns import INSPECTORS, need_columns, refuse_inspectors

_USUAL = {
    "facility": ("facility_id",),
    "found": ("findings_count", "detected"),
    "effort": ("tasks_count",),
    "period": ("date_from", "period_start", "date"),
    "inspector": INSPECTORS,
    "district": ("district",),
    "kind": ("visit_type", "programme", "kind"),
    "audited": ("audited",),
    "expected": ("expected_count",),
}


@dataclass(frozen=True)
class Names:
    """The column that holds each thing; None where no column does.

    Attributes
    ----------
    facility, found, effort, period, inspector, district, kind, audited, expected : str or None
    """

    facility: str | None = None
    found: str | None = None
    effort: str | None = None
    period: str | None = None
    inspector: str | None = None
    district: str | None = None
    kind: str | None = None
    audited: str | None = None
    expected: str | None = None


def names_in(visits: pd.DataFrame, asked: Names, where: str) -> Names:
    """Return the columns asked for, and for the rest those of the usual names that are there.

    Raises
    ------
    BadParameter
        If `visits` is no frame, a column asked for is not there, or that of inspectors is asked for as a kind of visit
        or a district, which are told one by one.
    """
    named = {field.name: getattr(asked, field.name) for field in fields(Names)}
    need_columns(visits, [column for column in named.values() if column is not None], where)
    usual = {
        role: next((name for name in _USUAL[role] if name in visits), None)
        for role, column in named.items()
        if column is None
    }
    found = replace(asked, **usual)
    need_columns(visits, [column for column in usual.values() if column is not None], where)
    if found.inspector is not None and found.inspector in (found.district, found.kind, found.audited):
        refuse_inspectors([INSPECTORS[0]], where)
    return found


__all__ = ["Names", "names_in"]
