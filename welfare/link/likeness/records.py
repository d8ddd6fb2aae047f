"""Records of any file in one form for comparing: standard words as numbers, so that a million pairs take seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from welfare.link.likeness.addresses import postcode_area, standard_address, standard_words, unit_of
from welfare.link.likeness.names import every_name, fold, folded_words, standard_word

_BEGINNING = 4
# Written for none, in so many letters at most.
_NOTHING = frozenset(("n/a", "n.a.", "n.a", "na", "none", "unknown", "not available", "not applicable"))
_LONGEST_NOTHING = 16
_MOST_WORDS = 40  # of a name: a pasted paragraph is none, and every two words of a pair are compared
Ints = np.ndarray[Any, np.dtype[np.int64]]
_TEXT = ["name", "other_names", "street", "city", "region", "postcode", "country", "activities"]


@dataclass(frozen=True)
class Ragged:
    """A list of whole numbers per row, end to end: row i is numbers[starts[i]:starts[i + 1]]."""

    numbers: Ints
    starts: Ints

    @classmethod
    def of(cls, lists: Iterable[Collection[int]]) -> Ragged:
        """Return lists of numbers as one array and where each begins."""
        rows = list(lists)
        starts = np.concatenate([[0], np.cumsum(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)))])
        return cls(np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(starts[-1])), starts)

    @property
    def sizes(self) -> Ints:
        """How many numbers each row has."""
        return np.diff(self.starts)

    @property
    def firsts(self) -> Ints:
        """The first number of each row; -1 where it has none."""
        found = np.full(len(self.starts) - 1, -1, dtype=np.int64)
        some = self.sizes > 0
        found[some] = self.numbers[self.starts[:-1][some]]
        return found

    def flat(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of some rows end to end, and for each the position of its row among `rows`."""
        sizes = self.sizes[rows]
        owner = np.repeat(np.arange(len(rows)), sizes)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.numbers[np.repeat(self.starts[rows], sizes) + within], owner


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """Return the different values, in no particular order, and for each value its position among them."""
    back, values = pd.factorize(values)
    return values, back


class Vocabulary:
    """Gives each text a whole number; the empty text is -1: what is not known equals nothing."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._number: dict[str, int] = {"": -1}

    def number(self, text: str) -> int:
        """Return the number of a text, a new one if it was not seen before."""
        found = self._number.get(text)
        if found is None:
            found = self._number[text] = len(self.texts)
            self.texts.append(text)
        return found

    def numbers(self, texts: Iterable[str]) -> Ints:
        """Return the number of each text."""
        return np.array([self.number(text) for text in texts], dtype=np.int64)


class _Standard(dict[str, int]):
    """By word as it is spelled, the number of its standard word, worked out when it is first met; -1 to leave out."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words

    def __missing__(self, word: str) -> int:
        number = self[word] = self._words.number(standard_word(word))
        return number


class Words:
    """The vocabularies that the records of both sides share.

    Attributes
    ----------
    words, streets, cities, ... : Vocabulary
        Single words of names in standard form, and each other thing that is compared.
    name_words : list of tuple of int
        By name, the numbers of its words in order.
    """

    def __init__(self) -> None:
        self.words, self.streets, self.cities, self.regions = Vocabulary(), Vocabulary(), Vocabulary(), Vocabulary()
        self.house_numbers, self.postcodes, self.areas = Vocabulary(), Vocabulary(), Vocabulary()
        self.countries, self.activities, self.units, self.sources = (Vocabulary() for _ in range(4))
        self.name_words: list[tuple[int, ...]] = []
        self._standard = _Standard(self.words)
        self._name: dict[tuple[int, ...], int] = {}

    def name(self, spelled: str) -> int:
        """Return the number of a name, whatever its spelling; the words are those of :func:`name_words`."""
        standard, folded = self._standard, folded_words(spelled)
        words = tuple([number for word in folded if (number := standard[word]) >= 0])
        words = (words or tuple(map(self.words.number, folded)))[:_MOST_WORDS]  # legal forms alone are kept
        number = self._name.setdefault(words, len(self.name_words))
        if number == len(self.name_words):
            self.name_words.append(words)
        return number

    @property
    def name_texts(self) -> list[str]:
        """By name, its standard words."""
        texts = self.words.texts
        return [" ".join([texts[word] for word in words]) for words in self.name_words]

    @property
    def beginnings(self) -> Ints:
        """By word, a number for its first letters."""
        return pd.factorize(np.array([word[:_BEGINNING] for word in self.words.texts], dtype=object))[0]

    @property
    def ragged_names(self) -> Ragged:
        """The numbers of each name's words."""
        return Ragged.of(self.name_words)


@dataclass(frozen=True)
class Records:
    """Records in one form, n of them; -1 is not known.

    Attributes
    ----------
    ids : ndarray of str
        record_id.
    names : Ragged
        By record, the names it goes by.
    street, house_number, unit, city, postcode, area, region, country, activities : ndarray of int
        The unit is a suite or a floor; the area is what the first three signs of the postcode name.
    source : ndarray of int
        Whose words the activities are: two files of one source use the same.
    latitude_deg, longitude_deg : ndarray of float
    """

    ids: np.ndarray[Any, Any]
    names: Ragged
    street: Ints
    house_number: Ints
    unit: Ints
    city: Ints
    postcode: Ints
    area: Ints
    region: Ints
    country: Ints
    activities: Ints
    source: Ints
    latitude_deg: np.ndarray[Any, Any]
    longitude_deg: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.ids)


def comparable(rows: pd.DataFrame, words: Words) -> Records:
    """Bring records to one form.

    Parameters
    ----------
    rows : DataFrame
        record_id, name, street, city, region, postcode, latitude_deg, longitude_deg; other_names, country and
        activities where the file has them.
    words : Words
        Shared by the records that are to be compared; new words are added to it.
    """
    street, address = _spellings(rows, "street", standard_address)
    return Records(
        ids=rows["record_id"].to_numpy(dtype=object),
        names=_names(rows, words),
        street=words.streets.numbers(part.street for part in address)[street],
        house_number=words.house_numbers.numbers(part.number for part in address)[street],
        unit=words.units.numbers(unit_of(part.apart) for part in address)[street],
        city=_numbered(rows, "city", standard_words, words.cities),
        postcode=_numbered(rows, "postcode", postcode_area, words.postcodes),
        area=_numbered(rows, "postcode", lambda postcode: postcode_area(postcode)[:3], words.areas),
        region=_numbered(rows, "region", fold, words.regions),
        country=_numbered(rows, "country", fold, words.countries),
        activities=_numbered(rows, "activities", str, words.activities),
        source=_numbered(rows, "source_id", lambda source_id: source_id.partition("@")[0], words.sources),
        latitude_deg=rows["latitude_deg"].to_numpy(dtype=float, na_value=np.nan),
        longitude_deg=rows["longitude_deg"].to_numpy(dtype=float, na_value=np.nan),
    )


def _spellings(rows: pd.DataFrame, column: str, change: Callable[[str], Any]) -> tuple[Ints, list[Any]]:
    """Return, by row, which spelling it has, and each spelling changed once: many records repeat a street or a town."""
    if column not in rows:
        return np.full(len(rows), -1, dtype=np.int64), [change("")]
    codes, texts = pd.factorize(rows[column])
    stated = ["" if _is_nothing(text) else text for text in texts.tolist()]
    # The last one is that of the rows without any: code -1.
    return codes, [*map(change, stated), change("")]


def _is_nothing(text: str) -> bool:
    return len(text) <= _LONGEST_NOTHING and text.strip().lower() in _NOTHING


def _numbered(rows: pd.DataFrame, column: str, change: Callable[[str], str], vocabulary: Vocabulary) -> Ints:
    codes, texts = _spellings(rows, column, change)
    return vocabulary.numbers(texts)[codes]


def _names(rows: pd.DataFrame, words: Words) -> Ragged:
    """Return, by record, the numbers of all the names it goes by."""

    def numbers(cell: str) -> list[int]:
        return list(dict.fromkeys([words.name(one) for one in every_name(cell)]))

    first, of_first = _spellings(rows, "name", numbers)
    other, of_other = _spellings(rows, "other_names", numbers)
    if len(of_other) == 1:  # no record has another name
        both, each = Ragged.of(of_first), np.where(first < 0, len(of_first) - 1, first)
    else:
        pairs, each = distinct((first + 1) * len(of_other) + other + 1)
        both = Ragged.of(
            dict.fromkeys(of_first[one - 1] + of_other[two - 1])
            for one, two in (divmod(pair, len(of_other)) for pair in pairs.tolist())
        )
    values, owner = both.flat(each)
    return Ragged(values, np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(rows)))]))
