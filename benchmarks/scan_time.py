"""The scan in space and time on simulated cases, beside numpy trying every cylinder, and scanstatistics if it is there.

    python benchmarks/scan_time.py [--large] [--planted] [--cases 300000] [--replicates 999]

500 places by 52 steps, 99 random maps, circles of up to half the base, intervals of up to 26 steps, Poisson. The numpy
peer gives the same answer, on a few of the maps; its time for all is that of one times their number. R's scanstatistics
computes another statistic (`scan_pb_poisson`), and is run only where R has it; otherwise its time from another run is
printed. `--large` is 5,000 places by 60 steps with 999 maps instead, without peers; `--planted` puts a cluster into the
data. Goals: 20 times as fast as scanstatistics; 60 s for the large one on two processors, in less than 2 GB.
Drawing the maps is timed apart.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import time

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach
from welfare.patterns.scan.ratios import POISSON
from welfare.patterns.scan.time.search import highest, windows

SEED, BATCH = 5, 64
RECORDED = 16.8  # seconds, scanstatistics, 99 maps of 500 x 52, another run
R_SCRIPT = """
suppressMessages(library(scanstatistics))
n <- 500; t <- 52; set.seed(1)
points <- cbind(runif(n), runif(n))
zones <- knn_zones(coords_to_knn(points, k = 250))
counts <- matrix(rpois(n * t, 0.2), t, n); base <- matrix(0.2, t, n)
cat(system.time(scan_pb_poisson(counts, zones, population = base, n_mcsim = 99, max_only = TRUE))[["elapsed"]])
"""


def simulated(places: int, steps: int, cases: int, planted: bool) -> Cells:
    """Return cases that fall in proportion to uneven populations, or thicker in one place at one time."""
    rng = np.random.default_rng(SEED)
    points, base = rng.random((places, 2)), np.repeat(rng.gamma(2, size=(places, 1)), steps, axis=1)
    rate = base.copy()
    if planted:
        near = np.argsort(np.linalg.norm(points - 0.4, axis=1))[: places // 50]
        rate[near, steps // 2 : steps // 2 + 6] *= 1.5
    counts = rng.multinomial(cases, (rate / rate.sum()).ravel()).reshape(places, steps)
    return Cells(points, counts, base)


def drawn(cells: Cells, rng: np.random.Generator, many: int) -> np.ndarray:
    """Return random maps: each case falls anywhere in proportion to the base."""
    share, total = (cells.base / cells.base.sum()).ravel(), int(cells.cases.sum())
    upto = np.cumsum(share) / share.sum()
    sets = np.empty((many, *cells.base.shape), dtype=np.uint16)
    for one in sets:
        where = np.searchsorted(upto, np.sort(rng.random(total)))
        one[:] = np.bincount(where, minlength=share.size).reshape(one.shape)
    return sets


def with_numpy(cells: Cells, reach: Reach, sets: np.ndarray) -> np.ndarray:
    """Return the highest ratio of every set, by trying every cylinder; no two places are equally far away."""
    steps, total, total_base = cells.base.shape[1], sets[0].sum(), cells.base.sum()
    share, best = cells.base.sum(axis=1) / total_base, np.zeros(len(sets))
    for centre in cells.points:
        order = np.argsort(np.linalg.norm(cells.points - centre, axis=1))
        order = order[np.cumsum(share[order]) <= reach.max_share]
        padded = ((0, 0), (0, 0), (1, 0))
        cases = np.pad(np.cumsum(np.cumsum(sets[:, order], axis=1, dtype=float), axis=2), padded)
        expected = np.pad(np.cumsum(np.cumsum(cells.base[order], axis=0), axis=1), padded[1:]) * (total / total_base)
        for length in range(1, reach.max_steps + 1):
            count = cases[:, :, length:] - cases[:, :, : steps + 1 - length]
            usual = np.broadcast_to(expected[:, length:] - expected[:, : steps + 1 - length], count.shape)
            more = (count > usual) & (count >= reach.min_cases)
            c, e = count[more], usual[more]
            ratio = np.zeros(count.shape)
            ratio[more] = c * np.log(c / e) + (total - c) * np.log((total - c) / (total - e))
            best = np.maximum(best, ratio.max(axis=(1, 2)))
    return best


def scanstatistics() -> float | None:
    """Return the seconds scanstatistics takes, or None where it is not installed."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    there = subprocess.run(  # noqa: S603
        [program, "-e", 'stopifnot(requireNamespace("scanstatistics"))'], capture_output=True
    )
    if there.returncode:
        return None
    done = subprocess.run(  # noqa: S603
        [program, "-e", R_SCRIPT], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """Print one line per program, and the memory it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--cases", type=int)
    parser.add_argument("--replicates", type=int)
    asked = parser.parse_args()
    places, steps, cases, replicates = (5000, 60, 300_000, 999) if asked.large else (500, 52, 5_200, 99)
    cases, replicates = asked.cases or cases, asked.replicates or replicates
    warm = simulated(40, 6, 100, False)  # compile
    windows(warm, POISSON, Reach(max_steps=3), 1.0)
    cells, reach = simulated(places, steps, cases, asked.planted), Reach(max_steps=steps // 2)
    rng, drawing, best = np.random.default_rng(SEED), 0.0, []
    begun, busy = time.perf_counter(), time.process_time()
    for done in range(0, replicates, BATCH):
        at, at_work = time.perf_counter(), time.process_time()
        sets = drawn(cells, rng, min(BATCH, replicates - done))
        drawing, busy = drawing + time.perf_counter() - at, busy + time.process_time() - at_work
        best.append(highest(cells, POISSON, reach, sets))
    searching, busy = time.perf_counter() - begun - drawing, time.process_time() - busy
    every = np.concatenate(best)
    found = windows(cells, POISSON, reach, float(every.min()))
    finding = time.perf_counter() - begun - drawing - searching
    first, p = found[0], (1 + (every >= found[0].score).sum()) / (1 + replicates)
    say(f"{places:,} places, {steps} steps, {cases:,} cases, {replicates} maps")
    say(f"  searched in {searching:.2f} s ({busy:.2f} s of processor time); maps drawn in {drawing:.2f} s")
    say(f"  {len(found)} windows of the data in {finding:.2f} s")
    say(f"  best: {first.score:.3f}, {len(first.members)} places, steps {first.first} to {first.last}, p {p:.3g}")
    say(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")
    if asked.large:
        return
    few = drawn(cells, np.random.default_rng(SEED), 3)
    begun = time.perf_counter()
    off = np.abs(with_numpy(cells, reach, few) / every[:3] - 1).max()
    each = (time.perf_counter() - begun) / len(few)
    say(f"numpy, every cylinder: {each:.2f} s a map, {each * replicates:.0f} s for {replicates} maps")
    say(f"  same answer to {off:.1g}; ours {each * replicates / searching:.0f} times as fast")
    seconds = scanstatistics()
    which = "is not installed; in another run it took" if seconds is None else "took"
    seconds = seconds or RECORDED
    say(f"scanstatistics {which} {seconds:.1f} s for 99 maps: ours {seconds / searching:.0f} times as fast")


if __name__ == "__main__":
    main()
