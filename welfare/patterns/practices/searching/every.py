"""Every subset of conditions, tried: the one in which counts are furthest from what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from os import cpu_count

import numpy as np
from scipy.sparse import csr_array

from welfare.patterns.practices.searching.cells import Cells, Picked, Terms
from welfare.patterns.practices.searching.scoring import keep_the_best

MOST_SUBSETS = 1_000_000
_AT_ONCE = 2_000_000  # sums of subsets held in memory by each thread


@dataclass(frozen=True)
class Family:
    """All subsets that name the same conditions.

    Attributes
    ----------
    named : tuple of int
        The conditions.
    lists : tuple of array of float
        Lists of values by condition: shape (lists, values), 1 where a list holds the value.
    margin : sparse array
        Adds up cells to combinations of the named conditions.
    allowed : array of int
        Positions, among all subsets of the family, of those that rest on enough.
    share, cost : arrays
        Of the allowed: share of the weighted expected count, and what the description costs.
    """

    named: tuple[int, ...]
    lists: tuple[np.ndarray, ...]
    margin: csr_array
    allowed: np.ndarray
    share: np.ndarray
    cost: np.ndarray

    def picked(self, position: int) -> Picked:
        """Return the values held in the subset at a position among the allowed."""
        rows = np.unravel_index(self.allowed[position], [len(lists) for lists in self.lists])
        held = [np.flatnonzero(lists[row]) for lists, row in zip(self.lists, rows, strict=True)]
        return {k: tuple(int(value) for value in values) for k, values in zip(self.named, held, strict=True)}


def subsets_in_all(sizes: Sequence[int], max_conditions: int) -> int:
    """Count the subsets that name at most so many conditions, each by a list of some but not all of its values."""
    named = _which(sizes, max_conditions)
    return sum(int(np.prod([2.0 ** sizes[k] - 2 for k in which])) for which in named)


def _which(sizes: Sequence[int], max_conditions: int) -> Iterator[tuple[int, ...]]:
    telling = [k for k, size in enumerate(sizes) if size > 1]
    for many in range(1, min(max_conditions, len(telling)) + 1):
        yield from combinations(telling, many)


def families(cells: Cells, terms: Terms) -> list[Family]:
    """Return every subset that rests on enough, by the conditions it names.

    Parameters
    ----------
    cells : Cells
        The combinations that occur.
    terms : Terms
        What a subset must fulfil.

    Returns
    -------
    list of Family
        Those with no such subset left out.
    """
    lists = [_lists(size) for size in cells.sizes]
    telling = sum(size > 1 for size in cells.sizes)
    every = (_family(cells, terms, which, lists, telling) for which in _which(cells.sizes, terms.max_conditions))
    return [family for family in every if len(family.allowed)]


def _lists(size: int) -> np.ndarray:
    """Return all lists of some but not all values, those soonest said first."""
    held = (np.arange(1, max(2**size - 1, 1))[:, None] >> np.arange(size)) & 1
    many = held.sum(axis=1)
    return np.asarray(held[np.argsort(np.minimum(many, size - many), kind="stable")], dtype=float)


def _family(cells: Cells, terms: Terms, named: tuple[int, ...], every_list: list[np.ndarray], telling: int) -> Family:
    sizes = [cells.sizes[k] for k in named]
    lists = tuple(every_list[k] for k in named)
    at = np.ravel_multi_index(tuple(cells.codes[:, k] for k in named), sizes)
    margin = csr_array((np.ones(len(at)), (at, np.arange(len(at)))), shape=(int(np.prod(sizes)), len(at)))
    inside = _sums(lists, margin @ cells.expected[:, None])[:, 0]
    enough = (inside >= terms.min_expected) & (cells.expected.sum() - inside >= terms.min_expected)
    pairs = np.unique(np.column_stack([cells.pairs[:, 0], at[cells.pairs[:, 1]]]), axis=0)
    candidates = np.flatnonzero(enough)
    allowed = candidates[_on_enough_units(lists, sizes, pairs, candidates, terms.min_units)]
    costs = [np.array([terms.cost(int(row.sum()), len(row)) for row in table]) for table in lists]
    cost = reduce(np.add.outer, costs).ravel() + terms.cost_of_choosing(len(named), telling)
    share = _sums(lists, margin @ cells.share[:, None])[:, 0]
    return Family(named, lists, margin, allowed, share[allowed], cost[allowed])


def _sums(lists: tuple[np.ndarray, ...], margin: np.ndarray) -> np.ndarray:
    """Return sums over each subset, shape (subsets, many), of values by combination, shape (combinations, many)."""
    many = margin.shape[1]
    table = margin.reshape(*[held.shape[1] for held in lists], many)
    for axis, held in enumerate(lists):
        table = np.moveaxis(np.tensordot(held, table, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(table).reshape(-1, many)


def _on_enough_units(
    lists: tuple[np.ndarray, ...], sizes: list[int], pairs: np.ndarray, candidates: np.ndarray, least: int
) -> np.ndarray:
    """Say which subsets hold rows of enough units, and leave rows of enough units outside."""
    combinations_ = int(np.prod(sizes))
    unit = np.unique(pairs[:, 0], return_inverse=True)[1]
    spread_over = np.bincount(unit)
    by_cell = np.bincount(pairs[:, 1], minlength=combinations_).astype(float)
    settled = np.bincount(pairs[:, 1], spread_over[unit] == 1, minlength=combinations_)
    held, sole = _sums(lists, np.column_stack([by_cell, settled]))[candidates].T
    enough = np.ones(len(candidates), dtype=bool)
    for pairs_here, alone_here, inside in ((held, sole, True), (len(pairs) - held, settled.sum() - sole, False)):
        # A unit counts once however many combinations it has rows in: bounds settle nearly all subsets.
        surely = np.maximum(alone_here, np.ceil(pairs_here / spread_over.max() - 1e-9)) >= least - 1e-9
        never = pairs_here < least - 0.5
        open_ = np.flatnonzero(~surely & ~never)
        enough &= ~never
        enough[open_] &= _units(lists, sizes, pairs[:, 1], unit, candidates[open_], inside) >= least
    return enough


def _units(
    lists: tuple[np.ndarray, ...],
    sizes: list[int],
    cell: np.ndarray,
    unit: np.ndarray,
    candidates: np.ndarray,
    inside: bool,
) -> np.ndarray:
    """Count the units with a row in each subset, or with a row outside it."""
    where = csr_array((np.ones(len(cell)), (cell, unit)), shape=(int(np.prod(sizes)), int(unit.max()) + 1))
    values = np.unravel_index(np.arange(int(np.prod(sizes))), sizes)
    counts = np.empty(len(candidates))
    step = max(1, _AT_ONCE // max(where.shape))
    for start in range(0, len(candidates), step):
        rows = np.unravel_index(candidates[start : start + step], [len(held) for held in lists])
        held = np.ones((len(rows[0]), where.shape[0]))
        for table, row, value in zip(lists, rows, values, strict=True):
            held *= table[row][:, value]
        counts[start : start + step] = ((held if inside else 1 - held) @ where > 0).sum(axis=1)
    return counts


@dataclass(frozen=True)
class Best:
    """The best subset for each of several sets of counts.

    Attributes
    ----------
    score : array, shape (many,)
        Its score; minus infinity where none is allowed.
    family, position : arrays of int, shape (many,)
        Where it stands.
    """

    score: np.ndarray
    family: np.ndarray
    position: np.ndarray


def best_subsets(every: list[Family], counts: np.ndarray, *, more: bool) -> Best:
    """Try every subset on several sets of counts.

    Parameters
    ----------
    every : list of Family
        The subsets.
    counts : array, shape (c, many)
        Weighted counts by cell.
    more : bool
        Whether an excess is looked for, or a want.

    Returns
    -------
    Best
        With the score T (q log(q / p) + (1 - q) log((1 - q) / (1 - p))) less the cost, q being the share of the
        counts, p that of the expected, T the total.
    """
    many, at_once = counts.shape[1], max(1, _AT_ONCE // max([len(one.allowed) for one in every], default=1))
    best = Best(np.full(many, -np.inf), np.zeros(many, dtype=np.int64), np.zeros(many, dtype=np.int64))

    def part(start: int) -> None:
        columns = slice(start, start + step)
        given, sign = np.ascontiguousarray(counts[:, columns]), 1.0 if more else -1.0
        total, kept = given.sum(axis=0), (best.score[columns], best.family[columns], best.position[columns])
        for number, one in enumerate(every):
            sums = _sums(one.lists, one.margin @ given)
            keep_the_best(sums, one.allowed, one.share, one.cost, total, sign, number, *kept)

    step = min(at_once, -(-many // (cpu_count() or 1)))
    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(part, range(0, many, step)))
    return best


__all__ = ["MOST_SUBSETS", "Best", "Family", "best_subsets", "families", "subsets_in_all"]
