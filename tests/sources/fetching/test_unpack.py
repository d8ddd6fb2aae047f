"""Zips from elsewhere, honest and hostile: one table comes out, and nothing else does anything."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import welfare as wf
from tests.sources.conftest import OSHA
from tests.sources.fetching.conftest import file, left_in
from welfare.errors import NotData, RewrittenAtSource, TooLarge, UnsafeArchive, WelfareError
from welfare.sources.manifest import find_entry
from welfare.sources.web.fetch import addresses
from welfare.sources.web.unpack import choose_member, is_archive, unpack

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TABLE = b"ID,Employer\n" + b"".join(b"%d,Example Packing\n" % i for i in range(2000))
DAY = (2026, 11, 25, 0, 0, 0)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, DAY)
            archive.writestr(info, body, compress_type=zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def test_the_table_in_a_zip_is_unpacked_and_the_zip_kept_both_with_a_record(web, tmp_path):
    body = zipped(("docs/", b""), ("docs/read me.pdf", b"%PDF"), ("Data 2025.CSV", TABLE), ("__MACOSX/._D.csv", b"x"))
    path = wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(body)), vintage="2025")
    archive = tmp_path / "us.osha.severe_injury_2025.zip"
    assert path == tmp_path / "us.osha.severe_injury_2025.csv"
    assert (path.read_bytes(), archive.read_bytes()) == (TABLE, body)
    assert find_entry(path).note.endswith("; unpacked from us.osha.severe_injury_2025.zip, where it is Data 2025.CSV")
    assert find_entry(archive).size_bytes == len(body)
    assert left_in(tmp_path) == ["MANIFEST.csv", path.name, archive.name]


def test_the_same_zip_again_changes_nothing(web, tmp_path):
    url = web.at("/data.zip", file(zipped(("data.csv", TABLE))))
    first = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025") == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_zip_packed_anew_around_the_same_table_is_kept_without_alarm(web, tmp_path):
    url = web.at("/data.zip", file(zipped(("data.csv", TABLE))), file(zipped(("data.csv", TABLE), ("note.pdf", b"%"))))
    first = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025")
    assert wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025") == first
    assert len(list(tmp_path.glob("*.zip"))) == 2
    assert len(list(tmp_path.glob("*.csv"))) == 2  # the table and the manifest


def test_a_zip_with_another_table_leaves_the_first_and_says_so(web, tmp_path):
    url = web.at("/data.zip", file(zipped(("data.csv", TABLE))), file(zipped(("data.csv", TABLE + b"9999,New\n"))))
    first = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025")
    with pytest.warns(RewrittenAtSource):
        second = wf.fetch(OSHA, to=tmp_path, url=url, vintage="2025")
    assert first.read_bytes() == TABLE
    assert second.read_bytes() == TABLE + b"9999,New\n"


def test_of_several_tables_the_one_that_the_shipped_list_names_is_unpacked(web, tmp_path, monkeypatch):
    url = web.at("/data.zip", file(zipped(("a.csv", b"other\n1\n"), ("deep/b.csv", TABLE))))
    table = addresses().iloc[:1].assign(source=OSHA, vintage="2025", url=url, sha256="", member="deep/b.csv")
    monkeypatch.setattr("welfare.sources.web.fetch.addresses", lambda: table)
    assert wf.fetch(OSHA, to=tmp_path).read_bytes() == TABLE
    table["member"] = "deep/c.csv"
    with pytest.raises(NotData, match=r"0 files called 'deep/c\.csv'; in it are: a\.csv, deep/b\.csv"):
        wf.fetch(OSHA, to=tmp_path / "other")


@pytest.mark.parametrize("name", ["../evil.csv", "a/../../evil.csv", "/evil.csv", "C:\\evil.csv", "..\\evil.csv"])
def test_a_zip_with_a_path_out_of_it_is_refused_whole(web, tmp_path, name):
    hostile = zipfile.ZipInfo("x", DAY)
    hostile.filename = hostile.orig_filename = name
    url = web.at("/data.zip", file(zipped(("data.csv", TABLE), (hostile, b"evil"))))
    with pytest.raises(UnsafeArchive, match="leads out of it"):
        wf.fetch(OSHA, to=tmp_path / "raw", url=url)
    assert left_in(tmp_path) == ["raw"]


def test_a_bomb_is_refused_by_how_far_it_shrank(web, tmp_path):
    url = web.at("/bomb.zip", file(zipped(("data.csv", b"0" * 20_000_000))))
    with pytest.raises(UnsafeArchive, match=r"unpacks to 9\d\d|unpacks to 1,0\d\d"):
        wf.fetch(OSHA, to=tmp_path, url=url)
    assert left_in(tmp_path) == []


def test_a_file_that_unpacks_too_large_is_refused(web, tmp_path):
    body = zipped(("data.csv", TABLE))
    limit = len(TABLE) - 1
    assert len(body) < limit
    with pytest.raises(TooLarge, match="in the zip"):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(body)), max_bytes=limit)
    assert left_in(tmp_path) == []


def test_a_zip_that_lies_about_a_size_yields_no_more_than_it_states(tmp_path):
    body = zipped(("data.csv", TABLE))
    stated = len(TABLE).to_bytes(4, "little")
    assert body.count(stated) == 2  # beside the file and in the list at the end
    (tmp_path / "lie.zip").write_bytes(body.replace(stated, (100).to_bytes(4, "little")))
    with pytest.raises(NotData, match="cannot be unpacked"):
        unpack(tmp_path / "lie.zip", "data.csv", tmp_path / "out.csv", max_bytes=1000)
    assert left_in(tmp_path) == ["lie.zip"]


def test_a_link_in_a_zip_is_not_made(web, tmp_path):
    link = zipfile.ZipInfo("data.csv", DAY)
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeArchive, match="a link to another"):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(zipped((link, b"/etc/hostname")))))
    assert left_in(tmp_path) == []


def test_an_encrypted_file_is_refused(web, tmp_path):
    body = bytearray(zipped(("data.csv", TABLE)))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + flags] |= 1
    with pytest.raises(UnsafeArchive, match="encrypted"):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(bytes(body))))
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("damage", [slice(0, 300), slice(60, None)], ids=["its end is missing", "bytes are missing"])
def test_a_damaged_zip_is_refused(web, tmp_path, damage):
    body = zipped(("data.csv", TABLE))
    broken = body[damage] if damage.start == 0 else body[:50] + body[60:]
    with pytest.raises(NotData, match="cannot be unpacked"):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(broken)))
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("a.csv", TABLE), ("b.csv", TABLE)], "2 tables, where one was expected; in it are: a.csv, b.csv"),
        ([("read me.pdf", b"%PDF")], "0 tables, where one was expected; in it are: read me.pdf"),
        ([], "in it are: no files"),
        ([("data.csv", b"<html>gone</html>")], "a web page"),
        ([("data.csv", b"")], "an empty file"),
    ],
)
def test_a_zip_without_the_one_table_is_refused_with_what_is_in_it(web, tmp_path, members, words):
    body = zipped(*members) if members else b"PK\x03\x04" + zipped()
    with pytest.raises(NotData, match=words):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(body)))
    assert left_in(tmp_path) == []


def test_a_workbook_is_a_zip_that_is_left_whole(web, tmp_path):
    body = zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))
    path = wf.fetch(OSHA, to=tmp_path, url=web.at("/export?id=7", file(body)), vintage="2025")
    assert path.name == "us.osha.severe_injury_2025.xlsx"
    assert path.read_bytes() == body


@pytest.mark.parametrize(
    ("start", "stated", "suffix"),
    [
        (b"\xd0\xcf\x11\xe0", "/f.csv", ".xls"),
        (b"ID,Employer\n", "/f.xlsx", ".csv"),
        (b"ID,Employer\n", "/export.aspx", ".csv"),
        (b'{"type": "FeatureCollection"}', "/f.geojson", ".geojson"),
    ],
)
def test_a_file_is_named_for_what_it_is_not_for_what_its_address_says(web, tmp_path, start, stated, suffix):
    assert wf.fetch(OSHA, to=tmp_path, url=web.at(stated, file(start))).suffix == suffix


def test_what_is_called_a_zip_and_is_none_is_refused(web, tmp_path):
    with pytest.raises(NotData, match="what came is no zip"):
        wf.fetch(OSHA, to=tmp_path, url=web.at("/data.zip", file(TABLE)))
    assert left_in(tmp_path) == []


def test_a_body_coded_for_the_way_is_decoded_and_its_decoded_size_limited(web, tmp_path):
    url = web.at("/f.csv", file(gzip.compress(TABLE), Content_Encoding="gzip"))
    assert wf.fetch(OSHA, to=tmp_path, url=url).read_bytes() == TABLE
    with pytest.raises(TooLarge):
        wf.fetch(OSHA, to=tmp_path / "new", url=url, max_bytes=len(TABLE) - 1)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_no_zip_however_mangled_raises_anything_but_the_librarys_errors(
    tmp_path_factory: pytest.TempPathFactory, extra: bytes, at: int, byte: int
) -> None:
    body = bytearray(zipped(("data.csv", TABLE[:200]), ("read me.pdf", extra)))
    body[at % len(body)] = byte
    folder = tmp_path_factory.mktemp("mangled")
    path = folder / "data.zip"
    path.write_bytes(bytes(body))
    try:
        if is_archive(path):
            unpack(path, choose_member(path), folder / "out.csv", max_bytes=10_000)
    except WelfareError as error:
        assert error.where
        assert not (folder / "out.csv").exists()
