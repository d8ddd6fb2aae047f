"""The panel of a small made-up industry, counted by hand: null is not collected, 0 is collected and none."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from welfare.errors import RecordsLeftOut
from welfare.link.links import link_records
from welfare.panel.build import SIMULATED, build_panel
from welfare.panel.exposure import why_not_collected
from welfare.schema.columns import DTYPES, columns
from welfare.sources.coverage import source_coverage

HANDLING = [("M101", 10, 1), ("P101", 20, 0), ("M102", 30, 2), ("M103", 40, 0)]
EVENTS = [("14", "2015-01-01"), ("14", "2016-02-29"), ("14", "2016-12-31"), ("11", "2017-02-28")]


def _of(panel, key, start=None):
    rows = panel[panel["facility_id"] == f"us.fsis:{key}"]
    rows = rows if start is None else rows[rows["period_start"] == start]
    assert len(rows) == 1
    return rows.iloc[0]


def test_one_row_per_plant_of_the_newest_directory_whether_or_not_anything_was_collected(world):
    panel = world.panel(world.directory(), world.old_directory(), world.handling(HANDLING), period="fiscal_year")
    assert panel["facility_id"].tolist() == [f"us.fsis:{key}" for key in range(11, 16)]
    assert panel["period_start"].unique().tolist() == [pd.Timestamp("2023-10-01")]
    assert panel["period_end"].unique().tolist() == [pd.Timestamp("2024-09-30")]
    assert "Fir Point Packing" not in set(panel["name"])  # only the directory of 2017 lists it


def test_counts_of_two_grants_of_one_plant_are_added_and_a_plant_without_a_row_is_null_not_0(world):
    panel = world.panel(world.directory(), world.handling(HANDLING), period="fiscal_year").set_index("facility_id")
    tasks, found = panel["tasks_count"], panel["findings_count"]
    assert tasks.dropna().to_dict() == {"us.fsis:11": 30, "us.fsis:12": 30, "us.fsis:13": 40}
    assert found.dropna().to_dict() == {"us.fsis:11": 1, "us.fsis:12": 2, "us.fsis:13": 0}
    assert found.isna().tolist() == [False, False, False, True, True]


def test_a_sum_with_an_unknown_part_is_unknown(world):
    handling = world.handling([("M101", 10, 1), ("P101", 20, ""), ("M103", 40, "")])
    panel = world.panel(world.directory(), handling, period="fiscal_year").set_index("facility_id")
    assert panel["tasks_count"].tolist()[0] == 30
    assert panel["findings_count"].isna().all()


def test_every_column_has_the_type_that_the_dictionary_gives_it(world):
    panel = world.panel(world.directory(), world.handling(HANDLING), world.injuries(EVENTS), period="all")
    for name, column in columns("panel").items():
        assert panel[name].dtype == DTYPES[column.type], name
    assert list(panel) == list(columns("panel"))
    assert {str(panel[name].dtype) for name in panel if name.endswith("_count")} == {"Int64"}


def test_injuries_fall_into_their_years_and_are_0_where_collected_and_null_elsewhere(world):
    panel = world.panel(world.directory(), world.injuries(EVENTS), period="year")
    georgia = panel[panel["facility_id"] == "us.fsis:14"]
    assert georgia["injuries_count"].tolist() == [1, 2, 0]
    assert georgia["plant_years"].tolist() == pytest.approx([365 / 365.25, 366 / 365.25, 59 / 365.25])
    assert _of(panel, 11, "2017-01-01")["injuries_count"] == 1
    carolina = panel[panel["region"] == "NC"]
    assert len(carolina) == 3
    assert carolina[["injuries_count", "injuries_confirmed_count", "plant_years"]].isna().all(axis=None)
    assert panel["tasks_count"].isna().all()


@pytest.mark.parametrize("period", ["year", "fiscal_year", "quarter", "month", "all"])
def test_no_event_and_no_day_is_lost_or_counted_twice_whatever_the_period(world, period):
    panel = world.panel(world.directory(), world.injuries(EVENTS), period=period)
    assert panel["injuries_count"].sum() == len(EVENTS)
    georgia = panel[panel["facility_id"] == "us.fsis:14"]
    assert georgia["plant_years"].sum() == pytest.approx((365 + 366 + 59) / 365.25)
    assert not panel.duplicated(["facility_id", "period_start"]).any()


def test_fiscal_years_begin_in_october(world):
    panel = world.panel(
        world.directory(), world.injuries([("14", "2015-09-30"), ("14", "2015-10-01")]), period="fiscal_year"
    )
    georgia = panel[panel["facility_id"] == "us.fsis:14"].set_index("period_start")["injuries_count"]
    assert georgia.to_dict() == {
        pd.Timestamp("2014-10-01"): 1,
        pd.Timestamp("2015-10-01"): 1,
        pd.Timestamp("2016-10-01"): 0,
    }


def test_after_the_injuries_file_ends_nothing_is_collected(world):
    panel = world.panel(
        world.directory(), world.handling(HANDLING), world.injuries(EVENTS), period="fiscal_year"
    ).set_index(["facility_id", "period_start"])
    georgia = panel.loc["us.fsis:14"]
    assert len(georgia) == 10
    assert georgia["injuries_count"].notna().sum() == 3
    assert georgia.loc["2017-10-01":, "injuries_count"].isna().all()
    beef = panel.loc["us.fsis:13"]
    assert beef["tasks_count"].notna().tolist() == [False] * 9 + [True]


def test_only_a_person_s_decision_confirms_an_injury(world, confirm):
    bundles = world.directory(), world.injuries(EVENTS)
    panel = world.panel(*bundles, period="all", decisions=confirm(("2015010002", "us.fsis:14")))
    assert _of(panel, 14)["injuries_count"] == 3
    assert _of(panel, 14)["injuries_confirmed_count"] == 1
    assert _of(panel, 11)["injuries_confirmed_count"] == 0
    assert pd.isna(_of(panel, 12)["injuries_confirmed_count"])


def test_a_count_of_a_fiscal_year_is_in_no_calendar_year_and_a_warning_says_so(world):
    bundles = world.directory(), world.handling(HANDLING)
    links = link_records(*bundles)
    with pytest.warns(RecordsLeftOut, match=r"4 rows of us\.fsis\.humane_handling@FY2024.*fiscal_year") as caught:
        panel = build_panel(links, *bundles, period="year")
    assert panel["tasks_count"].isna().all()
    assert not panel["record_ids"].str.contains("humane").any()
    assert caught[0].filename == __file__  # the warning points at the caller


def test_an_injury_in_a_state_its_source_does_not_cover_is_left_out_loudly(world):
    bundles = world.directory(), world.injuries([*EVENTS, ("12", "2016-05-05")])
    links = link_records(*bundles)
    with pytest.warns(RecordsLeftOut, match=r"1 row of us\.osha.*outside the region"):
        panel = build_panel(links, *bundles, period="all")
    carolina = _of(panel, 12)
    assert pd.isna(carolina["injuries_count"])
    assert "us.osha" not in carolina["record_ids"]


def test_a_livestock_plant_that_the_handling_file_lacks_has_null_not_0_for_it_leaves_out_plants_with_few_tasks(world):
    extract = world.demographics({"13": {"steer_slaughter": "Yes"}, "15": {"steer_slaughter": "Yes"}})
    panel = world.panel(world.directory(), extract, world.handling([("M103", 5, 0)]), period="fiscal_year")
    assert _of(panel, 13)[["tasks_count", "findings_count"]].tolist() == [5, 0]
    assert _of(panel, 15)[["tasks_count", "findings_count"]].isna().all()
    assert why_not_collected(panel, "tasks_count")[panel["facility_id"] == "us.fsis:15"].tolist() == [
        "may be below the threshold"
    ]


def test_of_a_file_of_one_s_own_no_count_is_0_until_its_user_states_what_it_covers(world):
    bundles = world.directory(), replace(world.injuries(EVENTS), source="my.injuries")
    links = link_records(*bundles)
    panel = build_panel(links, *bundles, period="all")
    assert panel["injuries_count"].sum() == len(EVENTS)
    assert panel["injuries_count"].gt(0).sum() == panel["injuries_count"].notna().sum()
    assert panel["plant_years"].isna().all()
    row = {"source": "my.injuries", "country": "US", "regions": "GA|AL|NC", "kinds": "*", "completeness": "census"}
    row |= {"what_absence_means": "none", "why": "each plant was asked", "citation": "my letter"}
    stated = pd.DataFrame([row]).reindex(columns=source_coverage().columns)
    panel = build_panel(links, *bundles, period="all", coverage=stated)
    assert panel["injuries_count"].sum() == len(EVENTS)
    assert set(panel.loc[panel["injuries_count"].notna(), "region"]) == {"GA", "AL", "NC"}
    assert _of(panel, 12)["injuries_count"] == 0
    assert pd.isna(_of(panel, 13)["injuries_count"])  # Texas


def test_an_injury_dated_outside_its_file_s_time_is_left_out_loudly(world):
    bundles = world.directory(), world.injuries([*EVENTS, ("14", "2017-03-01")])
    links = link_records(*bundles)
    with pytest.warns(RecordsLeftOut, match=r"1 row of us\.osha.*outside the time their file covers"):
        panel = build_panel(links, *bundles, period="year")
    assert panel["injuries_count"].sum() == len(EVENTS)


def test_injuries_at_a_plant_that_only_the_old_directory_lists_are_given_to_no_other(world):
    bundles = world.directory(), world.old_directory(), world.injuries([*EVENTS, ("19", "2016-05-05")])
    links = link_records(*bundles)
    assert "us.osha.severe_injury@2017-02-28#5" in set(links.places["record_id"])
    assert build_panel(links, *bundles, period="all")["injuries_count"].sum() == len(EVENTS)


def test_files_of_different_years_of_one_source_stand_side_by_side(world):
    bundles = [
        world.directory(),
        world.injuries([("14", "2015-06-01")], vintage="2015", period="2015"),
        world.injuries([("14", "2017-06-01")], vintage="2017", period="2017"),
    ]
    panel = world.panel(*bundles, period="year").set_index(["facility_id", "period_start"])
    georgia = panel.loc["us.fsis:14"]
    assert georgia["injuries_count"].tolist() == [1, pd.NA, 1]  # nobody collected 2016
    assert georgia["plant_years"].isna().tolist() == [False, True, False]


def test_of_snapshots_only_the_newest_is_used_and_older_ones_fill_nothing(world):
    newest = world.directory("2025-06", sizes={"13": "Very Small", "15": "N / A"})
    older = world.directory("2024-09", sizes={"13": "Large", "15": "Large"})
    extract = world.demographics({"13": {"steer_slaughter": "Yes", "slaughter_volume_category": "4.0"}})
    older_extract = world.demographics(
        {"13": {"bison_slaughter": "Yes", "slaughter_volume_category": "1.0"}, "12": {"sow_slaughter": "Yes"}},
        vintage="2024-02",
    )
    bundles = [older, older_extract, newest, extract, world.handling(HANDLING)]
    for given in (bundles, bundles[::-1]):
        panel = world.panel(*given, period="all")
        assert _of(panel, 13)["size_class"] == "Very Small"
        assert pd.isna(_of(panel, 15)["size_class"])
        assert _of(panel, 13)["species"] == "steer"
        assert _of(panel, 13)["volume_category"] == "4"  # what the directory does not say, another file fills
        assert pd.isna(_of(panel, 12)["species"])
        assert set(_of(panel, 13)["record_ids"].split()) == {
            "us.fsis.mpi_directory@2025-06#3",
            "us.fsis.establishment_demographics@2025-06#1",
            "us.fsis.humane_handling@FY2024#4",
        }


def test_species_and_systems_are_joined_in_the_agency_s_words_and_one_is_not_another(world):
    extract = world.demographics(
        {
            "11": {
                "young_chicken_slaughter": "Yes",
                "steer_slaughter": "Yes",
                "inspection_system_npis": "Yes",
                "inspection_system_npis_waiver": "Yes",
            }
        }
    )
    panel = world.panel(world.directory(), extract, world.handling(HANDLING), period="all")
    alder = _of(panel, 11)
    assert alder["species"] == "steer+young_chicken"
    assert alder["species_group"] == "cattle+chicken"
    assert alder["line_speed_regime"] == "npis+npis_waiver"
    # The column npis_waiver is unexplained: it permits nothing.
    assert pd.isna(alder["line_speed_animals_per_min"])
    assert pd.isna(alder["line_speed_basis"])


def test_permission_is_in_the_periods_it_covers_whole_and_only_there(world):
    handling = [world.handling(HANDLING, 2023), world.handling(HANDLING, 2024)]
    bundles = [world.directory(), world.waivers([("P104", "2023-03-31")]), *handling]
    panel = world.panel(*bundles, period="fiscal_year")
    assert pd.isna(_of(panel, 14, "2022-10-01")["line_speed_animals_per_min"])  # granted half-way through
    after = _of(panel, 14, "2023-10-01")
    assert (after["line_speed_animals_per_min"], after["line_speed_basis"]) == (175.0, "waiver")
    assert "us.fsis.line_speed_waivers@2023-03-31#1" in after["record_ids"].split()
    assert panel["line_speed_animals_per_min"].notna().sum() == 1


def test_measured_speeds_reach_their_plants(world):
    speeds = world.speeds([("P104", "2018-01-01", "2018-06-30", 120), ("P104", "2018-07-01", "2018-12-31", 140)])
    injuries = world.injuries([("14", "2018-05-05")], vintage="2018", period="2018")
    georgia = _of(world.panel(world.directory(), speeds, injuries, period="year"), 14)
    assert georgia["line_speed_animals_per_min"] == pytest.approx((181 * 120 + 184 * 140) / 365)
    assert georgia["line_speed_basis"] == "measured"


def test_every_row_has_its_directory_record_and_only_records_that_it_counts(world):
    panel = world.panel(world.directory(), world.injuries(EVENTS), period="year")
    assert _of(panel, 14, "2016-01-01")["record_ids"].split() == [
        "us.osha.severe_injury@2017-02-28#2",
        "us.osha.severe_injury@2017-02-28#3",
        "us.fsis.mpi_directory@2025-06#4",
    ]
    assert _of(panel, 15, "2016-01-01")["record_ids"] == "us.fsis.mpi_directory@2025-06#5"


def test_real_plants_are_not_called_simulated(world):
    assert SIMULATED not in world.panel(world.directory(), world.handling(HANDLING), period="all")


def test_the_order_of_the_files_changes_nothing(world):
    bundles = [world.directory(), world.old_directory(), world.handling(HANDLING), world.injuries(EVENTS)]
    one, other = (world.panel(*given, period="fiscal_year") for given in (bundles, bundles[::-1]))
    pd.testing.assert_frame_equal(one.drop(columns="record_ids"), other.drop(columns="record_ids"))
    assert (
        one["record_ids"]
        .map(lambda ids: set(ids.split()))
        .equals(other["record_ids"].map(lambda ids: set(ids.split())))
    )
