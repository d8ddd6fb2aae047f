"""Periods: their edges, and which one holds a span whole."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.panel.periods import PERIODS, period_of, spans


def _days(*words):
    return pd.Series(pd.to_datetime(list(words)).astype("datetime64[s]"))


def _spans(period, first, last):
    table = spans(period, pd.Timestamp(first), pd.Timestamp(last))
    return [(f"{a:%Y-%m-%d}", f"{b:%Y-%m-%d}") for a, b in table.itertuples(index=False)]


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        ("year", "2015-12-31", "2016-01-01", [("2015-01-01", "2015-12-31"), ("2016-01-01", "2016-12-31")]),
        ("fiscal_year", "2023-10-01", "2024-09-30", [("2023-10-01", "2024-09-30")]),
        ("fiscal_year", "2023-09-30", "2023-10-01", [("2022-10-01", "2023-09-30"), ("2023-10-01", "2024-09-30")]),
        ("quarter", "2024-03-31", "2024-04-01", [("2024-01-01", "2024-03-31"), ("2024-04-01", "2024-06-30")]),
        ("month", "2024-02-29", "2024-02-29", [("2024-02-01", "2024-02-29")]),
        ("month", "2023-02-01", "2023-02-28", [("2023-02-01", "2023-02-28")]),
        ("all", "2015-01-17", "2017-02-28", [("2015-01-17", "2017-02-28")]),
    ],
)
def test_spans(period, first, last, expected):
    assert _spans(period, first, last) == expected


@pytest.mark.parametrize("period", PERIODS)
def test_periods_follow_each_other_day_by_day_and_hold_both_ends(period):
    table = spans(period, pd.Timestamp("2015-05-17"), pd.Timestamp("2024-02-29"))
    assert (table["period_start"].iloc[1:].to_numpy() - table["period_end"].iloc[:-1].to_numpy()).astype(
        "timedelta64[D]"
    ).astype(int).tolist() == [1] * (len(table) - 1)
    assert table["period_start"].iloc[0] <= pd.Timestamp("2015-05-17")
    assert table["period_end"].iloc[-1] >= pd.Timestamp("2024-02-29")


def test_an_unknown_period_is_refused_with_the_known_ones():
    with pytest.raises(BadParameter, match=r"fortnight.*year, fiscal_year, quarter, month, all"):
        spans("fortnight", pd.Timestamp("2015-01-01"), pd.Timestamp("2015-12-31"))


@pytest.mark.parametrize(
    ("first", "last", "start"),
    [
        ("2016-01-01", "2016-12-31", "2016-01-01"),  # 366 days, exactly the year
        ("2016-02-29", "2016-02-29", "2016-01-01"),
        ("2015-12-31", "2016-01-01", None),  # straddles
        ("2015-10-01", "2016-09-30", None),  # a fiscal year in a calendar panel
        ("2014-12-31", "2014-12-31", None),  # before the first period
        ("2017-01-01", "2017-01-01", None),  # after the last
        ("2016-12-31 23:30", "2016-12-31 23:59", "2016-01-01"),  # a time of day does not push it out
        ("2016-05-02", "2016-05-01", None),  # ends before it begins
        (None, "2016-05-01", None),
        ("2016-05-01", None, None),
    ],
)
def test_the_period_that_holds_a_span_whole(first, last, start):
    periods = spans("year", pd.Timestamp("2015-03-01"), pd.Timestamp("2016-03-01"))
    found = period_of(_days(first), _days(last), periods).iloc[0]
    assert pd.isna(found) if start is None else found == pd.Timestamp(start)


def test_the_rows_keep_their_index_and_none_is_a_valid_number_of_them():
    periods = spans("all", pd.Timestamp("2015-01-01"), pd.Timestamp("2015-12-31"))
    found = period_of(
        _days("2015-02-01", "2016-02-01").set_axis([7, 3]), _days("2015-02-01", "2016-02-01").set_axis([7, 3]), periods
    )
    assert found.index.tolist() == [7, 3]
    assert found.notna().tolist() == [True, False]
    assert period_of(_days(), _days(), periods).empty
