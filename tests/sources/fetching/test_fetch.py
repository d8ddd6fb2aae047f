"""Fetching from a real server on this machine, well behaved and not: what is kept, what is refused, what is said."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import welfare as wf
from tests.sources.conftest import OSHA, as_csv, headers
from tests.sources.fetching.conftest import (
    Handler,
    cut,
    endless,
    file,
    left_in,
    redirect,
    rest,
    serving,
    silent,
    stalls,
    status,
    trickles,
)
from welfare.errors import (
    BadParameter,
    FetchFailed,
    FileAltered,
    NotData,
    RewrittenAtSource,
    TooLarge,
    Truncated,
    WelfareError,
)
from welfare.sources.manifest import find_entry
from welfare.sources.web import download
from welfare.sources.web.download import next_address
from welfare.sources.web.fetch import addresses

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TABLE = b"ID,Employer\n" + b"".join(b"%d,Example Packing\n" % i for i in range(2000))
PAGE = b"\n<!DOCTYPE html><html><body>Sorry, this page has moved</body></html>"


def refused(error: type[WelfareError], url: str, to: Path, words: str, **options: object) -> WelfareError:
    """Fetch what must be refused with such an error, which names the address and leaves nothing behind."""
    with pytest.raises(error, match=words) as caught:
        wf.fetch(OSHA, to=to, url=url, **options)
    assert "127.0.0.1" in caught.value.where
    assert caught.value.todo
    assert left_in(to) == []
    return caught.value


def test_a_file_is_kept_as_it_came_with_the_record_of_its_retrieval(web, tmp_path):
    url = web.at("/a/file.csv", file(TABLE, ETag='"v7"', Last_Modified="Wed, 25 Nov 2026 10:00:00 GMT"))
    path = wf.fetch(OSHA, to=tmp_path / "data" / "raw", url=url, vintage="2026-10")
    assert path == tmp_path / "data" / "raw" / "us.osha.severe_injury_2026-10.csv"
    assert path.read_bytes() == TABLE
    entry = find_entry(path)
    assert (entry.vintage, entry.publisher, entry.obtained_from) == ("2026-10", "US OSHA", url)
    assert (entry.size_bytes, entry.sha256) == (len(TABLE), sha256(TABLE).hexdigest())
    assert re.match(rf"retrieved \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ from {url}; Last-Modified Wed, 25 Nov", entry.note)
    assert entry.note.endswith('ETag "v7"')
    assert left_in(path.parent) == ["MANIFEST.csv", path.name]


def test_what_was_fetched_is_read_with_the_vintage_of_its_record(web, tmp_path):
    event = {"ID": "1", "EventDate": "1/2/2015", "Employer": "Example Packing", "Hospitalized": "1"}
    url = web.at("/sir.csv", file(as_csv(headers(OSHA, "2015"), [event]).encode()))
    tables = wf.read(wf.fetch(OSHA, to=tmp_path, url=url, vintage="2017-02"))
    assert tables.injuries["record_id"].tolist() == ["us.osha.severe_injury@2017-02#1"]


def test_without_a_vintage_the_day_of_retrieval_is_taken_and_the_record_says_so(web, tmp_path):
    path = wf.fetch(OSHA, to=tmp_path, url=web.at("/f.csv", file(TABLE)))
    entry = find_entry(path)
    day = entry.note.removeprefix("retrieved ")[:10]
    assert entry.vintage == day
    assert path.name == f"us.osha.severe_injury_{day}.csv"
    assert "the vintage is the day of retrieval" in entry.note


def test_progress_is_told_what_has_come_and_what_is_to_come(web, tmp_path):
    told: list[tuple[int, int | None]] = []
    wf.fetch(OSHA, to=tmp_path, url=web.at("/f.csv", file(TABLE)), progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (len(TABLE), len(TABLE))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    wf.fetch(OSHA, to=tmp_path, url=web.at("/g.csv", endless(TABLE, 1)), progress=lambda *n: told.append(n))
    assert told[-1] == (len(TABLE), None)


@pytest.mark.parametrize("answer", [silent, stalls(TABLE), trickles], ids=["never", "midway", "drop by drop"])
def test_a_server_that_stalls_ends_in_an_error_not_a_hang(web, tmp_path, monkeypatch, answer):
    monkeypatch.setattr(download, "WAITS_S", (0.01,))
    url = web.at("/f.csv", answer)
    error = refused(FetchFailed, url, tmp_path, r"fell silent for 0\.4 seconds", timeout=0.4)
    assert "timeout" in error.todo
    assert len(web.asked) == 2


def test_a_body_that_ends_early_is_an_error_after_a_few_tries(web, tmp_path):
    url = web.at("/f.csv", cut(TABLE, 1000))
    refused(Truncated, url, tmp_path, rf"after 1,000 of {len(TABLE):,} bytes")
    assert len(web.asked) == 4


def test_a_body_that_ended_early_is_begun_again_where_the_server_cannot_resume(web, tmp_path):
    url = web.at("/f.csv", cut(TABLE, 1000), file(TABLE))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE
    assert "Range" not in web.asked[1][1]


def test_a_body_that_ended_early_is_resumed_where_the_server_can(web, tmp_path):
    told: list[tuple[int, int | None]] = []
    said = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
    url = web.at("/f.csv", cut(TABLE, 1000, **said), rest(TABLE, **said))
    path = wf.fetch(OSHA, to=tmp_path, url=url, progress=lambda *numbers: told.append(numbers))
    assert path.read_bytes() == TABLE
    assert (web.asked[1][1]["Range"], web.asked[1][1]["If-Range"]) == ("bytes=1000-", '"v1"')
    assert told[-1] == (len(TABLE), len(TABLE))


def test_a_file_that_changed_meanwhile_is_begun_again_not_patched_together(web, tmp_path):
    newer = TABLE.replace(b"Packing", b"Poultry")
    said = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
    url = web.at("/f.csv", cut(TABLE, 1000, **said), file(newer, ETag='"v2"', Accept_Ranges="bytes"))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == newer


def test_a_part_that_was_not_asked_for_is_not_taken(web, tmp_path):
    said = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
    wrong = lambda handler: handler.give(206, TABLE[5:], Content_Range=f"bytes 5-{len(TABLE) - 1}/{len(TABLE)}")  # noqa: E731
    url = web.at("/f.csv", cut(TABLE, 1000, **said), wrong, file(TABLE))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE


def test_redirects_are_followed_and_the_record_names_where_they_end(web, tmp_path):
    url = web.at("/old", redirect("/new/f.csv"))
    final = web.at("/new/f.csv", file(TABLE))
    path = wf.fetch(OSHA, to=tmp_path, url=url)
    assert (find_entry(path).obtained_from, path.suffix) == (url, ".csv")
    assert f"from {final}" in find_entry(path).note


def test_what_stands_below_a_redirect_is_not_waited_for(web, tmp_path):
    def answer(handler: Handler) -> None:
        handler.give(302, b"more to come", Location="/f.csv", Content_Length="1000000000")
        handler.server.closing.wait(10)

    url, _ = web.at("/old", answer), web.at("/f.csv", file(TABLE))
    assert wf.fetch(OSHA, to=tmp_path, url=url, timeout=5).read_bytes() == TABLE
    assert len(web.asked) == 2


def test_a_loop_of_redirects_is_left_after_five(web, tmp_path):
    refused(FetchFailed, web.at("/loop", redirect("/loop")), tmp_path, "redirects more than 5 times")
    assert len(web.asked) == 6


@pytest.mark.parametrize("away", ["file:///etc/hostname", "ftp://127.0.0.1/f.csv", "data:text/csv,a", "http://[::1"])
def test_a_redirect_away_from_the_web_is_not_followed(web, tmp_path, away):
    refused(FetchFailed, web.at("/away", redirect(away)), tmp_path, "no web address")


def test_a_redirect_from_a_secure_address_to_another_must_stay_secure():
    assert next_address("https://a.example/x/f", "../g") == "https://a.example/g"
    with pytest.raises(FetchFailed, match="not secure"):
        next_address("https://a.example/f", "http://a.example/f")


def test_a_file_that_is_gone_is_asked_for_once(web, tmp_path):
    error = refused(FetchFailed, web.at("/gone.csv", status(404)), tmp_path, "404 .*no longer at this address")
    assert "with url" in error.todo
    assert len(web.asked) == 1


def test_a_site_that_refuses_programs_is_asked_once_and_the_error_says_what_a_person_can_do(web, tmp_path):
    error = refused(FetchFailed, web.at("/f.csv", status(403)), tmp_path, "does not let programs")
    assert "in a browser" in error.todo
    assert len(web.asked) == 1


def test_a_server_error_is_tried_again_and_then_raised(web, tmp_path):
    refused(FetchFailed, web.at("/f.csv", status(500)), tmp_path, "answers 500")
    assert len(web.asked) == 4


def test_a_server_error_that_passes_is_not_noticed(web, tmp_path):
    url = web.at("/f.csv", status(500), status(429, Retry_After="0"), file(TABLE))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE


def test_a_server_that_is_not_there_ends_in_an_error(web, tmp_path):
    with serving() as other:
        url = other.at("/f.csv", file(TABLE))
    refused(FetchFailed, url, tmp_path, "cannot be reached")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (PAGE, "text/html", "a web page"),
        (PAGE, "text/csv", "a web page"),
        (PAGE.decode().encode("utf-16"), "text/csv", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "text/csv", "a web page"),
        (b'{"error": "no such file"}', "text/csv", "JSON"),
        (b"", "text/csv", "an empty file"),
    ],
)
def test_an_answer_in_place_of_the_file_is_refused_whatever_it_is_called(web, tmp_path, body, kind, words):
    refused(NotData, web.at("/f.csv", file(body, Content_Type=kind)), tmp_path, f"what came is {words}")


def test_a_file_stated_to_be_too_large_is_not_downloaded(web, tmp_path):
    told: list[int] = []
    url = web.at("/f.csv", file(TABLE))
    refused(TooLarge, url, tmp_path, r"at most 100 are accepted", max_bytes=100, progress=lambda n, _: told.append(n))
    assert told == []


def test_a_file_that_turns_out_too_large_is_dropped_on_the_way(web, tmp_path):
    done: list[int] = []
    url = web.at("/f.csv", endless(b"x" * 100_000, 200))
    refused(TooLarge, url, tmp_path, "150,000", max_bytes=150_000, progress=lambda n, _: done.append(n))
    assert max(done) <= 150_000


def test_bytes_beyond_the_stated_length_are_no_part_of_the_file(web, tmp_path):
    url = web.at("/f.csv", lambda handler: handler.give(200, TABLE + b"junk", Content_Length=str(len(TABLE))))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE


def test_a_file_with_another_hash_is_not_kept_and_both_hashes_are_named(web, tmp_path):
    error = refused(FileAltered, web.at("/f.csv", file(TABLE)), tmp_path, "not kept", sha256="0" * 64)
    assert sha256(TABLE).hexdigest() in error.what
    assert "0" * 64 in error.what
    assert len(web.asked) == 1


def test_a_file_with_the_hash_it_must_have_is_kept_and_not_fetched_twice(web, tmp_path):
    url, digest = web.at("/f.csv", file(TABLE)), sha256(TABLE).hexdigest()
    paths = {wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026", sha256=digest.upper()) for _ in range(2)}
    assert [path.read_bytes() for path in paths] == [TABLE]
    assert len(web.asked) == 1
    paths.pop().write_text("spoiled")
    with pytest.warns(RewrittenAtSource):
        assert wf.fetch(OSHA, to=tmp_path, url=url, vintage="2026", sha256=digest).read_bytes() == TABLE


def test_a_fetch_that_is_interrupted_leaves_nothing(web, tmp_path):
    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    url = web.at("/f.csv", file(TABLE))
    with pytest.raises(KeyboardInterrupt):
        wf.fetch(OSHA, to=tmp_path, url=url, progress=interrupt)
    assert left_in(tmp_path) == []
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE


def test_a_folder_that_cannot_be_written_to_is_named(web, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchFailed, match="cannot be stored") as caught:
        wf.fetch(OSHA, to=tmp_path / "file", url=web.at("/f.csv", file(TABLE)))
    assert caught.value.where == str(tmp_path / "file")


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://127.0.0.1/f.csv"},
        {"url": "file:///etc/hostname"},
        {"url": "http://"},
        {"url": "http://[::1"},
        {"url": "http://somebody:secret@127.0.0.1/f.csv"},
        {"url": "http://127.0.0.1/", "vintage": "../2026"},
        {"url": "http://127.0.0.1/", "sha256": "abc"},
        {"url": "http://127.0.0.1/", "max_bytes": 0},
        {"url": "http://127.0.0.1/", "timeout": 0},
        {"vintage": "1999-01"},
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_before_anything_is_asked(tmp_path, options):
    with pytest.raises(BadParameter) as caught:
        wf.fetch(OSHA, to=tmp_path / "new", **options)
    assert caught.value.todo
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_source_without_an_address_is_refused_with_its_landing_page(tmp_path):
    with pytest.raises(BadParameter, match=r"Download it by hand from https://www\.fsis\.usda\.gov/.*MANIFEST\.csv"):
        wf.fetch("us.fsis.humane_handling", to=tmp_path)
    with pytest.raises(BadParameter, match="no source is called"):
        wf.fetch("us.nobody.nothing", to=tmp_path)


def test_the_newest_vintage_known_is_fetched_unless_another_is_named(web, tmp_path, monkeypatch):
    table = addresses().iloc[:2].assign(source=OSHA, vintage=["2025-03", "2025-11"], period=["2015..2025-03", ""])
    table["url"] = [web.at("/old.csv", file(TABLE)), web.at("/new.csv", file(TABLE))]
    monkeypatch.setattr("welfare.sources.web.fetch.addresses", lambda: table)
    assert wf.fetch(OSHA, to=tmp_path).name == "us.osha.severe_injury_2025-11.csv"
    older = wf.fetch(OSHA, to=tmp_path, vintage="2025-03")
    assert (older.name, find_entry(older).period) == ("us.osha.severe_injury_2025-03.csv", "2015..2025-03")


def test_which_vintage_is_the_newest_is_a_matter_of_days_not_of_spelling(web, tmp_path, monkeypatch):
    # "FY2024" ends on 2024-09-30; as text it would come after "2025-03".
    table = addresses().iloc[:2].assign(source=OSHA, vintage=["2025-03", "FY2024"], period="")
    table["url"] = [web.at("/new.csv", file(TABLE)), web.at("/old.csv", file(TABLE))]
    monkeypatch.setattr("welfare.sources.web.fetch.addresses", lambda: table)
    assert wf.fetch(OSHA, to=tmp_path).name == "us.osha.severe_injury_2025-03.csv"


def test_every_address_known_is_secure_and_its_hash_a_hash():
    table = addresses()
    assert list(table) == ["source", "vintage", "period", "url", "sha256", "member", "note"]
    assert table["url"].str.fullmatch(r"https://[a-z0-9.-]+/\S+").all()
    assert table["sha256"].str.fullmatch(r"([0-9a-f]{64})?").all()
    assert table["source"].str.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+").all()
    assert not table.duplicated(["source", "vintage"]).any()
    assert set(table["source"]) <= set(wf.registry()["source"])


def test_the_page_for_people_explains_every_column_and_option():
    page = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "fetch.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9]+)` \|", page, flags=re.M) == list(addresses())
    options = set(inspect.signature(wf.fetch).parameters) - {"source", "to"}
    assert [name for name in options if not re.search(rf"`{name}[=`]|\b{name}=", page)] == []


def test_nothing_of_the_network_is_imported_before_something_is_fetched():
    script = (
        "import sys, welfare; welfare.fetch; print({'pooch', 'requests', 'urllib3', 'filelock'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
