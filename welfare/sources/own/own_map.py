"""A mapping that a person writes for a file of their own, in YAML, brought to the words of a column map.

The layout is described in docs/how-to/bring-your-own-file.md. What comes out is a column map like any other, so the
file is read, checked and refused as an agency's is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from welfare.errors import BadParameter, FileMissing
from welfare.schema.columns import PROVENANCE, columns, table_names
from welfare.sources.manifest import parse_period
from welfare.sources.maps.column_map import check_map
from welfare.sources.own.own_cells import Rule, rules_of
from welfare.sources.own.strict_yaml import Item, read_strictly

EVERY = "every"  # the word for all tables that the file fills; a column map writes *
ENCODINGS = ("utf-8", "latin-1")
_KEYS = ("source", "publisher", "licence", "vintage", "period", "encoding", "no_value", "columns", "constants")
_OF_THE_HEADER = ("withheld", "fill_down")
_SPOILED = "Columns would be missing, or hold something else than was meant."
_HOW = "See docs/how-to/bring-your-own-file.md."
# What a word that makes rows fills beside the column it names.
_ALSO_FILLED = {"ids": ("scheme", "identifier"), "reading": ("quantity", "kind", "value", "unit"), "item": ("item",)}


class OwnMap(NamedTuple):
    """What a person's mapping says of their file.

    Attributes
    ----------
    source : str
        The name its records go by.
    book : DataFrame
        The column map: header, table, column, transform.
    vintage, period, encoding, publisher, licence : str or None
        As the mapping states them; None where it does not.
    """

    source: str
    book: pd.DataFrame
    vintage: str | None = None
    period: str | None = None
    encoding: str | None = None
    publisher: str | None = None
    licence: str | None = None


def load_map(path: str | Path) -> OwnMap:
    """Read a mapping.

    Parameters
    ----------
    path : path
        A YAML file; see docs/how-to/bring-your-own-file.md.

    Returns
    -------
    OwnMap

    Raises
    ------
    FileMissing
        If there is no such file.
    BadParameter
        With the line, if it cannot be followed to the letter: an unknown key, table or column, a key twice, a number
        without its unit, a date without its format, or a TODO that nobody has decided.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissing(
            "there is no such mapping", where=str(path), todo="Check the path, or draft one: welfare map FILE."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadParameter(
            "the mapping is not UTF-8", where=str(path), spoiled=_SPOILED, todo="Save it again as UTF-8."
        ) from None
    top = read_strictly(str(path), text)
    _refuse_undecided(top)
    _refuse_unknown(top.value, _KEYS, "key")
    said = {name: _word(item, name) for name, item in top.value.items() if name in _KEYS[:6]}
    _check_said(said, top)
    rules = [*_nothing(top), *_of_columns(top), *_of_constants(top)]
    _refuse_unfilled(rules, top)
    return OwnMap(book=_book(rules), **said)


def _book(rules: Sequence[Rule]) -> pd.DataFrame:
    """Return the column map, checked as any other is; a fault is told by the mapping's line."""
    book = pd.DataFrame([rule[:4] for rule in rules], columns=["header", "table", "column", "transform"], dtype="str")
    try:
        check_map(book)
    except BadParameter as error:
        row = re.search(r"row (\d+)", error.where)
        where = rules[int(row[1]) - 1].where if row else rules[0].where
        raise BadParameter(error.what, where=where, spoiled=error.spoiled, todo=error.todo) from None
    return book


def _fault(what: str, where: str, todo: str = _HOW) -> BadParameter:
    return BadParameter(what, where=where, spoiled=_SPOILED, todo=todo)


def _refuse_undecided(top: Item) -> None:
    left = [f"{name} ({item.where.rpartition(', ')[2]})" for name, item in _todos(top, "")]
    if left:
        first = next(_todos(top, ""))[1].where
        raise _fault(
            f"{len(left)} {'place is' if len(left) == 1 else 'places are'} still to be decided (TODO): "
            + "; ".join(left),
            first,
            "Replace each TODO by what is true of the file; the comment beside it says what was seen.",
        )


def _todos(item: Item, name: str) -> Iterator[tuple[str, Item]]:
    if isinstance(item.value, dict):
        for key, part in item.value.items():
            yield from _todos(part, f"{name} > {key}" if name else key)
    elif isinstance(item.value, list):
        for part in item.value:
            yield from _todos(part, name)
    elif re.search(r"\bTODO\b", item.value):
        yield name, item


def _refuse_unknown(given: Mapping[str, Item], known: Sequence[str], kind: str) -> None:
    for name, item in given.items():
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            raise _fault(
                f"{name!r} is no {kind} of a mapping" if kind == "key" else f"no {kind} is called {name!r}",
                item.where,
                (f"Perhaps {near[0]!r} is meant. " if near else "") + f"Known: {', '.join(known)}.",
            )


def _word(item: Item, name: str) -> str:
    if not isinstance(item.value, str):
        raise _fault(f"{name} is not one value", item.where)
    if not item.value:
        raise _fault(f"{name} has no value", item.where, "Fill it in, or delete the line.")
    return item.value


def _check_said(said: Mapping[str, str], top: Item) -> None:
    if "source" not in said:
        raise _fault("the mapping gives its file no name", top.where, "Add a line such as source: my.line_speeds.")
    for name, form in (("source", r"\w+(?:\.\w+)*"), ("vintage", r"[\w.-]+")):
        if name in said and not re.fullmatch(form, said[name]):
            raise _fault(
                f"{name} {said[name]!r} cannot stand in the name of a record",
                top.value[name].where,
                "Use letters, digits, points and underscores, such as my.line_speeds; a vintage such as 2024-06.",
            )
    if "period" in said and parse_period(said["period"]) is None:
        raise _fault(
            f"the period {said['period']!r} cannot be read",
            top.value["period"].where,
            "Write 2024, FY2024 or 2023-10-01..2024-09-30.",
        )
    if said.get("encoding", ENCODINGS[0]) not in ENCODINGS:
        raise _fault(
            f"the encoding {said['encoding']!r} is not known", top.value["encoding"].where, "Write utf-8 or latin-1."
        )


def _nothing(top: Item) -> list[Rule]:
    """Return the words that stand where the file has no value."""
    item = top.value.get("no_value")
    if item is None:
        return []
    words = item.value if isinstance(item.value, list) else [item]
    return [Rule("", "", "", f"null {_word(word, 'no_value')}", word.where) for word in words]


def _of_columns(top: Item) -> list[Rule]:
    item = top.value.get("columns")
    if item is None or not isinstance(item.value, dict):
        raise _fault("the mapping names no columns", top.where, "Add columns: with a line for each header of the file.")
    rules = []
    for header, part in item.value.items():
        if not header or header.startswith("~"):
            raise _fault(f"{header!r} is no header that can be named", part.where, "Rename it in a copy of the file.")
        places = part.value if isinstance(part.value, list) else [part]
        for place in places:
            rules += _of_place(header, place, alone=len(places) == 1)
    return rules


def _of_place(header: str, place: Item, *, alone: bool) -> list[Rule]:
    """Return the rules for one place that a header goes to."""
    keys = place.value
    if not isinstance(keys, dict) or not keys:
        raise _fault(
            f"{header!r} says not where it goes",
            place.where,
            "Give it a table and a column, as {table: line_speeds, column: shift}, or {ignore: true}.",
        )
    for word in ("ignore", *_OF_THE_HEADER):
        if word not in keys:
            continue
        if len(keys) > 1 or (word != "fill_down" and not alone):
            raise _fault(f"{header!r} is both {word} and read", place.where, "Keep one of the two.")
        if keys[word].value not in ("true", "yes"):
            raise _fault(f"{word} of {header!r} is not true", keys[word].where, "Write true, or delete it.")
        return [Rule(header, "", "", "" if word == "ignore" else word, place.where)]
    if "table" not in keys:
        raise _fault(f"{header!r} names no table", place.where, f"Tables: {', '.join(table_names())}.")
    table = _word(keys["table"], "table")
    if table != EVERY:
        _refuse_unknown({table: keys["table"]}, table_names(), "table")
    return rules_of(header, table, place)


def _of_constants(top: Item) -> list[Rule]:
    """Return the rules for what is true of every record and stands in no cell."""
    item = top.value.get("constants", Item({}, top.where))
    rules = []
    if not isinstance(item.value, dict):
        raise _fault("constants are not given by table", item.where)
    _refuse_unknown(item.value, (EVERY, *table_names()), "table")
    for table, part in item.value.items():
        if not isinstance(part.value, dict) or not part.value:
            raise _fault(f"the constants of {table} are not given by column", part.where)
        for column, value in part.value.items():
            word = _word(value, column)
            transform = {"first day of period": "period from", "last day of period": "period to"}.get(word)
            _check_constant(table, column, value, word, of_period=transform is not None)
            rules.append(Rule("", "*" if table == EVERY else table, column, transform or f"const {word}", value.where))
    return rules


def _check_constant(table: str, column: str, value: Item, word: str, *, of_period: bool) -> None:
    if table == EVERY:
        return
    _refuse_unknown({column: value}, tuple(name for name in columns(table) if name not in PROVENANCE), "column")
    kind = columns(table)[column].type
    form = {"count": r"\d+", "number": r"-?\d+(?:\.\d+)?", "flag": "true|false", "text": r".+"}.get(kind)
    if of_period != (kind == "date") or (form and not re.fullmatch(form, word)):
        expected = "first day of period, or last day of period" if kind == "date" else f"a {kind}"
        raise _fault(f"{column} of {table} is {word!r}, which is not {expected}", value.where)


def _refuse_unfilled(rules: Sequence[Rule], top: Item) -> None:
    """Refuse a mapping that leaves empty what no row of a table may leave empty."""
    named = [table for table in dict.fromkeys(rule.table for rule in rules) if table not in ("", "*")]
    if not named:
        raise _fault("no header of the mapping goes to a table", top.value["columns"].where)
    for table in named:
        own = [rule for rule in rules if rule.table in (table, "*")]
        words = {rule.transform.partition(" ")[0] for rule in own}
        filled = {rule.column for rule in own}.union(*(_ALSO_FILLED.get(word, ()) for word in words))
        for name, column in columns(table).items():
            if column.required and name not in filled and name not in PROVENANCE:
                where = next(rule.where for rule in own if rule.table == table)
                raise _fault(
                    f"nothing fills {name} of {table}, which no row may leave empty ({column.meaning})",
                    where,
                    f"Name a header for it, or add it under constants: {table}: {{{name}: ...}}.",
                )
