"""Records made into spells: exact cases, one per rule, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.spells import Spells, spells

RECORDS = pd.DataFrame(
    {
        "herd": ["a", "a", "a", "a", "b", "c"],
        "date": ["2023-01-10", "2023-03-01", "2023-03-01", "2023-06-01", "2023-02-01", "2023-12-31"],
        "kind": ["tail", "tail", "lame", "lame", "tail", "tail"],
    },
    index=[10, 11, 12, 13, 14, 15],
)


def made(records: pd.DataFrame = RECORDS, **options: object) -> Spells:
    return spells(records, **({"unit": "herd", "date": "date", "until": "2023-12-31"} | options))


def rows(found: Spells, *columns: str) -> list[tuple]:
    return list(found.table[list(columns)].itertuples(index=False, name=None))


def reasons(found: Spells) -> list[tuple]:
    return list(found.dropped.itertuples(index=False, name=None))


def test_from_one_record_to_the_next_and_then_to_the_end():
    found = made()
    assert rows(found, "herd", "number", "previous", "entry", "exit", "event", "ended_by") == [
        ("a", 1, 0, 0, 50, 1, 11),
        ("a", 2, 1, 50, 142, 1, 13),
        ("a", 3, 2, 142, 355, 0, None),
        ("b", 1, 0, 0, 333, 0, None),
    ]
    assert reasons(found) == [(15, "no time under observation after it")]
    assert (found.units, found.events, found.days) == (2, 2, 355 + 333)
    assert found.table["start"].dt.strftime("%m-%d").tolist() == ["01-10", "03-01", "06-01", "02-01"]
    assert any("1 records more than days" in note for note in found.notes)
    assert "those without any are not seen" in found.text


def test_a_clock_that_begins_anew_counts_the_same_days():
    found = made(clock="spell")
    assert rows(found, "entry", "exit", "event") == [(0, 50, 1), (0, 92, 1), (0, 213, 0), (0, 333, 0)]


def test_what_is_kept_and_what_ended_a_spell_and_days_on_which_these_differ():
    found = made(keep="kind", cause="kind")
    assert rows(found, "kind", "cause")[:3] == [("tail", "several"), (None, "lame"), ("lame", None)]


def test_observation_that_begins_on_a_date_sees_units_without_records():
    found = made(since=pd.Series({"a": "2023-01-01", "b": "2023-02-01", "z": "2023-07-01"}))
    assert rows(found, "herd", "number", "entry", "exit", "event") == [
        ("a", 1, 0, 9, 1),
        ("a", 2, 9, 59, 1),
        ("a", 3, 59, 151, 1),
        ("a", 4, 151, 364, 0),
        ("b", 1, 0, 333, 0),
        ("z", 1, 0, 183, 0),
    ]
    assert reasons(found) == [(14, "on the day observation began"), (15, "no start of observation known")]


def test_one_date_for_all_and_records_before_it():
    found = made(since="2023-02-15")
    assert ("a", 0, 14, 1) in rows(found, "herd", "entry", "exit", "event")
    assert reasons(found) == [(10, "before observation began"), (14, "before observation began")]
    assert rows(found, "herd", "entry", "exit", "event")[-1] == ("c", 0, 319, 1)


def test_an_origin_before_observation_delays_entry():
    found = made(origin={"a": "2022-12-31", "b": "2023-01-31"})
    assert rows(found, "herd", "entry", "exit") == [("a", 10, 60), ("a", 60, 152), ("a", 152, 365), ("b", 1, 334)]
    with pytest.raises(BadValue, match="origin of 'a' lies after its observation began"):
        made(origin="2023-01-15")


def test_only_the_first_event():
    found = made(recurrent=False)
    assert rows(found, "herd", "exit", "event") == [("a", 50, 1), ("b", 333, 0)]
    assert (13, "after the first event") in reasons(found)
    assert (12, "after the first event") not in reasons(found)


def test_an_end_by_unit_and_records_after_it():
    found = made(until={"a": "2023-05-01", "b": "2023-04-01"})
    assert rows(found, "herd", "exit", "event") == [("a", 50, 1), ("a", 111, 0), ("b", 59, 0)]
    assert reasons(found) == [(13, "after the end of observation"), (15, "no end of observation known")]


def test_missing_units_and_dates_are_named():
    df = pd.concat([RECORDS, pd.DataFrame({"herd": [None, "d"], "date": ["2023-01-01", None]}, index=[20, 21])])
    assert reasons(made(df))[-2:] == [(20, "missing herd"), (21, "missing date")]


SPEEDS = pd.DataFrame(
    {
        "herd": ["a", "a", "b"],
        "valid_from": ["2023-01-01", "2023-04-01", "2023-03-01"],
        "valid_to": ["2023-02-10", None, "2023-04-30"],
        "speed": [1.0, 2.0, 3.0],
    }
)


def test_spells_are_split_where_conditions_change_and_unknown_time_is_cut_out():
    found = made(conditions=SPEEDS, cause="kind")
    assert rows(found, "herd", "number", "entry", "exit", "event", "cause", "speed") == [
        ("a", 1, 0, 31, 0, None, 1.0),  # until 10 February; the event of 1 March lies where no speed is known
        ("a", 2, 81, 142, 1, "lame", 2.0),
        ("a", 3, 142, 355, 0, None, 2.0),
        ("b", 1, 28, 88, 0, None, 3.0),
    ]
    assert reasons(found)[1:] == [
        (10, "condition not known for 19 days after 2023-02-10"),
        (11, "condition not known for 31 days after 2023-03-01"),
        (14, "condition not known for 28 days after 2023-02-01"),
        (14, "condition not known for 245 days after 2023-04-30"),
        (11, "event while no condition is known"),
    ]
    assert "Left out for want of a known condition: 323 days with 1 events." in found.notes
    whole = made()
    assert found.days == whole.days - 323


def test_a_condition_that_follows_the_next_day_leaves_no_gap_and_the_day_it_begins_belongs_to_the_one_before():
    conditions = pd.DataFrame(
        {
            "herd": "a",
            "valid_from": ["2022-01-01", "2023-03-01"],
            "valid_to": ["2023-02-28", None],
            "speed": [1, 2],
        }
    )
    found = made(RECORDS[RECORDS["herd"] == "a"], conditions=conditions)
    # What was changed on the day of the event, perhaps because of it, is not what it happened under.
    assert rows(found, "entry", "exit", "event", "speed") == [(0, 50, 1, 1), (50, 142, 1, 2), (142, 355, 0, 2)]
    assert found.dropped.empty


def test_a_missing_value_of_a_condition_is_unknown_time():
    conditions = SPEEDS.assign(speed=[np.nan, 2.0, 3.0])
    found = made(conditions=conditions)
    assert (10, "condition not known for 50 days after 2023-01-10") in reasons(found)


def test_the_days_add_up_however_often_conditions_change():
    rng = np.random.default_rng(3)
    herds = [f"h{k}" for k in range(40)]
    records = pd.DataFrame(
        {
            "herd": rng.choice(herds, 200),
            "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 200), "D"),
        }
    )
    changes = []
    for herd in herds:
        marks = pd.Timestamp("2019-12-01") + pd.to_timedelta(
            np.sort(rng.choice(np.arange(1000), 6, replace=False)), "D"
        )
        changes.append(pd.DataFrame({"herd": herd, "valid_from": marks[:-1], "valid_to": marks[1:], "speed": range(5)}))
    whole = made(records, until="2022-12-31")
    parts = made(records, until="2022-12-31", conditions=pd.concat(changes))
    cut = parts.dropped["reason"].str.extract(r"for ([\d,]+) days?")[0].dropna().str.replace(",", "").astype(int).sum()
    assert (parts.table["exit"] - parts.table["entry"]).sum() == parts.days == whole.days - cut
    assert (parts.dropped["reason"] == "event while no condition is known").sum() == whole.events - parts.events > 0
    days = parts.table.sort_values(["herd", "entry"])
    same = days["herd"].shift(-1) == days["herd"]
    assert (days["entry"].shift(-1) >= days["exit"])[same].all()


def test_a_simulated_source_stays_known_as_one():
    found = made(RECORDS.assign(SIMULATED="made up"))
    assert found.text.startswith("SIMULATED. ")
    assert "SIMULATED" in found.table


BAD = {
    "an unknown column": ({"unit": "flock"}, BadParameter, "no column 'flock'"),
    "an unknown clock": ({"clock": "week"}, BadParameter, "no clock is called 'week'"),
    "a number for a date": ({"until": 2023}, BadParameter, "until=2023 is not a date"),
    "no end": ({"until": None}, BadParameter, "until=None is not a date"),
    "two ends of one unit": (
        {"until": pd.Series(["2023-12-31", "2023-12-30"], index=["a", "a"])},
        BadParameter,
        "two dates for 'a'",
    ),
    "an end before everything": ({"until": "2020-01-01"}, NotEstimable, "no unit has any time at risk"),
    "a column named as one of the result": ({"keep": "number"}, BadParameter, "no column 'number'"),
    "conditions without bounds": ({"conditions": SPEEDS[["herd", "speed"]]}, BadParameter, "'valid_from', 'valid_to'"),
    "conditions without a value": ({"conditions": SPEEDS.drop(columns="speed")}, BadParameter, "have no value"),
    "conditions that overlap": (
        {"conditions": SPEEDS.assign(valid_to=["2023-04-15", None, None])},
        BadValue,
        "two conditions of one herd hold at once: 'a'",
    ),
    "a condition that ends before it begins": (
        {"conditions": SPEEDS.assign(valid_to=["2022-04-15", None, None])},
        BadValue,
        "ends before it begins",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused(kind):
    options, error, words = BAD[kind]
    with pytest.raises(error, match=words):
        made(**options)


@pytest.mark.parametrize(
    ("dates", "words"),
    [(["31/12/2023"] * 6, "not a date as 2024-06-01"), ([20230101] * 6, "holds numbers, not dates")],
)
def test_dates_that_could_be_read_two_ways_are_refused(dates, words):
    with pytest.raises(BadValue, match=words):
        made(RECORDS.assign(date=dates))


def test_a_clash_of_names_is_refused():
    with pytest.raises(BadParameter, match="have the name of a column made here"):
        made(RECORDS.rename(columns={"kind": "event"}), keep="event")


def test_a_unit_without_a_record_and_without_an_end_is_named():
    watched = pd.Series("2023-01-01", index=["a", "b", "y", "z"])
    watched["b"] = None
    found = made(since=watched, until={"a": "2023-12-31", "b": "2023-12-31", "z": "2022-12-31", "c": "2023-12-31"})
    assert set(found.table["herd"]) == {"a"}
    assert reasons(found) == [
        (14, "no start of observation known"),
        (15, "no start of observation known"),
        ("y", "no end of observation known"),
        ("z", "observation ends before it begins"),
    ]


def test_records_of_a_unit_without_an_origin_are_named_and_not_counted():
    found = made(origin={"a": "2022-12-31"}, since="2023-01-01")
    assert reasons(found) == [(14, "no origin known"), (15, "no origin known")]
    assert "records of them: 4; " in found.text


def test_the_text_says_who_is_not_seen():
    assert "Each herd without any record is not seen" in made(since="2023-01-01").text
    listed = made(since=pd.Series("2023-01-01", index=["a", "b", "c", "d"])).text
    assert "not seen" not in listed


def test_an_event_of_no_known_kind_stays_an_event():
    kinds = ["tail", None, None, "", "0", "lame"]
    found = made(RECORDS.assign(kind=kinds), since="2023-01-01", cause="kind")
    assert rows(found, "event", "cause") == [
        (1, "tail"),
        (1, "not known"),
        (1, "not known"),
        (0, None),
        (1, "not known"),
        (0, None),
        (1, "lame"),
    ]
    assert "Events of which the kind is not known, kept as a kind of their own: 3." in found.notes
    shares = cumulative_incidence(found.table, time="exit", entry="entry", event="cause").table
    assert int(shares["events"].sum()) == found.events == 5


def test_time_left_out_for_want_of_a_condition_stands_in_the_text():
    found = made(conditions=pd.concat([SPEEDS, SPEEDS.tail(1).assign(herd=None)]))
    assert "Left out for want of a known condition: " in found.text
    assert "Conditions of no known herd, not used: 1." in found.notes
    assert made(conditions=SPEEDS.assign(SIMULATED=True)).text.startswith("SIMULATED. ")


@pytest.mark.parametrize("day", ["06/05/2024", "1 June 2024", 20240601, np.int64(20240601), 2024.5, True, None, "soon"])
def test_an_end_that_is_no_plain_date_is_refused(day):
    with pytest.raises(BadParameter, match="is not a date"):
        made(until=day)


def test_an_end_with_a_time_zone_is_the_day_there():
    late = pd.Timestamp("2023-12-31 23:30", tz="America/New_York")
    assert made(until=late).table["end"].max() == pd.Timestamp("2023-12-31")


@pytest.mark.parametrize("name", ["event", "entry", "begin", "spell", "origin", "begin_known", "number"])
def test_a_condition_with_the_name_of_a_column_made_here_is_refused(name):
    with pytest.raises(BadParameter, match="column made here"):
        made(conditions=SPEEDS.rename(columns={"speed": name}))
    with pytest.raises(BadParameter, match="of one another"):
        made(keep="kind", conditions=SPEEDS.rename(columns={"speed": "kind"}))


def test_units_of_another_kind_than_the_conditions_are_refused():
    with pytest.raises(BadParameter, match="of another kind in the records"):
        made(RECORDS.assign(herd=[1, 1, 1, 1, 2, 3]), conditions=SPEEDS)


def test_conditions_that_touch_on_a_day_and_events_on_that_day():
    speeds = pd.DataFrame(
        {
            "herd": "a",
            "valid_from": ["2023-01-10", "2023-03-01", "2023-06-01"],
            "valid_to": ["2023-03-01", "2023-05-31", None],  # the same day, and the day before
            "speed": [1.0, 2.0, 3.0],
        }
    )
    found = made(RECORDS[RECORDS["herd"] == "a"], conditions=speeds)
    assert rows(found, "entry", "exit", "event", "speed") == [(0, 50, 1, 1.0), (50, 142, 1, 2.0), (142, 355, 0, 3.0)]
    assert found.dropped.empty


def test_a_single_unknown_day_between_conditions_is_cut_out():
    """Until 30 May one holds, from 1 June the other: of 31 May nothing is known, nor is an event of 1 June placed."""
    speeds = pd.DataFrame(
        {"herd": "a", "valid_from": ["2023-01-10", "2023-06-01"], "valid_to": ["2023-05-30", None], "speed": [1.0, 2.0]}
    )
    found = made(RECORDS[RECORDS["herd"] == "a"], conditions=speeds)
    assert reasons(found) == [
        (11, "condition not known for 2 days after 2023-05-30"),
        (13, "event while no condition is known"),
    ]


@pytest.mark.parametrize("option", ["since", "until", "origin"])
def test_dates_of_units_written_unlike_those_of_the_records_are_refused(option):
    records = pd.DataFrame({"plant": [1, 1, 2], "date": ["2020-01-05", "2020-03-01", "2020-02-01"]})
    dates = pd.Series("2020-01-01" if option != "until" else "2020-12-31", index=["1", "2"])
    with pytest.raises(BadParameter, match=f"{option} names none of the units of the records .1 here, 1 there."):
        spells(records, **{"unit": "plant", "date": "date", "until": "2020-12-31", option: dates})
