"""Group-time effects of a change adopted at different dates on simulated rows, beside diff-diff's.

    python benchmarks/event_study.py [--rows 240000] [--periods 12 60] --peer PYTHON

Both take the same frame, with never treated units as comparison and analytic errors, and give every cohort and period
and the event-study averages; ours also the two-way estimate with its weights and the simultaneous band. PYTHON is one
that has diff-diff (the extra `fe`). Time is the best of three, of the call alone. Goal: no slower than diff-diff.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SEED, TIMES = 11, 3

PEER = """
import json, sys, time, warnings
import pandas as pd
import diff_diff
warnings.simplefilter("ignore")
df = pd.read_parquet(sys.argv[1])
best, found = 1e9, None
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    found = diff_diff.CallawaySantAnna().fit(
        df, outcome="outcome", unit="plant", time="period", first_treat="adopts", aggregate="event_study")
    best = min(best, time.perf_counter() - begun)
print(json.dumps({"seconds": best, "overall": float(found.overall_att), "version": diff_diff.__version__}))
"""


def simulated(rows: int, periods: int) -> pd.DataFrame:
    """Return plants of which half adopt a change, in some ten cohorts, with effects that grow and differ by cohort."""
    rng = np.random.default_rng(SEED)
    plants = rows // periods
    starts = np.unique(np.linspace(2, periods - 1, 10).astype(int))
    adopts = np.where(rng.random(plants) < 0.5, 0, rng.choice(starts, plants))
    plant, period = np.repeat(np.arange(plants), periods), np.tile(np.arange(periods), plants)
    since = np.where(adopts[plant] > 0, period - adopts[plant], -1)
    effect = np.where(since >= 0, 0.5 + 0.1 * since + 0.02 * adopts[plant], 0.0)
    level, trend = rng.normal(0, 1, plants), np.cumsum(rng.normal(0, 0.3, periods))
    outcome = level[plant] + trend[period] + effect + rng.normal(0, 1, plants * periods)
    return pd.DataFrame({"plant": plant, "period": period, "adopts": adopts[plant], "outcome": outcome})


def ours(df: pd.DataFrame) -> tuple[float, float]:
    """Return the best of our times in seconds, and the simple average of effects."""
    from welfare.stats.events import event_study

    times, average = [], np.nan
    for _ in range(TIMES):
        begun = time.perf_counter()
        found = event_study(df, outcome="outcome", unit="plant", time="period", treated_from="adopts")
        times.append(time.perf_counter() - begun)
        average = float(found.overall("simple")["estimate"])
    return min(times), average


def main() -> None:
    """Print one line per number of periods."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=240_000)
    parser.add_argument("--periods", type=int, nargs="+", default=[12, 60])
    parser.add_argument("--peer", help="a Python that has diff-diff")
    asked = parser.parse_args()
    for periods in asked.periods:
        df = simulated(asked.rows, periods)
        seconds, overall = ours(df)
        line = f"{len(df):,} rows, {df['plant'].nunique():,} plants, {periods} periods: {seconds:.2f} s"
        if asked.peer:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "rows.parquet"
                df.to_parquet(path)
                done = subprocess.run(  # noqa: S603
                    [asked.peer, "-c", PEER, path, str(TIMES)], capture_output=True, text=True, check=True
                )
            peer = json.loads(done.stdout.splitlines()[-1])
            line += (
                f"; diff-diff {peer['version']} {peer['seconds']:.2f} s, ratio {seconds / peer['seconds']:.2f}; "
                f"averages differ by {abs(overall - peer['overall']):.1e}"
            )
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
