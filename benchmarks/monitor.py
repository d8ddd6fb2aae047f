"""Weekly counts of thousands of facilities over ten years: CUSUM, and outbreaks against past years, beside R.

    python benchmarks/monitor.py [--facilities 5000] [--weeks 520] [--in-r 3]

Counts are simulated with a season, a level of each facility's own, and a planted rise in one of fifty. The CUSUM's time
holds limits, p-values solved on each facility's own expected counts, and q-values; the outbreaks' time a model of five
past years for every later week. Goal: both together under 30 s on two cores; the processors' seconds are printed as
well, for machines that are busy. surveillance::farringtonFlexible in R, with the same settings, takes the first few
facilities of the same counts, if Rscript with surveillance is there; its time is scaled by the number of facilities,
and said so.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from welfare.patterns.monitor.charts import monitor
from welfare.patterns.monitor.outbreaks.baseline import Baseline
from welfare.patterns.monitor.result import Monitor

SEED = 5
R_SETTINGS = Baseline(threshold="nb_plugin")

IN_R = """
suppressMessages(library(surveillance))
asked <- commandArgs(TRUE)
counts <- as.matrix(read.csv(asked[1]))
control <- list(alpha = 0.002, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1,
                thresholdMethod = "nbPlugin", glmWarnings = FALSE)
seconds <- system.time(for (j in seq_len(ncol(counts))) {
  farringtonFlexible(sts(observed = counts[, j, drop = FALSE], frequency = 52), control = control)
})
cat(seconds[["user.self"]], seconds[["elapsed"]], as.character(packageVersion("surveillance")))
"""


def simulated(facilities: int, weeks: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return counts and expected counts, weeks by facilities, and which facilities rise in the last year."""
    rng = np.random.default_rng(SEED)
    level = np.exp(rng.normal(0.5, 0.8, facilities))
    season = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(weeks)[:, None] / 52 + rng.random(facilities)))
    expected = level * season
    rising = np.arange(facilities) % 50 == 0
    true = expected * np.where(rising & (np.arange(weeks)[:, None] >= weeks - 52), 2.0, 1.0)
    names = [f"plant {j + 1}" for j in range(facilities)]
    return pd.DataFrame(rng.poisson(true), columns=names), pd.DataFrame(expected, columns=names), rising


def timed(*args: object, **kwargs: object) -> tuple[float, float, Monitor]:
    """Return the seconds that the public function takes, those of the processors, and its result."""
    begun, worked = time.perf_counter(), time.process_time()
    found = monitor(*args, **kwargs)  # type: ignore[arg-type]
    return time.perf_counter() - begun, time.process_time() - worked, found


def in_r(counts: pd.DataFrame) -> tuple[float, float, str] | None:
    """Return R's seconds of the processor and by the clock, and its version, or nothing without surveillance."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "peer.R", Path(folder) / "counts.csv"
        script.write_text(IN_R, encoding="utf-8")
        counts.to_csv(data, index=False)
        done = subprocess.run(  # noqa: S603 (our own script)
            ["Rscript", "--vanilla", str(script), str(data)],  # noqa: S607 (found on the path)
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        return None
    worked, seconds, version = done.stdout.split()[-3:]
    return float(worked), float(seconds), version


def main() -> None:
    """Time both, and say how they compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--facilities", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=520)
    parser.add_argument("--in-r", type=int, default=3)
    asked = parser.parse_args()
    counts, expected, rising = simulated(asked.facilities, asked.weeks)
    few = counts.iloc[:, :50], expected.iloc[:, :50]
    monitor(*few)  # compiles
    monitor(few[0], method="farrington", baseline=R_SETTINGS)
    cusum, cusum_work, found = timed(counts, expected)
    flagged = (found.table["flagged"] != "").to_numpy()
    outbreaks, work, weekly = timed(counts, method="farrington", baseline=R_SETTINGS)
    lines = [
        f"{asked.facilities:,} facilities, {asked.weeks:,} weeks",
        f"CUSUM: {cusum:.1f} s ({cusum_work:.1f} of processors); {(flagged & rising).sum():,} of {rising.sum():,} risen"
        f" flagged, and {(flagged & ~rising).sum():,} others (fdr {found.fdr:g})",
        f"outbreaks against past years: {outbreaks:.1f} s ({work:.1f} of processors) for "
        f"{int(weekly.table['periods'].sum()):,} models",
        f"together: {cusum + outbreaks:.1f} s (goal: 30 s); {cusum_work + work:.1f} of processors",
    ]
    peer = in_r(counts.iloc[:, : asked.in_r])
    if peer is None:
        lines.append("R with surveillance is not here: no comparison")
    else:
        scaled = peer[0] * asked.facilities / asked.in_r
        lines.append(
            f"farringtonFlexible (surveillance {peer[2]}): {peer[1]:.1f} s ({peer[0]:.1f} of the processor) for "
            f"{asked.in_r} facilities, {scaled / 60:,.0f} minutes of the processor for all if scaled: "
            f"{scaled / work:,.0f} times as much work"
        )
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
