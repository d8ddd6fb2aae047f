"""What a column means, where it came from, how much is missing and what is wrong with it."""

from __future__ import annotations

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.schema.columns import columns, conform, table_names
from welfare.sources.describe import describe
from welfare.sources.read import read
from welfare.sources.registry import source_row

PARTS = ["column", "type", "unit", "meaning", "personal", "source", "share_missing", "known_defects"]


@pytest.fixture
def facilities(directory) -> pd.DataFrame:
    return read(directory({}, {"latitude": ""}, {"latitude": "", "size": "N / A"}, {}), vintage="2025-06").facilities


def test_each_column_has_its_meaning_unit_and_share_missing(facilities):
    told = describe(facilities)
    assert list(told) == PARTS
    assert told["column"].tolist() == list(facilities)
    by_name = told.set_index("column")
    latitude = by_name.loc["latitude_deg"]
    assert (latitude["type"], latitude["unit"], latitude["share_missing"]) == ("number", "degree", 0.5)
    assert latitude["meaning"] == columns("facilities")["latitude_deg"].meaning
    assert by_name.loc["size_class", "share_missing"] == 1
    assert by_name.loc["name", "share_missing"] == 0


def test_source_and_defects_are_those_of_the_rows(facilities):
    told = describe(facilities)
    row = source_row("us.fsis.mpi_directory")
    assert set(told["source"]) == {f"{row['title']}, USDA FSIS (us.fsis.mpi_directory@2025-06)"}
    assert set(told["known_defects"]) == {row["known_defects"]}


def test_two_vintages_are_two_sources_with_one_list_of_defects(facilities):
    older = facilities.assign(source_id="us.fsis.mpi_directory@2017")
    told = describe(pd.concat([facilities, older])).iloc[0]
    assert told["source"].count("USDA FSIS") == 2
    assert "@2017" in told["source"]
    assert told["known_defects"] == source_row("us.fsis.mpi_directory")["known_defects"]


def test_a_source_that_is_not_registered_goes_by_its_id(facilities):
    told = describe(facilities.assign(source_id="xx.food@1")).iloc[0]
    assert (told["source"], told["known_defects"]) == ("xx.food@1", "")


@pytest.mark.parametrize("table", [*table_names(), "panel"])
def test_every_table_is_told_by_its_columns_in_any_order(table):
    frame = conform(pd.DataFrame(), table)
    told = describe(frame[list(reversed(list(frame)))])
    assert told["column"].tolist() == list(reversed(list(columns(table))))
    assert told["share_missing"].isna().all()
    assert (told["meaning"].str.len() > 0).all()
    assert (told["source"] == "").all()


def test_a_frame_of_other_columns_cannot_be_told_and_asks_for_the_name(facilities):
    with pytest.raises(BadParameter, match="no tidy table has exactly these") as caught:
        describe(facilities.drop(columns="district"))
    assert 'describe(frame, "facilities")' in caught.value.todo


def test_with_its_name_a_table_may_have_more_or_fewer_columns(facilities):
    told = describe(facilities[["name", "latitude_deg"]].assign(rating=1.5), "facilities").set_index("column")
    assert told.index.tolist() == ["name", "latitude_deg", "rating"]
    assert told.loc["rating", "meaning"] == "not in the dictionary of columns"
    assert told.loc["rating", "type"] == "float64"


def test_a_table_that_does_not_exist_is_refused(facilities):
    with pytest.raises(BadParameter, match="no tidy table is called 'factories'"):
        describe(facilities, "factories")
