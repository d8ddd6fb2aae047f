"""Line speeds: permission by date only, measured means weighted by days, and null wherever there was no one speed."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.panel.line_speeds import speed_on, speeds_of_periods
from welfare.panel.periods import spans
from welfare.schema.columns import conform


def _speeds(*rows):
    names = ["facility_id", "basis", "speed_animals_per_min", "valid_from", "valid_to"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("valid_from", "valid_to"):
        frame[name] = pd.to_datetime(frame[name])
    frame["record_id"] = [f"user.speeds@2018#{i}" for i in range(1, len(frame) + 1)]
    return conform(frame.assign(species="young_chicken"), "line_speeds")


def _years(first, last):
    return spans("year", pd.Timestamp(first), pd.Timestamp(last))


WAIVER = ("a", "waiver", 175.0, "2023-03-31", "2024-03-30")


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        ("2023-03-30", "cannot tell"),
        ("2023-03-31", "permitted"),
        ("2024-02-29", "permitted"),
        ("2024-03-30", "permitted"),
        ("2024-03-30 18:00", "permitted"),  # the last day holds to its end
        ("2024-03-31", "cannot tell"),
    ],
)
def test_permission_holds_from_its_first_to_its_last_day(day, verdict):
    row = speed_on(_speeds(WAIVER), day).iloc[0]
    assert row["verdict"] == verdict
    assert (row["speed_animals_per_min"] == 175.0) == (verdict == "permitted")
    assert pd.isna(row["basis"]) == (verdict == "cannot tell")


def test_the_reason_names_the_day_the_permission_began_and_whether_it_ended():
    ended = speed_on(_speeds(WAIVER), "2023-06-01").iloc[0]["reason"]
    assert ended == "waiver from 2023-03-31, until 2024-03-30"
    open_ = speed_on(_speeds((*WAIVER[:4], None)), "2099-01-01").iloc[0]
    assert open_["verdict"] == "permitted"
    assert open_["reason"] == "waiver from 2023-03-31, and nothing shows that it ended"
    before = speed_on(_speeds(WAIVER), "2020-01-01").iloc[0]["reason"]
    assert "2020-01-01" in before and "earlier ones may not be in it" in before


def test_a_measured_speed_is_not_a_permission():
    assert speed_on(_speeds(("a", "measured", 150.0, "2018-01-01", "2018-12-31")), "2018-06-01").empty


def test_a_row_without_a_first_day_or_without_a_speed_permits_nothing():
    table = speed_on(
        _speeds(("a", "waiver", 175.0, None, None), ("b", "order", None, "2020-01-01", None)), "2021-01-01"
    )
    assert table.set_index("facility_id")["verdict"].to_dict() == {"a": "cannot tell", "b": "cannot tell"}


def test_the_highest_of_several_permissions_is_the_speed_and_an_unknown_one_does_not_hide_it():
    rows = [("a", "limit", 140.0, "2014-10-01", None), WAIVER, ("a", "order", None, "2023-01-01", None)]
    during, after = speed_on(_speeds(*rows), "2023-06-01"), speed_on(_speeds(*rows), "2024-06-01")
    assert during[["speed_animals_per_min", "basis"]].to_numpy().tolist() == [[175.0, "waiver"]]
    assert after[["speed_animals_per_min", "basis"]].to_numpy().tolist() == [[140.0, "limit"]]


def test_rows_of_no_facility_are_not_taken_for_one():
    assert speed_on(_speeds((None, "waiver", 175.0, "2020-01-01", None), WAIVER), "2023-06-01")[
        "facility_id"
    ].tolist() == ["a"]


@pytest.mark.parametrize("day", ["soon", None, "2023-02-30"])
def test_what_is_no_day_is_refused(day):
    with pytest.raises(BadParameter, match="is no date"):
        speed_on(_speeds(WAIVER), day)


def test_measured_speeds_are_weighted_by_their_days():
    # 2016 is a leap year: January to March has 91 days, April to December 275; by hand (91*120 + 275*140) / 366.
    rows = _speeds(
        ("a", "measured", 120.0, "2016-01-01", "2016-03-31"), ("a", "measured", 140.0, "2016-04-01", "2016-12-31")
    )
    table = speeds_of_periods(rows, _years("2016-01-01", "2016-12-31"))
    assert table["line_speed_animals_per_min"].tolist() == pytest.approx([(91 * 120 + 275 * 140) / 366], rel=1e-12)
    assert table["line_speed_basis"].tolist() == ["measured"]
    assert table["record_ids"].tolist() == [["user.speeds@2018#1", "user.speeds@2018#2"]]


def test_a_day_on_which_more_lines_were_measured_counts_no_more_than_another():
    rows = _speeds(
        ("a", "measured", 140.0, "2016-01-04", "2016-01-04"),
        ("a", "measured", 100.0, "2016-01-04", "2016-01-04"),
        ("a", "measured", 140.0, "2016-01-05", "2016-01-05"),
    )
    table = speeds_of_periods(rows, _years("2016-01-01", "2016-12-31"))
    assert table["line_speed_animals_per_min"].tolist() == [130.0]  # of 120 on one day and 140 on the other
    assert sorted(table["record_ids"].iloc[0]) == sorted(rows["record_id"])


def test_where_two_species_were_measured_there_is_no_one_speed_and_a_permission_does_not_stand_in():
    rows = _speeds(
        ("a", "measured", 140.0, "2016-01-04", "2016-01-04"),
        ("a", "measured", 50.0, "2016-01-04", "2016-01-04"),
        ("a", "waiver", 175.0, "2010-01-01", None),
        ("b", "measured", 140.0, "2016-01-04", "2016-01-04"),
    )
    table = speeds_of_periods(
        rows.assign(species=["young_chicken", "turkey", "young_chicken", None]), _years("2016-01-01", "2016-12-31")
    )
    assert table["facility_id"].tolist() == ["b"]


def test_a_measured_speed_that_straddles_two_years_or_is_reversed_or_open_is_of_neither():
    rows = _speeds(
        ("a", "measured", 120.0, "2015-12-01", "2016-01-31"),
        ("b", "measured", 120.0, "2016-03-01", "2016-02-01"),
        ("c", "measured", 120.0, "2016-03-01", None),
        ("d", "measured", None, "2016-03-01", "2016-03-02"),
    )
    assert speeds_of_periods(rows, _years("2015-01-01", "2016-12-31")).empty


def test_permission_counts_only_in_periods_it_covers_whole():
    table = speeds_of_periods(_speeds((*WAIVER[:3], "2022-07-01", "2024-06-30")), _years("2022-01-01", "2024-12-31"))
    assert table["period_start"].dt.year.tolist() == [2023]
    assert table["line_speed_basis"].tolist() == ["waiver"]
    whole = speeds_of_periods(_speeds((*WAIVER[:3], "2023-01-01", "2023-12-31")), _years("2022-01-01", "2024-12-31"))
    assert whole["period_start"].dt.year.tolist() == [2023]


def test_measured_goes_before_permitted():
    rows = _speeds(("a", "waiver", 175.0, "2010-01-01", None), ("a", "measured", 151.0, "2016-02-01", "2016-02-29"))
    table = speeds_of_periods(rows, _years("2016-01-01", "2017-12-31")).set_index("period_start")
    assert table["line_speed_animals_per_min"].tolist() == [151.0, 175.0]
    assert table["line_speed_basis"].tolist() == ["measured", "waiver"]


def test_no_speeds_give_no_rows():
    assert speeds_of_periods(_speeds(), _years("2016-01-01", "2016-12-31")).empty
