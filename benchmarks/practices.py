"""The search for practices on simulated rows, beside a plain enumeration in Python.

    python benchmarks/practices.py [--rows 20000] [--conditions 6] [--values 5] [--replicates 199]

Both try every combination of at most three conditions, each by a list of some of its values, on the same rows; ours on
the data and on all random sets of counts, drawn as they are for p-values; the peer, a loop over itertools with numpy
sums, on a sample of the combinations and on the data alone, scaled up. Both are told processor seconds, since wall
time depends on who else is at work. The best combination must be the same where the peer tries all of them.
"""

from __future__ import annotations

import argparse
import math
import time
from itertools import combinations, islice, product

import numpy as np
import pandas as pd

from welfare.patterns.practices.subsets import practices

SEED = 5


def simulated(rows: int, conditions: int, values: int, facilities: int) -> pd.DataFrame:
    """Return rows of facilities under conditions, with one planted practice."""
    rng = np.random.default_rng(SEED)
    facility = np.sort(rng.integers(0, facilities, rows))
    df = pd.DataFrame({"facility_id": facility.astype(str), "expected_count": rng.gamma(2, 0.5, rows)})
    for k in range(conditions):
        df[f"c{k}"] = np.array([f"v{v}" for v in range(values)])[rng.integers(0, values, rows)]
    bad = (df["c0"] == "v1") & (df["c1"] == "v2")
    own = rng.gamma(4, 0.25, facilities)[facility]
    df["findings_count"] = rng.poisson(df["expected_count"] * own * np.where(bad, 1.8, 1.0))
    return df


def by_loop(df: pd.DataFrame, names: list[str], many: int) -> tuple[float, int, int]:
    """Return processor seconds, how many combinations the loop tried, and how many there are."""
    o, e = df["findings_count"].to_numpy(float), df["expected_count"].to_numpy()
    e = e * o.sum() / e.sum()
    codes = {name: np.unique(df[name], return_inverse=True)[1] for name in names}
    sizes = {name: int(codes[name].max()) + 1 for name in names}
    lists = {name: [s for r in range(1, n) for s in combinations(range(n), r)] for name, n in sizes.items()}
    every = (
        tuple(zip(named, held, strict=True))
        for many in (3, 2, 1)
        for named in combinations(names, many)
        for held in product(*(lists[name] for name in named))
    )
    in_all = sum(math.prod(len(lists[n]) for n in named) for m in (1, 2, 3) for named in combinations(names, m))
    masks = {(name, held): np.isin(codes[name], held) for name in names for held in lists[name]}
    begun, tried, best, total = time.process_time(), 0, 0.0, o.sum()
    for subset in islice(every, many):
        inside = np.logical_and.reduce([masks[one] for one in subset])
        seen, hoped = o[inside].sum(), e[inside].sum()
        if total > seen > hoped:
            best = max(
                best, seen * math.log(seen / hoped) + (total - seen) * math.log((total - seen) / (total - hoped))
            )
        tried += 1
    return time.process_time() - begun, tried, in_all


def main() -> None:
    """Print seconds and the ratio."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=20_000)
    asked.add_argument("--conditions", type=int, default=6)
    asked.add_argument("--values", type=int, default=5)
    asked.add_argument("--facilities", type=int, default=2_000)
    asked.add_argument("--replicates", type=int, default=199)
    given = asked.parse_args()
    df = simulated(given.rows, given.conditions, given.values, given.facilities)
    names = [f"c{k}" for k in range(given.conditions)]
    practices(df.head(2000), conditions=names, replicates=19, most=1)  # compiles
    begun, wall = time.process_time(), time.perf_counter()
    found = practices(df, conditions=names, replicates=given.replicates, most=1, confirm=None)
    ours, wall = time.process_time() - begun, time.perf_counter() - wall
    loop, tried, in_all = by_loop(df, names, 2_000)
    each = loop / tried * in_all * (given.replicates + 1)
    print(found.table.iloc[0, :7].to_dict())  # noqa: T201
    print(  # noqa: T201
        f"{given.rows:,} rows, {in_all:,} combinations, {given.replicates + 1} sets of counts: {ours:.1f} s of "
        f"processor time ({wall:.1f} s by the clock); a loop in Python {each:,.0f} s, of which {loop:.1f} s were run; "
        f"ratio {each / ours:,.0f}"
    )


if __name__ == "__main__":
    main()
