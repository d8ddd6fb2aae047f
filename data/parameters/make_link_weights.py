"""Fit the weights by which `link_records` scores pairs, where a number that both files carry tells the truth.

    python data/parameters/make_link_weights.py ../shared/data

Training records are the 2017 FSIS directory against that of June 2025: a pair is true if the two share a grant number.
As other files know less, each 2017 record is used several times with parts masked, and given coordinates as far off
as those of OSHA's reports are (distance to the plant of the same name and door; quantiles below). A conditional logit
with the outside option "none of these", and a small ridge, gives one weight per feature. With --check it is fitted on
half of the states and its calibration shown on the other half.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from welfare.link.likeness.blocking import candidates
from welfare.link.likeness.comparing import compare
from welfare.link.likeness.records import Words, comparable
from welfare.link.likeness.scoring import features
from welfare.sources.read import read

OUT = Path(__file__).with_name("link_weights.csv")
RIDGE = 0.5
SAME_NAME = 0.85
# How far an OSHA report is from the plant of the same name and door, 302 pairs: these shares lie within these km.
OFF_SHARE = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0]
OFF_KM = [0.06, 0.42, 0.65, 0.98, 1.82, 5.58, 8.86, 15.7]
# Of the same 302 pairs 0.924 have an activity in common and 0.060 none; of all 15,539 candidate pairs of those reports
# 0.654 and 0.313. OSHA states an industry, FSIS what it approved: the log ratios are the weights between sources.
MEASURED = {
    "an activity in common, other source": float(np.log(0.924 / 0.654)),
    "no activity in common, other source": float(np.log(0.060 / 0.313)),
}
KM_PER_DEGREE = 111.2
# What can only speak against: a firm in two units of one building is common among these plants, a reason for it is not.
AGAINST = {"another unit"}
# What a version of the training records knows.
VERSIONS = {
    "as it is": (),
    "no street": ("street",),
    "town only": ("street", "postcode"),
    "located": ("coordinates",),
    "located, no street": ("coordinates", "street"),
    "located, town": ("coordinates", "street", "postcode"),
    "located, no activities": ("coordinates", "activities"),
    "no activities": ("activities",),
    "point only": ("coordinates", "street", "postcode", "city", "activities"),
}


def masked(rows: pd.DataFrame, points: pd.DataFrame, what: tuple[str, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Return records without some of their columns, and with coordinates if `what` says so."""
    rows = rows.copy()
    if "coordinates" in what:
        km = np.interp(rng.random(len(rows)), OFF_SHARE, OFF_KM)
        angle = rng.random(len(rows)) * 2 * np.pi
        rows["latitude_deg"] = points["latitude_deg"].to_numpy() + km * np.sin(angle) / KM_PER_DEGREE
        rows["longitude_deg"] = points["longitude_deg"].to_numpy() + km * np.cos(angle) / (
            KM_PER_DEGREE * np.cos(np.radians(points["latitude_deg"].to_numpy()))
        )
    for column in what:
        if column != "coordinates":
            rows[column] = pd.NA
    return rows


def fit(names: list[str], x: np.ndarray, group: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Fit a conditional logit in which each group chooses one of its pairs or none."""
    many = int(group.max()) + 1

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = x @ weights
        top = np.zeros(many)
        np.maximum.at(top, group, odds)
        strength = np.exp(odds - top[group])
        total = np.exp(-top) + np.bincount(group, strength, many)
        share = strength / total[group]
        likelihood = odds[true].sum() - (np.log(total) + top).sum()
        gradient = x[true].sum(axis=0) - share @ x
        return RIDGE * weights @ weights - likelihood, 2 * RIDGE * weights - gradient

    bounds = [(None, 0.0 if name in AGAINST else None) for name in names]
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    if not found.success:
        raise SystemExit(f"the fit did not converge: {found.message}")
    return found.x


def prepared(data: Path) -> tuple[list[str], np.ndarray, pd.DataFrame]:
    """Return the features of all candidate pairs of all versions, and by pair its group, region, version and truth."""
    folder = data / "us" / "fsis"
    old, new = read(folder / "mpi_directory_2017.csv"), read(folder / "mpi_directory_2025-06.csv")
    both = old.identifiers.merge(new.identifiers, on=["scheme", "identifier"], suffixes=("", "_new"))
    both = both[["record_id", "record_id_new"]].drop_duplicates()
    truth = set(zip(both["record_id"], both["record_id_new"], strict=True))
    today = new.facilities.set_index("record_id")
    home = both.drop_duplicates("record_id").set_index("record_id")["record_id_new"]
    rows = old.facilities
    # Where the plant is today; for one that is gone, where another of its postcode area is.
    at = today[["latitude_deg", "longitude_deg"]].reindex(rows["record_id"].map(home)).set_axis(rows.index)
    area = today.assign(area=today["postcode"].str[:3]).groupby("area")[["latitude_deg", "longitude_deg"]].first()
    at = at.fillna(area.reindex(rows["postcode"].str[:3]).set_axis(rows.index))
    rng = np.random.default_rng(0)
    parts, tables, groups = [], [], 0
    names: list[str] = []
    for version, what in VERSIONS.items():
        words = Words()
        left, right = comparable(masked(rows, at, what, rng), words), comparable(new.facilities, words)
        a, b = candidates(left, right, words)
        values = features(compare(left, right, a, b, words))
        names = list(values)
        parts.append(np.column_stack(list(values.values())))
        true = [pair in truth for pair in zip(left.ids[a], right.ids[b], strict=True)]
        region = rows["region"].fillna("").to_numpy()[a]
        tables.append(pd.DataFrame({"group": a + groups, "true": true, "region": region, "version": version, "b": b}))
        groups += len(left)
    table, x = pd.concat(tables, ignore_index=True), np.vstack(parts)
    kept = ~renumbered(x, table, names)
    return names, x[kept], table.assign(records=groups)[kept].reset_index(drop=True)


def renumbered(x: np.ndarray, table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the pairs of records whose number is gone while their name stands at their door.

    Whether they are true the number cannot tell, so neither answer is learned from them.
    """
    there = (x[:, names.index("name at the same door")] >= SAME_NAME) & ~table["true"].to_numpy()
    group = table["group"]
    without = ~table["true"].groupby(group).transform("any")
    return (pd.Series(there).groupby(group).transform("any") & without).to_numpy()


def one_choice(x: np.ndarray, table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return which pairs are chosen: where a compound number leads to several plants, the one most alike in name."""
    order = table.assign(name=x[:, names.index("name")]).sort_values(["true", "name"], ascending=False, kind="stable")
    first = order[order["true"]].drop_duplicates("group").index
    return table.index.isin(first)


def main() -> None:
    """Write the weights, or show their calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="fit on half of the states, show calibration on the other")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    names, x, table = prepared(given.data)
    chosen = one_choice(x, table, names)
    if given.check:
        half = table["region"].map(lambda region: sum(map(ord, region)) % 2 == 0).to_numpy()
        weights = on(names, x, table, chosen, half)
        show(x[~half] @ weights, table[~half])
        return
    weights = on(names, x, table, chosen, np.ones(len(table), dtype=bool))
    with given.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["feature", "log_odds"])
        share = chosen.sum() / table["records"].iloc[0]
        writer.writerow(("share with a counterpart", f"{np.log(share / (1 - share)):.3f}"))
        weights = [MEASURED.get(name, weight) for name, weight in zip(names, weights, strict=True)]
        writer.writerows((name, f"{weight:.3f}") for name, weight in zip(names, weights, strict=True))
    sys.stdout.write(f"wrote {given.out}\n")


def on(names: list[str], x: np.ndarray, table: pd.DataFrame, chosen: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Fit on some of the pairs."""
    group, _ = pd.factorize(table.loc[rows, "group"])
    return fit(names, x[rows], group, np.flatnonzero(chosen[rows]))


def show(odds: np.ndarray, table: pd.DataFrame) -> None:
    """Print, per version, how many pairs of each score are true."""
    strength = np.exp(np.clip(odds, -30, 30))
    score = strength / (1 + table.assign(s=strength).groupby("group")["s"].transform("sum"))
    bins = pd.cut(score, [0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 1.0])
    shown = table.assign(score=score, bin=bins)
    counts = shown.groupby(["version", "bin"], observed=True).agg(
        pairs=("true", "size"), said=("score", "mean"), true=("true", "mean")
    )
    sys.stdout.write(counts.round(3).to_string() + "\n")


if __name__ == "__main__":
    main()
