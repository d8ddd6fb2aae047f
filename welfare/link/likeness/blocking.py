"""Which pairs are worth comparing: those that share a town, a postcode, an address, a neighbourhood or a rare word."""

from __future__ import annotations

from typing import Any

import numpy as np

from welfare.geography.distances import within_km
from welfare.link.likeness.records import Ints, Ragged, Records, Words

_DOORS_KM = 2  # farther apart, neighbours are too many; such pairs need a town, a postcode or a rare word
# A block with this many pairs per record is compared whole; of a fuller one only what also shares a word of the name,
# a house number or a street.
_ROOMY = 20
_DOOR_BITS = 24  # sixteen million streets and as many house numbers

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Pairs = tuple[Ints, Ints]


def candidates(left: Records, right: Records, words: Words) -> Pairs:
    """Return the pairs worth comparing, as positions in `left` and in `right`, in order and each once.

    Records of different countries are not paired; those of different regions only where town and postcode agree, or
    two of name, door and postcode. One that does not state its region is paired by these, by postcode and by distance,
    since towns of one name stand in many regions.

    Parameters
    ----------
    left, right : Records
    words : Words
        With which both were made.
    """
    sides = left, right
    traits = [_traits(side, words) for side in sides]
    found = [
        _by_block([_pack(side.region, side.city) for side in sides], traits),
        _by_block([side.postcode for side in sides], traits),
        _by_trait([side.region for side in sides], traits),
        within_km(*_points(left), *_points(right), km=_DOORS_KM)[:2],
    ]
    a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    # A town and its postcode outweigh a region, which is then misspelt.
    there = _same(left.city[a], right.city[b]) & _same(left.postcode[a], right.postcode[b])
    kept = there | ~_differ(left.region[a], right.region[b])
    sure = _by_two(left, right)
    a, b = np.concatenate([a[kept], sure[0]]), np.concatenate([b[kept], sure[1]])
    a, b = np.divmod(np.unique(a * max(len(right), 1) + b), max(len(right), 1))
    same_country = ~_differ(left.country[a], right.country[b])
    return a[same_country], b[same_country]


def _by_two(left: Records, right: Records) -> Pairs:
    """Pair what agrees wholly on two of name, door and postcode, whatever the region is said to be."""
    sides = left, right
    name = [side.names.firsts for side in sides]
    door = _codes_of([_pack(side.house_number, side.street) for side in sides])
    postcode = [side.postcode for side in sides]
    found = [
        _by_block([_pack(*pair) for pair in zip(one, other, strict=True)])
        for one, other in ((name, door), (postcode, door), (name, postcode))
    ]
    a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    return a, b


def _pack(one: Ints, other: Ints) -> Ints:
    """Return one number for two; -1 where one of them is not known."""
    return np.where((one >= 0) & (other >= 0), one << 32 | other, -1)


def _codes_of(keys: list[Ints]) -> list[Ints]:
    """Return keys as small numbers; what is not known stays -1."""
    codes = _codes(keys)
    return [np.where(key >= 0, code, -1) for key, code in zip(keys, codes, strict=True)]


def _same(a: Ints, b: Ints) -> Mask:
    return (a >= 0) & (a == b)


def _differ(a: Ints, b: Ints) -> Mask:
    return (a >= 0) & (b >= 0) & (a != b)


def _traits(side: Records, words: Words) -> Ragged:
    """Return, per record, numbers for each word of its names and for its door: house number and street."""
    names, owner = side.names.flat(np.arange(len(side)))
    each, name = words.ragged_names.flat(names)
    door = np.flatnonzero((side.house_number >= 0) & (side.street >= 0))
    doors = (side.house_number[door] << _DOOR_BITS | side.street[door]) << 1
    owner = np.concatenate([owner[name], door])
    order = np.argsort(owner, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(side)))])
    return Ragged(np.concatenate([each << 1 | 1, doors])[order], starts)


def _by_block(keys: list[Ints], traits: list[Ragged] | None = None) -> Pairs:
    """Pair what shares a key; in a full block, what shares a trait as well. A key below 0 is not known."""
    rows = [np.flatnonzero(key >= 0) for key in keys]
    codes = _codes([key[row] for key, row in zip(keys, rows, strict=True)])
    roomy = _roomy(codes)
    a, b = _equal([code[roomy[code]] for code in codes])
    a, b = (row[roomy[code]][part] for row, code, part in zip(rows, codes, (a, b), strict=True))
    if traits is None:
        return a, b
    full = [row[~roomy[code]] for row, code in zip(rows, codes, strict=True)]
    inside = [code[~roomy[code]] for code in codes]
    more = _sharing(inside, full, traits)
    return np.concatenate([a, more[0]]), np.concatenate([b, more[1]])


def _by_trait(keys: list[Ints], traits: list[Ragged]) -> Pairs:
    """Pair what shares a key and a rare trait."""
    rows = [np.flatnonzero(key >= 0) for key in keys]
    return _sharing(_codes([key[row] for key, row in zip(keys, rows, strict=True)]), rows, traits)


def _sharing(codes: list[Ints], rows: list[Ints], traits: list[Ragged]) -> Pairs:
    """Pair rows that share both their code and a trait that not too many share."""
    flat = [trait.flat(row) for trait, row in zip(traits, rows, strict=True)]
    trait_codes = _codes([values for values, _ in flat])
    joint = _codes(
        [code[owner] << 32 | trait for code, (_, owner), trait in zip(codes, flat, trait_codes, strict=True)]
    )
    roomy = _roomy(joint)
    kept = [np.flatnonzero(roomy[code]) for code in joint]
    a, b = _equal([code[keep] for code, keep in zip(joint, kept, strict=True)])
    owners = [row[owner[keep]] for row, (_, owner), keep in zip(rows, flat, kept, strict=True)]
    return owners[0][a], owners[1][b]


def _codes(keys: list[Ints]) -> list[Ints]:
    """Return the keys of both sides as numbers from 0 on."""
    import pandas as pd

    codes, _ = pd.factorize(np.concatenate(keys))
    return np.split(codes, [len(keys[0])])


def _roomy(codes: list[Ints]) -> Mask:
    """Return, by code, whether comparing all that share it costs few comparisons per record."""
    many = max((int(code.max()) + 1 for code in codes if len(code)), default=0)
    a, b = (np.bincount(code, minlength=many) for code in codes)
    return a * b <= _ROOMY * (a + b)


def _equal(codes: list[Ints]) -> Pairs:
    """Return the positions of equal codes."""
    left, right = codes
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first, last = np.searchsorted(ordered, left, "left"), np.searchsorted(ordered, left, "right")
    many = last - first
    a = np.repeat(np.arange(len(left)), many)
    within = np.arange(len(a)) - np.repeat(np.cumsum(many) - many, many)
    return a, order[np.repeat(first, many) + within]


def _points(side: Records) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return side.latitude_deg, side.longitude_deg
