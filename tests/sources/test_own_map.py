"""A person's mapping is followed to the letter or refused with its line; it gives a column map like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, FileMissing, HeaderDrift
from welfare.sources.own.own_cells import strptime_format
from welfare.sources.own.own_map import load_map
from welfare.sources.read import read

LINE_SPEEDS = """\
source: my.line_speeds
vintage: 2024-06
period: 2024
no_value: [N/A, "-"]
columns:
  plant:
    - {table: every, column: facility_id, scheme: us.fsis.grant, separator: +}
    - {table: identifiers, scheme: us.fsis.grant, separator: +}
  date:
    - {table: line_speeds, column: valid_from, date: MM/DD/YYYY}
    - {table: line_speeds, column: valid_to, date: MM/DD/YYYY}
  shift: {table: line_speeds, column: shift, codes: {1: first, 2: second, 9: }}
  line: {table: line_speeds, column: unit_id}
  head per hour: {table: line_speeds, column: speed_animals_per_min, unit: head per hour}
  recorded by: {withheld: true}
  form: {ignore: true}
constants:
  line_speeds: {basis: measured, species: young_chicken}
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str, name: str = "my_map.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def rules(path: Path) -> list[list[str]]:
    return load_map(path).book.to_numpy().tolist()


def columns(*lines: str, before: str = "source: my.file", after: str = "") -> str:
    """Return a mapping with these lines under `columns:`, the first of them on line 3."""
    return "\n".join([before, "columns:", *(f"  {line}" for line in lines), after, ""])


def refused(path: Path) -> BadParameter:
    with pytest.raises(BadParameter) as caught:
        load_map(path)
    return caught.value


# What a mapping says, in the words of a column map


def test_a_mapping_becomes_the_words_of_a_column_map(write):
    found = load_map(write(LINE_SPEEDS))
    assert (found.source, found.vintage, found.period) == ("my.line_speeds", "2024-06", "2024")
    assert (found.encoding, found.publisher, found.licence) == (None, None, None)
    assert found.book.to_numpy().tolist() == [
        ["", "", "", "null N/A"],
        ["", "", "", "null -"],
        ["plant", "*", "facility_id", "first_id us.fsis.grant +"],
        ["plant", "identifiers", "identifier", "ids us.fsis.grant +"],
        ["date", "line_speeds", "valid_from", "date %m/%d/%Y"],
        ["date", "line_speeds", "valid_to", "date %m/%d/%Y"],
        ["shift", "line_speeds", "shift", "codes 1=first; 2=second; 9="],
        ["line", "line_speeds", "unit_id", "text"],
        ["head per hour", "line_speeds", "speed_animals_per_min", "measure head per hour"],
        ["recorded by", "", "", "withheld"],
        ["form", "", "", ""],
        ["", "line_speeds", "basis", "const measured"],
        ["", "line_speeds", "species", "const young_chicken"],
    ]


def test_the_file_is_read_through_it_with_its_rejects_and_its_conversions(tmp_path, write):
    rows = [f"P{i:04},03/04/2024,1,A,8400,,7" for i in range(1, 40)]
    rows += ["P0040+V0040,03/05/2024,2,B,10500,K. Smith,7", "P0041,03/05/2024,3,B,N/A,K. Smith,7"]
    path = tmp_path / "speeds.csv"
    path.write_text("\n".join(["plant,date,shift,line,head per hour,recorded by,form", *rows, ""]), encoding="utf-8")
    found = load_map(write(LINE_SPEEDS))
    tables = read(path, source=found.source, vintage=found.vintage, period=found.period, mapping=found.book)
    last = tables.line_speeds.iloc[-1]
    assert last[["facility_id", "unit_id", "shift", "basis"]].tolist() == [
        "us.fsis.grant:P0040",
        "B",
        "second",
        "measured",
    ]
    assert last["speed_animals_per_min"] == 175.0
    assert f"{last['valid_from']:%Y-%m-%d}" == "2024-03-05"
    assert last["record_id"] == "my.line_speeds@2024-06#40"
    assert tables.identifiers["identifier"].tolist()[-2:] == ["P0040", "V0040"]
    assert tables.rejects.to_numpy().tolist() == [[41, "shift: '3' is none of 1, 2, 9"]]
    assert len(tables.raw) == len(tables.line_speeds) + len(tables.rejects)
    assert tables.withheld == ("recorded by",)
    assert tables.conversions[["header", "unit", "into", "how"]].to_numpy().tolist() == [
        ["head per hour", "head per hour", "animals/min", "animals/hour x 0.01666667 = animals/min"]
    ]


def test_a_clock_time_beside_a_date_does_not_move_the_day(tmp_path, write):
    path = tmp_path / "log.csv"
    path.write_text("line,start\nA,12/31/2024 2:30 PM\nB,01/01/2024 12:05 AM\n", encoding="utf-8")
    mapping = columns(
        "line: {table: line_speeds, column: unit_id}",
        "start: {table: line_speeds, column: valid_to, date: M/D/YYYY h:mm AM}",
        after="constants: {line_speeds: {basis: measured}}",
    )
    days = read(path, mapping=write(mapping)).line_speeds["valid_to"]
    assert days.astype("str").tolist() == ["2024-12-31", "2024-01-01"]


def test_a_header_that_the_mapping_does_not_know_is_drift(tmp_path, write):
    path = tmp_path / "speeds.csv"
    path.write_text("plant,date,shift,line,birds per hour,recorded by,form\nP1,03/04/2024,1,A,8400,,7\n")
    found = load_map(write(LINE_SPEEDS))
    with pytest.raises(HeaderDrift, match="'birds per hour', which the mapping does not know"):
        read(path, source=found.source, mapping=found.book)


def test_one_file_fills_several_tables_and_every_table_has_the_id(write):
    text = columns(
        "farm: {table: every, column: facility_id, scheme: my.farms}",
        "stocked: {table: housing, column: density_kg_per_m2, unit: lb/ft2}",
        "dead: {table: mortality, column: deaths_count, unit: birds}",
        "day:",
        "  - {table: housing, column: date, date: D.M.YY}",
        "  - {table: mortality, column: date_from, date: D.M.YY}",
        "hours: {table: exposures, quantity: worker_hours, unit: hours}",
        "lice: {table: measures, quantity: adult female lice, unit: lice per fish, subject: salmon}",
        after="constants: {measures: {basis: measured}, exposures: {date_from: first day of period}}",
    )
    assert rules(write(text)) == [
        ["farm", "*", "facility_id", "first_id my.farms"],
        ["stocked", "housing", "density_kg_per_m2", "measure lb/ft2"],
        ["dead", "mortality", "deaths_count", "count"],
        ["day", "housing", "date", "date %d.%m.%y"],
        ["day", "mortality", "date_from", "date %d.%m.%y"],
        ["hours", "exposures", "value", "reading hours worker_hours"],
        ["lice", "measures", "value", "reading lice/fish adult female lice: salmon"],
        ["", "measures", "basis", "const measured"],
        ["", "exposures", "date_from", "period from"],
    ]


def test_lists_joined_cells_other_words_and_merged_cells_have_their_keys(write):
    text = columns(
        "name: [{fill_down: true}, {table: facilities, column: name}]",
        'kinds: {table: facilities, column: activities, separator: ","}',
        "street 1: {table: facilities, column: street, joined: true}",
        "street 2: {table: facilities, column: street, joined: true}",
        "zip: {table: facilities, column: postcode, transform: us_zip}",
    )
    assert rules(write(text)) == [
        ["name", "", "", "fill_down"],
        ["name", "facilities", "name", "text"],
        ["kinds", "facilities", "activities", "list ,"],
        ["street 1", "facilities", "street", "join"],
        ["street 2", "facilities", "street", "join"],
        ["zip", "facilities", "postcode", "us_zip"],
    ]


def test_a_month_begins_on_its_first_day_and_ends_on_its_last(write):
    text = columns(
        "month:",
        "  - {table: mortality, column: date_from, date: YYYY-MM}",
        "  - {table: mortality, column: date_to, date: YYYY-MM}",
    )
    assert [rule[3] for rule in rules(write(text))] == ["first_day %Y-%m", "last_day %Y-%m"]
    single = columns("month: {table: housing, column: date, date: YYYY-MM}")
    assert "names no day, and date is a day" in refused(write(single)).what


def test_words_are_text_so_no_yes_and_leading_zeros_stay_what_they_are(write):
    text = columns("no: {table: injuries, column: kind, codes: {no: off, 012: yes, 1e3: 2024-01-02}}", after="")
    text += "constants: {injuries: {subject: worker}}\n"
    assert rules(write(text))[0] == ["no", "injuries", "kind", "codes no=off; 012=yes; 1e3=2024-01-02"]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("MM/DD/YYYY", "%m/%d/%Y"),
        ("DD.MM.YYYY", "%d.%m.%Y"),
        ("D-MON-YY", "%d-%b-%y"),
        ("MONTH D, YYYY", "%B %d, %Y"),
        ("YYYY-MM-DD hh:mm:ss", "%Y-%m-%d %H:%M:%S"),
        ("YYYY-MM-DDThh:mm", "%Y-%m-%dT%H:%M"),
        ("M/D/YYYY h:mm AM", "%m/%d/%Y %I:%M %p"),
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("YYYY", "%Y"),
        ("MM/DD", None),
        ("MM/DD/YYYY or so", None),
        ("DD/DD/YYYY", None),
        ("%Q %Y", None),
    ],
)
def test_a_date_is_written_as_people_write_it(written, form):
    assert strptime_format(written) == form


# What is refused, and on which line


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("n: {table: line_speeds, column: shift, unti: m2}", "'unti' under 'n' is no key"),
        ("n: {table: line_speed, column: shift}", "no table is called 'line_speed'"),
        ("n: {table: line_speeds, column: shifts}", "the table line_speeds has no column 'shifts'"),
        ("n: {table: line_speeds, column: source_id}", "has no column 'source_id'"),
        ("n: {table: line_speeds}", "names no column of line_speeds"),
        ("n: {column: shift}", "names no table"),
        ("n: shift", "says not where it goes"),
        ("n:", "says not where it goes"),
        ("n: {table: line_speeds, column: [shift]}", "is not one word or phrase"),
        ("n: {table: line_speeds, column: speed_animals_per_min}", "its unit is not said"),
        ("n: {table: housing, column: animals_count}", "its unit is not said"),
        ("n: {table: housing, column: area_m2, transform: number}", "its unit is not said"),
        ("n: {table: housing, column: density_animals_per_m2, unit: lb/ft2}", "no factor leads from 'lb/ft2'"),
        ("n: {table: housing, column: density_kg_per_m2, unit: psf}", "weight or pressure"),
        ("n: {table: housing, column: animals_count, unit: thousand birds}", "holds whole animals"),
        ("n: {table: line_speeds, column: shift, unit: hours}", "'unit' under 'n' cannot be used"),
        ("n: {table: line_speeds, column: valid_from}", "their format is not said"),
        ("n: {table: line_speeds, column: valid_from, date: as usual}", "the date format 'as usual'"),
        ("n: {table: line_speeds, column: shift, codes: {a: first, A: second}}", "stands twice: capitals"),
        ("n: {table: line_speeds, column: shift, codes: {a: x=y}}", "holds ; or ="),
        ("n: {table: line_speeds, column: shift, codes: first}", "are not a list of word: meaning"),
        ("n: {table: identifiers}", "an identifier without its scheme"),
        ("n: {table: every, column: facility_id}", "without the scheme of its numbers"),
        ("n: {table: every, column: facility_id, scheme: my plants}", "is not letters, digits and points"),
        ("n: {table: measures, quantity: lice}", "has no unit"),
        (
            "n: {table: housing, column: area_m2, quantity: lice}",
            "'quantity' under 'n' is for measures",
        ),
        ("n: {table: footprints, column: geometry}", "geometry of footprints holds a geometry"),
        ("n: {table: facilities, column: city, transform: uppercase}", "the transform 'uppercase' does not exist"),
        ("n: {ignore: true, table: line_speeds}", "both ignore and read"),
        ("n: [{withheld: true}, {table: line_speeds, column: shift}]", "both withheld and read"),
        ("n: {withheld: false}", "withheld of 'n' is not true"),
        ("~n: {ignore: true}", "no header that can be named"),
        ("n: {table: injuries, column: kind}", "nothing fills subject of injuries"),
        ("n: {table: line_speeds, column: shift}", "nothing fills basis of line_speeds"),
    ],
)
def test_what_cannot_be_followed_is_refused_on_its_line(write, line, what):
    path = write(columns("ok: {table: facilities, column: name}", line))
    error = refused(path)
    assert what in error.what
    assert error.where == f"{path}, line 4"
    assert error.spoiled
    assert error.todo


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("sources: my.file\ncolumns:\n", "'sources' is no key of a mapping", 1),
        ("columns:\n  n: {ignore: true}\n", "gives its file no name", 1),
        ("source: my file\n", "cannot stand in the name of a record", 1),
        ("source: my.file\nvintage: June 2024\n", "cannot stand in the name of a record", 2),
        ("source: my.file\nperiod: last year\n", "the period 'last year' cannot be read", 2),
        ("source: my.file\nencoding: ebcdic\n", "the encoding 'ebcdic' is not known", 2),
        ("source: my.file\nlicence:\n", "licence has no value", 2),
        ("source: [my.file]\n", "source is not one value", 1),
        ("source: my.file\n", "names no columns", 1),
        ("source: my.file\ncolumns: all\n", "names no columns", 1),
        ("source: my.file\ncolumns:\n  n: {ignore: true}\n", "no header of the mapping goes to a table", 2),
        ("source: my.file\nsource: my.other\n", "the key 'source' stands twice, first on line 1", 2),
        ("source: my.file\ncolumns:\n  a b: {ignore: true}\n  a  b: {ignore: true}\n", "'a b' stands twice", 4),
        ("source: my.file\ncolumns:\n  n: {table: *x, column: name}\n", "cannot be read", 3),
        ("source: my.file\ncolumns:\n  n: &x {ignore: true}\n  m: *x\n", "an anchor", 3),
        ("source: my.file\ncolumns: {n: {ignore: true}\n", "cannot be read", 3),
        ("source: 'my.file\n", "cannot be read", 2),
        ("- source\n", "holds no keys", 1),
        ("", "holds no keys", 1),
        ("? [a]\n: b\n", "a key is no text", 1),
    ],
)
def test_a_mapping_that_is_not_one_is_refused_on_its_line(write, text, what, line):
    path = write(text)
    error = refused(path)
    assert what in error.what
    assert error.where == f"{path}, line {line}"


@pytest.mark.parametrize(
    ("constants", "what"),
    [
        ("line_speeds: measured", "not given by column"),
        ("line_speed: {basis: measured}", "no table is called 'line_speed'"),
        ("line_speeds: {bases: measured}", "no column is called 'bases'"),
        ("line_speeds: {basis: measured, speed_animals_per_min: fast}", "'fast', which is not a number"),
        ("line_speeds: {basis: measured, valid_from: 2024-01-01}", "not first day of period"),
        ("line_speeds: {basis: first day of period}", "which is not a text"),
    ],
)
def test_a_constant_that_its_column_cannot_hold_is_refused(write, constants, what):
    text = columns("n: {table: line_speeds, column: shift}", after=f"constants:\n  {constants}")
    assert what in refused(write(text)).what


def test_each_todo_that_is_left_is_named(write):
    text = columns(
        "date: {table: line_speeds, column: valid_from, date: TODO}",
        "speed: {table: line_speeds, column: speed_animals_per_min, unit: bpm}  # TODO in a comment does not count",
        "mystery: TODO",
        before="source: TODO",
        after="constants: {line_speeds: {basis: measured}}",
    )
    path = write(text)
    error = refused(path)
    assert error.what == (
        "3 places are still to be decided (TODO): source (line 1); columns > date > date (line 3); "
        "columns > mystery (line 5)"
    )
    assert error.where == f"{path}, line 1"
    decided = text.replace("date: TODO", "date: DD/MM/YYYY").replace("source: TODO", "source: my.speeds")
    left = refused(write(decided))
    assert left.what == "1 place is still to be decided (TODO): columns > mystery (line 5)"
    assert rules(write(decided.replace("mystery: TODO", "mystery: {ignore: true}")))[2] == ["mystery", "", "", ""]


def test_two_headers_for_one_column_are_refused_on_the_line_of_the_first(write):
    path = write(
        columns("a: {table: facilities, column: name}", "b: {table: facilities, column: name}"),
    )
    error = refused(path)
    assert "several rows fill name of facilities" in error.what
    assert error.where == f"{path}, line 3"


def test_a_mapping_that_is_not_there_or_not_text_is_said(tmp_path):
    with pytest.raises(FileMissing, match=r"no such mapping.*welfare map"):
        load_map(tmp_path / "none.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes("source: café".encode("latin-1"))
    assert "not UTF-8" in refused(path).what


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:,-#&*!|>?'\"\n ab", max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mapping_raises_anything_but_the_librarys_own_error(tmp_path, text):
    path = tmp_path / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="ignore", newline="")
    with pytest.raises(BadParameter):
        load_map(path)


@given(
    key=st.sampled_from(["table", "column", "unit", "date", "codes", "scheme", "transform", "quantity", "joined"]),
    value=st.text(alphabet="{}[]:,-#%/ abMDY.0~", max_size=20) | st.sampled_from(["filled", "measure", "date", "ids"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_under_a_header_raises_anything_but_the_librarys_own_error(tmp_path, key, value):
    path = tmp_path / "any.yaml"
    keys = {"table": "housing", "column": "area_m2", "unit": "m2", key: value}
    said = ", ".join(f"{name}: {words}" for name, words in keys.items())
    path.write_text(f"source: a\ncolumns:\n  n: {{{said}}}\n", encoding="utf-8")
    try:
        load_map(path)
    except BadParameter as error:
        assert error.where


def test_deep_nesting_is_refused_not_a_crash(write):
    assert "nested too deeply" in refused(write("a: " + "[" * 5000)).what
