"""Flocks, laboratories, barns, fires and eggs of the United States: made-up records, and what the maps make of them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from xlsxwriter import Workbook

from tests.sources.conftest import headers
from welfare.errors import BadValue
from welfare.sources.read import read

RESEARCH = "us.aphis.research_facilities"
FIRES = "us.awi.barn_fires"
EGGS = "us.nass.egg_production"


def cells(frame: pd.DataFrame, *names: str) -> list[list[object]]:
    return frame[list(names)].astype(object).where(frame[list(names)].notna(), None).to_numpy().tolist()


# APHIS avian influenza: a crosstab with merged cells and a title above its header

_DAYS = ["01-Apr-22", "15-Mar-24"]
_CROSSTAB = [
    ["", "", "", "", "", "Control Area Released", "", "", ""],
    ["Confirmed", "State", "County Name", "Special Id", "Production", *_DAYS, "Active", "NA"],
    ["02-Jan-24", "Ohio", "Example", "Example 01", "Commercial Turkey Meat Bird", "", "12,500", "", ""],
    ["", "", "", "Example 02", "Live Bird Sales  (non-slaughter)", "", "", "40", ""],
    ["", "Puerto Rico", "Sample", "Example 01", "WOAH Non-Poultry", "", "", "", "0"],
]


def crosstab(folder: Path, *more: list[str]) -> Path:
    path = folder / "flocks.xlsx"
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([*_CROSSTAB, *more]):
            sheet.write_row(number, 0, row)
    return path


def test_merged_cells_are_filled_and_each_flock_has_its_birds_its_status_and_its_day(tmp_path):
    tables = read(crosstab(tmp_path), vintage="2024-04")
    assert tables.source == "us.aphis.hpai_flocks"
    names = ("event_id", "region", "county", "species", "deaths_count", "control_status", "control_released")
    assert cells(tables.mortality, *names) == [
        ["Example 01", "OH", "Example", "turkey", 12500, "released", pd.Timestamp(2024, 3, 15)],
        ["Example 02", "OH", "Example", None, 40, "active", None],
        ["Example 01", "PR", "Sample", None, 0, None, None],
    ]
    assert set(tables.mortality["date_from"]) == {pd.Timestamp(2024, 1, 2)}


def test_a_flock_with_two_filled_cells_fewer_birds_than_none_a_new_word_or_a_day_to_come_is_a_reject(tmp_path):
    good = [["", "", "", f"Example {n}", "WOAH Poultry", "10", "", "", ""] for n in range(100, 180)]
    bad = [
        ["", "", "", "Example 96", "WOAH Poultry", "10", "10", "", ""],
        ["", "", "", "Example 97", "WOAH Poultry", "-10", "", "", ""],
        ["", "", "", "Example 98", "Commercial Dragons", "10", "", "", ""],
        ["2097-01-01", "", "", "Example 99", "WOAH Poultry", "10", "", "", ""],
    ]
    tables = read(crosstab(tmp_path, *good, *bad), vintage="2024-04")
    assert tables.rejects["reason"].tolist() == [
        "several cells of a crosstab are filled",
        "'-10' is not a count",
        "Production: 'Commercial Dragons' is not in data/codes/us_hpai_production.csv",
        "date_from 2097-01-01 lies in the file's future",
    ]


# APHIS research facilities


def laboratory(number: int, **more: str) -> dict[str, str]:
    return {
        "Customer Number_x": str(number),
        "Account Name": "Example Institute",
        "Certificate Number": f"00-R-{number:04}",
        "Registration Type": "Class R - Research Facility",
        "Address Line 1": "1 Example Way",
        "Address Line 2": "Suite 2",
        "City-State-Zip": "ST. ANNE, MA 1234",
        "Customer Number_y": str(number),
        "Year": "2024",
        "latitude": "0.0",
        "longitude": "0.0",
        **more,
    }


def test_the_line_of_town_state_and_postcode_is_parted_and_0_0_is_no_place(agency):
    tables = read(agency(RESEARCH, "2024", laboratory(7)), period="FY2024")
    assert cells(tables.facilities, "facility_id", "street", "city", "region", "postcode", "latitude_deg") == [
        ["us.aphis.certificate:00-R-0007", "1 Example Way, Suite 2", "ST. ANNE", "MA", "01234", None]
    ]
    assert cells(tables.identifiers, "scheme", "identifier") == [
        ["us.aphis.customer", "7"],
        ["us.aphis.certificate", "00-R-0007"],
    ]


def test_an_empty_number_of_animals_is_not_0_and_a_negative_one_is_a_reject(agency):
    rows = [laboratory(number, Dogs="1,200.0", Cats="0") for number in range(40)]
    tables = read(agency(RESEARCH, "2024", *rows, laboratory(41), laboratory(42, Pigs="-3")), period="FY2024")
    assert tables.rejects["reason"].tolist() == ["Pigs: '-3' is not a number of at least 0"]
    assert tables.exposures["subject"].value_counts().to_dict() == {"dog": 40, "cat": 40}
    assert tables.exposures["value"].sum() == 48_000
    assert set(tables.exposures["date_from"]) == {pd.Timestamp(2023, 10, 1)}
    assert set(tables.exposures["date_to"]) == {pd.Timestamp(2024, 9, 30)}


# EPA, by way of JSON


def _plant(name: str, status: str, quarters: int) -> dict[str, object]:
    book = headers("us.epa.fsis_crosswalk", "2026")
    summary = {h.partition(".")[2]: "" for h in book if h.startswith("summary.")}
    record = {h: "" for h in book if not h.startswith("summary.") and h not in ("key", "index")}
    summary |= {"compliance_status": status, "qtrs_with_nc": quarters, "penalty_count": 1}
    return record | {"registry_id": "110000000001", "fac_name": name, "fac_state": "MA", "summary": summary}


def test_a_zero_of_a_place_that_no_programme_knows_is_no_measure(tmp_path):
    plants = {"007a": _plant("EXAMPLE PACKING", "Violation Identified", 3), "8": _plant("EXAMPLE FORD", "", 0)}
    path = tmp_path / "crosswalk.json"
    path.write_text(json.dumps({"index": {"007a": "007a", "007ap9": "007a"}, "establishments": plants}))
    tables = read(path, vintage="2026-07")
    assert tables.source == "us.epa.fsis_crosswalk"
    assert cells(tables.measures, "facility_id", "quantity", "value", "subject") == [
        ["us.fsis.number_core:007a", "quarters in noncompliance", 3.0, "environment"],
        ["us.fsis.number_core:007a", "penalties", 1.0, "environment"],
    ]
    assert cells(tables.identifiers, "facility_id", "scheme", "identifier") == [
        ["us.fsis.number_core:007a", "us.fsis.number_core", "007a"],
        ["us.fsis.number_core:007a", "us.fsis.number_core", "007ap9"],
        ["us.fsis.number_core:007a", "us.epa.frs", "110000000001"],
        ["us.fsis.number_core:8", "us.fsis.number_core", "8"],
        ["us.fsis.number_core:8", "us.epa.frs", "110000000001"],
    ]
    assert tables.facilities["name"].tolist() == ["EXAMPLE PACKING", "EXAMPLE FORD"]


# Barn fires, eggs, barns


def test_deaths_with_thousands_separators_are_numbers_and_a_repeated_header_is_a_reject(agency):
    fire = {"date": "2021-03-06", "deaths": "166,000", "species": "Chickens", "state": "Arizona", "city": "Sampletown"}
    again = {name: name for name in fire}
    bad = [again, fire | {"deaths": "-14"}, fire | {"date": "2097-03-06"}, fire | {"state": "Narnia"}]
    goods = [fire] + [fire | {"deaths": str(number), "species": "3 goats and a dog"} for number in range(99)]
    tables = read(agency(FIRES, "2021", *goods, *bad), vintage="2021")
    assert tables.rejects["row"].tolist() == [101, 102, 103, 104]
    assert tables.mortality["deaths_count"].sum() == 166_000 + sum(range(99))
    assert cells(tables.mortality.head(1), "region", "city", "species", "date_to", "cause") == [
        ["AZ", "Sampletown", "Chickens", pd.Timestamp(2021, 3, 6), "barn fire"]
    ]


def test_hens_and_eggs_are_of_a_whole_month_and_na_is_absent(agency):
    kind = {"prod_type": "table eggs", "prod_process": "cage-free (organic)"}
    rows = [
        {"observed_month": "2020-02-29", "n_hens": "57,975,000", "n_eggs": "1045599999.5"} | kind,
        {"observed_month": "2020-03-31", "n_hens": "NA", "n_eggs": "7"} | kind,
    ]
    found = read(agency(EGGS, "2023", *rows), vintage="2020-04").area_measures
    february = pd.Timestamp(2020, 2, 1), pd.Timestamp(2020, 2, 29)
    march = pd.Timestamp(2020, 3, 1), pd.Timestamp(2020, 3, 31)
    assert cells(found, "date_from", "date_to", "quantity", "value", "unit") == [
        [*february, "hens", 57975000.0, "birds"],
        [*february, "eggs", 1045599999.5, "eggs"],
        [*march, "eggs", 7.0, "eggs"],
    ]
    assert set(found["subject"]) == {"table eggs, cage-free (organic)"}
    assert set(found["area_id"]) == {"iso3166:US"}


def barns(folder: Path, *, crs: str | None) -> Path:
    """Write two barns of 20 by 100 metres on a made-up spot of the UTM zone 18N grid."""
    named = {} if crs is None else {"crs": {"type": "name", "properties": {"name": crs}}}
    corners = [[(x, y), (x + 20, y), (x + 20, y + 100), (x, y + 100), (x, y)] for x, y in [(441000, 4180000)] * 2]
    features = [
        {
            "type": "Feature",
            "properties": {"AreaMeters": 2000, "first_year": 2011 + number},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for number, ring in enumerate(corners)
    ]
    path = folder / "barns.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", **named, "features": features}))
    return path


def test_metres_of_a_named_grid_become_degrees(tmp_path):
    rows = read(barns(tmp_path, crs="urn:ogc:def:crs:EPSG::26918"), vintage="2018").footprints
    assert rows["geometry"].crs.to_epsg() == 4326
    west, south, east, north = rows["geometry"].total_bounds
    assert -75.68 < west < east < -75.66
    assert 37.76 < south < north < 37.78
    assert cells(rows, "footprint_id", "area_m2", "first_year") == [["1", 2000.0, 2011], ["2", 2000.0, 2012]]


def test_metres_that_no_grid_is_named_for_are_refused(tmp_path):
    with pytest.raises(BadValue, match="outside the globe"):
        read(barns(tmp_path, crs=None), vintage="2018")
