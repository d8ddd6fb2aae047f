"""What holds for every source in every layout: bad input is named, nothing is lost, and only our own errors come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.every_layout import (
    LAYOUTS,
    NAMES,
    NEVER_NEGATIVE,
    NUMERIC,
    crosstab,
    good_record,
    headers_with,
    is_structured,
    spelled_out,
    words,
    write,
)
from welfare.errors import NotData, Truncated, WelfareError
from welfare.schema.tables import Tables
from welfare.sources.read import read
from welfare.sources.registry import Layout

every = pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)
as_text = pytest.mark.parametrize(
    "layout",
    [x for x in LAYOUTS if not is_structured(x)],
    ids=[n for n, x in zip(NAMES, LAYOUTS, strict=True) if not is_structured(x)],
)
VINTAGE, PERIOD = "2016-12", "2016"


def good(layout: Layout, count: int = 25) -> list[dict[str, str]]:
    return [good_record(layout, number) for number in range(1, count + 1)]


def tables(path: Path) -> Tables:
    return read(path, vintage=VINTAGE, period=PERIOD)


def reconcile(found: Tables) -> None:
    """Every record is in a table or among the rejects, and none is in both."""
    held = {int(row) for _, frame in found for row in frame["source_row"]}
    rejected = set(found.rejects["row"])
    assert held | rejected == set(range(1, len(found.raw) + 1))
    assert not held & rejected
    assert found.rejects["row"].is_unique
    assert (found.rejects["reason"].str.len() > 5).all()


def same(one: Tables, other: Tables) -> None:
    assert list(one.frames) == list(other.frames)
    for name, frame in one:
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(other.frames[name]))


@every
def test_good_records_are_recognised_by_their_headers_and_none_is_left_out(layout, tmp_path):
    found = tables(write(layout, good(layout), tmp_path / "file"))
    assert found.source == layout.source
    assert found.rejects["reason"].tolist() == []
    assert len(found.raw) == 25
    reconcile(found)
    for _, frame in found:
        assert (frame["source_id"] == f"{layout.source}@{VINTAGE}").all()
        assert (frame["record_id"] == frame["source_id"] + "#" + frame["source_row"].astype("str")).all()


@as_text
def test_a_byte_order_mark_windows_line_ends_and_quotes_change_nothing(layout, tmp_path):
    plain = write(layout, good(layout), tmp_path / "plain")
    odd = write(layout, good(layout), tmp_path / "odd", newline="\r\n", quote_all=True)
    odd.write_bytes(b"\xef\xbb\xbf" + odd.read_bytes())
    same(tables(plain), tables(odd))


@as_text
def test_a_workbook_with_dates_and_numbers_of_its_own_says_the_same(layout, tmp_path):
    same(
        tables(write(layout, good(layout), tmp_path / "text")),
        tables(write(layout, good(layout), tmp_path / "book", ".xlsx")),
    )


@as_text
def test_a_record_with_a_field_too_many_or_too_few_is_a_reject_at_its_line(layout, tmp_path):
    path = write(layout, good(layout, 60), tmp_path / "file")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[10] += ",more"
    lines[20] = lines[20].rpartition(",")[0]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = tables(path)
    assert found.rejects["row"].tolist() == [10, 20]
    assert found.rejects["reason"].str.contains("cannot be told apart").all()
    assert found.rejects["reason"].str.contains("line 11 |line 21 ").all()
    reconcile(found)


@as_text
def test_a_file_that_breaks_off_is_refused(layout, tmp_path):
    path = write(layout, good(layout, 60), tmp_path / "file")
    content = path.read_bytes().rstrip()
    path.write_bytes(content[: content.rindex(b",")])
    with pytest.raises(Truncated):
        tables(path)


@every
def test_a_file_without_records_is_no_data(layout, tmp_path):
    path = write(layout, [], tmp_path / "file")
    with pytest.raises(NotData):
        tables(path)
    path.write_bytes(b"")
    with pytest.raises(NotData):
        tables(path)


@as_text
def test_records_said_twice_are_both_kept_and_noted(layout, tmp_path):
    records = good(layout)
    found = tables(write(layout, [*records, records[0]], tmp_path / "file"))
    assert len(found.raw) == 26
    assert any("repeat" in note for note in found.notes)
    reconcile(found)


def cases(wanted: set[str], but: tuple[str, ...] = ()) -> list[Any]:
    return [
        pytest.param(layout, header, id=f"{name} {header}")
        for name, layout in zip(NAMES, LAYOUTS, strict=True)
        for header in [header for header in headers_with(layout, wanted) if header not in but][:4]
    ]


def with_one(layout: Layout, header: str, cell: str, tmp_path: Path) -> Tables:
    records = good(layout, 40)
    if header in (alone := crosstab(layout)):
        records[6] |= dict.fromkeys(alone, "")
    records[6][header] = cell
    return tables(write(layout, records, tmp_path / "file"))


@pytest.mark.parametrize(("layout", "header"), cases(NEVER_NEGATIVE))
def test_a_negative_count_is_a_reject_that_names_its_header(layout, header, tmp_path):
    found = with_one(layout, header, "-1", tmp_path)
    assert found.rejects["row"].tolist() == [7]
    assert "-1" in found.rejects["reason"].iloc[0]
    reconcile(found)


@pytest.mark.parametrize(("layout", "header"), cases(NUMERIC))
def test_words_in_a_column_of_numbers_are_a_reject(layout, header, tmp_path):
    found = with_one(layout, header, "many", tmp_path)
    assert found.rejects["row"].tolist() == [7]
    assert "'many'" in found.rejects["reason"].iloc[0]
    reconcile(found)


@pytest.mark.parametrize(("layout", "header"), cases({"count", "total", "filled", "reading"}))
def test_a_thousands_separator_is_read_and_a_decimal_comma_is_not(layout, header, tmp_path):
    assert len(with_one(layout, header, "1,234", tmp_path).rejects) == 0
    assert with_one(layout, header, "1,5", tmp_path).rejects["row"].tolist() == [7]


@pytest.mark.parametrize(("layout", "header"), cases({"date"}))
def test_a_day_that_does_not_exist_is_a_reject(layout, header, tmp_path):
    found = with_one(layout, header, "2016-02-30", tmp_path)
    assert found.rejects["row"].tolist() == [7]
    assert header in found.rejects["reason"].iloc[0]


def beginnings() -> list[Any]:
    """Return the headers that say when something was or began: no later day than the file's own is possible."""
    found = []
    for name, layout in zip(NAMES, LAYOUTS, strict=True):
        own = spelled_out(layout)
        rules = own.map[
            own.map["column"].isin(["date", "date_from", "valid_from"]) & own.map["transform"].str.startswith("date ")
        ]
        # A year of two digits cannot say 2097.
        headers = rules.loc[rules["transform"].str.contains("%Y"), "header"].unique()
        found += [pytest.param(layout, header, id=f"{name} {header}") for header in headers]
    return found


@pytest.mark.parametrize(("layout", "header"), beginnings())
def test_a_day_in_2097_is_a_reject(layout, header, tmp_path):
    form = dict(words(layout, header))["date"]
    found = with_one(layout, header, pd.Timestamp(2097, 6, 1).strftime(form), tmp_path)
    assert found.rejects["row"].tolist() == [7]
    assert "2097-06-01 lies in the file's future" in found.rejects["reason"].iloc[0]
    reconcile(found)


@pytest.mark.parametrize(("layout", "header"), cases({"first_id", "ids"}, but=("key", "index")))
def test_leading_zeros_of_numbers_survive(layout, header, tmp_path):
    found = with_one(layout, header, "00042", tmp_path)
    numbers = found.identifiers.loc[found.identifiers["source_row"] == 7, "identifier"].tolist()
    ids = [frame.loc[frame["source_row"] == 7, "facility_id"].tolist() for _, frame in found if "facility_id" in frame]
    assert "00042" in numbers or any(str(one).endswith(":00042") for column in ids for one in column)


cells = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1,234", "1e400", "nan", "Yes", "2097-01-01", "31/02/2016", "=1+1", "NA", '"', "é\n", " "]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12),
)


@every
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_the_cells_only_an_error_of_the_library_comes_and_no_record_is_lost(layout, tmp_path, data):
    headers = spelled_out(layout).headers
    records = good(layout, 12)
    touched = data.draw(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(headers), cells), max_size=8))
    for number, header, cell in touched:
        if not (is_structured(layout) and header in ("key", "index", "geometry", "crs")):
            records[number][header] = cell
    try:
        found = tables(write(layout, records, tmp_path / "file"))
    except WelfareError as error:
        assert error.what
        assert error.todo
        return
    reconcile(found)
