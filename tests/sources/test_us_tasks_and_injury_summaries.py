"""Humane handling task by task, and employers' yearly injury summaries: made-up records in the agencies' layouts."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.conftest import HUMANE
from welfare.link.links import link_records
from welfare.panel.build import build_panel
from welfare.sources.read import read

ITA = "us.osha.ita_300a"


def cells(frame: pd.DataFrame, *names: str) -> list[list[object]]:
    return frame[list(names)].astype(object).where(frame[list(names)].notna(), None).to_numpy().tolist()


# FSIS humane handling, one row per task and noncompliance record


def task(number: int, day: str = "2023-10-02", plant: str = "0011", **more: str) -> dict[str, str]:
    grants = {"0011": "M101+P101", "0012": "M102"}
    return {
        "EstablishmentID": plant,
        "EstablishmentNumber": grants[plant],
        "InspectionDate": day,
        "InspectionTypeCategory": "Routine",
        "TaskID": f"{{TASK-{number}}}",
        "RegsVerified": "313.1,313.2",
        **more,
    }


def finding(number: int, regulations: str = "313.15,313.2") -> dict[str, str]:
    return {
        "NonComplianceId": f"{{NC-{number}}}",
        "NRNumber": f"ABC{number}",
        "NRRegs": regulations,
        "NRDescription": "what an inspector wrote",
    }


TASKS = [
    task(1) | finding(1),
    task(1) | finding(2, regulations=""),
    task(2),
    task(3, day="10/3/2023") | {"MOIDescription": "who was there"},
    task(4, plant="0012", day="2024-09-30") | finding(3, regulations="313.2"),
]


def test_a_task_with_two_noncompliance_records_is_one_task_and_two_findings(agency):
    tables = read(agency(HUMANE, "task_level", *TASKS), vintage="FY2024", period="FY2024")
    assert tables.source == HUMANE
    assert cells(tables.inspections, "inspection_id", "facility_id", "tasks_count", "findings_count") == [
        ["{TASK-1}", "us.fsis:0011", 1, 1],
        ["{TASK-1}", "us.fsis:0011", 0, 1],
        ["{TASK-2}", "us.fsis:0011", 1, 0],
        ["{TASK-3}", "us.fsis:0011", 1, 0],
        ["{TASK-4}", "us.fsis:0012", 1, 1],
    ]
    assert (tables.inspections["date_from"] == tables.inspections["date_to"]).all()
    assert tables.inspections["date_from"].iloc[3] == pd.Timestamp(2023, 10, 3)  # either way of writing a day
    assert cells(tables.findings, "finding_id", "inspection_id", "facility_id", "rule_cited", "narrative") == [
        ["ABC1", "{TASK-1}", "us.fsis:0011", "313.15; 313.2", None],
        ["ABC2", "{TASK-1}", "us.fsis:0011", None, None],
        ["ABC3", "{TASK-4}", "us.fsis:0012", "313.2", None],
    ]


def test_what_inspectors_wrote_in_words_is_withheld(agency):
    tables = read(agency(HUMANE, "task_level", *TASKS))
    assert set(tables.withheld) == {"NRDescription", "MOIDescription"}
    told = [frame.to_csv() for _, frame in tables]
    assert not any("wrote" in text or "who was there" in text for text in told)


def test_an_establishment_of_the_task_file_has_its_own_number_and_each_grant(agency):
    rows = read(agency(HUMANE, "task_level", TASKS[0])).identifiers
    assert cells(rows, "scheme", "identifier") == [
        ["us.fsis", "0011"],
        ["us.fsis.grant", "M101"],
        ["us.fsis.grant", "P101"],
    ]


def test_a_task_dated_2097_is_a_reject_in_every_table(agency):
    late = task(99, day="2097-10-02") | finding(9)
    good = [task(number) for number in range(30)]
    tables = read(agency(HUMANE, "task_level", *good, late), vintage="FY2024", period="FY2024")
    assert tables.rejects["row"].tolist() == [31]
    assert "2097" in tables.rejects["reason"].iloc[0]
    assert len(tables.inspections) == 30
    assert len(tables.findings) == 0


def test_the_panel_counts_planted_tasks_and_findings_of_the_task_file(agency, directory):
    places = {"city": "Sampletown", "state": "MA", "activities": "Meat Slaughter"}
    listed = directory(
        {"establishment_id": "0011", "establishment_number": "M101+P101", "establishment_name": "Alder"} | places,
        {"establishment_id": "0012", "establishment_number": "M102", "establishment_name": "Birch"} | places,
        {"establishment_id": "0013", "establishment_number": "M103", "establishment_name": "Cedar"} | places,
        name="directory.csv",
    )
    bundles = [
        read(listed, vintage="2024-09"),
        read(agency(HUMANE, "task_level", *TASKS, name="tasks.csv"), vintage="FY2024", period="FY2024"),
    ]
    panel = build_panel(link_records(*bundles), *bundles, period="quarter").dropna(subset=["tasks_count"])
    assert cells(panel, "facility_id", "period_start", "tasks_count", "findings_count") == [
        ["us.fsis:0011", pd.Timestamp(2023, 10, 1), 3, 2],
        ["us.fsis:0012", pd.Timestamp(2024, 7, 1), 1, 1],
    ]


# OSHA ITA 300A


def summary(**more: str) -> dict[str, str]:
    return {
        "id": "1",
        "establishment_id": "0042",
        "establishment_name": "Example Packing, North",
        "company_name": "Example Foods",
        "ein": "001234567",
        "street_address": "1 Example Way",
        "city": "Sampletown",
        "state": "MA",
        "zip_code": "1234",
        "naics_code": "311612",
        "size": "22",
        "year_filing_for": "2023",
        "annual_average_employees": "160",
        "total_hours_worked": "320,000",
        "total_deaths": "1",
        "total_dafw_cases": "4",
        "total_djtr_cases": "8",
        "total_other_cases": "3",
        "total_dafw_days": "70",
        "total_djtr_days": "200",
        "change_reason": "typed by hand",
        **more,
    }


@pytest.mark.parametrize("layout", ["2016", "2023"])
def test_trir_and_dart_are_cases_over_hours_of_a_hundred_full_time_workers(agency, layout):
    tables = read(agency(ITA, layout, summary()))
    assert tables.source == ITA
    assert dict(cells(tables.measures, "quantity", "value")) == {
        "deaths": 1.0,
        "cases with days away from work": 4.0,
        "cases with job transfer or restriction": 8.0,
        "other recordable cases": 3.0,
        "days away from work": 70.0,
        "days of job transfer or restriction": 200.0,
        "TRIR": 10.0,  # (1 + 4 + 8 + 3) x 200,000 / 320,000
        "DART": 7.5,  # (4 + 8) x 200,000 / 320,000
    }
    assert set(tables.measures["subject"]) == {"workers"}
    assert set(tables.measures["measured_by"]) == {"operator"}
    assert cells(tables.exposures, "kind", "value", "unit") == [
        ["employees", 160.0, "persons"],
        ["worker_hours", 320000.0, "h"],
    ]
    for frame in (tables.measures, tables.exposures):
        assert set(frame["date_from"]) == {pd.Timestamp(2023, 1, 1)}
        assert set(frame["date_to"]) == {pd.Timestamp(2023, 12, 31)}


def test_an_establishment_keeps_its_zeros_and_the_tax_number_of_its_company_is_no_identifier(agency):
    tables = read(agency(ITA, "2023", summary()))
    assert cells(tables.identifiers, "facility_id", "scheme", "identifier") == [
        ["us.osha.ita:0042", "us.osha.ita", "0042"]
    ]
    assert cells(tables.facilities, "name", "other_names", "region", "postcode", "size_class") == [
        ["Example Packing, North", "Example Foods", "MA", "01234", "22"]
    ]
    assert tables.raw["ein"].tolist() == ["001234567"]
    assert tables.withheld == ("change_reason",)


@pytest.mark.parametrize("hours", ["0", "", "0.0"])
def test_without_hours_there_is_no_rate_and_the_cases_stay(agency, hours):
    tables = read(agency(ITA, "2023", summary(total_hours_worked=hours)))
    assert len(tables.rejects) == 0
    assert not set(tables.measures["quantity"]) & {"TRIR", "DART"}
    assert tables.measures["value"].sum() == 286
    assert tables.exposures["value"].tolist() == ([160.0] if hours == "" else [160.0, 0.0])


def test_a_rate_with_a_part_missing_is_not_there_and_the_other_is(agency):
    tables = read(agency(ITA, "2023", summary(total_deaths="")))
    assert dict(cells(tables.measures, "quantity", "value"))["DART"] == 7.5
    assert "TRIR" not in set(tables.measures["quantity"])


def test_hours_beyond_those_of_a_year_are_kept_for_the_user_to_judge(agency):
    tables = read(agency(ITA, "2023", summary(total_hours_worked="1.40142E+11")))
    hours, employees = (tables.exposures.set_index("kind")["value"][name] for name in ("worker_hours", "employees"))
    assert hours / employees > 8760
    assert len(tables.rejects) == 0


def test_a_case_count_below_zero_or_of_letters_is_a_reject(agency):
    good = [summary(establishment_id=str(number)) for number in range(50)]
    bad = [summary(total_deaths="-1"), summary(total_dafw_cases="four")]
    tables = read(agency(ITA, "2023", *good, *bad))
    assert tables.rejects["reason"].tolist() == [
        "total_deaths: '-1' is not a number of at least 0",
        "total_dafw_cases: 'four' is not a number of at least 0",
    ]


def test_an_establishment_that_submitted_twice_is_there_twice(agency):
    tables = read(agency(ITA, "2023", summary(id="1"), summary(id="2", total_deaths="0")))
    deaths = tables.measures[tables.measures["quantity"] == "deaths"]
    assert cells(deaths, "facility_id", "value", "source_row") == [
        ["us.osha.ita:0042", 1.0, 1],
        ["us.osha.ita:0042", 0.0, 2],
    ]


def test_a_summary_of_the_first_years_need_not_be_in_utf_8(agency):
    path = agency(ITA, "2016", summary(company_name="Peña Foods"))
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert read(path).facilities["other_names"].tolist() == ["Peña Foods"]
