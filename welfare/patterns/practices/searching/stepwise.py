"""The most unusual subset, then what is still unusual once it is allowed for, and so on: each against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.patterns.practices.searching.ascent import Ascent
from welfare.patterns.practices.searching.cells import Cells, Picked, Terms, into_cells
from welfare.patterns.practices.searching.chance import Unevenness, random_counts, weights
from welfare.patterns.practices.searching.every import MOST_SUBSETS, best_subsets, families, subsets_in_all
from welfare.patterns.practices.searching.part import Part

_TIE = 1e-9  # scores closer than this are equal: rounding must not favour the data
_DRAWN = 4_000_000  # counts drawn at one time


@dataclass(frozen=True)
class Step:
    """One subset that the search named.

    Attributes
    ----------
    picked : dict of int to tuple of int
        Values held, by condition.
    score : float
        Its log likelihood ratio, less the cost of its description.
    p_value : float
        How often random counts reach that score in any subset.
    """

    picked: Picked
    score: float
    p_value: float


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes
    ----------
    steps : tuple of Step
        The first, and further ones whose p-value is small enough.
    how : str
        "exact" or "ascent".
    tried : float
        Subsets there are.
    """

    steps: tuple[Step, ...]
    how: str
    tried: float


class _Search:
    """Either way of searching, behind one door."""

    def __init__(self, cells: Cells, terms: Terms, *, restarts: int, seed: int) -> None:
        self.tried = subsets_in_all(cells.sizes, terms.max_conditions)
        self.how = "exact" if self.tried <= MOST_SUBSETS else "ascent"
        self._more = terms.more
        self._climber: Ascent | None = None
        if self.how == "exact":
            self._families = families(cells, terms)
        else:
            self._climber = Ascent(cells, terms, restarts=restarts, seed=seed)

    def scores(self, counts: np.ndarray) -> np.ndarray:
        if self._climber is not None:
            return np.array([score for score, _ in self._climber.best(counts)])
        return best_subsets(self._families, counts, more=self._more).score

    def first(self, counts: np.ndarray) -> tuple[float, Picked]:
        if self._climber is not None:
            return self._climber.best(counts)[0]
        best = best_subsets(self._families, counts, more=self._more)
        if not np.isfinite(best.score[0]):
            return -np.inf, {}
        return float(best.score[0]), self._families[best.family[0]].picked(int(best.position[0]))


def search(
    part: Part,
    terms: Terms,
    spread: Unevenness,
    *,
    most: int,
    alpha: float,
    replicates: int,
    restarts: int,
    seed: int,
) -> Searched:
    """Name subsets one after the other, each beyond what those before it explain.

    Parameters
    ----------
    part : Part
        The rows to search.
    terms : Terms
        What a subset must fulfil, and how it is scored.
    spread : Unevenness
        Of the true ratios, for the random counts.
    most : int
        Subsets to name at most.
    alpha : float
        Further ones are named while p-values are at most this.
    replicates : int
        Random sets of counts.
    restarts : int
        Starts of the ascent, where there are too many subsets to try each.
    seed : int
        Of both.

    Returns
    -------
    Searched
        With no step where no subset rests on enough.
    """
    steps: list[Step] = []
    total, how, tried = int(part.observed.sum()), "exact", 0.0
    for number in range(most):
        weight = weights(part.scaled(), part.unit, spread)
        cells = into_cells(part.codes, part.scaled(), part.unit, weight)
        searcher = _Search(cells, terms, restarts=restarts, seed=seed)
        how, tried = searcher.how, float(searcher.tried)
        score, picked = searcher.first(cells.add_up(part.observed[None]))
        if not picked:
            break
        rng = np.random.default_rng([seed, number])
        at_once = max(1, _DRAWN // len(part.observed))
        reached = 0
        for done in range(0, replicates, at_once):
            many = min(at_once, replicates - done)
            counts = random_counts(part.expected, part.unit, spread, total, many, rng)
            highest = searcher.scores(cells.add_up(counts))
            reached += int((highest >= score - _TIE * max(1.0, abs(score))).sum())
        p_value = (1 + reached) / (1 + replicates)
        if number and p_value > alpha:
            break
        picked = cells.as_codes(picked)
        steps.append(Step(picked, score, p_value))
        if p_value > alpha:
            break
        part = part.allowing_for(picked)
    return Searched(tuple(steps), how, tried)


__all__ = ["Searched", "Step", "search"]
