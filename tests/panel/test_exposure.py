"""Coverage: where and when a source collects, by region and by day, and the words for it."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.panel.exposure import coverage, covered_years, of_kind, region_coverage
from welfare.schema.codes import shipped

OSHA = "us.osha.severe_injury"

# Twenty-one states and Puerto Rico run plans of their own for private employers (29 CFR Part 1952, as of 2015-2017).
STATE_PLANS = [
    "AK",
    "AZ",
    "CA",
    "HI",
    "IN",
    "IA",
    "KY",
    "MD",
    "MI",
    "MN",
    "NV",
    "NM",
    "NC",
    "OR",
    "PR",
    "SC",
    "TN",
    "UT",
    "VT",
    "VA",
    "WA",
    "WY",
]


def _rows(*rows):
    frame = pd.DataFrame(rows, columns=["region", "period_start", "period_end"])
    return frame.assign(
        period_start=pd.to_datetime(frame["period_start"]), period_end=pd.to_datetime(frame["period_end"])
    )


def _span(first, last):
    return pd.Timestamp(first), pd.Timestamp(last)


def test_osha_does_not_cover_the_states_with_plans_for_private_employers():
    table = region_coverage(OSHA).set_index("region")
    assert sorted(table.index[table["coverage"] == "none"]) == sorted(STATE_PLANS)
    assert set(table["coverage"]) == {"full", "none"}
    assert (table["why"] != "").all()


def test_a_source_without_limits_covers_every_state():
    assert set(region_coverage("us.fsis.humane_handling")["coverage"]) == {"full"}


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2015-01-01", "2015-12-31", 365),
        ("2016-01-01", "2016-12-31", 366),
        ("2017-01-01", "2017-12-31", 59),  # January and February
        ("2016-10-01", "2017-09-30", 92 + 59),
        ("2017-02-28", "2017-02-28", 1),  # the last day itself
    ],
)
def test_years_of_a_period_that_a_file_covers(first, last, days):
    years = covered_years(OSHA, [_span("2015-01-01", "2017-02-28")], _rows(("GA", first, last)))
    assert years.iloc[0] == pytest.approx(days / 365.25, rel=1e-12)


def test_files_side_by_side_add_up_and_a_gap_between_them_does_not_count():
    covers = [_span("2015-01-01", "2015-06-30"), _span("2015-08-01", "2015-12-31")]
    years = covered_years(OSHA, covers, _rows(("GA", "2015-01-01", "2015-12-31")))
    assert years.iloc[0] == pytest.approx((365 - 31) / 365.25, rel=1e-12)


@pytest.mark.parametrize(
    "row",
    [
        ("NC", "2015-01-01", "2015-12-31"),
        ("GA", "2017-03-01", "2017-12-31"),
        (None, "2015-01-01", "2015-12-31"),
        ("ON", "2015-01-01", "2015-12-31"),
    ],
)
def test_outside_its_states_or_its_time_nothing_is_covered(row):
    assert covered_years(OSHA, [_span("2015-01-01", "2017-02-28")], _rows(row)).isna().all()


def test_a_source_that_states_no_limit_is_not_shut_out_of_other_countries():
    years = covered_years("ca.injuries", [_span("2015-01-01", "2015-12-31")], _rows(("ON", "2015-01-01", "2015-12-31")))
    assert years.iloc[0] == pytest.approx(365 / 365.25)


def test_words_for_how_much_was_collected():
    panel = pd.DataFrame(
        {
            "facility_id": list("abcdefg"),
            "region": ["GA", "GA", "NC", "TX", "TX", "TX", None],
            "species_group": ["cattle", "chicken", "swine", "cattle+swine", "cattle", None, "chicken"],
            "tasks_count": pd.array([5, None, None, 9, None, None, None], dtype="Int64"),
            "injuries_count": pd.array([0, 2, None, 0, None, 1, None], dtype="Int64"),
            "line_speed_animals_per_min": [None, 175.0, None, None, None, None, None],
        }
    )
    table = coverage(panel).set_index(["column", "region"])[["facility_periods", "collected", "coverage"]]
    said = {(column, "" if pd.isna(region) else region): tuple(row) for (column, region), *row in table.itertuples()}
    assert said == {
        ("tasks_count", "GA"): (1, 1, "full"),  # the poultry plant is not expected to have any
        ("tasks_count", "NC"): (1, 0, "none"),
        ("tasks_count", "TX"): (2, 1, "partial"),
        ("injuries_count", "GA"): (2, 2, "full"),
        ("injuries_count", "NC"): (1, 0, "none"),
        ("injuries_count", "TX"): (3, 2, "partial"),
        ("injuries_count", ""): (1, 0, "none"),  # a plant of no known region is not lost
        ("line_speed_animals_per_min", "GA"): (1, 1, "full"),
        ("line_speed_animals_per_min", ""): (1, 0, "none"),
    }


def test_kinds_of_animal_are_told_by_whole_words():
    panel = pd.DataFrame(
        {
            "species_group": [
                "cattle+chicken",
                "other_poultry",
                "rabbit",
                "other_livestock",
                None,
                "chickenfeed",
                "peachicken",
            ]
        }
    )
    assert of_kind(panel, "poultry").tolist() == [True, True, False, False, False, False, False]
    assert of_kind(panel, "livestock").tolist() == [True, False, False, True, False, False, False]
    assert of_kind(panel, "rabbit").tolist() == [False, False, True, False, False, False, False]
    with pytest.raises(BadParameter, match=r"fish.*livestock, poultry, rabbit"):
        of_kind(panel, "fish")


def test_every_species_a_column_map_can_yield_has_a_group():
    book = shipped("codes/species_groups.csv")
    assert not book["species"].duplicated().any()
    assert not book.drop_duplicates(["group", "kind"])["group"].duplicated().any()
    yielded = set()
    for source in shipped("sources.csv")["source"]:
        rows = shipped(f"column_maps/{source}.csv")
        rows = rows[(rows["table"] == "slaughter") & (rows["column"] == "species")]
        yielded |= set(rows["transform"].str.removeprefix("flag "))
    assert len(yielded) > 40
    assert yielded <= set(book["species"])
