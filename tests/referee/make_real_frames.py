"""Write the frames of tests/real as CSV files for real.R to read, to a folder that is temporary and never committed.

Usage: python make_real_frames.py FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(folder: Path) -> None:
    """Write one file per frame; nothing where the agencies' files are not there."""
    sys.path.insert(0, str(ROOT))
    from tests.real import frames

    shared = Path(os.environ.get("WELFARE_SHARED", ROOT.parent / "shared"))
    if not (shared / "data" / "MANIFEST.csv").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for make in (
        frames.salmon_cages,
        frames.broiler_flocks,
        frames.lice_counts,
        frames.lice_months,
        frames.pond_visits,
        frames.handling_tasks,
    ):
        make(shared).to_csv(folder / f"{make.__name__}.csv", index=False)
    frames.lice_months(shared, last=2020).to_csv(folder / "lice_months_2020.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
