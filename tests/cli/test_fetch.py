"""`fetch` downloads from a real server on this machine, says how far it is, and prints the record it kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.sources.conftest import OSHA
from tests.sources.fetching.conftest import cut, file, left_in, stalls, status
from welfare.sources.manifest import find_entry

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TABLE = b"ID,Employer\n" + b"".join(b"%d,Example Packing\n" % i for i in range(2000))


def test_the_path_and_the_record_are_printed_and_what_goes_on_is_told(type_in, web, tmp_path):
    url = web.at("/f.csv", file(TABLE))
    said = type_in("fetch", OSHA, "--to", tmp_path, "--vintage", "2026-10", "--url", url)
    path = tmp_path / "us.osha.severe_injury_2026-10.csv"
    assert said.code == 0
    assert path.read_bytes() == TABLE
    entry = find_entry(path)
    lines = said.out.splitlines()
    assert lines[0] == str(path)
    assert lines[1].startswith("publisher: US OSHA; licence: ")
    assert lines[2:] == [
        "as of: 2026-10; time covered: unknown",
        f"obtained from: {url}",
        f"bytes: {len(TABLE):,}; SHA-256: {entry.sha256}",
        f"note: {entry.note}",
    ]
    assert said.err.splitlines() == [f"fetch {OSHA}", f"fetched {OSHA}: {len(TABLE):,} bytes"]


def test_as_json_the_record_is_whole(type_in, web, tmp_path):
    url = web.at("/f.csv", file(TABLE))
    record = type_in("fetch", OSHA, "--to", tmp_path, "--vintage", "2026-10", "--url", url, "--json").json
    path = tmp_path / "us.osha.severe_injury_2026-10.csv"
    entry = find_entry(path)
    assert record.pop("path") == str(path)
    assert record.pop("bytes") == len(TABLE)
    assert record == {name: getattr(entry, name) for name in record}
    assert {"vintage", "publisher", "licence", "obtained_from", "sha256", "note"} <= set(record)


def test_a_file_that_is_held_is_not_downloaded_again_and_that_is_said(type_in, web, tmp_path):
    url = web.at("/f.csv", file(TABLE))
    words = ["fetch", OSHA, "--to", tmp_path, "--vintage", "2026-10", "--url", url]
    type_in(*words)
    pinned = find_entry(tmp_path / "us.osha.severe_injury_2026-10.csv").sha256
    said = type_in(*words, "--sha256", pinned)
    assert said.code == 0
    assert said.err.splitlines() == [f"fetch {OSHA}", f"{OSHA} is here already: nothing was downloaded"]
    assert len(web.asked) == 1


@pytest.mark.filterwarnings("always::welfare.errors.RewrittenAtSource")
def test_a_publisher_who_rewrote_the_file_is_a_warning(type_in, web, tmp_path):
    url = web.at("/f.csv", file(TABLE), file(TABLE.replace(b"Example", b"Another")))
    words = ["fetch", OSHA, "--to", tmp_path, "--vintage", "2026-10", "--url", url]
    first, second = type_in(*words), type_in(*words)
    assert first.code == second.code == 0
    assert "warning" not in first.err
    assert f"warning: {url} now serves other bytes for vintage 2026-10" in second.err
    assert second.out.splitlines()[0] != first.out.splitlines()[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(404), "the server answers 404"),
        (file(b"<!DOCTYPE html><html><body>Sorry</body></html>"), "what came is a web page"),
        (cut(TABLE, 500), f"the connection ended after 500 of {len(TABLE):,} bytes"),
    ],
)
def test_a_download_that_fails_is_bad_input_and_leaves_nothing(type_in, web, tmp_path, answer, words):
    said = type_in("fetch", OSHA, "--to", tmp_path, "--vintage", "2026-10", "--url", web.at("/f.csv", answer))
    assert said.code == 2
    assert said.out == ""
    assert words in said.err.splitlines()[-1]
    assert "fetched" not in said.err
    assert left_in(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_download_that_is_interrupted_leaves_nothing_behind(web, tmp_path):
    words = ["fetch", OSHA, "--to", str(tmp_path), "--url", web.at("/f.csv", stalls(TABLE))]
    script = f"import sys; from welfare.cli import main; sys.exit(main({words!r}))"
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr.readline() == f"fetch {OSHA}\n"
        until = time.monotonic() + 30
        while not web.asked and time.monotonic() < until:
            time.sleep(0.02)
        assert web.asked
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == "stopped\n"
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("stated", [{}, {"Content_Length": ""}], ids=["length stated", "length unknown"])
def test_on_a_terminal_a_bar_shows_how_much_has_come(on_terminal, web, tmp_path, stated):
    words = [
        "fetch",
        OSHA,
        "--to",
        str(tmp_path),
        "--vintage",
        "2026-10",
        "--url",
        web.at("/f.csv", file(TABLE, **stated)),
    ]
    shown = on_terminal(
        f"import sys; from welfare.cli import main; sys.exit(main({words!r}))", TERM="xterm", COLUMNS="100"
    )
    assert OSHA in shown
    assert "40.9" in shown  # of 40,902 bytes, in kB
    assert "fetched" not in shown
