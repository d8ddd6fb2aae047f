"""A folder of files: each recognised, the newest of each source taken, and every other file listed with why not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.sources.conftest import DIRECTORY, HUMANE, OSHA, PLANT, as_csv, headers
from welfare.errors import FileMissing, HeaderDrift, NoVintage, SourceMissing
from welfare.sources.folder import _is_of, read_folder
from welfare.sources.manifest import list_manifest

COUNTS = {"EstablishmentNumber": "M1", "inspection_tasks": "10", "noncompliance_records": "1"}
EVENT = {"ID": "1", "EventDate": "1/2/2016", "State": "OHIO"}
OLD_PLANT = {
    "est_number": "M1",
    "company": "Former Packing",
    "street": "1 Example Way",
    "city": "Sampletown",
    "st": "MA",
}
FILES = {
    "us/new.csv": (DIRECTORY, "2024", PLANT, "2025-06", "2025-06"),
    "us/mid.csv": (DIRECTORY, "2024", PLANT, "2024-09", "2024-09"),
    "us/later.csv": (DIRECTORY, "2024", PLANT, "2025-11", "2025-11"),
    "us/fiscal.csv": (DIRECTORY, "2024", PLANT, "FY2025", "FY2025"),
    "us/old.csv": (DIRECTORY, "2017", OLD_PLANT, "2017", "2017"),
    "us/fy23.csv": (HUMANE, "per_establishment", COUNTS, "FY2023", "FY2023"),
    "us/fy24.csv": (HUMANE, "per_establishment", COUNTS, "FY2024", "FY2024"),
    "us/fy24_again.csv": (HUMANE, "per_establishment", COUNTS, "FY2024b", "2024-01..2024-09"),
    "osha.csv": (OSHA, "2015", EVENT, "2017-02-28", "2015-01-01..2017-02-28"),
}


def write(folder: Path, *names: str) -> Path:
    rows = []
    for name in names:
        source, layout, record, vintage, period = FILES[name]
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(as_csv(headers(source, layout), [record]), encoding="utf-8")
        rows.append({"path": name, "vintage": vintage, "period": period})
    columns = ["path", "vintage", "period", "publisher", "obtained_from", "licence", "bytes", "sha256", "note"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "MANIFEST.csv", index=False)
    return folder


def roles(folder: Path, needed: list[str], **arguments: object) -> dict[str, tuple[str, str]]:
    files = read_folder(folder, needed, **arguments).files
    return {row.path: (row.role, row.reason) for row in files.itertuples()}


def test_of_snapshots_the_newest_is_used_and_the_others_are_listed(tmp_path):
    found = read_folder(write(tmp_path, "us/new.csv", "us/mid.csv"), [DIRECTORY])
    assert [bundle.vintage for bundle in found.used] == ["2025-06"]
    by_path = found.files.set_index("path")
    assert by_path.loc["us/mid.csv", ["source", "vintage", "used", "role", "reason"]].tolist() == [
        DIRECTORY,
        "2024-09",
        False,
        "not used",
        "older than us.fsis.mpi_directory@2025-06",
    ]
    assert by_path.loc["us/new.csv", ["used", "role"]].tolist() == [True, "used"]
    assert by_path.loc["MANIFEST.csv", "role"] == "manifest"


def test_a_vintage_by_fiscal_year_is_older_than_one_of_a_later_month(tmp_path):
    found = roles(write(tmp_path, "us/fiscal.csv", "us/later.csv", "us/new.csv"), [DIRECTORY])
    assert {path: role for path, (role, _) in found.items() if path.startswith("us/")} == {
        "us/fiscal.csv": "not used",
        "us/later.csv": "used",
        "us/new.csv": "not used",
    }


def test_files_over_different_times_stand_side_by_side_and_of_the_same_time_one_is_used(tmp_path):
    names = ("us/fy23.csv", "us/fy24.csv", "us/fy24_again.csv")
    used = {path: role for path, (role, _) in roles(write(tmp_path, *names), [HUMANE]).items()}
    assert used == {
        "MANIFEST.csv": "manifest",
        "us/fy23.csv": "used",
        "us/fy24.csv": "not used",
        "us/fy24_again.csv": "used",
    }


def test_of_older_directories_the_one_nearest_to_the_injuries_is_kept_for_linking(tmp_path):
    folder = write(tmp_path, "us/new.csv", "us/mid.csv", "us/old.csv", "osha.csv")
    found = roles(folder, [DIRECTORY], wanted=[OSHA])
    assert found["us/old.csv"][0] == "linking only"
    assert "nearest to the injuries' days" in found["us/old.csv"][1]
    assert found["us/mid.csv"][0] == "not used"
    assert {bundle.vintage for bundle in read_folder(folder, [DIRECTORY], wanted=[OSHA]).used} == {
        "2025-06",
        "2017",
        "2017-02-28",
    }


def test_files_the_study_cannot_use_are_listed_with_why(tmp_path):
    folder = write(tmp_path, "us/new.csv", "osha.csv")
    (folder / "other.csv").write_text("pigs,hens\n1,2\n", encoding="utf-8")
    (folder / "readme.txt").write_text("read me", encoding="utf-8")
    (folder / ".hidden.csv").write_text("pigs\n1\n", encoding="utf-8")
    found = roles(folder, [DIRECTORY])
    assert found["other.csv"] == ("not used", "its headers are of no source this version knows")
    assert found["readme.txt"] == ("not used", "no reader for .txt")
    assert found["osha.csv"] == ("not used", "us.osha.severe_injury is no part of this study")
    assert ".hidden.csv" not in found


def test_each_file_is_told_before_it_is_read(tmp_path):
    told: list[str] = []
    read_folder(write(tmp_path, "us/new.csv", "us/mid.csv", "osha.csv"), [DIRECTORY], progress=told.append)
    assert told == ["us/mid.csv", "us/new.csv"]


def test_a_missing_source_stops_the_study_and_is_named_with_its_title(tmp_path):
    with pytest.raises(SourceMissing, match="Severe Injury Reports") as caught:
        read_folder(write(tmp_path, "us/new.csv"), [DIRECTORY, OSHA])
    assert caught.value.where == str(tmp_path)
    assert caught.value.spoiled
    assert caught.value.todo


def test_a_file_without_vintage_stops_the_study(tmp_path):
    folder = write(tmp_path, "us/new.csv")
    (folder / "MANIFEST.csv").unlink()
    with pytest.raises(NoVintage, match="as of when") as caught:
        read_folder(folder, [DIRECTORY])
    assert caught.value.where.endswith("new.csv")
    assert "MANIFEST.csv" in caught.value.todo


def test_a_file_whose_headers_changed_stops_the_study(tmp_path):
    folder = write(tmp_path, "us/new.csv")
    path = folder / "us" / "new.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("latitude", "lat"), encoding="utf-8")
    with pytest.raises(HeaderDrift, match="lacks 'latitude'"):
        read_folder(folder, [DIRECTORY])


@pytest.mark.parametrize(("source", "name"), [(HUMANE, "us/fy23.csv"), (OSHA, "osha.csv"), (DIRECTORY, "us/later.csv")])
@pytest.mark.parametrize("said_more", ["", ", per establishment"])
def test_a_file_that_the_manifest_lists_and_that_is_not_there_stops_the_study(tmp_path, source, name, said_more):
    kept = {HUMANE: "us/fy24.csv", OSHA: "us/new.csv", DIRECTORY: "us/new.csv"}[source]
    folder = write(tmp_path, "us/new.csv", *{kept, name} - {"us/new.csv"})
    titles = wf.registry().set_index("source")["title"]
    manifest = pd.read_csv(folder / "MANIFEST.csv", dtype=str)
    manifest["title"] = [titles[FILES[path][0]] + said_more for path in manifest["path"]]
    manifest.to_csv(folder / "MANIFEST.csv", index=False)
    assert read_folder(folder, [DIRECTORY], wanted=[source]).used
    (folder / name).unlink()
    with pytest.raises(FileMissing, match=r"the file is not there, and .*MANIFEST\.csv lists it") as caught:
        read_folder(folder, [DIRECTORY], wanted=[source])
    assert caught.value.where == str(folder / name)
    assert source in str(caught.value)


def test_a_title_that_only_begins_alike_is_another_s(tmp_path):
    folder = write(tmp_path, "us/new.csv", "osha.csv")
    manifest = pd.read_csv(folder / "MANIFEST.csv", dtype=str)
    title = wf.registry().set_index("source").loc[OSHA, "title"]
    manifest["title"] = ["", f"{title} of another agency"]
    manifest.to_csv(folder / "MANIFEST.csv", index=False)
    (folder / "osha.csv").unlink()
    assert [bundle.source for bundle in read_folder(folder, [DIRECTORY], wanted=[OSHA]).used] == [DIRECTORY]


@pytest.mark.real
def test_each_file_of_the_real_manifest_is_found_by_its_title(shared):
    listed = list_manifest(shared / "data" / "MANIFEST.csv")
    listed = listed[~listed["path"].str.startswith("reference/")]
    book = wf.registry()
    named = {title: book.loc[_is_of(title, book["title"]), "source"].tolist() for title in listed["title"]}
    assert {title for title, sources in named.items() if not sources} == {
        "Column names and 5 rows of the task-level humane handling file",
        "The same, unpivoted: what a correct loader of the workbook yields",
    }
    found = {source for sources in named.values() for source in sources}
    assert set(book["source"]) - found == {
        "us.osha.ita_300a",
        "user.line_speeds_measured",
    }  # no file of theirs is there


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileMissing, match="no such folder"):
        read_folder(tmp_path / "absent", [DIRECTORY])
