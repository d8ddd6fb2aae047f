"""Write the simulated industry: draw it, plant the effects, lay the files out, and say what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.examples.demographics import demographics
from welfare.examples.industry import draw_plants
from welfare.examples.layouts import (
    directory_2017,
    directory_2025,
    headers,
    humane_handling,
    line_speed_waivers,
    measured_speeds,
    write_reports,
    write_table,
)
from welfare.examples.manifest import Listed, write_manifest
from welfare.examples.outcomes import YEARS, draw_baselines, draw_handling, draw_injuries, draw_speeds
from welfare.examples.reports import draw_reports
from welfare.examples.truth import NOTHING, PLANTED, PlantedTruth, choose_sites, findings_ratio, tell

MINIMUM_PLANTS = 200  # with fewer, some of the planted effects would have no plants to stand on
_MAXIMUM_PLANTS = 9999  # ids have four digits

# Every kind of draw has its own stream of random numbers, so that what one draws leaves the others as they are.
_STREAMS = (
    "identity",
    "place",
    "baseline",
    "sites",
    "tasks",
    "findings",
    "speeds",
    "injuries",
    "reports",
    "noise",
    "cells",
)


def write_example(to: str | Path, *, seed: int = 0, plants: int = 1500, planted: bool = True) -> PlantedTruth:
    """Write a simulated slaughter industry in the agencies' own file layouts, and return what was planted in it.

    Half of the plants slaughter livestock, a quarter poultry, the rest only process. Eight years of humane-handling
    counts, measured line speeds and severe injury reports, two directories, one demographics extract, one list of
    waivers and a MANIFEST.csv are written; each row of each file says that it is simulated.

    Parameters
    ----------
    to : path
        Folder for the files; made if needed. Files of the same names are replaced, each whole.
    seed : int
        Same seed, same bytes. 0 is valid.
    plants : int
        How many plants, 200 to 9,999.
    planted : bool
        If False, every effect's ratio is 1; plants, places, line speeds and tasks are the same as with True.

    Returns
    -------
    PlantedTruth
        The ratios, where they were planted, and which event belongs to which plant. It is not written to `to`.

    Raises
    ------
    BadParameter
        If `seed` or `plants` cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> truth = write_example(tempfile.mkdtemp(), plants=200)
    >>> truth.regime_ratio
    1.6
    """
    _check(seed, plants)
    streams = {name: np.random.default_rng([seed, number]) for number, name in enumerate(_STREAMS)}
    effects = PLANTED if planted else NOTHING
    industry = draw_plants(streams["identity"], streams["place"], plants)
    industry = industry.join(draw_baselines(streams["baseline"], industry))
    sites = choose_sites(streams["sites"], industry)
    industry["findings_ratio"] = findings_ratio(sites, effects, industry)
    handling = draw_handling(streams["tasks"], streams["findings"], industry)
    speeds = draw_speeds(streams["speeds"], industry)
    injuries = draw_injuries(streams["injuries"], industry, speeds, effects)
    reports = draw_reports(streams["reports"], streams["noise"], industry, injuries)
    _write_files(Path(to), streams["cells"], industry, handling, speeds, reports)
    links = reports.loc[reports["facility_id"] != "", ["ID", "facility_id"]].rename(columns={"ID": "event_id"})
    return tell(effects, sites, links.reset_index(drop=True), industry)


def _check(seed: int, plants: int) -> None:
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise BadParameter(f"the seed {seed!r} is not a whole number of at least 0", todo="Pass seed=0, for instance.")
    whole = isinstance(plants, int | np.integer) and not isinstance(plants, bool)
    if not whole or not MINIMUM_PLANTS <= plants <= _MAXIMUM_PLANTS:
        raise BadParameter(
            f"a simulated industry cannot have {plants!r} plants",
            spoiled="With too few, the planted effects would have no plants to stand on.",
            todo=f"Ask for {MINIMUM_PLANTS} to {_MAXIMUM_PLANTS:,}.",
        )


def _write_files(
    folder: Path,
    rng: np.random.Generator,
    plants: pd.DataFrame,
    handling: pd.DataFrame,
    speeds: pd.DataFrame,
    reports: pd.DataFrame,
) -> None:
    """Write every file, then the manifest that lists them."""
    listed = []

    def put(table: pd.DataFrame, path: str, source: str, layout: str, vintage: str, period: str, **manner: str) -> None:
        names = headers(source, layout)
        writer = write_reports if source == "us.osha.severe_injury" else write_table
        writer(folder / path, table, names, **manner)
        listed.append(Listed(path, source, vintage, period))

    mpi, speed = "us.fsis.mpi_directory", "user.line_speeds_measured"
    put(directory_2017(plants), "us/fsis/mpi_directory_2017.csv", mpi, "2017", "2017", "2017", newline="\r\n")
    directory = directory_2025(rng, plants)
    put(directory, "us/fsis/mpi_directory_2025-06.csv", mpi, "2024", "2025-06", "2025-06-05")
    source = "us.fsis.establishment_demographics"
    extract = demographics(rng, plants, headers(source, "2025"))
    put(extract, "us/fsis/establishment_demographics_2025-06.csv", source, "2025", "2025-06", "2025-06-05")
    waivers = line_speed_waivers(plants)
    last = str(waivers["date_granted"].max())
    put(waivers, "us/fsis/poultry_line_speed_waivers.csv", "us.fsis.line_speed_waivers", "2023", last, last)
    for year in YEARS:
        table = humane_handling(plants, handling[handling["year"] == year])
        path, period = f"us/fsis/humane_handling_fy{year}.csv", f"{year - 1}-10-01..{year}-09-30"
        put(table, path, "us.fsis.humane_handling", "per_establishment", f"FY{year}", period)
        period = f"{year}-01-01..{year}-12-31"
        path = f"us/osha/severe_injury_reports_{year}.csv"
        put(reports[reports["year"] == year], path, "us.osha.severe_injury", "2015", f"{year}", period)
        table = measured_speeds(plants, speeds[speeds["year"] == year])
        put(table, f"user/line_speeds_measured_{year}.csv", speed, "1", f"{year}", period)
    write_manifest(folder, listed)
