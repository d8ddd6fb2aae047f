"""All parts at once: what visits allow is estimated, and what they do not is said; nobody is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.patterns.detection.frames import repeat_visits, value
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.detection.detection import detection
from welfare.patterns.detection.estimates import COLUMNS, MORE, Estimate, said
from welfare.patterns.detection.records.zeros import excess_zeros
from welfare.patterns.detection.repeat_visits.occupancy import occupancy
from welfare.patterns.detection.watchers.contrast import visit_contrast

PARTS = (
    "occupancy", "n-mixture", "chao lower bound", "inspectors", "districts", "district", "audited", "directed",
    "digit heaping", "excess zeros",
)  # fmt: skip


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    """A weak district that records a fifth; directed visits that find twice as much; inspectors who differ."""
    rng = np.random.default_rng(3)
    places, times = 200, 6
    place = np.repeat(np.arange(places), times)
    who = rng.integers(0, 25, len(place))
    own = np.exp(rng.normal(0, 0.4, 25))
    directed = rng.random(len(place)) < 0.2
    has = rng.random(places) < 0.5
    mean = has[place] * 0.8 * own[who] * np.where(directed, 2.0, 1.0) * np.where(place // 25 == 3, 0.2, 1.0)
    return pd.DataFrame(
        {
            "facility_id": [f"x:{one}" for one in place],
            "findings_count": rng.poisson(mean),
            "inspector_id": [f"Agent-{one:02d}" for one in who],
            "district": [f"North {one}" for one in place // 25],
            "visit_type": np.where(directed, "directed", "routine"),
            "date_from": np.tile(pd.date_range("2023-01-01", periods=times, freq="MS"), places),
        }
    )


@pytest.fixture(scope="module")
def told(visits: pd.DataFrame):
    return detection(visits, replicates=19)


def test_every_part_is_answered_or_says_why_not(told):
    assert tuple(told.parts) == PARTS
    assert list(told.table.columns) == list(COLUMNS)
    reasons = told.table[told.table["status"] == "cannot tell"].set_index("part")["reason"]
    assert reasons["audited"] == "no column of audits"
    assert reasons["digit heaping"] == "no count is 10 or more"
    assert set(reasons.index) == {"audited", "digit heaping"}
    assert told.table.loc[told.table["status"] == "cannot tell", "estimate"].isna().all()


def test_every_estimate_has_its_assumption_in_words(told):
    assert (told.table["assumption"].str.len() > 15).all()
    assert set(told.table["status"]) == {"estimated", "lower bound", "cannot tell"}
    assert "under its own assumption" in told.text


def test_what_was_planted_is_found(told):
    table = told.table
    directed = table[table["part"] == "directed"].iloc[0]
    assert directed["low"] < 2 < directed["high"]
    assert directed["reason"] == MORE == "more recorded than expected: worse handling, or stricter inspection"
    assert MORE in told.text
    weak = table[(table["part"] == "district") & (table["unit"] == "ratio")]
    assert weak["quantity"].tolist() == ["recorded against expected: North 3"]
    assert weak["high"].iloc[0] < 0.6
    spread = table[table["part"] == "inspectors"].iloc[0]
    assert spread["low"] < np.exp(0.4 * 0.954) < spread["high"]
    there = told.parts["occupancy"].table
    assert (
        value(there, "facilities at which the problem", "low")
        < 0.5
        < value(there, "facilities at which the problem", "high")
    )


def test_inspectors_are_named_nowhere(told, visits):
    shown = [repr(told), told._repr_html_(), told.text, *told.notes, told.table.to_string(), told.dropped.to_string()]
    for part in told.parts.values():
        shown += [
            repr(part),
            part._repr_html_(),
            part.text,
            part.table.to_string(),
            part.dropped.to_string(),
            *part.notes,
        ]
        shown += [str(held) for held in vars(part).values()]
    for who in visits["inspector_id"].unique():
        assert not any(who in words for words in shown)
    assert "rank" not in "".join(told.table["quantity"])


def test_what_is_proved_on_simulated_visits_only_is_said(told):
    assert any("shipped real files hold no inspector identity" in note for note in told.notes)
    assert any("simulated visits only" in note for note in told.notes)


def test_columns_may_have_other_names_and_those_named_must_be_there(visits, told):
    names = {
        "facility_id": "plant",
        "findings_count": "nr",
        "inspector_id": "who",
        "district": "area",
        "visit_type": "why",
    }
    other = visits.rename(columns={**names, "date_from": "day"})
    asked = detection(
        other, facility="plant", found="nr", inspector="who", district="area", kind="why", period="day", replicates=19
    )
    assert asked.table.equals(told.table)
    with pytest.raises(BadParameter, match="no column 'plant'"):
        detection(visits, facility="plant")


def test_marks_of_nought_and_one_are_enough_for_occupancy():
    rows = repeat_visits(0)
    marked = rows[["facility_id"]].assign(detected=rows["findings_count"] > 0)
    told = detection(marked, replicates=0)
    assert value(told.parts["occupancy"].table, "facilities at which the problem", "low") < 0.4
    reasons = told.table[told.table["status"] == "cannot tell"].set_index("part")["reason"]
    assert "no visit recorded more than one finding" in reasons["n-mixture"]
    assert reasons["inspectors"] == "no column of inspectors"
    assert "marks of 0 and 1 have no spread" in reasons["excess zeros"]
    counted = detection(rows[["facility_id", "findings_count", "date_from"]], replicates=0)
    told = counted.table[counted.table["status"] != "cannot tell"]
    assert set(told["part"]) >= {"occupancy", "n-mixture", "chao lower bound", "excess zeros"}
    lost = counted.table[counted.table["status"] == "cannot tell"].set_index("part")["reason"]
    assert {"inspectors", "districts", "district", "audited", "directed"} <= set(lost.index)
    assert lost[["districts", "directed"]].tolist() == [
        "no column of districts",
        "no column of kinds of visit (directed, routine)",
    ]
    assert "Cannot tell: inspectors (no column of inspectors)" in counted.text


def test_a_column_of_inspectors_is_refused_where_it_would_be_told_one_by_one(visits):
    for how in ({"district": "inspector_id"}, {"kind": "inspector_id"}, {"audited": "who", "inspector": "who"}):
        with pytest.raises(BadParameter, match="would give each inspector a figure"):
            detection(visits.assign(who=visits["inspector_id"]), **how)
    with pytest.raises(BadParameter, match="would give each inspector a figure"):
        visit_contrast(visits, by="inspector_id")
    with pytest.raises(BadParameter, match="would give each inspector a figure"):
        occupancy(visits, recording_by=["inspector_id"])
    with pytest.raises(BadParameter, match="would give each inspector a figure"):
        excess_zeros(visits, by=["inspector_id"])


def test_the_kind_of_a_column_and_the_order_of_rows_make_no_difference():
    rows = repeat_visits(1, facilities=60)
    rows["district"] = rows["facility_id"].str[-1]
    plain = detection(rows, replicates=0).table
    numbers = ["estimate", "low", "high"]
    other = rows.assign(
        facility_id=[[place] for place in rows["facility_id"]],
        findings_count=rows["findings_count"].astype("Int64"),
        district=rows["district"].astype("category"),
    ).sample(frac=1, random_state=1)
    table = detection(other, replicates=0).table
    assert table.drop(columns=numbers).equals(plain.drop(columns=numbers))
    assert np.allclose(table[numbers], plain[numbers], rtol=1e-5, equal_nan=True)
    with pytest.raises(BadParameter, match="more than one column 'findings_count'"):
        detection(pd.concat([rows, rows[["findings_count"]]], axis=1))


def test_a_frame_without_the_columns_answers_nothing_and_says_so():
    told = detection(pd.DataFrame({"line": range(30)}))
    assert (told.table["status"] == "cannot tell").all()
    assert "Nothing could be estimated." in told.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows.assign(findings_count=0),
        lambda rows: rows.assign(findings_count=np.nan),
        lambda rows: rows[rows["facility_id"] == "x:3"],
        lambda rows: rows.iloc[:1],
        lambda rows: rows.assign(inspector_id=None, district=None),
    ],
    ids=["all zero", "all missing", "one facility", "one visit", "nobody known"],
)
def test_visits_that_can_tell_little_are_explained_not_a_crash(visits, spoil):
    told = detection(spoil(visits), replicates=0)
    lost = told.table[told.table["status"] == "cannot tell"]
    assert len(lost) >= 2
    assert (lost["reason"].str.len() > 10).all()


def test_repeated_labels_and_missing_values_are_borne(visits):
    rows = visits.iloc[:600].copy()
    rows["findings_count"] = rows["findings_count"].astype("Float64")
    rows.iloc[4, 1] = pd.NA
    rows.index = np.repeat(np.arange(300), 2)
    told = detection(rows, replicates=0)
    assert "missing findings_count" in set(told.dropped["reason"])
    assert "Rows that had no part in some estimate" in told.text


def test_bad_input_is_refused(visits):
    with pytest.raises(NotEstimable, match="there are no visits"):
        detection(visits.iloc[:0])
    with pytest.raises(BadValue, match="not a count"):
        detection(visits.assign(findings_count=-1))
    with pytest.raises(BadParameter, match="not a DataFrame"):
        detection({"facility_id": []})
    with pytest.raises(BadParameter, match="level"):
        detection(visits, level=0)
    with pytest.raises(BadParameter, match="replicates"):
        detection(visits, replicates=3)


def test_made_up_visits_are_marked(visits):
    assert detection(visits.iloc[:60].assign(SIMULATED=True), replicates=0).text.startswith("SIMULATED. ")


def test_figures_are_written_as_people_read_them():
    assert said(Estimate("a", "b", 0.1234, 0.05, 0.2, unit="share")) == "12.3% (5% to 20%)"
    assert said(Estimate("a", "b", 1234.5, 800, np.inf, unit="facilities")) == "1,234 (800 to without end)"
    assert said(Estimate("a", "b", 2.0, unit="ratio")) == "2"
    assert said(Estimate("a", "b")) == "not known"
