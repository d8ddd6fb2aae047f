"""Who ran the plant on the day, and which records of which file stand behind a row."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.link.links import link_records
from welfare.panel.places import confirmed_events, operators_on, without_unconfirmed_names
from welfare.schema.provenance import write_parquet
from welfare.sources.trace import trace

EVENTS = [("14", "2015-01-01"), ("14", "2016-02-29"), ("11", "2017-02-28")]
HANDLING = [("M101", 10, 1), ("P101", 20, 0), ("M103", 40, 0)]


def _events(*rows):
    frame = pd.DataFrame(rows, columns=["facility_id", "date"])
    return frame.assign(date=pd.to_datetime(frame["date"]).astype("datetime64[s]"))


@pytest.fixture
def two_directories(world):
    return [world.directory("2025-06"), world.old_directory("2017", names={"P104": "Old Dogwood Co"})]


def _operators(bundles, events):
    table = operators_on(link_records(*bundles), bundles, events)
    assert table.index.equals(events.index)
    return table["operator"].tolist()


def test_the_operator_is_that_of_the_directory_nearest_to_the_day(two_directories):
    events = _events(("us.fsis:14", "2016-02-29"), ("us.fsis:14", "2024-02-29"), ("us.fsis:11", "2016-02-29"))
    assert _operators(two_directories, events) == ["Old Dogwood Co", "Dogwood Chicken", "Alder Poultry Farms"]


def test_of_two_equally_near_the_earlier_whatever_the_order_of_the_files(world):
    new, old = world.directory("2020-01-03"), world.old_directory("2020-01-01", names={"P104": "Old Dogwood Co"})
    for bundles in ([new, old], [old, new]):
        events = _events(("us.fsis:14", "2020-01-02"), ("us.fsis:14", "2020-01-03"))
        assert _operators(bundles, events) == ["Old Dogwood Co", "Dogwood Chicken"]


def test_the_middle_of_a_year_is_where_a_directory_of_that_year_stands(two_directories):
    # 2 July 2017 and 15 June 2025 (days 1 to 30) are 2,905.5 days apart: the middle is in June 2021.
    middle = pd.Timestamp("2017-07-02") + (pd.Timestamp("2025-06-15 12:00") - pd.Timestamp("2017-07-02")) / 2
    events = _events(
        ("us.fsis:14", middle.normalize() - pd.Timedelta(days=1)), ("us.fsis:14", middle + pd.Timedelta(days=1))
    )
    assert _operators(two_directories, events) == ["Old Dogwood Co", "Dogwood Chicken"]


def test_nobody_is_named_without_a_day_or_without_a_listing(two_directories):
    events = _events(("us.fsis:14", None), ("us.fsis:99", "2016-01-01"), (None, "2016-01-01")).set_index(
        pd.Index([5, 5, 2])
    )
    table = operators_on(link_records(*two_directories), two_directories, events)
    assert table.index.tolist() == [5, 5, 2]
    assert table.isna().all(axis=None)


def test_without_events_or_directories_the_answer_is_empty_or_null(world, two_directories):
    links = link_records(*two_directories)
    assert operators_on(links, two_directories, _events()).empty
    handling = world.handling(HANDLING)
    assert operators_on(links, [handling], _events(("us.fsis:14", "2016-01-01"))).isna().all(axis=None)


def test_a_plant_only_the_old_directory_lists_keeps_its_operator(two_directories):
    links = link_records(*two_directories)
    closed = links.places.loc[links.places["record_id"] == "us.fsis.mpi_directory@2017#6", "facility_id"].item()
    assert _operators(two_directories, _events((closed, "2016-01-01"))) == ["Fir Point Packing"]


def test_only_confirmed_injuries_are_listed_with_the_operator_of_their_day(world, two_directories, confirm):
    bundles = [*two_directories, world.injuries(EVENTS)]
    links = link_records(*bundles, decisions=confirm(("2015010002", "us.fsis:14")))
    table = confirmed_events(links, bundles)
    assert table[["record_id", "facility_id", "operator", "directory"]].to_numpy().tolist() == [
        ["us.osha.severe_injury@2017-02-28#2", "us.fsis:14", "Old Dogwood Co", "us.fsis.mpi_directory@2017"]
    ]
    assert confirmed_events(link_records(*bundles), bundles).empty


def test_names_are_taken_out_beside_injuries_nobody_confirmed(world, confirm):
    bundles = [world.directory(), world.injuries(EVENTS)]
    panel = world.panel(*bundles, period="all", decisions=confirm(("2015010003", "us.fsis:11")))
    shown = without_unconfirmed_names(panel).set_index("facility_id")["name"]
    assert shown["us.fsis:11"] == "Alder Poultry Farms"  # its one injury is confirmed
    assert pd.isna(shown["us.fsis:14"])
    assert shown["us.fsis:13"] == "Cedar Creek Beef"  # no injury
    assert shown["us.fsis:12"] == "Birch Valley Pork"  # not collected
    assert panel["name"].notna().all()


def test_a_row_leads_to_the_files_own_records_and_withholds_what_tells_of_a_person(world):
    bundles = [world.directory(), world.handling(HANDLING), world.injuries(EVENTS)]
    panel = world.panel(*bundles, period="all").set_index("facility_id", drop=False)
    records = trace(panel.loc["us.fsis:14"], *bundles)
    assert records["record_id"].tolist() == [
        "us.osha.severe_injury@2017-02-28#1",
        "us.osha.severe_injury@2017-02-28#2",
        "us.fsis.mpi_directory@2025-06#4",
    ]
    assert records["source_row"].tolist() == [1, 2, 4]
    assert records["path"].tolist() == [bundles[2].path, bundles[2].path, bundles[0].path]
    assert "EventDate: 02/29/2016" in records["record"].iloc[1]
    assert "Employer: Dogwood Chicken" in records["record"].iloc[1]
    assert "Final Narrative: withheld" in records["record"].iloc[1]
    assert not records["record"].str.contains("was hurt").any()
    handling = trace(panel.loc["us.fsis:11"], *bundles)["record"].tolist()
    assert "EstablishmentNumber: M101; inspection_tasks: 10; noncompliance_records: 1" in handling
    assert "EstablishmentNumber: P101; inspection_tasks: 20; noncompliance_records: 0" in handling


def test_what_a_row_counts_is_what_its_records_say(world):
    bundles = [world.directory(), world.handling(HANDLING), world.injuries(EVENTS)]
    panel = world.panel(*bundles, period="fiscal_year")
    records = trace(panel, *bundles)
    merged = records.groupby(["facility_id", "period_start"])["source_id"].agg(
        lambda sources: sources.str.startswith("us.osha").sum()
    )
    counted = panel.set_index(["facility_id", "period_start"])["injuries_count"].fillna(0)
    assert counted.astype("int64").to_dict() == merged.to_dict()


def test_a_row_can_be_traced_after_parquet(world, tmp_path):
    bundles = [world.directory(), world.handling(HANDLING), world.injuries(EVENTS)]
    panel = world.panel(*bundles, period="fiscal_year")
    write_parquet(panel, tmp_path / "panel.parquet", {"seed": 0})
    again = pd.read_parquet(tmp_path / "panel.parquet")
    pd.testing.assert_frame_equal(trace(panel, *bundles), trace(again, *bundles))
    assert again["tasks_count"].equals(panel["tasks_count"])


def test_one_row_as_series_gives_the_same_table_as_the_row_in_a_frame(world):
    bundles = [world.directory(), world.handling(HANDLING)]
    panel = world.panel(*bundles, period="all")
    one = trace(panel.iloc[2], *bundles)
    pd.testing.assert_frame_equal(one, trace(panel.iloc[[2]], *bundles))
    assert list(one) == [
        *("facility_id", "period_start", "record_id", "source_id", "source_row"),
        *("path", "line", "original", "record", "publisher", "obtained_from"),
    ]


def test_a_row_whose_file_is_neither_given_nor_known_is_refused_by_name(world):
    directory, handling = world.directory(), world.handling(HANDLING)
    handling = replace(handling, source_id="us.fsis.humane_handling@lost")
    rows = handling.inspections.assign(source_id=handling.source_id, record_id=handling.source_id + "#1")
    with pytest.raises(BadParameter, match=r"no file is known for the row us\.fsis\.humane_handling@lost#1"):
        trace(rows, directory)
    assert trace(rows.head(1), directory, handling)["original"].item().startswith("M101,10,1,")


def test_a_row_that_no_record_stands_behind_leads_to_none(world):
    bundles = [world.directory(), world.handling(HANDLING)]
    panel = world.panel(*bundles, period="all")
    panel.loc[0, "record_ids"] = None
    assert trace(panel.iloc[0], *bundles).empty
    assert set(trace(panel, *bundles)["facility_id"]) == set(panel["facility_id"].iloc[1:])


def test_both_sides_of_a_pair_and_every_placed_record_can_be_traced(world):
    bundles = [world.directory(), world.injuries(EVENTS)]
    links = link_records(*bundles)
    pair = links.table[links.table["left_id"] == "us.osha.severe_injury@2017-02-28#3"].iloc[0]
    sides = trace(pair, *bundles)
    assert sides["record_id"].tolist() == [pair["left_id"], pair["right_id"]]
    assert "Employer: Alder Poultry Farms" in sides["record"].iloc[0]
    assert "establishment_name: Alder Poultry Farms" in sides["record"].iloc[1]
    placed = trace(links.places, *bundles)
    assert placed["record_id"].tolist() == links.places["record_id"].tolist()
    assert placed["facility_id"].tolist() == links.places["facility_id"].tolist()


def test_what_a_person_reviews_shows_no_narrative(world):
    bundles = [world.directory(), world.injuries(EVENTS)]
    links = link_records(*bundles)
    shown = [links.review(), links.table, links.places, links.unmatched, links.summary, links.dropped]
    assert not ["was hurt" for frame in shown if "was hurt" in frame.to_csv()]


def test_a_row_without_record_ids_is_refused(world):
    panel = world.panel(world.directory(), world.handling(HANDLING), period="all")
    with pytest.raises(BadParameter, match="record_ids"):
        trace(panel.drop(columns="record_ids"))
