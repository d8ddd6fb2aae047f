"""The panel: linked tables brought to one row per facility and period."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from welfare.errors import BadParameter, RecordsLeftOut
from welfare.link.links import Links
from welfare.panel.exposure import covered_years
from welfare.panel.facts import attributes, slaughtered
from welfare.panel.line_speeds import speeds_of_periods, waived_from
from welfare.panel.periods import period_of, spans
from welfare.panel.places import located
from welfare.panel.usable import newest, require_usable
from welfare.schema.tables import Tables, validate
from welfare.sources.coverage import covers

SIMULATED = "SIMULATED"
_KEYS = ["facility_id", "period_start"]


def build_panel(
    links: Links, *bundles: Tables, period: str = "year", coverage: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Bring linked tables to one row per facility and period.

    Parameters
    ----------
    links : Links
        From `link_records` on the same bundles.
    *bundles : Tables
        As `read` returns them. Of a source whose files are snapshots, the newest is used.
    period : {"year", "fiscal_year", "quarter", "month", "all"}
        Length of each row's time; "all" gives one row per facility.
    coverage : DataFrame, optional
        What files of one's own cover, in the columns of `data/coverage.csv`. Of a source whose coverage nobody states,
        counts are kept and no count is 0.

    Returns
    -------
    DataFrame
        The columns that `data/columns.csv` gives the panel, with record_ids, from which `trace` leads back to the
        records; if the plants are made up, also the column SIMULATED. A facility of the newest directory is in it
        whether or not anything was collected about it: null is not collected, 0 is collected and none: the source says
        that it covers that place, time and kind of facility, and that no record there means none. One that only
        an older directory lists is not in it, nor is what was counted there. Records of a facility that no row can
        hold, such as a count of a fiscal year in a panel by calendar year, are left out with a RecordsLeftOut warning.

    Raises
    ------
    NoVintage
        If a bundle does not say as of when it is true.
    BadParameter
        If a file is given twice, files of one source count the same days, a file's records are not of the time it is
        said to cover, a file was not linked, or the period has no such name.
    """
    require_usable(links, bundles)
    used = newest(bundles)
    home = links.places.set_index("record_id")["facility_id"]
    tables = {name: _placed(used, name, home) for name in ("facilities", "inspections", "injuries", "slaughter")}
    periods = spans(period, *_first_and_last(used))

    spine = tables["facilities"][tables["facilities"]["source_id"] == links.spine.source_id]
    others = tables["facilities"][tables["facilities"]["source"] != links.spine.source]
    facts = located(attributes(spine, others), on_land=bool(spine["street"].notna().any()))
    facts = facts.join(slaughtered(tables["slaughter"]))
    panel = facts.reset_index().merge(periods, how="cross")
    panel["plant_years"] = _years_collected(panel, used, coverage)

    inspections = _held(tables["inspections"], "date_from", "date_to", periods)
    injuries = _held(_of_workers(tables["injuries"], used), "date", "date", periods)
    injuries = _collected(injuries, panel, coverage)
    line_speeds = _placed(used, "line_speeds", home)
    speeds = speeds_of_periods(line_speeds, periods)
    panel = panel.merge(waived_from(line_speeds), on="facility_id", how="left", validate="many_to_one")
    panel["facts_as_of"] = ", ".join(sorted({*tables["facilities"]["source_id"], *tables["slaughter"]["source_id"]}))
    confirmed = links.table.loc[links.table["decision"] == "confirmed", "left_id"]
    for part in (_inspected(inspections), _injured(injuries, confirmed), speeds.drop(columns="record_ids")):
        panel = panel.merge(part, on=_KEYS, how="left", validate="one_to_one")
    panel = _none_where_collected(panel)

    always = pd.concat([tables["facilities"], tables["slaughter"]]).merge(periods, how="cross")
    measured = speeds.explode("record_ids").rename(columns={"record_ids": "record_id"})
    panel["record_ids"] = _records_of(panel, [inspections, injuries, measured, always])
    if links.simulated:
        panel[SIMULATED] = SIMULATED
    return validate(panel, "panel")


def _placed(used: Sequence[Tables], table: str, home: pd.Series) -> pd.DataFrame:
    """Stack one table of all bundles under the ids of their places; rows of no place are left out."""
    own = [bundle for bundle in used if table in bundle.frames] or used[:1]
    rows = pd.concat([getattr(bundle, table).assign(source=bundle.source) for bundle in own], ignore_index=True)
    return rows.assign(facility_id=rows["record_id"].map(home)).dropna(subset=["facility_id"])


def _first_and_last(used: Sequence[Tables]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day on which anything was counted."""
    counting = [b.period for b in used if b.period and (len(b.inspections) or len(b.injuries))]
    if not counting:
        raise BadParameter(
            "no file counts anything over a time",
            spoiled="The panel would have no periods.",
            todo="Pass inspections or injuries, with a period in the manifest or as read(path, period=...).",
        )
    return min(first for first, _ in counting), max(last for _, last in counting)


def _held(rows: pd.DataFrame, first: str, last: str, periods: pd.DataFrame) -> pd.DataFrame:
    """Give each row the period that holds its dates whole; rows that none holds are left out."""
    start = period_of(rows[first], rows[last], periods)
    _warn(
        rows[start.isna()],
        'their dates lie in no one period (use period="fiscal_year" or "all" for counts of fiscal years)',
    )
    return rows.assign(period_start=start).dropna(subset=["period_start"])


def _of_workers(injuries: pd.DataFrame, used: Sequence[Tables]) -> pd.DataFrame:
    """Return the injuries of workers; one on a day its file does not cover has no denominator."""
    workers = injuries[injuries["subject"] == "worker"]
    held = {bundle.source_id: bundle.period for bundle in used if bundle.period}
    first = workers["source_id"].map({source: cover[0] for source, cover in held.items()})
    last = workers["source_id"].map({source: cover[1] for source, cover in held.items()})
    outside = (workers["date"] < first) | (workers["date"] > last)
    _warn(workers[outside], "they are dated outside the time their file covers")
    return workers[~outside]


def _collected(injuries: pd.DataFrame, panel: pd.DataFrame, coverage: pd.DataFrame | None) -> pd.DataFrame:
    """Leave out injuries where their source does not collect: it cannot hold all of that place's."""
    inside = [injuries.iloc[:0]]
    for source, rows in injuries.groupby("source", sort=False):
        answers = covers(str(source), panel, stated=coverage)
        placed = rows.merge(panel[_KEYS].assign(covers=answers["covers"], reason=answers["reason"]), on=_KEYS)
        for reason, outside in placed[placed["covers"] == "no"].groupby("reason"):
            _warn(outside, f"their source does not cover their facility ({reason})")
        inside.append(placed[placed["covers"] != "no"].drop(columns=["covers", "reason"]))
    return pd.concat(inside, ignore_index=True)


def _warn(left_out: pd.DataFrame, why: str) -> None:
    for source, rows in left_out.groupby("source_id"):
        many = f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}"
        # The level is that of build_panel's caller.
        warnings.warn(f"left out of the panel: {many} of {source}, since {why}.", RecordsLeftOut, stacklevel=4)


def _inspected(inspections: pd.DataFrame) -> pd.DataFrame:
    # A sum with a part that is not known is not known.
    counts = inspections.groupby(_KEYS, as_index=False)[["tasks_count", "findings_count"]]
    return counts.sum(min_count=1, skipna=False)


def _injured(injuries: pd.DataFrame, confirmed: pd.Series) -> pd.DataFrame:
    rows = injuries.assign(sure=injuries["record_id"].isin(confirmed))
    return rows.groupby(_KEYS, as_index=False).agg(
        injuries_count=("record_id", "size"), injuries_confirmed_count=("sure", "sum")
    )


def _years_collected(panel: pd.DataFrame, used: Sequence[Tables], coverage: pd.DataFrame | None) -> pd.Series:
    """Return the years of each row in which injuries were collected; null where they were not."""
    files: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for bundle in used:
        if "injuries" in bundle.frames and bundle.period:
            files.setdefault(bundle.source, []).append(bundle.period)
    years = {source: covered_years(source, held, panel, stated=coverage) for source, held in files.items()}
    return pd.DataFrame(years, index=panel.index, dtype="float64").max(axis=1)


def _none_where_collected(panel: pd.DataFrame) -> pd.DataFrame:
    """Set injuries to 0 where a source collected and has none; elsewhere no record stays null."""
    names = ["injuries_count", "injuries_confirmed_count"]
    counts = panel[names].astype("Int64")
    counts = counts.mask(counts.isna() & panel[["plant_years"]].notna().to_numpy(), 0)
    return panel.assign(**{name: counts[name] for name in names})


def _records_of(panel: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.Series:
    """Return, per row, the ids of the records it was made from, joined by a space."""
    every = pd.concat([part[[*_KEYS, "record_id"]] for part in parts]).drop_duplicates()
    joined = every.groupby(_KEYS)["record_id"].agg(" ".join).rename("record_ids").reset_index()
    return panel[_KEYS].merge(joined, on=_KEYS, how="left", validate="one_to_one")["record_ids"].set_axis(panel.index)
