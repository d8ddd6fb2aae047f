"""Files in the agencies' layouts, with the cells a test names and nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from welfare.sources.registry import layouts

Agency = Callable[..., Path]

DIRECTORY = "us.fsis.mpi_directory"
DEMOGRAPHICS = "us.fsis.establishment_demographics"
HUMANE = "us.fsis.humane_handling"
WAIVERS = "us.fsis.line_speed_waivers"
OSHA = "us.osha.severe_injury"

PLANT = {
    "establishment_id": "0001",
    "establishment_number": "M1+P1",
    "establishment_name": "Example Packing",
    "street": "1 Example Way",
    "city": "Sampletown",
    "state": "MA",
    "zip": "1234",
    "activities": "Meat Processing; Meat Slaughter",
    "latitude": "42.5",
    "longitude": "-71.5",
    "county": "Sample County",
    "fips_code": "25001",
}


def headers(source: str, layout: str) -> list[str]:
    return next(list(known.headers) for known in layouts() if (known.source, known.name) == (source, layout))


def as_csv(
    names: Sequence[str], rows: Sequence[Mapping[str, str]], newline: str = "\n", *, quote_all: bool = False
) -> str:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator=newline, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return sink.getvalue()


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    """Write a CSV file in a layout: `agency(source, layout, {header: cell}, ...)` gives its path."""

    def write(source: str, layout: str, *rows: Mapping[str, str], name: str = "file.csv", newline: str = "\n") -> Path:
        path = tmp_path / name
        path.write_bytes(as_csv(headers(source, layout), rows, newline).encode("utf-8"))
        return path

    return write


@pytest.fixture
def directory(agency: Agency) -> Callable[..., Path]:
    """Write a directory of plants, each given by the cells in which it differs from the example plant."""

    def write(*plants: Mapping[str, str], **manner: str) -> Path:
        return agency(DIRECTORY, "2024", *({**PLANT, **plant} for plant in plants), **manner)

    return write
