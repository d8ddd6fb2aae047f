"""What is known of a facility whatever the period: the directory's word first, every word once."""

from __future__ import annotations

import pandas as pd

from welfare.panel.facts import attributes, slaughtered
from welfare.schema.columns import conform


def _slaughter(*rows):
    return conform(pd.DataFrame(rows, columns=["facility_id", "species", "inspection_system"]), "slaughter")


def test_each_species_group_and_system_is_said_once_in_order():
    table = slaughtered(
        _slaughter(
            ("a", "steer", None),
            ("a", "heifer", None),  # another record of the same place
            ("a", "steer", None),
            ("a", None, "traditional"),
            ("a", None, "nels"),
            ("b", "lamb", None),
        )
    )
    assert table.loc["a"].tolist() == ["heifer+steer", "cattle", "nels+traditional"]
    assert table.loc["b", ["species", "species_group"]].tolist() == ["lamb", "sheep_goats"]
    assert pd.isna(table.loc["b", "line_speed_regime"])


def test_a_species_of_no_known_group_is_seen_and_not_lost():
    assert slaughtered(_slaughter(("a", "alpaca", None), ("a", "steer", None)))["species_group"].tolist() == [
        "alpaca+cattle"
    ]


def test_the_directory_goes_first_cell_by_cell_and_lists_the_plants():
    directory = conform(
        pd.DataFrame({"facility_id": ["b", "a"], "name": ["Birch", "Alder"], "size_class": [None, "Small"]}),
        "facilities",
    )
    other = conform(
        pd.DataFrame(
            {"facility_id": ["a", "b", "c"], "name": ["A", "B", "C"], "size_class": ["Large", "Large", "Large"]}
        ),
        "facilities",
    )
    table = attributes(directory, other)
    assert table.index.tolist() == ["b", "a"]
    assert table[["name", "size_class"]].to_numpy().tolist() == [["Birch", "Large"], ["Alder", "Small"]]
