from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from welfare.examples import PlantedTruth, write_example
from welfare.examples.layouts import headers
from welfare.link.links import Links, link_records
from welfare.schema.tables import Tables
from welfare.sources.read import read

MPI, OSHA = "us.fsis.mpi_directory", "us.osha.severe_injury"
HUMANE, WAIVERS = "us.fsis.humane_handling", "us.fsis.line_speed_waivers"

REAL_FILES = (
    "fsis/mpi_directory_2025-06.csv",
    "fsis/mpi_directory_2017.csv",
    "fsis/establishment_demographics_2025-06.csv",
    "fsis/humane_handling_fy2024_by_establishment.csv",
    "fsis/poultry_line_speed_waivers.csv",
    "osha/severe_injury_reports_2015-2017.csv",
)


class Agency:
    """Writes small files in the agencies' layouts, and reads them: a row is a dict of the cells that matter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, source: str, layout: str, rows: Iterable[dict[str, str]], vintage: str) -> Tables:
        path = self._folder / f"{source}_{vintage}.csv"
        encoding = "latin-1" if source == OSHA else "utf-8"
        with path.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(stream, headers(source, layout), restval="")
            writer.writeheader()
            writer.writerows(rows)
        return read(path, vintage=vintage)

    def directory(self, *rows: dict[str, str], vintage: str = "2025-06") -> Tables:
        return self._read(MPI, "2024", rows, vintage)

    def older(self, *rows: dict[str, str], vintage: str = "2017") -> Tables:
        return self._read(MPI, "2017", rows, vintage)

    def humane(self, *numbers: str, vintage: str = "FY2024") -> Tables:
        rows = [{"EstablishmentNumber": n, "inspection_tasks": "9", "noncompliance_records": "1"} for n in numbers]
        return self._read(HUMANE, "per_establishment", rows, vintage)

    def waivers(self, *numbers: str) -> Tables:
        rows = [
            {"establishment_number": n, "date_granted": "2023-03-31", "modified_line_speed_flag": "Y"} for n in numbers
        ]
        return self._read(WAIVERS, "2023", rows, "2023-03-31")

    def reports(self, *rows: dict[str, str], vintage: str = "2017-02-28") -> Tables:
        usual = {"EventDate": "1/10/2016", "Primary NAICS": "311615", "Hospitalized": "1.00", "Amputation": "0.00"}
        return self._read(OSHA, "2015", [usual | row for row in rows], vintage)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


@pytest.fixture(scope="session")
def alder() -> dict[str, dict[str, str]]:
    """One made-up poultry plant, in the cells of the newest directory, of the 2017 one and of a report."""
    return {
        "2025": {
            "establishment_id": "1",
            "establishment_number": "M1+P1",
            "establishment_name": "Alder Poultry, Inc.",
            "street": "100 North Main Street",
            "city": "Oakton",
            "state": "GA",
            "zip": "30001",
            "activities": "Poultry Slaughter",
            "latitude": "34.00",
            "longitude": "-84.00",
        },
        "2017": {
            "est_number": "P1",
            "company": "Alder Farms LLC",
            "street": "100 N. Main St.",
            "city": "Oakton",
            "st": "GA",
            "zip": "30001",
            "activities": "Poultry Slaughter",
        },
        "report": {
            "ID": "2016010001",
            "Employer": "ALDER POULTRY",
            "Address1": "100 N Main St",
            "City": "OAKTON",
            "State": "GEORGIA",
            "Zip": "30001",
            "Latitude": "34.00",
            "Longitude": "-84.00",
        },
    }


class Simulated(NamedTuple):
    bundles: list[Tables]
    links: Links
    truth: PlantedTruth


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("simulated")
    truth = write_example(folder, plants=300)
    files = pd.read_csv(folder / "MANIFEST.csv", dtype=str).iloc[:, 0]
    bundles = [read(folder / name) for name in files]
    return Simulated(bundles, link_records(*bundles), truth)


class Real(NamedTuple):
    bundles: dict[str, Tables]
    links: Links


@pytest.fixture(scope="session")
def real(shared: Path) -> Real:
    bundles = [read(shared / "data" / "us" / name) for name in REAL_FILES]
    return Real({bundle.source_id: bundle for bundle in bundles}, link_records(*bundles))
