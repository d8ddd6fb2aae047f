"""Coverage: where and when a source collects, by region and by day, and the words for it."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.panel.exposure import coverage, covered_years, of_kind, region_coverage, why_not_collected
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
        country="US",
        period_start=pd.to_datetime(frame["period_start"]),
        period_end=pd.to_datetime(frame["period_end"]),
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


def test_of_a_source_whose_coverage_nobody_states_no_year_is_covered():
    year = [_span("2015-01-01", "2015-12-31")], _rows(("GA", "2015-01-01", "2015-12-31"))
    assert covered_years("my.injuries", *year).isna().all()
    assert set(region_coverage("my.injuries")["coverage"]) == {"not stated"}


def test_no_record_of_tasks_never_means_none_so_no_year_of_it_is_covered():
    rows = _rows(("GA", "2023-10-01", "2024-09-30")).assign(species_group="cattle")
    assert covered_years("us.fsis.humane_handling", [_span("2023-10-01", "2024-09-30")], rows).isna().all()


def test_words_for_how_much_was_collected():
    panel = pd.DataFrame(
        {
            "facility_id": list("abcdefg"),
            "country": "US",
            "region": ["GA", "GA", "NC", "TX", "TX", "TX", None],
            "species_group": ["cattle", "chicken", "swine", "cattle+swine", "cattle", None, "chicken"],
            "tasks_count": pd.array([5, None, None, 9, None, None, None], dtype="Int64"),
            "injuries_count": pd.array([0, 2, None, 0, None, 1, None], dtype="Int64"),
            "line_speed_animals_per_min": [None, 175.0, None, None, None, None, None],
        }
    )
    table = coverage(panel).set_index(["column", "region"])
    assert table.columns.tolist() == ["measure", "facility_periods", "collected", "coverage", "reason"]
    table = table[["facility_periods", "collected", "coverage"]]
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


def _panel(*rows):
    """Rows of (region, species_group, species, year, tasks, injuries, speed)."""
    names = ["region", "species_group", "species", "year", "tasks_count", "injuries_count"]
    frame = pd.DataFrame(rows, columns=[*names, "line_speed_animals_per_min"])
    starts = pd.to_datetime(frame["year"].astype(str) + "-01-01")
    return frame.assign(
        facility_id=[f"us.fsis:{number}" for number in range(len(frame))],
        country="US",
        period_start=starts,
        period_end=starts + pd.offsets.YearEnd(),
    )


def test_each_null_has_its_reason():
    panel = _panel(
        ("GA", "cattle", "steer", 2016, 9, 0, None),
        ("GA", "cattle", "steer", 2016, None, 2, None),
        ("GA", "cattle", "steer", 2018, None, None, None),
        ("NC", "chicken", "young_chicken", 2016, None, None, 175.0),
        ("NC", "turkey", "young_turkey", 2018, None, None, None),
        ("GA", None, None, 2016, None, 0, None),
        (None, "chicken", "young_chicken", 2016, None, None, None),
    )
    assert why_not_collected(panel, "tasks_count").tolist() == [
        "",
        "may be below the threshold",
        "outside the period",  # no file given counts in 2018
        "another kind of facility",
        "another kind of facility",
        "kind of facility not known",
        "another kind of facility",
    ]
    assert why_not_collected(panel, "injuries_count").tolist() == [
        "",
        "",
        "outside the period",
        "outside the region",
        "outside the region",
        "",
        "region not known",
    ]
    # Whoever measures may measure any plant, so no plant is of a kind whose speed nobody measures.
    assert why_not_collected(panel, "line_speed_animals_per_min").tolist() == [
        "not reported",
        "not reported",
        "outside the period",
        "",
        "outside the period",
        "kind of facility not known",
        "not reported",
    ]
    with pytest.raises(BadParameter, match=r"deaths_count.*tasks_count"):
        why_not_collected(panel, "deaths_count")


def test_reasons_are_counted_by_region_the_most_frequent_first():
    panel = _panel(
        ("GA", "cattle", "steer", 2016, 9, 0, None),
        ("GA", "cattle", "steer", 2016, None, 0, None),
        ("GA", "cattle", "steer", 2018, None, None, None),
        ("GA", "cattle", "steer", 2019, None, None, None),
        ("NC", "cattle", "steer", 2016, 5, None, None),
    )
    table = coverage(panel).set_index(["column", "region"])["reason"]
    assert table.to_dict() == {
        ("tasks_count", "GA"): "outside the period (2); may be below the threshold (1)",
        ("tasks_count", "NC"): "",
        ("injuries_count", "GA"): "outside the period (2)",
        ("injuries_count", "NC"): "outside the region (1)",
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
