"""The other engine: one result, its own model; refused with the command to install it where it is missing."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from welfare.errors import MissingExtra
from welfare.link.links import link_records
from welfare.link.match import match
from welfare.sources.read import read

TOWNS = ["Oakton", "Elmton", "Bayton", "Firton"]
PLACES = ["name", "other_names", "street", "city", "region", "postcode", "country", "activities"]


def made_up(source: str, *, misspelt: bool = False, located: bool = True, many: int = 80) -> pd.DataFrame:
    """A list of plants; another list of them spells each third name and street otherwise."""
    rows = []
    for i in range(many):
        name, street = f"{chr(65 + i % 26)}lder{chr(97 + i // 26)} Poultry Inc", f"{100 + i} North Main Street"
        if misspelt and i % 3 == 0:
            name, street = name.replace("Poultry Inc", "Poultrey"), street.replace("North Main Street", "N Main St")
        town = i % len(TOWNS)
        rows.append({"name": name, "street": street, "city": TOWNS[town], "region": "GA", "postcode": f"3000{town}"})
    frame = pd.DataFrame(rows, columns=PLACES).astype(dict.fromkeys(PLACES, "str"))
    latitude = [34 + 0.1 * (i % len(TOWNS)) if located else float("nan") for i in range(many)]
    return frame.assign(
        record_id=[f"{source}#{i}" for i in range(many)], source_id=source, latitude_deg=latitude, longitude_deg=-84.0
    )


def linked(table: pd.DataFrame) -> set[tuple[str, str]]:
    best = table[table["score"] > 0.5]
    return {
        (left.partition("#")[2], right.partition("#")[2])
        for left, right in zip(best["left_id"], best["place_id"], strict=True)
    }


@pytest.mark.parametrize("located", [True, False])
def test_both_engines_find_the_planted_pairs_in_one_form(located):
    old, new = made_up("a.list@1", misspelt=True, located=located), made_up("a.list@2", located=located)
    one, other = (match(old, new, one_to_one=True, engine=engine) for engine in ("rapidfuzz", "splink"))
    assert linked(one) == linked(other) == {(str(i), str(i)) for i in range(80)}
    assert one.dtypes.equals(other.dtypes)
    again = match(old, new, one_to_one=True, engine="splink")
    pd.testing.assert_frame_equal(other, again)


def test_few_records_are_no_error():
    few = made_up("a.list@2", many=2)
    table = match(made_up("a.list@1", many=3), few, one_to_one=True, engine="splink")
    assert {"0", "1"} >= {left for left, _ in linked(table)}
    nothing = few.assign(**dict.fromkeys(PLACES, pd.NA), latitude_deg=float("nan"))
    assert match(nothing, few, one_to_one=True, engine="splink").empty


def test_names_in_any_script_are_compared():
    old, new = made_up("a.list@1"), made_up("a.list@2")
    for rows in (old, new):
        rows["name"] = rows["name"].str.replace("lder", "мясокомбинат ").str.replace("Poultry Inc", "食品")
    table = match(old, new, one_to_one=True, engine="splink")
    assert linked(table) == {(str(i), str(i)) for i in range(80)}
    assert table["name"].min() >= 0


def test_files_are_linked_on_it_and_nothing_is_printed_or_left_behind(agency, alder, capfd, monkeypatch, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    bundles = agency.directory(alder["2025"]), agency.reports(alder["report"])
    links = link_records(*bundles, engine="splink")
    assert list(links.table) == list(link_records(*bundles).table)
    assert capfd.readouterr() == ("", "")
    assert not list(empty.iterdir())


def test_without_the_extra_it_is_refused_with_the_command(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "splink"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(MissingExtra, match=r"pip install 'welfare\[link\]'"):
        match(made_up("a.list@1"), made_up("a.list@2"), one_to_one=True, engine="splink")


@pytest.mark.real
@pytest.mark.slow
def test_two_fsis_directories_are_linked_nearly_as_well_as_on_the_other_engine(shared, record_property):
    old, new = (read(shared / f"data/us/fsis/mpi_directory_{vintage}.csv") for vintage in ("2017", "2025-06"))
    both = old.identifiers.merge(new.identifiers, on=["scheme", "identifier"])
    truth = set(zip(both["record_id_x"], both["record_id_y"], strict=True))
    known, today = {left for left, _ in truth}, {right for _, right in truth}
    pairs = {}
    for engine in ("rapidfuzz", "splink"):
        table = match(old.facilities, new.facilities, one_to_one=True, engine=engine)
        likelier = table[table["score"] > 0.5]
        pairs[engine] = set(zip(likelier["left_id"], likelier["place_id"], strict=True))
    found = pairs["splink"]
    right = len(found & truth)
    contradicted = sum(left in known and place in today for left, place in found - truth)
    record_property("f1", 2 * right / (len(found) + len(known)))
    assert right / len(known) >= 0.93
    assert right / len(found) >= 0.95
    assert contradicted / len(found) <= 0.005
    assert len(found & pairs["rapidfuzz"]) / len(found | pairs["rapidfuzz"]) >= 0.93
