"""Street addresses made comparable, and back: house number, street, and the unit or box that was set apart."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from welfare.link.likeness.names import folded_words
from welfare.schema.codes import code_map

# A box or a part of a building: at the start it stands alone, later on it ends the street. A bare word is no unit:
# "Box Elder Rd" is a street.
_PART = r"(?:(?:p ?o |post office )?box|pob|ste|unit|bldg|floor|apt) (?:\w*\d\w*|[a-z])\b"
_LEADING_PART, _TRAILING_PART = re.compile(rf"^(?:{_PART} ?)+"), re.compile(rf" {_PART}.*$| \d+\w* floor$")
_PARTS = frozenset(("box", "pob", "ste", "unit", "bldg", "floor", "apt"))  # without one of these, nothing is apart
# "P O Box 7", "Post Office Box 7" and "POB 7" are one box.
_BOX = re.compile(r"\b(?:(?:p ?o |post office )?box|pob) (?=\w*\d|[a-z]\b)")
# House numbers may carry a letter, and in the upper Midwest a grid's direction: 12b, n6330, n56w13400.
_NUMBERED = re.compile(r"([nsew]?\d+(?:[nsew]\d+)?[a-z]?) (.+)")
_DIRECTIONS = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw"))
_ZIP_4 = re.compile(r"\s*(\d{5})\W?\d{4}\s*")
_UNIT_WORDS = re.compile(r"\b(?:ste|apt)\b")  # suite, apartment and "#" say one thing: unit
_DIGITS = re.compile(r"\d+")


class StandardAddress(NamedTuple):
    """A street address in standard words, with what was set apart from it.

    Attributes
    ----------
    original : str
        As the file spells it.
    number, street : str
        House number and street; empty where there is none.
    apart : str
        The unit, suite, floor or post office box, in standard words.
    """

    original: str
    number: str
    street: str
    apart: str


@lru_cache
def _book() -> dict[str, str]:
    return code_map("street_words", "word", "standard")


def standard_words(text: str) -> str:
    """Return text folded, with street types, directions and ordinals in their short forms."""
    standard = _book()
    return " ".join([standard.get(word, word) for word in folded_words(text)])


def standard_address(street: str) -> StandardAddress:
    """Return the parts of a street address.

    Parameters
    ----------
    street : str
        As a file spells it.
    """
    words = standard_words(street.replace("#", " unit ") if "#" in street else street)
    kept, apart = words, ""
    if not _PARTS.isdisjoint(words.split()):
        head = found[0] if (found := _LEADING_PART.match(words)) else ""
        rest = words[len(head) :]
        tail = found[0] if (found := _TRAILING_PART.search(rest)) else ""
        kept = rest[: len(rest) - len(tail)].strip()
        apart = _BOX.sub("box ", " ".join(f"{head} {tail}".split()))
    numbered = _NUMBERED.fullmatch(kept)
    return (
        StandardAddress(street, numbered[1], numbered[2], apart)
        if numbered
        else (StandardAddress(street, "", kept, apart))
    )


def street_parts(street: str) -> tuple[str, str]:
    """Return the house number (empty if there is none) and the street of an address, in standard words."""
    return standard_address(street)[1:3]


def unit_of(apart: str) -> str:
    """Return what was set apart from an address as files share it: suite 5, apt 5 and #5 are unit 5."""
    return _UNIT_WORDS.sub("unit", apart) if apart else ""


@lru_cache(maxsize=1 << 18)
def _marks(street: str) -> tuple[frozenset[str], frozenset[str]]:
    # Digits alone: "hwy 9n" is "hwy 9 n", "sr64" is "state rd 64".
    return frozenset(_DIGITS.findall(street)), _DIRECTIONS.intersection(street.split())


def other_street(a: str, b: str) -> bool:
    """Return whether two streets differ in their number or direction: 4th and 5th, north and south."""
    return any(ours and theirs and ours.isdisjoint(theirs) for ours, theirs in zip(_marks(a), _marks(b), strict=True))


def postcode_area(postcode: str) -> str:
    """Return the part of a postcode that files share: 35045-1234 and 35045 are one area; signs and spaces go.

    Other postcodes than American ones are kept whole; one of signs alone is none.
    """
    if extended := _ZIP_4.fullmatch(postcode):
        return extended[1]
    return "".join(sign for sign in postcode if sign.isalnum()).upper()
