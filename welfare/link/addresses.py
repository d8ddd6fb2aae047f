"""Addresses made comparable, and the evidence that two of them are one place."""

from __future__ import annotations

import re
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from welfare.link.names import fold
from welfare.schema.codes import code_map

_EARTH_KM = 6371.0
_SAME_STREET = 85
_UNIT = re.compile(r"\b(po box|box|ste|unit|bldg|floor|apt)\b.*$")


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


@lru_cache(maxsize=50_000)
def street_parts(street: str) -> tuple[str, str]:
    """Return the house number (empty if there is none) and the street of an address, in standard words."""
    standard = code_map("street_words", "word", "standard")
    words = " ".join(standard.get(word, word) for word in fold(street).split())
    words = _UNIT.sub("", words).strip()
    numbered = re.match(r"(\d+[a-z]?) (.+)", words)
    return (numbered[1], numbered[2]) if numbered else ("", words)


def distance_km(a: Address, b: Address) -> float:
    """Return the great-circle distance between two addresses in km; NaN if a coordinate is missing."""
    lat_a, lat_b = radians(a.latitude_deg), radians(b.latitude_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.longitude_deg - a.longitude_deg) / 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2)))


def same_place(a: Address, b: Address) -> Evidence:
    """Weigh what speaks for two addresses being one place: the strongest evidence counts.

    Parameters
    ----------
    a, b : Address
        Both in the same region.

    Returns
    -------
    Evidence
        Strength 0 where nothing does.
    """
    apart = distance_km(a, b)
    city = bool(a.city) and fold(a.city) == fold(b.city)
    postcode = bool(a.postcode) and a.postcode[:5] == b.postcode[:5]
    near = apart <= 10
    (number_a, street_a), (number_b, street_b) = street_parts(a.street), street_parts(b.street)
    both = bool(street_a and street_b)
    number = bool(number_a) and number_a == number_b
    # "2nd st" and "2nd st hwy 80 w" are one street only if the house number says so too.
    alike = both and (token_set_ratio if number else token_sort_ratio)(street_a, street_b) >= _SAME_STREET
    # Two numbers on one street are two doors, and may be two plants of one company.
    elsewhere = both and bool(number_a and number_b) and not number
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
