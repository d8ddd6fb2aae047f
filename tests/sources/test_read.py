"""The reader's arguments: a map of one's own, new columns, and files that are made up."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.conftest import HUMANE
from welfare.errors import BadParameter, FileMissing, HeaderDrift, UnknownSource
from welfare.sources.read import read

OWN = pd.DataFrame(
    [
        ("Approval\nNo", "*", "facility_id", "first_id xx.food /"),
        ("Approval\nNo", "identifiers", "identifier", "ids xx.food /"),
        ("visited", "inspections", "date_from", "date %d/%m/%Y"),
        ("breaches", "inspections", "findings_count", "count"),
        (None, "inspections", "programme", "const routine visit"),
        ("inspector", "", "", "withheld"),
    ],
    columns=["header", "table", "column", "transform"],
)
VISITS = "Approval No,visited,breaches,inspector\n0412,03/02/2024,1,K. Smith\n0413/0977,05/02/2024,0,K. Smith\n"


@pytest.fixture
def visits(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text(VISITS, encoding="utf-8")
    return path


def test_a_map_of_ones_own_reads_a_file_of_no_registered_source(visits):
    tables = read(visits, source="xx.food.visits", vintage="2024-03", mapping=OWN)
    assert tables.source_id == "xx.food.visits@2024-03"
    assert tables.identifiers["identifier"].tolist() == ["0412", "0413", "0977"]
    assert tables.inspections["date_from"].tolist() == [pd.Timestamp(2024, 2, 3), pd.Timestamp(2024, 2, 5)]
    assert tables.inspections["programme"].tolist() == ["routine visit"] * 2
    assert tables.withheld == ("inspector",)
    assert tables.raw["inspector"].tolist() == ["K. Smith"] * 2
    assert tables.publisher == ""


def test_a_map_may_be_a_file(visits, tmp_path):
    OWN.to_csv(tmp_path / "map.csv", index=False)
    tables = read(visits, source="xx.food.visits", vintage="2024-03", mapping=tmp_path / "map.csv")
    assert tables.identifiers["identifier"].tolist() == ["0412", "0413", "0977"]
    with pytest.raises(FileMissing, match="no such mapping"):
        read(visits, source="xx.food.visits", mapping=tmp_path / "other.csv")


def test_the_map_given_is_left_as_it_was(visits):
    before = OWN.copy()
    read(visits, source="xx.food.visits", mapping=OWN)
    pd.testing.assert_frame_equal(OWN, before)


def test_a_map_needs_a_source_and_its_four_columns(visits):
    with pytest.raises(BadParameter, match="and a source"):
        read(visits, mapping=OWN)
    with pytest.raises(BadParameter, match="lacks: transform"):
        read(visits, source="xx.food.visits", mapping=OWN.drop(columns="transform"))


def test_a_map_that_cannot_be_followed_is_refused_before_the_file_is_read_under_it(visits):
    wrong = OWN.assign(column=OWN["column"].replace("findings_count", "breach_count"))
    with pytest.raises(BadParameter, match="no column 'breach_count'"):
        read(visits, source="xx.food.visits", mapping=wrong)


def test_a_file_that_lacks_a_header_of_the_map_is_told_of_the_mapping(visits):
    visits.write_text(VISITS.replace("breaches", "faults"), encoding="utf-8")
    with pytest.raises(HeaderDrift, match="the mapping does not know") as caught:
        read(visits, source="xx.food.visits", mapping=OWN)
    assert "lacks 'breaches'" in caught.value.what
    assert caught.value.todo.startswith("Correct the mapping")
    visits.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UnknownSource, match="not those of the mapping") as caught:
        read(visits, source="xx.food.visits", mapping=OWN)
    assert "'Approval No'" in caught.value.what


def test_a_map_of_few_of_many_columns_is_enough_if_new_ones_are_to_be_kept(visits):
    few = OWN.iloc[:2]
    with pytest.raises(HeaderDrift, match="on_new"):
        read(visits, source="xx.food.visits", mapping=few)
    tables = read(visits, source="xx.food.visits", mapping=few, on_new="keep")
    assert tables.identifiers["identifier"].tolist() == ["0412", "0413", "0977"]
    assert list(tables.raw) == ["Approval No", "visited", "breaches", "inspector"]


def test_new_columns_are_kept_unread_and_said_when_asked_for(directory):
    path = directory({"zip": "2139"})
    plain = read(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{lines[0]},risk\n{lines[1]},high\n", encoding="utf-8")
    with pytest.raises(HeaderDrift, match="has 'risk'") as caught:
        read(path)
    assert 'on_new="keep"' in caught.value.todo
    kept = read(path, on_new="keep")
    assert kept.raw["risk"].tolist() == ["high"]
    for name, frame in plain:
        pd.testing.assert_frame_equal(kept.frames[name], frame)
    assert any("risk" in note for note in kept.notes)


def test_keeping_new_columns_does_not_excuse_missing_ones(directory):
    path = directory({})
    path.write_text(path.read_text(encoding="utf-8").replace("longitude", "long"), encoding="utf-8")
    with pytest.raises(HeaderDrift, match="lacks 'longitude'"):
        read(path, on_new="keep")


@pytest.mark.parametrize(
    ("number", "simulated"), [("PSIM0001", True), ("P1", False), ("M1+SIM", False), ("MAXSIM12", False)]
)
def test_made_up_plants_are_told_by_their_numbers(agency, number, simulated):
    row = {"EstablishmentNumber": number, "inspection_tasks": "10", "noncompliance_records": "1"}
    assert read(agency(HUMANE, "per_establishment", row)).simulated is simulated
