"""What a column map makes of records: every record is in a table or among the rejects, with its reason."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.conftest import DEMOGRAPHICS, HUMANE, OSHA, WAIVERS
from welfare.errors import BadValue
from welfare.sources.maps.mapping import map_records
from welfare.sources.read import read
from welfare.sources.registry import BY_THE_CALLER, Layout


def mapped(records: dict[str, list[str]], *rules: tuple[str, str, str, str], period=None):
    book = pd.DataFrame(rules, columns=["header", "table", "column", "transform"])
    layout = Layout.of("my.agency", BY_THE_CALLER, book)
    return map_records(pd.DataFrame(records, dtype="str"), layout, period=period, where="file.csv")


# Words that take more than one cell, or give more than one row


def test_flags_give_one_row_each_under_the_words_of_the_file(agency):
    flags = {"inspection_system_npis": "Yes", "young_chicken_slaughter": "yes", "inspection_system_nsis": "No"}
    plants = {"establishment_id": "1", "establishment_number": "P1", "slaughter_volume_category": "5.0"} | flags
    tables = read(agency(DEMOGRAPHICS, "2025", plants, {"establishment_id": "2"}), vintage="2025-06")
    rows = tables.slaughter[["facility_id", "species", "inspection_system", "volume_category", "source_row"]]
    assert rows.astype(object).where(rows.notna(), None).to_numpy().tolist() == [
        ["us.fsis:1", None, "npis", "5", 1],
        ["us.fsis:1", "young_chicken", None, "5", 1],
    ]


def test_a_flag_that_is_neither_yes_nor_no_is_a_reject_in_every_table(agency):
    good = [{"establishment_id": str(i), "young_chicken_slaughter": "Yes"} for i in range(1, 40)]
    bad = {"establishment_id": "40", "young_chicken_slaughter": "perhaps"}
    tables = read(agency(DEMOGRAPHICS, "2025", *good, bad), vintage="2025-06")
    assert tables.rejects.to_dict("records") == [
        {"row": 40, "reason": "young_chicken_slaughter: 'perhaps' is not Yes, No or empty"}
    ]
    assert all(40 not in set(frame["source_row"]) for _, frame in tables)


def test_compound_numbers_split_into_one_row_each_once(agency):
    rows = [
        {"EstablishmentNumber": "M1+P1 + V1", "inspection_tasks": "10", "noncompliance_records": "1"},
        {"EstablishmentNumber": "M2+M2+", "inspection_tasks": "5", "noncompliance_records": "0"},
    ]
    tables = read(agency(HUMANE, "per_establishment", *rows))
    assert tables.identifiers[["facility_id", "scheme", "identifier", "source_row"]].to_numpy().tolist() == [
        ["us.fsis.grant:M1", "us.fsis.grant", "M1", 1],
        ["us.fsis.grant:M1", "us.fsis.grant", "P1", 1],
        ["us.fsis.grant:M1", "us.fsis.grant", "V1", 1],
        ["us.fsis.grant:M2", "us.fsis.grant", "M2", 2],
    ]
    assert tables.inspections["tasks_count"].tolist() == [10, 5]


def event(number: int, **cells: str) -> dict[str, str]:
    return {"ID": str(number), "EventDate": "1/2/2016", "State": "OHIO", **cells}


def test_addresses_join_and_counts_of_persons_become_kind_and_largest(agency):
    rows = [
        event(1, Hospitalized="1.00", Amputation="0.00", Address1="1 Way", Address2="Suite 2"),
        event(2, Hospitalized="2", Amputation="1", Address1="", Address2="Rear"),
        event(3, Hospitalized="0", Amputation="3", Address1="1 Way"),
        event(4, Hospitalized="0", Amputation="0"),
        event(5),
    ]
    injuries = read(agency(OSHA, "2015", *rows)).injuries
    assert injuries["street"].fillna("-").tolist() == ["1 Way, Suite 2", "Rear", "1 Way", "-", "-"]
    assert injuries["kind"].tolist() == [
        "hospitalisation",
        "amputation+hospitalisation",
        "amputation",
        "not_stated",
        "not_stated",
    ]
    assert injuries["persons_or_animals_count"].fillna(-1).tolist() == [1, 2, 3, 0, -1]
    assert injuries["subject"].tolist() == ["worker"] * 5
    assert injuries["region"].tolist() == ["OH"] * 5


def test_if_takes_the_word_alone(agency):
    waiver = {"date_granted": "2023-03-31", "modified_line_speed_flag": "Y"}
    rows = [{"establishment_number": f"P{i}", **waiver} for i in range(20)]
    rows.append({"establishment_number": "P99", **waiver, "modified_line_speed_flag": "N"})
    tables = read(agency(WAIVERS, "2023", *rows))
    assert set(tables.line_speeds["basis"]) == {"waiver"}
    assert set(tables.line_speeds["speed_animals_per_min"]) == {175.0}
    assert tables.rejects.to_dict("records") == [{"row": 21, "reason": "'N' in 'modified_line_speed_flag' is not 'Y'"}]


def test_period_gives_the_files_first_and_last_day(agency):
    row = {"EstablishmentNumber": "M1", "inspection_tasks": "10", "noncompliance_records": "1"}
    path = agency(HUMANE, "per_establishment", row)
    covered = read(path, period="FY2024").inspections
    assert covered[["date_from", "date_to"]].iloc[0].tolist() == [pd.Timestamp(2023, 10, 1), pd.Timestamp(2024, 9, 30)]
    assert read(path).inspections[["date_from", "date_to"]].isna().all(axis=None)


def test_counts_over_a_time_do_not_take_the_vintage_for_that_time(agency):
    row = {"EstablishmentNumber": "M1", "inspection_tasks": "10", "noncompliance_records": "1"}
    tables = read(agency(HUMANE, "per_establishment", row), vintage="2024-12")
    assert tables.period is None
    assert tables.inspections["date_from"].isna().all()


def test_a_snapshot_is_of_its_vintage(agency):
    plant = {"establishment_id": "1", "inspection_system_npis": "Yes"}
    tables = read(agency(DEMOGRAPHICS, "2025", plant), vintage="2025-06")
    assert tables.slaughter["date_from"].tolist() == [pd.Timestamp(2025, 6, 1)]
    assert tables.slaughter["date_to"].tolist() == [pd.Timestamp(2025, 6, 30)]


# Rejects


def test_a_record_that_says_nothing_the_layout_reads_is_a_reject(directory):
    silent = {
        name: ""
        for name in ("establishment_id", "establishment_number", "establishment_name", "street", "city", "state", "zip")
    } | {"activities": "", "latitude": "", "longitude": "", "phone": "555 0100"}
    tables = read(directory(*({"establishment_id": str(i)} for i in range(30)), silent))
    assert tables.rejects.to_dict("records") == [
        {"row": 31, "reason": "the record says nothing that this layout reads"}
    ]
    assert tables.facilities["source_row"].tolist() == list(range(1, 31))
    assert any("records left out: 1 of 31" in note for note in tables.notes)


def test_an_unreadable_cell_keeps_its_whole_record_out_and_names_the_header(directory):
    plants = [{"establishment_id": str(i)} for i in range(40)] + [{"latitude": "42,5", "longitude": "west"}]
    tables = read(directory(*plants))
    assert tables.rejects.to_dict("records") == [{"row": 41, "reason": "latitude: '42,5' is not a number"}]
    assert len(tables.facilities) == 40
    assert 41 not in set(tables.identifiers["source_row"])
    assert len(tables.raw) == 41


@pytest.mark.parametrize(("bad", "refused"), [(1, False), (2, True)])
def test_more_than_a_twentieth_unreadable_refuses_the_file(directory, bad, refused):
    good = [{"street": "1 Way\nRear"}] * (20 - bad)
    path = directory(*good, *([{"latitude": "north"}] * bad))
    if not refused:
        assert len(read(path).rejects) == 1
        return
    with pytest.raises(BadValue) as caught:
        read(path)
    error = caught.value
    assert "2 of 20 records cannot be read; the first: latitude: 'north' is not a number" in error.what
    assert error.where == f"{path}, line {1 + 2 * 18 + 1}"  # header, 18 records of two lines, then this
    assert "change every figure" in error.spoiled
    assert "us.fsis.mpi_directory.csv" in error.todo


def test_the_rejects_of_a_clean_file_are_an_empty_frame(directory):
    rejects = read(directory({})).rejects
    assert rejects.empty
    assert list(rejects) == ["row", "reason"]


# The table `*`, and tables that a record does not speak of


def test_a_star_reaches_every_table_of_the_layout():
    result = mapped(
        {"id": ["1", "2"], "n": ["4", ""]},
        ("id", "*", "facility_id", "first_id x"),
        ("id", "identifiers", "identifier", "ids x"),
        ("n", "inspections", "tasks_count", "count"),
    )
    assert {name: frame["facility_id"].tolist() for name, frame in result.frames.items()} == {
        "identifiers": ["x:1", "x:2"],
        "inspections": ["x:1", "x:2"],
    }
    assert result.frames["inspections"]["tasks_count"].fillna(-1).tolist() == [4, -1]


def test_a_table_has_no_row_for_a_record_of_which_it_would_say_only_constants():
    result = mapped(
        {"name": ["A", ""], "n": ["", "4"]},
        ("name", "facilities", "name", "text"),
        ("", "facilities", "country", "const XX"),
        ("n", "inspections", "tasks_count", "count"),
        ("", "inspections", "programme", "const visit"),
        ("", "inspections", "date_from", "period from"),
        period=(pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 12, 31)),
    )
    assert result.frames["facilities"]["source_row"].tolist() == [1]
    assert result.frames["inspections"]["source_row"].tolist() == [2]
    assert result.rejects.empty


# Amounts, rates and spans


def test_a_total_below_zero_is_a_reject_and_an_empty_one_gives_no_row():
    records = {"hens": ["1,200", "", "-3", "0"] + ["1"] * 40}
    found = mapped(
        records,
        ("hens", "area_measures", "value", "total birds hens: layers"),
        ("", "area_measures", "basis", "const measured"),
    )
    rows = found.frames["area_measures"]
    assert rows[["source_row", "value", "unit", "quantity", "subject"]].to_numpy().tolist()[:2] == [
        [1, 1200.0, "birds", "hens", "layers"],
        [4, 0.0, "birds", "hens", "layers"],
    ]
    assert found.rejects.to_dict("records") == [
        {"row": 2, "reason": "the record says nothing that this layout reads"},
        {"row": 3, "reason": "hens: '-3' is not a number of at least 0"},
    ]


def test_hours_that_cannot_be_read_make_a_reject_even_where_only_a_rate_reads_them():
    records = {"cases": ["2"] * 41, "hours": ["400,000"] * 40 + ["many"]}
    found = mapped(
        records,
        ("cases", "measures", "value", "incidence DART cases"),
        ("hours", "measures", "value", "incidence DART hours"),
        ("", "measures", "basis", "const measured"),
    )
    assert set(found.frames["measures"]["value"]) == {1.0}
    assert found.rejects.to_dict("records") == [{"row": 41, "reason": "hours: 'many' is not a number of at least 0"}]


def test_a_number_that_two_headers_give_is_one_identifier():
    records = {"key": ["12", "13"], "also": ["12; 12a", "13"]}
    rows = mapped(
        records,
        ("key", "*", "facility_id", "first_id xx.plant"),
        ("key", "identifiers", "identifier", "ids xx.plant"),
        ("also", "identifiers", "identifier", "ids xx.plant ;"),
    ).frames["identifiers"]
    assert rows[["facility_id", "identifier"]].to_numpy().tolist() == [
        ["xx.plant:12", "12"],
        ["xx.plant:12", "12a"],
        ["xx.plant:13", "13"],
    ]


@pytest.mark.parametrize(
    ("form", "first", "last"),
    [
        ("%Y-%m-%d", "2024-02-29", "2024-02-29"),
        ("month of %Y-%m-%d", "2024-02-01", "2024-02-29"),
        ("year of %Y-%m-%d", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_span_is_the_day_named_or_the_month_or_year_of_it(form, first, last):
    rows = mapped(
        {"day": ["2024-02-29"], "hens": ["1"]},
        ("day", "area_measures", "date_from", f"first_day {form}"),
        ("day", "area_measures", "date_to", f"last_day {form}"),
        ("hens", "area_measures", "value", "total birds hens"),
        ("", "area_measures", "basis", "const measured"),
    ).frames["area_measures"]
    assert [f"{day:%Y-%m-%d}" for day in rows[["date_from", "date_to"]].iloc[0]] == [first, last]
