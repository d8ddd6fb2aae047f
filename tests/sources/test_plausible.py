"""Dates that cannot be make a record a reject, with the date in the reason."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.sources.maps.plausible import impossible, latest_day

LATEST = pd.Timestamp(2024, 12, 31)


def reasons(**columns: list[str | None]) -> dict[int, str]:
    frame = pd.DataFrame({name: pd.to_datetime(pd.Series(days)) for name, days in columns.items()})
    return impossible(frame, LATEST).to_dict()


def test_a_day_after_the_file_was_made_is_impossible_and_the_last_possible_day_is_not():
    assert reasons(date=["2097-06-01", "2024-12-31", "2025-01-01", None]) == {
        0: "date 2097-06-01 lies in the file's future",
        2: "date 2025-01-01 lies in the file's future",
    }


def test_a_day_before_anybody_kept_records_is_impossible():
    assert reasons(date_from=["1899-12-31", "1900-01-01"]) == {0: "date_from 1899-12-31 lies before 1900"}


@pytest.mark.parametrize(("first", "last"), [("date", "date_to"), ("date_from", "date_to"), ("valid_from", "valid_to")])
def test_a_spell_cannot_end_before_it_begins_but_may_end_on_its_day_or_never(first, last):
    found = reasons(**{first: ["2020-05-02", "2020-05-02", "2020-05-02"], last: ["2020-05-01", "2020-05-02", None]})
    assert found == {0: f"{last} 2020-05-01 lies before {first} 2020-05-02"}


def test_a_plan_may_end_in_the_future():
    assert reasons(valid_from=["2020-01-01"], valid_to=["2050-12-31"]) == {}


def test_a_record_with_several_rows_is_named_once():
    frame = pd.DataFrame({"date": pd.to_datetime(["2097-01-01", "2098-01-01"])}, index=[7, 7])
    assert impossible(frame, LATEST).to_dict() == {7: "date 2097-01-01 lies in the file's future"}


def test_the_last_possible_day_is_a_year_after_the_later_of_vintage_and_period():
    year, month = (
        (pd.Timestamp(2023, 1, 1), pd.Timestamp(2023, 12, 31)),
        (pd.Timestamp(2024, 3, 1), pd.Timestamp(2024, 3, 31)),
    )
    assert latest_day(year, None) == pd.Timestamp(2024, 12, 31)
    assert latest_day(year, month) == latest_day(month, year) == pd.Timestamp(2025, 4, 1)
    assert latest_day(None, None) == pd.Timestamp.now().normalize()
