"""The best windows of a map, and how high random maps reach."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from welfare.patterns.scan.arrays import Cells, Reach, Window
from welfare.patterns.scan.ratios import EXPECTATION, NORMAL
from welfare.patterns.scan.space import lanes, moving, single
from welfare.patterns.scan.space.bars import STEPS

_TIE = 1e-9  # scores closer than this, relatively, are equal
_PASSES = ((64, 1.5), (16, 0.0), (1, 0.0))  # every so many places, and how much windows grow: see `_packed`
_AT_ONCE = 512  # scores looked at again together
_TASKS = 8  # at least so many pieces of work, whatever the number of threads


def highest(cells: Cells, ratio: int, reach: Reach, sets: np.ndarray, bases: np.ndarray | None = None) -> np.ndarray:
    """Return the highest score of any window, for each of many maps.

    Parameters
    ----------
    cells : Cells
        Places; steps are summed. Its base counts where no `bases` are given.
    ratio : int
        Which ratio: POISSON, BERNOULLI, EXPECTATION or NORMAL of :mod:`welfare.patterns.scan.ratios`. The exponential
        model's is POISSON, with `bases`.
    reach : Reach
        Which windows; for NORMAL, `min_cases` is the fewest places.
    sets : array, shape (r, n)
        Counts on each map; for NORMAL, sums of weighted values. For POISSON, BERNOULLI and NORMAL all maps hold the
        same total.
    bases : array of float, shape (r, n), optional
        The base of each map, where it moves with the cases (exponential and normal); the same total on each map.

    Returns
    -------
    array of float, shape (r,)
        0 where no window may be formed or none holds more than expected.

    Raises
    ------
    ValueError
        If maps differ in their totals.

    Notes
    -----
    Exact: what is skipped could not have been the highest. The same whatever the number of threads.
    """
    space = _Space.of(cells, ratio, reach, _by_strips(cells.points))
    sets = np.asarray(sets)[:, space.order]
    if not len(sets):
        return np.zeros(0)
    given = None if bases is None else np.asarray(bases, dtype=float)[:, space.order]
    _same_totals(ratio, sets, given)
    most = float(sets.sum(axis=1).max())
    whole = ratio != NORMAL and (sets.dtype.kind in "iu" or bool((sets == np.rint(sets)).all()))
    if given is None and whole and most < 2 ** (lanes.WIDE - 1) - 2:
        return _packed(space, sets, most)
    return _unpacked(space, sets.astype(float), given)


def windows(cells: Cells, ratio: int, reach: Reach, least: float) -> list[Window]:
    """Return the best window, then the best that shares no place with those before it, and so on.

    Parameters
    ----------
    cells : Cells
        Places; steps are summed.
    ratio : int
        As in :func:`highest`.
    reach : Reach
        Which windows.
    least : float
        Score below which no further window is sought; the first is always given if it is above 0.

    Returns
    -------
    list of Window
    """
    space = _Space.of(cells, ratio, reach, np.arange(len(cells.points)))
    limits, totals = space.limits, space.totals(float(space.cases.sum()))
    n, taken = len(space.base), np.zeros(len(space.base), dtype=bool)
    shapes, factors = np.array(space.shapes), np.array(space.factors)

    def scores(which: np.ndarray) -> np.ndarray:
        """Return the best score of each pair of a shape and a place, numbered shape by shape."""

        def part(some: np.ndarray) -> np.ndarray:
            return factors[some // n] * single.best_of_each(
                space.points, space.cases, space.base, taken, some % n, shapes[some // n], ratio, totals, limits
            )

        with ThreadPoolExecutor(cpu_count()) as pool:
            return np.concatenate(list(pool.map(part, np.array_split(which, _TASKS))))

    found = scores(np.arange(n * len(shapes)))
    # Ties go to the shape given first, then to the place given first. The last number: how many windows were out.
    queue = [(-found[pair], pair, 0) for pair in np.flatnonzero(found > 0).tolist()]
    heapq.heapify(queue)
    out: list[Window] = []
    while queue and (not out or -queue[0][0] >= least * (1 - _TIE)):
        if queue[0][2] < len(out):
            # Places taken since can only have lowered scores: those that were highest are looked at again.
            pairs = _stale(queue, len(out))
            for pair, score in zip(pairs.tolist(), scores(pairs), strict=True):
                if score > 0:
                    heapq.heappush(queue, (-score, pair, len(out)))
            continue
        pair = heapq.heappop(queue)[1]
        shape, centre = space.shapes[pair // n], pair % n
        llr, order = single.best_around(
            space.points, space.cases, space.base, taken, centre, shape, ratio, totals, limits
        )
        # Places at the centre's own coordinates may come before it.
        members = np.concatenate([[centre], order[order != centre]])
        taken[members] = True
        out.append(Window(llr * space.factors[pair // n], llr, members, 0, cells.cases.shape[1] - 1, shape))
    return out


def _stale(queue: list[tuple[float, int, int]], out: int) -> np.ndarray:
    """Take from the queue the highest scores that are older than the last window, until one is not."""
    pairs: list[int] = []
    while queue and queue[0][2] < out and len(pairs) < _AT_ONCE:
        pairs.append(heapq.heappop(queue)[1])
    return np.array(pairs)


@dataclass(frozen=True)
class _Space:
    """Places laid out for the kernels, neighbours near one another in memory.

    `order` are the positions in the cells; `limits` most base, widest squared half-axis and fewest cases.
    """

    points: np.ndarray
    cases: np.ndarray
    base: np.ndarray
    order: np.ndarray
    ratio: int
    shapes: tuple[tuple[float, float], ...]
    factors: tuple[float, ...]
    limits: tuple[float, float, float]

    @classmethod
    def of(cls, cells: Cells, ratio: int, reach: Reach, order: np.ndarray) -> _Space:
        base = cells.base.sum(axis=1).astype(float)[order]
        cap = reach.max_share * float(base.sum())
        shapes = tuple((float(longer), float(angle)) for longer, angle in reach.shapes)
        return cls(
            points=np.ascontiguousarray(cells.points[order], dtype=float),
            cases=cells.cases.sum(axis=1).astype(float)[order],
            base=base,
            order=order,
            ratio=ratio,
            shapes=shapes,
            factors=tuple((4 * longer / (longer + 1) ** 2) ** reach.penalty for longer, _ in shapes),
            limits=(cap, float(reach.max_radius) ** 2, float(reach.min_cases)),
        )

    def totals(self, cases: float) -> tuple[float, float, float, float]:
        """Return totals as :func:`welfare.patterns.scan.ratios.log_ratio` wants them."""
        base = float(self.base.sum())
        if self.ratio != NORMAL:
            return cases, base, 0.0, 0.0
        weighed = self.base > 0
        values = self.cases[weighed] / self.base[weighed]
        squares = float((self.base[weighed] * (values - self.cases.sum() / base) ** 2).sum())
        return cases, base, squares, float(weighed.sum())

    def pieces(self, every: int) -> Iterator[tuple[int, np.ndarray]]:
        """Give pieces of work: which shape, around which places."""
        centres = np.arange(0, len(self.base), every)
        parts = min(len(centres), -(-_TASKS // len(self.shapes)))
        for shape in range(len(self.shapes)):
            for part in np.array_split(centres, parts):
                yield shape, part


def _by_strips(points: np.ndarray) -> np.ndarray:
    """Return an order of places in which neighbours mostly follow one another: strip by strip."""
    n, d = points.shape
    if d < 2 or n < 3:
        return np.arange(n)
    first = points[:, 0] - points[:, 0].min()
    width = max(float(first.max()), np.finfo(float).tiny)
    return np.lexsort((points[:, 1], np.floor(first / width * np.sqrt(n / 2))))


def _same_totals(ratio: int, sets: np.ndarray, bases: np.ndarray | None) -> None:
    sums = [] if ratio == EXPECTATION else [sets.sum(axis=1)]
    sums += [] if bases is None else [bases.sum(axis=1)]
    for total, scale in ((total, np.abs(total).max()) for total in sums):
        # Sums of weighted values may cancel; what they are sums of says how much rounding leaves.
        scale = max(scale, np.abs(sets).sum(axis=1).max()) if ratio == NORMAL else scale
        if np.ptp(total) > 1e-9 * scale:
            raise ValueError("random maps hold different totals")


def _raised(work: Callable[[int, np.ndarray, np.ndarray], None], space: _Space, every: int, best: np.ndarray) -> None:
    """Raise `best` by all pieces of work, each on its own copy, so that the order they end in does not matter."""

    def one(piece: tuple[int, np.ndarray]) -> np.ndarray:
        own = best.copy()
        work(*piece, own)
        return own

    with ThreadPoolExecutor(cpu_count()) as pool:
        found = list(pool.map(one, space.pieces(every)))
    np.max(found, axis=0, out=best)


def _packed(space: _Space, sets: np.ndarray, most: float) -> np.ndarray:
    """Return the highest score of each map of whole counts.

    A few windows around a few places, then all around some, give scores that the highest cannot be below; maps of
    like scores are then put side by side, and few windows around all places reach as high.
    """
    limit = int(most) + 1
    bits = lanes.NARROW if limit < 2 ** (lanes.NARROW - 1) else lanes.WIDE
    cap, widest, fewest = space.limits
    limits = (cap, widest, int(np.ceil(fewest)), limit)
    totals = space.totals(float(sets.sum(axis=1).mean()))
    best, ranks = np.zeros(len(sets)), np.arange(len(sets))
    for every, thin in _PASSES:
        blocks, raised = lanes.pack(sets[ranks], bits), best[ranks]
        tables = {factor: np.empty((len(blocks), STEPS), np.int64) for factor in space.factors}
        for factor, table in tables.items():
            lanes.fill_tables(table, raised, bits, factor, space.ratio, totals, limits)

        def work(shape: int, centres: np.ndarray, own: np.ndarray) -> None:
            factor = space.factors[shape]
            lanes.raise_around(
                space.points, space.base, blocks, bits, centres, space.shapes[shape], factor,  # noqa: B023
                tables[factor], space.ratio, totals, limits, thin, own,  # noqa: B023
            )  # fmt: skip

        _raised(work, space, every, raised)
        best[ranks] = raised
        ranks = np.argsort(best, kind="stable")
    return best


def _unpacked(space: _Space, sets: np.ndarray, bases: np.ndarray | None) -> np.ndarray:
    """Return the highest score of each map of any numbers, each with its own base if `bases` are given."""
    many, n = sets.shape
    bases = np.broadcast_to(space.base, sets.shape) if bases is None else bases
    totals = space.totals(float(sets[0].sum()))
    if space.ratio == NORMAL:
        # Values about their mean: what is left of large numbers is not rounded away.
        sets = sets - bases * (totals[0] / totals[1])
        totals = (0.0, *totals[1:])
    blocks = []
    for numbers in (sets, bases):
        padded = np.zeros((-(-many // moving.LANES) * moving.LANES, n))
        padded[:many] = numbers
        blocks.append(np.ascontiguousarray(padded.reshape(-1, moving.LANES, n).transpose(0, 2, 1)))
    best = np.zeros(many)

    def work(shape: int, centres: np.ndarray, own: np.ndarray) -> None:
        moving.raise_around(
            space.points, blocks[0], blocks[1], centres, space.shapes[shape], space.factors[shape],
            space.ratio, totals, space.limits, own,
        )  # fmt: skip

    _raised(work, space, 1, best)
    return best
