"""Names of operators made comparable: spelling folded, legal forms left out, and how alike two names are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from math import log

from rapidfuzz.fuzz import ratio

from welfare.schema.codes import shipped

# Two words as alike as this are one word misspelt: "plaimrs" is not "pilgrims", "pligrims" is.
_SAME_WORD = 85
_DROPPED = ".'`\u2018\u2019"  # points and apostrophes: "J.B." is "JB", "Pilgrim's" is "Pilgrims"


@lru_cache
def _words() -> tuple[frozenset[str], dict[str, str]]:
    book = shipped("codes/name_words.csv")
    left_out = frozenset(book.loc[book["standard"] == "", "word"])
    return left_out, dict(zip(book["word"], book["standard"], strict=True))


@lru_cache(maxsize=1 << 18)
def fold(text: str) -> str:
    """Return text in small letters, without accents, points and apostrophes, other signs as spaces.

    Letters of any script stay: a name must not vanish because it is not written in Latin letters.
    """
    apart = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign) and sign not in _DROPPED)
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", plain)).strip()


@lru_cache(maxsize=1 << 18)
def name_tokens(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell operators apart: legal forms left out, abbreviations written out.

    Parameters
    ----------
    name : str
        As a file spells it; the name itself is kept where it came from.
    """
    left_out, standard = _words()
    words = [standard.get(word, word) for word in fold(name).split() if word not in left_out]
    return tuple(words or fold(name).split())


class NameWeights:
    """How much each word of a name says: a rare word much, a frequent one such as "meat" little.

    Parameters
    ----------
    names : iterable of str
        The names of the facilities that are linked to.
    """

    def __init__(self, names: Iterable[str]) -> None:
        sets = [set(name_tokens(name)) for name in names]
        self._total = len(sets)
        self._seen = Counter(word for words in sets for word in words)

    def of(self, word: str) -> float:
        """Return the weight of a word: the logarithm of how many names there are per name that holds it."""
        return log((1 + self._total) / (1 + self._seen[word])) + 0.1

    def likeness(self, left: str, right: str) -> float:
        """Return how alike two names are, 0 to 1: the shared weight of their words (soft TF-IDF).

        Numbers are part of a name: "Plant 12" and "Plant 21" are not alike at all.

        References
        ----------
        Cohen WW, Ravikumar P, Fienberg SE. A comparison of string distance metrics for name-matching tasks.
        IJCAI-03 Workshop on Information Integration on the Web, 2003: 73-78.
        """
        return self._likeness(name_tokens(left), name_tokens(right))

    def _likeness(self, left: tuple[str, ...], right: tuple[str, ...]) -> float:
        if _numbers_differ(left, right) or not left or not right:
            return 0.0
        if "".join(left) == "".join(right):
            return 1.0
        shared = sum(self._shared(word, right) for word in left) + sum(self._shared(word, left) for word in right)
        return shared / (sum(map(self.of, left)) + sum(map(self.of, right)))

    def _shared(self, word: str, others: tuple[str, ...]) -> float:
        if word in others:
            return self.of(word)
        # One digit makes another number; in a short word, one letter makes another word.
        misspelt = len(word) > 3 and word.isalpha()
        closest = max((ratio(word, other) for other in others if other.isalpha()), default=0.0) if misspelt else 0.0
        return self.of(word) * closest / 100 if closest >= _SAME_WORD else 0.0


def _numbers_differ(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    numbers = [{word for word in words if word.isdigit()} for words in (left, right)]
    return all(numbers) and numbers[0].isdisjoint(numbers[1])
