"""The agencies' files as frames to analyse: what a row is, units, and what was left out and why.

Each function takes the folder of third-party files and reads through `welfare.read`. A column that the tidy tables do
not carry is taken from the raw file, and the function says which.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import welfare as wf

LICE = {"motile Lepeophtheirus salmonis": "motiles", "Caligus": "caligus"}
PONDS = {"air gulping": "gulping", "dissolved oxygen": "oxygen", "water temperature": "temperature"}


def salmon_cages(shared: Path) -> pd.DataFrame:
    """Return one row per Scottish salmon cage and week.

    Columns: farm; cage (farm and cage together); week (its first day); month ("2019-05"); mortality (published share
    of the cage's fish that died in the week); density (kg/m3, mean of the week); density_earlier (kg/m3, of the same
    cage 8 weeks before; missing where there was none); temperature (degC); age (months of 30.4375 days since the
    cycle began).

    Left out: 979 of 5,134 weeks without a mortality or without a density (gaps at stocking and where a record is NA).
    From raw: days_since_start, which no tidy table carries.
    """
    tables = wf.read(shared / "data/gb/scotland_salmon/pub_dataset.csv")
    keys = ["facility_id", "unit_id", "date"]
    measures = tables.measures.rename(columns={"date_from": "date"})
    rows = _wide(measures, [*keys, "source_row"], {"weekly mortality": "mortality", "water temperature": "temperature"})
    housing = tables.housing[[*keys, "density_kg_per_m3"]].rename(columns={"density_kg_per_m3": "density"})
    earlier = housing.assign(date=housing["date"] + pd.Timedelta(weeks=8)).rename(
        columns={"density": "density_earlier"}
    )
    rows = rows.merge(housing, on=keys).merge(earlier, on=keys, how="left").dropna(subset=["mortality", "density"])
    days = pd.to_numeric(_raw(tables, "days_since_start").loc[rows["source_row"]])
    farm = rows["facility_id"].str.removeprefix("gb.szewczyk.farm:")
    return pd.DataFrame(
        {
            "farm": farm,
            "cage": farm + " " + rows["unit_id"],
            "week": rows["date"].dt.strftime("%Y-%m-%d"),
            "month": rows["date"].dt.strftime("%Y-%m"),
            "mortality": rows["mortality"],
            "density": rows["density"],
            "density_earlier": rows["density_earlier"],
            "temperature": rows["temperature"],
            "age": days.to_numpy() / 30.4375,
        }
    ).reset_index(drop=True)


def broiler_flocks(shared: Path) -> pd.DataFrame:
    """Return one row per French broiler flock sent to slaughter; none of the 351 is left out.

    Columns: dead_on_arrival (published, % of the birds sent); rain_wind (1 where the file says so); load_type (code "1"
    or "2", whose meaning the file does not give); crate_density (in the file's own unit, probably kg per m2 of crate);
    lairage (hours, taking the file's numbers for minutes); product ("0" or "1"); evisceration ("0" or "1").

    From raw: every column but dead_on_arrival. The package documents neither the codes nor the units.
    """
    tables = wf.read(shared / "data/fr/anses/broiler_flocks_doa_condemnation.csv")
    rows = _wide(tables.measures, ["source_row"], {"dead on arrival": "dead_on_arrival"})
    at = rows["source_row"]
    return pd.DataFrame(
        {
            "dead_on_arrival": rows["dead_on_arrival"].to_numpy(),
            "rain_wind": pd.to_numeric(_raw(tables, "RainWind").loc[at]).to_numpy(),
            "load_type": _raw(tables, "LoadType").loc[at].to_numpy(),
            "crate_density": pd.to_numeric(_raw(tables, "StockingD").loc[at]).to_numpy(),
            "lairage": pd.to_numeric(_raw(tables, "Dlairage").loc[at]).to_numpy() / 60,
            "product": _raw(tables, "Typrod").loc[at].to_numpy(),
            "evisceration": _raw(tables, "Evisc").loc[at].to_numpy(),
        }
    )


def lice_counts(shared: Path) -> pd.DataFrame:
    """Return one row per count of sea lice that an industry reported, 2011 to 2022, of every type of sample.

    Columns: farm; month ("2014-03", the month the count is reported under); year; motiles and caligus (mean lice per
    fish); audited (1 where the agency audited that farm in that month, else 0).

    Left out: 1,754 records without a count (no date, no pens: nothing was sampled). From raw: Year and Month. The tidy
    tables have the day of the count, which in 20 records lies in another month than the one it is reported under, and
    the agency's audits are of reports.
    """
    tables = wf.read(shared / "data/ca/dfo/sea_lice_counts_2011-2022.csv")
    counts = _wide(tables.measures, ["source_row", "facility_id"], LICE)
    reported = pd.to_datetime(_raw(tables, "Year") + " " + _raw(tables, "Month"), format="%Y %B")
    counts["month"] = reported.loc[counts["source_row"]].dt.strftime("%Y-%m").to_numpy()
    counts["year"] = counts["month"].str[:4].astype(int)
    audits = wf.read(shared / "data/ca/dfo/sea_lice_audits_2011-2020.csv").inspections
    audited = pd.MultiIndex.from_arrays([audits["facility_id"], audits["date_from"].dt.strftime("%Y-%m")])
    here = pd.MultiIndex.from_frame(counts[["facility_id", "month"]])
    counts["audited"] = here.isin(audited).astype(int)
    counts["farm"] = counts["facility_id"].str.removeprefix("ca.dfo:")
    return counts[["farm", "month", "year", "motiles", "caligus", "audited"]]


def lice_months(shared: Path, *, last: int = 2016) -> pd.DataFrame:
    """Return one row per farm and month, 2011 to `last`: the plain mean of that month's counts.

    Columns as in `lice_counts`, and: counts (how many were averaged); motiles_before and caligus_before (the farm's
    means of the month before, missing where it has none).
    """
    counts = lice_counts(shared)
    counts = counts[counts["year"] <= last]
    months = counts.groupby(["farm", "month"], as_index=False).agg(
        motiles=("motiles", "mean"), caligus=("caligus", "mean"), audited=("audited", "max"), counts=("year", "size")
    )
    before = months[["farm", "month", "motiles", "caligus"]].copy()
    before["month"] = (pd.PeriodIndex(before["month"], freq="M") + 1).astype(str)
    return months.merge(before, on=["farm", "month"], how="left", suffixes=("", "_before"))


def pond_visits(shared: Path) -> pd.DataFrame:
    """Return one row per visit to an Indian fish pond (morning and evening of a day are two) with a stocking density.

    Columns: pond; region; date; month; morning (1 or 0); follow_up (1 where the visit was made because the water had
    been out of range days before, else 0); doublings (base-2 logarithm of the stocking density in fish per m2, so a
    ratio is per doubling); weight (base-2 logarithm of the farmer's grams per fish; missing where not said); gulps (1
    where any fish was seen to gulp air, 0 where none, missing before 2023, when nobody noted it); out_of_range (1 where
    the agency calls the water out of range, else 0); low_oxygen (1 where a morning has under 3 mg/L, 0 where not,
    missing in the evening).

    Left out: 2,652 visits without a density and 5 with a density of 0 (an empty pond). From raw: "Is WQ in range?".
    Gulping fish are estimates of up to 10,000, so whether any gulped is taken, not how many.
    """
    tables = wf.read(shared / "data/in/fwi/water_quality.csv")
    rows = _wide(
        tables.measures,
        ["source_row", "facility_id", "date_from", "occasion"],
        {**PONDS, "weight of a fish": "grams"},
    )
    density = tables.housing.set_index("source_row")["density_animals_per_m2"]
    rows["density"] = rows["source_row"].map(density).astype(float)
    rows = rows[rows["density"] > 0].reset_index(drop=True)
    region = tables.facilities.drop_duplicates("facility_id").set_index("facility_id")["region"]
    morning = rows["occasion"].str.startswith("Morning")
    in_range = _raw(tables, "Is WQ in range?").loc[rows["source_row"]].to_numpy()
    return pd.DataFrame(
        {
            "pond": rows["facility_id"].str.removeprefix("in.fwi.pond:"),
            "region": rows["facility_id"].map(region),
            "date": rows["date_from"],
            "month": rows["date_from"].dt.strftime("%Y-%m"),
            "morning": morning.astype(int),
            "follow_up": rows["occasion"].str.endswith("follow-up").astype(int),
            "doublings": np.log2(rows["density"]),
            "weight": np.log2(rows["grams"].where(rows["grams"] > 0)),
            "gulps": (rows["gulping"] > 0).astype(float).where(rows["gulping"].notna()),
            "out_of_range": (in_range == "No").astype(int),
            "low_oxygen": (rows["oxygen"] < 3).astype(float).where(morning & rows["oxygen"].notna()),
        }
    )


def handling_tasks(shared: Path) -> pd.DataFrame:
    """Return one row per plant of the year's humane-handling tasks, October 2023 to September 2024.

    Columns: plant (its grants); findings (noncompliance records); tasks; hundreds (tasks / 100); volume (slaughter
    volume category, "1" to "5", from the demographics of June 2025 by grant number; missing for plants not found there
    or without a category).

    Nothing is left out here; plants under 5 tasks are absent from the file itself.
    """
    tables = wf.read(shared / "data/us/fsis/humane_handling_fy2024_by_establishment.csv")
    rows = tables.inspections[["source_row", "findings_count", "tasks_count"]]
    later = wf.read(shared / "data/us/fsis/establishment_demographics_2025-06.csv")
    grants = later.identifiers[later.identifiers["scheme"] == "us.fsis.grant"]
    places = grants.merge(later.facilities[["facility_id", "slaughter_volume_category"]], on="facility_id")
    known = tables.identifiers.merge(places[["identifier", "slaughter_volume_category"]], on="identifier")
    volume = known.groupby("source_row")["slaughter_volume_category"].first()
    return pd.DataFrame(
        {
            "plant": tables.identifiers.groupby("source_row")["identifier"].agg("+".join).loc[rows["source_row"]],
            "findings": rows["findings_count"].astype(int).to_numpy(),
            "tasks": rows["tasks_count"].astype(int).to_numpy(),
            "hundreds": rows["tasks_count"].astype(float).to_numpy() / 100,
            "volume": rows["source_row"].map(volume).astype("str").to_numpy(),
        }
    ).reset_index(drop=True)


def _wide(measures: pd.DataFrame, keys: list[str], quantities: dict[str, str]) -> pd.DataFrame:
    """Give each quantity a column under its new name; two values of one quantity in a record raise."""
    wanted = measures[measures["quantity"].isin(quantities)]
    # Of two values of one quantity pivot raises, where pivot_table would take their mean.
    wide = wanted.pivot(index=keys, columns="quantity", values="value").rename(columns=quantities)  # noqa: PD010
    return wide.reindex(columns=list(quantities.values())).rename_axis(columns=None).reset_index()


def _raw(tables: wf.Tables, column: str) -> pd.Series:
    """Return a column of the file as it is, under the record numbers that the tidy tables cite."""
    return tables.raw[column].set_axis(range(1, len(tables.raw) + 1))
