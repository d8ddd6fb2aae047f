"""What is installed is what is imported, pinned, and fetched from wherever each machine's settings say."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PINS = sorted((ROOT / "requirements").glob("*.txt"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[\s\[<>=!~;]", words)[0]) for words in requirements}


def _imported() -> set[str]:
    """The top-level packages that any module of the library imports, at its head or inside a function."""
    found: set[str] = set()
    for path in (ROOT / "welfare").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"welfare"}


def _distributions(module: str) -> set[str]:
    """The packages that install a module, several for one that is shared; itself if it is not installed."""
    return {_normal(name) for name in packages_distributions().get(module, [module])}


def test_everything_the_library_imports_is_declared() -> None:
    extras = [words for extra in PROJECT["optional-dependencies"].values() for words in extra]
    declared = _declared(PROJECT["dependencies"] + extras)
    assert {module for module in _imported() if not _distributions(module) & declared} == set()


def test_the_core_holds_nothing_that_the_library_does_not_import() -> None:
    used = set().union(*(_distributions(module) for module in _imported()))
    # The user fixed statsmodels; since decision 011 only tests import it, as a second referee.
    assert _declared(PROJECT["dependencies"]) - used <= {"statsmodels"}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_name_versions_and_hashes_and_no_address(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    known = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not known.fullmatch(line)] == []


@pytest.mark.parametrize(("path", "extra"), [("core.txt", None), ("dev.txt", "dev")])
def test_every_declared_dependency_is_pinned(path: str, extra: str | None) -> None:
    text = (ROOT / "requirements" / path).read_text(encoding="utf-8")
    pinned = {_normal(name) for name in re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,-]+\])?==", text, flags=re.M)}
    wanted = PROJECT["dependencies"] + (PROJECT["optional-dependencies"][extra] if extra else [])
    assert _declared(wanted) - pinned == set()


def test_the_pins_of_the_tests_are_those_of_the_core() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z0-9][^=\s]*==.*?) \\$", text, flags=re.M))

    assert pins("core.txt") - pins("dev.txt") == set()
