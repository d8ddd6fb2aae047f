"""The simulated industry in the agencies' own layouts: same headers, order, encoding and manners of the cells."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.codes import shipped
from welfare.schema.provenance import write_whole

_POSTCODE_EXTENDED = 0.1
_SIZE_HIDDEN = 0.10


def headers(source: str, layout: str) -> list[str]:
    """Return the header of a source's file, as its column map lists it."""
    book = shipped(f"column_maps/{source}.csv")
    names = book.loc[(book["layout"] == layout) & (book["header"] != ""), "header"]
    if names.empty:
        raise KeyError(f"{source} has no layout {layout!r}")
    return list(dict.fromkeys(names))


def write_table(path: Path, table: pd.DataFrame, names: list[str], *, newline: str = "\n") -> Path:
    """Write a frame of text as UTF-8 CSV, its columns in the order of the header."""
    text = table[names].to_csv(index=False, lineterminator=newline)
    return write_whole(path, lambda part: part.write_bytes(text.encode("utf-8")))


def write_reports(path: Path, table: pd.DataFrame, names: list[str]) -> Path:
    """Write injury reports as OSHA does: latin-1, text in quotes, empty cells, days and numbers bare, CRLF."""
    bare = {"EventDate", "Latitude", "Longitude", "Hospitalized", "Amputation"}
    lines = [",".join(f'"{name}"' for name in names)]
    for row in table[names].itertuples(index=False, name=None):
        cells = [cell if name in bare or not cell else _quoted(cell) for name, cell in zip(names, row, strict=True)]
        lines.append(",".join(cells))
    text = "\r\n".join([*lines, ""])
    return write_whole(path, lambda part: part.write_bytes(text.encode("latin-1")))


def _quoted(cell: str) -> str:
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="").writerow([cell])
    return sink.getvalue()


def directory_2017(plants: pd.DataFrame) -> pd.DataFrame:
    """Return the directory as it was in 2017: no ids, no coordinates, the operators of that year."""
    return pd.DataFrame(
        {
            "est_number": plants["establishment_number"],
            "company": plants["name_2017"],
            "street": plants["street"],
            "city": plants["town"],
            "st": plants["state"],
            "zip": plants["postcode"].str.lstrip("0"),
            "phone": _phones(plants),
            "grant_date": plants["grant_date"].dt.strftime("%Y-%m-%d"),
            "activities": _activities(plants).map(", ".join),
            "dbas": plants["other_names"],
        }
    )


def directory_2025(rng: np.random.Generator, plants: pd.DataFrame) -> pd.DataFrame:
    """Return the directory of June 2025, with ids, coordinates, districts, and a size class for nine in ten."""
    hidden = rng.choice(["", "N / A"], len(plants), p=[0.1, 0.9])
    extended = "-" + pd.Series(rng.integers(1000, 9999, len(plants)), index=plants.index).astype(str)
    odd = {"duns": rng.random(len(plants)) < 0.1, "space": rng.random(len(plants)) < 0.3}
    return pd.DataFrame(
        {
            "establishment_id": plants["establishment_id"],
            "establishment_number": plants["establishment_number"],
            "establishment_name": plants["name"],
            "duns_number": np.where(odd["duns"], "SIM" + plants["establishment_id"].str[3:].str.zfill(6), ""),
            "street": plants["street"] + np.where(odd["space"], " ", ""),
            "city": plants["town"],
            "state": plants["state"],
            "zip": plants["postcode"].str.lstrip("0")
            + extended.where(rng.random(len(plants)) < _POSTCODE_EXTENDED, ""),
            "phone": _phones(plants),
            "grant_date": [f"{day.month}/{day.day}/{day.year}" for day in plants["grant_date"]],
            "activities": _activities(plants).map("; ".join),
            "dbas": plants["other_names"],
            "district": plants["district"],
            "circuit": plants["circuit"].str.lstrip("0"),
            "size": np.where(rng.random(len(plants)) < _SIZE_HIDDEN, hidden, plants["size_class"]),
            "latitude": plants["latitude_deg"].map("{:.8f}".format),
            "longitude": plants["longitude_deg"].map("{:.8f}".format),
            "county": "Sim County",
            "fips_code": "99" + plants["postcode"].str[-3:],  # no state has the code 99
        }
    )


def _phones(plants: pd.DataFrame) -> pd.Series:
    """Return telephone numbers of the range kept for fiction."""
    return "(555) 555-01" + plants["establishment_id"].str[-2:]


def _activities(plants: pd.DataFrame) -> pd.Series:
    return pd.Series([_activity(plant) for plant in plants.to_dict("records")], index=plants.index)


def _activity(plant: dict[Any, Any]) -> list[str]:
    grants, words = str(plant["establishment_number"]), []
    processes = bool(plant["processing_volume_category"])
    if processes and "MSIM" in grants:
        words.append("Meat Processing")
    if plant["kind"] == "livestock":
        words.append("Meat Slaughter")
    if processes and "PSIM" in grants:
        words.append("Poultry Processing")
    if plant["kind"] == "poultry":
        words.append("Poultry Slaughter")
    if "VSIM" in grants:
        words.append("Voluntary Processing - Meat")
    return words


def humane_handling(plants: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    """Return one fiscal year's counts per plant; plants with fewer than 5 tasks are absent, as in the real file."""
    seen = year[year["tasks_count"] >= 5]
    tasks, found = seen["tasks_count"], seen["findings_count"]
    table = pd.DataFrame(
        {
            "EstablishmentNumber": plants["establishment_number"].loc[seen["plant"]].to_numpy(),
            "inspection_tasks": tasks.to_numpy(),
            "noncompliance_records": found.to_numpy(),
            "compliance_pct": ((1 - (found / tasks).round(4)) * 100).map(repr).to_numpy(),
        }
    )
    return table.sort_values("EstablishmentNumber", kind="stable")


def line_speed_waivers(plants: pd.DataFrame) -> pd.DataFrame:
    """Return the list of waivers, by the plant's poultry grant."""
    waived = plants[plants["waiver_from"] != ""]
    brand = "Sim Brand " + waived["establishment_id"].str[3:]
    return pd.DataFrame(
        {
            "establishment_number": "P" + waived["establishment_id"],
            "establishment_number_raw": "P-" + waived["establishment_id"],
            "company": brand + ", LLC",
            "standardized_name": brand,
            "location": waived["town"] + ", " + waived["state"],
            "city": waived["town"],
            "state": waived["state"],
            "date_granted": waived["waiver_from"],
            "date_granted_key": waived["waiver_from"].str.replace("-", ""),
            "modified_line_speed_flag": "Y",
        }
    )


def measured_speeds(plants: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    """Return one year's measured line speeds of the young-chicken plants."""
    return pd.DataFrame(
        {
            "establishment_number": plants["establishment_number"].loc[year["plant"]].to_numpy(),
            "species": "young_chicken",
            "date_from": year["year"].map("{}-01-01".format).to_numpy(),
            "date_to": year["year"].map("{}-12-31".format).to_numpy(),
            "line_speed_animals_per_min": year["speed"].map("{:.1f}".format).to_numpy(),
        }
    )
