"""What tells of a person is marked where a file's columns are described, and is in nothing the library shows."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from welfare.schema.codes import data_folder
from welfare.schema.columns import columns, table_names
from welfare.schema.provenance import personal_columns
from welfare.schema.storage import write_tables
from welfare.sources.describe import describe
from welfare.sources.manifest import list_manifest
from welfare.sources.raw.personal import likely_personal
from welfare.sources.read import read
from welfare.sources.trace import trace

# Headers whose words are those of columns about people, and which are shown all the same: source, header, why.
# An entry that no longer names a header of a map is an error, so that none outlives its reason.
SHOWN = {
    ("us.fsis.mpi_directory", "phone"): "the establishment's own number, published by the agency with its address",
    ("us.osha.ita_300a", "industry_description"): "how the employer words its industry",
    ("ca.dfo.", "Licence Holder"): "a company: five names in all",
    ("ca.dfo.", "Comments"): "set phrases about the count: all 92 and 6 of them were read, none is about a person",
    ("gb.fsa.", "Remarks"): "kinds of product: ten in all",
    ("in.fwi.", "Did the farmer do pond preparation?"): "yes or no",
    ("in.fwi.", "Is the farmer planning to do pond preparation?"): "yes or no",
    ("in.fwi.", "Harvest reason"): "three set phrases",
}
MAPS = sorted(data_folder().glob("column_maps/*.csv"))


def _book(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def _shown_with_reason(source: str, header: str) -> bool:
    return any(source.startswith(prefix) and header == name for prefix, name in SHOWN)


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_a_header_whose_words_tell_of_a_person_is_withheld_or_its_exception_has_a_reason(path):
    book = _book(path)
    for layout, rows in book.groupby("layout"):
        withheld = set(rows.loc[rows["transform"] == "withheld", "header"])
        likely = {header for header in rows["header"] if likely_personal(header)}
        bare = {header for header in likely - withheld if not _shown_with_reason(path.stem, header)}
        assert not bare, f"{path.name}, layout {layout}: withhold {sorted(bare)}, or say in SHOWN why not"


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_what_fills_a_personal_column_is_withheld_in_raw_too(path):
    book = _book(path)
    personal = {(table, name) for table in table_names() for name, c in columns(table).items() if c.personal}
    filled = [(table, name) in personal for table, name in zip(book["table"], book["column"], strict=True)]
    withheld = set(book.loc[book["transform"] == "withheld", "header"])
    assert set(book.loc[filled, "header"]) <= withheld


@pytest.mark.parametrize(("prefix", "header"), SHOWN)
def test_no_exception_outlives_the_header_it_is_for(prefix, header):
    books = [_book(path) for path in MAPS if path.stem.startswith(prefix)]
    if not books:
        pytest.skip(f"no source of {prefix} is mapped yet")
    assert any(header in set(book["header"]) for book in books)
    assert likely_personal(header)


@pytest.mark.parametrize(
    "header",
    [
        *("Final Narrative", "NRDescription", "MOIDescription", "Observer", "Logged by", "Data verified by", "Notes"),
        *("Inspector", "Trainer name", "Owner", "contact_email", "Phone", "Corrective action notes", "Comments"),
        *("Reason not implemented", "E-mail", "License Holder", "Licence holder", "Explain what the farmer did"),
    ],
)
def test_words_of_columns_about_people_are_known(header):
    assert likely_personal(header)


@pytest.mark.parametrize(
    "header",
    [
        *("inspection_system_nti2", "Inspection", "inspection_tasks", "NatureTitle", "n_observaciones", "Dead fish"),
        *(
            "persons_or_animals_count",
            "establishment_name",
            "Site Common Name",
            "Town",
            "MOINumber",
            "Not enriched cage",
        ),
    ],
)
def test_words_of_other_columns_are_not(header):
    assert not likely_personal(header)


def test_describe_says_which_columns_tell_of_a_person(agency):
    told = describe(read(agency("us.osha.severe_injury", "2015", EVENT), vintage="2017").findings).set_index("column")
    assert told.index[told["personal"]].tolist() == ["narrative"]
    assert told["personal"].dtype == bool
    assert set(personal_columns()) == {"narrative"}


EVENT = {
    "ID": "1",
    "EventDate": "1/1/2015",
    "Employer": "Example Packing",
    "State": "OHIO",
    "Hospitalized": "1",
    "Amputation": "0",
    "Final Narrative": "K. Smith fell",
}


def test_nothing_withheld_is_in_what_is_shown_written_or_told_of_a_bundle(agency, tmp_path):
    events = [EVENT, *({**EVENT, "ID": str(i)} for i in range(2, 41)), {**EVENT, "EventDate": "soon"}]
    tables = read(agency("us.osha.severe_injury", "2015", *events), vintage="2017")
    assert len(tables.rejects) == 1
    told = [repr(tables), tables.rejects.to_csv(), *tables.notes, trace(tables.injuries, tables).to_csv()]
    told += [trace(tables.rejects, tables).to_csv(), *(frame.to_csv() for _, frame in tables)]
    assert not [text for text in told if "Smith" in text]
    folder = write_tables(tables, tmp_path / "kept")
    assert not [path.name for path in folder.iterdir() if "Smith" in pd.read_parquet(path).to_csv()]
    assert not [path.name for path in folder.iterdir() if b"Smith" in path.read_bytes()]


@pytest.fixture(scope="module")
def headers(shared: Path) -> dict[str, list[str]]:
    found = {}
    for name in list_manifest(shared / "data" / "MANIFEST.csv")["path"]:
        if name.endswith(".csv") and not name.startswith("reference/"):
            text = (shared / "data" / name).read_text(encoding="latin-1")
            found[name] = next(csv.reader(text.splitlines()))
    return found


@pytest.mark.real
def test_the_files_headers_that_tell_of_people_are_those_that_were_looked_at(headers):
    likely = {name: [header for header in own if likely_personal(header)] for name, own in headers.items()}
    # What a column holds was read before it was put on this list; a new one must be, too.
    assert {name: found for name, found in likely.items() if found} == {
        "ca/dfo/sea_lice_audits_2011-2020.csv": ["Licence Holder", "Comments"],
        "ca/dfo/sea_lice_counts_2011-2022.csv": ["Licence Holder", "Comments"],
        "gb/fsa/approved_establishments.csv": ["Remarks"],
        "gb/fsa/meat_establishment_audits_metadata.csv": ["Description"],  # of the columns of another file
        "in/fwi/stocking_harvest.csv": [
            "Logged by",
            "Data verified by",
            "Did the farmer do pond preparation?",
            "Explain what the farmer did for pond preparation",
            "Is the farmer planning to do pond preparation?",
            "Explain what the farmer is planning to do for pond preparation",
            "Harvest reason",
            "Notes",
        ],
        "in/fwi/water_quality.csv": [
            "Reason follow up not possible",
            "Observer",
            "Corrective actions requested (other)",
            "Corrective actions taken (other)",
            "Corrective actions taken (details)",
            "Reason not implemented",
            "Corrective action notes",
            "Notes (mortalities)",
            "Self-initiated corrective actions notes",
            "Notes",
        ],
        "us/fsis/mpi_directory_2017.csv": ["phone"],
        "us/fsis/mpi_directory_2024-09.csv": ["phone"],
        "us/fsis/mpi_directory_2025-06.csv": ["phone"],
        "us/osha/severe_injury_reports_2015-2017.csv": ["Final Narrative"],
    }
