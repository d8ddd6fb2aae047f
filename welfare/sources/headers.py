"""Which source a file is, told by its headers; and what to say when they are nearly, or not at all, known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from welfare.errors import BadParameter, HeaderDrift, UnknownSource
from welfare.sources.raw.files import RawFile, column_names, header_candidates
from welfare.sources.registry import BY_THE_CALLER, Layout, layouts

# A file that shares at least this share of a layout's headers (Jaccard) is that source, changed.
_NEARLY = 0.5


def _likeness(headers: Iterable[str], layout: Layout) -> float:
    """Return the share of headers that a file and a layout have in common; a pattern counts as one header."""
    matched = layout.matched(headers)
    own = {*headers}.difference(*matched.values()) | {pattern for pattern, names in matched.items() if names}
    known = {*layout.headers, *layout.patterns}
    return len(own & known) / len(own | known)


def recognise(
    raw: RawFile, *, source: str | None = None, on_new: str = "raise", among: Sequence[Layout] | None = None
) -> tuple[Layout, int, tuple[str, ...]]:
    """Find the layout whose headers a file has.

    Parameters
    ----------
    raw : RawFile
        The file's rows.
    source : str, optional
        Consider only this source.
    on_new : {"raise", "keep"}
        What to do with headers that the nearest layout does not know: raise, or keep them in `raw` unmapped. Headers
        that are missing raise either way.
    among : sequence of Layout, optional
        Consider these layouts only, by default all that are registered.

    Returns
    -------
    tuple
        The layout, the row that is the header, and the headers that were new.

    Raises
    ------
    UnknownSource
        If no layout is near, naming the three nearest sources.
    HeaderDrift
        If a layout is near but headers were added, dropped or renamed.
    """
    if on_new not in ("raise", "keep"):
        raise BadParameter(f"on_new is {on_new!r}", todo='Use "raise" or "keep".')
    wanted = [layout for layout in among or layouts() if source in (None, layout.source)]
    if not wanted:
        raise BadParameter(f"no source is called {source!r}", todo="welfare.registry() lists the sources.")
    scored = []
    for row in header_candidates(raw):
        headers = [name for name in column_names(raw, row) if name]
        scored += [(_likeness(headers, layout), -row, headers, layout) for layout in wanted]
    likeness, minus_row, headers, layout = max(scored, key=lambda item: item[:2])
    row = -minus_row
    matched = layout.matched(headers)
    known = {*layout.headers}.union(*matched.values())
    new = tuple(h for h in headers if h not in known)
    missing = tuple(h for h in layout.headers if h not in headers)
    missing += tuple(f"a header like {pattern}" for pattern, names in matched.items() if not names)
    if likeness < _NEARLY and missing:
        raise _unknown(raw, row, headers, wanted, source)
    _refuse_twice(raw, row, headers)
    if missing or (new and on_new == "raise"):
        raise _drift(raw, row, layout, new, missing)
    return layout, row, new


def _refuse_twice(raw: RawFile, row: int, headers: list[str]) -> None:
    twice = sorted(header for header, times in Counter(headers).items() if times > 1)
    if twice:
        raise HeaderDrift(
            f"the header {twice[0]!r} stands twice",
            where=f"{raw.place(row)}, column {_second(column_names(raw, row), twice[0]) + 1}",
            spoiled="Which of the two columns holds the values cannot be told.",
            todo="Delete or rename one in a copy of the file.",
        )


def _second(names: list[str], name: str) -> int:
    return names.index(name, names.index(name) + 1)


def _unknown(raw: RawFile, row: int, headers: list[str], wanted: Sequence[Layout], source: str | None) -> UnknownSource:
    shown = ", ".join(headers[:6]) + (", ..." if len(headers) > 6 else "")
    shown = "; ".join([shown, *(note for note in raw.notes if "sheet" in note)])  # the table may be on another one
    if wanted[0].name == BY_THE_CALLER:
        lacks = [header for header in wanted[0].headers if header not in headers]
        return UnknownSource(
            f"the file's headers ({shown}) are not those of the mapping: it lacks {', '.join(map(repr, lacks))}",
            where=raw.place(row),
            spoiled="Columns read under a guess would put one quantity in another's place.",
            todo="Write the headers in the mapping as the file does.",
        )
    nearest: dict[str, float] = {}
    for layout in layouts():
        nearest[layout.source] = max(nearest.get(layout.source, 0), _likeness(headers, layout))
    three = [name for name in sorted(nearest, key=lambda name: -nearest[name])[:3] if nearest[name]]
    near = ", ".join(f"{name} ({nearest[name]:.0%} of headers shared)" for name in three)
    separator = next((sign for sign in ";\t|" if len(headers) == 1 and sign in headers[0]), None)
    return UnknownSource(
        f"{'no source has these headers' if source is None else f'these are not the headers of {source}'} ({shown})"
        + (f"; its cells are parted by {separator!r}, not by commas" if separator else ""),
        where=raw.place(row),
        spoiled="Columns read under a guess would put one quantity in another's place.",
        todo=(f"Nearest sources: {near}. " if near else "No source shares a header with it. ")
        + "For a file of your own draft a mapping with `welfare map FILE` (docs/how-to/bring-your-own-file.md); an "
        "agency's new file needs a row in data/sources.csv and a column map (docs/how-to/new-source.md).",
    )


def _drift(raw: RawFile, row: int, layout: Layout, new: tuple[str, ...], missing: tuple[str, ...]) -> HeaderDrift:
    parts = []
    if new:
        parts.append(f"has {', '.join(map(repr, new))}, which {_called(layout)} does not know")
    if missing:
        parts.append(f"lacks {', '.join(map(repr, missing))}")
    renames = [f"{old!r} is now {name!r}" for old, name in likely_renames(missing, new)]
    likely = f" Likely renamed: {'; '.join(renames)}." if renames else ""
    at = f", column {column_names(raw, row).index(new[0]) + 1}" if new else ""
    used = layout.map[layout.map["table"] != ""]
    lost = sorted(set(used.loc[used["header"].isin(missing), "column"]))
    if lost:
        spoiled = f"{', '.join(lost)} would be missing."
    elif new:
        spoiled = "What the new columns say would be lost unseen."
    else:
        spoiled = "No column that is read is lost, but what else has changed in the file is not known."
    return HeaderDrift(
        f"the file {' and '.join(parts)}.{likely}",
        where=f"{raw.place(row)}{at}",
        spoiled=spoiled,
        todo=(
            "Correct the mapping"
            if layout.name == BY_THE_CALLER
            else f"Add rows to data/column_maps/{layout.source}.csv (docs/how-to/new-source.md)"
        )
        + (', or pass on_new="keep" to keep the new columns unmapped.' if new and not missing else "."),
    )


def _called(layout: Layout) -> str:
    return "the mapping" if layout.name == BY_THE_CALLER else f"the {layout.name} layout of {layout.source}"


def likely_renames(missing: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """Pair headers that are gone with new ones spelled much like them, each new one once; case does not count."""
    left = {name.casefold(): name for name in new}
    pairs = []
    for old in missing:
        if close := get_close_matches(old.casefold(), left, n=1, cutoff=0.6):
            pairs.append((old, left.pop(close[0])))
    return pairs
