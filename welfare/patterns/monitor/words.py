"""What monitoring found, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.patterns.monitor.charting.moves import Law
from welfare.patterns.monitor.outbreaks.baseline import Baseline
from welfare.patterns.monitor.question import Question
from welfare.patterns.monitor.spread import PeriodSpread
from welfare.patterns.monitor.watched import Watched
from welfare.schema.results import count_reasons

_CHARTS = {
    "cusum": "a cumulative sum of evidence that the rate is {ratio:g} times the expected one",
    "ewma": "a weighted mean of the latest periods",
    "shewhart": "each period on its own",
    "changepoints": "cuts into stretches of one level each",
    "farrington": "each period against the same weeks of past years",
}
_NOT_WHY = (
    "A signal says that more was recorded than expected, since about when, and not why: worse handling, or stricter "
    "inspection, or a change in how it is recorded."
)
_NOT_WHY_BELOW = (
    "A signal says that the counts left their expectation, since about when, and not why: handling, inspection and "
    "recording all change counts."
)


def found_words(table: pd.DataFrame, seen: Watched, method: str, ratio: float, fdr: float) -> str:
    """Return the paragraph: what was watched, what was found, what was left out, what it cannot show."""
    watched = table[table["status"] == "watched"]
    several = len(table) > 1
    what = f"{len(watched):,} facilities were" if several else "One series was"
    chart = _CHARTS[method].format(ratio=ratio)
    total = f"{seen.counts[seen.live].sum():,.0f} events in {len(seen.periods):,} periods"
    if watched.empty:
        middle = f"Nothing can be told: {table['status'].iloc[0].removeprefix('cannot tell: ')}"
    else:
        middle = _several(watched, fdr) if several else _single(watched.iloc[0], method)
    left_out = "" if seen.dropped.empty else f" Periods that moved no chart: {count_reasons(seen.dropped)}."
    untold = int((table["status"] != "watched").sum())
    cannot = f" Of {untold:,} more nothing can be told (see status)." if untold and len(watched) else ""
    ending = _NOT_WHY if (table["side"] != "below").all() else _NOT_WHY_BELOW
    return f"{what} watched by {chart}: {total}. {middle}{left_out}{cannot} {ending}"


def _several(table: pd.DataFrame, fdr: float) -> str:
    signalled, flagged = int(table["signal"].notna().sum()), int((table["flagged"] != "").sum())
    first = ""
    if flagged:
        row = table.iloc[int(table["p_value"].to_numpy().argmin())]
        first = f" The clearest is {row['facility_id']}: {_evidence(row)}."
    return (
        f"{signalled:,} reached their limit at some time; {flagged:,} are named, by a rule under which at most about "
        f"{fdr * 100:g}% of those named would be named by chance.{first}"
    )


def _single(row: pd.Series, method: str) -> str:
    sure = f"(p = {row['p_value']:.3g} for a chart as high at any time)"
    if method == "changepoints":
        return _cut_words(row)
    if pd.isna(row["signal"]):
        climbing = "" if pd.isna(row["since"]) else f" It has been off the ground since {_day(row['since'])}."
        return f"The chart never reached its limit {sure}.{climbing}"
    return f"The chart signalled in {_day(row['signal'])} {sure}: {_evidence(row)}."


def _cut_words(row: pd.Series) -> str:
    sure = f"(p = {row['p_value']:.3g} that one level can be cut as well)"
    if pd.isna(row["signal"]):
        return f"No change of level was shown {sure}."
    first = "" if row["signal"] == row["since"] else f"Its level first changed in {_day(row['signal'])}. "
    return (
        f"{first}The last change of level was in {_day(row['since'])} {sure}: from then on {row['observed']:,.0f} "
        f"events where the level before would have given {_mean(row['expected'])} ({row['ratio']:.2f} times)."
    )


def _evidence(row: pd.Series) -> str:
    if pd.isna(row["since"]):
        return f"p = {row['p_value']:.3g}"
    return (
        f"from {_day(row['since'])} to {_day(row['until'])} {row['observed']:,.0f} events where "
        f"{_mean(row['expected'])} were expected ({row['ratio']:.2f} times)"
    )


def _mean(expected: float) -> str:
    return f"{expected:,.1f}" if expected >= 0.1 else f"{expected:.2g}"


def _day(label: object) -> str:
    if isinstance(label, pd.Timestamp):
        return f"{label:%Y-%m-%d}"
    return str(label) if isinstance(label, str | pd.Period) else f"period {label}"


def chart_notes(
    seen: Watched, law: Law, spread: PeriodSpread, *, method: str, arl: float, own_limit: bool, asked: object
) -> tuple[str, ...]:
    """Return what a user of a chart's figures should know."""
    notes = [
        f"Limit given by hand: {arl:g} periods between false alarms was not aimed at."
        if own_limit
        else f"Limits: with nothing wrong, one false alarm in {arl:,.0f} periods on average, solved on each facility's "
        "own expected counts (a Markov chain over the chart's heights; for many facilities from a table, within "
        "about 10% of that run).",
        "Expected counts are taken as known. From few data, or from these very counts, they are not: p-values are then "
        "too small, or the signal is partly in what it is compared with.",
        "p_value is for the whole time watched; the ratio since the climb began is that of a stretch picked for being "
        "high, and overstates.",
    ]
    if method == "shewhart":
        notes[0] = f"Limit: a period as rare as one in {arl:,.0f}, by exact tails; counts allow few of those values."
    if law.kind == 2:
        notes.append(
            "Animals (visits, items) of one period are taken as independent: pens that fall ill together break that."
        )
    else:
        notes.append(_spread_words(law, spread, asked))
    if seen.absent:
        notes.append(f"{seen.absent:,} periods between first and last have no row: charts stand still there.")
    notes.extend(_off_level(seen))
    return tuple(notes)


def change_notes(seen: Watched, law: Law, spread: PeriodSpread, asked: Question) -> tuple[str, ...]:
    """Return what a user of changepoints should know."""
    rule = (
        f"Penalty given by hand: {asked.limit:g} per cut."
        if asked.limit is not None
        else f"Penalty per cut: a series of one level is cut in {1 - asked.level:.0%} of cases (each facility's own, "
        f"from {asked.replicates:,} random series)."
    )
    notes = [
        "Cuts are the best there are at that penalty (PELT, every period a candidate, stretches from one period on), "
        f"by Poisson likelihood against expected counts, whose level does not matter. {rule}",
        "p_value: of a series of one level that can be cut as well; not smaller than 1 over the number of random "
        "series plus one, so among thousands of facilities more replicates are needed for a small q_value.",
        "A change lies between low and high in so many cases as the level states if the cuts beside it are right; the "
        "interval of its ratio holds for every place in between. The chosen ratio itself overstates.",
        "Looking back needs a finished series: in the last periods a change hardly shows yet. A slow drift is cut into "
        "steps that nobody took. Both directions are looked at.",
        _spread_words(law, spread, asked.dispersion),
    ]
    if seen.absent:
        notes.append(f"{seen.absent:,} periods between the first and the last have no row, and are passed over.")
    return tuple(notes)


def outbreak_notes(seen: Watched, past: Baseline, asked: Question) -> tuple[str, ...]:
    """Return what a user of comparisons with past years should know."""
    notes = [
        f"Each period is compared with {past.years} past years: {past.half_window} periods either side of the same "
        f"time of year{f', {past.seasons} seasons' if past.seasons > 1 else ''}, the latest {past.skip} left out, "
        "high ones weighed down. A facility bad in every year looks ordinary to itself.",
        f"An alarm: a count that comes once in {asked.arl:,.0f} periods, and {past.few[0]} events or more within "
        f"{past.few[1]} periods."
        if asked.limit is None
        else f"Limit given by hand: p-values of {10.0**-asked.limit:.3g} or less.",
        "p_value: the rarest period, allowing for how many were compared (Sidak). Far out, tails rest on the form of "
        "the distribution more than on data.",
        "Exposure was given: counts are compared per unit of it."
        if np.nanmin(seen.expected) != np.nanmax(seen.expected)
        else "No exposure, or the same in every period: more events may be no more than more animals.",
    ]
    if seen.absent:
        notes.append(f"{seen.absent:,} periods between the first and the last have no row, and are passed over.")
    return tuple(notes)


def _spread_words(law: Law, spread: PeriodSpread, asked: object) -> str:
    mean = f"{spread.dispersion:.3g}" if np.isfinite(spread.dispersion) else "not estimable"
    if law.dispersion and asked == "auto":
        return (
            f"Counts vary more between neighbouring periods than Poisson counts (dispersion {mean}, {spread.z:.1f} "
            "standard errors from 0): charts allow for it, as negative-binomial counts."
        )
    if law.dispersion:
        return f"Counts are taken as negative binomial with dispersion {law.dispersion:g} (from the data: {mean})."
    if spread.shown:
        return (
            f"Counts vary more between neighbouring periods than Poisson counts do (dispersion {mean}), and the charts "
            'do not allow for it: false alarms are more frequent than stated. Use dispersion="auto".'
        )
    return f"No more spread between neighbouring periods than Poisson counts have was shown (dispersion {mean})."


def _off_level(seen: Watched) -> list[str]:
    observed, expected = seen.counts[seen.live].sum(), seen.expected[seen.live].sum()
    total = observed / expected if expected > 0 else np.nan
    if expected < 20 or 0.8 < total < 1.25:
        return []
    return [
        f"In all there were {total:.2f} times the events expected. If the expected counts are off for everybody, "
        "charts signal for that reason, and from the beginning."
    ]


__all__ = ["change_notes", "chart_notes", "found_words", "outbreak_notes"]
