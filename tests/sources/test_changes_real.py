"""Vintages of the FSIS directory compared: figures counted in the agencies' own cells with plain pandas, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from welfare.sources.changes import Changes, changes
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
    matched = int(re.findall(r"differently: ([\d,]+);", note)[0].replace(",", ""))
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
