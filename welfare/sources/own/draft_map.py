"""The first draft of a mapping for a file nobody has described: what was seen, what it may mean, and what to decide.

Nothing is guessed silently: each guess stands under its reason, and whatever is in doubt is TODO, which `load_map`
refuses.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from welfare.errors import HeaderDrift, NotData, UnknownSource
from welfare.schema.columns import PROVENANCE, columns
from welfare.sources.headers import recognise
from welfare.sources.own.draft_places import TODO, Guess, as_yaml, fits, flow, guess
from welfare.sources.own.header_match import SURE, Match, matches
from welfare.sources.own.look import Look, look_at
from welfare.sources.raw.files import RawFile, column_names, header_candidates, read_rows, to_records

_WIDTH = 118
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright bars"}


def draft_map(path: str | Path, *, source: str | None = None) -> str:
    """Draft a mapping by looking at a file's headers and cells.

    Parameters
    ----------
    path : path
        A file as `read` takes it.
    source : str, optional
        The name to give the file's records, such as ``my.line_speeds``.

    Returns
    -------
    str
        YAML, with a comment over each header. It can be read only when a person has replaced every TODO in it.

    Raises
    ------
    FileMissing, WrongEncoding, Truncated
        As `read` does.
    NotData
        If the file is not a table, has no header, or parts its cells by something else than commas.
    HeaderDrift
        If a header stands twice.

    Notes
    -----
    Cells are shown where they help to decide, but not those of columns that look as if they told of a person. A guess
    is a guess: compare the finished mapping with the file.
    """
    raw = read_rows(path)
    _refuse_other_separators(raw)
    header = _header_row(raw)
    _refuse_unnamed(raw, header)
    frame, _ = to_records(raw, header)
    looks = {name: look_at(frame[name]) for name in map(str, frame)}
    found = {name: matches(name) for name in looks}
    tables = _tables(looks, found)
    guesses = {name: guess(name, looks[name], found[name], tables) for name in looks}
    parts = [
        *_top(raw, header, frame, source, looks),
        "columns:",
        *(line for name, one in guesses.items() for line in _block(name, one)),
        *_constants(guesses),
    ]
    return "\n".join(parts) + "\n"


def _refuse_other_separators(raw: RawFile) -> None:
    first = raw.rows[0]
    sign = next((sign for sign in _SEPARATORS if len(first) == 1 and sign in first[0]), None)
    if sign:
        raise NotData(
            f"the file's cells are parted by {_SEPARATORS[sign]}, not by commas ({first[0][:80]!r})",
            where=f"{raw.path}, line {raw.lines[0]}",
            spoiled="The whole row would be read as one cell.",
            todo="Save it again as CSV UTF-8 with commas, and decimal points instead of decimal commas.",
        )


def _header_row(raw: RawFile) -> int:
    """Return the first row that is about as full as the fullest near it: a title above a table is a cell or two."""
    filled = {row: sum(bool(cell.strip()) for cell in raw.rows[row]) for row in header_candidates(raw)}
    return next(row for row, cells in filled.items() if 2 * cells > max(filled.values()))


def _refuse_unnamed(raw: RawFile, header: int) -> None:
    names = [name for name in column_names(raw, header) if name]
    where = f"{raw.path}, line {raw.lines[header]}"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise HeaderDrift(
            f"the header {twice!r} stands twice",
            where=where,
            spoiled="Which of the two columns holds the values cannot be told.",
            todo="Rename one in a copy of the file.",
        )
    if not any(re.search(r"[^\W\d_]", name) for name in names):
        raise NotData(
            f"the first row holds no words ({', '.join(names[:4])}): it is no header",
            where=where,
            spoiled="The first record would be taken for the names of the columns.",
            todo="Write a row of headers above it in a copy of the file.",
        )


def _tables(looks: Mapping[str, Look], found: Mapping[str, Sequence[Match]]) -> list[str]:
    """Return the tables that the file seems to fill, the one most headers speak of first."""
    votes: dict[str, int] = {}
    for name, look in looks.items():
        best = found[name][0] if found[name] else None
        if best and best.table and best.score >= SURE and look.kind != "empty" and fits(look, best.column, best.table):
            votes[best.table] = votes.get(best.table, 0) + 1
    return sorted(votes, key=lambda table: -votes[table])


def _top(raw: RawFile, header: int, frame: pd.DataFrame, source: str | None, looks: Mapping[str, Look]) -> list[str]:
    """Return what is said of the file as a whole."""
    about = f"Draft of a mapping for {raw.path.name}: {len(frame):,} records, {frame.shape[1]} columns."
    if header:
        about += f" The headers were found on line {raw.lines[header]}."
    known = _known(raw)
    days = [day for look in looks.values() for day in (look.first, look.last) if day]
    about += f" The days in it run from {min(days)} to {max(days)}." if days else ""
    lines = [
        *_comment(about, ""),
        *_comment(
            "Nothing here is certain. Replace each TODO by what is true of the file, or delete its line where the line "
            "says so; then compare the rest with the file. How: docs/how-to/bring-your-own-file.md",
            "",
        ),
        *(_comment(f"The library knows this file as {known}: read it without a mapping.", "") if known else []),
        f"source: {source or TODO}  # a name for its records, such as my.line_speeds",
        f"publisher: {TODO}  # whose file it is, and how it was obtained; delete the line if nobody knows",
        f"vintage: {TODO}  # as of when it is true, such as 2024-06; delete the line if nobody knows",
        f"period: {TODO}  # what time it covers, such as 2023-10-01..2024-09-30; delete the line if nobody knows",
    ]
    if raw.not_utf8:
        lines += [
            *_comment(
                f"A byte is not UTF-8 ({raw.not_utf8}). If names with accents look right below, it is latin-1.", ""
            ),
            f"encoding: {TODO}",
        ]
    return [*lines, *_nothing(looks)]


def _known(raw: RawFile) -> str:
    try:
        return recognise(raw)[0].source
    except (UnknownSource, HeaderDrift):
        return ""


def _nothing(looks: Mapping[str, Look]) -> list[str]:
    """Return the words that stand for no value among numbers and days; a sign that may mean 0 is to be decided."""
    counted = {name: look for name, look in looks.items() if look.kind in ("number", "count", "date", "id")}
    words = list(dict.fromkeys(word for look in counted.values() for word in look.nothing))
    doubtful = list(dict.fromkeys(word for look in counted.values() for word in look.doubtful))
    lines = []
    if words:
        lines += _comment("These stand where other cells hold a number or a day: taken for no value.", "")
    if doubtful:
        where = [name for name, look in counted.items() if look.doubtful]
        lines += _comment(
            f"{', '.join(map(repr, doubtful))} in {', '.join(map(repr, where))}: no value, or 0? If no value, write "
            "it in place of TODO; if 0, write 0 into a copy of the file.",
            "",
        )
    listed = [as_yaml(word) for word in words] + [TODO] * bool(doubtful)
    return [*lines, f"no_value: [{', '.join(listed)}]"] if listed else []


def _block(header: str, one: Guess) -> list[str]:
    lines = _comment(one.why, "  ")
    if not one.places:
        return [*lines, f"  {as_yaml(header)}: {TODO}"]
    if len(one.places) == 1:
        return [*lines, f"  {as_yaml(header)}: {flow(one.places[0])}"]
    return [*lines, f"  {as_yaml(header)}:", *(f"    - {flow(place)}" for place in one.places)]


def _constants(guesses: Mapping[str, Guess]) -> list[str]:
    """Return what no header says and no row of a table may leave empty."""
    filled: dict[str, set[str]] = {}
    for one in guesses.values():
        for place in one.places:
            own = filled.setdefault(str(place.get("table", TODO)), set())
            own |= {"quantity", "kind", "value"} if "quantity" in place else {str(place.get("column", ""))}
    lines = []
    for table in filled:
        if table in ("every", "identifiers", TODO):
            continue
        left = [c for c in columns(table).values() if c.required and c.name not in {*filled[table], *PROVENANCE}]
        if "species" in columns(table) and "species" not in filled[table]:
            lines += _comment(f"If all of {table} is of one species, add it: {table}: {{species: young_chicken}}", "  ")
        lines += [f"  {table}:"] * bool(left)
        for column in left:
            lines += [*_comment(f"In every row: {column.meaning}.", "    "), f"    {column.name}: {TODO}"]
    return ["constants:", *lines] if any(TODO in line for line in lines) else lines


def _comment(words: str, indent: str) -> list[str]:
    plain = re.sub(r"\s+", " ", words).strip()
    return textwrap.wrap(
        plain, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_on_hyphens=False
    )
