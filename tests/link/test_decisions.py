"""Decisions: a bad row is refused by file and line, and what people decided wins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadValue, ContractBroken, FileMissing, WrongEncoding
from welfare.link.decisions import COLUMNS, load_decisions
from welfare.link.links import link_records

HEADER = ",".join(COLUMNS)
PAIR = {"source": "us.osha.severe_injury", "record": "2016010001", "facility_id": "us.fsis:1"}
WORDS = {"who": "A. Reader", "when": "2026-01-02", "why": "same address"}


def frame(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([PAIR | WORDS | row for row in rows])


def decided(links, left: str = "osha") -> list[tuple[str, str]]:
    """(facility_id, decision) of each pair of the file, by the ids a person sees."""
    ids = links.places.set_index("record_id")["facility_id"]
    rows = links.table[links.table["left_source"].str.contains(left)]
    return list(zip(rows["right_id"].map(ids), rows["decision"], strict=True))


def place_of(links, record_id: str) -> str | None:
    found = links.places.loc[links.places["record_id"] == record_id, "facility_id"]
    assert len(found) <= 1
    return None if found.empty else found.item()


def test_rows_come_back_as_text(tmp_path):
    path = tmp_path / "decisions.csv"
    path.write_text(f"{HEADER},more\na,1, us.fsis:1 ,confirmed,me,2026-01-02,read,x\n", encoding="utf-8-sig")
    found = load_decisions(path)
    assert list(found) == list(COLUMNS)
    assert found.iloc[-1].tolist() == ["a", "1", "us.fsis:1", "confirmed", "me", "2026-01-02", "read"]


def test_a_later_row_replaces_an_earlier_one():
    found = load_decisions(frame({"decision": "confirmed"}, {"decision": "rejected"}))
    assert found.loc[found["record"] == PAIR["record"], "decision"].tolist() == ["rejected"]


@pytest.mark.parametrize(
    "row",
    [
        "s,1,us.fsis:1,maybe,me,2026,read",
        "s,1,us.fsis:1,,me,2026,read",
        "s,1,us.fsis:1,confirmed,,2026,read",
        "s,1,us.fsis:1,confirmed,me,,read",
        "s,1,us.fsis:1,confirmed,me,2026, ",
        "s,1,us.fsis:1,confirmed,me,2026",
        ",1,us.fsis:1,confirmed,me,2026,read",
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(tmp_path, row):
    path = tmp_path / "decisions.csv"
    # The second record holds a line break and a blank line follows it, so the bad row stands on line 6.
    path.write_text(f'{HEADER}\ns,1,f:1,confirmed,me,2026,read\ns,2,f:1,rejected,me,2026,"two\nlines"\n\n{row}\n')
    with pytest.raises(BadValue, match=r"decisions\.csv, line 6: a decision must be one of confirmed, rejected"):
        load_decisions(path)


@pytest.mark.parametrize("nothing", [None, np.nan, ""])
def test_an_empty_cell_of_a_frame_is_refused(nothing):
    with pytest.raises(BadValue, match="the decisions given, row 2: a decision must"):
        load_decisions(frame({"decision": "confirmed"}, {"record": "9", "decision": "confirmed", "who": nothing}))


def test_what_is_no_file_of_decisions_is_refused(tmp_path):
    with pytest.raises(FileMissing, match="there is no such file"):
        load_decisions(tmp_path / "none.csv")
    path = tmp_path / "decisions.csv"
    path.write_text("source,record,decision\n")
    with pytest.raises(ContractBroken, match="lack the column facility_id, who, when, why"):
        load_decisions(path)
    path.write_bytes(f"{HEADER}\ns,1,f,confirmed,Zo\xeb,2026,read\n".encode("latin-1"))
    with pytest.raises(WrongEncoding, match="not in UTF-8"):
        load_decisions(path)


def test_numbers_in_a_frame_name_the_same_record(agency, alder):
    bundles = agency.directory(alder["2025"]), agency.reports(alder["report"])
    links = link_records(*bundles, decisions=frame({"record": 2016010001, "decision": "confirmed"}))
    assert decided(links) == [("us.fsis:1", "confirmed")]


def test_confirmed_and_rejected_reports(agency, alder):
    bundles = agency.directory(alder["2025"]), agency.reports(alder["report"])
    assert decided(link_records(*bundles)) == [("us.fsis:1", "linked")]

    confirmed = link_records(*bundles, decisions=frame({"decision": "confirmed"}))
    assert decided(confirmed) == [("us.fsis:1", "confirmed")]
    assert confirmed.table["reason"].iloc[0].startswith("name alike 1.00")

    rejected = link_records(*bundles, decisions=frame({"decision": "rejected"}))
    assert decided(rejected) == [("us.fsis:1", "rejected")]
    assert place_of(rejected, "us.osha.severe_injury@2017-02-28#1") is None
    assert rejected.unmatched["reason"].tolist() == ["people rejected every facility it could be"]
    assert rejected.summary[["records", "linked", "rejected", "unmatched"]].to_numpy().tolist() == [[1, 0, 1, 0]]


def test_a_rejected_best_pair_lets_the_next_be_judged_on_its_own(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    bundles = agency.directory(alder["2025"], twin), agency.reports(alder["report"])
    assert decided(link_records(*bundles)) == [("us.fsis:1", "review"), ("us.fsis:2", "review")]
    links = link_records(*bundles, decisions=frame({"decision": "rejected"}))
    assert decided(links) == [("us.fsis:2", "linked"), ("us.fsis:1", "rejected")]


def test_a_confirmed_pair_ends_the_doubt(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    bundles = agency.directory(alder["2025"], twin), agency.reports(alder["report"])
    links = link_records(*bundles, decisions=frame({"facility_id": "us.fsis:2", "decision": "confirmed"}))
    assert decided(links) == [("us.fsis:2", "confirmed")]
    assert links.review().empty


def test_a_confirmed_pair_is_counted_even_if_nothing_proposes_it(agency, alder):
    far = alder["report"] | {
        "Address1": "1 Elm Rd",
        "City": "Elmton",
        "Zip": "39999",
        "Latitude": "31",
        "Longitude": "-82",
    }
    bundles = agency.directory(alder["2025"]), agency.reports(far)
    assert decided(link_records(*bundles)) == []
    links = link_records(*bundles, decisions=frame({"decision": "confirmed"}))
    assert decided(links) == [("us.fsis:1", "confirmed")]
    (pair,) = links.table.itertuples()
    assert (pair.method, np.isnan(pair.score)) == ("decision", True)
    assert pair.reason == "confirmed by a person on 2026-01-02: same address"
    assert place_of(links, pair.left_id) == "us.fsis:1"
    assert links.unmatched.empty


def test_decisions_win_over_numbers(agency, alder):
    birch = alder["2025"] | {
        "establishment_id": "2",
        "establishment_number": "M2+P2",
        "establishment_name": "Birch Meat",
    }
    bundles = agency.directory(alder["2025"], birch), agency.humane("M1", "M1+M2", "M7")
    records = [f"us.fsis.humane_handling@FY2024#{row}" for row in (1, 2, 3)]
    humane = {"source": "us.fsis.humane_handling"}
    plain = link_records(*bundles)
    assert [place_of(plain, record) for record in records] == ["us.fsis:1", None, None]

    first = humane | {"record": "us.fsis.grant:M1"}  # the key of both of the first two records
    links = link_records(*bundles, decisions=frame(first | {"decision": "rejected"}))
    assert [place_of(links, record) for record in records] == [None, "us.fsis:2", None]

    seventh = humane | {"record": "us.fsis.grant:M7", "facility_id": "us.fsis:2", "decision": "confirmed"}
    links = link_records(*bundles, decisions=frame(first | {"decision": "confirmed"}, seventh))
    assert [place_of(links, record) for record in records] == ["us.fsis:1", "us.fsis:1", "us.fsis:2"]
    assert links.summary[["records", "confirmed", "review", "unmatched"]].to_numpy().tolist() == [[3, 3, 0, 0]]


def test_a_record_that_is_split_off_is_a_place_of_its_own(agency, alder):
    bundles = agency.directory(alder["2025"]), agency.older(alder["2017"]), agency.reports(alder["report"])
    record = "us.fsis.mpi_directory@2017#1"
    assert place_of(link_records(*bundles), record) == "us.fsis:1"
    pair = {"source": "us.fsis.mpi_directory", "record": "us.fsis.grant:P1", "decision": "split"}
    links = link_records(*bundles, decisions=frame(pair))
    assert decided(links, "2017$") == [("us.fsis:1", "split")]
    assert place_of(links, record) == "us.fsis.grant:P1"
    assert links.summary.set_index("source_id").loc["us.fsis.mpi_directory@2017", "rejected"] == 1
    assert (
        "people found it to be another place than the facility it was joined to" in links.unmatched["reason"].tolist()
    )
    # A report that is split off has no place, and none is proposed for it.
    links = link_records(*bundles, decisions=frame({"decision": "split"}))
    assert decided(links) == [("us.fsis:1", "split")]
    assert place_of(links, "us.osha.severe_injury@2017-02-28#1") is None


def test_a_record_cannot_be_split_off_and_confirmed(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    bundles = agency.directory(alder["2025"], twin), agency.reports(alder["report"])
    both = frame({"decision": "split"}, {"facility_id": "us.fsis:2", "decision": "confirmed"})
    with pytest.raises(BadValue, match=r"split off as a place of its own and confirmed to be us\.fsis:2"):
        link_records(*bundles, decisions=both)


def test_every_shipped_file_of_decisions_is_read(agency, alder, tmp_path, monkeypatch):
    (tmp_path / "crosswalk").mkdir()
    for name, report in (("a.csv", "1"), ("b.csv", "2")):
        row = f"us.osha.severe_injury,{report},us.fsis:1,confirmed,me,2026-01-02,read"
        (tmp_path / "crosswalk" / name).write_text(f"{HEADER}\n{row}\n")
    monkeypatch.setattr("welfare.link.decisions.data_folder", lambda: tmp_path)
    assert load_decisions()["record"].tolist() == ["1", "2"]


def test_two_facilities_cannot_be_confirmed_for_one_record(agency, alder):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    bundles = agency.directory(alder["2025"], twin), agency.reports(alder["report"])
    both = frame({"decision": "confirmed"}, {"facility_id": "us.fsis:2", "decision": "confirmed"})
    with pytest.raises(BadValue, match=r"two facilities are confirmed for one record: us\.fsis:1 and us\.fsis:2"):
        link_records(*bundles, decisions=both)


def test_an_event_id_given_twice_is_decided_twice(agency, alder):
    elsewhere = alder["report"] | {"Employer": "Birch Meat"}
    bundles = agency.directory(alder["2025"]), agency.reports(alder["report"], elsewhere)
    links = link_records(*bundles, decisions=frame({"decision": "confirmed"}))
    assert decided(links) == [("us.fsis:1", "confirmed"), ("us.fsis:1", "confirmed")]


def test_an_older_directorys_record_can_be_confirmed_and_rejected(agency, alder):
    moved = alder["2017"] | {"company": "Birch Meat", "street": "9 Elm Rd", "city": "Elmton", "zip": "39999"}
    bundles = agency.directory(alder["2025"]), agency.older(moved), agency.reports(alder["report"])
    pair = {"source": "us.fsis.mpi_directory", "record": "us.fsis.grant:P1"}
    record = "us.fsis.mpi_directory@2017#1"
    plain = link_records(*bundles)
    assert decided(plain, "2017$") == [("us.fsis:1", "review")]
    assert place_of(plain, record) == "us.fsis.grant:P1"
    confirmed = link_records(*bundles, decisions=frame(pair | {"decision": "confirmed"}))
    assert place_of(confirmed, record) == "us.fsis:1"
    rejected = link_records(*bundles, decisions=frame(pair | {"decision": "rejected"}))
    assert place_of(rejected, record) == "us.fsis.grant:P1"
    assert decided(rejected, "2017$") == [("us.fsis:1", "rejected")]


def test_a_decision_on_an_older_facility_id_follows_its_plant(agency, alder):
    # The 2017 record is the plant of 2025, so its number names that plant.
    bundles = agency.directory(alder["2025"]), agency.older(alder["2017"]), agency.reports(alder["report"])
    links = link_records(*bundles, decisions=frame({"facility_id": "us.fsis.grant:P1", "decision": "confirmed"}))
    assert decided(links) == [("us.fsis:1", "confirmed")]


def test_decisions_that_change_nothing_are_noticed(agency, alder):
    bundles = agency.directory(alder["2025"]), agency.reports(alder["report"] | {"City": "Elmton"})
    stale = [
        {"record": "1999", "decision": "confirmed"},
        {"facility_id": "us.fsis:999", "decision": "rejected"},
        {"source": "us.osha.severe_injuries", "decision": "confirmed"},
    ]
    (note,) = [note for note in link_records(*bundles, decisions=frame(*stale)).notes if "decisions" in note]
    assert "us.osha.severe_injury has no record 1999" in note
    assert "no directory lists us.fsis:999, rejected for 2016010001" in note
    assert "1 on records of sources that were not given" in note
    assert not [note for note in link_records(*bundles).notes if "decisions" in note]


def test_a_rejected_pair_that_nothing_proposes_any_more_is_noticed(agency, alder):
    far = alder["report"] | {
        "Address1": "1 Elm Rd",
        "City": "Elmton",
        "Zip": "39999",
        "Latitude": "31",
        "Longitude": "-82",
    }
    links = link_records(
        agency.directory(alder["2025"]), agency.reports(far), decisions=frame({"decision": "rejected"})
    )
    assert any(
        "2016010001 of us.osha.severe_injury is not paired with us.fsis:1 anyway" in note for note in links.notes
    )


def test_a_copy_of_the_review_can_be_filled_in(agency, alder, tmp_path):
    twin = alder["2025"] | {"establishment_id": "2", "establishment_number": "P2"}
    moved = alder["2017"] | {"company": "Birch Meat", "street": "9 Elm Rd", "city": "Elmton", "zip": "39999"}
    closed = moved | {"est_number": "P9", "company": "Cedar Meat"}
    at_closed = alder["report"] | {
        "ID": "2016010002",
        "Employer": "Cedar",
        "Address1": "9 Elm Rd",
        "City": "Elmton",
        "Zip": "39999",
        "Latitude": "31",
        "Longitude": "-82",
    }
    bundles = (
        agency.directory(alder["2025"], twin),
        agency.older(moved, closed),
        agency.reports(alder["report"], at_closed),
        agency.humane("M1+P2"),
    )
    plain = link_records(*bundles)
    review = plain.review()
    assert len(review) == (plain.table["decision"] == "review").sum() > 4
    # Of each record's candidates, the first is confirmed and the rest rejected.
    first = ~review.duplicated(["source", "record"])
    filled = review.assign(decision=np.where(first, "confirmed", "rejected"), **WORDS)
    filled.to_csv(tmp_path / "decisions.csv", index=False)
    links = link_records(*bundles, decisions=tmp_path / "decisions.csv")
    assert links.review().empty
    wanted = sorted(filled.loc[first, ["source", "record", "facility_id"]].itertuples(index=False, name=None))
    sides = links._sides
    made = links.table[links.table["decision"] == "confirmed"]
    places = links.places.set_index("record_id")["facility_id"]
    assert (
        sorted(
            zip(
                sides.loc[made["left_id"], "source"],
                sides.loc[made["left_id"], "key"],
                made["left_id"].map(places),
                strict=True,
            )
        )
        == wanted
    )
