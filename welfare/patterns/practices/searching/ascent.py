"""Where there are too many subsets to try: climb from many starts, one condition at a time. Compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np

from welfare.patterns.practices.searching.cells import Cells, Picked, Terms
from welfare.patterns.practices.searching.scoring import log_ratio
from welfare.stats.compiled import compiled

_ROUNDS = 25


@compiled()
def _enough(held, codes, expected, pairs, least_units, least_expected):
    """Say whether a subset rests on enough units and expected events, and so does what is outside it."""
    inside = np.ones(len(codes), np.bool_)
    within, total = 0.0, 0.0
    for c in range(len(codes)):
        total += expected[c]
        for k in range(codes.shape[1]):
            if not held[k, codes[c, k]]:
                inside[c] = False
                break
        if inside[c]:
            within += expected[c]
    if within < least_expected or total - within < least_expected:
        return False
    # Pairs come ordered by unit: each unit is counted once on either side.
    units_in, units_out, last, seen_in, seen_out = 0, 0, -1, False, False
    for i in range(len(pairs)):
        if pairs[i, 0] != last:
            last, seen_in, seen_out = pairs[i, 0], False, False
        if inside[pairs[i, 1]]:
            units_in += not seen_in
            seen_in = True
        else:
            units_out += not seen_out
            seen_out = True
    return units_in >= least_units and units_out >= least_units


@compiled()
def _by_value(held, codes, k, size, counts, share):
    """Return counts and expected shares by value of one condition, of cells that the other conditions hold."""
    seen, hoped = np.zeros(size), np.zeros(size)
    for c in range(len(codes)):
        inside = True
        for j in range(codes.shape[1]):
            if j != k and not held[j, codes[c, j]]:
                inside = False
                break
        if inside:
            seen[codes[c, k]] += counts[c]
            hoped[codes[c, k]] += share[c]
    return seen, hoped


@compiled()
def _candidates(seen, hoped, size, sign):
    """Return lists of values to try: the r values of the highest (or lowest) ratios for each r, and single ones."""
    ratio = np.empty(size)
    for v in range(size):
        ratio[v] = -sign * (seen[v] / hoped[v] if hoped[v] > 0 else 1.0)
    order = np.argsort(ratio)
    lists = np.zeros((2 * size, size), np.bool_)
    for r in range(size):
        for v in order[: r + 1]:
            lists[r, v] = True
        lists[size + r, r] = True
    return lists


@compiled()
def _of_others(held, sizes, k, list_cost):
    """Return how many conditions other than one are named, and what their lists cost."""
    named, cost = 0, 0.0
    for j in range(len(sizes)):
        many = int(held[j, : sizes[j]].sum())
        if j != k and many < sizes[j]:
            named += 1
            cost += list_cost[j, many]
    return named, cost


@compiled()
def _step(held, k, best, codes, sizes, counts, share, expected, pairs, list_cost, choose_cost, limits, sign):
    """Give one condition the list of values that raises the score most, and return the score."""
    most, least_units, least_expected = int(limits[0]), int(limits[1]), limits[2]
    size, total = sizes[k], counts.sum()
    named, others = _of_others(held, sizes, k, list_cost)
    seen, hoped = _by_value(held, codes, k, size, counts, share)
    lists = _candidates(seen, hoped, size, sign)
    for row in range(len(lists)):
        many = int(lists[row].sum())
        now = named + (many < size)
        if now == 0 or now > most:
            continue
        price = others + choose_cost[now] + (list_cost[k, many] if many < size else 0.0)
        value = log_ratio((seen * lists[row]).sum() / total, (hoped * lists[row]).sum(), total, sign) - price
        if value > best + 1e-12:
            before = held[k].copy()
            held[k, :size] = lists[row]
            if _enough(held, codes, expected, pairs, least_units, least_expected):
                best = value
            else:
                held[k] = before
    return best


@compiled()
def _climb(held, order, codes, sizes, counts, share, expected, pairs, list_cost, choose_cost, limits, sign):
    best = -np.inf
    for _ in range(_ROUNDS):
        before = best
        for k in order:
            best = _step(
                held, k, best, codes, sizes, counts, share, expected, pairs, list_cost, choose_cost, limits, sign
            )
        if best <= before:
            break
    return best


@compiled()
def _highest(starts, orders, codes, sizes, counts, share, expected, pairs, list_cost, choose_cost, limits, sign):
    best, where = -np.inf, starts[0].copy()
    for s in range(len(starts)):
        held = starts[s].copy()
        score = _climb(
            held, orders[s], codes, sizes, counts, share, expected, pairs, list_cost, choose_cost, limits, sign
        )
        if score > best:
            best, where = score, held
    return best, where


class Ascent:
    """Search by coordinate ascent: the same starts for every set of counts.

    Parameters
    ----------
    cells : Cells
        The combinations that occur.
    terms : Terms
        What a subset must fulfil, and what it costs.
    restarts : int
        Random starts, beside the one from all rows.
    seed : int
        Of the starts.

    Notes
    -----
    For one condition, the others held, the list of values with the highest likelihood ratio is one of those made of the
    r highest ratios (linear-time subset scanning); with a cost by length of the list this is nearly so, and single
    values are tried as well. What is found is a hilltop, and need not be the highest.
    """

    def __init__(self, cells: Cells, terms: Terms, *, restarts: int, seed: int) -> None:
        sizes = np.array(cells.sizes)
        telling = np.flatnonzero(sizes > 1)
        rng = np.random.default_rng(seed)
        starts = np.zeros((restarts + 1, len(sizes), sizes.max()), dtype=bool)
        for k, size in enumerate(cells.sizes):
            starts[:, k, :size] = True
        most = min(terms.max_conditions, len(telling))
        for start in starts[1:]:
            for k in rng.choice(telling, int(rng.integers(1, most + 1)), replace=False):
                many = int(rng.integers(1, sizes[k]))
                start[k] = False
                start[k, rng.choice(sizes[k], many, replace=False)] = True
        costs = np.zeros((len(sizes), sizes.max() + 1))
        for telling_one in telling.tolist():
            size = cells.sizes[telling_one]
            costs[telling_one, 1:size] = [terms.cost(listed, size) for listed in range(1, size)]
        choosing = [terms.cost_of_choosing(named, len(telling)) for named in range(len(telling) + 1)]
        self._given = (starts, np.array([rng.permutation(telling) for _ in starts]), cells.codes, sizes)
        self._shares = (cells.share, cells.expected, cells.pairs, costs, np.array(choosing))
        self._limits = np.array([terms.max_conditions, terms.min_units, terms.min_expected], dtype=float)
        self._sign = 1.0 if terms.more else -1.0
        self._sizes = sizes

    def best(self, counts: np.ndarray) -> list[tuple[float, Picked]]:
        """Return the best score and subset found for each set of weighted counts, shape (c, many)."""

        def one(column: int) -> tuple[float, Picked]:
            given = np.ascontiguousarray(counts[:, column])
            score, held = _highest(*self._given, given, *self._shares, self._limits, self._sign)
            named = [k for k, size in enumerate(self._sizes) if held[k, :size].sum() < size]
            return float(score), {k: tuple(int(v) for v in np.flatnonzero(held[k, : self._sizes[k]])) for k in named}

        with ThreadPoolExecutor(cpu_count()) as pool:
            return list(pool.map(one, range(counts.shape[1])))


__all__ = ["Ascent"]
