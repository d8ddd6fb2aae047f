"""How good links without a number are, on files whose shared numbers tell the truth.

    python benchmarks/link_quality.py ../shared/data

Each file is linked with its numbers taken out, by name and address alone; the numbers then say which links are true.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from welfare.link.alike import to_place
from welfare.link.exact import with_other_forms
from welfare.link.links import COUNTED, link_records
from welfare.link.match import match
from welfare.schema.tables import Tables
from welfare.sources.read import read

Pair = tuple[str, str]
ALIKE = 80  # of 100: a pair whose name, or whose street in one town or postcode, is so alike still resembles
BINS = [0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0]


@dataclasses.dataclass(frozen=True)
class Quality:
    """How many links are right, and how many true pairs are linked."""

    linked: int
    true_links: int
    both_known: int  # links of which both numbers stand in the other file, so that a number can contradict them
    true_both_known: int
    pairs: int
    found: int

    @property
    def precision(self) -> float:
        """Share of links that the numbers bear out."""
        return self.true_links / self.linked

    @property
    def precision_where_known(self) -> float:
        """The same among links whose two numbers both stand in the other file."""
        return self.true_both_known / self.both_known

    @property
    def recall(self) -> float:
        """Share of the true pairs that are linked."""
        return self.found / self.pairs

    @property
    def f1(self) -> float:
        """Harmonic mean of precision, of all links, and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    @property
    def f1_where_known(self) -> float:
        """The same with the precision of links whose two numbers both stand in the other file."""
        return 2 * self.precision_where_known * self.recall / (self.precision_where_known + self.recall)


def without_numbers(bundle: Tables) -> Tables:
    """Return a file as if it carried no number."""
    return dataclasses.replace(bundle, frames={**bundle.frames, "identifiers": bundle.identifiers.iloc[:0]})


def true_pairs(left: Tables, right: Tables) -> pd.DataFrame:
    """Return the pairs of records that share a number: left_id, right_id."""
    keys = ["scheme", "identifier"]
    sides = [left.identifiers, right.identifiers]
    if set(sides[0]["scheme"]).isdisjoint(sides[1]["scheme"]):
        sides = [with_other_forms(side) for side in sides]
    ours, theirs = (side[["record_id", *keys]] for side in sides)
    both = ours.merge(theirs, on=keys, suffixes=("_left", "_right")).drop(columns=keys).drop_duplicates()
    return both.set_axis(["left_id", "right_id"], axis=1).reset_index(drop=True)


def resembling(pairs: pd.DataFrame, left: Tables, right: Tables) -> pd.DataFrame:
    """Return the pairs of which name or address still resembles, as the files spell them."""
    ours, theirs = (side.facilities.drop_duplicates("record_id").set_index("record_id") for side in (left, right))
    ours, theirs = ours.loc[pairs["left_id"]], theirs.loc[pairs["right_id"]]

    def upper(side: pd.DataFrame, column: str) -> list[str]:
        return side[column].fillna("").str.upper().tolist()

    names = list(zip(upper(ours, "name"), upper(theirs, "name"), strict=True))
    streets = list(zip(upper(ours, "street"), upper(theirs, "street"), strict=True))
    name = np.array([max(token_sort_ratio(*pair), 0.95 * token_set_ratio(*pair)) for pair in names]) >= ALIKE
    street = np.array([all(pair) and token_sort_ratio(*pair) >= ALIKE for pair in streets], dtype=bool)
    town = np.array(upper(ours, "city")) == np.array(upper(theirs, "city"))
    postcode = ours["postcode"].str[:5].fillna("").to_numpy() == theirs["postcode"].str[:5].fillna("-").to_numpy()
    return pairs[name | (street & (town | postcode))]


def quality(left: Tables, right: Tables, wanted: pd.DataFrame, engine: str = "rapidfuzz") -> Quality:
    """Link a file to a directory without numbers, and compare with the pairs that share one."""
    links = link_records(without_numbers(right), without_numbers(left), engine=engine)  # type: ignore[arg-type]
    if links.spine.source_id != right.source_id:
        raise SystemExit(f"{links.spine.source_id} gave the places instead of {right.source_id}")
    table = links.table[(links.table["left_source"] == left.source_id) & links.table["decision"].isin(COUNTED)]
    linked = set(zip(table["left_id"], table["right_id"], strict=True))
    every = true_pairs(left, right)
    truth, ours, theirs = as_pairs(every), set(every["left_id"]), set(every["right_id"])
    known = {pair for pair in linked if pair[0] in ours and pair[1] in theirs}
    pairs = as_pairs(wanted)
    return Quality(len(linked), len(linked & truth), len(known), len(known & truth), len(pairs), len(linked & pairs))


def as_pairs(frame: pd.DataFrame) -> set[Pair]:
    """Return left_id and right_id of each row."""
    return set(zip(frame["left_id"].tolist(), frame["right_id"].tolist(), strict=True))


def calibration(left: Tables, right: Tables) -> pd.DataFrame:
    """Return, per band of scores, how many pairs there are, their mean score, and the share whose number agrees."""
    scored = match(to_place(left), to_place(right), one_to_one=True)
    truth = as_pairs(true_pairs(left, right))
    true = [pair in truth for pair in zip(scored["left_id"], scored["right_id"], strict=True)]
    band = pd.cut(scored["score"], BINS)
    return (
        scored.assign(true=true)
        .groupby(band, observed=True)
        .agg(pairs=("true", "size"), mean_score=("score", "mean"), share_true=("true", "mean"))
    )


def truth_sets(data: Path) -> Iterator[tuple[str, Tables, Tables, pd.DataFrame]]:
    """Yield each truth set: its title, the file, the directory, and the pairs that should be found."""
    fsis = data / "us" / "fsis"
    new = read(fsis / "mpi_directory_2025-06.csv")
    old = read(fsis / "mpi_directory_2017.csv")
    yield "FSIS 2017 to 2025-06, name or address alike", old, new, resembling(true_pairs(old, new), old, new)
    yield "FSIS 2017 to 2025-06, every shared number", old, new, true_pairs(old, new)
    epa = read(data / "us" / "epa" / "fsis_epa_facility_crosswalk.json")
    yield "EPA crosswalk to FSIS 2025-06, name and town", epa, new, resembling(true_pairs(epa, new), epa, new)
    audits = read(data / "gb" / "fsa" / "meat_establishment_audits_2015-2017.csv")
    approved = read(data / "gb" / "fsa" / "approved_establishments.csv")
    yield "GB audits to approved list, name and town", audits, approved, true_pairs(audits, approved)


def main() -> None:
    """Print quality and calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--splink", action="store_true", help="measure the other engine too")
    given = parser.parse_args()
    if not (given.data / "MANIFEST.csv").is_file():
        sys.stdout.write(f"Skipped: the agencies' files are not at {given.data}.\n")
        return
    warnings.simplefilter("ignore")
    engines = ["rapidfuzz", "splink"] if given.splink else ["rapidfuzz"]
    rows = []
    for title, left, right, wanted in truth_sets(given.data):
        for engine in engines:
            found = quality(left, right, wanted, engine)
            shown = ("precision", "precision_where_known", "recall", "f1", "f1_where_known")
            rows.append(
                {"truth set": title, "engine": engine, "pairs": found.pairs, "linked": found.linked}
                | {name: round(getattr(found, name), 4) for name in shown}
            )
    sys.stdout.write(pd.DataFrame(rows).to_string(index=False) + "\n\n")
    fsis = given.data / "us" / "fsis"
    table = calibration(read(fsis / "mpi_directory_2017.csv"), read(fsis / "mpi_directory_2025-06.csv"))
    sys.stdout.write(f"Calibration, FSIS 2017 to 2025-06\n{table.round(3).to_string()}\n")


if __name__ == "__main__":
    main()
