"""The simulated files are laid out as the agencies' are, say that they are simulated, and are the same each time."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from welfare.errors import BadParameter
from welfare.examples import MINIMUM_PLANTS, write_example
from welfare.schema.codes import data_folder, shipped
from welfare.sources.read import read

LAYOUTS = {
    "mpi_directory_2017": ("us.fsis.mpi_directory", "2017"),
    "mpi_directory_2025-06": ("us.fsis.mpi_directory", "2024"),
    "establishment_demographics": ("us.fsis.establishment_demographics", "2025"),
    "humane_handling": ("us.fsis.humane_handling", "per_establishment"),
    "poultry_line_speed_waivers": ("us.fsis.line_speed_waivers", "2023"),
    "severe_injury_reports": ("us.osha.severe_injury", "2015"),
    "line_speeds_measured": ("user.line_speeds_measured", "1"),
}


def rows_of(path: Path) -> list[list[str]]:
    encoding = "latin-1" if "osha" in path.parts else "utf-8"
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.reader(stream, strict=True))


def layout_of(path: Path) -> tuple[str, str]:
    (found,) = (layout for start, layout in LAYOUTS.items() if path.name.startswith(start))
    return found


def test_there_is_one_file_per_source_and_year(planted):
    names = [path.relative_to(planted.folder).as_posix() for path in planted.files()]
    years = range(2017, 2025)
    assert names == sorted(
        [
            "us/fsis/establishment_demographics_2025-06.csv",
            "us/fsis/mpi_directory_2017.csv",
            "us/fsis/mpi_directory_2025-06.csv",
            "us/fsis/poultry_line_speed_waivers.csv",
            *(f"us/fsis/humane_handling_fy{year}.csv" for year in years),
            *(f"us/osha/severe_injury_reports_{year}.csv" for year in years),
            *(f"user/line_speeds_measured_{year}.csv" for year in years),
        ]
    )


def test_headers_are_those_of_the_column_maps(planted):
    for path in planted.files():
        source, layout = layout_of(path)
        book = shipped(f"column_maps/{source}.csv")
        wanted = book.loc[(book["layout"] == layout) & (book["header"] != ""), "header"]
        assert rows_of(path)[0] == list(dict.fromkeys(wanted)), path.name


@pytest.mark.real
@pytest.mark.parametrize(
    ("simulated", "real"),
    [
        ("us/fsis/mpi_directory_2017.csv", "us/fsis/mpi_directory_2017.csv"),
        ("us/fsis/mpi_directory_2025-06.csv", "us/fsis/mpi_directory_2025-06.csv"),
        ("us/fsis/establishment_demographics_2025-06.csv", "us/fsis/establishment_demographics_2025-06.csv"),
        ("us/fsis/humane_handling_fy2024.csv", "us/fsis/humane_handling_fy2024_by_establishment.csv"),
        ("us/fsis/poultry_line_speed_waivers.csv", "us/fsis/poultry_line_speed_waivers.csv"),
        ("us/osha/severe_injury_reports_2017.csv", "us/osha/severe_injury_reports_2015-2017.csv"),
    ],
)
def test_the_header_line_is_the_agencys_own_to_the_byte(planted, shared, simulated, real):
    lines = [
        path.read_bytes().splitlines(keepends=True)[0] for path in (planted.folder / simulated, shared / "data" / real)
    ]
    assert lines[0] == lines[1]


def test_every_row_says_that_it_is_simulated(planted):
    for path in planted.files():
        rows = rows_of(path)
        assert len(rows) > 1
        assert all("SIM" in ",".join(row).upper() for row in rows[1:]), path.name


def test_the_manifest_tells_size_hash_period_and_that_nothing_is_real(planted):
    manifest = pd.read_csv(planted.folder / "MANIFEST.csv", dtype=str)
    assert set(manifest["path"]) == {path.relative_to(planted.folder).as_posix() for path in planted.files()}
    for row in manifest.itertuples():
        content = (planted.folder / row.path).read_bytes()
        assert (int(row.bytes), row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert set(manifest["publisher"]) == {"SIMULATED"}
    periods = manifest.set_index("path")["period"]
    assert periods["us/fsis/humane_handling_fy2017.csv"] == "2016-10-01..2017-09-30"
    assert periods["us/osha/severe_injury_reports_2024.csv"] == "2024-01-01..2024-12-31"


@pytest.mark.real
def test_the_manifest_has_the_columns_of_the_real_one(planted, shared):
    theirs = pd.read_csv(shared / "data" / "MANIFEST.csv", nrows=0)
    assert list(pd.read_csv(planted.folder / "MANIFEST.csv", nrows=0)) == list(theirs)


def test_the_reader_recognises_every_file_and_rejects_no_row(planted):
    for path in planted.files():
        tables = read(path)
        assert (tables.source, tables.simulated, len(tables.rejects)) == (layout_of(path)[0], True, 0)
        assert len(tables.raw) == len(rows_of(path)) - 1


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    folders = [tmp_path / name for name in ("first", "again", "other")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        write_example(folder, seed=seed, plants=MINIMUM_PLANTS)
    first, again, other = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*.csv")} for f in folders)
    assert first == again
    assert all(first[name] != other[name] for name in first)


def test_without_planting_only_findings_and_injuries_differ(planted, unplanted):
    for name in ("us/fsis", "user"):
        for path in sorted((planted.folder / name).glob("*.csv")):
            twin = unplanted.folder / path.relative_to(planted.folder)
            if "humane" not in path.name:
                assert path.read_bytes() == twin.read_bytes(), path.name
                continue
            ours, theirs = pd.read_csv(path), pd.read_csv(twin)
            pd.testing.assert_frame_equal(ours.iloc[:, :2], theirs.iloc[:, :2])
    assert (unplanted.truth.plants["findings_ratio"] == 1).all()
    assert (unplanted.truth.regime_ratio, unplanted.truth.bad_ratio, unplanted.truth.planted) == (1.0, 1.0, False)


def test_plants_where_nothing_is_planted_have_the_same_records_either_way(planted, unplanted):
    plain = planted.truth.plants
    plain = set(plain.loc[plain["findings_ratio"] == 1, "establishment_number"])
    for year in range(2017, 2025):
        ours, theirs = (pd.read_csv(e.folder / f"us/fsis/humane_handling_fy{year}.csv") for e in (planted, unplanted))
        kept = ours["EstablishmentNumber"].isin(plain)
        assert kept.sum() > 500
        pd.testing.assert_frame_equal(ours[kept], theirs[kept])


def test_plants_stand_inside_their_states(planted):
    outlines = geopandas.read_file(data_folder() / "boundaries" / "us_states.geojson").set_index("code").geometry
    directory = read(planted.folder / "us/fsis/mpi_directory_2025-06.csv").facilities
    for state, rows in directory.groupby("region"):
        assert shapely.contains_xy(outlines[state], rows["longitude_deg"], rows["latitude_deg"]).all(), state


def test_the_mess_of_the_real_files_is_there(planted):
    osha = b"".join(path.read_bytes() for path in (planted.folder / "us/osha").glob("*.csv"))
    assert b"\x92" in osha and b"\xe9" in osha and b"\xb0" in osha
    with pytest.raises(UnicodeDecodeError):
        osha.decode("utf-8")
    directory = pd.read_csv(planted.folder / "us/fsis/mpi_directory_2025-06.csv", dtype=str, keep_default_na=False)
    assert directory["zip"].str.fullmatch(r"\d{4}(-\d{4})?").any()  # a lost leading zero
    assert directory["zip"].str.contains("-").any()
    assert {"N / A", "", "Very Small", "Small", "Large"} == set(directory["size"])
    assert directory["establishment_number"].str.contains("+", regex=False).any()
    older = pd.read_csv(planted.folder / "us/fsis/mpi_directory_2017.csv", dtype=str, keep_default_na=False)
    changed = (older["company"] != directory["establishment_name"]).mean()
    assert 0.05 < changed < 0.2
    tasks = read(planted.folder / "us/fsis/humane_handling_fy2020.csv").inspections["tasks_count"]
    assert tasks.min() >= 5 and len(tasks) < (planted.truth.plants["kind"] == "livestock").sum()


def test_the_npis_waiver_flag_is_not_the_waiver_list(planted):
    plants = planted.truth.plants
    listed = read(planted.folder / "us/fsis/poultry_line_speed_waivers.csv").identifiers["identifier"]
    systems = read(planted.folder / "us/fsis/establishment_demographics_2025-06.csv").slaughter
    flagged = systems.loc[systems["inspection_system"] == "npis_waiver", "facility_id"].str.replace("us.fsis:", "P")
    assert len(listed) > 30 and len(flagged) == 6
    assert set(listed).isdisjoint(flagged)
    waived = plants[plants["waiver_from"] != ""]
    assert set("P" + waived["establishment_id"]) == set(listed)
    assert set(waived["regime"]) == {"npis"} and set(waived["species"]) == {"young_chicken"}


@pytest.mark.parametrize("wrong", [{"plants": MINIMUM_PLANTS - 1}, {"plants": 10_000}, {"plants": 300.0}, {"seed": -1}])
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(BadParameter):
        write_example(tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_a_small_industry_holds_every_effect(tmp_path):
    truth = write_example(tmp_path, seed=np.int64(1), plants=MINIMUM_PLANTS)
    assert len(truth.bad_plants) == 2 and len(truth.cluster_members) >= 6
    assert truth.plants["district"].eq(truth.weak_district).any()
    assert (truth.plants["waiver_from"] != "").any() and truth.plants["npis_waiver_flag"].any()
