"""Any row leads back to the text of its record, as the file has it, on the line where the file has it."""

from __future__ import annotations

import csv
import doctest
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from welfare.errors import BadParameter, FileAltered, FileMissing
from welfare.sources import trace as module
from welfare.sources.raw.originals import open_original
from welfare.sources.read import read
from welfare.sources.trace import remember, trace

PERSON = "K. Smith of Sampletown lost a finger"
EVENT = {
    "ID": "2015010001",
    "EventDate": "1/1/2015",
    "Employer": "Example Packing, Inc.",
    "City": "Sampletown",
    "State": "OHIO",
    "Zip": "01234",
    "Primary NAICS": "311611",
    "Hospitalized": "1.00",
    "Amputation": "0.00",
    "Final Narrative": PERSON,
}


@pytest.fixture(autouse=True)
def nothing_read_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ", {})


@pytest.fixture
def injuries(agency):
    """Three events; the second's narrative has line breaks, a comma and quotes in it."""

    def write(*events: dict[str, str], vintage: str = "2017-02-28", **manner: str):
        rows = events or (EVENT, {"ID": "2", "Final Narrative": f'{PERSON},\r\nsaid "ow",\nand left'}, {"ID": "3"})
        path = agency("us.osha.severe_injury", "2015", *({**EVENT, **row} for row in rows), **manner)
        tables = read(path, vintage=vintage)
        remember(tables)
        return tables

    return write


def test_a_row_of_a_file_read_in_this_process_needs_no_bundle(injuries):
    tables = injuries()
    told = trace(tables.injuries.iloc[0])
    assert list(told) == [
        *("facility_id", "record_id", "source_id", "source_row"),
        *("path", "line", "original", "record", "publisher", "obtained_from"),
    ]
    assert told["path"].item() == tables.path
    assert told["line"].item() == 2
    assert told["record_id"].item() == "us.osha.severe_injury@2017-02-28#1"
    assert (told["publisher"].item(), told["obtained_from"].item()) == (tables.publisher, "")
    assert told["record"].item().startswith("ID: 2015010001; EventDate: 1/1/2015; Employer: Example Packing, Inc.; ")


def test_the_original_is_the_text_of_the_file_and_only_the_withheld_cell_is_replaced(injuries):
    tables = injuries()
    lines = Path(tables.path).read_text(encoding="utf-8").splitlines()
    told = trace(tables.injuries)
    assert told["original"].tolist()[0] == lines[1].replace(PERSON, "withheld")
    assert '"Example Packing, Inc."' in told["original"].iloc[0]  # the file's own quotes
    assert told["original"].iloc[1].endswith(",withheld" + "," * 10)
    assert told["original"].iloc[1].startswith("2,,1/1/2015,")
    shown = told.to_csv()
    assert not [word for word in ("Smith", "said", "finger") if word in shown]


def test_a_record_over_several_lines_is_whole_and_the_next_begins_after_it(injuries):
    told = trace(injuries().injuries, mask=False)
    assert told["line"].tolist() == [2, 3, 6]
    assert f'"{PERSON},\r\nsaid ""ow"",\nand left"' in told["original"].iloc[1]
    assert f'Final Narrative: {PERSON},\r\nsaid "ow",\nand left' in told["record"].iloc[1]
    assert PERSON in told["original"].iloc[2]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind_are_counted_and_are_not_of_the_record(injuries, newline):
    told = trace(injuries({"ID": "1"}, {"ID": "2"}, newline=newline).injuries)
    assert told["line"].tolist() == [2, 3]
    assert told["original"].str.endswith(",").all()


def test_a_mark_before_the_text_and_blank_lines_between_records_shift_nothing(injuries):
    tables = injuries({"ID": "1"}, {"ID": "2"})
    path = Path(tables.path)
    header, first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([b"\xef\xbb\xbf" + header, b"", first, b",,", b"", second, b""]))
    told = trace(read(path, vintage="2018").injuries, read(path, vintage="2018"))
    assert told["line"].tolist() == [3, 6]
    assert told["original"].str.split(",").str[0].tolist() == ["1", "2"]


def test_letters_of_an_older_encoding_are_read_as_they_were(injuries):
    tables = injuries({"Employer": "Caf\u00e9 \u2019Example\u2019"})
    path = Path(tables.path)
    path.write_bytes(
        path.read_bytes().replace("Caf\u00e9 \u2019".encode(), b"Caf\xe9 \x92").replace(b"\xe2\x80\x99", b"\x92")
    )
    again = read(path, vintage="2019")
    assert ",Caf\u00e9 \u2019Example\u2019," in trace(again.injuries, again)["original"].item()


def test_rows_of_several_files_are_traced_at_once_in_their_order(injuries, directory):
    told = injuries()
    plants = read(directory({}, {"establishment_id": "0002"}, name="plants.csv"), vintage="2025-06")
    mixed = pd.concat([plants.facilities.tail(1), told.injuries.tail(1), plants.facilities.head(1)])
    assert trace(mixed, plants, told)["source_row"].tolist() == [2, 3, 1]
    assert trace(mixed, plants)["path"].tolist() == [plants.path, told.path, plants.path]


def test_source_and_row_number_do_for_a_record_id(injuries):
    told = injuries()
    rows = told.injuries[["source_id", "source_row"]].iloc[1:]
    assert trace(rows)["line"].tolist() == [3, 6]
    assert trace(rows.iloc[1])["record_id"].item() == "us.osha.severe_injury@2017-02-28#3"


def test_a_rejected_record_is_traced_with_its_bundle(injuries):
    tables = injuries(*({"ID": str(i)} for i in range(40)), {"EventDate": "soon"})
    assert tables.rejects["row"].tolist() == [41]
    assert trace(tables.rejects, tables)["line"].tolist() == [42]


def test_the_file_is_hashed_again_and_refused_if_it_changed(injuries):
    tables = injuries()
    path = Path(tables.path)
    trace(tables.injuries)
    path.write_bytes(path.read_bytes().replace(b"lost", b"kept"))
    for bundles in ((), (tables,)):
        with pytest.raises(FileAltered, match=r"has changed since us\.osha\.severe_injury@2017-02-28 was read"):
            trace(tables.injuries, *bundles)


def test_a_file_that_is_gone_is_missed(injuries):
    tables = injuries()
    Path(tables.path).unlink()
    with pytest.raises(FileMissing, match="is not where it was read"):
        trace(tables.injuries)


def test_a_relative_path_is_found_from_another_folder(injuries, tmp_path, monkeypatch):
    injuries(name="events.csv")
    monkeypatch.chdir(tmp_path)
    tables = read("events.csv", vintage="2018")
    remember(tables)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert trace(tables.injuries)["path"].unique().tolist() == ["events.csv"]


def test_two_different_files_of_one_name_are_refused_and_a_bundle_decides(injuries):
    one, other = injuries({"ID": "1"}, name="one.csv"), injuries({"ID": "2"}, name="other.csv")
    with pytest.raises(BadParameter, match=r"one\.csv .* and .*other\.csv") as caught:
        trace(one.injuries)
    assert "trace(row, tables)" in caught.value.todo
    assert trace(one.injuries, one)["original"].item().startswith("1,")
    assert trace(other.injuries, other)["original"].item().startswith("2,")
    with pytest.raises(BadParameter, match="two different files"):
        trace(one.injuries, one, other)


def test_the_same_file_read_twice_is_one_file(injuries):
    tables = injuries({"ID": "1"}, name="one.csv")
    injuries({"ID": "1"}, name="copy.csv")
    assert trace(tables.injuries)["source_row"].tolist() == [1]


def test_a_row_that_says_nothing_of_a_record_is_refused(injuries):
    tables = injuries()
    with pytest.raises(BadParameter, match="none of the columns record_ids, record_id"):
        trace(tables.injuries[["event_id", "date"]])
    with pytest.raises(BadParameter, match="'here' names no record"):
        trace(tables.injuries.assign(record_id="here"))
    with pytest.raises(BadParameter, match="names no record"):
        trace(tables.injuries.assign(record_id=None))
    with pytest.raises(BadParameter, match=r"no file is known for the row xx\.food@1#7"):
        trace(pd.Series({"record_id": "xx.food@1#7"}))


@pytest.mark.parametrize("number", [0, 4, 10**14])
def test_a_record_the_file_does_not_have_is_refused(injuries, number):
    tables = injuries()
    with pytest.raises(BadParameter, match=f"#{number} names a record the file does not have: it has 3"):
        trace(tables.injuries.assign(record_id=f"{tables.source_id}#{number}"))


def test_a_bundle_whose_raw_was_cut_is_refused_not_traced_to_the_wrong_record(injuries):
    tables = injuries()
    with pytest.raises(BadParameter, match="no header above its last 2 records"):
        trace(tables.injuries.head(1), replace(tables, raw=tables.raw.head(2)))


@pytest.mark.parametrize("last", ["", "a machine"])
def test_a_record_with_a_field_too_many_is_withheld_whole(injuries, last):
    tables = injuries({"ID": "0", "Secondary Source Title": last}, *({"ID": str(i)} for i in range(40)))
    path = Path(tables.path)
    path.write_bytes(path.read_bytes().replace(PERSON.encode(), b"K. Smith, Sampletown", 1))
    ragged = read(path, vintage="2018")
    row = pd.Series({"source_id": ragged.source_id, "source_row": 1})
    told = trace(row, ragged)
    assert told[["line", "original", "record"]].to_numpy().tolist() == [[2, "withheld", "withheld"]]
    assert "K. Smith, Sampletown" in trace(row, ragged, mask=False)["original"].item()


def test_a_workbook_leads_to_the_sheets_row(injuries, tmp_path):
    header = next(csv.reader(io.StringIO(Path(injuries().path).read_text(encoding="utf-8"))))
    path = tmp_path / "events.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Extracted on a day"])
        sheet.write_row(2, 0, header)
        sheet.write_row(3, 0, [EVENT.get(name, "") for name in header])
    tables = read(path, vintage="2018")
    told = trace(tables.injuries, tables)
    assert told["line"].tolist() == [4]
    assert told["original"].item().startswith('2015010001,,1/1/2015,"Example Packing, Inc.",')
    assert "Smith" not in told["original"].item() + told["record"].item()
    assert PERSON in trace(tables.injuries, tables, mask=False)["original"].item()


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ([{"id": "1", "who": "A"}, {"id": "2", "who": "K. Smith"}], "[1]"),
        ({"about": {"n": 2}, "plants": {"p1": {"who": "A"}, "p2": {"who": "K. Smith"}}}, 'plants["p2"]'),
        ({"plants": [{"who": "A"}, {"by": {"who": "K. Smith"}, "seen": {"who": ""}}]}, "plants[1]"),
    ],
)
def test_a_record_of_json_is_written_out_again_with_its_path(tmp_path, content, path):
    file = tmp_path / "plants.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    original = open_original(file, 2, {"who", "by.who"})
    shown = original.record(2, {"who", "by.who"})
    assert shown.line == path
    assert '"who": "withheld"' in shown.original
    assert "Smith" not in shown.original + shown.text
    open_ = original.record(2, ())
    assert "K. Smith" in open_.original
    assert "who: K. Smith" in open_.text


def test_a_row_of_footprints_is_traced_whatever_it_is_made_of(injuries):
    tables = injuries()
    shapes = geopandas.GeoDataFrame(
        {"record_id": tables.injuries["record_id"]}, geometry=geopandas.points_from_xy([0] * 3, [0] * 3), crs=4326
    )
    assert trace(shapes)["line"].tolist() == [2, 3, 6]
    assert trace(shapes.iloc[2])["line"].tolist() == [6]


def test_an_outline_of_geojson_is_found_under_its_feature(tmp_path):
    file = tmp_path / "barns.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"year": year, "owner": "K. Smith"},
            "geometry": {"type": "Point", "coordinates": [0, 1]},
        }
        for year in (2011, 2012)
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    shown = open_original(file, 2, {"year"}).record(2, {"owner"})
    assert shown.line == "features[1]"
    assert json.loads(shown.original) == {**features[1], "properties": {"year": 2012, "owner": "withheld"}}
    assert "Smith" not in shown.text


CELLS = st.text(st.sampled_from('ab ,"\n\t;'), max_size=6)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_the_quoting_the_slices_are_the_file_and_the_masked_cell_alone_differs(
    tmp_path_factory, rows, quoting, newline
):
    rows = [row for row in rows if any(cell.strip() for cell in row)] or [["a", "b", "c"]]
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=quoting, lineterminator=newline).writerows([["x", "y", "z"], *rows])
    path = tmp_path_factory.mktemp("quoting") / "file.csv"
    path.write_text(sink.getvalue(), encoding="utf-8", newline="")
    original = open_original(path, len(rows), {"y"})
    numbers = range(1, len(rows) + 1)
    assert (
        newline.join(original.record(n, ()).original for n in numbers)
        == sink.getvalue().split(newline, 1)[1][: -len(newline)]
    )
    for number, row in zip(numbers, rows, strict=True):
        (masked,) = csv.reader(io.StringIO(original.record(number, {"y"}).original, newline=""), strict=True)
        assert masked == [row[0], "withheld" if row[1].strip() else row[1], row[2]]


def test_the_page_on_tracing_shows_what_its_example_gives(tmp_path, monkeypatch):
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "trace.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`([\w.]+\.csv)`:\n\n```text\n(.*?)```", page, flags=re.M | re.S):
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    session = "\n".join(re.findall(r"```pycon\n(.*?)```", page, flags=re.S))
    example = doctest.DocTestParser().get_doctest(session, {}, "trace", "trace.md", 0)
    differences: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=differences.append)
    assert outcome.attempted >= 12
    assert not differences, "".join(differences)
    documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", page, flags=re.M)))
    assert documented == ["facility_id", "period_start", *trace(pd.DataFrame({"record_id": []})).columns]


@pytest.fixture(scope="module")
def osha(shared):
    return read(shared / "data" / "us" / "osha" / "severe_injury_reports_2015-2017.csv")


@pytest.mark.real
def test_every_record_of_osha_is_on_the_line_the_csv_module_finds_it_on(osha):
    # The file has 21,731 line ends for 21,578 records: 152 of them stand inside quotes, and one ends the header.
    told = trace(osha.injuries, osha, mask=False).set_index("source_row")
    text = Path(osha.path).read_bytes().decode("windows-1252")
    lines = list(io.StringIO(text, newline=""))
    assert len(lines) == 21_731
    reader = csv.reader(lines)
    next(reader)
    begins = reader.line_num
    several = []
    for number, row in enumerate(reader, start=1):
        physical = "".join(lines[begins : reader.line_num]).rstrip("\r\n")
        assert (told["line"][number], told["original"][number]) == (begins + 1, physical)
        if number == 12_345:
            assert row[0] == osha.injuries.set_index("source_row")["event_id"][number]
        if reader.line_num - begins > 1:
            several.append(number)
        begins = reader.line_num
    assert len(told) == 21_578
    assert several
    shown = trace(osha.injuries[osha.injuries["source_row"].isin(several)], osha)
    assert not shown["original"].str.contains("\n").any()  # the breaks were in the narratives, which are withheld


@pytest.mark.real
def test_no_narrative_of_osha_is_shown_by_default(osha):
    told = trace(osha.injuries, osha)
    narratives = osha.raw["Final Narrative"]
    assert (narratives.str.len() > 20).mean() > 0.99
    for narrative, original, record in zip(narratives, told["original"], told["record"], strict=True):
        if len(narrative) > 20:  # a shorter one may well be an employer's name
            assert narrative not in original
            assert narrative not in record


@pytest.mark.real
def test_a_copy_names_both_the_agency_and_whose_copy_it_is(osha):
    told = trace(osha.injuries.head(1), osha)
    assert told["publisher"].item() == "US OSHA"
    assert told["obtained_from"].item().startswith("github:")
