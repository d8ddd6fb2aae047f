"""Write the frames of tests/real/durations.py as CSV files for duration_real.R, to a folder that is never committed.

Usage: python make_duration_frames.py FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(folder: Path) -> None:
    """Write one file per frame; nothing where the agencies' files are not there."""
    sys.path.insert(0, str(ROOT))
    from tests.real import durations

    shared = Path(os.environ.get("WELFARE_SHARED", ROOT.parent / "shared"))
    if not (shared / "data" / "MANIFEST.csv").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    durations.focus_area_spells(shared).table.to_csv(folder / "spells.csv", index=False)
    durations.focus_area_spells(shared, clock="unit").table.to_csv(folder / "herds.csv", index=False)
    durations.plants_listed(shared).to_csv(folder / "plants.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
