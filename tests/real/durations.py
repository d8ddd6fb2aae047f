"""The agencies' files as records and spells to count time in: what a row is, and what the files cannot show.

Each function takes the folder of third-party files and reads through `welfare.read`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import welfare as wf
from welfare.stats.duration.spells import Spells, spells

# The day the last record of the Danish file begins: nothing later can be in it.
LAST_FOCUS_AREA = "2024-10-20"
THEMES = (
    "mortality",
    "tail biting",
    "care of sick and injured animals",
    "hernia",
    "housing and hygiene",
    "shoulder sores",
    "several",
)
DIRECTORIES = ("2017", "2024-09", "2025-06")


def focus_area_days(shared: Path) -> pd.DataFrame:
    """Return one row per Danish herd and day on which one or more welfare focus areas began.

    Columns: herd (number and species, since 18 numbers stand for both); holding (CHR number); date; species; areas (how
    many themes began that day); theme (the one, or "several"; one not among `THEMES` is "other"); kind ("again" where a
    theme of that day was a focus area of the herd before, else "new").

    Left out: the 6,026 of 38,248 records that name no focus area, records that `wf.read` rejects, and a theme's
    repetitions on a day.
    """
    tables = wf.read(shared / "data/dk/fvst/welfare_focus_areas_2017-2024.xlsx")
    rows = tables.findings
    frame = pd.DataFrame(
        {
            "herd": rows["unit_id"].astype(str) + " " + rows["species"].astype(str),
            "holding": rows["facility_id"].str.removeprefix("dk.chr:"),
            "date": rows["date"],
            "species": rows["species"].astype(str),
            "theme": rows["theme"].astype(str),
        }
    ).drop_duplicates()
    frame = frame.sort_values(["herd", "date", "theme"], ignore_index=True)
    frame["again"] = frame.duplicated(["herd", "theme"])
    days = frame.groupby(["herd", "date"], as_index=False).agg(
        holding=("holding", "first"),
        species=("species", "first"),
        areas=("theme", "size"),
        theme=("theme", "first"),
        again=("again", "any"),
    )
    theme = days["theme"].where(days["areas"] == 1, "several")
    kind = days["again"].map({True: "again", False: "new"})
    return days.assign(theme=theme.where(theme.isin(THEMES), "other"), kind=kind).drop(columns="again")


def focus_area_spells(shared: Path, *, clock: str = "spell") -> Spells:
    """Return the spells of herds from one day on which focus areas began to the next, or to the last day of the file.

    The columns of `focus_area_days` are those of the day that began the spell; cause is the kind of the one that ended
    it.
    """
    return spells(
        focus_area_days(shared),
        unit="herd",
        date="date",
        until=LAST_FOCUS_AREA,
        clock=clock,
        keep=["holding", "species", "areas", "theme"],
        cause="kind",
    )


def audits(shared: Path) -> pd.DataFrame:
    """Return one row per British meat establishment: its last full audit before the file was made.

    Columns: establishment; date; outcome; frequency (months until the next audit); due (the first of the month in which
    it was due); slaughters (1 or 0). From raw: AuditFrequency, NextAuditDueDate and Activity.
    """
    tables = wf.read(shared / "data/gb/fsa/meat_establishment_audits_2015-2017.csv")
    raw = tables.raw
    return pd.DataFrame(
        {
            "establishment": tables.inspections["facility_id"].str.removeprefix("gb.fsa:").to_numpy(),
            "date": tables.inspections["date_from"].to_numpy(),
            "outcome": tables.inspections["outcome"].astype(str).to_numpy(),
            "frequency": pd.to_numeric(raw["AuditFrequency"]).to_numpy(),
            "due": pd.to_datetime(raw["NextAuditDueDate"], format="%d-%b-%y").to_numpy(),
            "slaughters": raw["Activity"].str.contains("SH").astype(int).to_numpy(),
        }
    )


def plants_listed(shared: Path) -> pd.DataFrame:
    """Return one row per plant of the first directory: whether the two later ones list any of its grants.

    The file is filed under 2017, but its newest grant is of 2018-06-21: it cannot be older than that.

    Columns: plant (its grants); slaughters (1 where its activities of 2017 say so); listed_2024 and listed_2025 (1 or
    0).
    """
    tables = {vintage: wf.read(shared / f"data/us/fsis/mpi_directory_{vintage}.csv") for vintage in DIRECTORIES}
    first = tables["2017"]
    grants = first.identifiers[["record_id", "identifier"]]
    for vintage in DIRECTORIES[1:]:
        later = tables[vintage].identifiers
        known = later.loc[later["scheme"] == "us.fsis.grant", "identifier"]
        grants = grants.assign(**{f"listed_{vintage[:4]}": grants["identifier"].isin(known).astype(int)})
    plants = grants.groupby("record_id", sort=False).agg(
        plant=("identifier", "+".join), listed_2024=("listed_2024", "max"), listed_2025=("listed_2025", "max")
    )
    activities = first.facilities.set_index("record_id")["activities"].fillna("")
    return plants.assign(slaughters=activities.str.contains("Slaughter").astype(int)).reset_index(drop=True)
