"""What sources cover: stated for every source, in words of closed lists, and answered row by row with a reason."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.schema.codes import shipped
from welfare.schema.columns import columns
from welfare.sources.coverage import covers, source_coverage
from welfare.sources.registry import registry

OSHA, HUMANE, ITA = "us.osha.severe_injury", "us.fsis.humane_handling", "us.osha.ita_300a"
TABLE = source_coverage()
WORDS = shipped("coverage/words.csv")
KINDS = shipped("coverage/kinds.csv")


def _known(list_):
    return set(WORDS.loc[WORDS["list"] == list_, "word"])


def _rows(*rows, **more):
    """Rows of (region, species_group, first day, last day) in the United States."""
    frame = pd.DataFrame(rows, columns=["region", "species_group", "period_start", "period_end"])
    for day in ("period_start", "period_end"):
        frame[day] = pd.to_datetime(frame[day])
    return frame.assign(country="US", **more)


def _year(region, group="cattle", year=2016):
    return region, group, f"{year}-01-01", f"{year}-12-31"


def _said(source, frame, **how):
    return list(covers(source, frame, **how)[["covers", "absence", "reason"]].itertuples(index=False, name=None))


def test_every_registered_source_states_what_it_covers():
    assert set(registry()["source"]) <= set(TABLE["source"])


def test_every_word_is_of_a_closed_list():
    for column in ("completeness", "what_absence_means"):
        assert set(TABLE[column]) <= _known(column)
    assert set(TABLE["threshold_of"]) - {""} == _known("threshold_of")
    kinds = {kind for cell in TABLE["kinds"] for kind in cell.split("|")}
    assert kinds - {"*"} == set(KINDS["kind"])
    assert not WORDS.duplicated(["list", "word"]).any()
    assert (WORDS["meaning"] != "").all()


def test_every_row_says_where_when_and_on_whose_word():
    assert (TABLE[["source", "country", "regions", "kinds", "why", "citation"]] != "").all(axis=None)
    for cell in TABLE["country"]:
        assert re.fullmatch(r"\*|[A-Z]{2}(\|[A-Z]{2})*", cell)
    days = pd.concat([TABLE["from"], TABLE["to"]])
    assert days[days != ""].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
    both = TABLE[(TABLE["from"] != "") & (TABLE["to"] != "")]
    assert (both["from"] < both["to"]).all()
    assert ((TABLE["threshold_least"] == "") == (TABLE["threshold_of"] == "")).all()
    assert TABLE.loc[TABLE["threshold_least"] != "", "threshold_least"].astype(int).gt(0).all()


def test_only_a_source_that_holds_every_facility_lets_no_record_mean_none():
    none = TABLE[TABLE["what_absence_means"] == "none"]
    assert set(none["completeness"]) <= {"census", "mandatory_report"}
    assert (none["threshold_least"] == "").all()
    assert set(TABLE.loc[TABLE["completeness"] == "outside", "what_absence_means"]) == {"not_collected"}


def test_regions_that_point_at_a_code_list_point_at_words_that_are_in_it():
    pointers = [cell for cell in TABLE["regions"] if "=" in cell]
    assert len(pointers) == 3
    pointed = [word for cell in pointers for word in cell.partition("=")[2].split("|")]
    assert sorted(pointed) == sorted(set(shipped("codes/us_states.csv")["osha_plan"]))  # each state once


def test_kinds_that_a_row_can_tell_are_told_by_columns_and_words_of_the_tables():
    told = KINDS[KINDS["column"] != ""]
    assert set(told["column"]) - {"scheme"} <= {*columns("facilities"), *columns("mortality"), *columns("panel")}
    book = shipped("codes/species_groups.csv")
    for kind, animals in (("livestock", "livestock"), ("poultry", "poultry"), ("rabbit", "rabbit")):
        words = told.loc[(told["kind"] == f"{kind}_slaughter") & (told["column"] == "species_group"), "words"].iloc[0]
        assert set(words.split("|")) == set(book.loc[book["kind"] == animals, "group"])
    assert told.loc[told["kind"] == "young_chicken_slaughter", "words"].isin(book["species"]).all()
    production = told.loc[told["column"] == "production", "words"].str.split("|").explode()
    assert not production.duplicated().any()


def test_an_injury_source_covers_the_federal_states_and_says_why_not_the_others():
    answers = covers(OSHA, _rows(_year("GA"), _year("NC"), _year("CT"), _year(None), _year("GA", year=2014)))
    assert answers["covers"].tolist() == ["yes", "no", "yes", "cannot tell", "no"]
    assert answers["absence"].tolist() == ["none", "not_collected", "none", "cannot_tell", "not_collected"]
    assert answers["reason"].tolist() == [
        "",
        "outside the region",
        "",
        "region not known",
        "outside the period",  # employers report since 2015-01-01
    ]
    assert "state's own plan takes private employers' reports" in answers.loc[1, "why"]
    assert "public employers only" in answers.loc[2, "why"]


@pytest.mark.parametrize(
    ("first", "last", "covered"),
    [
        ("2014-12-31", "2014-12-31", "no"),
        ("2014-12-31", "2015-01-01", "yes"),  # a day of it is enough
        ("2017-02-28", "2017-12-31", "yes"),
        ("2017-03-01", "2017-12-31", "no"),  # the file has ended
        (None, None, "cannot tell"),
    ],
)
def test_a_file_s_own_time_bounds_what_the_source_covers(first, last, covered):
    files = [(pd.Timestamp("2014-06-01"), pd.Timestamp("2017-02-28"))]
    assert covers(OSHA, _rows(("GA", "cattle", first, last)), files=files)["covers"].tolist() == [covered]


def test_a_livestock_plant_without_a_record_may_have_had_few_tasks_and_a_poultry_plant_is_another_kind():
    frame = _rows(*(_year("GA", group) for group in ("cattle+chicken", "chicken", None)))
    assert _said(HUMANE, frame) == [
        ("cannot tell", "cannot_tell", "may be below the threshold"),
        ("no", "not_collected", "another kind of facility"),
        ("cannot tell", "cannot_tell", "kind of facility not known"),
    ]
    # Even a plant that is known to be large enough: no row is no proof of no task.
    assert _said(HUMANE, frame.iloc[:1].assign(inspection_tasks=5)) == [("yes", "cannot_tell", "")]
    assert _said(HUMANE, frame.iloc[:1].assign(inspection_tasks=4)) == [("no", "not_collected", "below the threshold")]


def test_a_directory_tells_the_kind_by_its_activities_and_a_panel_by_its_species():
    listed = pd.DataFrame(
        {"country": "US", "region": "GA", "activities": ["Meat Processing; Meat Slaughter", "Meat Processing", None]}
    )
    assert covers(HUMANE, listed)["reason"].tolist() == [
        "may be below the threshold",
        "another kind of facility",
        "kind of facility not known",
    ]
    both = listed.assign(species_group=[None, "cattle", "chicken"])
    assert covers(HUMANE, both)["reason"].tolist() == [
        "may be below the threshold",
        "may be below the threshold",
        "another kind of facility",
    ]


def test_the_scheme_of_an_id_tells_what_is_under_federal_inspection():
    frame = pd.DataFrame(
        {"country": "US", "region": "GA", "facility_id": ["us.fsis:1", "us.fsis.grant:P1", "gb.fsa:1"]}
    )
    assert covers("us.fsis.mpi_directory", frame)["absence"].tolist() == ["none", "none", "not_collected"]


def test_an_area_tells_its_country_and_region():
    areas = pd.DataFrame({"area_id": ["iso3166-2:CL-LL", "iso3166-2:CL-BI", "iso3166:CL", "iso3166:FR", "elsewhere"]})
    assert covers("cl.sernapesca.salmon_deaths", areas)["reason"].tolist() == [
        "kind of facility not known",
        "outside the region",
        "region not known",
        "outside the region",
        "region not known",
    ]


def test_a_commercial_flock_that_is_not_listed_was_not_confirmed_and_of_a_backyard_flock_nobody_can_tell():
    flocks = pd.DataFrame(
        {"country": "US", "region": "GA", "production": ["Commercial Turkey Meat Bird", "WOAH Poultry"]}
    )
    assert covers("us.aphis.hpai_flocks", flocks)["absence"].tolist() == ["none", "cannot_tell"]


def test_summaries_of_injuries_are_due_from_20_employees_on_in_slaughter_and_250_elsewhere():
    frame = _rows(_year("GA"), _year("GA"), _year("GA", "unknown"), _year("GA", "unknown"), _year("GA"))
    frame["employees"] = [20, 19, 249, 250, None]
    frame["activities"] = None
    assert covers(ITA, frame)["covers"].tolist() == ["yes", "no", "cannot tell", "yes", "cannot tell"]
    frame = frame.drop(columns="activities").assign(activities="Cold Storage")
    assert covers(ITA, frame)["covers"].tolist() == ["yes", "no", "no", "yes", "cannot tell"]


def test_what_a_source_says_it_does_not_cover_wins_for_the_time_it_says_so():
    frame = _rows(_year("CA"), ("CA", "cattle", "2016-01-01", "2017-12-31"), _year("GA"), employees=300)
    assert covers(ITA, frame)["covers"].tolist() == ["no", "yes", "yes"]
    scotland = pd.DataFrame({"country": "GB", "region": ["Scotland", "Wales"]})
    assert covers("gb.fsa.meat_audits", scotland)["covers"].tolist() == ["no", "cannot tell"]


@pytest.mark.parametrize(
    ("source", "row", "expected"),
    [
        ("us.awi.barn_fires", {"country": "US"}, ("cannot tell", "cannot_tell", "kind of facility not known")),
        (
            "us.microsoft.poultry_barns",
            {"country": "US", "region": "GA"},
            ("no", "not_collected", "outside the region"),
        ),
        ("user.line_speeds_measured", {"country": "US"}, ("cannot tell", "not_collected", "not reported")),
        (
            "us.epa.fsis_crosswalk",
            {"country": "US", "facility_id": "us.fsis:1"},
            ("cannot tell", "not_collected", "not in the sample"),
        ),
        ("nobody.knows", {"country": "US"}, ("cannot tell", "cannot_tell", "coverage not stated")),
    ],
)
def test_a_source_that_holds_some_facilities_never_says_yes(source, row, expected):
    assert _said(source, pd.DataFrame([row])) == [expected]


def test_no_answer_but_yes_ever_lets_no_record_mean_none():
    frame = _rows(_year("GA"), _year("NC"), _year(None, None), ("GA", None, None, None))
    every = pd.concat(
        [frame, frame.assign(country=None), frame.assign(country="DK"), frame.assign(facility_id="us.fsis:1")]
    )
    for source in [*dict.fromkeys(TABLE["source"]), "nobody.knows"]:
        answers = covers(source, every.reset_index(drop=True))
        assert set(answers["covers"]) <= _known("covers")
        assert set(answers["absence"]) <= _known("what_absence_means")
        assert set(answers["reason"]) - {""} <= _known("reason")
        assert ((answers["reason"] == "") == (answers["covers"] == "yes")).all()
        assert answers.loc[answers["absence"] == "none", "covers"].eq("yes").all()
        assert set(answers.loc[answers["covers"] == "no", "absence"]) <= {"not_collected"}


def test_answers_stand_under_the_index_of_the_rows_and_of_no_rows_there_is_none():
    frame = _rows(_year("GA"), _year("NC")).set_axis(["b", "a"])
    assert covers(OSHA, frame)["covers"].to_dict() == {"b": "yes", "a": "no"}
    for source in dict.fromkeys(TABLE["source"]):
        assert covers(source, frame.assign(facility_id="us.fsis:1").iloc[:0]).empty


def _stated(**cells):
    row = {"source": "my.injuries", "country": "US", "regions": "NC", "kinds": "*", "completeness": "census"}
    row |= {"what_absence_means": "none", "why": "as I asked", "citation": "my letter"} | cells
    return pd.DataFrame([row]).reindex(columns=TABLE.columns)


def test_coverage_of_a_file_of_one_s_own_is_what_its_user_states():
    frame = _rows(_year("NC"), _year("GA"))
    assert covers("my.injuries", frame, stated=_stated())["absence"].tolist() == ["none", "not_collected"]
    assert covers(OSHA, frame, stated=_stated())["absence"].tolist() == ["not_collected", "none"]
    # Of a source it names, it is all that holds.
    assert covers(OSHA, frame, stated=_stated(source=OSHA))["absence"].tolist() == ["none", "not_collected"]


def test_stated_coverage_that_cannot_be_read_is_refused():
    with pytest.raises(BadParameter, match=r"no column why.*could not be told apart") as caught:
        source_coverage(stated=_stated().drop(columns="why"))
    assert "data/coverage.csv" in str(caught.value)
    with pytest.raises(BadParameter, match=r"completeness is 'all'.*census"):
        source_coverage(stated=_stated(completeness="all"))


@pytest.mark.real
def test_the_facts_that_are_read_off_the_files_are_theirs(shared):
    us = shared / "data" / "us"
    handling = pd.read_csv(us / "fsis" / "humane_handling_fy2024_by_establishment.csv")
    tasks = next(
        n for n in re.findall(r"\((\d+), 19\)", (us / "fsis/humane_handling_task_level_columns.txt").read_text())
    )
    assert handling["inspection_tasks"].min() == 5
    assert int(tasks) - handling["inspection_tasks"].sum() == 34
    cages = pd.read_csv(shared / "data" / "gb" / "scotland_salmon" / "pub_dataset.csv")
    assert cages["farm"].nunique() == 8
    assert (cages["day"].min() >= "2018-07-01") and (cages["day"].max() <= "2020-03-31")
    audits = pd.read_csv(shared / "data/gb/fsa/meat_establishment_audits_2015-2017.csv", encoding="latin-1", dtype=str)
    assert set(audits["Country"]) == {"England", "Wales", "Northern Ireland"}
    flocks = pd.read_csv(us / "aphis" / "hpai_confirmed_flocks_2022-2026.expected.csv")
    assert flocks["confirmed"].min() >= source_coverage("us.aphis.hpai_flocks")["from"].iloc[0] == "2022-02-08"
    production = KINDS.loc[KINDS["column"] == "production", "words"].str.split("|").explode()
    assert set(flocks["production"]) <= set(production)
    hens = pd.read_csv(shared / "data" / "eu" / "ec" / "laying_hens_by_housing_2011-2021.csv")
    assert hens["Country"].nunique() == len(source_coverage("eu.ec.laying_hens")["country"].iloc[0].split("|"))
