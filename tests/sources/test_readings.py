"""What a map says of one header's numbers alone, the days counted on from a day, and lists of what says Yes."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.test_mapping import mapped
from welfare.errors import BadParameter
from welfare.sources.maps.column_map import check_map
from welfare.sources.maps.rows import Reading, parse_reading


def checked(*rules: tuple[str, str, str, str]) -> None:
    check_map(pd.DataFrame(rules, columns=["header", "table", "column", "transform"]))


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("reading mg/L dissolved oxygen", Reading("mg/L", "dissolved oxygen", "", {})),
        ("reading lice/fish motile lice: salmon", Reading("lice/fish", "motile lice", "salmon", {})),
        (
            "total lice/fish motile lice: salmon | measured_by=inspector | samples_count=20",
            Reading("lice/fish", "motile lice", "salmon", {"measured_by": "inspector", "samples_count": "20"}),
        ),
        ("reading degC temperature | basis=model", Reading("degC", "temperature", "", {"basis": "model"})),
    ],
)
def test_a_reading_is_taken_apart(words, read):
    assert parse_reading(words) == read


def test_what_follows_a_bar_holds_for_one_headers_rows_and_goes_before_what_the_record_says():
    rows = mapped(
        {"farm": ["0.4", ""], "agency": ["0.3", "0.5"], "pens": ["3", "4"]},
        ("farm", "measures", "value", "reading lice/fish lice: salmon"),
        ("agency", "measures", "value", "reading lice/fish lice: salmon | measured_by=inspector | samples_count=20"),
        ("pens", "measures", "samples_count", "count"),
        ("", "measures", "measured_by", "const operator"),
        ("", "measures", "basis", "const measured"),
    ).frames["measures"]
    assert rows[["source_row", "value", "measured_by", "samples_count", "basis"]].to_numpy().tolist() == [
        [1, 0.4, "operator", 3, "measured"],
        [1, 0.3, "inspector", 20, "measured"],
        [2, 0.5, "inspector", 20, "measured"],
    ]


@pytest.mark.parametrize(
    "said", ["measurer=inspector", "measured_by=", "measured_by", "samples_count=many", "date_from=2024-01-01"]
)
def test_what_follows_a_bar_must_be_a_text_or_count_of_the_table(said):
    with pytest.raises(BadParameter, match="sets no text or count of measures"):
        checked(("a", "measures", "value", f"reading lice/fish lice | {said}"))
    checked(("a", "measures", "value", "reading lice/fish lice | measured_by=inspector | samples_count=20"))


def test_days_later_counts_over_the_ends_of_months_and_years():
    weeks = mapped(
        {"begins": ["2019-12-30", "2020-02-24", ""], "id": ["1", "2", "3"]},
        ("id", "inspections", "facility_id", "first_id x"),
        ("begins", "inspections", "date_to", "days_later 6 %Y-%m-%d"),
    ).frames["inspections"]
    assert weeks["date_to"].tolist()[:2] == [pd.Timestamp(2020, 1, 5), pd.Timestamp(2020, 3, 1)]
    assert weeks["date_to"].isna().tolist() == [False, False, True]


def test_days_later_of_no_day_is_a_reject():
    days = ["2020-02-24"] * 20 + ["2020-02-30"]
    rejects = mapped(
        {"begins": days},
        ("begins", "inspections", "date_to", "days_later 6 %Y-%m-%d"),
    ).rejects
    assert rejects.to_dict("records") == [{"row": 21, "reason": "begins: '2020-02-30' is not a date as %Y-%m-%d"}]


@pytest.mark.parametrize("words", ["days_later", "days_later 6", "days_later %Y-%m-%d", "days_later six %Y"])
def test_days_later_needs_a_number_and_a_format(words):
    with pytest.raises(BadParameter, match="days_later"):
        mapped({"begins": ["2020-02-24"]}, ("begins", "inspections", "date_to", words))


def test_yes_lists_the_words_of_the_headers_that_say_yes_in_the_maps_order():
    plants = mapped(
        {"id": ["1", "2"], "cold": ["YES", ""], "kill": ["Yes", "No"]},
        ("id", "facilities", "facility_id", "first_id x"),
        ("kill", "facilities", "activities", "yes slaughterhouse"),
        ("cold", "facilities", "activities", "yes cold store"),
    ).frames["facilities"]
    assert plants["activities"].iloc[0] == "slaughterhouse; cold store"
    assert plants["activities"].isna().tolist() == [False, True]


def test_yes_takes_no_other_word():
    rejects = mapped(
        {"kill": ["Yes"] * 20 + ["Y"]},
        ("kill", "facilities", "activities", "yes slaughterhouse"),
    ).rejects
    assert rejects.to_dict("records") == [{"row": 21, "reason": "kill: 'Y' is not Yes, No or empty"}]
