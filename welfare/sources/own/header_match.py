"""Which column of the tidy tables a header may mean, told by its words and by the unit that is written in it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from welfare.errors import BadParameter
from welfare.schema.codes import shipped
from welfare.schema.columns import PROVENANCE, columns, table_names
from welfare.schema.units import conversion

SURE, PERHAPS = 92.0, 70.0  # of 100, as rapidfuzz scores two phrases whose words may stand in any order
# What a unit alone tells: no column but this one is in it. Animals, hours and areas are too common to tell.
_TOLD_BY_UNIT = (
    ("line_speeds", "speed_animals_per_min"),
    ("housing", "density_kg_per_m2"),
    ("housing", "density_animals_per_m2"),
    ("housing", "density_kg_per_m3"),
)


class Match(NamedTuple):
    """A column that a header may mean.

    Attributes
    ----------
    table, column : str
        From the dictionary, or from data/codes/header_words.csv; no table where any table may be meant.
    words : str
        The phrase that the header is like.
    score : float
        0 to 100.
    unit : str
        The unit written in the header, if one is.
    """

    table: str
    column: str
    words: str
    score: float
    unit: str = ""


def plain(header: str) -> str:
    """Return a header in small letters and words: ``EstNumber_FSIS`` is ``est number fsis``."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return re.sub(r"[^\w²³°%]+", " ", parted.replace("_", " ").replace("#", " number ")).strip().casefold()


def unit_in(header: str, into: str) -> str:
    """Return the words of a header that are a unit which converts into another; empty if there are none."""
    words = header.replace("_", " ").replace("[", "(").replace("]", ")").split(" ")
    spans = [" ".join(words[i:j]) for i in range(len(words)) for j in range(len(words), i, -1)]
    spans += re.findall(r"\(([^()]+)\)", header)
    for span in sorted(set(spans), key=lambda part: -len(part)):
        try:
            conversion(span.strip("() ,"), into)
        except BadParameter:
            continue
        return span.strip("() ,")
    return ""


@cache
def _phrases() -> dict[str, list[tuple[str, str]]]:
    """Return by phrase the columns it may mean: those of the shipped list, and the dictionary's own names."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in shipped("codes/header_words.csv").to_dict("records"):
        found.setdefault(row["words"], []).append((row["table"], row["column"]))
    for table in table_names():
        for name in columns(table):
            words = name.replace("_", " ")
            if name not in PROVENANCE and words not in found:
                homes = [other for other in table_names() if name in columns(other)]
                found.setdefault(words, []).append((table if len(homes) == 1 else "", name))
    return found


def matches(header: str) -> list[Match]:
    """Return the columns that a header may mean, the likeliest first.

    Parameters
    ----------
    header : str
        As the file writes it.

    Returns
    -------
    list of Match
        Those with a score of 70 or more, each column once, at most four.
    """
    found = []
    for table, column in _TOLD_BY_UNIT:
        if unit := unit_in(header, columns(table)[column].unit):
            found.append(Match(table, column, unit, 100.0, unit))
            break
    phrases = _phrases()
    near = process.extract(plain(header), list(phrases), scorer=fuzz.token_sort_ratio, limit=6, score_cutoff=PERHAPS)
    for words, score, _ in near:
        found += [Match(table, column, words, float(score)) for table, column in phrases[words]]
    once: dict[tuple[str, str], Match] = {}
    for match in found:
        once.setdefault((match.table, match.column), match)
    return list(once.values())[:4]
