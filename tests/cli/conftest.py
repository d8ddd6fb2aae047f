from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.sources.fetching.conftest import web as web  # a server on this machine
from welfare.cli import main
from welfare.examples import MINIMUM_PLANTS, write_example

_PROGRAM = [sys.executable, "-c", "import sys; from welfare.cli import main; sys.exit(main())"]


class Said(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as strict JSON."""
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run a command within this process, on a page of 120 letters."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words: object) -> Said:
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def program() -> Callable[..., Said]:
    """Run a command as a program of its own, with what the environment is to hold besides."""

    def run(*words: object, **environment: str) -> Said:
        done = subprocess.run(
            [*_PROGRAM, *map(str, words)], capture_output=True, text=True, env=os.environ | environment, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def industry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("industry")
    write_example(folder, plants=MINIMUM_PLANTS)
    return folder


@pytest.fixture
def on_terminal() -> Callable[..., str]:
    """Run a Python script as a program whose stderr is a terminal, and return what that shows."""
    if os.name == "nt":
        pytest.skip("Windows has no pseudo-terminals")
    import pty

    def run(script: str, **environment: str) -> str:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=theirs, env=os.environ | environment
        ) as running:
            os.close(theirs)
            shown = b""
            # Linux ends a pseudo-terminal with an error, others with nothing more to read.
            try:
                while more := os.read(ours, 4096):
                    shown += more
            except OSError:
                pass
        os.close(ours)
        assert running.returncode == 0, shown
        return shown.decode()

    return run
