"""How good links are where a shared number tells the truth: floors under the figures of docs/explanation/linking.md."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from welfare.sources.read import read

pytestmark = pytest.mark.real

_MEASURE = Path(__file__).resolve().parents[2] / "benchmarks" / "link_quality.py"


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("link_quality", _MEASURE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["link_quality"] = module  # its dataclass asks for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def directories(shared):
    return [read(shared / f"data/us/fsis/mpi_directory_{vintage}.csv") for vintage in ("2017", "2025-06")]


def test_two_fsis_directories_by_name_and_address_alone(measure, directories, record_property):
    old, new = directories
    wanted = measure.resembling(measure.true_pairs(old, new), old, new)
    found = measure.quality(old, new, wanted)
    record_property("f1", found.f1)
    assert found.pairs == 4678
    assert found.f1 >= 0.972
    assert found.precision >= 0.965
    assert found.precision_where_known >= 0.998


def test_british_audits_by_name_and_town_alone(measure, shared, record_property):
    folder = shared / "data/gb/fsa"
    audits = read(folder / "meat_establishment_audits_2015-2017.csv")
    approved = read(folder / "approved_establishments.csv")
    found = measure.quality(audits, approved, measure.true_pairs(audits, approved))
    record_property("f1", found.f1)
    assert found.precision_where_known >= 0.995
    assert found.recall >= 0.92


def test_epa_names_in_a_town_are_linked_rarely_and_rightly(measure, directories, shared):
    epa, new = read(shared / "data/us/epa/fsis_epa_facility_crosswalk.json"), directories[1]
    found = measure.quality(epa, new, measure.resembling(measure.true_pairs(epa, new), epa, new))
    assert found.precision == 1
    assert found.recall >= 0.1


@pytest.mark.slow
def test_the_shipped_weights_are_those_the_script_fits(shared, tmp_path):
    script = _MEASURE.parents[1] / "data" / "parameters" / "make_link_weights.py"
    made = tmp_path / "weights.csv"
    command = [sys.executable, str(script), str(shared / "data"), "--out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    fitted, shipped = (
        pd.read_csv(path, index_col="feature")["log_odds"] for path in (made, script.with_name("link_weights.csv"))
    )
    pd.testing.assert_series_equal(fitted, shipped, atol=0.02)


def test_a_score_says_how_many_are_true(measure, directories):
    bands = measure.calibration(*directories)
    assert bands["pairs"].min() >= 80
    # Never over-confident by more than a hundredth or so; in the middle too modest, since of two doubtful rivals the
    # numbers mostly bear out the likelier one.
    assert (bands["share_true"] - bands["mean_score"] >= -0.02).all()
    high = bands[bands["mean_score"] > 0.75]
    assert (high["share_true"] - high["mean_score"]).abs().max() <= 0.03
