"""Linking 100,000 made-up facilities to 100,000, beside Splink on the same columns.

    python benchmarks/link_large.py [--records 100000]

Each engine runs in a process of its own, which reads the same two files, so that its memory is its own. The truth is
planted: four in five facilities of the one list stand in the other, misspelt, abbreviated, moved, or with fields
missing. Splink is given its own preparation and model, not ours. Goals: no slower than Splink, at most 0.6 GB.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

RECORDS, SHARED, SEED = 100_000, 0.8, 7
TOWNS, STREETS, OWNERS = 4_000, 1_500, 6_000
REGIONS = 50
ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
]
NUCLEI = ["a", "e", "i", "o", "u", "ai", "ee", "oa", "ou"]
CODAS = ["l", "n", "r", "s", "t", "ck", "ld", "nd", "rt", "st", "m"]
TRADES = [
    "Meats",
    "Poultry",
    "Packing",
    "Foods",
    "Farms",
    "Processing",
    "Provisions",
    "Beef",
    "Pork",
    "Sausage",
    "Smokehouse",
    "Ranch",
]
FORMS = ["", " Inc", " Inc.", " LLC", " Co", " Company", " Corp", " Corporation"]
TYPES = [("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"), ("Highway", "Hwy"), ("Lane", "Ln")]
SHORT = {"Company": "Co", "Corporation": "Corp", "Incorporated": "Inc", "Processing": "Proc", "Brothers": "Bros"}
COLUMNS = ["record_id", "source_id", "name", "street", "city", "region", "postcode", "latitude_deg", "longitude_deg"]
# Shares of the shared facilities that the second list has otherwise.
MISSPELT, RETYPED, MOVED, RENAMED, NO_STREET, NO_POSTCODE, NO_POINT = 0.25, 0.15, 0.03, 0.02, 0.05, 0.05, 0.3
DEGREES_OFF = 0.003  # standard deviation, about 0.3 km


def made_words(rng: np.random.Generator, many: int) -> list[str]:
    """Return different made-up words of two syllables."""
    words: dict[str, None] = {}
    while len(words) < many:
        parts = [rng.choice(part) for part in (ONSETS, NUCLEI, CODAS, NUCLEI, CODAS)]
        words["".join(parts).capitalize()] = None
    return list(words)


def facilities(rng: np.random.Generator, many: int) -> pd.DataFrame:
    """Return made-up facilities; a few firms have many plants, and a street is in many towns."""
    owners, towns, streets = (made_words(rng, count) for count in (OWNERS, TOWNS, STREETS))
    often = 1 / (np.arange(OWNERS) + 50)
    first, second = (rng.choice(OWNERS, many, p=often / often.sum()) for _ in range(2))
    both, trade, form = rng.random(many) < 0.6, rng.choice(TRADES, many), rng.choice(FORMS, many)
    big = 1 / (np.arange(TOWNS) + 20)
    town = rng.choice(TOWNS, many, p=big / big.sum())
    region = rng.integers(0, REGIONS, TOWNS)
    centre = rng.uniform(28, 48, TOWNS), rng.uniform(-120, -75, TOWNS)
    kind = rng.integers(0, len(TYPES), many)
    number, street = rng.integers(1, 3000, many), rng.integers(0, STREETS, many)
    name = [
        f"{owners[a]} {owners[b] + ' ' if two else ''}{what}{legal}"
        for a, b, two, what, legal in zip(first, second, both, trade, form, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": name,
            "street": [f"{n} {streets[s]} {TYPES[k][0]}" for n, s, k in zip(number, street, kind, strict=True)],
            "city": np.array(towns, dtype=object)[town],
            "region": [f"R{at:02d}" for at in region[town]],
            "postcode": [f"{10_000 + 20 * at + part}" for at, part in zip(town, rng.integers(0, 3, many), strict=True)],
            "latitude_deg": centre[0][town] + rng.normal(0, 0.03, many),
            "longitude_deg": centre[1][town] + rng.normal(0, 0.03, many),
        }
    )


def misspelt(rng: np.random.Generator, text: str) -> str:
    """Return a text with one letter dropped, doubled, changed or swapped with the next."""
    at, kind = int(rng.integers(0, max(len(text) - 1, 1))), int(rng.integers(0, 4))
    middle = [
        "", text[at] * 2, chr(97 + int(rng.integers(0, 26))), text[at + 1 : at + 2] + text[at]
    ][kind]  # fmt: skip
    return text[:at] + middle + text[at + (2 if kind == 3 else 1) :]


def copied(rng: np.random.Generator, rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return facilities as another list has them; `others` lends streets and names to those that moved or changed."""
    rows, many = rows.reset_index(drop=True), len(rows)
    for column, share in (("street", MOVED), ("name", RENAMED)):
        new = rng.random(many) < share
        rows.loc[new, column] = others[column].sample(int(new.sum()), random_state=SEED).to_numpy()
    for long, short in (*TYPES, *SHORT.items()):
        column = "street" if (long, short) in TYPES else "name"
        cut = rng.random(many) < 0.5
        rows.loc[cut, column] = rows.loc[cut, column].str.replace(rf"\b{long}\b", short, regex=True)
    for column, share in (("name", MISSPELT), ("street", RETYPED), ("city", RETYPED)):
        hit = np.flatnonzero(rng.random(many) < share)
        rows.loc[hit, column] = [misspelt(rng, text) for text in rows.loc[hit, column]]
    for columns, share in ((["street"], NO_STREET), (["postcode"], NO_POSTCODE), (COLUMNS[-2:], NO_POINT)):
        rows.loc[rng.random(many) < share, columns] = None
    for column in COLUMNS[-2:]:
        rows[column] = rows[column].astype(float) + rng.normal(0, DEGREES_OFF, many)
    return rows


def write_lists(folder: Path, many: int) -> None:
    """Write both lists; the digits of a record_id say which facility it is."""
    rng = np.random.default_rng(SEED)
    shared = int(many * SHARED)
    every = facilities(rng, 2 * many - shared)
    both, ours, theirs = np.split(rng.permutation(len(every)), [shared, many])
    left = every.iloc[np.concatenate([both, ours])]
    right = every.iloc[np.concatenate([both, theirs])]
    lists = {"left": left, "right": copied(rng, right, every).set_axis(right.index)}
    for side, rows in lists.items():
        source = f"made.{side}@1"
        named = rows.assign(record_id=[f"{source}#{at}" for at in rows.index], source_id=source)
        named[COLUMNS].sample(frac=1, random_state=SEED).to_parquet(folder / f"{side}.parquet", index=False)


def by_welfare(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Link with this package; return left_id and right_id of what is likelier than not."""
    from welfare.link.match import match

    found = match(left, right, one_to_one=True, engine="rapidfuzz")
    return found.loc[found["score"] >= 0.5, ["left_id", "right_id"]]


def by_splink(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Link with Splink, its model fitted to the files; return what is likelier than not, one pair per record."""
    import splink.comparison_library as level
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    sides = [prepared(left), prepared(right)]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=0.8 / len(right),
        comparisons=[
            level.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True),
            level.JaroWinklerAtThresholds("road", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            level.ExactMatch("number"),
            level.JaroWinklerAtThresholds("city", [0.9]).configure(term_frequency_adjustments=True),
            level.LevenshteinAtThresholds("postcode", [1]),
            level.DistanceInKMAtThresholds("latitude_deg", "longitude_deg", [1, 3, 10]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("region", "name"),
            block_on("postcode", "number"),
            block_on("postcode", "substr(name, 1, 3)"),
            block_on("city", "number"),
            block_on("city", "substr(name, 1, 3)"),
            block_on("region", "number", "substr(road, 1, 4)"),
        ],
    )
    database = DuckDBAPI()
    linker = Linker([database.register(side) for side in sides], settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    for rule in (block_on("region", "number", "road"), block_on("region", "name")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    odds = found["match_weight"]
    best = [odds == odds.groupby(found[f"record_id_{side}"]).transform("max") for side in ("l", "r")]
    found = found[best[0] & best[1]].drop_duplicates("record_id_l").drop_duplicates("record_id_r")
    return found[["record_id_l", "record_id_r"]].set_axis(["left_id", "right_id"], axis=1)


def prepared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a list as one would give it to Splink: small letters, no legal form, number and street apart."""
    name = rows["name"].str.lower().str.replace(r"[^a-z0-9 ]", "", regex=True)
    street = rows["street"].str.lower().str.extract(r"(?P<number>\d+) (?P<road>.*?)(?: [a-z]+)?$")
    table = rows[["record_id", "region", "postcode", *COLUMNS[-2:]]].assign(
        name=name.str.replace(r" (?:inc|llc|co|company|corp|corporation)$", "", regex=True),
        city=rows["city"].str.lower(),
    )
    return pd.concat([table, street], axis=1)


ENGINES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]] = {"welfare": by_welfare, "splink": by_splink}
NEEDED = {"welfare": "welfare.link.match", "splink": "splink.comparison_library"}


def measured(engine: str, folder: Path) -> dict[str, float]:
    """Link the two lists in this process, and say how long it took, its greatest memory and how good it is."""
    left, right = (pd.read_parquet(folder / f"{side}.parquet") for side in ("left", "right"))
    importlib.import_module(NEEDED[engine])  # not part of the linking
    start = time.perf_counter()
    pairs = ENGINES[engine](left, right)
    took = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    digits = [pairs[column].str.partition("#")[2] for column in ("left_id", "right_id")]
    right_ones = int((digits[0] == digits[1]).sum())
    true = len({*left["record_id"].str.partition("#")[2]} & {*right["record_id"].str.partition("#")[2]})
    return {
        "seconds": took,
        "GB": memory,
        "precision": right_ones / len(pairs),
        "recall": right_ones / true,
        "F1": 2 * right_ones / (len(pairs) + true),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--only", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        sys.stdout.write(json.dumps(measured(given.only, given.folder)))
        return
    if importlib.util.find_spec("splink") is None:
        sys.stdout.write("Skipped: Splink is not installed; pip install 'welfare[link]'.\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        write_lists(Path(folder), given.records)
        rows = {}
        for engine in ENGINES:
            command = [sys.executable, __file__, "--only", engine, "--folder", folder]
            rows[engine] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    table = pd.DataFrame(rows).T
    table.loc["ratio"] = table.loc["welfare"] / table.loc["splink"]
    sys.stdout.write(f"{given.records:,} records to {given.records:,}\n{table.round(4).to_string()}\n")


if __name__ == "__main__":
    main()
