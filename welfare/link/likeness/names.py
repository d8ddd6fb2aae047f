"""Names of operators made comparable, and back: what was left out or written out of a name is kept beside it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from welfare.schema.codes import shipped

# Points and apostrophes vanish: "J.B." is "JB", "Pilgrim's" is "Pilgrims".
_DROPPED = ".'`\u2018\u2019\u02bc"
# Marks on letters up to here (Latin, Greek, Cyrillic, Hebrew, Arabic) are accents; on later ones (Hindi, Thai, kana)
# they are vowels and sounds, and make another word.
_LAST_WITH_ACCENTS = "\u06ff"
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width signs are their plain ones
_ASCII = str.maketrans(
    {chr(code): (None if chr(code) in _DROPPED else " ") for code in range(128) if not chr(code).isalnum()}
)
# What stands between two names of one firm.
_ALSO = re.compile(
    r"\s*(?:[;|]|\b(?:d\s?/\s?b\s?/\s?a|d\.b\.a\.?|dba|t\s?/\s?a|trading as|doing business as|also known as|"
    r"a\s?/\s?k\s?/\s?a|aka|formerly(?: known as)?|f\s?/\s?k\s?/\s?a|fka)(?=[\s:,.]|$))[\s:,.]*",
    re.IGNORECASE,
)


# Each of these holds one of the following, which most names do not: quick to look for.
_ANY_MARK = re.compile(r"[;|/(]|dba|d\.b|trading|doing|also|aka|formerly|fka", re.IGNORECASE)


class StandardName(NamedTuple):
    """A name in standard words, with everything that was done to it.

    Attributes
    ----------
    original : str
        As the file spells it; nothing is lost.
    words : tuple of str
        What tells operators apart, folded, abbreviations written out.
    left_out : tuple of str
        Legal forms and fillers, in order.
    written_out : tuple of (str, str)
        Each word that was replaced, and by which.
    """

    original: str
    words: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    written_out: tuple[tuple[str, str], ...] = ()


@lru_cache
def _book() -> dict[str, str]:
    """Return what each shipped word becomes; a word to leave out becomes nothing."""
    book = shipped("codes/name_words.csv")
    return dict(zip(book["word"], book["standard"], strict=True))


def fold(text: str) -> str:
    """Return text in small letters, without accents, points and apostrophes, other signs as single spaces.

    Letters of any script stay: a name must not vanish because it is not written in Latin letters.
    """
    return " ".join(folded_words(text))


def folded_words(text: str) -> list[str]:
    """Return the words of :func:`fold`."""
    if text.isascii():
        return text.lower().translate(_ASCII).split()
    plain, after = [], ""
    for sign in unicodedata.normalize("NFD", text.translate(_WIDE).casefold()):
        mark = unicodedata.category(sign)[0] == "M"
        if sign in _DROPPED or (mark and after <= _LAST_WITH_ACCENTS):
            continue
        if not mark:
            after = sign
        plain.append(str(digit) if (digit := unicodedata.digit(sign, None)) is not None else sign)
        if not mark and not plain[-1].isalnum():
            plain[-1] = " "
    return unicodedata.normalize("NFC", "".join(plain)).split()


def standard_word(word: str) -> str:
    """Return what a folded word is in standard names; empty if it is left out."""
    return _book().get(word, word)


def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell operators apart: legal forms left out, abbreviations written out.

    A name of legal forms alone keeps them.
    """
    book = _book()
    folded = folded_words(name)
    words = [standard for standard in (book.get(word, word) for word in folded) if standard]
    return tuple(words or folded)


def standard_name(name: str) -> StandardName:
    """Return a name in standard words and, so that a reader can go back, what was done to it.

    Parameters
    ----------
    name : str
        As a file spells it.
    """
    book, folded, words = _book(), folded_words(name), name_words(name)
    only_forms = all(book.get(word, word) == "" for word in folded)
    left_out = () if only_forms else tuple(word for word in folded if book.get(word, word) == "")
    written_out = tuple((word, book[word]) for word in folded if book.get(word) and book[word] != word)
    return StandardName(name, words, left_out, written_out)


def every_name(name: str) -> tuple[str, ...]:
    """Return the names that one cell holds: "Alder Inc dba Oak Deli" is Alder Inc and also Oak Deli.

    Returns
    -------
    tuple of str
        Empty if the cell names nobody; a cell with one name gives it as it is.
    """
    if not _ANY_MARK.search(name):
        name = name.strip()
        return (name,) if name[:1].isalnum() or folded_words(name) else ()
    parts = [part.strip(" ,()") for part in _ALSO.split(name)]
    found = tuple(dict.fromkeys(part for part in parts if folded_words(part)))
    if len(found) < 2 and folded_words(name):
        return (name.strip(" ;|"),)  # a firm may be called DBA
    return found
