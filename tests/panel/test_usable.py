"""Files from which a panel would be wrong are refused, each with what it would have spoiled."""

from __future__ import annotations

import pytest

from welfare.errors import BadParameter, NoVintage
from welfare.link.links import link_records
from welfare.panel.build import build_panel
from welfare.panel.usable import newest

EVENTS = [("14", "2015-06-01"), ("11", "2016-06-01")]


def _refused(error, words, *bundles, links=None):
    links = links or link_records(*bundles)
    with pytest.raises(error, match=words) as caught:
        build_panel(links, *bundles, period="all")
    assert caught.value.spoiled
    assert caught.value.todo
    return str(caught.value)


def test_a_file_without_a_vintage(world):
    undated = world.injuries(EVENTS, vintage=None)
    said = _refused(NoVintage, "does not say as of when", world.directory(), undated)
    assert undated.path in said
    assert "MANIFEST.csv" in said


def test_a_vintage_that_is_no_date(world):
    _refused(BadParameter, "'june-2025' is no date", world.directory("june-2025"), world.injuries(EVENTS))


def test_two_vintages_of_injuries_that_cover_the_same_days(world):
    old, new = world.injuries(EVENTS), world.injuries(EVENTS, vintage="2017-06-30", period="2016-01-01..2017-06-30")
    for given in ((old, new), (new, old)):
        said = _refused(BadParameter, "2016-01-01 to 2017-02-28", world.directory(), *given)
        assert old.path in said
        assert new.path in said


def test_files_that_share_a_single_day(world):
    one = world.injuries([("14", "2015-06-01")], vintage="2015", period="2015-01-01..2016-01-01")
    two = world.injuries([("11", "2016-06-01")], vintage="2016", period="2016")
    _refused(BadParameter, "2016-01-01 to 2016-01-01", world.directory(), one, two)


def test_a_short_file_within_a_long_one_is_found_whatever_stands_between(world):
    long = world.injuries([("14", "2015-06-01")], vintage="2018", period="2015..2018")
    first = world.injuries([("11", "2015-02-01")], vintage="2014", period="2014-06-01..2015-02-28")
    inner = world.injuries([("11", "2016-06-01")], vintage="2016", period="2016")
    _refused(BadParameter, "cover the same days", world.directory(), inner, long)
    _refused(BadParameter, "cover the same days", world.directory(), first, inner, long)


def test_a_file_given_twice(world):
    directory, file = world.directory(), world.handling([("M103", 10, 0)])
    links = link_records(directory, file)
    words = "two files are called us.fsis.humane_handling@FY2024"
    assert _refused(BadParameter, words, directory, file, file, links=links).count(file.path) == 2


def test_two_files_of_one_vintage(world):
    directory = world.directory()
    one, two = world.handling([("M103", 10, 0)]), world.handling([("M102", 10, 0)], period="FY2023")
    said = _refused(BadParameter, "two files are called", directory, one, two, links=link_records(directory, one))
    assert one.path in said
    assert two.path in said


def test_counts_of_an_unknown_time(world):
    file = world.injuries(EVENTS)
    directory = world.directory()
    timeless = file.__class__(**{**file.__dict__, "period": None})
    _refused(BadParameter, "does not say what time it covers", directory, timeless)


def test_a_wrong_period_is_seen_when_most_records_are_of_another_time(world):
    file = world.injuries(EVENTS, period="2017-02")
    said = _refused(BadParameter, "2017-02-01 to 2017-02-28.*2015-06-01 to 2016-06-01", world.directory(), file)
    assert "period=" in said


def test_a_file_that_was_not_linked_would_make_plants_look_unhurt(world):
    directory, injuries = world.directory(), world.injuries(EVENTS)
    links = link_records(directory)
    said = _refused(BadParameter, "not among the files that were linked", directory, injuries, links=links)
    assert injuries.path in said


def test_the_directory_of_the_places_must_be_there(world):
    directory, injuries = world.directory(), world.injuries(EVENTS)
    _refused(BadParameter, "mpi_directory@2025-06.*not among", injuries, links=link_records(directory, injuries))


def test_no_counts_at_all(world):
    _refused(BadParameter, "no file counts anything", world.directory(), world.waivers([("P104", "2023-03-31")]))


def test_a_period_that_does_not_exist(world):
    bundles = world.directory(), world.injuries(EVENTS)
    with pytest.raises(BadParameter, match="decade"):
        build_panel(link_records(*bundles), *bundles, period="decade")


def test_of_a_directory_by_fiscal_year_and_one_of_a_later_month_the_later_is_used(world):
    fiscal, later = world.directory("FY2024"), world.directory("2024-11")
    for given in ((fiscal, later), (later, fiscal)):
        assert [bundle.vintage for bundle in newest(given)] == ["2024-11"]
        assert link_records(*given).spine.vintage == "2024-11"
