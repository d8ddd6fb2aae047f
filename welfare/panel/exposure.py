"""Where and when a source collects: outside its coverage nothing is known, and nothing is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import shipped
from welfare.sources.coverage import NONE, Days, covers
from welfare.sources.registry import layouts

_DAYS_PER_YEAR = 365.25


class _Measure(NamedTuple):
    """What a column of the panel counts, and the tidy table that a source must fill to count it."""

    title: str
    table: str


_MEASURES = {
    "tasks_count": _Measure("inspection tasks and findings", "inspections"),
    "injuries_count": _Measure("severe worker injuries", "injuries"),
    "line_speed_animals_per_min": _Measure("line speed, measured or permitted", "line_speeds"),
}


def region_coverage(source: str) -> pd.DataFrame:
    """Return how a source covers each US state.

    Parameters
    ----------
    source : str
        Its name in the registry.

    Returns
    -------
    DataFrame
        region, coverage (full: it collects there; none: it does not; not stated), why.
    """
    states = shipped("codes/us_states.csv")
    # Only places are asked: neither time nor kind of facility can make the answer no.
    answers = covers(source, pd.DataFrame({"country": "US", "region": states["code"]}))
    words = answers["covers"].map({"no": "none", "yes": "full", "cannot tell": "full"})
    words = words.mask(answers["reason"] == "coverage not stated", "not stated")
    return pd.DataFrame({"region": states["code"], "coverage": words, "why": answers["why"]})


def covered_years(
    source: str, files: Sequence[Days], panel: pd.DataFrame, *, stated: pd.DataFrame | None = None
) -> pd.Series:
    """Return the years of each panel row over which no record in a source's files means that there was none.

    Parameters
    ----------
    source : str
        Its name in the registry.
    files : sequence of (first day, last day)
        What time its files cover.
    panel : DataFrame
        country, region, period_start, period_end, and what says which kind of facility it is.
    stated : DataFrame, optional
        Coverage of files of one's own; see :func:`welfare.sources.coverage.source_coverage`.

    Returns
    -------
    Series
        Years of 365.25 days; null where the source does not cover the row, or no record would not mean none.
    """
    days = pd.Series(0.0, index=panel.index)
    for first, last in files:
        start = panel["period_start"].where(panel["period_start"] > first, first)
        end = panel["period_end"].where(panel["period_end"] < last, last)
        days += ((end - start).dt.days + 1).clip(lower=0)
    counted = covers(source, panel, files=files, stated=stated)["absence"] == NONE
    return (days / _DAYS_PER_YEAR).where(counted & (days > 0))


def coverage(panel: pd.DataFrame) -> pd.DataFrame:
    """Say, per measure and region, how much was collected, and why the rest was not.

    Parameters
    ----------
    panel : DataFrame
        As `build_panel` returns it.

    Returns
    -------
    DataFrame
        measure, column, region, facility_periods (rows one would expect it in: for inspection tasks, plants that
        slaughter livestock), collected, coverage (full, partial or none), reason: why rows of it are null, each
        reason with its number of rows, the most frequent first; see :func:`why_not_collected`.
    """
    parts = []
    for column, measure in _MEASURES.items():
        rows = panel[_expected(panel, column)]
        by_region = rows[column].notna().groupby(rows["region"], dropna=False)
        part = pd.DataFrame({"facility_periods": by_region.size(), "collected": by_region.sum()}).reset_index()
        missing = why_not_collected(rows, column, counted=panel).groupby(rows["region"].fillna(""))
        reasons = {region: _in_words(words) for region, words in missing}
        part["reason"] = part["region"].fillna("").map(reasons)
        parts.append(part.assign(measure=measure.title, column=column))
    table = pd.concat(parts, ignore_index=True)
    word = pd.Series("partial", index=table.index, dtype="str")
    word[table["collected"] == 0] = "none"
    word[table["collected"] == table["facility_periods"]] = "full"
    mark = {"SIMULATED": "SIMULATED"} if "SIMULATED" in panel else {}
    shown = ["measure", "column", "region", "facility_periods", "collected", "coverage", "reason"]
    return table.assign(coverage=word)[shown].assign(**mark)


def why_not_collected(rows: pd.DataFrame, column: str, *, counted: pd.DataFrame | None = None) -> pd.Series:
    """Say of each panel row why a measure is null: by what the sources of that measure cover.

    Parameters
    ----------
    rows : DataFrame
        Rows of a panel.
    column : {"tasks_count", "injuries_count", "line_speed_animals_per_min"}
        The measure.
    counted : DataFrame, optional
        The panel the rows are of, by default the rows: a period in which it holds the measure for no facility is one
        that no file given covers.

    Returns
    -------
    Series
        Under the index of `rows`, a word of `data/coverage/words.csv`; empty where the measure is not null.

    Raises
    ------
    BadParameter
        If the panel has no such measure.
    """
    if column not in _MEASURES:
        raise BadParameter(f"no measure is called {column!r}", todo=f"Measures: {', '.join(_MEASURES)}.")
    whole = rows if counted is None else counted
    answers = _best_answers(rows, _MEASURES[column].table)
    reason = answers["reason"].mask(answers["covers"] == "yes", "not reported")
    if "period_start" in whole:
        held = set(whole.loc[whole[column].notna(), "period_start"])
        reason = reason.mask((answers["covers"] != "no") & ~rows["period_start"].isin(held), "outside the period")
    return reason.mask(rows[column].notna(), "")


def _best_answers(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return, per row, the answer of that source of a table which comes nearest to covering it."""
    order = {"yes": 0, "cannot tell": 1, "no": 2}
    nearness = {"another kind of facility": 0, "below the threshold": 0, "outside the period": 1}
    best = pd.DataFrame({"covers": "no", "reason": "outside the region"}, index=rows.index)
    best_rank = pd.Series(99.0, index=rows.index)
    for source in dict.fromkeys(layout.source for layout in layouts() if (layout.map["table"] == table).any()):
        answers = covers(source, rows)
        step = answers["reason"].map(nearness).astype("float64").fillna(2)
        rank = answers["covers"].map(order).astype("float64") * 10 + step
        nearer = rank < best_rank
        for name in best:
            best[name] = best[name].mask(nearer, answers[name])
        best_rank = best_rank.mask(nearer, rank)
    return best


def _in_words(reasons: pd.Series) -> str:
    counts = reasons[reasons != ""].value_counts()
    return "; ".join(f"{reason} ({rows:,})" for reason, rows in counts.items())


def _expected(panel: pd.DataFrame, column: str) -> pd.Series:
    if column == "tasks_count":
        return of_kind(panel, "livestock") | panel[column].notna()
    if column == "line_speed_animals_per_min":
        return of_kind(panel, "poultry") | panel[column].notna()
    return panel["facility_id"].notna()


def of_kind(panel: pd.DataFrame, kind: str) -> pd.Series:
    """Return which rows slaughter a kind of animal: livestock, poultry or rabbit.

    Raises
    ------
    BadParameter
        If there is no such kind.
    """
    book = shipped("codes/species_groups.csv")
    if kind not in set(book["kind"]):
        raise BadParameter(
            f"no kind of animal is called {kind!r}", todo=f"Kinds: {', '.join(sorted(set(book['kind'])))}."
        )
    groups = "|".join(sorted(set(book.loc[book["kind"] == kind, "group"])))
    return panel["species_group"].str.contains(rf"(?:^|\+)(?:{groups})(?:\+|$)").fillna(False).astype(bool)
