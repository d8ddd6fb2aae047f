"""The agencies' own files, whole: a row says its record, a record is a row or a reject, each leads back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from welfare.errors import NotData, UnknownSource
from welfare.schema.storage import read_tables, write_tables
from welfare.schema.tables import Tables
from welfare.sources.manifest import list_manifest
from welfare.sources.raw.files import STRUCTURED, WORKBOOKS
from welfare.sources.read import read
from welfare.sources.registry import registry
from welfare.sources.trace import trace

pytestmark = [pytest.mark.real, pytest.mark.slow]

# Registered sources of which no file of the agency's own is at hand: fixtures in their layout stand in.
WITHOUT_FILE = {"user.line_speeds_measured", "us.osha.ita_300a"}


@pytest.fixture(scope="module")
def bundles(shared: Path) -> dict[str, Tables]:
    """Every file the manifest lists that is a registered source's, by its path."""
    found = {}
    for name in list_manifest(shared / "data" / "MANIFEST.csv")["path"]:
        path = shared / "data" / name
        if name.startswith("reference/") or path.suffix.lower() not in {".csv", *WORKBOOKS, *STRUCTURED}:
            continue
        try:
            found[name] = read(path)
        except (UnknownSource, NotData):
            continue  # a dictionary of columns, or the expected result of another file
    return found


def test_every_registered_source_with_a_file_is_among_them(bundles):
    read_here = {tables.source for tables in bundles.values()}
    assert read_here | WITHOUT_FILE >= set(registry()["source"])
    assert len(bundles) >= 8


def test_every_row_says_its_source_and_a_record_the_file_has(bundles):
    for name, tables in bundles.items():
        for table, frame in tables:
            assert len(frame), (name, table)
            assert set(frame["source_id"]) == {tables.source_id}, (name, table)
            assert frame["source_row"].between(1, len(tables.raw)).all(), (name, table)
            assert (frame["record_id"] == tables.source_id + "#" + frame["source_row"].astype("str")).all(), (
                name,
                table,
            )


def test_every_record_is_in_a_table_or_rejected_and_none_is_both(bundles):
    for name, tables in bundles.items():
        used = {int(number) for _, frame in tables for number in frame["source_row"]}
        rejected = [int(number) for number in tables.rejects["row"]]
        assert len(rejected) == len(set(rejected)), name
        assert not used & set(rejected), name
        assert used | set(rejected) == set(range(1, len(tables.raw) + 1)), name


def test_the_first_the_middle_and_the_last_row_lead_to_the_records_cells(bundles):
    for name, tables in bundles.items():
        for table, frame in tables:
            rows = frame.iloc[[0, len(frame) // 2, -1]]
            shown = trace(rows, tables, mask=False)
            assert shown["source_row"].tolist() == rows["source_row"].tolist(), (name, table)
            for number, original, record in shown[["source_row", "original", "record"]].itertuples(index=False):
                cells = tables.raw.iloc[number - 1]
                filled = cells[cells != ""]
                assert record == "; ".join(f"{header}: {cell}" for header, cell in filled.items()), (name, number)
                if Path(tables.path).suffix.lower() not in STRUCTURED:
                    parsed = next(csv.reader(io.StringIO(original, newline="")))
                    assert [cell.strip() for cell in parsed if cell.strip()] == filled.tolist(), (name, number)


def test_no_withheld_cell_is_shown_of_any_file(bundles):
    for name, tables in bundles.items():
        for header in tables.withheld:
            told = tables.raw[tables.raw[header].str.len() > 25].head(50)
            rows = told.assign(source_id=tables.source_id, source_row=told.index + 1)[["source_id", "source_row"]]
            if rows.empty:
                continue
            shown = trace(rows, tables)
            for cell, original, record in zip(told[header], shown["original"], shown["record"], strict=True):
                assert cell not in original + record, (name, header)


def test_every_bundle_comes_back_from_parquet(bundles, tmp_path):
    for name, tables in bundles.items():
        back = read_tables(write_tables(tables, tmp_path / name.replace("/", "-")))
        assert back.source_id == tables.source_id
        assert (back.path, back.sha256, back.period) == (tables.path, tables.sha256, tables.period)
        for table, frame in tables:
            assert back.frames[table].dtypes.equals(frame.dtypes), (name, table)
            assert len(back.frames[table]) == len(frame), (name, table)
            whole = [column for column in frame if column not in ("narrative", "geometry")]
            assert back.frames[table][whole].equals(frame[whole]), (name, table)
        shown = [header for header in tables.raw if header not in tables.withheld]
        assert back.raw[shown].equals(tables.raw[shown]), name
        assert trace(next(iter(back.frames.values())).head(1), back)["path"].item() == tables.path
