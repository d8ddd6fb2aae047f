"""Contracts of the tidy tables, and the bundle that a reader returns."""

from __future__ import annotations

import copy
import pickle

import pandas as pd
import pytest

from welfare.errors import BadParameter, ContractBroken
from welfare.schema.codes import shipped
from welfare.schema.columns import DTYPES, PROVENANCE, columns, conform, table_names
from welfare.schema.tables import Tables, validate

ALL_TABLES = (*table_names(), "panel")


def provenance(rows: int) -> dict[str, object]:
    numbers = range(1, rows + 1)
    return {"source_id": "a@1", "source_row": numbers, "record_id": [f"a@1#{number}" for number in numbers]}


# The dictionary of columns


def test_the_dictionary_states_each_column_once_with_a_known_type_and_a_meaning():
    book = shipped("columns.csv")
    assert not book.duplicated(["table", "column"]).any()
    assert set(book["type"]) <= set(DTYPES)
    assert set(book["required"]) <= {"yes", "no"}
    assert (book["meaning"].str.len() > 3).all()


def test_a_column_has_one_type_and_unit_in_every_table():
    book = shipped("columns.csv")
    counts = book[book["type"] == "count"]
    assert book.groupby("column")["type"].nunique().max() == 1
    assert (counts["unit"] != "").sum() >= len(counts) - 1  # source_row alone counts nothing


@pytest.mark.parametrize("table", ALL_TABLES)
def test_every_table_but_the_panel_begins_with_provenance(table):
    first = tuple(columns(table))[:3]
    assert (first == PROVENANCE) is (table != "panel")


def test_a_table_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(BadParameter, match="no tidy table is called 'factories'") as caught:
        columns("factories")
    assert all(name in caught.value.todo for name in ALL_TABLES)


# conform


@pytest.mark.parametrize("table", ALL_TABLES)
def test_an_empty_frame_gets_every_column_with_its_type(table):
    frame = conform(pd.DataFrame(), table)
    assert frame.empty
    assert list(frame) == list(columns(table))
    assert [str(frame[name].dtype) for name in frame] == [DTYPES[column.type] for column in columns(table).values()]


def test_columns_are_put_in_order_typed_and_filled_and_unknown_ones_come_last():
    frame = pd.DataFrame(
        {"rating": [1.5], "tasks_count": [3.0], "source_row": ["4"], "date_from": ["2024-02-19"]}, index=[9]
    )
    out = conform(frame, "inspections")
    assert list(out) == [*columns("inspections"), "rating"]
    assert out.index.tolist() == [9]
    assert (out["tasks_count"].iloc[0], out["source_row"].iloc[0], out["rating"].iloc[0]) == (3, 4, 1.5)
    assert out["date_from"].iloc[0] == pd.Timestamp(2024, 2, 19)
    assert out["findings_count"].isna().all()


def test_conforming_twice_changes_nothing():
    once = conform(pd.DataFrame({"name": ["A", None], "latitude_deg": [1, None]}), "facilities")
    pd.testing.assert_frame_equal(conform(once, "facilities"), once)


@pytest.mark.parametrize(("column", "cell"), [("tasks_count", "many"), ("tasks_count", 1.5), ("date_from", "soon")])
def test_a_column_that_cannot_take_its_type_is_named(column, cell):
    with pytest.raises(ContractBroken, match=f"column '{column}' cannot be read as") as caught:
        conform(pd.DataFrame({column: [cell]}), "inspections")
    assert caught.value.where == "inspections"


# validate


def test_a_good_table_comes_back_with_its_rows_and_index():
    frame = pd.DataFrame({**provenance(2), "tasks_count": [3, 0]}, index=[5, 5])
    out = validate(frame, "inspections")
    assert out["tasks_count"].tolist() == [3, 0]
    assert out.index.tolist() == [5, 5]


@pytest.mark.parametrize(
    ("table", "column", "bad", "good"),
    [
        ("facilities", "latitude_deg", 91.0, [-90.0, 90.0, None]),
        ("facilities", "longitude_deg", -181.0, [-180.0, 180.0, None]),
        ("inspections", "tasks_count", -1, [0, 5, None]),
        ("inspections", "source_id", None, ["a@1"]),
        ("line_speeds", "speed_animals_per_min", 1001.0, [0.0, 175.0]),
        ("line_speeds", "basis", "rumour", ["limit", "waiver", "order", "measured"]),
        ("injuries", "subject", "machine", ["worker", "animal"]),
        ("identifiers", "identifier", None, ["0042"]),
    ],
)
def test_a_cell_outside_its_contract_is_named_with_record_column_and_value(table, column, bad, good):
    needed = {"basis": "waiver", "subject": "worker", "scheme": "x", "identifier": "1"}
    needed = {name: value for name, value in needed.items() if name in columns(table)}
    for cell in good:
        assert len(validate(pd.DataFrame({**provenance(1), **needed, column: [cell]}), table)) == 1
    frame = pd.DataFrame({**provenance(3), **needed, column: [good[0], bad, bad]}, index=[0, 0, 0])
    with pytest.raises(ContractBroken) as caught:
        validate(frame, table)
    error = caught.value
    assert f"column {column!r} of {table}" in error.what
    assert ("is empty" if bad is None else f"has '{bad}'") in error.what
    assert "2 such cells" in error.what
    assert "record 2" in error.where
    assert error.spoiled
    assert error.todo


def test_the_first_of_several_bad_cells_is_named_whichever_column_it_is_in():
    frame = pd.DataFrame({**provenance(3), "tasks_count": [1, 1, -1], "findings_count": [0, -2, 0]})
    with pytest.raises(ContractBroken, match="'findings_count'") as caught:
        validate(frame, "inspections")
    assert caught.value.where == "a@1 record 2"


def test_a_bad_row_of_a_panel_which_has_no_source_is_named_by_its_place():
    days = {"period_start": [pd.Timestamp(2024, 1, 1)], "period_end": [pd.Timestamp(2024, 12, 31)]}
    with pytest.raises(ContractBroken, match="'tasks_count'") as caught:
        validate(pd.DataFrame({"facility_id": ["a:1"], **days, "tasks_count": [-1]}, index=["x"]), "panel")
    assert caught.value.where == "panel, row 1"


# The bundle


@pytest.fixture
def bundle() -> Tables:
    facilities = validate(pd.DataFrame({**provenance(2), "name": ["A", "B"]}), "facilities")
    rejects = pd.DataFrame({"row": [3], "reason": ["unreadable"]})
    return Tables("a@1", "a", "1", {"facilities": facilities}, rejects, pd.DataFrame({"n": ["A", "B", "?"]}))


def test_a_table_is_reached_by_its_name(bundle):
    assert bundle.facilities is bundle.frames["facilities"]
    assert dict(bundle) == bundle.frames


def test_a_table_that_the_file_does_not_yield_is_empty_and_typed(bundle):
    assert bundle.injuries.empty
    assert list(bundle.injuries) == list(columns("injuries"))


def test_a_name_that_is_no_table_is_an_attribute_error_with_those_held(bundle):
    with pytest.raises(AttributeError, match="no table 'factories'; it holds facilities"):
        _ = bundle.factories
    assert not hasattr(bundle, "_repr_png_")


def test_a_bundle_says_what_it_holds(bundle):
    assert repr(bundle) == "<Tables a@1: facilities 2; 1 rejected>"


def test_bundles_are_frozen_compare_by_identity_and_survive_copying(bundle):
    with pytest.raises(AttributeError):
        bundle.vintage = "2"
    assert bundle == bundle
    assert bundle != copy.copy(bundle)
    for twin in (copy.deepcopy(bundle), pickle.loads(pickle.dumps(bundle))):  # noqa: S301 (our own bytes)
        pd.testing.assert_frame_equal(twin.facilities, bundle.facilities)
        assert twin.source_id == "a@1"
