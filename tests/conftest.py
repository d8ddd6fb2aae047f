from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party files that are read in place and never committed."""
    folder = Path(os.environ.get("WELFARE_SHARED", _BESIDE_THE_CHECKOUT))
    if not (folder / "data" / "MANIFEST.csv").is_file():
        pytest.skip(f"the agencies' own files are not at {folder} (set WELFARE_SHARED to their folder)")
    return folder
