"""A made-up industry of six plants, written in the agencies' own layouts and read back by the library itself."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from welfare.link.links import link_records
from welfare.panel.build import build_panel
from welfare.schema.codes import shipped
from welfare.schema.tables import Tables
from welfare.sources.read import read

# number, establishment id, name, street, city, state, zip, latitude, longitude
PLANTS = (
    ("M101+P101", "11", "Alder Poultry Farms", "12 Mill Road", "Cullman", "AL", "35055", "34.17", "-86.84"),
    ("M102", "12", "Birch Valley Pork", "400 Depot Street", "Tarboro", "NC", "27886", "35.90", "-77.54"),
    ("M103", "13", "Cedar Creek Beef", "77 Feedlot Lane", "Amarillo", "TX", "79101", "35.21", "-101.83"),
    ("P104", "14", "Dogwood Chicken", "9 Hatchery Drive", "Gainesville", "GA", "30501", "34.30", "-83.82"),
    ("M105", "15", "Elm Hollow Sausage", "3 Smokehouse Court", "Waco", "TX", "76701", "31.55", "-97.13"),
)
CLOSED = ("M109", "19", "Fir Point Packing", "880 River Street", "Toledo", "OH", "43604", "41.65", "-83.54")

_SOURCES = {
    "mpi_2024": ("us.fsis.mpi_directory", "2024"),
    "mpi_2017": ("us.fsis.mpi_directory", "2017"),
    "demographics": ("us.fsis.establishment_demographics", "2025"),
    "handling": ("us.fsis.humane_handling", "per_establishment"),
    "waivers": ("us.fsis.line_speed_waivers", "2023"),
    "injuries": ("us.osha.severe_injury", "2015"),
    "speeds": ("user.line_speeds_measured", "1"),
}
_ACTIVITIES = {"M": "Meat Slaughter", "P": "Poultry Slaughter"}


class World:
    """Writes files of an agency's layout into one folder; each method returns what `read` makes of one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Tables] = {}

    def file(self, kind: str, rows: list[dict[str, object]], vintage: str | None, period: str | None = None) -> Tables:
        """Write and read a file; one that was written before is not written again."""
        told = repr((kind, rows, vintage, period))
        if told not in self.known:
            path = self.folder / f"{kind}_{len(self.known)}.csv"
            source = self._write(path, kind, rows)
            self.known[told] = read(path, source, vintage=vintage, period=period)
        return self.known[told]

    @staticmethod
    def _write(path: Path, kind: str, rows: list[dict[str, object]]) -> str:
        source, layout = _SOURCES[kind]
        book = shipped(f"column_maps/{source}.csv")
        header = list(dict.fromkeys(book.loc[(book["layout"] == layout) & (book["header"] != ""), "header"]))
        with path.open("w", newline="", encoding="latin-1" if kind == "injuries" else "utf-8") as stream:
            writer = csv.DictWriter(stream, header, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return source

    def directory(self, vintage: str = "2025-06", plants=PLANTS, sizes: dict[str, str] | None = None) -> Tables:
        rows = [
            {
                "establishment_number": number,
                "establishment_id": key,
                "establishment_name": name,
                "street": street,
                "city": city,
                "state": state,
                "zip": postcode,
                "latitude": latitude,
                "longitude": longitude,
                "activities": _ACTIVITIES[number[0]],
                "district": "50",
                "circuit": "5001",
                "size": (sizes or {}).get(key, "Small"),
            }
            for number, key, name, street, city, state, postcode, latitude, longitude in plants
        ]
        return self.file("mpi_2024", rows, vintage)

    def old_directory(self, vintage: str = "2017", plants=(*PLANTS, CLOSED), names: dict[str, str] | None = None):
        rows = [
            {
                "est_number": number,
                "company": (names or {}).get(number, name),
                "street": street,
                "city": city,
                "st": state,
                "zip": postcode,
                "activities": _ACTIVITIES[number[0]],
            }
            for number, _, name, street, city, state, postcode, _, _ in plants
        ]
        return self.file("mpi_2017", rows, vintage)

    def demographics(self, plants: dict[str, dict[str, str]], vintage: str = "2025-06") -> Tables:
        """By establishment id: the headers that say Yes, or hold another word."""
        numbers = {key: (number, name) for number, key, name, *_ in PLANTS}
        rows = [
            {"establishment_id": key, "establishment_number": numbers[key][0], "establishment_name": numbers[key][1]}
            | cells
            for key, cells in plants.items()
        ]
        return self.file("demographics", rows, vintage)

    def handling(self, counts: list[tuple[str, object, object]], year: int = 2024, **how: str) -> Tables:
        rows = [
            {"EstablishmentNumber": number, "inspection_tasks": tasks, "noncompliance_records": found}
            for number, tasks, found in counts
        ]
        dated = {"vintage": f"FY{year}", "period": f"FY{year}"} | how
        return self.file("handling", rows, **dated)

    def waivers(self, granted: list[tuple[str, str]], vintage: str = "2023-03-31") -> Tables:
        rows = [
            {"establishment_number": number, "date_granted": day, "modified_line_speed_flag": "Y"}
            for number, day in granted
        ]
        return self.file("waivers", rows, vintage)

    def injuries(
        self,
        events: list[tuple[str, str]],
        vintage: str | None = "2017-02-28",
        period: str | None = "2015-01-01..2017-02-28",
    ) -> Tables:
        """Establishment id and day of each event; reported under the plant's own name and address."""
        known = {key: plant for _, key, *plant in (*PLANTS, CLOSED)}
        states = shipped("codes/us_states.csv").set_index("code")["name"]
        rows = []
        for i, (key, day) in enumerate(events, 1):
            name, street, city, state, postcode, latitude, longitude = known[key]
            rows.append(
                {
                    "ID": str(2015010000 + i),
                    "EventDate": f"{pd.Timestamp(day):%m/%d/%Y}",
                    "Employer": name,
                    "Address1": street,
                    "City": city,
                    "State": states[state].upper(),
                    "Zip": postcode,
                    "Latitude": latitude,
                    "Longitude": longitude,
                    "Primary NAICS": "311615" if key in ("11", "14") else "311611",
                    "Hospitalized": "1.00",
                    "Amputation": "0.00",
                    "Final Narrative": f"An employee of {name} was hurt.",
                }
            )
        return self.file("injuries", rows, vintage, period)

    def speeds(self, rows: list[tuple[str, str, str, object]], vintage: str = "2018", period: str = "2018") -> Tables:
        cells = [
            {
                "establishment_number": number,
                "species": "young_chicken",
                "date_from": first,
                "date_to": last,
                "line_speed_animals_per_min": speed,
            }
            for number, first, last, speed in rows
        ]
        return self.file("speeds", cells, vintage, period)

    @staticmethod
    def panel(*bundles: Tables, period: str = "year", decisions: pd.DataFrame | None = None) -> pd.DataFrame:
        return build_panel(link_records(*bundles, decisions=decisions), *bundles, period=period)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("panel"))


def confirmed(*pairs: tuple[str, str]) -> pd.DataFrame:
    """Return decisions that confirm events (by id) at facilities."""
    return pd.DataFrame(
        [
            {
                "source": "us.osha.severe_injury",
                "record": event,
                "facility_id": facility,
                "decision": "confirmed",
                "who": "a reader",
                "when": "2025-01-01",
                "why": "same name and address",
            }
            for event, facility in pairs
        ]
    )


@pytest.fixture
def confirm():
    return confirmed
