"""A bundle written to a folder comes back as it was, and what tells of a person does not leave."""

from __future__ import annotations

from dataclasses import fields, replace

import geopandas
import pandas as pd
import pyarrow.parquet as pq
import pytest
from shapely.geometry import box

from welfare.errors import BadParameter, ContractBroken, FileMissing
from welfare.schema.columns import conform
from welfare.schema.provenance import read_provenance, write_parquet
from welfare.schema.storage import read_tables, source_record, write_tables
from welfare.schema.tables import Tables, no_conversions

SOURCE_ID = "xx.food.visits@2024-03"
SAYS = "K. Smith kicked a pig"


def _marked(table: str, **columns: list[object]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    marks = {
        "record_id": [f"{SOURCE_ID}#{i}" for i in range(1, rows + 1)],
        "source_id": [SOURCE_ID] * rows,
        "source_row": range(1, rows + 1),
    }
    return conform(pd.DataFrame({**marks, **columns}), table)


@pytest.fixture
def bundle() -> Tables:
    outlines = geopandas.GeoSeries([box(-75.5, 38.5, -75.4, 38.6), box(-75.2, 38.1, -75.1, 38.2)], crs="EPSG:4326")
    frames = {
        "findings": _marked(
            "findings",
            facility_id=["xx:0042", None],
            date=pd.to_datetime(["2024-02-29", None]),
            repeat=[True, None],
            narrative=[SAYS, None],
        ),
        "inspections": _marked("inspections", facility_id=["xx:0042", "xx:1"], tasks_count=[3, None]),
        "measures": _marked("measures", quantity=["lice", "lice"], value=[0.1 + 0.2, None], basis=["measured"] * 2),
        "footprints": _marked("footprints", footprint_id=["1", "2"], geometry=outlines, area_m2=[1.5, None]),
    }
    return Tables(
        source_id=SOURCE_ID,
        source="xx.food.visits",
        vintage="2024-03",
        frames=frames,
        rejects=pd.DataFrame({"row": [3], "reason": ["visited: 'soon' is not a date"]}),
        raw=pd.DataFrame({"n\u00ba": ["0042", "1", "2"], "inspector": ["K. Smith", "", "K. Smith"]}, dtype="str"),
        notes=("one", "two"),
        path="data/visits.csv",
        sha256="ab" * 32,
        publisher="Food Agency",
        obtained_from="somebody's copy",
        licence="open",
        period=(pd.Timestamp("2024-01-01").as_unit("s"), pd.Timestamp("2024-03-31").as_unit("s")),
        withheld=("inspector",),
        simulated=True,
        conversions=pd.DataFrame(
            [["housing", "area_m2", "ft", "ft2", "m2", "x 0.09290304"]], columns=list(no_conversions())
        ),
    )


def _same(one: Tables, other: Tables) -> None:
    assert list(one.frames) == list(other.frames)
    for name, frame in one:
        pd.testing.assert_frame_equal(frame, other.frames[name])
        assert type(frame) is type(other.frames[name])
    for part in fields(Tables):
        mine, theirs = getattr(one, part.name), getattr(other, part.name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, theirs, check_dtype=part.name != "conversions")
        elif part.name != "frames":
            assert mine == theirs, part.name


def test_unmasked_a_bundle_comes_back_as_it_was(bundle, tmp_path):
    back = read_tables(write_tables(bundle, tmp_path / "visits", mask=False))
    _same(bundle, back)
    assert back.footprints.crs == "EPSG:4326"
    assert back.footprints.geometry.geom_equals(bundle.footprints.geometry).all()
    assert back.period == bundle.period
    assert back.measures["value"].iloc[0] == 0.1 + 0.2


def test_a_bundle_of_which_little_is_known_comes_back_too(bundle, tmp_path):
    bare = replace(bundle, vintage=None, period=None, notes=(), withheld=(), conversions=no_conversions(), frames={})
    _same(bare, read_tables(write_tables(bare, tmp_path)))


def test_what_tells_of_a_person_is_written_as_withheld_by_default(bundle, tmp_path):
    back = read_tables(write_tables(bundle, tmp_path))
    assert back.raw["inspector"].tolist() == ["withheld", "", "withheld"]
    assert back.raw["n\u00ba"].tolist() == ["0042", "1", "2"]
    assert back.findings["narrative"].iloc[0] == "withheld"
    assert pd.isna(back.findings["narrative"].iloc[1])
    assert not [path for path in tmp_path.iterdir() if b"Smith" in path.read_bytes()]
    assert bundle.raw["inspector"].iloc[0] == "K. Smith"
    assert bundle.findings["narrative"].iloc[0] == SAYS


def test_every_file_says_by_itself_where_its_rows_come_from(bundle, tmp_path):
    write_tables(bundle, tmp_path)
    names = {path.stem for path in tmp_path.iterdir()}
    assert names == {"findings", "inspections", "measures", "footprints", "rejects", "raw"}
    for name in names:
        said = read_provenance(tmp_path / f"{name}.parquet")
        assert said["table"] == name
        for part in ("source_id", "source", "vintage", "path", "sha256", "publisher", "obtained_from", "licence"):
            assert said[part] == getattr(bundle, part)
        assert said["period"] == ["2024-01-01T00:00:00", "2024-03-31T00:00:00"]
        assert (said["withheld"], said["simulated"], said["notes"]) == (["inspector"], True, ["one", "two"])
        assert said["conversions"]["rows"] == [["housing", "area_m2", "ft", "ft2", "m2", "x 0.09290304"]]


def test_one_frame_written_by_a_user_keeps_it_as_well(bundle, tmp_path):
    path = write_parquet(bundle.findings, tmp_path / "mine.parquet", source_record(bundle))
    assert read_provenance(path)["sha256"] == bundle.sha256
    assert pd.read_parquet(path)["narrative"].dropna().tolist() == ["withheld"]


def test_outlines_are_geoparquet_that_others_can_read(bundle, tmp_path):
    path = write_parquet(bundle.footprints, tmp_path / "barns.parquet", source_record(bundle))
    assert b"geo" in pq.read_schema(path).metadata
    assert geopandas.read_parquet(path).geometry.geom_equals(bundle.footprints.geometry).all()


def test_a_folder_of_another_source_is_refused_and_the_same_one_written_again(bundle, tmp_path):
    write_tables(bundle, tmp_path)
    write_tables(replace(bundle, notes=("three",)), tmp_path)
    assert read_tables(tmp_path).notes == ("three",)
    with pytest.raises(BadParameter, match=r"holds xx\.food\.visits@2024-03, and this is yy\.food@1"):
        write_tables(replace(bundle, source_id="yy.food@1"), tmp_path)
    assert read_tables(tmp_path).source_id == SOURCE_ID


@pytest.mark.parametrize("name", ["raw", "rejects", "findings"])
def test_a_folder_that_lacks_a_file_is_not_read_as_if_it_were_whole(bundle, tmp_path, name):
    write_tables(bundle, tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(FileMissing, match=f"holds no {name}"):
        read_tables(tmp_path)


def test_a_table_of_another_file_among_them_is_refused(bundle, tmp_path):
    write_tables(bundle, tmp_path / "one")
    write_tables(replace(bundle, sha256="cd" * 32), tmp_path / "two")
    (tmp_path / "two" / "findings.parquet").replace(tmp_path / "one" / "findings.parquet")
    with pytest.raises(ContractBroken, match="cdcdcdcdcdcd"):
        read_tables(tmp_path / "one")


def test_a_parquet_file_of_somebody_else_is_no_bundle(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "raw.parquet")
    with pytest.raises(FileMissing, match=r"no raw\.parquet of a bundle"):
        read_tables(tmp_path)


def test_a_bundle_saves_itself_and_is_loaded_as_it_was(bundle, tmp_path):
    assert bundle.save(tmp_path) == tmp_path
    loaded = Tables.load(tmp_path)
    assert (loaded.source_id, loaded.sha256, loaded.notes) == (bundle.source_id, bundle.sha256, bundle.notes)
    assert list(loaded.frames) == list(bundle.frames)
    pd.testing.assert_frame_equal(loaded.findings.drop(columns="narrative"), bundle.findings.drop(columns="narrative"))
