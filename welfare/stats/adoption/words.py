"""The effects of a change in words: what was compared with what, what was found, and what no record can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import WelfareError
from welfare.schema.results import count_reasons
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.question import EventQuestion
from welfare.stats.adoption.rows import Rows

_NAMES = {
    "callaway_santanna": "Group-time comparison (Callaway and Sant'Anna)",
    "imputation": "Imputation (Borusyak, Jaravel and Spiess)",
    "sun_abraham": "Interaction-weighted regression (Sun and Abraham)",
}
_TOLD = 4
FEW_TREATED = 10  # clusters that adopt; with fewer, errors of their own are not to be trusted


@dataclass(frozen=True)
class Found:
    """What the words are about.

    Attributes
    ----------
    table, by_horizon : DataFrame
        As :class:`welfare.stats.event_result.EventStudy` has them.
    average : Series or WelfareError
        The simple average of effects, or why there is none.
    naive : Series
        The two-way estimate.
    pretrend_p : float
    forbidden : float
        Share of the two-way estimate's weight that goes to effects with a negative sign, as a sum below zero; missing
        where it is not known.
    errors : str
        How errors were made.
    """

    table: pd.DataFrame
    by_horizon: pd.DataFrame
    average: pd.Series | WelfareError
    naive: pd.Series
    pretrend_p: float
    forbidden: float
    errors: str


def write_text(question: EventQuestion, rows: Rows, found: Found, unused: pd.DataFrame) -> str:
    """Write the paragraph of an event study.

    Parameters
    ----------
    question : EventQuestion
    rows : Rows
    found : Found
    unused : DataFrame
        Rows that the estimator could not use: columns row, reason.
    """
    data = rows.adoption
    treated = int((data.cohort < data.never).sum())
    left_out = "" if rows.dropped.empty else f" Left out: {count_reasons(rows.dropped)}."
    if not unused.empty:
        left_out += f" Of these rows not used: {count_reasons(unused)}."
    per = f" per unit of {question.exposure}" if question.exposure else ""
    return (
        f"{_NAMES[question.method]} of {question.outcome}{per} before and after {question.treated_from}: "
        f"{len(data.outcome):,} rows, {data.units:,} units ({question.unit}), of which {treated:,} "
        f"adopt{'s' * (treated == 1)} in {_many(len(data.cohorts), 'cohort')} and "
        f"{_never(data.units - treated)} in these data; compared with {_compared_with(question)}.{left_out} "
        f"{_findings(question, found)}{_few(data)} {_before(found)} {_naive(question, found)} These are effects of "
        "the change only if, without it, units that adopt and the others would have moved "
        f"alike{' in proportion' if question.ratio else ''}, if nobody acted on it before it came, and if one unit's "
        "adoption does not touch another's records. The records cannot show that, and harm "
        "that nobody recorded is not seen."
    )


def _never(count: int) -> str:
    return f"{count:,} never {'does' if count == 1 else 'do'}"


def _few(data: Adoption) -> str:
    """Say when those that adopt, or those that do not, are too few for errors to be trusted."""
    adopt = data.clusters_of(data.cohort < data.never)
    if min(adopt, data.clusters) >= FEW_TREATED:
        return ""
    return (
        f" Errors rest on {_many(data.clusters, 'cluster')}, of which {adopt:,} adopt{'s' * (adopt == 1)}: with so few "
        "intervals are too narrow."
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _compared_with(question: EventQuestion) -> str:
    if question.method == "imputation":
        return "what their own earlier periods and the untreated rows predict"
    if question.method == "callaway_santanna" and question.control == "notyet":
        return "units not treated yet"
    return "units never treated"


def _findings(question: EventQuestion, found: Found) -> str:
    if isinstance(found.average, WelfareError):
        return f"No average effect: {found.average.what}."
    after = found.by_horizon[found.by_horizon["horizon"] >= 0]
    said = "; ".join(f"{int(row['horizon'])}: {_size(row, question.ratio)}" for _, row in after.head(_TOLD).iterrows())
    more = f"; {len(after) - _TOLD} more in the table" if len(after) > _TOLD else ""
    unknown = int((found.table["estimate"].isna() & (found.table["horizon"] >= 0)).sum())
    missing = (
        f" {_many(unknown, 'cell')} after adoption could not be estimated and "
        f"{'is' if unknown == 1 else 'are'} not in it{_tilted(found.table, question)}."
        if unknown
        else ""
    )
    what = "times the rate" if question.ratio else f"{question.outcome}"
    return (
        f"Averaged over treated units and periods the change went with {_size(found.average, question.ratio)} {what}"
        f"{_shown(found.average)}.{missing} By steps since adoption, {said}{more}."
    )


def _tilted(table: pd.DataFrame, question: EventQuestion) -> str:
    """Say that ratios of cells without events are missing, not small."""
    silent = table["reason"].str.startswith("no event") & (table["horizon"] >= 0)
    return ", which tilts it where they counted nothing" if question.ratio and silent.any() else ""


def _shown(row: pd.Series) -> str:
    if not np.isfinite(row["std_error"]):
        return ", with no interval that could be given"
    return "" if row["low"] > 0 or row["high"] < 0 else ": no difference shown"


def _size(row: pd.Series, ratio: bool) -> str:
    names = ("ratio", "ratio_low", "ratio_high") if ratio else ("estimate", "low", "high")
    value, low, high = (row[name] for name in names)
    sign = "" if ratio else "+"
    if not np.isfinite(row["std_error"]):
        return f"{value:{sign}.3g} (no interval)"
    return f"{value:{sign}.3g} ({low:{sign}.3g} to {high:{sign}.3g})"


def _before(found: Found) -> str:
    looked = found.by_horizon[found.by_horizon["horizon"] < 0]
    if np.isnan(found.pretrend_p) and looked["std_error"].notna().any():
        return "The clusters are too few to test whether they moved alike before adoption."
    if np.isnan(found.pretrend_p):
        return "No period before adoption can be used to see whether they moved alike until then."
    if found.pretrend_p < 0.05:
        return (
            f"Before adoption they had not moved alike (p = {found.pretrend_p:.2g}): what follows may go on from that, "
            "and not be the change."
        )
    return (
        f"Before adoption no difference was shown (p = {found.pretrend_p:.2g}), which does not show that there would "
        "have been none after it."
    )


def _naive(question: EventQuestion, found: Found) -> str:
    if np.isnan(found.naive["estimate"]):
        return "A static two-way estimate cannot be made."
    weights = (
        f" Effects that it counts with the wrong sign carry weights that sum to {found.forbidden:.2g}."
        if found.forbidden < -0.005
        else ""
    )
    return (
        f"A static two-way regression would print {_size(found.naive, question.ratio)}: it compares units also with "
        f"others treated before them, and is shown only for what it is.{weights}"
    )


def write_notes(question: EventQuestion, rows: Rows, errors: str, degrees: float) -> tuple[str, ...]:
    """Write what a user of the figures should know.

    Parameters
    ----------
    question : EventQuestion
    rows : Rows
    errors : str
        How errors were made.
    degrees : float
        Of Student's t in the intervals.
    """
    by = "the normal" if np.isinf(degrees) else f"Student's t with {degrees:.0f} degrees of freedom"
    notes = [f"{errors} Clustered by {rows.cluster}; intervals are 95% and use {by}."]
    if question.method == "callaway_santanna":
        notes.append(
            "Before adoption each estimate is the change since the period before; after it, the change since the last "
            "period before adoption. A unit counts in a comparison where it has a row in both periods."
        )
    if question.ratio:
        notes.append(
            "Effects are ratios of rates and averages are of their logarithms; trends must be parallel on that scale."
        )
    notes += _unlike_what_was_meant(question, rows)
    if rows.later:
        notes.append(f"{_many(rows.later, 'unit')} adopt after the last period and count as not treated in these data.")
    if rows.moved:
        notes.append(
            f"{_many(rows.moved, 'unit')} adopt in a period of which there is no row, and count from the next that has "
            "rows: steps since adoption are counted from there."
        )
    gaps = int((np.diff(rows.adoption.periods) > 1).sum())
    if gaps:
        notes.append(
            f"Periods are missing for everybody in {_many(gaps, 'place')}: steps are counted in time, over the gaps."
        )
    return tuple(notes)


def _unlike_what_was_meant(question: EventQuestion, rows: Rows) -> list[str]:
    """Say which columns had no part, or look like something else than they were given as."""
    data, said = rows.adoption, []
    if question.method != "callaway_santanna":
        first = np.zeros(data.units, dtype=np.int64)
        first[data.unit] = np.arange(len(data.unit))
        still = (data.covariates == data.covariates[first[data.unit]]).all(axis=0)
        fixed = [name for name, constant in zip(question.covariates, still, strict=True) if constant]
        if fixed:
            said.append(
                f"{', '.join(fixed)}: the same in all rows of each {question.unit}, whose own level holds it fixed "
                "already; it changed nothing here."
            )
    if question.exposure and (data.outcome != np.floor(data.outcome)).any():
        said.append(
            f"{question.outcome} holds numbers that are not whole: if it is a rate already, it is divided by "
            f"{question.exposure} once more here. Give counts with an exposure, or rates without."
        )
    return said
