"""Compiled code kept on disk is not used once any file it may have been built from has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OUTER = """
from {room}.inner import one
from welfare.stats.compiled import compiled

@compiled()
def outer():
    return one() + 1
"""
INNER = """
from welfare.stats.compiled import compiled

@compiled()
def one():
    return {number}
"""


def answer(folder: Path) -> tuple[int, int]:
    """Return what a fresh process computes, and how often it found the compiled function on disk."""
    code = "from room.outer import outer; print(outer(), sum(outer.stats.cache_hits.values()))"
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    number, hits = run.stdout.split()
    return int(number), int(hits)


def test_a_change_in_another_file_of_the_room_is_seen(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "outer.py").write_text(OUTER.format(room="room"))
    inner = room / "inner.py"
    inner.write_text(INNER.format(number=1))
    assert answer(tmp_path) == (2, 0)
    assert answer(tmp_path) == (2, 1)
    before = inner.stat()
    inner.write_text(INNER.format(number=5))
    os.utime(inner, ns=(before.st_atime_ns, before.st_mtime_ns))  # as installers may: same size, same time
    assert answer(tmp_path) == (6, 0)
