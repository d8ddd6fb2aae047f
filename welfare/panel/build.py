"""The panel: linked tables brought to one row per facility and period."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from welfare.errors import BadParameter, NoVintage, RecordsLeftOut
from welfare.link.links import Links
from welfare.panel.exposure import covered_years
from welfare.panel.facts import attributes, slaughtered
from welfare.panel.line_speeds import speeds_of_periods
from welfare.panel.periods import period_of, spans
from welfare.schema.tables import Tables, validate
from welfare.sources.registry import registry

SIMULATED = "SIMULATED"
_KEYS = ["facility_id", "period_start"]


def build_panel(links: Links, *bundles: Tables, period: str = "year") -> pd.DataFrame:
    """Bring linked tables to one row per facility and period.

    Parameters
    ----------
    links : Links
        From `link_records` on the same bundles.
    *bundles : Tables
        As `read` returns them. Of a source whose files are snapshots, the newest is used.
    period : {"year", "fiscal_year", "quarter", "month", "all"}
        Length of each row's time; "all" gives one row per facility.

    Returns
    -------
    DataFrame
        The columns that `data/columns.csv` gives the panel, with record_ids, from which `trace` leads back to the
        records; if the plants are made up, also the column SIMULATED. A facility is in it whether or not anything was
        collected about it: null is not collected, 0 is collected and none. A count whose dates no period holds
        whole (a fiscal year's, in a panel by calendar year) is in no row; a RecordsLeftOut warning says so.

    Raises
    ------
    NoVintage
        If a bundle does not say as of when it is true.
    BadParameter
        If a file is given twice, or the period has no such name.
    """
    _require_vintages(bundles)
    used = newest(bundles)
    home = links.places.set_index("record_id")["facility_id"]
    tables = {name: _placed(used, name, home) for name in ("facilities", "inspections", "injuries", "slaughter")}
    speeds = _placed(used, "line_speeds", home)
    periods = spans(period, *_first_and_last(used))

    spine = tables["facilities"][tables["facilities"]["source_id"] == links.spine.source_id]
    others = tables["facilities"][tables["facilities"]["source"] != links.spine.source]
    facts = attributes(spine, others).join(slaughtered(tables["slaughter"]))
    confirmed = links.table.loc[links.table["decision"] == "confirmed", "left_id"]
    panel = facts.reset_index().merge(periods, how="cross")
    for part in (
        _inspected(tables["inspections"], periods),
        _injured(tables["injuries"], periods, confirmed),
        speeds_of_periods(speeds, periods).drop(columns="record_ids"),
    ):
        panel = panel.merge(part, on=_KEYS, how="left", validate="one_to_one")
    panel = _injuries_where_collected(panel, used)
    panel["record_ids"] = _sources_of(panel, tables, speeds, periods)
    if links.simulated:
        panel[SIMULATED] = SIMULATED
    return validate(panel, "panel")


def _require_vintages(bundles: Sequence[Tables]) -> None:
    seen: dict[tuple[str, object], str] = {}
    for bundle in bundles:
        if bundle.vintage is None:
            raise NoVintage(
                "the file does not say as of when it is true",
                where=bundle.path,
                spoiled="Old records would stand beside new ones as if they were of one day.",
                todo='Pass read(path, vintage="2025-06"), or list the file in a MANIFEST.csv beside it.',
            )
        key = (bundle.source_id, bundle.period)
        if key in seen:
            raise BadParameter(
                f"{bundle.source_id} is given twice: {seen[key]} and {bundle.path}",
                spoiled="Its counts would be doubled.",
                todo="Pass each file once.",
            )
        seen[key] = bundle.path


def newest(bundles: Sequence[Tables]) -> list[Tables]:
    """Return the bundles a panel uses: of each source that publishes snapshots the newest, of the others all."""
    kinds = registry().set_index("source")["kind"]
    latest: dict[str, str] = {}
    for bundle in bundles:
        latest[bundle.source] = max(latest.get(bundle.source, ""), bundle.vintage or "")
    return [b for b in bundles if kinds.get(b.source) != "snapshot" or b.vintage == latest[b.source]]


def _placed(used: Sequence[Tables], table: str, home: pd.Series) -> pd.DataFrame:
    """Stack one table of all bundles under the ids of their places; rows of no place are left out."""
    frames = [getattr(bundle, table).assign(source=bundle.source) for bundle in used]
    rows = pd.concat(frames, ignore_index=True)
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


def _inspected(inspections: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    start = period_of(inspections["date_from"], inspections["date_to"], periods)
    _warn_of_unheld(inspections[start.isna()])
    rows = inspections.assign(period_start=start).dropna(subset=["period_start"])
    # min_count: a sum over nothing known is not known.
    return rows.groupby(_KEYS, as_index=False)[["tasks_count", "findings_count"]].sum(min_count=1)


def _warn_of_unheld(unheld: pd.DataFrame) -> None:
    for source, rows in unheld.groupby("source_id"):
        warnings.warn(
            f"{len(rows):,} rows of {source} are in no row of the panel: their dates lie in no one period "
            '(use period="fiscal_year" or "all" for counts of fiscal years).',
            RecordsLeftOut,
            stacklevel=4,
        )


def _injured(injuries: pd.DataFrame, periods: pd.DataFrame, confirmed: pd.Series) -> pd.DataFrame:
    workers = injuries[injuries["subject"] == "worker"]
    start = period_of(workers["date"], workers["date"], periods)
    rows = workers.assign(period_start=start, sure=workers["record_id"].isin(confirmed)).dropna(subset=["period_start"])
    return rows.groupby(_KEYS, as_index=False).agg(
        injuries_count=("record_id", "size"), injuries_confirmed_count=("sure", "sum")
    )


def _injuries_where_collected(panel: pd.DataFrame, used: Sequence[Tables]) -> pd.DataFrame:
    """Set injuries to 0 where a source collected and has none, to null where it did not collect."""
    covers: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for bundle in used:
        if len(bundle.injuries) and bundle.period:
            covers.setdefault(bundle.source, []).append(bundle.period)
    years = pd.DataFrame({source: covered_years(source, spans_, panel) for source, spans_ in covers.items()})
    plant_years = years.max(axis=1) if len(years.columns) else pd.Series(float("nan"), index=panel.index)
    collected = plant_years.notna()
    columns = ["injuries_count", "injuries_confirmed_count"]
    counts = panel[columns].fillna(0).astype("Int64").where(collected)
    return panel.assign(plant_years=plant_years, **{name: counts[name] for name in columns})


def _sources_of(
    panel: pd.DataFrame, tables: dict[str, pd.DataFrame], speeds: pd.DataFrame, periods: pd.DataFrame
) -> pd.Series:
    """Return, per row, the ids of the records it was made from, joined by a space."""
    inspections, injuries = tables["inspections"], tables["injuries"]
    parts = [
        inspections.assign(period_start=period_of(inspections["date_from"], inspections["date_to"], periods)),
        injuries.assign(period_start=period_of(injuries["date"], injuries["date"], periods)),
        speeds_of_periods(speeds, periods).explode("record_ids").rename(columns={"record_ids": "record_id"}),
    ]
    always = pd.concat([tables["facilities"], tables["slaughter"]])[["facility_id", "record_id"]].drop_duplicates()
    parts.append(always.merge(periods[["period_start"]], how="cross"))
    every = pd.concat([part[[*_KEYS, "record_id"]] for part in parts]).dropna().drop_duplicates()
    joined = every.groupby(_KEYS)["record_id"].agg(" ".join).rename("record_ids").reset_index()
    return panel[_KEYS].merge(joined, on=_KEYS, how="left", validate="one_to_one")["record_ids"].set_axis(panel.index)
