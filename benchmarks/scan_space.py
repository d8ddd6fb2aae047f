"""The spatial scan on random maps, beside a plain NumPy implementation and, where installed, R's smerc and SpatialEpi.

    python benchmarks/scan_space.py [--jobs tracts regions ellipses] [--no-peer]

Three jobs: circles on 281 places with 9,999 maps; circles on 5,000 with 999; ellipses on 1,000 with 19 (a circle and
46 ellipses, SaTScan's default). Our time is that of drawing the maps, scoring them and finding the data's clusters,
after one small run, which compiles; each job runs in a process of its own, whose peak memory is printed. The peer in
the same run is the textbook's algorithm in vectorised NumPy, with the same answer (checked): sort, running sums, all
ratios; of 5,000 places it is run around every fiftieth, its time multiplied. pyscan-stats on PyPI scans discs through
any three points, so other windows: no peer. smerc and SpatialEpi are run if R has them; if not, their figures of
reference/METHODS.md are printed, from another run on two other cores. Goals: 20 times as fast as smerc, 20 times as
SpatialEpi in under 0.6 GB, 100 times as smerc.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from welfare.patterns.scan import models
from welfare.patterns.scan.arrays import Cells, Reach
from welfare.patterns.scan.ratios import POISSON
from welfare.patterns.scan.space.search import highest, windows

SEED = 11
CIRCLE = ((1.0, 0.0),)
ANGLES = {1.5: 4, 2.0: 6, 3.0: 9, 4.0: 12, 5.0: 15}
ELLIPSES = (*CIRCLE, *((ratio, 180 * k / many) for ratio, many in ANGLES.items() for k in range(many)))


@dataclass(frozen=True)
class Job:
    """Places, cases, maps, shapes; every so many centres for the peer; R's package, its seconds on record, the goal."""

    places: int
    cases: int
    maps: int
    shapes: tuple[tuple[float, float], ...]
    every: int
    rival: str
    recorded: float
    goal: float


JOBS = {
    "tracts": Job(281, 592, 9_999, CIRCLE, 1, "smerc", 13.0, 20),
    "regions": Job(5_000, 20_000, 999, CIRCLE, 50, "SpatialEpi", 94.0, 20),
    "ellipses": Job(1_000, 4_000, 19, ELLIPSES, 1, "smerc", 117.0, 100),
}

IN_R = """
asked <- commandArgs(TRUE)
rival <- asked[2]; maps <- as.integer(asked[3]); elliptic <- asked[4] == "ellipses"
if (!requireNamespace(rival, quietly = TRUE)) { cat("null"); quit() }
df <- read.csv(asked[1]); xy <- as.matrix(df[c("x", "y")]); expected <- df$base * sum(df$cases) / sum(df$base)
seconds <- system.time(
  if (rival == "SpatialEpi") {
    SpatialEpi::kulldorff(xy, df$cases, df$base, expected, 0.5, maps, 0.05, plot = FALSE)
  } else if (elliptic) {
    smerc::elliptic.test(xy, df$cases, df$base, nsim = maps, ubpop = 0.5)
  } else smerc::scan.test(xy, df$cases, df$base, nsim = maps, ubpop = 0.5)
)[["elapsed"]]
cat(seconds)
"""


def simulated(job: Job) -> Cells:
    """Return places with populations of unlike size, and cases in proportion, but for a cluster."""
    rng = np.random.default_rng(SEED)
    points, base = rng.random((job.places, 2)), np.rint(rng.lognormal(8, 0.5, job.places))
    rate = base * np.where(np.hypot(*(points - 0.4).T) < 0.1, 1.4, 1.0)
    return Cells(points, rng.multinomial(job.cases, rate / rate.sum())[:, None], base[:, None])


def ours(name: str) -> dict[str, float]:
    """Return seconds of drawing, scoring and finding clusters, and peak memory in MB."""
    job, reach = JOBS[name], Reach(shapes=JOBS[name].shapes)
    cells = simulated(job)
    highest(cells, POISSON, reach, models.poisson(cells, np.random.default_rng(SEED), 2)[:, :, 0])
    windows(cells, POISSON, reach, np.inf)
    begun, used = time.perf_counter(), time.process_time()
    scores = highest(cells, POISSON, reach, models.poisson(cells, np.random.default_rng(SEED), job.maps)[:, :, 0])
    found = windows(cells, POISSON, reach, float(np.quantile(scores, 0.95)))
    return {
        "seconds": time.perf_counter() - begun,
        "processor": time.process_time() - used,
        "clusters": len(found),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def textbook(cells: Cells, sets: np.ndarray, shapes: tuple[tuple[float, float], ...], every: int) -> np.ndarray:
    """Return the highest ratio of each map: sort places, add counts up, take all ratios."""
    share = cells.base[:, 0] / cells.base.sum()
    total, best = float(sets[0].sum()), np.zeros(len(sets))
    for longer, degrees in shapes:
        turn = np.radians(degrees)
        axes = np.array([[np.cos(turn), -longer * np.sin(turn)], [np.sin(turn), longer * np.cos(turn)]])
        stretched = cells.points @ axes
        for centre in range(0, len(share), every):
            order = np.argsort(((stretched - stretched[centre]) ** 2).sum(axis=1))
            inside = np.cumsum(share[order])
            inside = inside[inside <= 0.5]
            counts = np.cumsum(sets[:, order[: len(inside)]], axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = counts * np.log(counts / (total * inside))
                ratios += (total - counts) * np.log((total - counts) / (total - total * inside))
            ratios[(counts <= total * inside) | (counts < 2)] = 0
            best = np.maximum(best, ratios.max(axis=1, initial=0))
    return best


def by_numpy(name: str) -> tuple[float, float]:
    """Return the peer's seconds, and the largest difference between its scores and ours on some maps."""
    job = JOBS[name]
    cells = simulated(job)
    sets = models.poisson(cells, np.random.default_rng(SEED), job.maps)[:, :, 0]
    begun = time.perf_counter()
    scores = textbook(cells, sets, job.shapes, job.every)
    seconds = (time.perf_counter() - begun) * job.every
    if job.every > 1:
        sets = sets[:3]
        scores = textbook(cells, sets, job.shapes, 1)
    return seconds, float(np.abs(scores - highest(cells, POISSON, Reach(shapes=job.shapes), sets)).max())


def by_r(name: str) -> float | None:
    """Return the seconds of R's package, or nothing where it is not installed."""
    program, job = shutil.which("Rscript"), JOBS[name]
    if program is None:
        return None
    cells = simulated(job)
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "places.csv", Path(folder) / "scan.R"
        columns = {"x": cells.points[:, 0], "y": cells.points[:, 1], "cases": cells.cases[:, 0]}
        pd.DataFrame(columns).assign(base=cells.base[:, 0]).to_csv(data, index=False)
        script.write_text(IN_R, encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [program, "--vanilla", str(script), str(data), job.rival, str(job.maps), name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    return None if done.returncode else json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Run the jobs and print the comparison."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", nargs="+", choices=list(JOBS), default=list(JOBS))
    asked.add_argument("--no-peer", action="store_true")
    asked.add_argument("--alone", choices=list(JOBS), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.alone:
        print(json.dumps(ours(given.alone)))  # noqa: T201
        return
    for name in given.jobs:
        job = JOBS[name]
        done = subprocess.run(  # noqa: S603
            [sys.executable, __file__, "--alone", name], capture_output=True, text=True, check=True
        )
        mine = json.loads(done.stdout.strip().splitlines()[-1])
        print(  # noqa: T201
            f"{name}: {job.places:,} places, {job.cases:,} cases, {job.maps:,} maps, {len(job.shapes)} shapes: ours "
            f"{mine['seconds']:.2f} s ({mine['processor']:.2f} s of processors), peak {mine['memory']:.0f} MB"
        )
        theirs = by_r(name)
        seconds, source = (job.recorded, "on record, another run") if theirs is None else (theirs, "this run")
        print(  # noqa: T201
            f"  {job.rival} ({source}): {seconds:.1f} s, {seconds / mine['seconds']:.0f} times ours (goal {job.goal:g})"
        )
        if not given.no_peer:
            seconds, gap = by_numpy(name)
            how = f", from every {job.every}th centre" if job.every > 1 else ""
            print(  # noqa: T201
                f"  plain NumPy (this run{how}): {seconds:.1f} s, {seconds / mine['seconds']:.0f} times ours; largest "
                f"difference in scores {gap:.1e}"
            )


if __name__ == "__main__":
    main()
