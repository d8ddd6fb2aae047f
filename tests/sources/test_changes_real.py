"""Vintages of the FSIS directory compared: figures counted in the agencies' own cells with plain pandas, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.sources.compare.changes import Changes, changes
from welfare.sources.read import read

pytestmark = pytest.mark.real

Compared = Callable[[str, str], Changes]


def cells(shared: Path, vintage: str) -> pd.DataFrame:
    path = shared / "data" / "us" / "fsis" / f"mpi_directory_{vintage}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def compared(shared: Path) -> Compared:
    tables = cache(lambda vintage: read(shared / "data" / "us" / "fsis" / f"mpi_directory_{vintage}.csv"))
    return cache(lambda old, new: changes(tables(old), tables(new)))


def of(result: Changes, change: str, table: str = "facilities") -> pd.DataFrame:
    return result.table[(result.table["table"] == table) & (result.table["change"] == change)]


def folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


# Header, column and how many of the 6,787 establishments in both files differ in it. In `size` the files write an
# unknown class in two ways, so that column is not counted here.
DIFFER = {
    ("establishment_name", "name"): 264,
    ("street", "street"): 172,
    ("city", "city"): 39,
    ("state", "region"): 3,
    ("zip", "postcode"): 45,
    ("activities", "activities"): 171,
    ("dbas", "other_names"): 118,
    ("district", "district"): 1,
    ("circuit", "circuit"): 134,
    ("latitude", "latitude_deg"): 125,
    ("longitude", "longitude_deg"): 125,
}


def test_between_2024_and_2025_the_changes_are_those_between_the_cells(shared, compared):
    result = compared("2024-09", "2025-06")
    old, new = (cells(shared, v).set_index("establishment_id") for v in ("2024-09", "2025-06"))
    gone, come = old.index.difference(new.index), new.index.difference(old.index)
    assert (len(gone), len(come)) == (277, 312)
    assert set(of(result, "vanished")["key"]) == {f"us.fsis:{number}" for number in gone}
    assert set(of(result, "appeared")["key"]) == {f"us.fsis:{number}" for number in come}
    both = old.index.intersection(new.index)
    written = result.table[result.table["change"].isin(["rewritten", "renamed"])]
    for (header, column), count in DIFFER.items():
        before, after = old.loc[both, header].str.strip(), new.loc[both, header].str.strip()
        assert int((before != after).sum()) == count
        assert set(written.loc[written["column"] == column, "key"]) == {
            f"us.fsis:{number}" for number in both[before != after]
        }
    names = zip(old.loc[both, "establishment_name"], new.loc[both, "establishment_name"], strict=True)
    assert sum(folded(a) != folded(b) for a, b in names) == len(of(result, "renamed")) == 221
    assert of(result, "ambiguous").empty
    assert result.headers.empty


def test_rows_lead_to_the_cells_that_differ(shared, compared):
    old, new = cells(shared, "2024-09"), cells(shared, "2025-06")
    streets = compared("2024-09", "2025-06").table.query("column == 'street' and change == 'rewritten'")
    assert len(streets) == 172
    assert old["street"].iloc[streets["old_row"] - 1].str.strip().tolist() == streets["old"].tolist()
    assert new["street"].iloc[streets["new_row"] - 1].str.strip().tolist() == streets["new"].tolist()


ADDRESS = {"street": "street", "city": "city", "state": "region", "zip": "postcode"}


def test_of_185_addresses_written_anew_ten_differ_in_spelling_alone_and_each_is_counted_once(shared, compared):
    result = compared("2024-09", "2025-06")
    old, new = (cells(shared, v).set_index("establishment_id") for v in ("2024-09", "2025-06"))
    both = old.index.intersection(new.index)
    before, after = (part.loc[both, list(ADDRESS)].apply(lambda column: column.str.strip()) for part in (old, new))
    differ, beyond = before != after, before.map(folded) != after.map(folded)
    assert (int(differ.any(axis=1).sum()), int(beyond.any(axis=1).sum())) == (185, 175)
    said = "differ: 185, of which in more than case, white space and punctuation: 175."
    assert f"addresses (street, city, region or postcode) that {said}" in result.text
    counted = result.rewrites.set_index("column").to_dict("index")
    for header, column in ADDRESS.items():
        assert counted[column]["differ_count"] == differ[header].sum()
        assert counted[column]["spelling_count"] == (differ & ~beyond)[header].sum()
        assert counted[column]["rows_count"] == len(both) == 6787
    # "N / A" and an empty cell both say that the size is unknown: 88 cells differ, 77 sizes do.
    sizes = [part.loc[both, "size"].replace("N / A", "") for part in (old, new)]
    assert (old.loc[both, "size"] != new.loc[both, "size"]).sum() == 88
    assert (sizes[0] != sizes[1]).sum() == counted["size_class"]["differ_count"] == 77
    lost, filled = ((sizes[at] == "") & (sizes[1 - at] != "") for at in (1, 0))
    assert (lost.sum(), filled.sum()) == (counted["size_class"]["lost_count"], counted["size_class"]["filled_count"])


def test_of_221_names_that_are_called_new_81_differ_in_words_that_tell_no_operator_from_another(shared, compared):
    old, new = (cells(shared, v).set_index("establishment_id")["establishment_name"] for v in ("2024-09", "2025-06"))
    both = old.index.intersection(new.index)
    idle = {"inc", "llc", "co", "company", "corp", "ltd", "lp", "the", "and"}

    def telling(name: str) -> set[str]:
        words = set(re.findall(r"[a-z0-9]+", re.sub(r"['.]", "", name.casefold()))) - idle
        return {re.sub(r"^(meat|food|farm)s$", r"\1", word) for word in words}

    pairs = [(a, b) for a, b in zip(old[both], new[both], strict=True) if folded(a) != folded(b)]
    assert (len(pairs), sum(telling(a) == telling(b) for a, b in pairs)) == (221, 81)
    said = "221 renamed (of which by a legal or short form alone, such as Inc. or Meats for Meat: 81)"
    assert said in compared("2024-09", "2025-06").text


def test_coordinates_of_125_establishments_differ_most_of_them_by_less_than_half_a_kilometre(shared, compared):
    (note,) = [note for note in compared("2024-09", "2025-06").notes if "coordinates differ" in note]
    old, new = (cells(shared, v).set_index("establishment_id") for v in ("2024-09", "2025-06"))
    both = old.index.intersection(new.index)
    before, after = (np.radians(part.loc[both, ["latitude", "longitude"]].astype(float)) for part in (old, new))
    moved = (before != after).any(axis=1)
    # As chords between points of a sphere, which is another sum than the library's.
    points = [
        np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        for lat, lon in ((part["latitude"], part["longitude"]) for part in (before[moved], after[moved]))
    ]
    km = 2 * 6371 * np.arcsin(np.linalg.norm(points[0] - points[1], axis=1) / 2)
    assert (len(km), (km < 0.01).sum(), (km > 10).sum()) == (125, 16, 20)
    assert (
        f"differ: 125; by less than 10 m: 16, by more than 10 km: 20, in the median by {1000 * np.median(km):.0f} m"
        in note
    )


def test_of_the_773_numbers_that_vanished_since_2024_three_are_not_of_an_establishment_that_did(shared, compared):
    result = compared("2024-09", "2025-06")
    old, new = (cells(shared, v).set_index("establishment_id")["establishment_number"] for v in ("2024-09", "2025-06"))
    held = [set(part.str.split("+").explode().str.strip().items()) for part in (old, new)]
    again = {number for _, number in held[0]} & {number for _, number in held[1] - held[0]}
    gone = {(place, number) for place, number in held[0] - held[1] if number not in again}
    stayed = sum(place in new.index for place, _ in gone)
    ids = len(old.index.difference(new.index))  # each of them is a number, too
    assert (len(gone) + ids, len(gone) + ids - stayed) == (773, 770)
    assert "identifiers: 773 vanished (of which with their facility: 770)" in result.text
    assert again == {"V1455", "V279A", "V1930", "P6308", "M6308"}
    assert {key.split(" | ")[1] for key in of(result, "handed_on", "identifiers")["key"]} == again
    assert any("another id of the same name holds now: 4 of 5;" in note for note in result.notes)


def test_of_the_demographics_nearly_every_volume_class_was_drawn_anew_and_the_paragraph_says_so(shared):
    folder = shared / "data" / "us" / "fsis"
    old, new = (read(folder / f"establishment_demographics_{name}") for name in ("2024-02.xlsx", "2025-06.csv"))
    result = changes(old, new)
    before, after = old.raw.set_index("EstID"), new.raw.set_index("establishment_id")
    both = before.index.intersection(after.index)
    assert (len(before) - len(both), len(after) - len(both)) == (433, 569)
    assert "facilities: 433 vanished, 569 appeared" in result.text
    classes = [before.loc[both, "Processed Volume Category"], after.loc[both, "processing_volume_category"]]
    numbers = [pd.to_numeric(part.str.strip(), errors="coerce") for part in classes]
    stated = numbers[0].notna() & numbers[1].notna()
    assert (int(stated.sum()), int((numbers[0] != numbers[1])[stated].sum())) == (5314, 4381)
    assert "processing_volume_category 4,593 (most of the column, so perhaps another way of counting)" in result.text
    # A hundred columns hold Yes or nothing: "Pork Slaughter" is not "slaughter".
    renamed = result.headers[result.headers["change"] == "renamed"].set_index("old")["new"]
    assert renamed["EstID"] == "establishment_id"
    assert renamed["Company"] == "establishment_name"
    assert "Pork Slaughter" not in renamed


def shared_grants(shared: Path) -> pd.DataFrame:
    """One row per establishment of 2017 and of 2024 that hold a grant in common, with what both files say of them."""
    old = cells(shared, "2017").rename_axis("old_row").reset_index()
    new = cells(shared, "2024-09").rename_axis("new_row").reset_index()
    parts = [
        frame.assign(grant=frame[header].str.split("+")).explode("grant")
        for frame, header in ((old, "est_number"), (new, "establishment_number"))
    ]
    both = parts[0].merge(parts[1], on="grant", suffixes=("", "_new"))
    return both.drop_duplicates(["old_row", "new_row"])


def test_establishments_of_2017_are_found_in_2024_by_their_grants_and_five_thousand_one_to_one(shared, compared):
    result, pairs = compared("2017", "2024-09"), shared_grants(shared)
    several = pairs["old_row"].duplicated(keep=False) | pairs["new_row"].duplicated(keep=False)
    assert (len(pairs), int(several.sum())) == (5005, 5)
    unsure = of(result, "ambiguous")
    assert set(unsure["old_row"].dropna()) == set(pairs.loc[several, "old_row"] + 1)
    assert set(unsure["new_row"].dropna()) == set(pairs.loc[several, "new_row"] + 1)
    (note,) = [note for note in result.notes if "number them differently" in note]
    matched = int(re.findall(r"differently: ([\d,]+), by", note)[0].replace(",", ""))
    handed = of(result, "handed_on", "identifiers").query("column == 'facility_id'")
    assert matched + len(handed.drop_duplicates(["old", "new"])) == 5000
    # Each of the 6,287 records of 2017 is matched, renumbered, ambiguous or gone.
    renumbered, gone = len(of(result, "renumbered")), len(of(result, "vanished"))
    assert matched + renumbered + unsure["old_row"].notna().sum() + gone == 6287
    assert matched + renumbered + unsure["new_row"].notna().sum() + len(of(result, "appeared")) == 7064


def test_grants_handed_on_since_2017_stand_beside_another_name_in_another_town(shared, compared):
    handed = of(compared("2017", "2024-09"), "handed_on", "identifiers").query("column == 'facility_id'")
    numbers = set(zip(handed["old_row"] - 1, handed["new_row"] - 1, strict=True))
    assert len(numbers) == 42
    pairs = shared_grants(shared).set_index(["old_row", "new_row"]).loc[sorted(numbers)]
    for old, new in (("company", "establishment_name"), ("street", "street_new"), ("city", "city_new")):
        assert (pairs[old].map(folded) != pairs[new].map(folded)).all()
    assert (pairs["zip"].str[:5].str.zfill(5) != pairs["zip_new"].str[:5].str.zfill(5)).all()


def test_what_2017_does_not_state_is_noted_and_not_counted(compared):
    result = compared("2017", "2024-09")
    stated = {"name", "other_names", "street", "city", "region", "postcode", "activities"}
    assert set(of(result, "rewritten")["column"]) <= stated
    (note,) = [note for note in result.notes if "states in no row of facilities" in note]
    assert "latitude_deg (7,064)" in note
    assert not of(result, "appeared", "identifiers")["key"].str.contains(" | us.fsis | ", regex=False).any()


def test_the_severe_injury_reports_against_themselves_have_no_change_though_five_numbers_stand_twice(shared):
    tables = read(shared / "data" / "us" / "osha" / "severe_injury_reports_2015-2017.csv")
    assert int(tables.injuries["event_id"].duplicated().sum()) == 5
    assert changes(tables, tables).table.empty
