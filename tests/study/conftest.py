from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from welfare.study import Study, run_study


class Ran(NamedTuple):
    """A study that was run once for all tests, with what it wrote read back."""

    study: Study
    out: Path
    results: dict


def _run(out: Path, **how: object) -> Ran:
    study = run_study("us-slaughter", out=out, **how)
    return Ran(study, out, json.loads((out / "results.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def real(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _run(tmp_path_factory.mktemp("real"), data=shared / "data")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _run(tmp_path_factory.mktemp("simulated"), simulated=True)
