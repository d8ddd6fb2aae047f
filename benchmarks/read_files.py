"""Reading the agencies' files: all of ../shared/data, and OSHA's reports beside the plainest reading of the same file.

The peer is pandas: the same file as text, with no table, no contract, no rejects. Goals: all files in under 60 s and
2 GB; 21,578 injury reports in under 2 s.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import welfare as wf
from welfare.errors import UnknownSource

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OSHA = DATA / "us/osha/severe_injury_reports_2015-2017.csv"
ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    """Return the shortest of several runs: what else the machine does only adds."""
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def main() -> None:
    """Measure and print."""
    if not DATA.is_dir():
        sys.stdout.write("The agencies' files (../shared/data) are not here: nothing to measure.\n")
        return
    start, records, read, refused = time.perf_counter(), 0, 0, 0
    for path in sorted(path for path in DATA.rglob("*") if path.is_file()):
        try:
            records, read = records + len(wf.read(path).raw), read + 1
        except UnknownSource:
            refused += 1
    everything = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    own = seconds(lambda: wf.read(OSHA))
    peer = seconds(lambda: pd.read_csv(OSHA, dtype=str, encoding="windows-1252", keep_default_na=False))
    sys.stdout.write(
        f"all files: {read} of known sources ({records:,} records), {refused} refused: {everything:.1f} s, "
        f"{memory:.2f} GB at most\n"
        f"OSHA, 21,578 reports: {own:.2f} s; pandas.read_csv {peer:.2f} s; ratio {own / peer:.1f}\n"
    )


if __name__ == "__main__":
    main()
