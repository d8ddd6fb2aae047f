"""Which pairs are worth comparing: those that share a town, a postcode, an address, a neighbourhood or a rare word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.geography.distances import within_km
from welfare.link.likeness.records import Ints, Ragged, Records, Words, distinct

_DOORS_KM = 2  # farther apart, neighbours are too many; such pairs need a town, a postcode or a rare word
# A block with this many pairs per record is compared whole; of a fuller one only what also shares a word of the name,
# a house number or a street.
_ROOMY, _LEAST_ROOMY = 20, 2
_PAIRS = 500_000  # so many are roomy; with more records each is compared with fewer
_CROWDED = 20_000  # from so many records on, only those that name no town or postcode look around themselves
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
    roomy = int(np.clip(_PAIRS / (len(left) + len(right) + 1), _LEAST_ROOMY, _ROOMY))
    traits, rare = ([_traits(side, words, rich) for side in sides] for rich in (True, False))
    found = [
        _by_block([_pack(side.region, side.city) for side in sides], traits, roomy),
        _by_block([side.postcode for side in sides], traits, roomy),
        _by_trait([side.region for side in sides], rare, roomy),
        _around(left, right),
    ]
    a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    # A town and its postcode outweigh a region, which is then misspelt.
    there = _same(left.city[a], right.city[b]) & _same(left.postcode[a], right.postcode[b])
    kept = there | ~_differ(left.region[a], right.region[b])
    sure = _by_two(left, right)
    a, b = np.concatenate([a[kept], sure[0]]), np.concatenate([b[kept], sure[1]])
    pairs = np.sort(distinct(a * max(len(right), 1) + b)[0])
    a, b = np.divmod(pairs, max(len(right), 1))
    same_country = ~_differ(left.country[a], right.country[b])
    return a[same_country], b[same_country]


def _by_two(left: Records, right: Records) -> Pairs:
    """Pair what agrees wholly on two of name, door and postcode, whatever the region, or on name and town."""
    sides = left, right
    name = [side.names.firsts for side in sides]
    door = _codes_of([_pack(side.house_number, side.street) for side in sides])
    postcode = [side.postcode for side in sides]
    town = _codes_of([_pack(side.region, side.city) for side in sides])
    found = [
        _by_key([_pack(*pair) for pair in zip(one, other, strict=True)], most=2 * _ROOMY)
        for one, other in ((name, door), (postcode, door), (name, postcode), (name, town))
    ]
    a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    return a, b


def _by_key(keys: list[Ints], *, most: int) -> Pairs:
    """Pair what shares a key, each record with at most so many: more cannot be told apart, and are not none."""
    rows = [np.flatnonzero(key >= 0) for key in keys]
    a, b = _equal(_codes([key[row] for key, row in zip(keys, rows, strict=True)]), most=most)
    return rows[0][a], rows[1][b]


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


def _traits(side: Records, words: Words, rich: bool) -> Ragged:
    """Return, per record, numbers for what tells it from others: each word of its names, and its door.

    With `rich`, to tell it from its neighbours, also how each word begins (for misspelt ones) and its house number.
    """
    names, owner = side.names.flat(np.arange(len(side)))
    each, name = words.ragged_names.flat(names)
    number, street = side.house_number, side.street
    numbered = np.flatnonzero(number >= 0)
    door = np.flatnonzero((number >= 0) & (street >= 0))
    kinds, owned = [each, number[door] << _DOOR_BITS | street[door]], [owner[name], door]
    if rich:
        kinds, owned = [*kinds, words.beginnings[each], number[numbered]], [*owned, owner[name], numbered]
    owners = np.concatenate(owned)
    values = np.concatenate([trait << 2 | kind for kind, trait in enumerate(kinds)])
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(side)))])
    return Ragged(values[order], starts)


def _by_block(keys: list[Ints], traits: list[Ragged], roomy: int) -> Pairs:
    """Pair what shares a key; in a full block, what shares a trait as well. A key below 0 is not known."""
    rows = [np.flatnonzero(key >= 0) for key in keys]
    codes = _codes([key[row] for key, row in zip(keys, rows, strict=True)])
    whole = _roomy(codes, roomy)
    a, b = _equal([code[whole[code]] for code in codes])
    a, b = (row[whole[code]][part] for row, code, part in zip(rows, codes, (a, b), strict=True))
    full = [row[~whole[code]] for row, code in zip(rows, codes, strict=True)]
    inside = [code[~whole[code]] for code in codes]
    more = _sharing(inside, full, traits, roomy)
    return np.concatenate([a, more[0]]), np.concatenate([b, more[1]])


def _by_trait(keys: list[Ints], traits: list[Ragged], roomy: int) -> Pairs:
    """Pair what shares a key and a rare trait."""
    rows = [np.flatnonzero(key >= 0) for key in keys]
    return _sharing(_codes([key[row] for key, row in zip(keys, rows, strict=True)]), rows, traits, roomy)


def _sharing(codes: list[Ints], rows: list[Ints], traits: list[Ragged], roomy: int) -> Pairs:
    """Pair rows that share both their code and a trait that not too many share."""
    flat = [trait.flat(row) for trait, row in zip(traits, rows, strict=True)]
    trait_codes = _codes([values for values, _ in flat])
    joint = _codes(
        [code[owner] << 32 | trait for code, (_, owner), trait in zip(codes, flat, trait_codes, strict=True)]
    )
    rare = _roomy(joint, roomy)
    kept = [np.flatnonzero(rare[code]) for code in joint]
    a, b = _equal([code[keep] for code, keep in zip(joint, kept, strict=True)])
    owners = [row[owner[keep]] for row, (_, owner), keep in zip(rows, flat, kept, strict=True)]
    return owners[0][a], owners[1][b]


def _codes(keys: list[Ints]) -> list[Ints]:
    """Return the keys of both sides as numbers from 0 on."""
    codes, _ = pd.factorize(np.concatenate(keys))
    return np.split(codes, [len(keys[0])])


def _roomy(codes: list[Ints], roomy: int) -> Mask:
    """Return, by code, whether comparing all that share it costs at most so many comparisons per record."""
    many = max((int(code.max()) + 1 for code in codes if len(code)), default=0)
    a, b = (np.bincount(code, minlength=many) for code in codes)
    return a * b <= roomy * (a + b)


def _equal(codes: list[Ints], most: int | None = None) -> Pairs:
    """Return the positions of equal codes; with `most`, of each left one at most so many right ones.

    The first left one of a code then has the first right ones, the second those from the second on, and so round, so
    that all of them have partners.
    """
    left, right = codes
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first, last = np.searchsorted(ordered, left, "left"), np.searchsorted(ordered, left, "right")
    many = last - first if most is None else np.minimum(last - first, most)
    a = np.repeat(np.arange(len(left)), many)
    within = np.arange(len(a)) - np.repeat(np.cumsum(many) - many, many)
    if most is not None:
        place = pd.Series(left).groupby(left).cumcount().to_numpy()
        within = (within + place[a]) % (last - first)[a]
    return a, order[np.repeat(first, many) + within]


def _around(left: Records, right: Records) -> Pairs:
    """Pair what is at most 2 km apart; of many records, only those that name neither town nor postcode."""
    crowded = max(len(left), len(right)) > _CROWDED
    bare = [(side.city < 0) & (side.postcode < 0) for side in (left, right)]
    if not crowded:
        return _near(left, right, np.arange(len(left)), np.arange(len(right)))
    ours = _near(left, right, np.flatnonzero(bare[0]), np.arange(len(right)))
    theirs = _near(left, right, np.arange(len(left)), np.flatnonzero(bare[1]))
    return np.concatenate([ours[0], theirs[0]]), np.concatenate([ours[1], theirs[1]])


def _near(left: Records, right: Records, ours: Ints, theirs: Ints) -> Pairs:
    a, b, _ = within_km(
        left.latitude_deg[ours],
        left.longitude_deg[ours],
        right.latitude_deg[theirs],
        right.longitude_deg[theirs],
        km=_DOORS_KM,
    )
    return ours[a], theirs[b]
