"""Reading and linking every United States file of ../shared/data: seconds and memory. Goals: under 20 s and 1.5 GB.

python benchmarks/link_us.py [../shared/data]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import warnings
from pathlib import Path

import welfare as wf
from welfare.errors import BadParameter, UnknownSource
from welfare.schema.tables import Tables

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
GOAL_SECONDS, GOAL_GB = 20, 1.5


def memory_gb() -> float:
    """Return the greatest memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def read_all(folder: Path) -> tuple[dict[str, Tables], int]:
    """Read every file of a known source, each source and vintage once, and count what was left out."""
    bundles: dict[str, Tables] = {}
    left_out = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            bundle = wf.read(path)
        except (UnknownSource, BadParameter):
            left_out += 1
            continue
        left_out += bundle.source_id in bundles
        bundles.setdefault(bundle.source_id, bundle)
    return bundles, left_out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=DATA)
    folder = parser.parse_args().data / "us"
    if not folder.is_dir():
        sys.stdout.write(f"Skipped: the agencies' files are not at {folder}.\n")
        return
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    bundles, left_out = read_all(folder)
    reading = time.perf_counter() - start
    links = wf.link_records(*bundles.values())
    both = time.perf_counter() - start
    records = sum(len(bundle.facilities) + len(bundle.injuries) for bundle in bundles.values())
    sys.stdout.write(
        f"{len(bundles)} files ({records:,} records of facilities and injuries), {left_out} left out as unknown or "
        f"of a vintage already read\nread {reading:.1f} s, linked {both - reading:.1f} s, together {both:.1f} s "
        f"(goal {GOAL_SECONDS}), {memory_gb():.2f} GB at most (goal {GOAL_GB})\n{len(links.table):,} pairs\n"
    )


if __name__ == "__main__":
    main()
