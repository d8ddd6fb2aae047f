"""How high the best window of random maps reaches: what the data's best window is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from welfare.patterns.scan import ratios
from welfare.patterns.scan.arrays import Cells, Reach, Window
from welfare.patterns.scan.asking.layout import Layout
from welfare.patterns.scan.asking.options import Options

TIE = 1e-9  # scores closer than this, relatively, are equal: rounding must not favour the data
_BATCH = 5_000_000  # simulated counts held in memory at one time
_LANES = 32
_FIRST_LOOK = 20  # maps drawn at a time, per map as high as the data that ends the drawing
_EULER = 0.5772156649015329
_RATIOS = {"bernoulli": "BERNOULLI", "expectation": "EXPECTATION", "normal": "NORMAL"}

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True)
class Maxima:
    """The highest scores of random maps.

    Attributes
    ----------
    scores : array of float, shape (r,)
        In the order drawn.
    stopped : bool
        Whether drawing stopped because enough maps were as high as the data.
    """

    scores: np.ndarray
    stopped: bool

    def p_values(self, found: np.ndarray) -> np.ndarray:
        """Return the rank of scores among those of the random maps, as a share.

        Parameters
        ----------
        found : array of float, shape (k,)
            Scores of the data's windows, the highest first.

        Returns
        -------
        array of float, shape (k,)
        """
        as_high = (self.scores[None] >= found[:, None] * (1 - TIE)).sum(axis=1)
        rank = (1 + as_high) / (1 + len(self.scores))
        # Drawing ended with a map as high as the first: the data do not count as one more (Besag and Clifford).
        return np.where(np.arange(len(found)) == 0, as_high / len(self.scores), rank) if self.stopped else rank

    def gumbel(self, found: np.ndarray) -> np.ndarray:
        """Return p-values by a Gumbel distribution with the mean and variance of the random maps' scores.

        Parameters
        ----------
        found : array of float, shape (k,)
            Scores of the data's windows.

        Returns
        -------
        array of float, shape (k,)
            Missing where all random maps score alike.
        """
        scale = float(self.scores.std(ddof=1)) * np.sqrt(6) / np.pi
        if not scale > 0:
            return np.full(len(found), np.nan)
        return np.asarray(-np.expm1(-np.exp(-(found - self.scores.mean() + _EULER * scale) / scale)))


def find_windows(layout: Layout, options: Options, reach: Reach, least: float) -> list[Window]:
    """Return the data's best window, and further ones that share no place with those before.

    Parameters
    ----------
    layout : Layout
        The data.
    options : Options
        What is asked.
    reach : Reach
        Which windows.
    least : float
        Score below which no further window is sought.
    """
    if options.in_time:
        from welfare.patterns.scan.time.search import windows as in_time

        return [_trimmed(window, layout, reach) for window in in_time(layout.cells, _ratio(options), reach, least)]
    from welfare.patterns.scan.space.search import windows as in_space

    return in_space(layout.cells, _ratio(options), reach, least)


def _trimmed(window: Window, layout: Layout, reach: Reach) -> Window:
    """Take from a window's ends the steps in which its places had no exposure: they say nothing."""
    some = np.flatnonzero(layout.cells.base[window.members].sum(axis=0)[window.first : window.last + 1] > 0)
    last = window.last if reach.last_only else window.first + int(some[-1])
    return replace(window, first=window.first + int(some[0]), last=last)


def random_maxima(layout: Layout, options: Options, reach: Reach, spread: float, observed: float) -> Maxima:
    """Return the highest score of any window on each of many maps on which nothing gathers.

    Parameters
    ----------
    layout : Layout
        The data.
    options : Options
        What is asked: model, maps, seed, when to stop.
    reach : Reach
        Which windows.
    spread : float
        Gamma shape of the places' ratios under the negative binomial model.
    observed : float
        Score of the data's best window, where `stop_after` is asked for.
    """
    layout = _in_fixed_order(layout)
    draw, rng = _draw(layout, options, spread), np.random.default_rng(options.seed)
    at_once = max(1, _BATCH // layout.cells.cases.size)
    if options.stop_after is not None:
        at_once = min(at_once, _FIRST_LOOK * options.stop_after)
    # Both engines walk maps side by side, as many as fit their lanes.
    at_once = at_once - at_once % _LANES if at_once > _LANES else at_once
    scores = np.zeros(0)
    while len(scores) < options.replicates:
        many = min(at_once, options.replicates - len(scores))
        scores = np.concatenate([scores, _highest(layout, options, reach, *draw(rng, many))])
        if options.stop_after is not None:
            as_high = np.flatnonzero(scores >= observed * (1 - TIE))
            if len(as_high) >= options.stop_after:
                return Maxima(scores[: as_high[options.stop_after - 1] + 1], stopped=True)
    return Maxima(scores, stopped=False)


def _in_fixed_order(layout: Layout) -> Layout:
    """Return places from west to east: random maps must not hang on the order of the rows."""
    cells = layout.cells
    order = np.lexsort([*cells.base.T[::-1], *cells.cases.T[::-1], *cells.points.T[::-1]])
    return replace(layout, cells=Cells(cells.points[order], cells.cases[order], cells.base[order]))


def _highest(layout: Layout, options: Options, reach: Reach, sets: np.ndarray, bases: np.ndarray | None) -> np.ndarray:
    if options.in_time:
        from welfare.patterns.scan.time.search import highest as in_time

        return in_time(layout.cells, _ratio(options), reach, sets)
    from welfare.patterns.scan.space.search import highest as in_space

    base = None if bases is None else bases[:, :, 0]
    return in_space(layout.cells, _ratio(options), reach, sets[:, :, 0], base)


def _ratio(options: Options) -> int:
    return int(getattr(ratios, _RATIOS.get(options.model, "POISSON")))


def _draw(layout: Layout, options: Options, spread: float) -> Draw:
    """Return what draws so many maps: counts, and their base where it moves with them."""
    from welfare.patterns.scan import models

    cells = layout.cells
    if options.model in ("exponential", "normal"):
        moved = models.exponential if options.model == "exponential" else models.normal

        return lambda rng, many: moved(cells, rng, many)
    if options.model == "negative_binomial":
        return lambda rng, many: (models.negative_binomial(cells, rng, many, spread), None)
    if options.model == "permutation":
        from welfare.patterns.scan.time import permuting

        return lambda rng, many: (permuting.draw(cells, rng, many), None)
    plain = {"poisson": models.poisson, "bernoulli": models.bernoulli, "expectation": models.expectation}
    return lambda rng, many: (plain[options.model](cells, rng, many), None)
