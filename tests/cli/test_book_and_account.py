"""`parameters` and `account` print what the accounting room gives, whole numbers and all."""

from __future__ import annotations

import pytest

from welfare.accounting.ledger import account
from welfare.accounting.parameters import parameters

CONVENTIONAL, COMMITMENT = "broiler_conventional", "broiler_better_chicken_commitment"


@pytest.fixture
def said(type_in):
    return type_in("account", CONVENTIONAL, "--against", COMMITMENT, "--book", "us_broiler", "--draws", 500)


def test_a_book_lists_each_parameter_as_its_source_gives_it(type_in):
    said = type_in("parameters", "us_broiler")
    assert said.code == 0
    ids = [line.split()[0] for line in said.out.splitlines() if "." in line[:15]]
    assert [name for name in ids if name in parameters("us_broiler")] == list(parameters("us_broiler"))
    # Welfare Footprint Project, broilers: 30.2 (8.83 to 51.57) seconds of excruciating pain per conventional bird.
    row = next(line.split() for line in said.out.splitlines() if line.startswith(" pain.broiler.conv.excruciating "))
    assert row[1:6] == ["8.83", "30.2", "51.57", "s/animal", "primary"]


@pytest.mark.parametrize("columns", ["20", "80", "300"])
def test_no_terminal_is_so_narrow_that_a_number_or_a_name_is_cut(type_in, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    said = type_in("parameters", "us_broiler")
    cells = said.out.split()
    assert {"1,500,000,000", "3,300,000,000", "6,600,000,000"} <= set(cells)
    assert set(parameters("us_broiler")) <= set(cells)
    assert "…" not in said.out


def test_as_json_a_book_is_whole_and_what_is_missing_is_null(type_in):
    content = type_in("parameters", "us_broiler", "--json").json
    book = parameters("us_broiler")
    assert content["sha256"] == book.sha256
    assert [row["id"] for row in content["parameters"]] == list(book)
    for row in content["parameters"]:
        record = book[row["id"]]
        for name in ("low", "central", "high", "mean", "price_year", "address", "status"):
            assert row[name] == getattr(record, name)
    assert any(row["low"] is None for row in content["parameters"])


def test_what_a_day_leaves_out_is_said(type_in):
    said = type_in("parameters", "us_broiler", "--on", "2024-01-01")
    assert "Left out on 2024-01-01" in said.out
    assert "its data period, 2025, begins after 2024-01-01" in " ".join(said.out.split())
    content = type_in("parameters", "us_broiler", "--on", "2024-01-01", "--json").json
    dropped = parameters("us_broiler", on="2024-01-01").dropped
    assert [row["row"] for row in content["dropped"]] == list(dropped["row"])
    assert content["on"] == "2024-01-01"


@pytest.mark.parametrize("words", [("no_such_book",), ("us_broiler", "--on", "yesterday")])
def test_a_book_or_a_day_that_is_not_one_is_bad_input(type_in, words):
    said = type_in("parameters", *words)
    assert said.code == 2
    assert said.out == ""
    assert words[-1] in said.err


def test_an_account_says_what_is_saved_what_is_lost_who_bears_it_and_where_the_answer_flips(said):
    assert said.code == 0
    shown = " ".join(said.out.split())
    places = [
        shown.index(words)
        for words in (
            "What is saved:",
            "What is lost:",
            "NOT VERIFIED",
            "In natural units, broiler_conventional less broiler_better_chicken_commitment",
            "In money: three whole views side by side, never added",
            "Who bears it bearer",
            "Where the answer flips; never:",
            "Not counted, and why",
        )
    ]
    assert places == sorted(places)


def test_each_line_of_the_account_is_printed_with_its_figures_or_without_any(said):
    done = account(CONVENTIONAL, against=COMMITMENT, draws=500)
    assert done.table["low"].isna().any()
    section = said.out[said.out.index("In natural units") : said.out.index("In money")]
    rows = section.splitlines()
    assert sum("not quantified" in row for row in rows) == (done.table["status"] == "not quantified").sum()
    for row in rows:
        assert ("not quantified" in row) == (row.count("no figure") == 3)
    assert not {"nan", "NaN", "None", "<NA>"} & set(said.out.split())


def test_as_json_it_is_the_account_and_what_is_missing_is_null(type_in):
    words = ("account", CONVENTIONAL, "--against", COMMITMENT, "--draws", 500, "--seed", 3, "--json")
    content = type_in(*words).json
    assert content == account(CONVENTIONAL, against=COMMITMENT, draws=500, seed=3).record()
    assert any(row["low"] is None for row in content["table"])


def test_the_seed_decides_the_draws(type_in):
    words = ("account", CONVENTIONAL, "--against", COMMITMENT, "--draws", 500, "--json")
    first, again, other = (type_in(*words, "--seed", seed).out for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("no_such_practice", "--against", COMMITMENT), "no_such_practice"),
        ((CONVENTIONAL, "--against", COMMITMENT, "--draws", 5), "draws=5"),
        ((CONVENTIONAL, "--against", COMMITMENT, "--seed", -1), "-1"),
        ((CONVENTIONAL, "--against", COMMITMENT, "--book", "no_such_book"), "no_such_book"),
        ((CONVENTIONAL,), "--against"),
    ],
)
def test_an_account_that_cannot_be_given_is_bad_input(type_in, words, named):
    said = type_in("account", *words)
    assert said.code == 2
    assert said.out == ""
    assert named in said.err


def test_letters_that_a_terminal_lacks_end_no_command(program):
    said = program("account", CONVENTIONAL, "--against", COMMITMENT, "--draws", 100, PYTHONIOENCODING="ascii")
    assert said.code == 0
    assert said.out.isascii()
    assert "Who bears it" in said.out
