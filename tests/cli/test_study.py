"""`study` runs the main job: steps on stderr, where the report is on stdout, SIMULATED wherever plants are made up."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WRITTEN = {
    "account.json",
    "links.parquet",
    "links_to_review.csv",
    "panel.parquet",
    "report.html",
    "results.json",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("a folder")


@pytest.fixture(scope="module")
def simulated(program, folder):
    return program("study", "us-slaughter", "--simulated", "--out", folder / "simulated")


def test_it_ends_by_saying_where_the_report_is(simulated, folder):
    assert simulated.code == 0
    said, _, report = simulated.out.splitlines()[-1].partition(": ")
    assert said == "SIMULATED report"
    assert Path(report) == folder / "simulated" / "report.html"
    assert {path.name for path in (folder / "simulated").iterdir()} == WRITTEN


def test_whatever_a_made_up_industry_gives_says_simulated(simulated):
    assert simulated.out.startswith("SIMULATED. ")
    steps = simulated.err.splitlines()
    assert all(step.startswith("SIMULATED ") for step in steps)
    assert steps[0] == "SIMULATED make up an industry"
    assert steps[-1] == "SIMULATED write the report"


def test_the_command_it_was_run_by_is_in_the_results_and_can_be_typed_again(simulated, folder):
    results = json.loads((folder / "simulated" / "results.json").read_text(encoding="utf-8"))
    out = str(folder / "simulated")
    typed = ["welfare", "study", "us-slaughter", "--simulated", "--out", out, "--seed", "0"]
    assert shlex.split(results["provenance"]["command"]) == typed


def test_a_place_where_nothing_can_be_written_is_bad_input(program, folder):
    file = folder / "file"
    file.write_text("not a folder", encoding="utf-8")
    said = program("study", "us-slaughter", "--simulated", "--out", file)
    assert said.code == 2
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith(f"welfare: {file}")
    assert "Traceback" not in said.err
    assert file.read_text(encoding="utf-8") == "not a folder"


@pytest.mark.real
def test_on_the_agencies_own_files_nothing_is_called_simulated(program, folder, shared):
    said = program("study", "us-slaughter", "--data", shared / "data", "--out", folder / "real", "--json")
    assert said.code == 0
    content = said.json
    assert content["simulated"] is False
    assert content["study"] == "us-slaughter"
    assert content["seed"] == 0
    assert content["files"] == {name: str(folder / "real" / name) for name in WRITTEN}
    assert all(Path(path).is_file() for path in content["files"].values())
    assert "SIMULATED" not in said.out + said.err
