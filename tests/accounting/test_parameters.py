import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from welfare.accounting import records
from welfare.accounting.parameters import Book, Parameter, parameters, read_parameters, worst_status
from welfare.accounting.records import parameter_file
from welfare.errors import BadParameter, FileMissing

HEADER = (
    "id,description,species,system,unit,low,central,high,mean,sd,median,interval_mass,distribution,data_period,"
    "price_year,price_year_basis,currency,jurisdiction,source,address,status_of_source,note"
)
GOOD = "a.b,some hours,hen,cage,h/animal,1,2,3,,,,0.90,normal,2022,,,,US,Somebody 2022,https://example.org,primary,"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "book.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_shipped_file_is_the_compilation_unchanged(shared):
    original = (shared / "reference/accounting/parameters.csv").read_bytes()
    assert parameter_file("parameters.csv").read_bytes() == original


def test_all_rows_of_the_compilation_are_read():
    assert len(read_parameters(parameter_file("parameters.csv"))) == 252


def test_a_record_keeps_what_its_row_says():
    held = parameters("us_broiler")["pain.broiler.conv.disabling"]
    assert (held.low, held.central, held.high, held.interval_mass) == (33.01, 50.27, 67.53, 0.90)
    assert (held.distribution, held.unit, held.status) == ("normal", "h/animal", "primary")
    assert held.address.startswith("https://")
    money = parameters("us_broiler")["cost.broiler.ecc.natfood"]
    assert (money.currency, money.price_year, money.price_year_basis) == ("USD", 2025, "assumed")


def test_a_good_row_is_read(tmp_path):
    assert read_parameters(write(tmp_path, GOOD))["a.b"].central == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (GOOD.replace(",1,2,3,", ",1,nan,3,"), "finite"),
        (GOOD.replace(",1,2,3,", ",1,inf,3,"), "finite"),
        (GOOD.replace(",1,2,3,", ",3,2,1,"), "out of order"),
        (GOOD.replace(",1,2,3,", ",-1,2,3,"), "outside"),
        (GOOD.replace("h/animal", "hours"), "units.csv"),
        (GOOD.replace("0.90", "90"), "less than or equal to 1"),
        (GOOD.replace("normal", "gaussian"), "distribution"),
        (GOOD.replace("primary", "sure"), "status_of_source"),
        (GOOD.replace("h/animal", "USD/animal"), "currency"),
        (GOOD.replace("2022,,,", "2022,2022,,"), "basis"),
        (GOOD.replace(",2022,,", ",last year,,"), "data_period"),
        (GOOD.replace("Somebody 2022", ""), "source"),
        (GOOD + ",more", "cells"),
    ],
)
def test_a_faulty_row_is_refused_with_file_and_row(tmp_path, row, words):
    with pytest.raises(BadParameter, match=words) as caught:
        read_parameters(write(tmp_path, GOOD.replace("a.b", "fine"), row))
    assert "book.csv, row 2 (line 3)" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER + ",colour", "unknown column 'colour'"),
        (HEADER.replace("note", "notes"), "missing column 'note'"),
        (HEADER.replace("sd", "mean"), "doubled column 'mean'"),
    ],
)
def test_a_faulty_header_is_refused(tmp_path, header, words):
    with pytest.raises(BadParameter, match=words):
        read_parameters(write(tmp_path, GOOD, header=header))


def test_a_duplicate_id_is_refused_with_both_rows(tmp_path):
    with pytest.raises(BadParameter, match=r"duplicate 'a\.b': rows 1 and 2"):
        read_parameters(write(tmp_path, GOOD, GOOD))


def test_a_duplicate_between_files_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(BadParameter, match="another file"):
        read_parameters(write(tmp_path, GOOD), write(tmp_path / "other", GOOD))


def test_a_missing_file_and_bytes_that_are_not_utf8_are_named(tmp_path):
    with pytest.raises(FileMissing, match=r"none\.csv"):
        read_parameters(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(f"{HEADER}\n{GOOD}é".encode("latin-1"))
    with pytest.raises(BadParameter, match=r"latin\.csv"):
        read_parameters(tmp_path / "latin.csv")


def test_a_parameter_cannot_be_changed_or_given_an_unknown_field():
    held = parameters("us_broiler")["pain.broiler.conv.disabling"]
    with pytest.raises(ValidationError):
        held.central = 1.0
    with pytest.raises(ValidationError):
        Parameter(**held.model_dump(), colour="red")


def test_unknown_books_and_ids_say_what_is_near():
    with pytest.raises(BadParameter, match="us_broiler"):
        parameters("us_chicken")
    with pytest.raises(BadParameter, match=r"pain\.broiler\.conv\.disabling"):
        parameters("us_broiler")["pain.broiler.conv.disable"]


def test_the_hash_is_that_of_the_files_bytes():
    files = ("parameters.csv", "additions.csv", "units.csv", "books.csv")
    expected = hashlib.sha256(b"".join(parameter_file(name).read_bytes() for name in files)).hexdigest()
    assert parameters("us_broiler").sha256 == expected


def test_a_day_leaves_out_later_data_and_lists_it():
    book = parameters("us_broiler", on="2024-01-01")
    assert "cost.broiler.ecc.natfood" not in book
    assert "cost.broiler.ecc.natfood" in set(book.dropped["row"])
    assert "pain.broiler.conv.disabling" in book
    assert len(book) + len(book.dropped) == len(parameters("us_broiler"))
    with pytest.raises(BadParameter, match="begins after 2024-01-01"):
        book["cost.broiler.ecc.natfood"]


@pytest.mark.parametrize("on", ["1900-01-01", "yesterday", 2024])
def test_a_day_before_all_data_or_no_day_is_refused(on):
    with pytest.raises(BadParameter):
        parameters("us_broiler", on=on)


def test_a_book_shows_itself():
    book = parameters("us_broiler")
    assert len(book.table) == len(book)
    assert {"id", "low", "central", "high", "interval_mass", "status", "source", "address"} <= set(book.table)
    assert "pain.broiler" in book._repr_html_()
    assert repr(book).startswith("Book 'us_broiler': ")


def test_two_ids_with_one_stream_are_refused():
    # Two words whose CRC-32 is the same: both 0x4ddb0c25.
    held = parameters("us_broiler")["pain.broiler.conv.disabling"]
    twins = {name: held.model_copy(update={"id": name}) for name in ("plumless", "buckeroo")}
    with pytest.raises(BadParameter, match="CRC-32"):
        Book("twins", twins, "0" * 64)


def test_the_worst_status_is_the_least_certain():
    book = parameters("us_broiler")
    assert worst_status([book["pain.broiler.conv.disabling"], book["yield.broiler.meat"]]) == "unverified"
    assert worst_status([book["yield.broiler.meat"], book["density.broiler.mortality"]]) == "judgement"


def test_every_row_of_plain_data_has_its_parameters(monkeypatch):
    from welfare.accounting.scenarios import scenario, scenarios

    for name in scenarios()["scenario"]:
        book = parameters(scenario(name).book)
        for row in scenario(name).rows:
            assert all(parameter in book for parameter in row.ids)


def test_a_shipped_book_with_an_unknown_id_is_refused(tmp_path, monkeypatch):
    for name in ("parameters.csv", "additions.csv", "units.csv"):
        (tmp_path / name).write_bytes(parameter_file(name).read_bytes())
    (tmp_path / "books.csv").write_text("book,id\nus_broiler,no.such.id\n")
    monkeypatch.setattr("welfare.accounting.parameters.parameter_file", lambda name: tmp_path / name)
    with pytest.raises(BadParameter, match=r"no\.such\.id"):
        parameters("us_broiler")
    assert records.parameter_file("books.csv") != tmp_path / "books.csv"
