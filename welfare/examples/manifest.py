"""The MANIFEST.csv beside the simulated files: as of when each is, that it is simulated, and what it hashes to."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from welfare.schema.codes import shipped
from welfare.schema.provenance import sha256, write_text

COLUMNS = (
    "path", "title", "publisher", "vintage", "period", "key", "licence", "obtained_from", "bytes", "sha256", "note"
)  # fmt: skip
PUBLISHER = "SIMULATED"


class Listed(NamedTuple):
    """One written file: its path below the folder, its source, as of when it is and what time it covers."""

    path: str
    source: str
    vintage: str
    period: str


def write_manifest(folder: Path, files: list[Listed]) -> Path:
    """Write the manifest of files that stand in a folder."""
    titles = shipped("sources.csv").set_index("source")["title"]
    keys = {"us.osha.severe_injury": "ID", "us.fsis.humane_handling": "EstablishmentNumber"}
    rows = [
        (
            file.path,
            f"SIMULATED: {titles[file.source]}",
            PUBLISHER,
            file.vintage,
            file.period,
            keys.get(file.source, "establishment_number"),
            "made up; no rights reserved",
            "welfare.write_example",
            str((folder / file.path).stat().st_size),
            sha256(folder / file.path),
            "no plant, person or event in this file is real",
        )
        for file in files
    ]
    return write_text(
        folder / "MANIFEST.csv", pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False, lineterminator="\n")
    )
