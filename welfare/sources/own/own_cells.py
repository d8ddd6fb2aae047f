"""What a person says of one header of their file, brought to the words of a column map."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from welfare.errors import BadParameter
from welfare.schema.columns import PROVENANCE, Column, columns
from welfare.schema.units import conversion
from welfare.sources.own.strict_yaml import Item

_KEYS = (
    "table", "column", "unit", "date", "codes", "scheme", "separator", "joined", "quantity", "subject", "transform",
)  # fmt: skip
_NO_UNITS = ("", "as unit says", "as the source says")
# Words of a column map that read a number as it stands.
_BARE_NUMBERS = ("number", "count", "largest", "present", "first_seen", "filled", "measure")
_SPOILED = "The column would be missing, or hold something else than its name says."
_READINGS = ("measures", "area_measures", "exposures")
# How people write a date, longest first, and what strptime calls it. Capitals for days, small letters for hours.
_DATE_WORDS = {
    "MONTH": "%B", "YYYY": "%Y", "MON": "%b", "YY": "%y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S",
    "M": "%m", "D": "%d", "h": "%H", "AM": "%p",
}  # fmt: skip


class Rule(NamedTuple):
    """One row of a column map, and where the mapping says it."""

    header: str
    table: str
    column: str
    transform: str
    where: str


def rules_of(header: str, table: str, place: Item) -> list[Rule]:
    """Return the rows of a column map for one place that a header goes to.

    Parameters
    ----------
    header : str
        As the file writes it.
    table : str
        A tidy table, or ``every``.
    place : Item
        The keys that stand under the header.

    Raises
    ------
    BadParameter
        With the line.
    """
    keys: Mapping[str, Item] = place.value
    for name, item in keys.items():
        if name not in _KEYS:
            near = get_close_matches(name, _KEYS, n=1, cutoff=0.5)
            raise _fault(
                f"{name!r} under {header!r} is no key of a mapping",
                item.where,
                (f"Perhaps {near[0]!r} is meant. " if near else "") + f"Known: {', '.join(_KEYS)}, ignore, withheld.",
            )
    said = {name: _text(header, name, item) for name, item in keys.items() if name != "codes"}
    name, column = _column(header, table, place, said)
    words, used = _transform(header, table, column, keys, said, place.where)
    for key in keys:
        if key not in ("table", "column", *used):
            raise _fault(
                f"{key!r} under {header!r} cannot be used: {name} of {table} is filled by {words.partition(' ')[0]!r}",
                keys[key].where,
                "Delete it, or name another column.",
            )
    return [Rule(header, "*" if table == "every" else table, name, words, place.where)]


def _fault(what: str, where: str, todo: str = "See docs/how-to/bring-your-own-file.md.") -> BadParameter:
    return BadParameter(what, where=where, spoiled=_SPOILED, todo=todo)


def _text(header: str, name: str, item: Item) -> str:
    if not isinstance(item.value, str) or not item.value:
        raise _fault(f"{name!r} under {header!r} is not one word or phrase", item.where)
    return item.value


def _column(header: str, table: str, place: Item, said: Mapping[str, str]) -> tuple[str, Column]:
    """Return the column named, or the only one there can be."""
    implied = "identifier" if table == "identifiers" else "value" if table in _READINGS and "quantity" in said else ""
    name = said.get("column", implied)
    if not name:
        raise _fault(f"{header!r} names no column of {table}", place.where, f"Columns: {_known(table)}.")
    if table == "every":
        # Every table has the record's own columns, and nearly every one these.
        return name, Column(name, "text", "", False, True, False, "")
    if name not in columns(table) or name in PROVENANCE:
        near = get_close_matches(name, columns(table), n=1, cutoff=0.5)
        raise _fault(
            f"the table {table} has no column {name!r}",
            place.value.get("column", place).where,
            (f"Perhaps {near[0]!r} is meant. " if near else "") + f"Columns: {_known(table)}.",
        )
    return name, columns(table)[name]


def _known(table: str) -> str:
    return "facility_id" if table == "every" else ", ".join(name for name in columns(table) if name not in PROVENANCE)


def _transform(
    header: str,
    table: str,
    column: Column,
    keys: Mapping[str, Item],
    said: Mapping[str, str],
    where: str,
) -> tuple[str, tuple[str, ...]]:
    """Return the words of a column map, and which keys they come from."""
    if "transform" in said:
        words = said["transform"]
        if column.type == "number" and column.unit not in _NO_UNITS and words.partition(" ")[0] in _BARE_NUMBERS:
            raise _no_unit(header, table, column, keys["transform"].where)
        return words, ("transform",)
    if "quantity" in said:
        return _reading(header, table, keys, said), ("quantity", "unit", "subject")
    if "codes" in keys:
        return _codes(header, keys["codes"]), ("codes",)
    if column.type in _BY_TYPE:
        return _BY_TYPE[column.type](header, table, column, keys, said, where)
    return _words_of_text(header, table, said, where)


def _words_of_text(header: str, table: str, said: Mapping[str, str], where: str) -> tuple[str, tuple[str, ...]]:
    separator = said.get("separator", "")
    if " " in separator:
        raise _fault(f"the separator {separator!r} of {header!r} holds a space", where)
    if "scheme" in said:
        if not re.fullmatch(r"[\w.]+", said["scheme"]):
            raise _fault(f"the scheme {said['scheme']!r} is not letters, digits and points", where)
        word = "ids" if table == "identifiers" else "first_id"
        return f"{word} {said['scheme']} {separator}".strip(), ("scheme", "separator")
    if table == "identifiers":
        raise _fault(f"{header!r} gives an identifier without its scheme", where, "Add who issued it: scheme: us.fsis.")
    if said.get("column") == "facility_id":
        raise _fault(
            f"{header!r} gives facility_id without the scheme of its numbers",
            where,
            "Add who issued them, such as scheme: us.fsis.grant; a file's own names are a scheme too: my.plants.",
        )
    if separator:
        return f"list {separator}", ("separator",)
    if said.get("joined") in ("true", "yes"):
        return "join", ("joined",)
    return "text", ()


def _reading(header: str, table: str, keys: Mapping[str, Item], said: Mapping[str, str]) -> str:
    where = keys["quantity"].where
    if table not in _READINGS:
        raise _fault(f"'quantity' under {header!r} is for {', '.join(_READINGS)}, not {table}", where)
    if "unit" not in said:
        raise _fault(f"{header!r} has no unit", where, "Add the unit of its numbers, such as unit: lice/fish.")
    unit = re.sub(r"\s+per\s+", "/", said["unit"])
    if " " in unit or ": " in said["quantity"]:
        raise _fault(f"{header!r} has a unit or a quantity that cannot be written in one", where, "Write lice/fish.")
    subject = f": {said['subject']}" if "subject" in said else ""
    return f"reading {unit} {said['quantity']}{subject}"


def _codes(header: str, item: Item) -> str:
    if not isinstance(item.value, dict) or not item.value:
        raise _fault(f"the codes of {header!r} are not a list of word: meaning", item.where)
    pairs: dict[str, str] = {}
    for word, meaning in item.value.items():
        if not isinstance(meaning.value, str) or any(sign in word + meaning.value for sign in ";="):
            raise _fault(f"the code {word!r} of {header!r} is no word, or holds ; or =", meaning.where)
        if pairs.setdefault(word.casefold(), meaning.value) != meaning.value:
            raise _fault(f"the code {word!r} of {header!r} stands twice: capitals do not count", meaning.where)
    return "codes " + "; ".join(f"{word}={meaning}" for word, meaning in pairs.items())


def _words_of_date(
    header: str, _table: str, column: Column, keys: Mapping[str, Item], said: Mapping[str, str], where: str
) -> tuple[str, tuple[str, ...]]:
    if "date" not in said:
        raise _fault(
            f"{header!r} holds dates, and their format is not said",
            where,
            "Add it, such as date: MM/DD/YYYY: 03/04/2024 is in March in one place and in April in another.",
        )
    form = strptime_format(said["date"])
    if form is None:
        raise _fault(
            f"the date format {said['date']!r} of {header!r} cannot be read",
            keys["date"].where,
            "Write YYYY, MM, DD (MON for Jan, MONTH for January) and hh:mm as the file does, such as DD.MM.YYYY.",
        )
    if "%d" in form:
        # The column is a day: a clock time left on it would put 31 December after the end of its year.
        return f"{'first_day' if {'%H', '%I'} & set(re.findall('%.', form)) else 'date'} {form}", ("date",)
    if not column.name.endswith(("_from", "_to")):
        raise _fault(f"{header!r} names no day, and {column.name} is a day", keys["date"].where)
    return f"{'last' if column.name.endswith('_to') else 'first'}_day {form}", ("date",)


def strptime_format(written: str) -> str | None:
    """Return the strptime format of a date as people write it, ``MM/DD/YYYY``; None if it names no year."""
    if "%" not in written:
        found = re.sub("|".join(_DATE_WORDS), lambda word: _DATE_WORDS[word[0]], written)
        if re.search(r"(?<!%)[A-Za-z]", found.replace("T%H", "")):
            return None
        written = found.replace("%H", "%I") if "%p" in found else found
    marks = re.findall("%.", written)
    known = set(_DATE_WORDS.values()) | {"%I"}
    return written if {"%Y", "%y"} & set(marks) and set(marks) <= known and len(set(marks)) == len(marks) else None


def _words_of_number(
    header: str, table: str, column: Column, keys: Mapping[str, Item], said: Mapping[str, str], where: str
) -> tuple[str, tuple[str, ...]]:
    plain = "count" if column.type == "count" else "number"
    if column.unit in _NO_UNITS or (plain == "count" and column.unit != "animals"):
        return plain, ()  # tasks, findings and persons come in no other unit
    if "unit" not in said:
        raise _no_unit(header, table, column, where)
    try:
        found = conversion(said["unit"], column.unit)
    except BadParameter as error:
        raise BadParameter(
            f"{header!r} cannot fill {column.name}: {error.what}",
            where=keys["unit"].where,
            spoiled=error.spoiled,
            todo=error.todo,
        ) from None
    if plain == "number":
        return f"measure {said['unit']}", ("unit",)
    if found.factor != 1 or found.inverse:
        raise _fault(
            f"{header!r} is in {said['unit']}, and {column.name} holds whole {column.unit}",
            keys["unit"].where,
            "Write whole numbers into a copy of the file: a rounded count is not a count.",
        )
    return "count", ("unit",)


def _no_unit(header: str, table: str, column: Column, where: str) -> BadParameter:
    return _fault(
        f"{header!r} fills {column.name} of {table}, and its unit is not said",
        where,
        f"Add the unit of the file's numbers, such as unit: {column.unit}.",
    )


_BY_TYPE: dict[str, Callable[..., tuple[str, tuple[str, ...]]]] = {
    "date": _words_of_date,
    "number": _words_of_number,
    "count": _words_of_number,
}
