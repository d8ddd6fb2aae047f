"""A draft says what it saw and decides nothing that is in doubt; finished by a person, it reads the file."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.conftest import PLANT
from welfare.errors import BadParameter, HeaderDrift, NotData, WelfareError
from welfare.sources.own.draft_map import draft_map
from welfare.sources.own.header_match import matches, unit_in
from welfare.sources.own.look import look_at
from welfare.sources.own.own_map import load_map
from welfare.sources.read import read

SPEEDS = """\
plant,date,shift,line,birds per minute
P0412,03/04/2024,1,A,140
P0412,03/04/2024,2,A,N/A
P0412+V0412,03/05/2024,1,B,151
P0977,03/11/2024,2,A,-
"""

HOUSING = """\
Farm ID,House #,Date Checked,Type of Bird,Birds Placed,Stocking Density (lb/ft2),Floor area,Checked by,Temp F
0412,1,3.4.2024,Broilers,20000,6.5,20000,K. Smith,71
0412,2,15.4.2024,Broilers,"21,000",7.2,20000,K. Smith,72
0977,1,16.4.2024,Turkeys,9000,7.4,18000,Ann Jones,70
0977,2,16.4.2024,Turkeys,9100,7.5,18000,Ann Jones,70
"""

INJURIES = """\
Case No.,Employer,Street Address,City,State,Zip,Date of Injury,Nature of Injury,Number injured,Employee Name,Desc.
0001,Mill Lane Poultry,1 Mill Lane,Sampletown,MA,1234,02/25/2024,AMP,1,Jane Doe,Caught hand in the chiller auger
0002,Mill Lane Poultry,1 Mill Lane,Sampletown,MA,1234,03/04/2024,HOSP,1,John Roe,Slipped on ice near the dock and fell
0003,North Road Abattoir,9 North Road,Othertown,MA,02345,03/13/2024,HOSP,2,Mary Major,Two were hurt by leaking ammonia
0004,North Road Abattoir,9 North Road,Othertown,MA,02345,n/a,AMP,1,Dee Dee,Finger cut by a saw in the cutting room
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str, name: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def entry(draft: str, header: str) -> str:
    """Return what a draft says of one header, from its comment to its places, in one line."""
    blocks = re.findall(r"(?:^ +#.*\n)*^  [^ #].*\n(?:^    - .*\n)*", draft, flags=re.M)
    (block,) = [block for block in blocks if re.search(rf'^  "?{re.escape(header)}"?:', block, flags=re.M)]
    return re.sub(r"\s+(?:# )?", " ", block).strip()


def finish(draft: str, *decisions: tuple[str, str]) -> str:
    """Replace words of a draft, each of which must stand in it."""
    for before, after in decisions:
        assert before in draft, before
        draft = draft.replace(before, after)
    return draft


def read_by(path: Path, mapping: Path):
    return read(path, mapping=mapping)


# Three files, from the draft to the tidy tables


def test_a_log_of_line_speeds_from_its_draft_to_its_tables(write):
    path = write(SPEEDS, "speeds.csv")
    draft = draft_map(path)
    assert draft.startswith("# Draft of a mapping for speeds.csv: 4 records, 5 columns.")
    assert "no_value: [N/A, TODO]" in draft
    assert "'-' in 'birds per minute': no value, or 0?" in draft
    plant = entry(draft, "plant")
    assert "Who issued them?" in plant
    assert "several: by which sign are they parted?" in plant
    assert "- {table: every, column: facility_id, scheme: TODO, separator: TODO}" in plant
    date = entry(draft, "date")
    assert "MM/DD/YYYY or DD/MM/YYYY? The cells can be read either way." in date
    assert "{table: line_speeds, column: valid_from, date: TODO}" in date
    assert "{table: line_speeds, column: valid_to, date: TODO}" in date
    assert entry(draft, "line").endswith("line: {table: line_speeds, column: unit_id}")
    assert entry(draft, "birds per minute").endswith(
        "The header states the unit: birds per minute = animals/min. "
        "birds per minute: {table: line_speeds, column: speed_animals_per_min, unit: birds per minute}"
    )
    assert "    # In every row: what the speed is: limit, waiver, order or measured.\n    basis: TODO\n" in draft

    with pytest.raises(BadParameter, match=r"12 places are still to be decided \(TODO\): source"):
        load_map(write(draft, "draft.yaml"))
    finished = finish(
        draft,
        ("source: TODO", "source: my.speeds"),
        ("publisher: TODO", "publisher: who measured"),
        ("vintage: TODO", "vintage: 2024-03"),
        ("period: TODO", "period: 2024-03"),
        ("[N/A, TODO]", '[N/A, "-"]'),
        ("scheme: TODO, separator: TODO", "scheme: us.fsis.grant, separator: +"),
        ("date: TODO", "date: MM/DD/YYYY"),
        ("basis: TODO", "basis: measured"),
    )
    tables = read_by(path, write(finished, "my_map.yaml"))
    speeds = tables.line_speeds
    assert speeds["facility_id"].tolist() == [f"us.fsis.grant:P{n}" for n in ("0412", "0412", "0412", "0977")]
    assert speeds["speed_animals_per_min"].fillna(-1).tolist() == [140.0, -1.0, 151.0, -1.0]
    assert speeds["unit_id"].tolist() == ["A", "A", "B", "A"]
    assert speeds["shift"].tolist() == ["1", "2", "1", "2"]
    assert speeds["valid_from"].dt.strftime("%d %B").tolist()[-1] == "11 March"
    assert tables.identifiers["identifier"].tolist() == ["P0412", "P0412", "P0412", "V0412", "P0977"]
    assert tables.rejects.empty


def test_a_housing_file_in_pounds_per_square_foot_from_its_draft_to_its_tables(write):
    path = write(HOUSING, "houses.csv")
    draft = draft_map(path, source="my.houses")
    assert "The days in it run from 2024-04-03 to 2024-04-16." in draft
    assert "source: my.houses  #" in draft
    assert "some of which begin with 0" in entry(draft, "Farm ID")
    assert "If it is the date: {table: housing, column: date, date: DD.MM.YYYY}." in entry(draft, "Date Checked")
    assert entry(draft, "Date Checked").endswith("Date Checked: TODO")
    assert entry(draft, "Type of Bird").endswith(
        "{table: housing, column: species, codes: {Broilers: TODO, Turkeys: TODO}}"
    )
    assert entry(draft, "Birds Placed").endswith("{table: housing, column: animals_count, unit: animals}")
    density = entry(draft, "Stocking Density (lb/ft2)")
    assert "lb/ft2 x 4.882428 = kg/m2" in density
    assert density.endswith("{table: housing, column: density_kg_per_m2, unit: lb/ft2}")
    area = entry(draft, "Floor area")
    assert "does not say its unit; by their size the numbers could be in: m2; ft2." in area
    assert area.endswith("{table: housing, column: area_m2, unit: TODO}")
    assert entry(draft, "Checked by").endswith("{withheld: true}")
    assert "Smith" not in draft
    assert "Jones" not in draft
    assert entry(draft, "Temp F").endswith("Temp F: TODO")

    finished = finish(
        draft,
        ("publisher: TODO", "publisher: a farm"),
        ("vintage: TODO", "vintage: 2024-04"),
        ("period: TODO", "period: 2024-04"),
        ("scheme: TODO", "scheme: my.farms"),
        ("Date Checked: TODO", "Date Checked: {table: housing, column: date, date: DD.MM.YYYY}"),
        ("Broilers: TODO, Turkeys: TODO", "Broilers: young_chicken, Turkeys: turkey"),
        ("unit: TODO", "unit: ft2"),
        ("Temp F: TODO", "Temp F: {ignore: true}"),
    )
    tables = read_by(path, write(finished, "my_map.yaml"))
    houses = tables.housing
    assert houses["facility_id"].tolist() == ["my.farms:0412"] * 2 + ["my.farms:0977"] * 2
    assert houses["animals_count"].tolist() == [20000, 21000, 9000, 9100]
    assert houses["density_kg_per_m2"].iloc[0] == pytest.approx(6.5 * 0.45359237 / 0.3048**2, rel=1e-12)
    assert houses["area_m2"].iloc[2] == pytest.approx(18000 * 0.3048**2, rel=1e-12)
    assert houses["species"].tolist() == ["young_chicken"] * 2 + ["turkey"] * 2
    assert houses["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-04-03", "2024-04-15", "2024-04-16", "2024-04-16"]
    assert tables.conversions["how"].tolist() == ["lb/ft2 x 4.882428 = kg/m2", "ft2 x 0.09290304 = m2"]
    assert tables.withheld == ("Checked by",)


def test_a_released_list_of_injuries_from_its_draft_to_its_tables(write):
    path = write(INJURIES, "foia.csv")
    draft = draft_map(path)
    for header in ("Employee Name", "Desc."):
        assert entry(draft, header).endswith("{withheld: true}")
    for word in ("Jane", "Roe", "auger", "ammonia"):
        assert word not in draft
    assert entry(draft, "Case No.").endswith('"Case No.": {table: injuries, column: event_id}')
    assert entry(draft, "Zip").endswith("Zip: {table: injuries, column: postcode, transform: TODO}")
    date = entry(draft, "Date of Injury")
    assert "2 of 3 days can be read in no other order, such as 02/25/2024." in date
    assert date.endswith("{table: injuries, column: date, date: MM/DD/YYYY}")
    assert entry(draft, "Nature of Injury").endswith("codes: {AMP: TODO, HOSP: TODO}}")
    assert "no_value: [n/a]" in draft
    assert "    subject: TODO" in draft

    finished = finish(
        draft,
        ("source: TODO", "source: state.injuries"),
        ("publisher: TODO", "publisher: a labour department"),
        ("vintage: TODO", "vintage: 2024-06"),
        ("period: TODO", "period: 2024"),
        ("transform: TODO", "transform: us_zip"),
        ("AMP: TODO, HOSP: TODO", "AMP: amputation, HOSP: hospitalisation"),
        ("subject: TODO", "subject: worker"),
    )
    tables = read_by(path, write(finished, "my_map.yaml"))
    injuries = tables.injuries
    assert injuries["postcode"].tolist() == ["01234", "01234", "02345", "02345"]
    assert injuries["event_id"].tolist() == ["0001", "0002", "0003", "0004"]
    assert injuries["kind"].tolist() == ["amputation", "hospitalisation", "hospitalisation", "amputation"]
    assert injuries["persons_or_animals_count"].tolist() == [1, 1, 2, 1]
    assert injuries["date"].isna().tolist() == [False, False, False, True]
    assert set(tables.withheld) == {"Employee Name", "Desc."}


# What is in doubt is not guessed


@pytest.mark.parametrize(
    ("cells", "kind", "dates"),
    [
        (["03/04/2024", "05/06/2024"], "date", ("MM/DD/YYYY", "DD/MM/YYYY")),
        (["03/24/2024", "05/06/2024"], "date", ("MM/DD/YYYY",)),
        (["24/03/2024", "05/06/2024"], "date", ("DD/MM/YYYY",)),
        (["3-Jan-24", "14-Feb-24"], "date", ("DD-MON-YY",)),
        (["January 3, 2024", "May 14, 2024"], "date", ("MONTH DD, YYYY",)),
        (["2024-01-02T06:00:00", "2024-01-13T14:30:10"], "date", ("YYYY-MM-DDThh:mm:ss",)),
        (["1/2/2024 6:05 AM", "1/13/2024 2:30 PM"], "date", ("MM/DD/YYYY h:mm AM",)),
        (["20240102", "20240113"], "date", ("YYYYMMDD",)),
        (["May 2024", "June 2024"], "date", ("MONTH YYYY",)),
        (["0412", "0977"], "id", ()),
        (["412", "1,977"], "count", ()),
        (["4.5", "-6"], "number", ()),
        (["4,5", "6,1"], "decimal_comma", ()),
        (["K. Smith", "Ann Jones", "Doe, J."], "person", ()),
        (["North Road Abattoir", "Mill Lane Poultry"], "text", ()),
        (["AMP", "HOSP"], "text", ()),
        (["P0412", "P0977"], "text", ()),
        (["555-0100", "555-0123"], "text", ()),
        (["a@example.org", "b@example.org"], "free_text", ()),
        (["", "N/A"], "empty", ()),
    ],
)
def test_what_cells_look_like(cells, kind, dates):
    seen = look_at(pd.Series(cells, dtype="str"))
    assert (seen.kind, seen.dates) == (kind, dates)


def test_days_in_several_formats_are_a_question_not_a_format(write):
    draft = draft_map(write("injury,date of injury\ncut,03/24/2024\ncut,24/03/2024\n", "mixed.csv"))
    assert "The days are in several formats (MM/DD/YYYY, DD/MM/YYYY)" in entry(draft, "date of injury")
    assert entry(draft, "date of injury").endswith("date: TODO}")


def test_a_unit_that_the_numbers_cannot_be_in_is_a_question(write):
    draft = draft_map(write("line,birds per minute\nA,8400\nB,10500\n", "hourly.csv"))
    speed = entry(draft, "birds per minute")
    assert "the header states 'birds per minute', but by their size the numbers could be in: head/hour." in speed
    assert speed.endswith("unit: TODO}")


def test_a_speed_without_a_unit_lists_the_plausible_ones(write):
    draft = draft_map(write("line,line speed\nA,140\nB,151\n", "bare.csv"))
    speed = entry(draft, "line speed")
    assert "the header does not say its unit; by their size the numbers could be in: birds/min; head/hour." in speed
    assert speed.endswith("unit: TODO}")


def test_a_header_that_means_one_thing_over_cells_that_are_another_is_a_question(write):
    draft = draft_map(write('line,line speed,floor area\nA,fast,"1,5"\nB,slow,"2,5"\n', "odd.csv"))
    assert "but the cells are not what that column holds" in entry(draft, "line speed")
    assert entry(draft, "line speed").endswith("line speed: TODO")
    assert "Only decimal points can be read" in entry(draft, "floor area")


def test_a_file_that_speaks_of_no_table_leaves_the_table_to_a_person(write):
    draft = draft_map(write("plant,date,line\nP1,2024-03-04,A\n", "bare.csv"))
    assert entry(draft, "date").endswith("{table: TODO, column: TODO, date: YYYY-MM-DD}")
    assert entry(draft, "line").endswith("{table: TODO, column: unit_id}")
    assert "constants:" not in draft


def test_one_file_may_fill_several_tables_and_its_day_reaches_each(write):
    draft = draft_map(write("farm id,date,kg/m2,deaths\n0412,2024-03-14,30.5,12\n", "two.csv"))
    date = entry(draft, "date")
    assert "- {table: housing, column: date, date: YYYY-MM-DD}" in date
    assert "- {table: mortality, column: date_from, date: YYYY-MM-DD}" in date
    assert "- {table: mortality, column: date_to, date: YYYY-MM-DD}" in date


def test_names_of_plants_are_not_taken_for_numbers(write):
    draft = draft_map(write("plant,bpm\nMill Lane,140\nNorth Road,151\n", "names.csv"))
    assert "Perhaps these are names" in entry(draft, "plant")
    assert entry(draft, "plant").endswith("plant: TODO")


def test_a_file_of_a_known_source_is_said_to_need_no_mapping(directory):
    draft = draft_map(directory(PLANT, {"establishment_id": "0002"}))
    assert "The library knows this file as us.fsis.mpi_directory: read it without a mapping." in draft


# Files that a mapping cannot help


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "upright bars")])
def test_other_separators_are_named(write, sign, name):
    with pytest.raises(NotData, match=f"parted by {name}, not by commas"):
        draft_map(write(SPEEDS.replace(",", sign), "speeds.csv"))


def test_another_encoding_is_said_and_is_to_be_decided(tmp_path):
    path = tmp_path / "west.csv"
    path.write_bytes("company,bpm\nCafé Poultry,140\nMill Lane,151\n".encode("latin-1"))
    draft = draft_map(path)
    assert "A byte is not UTF-8 (line 2, byte 0xe9 at offset 15)" in draft
    assert "encoding: TODO" in draft
    assert "'Café Poultry'" in draft


def test_a_header_twice_and_a_file_without_headers_are_refused(write):
    with pytest.raises(HeaderDrift, match="'line' stands twice"):
        draft_map(write("line,line\n1,2\n", "twice.csv"))
    with pytest.raises(NotData, match="holds no words"):
        draft_map(write("1,2\n3,4\n", "bare.csv"))


def test_a_workbook_with_a_title_is_drafted_from_its_header_row(tmp_path):
    path = tmp_path / "speeds.xlsx"
    rows = [["Speeds of 2024", None], ["line", "birds per minute"], ["A", 140], ["B", 151]]
    pd.DataFrame(rows).to_excel(path, header=False, index=False, engine="xlsxwriter")
    draft = draft_map(path)
    assert "2 records, 2 columns. The headers were found on line 2." in draft
    assert "unit: birds per minute" in entry(draft, "birds per minute")


# Words


def test_units_are_found_in_headers_however_they_are_written():
    assert unit_in("Line Speed (bpm)", "animals/min") == "bpm"
    assert unit_in("avg head/hr observed", "animals/min") == "head/hr"
    assert unit_in("density_kg_per_m2", "kg/m2") == "kg per m2"
    assert unit_in("space [sq in per hen]", "animals/m2") == "sq in per hen"
    assert unit_in("Stocking Density", "kg/m2") == ""


def test_the_unit_in_a_header_decides_which_density_is_meant():
    assert matches("Stocking density (lb/ft2)")[0][:2] == ("housing", "density_kg_per_m2")
    assert matches("Stocking density (birds per sq ft)")[0][:2] == ("housing", "density_animals_per_m2")
    assert matches("Biomass g/L")[0][:2] == ("housing", "density_kg_per_m3")


def test_every_phrase_of_the_list_leads_to_a_place_that_exists(write):
    from welfare.schema.codes import shipped
    from welfare.schema.columns import columns, table_names
    from welfare.sources.own.draft_places import _EXPOSURES, _ROLES

    for row in shipped("codes/header_words.csv").to_dict("records"):
        homes = [row["table"]] if row["table"] else list(table_names())
        known = {name for table in homes for name in columns(table)} | {*_ROLES, *_EXPOSURES}
        assert row["column"] in known, row
    for row in shipped("codes/plausible_units.csv").to_dict("records"):
        assert row["column"] in {name for table in table_names() for name in columns(table)}


names = st.text(alphabet="abcdeé _#%:'\"{}[]-~!&*,.?0123456789", min_size=1, max_size=12).filter(str.strip)


@given(
    headers=st.lists(names, min_size=2, max_size=4, unique=True),
    cells=st.lists(st.text(max_size=12), min_size=4, max_size=12),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_a_draft_of_any_file_is_yaml_that_holds_its_headers_or_the_librarys_own_error(tmp_path, headers, cells):
    path = tmp_path / "any.csv"
    width = len(headers)
    rows = [cells[i : i + width] for i in range(0, len(cells) - width + 1, width)]
    pd.DataFrame(rows, columns=headers).to_csv(path, index=False)
    try:
        draft = draft_map(path)
    except WelfareError:
        return
    assert set(yaml.load(draft, Loader=yaml.BaseLoader)["columns"]) == {  # noqa: S506 (all text, no objects)
        " ".join(header.split()) for header in headers if header.strip()
    } | {name for name in yaml.load(draft, Loader=yaml.BaseLoader)["columns"] if "no header" in name}  # noqa: S506
    (tmp_path / "any.yaml").write_text(draft, encoding="utf-8")
    with pytest.raises(BadParameter, match="TODO"):
        load_map(tmp_path / "any.yaml")
