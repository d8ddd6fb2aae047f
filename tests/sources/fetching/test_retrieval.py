"""What a folder holds after a fetch: nothing held is overwritten, the same bytes change nothing, all is recorded."""

from __future__ import annotations

import csv
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import welfare as wf
from tests.sources.conftest import OSHA
from tests.sources.fetching.conftest import file, left_in
from welfare.errors import ContractBroken, RewrittenAtSource
from welfare.sources.manifest import find_entry

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TABLE = b"ID,Employer\n" + b"".join(b"%d,Example Packing\n" % i for i in range(2000))


def records(folder: Path) -> list[dict[str, str]]:
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_same_bytes_again_change_nothing(web, tmp_path):
    url = web.at("/f.csv", file(TABLE))
    first = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026") == first
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_other_bytes_for_a_vintage_stand_beside_the_first_and_a_warning_says_so(web, tmp_path):
    rewritten = TABLE.replace(b"\n7,Example", b"\n7,Another")
    url = web.at("/f.csv", file(TABLE), file(rewritten))
    first = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026")
    with pytest.warns(RewrittenAtSource, match=r"other bytes for vintage 2026 than us\.osha\.severe_injury_2026\.csv"):
        second = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026")
    assert re.fullmatch(r"us\.osha\.severe_injury_2026_retrieved-\d{4}-\d\d-\d\d\.csv", second.name)
    assert (first.read_bytes(), second.read_bytes()) == (TABLE, rewritten)
    assert [record["path"] for record in records(tmp_path)] == [first.name, second.name]
    assert f"other bytes than {first.name}" in records(tmp_path)[1]["note"]
    assert wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026") == second  # the same bytes again: no warning, no change
    assert len(records(tmp_path)) == 2


def test_a_file_of_the_readers_own_with_that_name_is_not_touched(web, tmp_path):
    own = tmp_path / "us.osha.severe_injury_2026.csv"
    own.write_text("mine")
    with pytest.warns(RewrittenAtSource):
        path = wf.fetch(OSHA, to=tmp_path, url=web.at("/f.csv", file(TABLE)), vintage="2026")
    assert own.read_text() == "mine"
    assert path.read_bytes() == TABLE


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_what_a_manifest_held_stays_byte_for_byte(web, tmp_path, end):
    line = end or "\n"
    held = "\ufeff" + line.join(
        ["path,vintage,period,publisher,obtained_from,licence,bytes,sha256,note,mine", 'old.csv,2017,,A,,,,,"a, b",x']
    )
    (tmp_path / "MANIFEST.csv").write_bytes((held + end).encode())
    path = wf.fetch(OSHA, to=tmp_path, url=web.at("/f.csv", file(TABLE)), vintage="2026")
    now = (tmp_path / "MANIFEST.csv").read_bytes().decode()
    assert now.startswith(held + line)
    assert now.removeprefix(held + line).count(line) == 1
    assert find_entry(path).vintage == "2026"
    assert find_entry(tmp_path / "old.csv").note == "a, b"


@pytest.mark.parametrize(
    ("held", "words"),
    [(b"path,title\nold.csv,Old\n", "no column publisher"), ("path\nä.csv\n".encode("latin-1"), "not UTF-8")],
)
def test_a_manifest_that_cannot_be_added_to_is_left_alone(web, tmp_path, held, words):
    (tmp_path / "MANIFEST.csv").write_bytes(held)
    with pytest.raises(ContractBroken, match=words):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/f.csv", file(TABLE)), vintage="2026")
    assert left_in(tmp_path) == ["MANIFEST.csv"]
    assert (tmp_path / "MANIFEST.csv").read_bytes() == held


def test_fetches_of_one_file_at_the_same_time_leave_one_file_and_one_record(web, tmp_path):
    together = threading.Barrier(4)

    def answer(handler: object) -> None:
        together.wait(5)
        file(TABLE)(handler)

    url = web.at("/f.csv", answer)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026"), range(4)))
    assert len(set(paths)) == 1
    assert paths[0].read_bytes() == TABLE
    assert left_in(tmp_path) == ["MANIFEST.csv", paths[0].name]
    assert len(records(tmp_path)) == 1
