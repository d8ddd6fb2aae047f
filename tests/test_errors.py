"""Every exception says what is wrong, where, what it would have spoiled and what to do."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import welfare
from welfare import errors
from welfare.errors import MissingExtra, NoBareNumber, WelfareError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WelfareError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_meaning_and_one_base(kind):
    assert inspect.getdoc(kind)
    error = kind("it is broken", where="a.csv, line 3", spoiled="All would be lost", todo="Mend it.")
    assert isinstance(error, WelfareError)
    assert str(error) == "a.csv, line 3: it is broken. All would be lost. Mend it."
    assert (error.what, error.where, error.spoiled, error.todo) == (
        "it is broken",
        "a.csv, line 3",
        "All would be lost",
        "Mend it.",
    )


def test_parts_that_are_not_given_are_not_in_the_message():
    assert str(WelfareError("it is broken")) == "it is broken."
    assert str(WelfareError("it is broken", todo="Mend it?")) == "it is broken. Mend it?"


def test_two_kinds_are_also_what_python_calls_them():
    assert issubclass(NoBareNumber, TypeError)
    assert issubclass(MissingExtra, ImportError)


def test_every_error_about_data_says_where_or_what_it_would_spoil_or_what_to_do():
    # An argument that is not usable is its own place, and saying what is wrong with it says what to do.
    names = {kind.__name__ for kind in KINDS} - {"BadParameter"}
    mute = []
    for path in sorted(Path(welfare.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in names:
                continue
            given = {keyword.arg for keyword in call.keywords}
            if not given & {"todo", "spoiled", "where", None}:
                mute.append(f"{path.name}:{node.lineno}")
    assert mute == []
