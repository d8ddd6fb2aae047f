"""What two records have in common, pair by pair: how alike the names, how near the places, whether activities fit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from rapidfuzz.fuzz import ratio, token_set_ratio, token_sort_ratio
from rapidfuzz.process import cpdist

from welfare.geography.distances import distance_km
from welfare.link.likeness.addresses import other_street
from welfare.link.likeness.blocking import Mask
from welfare.link.likeness.records import Ints, Ragged, Records, Words, distinct

# Two words as alike as this are one word misspelt: "plaimrs" is not "pilgrims", "pligrims" is.
_SAME_WORD = 80
_SAME_STREET = 85
_SAME_TOWN = 90
_NEAR_KM = 10
_CHUNK = 200_000  # pairs of names compared at a time, to bound memory

Floats = np.ndarray[Any, np.dtype[np.float64]]

# What is known of two places, the strongest first; `Comparison.place` holds the position in this list.
PLACES = (
    "same house number and street",
    "same house number and street in another town",
    "same street",
    "at most 1 km apart",
    "at most 3 km apart",
    "same postcode",
    "same town",
    "same street but another house number",
    "at most 1 km apart but another address",
    "same postcode but another address",
    "same town but another address",
    "at most 10 km apart",
    "postcodes that begin alike",
    "nothing in common",
    "far apart",
)
(
    DOOR,
    DOOR_OTHER_TOWN,
    STREET,
    AT_1_KM,
    AT_3_KM,
    POSTCODE,
    TOWN,
    OTHER_DOOR,
    AT_1_KM_OTHER,
    POSTCODE_OTHER,
    TOWN_OTHER,
    NEAR,
    AREA,
    NOTHING,
    FAR,
) = range(len(PLACES))


@dataclass(frozen=True)
class Comparison:
    """What pairs have in common, n pairs.

    Attributes
    ----------
    name : ndarray of float
        0 to 1; see :class:`NameWeights`.
    shared_weight : ndarray of float
        The weight of the words that the names share: how much it says that they do.
    place : ndarray of int
        Position in :data:`PLACES`.
    km : ndarray of float
        Distance on the ellipsoid; NaN where a coordinate is missing.
    activity : ndarray of int
        2 if they are the same, 1 if they share one, -1 if both state some and share none, 0 if either states none.
    unit : ndarray of int
        1 if both addresses name the same unit, -1 if they name different ones, 0 if either names none.
    same_source : ndarray of bool
        Whether both records are of one source, if of other vintages.
    """

    name: Floats
    shared_weight: Floats
    place: Ints
    km: Floats
    activity: Ints
    unit: Ints
    same_source: Mask

    def take(self, kept: Mask) -> Comparison:
        """Return some of the pairs."""
        return Comparison(*(getattr(self, part.name)[kept] for part in fields(self)))


def compare(
    left: Records, right: Records, a: Ints, b: Ints, words: Words, *, known: Records | None = None
) -> Comparison:
    """Compare pairs of records.

    Parameters
    ----------
    left, right : Records
    a, b : ndarray of int
        Positions in `left` and `right`, one pair each.
    words : Words
        With which both were made.
    known : Records, optional
        Whose names say which words are rare; those of `right` by default.
    """
    name, shared = NameWeights(right if known is None else known, words).likeness(left.names, right.names, a, b)
    place, km = _places(left, right, a, b, words)
    unit = np.where((left.unit[a] >= 0) & (right.unit[b] >= 0), np.where(left.unit[a] == right.unit[b], 1, -1), 0)
    same_source = _same(left.source[a], right.source[b])
    return Comparison(name, shared, place, km, _activities(left, right, a, b, words), unit, same_source)


class NameWeights:
    """How much each word of a name says: a rare word much, a frequent one such as "meat" little.

    Parameters
    ----------
    known : Records
        The records that are linked to.
    words : Words

    References
    ----------
    Cohen WW, Ravikumar P, Fienberg SE. A comparison of string distance metrics for name-matching tasks.
    IJCAI-03 Workshop on Information Integration on the Web, 2003: 73-78.
    """

    def __init__(self, known: Records, words: Words) -> None:
        self._words = words
        self._of_name = words.ragged_names
        first = known.names.firsts[known.names.sizes > 0]
        held, owner = self._of_name.flat(first)
        holding = distinct(owner * max(len(words.words.texts), 1) + held)[0] % max(len(words.words.texts), 1)
        self._seen = np.bincount(holding, minlength=len(words.words.texts))
        # The logarithm of how many names there are per name that holds the word.
        self.weights: Floats = np.log((1 + len(first)) / (1 + self._seen)) + 0.1
        self._digit = np.array([word.isdigit() for word in words.words.texts], dtype=bool)
        self._spelled = np.array([len(word) > 3 and word.isalpha() for word in words.words.texts], dtype=bool)
        self._length = np.array([len(word) for word in words.words.texts], dtype=np.int64)
        joined: dict[str, int] = {}
        self._joined = np.array(
            [joined.setdefault(name.replace(" ", ""), len(joined)) for name in words.name_texts], dtype=np.int64
        )

    def likeness(self, left: Ragged, right: Ragged, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Return how alike the names of pairs of records are, 0 to 1, and the weight of the words they share.

        Of several names the two most alike count. The likeness is the shared weight of the words (soft TF-IDF);
        numbers are part of a name: "Plant 12" and "Plant 21" are not alike at all.
        """
        likeness, shared = np.zeros(len(a)), np.zeros(len(a))
        ours, pair = left.flat(a)
        theirs, each = right.flat(b[pair])
        ours, pair = ours[each], pair[each]
        width = max(len(self._joined), 1)
        unique, back = distinct(ours * width + theirs)
        of_names, weight = np.zeros(len(unique)), np.zeros(len(unique))
        for start in range(0, len(unique), _CHUNK):
            part = slice(start, start + _CHUNK)
            of_names[part], weight[part] = self._of_names(*np.divmod(unique[part], width))
        np.maximum.at(likeness, pair, of_names[back])
        np.maximum.at(shared, pair, weight[back])
        return likeness, shared

    def _of_names(self, a: Ints, b: Ints) -> tuple[Floats, Floats]:
        """Compare names by their numbers."""
        words_a, owner_a = self._of_name.flat(a)
        total = np.bincount(owner_a, self.weights[words_a], len(a))
        words_b, owner_b = self._of_name.flat(b)
        total += np.bincount(owner_b, self.weights[words_b], len(b))
        # Every word of the one name beside every word of the other.
        theirs, of_ours = self._of_name.flat(b[owner_a])
        ours, pair = words_a[of_ours], owner_a[of_ours]
        size_b = self._of_name.sizes[b]
        at_b = np.repeat(np.cumsum(size_b) - size_b, self._of_name.sizes[a])[of_ours] + (
            np.arange(len(theirs)) - np.repeat(np.cumsum(size_b[owner_a]) - size_b[owner_a], size_b[owner_a])
        )
        alike = (ours == theirs).astype(float)
        found_a, found_b = np.zeros(len(words_a)), np.zeros(len(words_b))
        np.maximum.at(found_a, of_ours, alike)
        np.maximum.at(found_b, at_b, alike)
        open_ = (found_a[of_ours] < 1) & (found_b[at_b] < 1) & self._spelled[ours] & self._spelled[theirs]
        open_ &= self._could_be_one_word(ours, theirs)
        soft = np.flatnonzero(open_)
        if len(soft):
            similar = self._misspelt(ours[soft], theirs[soft])
            np.maximum.at(found_a, of_ours[soft], similar)
            np.maximum.at(found_b, at_b[soft], similar)
        both = np.bincount(owner_a, self.weights[words_a] * found_a, len(a))
        both += np.bincount(owner_b, self.weights[words_b] * found_b, len(b))
        digits = self._digit[ours] & self._digit[theirs]
        numbers = np.bincount(pair[digits], minlength=len(a)) > 0
        agree = np.bincount(pair[digits & (ours == theirs)], minlength=len(a)) > 0
        likeness = np.where(total > 0, both / np.where(total > 0, total, 1), 0.0)
        one = self._joined[a] == self._joined[b]
        likeness = np.where(numbers & ~agree, 0.0, np.where(one, 1.0, np.minimum(likeness, 1.0)))
        weight = np.where(one, total, both) / 2
        return likeness, np.where(numbers & ~agree, 0.0, weight)

    def _could_be_one_word(self, a: Ints, b: Ints) -> Mask:
        """Leave out words whose lengths alone make the ratio too low."""
        short, long = np.minimum(self._length[a], self._length[b]), np.maximum(self._length[a], self._length[b])
        return 200 * short >= _SAME_WORD * (short + long)

    def _misspelt(self, a: Ints, b: Ints) -> Floats:
        """Return how alike different words are; 0 where it is too little to be one word."""
        texts = np.array(self._words.words.texts, dtype=object)
        unique, back = distinct(a * len(texts) + b)
        one, other = np.divmod(unique, len(texts))
        found = cpdist(texts[one].tolist(), texts[other].tolist(), scorer=ratio, score_cutoff=_SAME_WORD, workers=-1)
        return found[back].astype(float) / 100


def _places(left: Records, right: Records, a: Ints, b: Ints, words: Words) -> tuple[Ints, Floats]:
    km = distance_km(left.latitude_deg[a], left.longitude_deg[a], right.latitude_deg[b], right.longitude_deg[b])
    near = km <= _NEAR_KM
    postcode = _same(left.postcode[a], right.postcode[b])
    town = _same(left.city[a], right.city[b]) | _alike_towns(left.city[a], right.city[b], words)
    number_a, number_b = left.house_number[a], right.house_number[b]
    number = _same(number_a, number_b)
    both = (left.street[a] >= 0) & (right.street[b] >= 0)
    alike, other = _streets(left.street[a], right.street[b], number, words)
    # Two numbers on one street are two doors, and may be two plants of one company.
    elsewhere = both & (number_a >= 0) & (number_b >= 0) & (other | ~number)
    here = alike & (town | postcode | near)
    levels = [
        (here & number, DOOR),
        (alike & number & ~(km > _NEAR_KM), DOOR_OTHER_TOWN),
        (here & ~elsewhere, STREET),
        ((km <= 1) & ~elsewhere, AT_1_KM),
        ((km <= 3) & ~elsewhere, AT_3_KM),
        (postcode & ~elsewhere, POSTCODE),
        (town & ~elsewhere, TOWN),
        (here, OTHER_DOOR),
        (km <= 1, AT_1_KM_OTHER),
        (postcode, POSTCODE_OTHER),
        (town, TOWN_OTHER),
        (near, NEAR),
        (np.isnan(km) & _same(left.area[a], right.area[b]), AREA),
        (np.isnan(km), NOTHING),
    ]
    return np.select([mask for mask, _ in levels], [level for _, level in levels], FAR), km


def _same(a: Ints, b: Ints) -> Mask:
    return (a >= 0) & (a == b)


def _alike_towns(a: Ints, b: Ints, words: Words) -> Mask:
    """Return which towns are one town misspelt: Pittsburg, Pittsburgh."""
    return _alike(a, b, words.cities.texts, ratio, _SAME_TOWN)


def _streets(a: Ints, b: Ints, number: Mask, words: Words) -> tuple[Mask, Mask]:
    """Return which streets are one street, and which are not, since their number or direction differs."""
    texts = words.streets.texts
    # "2nd st" and "2nd st hwy 80 w" are one street only if the house number says so too.
    alike = _alike(a, b, texts, token_sort_ratio, _SAME_STREET)
    rest = number & ~alike
    alike[rest] = _alike(a[rest], b[rest], texts, token_set_ratio, _SAME_STREET)
    # "Murrell Place" is also spelt "Murrellplace".
    rest = number & ~alike
    alike[rest] = _alike(a[rest], b[rest], [text.replace(" ", "") for text in texts], ratio, _SAME_STREET)
    other = np.zeros(len(a), dtype=bool)
    close = np.flatnonzero((alike | number) & (a != b) & (a >= 0) & (b >= 0))
    other[close] = [other_street(texts[i], texts[j]) for i, j in zip(a[close], b[close], strict=True)]
    return alike & ~other, other


def _alike(a: Ints, b: Ints, texts: list[str], scorer: Any, cutoff: int) -> Mask:
    """Return which texts are alike, each different pair of them compared once."""
    found = (a >= 0) & (a == b)
    rest = np.flatnonzero((a >= 0) & (b >= 0) & (a != b))
    if len(rest):
        every = np.array(texts, dtype=object)
        unique, back = distinct(a[rest] * len(every) + b[rest])
        one, other = np.divmod(unique, len(every))
        found[rest] = (
            cpdist(every[one].tolist(), every[other].tolist(), scorer=scorer, score_cutoff=cutoff, workers=-1)[back]
            >= cutoff
        )
    return found


def _activities(left: Records, right: Records, a: Ints, b: Ints, words: Words) -> Ints:
    stated = [frozenset(text.split("; ")) for text in words.activities.texts]
    # What only one of two files has a word for says nothing about a pair of theirs.
    spoken = [_spoken(side, stated) for side in (left, right)]
    ours, theirs, source_a, source_b = left.activities[a], right.activities[b], left.source[a], right.source[b]
    result = np.zeros(len(a), dtype=np.int64)
    known = np.flatnonzero((ours >= 0) & (theirs >= 0))
    width, sources = len(stated), len(words.sources.texts) + 1
    unique, back = distinct(((ours * width + theirs) * sources + source_a + 1)[known] * sources + source_b[known] + 1)
    found = []
    for code in unique.tolist():
        code, of = divmod(code, sources)
        code, by = divmod(code, sources)
        one, other = divmod(code, width)
        found.append(_fit(stated[one], stated[other], spoken[0][by - 1] & spoken[1][of - 1]))
    result[known] = np.array(found, dtype=np.int64)[back]
    return result


def _spoken(side: Records, stated: list[frozenset[str]]) -> dict[int, frozenset[str]]:
    """Return, by source, every activity it has a word for."""
    pairs = {pair for pair in zip(side.source.tolist(), side.activities.tolist(), strict=True) if pair[1] >= 0}
    words: dict[int, frozenset[str]] = {source: frozenset() for source in side.source.tolist()}
    for source, text in pairs:
        words[source] |= stated[text]
    return words


def _fit(a: frozenset[str], b: frozenset[str], shared: frozenset[str]) -> int:
    a, b = a & shared, b & shared
    if not a or not b:
        return 0
    return 2 if a == b else (1 if a & b else -1)
