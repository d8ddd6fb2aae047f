"""Combinations that the search named, followed into the part of the units that it did not see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from welfare.patterns.practices.halves import chance_of, ratio_limits
from welfare.patterns.practices.searching.cells import Terms
from welfare.patterns.practices.searching.chance import Unevenness
from welfare.patterns.practices.searching.part import Excess, Part, excess
from welfare.patterns.practices.searching.stepwise import Searched, Step
from welfare.stats.robustness.adjusting import adjusted_p


@dataclass(frozen=True)
class Named:
    """One combination, where it was found and where it was tried again.

    Attributes
    ----------
    step : Step
        What the search says of it.
    found : Excess
        What it holds in the part searched.
    rows : int
        Rows of that part in it.
    again : Excess or None
        What it holds in the part held out; None where nothing was held out.
    low, high : float
        Interval of its ratio there.
    p_value : float
        One-sided, there, adjusted for how many combinations are tested; missing: too little to test.
    """

    step: Step
    found: Excess
    rows: int
    again: Excess | None = None
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan


def follow(
    part: Part,
    out: np.ndarray,
    searched: Searched,
    terms: Terms,
    spread: Unevenness,
    *,
    level: float,
    replicates: int,
    seed: int,
) -> list[Named]:
    """Add up what each combination holds in both parts, and test it in the one held out.

    Parameters
    ----------
    part : Part
        All rows.
    out : array of bool, shape (n,)
        Which of them were held out.
    searched : Searched
        The combinations.
    terms : Terms
        What one must rest on to be tested.
    spread : Unevenness
        Of the true ratios.
    level : float
        Coverage of the intervals.
    replicates, seed : int
        Random sets of counts, and their seed.

    Returns
    -------
    list of Named
    """
    here, there = part.rows(~out), part.rows(out) if out.any() else None
    named = []
    for number, step in enumerate(searched.steps):
        inside = here.inside(step.picked)
        one = Named(step, excess(inside, here.observed, here.expected, here.unit), int(inside.sum()))
        if there is not None and there.observed.sum() > 0:
            one = _again(one, there, terms, spread, level, replicates, seed + 1 + number)
            there = there.allowing_for(step.picked)
        named.append(one)
        here = here.allowing_for(step.picked)
    return _adjusted(named)


def _again(
    one: Named, there: Part, terms: Terms, spread: Unevenness, level: float, replicates: int, seed: int
) -> Named:
    inside = there.inside(one.step.picked)
    given = (inside, there.observed, there.expected, there.unit)
    again = excess(*given)
    total, outside = float(there.observed.sum()), len(np.unique(there.unit[~inside]))
    if again.expected == 0:
        return replace(one, again=again)
    low, high = ratio_limits(*given, spread, level)
    told = min(again.units, outside) >= terms.min_units
    told &= min(again.expected, total - again.expected) >= terms.min_expected
    chance = np.nan
    if told:
        chance = chance_of(*given, spread, more=terms.more, replicates=replicates, seed=seed)
    return replace(one, again=again, low=low, high=high, p_value=chance)


def _adjusted(named: list[Named]) -> list[Named]:
    p_values = np.array([one.p_value for one in named])
    tested = ~np.isnan(p_values)
    p_values[tested] = adjusted_p(p_values[tested], "holm", int(tested.sum()))
    return [replace(one, p_value=float(p)) for one, p in zip(named, p_values, strict=True)]


def as_table(named: list[Named], words: list[str], level: float) -> pd.DataFrame:
    """Return the table of a result, one row per combination.

    Parameters
    ----------
    named : list of Named
        The combinations.
    words : list of str
        What each is called.
    level : float
        1 less the p-value up to which one is confirmed.
    """
    nothing = Excess(0, np.nan, np.nan, np.nan)
    again = [one.again or nothing for one in named]
    observed, expected = _numbers(named, "observed"), _numbers(named, "expected")
    there = np.array([one.expected for one in again], dtype=float)
    held_out_p = np.array([one.p_value for one in named], dtype=float)
    confirmed = pd.array(held_out_p <= 1 - level + 1e-12, dtype="boolean")
    confirmed[np.isnan(held_out_p)] = pd.NA
    with np.errstate(invalid="ignore", divide="ignore"):
        held_out_ratio = np.array([one.observed for one in again], dtype=float) / there
    return pd.DataFrame(
        {
            "conditions": pd.Series(words, dtype="str"),
            "support": np.array([one.found.units for one in named], dtype=np.int64),
            "observed": observed,
            "expected": expected,
            "ratio": observed / expected,
            "p_value": np.array([one.step.p_value for one in named], dtype=float),
            "confirmed": confirmed,
            "rows": np.array([one.rows for one in named], dtype=np.int64),
            "largest_share": _numbers(named, "largest"),
            "held_out_units": np.array([one.units for one in again], dtype=np.int64),
            "held_out_observed": np.array([one.observed for one in again], dtype=float),
            "held_out_expected": there,
            "held_out_ratio": held_out_ratio,
            "held_out_low": np.array([one.low for one in named], dtype=float),
            "held_out_high": np.array([one.high for one in named], dtype=float),
            "held_out_p": held_out_p,
        }
    )


def _numbers(named: list[Named], what: str) -> np.ndarray:
    return np.array([getattr(one.found, what) for one in named], dtype=float)


__all__ = ["Named", "as_table", "follow"]
