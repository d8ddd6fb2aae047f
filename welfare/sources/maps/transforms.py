"""The closed vocabulary of column maps: what a transform's word does to the cells of a file.

Each transform takes text cells and returns values with the reason why a cell could not be read. An empty cell is
null and never a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import code_map

Read = tuple[pd.Series, pd.Series]  # values, reasons (empty string where the cell could be read)

# A comma parts thousands or nothing: "1,5" and "0,500" are somebody's decimal comma, and are refused, not read as 15
# and 500.
_WHOLE = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.0*)?"
_NUMBER = r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?"
_EXACT = 2**53  # beyond it a float no longer tells whole numbers apart


def _fine(values: pd.Series) -> Read:
    return values, pd.Series("", index=values.index, dtype="str")


def _or_reason(values: pd.Series, cells: pd.Series, expected: str) -> Read:
    bad = values.isna() & (cells != "")
    return values, pd.Series(np.where(bad, "'" + cells + "' is not " + expected, ""), index=cells.index, dtype="str")


def text(cells: pd.Series, null: str = "") -> Read:
    """Read cells as they are; the empty cell, and the word given, are null."""
    return _fine(cells.mask(cells.isin(["", null])))


def listed(cells: pd.Series, separator: str) -> Read:
    """Read a list inside a cell, rewritten with a semicolon and a space between its parts."""
    parts = cells.str.split(separator, regex=False).map(
        lambda items: "; ".join(part for item in items if (part := item.strip()))
    )
    return _fine(parts.mask(parts == ""))


def count(cells: pd.Series) -> Read:
    """Read whole numbers of at least 0; thousands separators and a trailing ``.0`` are allowed."""
    numbers = _floats(cells, _WHOLE)
    return _or_reason(numbers.where(numbers <= _EXACT).astype("Int64"), cells, "a count")


def number(cells: pd.Series, null: str = "") -> Read:
    """Read finite numbers; thousands separators are allowed, and the word given, such as 0.0, is null."""
    said = cells.mask(cells == null, "")
    numbers = _floats(said, _NUMBER)
    return _or_reason(numbers.where(np.isfinite(numbers)), said, "a number")


def amount(cells: pd.Series) -> Read:
    """Read finite numbers of at least 0: hours, animals, cases."""
    numbers, _ = number(cells)
    return _or_reason(numbers.where(numbers >= 0), cells, "a number of at least 0")


def _floats(cells: pd.Series, form: str) -> pd.Series:
    plain = cells.where(cells.str.fullmatch(form)).str.replace(",", "", regex=False)
    return pd.to_numeric(plain, errors="coerce").astype("float64")


def code(cells: pd.Series) -> Read:
    """Read a code written as a number, such as 4 or 4.0, as text."""
    return _fine(cells.str.replace(r"\.0$", "", regex=True).mask(cells == ""))


def recoded(cells: pd.Series, codes: str) -> Read:
    """Replace words by the codes that a list in the map itself gives them: ``Yes=follow-up; No=routine``.

    A word with nothing after its sign is null; a word that is not in the list is no word of this column.
    """
    pairs = (pair.partition("=") for pair in codes.split(";"))
    book = {word.strip().casefold(): code.strip() for word, _, code in pairs}
    known = cells.str.casefold()
    values = known.map(book).mask(known.map(book) == "").astype("str")
    bad = ~known.isin([*book, ""])
    return values, ("'" + cells + "' is none of " + ", ".join(book)).where(bad, "")


def extract(cells: pd.Series, pattern: str) -> Read:
    """Read what the first group of a regular expression finds in a cell."""
    found = cells.str.extract(pattern)[0]
    return _or_reason(found.mask(found == ""), cells, f"like {pattern}")


def first_seen(cells: pd.Series) -> Read:
    """Read 1 where a cell stands for the first time in its column, 0 where it is said again: to count things once."""
    return _fine((~cells.duplicated()).astype("Int64").mask(cells == ""))


def date(cells: pd.Series, form: str) -> Read:
    """Read days in one strptime format, or as 2024-02-19, which is how a workbook's own dates arrive."""
    days = pd.to_datetime(cells.mask(cells == ""), format=form, errors="coerce")
    iso = pd.to_datetime(cells.where(cells.str.fullmatch(r"\d{4}-\d{2}-\d{2}")), format="%Y-%m-%d", errors="coerce")
    both = days.dt.normalize().astype("datetime64[s]").fillna(iso.astype("datetime64[s]"))  # a day, whatever the hour
    return _or_reason(both, cells, f"a date as {form}")


def us_zip(cells: pd.Series) -> Read:
    """Read US postcodes, alone or after town and state: lost leading zeros restored, the four after the hyphen kept."""
    hyphened = cells.str.replace(r"^.*, [A-Z]{2} (?=[\d-]+$)", "", regex=True)
    hyphened = hyphened.str.replace(r"^(\d{4,5})(\d{4})$", r"\1-\2", regex=True)
    parts = hyphened.str.extract(r"^(\d{3,5})(-\d{4})?$")
    whole = parts[0].str.zfill(5) + parts[1].fillna("")
    return _fine(whole.mask(parts[0].isna()))  # a foreign or broken postcode is no reason to lose the record


def lookup(cells: pd.Series, codes: str, key: str, value: str) -> Read:
    """Replace a word by its code from a list under data/codes/, ignoring case; a word listed without code is null."""
    book = {word.casefold(): found for word, found in code_map(codes, key, value).items()}
    found, faults = _or_reason(cells.str.casefold().map(book).astype("str"), cells, f"in data/codes/{codes}.csv")
    return found.mask(found == ""), faults


def first_id(cells: pd.Series, scheme: str, separator: str = "") -> Read:
    """Read the first identifier of a cell, with its scheme: us.fsis.grant:P1009."""
    first = (
        cells.str.strip(f"{separator} ").str.split(separator, regex=False).str[0].str.strip() if separator else cells
    )
    return _fine((scheme + ":" + first).mask(first == ""))


_ONE_PHRASE = ("text", "date", "codes", "extract")  # what follows these words is one phrase, spaces included

TRANSFORMS: dict[str, Callable[..., Read]] = {
    "text": text,
    "list": listed,
    "count": count,
    "number": number,
    "amount": amount,
    "code": code,
    "codes": recoded,
    "extract": extract,
    "first_seen": first_seen,
    "date": date,
    "us_zip": us_zip,
    "lookup": lookup,
    "first_id": first_id,
}


def apply(word: str, cells: pd.Series) -> Read:
    """Apply a transform written as in a column map, e.g. ``date %m/%d/%Y`` or ``text N / A``.

    Raises
    ------
    BadParameter
        If the vocabulary has no such word.
    """
    name, _, rest = word.partition(" ")
    if name not in TRANSFORMS:
        raise BadParameter(
            f"a column map asks for the transform {name!r}, which does not exist",
            todo=f"Known transforms of a cell: {', '.join(TRANSFORMS)}. See docs/how-to/new-source.md for the others.",
        )
    words = [rest] * bool(rest) if name in _ONE_PHRASE else rest.split()
    try:
        signature(TRANSFORMS[name]).bind(cells, *words)
    except TypeError:
        raise BadParameter(
            f"a column map asks for {word!r}, which has too few or too many words after {name!r}",
            todo="See the table of transforms in docs/how-to/new-source.md.",
        ) from None
    return TRANSFORMS[name](cells, *words)
