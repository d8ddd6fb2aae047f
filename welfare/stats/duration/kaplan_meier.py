"""The share still without an event, by time, with delayed entry, groups, and errors that hold within clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.schema.results import count_reasons, simulated_words
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.duration.rows import (
    TimedRows,
    check_columns,
    group_labels,
    names,
    timed_rows,
    zero_or_one,
)
from welfare.stats.duration.shares.curve_result import SurvivalCurve
from welfare.stats.duration.shares.intervals import NORMAL, check_kind, limits, reach_of
from welfare.stats.duration.shares.jackknife import Watched, survival_variance, watched
from welfare.stats.duration.shares.log_rank import LogRank, log_rank
from welfare.stats.duration.shares.product_limit import ProductLimit, product_limit

_IN_TEXT = 6
_COLUMNS = ["group", "time", "at_risk", "events", "censored", "survival", "std_error", "low", "high"]


def survival(
    df: pd.DataFrame,
    *,
    time: str,
    event: str,
    entry: str | None = None,
    by: str | Sequence[str] | None = None,
    conf: str = "log-log",
    cluster: str | None = None,
    strata: str | Sequence[str] | None = None,
) -> SurvivalCurve:
    """Estimate the share still without an event at each time, by Kaplan and Meier, and compare groups by log-rank.

    Parameters
    ----------
    df : DataFrame
        One row per spell under observation.
    time : str
        Column of when the row ends, counted from where time begins, in any one unit (days).
    event : str
        Column of 1 where it ends with the event, 0 where the event had not come (censored).
    entry : str, optional
        Column of when the row comes under observation (delayed entry); 0 by default. A row is at risk in
        (entry, time].
    by : str or sequence of str, optional
        Columns whose combinations are groups, each with a curve of its own.
    conf : {"log-log", "log", "plain"}
        The scale on which intervals are symmetric. Log-log stays between 0 and 1 and holds best with few events.
    cluster : str, optional
        Column that says which rows belong together: errors are then the infinitesimal jackknife's, and the log-rank
        test the robust score test. Without it errors are Greenwood's, and rows stand alone.
    strata : str or sequence of str, optional
        Columns within whose combinations the log-rank test compares; they do not change the curves.

    Returns
    -------
    SurvivalCurve
        `.table` has group, time, at_risk, events, censored, survival, std_error, low, high; `.medians` one row per
        group. Intervals are 95%: by the normal; of fewer than 40 clusters, Student's t with G - 1 degrees of freedom.

    Raises
    ------
    BadParameter
        If a column or an option is not known, or times are dates.
    BadValue
        If an event is neither 0 nor 1, or a time lies before zero or before its entry.
    NotEstimable
        If no row is left.

    Notes
    -----
    The curve describes those at risk. It misleads where leaving observation says something of the event (a herd that
    gives up because of what would have been found), where another event makes this one impossible (use
    :func:`welfare.stats.duration.competing.cumulative_incidence`), and, with delayed entry, where few were under
    observation early on: one event among two then halves the curve for good. The log-rank test sees little where curves
    cross.

    References
    ----------
    Kaplan EL, Meier P. Journal of the American Statistical Association 1958; 53: 457-481. Greenwood M. The natural
    duration of cancer. HMSO, 1926. Mantel N. Cancer Chemotherapy Reports 1966; 50: 163-170.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.duration.kaplan_meier import survival
    >>> df = pd.DataFrame({"days": [6, 6, 6, 7, 10, 6, 9, 10, 11], "found": [1, 1, 1, 1, 1, 0, 0, 0, 0]})
    >>> survival(df, time="days", event="found").table["survival"].round(4).tolist()
    [0.6667, 0.5333, 0.5333, 0.3556, 0.3556]
    """
    check_kind(conf, "survival")
    groups_by, strata_by = names(by), names(strata)
    check_columns(df, "survival", time=time, event=event, entry=entry, by=groups_by, cluster=cluster, strata=strata_by)
    values = zero_or_one(df, event, "survival")
    reasons = np.full(len(df), None, dtype=object)
    reasons[np.isnan(values)] = f"missing {event}"
    also = [*groups_by, *strata_by, *names(cluster)]
    rows = timed_rows(df, time=time, entry=entry, happened=values == 1, reasons=reasons, also=also, where="survival")
    happened = values[rows.kept] == 1
    group, labels = group_labels(rows.frame, groups_by)
    codes = None if cluster is None else pd.factorize(rows.frame[cluster], sort=True)[0].astype(np.int64)
    curves = [_one_curve(rows, happened, codes, group == own, conf) for own in range(len(labels))]
    test = None
    if len(labels) > 1:
        test = log_rank(rows.entry, rows.exit, happened, group, group_labels(rows.frame, strata_by)[0], codes)
    clusters = None if codes is None else int(codes.max()) + 1
    found = SurvivalCurve(
        table=pd.concat([each.table.assign(group=label) for each, label in zip(curves, labels, strict=True)])[
            _COLUMNS
        ].reset_index(drop=True),
        text="",
        dropped=rows.dropped,
        notes=(*rows.notes, *_notes(conf, cluster, clusters, entry, strata_by)),
        n=len(rows.frame),
        events=int(happened.sum()),
        clusters=clusters,
        log_rank=None if test is None else _test_table(labels, test),
        chi2=np.nan if test is None else test.chi2,
        degrees=0 if test is None else test.degrees,
        p_value=np.nan if test is None else test.p_value,
        conf=conf,
        _curves=tuple(each.curve for each in curves),
        _labels=tuple(labels),
        _watched=tuple(each.watched for each in curves),
        _ends=tuple(
            (np.sort(rows.entry[group == own]), np.sort(rows.exit[group == own])) for own in range(len(labels))
        ),
        _time=time,
    )
    return replace(found, text=simulated_words(df) + _text(found, event, len(df)))


class _Curve(NamedTuple):
    """A group's curve, its table, and with clusters how its rows stand to it."""

    curve: ProductLimit
    table: pd.DataFrame
    watched: Watched | None


def _one_curve(rows: TimedRows, happened: np.ndarray, codes: np.ndarray | None, here: np.ndarray, conf: str) -> _Curve:
    entry, exit_, event = rows.entry[here], rows.exit[here], happened[here]
    curve = product_limit(entry, exit_, event)
    reach, seen = NORMAL, None
    with np.errstate(invalid="ignore"):
        variance = curve.survival**2 * curve.greenwood
    if codes is not None:
        own = np.unique(codes[here], return_inverse=True)[1]
        seen, reach = watched(curve, entry, exit_, event, own), reach_of(int(own.max()) + 1)
        variance = survival_variance(curve, seen)
    std_error = np.where(curve.survival > 0, np.sqrt(variance), np.nan)
    low, high = limits(curve.survival, std_error, conf, reach)
    table = pd.DataFrame(
        {
            "time": curve.time,
            "at_risk": curve.at_risk.astype(int),
            "events": curve.events.astype(int),
            "censored": curve.censored.astype(int),
            "survival": curve.survival,
            "std_error": std_error,
            "low": low,
            "high": high,
        }
    )
    return _Curve(curve, table, seen)


def _test_table(labels: list[str], test: LogRank) -> pd.DataFrame:
    return pd.DataFrame({"group": labels, "observed": test.observed.astype(int), "expected": test.expected})


def _notes(conf: str, cluster: str | None, clusters: int | None, entry: str | None, strata: list[str]) -> list[str]:
    how = "Greenwood's, rows standing alone" if cluster is None else f"the infinitesimal jackknife's, by {cluster}"
    by = "the normal"
    if clusters is not None and clusters < MANY_CLUSTERS:
        by = "Student's t with one less than a group's clusters as degrees of freedom"
    notes = [f"Errors are {how}; intervals are symmetric on the {conf} scale, by {by}, and hold at one time each."]
    if entry is not None:
        notes.append(f"A row counts as at risk only after its {entry}: what came before is not seen.")
    if strata:
        notes.append(f"The log-rank test compares within each {' and '.join(strata)}; the curves do not.")
    return notes


def _text(found: SurvivalCurve, event: str, given: int) -> str:
    medians = found.medians
    said = []
    columns = (medians[name] for name in ("group", "n", "events", "median", "low", "high"))
    for group, n, events, median, low, high in list(zip(*columns, strict=True))[:_IN_TEXT]:
        name = "" if len(medians) == 1 else f"{group}: "
        half = "fewer than half had the event"
        if not np.isnan(median):
            half = f"half had the event by {median:g} ({_end(low)} to {_end(high)})"
        said.append(f"{name}{events:,} event{'s' * (events != 1)} among {n:,} row{'s' * (n != 1)}, {half}")
    more = f"; and {len(medians) - _IN_TEXT} more groups in the table" if len(medians) > _IN_TEXT else ""
    test = ""
    if found.log_rank is not None and not found.degrees:
        test = " Whether the groups differ cannot be tested."
    elif found.log_rank is not None:
        kind = "robust log-rank test" if found.clusters else "log-rank test"
        shown = "differ" if found.p_value < 0.05 else "are not shown to differ"
        test = f" The groups {shown} ({kind}, chi-squared {found.chi2:.3g}, {found.degrees} df, {_p(found.p_value)})."
    out = "" if found.dropped.empty else f" Left out of {given:,} rows: {count_reasons(found.dropped)}."
    return (
        f"Time until {event}, in the unit of {found._time}, by Kaplan and Meier: {'; '.join(said)}{more} (95% "
        f"intervals).{test}{out} The curve holds if those who leave observation have the same prospects as those who "
        "stay, and if nothing else makes the event impossible; events that nobody recorded count as not having come."
    )


def _end(value: float) -> str:
    return "not reached" if np.isnan(value) else f"{value:g}"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.2g}"
