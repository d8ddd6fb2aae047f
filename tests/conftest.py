from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party files that are read in place and never committed."""
    folder = Path(os.environ.get("WELFARE_SHARED", _BESIDE_THE_CHECKOUT))
    if not (folder / "data" / "MANIFEST.csv").is_file():
        pytest.skip(f"the agencies' own files are not at {folder} (set WELFARE_SHARED to their folder)")
    return folder


_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Opened(NamedTuple):
    """What a browser made of a page."""

    dom: str
    console: list[str]  # messages, the browser's own about blocked content included
    requests: list[str]  # addresses that the page asked for, beside its own file


@pytest.fixture(scope="session")
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Opened]:
    """Open an HTML file in headless Chromium, which can reach nothing, and report what it said and asked for."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(_BROWSERS)} is installed")

    def opened(page: Path) -> Opened:
        folder = tmp_path_factory.mktemp("browser")
        log = folder / "net.json"
        done = subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                f"--user-data-dir={folder / 'profile'}",
                "--enable-logging=stderr",
                f"--log-net-log={log}",
                "--dump-dom",
                page.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
            timeout=120,
        )
        console = re.findall(r"CONSOLE[:(]\d+\)?\] (.*)", done.stderr)
        return Opened(done.stdout, console, _asked_for(json.loads(log.read_text(encoding="utf-8"))))

    return opened


def _asked_for(log: dict) -> list[str]:
    """Return the addresses a page asked for; what the browser asks for itself comes from no page."""
    events = [event.get("params", {}) for event in log["events"]]
    return [
        event["url"] for event in events if "url" in event and event.get("initiator") not in (None, "not an origin")
    ]
