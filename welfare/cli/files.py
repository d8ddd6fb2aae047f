"""Commands about a file: what it holds, a mapping for one that nobody has described, what changed since an earlier."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

from welfare.cli.page import SIMULATED, AsJson, as_table, plain, say, say_json, wrapped
from welfare.errors import BadParameter

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5  # changes of each kind: there may be thousands
_LONG = 70  # letters of a cell that changed: a list of names may have hundreds
_REASONS = 8  # for which records are left out: where a reason names what stood there, each record may have its own


def read(
    file: Path,
    /,
    *,
    source: str | None = None,
    vintage: str | None = None,
    period: str | None = None,
    mapping: Path | None = None,
    on_new: Literal["keep", "raise"] = "raise",
    as_json: AsJson = False,
) -> None:
    """Recognise and check a file, and say what it holds.

    Parameters
    ----------
    file
        A CSV file, a workbook, JSON or GeoJSON.
    source
        Expect this source, such as us.osha.severe_injury; with --mapping, the name to give the file's records.
    vintage
        As of when the file is true, such as 2025-06; by default what a MANIFEST.csv or the file says.
    period
        What time it covers, such as FY2024 or 2023-10-01..2024-09-30.
    mapping
        YAML file that says what the columns of a file of your own are; draft one with: welfare map FILE.
    on_new
        What to do with columns no layout of the source knows: keep them unread and list them, or refuse the file.
    as_json
        Machine-readable.
    """
    from welfare.sources.read import read as read_file

    tables = read_file(file, source=source, vintage=vintage, period=period, mapping=mapping, on_new=on_new)
    held = {
        "source_id": tables.source_id,
        "file": tables.path,
        "sha256": tables.sha256,
        "publisher": tables.publisher,
        "licence": tables.licence,
        "vintage": tables.vintage,
        "covers": [f"{day:%Y-%m-%d}" for day in tables.period] if tables.period else None,
        "simulated": tables.simulated,
        "records": len(tables.raw),
        "tables": {name: len(frame) for name, frame in tables},
        "rejects": {str(reason): int(count) for reason, count in tables.rejects["reason"].value_counts().items()},
        "conversions": tables.conversions.to_dict("records"),
        "withheld_columns": list(tables.withheld),
        "notes": list(tables.notes),
    }
    if as_json:
        say_json(held)
    else:
        say(_file_in_words(held))


def draft(file: Path, /, *, out: Path | None = None, source: str | None = None, force: bool = False) -> None:
    """Draft a mapping for a file of your own, for a person to finish.

    Parameters
    ----------
    file
        A CSV file, a workbook or JSON that no source is known for.
    out
        Where the mapping goes, such as my_map.yaml; by default it is printed.
    source
        A name for the file's records, such as my.line_speeds.
    force
        Write over a mapping that is there.
    """
    from welfare.schema.provenance import write_text
    from welfare.sources.own.draft_map import draft_map

    if out is not None and out.exists() and not force:
        raise BadParameter(
            "the file is there already",
            where=str(out),
            spoiled="What somebody has decided in it would be lost.",
            todo="Name another with --out, or add --force.",
        )
    text = draft_map(file, source=source)
    if out is None:
        say(text.rstrip("\n"))
        return
    write_text(out, text)
    then = shlex.join(["welfare", "read", str(file), "--mapping", str(out)])
    say(f"draft: {out}", f"Replace each TODO in it, then read the file with it: {then}")


def changes(old: Path, new: Path, /, *, on_new: Literal["keep", "raise"] = "raise", as_json: AsJson = False) -> None:
    """Compare two files of one source, so that rewritten history is visible.

    Parameters
    ----------
    old
        The earlier file.
    new
        The later file.
    on_new
        What to do with columns no layout of the source knows: keep them unread, or refuse the file.
    as_json
        Machine-readable: every change, with both values and both rows.
    """
    from welfare.sources.compare.changes import changes as compare
    from welfare.sources.read import read as read_file

    found = compare(read_file(old, on_new=on_new), read_file(new, on_new=on_new))
    if as_json:
        rows = {"summary": found.summary, "rewrites": found.rewrites, "headers": found.headers}
        rows |= {"changes": found.table, "dropped": found.dropped}
        compared = {"old": found.old_source_id, "new": found.new_source_id, "text": found.text, "notes": found.notes}
        say_json(compared | {name: plain(frame) for name, frame in rows.items()})
        return
    headers = found.headers.groupby("change", sort=False).head(_SHOWN)
    say(
        wrapped(found.text),
        "\n".join(wrapped(f"- {note}") for note in found.notes),
        as_table(found.rewrites.drop(columns="wholesale"), "Values that differ, by column")
        if len(found.rewrites)
        else "",
        as_table(headers, f"Headers{_of(len(headers), len(found.headers))}", missing="-") if len(headers) else "",
        *(
            _some_of(found.table[(found.table["table"] == table) & (found.table["change"] == change)])
            for table, change in zip(found.summary["table"], found.summary["change"], strict=True)
        ),
    )


def _of(shown: int, every: int) -> str:
    return "" if shown == every else f", {shown} of {every:,}; --json gives all"


def _some_of(rows: pd.DataFrame) -> str:
    """Write a few changes of one kind, of each column first one: the first five would all be names."""
    import pandas as pd

    some = rows.iloc[rows.groupby("column", dropna=False).cumcount().argsort(kind="stable")].head(_SHOWN)
    pairs = [_where_they_differ(old, new) for old, new in zip(some["old"], some["new"], strict=True)]
    some = some.assign(**pd.DataFrame(pairs, columns=["old", "new"], index=some.index, dtype="str"))
    shown = some.drop(columns=["table", "change"]).dropna(axis="columns", how="all")
    title = f"{rows['table'].iloc[0]}, {rows['change'].iloc[0].replace('_', ' ')}{_of(len(some), len(rows))}"
    return as_table(shown, title, missing="-")


def _where_they_differ(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Cut two long texts down to the words around the first that differs; a number has no white space to cut at."""
    if not (isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _LONG):
        return old, new
    differ = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = old.rfind(" ", 0, differ) + 1
    cut = [shorten(text[start:], _LONG, placeholder=" ...") for text in (old, new)]
    return (f"... {cut[0]}", f"... {cut[1]}") if start else (cut[0], cut[1])


def _file_in_words(held: Mapping[str, Any]) -> str:
    """Write what a file holds, a line each."""
    covers = " to ".join(held["covers"]) if held["covers"] else "unknown"
    reasons = list(held["rejects"].items())
    more = [count for _reason, count in reasons[_REASONS:]]
    lines = [
        *([f"{SIMULATED}: the plants of this file are made up."] if held["simulated"] else []),
        f"{held['source_id']}: {held['file']}",
        f"publisher: {held['publisher'] or 'unknown'}; licence: {held['licence'] or 'unknown'}",
        f"SHA-256: {held['sha256']}",
        f"as of: {held['vintage'] or 'unknown'}; time covered: {covers}",
        f"records: {held['records']:,}",
        *(f"  {name}: {rows:,} rows" for name, rows in held["tables"].items()),
        *(f"left out: {count:,} records: {reason}" for reason, count in reasons[:_REASONS]),
        *([f"left out for {len(more)} other reasons: {sum(more):,} records; --json gives all"] if more else []),
        *(f"converted, {of['table']}.{of['column']} from {of['header']}: {of['how']}" for of in held["conversions"]),
        *(f"withheld, since it tells of a person: {column}" for column in held["withheld_columns"]),
        *(f"note: {note}" for note in held["notes"]),
    ]
    return "\n".join(lines)
