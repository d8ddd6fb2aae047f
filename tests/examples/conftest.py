from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from welfare.examples import PlantedTruth, write_example


class Example(NamedTuple):
    folder: Path
    truth: PlantedTruth

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*.csv") if path.name != "MANIFEST.csv")


@pytest.fixture(scope="session")
def planted(tmp_path_factory) -> Example:
    folder = tmp_path_factory.mktemp("planted")
    return Example(folder, write_example(folder, seed=0))


@pytest.fixture(scope="session")
def unplanted(tmp_path_factory) -> Example:
    folder = tmp_path_factory.mktemp("unplanted")
    return Example(folder, write_example(folder, seed=0, planted=False))
