"""Headers of two vintages: which came, which went, and which are likely one header spelled in another way."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from welfare.schema.tables import Tables
from welfare.sources.compare.pairing import folded
from welfare.sources.headers import likely_renames

# Of the values that tell a header from the others, so many must stand under both: of two headers spelled alike, of any.
_SPELLED_ALIKE, _SPELLED_OTHERWISE = 0.1, 0.5


def header_changes(old: Tables, new: Tables) -> pd.DataFrame:
    """Return the headers that only one of two files has, and which of them are likely one.

    Two are taken for one if only case, white space or punctuation differ, or if they share values that stand under no
    other header of either file. That a hundred headers hold ``Yes`` tells none of them from the others.

    Parameters
    ----------
    old, new : Tables
        Two vintages of one source.

    Returns
    -------
    DataFrame
        Columns change (renamed, vanished, appeared), old, new. `renamed` is a guess.
    """
    before, after = ([str(name) for name in file.raw] for file in (old, new))
    gone, come = [name for name in before if name not in after], [name for name in after if name not in before]
    pairs = _same_letters(gone, come)
    if gone and come:
        pairs += _same_values(_telling(old), _telling(new), *_left(gone, come, pairs))
    pairs.sort(key=lambda pair: gone.index(pair[0]))
    left_gone, left_come = _left(gone, come, pairs)
    rows = [
        *(("renamed", a, b) for a, b in pairs),
        *(("vanished", name, None) for name in left_gone),
        *(("appeared", None, name) for name in left_come),
    ]
    return pd.DataFrame(rows, columns=["change", "old", "new"]).astype("str")


def _left(gone: list[str], come: list[str], pairs: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    taken = {name for pair in pairs for name in pair}
    return [name for name in gone if name not in taken], [name for name in come if name not in taken]


def _same_letters(gone: list[str], come: list[str]) -> list[tuple[str, str]]:
    letters = [dict(zip(names, folded(pd.Series(names, dtype="str")), strict=True)) for names in (gone, come)]
    pairs: list[tuple[str, str]] = []
    for name in gone:
        same = [other for other in come if letters[1][other] == letters[0][name]]
        if len(same) == 1 and same[0] not in {b for _, b in pairs}:
            pairs.append((name, same[0]))
    return pairs


def _telling(tables: Tables) -> dict[str, set[str]]:
    """Return, by header, the values that stand under no other header of the file."""
    values = {str(name): set(tables.raw[name].dropna().unique()) - {""} for name in tables.raw}
    under = Counter(value for held in values.values() for value in held)
    return {name: {value for value in held if under[value] == 1} for name, held in values.items()}


def _same_values(
    ours: dict[str, set[str]], theirs: dict[str, set[str]], gone: list[str], come: list[str]
) -> list[tuple[str, str]]:
    shares = {
        (a, b): len(ours[a] & theirs[b]) / min(len(ours[a]), len(theirs[b]))
        for a in gone
        for b in come
        if ours[a] and theirs[b]
    }
    pairs: list[tuple[str, str]] = []
    for (a, b), share in sorted(shares.items(), key=lambda item: -item[1]):
        if {a, b} & {name for pair in pairs for name in pair}:
            continue
        if share >= _SPELLED_OTHERWISE or (share >= _SPELLED_ALIKE and likely_renames([a], [b])):
            pairs.append((a, b))
    return pairs
