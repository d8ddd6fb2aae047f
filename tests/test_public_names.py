"""What a notebook types after `wf.`: promised by the design, there, light to import, and hidden by no room."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import welfare

PACKAGE = Path(welfare.__file__).parent
NAMES = [name for name in welfare.__all__ if name != "__version__"]
# What came after the design was written: the ways to compare rates that its one line on rates leaves open, and what its
# lines on change over time, on pooling and on robustness do.
SINCE = {
    "adjust_p_values",
    "autocorrelation",
    "capture_recapture",
    "cumulative_incidence",
    "digit_heaping",
    "duration",
    "e_value",
    "effects_of",
    "excess_zeros",
    "inspector_effects",
    "interrupted_series",
    "multiplicity",
    "n_mixture",
    "narrative_terms",
    "occupancy",
    "omitted_variable_bounds",
    "partial_r2",
    "persistence",
    "profile_change",
    "proportion",
    "rate_difference",
    "rate_ratio",
    "robustness_value",
    "run_length",
    "specification_curve",
    "spells",
    "survival",
    "visit_contrast",
}
HEAVY = ("pandas", "numpy", "scipy", "statsmodels", "matplotlib", "numba", "pydantic", "pyarrow", "geopandas")


def _modules_after(statement: str) -> set[str]:
    """Names of the modules that a fresh Python holds after a statement."""
    script = f"import sys, json\n{statement}\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def _defined_in_rooms() -> set[str]:
    """Public functions and classes defined at the top of a module; the command line's are commands."""
    paths = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "cli" not in path.parents]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_public_names_are_those_the_design_promises_as_far_as_they_exist(shared):
    design = (shared / "DESIGN.md").read_text(encoding="utf-8")
    promised = set(re.findall(r"\bwf\.(\w+)\(", design))
    assert len(promised) > 30
    assert set(NAMES) == (promised | SINCE) & _defined_in_rooms()


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_the_documented_function_of_a_room(name):
    function = getattr(welfare, name)
    assert callable(function)
    assert function.__name__ == name
    assert function.__module__.startswith("welfare.")
    assert "Returns" in function.__doc__
    assert getattr(welfare, name) is function


def test_no_public_name_is_that_of_a_room():
    rooms = {module.name for module in pkgutil.iter_modules([str(PACKAGE)])}
    assert len(rooms) >= 10
    assert not rooms & set(NAMES)


def test_names_stay_functions_when_every_room_is_imported():
    script = (
        "import pkgutil, importlib, welfare\n"
        "for module in pkgutil.iter_modules(welfare.__path__): importlib.import_module(f'welfare.{module.name}')\n"
        "assert all(callable(getattr(welfare, name)) for name in welfare.__all__ if name != '__version__')"
    )
    _modules_after(script)


def test_editors_and_type_checkers_are_told_of_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert told == welfare._HOMES
    assert sorted([*told, "__version__"]) == welfare.__all__


def test_all_names_are_listed_before_they_are_used_and_others_are_refused():
    script = (
        "import welfare\n"
        "assert set(welfare.__all__) <= set(dir(welfare))\n"
        "assert not hasattr(welfare, 'no_such_name')\n"
        "from welfare import *"
    )
    assert "welfare.study" in _modules_after(script)
    with pytest.raises(AttributeError, match="module 'welfare' has no attribute 'link_record'"):
        welfare.link_record  # noqa: B018


def test_the_version_is_the_installed_one():
    assert welfare.__version__ == importlib.metadata.version("welfare")


def test_importing_the_package_imports_nothing_else_of_it_and_nothing_heavy():
    new = _modules_after("import welfare") - _modules_after("pass")
    assert {name for name in new if name.startswith("welfare")} == {"welfare"}
    assert "importlib.metadata" not in new
    assert not new & set(HEAVY)


def test_a_name_brings_its_own_room_only():
    held = _modules_after("import welfare; welfare.registry")
    assert "welfare.sources.registry" in held
    assert not {"welfare.study", "welfare.report", "welfare.accounting", "welfare.stats"} & held


@pytest.mark.parametrize("words", [["--help"], ["study", "--help"], ["--version"], ["study", "us-slaughter"]])
def test_the_command_line_loads_nothing_heavy_before_a_command_needs_it(words):
    held = _modules_after(f"from welfare.cli import main; main({words})")
    assert not held & set(HEAVY)
    assert {name.split(".")[1] for name in held if name.startswith("welfare.")} == {"cli", "errors"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "seconds"), [("import welfare", 0.05), ("import welfare.cli as c; c.main(['-h'])", 0.3)]
)
def test_import_and_help_are_quick(tmp_path, script, seconds):
    """Processor time, which other programs on the machine stretch less than they stretch the clock."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)  # compiled once, as an installed package is
    clocked = (
        f"import sys, time; start = time.process_time()\n{script}\nsys.stderr.write(str(time.process_time() - start))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", clocked], capture_output=True, text=True, check=True, env=environment)
        for _ in range(6)
    ]
    assert min(float(run.stderr) for run in runs) < seconds
