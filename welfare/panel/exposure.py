"""Where and when a source collects: outside its coverage nothing is known, and nothing is not zero."""

from __future__ import annotations

import pandas as pd

from welfare.errors import BadParameter, FileMissing
from welfare.schema.codes import shipped

_DAYS_PER_YEAR = 365.25

# What each column of the panel counts, and where one would expect it to be collected.
_MEASURES = {
    "tasks_count": "inspection tasks and findings",
    "injuries_count": "severe worker injuries",
    "line_speed_animals_per_min": "line speed, measured or permitted",
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
        region, coverage (full or none), why; a source without a table of its own covers every state.
    """
    states = shipped("codes/us_states.csv")
    if not _is_limited(source):
        return pd.DataFrame({"region": states["code"], "coverage": "full", "why": "no limit is known"})
    rules = shipped(f"coverage/{source}.csv")
    by = str(rules.columns[0])
    return states.merge(rules, on=by, how="left", validate="many_to_one").rename(columns={"code": "region"})[
        ["region", "coverage", "why"]
    ]


def covered_years(source: str, covers: list[tuple[pd.Timestamp, pd.Timestamp]], panel: pd.DataFrame) -> pd.Series:
    """Return the years of each panel row that a source's files cover; null outside its coverage.

    Parameters
    ----------
    source : str
        Its name in the registry.
    covers : list of (first day, last day)
        Of its files.
    panel : DataFrame
        region, period_start, period_end.
    """
    days = pd.Series(0.0, index=panel.index)
    for first, last in covers:
        start = panel["period_start"].where(panel["period_start"] > first, first)
        end = panel["period_end"].where(panel["period_end"] < last, last)
        days += ((end - start).dt.days + 1).clip(lower=0)
    return (days / _DAYS_PER_YEAR).where(_inside(source, panel["region"]) & (days > 0))


def _inside(source: str, region: pd.Series) -> pd.Series:
    if not _is_limited(source):
        return pd.Series(True, index=region.index)  # in other countries too, and where no region is known
    table = region_coverage(source)
    return region.isin(table.loc[table["coverage"] == "full", "region"])


def _is_limited(source: str) -> bool:
    try:
        shipped(f"coverage/{source}.csv")
    except FileMissing:
        return False
    return True


def coverage(panel: pd.DataFrame) -> pd.DataFrame:
    """Say, per measure and region, how much was collected.

    Parameters
    ----------
    panel : DataFrame
        As `build_panel` returns it.

    Returns
    -------
    DataFrame
        measure, column, region, facility_periods (rows one would expect it in: for inspection tasks, plants that
        slaughter livestock), collected, coverage: full, partial or none.
    """
    parts = []
    for column, measure in _MEASURES.items():
        rows = panel[_expected(panel, column)]
        by_region = rows[column].notna().groupby(rows["region"], dropna=False)
        part = pd.DataFrame({"facility_periods": by_region.size(), "collected": by_region.sum()}).reset_index()
        parts.append(part.assign(measure=measure, column=column))
    table = pd.concat(parts, ignore_index=True)
    word = pd.Series("partial", index=table.index, dtype="str")
    word[table["collected"] == 0] = "none"
    word[table["collected"] == table["facility_periods"]] = "full"
    mark = {"SIMULATED": "SIMULATED"} if "SIMULATED" in panel else {}
    shown = ["measure", "column", "region", "facility_periods", "collected", "coverage"]
    return table.assign(coverage=word)[shown].assign(**mark)


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
