"""Addresses made comparable, the evidence that two of them are one place, and which ones are worth comparing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import asin, cos, isnan, nan, radians, sin, sqrt
from typing import NamedTuple

import numpy as np
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from welfare.link.names import fold
from welfare.schema.codes import code_map

_EARTH_KM = 6371.0
_NEAR_KM = 10
_SAME_STREET = 85
# A box or a part of a building: at the start it stands alone, later on it ends the street. A bare word is no unit:
# "Box Elder Rd" is a street.
_PART = r"(?:(?:p ?o |post office )?box|pob|ste|unit|bldg|floor|apt) (?:\w*\d\w*|[a-z])\b"
_LEADING_PART, _TRAILING_PART = re.compile(rf"^(?:{_PART} ?)+"), re.compile(rf" {_PART}.*$| \d+\w* floor$")
# House numbers may carry a letter, and in the upper Midwest a grid's direction: 12b, n6330, n56w13400.
_NUMBERED = re.compile(r"([nsew]?\d+(?:[nsew]\d+)?[a-z]?) (.+)")
_DIRECTIONS = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw"))


class Address(NamedTuple):
    """One address as far as it is known; empty text and NaN where it is not."""

    street: str
    city: str
    postcode: str
    latitude_deg: float
    longitude_deg: float


class Evidence(NamedTuple):
    """How strongly two addresses point to one place, 0 to 1, in what words, and whether the streets contradict it."""

    strength: float
    reason: str
    contradicted: bool = False


@lru_cache(maxsize=1 << 18)
def street_parts(street: str) -> tuple[str, str]:
    """Return the house number (empty if there is none) and the street of an address, in standard words."""
    standard = code_map("street_words", "word", "standard")
    words = " ".join(standard.get(word, word) for word in fold(street.replace("#", " unit ")).split())
    words = _TRAILING_PART.sub("", _LEADING_PART.sub("", words)).strip()
    numbered = _NUMBERED.fullmatch(words)
    return (numbered[1], numbered[2]) if numbered else ("", words)


@lru_cache(maxsize=1 << 18)
def _street_marks(street: str) -> tuple[frozenset[str], frozenset[str]]:
    # Digits alone: "hwy 9n" is "hwy 9 n", "sr64" is "state rd 64".
    return frozenset(re.findall(r"\d+", street)), _DIRECTIONS.intersection(street.split())


def _other_street(a: str, b: str) -> bool:
    """Return whether two streets differ in their number or direction: 4th and 5th, north and south."""
    pairs = zip(_street_marks(a), _street_marks(b), strict=True)
    return any(ours and theirs and ours.isdisjoint(theirs) for ours, theirs in pairs)


def distance_km(a: Address, b: Address) -> float:
    """Return the great-circle distance between two addresses in km; NaN if a coordinate is missing."""
    if any(map(isnan, (a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg))):
        return nan
    lat_a, lat_b = radians(a.latitude_deg), radians(b.latitude_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.longitude_deg - a.longitude_deg) / 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2)))


def _area(postcode: str) -> str:
    """Return the part of a postcode that files share: 35045-1234 and 35045 are one area."""
    return postcode.partition("-")[0].strip()


def same_place(a: Address, b: Address) -> Evidence:
    """Weigh what speaks for two addresses being one place: the strongest evidence counts.

    Parameters
    ----------
    a, b : Address
        Both in the same region; what is unknown speaks neither for nor against.

    Returns
    -------
    Evidence
        Strength 0 where nothing does.
    """
    apart = distance_km(a, b)
    city = bool(fold(a.city)) and fold(a.city) == fold(b.city)
    postcode = bool(_area(a.postcode)) and _area(a.postcode) == _area(b.postcode)
    near = apart <= _NEAR_KM
    (number_a, street_a), (number_b, street_b) = street_parts(a.street), street_parts(b.street)
    both = bool(street_a and street_b)
    number = bool(number_a) and number_a == number_b
    # "2nd st" and "2nd st hwy 80 w" are one street only if the house number says so too.
    ratio = token_set_ratio if number else token_sort_ratio
    other = _other_street(street_a, street_b)
    alike = both and not other and ratio(street_a, street_b) >= _SAME_STREET
    # Two numbers on one street are two doors, and may be two plants of one company.
    elsewhere = both and bool(number_a and number_b) and (other or not number)
    found = [Evidence(0.0, "")]
    if alike and (city or postcode or near):
        found.append(
            Evidence(1.0, "same house number and street") if number else Evidence(0.85, "same street", elsewhere)
        )
    if apart <= 2:
        found.append(Evidence(0.8, f"{apart:.1f} km apart", elsewhere))
    if postcode:
        found.append(Evidence(0.7, "same postcode", elsewhere))
    if city:
        found.append(Evidence(0.65, "same town", elsewhere))
    if near:
        found.append(Evidence(0.4, f"{apart:.0f} km apart", elsewhere))
    best = max(found)
    return best._replace(reason=f"{best.reason} but another address") if best.contradicted else best


class Nearby:
    """Finds, among many addresses of one region, those for which :func:`same_place` can find anything at all.

    Parameters
    ----------
    addresses : sequence of Address
        They are named by their positions.
    """

    def __init__(self, addresses: Sequence[Address]) -> None:
        from scipy.spatial import KDTree

        self._towns: dict[str, list[int]] = {}
        self._areas: dict[str, list[int]] = {}
        for position, address in enumerate(addresses):
            self._towns.setdefault(fold(address.city), []).append(position)
            self._areas.setdefault(_area(address.postcode), []).append(position)
        degrees = np.array([(a.latitude_deg, a.longitude_deg) for a in addresses], dtype=float).reshape(-1, 2)
        self._located = np.flatnonzero(np.isfinite(degrees).all(axis=1))
        self._tree = KDTree(_on_sphere(degrees[self._located])) if len(self._located) else None

    def around(self, address: Address) -> list[int]:
        """Return the positions, in order, of the addresses in the same town or postcode, or about 10 km away."""
        found: set[int] = set()
        if town := fold(address.city):
            found.update(self._towns.get(town, []))
        if area := _area(address.postcode):
            found.update(self._areas.get(area, []))
        degrees = np.array([[address.latitude_deg, address.longitude_deg]])
        if self._tree is not None and np.isfinite(degrees).all():
            chord = 2 * sin(_NEAR_KM / _EARTH_KM / 2) * (1 + 1e-9)  # a hair more: same_place has the last word
            close = self._tree.query_ball_point(_on_sphere(degrees)[0], chord)
            found.update(int(position) for position in self._located[close])
        return sorted(found)


def _on_sphere(degrees: np.ndarray) -> np.ndarray:
    """Return latitudes and longitudes as points of the unit sphere, n by 3."""
    lat, lon = np.radians(degrees).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
