"""The shipped tables are found, read as text, and cannot be changed by who reads them."""

from __future__ import annotations

import pytest

from welfare.errors import FileMissing
from welfare.schema.codes import code_map, data_folder, shipped


def test_every_shipped_csv_is_text_without_nulls_or_repeated_headers():
    paths = [path.relative_to(data_folder()).as_posix() for path in data_folder().rglob("*.csv")]
    assert "columns.csv" in paths
    for name in paths:
        table = shipped(name)
        assert not table.isna().any(axis=None), name
        assert set(map(str, table.dtypes)) <= {"str"}, name
        assert not any(column.endswith(".1") or column.startswith("Unnamed") for column in table), name


def test_changing_a_table_changes_nothing_for_the_next_reader():
    table = shipped("codes/us_states.csv")
    table.loc[:, "code"] = "XX"
    assert "XX" not in set(shipped("codes/us_states.csv")["code"])


def test_a_table_that_is_not_shipped_is_named():
    with pytest.raises(FileMissing, match=r"codes/planets\.csv"):
        shipped("codes/planets.csv")


def test_two_columns_of_a_code_list_become_a_dictionary():
    names = code_map("us_states", "code", "name")
    assert names["NC"].casefold() == "north carolina"
    assert {"AL", "AK", "WY", "DC"} <= set(names)
